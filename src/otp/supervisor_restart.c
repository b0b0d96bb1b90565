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

static void forget_before(struct supervisor *supervisor, int64_t second)
{
        while (supervisor->restarts_count > 0 &&
               supervisor->restarts[supervisor->restarts_first] < second) {
                supervisor->restarts_first =
                        (supervisor->restarts_first + 1) % supervisor->restarts_capacity;
                supervisor->restarts_count--;
        }
}

/* A ring twice as large, with the oldest in front. */
static void grow(struct supervisor *supervisor)
{
        size_t capacity = supervisor->restarts_capacity ? supervisor->restarts_capacity * 2 : 4;
        int64_t *restarts = cop_alloc(capacity * sizeof(*restarts));
        size_t i;

        for (i = 0; i < supervisor->restarts_count; i++)
                restarts[i] = supervisor->restarts[(supervisor->restarts_first + i) %
                                                   supervisor->restarts_capacity];
        cop_free(supervisor->restarts);
        supervisor->restarts = restarts;
        supervisor->restarts_capacity = capacity;
        supervisor->restarts_first = 0;
}

bool cop__restart_is_allowed(struct supervisor *supervisor)
{
        int64_t now_s = cop_now_ms() / 1000;

        forget_before(supervisor, now_s - supervisor->period_s);
        if (supervisor->restarts_count == supervisor->restarts_capacity)
                grow(supervisor);
        supervisor->restarts[(supervisor->restarts_first + supervisor->restarts_count) %
                             supervisor->restarts_capacity] = now_s;
        supervisor->restarts_count++;
        return (int64_t)supervisor->restarts_count <= supervisor->intensity;
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
        if (!cop__restart_is_allowed(supervisor)) {
                cop__report_child(supervisor, REPORT_SHUTDOWN, child,
                                  cop_build("reached_max_restart_intensity"));
                cop__child_gone(supervisor, child);
                return false;
        }
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
        return true;
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
