/*
 * supervisor_stop.c: ending children.
 *
 * One child   monitor, ask (or kill), wait for its end as long as its shutdown allows, then kill.
 *             It stays linked meanwhile: if the supervisor is killed in the middle, so is the child.
 * Reason      A linked child's exit signal arrives before the monitor's message, and says the true
 *             reason where the monitor came too late and says noproc. Where there was no exit
 *             signal and the monitor found nobody, the child had unlinked itself.
 */
#include "otp/supervisor.h"

bool cop__is_good_end(const struct child *child, cop_term reason)
{
        if (child->shutdown_ms == SHUTDOWN_KILL ? cop_is(reason, "killed")
                                                : cop_is(reason, "shutdown"))
                return true;
        if (child->restart == COP_PERMANENT)
                return false;
        return cop__is_quiet(reason);
}

/* The link is gone when this returns, and so is the exit signal, if there was one. */
static cop_term true_reason(cop_pid pid, cop_term seen)
{
        cop_term reason;

        cop_unlink(pid);
        if (cop_receive(0, "{'EXIT', ^Pid, Reason}", &pid, &reason))
                return reason;
        return cop_is(seen, "noproc") ? cop_build("child_process_unlinked") : seen;
}

static cop_term stop_process(struct supervisor *supervisor, const struct child *child)
{
        cop_pid pid = child->pid;
        int64_t shutdown_ms = child->shutdown_ms;
        cop_ref ref = cop_monitor(pid);
        int64_t wait_ms = shutdown_ms == SHUTDOWN_KILL
                                  ? COP_FOREVER
                                  : cop__until_end_ms(supervisor,
                                                      shutdown_ms < 0 ? COP_FOREVER : shutdown_ms);
        cop_term reason;

        if (shutdown_ms == SHUTDOWN_KILL)
                cop_kill(pid);
        else
                cop_exit_to(pid, "shutdown");
        if (!cop_receive(wait_ms, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason)) {
                if (wait_ms != shutdown_ms)
                        cop__note_late(supervisor, child);
                cop_kill(pid);
                cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason);
        }
        return true_reason(pid, reason);
}

void cop__child_stop(struct supervisor *supervisor, const struct child *child)
{
        cop_term reason;

        if (child->state != CHILD_RUNNING)
                return;
        reason = stop_process(supervisor, child);
        if (!cop__is_good_end(child, reason))
                cop__report_child(supervisor, REPORT_SHUTDOWN_ERROR, child, reason);
}

void cop__children_stop(struct supervisor *supervisor, struct child *down_to)
{
        struct child *child, *older;

        for (child = supervisor->newest; child; child = older) {
                bool is_last = child == down_to;

                older = child->older;
                cop__child_stop(supervisor, child);
                cop__child_gone(supervisor, child);
                if (is_last)
                        return;
        }
}
