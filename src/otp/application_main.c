/*
 * application_main.c: the main() of a program that is an application.
 *
 * The main thread starts the system and waits for its end, so that a signal that comes early is obeyed;
 * what is to be done is done by a process. The runtime knows nothing of applications: they are stopped in
 * their order before it is, and what is left then has no order any more.
 */
#include "otp/application.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <coppice/heart.h>
#include <coppice/text.h>

enum deed { DEED_RUN, DEED_CHECK, DEED_FILE };

/* What the command line says. */
struct program {
        const struct cop_application *application;
        const struct cop_main_options *options;
        cop_process_fn *console_fn;
        int (*listen)(const char *node);
        const char *name;   /* of the program, for complaints */
        const char *config; /* a file; NULL: none */
        const char *file_of;
        enum deed deed;
        bool no_start, console;
        cop_term line;      /* kept: {Name, Key} => Value */
        cop_term arguments; /* kept: binaries */
};

/* ---- the command line ---- */

/* --NAME.KEY=VALUE? */
static bool take_setting(struct program *p, const char *word)
{
        const char *dot = strchr(word, '.'), *equals = strchr(word, '=');
        struct cop_read_result read;
        cop_term key;

        if (strncmp(word, "--", 2) != 0 || !dot || !equals || dot > equals || dot == word + 2 ||
            equals == dot + 1)
                return false;
        key = cop_build("{Name, Key}", cop_atom_of(word + 2, (size_t)(dot - word - 2)),
                        cop_atom_of(dot + 1, (size_t)(equals - dot - 1)));
        read = cop_try_read(equals + 1, strlen(equals + 1));
        cop_replace(&p->line,
                    cop_map_put(p->line, key, *read.error ? cop_text(equals + 1) : read.term));
        return true;
}

/* Takes the words that are ours; the index of the first that is not. */
static int take_words(struct program *p, int argc, char **argv)
{
        int i;

        for (i = 1; i < argc; i++) {
                const char *word = argv[i];

                if (strcmp(word, "--") == 0)
                        return i + 1;
                if (strcmp(word, "--no-start") == 0)
                        p->no_start = true;
                else if (strcmp(word, "--console") == 0)
                        p->console = true;
                else if (strcmp(word, "--check") == 0)
                        p->deed = DEED_CHECK;
                else if (strcmp(word, "--config") == 0 && i + 1 < argc)
                        p->config = argv[++i];
                else if (strncmp(word, "--config=", 9) == 0)
                        p->config = word + 9;
                else if (strcmp(word, "--app-file") == 0)
                        p->deed = DEED_FILE;
                else if (strncmp(word, "--app-file=", 11) == 0)
                        p->deed = DEED_FILE, p->file_of = word + 11;
                else if (!take_setting(p, word))
                        return i;
        }
        return argc;
}

static void take_arguments(struct program *p, int argc, char **argv)
{
        int first = take_words(p, argc, argv);
        cop_term list = cop_nil();

        while (argc > first)
                list = cop_cons(cop_text(argv[--argc]), list);
        p->arguments = cop_keep(list);
}

/* ---- the configuration file ---- */

static bool add_settings(cop_term *map, cop_term name, cop_term pairs)
{
        cop_term key, value;

        for (; cop_is_list(pairs) && !cop_is_nil(pairs); pairs = cop_tail(pairs)) {
                if (!cop_match(cop_head(pairs), "{Key, Value}", &key, &value) || !cop_is_atom(key))
                        return false;
                *map = cop_map_put(*map, cop_build("{Name, Key}", name, key), value);
        }
        return cop_is_nil(pairs);
}

/* [{Name, [{Key, Value}, ...]}, ...] as a map {Name, Key} => Value. */
static bool settings_of(cop_term list, cop_term *map)
{
        cop_term name, pairs;

        for (; cop_is_list(list) && !cop_is_nil(list); list = cop_tail(list))
                if (!cop_match(cop_head(list), "{Name, Pairs}", &name, &pairs) ||
                    !cop_is_atom(name) || !add_settings(map, name, pairs))
                        return false;
        return cop_is_nil(list);
}

static int complain(const struct program *p, const char *what, cop_term why)
{
        fprintf(stderr, "%s: cannot %s: %s\n", p->name, what, cop_show(why));
        return 1;
}

static int read_config(const struct program *p, cop_term *map)
{
        cop_term wrong = COP_NONE, terms, list;

        *map = cop_build("#{}");
        if (!p->config)
                return 0;
        terms = cop__file_terms(p->config, &wrong);
        if (cop_is_none(terms)) {
                fprintf(stderr, "%s: cannot read %s: %s\n", p->name, p->config, cop_show(wrong));
                return 1;
        }
        if (cop_match(terms, "[List]", &list) && settings_of(list, map))
                return 0;
        fprintf(stderr,
                "%s: cannot read %s: it is not a list [{Name, [{Key, Value}, ...]}, ...]. with a "
                "full stop\n",
                p->name, p->config);
        return 1;
}

/* ---- what it can do ---- */

/* NAME.app of a path as the atom NAME; COP_NONE: it is no such path. */
static cop_term name_in_path(const char *path)
{
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
        size_t size = strlen(name);

        if (size <= 4 || strcmp(name + size - 4, ".app") != 0)
                return COP_NONE;
        return cop_atom_of(name, size - 4);
}

static int write_text(const struct program *p, const char *path, const char *text)
{
        FILE *file = path ? fopen(path, "w") : stdout;
        bool is_written = file && fprintf(file, "%%%% Made by the program.\n%s.\n", text) > 0;

        if (file && fflush(file) != 0)
                is_written = false;
        if (path && file && fclose(file) != 0)
                is_written = false;
        return is_written ? 0 : complain(p, "write", cop_text(path ? path : "standard output"));
}

static int write_file(const struct program *p)
{
        cop_term wrong = COP_NONE, name = cop_atom(p->application->name), whole;
        const struct cop_application *application;
        const char *path = NULL;

        if (p->file_of) {
                name = name_in_path(p->file_of);
                path = cop_is_none(name) ? NULL : p->file_of;
                if (!path)
                        name = cop_atom(p->file_of);
        }
        application = cop__application_find(name);
        if (!application)
                return complain(p, "write the resource file", cop_build("{unknown, N}", name));
        whole = cop__application_whole(application, &wrong);
        if (cop_is_none(whole))
                return complain(p, "write the resource file", wrong);
        return write_text(p, path, cop_show_pretty(whole));
}

/* It, and before it what it depends on, each once. */
static bool check_one(const struct program *p, cop_term name, cop_term *done)
{
        const struct cop_application *application = cop__application_find(name);
        cop_term result, applications = cop_nil(), names, wrong;

        if (cop_is_member(name, *done) || cop_is(name, "coppice"))
                return true;
        *done = cop_cons(name, *done);
        result = cop_application_load(cop_to_atom_text(name));
        if (!cop_is(result, "ok"))
                return !complain(p, "load", cop_build("{Name, Why}", name, result));
        cop_match(cop_application_get_key(cop_to_atom_text(name), "applications"), "{ok, L}",
                  &applications);
        COP_EACH (dependency, applications)
                if (!check_one(p, dependency, done))
                        return false;
        printf("%s %s\n", cop_to_atom_text(name),
               application && application->vsn ? application->vsn : "");
        wrong = application ? cop__plan(application, stdout, &names) : COP_NONE;
        return cop_is_none(wrong) || !complain(p, "start", wrong);
}

static int check(const struct program *p)
{
        cop_term done = cop_nil();
        int status = check_one(p, cop_atom(p->application->name), &done) ? 0 : 1;

        fflush(stdout);
        return status;
}

/* Calls the program's own function. Its end is that of the program. */
static int run(const struct program *p, cop_process_fn *fn)
{
        cop_term reason = cop_nil();
        cop_ref ref;

        cop_spawn(fn, p->arguments, .monitor = &ref);
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason);
        if (cop_is(reason, "normal") || cop_is(reason, "shutdown"))
                return 0;
        fprintf(stderr, "%s: failed: %s\n", p->name, cop_show(reason));
        return 1;
}

/* Can be attached to from here on. That it cannot is no reason to stop. */
static void take_node(const struct program *p)
{
        const char *node = p->options->node ? p->options->node : getenv("COP_NODE");
        int err = node && *node && p->listen ? p->listen(node) : 0;

        if (err < 0)
                fprintf(stderr, "%s: nobody can attach to %s: %s\n", p->name, node,
                        strerrordesc_np(-err));
}

static int start(const struct program *p)
{
        cop_process_fn *fn = p->console ? p->console_fn : p->options->run;
        enum cop_restart type = p->console ? COP_TEMPORARY : p->options->type;
        cop_term result, reason;

        if (p->console && !fn) {
                fprintf(stderr, "%s: it has no console\n", p->name);
                return 1;
        }
        if (!p->no_start) {
                result = cop_application_ensure_all_started(p->application->name, type);
                if (cop_match(result, "{error, Reason}", &reason))
                        return complain(p, "start", reason);
        }
        take_node(p);
        return fn ? run(p, fn) : -1;
}

/* The first process. */
static void live(void *program)
{
        const struct program *p = program;
        cop_term map;
        int status = read_config(p, &map);

        if (status == 0) {
                cop__application_begin(map, p->line);
                if (p->deed == DEED_FILE)
                        status = write_file(p);
                else if (p->deed == DEED_CHECK)
                        status = check(p);
                else
                        status = start(p);
        }
        if (status >= 0)
                cop_stop(status);
}

/* Stops the program where the first process fails, say in a function that describes a supervisor. */
static void watch(void *program)
{
        const struct program *p = program;
        cop_term reason = cop_nil();
        cop_ref ref;

        cop_spawn_pointer(live, program, .monitor = &ref);
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason);
        if (cop_is(reason, "normal"))
                return;
        fprintf(stderr, "%s: failed: %s\n", p->name, cop_show(reason));
        cop_stop(1);
}

/* What cop-heart is asked for with; NULL for what ends soon, or has somebody who looks at it. */
static const char *heart_of(const struct cop_main_options *options, int argc, char **argv)
{
        for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
                if (strcmp(argv[i], "--check") == 0 || strcmp(argv[i], "--console") == 0 ||
                    strncmp(argv[i], "--app-file", 10) == 0)
                        return NULL;
        return options->heart;
}

int cop__application_main(const struct cop_application *application, int argc, char **argv,
                          const struct cop_main_options *options, cop_process_fn *console,
                          int (*listen)(const char *node))
{
        struct program p = { .application = application,
                             .options = options,
                             .console_fn = options->console ? options->console : console,
                             .listen = listen,
                             .name = argc ? argv[0] : application->name };
        struct cop_system_options system =
                options->system ? *options->system : (struct cop_system_options){ 0 };
        int err = cop_heart_wrap(argc, argv, heart_of(options, argc, argv));
        int status;

        if (err < 0)
                return 1;
        system.stop_on_signals = true;
        err = cop_system_start_with(&system);
        if (err < 0) {
                fprintf(stderr, "%s: cannot start: %s\n", p.name, strerrordesc_np(-err));
                return 1;
        }
        p.line = cop_keep(cop_build("#{}"));
        take_arguments(&p, argc, argv);
        cop_heart_start();
        cop_spawn_pointer(watch, &p);
        status = cop_system_wait();
        cop_applications_stop();
        cop_system_stop(5000);
        return status;
}

int cop_application_main(const struct cop_application *application, int argc, char **argv,
                         const struct cop_main_options *options)
{
        return cop__application_main(application, argc, argv, options, NULL, NULL);
}
