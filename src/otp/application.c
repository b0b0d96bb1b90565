/*
 * application.c: the applications of the program, and what the rest of it calls.
 *
 * The list is filled before main(), and when libraries are loaded; its entries are the program's own
 * statics. Everything else is asked of one process, the controller. Who asks first starts it, without a
 * link: it belongs to nobody, and ends with the system.
 *
 * ensure_all_started is no request, but many, and runs in whoever calls it, as in OTP: the controller never
 * waits for anybody.
 */
#include "otp/application.h"

#include <string.h>

#include <coppice/memory.h>
#include <coppice/text.h>

#include "base/lock.h"

static struct lock lock;
static struct cop_application *first;

void cop__application_add(struct cop_application *application)
{
        cop__lock_take(&lock);
        application->next = first;
        first = application;
        cop__lock_give(&lock);
}

void cop__application_remove(struct cop_application *application)
{
        struct cop_application **at = &first;

        cop__lock_take(&lock);
        while (*at && *at != application)
                at = &(*at)->next;
        if (*at)
                *at = application->next;
        cop__lock_give(&lock);
}

const struct cop_application *cop__application_find(cop_term name)
{
        const struct cop_application *application;

        cop__lock_take(&lock);
        for (application = first; application; application = application->next)
                if (cop_is(name, application->name))
                        break;
        cop__lock_give(&lock);
        return application;
}

const struct cop_application *cop__application_next(const struct cop_application *last)
{
        const struct cop_application *next;

        cop__lock_take(&lock);
        next = last ? last->next : first;
        cop__lock_give(&lock);
        return next;
}

cop_term cop__application_type(enum cop_restart type)
{
        static const char *const names[] = { [COP_PERMANENT] = "permanent",
                                             [COP_TRANSIENT] = "transient",
                                             [COP_TEMPORARY] = "temporary" };

        return type <= COP_TEMPORARY ? cop_atom(names[type]) : cop_int((int64_t)type);
}

/* ---- asking the controller ---- */

COP_DECLARE(cop_application_controller);

#define CONTROLLER "application_controller"

void cop__application_begin(cop_term file, cop_term line)
{
        cop_server_try_start(cop_application_controller, cop_build("{File, Line}", file, line),
                             .name = CONTROLLER);
}

cop_term cop__application_ask(cop_term request)
{
        if (cop_is_nobody(cop_whereis(CONTROLLER)))
                cop__application_begin(cop_build("#{}"), cop_build("#{}"));
        return cop_call_term(COP__TO(CONTROLLER), request, COP_FOREVER);
}

cop_term cop_application_load(const char *name)
{
        return cop__application_ask(cop_build("{load, Name}", cop_atom(name)));
}

cop_term cop_application_load_term(cop_term resource)
{
        return cop__application_ask(cop_build("{load, Resource}", resource));
}

cop_term cop_application_unload(const char *name)
{
        return cop__application_ask(cop_build("{unload, Name}", cop_atom(name)));
}

static cop_term start(cop_term name, cop_term type)
{
        cop_term result = cop__application_ask(cop_build("{load, Name}", name));

        if (!cop_is(result, "ok") && !cop_match(result, "{error, {already_loaded, _}}"))
                return result;
        return cop__application_ask(cop_build("{start, Name, Type}", name, type));
}

cop_term cop_application_start(const char *name, enum cop_restart type)
{
        return start(cop_atom(name), cop__application_type(type));
}

cop_term cop_application_ensure_started(const char *name, enum cop_restart type)
{
        cop_term result = cop_application_start(name, type);

        return cop_match(result, "{error, {already_started, _}}") ? cop_build("ok") : result;
}

cop_term cop_application_stop(const char *name)
{
        return cop__application_ask(cop_build("{stop, Name}", cop_atom(name)));
}

void cop_applications_stop(void)
{
        cop__application_ask(cop_build("stop_all"));
}

/* ---- all that it depends on ---- */

/* What one call of ensure_all_started has done, and is doing. */
struct starting {
        cop_term type;
        cop_term started; /* the newest first */
        cop_term path;    /* the application that depends on the application that ... */
        cop_term error;
};

static bool start_all(struct starting *s, cop_term name);

static bool fail(struct starting *s, cop_term name, cop_term reason)
{
        s->error = cop_build("{error, {Name, Reason}}", name, reason);
        return false;
}

/* An optional one that is not there is none. */
static bool is_absent(struct starting *s, cop_term dependency)
{
        cop_term result = cop__application_ask(cop_build("{load, Name}", dependency));

        return cop_match(result, "{error, {[_ | _], [_ | _]}}");
}

static bool start_dependencies(struct starting *s, cop_term name)
{
        cop_term optional = cop_nil(), all = cop_nil(), path = s->path;

        cop_match(cop_application_get_key(cop_to_atom_text(name), "applications"), "{ok, L}", &all);
        cop_match(cop_application_get_key(cop_to_atom_text(name), "optional_applications"),
                  "{ok, L}", &optional);
        s->path = cop_cons(name, path);
        COP_EACH (dependency, all) {
                if (cop_is_member(dependency, optional) && is_absent(s, dependency))
                        continue;
                if (!start_all(s, dependency))
                        return false;
        }
        s->path = path;
        return true;
}

static bool start_all(struct starting *s, cop_term name)
{
        cop_term result, reason;

        if (cop_is_member(name, s->path))
                return fail(s, name,
                            cop_build("{circular_dependency, Path}",
                                      cop_reverse(cop_cons(name, s->path))));
        result = cop__application_ask(cop_build("{load, Name}", name));
        if (cop_match(result, "{error, Reason}", &reason) &&
            !cop_match(reason, "{already_loaded, _}"))
                return fail(s, name, reason);
        result = cop__application_ask(cop_build("{is_running, Name}", name));
        if (cop_is(result, "true"))
                return true;
        if (!start_dependencies(s, name))
                return false;
        result = cop__application_ask(cop_build("{start, Name, Type}", name, s->type));
        if (cop_match(result, "{error, Reason}", &reason))
                return cop_match(reason, "{already_started, _}") || fail(s, name, reason);
        s->started = cop_cons(name, s->started);
        return true;
}

cop_term cop_application_ensure_all_started(const char *name, enum cop_restart type)
{
        struct starting s = { cop__application_type(type), cop_nil(), cop_nil(), COP_NONE };

        if (start_all(&s, cop_atom(name)))
                return cop_build("{ok, Started}", cop_reverse(s.started));
        COP_EACH (started, s.started)
                cop__application_ask(cop_build("{stop, Name}", started));
        return s.error;
}

/* ---- looking ---- */

cop_term cop_which_applications(void)
{
        return cop__application_ask(cop_build("which"));
}

cop_term cop_loaded_applications(void)
{
        return cop__application_ask(cop_build("loaded"));
}

cop_term cop_application_get_all_key(const char *name)
{
        return cop__application_ask(cop_build("{keys, Name}", cop_atom(name)));
}

cop_term cop_application_get_key(const char *name, const char *key)
{
        cop_term keys = cop_application_get_all_key(name), value;

        if (!cop_match(keys, "{ok, Keys}", &keys))
                return keys;
        value = cop__application_key(keys, key);
        return cop_is_none(value) ? cop_build("undefined") : cop_build("{ok, V}", value);
}

cop_term cop_application_of(cop_pid pid)
{
        cop_term leader = cop_process_info(pid, "group_leader");

        if (cop_is_none(leader))
                return cop_build("undefined");
        return cop__application_ask(cop_build("{led_by, Leader}", leader));
}

cop_term cop_application_supervisor(const char *name)
{
        return cop__application_ask(cop_build("{supervisor, Name}", cop_atom(name)));
}

/* ---- configuration ---- */

cop_term cop_application_get_env(const char *name, const char *key)
{
        return cop__application_ask(
                cop_build("{env, get, Name, Key}", cop_atom(name), cop_atom(key)));
}

cop_term cop__application_env(const char *name, const char *key, cop_term otherwise)
{
        cop_term value;

        return cop_match(cop_application_get_env(name, key), "{ok, V}", &value) ? value : otherwise;
}

cop_term cop_application_get_all_env(const char *name)
{
        return cop__application_ask(cop_build("{env, all, Name}", cop_atom(name)));
}

void cop__application_set_env(const char *name, const char *key, cop_term value,
                              const struct cop_set_env_options *options)
{
        cop__application_ask(cop_build("{env, set, Name, Key, Value, Stays}", cop_atom(name),
                                       cop_atom(key), value, cop_bool(options->persistent)));
}

void cop_application_unset_env(const char *name, const char *key)
{
        cop__application_ask(cop_build("{env, unset, Name, Key}", cop_atom(name), cop_atom(key)));
}
