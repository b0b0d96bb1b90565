/*
 * task_supervisor.c: a simple_one_for_one supervisor whose children are tasks.
 *
 * A task is started by the supervisor, in start_task(); its owner then makes the monitor, and tells
 * it, as with any task. Where there is a limit, the supervisor's process has a table of the tasks
 * that it started; the dead are taken out when it seems to be full.
 */
#include <coppice/memory.h>
#include <coppice/module.h>
#include <coppice/table.h>
#include <coppice/task_supervisor.h>

#include "otp/task.h"

/* ---- in the supervisor ---- */

static struct cop_table *started_tasks(void)
{
        cop_term key = cop_build("'$tasks'"), address = cop_get(key);
        struct cop_table *table;

        if (!cop_is_none(address))
                return (struct cop_table *)(uintptr_t)cop_to_uint(address);
        table = cop_table_new();
        cop_put(key, cop_uint((uint64_t)(uintptr_t)table));
        return table;
}

static bool is_full(struct cop_table *tasks, uint64_t most)
{
        if (cop_table_size(tasks) < most)
                return false;
        COP_TABLE_EACH(task, tasks)
        if (!cop_is_alive(cop_to_pid(task.key)))
                cop_table_remove(tasks, task.key);
        return cop_table_size(tasks) >= most;
}

/* [MaxChildren, Order], where MaxChildren may be infinity. */
static cop_term start_task(cop_term arguments)
{
        struct cop_table *tasks = NULL;
        cop_term most, order;
        cop_pid pid;

        if (!cop_match(arguments, "[Most, Order]", &most, &order))
                return cop_build("{error, badarg}");
        if (cop_is_int(most)) {
                tasks = started_tasks();
                if (is_full(tasks, cop_to_uint(most)))
                        return cop_build("{error, max_children}");
        }
        pid = cop__task_spawn(order, true);
        if (tasks)
                cop_table_put(tasks, cop_pid_term(pid), cop_nil());
        return cop_build("{ok, Pid}", pid);
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
        return cop_build("{ok, {#{strategy => simple_one_for_one},"
                         "  [#{id => task, start => {cop_task, start_link, [Most]},"
                         "     restart => temporary}]}}",
                         most);
}

COP_SUPERVISOR(cop_task_supervisor, .init = describe);

/* ---- what the rest of the program calls ---- */

static cop_term start_child(struct cop__to to, cop_task_fn *fn, cop_term argument, bool is_awaited)
{
        cop_term order = cop__task_order(fn, argument, is_awaited);

        return cop_start_child_term(to, cop_build("[Order]", order));
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
