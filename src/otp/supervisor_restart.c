/*
 * supervisor_restart.c: what follows the death of a child.
 *
 * Window    The seconds of the restarts so far, as far as they count: those not older than the
 *           period, in whole seconds of the clock. One more is allowed if there are then not more
 *           than the intensity.
 * Retry     A restart whose start fails is tried again, but not at once: the supervisor sends itself
 *           a cast, so that requests and deaths that have arrived meanwhile are heard first. Each
 *           attempt counts as a restart.
 * Groups    Of one_for_all and rest_for_one all children concerned are ended, newest first, and
 *           started, oldest first, those too that had no process. Where one does not start, the
 *           attempt ends there, and the next begins with it.
 */
#include "otp/supervisor.h"

#include <coppice/memory.h>
#include <coppice/timer.h>

bool cop__is_quiet(cop_term reason)
{
        return cop_is(reason, "normal") || cop_is(reason, "shutdown") ||
               cop_match(reason, "{shutdown, _}");
}

/* ---- the window ---- */

static void forget_before(struct window *window, int64_t time)
{
        while (window->count > 0 && window->times[window->first] < time) {
                window->first = (window->first + 1) % window->capacity;
                window->count--;
        }
}

/* A ring twice as large, with the oldest in front. */
static void grow(struct window *window)
{
        size_t capacity = window->capacity ? window->capacity * 2 : 4;
        int64_t *times = cop_alloc(capacity * sizeof(*times));
        size_t i;

        for (i = 0; i < window->count; i++)
                times[i] = window->times[(window->first + i) % window->capacity];
        cop_free(window->times);
        window->times = times;
        window->capacity = capacity;
        window->first = 0;
}

static bool is_within(struct window *window, int64_t now, int64_t period, int64_t most)
{
        forget_before(window, now - period);
        if (window->count == window->capacity)
                grow(window);
        window->times[(window->first + window->count) % window->capacity] = now;
        window->count++;
        return (int64_t)window->count <= most;
}

bool cop__restart_is_allowed(struct supervisor *supervisor, struct child *child)
{
        int64_t period_ms = supervisor->beyond.period_ms, now_ms = cop_now_ms();

        if (child && child->budget_ms > 0) {
                if (!child->restarts)
                        child->restarts = cop_alloc(sizeof(*child->restarts));
                return is_within(child->restarts, now_ms, child->budget_ms, child->budget);
        }
        if (period_ms > 0)
                return is_within(&supervisor->restarts, now_ms, period_ms, supervisor->intensity);
        return is_within(&supervisor->restarts, now_ms / 1000, supervisor->period_s,
                         supervisor->intensity);
}

void cop__give_up(struct supervisor *supervisor, const struct child *child)
{
        cop__report_child(supervisor, REPORT_SHUTDOWN, child,
                          cop_build("reached_max_restart_intensity"));
        cop__call_on_give_up(supervisor, child);
}

/* ---- restarting ---- */

static void try_again(const struct child *child)
{
        cop_cast(cop_self(), "{try_again_restart, Id}", child->id);
}

static void restart_one(struct supervisor *supervisor, struct child *child)
{
        struct start_result result = cop__child_start(supervisor, child, COP_LEVEL_INFO);
        cop_pid nobody = { 0 };

        switch (result.outcome) {
        case START_DONE:
        case START_DONE_INFO:
                cop__child_set(supervisor, child, CHILD_RUNNING, result.pid);
                break;
        case START_IGNORED:
                cop__child_set(supervisor, child, CHILD_STOPPED, nobody);
                break;
        case START_FAILED:
                cop__report_child(supervisor, REPORT_START_ERROR, child, result.term);
                cop__child_set(supervisor, child, CHILD_RESTARTING, child->pid);
                try_again(child);
                break;
        }
}

/*
 * All from `first` on are ended and started. The child itself has no process any more, and being
 * one that is restarted it is not temporary: it stays in the list, and so does `first`, which is
 * either the child or the oldest of all.
 */
static void restart_group(struct supervisor *supervisor, struct child *child, bool all)
{
        cop_pid old_pid = child->pid, nobody = { 0 };
        struct child *failed;
        cop_term reason;

        cop__child_set(supervisor, child, CHILD_STOPPED, nobody);
        cop__children_stop(supervisor, all ? NULL : child);
        failed = cop__children_start(supervisor, all ? supervisor->oldest : child, &reason);
        if (!failed)
                return;
        cop__child_set(supervisor, failed, CHILD_RESTARTING, failed == child ? old_pid : nobody);
        try_again(failed);
}

bool cop__child_restart(struct supervisor *supervisor, struct child *child)
{
        int64_t delay_ms;

        if (!cop__restart_is_allowed(supervisor, child)) {
                cop__give_up(supervisor, child);
                cop__child_gone(supervisor, child);
                return false;
        }
        delay_ms = cop__back_off_ms(supervisor, child);
        if (delay_ms > 0)
                cop__put_off(supervisor, child, delay_ms);
        else
                cop__child_restart_now(supervisor, child);
        return true;
}

void cop__child_restart_now(struct supervisor *supervisor, struct child *child)
{
        switch (supervisor->strategy) {
        case COP_ONE_FOR_ONE:
        case COP_SIMPLE_ONE_FOR_ONE:
                restart_one(supervisor, child);
                break;
        case COP_ONE_FOR_ALL:
                restart_group(supervisor, child, true);
                break;
        case COP_REST_FOR_ONE:
                restart_group(supervisor, child, false);
                break;
        }
}

/* ---- deaths ---- */

static bool has_other_significant(const struct supervisor *supervisor)
{
        const struct child *child;

        for (child = supervisor->oldest; child; child = child->newer)
                if (child->significant && child->state != CHILD_STOPPED)
                        return true;
        return false;
}

/* It ended and is not started again. Returns false where this ends the supervisor. */
static bool let_go(struct supervisor *supervisor, struct child *child)
{
        bool significant = child->significant;

        cop__child_gone(supervisor, child);
        if (!significant || supervisor->auto_shutdown == COP_NEVER)
                return true;
        return supervisor->auto_shutdown == COP_ALL_SIGNIFICANT &&
               has_other_significant(supervisor);
}

bool cop__child_died(struct supervisor *supervisor, struct child *child, cop_term reason)
{
        if (child->restart != COP_PERMANENT && cop__is_quiet(reason))
                return let_go(supervisor, child);
        cop__report_child(supervisor, REPORT_CHILD_TERMINATED, child, reason);
        if (child->restart == COP_TEMPORARY)
                return let_go(supervisor, child);
        return cop__child_restart(supervisor, child);
}
