/*
 * Runs a script of applications, and prints what came of each operation, as
 * tests/conformance/applications/script.erl does in Erlang; README.md there says what the operations are.
 *
 *     otp_application_script FILE.script [SEED]       with a seed: simulated
 */
#include <coppice.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/script.h"

static cop_term applications; /* kept: the resources of the script */

/* ---- what is written ---- */

/* Reasons without places of the program, and pids without numbers. */
static cop_term canon(cop_term term)
{
        cop_term elements[16], list = cop_nil(), first;
        size_t i, n;

        if (cop_match(term, "{First, [{_, _, _, [_ | _]} | _]}", &first) ||
            cop_match(term, "{First, [{_, _, _, []} | _]}", &first))
                return cop_build("{First, stack}", canon(first));
        if (cop_is_pid(term))
                return cop_build("pid");
        if (cop_is_list(term)) {
                for (; cop_is_list(term) && !cop_is_nil(term); term = cop_tail(term))
                        list = cop_cons(canon(cop_head(term)), list);
                return cop_reverse(list);
        }
        n = cop_is_tuple(term) ? cop_tuple_size(term) : 0;
        if (n == 0 || n > 16)
                return term;
        for (i = 0; i < n; i++)
                elements[i] = canon(cop_element(term, i));
        return cop_tuple(n, elements);
}

#define event(...) printf("    %s\n", cop_show(canon(cop_build(__VA_ARGS__))))

static cop_term resource(cop_term name)
{
        COP_EACH (one, applications)
                if (cop_equal(cop_element(one, 1), name))
                        return one;
        return COP_NONE;
}

static void hear(void *context, enum cop_level level, cop_term report)
{
        cop_term name, reason, type;

        if (cop_match(report,
                      "#{label := {application_controller, exit},"
                      "  report := [{application, Name}, {exited, Reason}, {type, Type}]}",
                      &name, &reason, &type) &&
            !cop_is_none(resource(name)))
                event("{exited, Name, Reason, Type}", name, reason, type);
}

/* ---- what the applications are ---- */

static const char *name_of(const char *prefix, cop_term name)
{
        cop_term text = cop_build("<<>>");
        char bytes[300];

        snprintf(bytes, sizeof(bytes), "%s_%s", prefix, cop_to_atom_text(name));
        text = cop_text(bytes);
        return cop_to_cstring(text);
}

struct top {
        cop_term name;
};

static cop_next top_init(struct top *t, cop_term argument)
{
        bool traps = false;

        cop_match(argument, "{Name, Traps}", &t->name, &traps);
        cop_trap_exits(traps);
        return cop_ok();
}

static cop_next top_info(struct top *t, cop_term message)
{
        cop_term reason;

        if (cop_match(message, "{die, Reason}", &reason))
                cop_exit_term(reason);
        return cop_noreply();
}

/* Only its parent's end comes by here with this reason; what it was told to die of is its own business. */
static void top_terminate(struct top *t, cop_term reason)
{
        if (cop_is_none(cop_get(cop_atom("told"))))
                event("{top, Name, Reason}", t->name, reason);
}

static cop_next top_cast(struct top *t, cop_term request)
{
        cop_term reason;

        if (!cop_match(request, "{die, Reason}", &reason))
                return cop_no_clause();
        cop_put(cop_atom("told"), cop_build("true"));
        return cop_end("Reason", reason);
}

COP_SERVER(top, struct top, .init = top_init, .handle_info = top_info, .handle_cast = top_cast,
           .terminate = top_terminate);

static void be_stray(cop_term name)
{
        cop_trap_exits(true);
        cop_register(name_of("stray", name), cop_self());
        for (;;)
                cop_next_message();
}

static cop_term up(cop_term name, bool traps, cop_term state)
{
        cop_pid pid = cop_server_start_link(top, cop_build("{Name, Traps}", name, cop_bool(traps)),
                                            .name = name_of("top", name));

        return cop_build("{ok, Pid, {Name, State}}", pid, name, state);
}

static cop_term act(cop_term name, cop_term what)
{
        cop_term value;

        if (cop_match(what, "{up, State}", &value))
                return up(name, true, value);
        if (cop_match(what, "{quiet, State}", &value))
                return up(name, false, value);
        if (cop_match(what, "{stray, State}", &value)) {
                cop_spawn(be_stray, name);
                while (cop_is_nobody(cop_whereis(name_of("stray", name))))
                        cop_sleep(1);
                return up(name, true, value);
        }
        if (cop_match(what, "{return, X}", &value))
                return value;
        if (cop_match(what, "{exit, R}", &value))
                cop_exit_term(value);
        if (cop_match(what, "{throw, V}", &value))
                cop_throw_term(value);
        cop_match(what, "{error, E}", &value);
        cop_error("E", value);
}

static cop_term start(cop_term type, cop_term argument)
{
        cop_term name = cop_nil(), what = cop_nil();

        cop_match(argument, "{Name, What}", &name, &what);
        event("{start, Name, Type}", name, type);
        return act(name, what);
}

static cop_term start_phase(cop_term phase, cop_term type, cop_term what)
{
        event("{phase, Phase, Type, What}", phase, type, what);
        return cop_is_nil(what) ? cop_build("ok") : act(cop_atom("none"), what);
}

static cop_term prep_stop(cop_term state)
{
        event("{prep_stop, State}", state);
        return cop_build("{ready, State}", state);
}

static void stop(cop_term state)
{
        event("{stop, State}", state);
}

COP_APPLICATION(script, .start = { .fn = start }, .start_phase = start_phase, .prep_stop = prep_stop,
                .stop = stop);
COP_APPLICATION(probe, .vsn = "1");

/* ---- operations ---- */

static cop_term names(cop_term list, bool sorted)
{
        cop_term result = cop_nil();

        COP_EACH (one, list)
                if (!cop_is_none(resource(cop_element(one, 0))))
                        result = cop_cons(cop_element(one, 0), result);
        return sorted ? cop_sort(result) : cop_reverse(result);
}

static cop_term load(cop_term name)
{
        cop_term result = cop_application_load_term(resource(name));

        return cop_match(result, "{error, {already_loaded, _}}") ? cop_build("already_loaded")
                                                                 : result;
}

static cop_term die(cop_term name, cop_term reason)
{
        cop_pid pid = cop_whereis(name_of("top", name));
        cop_ref ref;

        if (cop_is_nobody(pid))
                return cop_build("nobody");
        ref = cop_monitor(pid);
        if (cop_is(reason, "kill"))
                cop_kill(pid);
        else
                cop_cast(pid, "{die, Reason}", reason);
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, _, _, _}", &ref);
        return cop_build("ok");
}

static enum cop_restart type_of(cop_term type)
{
        return cop_is(type, "permanent")   ? COP_PERMANENT
               : cop_is(type, "transient") ? COP_TRANSIENT
                                           : COP_TEMPORARY;
}

static cop_term on_env(cop_term operation)
{
        cop_term what, key, value;
        const char *name, *key_name;

        if (!cop_match(operation, "{_, _, Key}", &key) &&
            !cop_match(operation, "{_, _, Key, _}", &key))
                return COP_NONE;
        what = cop_element(operation, 0);
        name = cop_to_atom_text(cop_element(operation, 1));
        key_name = cop_to_atom_text(key);
        if (cop_is(what, "get_env"))
                return cop_application_get_env(name, key_name);
        if (cop_is(what, "get_key"))
                return cop_application_get_key(name, key_name);
        if (cop_is(what, "unset_env"))
                return cop_application_unset_env(name, key_name), cop_build("ok");
        value = cop_element(operation, 3);
        if (cop_is(what, "set_env"))
                cop_application_set_env(name, key_name, value);
        else
                cop_application_set_env(name, key_name, value, .persistent = true);
        return cop_build("ok");
}

static cop_term perform(cop_term operation)
{
        cop_term name, other;

        if (cop_is(operation, "which"))
                return names(cop_which_applications(), false);
        if (cop_is(operation, "loaded"))
                return names(cop_loaded_applications(), true);
        if (cop_match(operation, "{load, Name}", &name))
                return load(name);
        if (cop_match(operation, "{unload, Name}", &name))
                return cop_application_unload(cop_to_atom_text(name));
        if (cop_match(operation, "{stop, Name}", &name))
                return cop_application_stop(cop_to_atom_text(name));
        if (cop_match(operation, "{all_env, Name}", &name))
                return cop_application_get_all_env(cop_to_atom_text(name));
        if (cop_match(operation, "{stray, Name}", &name))
                return cop_bool(!cop_is_nobody(cop_whereis(name_of("stray", name))));
        if (cop_match(operation, "{start, Name, Type}", &name, &other))
                return cop_application_start(cop_to_atom_text(name), type_of(other));
        if (cop_match(operation, "{ensure, Name, Type}", &name, &other))
                return cop_application_ensure_all_started(cop_to_atom_text(name), type_of(other));
        if (cop_match(operation, "{ensure_started, Name, Type}", &name, &other))
                return cop_application_ensure_started(cop_to_atom_text(name), type_of(other));
        if (cop_match(operation, "{die, Name, Reason}", &name, &other))
                return die(name, other);
        return on_env(operation);
}

/* ---- the script ---- */

/* A system that goes down starts nothing any more. */
static bool is_down(void)
{
        return cop_equal(cop_application_start("probe", COP_TEMPORARY),
                         cop_build("{error, terminating}"));
}

static void run(void *path)
{
        cop_term script = script_read(path), result;

        if (!freopen("/dev/null", "w", stderr)) /* what the system says at its end is no trace */
                cop_exit("no_device");
        cop_report_to(hear, NULL);
        cop_set_report_level(COP_LEVEL_NOTICE);
        applications = cop_keep(cop_head(script));
        COP_EACH (operation, cop_tail(script)) {
                printf("%s\n", cop_show(operation));
                result = canon(perform(operation));
                cop_system_quiet(5000);
                if (is_down()) {
                        printf("down\n");
                        return;
                }
                cop_application_stop("probe");
                printf("  %s\n", cop_show(result));
        }
}

int main(int argc, char **argv)
{
        int status = script_play(argc, argv, run);

        fflush(stdout);
        cop_report_to(NULL, NULL);
        cop_set_report_level(COP_LEVEL_EMERGENCY);
        _Exit(status);
}
