/*
 * coppice/dynamic_supervisor.h: a supervisor that starts empty, and whose children come and go.
 *
 * Each child has a specification of its own, given when it is started; its id means nothing, and a
 * child is told by its pid. They are independent of each other: when one dies it alone is started
 * again (one_for_one), and at the end all are asked to end at the same time. Starting, ending and
 * losing one of a million takes constant time. This is Elixir's DynamicSupervisor.
 *
 *     COP_DYNAMIC_SUPERVISOR(rooms, .max_children = 10000, .max_restarts = 10);
 *
 *     COP_CHILDREN(COP_SUBTREE(rooms, .name = "rooms"))
 *
 *     cop_start_child("rooms", "S", COP_CHILD_SPEC(COP_WORKER(room, "lobby")));
 *     cop_terminate_child("rooms", cop_pid_term(pid));
 *
 * One that needs no options of its own is there already: cop_dynamic_supervisor, whose argument is
 * [], or a map of options.
 *
 *     COP_WORKER(cop_dynamic_supervisor, "#{max_children => 100}", .name = "rooms")
 *
 * It is asked as other supervisors are (<coppice/supervisor.h>):
 *
 *     cop_start_child()      {ok, Pid}, {ok, Pid, Info}, ignore (nothing is stored), or
 *                            {error, Reason}, with the bare reason; {error, max_children}
 *     cop_terminate_child()  with a pid: ok, or {error, not_found}
 *     cop_which_children()   [{undefined, Pid or restarting, worker or supervisor, Modules}, ...]
 *     cop_count_children()   [{specs, N}, ...], where specs is how many there are
 *
 * What needs an id (cop_restart_child(), cop_delete_child(), cop_get_childspec(),
 * cop_which_child()) it answers with {error, dynamic_supervisor}. A child of it cannot be
 * significant.
 */
#ifndef COPPICE_DYNAMIC_SUPERVISOR_H
#define COPPICE_DYNAMIC_SUPERVISOR_H

#include <coppice/supervisor.h>

COP_BEGIN_DECLS

/* Leave out what you do not care about: zero is always the default. */
struct cop_dynamic_supervisor_options {
        int max_restarts;         /* so many restarts ...; 0: 3; COP_NO_RESTARTS: none */
        int max_seconds;          /* ... in so many seconds are too many; 0: 5 */
        int64_t max_children;     /* those that are to be restarted count; 0: no limit */
        cop_term extra_arguments; /* a list that stands before each child's own arguments */
        /*
         * Instead of all the above: called in the new supervisor, returns ignore, or {ok, Flags}:
         * #{intensity => 1, period => 5, max_children => infinity, extra_arguments => []}, where
         * these are the defaults.
         */
        cop_term (*init)(cop_term argument);
};

/* COP_DYNAMIC_SUPERVISOR(name, .max_children = ..., ...) defines one. Start it by hand with
 * cop_supervisor_start_link(name). */
#define COP_DYNAMIC_SUPERVISOR(name, ...)                                                          \
        static cop_term cop__supervise_##name(cop_term argument)                                   \
        {                                                                                          \
                COP__OPTIONS_ON                                                                    \
                return cop__dynamic_flags(COP__DYNAMIC_OPTIONS(__VA_ARGS__), argument);            \
                COP__OPTIONS_OFF                                                                   \
        }                                                                                          \
        COP__MODULE_DEFINE(name, COP__SUPERVISOR_SIZE, "dynamic_supervisor",                       \
                           cop__dynamic_supervisor_init, cop__supervisor_call,                     \
                           cop__supervisor_cast, cop__supervisor_info, cop__supervisor_continue,   \
                           cop__supervisor_terminate, cop__supervisor_show,                        \
                           cop__supervisor_restore, cop__supervisor_format_status,                 \
                           cop__supervise_##name, 0, 0)

#ifndef __cplusplus
#define COP__DYNAMIC_OPTIONS(...) (&(const struct cop_dynamic_supervisor_options){ __VA_ARGS__ })
#else
#define COP__DYNAMIC_OPTIONS(...) cop__lend(cop_dynamic_supervisor_options{ __VA_ARGS__ })
#endif

/* Its argument: [], or #{max_restarts => 3, max_seconds => 5, max_children => infinity,
 * extra_arguments => [], strategy => one_for_one}, all of which may be left out. */
extern COP_API const struct cop_module COP__MODULE(cop_dynamic_supervisor);

/* ---- behind the macros ---- */

COP_API cop_term cop__dynamic_flags(const struct cop_dynamic_supervisor_options *options,
                                    cop_term argument);
COP_API cop_next cop__dynamic_supervisor_init(void *state, cop_term argument);

COP_END_DECLS

#endif
