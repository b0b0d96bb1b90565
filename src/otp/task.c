/*
 * task.c: the process of a task, and waiting for one.
 *
 * A task with an owner waits for its work order, {Owner, Ref}: the owner can make the monitor only
 * when there is a process, and Ref is both the monitor and the alias through which the reply comes.
 * So when the owner no longer waits (it demonitors) nothing of the task can come any more, and what
 * came before is flushed.
 *
 * Order     The reply is sent before the process ends, so it is in the mailbox before the monitor's
 *           message is; whichever is found first settles the matter.
 */
#include "otp/task.h"

#include <coppice/report.h>
#include <coppice/timer.h>

enum { ORDER_MS = 5000 };

/* ---- the task's process ---- */

struct order {
        cop_task_fn *fn;
        cop_term argument, result;
        cop_pid owner;
        bool is_awaited;
};

cop_term cop__task_order(cop_task_fn *fn, cop_term argument, bool is_awaited)
{
        cop_term callers = cop_get(cop_build("'$callers'"));

        if (!fn)
                cop_error("badarg");
        return cop_build("{Fn, Argument, Awaited, [Owner | Callers]}", (uint64_t)(uintptr_t)fn,
                         argument, is_awaited, cop_self(),
                         cop_is_none(callers) ? cop_nil() : callers);
}

static bool is_order(cop_term message, void *context)
{
        cop_ref *watch = context;
        cop_ref ref;

        return cop_match(message, "{'$task', Ref}", &ref) ||
               cop_match(message, "{'DOWN', ^Watch, process, _, _}", watch);
}

static cop_ref wait_for_order(cop_pid owner)
{
        cop_ref watch = cop_monitor(owner), ref;
        cop_term message = cop_receive_if(is_order, &watch, ORDER_MS), reason;

        if (cop_is_none(message))
                cop_exit("timeout");
        if (cop_match(message, "{'DOWN', _, _, _, Reason}", &reason))
                cop_exit("{shutdown, Reason}", reason);
        cop_match(message, "{_, Ref}", &ref);
        cop_demonitor_flush(watch);
        return ref;
}

static void call(void *argument)
{
        struct order *order = argument;

        order->result = order->fn(order->argument);
        if (order->is_awaited && cop_is_none(order->result))
                cop_error("badarg");
}

static bool is_quiet(cop_term reason)
{
        return cop_is(reason, "normal") || cop_is(reason, "shutdown") ||
               cop_match(reason, "{shutdown, _}");
}

static COP_NORETURN void fail(const struct order *order, enum cop_class class, cop_term reason)
{
        if (class == COP_EXIT && is_quiet(reason))
                cop_exit_term(reason);
        if (class == COP_THROW)
                reason = cop_build("{{nocatch, Value}, []}", reason);
        cop_report(COP_LEVEL_ERROR,
                   "#{label => {task, terminating}, name => Pid, starter => Owner,"
                   "  function => Fn, args => [Argument], reason => Reason}",
                   cop_self(), order->owner, (uint64_t)(uintptr_t)order->fn, order->argument,
                   reason);
        cop_exit_term(reason);
}

static void task_main(cop_term argument)
{
        struct order order = { 0 };
        cop_term callers, reason;
        cop_ref ref = { 0 };
        enum cop_class class;
        uint64_t fn;

        if (!cop_match(argument, "{Fn, Argument, Awaited, Callers}", &fn, &order.argument,
                       &order.is_awaited, &callers) ||
            !fn)
                cop_error("badarg");
        order.fn = (cop_task_fn *)(uintptr_t)fn;
        order.owner = cop_to_pid(cop_head(callers));
        cop_put(cop_build("'$callers'"), callers);
        if (order.is_awaited)
                ref = wait_for_order(order.owner);

        class = cop_try(call, &order, &reason);
        if (class != COP_NORMAL)
                fail(&order, class, reason);
        if (order.is_awaited)
                cop_send(ref, "{Ref, Result}", ref, order.result);
}

cop_pid cop__task_spawn(cop_term order, bool link)
{
        return cop_spawn(task_main, order, .link = link);
}

/* ---- starting ---- */

cop_task cop__task_begin(cop_pid pid)
{
        cop_task task = { pid, { 0 }, cop_self() };

        task.ref = cop_monitor(pid, .alias = COP_ALIAS_DEMONITOR);
        cop_send(pid, "{'$task', Ref}", task.ref);
        return task;
}

cop_task cop__task_async(cop_task_fn *fn, cop_term argument)
{
        return cop__task_begin(cop__task_spawn(cop__task_order(fn, argument, true), true));
}

cop_pid cop__task_start(cop_task_fn *fn, cop_term argument, bool link)
{
        return cop__task_spawn(cop__task_order(fn, argument, false), link);
}

cop_term cop_task_term(cop_task task)
{
        return cop_build("#{owner => Owner, pid => Pid, ref => Ref}", task.owner, task.pid,
                         task.ref);
}

/* ---- waiting ---- */

void cop__task_check(cop_task task)
{
        if (!cop_same(task.owner, cop_self()))
                cop_error("badarg");
}

int64_t cop__deadline_after(int64_t timeout_ms)
{
        return timeout_ms < 0 ? COP_FOREVER : cop_now_ms() + timeout_ms;
}

int64_t cop__time_left(int64_t deadline_ms)
{
        int64_t left_ms;

        if (deadline_ms == COP_FOREVER)
                return COP_FOREVER;
        left_ms = deadline_ms - cop_now_ms();
        return left_ms > 0 ? left_ms : 0;
}

cop_term cop__task_timeout_show(int64_t timeout_ms)
{
        return timeout_ms < 0 ? cop_build("infinity") : cop_int(timeout_ms);
}

/* Whose message it is; count: nobody's. */
static size_t index_of(const struct task_wait *wait, cop_term message)
{
        cop_ref ref;
        size_t i;

        if (!cop_match(message, "{Ref, _}", &ref) &&
            !cop_match(message, "{'DOWN', Ref, process, _, _}", &ref))
                return wait->count;
        for (i = 0; i < wait->count; i++)
                if (wait->tasks[i].ref.word == ref.word)
                        break;
        return i;
}

static bool is_wanted(cop_term message, void *context)
{
        const struct task_wait *wait = context;

        return index_of(wait, message) < wait->count;
}

enum task_end cop__task_wait(struct task_wait wait, int64_t timeout_ms, size_t *which,
                             cop_term *result)
{
        cop_term message = cop_receive_if(is_wanted, &wait, timeout_ms);

        if (cop_is_none(message))
                return TASK_GOES_ON;
        *which = index_of(&wait, message);
        if (cop_match(message, "{'DOWN', _, process, _, Reason}", result))
                return TASK_DIED;
        cop_match(message, "{_, Result}", result);
        cop_demonitor_flush(wait.tasks[*which].ref);
        return TASK_REPLIED;
}

void cop__task_forget(cop_task task)
{
        cop_demonitor_flush(task.ref);
        cop_receive(0, "{^Ref, _}", &task.ref);
}

cop_term cop__task_show(enum task_end end, cop_term result)
{
        switch (end) {
        case TASK_REPLIED:
                return cop_build("{ok, Result}", result);
        case TASK_DIED:
                return cop_build("{exit, Reason}", result);
        case TASK_GOES_ON:
                break;
        }
        return COP_NONE;
}

static enum task_end wait_for(const cop_task *task, int64_t timeout_ms, cop_term *result)
{
        struct task_wait wait = { task, 1 };
        size_t which;

        cop__task_check(*task);
        return cop__task_wait(wait, timeout_ms, &which, result);
}

cop_term cop_task_await_within(cop_task task, int64_t timeout_ms)
{
        cop_term result = cop_build("timeout");
        enum task_end end = wait_for(&task, timeout_ms, &result);

        if (end == TASK_REPLIED)
                return result;
        cop__task_forget(task);
        cop_exit("{Reason, {task, await, [Task, Timeout]}}", result, cop_task_term(task),
                 cop__task_timeout_show(timeout_ms));
}

cop_term cop_task_yield(cop_task task, int64_t timeout_ms)
{
        cop_term result = COP_NONE;
        enum task_end end = wait_for(&task, timeout_ms, &result);

        return cop__task_show(end, result);
}

cop_term cop_task_ignore(cop_task task)
{
        cop_term result = cop_task_yield(task, 0);

        cop_unlink(task.pid);
        cop__task_forget(task);
        return result;
}

/* ---- ending one ---- */

/* What it said before its end; the monitor is gone. */
static cop_term last_words(cop_task task)
{
        cop_term result;

        cop_demonitor_flush(task.ref);
        if (cop_receive(0, "{^Ref, Result}", &task.ref, &result))
                return cop_build("{ok, Result}", result);
        return COP_NONE;
}

/* The reason of its end, from either of two monitors: the later one may have come too late. */
static cop_term true_reason(cop_task task, cop_term seen)
{
        cop_term reason;

        if (cop_is(seen, "noproc") &&
            cop_receive(0, "{'DOWN', ^Ref, process, _, Reason}", &task.ref, &reason))
                return reason;
        return seen;
}

static cop_term wait_for_end(cop_task task, cop_ref watch, int64_t timeout_ms, const char *as_asked)
{
        cop_term reason, result;

        if (!cop_receive(timeout_ms, "{'DOWN', ^Watch, process, _, Reason}", &watch, &reason)) {
                cop_kill(task.pid);
                cop_receive(COP_FOREVER, "{'DOWN', ^Watch, process, _, Reason}", &watch, &reason);
        }
        reason = true_reason(task, reason);
        result = last_words(task);
        if (!cop_is_none(result) || cop_is(reason, as_asked))
                return result;
        return cop_build("{exit, Reason}", reason);
}

cop_term cop_task_shutdown(cop_task task, int64_t timeout_ms)
{
        cop_ref watch;

        cop__task_check(task);
        watch = cop_monitor(task.pid);
        cop_unlink(task.pid);
        cop_exit_to(task.pid, "shutdown");
        return wait_for_end(task, watch, timeout_ms, "shutdown");
}

cop_term cop_task_kill(cop_task task)
{
        cop_ref watch;

        cop__task_check(task);
        watch = cop_monitor(task.pid);
        cop_unlink(task.pid);
        cop_kill(task.pid);
        return wait_for_end(task, watch, COP_FOREVER, "killed");
}
