/*
 * task_supervisor.c: a dynamic supervisor whose children are tasks.
 *
 * A task is started by the supervisor, in start_task(); its owner then makes the monitor, and tells
 * it, as with any task.
 */
#include <coppice/dynamic_supervisor.h>
#include <coppice/module.h>
#include <coppice/task_supervisor.h>

#include "otp/task.h"

/* ---- in the supervisor ---- */

static cop_term start_task(cop_term arguments)
{
        return cop_build("{ok, Pid}", cop__task_spawn(cop_head(arguments), true));
}

COP_START_FUNCTION(cop_task, start_link, start_task);

static cop_term describe(cop_term argument)
{
        cop_term most = cop_build("infinity"), given;
        uint64_t number;

        if (!cop_is_nil(argument)) {
                if (!cop_is_map(argument))
                        cop_exit("{badarg, Argument}", argument);
                given = cop_map_find(argument, cop_atom("max_children"));
                most = cop_is_none(given) ? most : given;
                if (cop_map_size(argument) > (cop_is_none(given) ? 0 : 1) ||
                    (!cop_is(most, "infinity") && !cop_match(most, "N", &number)))
                        cop_exit("{badarg, Argument}", argument);
        }
        return cop_build("{ok, #{max_children => Most}}", most);
}

COP_DYNAMIC_SUPERVISOR(cop_task_supervisor, .init = describe);

/* ---- what the rest of the program calls ---- */

static cop_term start_child(struct cop__to to, cop_task_fn *fn, cop_term argument, bool is_awaited)
{
        cop_term order = cop__task_order(fn, argument, is_awaited);

        return cop_start_child_term(to,
                                    cop_build("{task, {cop_task, start_link, [Order]}, temporary,"
                                              " 5000, worker, [cop_task]}",
                                              order));
}

cop_task cop__task_supervisor_async(struct cop__to to, cop_task_fn *fn, cop_term argument,
                                    bool link)
{
        cop_term result = start_child(to, fn, argument, true), reason;
        cop_pid pid;

        if (cop_match(result, "{error, Reason}", &reason))
                cop_error("Reason", reason);
        cop_match(result, "{ok, Pid}", &pid);
        if (link)
                cop_link(pid);
        return cop__task_begin(pid);
}

cop_task cop__task_supervised(cop_pid supervisor, cop_task_fn *fn, cop_term argument, bool link)
{
        return cop__task_supervisor_async(COP__TO(supervisor), fn, argument, link);
}

cop_term cop__task_supervisor_start(struct cop__to to, cop_task_fn *fn, cop_term argument)
{
        return start_child(to, fn, argument, false);
}

cop_term cop__task_supervisor_children(struct cop__to to)
{
        cop_term pids = cop_nil();

        COP_EACH (child, cop__supervisor_ask(to, "which_children", COP_NONE))
                pids = cop_cons(cop_element(child, 1), pids);
        return cop_reverse(pids);
}
