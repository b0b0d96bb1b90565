/*
 * coppice/application.h: what is started and stopped as a whole.
 *
 * An application is a supervisor with everything below it, a configuration, and the names of the
 * applications that have to run before it. The behaviour is that of OTP's applications.
 *
 *     COP_APPLICATION(todo, .description = "to-do lists", .vsn = "0.1.0",
 *                     .applications = "[sequence]", .env = "[{limit, 100}]",
 *                     .start = COP_ROOT(todo_supervisor));
 *
 * That is all there is in the program but its main(), which stands in a file of its own, so that tests
 * and programs with a main() of theirs have the application without it:
 *
 *     COP_MAIN(todo);
 *
 * Who has no main() of ours starts it himself; in a process, or on any thread while a system runs:
 *
 *     cop_application_ensure_all_started("todo", COP_TEMPORARY);
 *     cop_print(cop_which_applications());
 *     cop_application_stop("todo");
 *
 * What an application is at run time
 *
 * The process application_controller knows which applications there are; the first function here that is
 * called starts it. Each running application has a master, which is the group leader of all its
 * processes, and a helper, which called .start and is linked to the top supervisor. What is left of the
 * application when its supervisor has ended is killed.
 *
 * How an application ends
 *
 * When its top supervisor ends by itself, that is reported, .prep_stop and .stop are called, and then
 * its restart type says what it means for the others:
 *
 *     COP_TEMPORARY     nothing
 *     COP_TRANSIENT     nothing, if the reason is normal; otherwise the system is stopped
 *     COP_PERMANENT     the system is stopped
 *
 * So is it with a start that fails, but that a transient application may fail with exit(normal). To stop
 * the system: all other applications are stopped, the one that was started last first, and the program's
 * exit status is 1, as if cop_stop(1) had been called.
 *
 * The resource file
 *
 * The same in a file, NAME.app, as a term that Erlang's file:consult() reads as well. The program writes
 * its own, `PROGRAM --app-file`; a build does that after linking, so that it is never written by hand:
 *
 *     {application,todo,
 *         [{description,"to-do lists"}, {vsn,"0.1.0"}, {modules,[todo_list,todo_manager,todo_supervisor]},
 *          {registered,[todo_manager]}, {applications,[coppice,sequence]}, {mod,{todo,[]}}, ...]}.
 *
 * modules are the servers and supervisors that are defined in the directory of the COP_APPLICATION or
 * below it, registered are the names in the supervision tree. An application that is not in the program
 * is looked for as NAME.app in the directories of COP_APPLICATION_PATH (names with a colon between; the
 * current directory where it is not set); its callbacks are those of the COP_APPLICATION that its mod
 * names, if it has one.
 */
#ifndef COPPICE_APPLICATION_H
#define COPPICE_APPLICATION_H

#include <coppice/console.h>
#include <coppice/supervisor.h>
#include <coppice/system.h>

COP_BEGIN_DECLS

/* ---- what an application is ---- */

/* How it starts: by a function, by a supervisor, or, all zero, not at all: a library. */
struct cop_application_entry {
        /* type is normal. Returns {ok, Pid}, {ok, Pid, State}, or {error, Reason}. */
        cop_term (*fn)(cop_term type, cop_term argument);
        const struct cop_module *root;
};

/* .start = COP_ROOT(supervisor): starts this supervisor, linked, with the argument. */
#define COP_ROOT(supervisor)                                                                       \
        {                                                                                          \
                0, COP__REF(supervisor)                                                            \
        }

/* Texts are terms, as Erlang writes them. Leave out what you do not care about. */
struct cop_application {
        size_t struct_size;
        const char *name;
        struct cop_place place;
        const char *description;
        const char *id;
        const char *vsn;
        const char *registered;            /* names that are not those of children in the tree */
        const char *applications;          /* run before this one is started; coppice does always */
        const char *optional_applications; /* of those: need not run, nor be there */
        const char *included_applications; /* loaded with it; whoever includes them starts them */
        const char *env;                   /* "[{key, value}, ...]" */
        const char *start_phases;          /* "[{phase, argument}, ...]" */
        const char *argument;              /* of the start; NULL: [] */
        int64_t max_ms;                    /* stopped normally after that time; 0: never */
        struct cop_application_entry start;
        /* After the start, for each phase: ok, or {error, Reason}, which makes the start fail. */
        cop_term (*start_phase)(cop_term phase, cop_term type, cop_term argument);
        /* Before the tree is ended. State is what the start returned, or []; the result is the state
         * for stop. */
        cop_term (*prep_stop)(cop_term state);
        /* After the tree has ended. */
        void (*stop)(cop_term state);
        struct cop_application *next; /* the library's */
};

#define COP__APPLICATION(name) cop_app_##name

/* COP_APPLICATION(name, .vsn = ..., .start = ...) defines an application of the program. */
#define COP_APPLICATION(name_, ...)                                                                \
        extern struct cop_application COP__APPLICATION(name_);                                     \
        struct cop_application COP__APPLICATION(name_);                                            \
        __attribute__((constructor)) static void cop__application_add_##name_(void)                \
        {                                                                                          \
                COP__OPTIONS_ON                                                                    \
                COP__APPLICATION(name_) =                                                          \
                        (struct cop_application){ .struct_size = sizeof(struct cop_application),   \
                                                  .name = #name_,                                  \
                                                  .place = { __FILE__, #name_, __LINE__ },         \
                                                  __VA_ARGS__ };                                   \
                COP__OPTIONS_OFF                                                                   \
                cop__application_add(&COP__APPLICATION(name_));                                    \
        }                                                                                          \
        __attribute__((destructor)) static void cop__application_remove_##name_(void)              \
        {                                                                                          \
                cop__application_remove(&COP__APPLICATION(name_));                                 \
        }                                                                                          \
        COP__SEMICOLON(application_##name_)

COP_API void cop__application_add(struct cop_application *application);
COP_API void cop__application_remove(struct cop_application *application);

/* ---- starting and stopping ---- */

/*
 * These may be called by any process, and by any thread while a system runs. They wait as long as it takes.
 * Errors are OTP's.
 */

/* Makes it known, with its configuration: ok, or {error, Reason}. Of a file that is wrong the reason says
 * where. */
COP_API cop_term cop_application_load(const char *name);
/* The same of a term {application, Name, [{Key, Value}, ...]}. */
COP_API cop_term cop_application_load_term(cop_term resource);
/* Forgets one that does not run, with its configuration: ok, or {error, {running, Name}}, or
 * {error, {not_loaded, Name}}. */
COP_API cop_term cop_application_unload(const char *name);

/*
 * Starts it, loading it if need be, when all it depends on runs.
 *
 * Returns   ok, or {error, Reason}: {already_started, Name}, {not_started, Dependency},
 *           {invalid_restart_type, Type}, what load returns, or how the start failed.
 */
COP_API cop_term cop_application_start(const char *name, enum cop_restart type);
/* The same, and ok if it runs already. */
COP_API cop_term cop_application_ensure_started(const char *name, enum cop_restart type);
/*
 * Starts all that it depends on, and then it.
 *
 * Returns   {ok, Started}, those that this call has started, in their order; or
 *           {error, {Name, Reason}}, and those are stopped again.
 */
COP_API cop_term cop_application_ensure_all_started(const char *name, enum cop_restart type);

/*
 * Stops it: .prep_stop, its tree, .stop, and what is left of its processes. Those that depend on it go on.
 * Returns ok, or {error, {not_started, Name}}.
 */
COP_API cop_term cop_application_stop(const char *name);

/*
 * Stops all of them, the one that was started last first; one that is just starting is waited for and
 * stopped in its order. From then on none is started any more. An application that takes longer than
 * shutdown_timeout of the application coppice, in ms (by default as long as it takes), is killed.
 */
COP_API void cop_applications_stop(void);

/* ---- looking at them ---- */

/* [{Name, Description, Vsn}, ...]: those that run, the last one started first. */
COP_API cop_term cop_which_applications(void);
/* The same of all that are loaded, by name. */
COP_API cop_term cop_loaded_applications(void);
/* {ok, Value} of vsn, modules, applications, ...; or undefined. */
COP_API cop_term cop_application_get_key(const char *name, const char *key);
/* {ok, [{Key, Value}, ...]}, or undefined. */
COP_API cop_term cop_application_get_all_key(const char *name);
/* The application that a process belongs to: {ok, Name}, or undefined. */
COP_API cop_term cop_application_of(cop_pid pid);
/* Its top supervisor: {ok, Pid}, or undefined. */
COP_API cop_term cop_application_supervisor(const char *name);
/* What a file NAME.app has in it: {ok, {application, ...}}, or {error, Reason}. */
COP_API cop_term cop_application_read(const char *path);

/* ---- configuration ---- */

/*
 * A key's value is, what comes later counting more: that of .env; of the configuration file
 * (`PROGRAM --config FILE`, which has a list [{Name, [{Key, Value}, ...]}, ...] and a full stop); of the
 * environment variable COP_NAME_KEY, in capitals, for a key that one of those two has; of the command line,
 * `PROGRAM --name.key=value`; and what was set while the program runs. What stands in a variable or
 * on the command line and is no term is a text.
 */

/* The value, or otherwise (an integer, a float, a text or a term, as in cop_build()). */
#define cop_application_env(name, key, otherwise)                                                  \
        cop__application_env((name), (key), cop_build("X", (otherwise)))
/* {ok, Value}, or undefined. */
COP_API cop_term cop_application_get_env(const char *name, const char *key);
/* [{Key, Value}, ...] */
COP_API cop_term cop_application_get_all_env(const char *name);

/* How to set a value. */
struct cop_set_env_options {
        size_t struct_size;
        bool persistent; /* stays when the application is loaded again */
};

/* cop_application_set_env("todo", "limit", 7): also of one that is not loaded. */
#define cop_application_set_env(name, key, value, ...)                                             \
        cop__application_set_env((name), (key), cop_build("X", (value)),                           \
                                 COP_OPTIONS(struct cop_set_env_options, __VA_ARGS__))
COP_API void cop_application_unset_env(const char *name, const char *key);

COP_API cop_term cop__application_env(const char *name, const char *key, cop_term otherwise);
COP_API void cop__application_set_env(const char *name, const char *key, cop_term value,
                                      const struct cop_set_env_options *options);

/* ---- a program that is an application ---- */

/* Leave out what you do not care about: zero is always the default. */
struct cop_main_options {
        size_t struct_size;
        enum cop_restart type;   /* of it, and of all that it depends on */
        cop_process_fn *run;     /* called when all is started; the program ends when it returns */
        cop_process_fn *console; /* the same, instead, where the command line has --console; with
                                    COP_MAIN() cop_console where nothing else is said */
        const char *
                node; /* the name under which `cop attach` finds it; NULL: what COP_NODE says in the
                             environment, or none */
        const struct cop_system_options *system;
        const char
                *heart; /* cop-heart starts it again when it ends abnormally: its options, as behind
                            * --heart=; "" for none. NULL: only where the command line says --heart.
                            * Not with --console, --check and --app-file */
};

/*
 * COP_MAIN(todo, .run = begin) defines the main() of a program that is an application. It starts a system,
 * the application with all that it depends on, and run, which gets the arguments of the command line that
 * are left as a list of binaries. Without run the program goes on until SIGTERM, SIGINT or cop_stop(); at
 * the end all applications are stopped in their order. Exit status: 0; cop_stop()'s; 1 where run crashed,
 * an application brought the system down, or the start failed.
 *
 * The words of the command line, up to -- or the first that is none of these:
 *
 *     --no-start          nothing is started; run is called all the same
 *     --config FILE       a configuration file
 *     --NAME.KEY=VALUE    a value of the configuration
 *     --console           .console instead of .run; all that is started is temporary then
 *     --heart[=OPTIONS]   run by cop-heart (coppice/heart.h)
 *     --check             looks at the tree of each application, prints it, and ends: 0, or 1 where
 *                         something is wrong; nothing is started
 *     --app-file[=NAME]   writes the resource file to standard output, and ends; with a path .../NAME.app
 *                         there
 */
#define COP_MAIN(name, ...)                                                                        \
        extern struct cop_application COP__APPLICATION(name);                                      \
        int main(int argc, char **argv)                                                            \
        {                                                                                          \
                return cop__application_main(&COP__APPLICATION(name), argc, argv,                  \
                                             COP_OPTIONS(struct cop_main_options, __VA_ARGS__),    \
                                             cop_console, cop_console_listen);                     \
        }                                                                                          \
        COP__SEMICOLON(main_##name)
COP_API int cop_application_main(const struct cop_application *application, int argc, char **argv,
                                 const struct cop_main_options *options);
/* The same with the console of one that does not say, and what .node is for. */
COP_API int cop__application_main(const struct cop_application *application, int argc, char **argv,
                                  const struct cop_main_options *options, cop_process_fn *console,
                                  int (*listen)(const char *node));

COP_END_DECLS

#endif
