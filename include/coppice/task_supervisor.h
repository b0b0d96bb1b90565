/*
 * coppice/task_supervisor.h: tasks that belong to a supervisor, so that their crash is theirs alone.
 *
 * It is a supervisor whose children are tasks, all temporary: none is started again. Those who start
 * tasks need not be linked with them, and when the supervisor ends it ends its tasks.
 *
 *     COP_WORKER(cop_task_supervisor, "#{max_children => 100}", .name = "tasks")
 *
 *     cop_task risky = cop_task_supervisor_async_nolink("tasks", parse, document);
 *     cop_term result = cop_task_yield(risky, 1000);
 *
 * Its argument is [], or #{max_children => N}. It answers what other supervisors answer
 * (<coppice/supervisor.h>): cop_which_children(), cop_terminate_child() with a pid, ...
 */
#ifndef COPPICE_TASK_SUPERVISOR_H
#define COPPICE_TASK_SUPERVISOR_H

#include <coppice/supervisor.h>
#include <coppice/task.h>

COP_BEGIN_DECLS

/* The supervisor: cop_server_start_link(cop_task_supervisor, cop_nil(), .name = "tasks"). */
extern COP_API const struct cop_module COP__MODULE(cop_task_supervisor);

/*
 * `to` is a pid, a name, or a term. Where the supervisor does not live the caller exits as with
 * cop_call(); where it has max_children already, with the error max_children.
 */

/* A task that is the supervisor's child, and linked with the caller too; see cop_task_async(). */
#define cop_task_supervisor_async(to, fn, argument)                                                \
        cop__task_supervisor_async(COP__TO(to), (fn), cop_build("A", (argument)), true)
/* The same without the link: of its crash the caller is told, and that is all. */
#define cop_task_supervisor_async_nolink(to, fn, argument)                                         \
        cop__task_supervisor_async(COP__TO(to), (fn), cop_build("A", (argument)), false)
/* A task whose result nobody wants: {ok, Pid}, or {error, max_children}. */
#define cop_task_supervisor_start_child(to, fn, argument)                                          \
        cop__task_supervisor_start(COP__TO(to), (fn), cop_build("A", (argument)))
/* The pids of its tasks, as a list. */
#define cop_task_supervisor_children(to) cop__task_supervisor_children(COP__TO(to))

COP_API cop_task cop__task_supervisor_async(struct cop__to to, cop_task_fn *fn, cop_term argument,
                                            bool link);
COP_API cop_term cop__task_supervisor_start(struct cop__to to, cop_task_fn *fn, cop_term argument);
COP_API cop_term cop__task_supervisor_children(struct cop__to to);

COP_END_DECLS

#endif
