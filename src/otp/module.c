/*
 * module.c: start functions by name.
 *
 * A table of lists, filled before main() and when libraries are loaded; the entries are the
 * program's own statics, so nothing is allocated. A look-up hashes two texts and takes a lock for
 * some nanoseconds.
 */
#include "otp/application.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lock.h"

enum { BUCKETS = 256 };

static struct lock lock;
static struct cop_start *buckets[BUCKETS];

static struct cop_start **bucket_of(const char *module)
{
        uint32_t hash = 2166136261;

        for (; *module; module++)
                hash = (hash ^ (unsigned char)*module) * 16777619;
        return &buckets[hash % BUCKETS];
}

/* A module answers to start_link and to start. */
static bool is_it(const struct cop_start *start, const char *module, const char *function)
{
        if (strcmp(start->module, module) != 0)
                return false;
        return strcmp(start->function, function) == 0 ||
               (start->server && strcmp(function, "start") == 0);
}

static struct cop_start *find(const char *module, const char *function)
{
        struct cop_start *start;

        for (start = *bucket_of(module); start; start = start->next)
                if (is_it(start, module, function))
                        return start;
        return NULL;
}

void cop__start_add(struct cop_start *start)
{
        struct cop_start **bucket = bucket_of(start->module);
        bool taken;

        cop__lock_take(&lock);
        taken = find(start->module, start->function) != NULL;
        if (!taken) {
                start->next = *bucket;
                *bucket = start;
        }
        cop__lock_give(&lock);
        if (taken) {
                fprintf(stderr,
                        "cop: two things are called %s:%s; rename one of the two. Stopping.\n",
                        start->module, start->function);
                abort();
        }
}

void cop__start_remove(struct cop_start *start)
{
        struct cop_start **at = bucket_of(start->module);

        cop__lock_take(&lock);
        while (*at && *at != start)
                at = &(*at)->next;
        if (*at)
                *at = start->next;
        cop__lock_give(&lock);
}

bool cop__start_exists(const char *module, const char *function)
{
        bool exists;

        cop__lock_take(&lock);
        exists = find(module, function) != NULL;
        cop__lock_give(&lock);
        return exists;
}

const struct cop_module *cop__module_find(cop_term name)
{
        struct cop_start *start;

        cop__lock_take(&lock);
        start = find(cop_to_atom_text(name), "start_link");
        cop__lock_give(&lock);
        return start ? start->server : NULL;
}

const struct cop_module *cop__module_next(const struct cop_module *last)
{
        const struct cop_module *next = NULL;
        struct cop_start *start;
        size_t i;

        cop__lock_take(&lock);
        for (i = 0; i < BUCKETS && !next; i++)
                for (start = buckets[i]; start && !next; start = start->next) {
                        if (start->server && !last)
                                next = start->server;
                        else if (start->server == last)
                                last = NULL;
                }
        cop__lock_give(&lock);
        return next;
}

/* [Argument], or [Argument, #{name => Name}], where the name is an atom or a via. */
static cop_term start_module(const struct cop_module *module, bool link, cop_term arguments)
{
        struct cop_start_options options = { .struct_size = sizeof(options), .link = link };
        cop_term argument, name;

        if (cop_match(arguments, "[Argument]", &argument))
                return cop_server_try_start_with(module, argument, &options);
        if (cop_match(arguments, "[Argument, #{name := Name}]", &argument, &name)) {
                if (cop_is_atom(name))
                        options.name = cop_to_atom_text(name);
                else
                        options.via = name;
        } else if (!cop_match(arguments, "[Argument, #{}]", &argument)) {
                cop_error("badarg");
        }
        return cop_server_try_start_with(module, argument, &options);
}

cop_term cop_apply_start(cop_term module, cop_term function, cop_term arguments)
{
        const char *module_name = cop_to_atom_text(module);
        const char *function_name = cop_to_atom_text(function);
        struct cop_start *start;

        cop__lock_take(&lock);
        start = find(module_name, function_name);
        cop__lock_give(&lock);
        if (!start)
                cop_exit("{undef, [{Module, Function, Arguments, []}]}", module, function,
                         arguments);
        if (start->fn)
                return start->fn(arguments);
        return start_module(start->server, strcmp(function_name, "start") != 0, arguments);
}
