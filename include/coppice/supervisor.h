/*
 * coppice/supervisor.h: a process that starts others, and starts them again.
 *
 * A supervisor has children. It starts them in order, and when one dies it does what its strategy
 * says. When they die too often it gives up: it ends its other children, in reverse order, and
 * then itself, and leaves the matter to its own supervisor. All of it is OTP's supervisor, to the
 * rule.
 *
 *     COP_SUPERVISOR(sequence_supervisor,
 *             .strategy = COP_ONE_FOR_ONE, .intensity = 3, .period = 5,
 *             .children = COP_CHILDREN(
 *                     COP_WORKER(journal, "[]", .name = "journal"),
 *                     COP_WORKER(sequence, "456", .name = "sequence", .shutdown = 5000)));
 *
 *     cop_supervisor_start_link(sequence_supervisor);
 *
 * Children can be described by terms as well, when the program runs:
 *
 *     cop_start_child("sequence_supervisor", "#{id => b, start => {sequence, start_link, [7]}}");
 *
 * Such a term is OTP's child specification. Its start is looked up as <coppice/module.h> says; for
 * a server, the arguments are [Argument] or [Argument, #{name => Name}], where Name is an atom or
 * {via, Module, Name}.
 *
 * What OTP's supervisors do not have is called an addition below. All of it is off unless asked for.
 */
#ifndef COPPICE_SUPERVISOR_H
#define COPPICE_SUPERVISOR_H

#include <coppice/server.h>

#include <stdio.h>

COP_BEGIN_DECLS

/* ---- what to supervise ---- */

enum cop_strategy {
        COP_ONE_FOR_ONE,        /* the one that died is started again */
        COP_ONE_FOR_ALL,        /* all others are ended, and all are started again */
        COP_REST_FOR_ONE,       /* so with those that were started after it */
        COP_SIMPLE_ONE_FOR_ONE, /* any number of the same kind, started by cop_start_child() */
};

/* Which end of a child is followed by a new start. */
enum cop_restart {
        COP_PERMANENT, /* any */
        COP_TRANSIENT, /* all but normal, shutdown and {shutdown, _} */
        COP_TEMPORARY, /* none; the supervisor forgets it */
};

enum cop_auto_shutdown {
        COP_NEVER,
        COP_ANY_SIGNIFICANT, /* the supervisor ends when a significant child has */
        COP_ALL_SIGNIFICANT, /* when all of them have */
};

enum {
        COP_BRUTAL_KILL = -1, /* .shutdown: killed at once */
        COP_INFINITY = -2,    /* .shutdown: as long as it takes */
        COP_AT_ONCE = -3,     /* .shutdown: asked, and killed after 0 ms */
        COP_NO_RESTARTS = -1, /* .intensity: gives up at the first death */
};

/* A child. Leave out what you do not care about: zero is always the default. */
struct cop_child {
        const struct cop_module *module;
        cop_term argument;
        const char *id;   /* NULL: the module's name */
        const char *name; /* NULL: none */
        cop_term via;     /* instead: the name in somebody's register (<coppice/via.h>) */
        enum cop_restart restart;
        int64_t shutdown; /* ms; 0: 5000, and as long as it takes for a supervisor */
        bool significant;
        /*
         * An addition: so many restarts of this child in so many ms are too many, and then the
         * supervisor gives up. They are counted here alone, and not with the supervisor's intensity.
         * Exact milliseconds, both ends included. Of a term: budget => {Restarts, Ms}.
         */
        int budget;        /* 0: none; COP_NO_RESTARTS: gives up at its first death */
        int64_t budget_ms; /* 0: 5000 */
        cop_term spec;     /* an OTP child specification; then all the above is not looked at */
};

/*
 * An addition: the first restart is made at once, the next after first_ms, and each further one after
 * twice the time before, up to most_ms. When a child has lived for reset_ms after its restart it begins
 * anew. Of one_for_all and rest_for_one the children concerned are ended at once, and all of them are
 * started after the delay. A restart that fails counts as one. Meanwhile the child is restarting, as
 * all see it, and cop_terminate_child() ends that. Each restart counts at once, delayed or not: the
 * intensity should allow for it.
 */
struct cop_back_off {
        int64_t first_ms; /* 0: there are no delays */
        int64_t most_ms;  /* 0: 30,000 */
        int64_t reset_ms; /* 0: twice most_ms */
        int jitter;       /* a delay is shorter by up to so many percent, by chance */
};

struct cop_supervisor_options {
        enum cop_strategy strategy;
        int intensity; /* so many restarts ...; 0: 1 */
        int period;    /* ... in so many seconds are too many; 0: 5 */
        enum cop_auto_shutdown auto_shutdown;
        const struct cop_child *children;

        /* Additions. The keys of flags that are a term are called the same. */

        struct cop_back_off back_off; /* of a term: #{first_ms => 100, ...} */
        int64_t period_ms; /* instead of period: in exact milliseconds, both ends included */
        /* The supervisor's end takes no longer; 0: as long as its children may take together. Who is
         * left then is killed and reported, with what it was doing. */
        int64_t shutdown_deadline_ms;
        /* Called in the supervisor when it gives up, before its children are ended, with
         * #{supervisor => Name, child => Id}. If it fails, that is reported and nothing else. Of a
         * term: the function's address. */
        void (*on_give_up)(cop_term what);

        /*
         * Instead of all the above: called in the new supervisor, returns
         * {ok, {Flags, ChildSpecs}}, or ignore.
         */
        cop_term (*init)(cop_term argument);
};

/*
 * COP_SUPERVISOR(name, .strategy = ..., .children = COP_CHILDREN(...)) defines a supervisor.
 *
 * The options stand in a function that runs at each start: they need not be constant.
 */
#define COP_SUPERVISOR(name, ...)                                                                  \
        static cop_term cop__supervise_##name(cop_term argument)                                   \
        {                                                                                          \
                COP__OPTIONS_ON                                                                    \
                return cop__supervise(COP__SUPERVISOR_OPTIONS(__VA_ARGS__), argument);             \
                COP__OPTIONS_OFF                                                                   \
        }                                                                                          \
        COP__MODULE_DEFINE(name, COP__SUPERVISOR_SIZE, "supervisor", cop__supervisor_init,         \
                           cop__supervisor_call, cop__supervisor_cast, cop__supervisor_info,       \
                           cop__supervisor_continue, cop__supervisor_terminate,                    \
                           cop__supervisor_show, cop__supervisor_restore,                          \
                           cop__supervisor_format_status, cop__supervise_##name, 0, 0)

/* COP_WORKER(server, "argument", .name = "name", .restart = ...): a child that is a server. The
 * argument is a pattern without variables. */
#define COP_WORKER(server, argument_, ...)                                                         \
        COP__CHILD                                                                                 \
        {                                                                                          \
                .module = COP__REF(server), .argument = cop_build(argument_), __VA_ARGS__          \
        }
/* The same for a child that is a supervisor itself. */
#define COP_SUBTREE(supervisor, ...)                                                               \
        COP__CHILD                                                                                 \
        {                                                                                          \
                .module = COP__REF(supervisor), .argument = cop_nil(), __VA_ARGS__                 \
        }

#ifndef __cplusplus
#define COP__CHILD
#define COP_CHILDREN(...)            ((const struct cop_child[]){ __VA_ARGS__, { 0 } })
#define COP__SUPERVISOR_OPTIONS(...) (&(const struct cop_supervisor_options){ __VA_ARGS__ })
#else
extern "C++" {
#include <initializer_list>
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpragmas"
#pragma GCC diagnostic ignored "-Wunknown-warning-option"
#pragma GCC diagnostic ignored "-Winit-list-lifetime" /* used within one full expression only */
struct cop__children {
        const cop_child *first;
        cop__children(std::initializer_list<cop_child> list) : first(list.begin())
        {
        }
        operator const cop_child *() const
        {
                return first;
        }
};
#pragma GCC diagnostic pop
}
#define COP__CHILD                   cop_child
#define COP_CHILDREN(...)            cop__children({ __VA_ARGS__, cop_child{} })
#define COP__SUPERVISOR_OPTIONS(...) cop__lend(cop_supervisor_options{ __VA_ARGS__ })
#endif

#ifndef __cplusplus
#define COP__OPTIONS_ON                                                                            \
        _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wnested-externs\"")      \
                _Pragma("GCC diagnostic ignored \"-Wredundant-decls\"")
#else
#define COP__OPTIONS_ON                                                                            \
        _Pragma("GCC diagnostic push")                                                             \
                _Pragma("GCC diagnostic ignored \"-Wmissing-field-initializers\"")                 \
                        _Pragma("GCC diagnostic ignored \"-Wredundant-decls\"")
#endif
#define COP__OPTIONS_OFF _Pragma("GCC diagnostic pop")

/* COP_CHILD_SPEC(COP_WORKER(server, "argument", ...)): such a child as an OTP child specification,
 * for cop_start_child(). */
#define COP_CHILD_SPEC(...) cop__child_spec(COP_CHILDREN(__VA_ARGS__))
COP_API cop_term cop__child_spec(const struct cop_child *children);

/* ---- starting one by hand ---- */

/* As cop_server_start_link(), and back when all children are up. */
#define cop_supervisor_start_link(name, ...)                                                       \
        cop_server_start_link(name, cop_nil() __VA_OPT__(, ) __VA_ARGS__)
/* Asks it for its end; see cop_server_stop(). Never from inside its own tree: it would wait for
 * you. */
#define cop_supervisor_stop(to) cop_server_stop_with((to), COP_FOREVER, "normal")

/* ---- talking to one ---- */

/*
 * These are calls to the supervisor, which serves one at a time and waits while a child starts or
 * ends; they have no timeout. They exit as cop_call() does. `to` is a pid, a name, or a term.
 */

/* cop_start_child(to, "#{id => Id, start => ...}", id): {ok, Pid}, {ok, Pid, Info},
 * {ok, undefined}, or {error, Reason}. Of a simple_one_for_one supervisor the term is a list of
 * arguments that are put behind those of its child specification. */
#define cop_start_child(to, ...) cop_start_child_term(COP__TO(to), cop_build(__VA_ARGS__))
COP_API cop_term cop_start_child_term(struct cop__to to, cop_term spec);

/* Ends a child and keeps its specification (a temporary one's is dropped): ok, or
 * {error, not_found}. simple_one_for_one wants its pid as id. */
#define cop_terminate_child(to, id) cop__supervisor_ask(COP__TO(to), "terminate_child", (id))
/* Starts one that was ended: as cop_start_child(), or {error, running}, {error, restarting},
 * {error, not_found}. */
#define cop_restart_child(to, id) cop__supervisor_ask(COP__TO(to), "restart_child", (id))
/* Forgets one that was ended: ok, or an error as above. */
#define cop_delete_child(to, id) cop__supervisor_ask(COP__TO(to), "delete_child", (id))
/* {ok, Map} or {error, not_found} */
#define cop_get_childspec(to, id) cop__supervisor_ask(COP__TO(to), "get_childspec", (id))
/* [{Id, Pid or undefined or restarting, worker or supervisor, Modules}, ...], last started first */
#define cop_which_children(to) cop__supervisor_ask(COP__TO(to), "which_children", COP_NONE)
/* {ok, {Id, ...}} or {error, not_found} */
#define cop_which_child(to, id) cop__supervisor_ask(COP__TO(to), "which_child", (id))
/* [{specs, N}, {active, N}, {supervisors, N}, {workers, N}] */
#define cop_count_children(to) cop__supervisor_ask(COP__TO(to), "count_children", COP_NONE)
COP_API cop_term cop__supervisor_ask(struct cop__to to, const char *request, cop_term id);

/* Are these child specifications right? ok, or {error, Reason}. auto_shutdown is what OTP calls it,
 * or COP_NONE: not known. */
COP_API cop_term cop_check_childspecs(cop_term specs, cop_term auto_shutdown);

/*
 * An addition: cop_check_tree(tree, cop_nil(), stdout) looks at a tree without starting it. It calls
 * what the supervisors in it are described by, with their arguments, checks all that they would check,
 * and prints who is started, in that order, with the limits and the delays of restarts, and behind
 * "warning:" what is surely a mistake. out may be NULL.
 *
 * Returns   {ok, Warnings}, or {error, {Supervisor, Reason}}. A warning is {Supervisor, What}.
 */
#define cop_check_tree(name, argument, out) cop__check_tree(COP__REF(name), (argument), (out))
COP_API cop_term cop__check_tree(const struct cop_module *module, cop_term argument, FILE *out);

/* ---- behind the macros ---- */

enum { COP__SUPERVISOR_SIZE = 448 };

COP_API cop_term cop__supervise(const struct cop_supervisor_options *options, cop_term argument);
COP_API cop_next cop__supervisor_init(void *state, cop_term argument);
COP_API cop_next cop__supervisor_call(void *state, cop_term request, cop_from from);
COP_API cop_next cop__supervisor_cast(void *state, cop_term request);
COP_API cop_next cop__supervisor_info(void *state, cop_term message);
COP_API cop_next cop__supervisor_continue(void *state, cop_term what);
COP_API void cop__supervisor_terminate(void *state, cop_term reason);
COP_API cop_term cop__supervisor_show(void *state);
COP_API void cop__supervisor_restore(void *state, cop_term shown);
COP_API cop_term cop__supervisor_format_status(void *state, cop_term status);

COP_END_DECLS

#endif
