/*
 * application_load.c: which applications are known, and their configuration. All of it runs in the
 * controller.
 *
 * The configuration is one table {Name, Key} => Value, as OTP's is: it may have keys of applications that are
 * not loaded. Loading one writes its keys over what is there: first those of its own env, over them the
 * configuration file's, the environment's, the command line's, and those that were set to stay.
 */
#include "otp/application.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <coppice/memory.h>
#include <coppice/text.h>

struct loaded *cop__loaded_find(const struct controller *c, cop_term name)
{
        return cop_table_find_pointer(c->applications, name);
}

/* ---- configuration ---- */

enum { VARIABLE_MOST = 600 };

/* COP_NAME_KEY of the environment; NULL where there is none, or it could not be written so. */
static const char *variable(cop_term name, cop_term key)
{
        char text[VARIABLE_MOST] = "COP_", *at;

        strncat(text, cop_to_atom_text(name), VARIABLE_MOST / 2 - 8);
        strncat(text, "_", 2);
        strncat(text, cop_to_atom_text(key), VARIABLE_MOST / 2 - 8);
        for (at = text; *at; at++)
                *at = (char)toupper((unsigned char)*at);
        return getenv(text);
}

static void put(struct controller *c, cop_term name, cop_term key, cop_term value)
{
        cop_table_put(c->env, cop_build("{Name, Key}", name, key), value);
}

/* A term, or else a text. */
static cop_term read_value(const char *text)
{
        struct cop_read_result read = cop_try_read(text, strlen(text));

        return *read.error ? cop_text(text) : read.term;
}

static void put_variables(struct controller *c, cop_term name)
{
        cop_term app, key;
        const char *value;

        COP_TABLE_EACH(entry, c->env)
        {
                if (!cop_match(entry.key, "{App, Key}", &app, &key) || !cop_equal(app, name))
                        continue;
                value = variable(name, key);
                if (value)
                        put(c, name, key, read_value(value));
        }
}

static void put_map(struct controller *c, cop_term name, cop_term map)
{
        cop_term app, key;
        size_t i;

        for (i = 0; i < cop_map_size(map); i++)
                if (cop_match(cop_map_key(map, i), "{App, Key}", &app, &key) &&
                    cop_equal(app, name))
                        put(c, name, key, cop_map_value(map, i));
}

static void configure(struct controller *c, const struct loaded *a)
{
        cop_term key, value;

        COP_EACH (pair, cop__application_key(a->keys, "env"))
                if (cop_match(pair, "{Key, Value}", &key, &value))
                        put(c, a->name, key, value);
        put_map(c, a->name, c->settings[FROM_FILE]);
        put_variables(c, a->name);
        put_map(c, a->name, c->settings[FROM_COMMAND_LINE]);
        put_map(c, a->name, c->persistent);
}

static void forget_env(struct controller *c, cop_term name)
{
        COP_TABLE_EACH(entry, c->env)
        if (cop_equal(cop_element(entry.key, 0), name))
                cop_table_remove(c->env, entry.key);
}

static cop_term all_env(const struct controller *c, cop_term name)
{
        cop_term list = cop_nil();

        COP_TABLE_EACH(entry, c->env)
        if (cop_equal(cop_element(entry.key, 0), name))
                list = cop_cons(cop_build("{Key, Value}", cop_element(entry.key, 1), entry.value),
                                list);
        return cop_sort(list);
}

cop_term cop__controller_env(struct controller *c, cop_term request)
{
        cop_term name, key, value;
        bool stays;

        if (cop_match(request, "{env, get, Name, Key}", &name, &key)) {
                value = cop_table_find(c->env, cop_build("{Name, Key}", name, key));
                return cop_is_none(value) ? cop_build("undefined") : cop_build("{ok, V}", value);
        }
        if (cop_match(request, "{env, all, Name}", &name))
                return all_env(c, name);
        if (cop_match(request, "{env, set, Name, Key, Value, Stays}", &name, &key, &value,
                      &stays)) {
                put(c, name, key, value);
                if (stays)
                        cop_replace(&c->persistent,
                                    cop_map_put(c->persistent, cop_build("{Name, Key}", name, key),
                                                value));
                return cop_build("ok");
        }
        if (cop_match(request, "{env, unset, Name, Key}", &name, &key)) {
                cop_table_remove(c->env, cop_build("{Name, Key}", name, key));
                return cop_build("ok");
        }
        return cop_build("{error, {badarg, Request}}", request);
}

/* ---- load ---- */

/* The resource of a name, of the program or of a file; COP_NONE and *wrong. */
static cop_term resource_of(cop_term name, cop_term *wrong)
{
        const struct cop_application *application = cop__application_find(name);
        cop_term found, resource;

        if (application)
                return cop__application_resource(application, wrong);
        found = cop__application_look(name);
        if (cop_match(found, "{ok, Resource}", &resource))
                return resource;
        cop_match(found, "{error, Reason}", wrong);
        return COP_NONE;
}

static void add(struct controller *c, cop_term name, cop_term keys)
{
        struct loaded *a = cop_alloc(sizeof(*a));

        a->name = name;
        a->keys = cop_keep(keys);
        a->waiting = a->deferred = cop_nil();
        a->type = cop_atom("temporary");
        cop_table_put_pointer(c->applications, name, a);
        configure(c, a);
}

static void forget(struct controller *c, struct loaded *a)
{
        cop_table_remove(c->applications, a->name);
        forget_env(c, a->name);
        cop_release(a->keys);
        cop_release(a->waiting);
        cop_release(a->deferred);
        cop_free(a);
}

/* Those that it includes and are not loaded yet, and theirs; what was loaded is put before *done. */
static bool load_one(struct controller *c, cop_term name, cop_term resource, cop_term *done,
                     cop_term *wrong)
{
        cop_term list = cop_nil(), keys;

        cop_match(resource, "{application, _, List}", &list);
        keys = cop__application_keys(name, list, wrong);
        if (cop_is_none(keys))
                return false;
        add(c, name, keys);
        *done = cop_cons(name, *done);
        COP_EACH (included, cop__application_key(keys, "included_applications")) {
                if (cop__loaded_find(c, included))
                        continue;
                resource = resource_of(included, wrong);
                if (cop_is_none(resource) || !load_one(c, included, resource, done, wrong))
                        return false;
        }
        return true;
}

cop_term cop__controller_load(struct controller *c, cop_term what)
{
        cop_term name = what, resource = what, done = cop_nil(), wrong = COP_NONE;

        if (!cop_is_atom(what) &&
            (!cop_match(what, "{application, Name, _}", &name) || !cop_is_atom(name)))
                return cop_build("{error, {bad_application, X}}", what);
        if (cop__loaded_find(c, name))
                return cop_build("{error, {already_loaded, X}}", what);
        if (cop_is_atom(what))
                resource = resource_of(name, &wrong);
        if (cop_is_none(wrong) && load_one(c, name, resource, &done, &wrong))
                return cop_build("ok");
        COP_EACH (loaded, done)
                forget(c, cop__loaded_find(c, loaded));
        return cop_build("{error, Reason}", wrong);
}

/* ---- unload ---- */

cop_term cop__controller_unload(struct controller *c, cop_term name)
{
        struct loaded *a = cop__loaded_find(c, name), *b;
        cop_term included;

        if (!a)
                return cop_build("{error, {not_loaded, Name}}", name);
        if (a->stage != LOADED)
                return cop_build("{error, {running, Name}}", name);
        included = cop__application_key(a->keys, "included_applications");
        cop_table_remove(c->applications, name); /* so that none includes itself */
        COP_EACH (one, included) {
                b = cop__loaded_find(c, one);
                if (b && b->stage == LOADED)
                        cop__controller_unload(c, one);
        }
        forget(c, a);
        return cop_build("ok");
}
