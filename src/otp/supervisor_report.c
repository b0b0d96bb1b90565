/*
 * supervisor_report.c: OTP's supervisor reports, as terms.
 */
#include "otp/supervisor.h"

static const char *const kind_names[] = {
        [REPORT_START_ERROR] = "start_error",
        [REPORT_CHILD_TERMINATED] = "child_terminated",
        [REPORT_SHUTDOWN_ERROR] = "shutdown_error",
        [REPORT_SHUTDOWN] = "shutdown",
};

/* The facts of a child behind the first, which says what process it is about. */
static cop_term describe(const struct child *child, cop_term first)
{
        return cop_build("[First, {id, Id}, {mfargs, Start}, {restart_type, Restart},"
                         " {significant, Significant}, {shutdown, Shutdown}, {child_type, Type}]",
                         first, child->id, cop__start_show(child),
                         cop__restart_show(child->restart), child->significant,
                         cop__shutdown_show(child->shutdown_ms),
                         cop_atom(child->is_supervisor ? "supervisor" : "worker"));
}

static cop_term pid_show(const struct child *child)
{
        cop_term undefined = cop_build("undefined");

        if (child->state == CHILD_RUNNING)
                return cop_pid_term(child->pid);
        if (child->state == CHILD_RESTARTING)
                return cop_build("{restarting, Pid}",
                                 cop_is_nobody(child->pid) ? undefined : cop_pid_term(child->pid));
        return undefined;
}

void cop__report_started(const struct supervisor *supervisor, const struct child *child,
                         cop_pid pid, enum cop_level level)
{
        if (!cop_is_reported(level))
                return;
        cop_report(level,
                   "#{label => {supervisor, progress},"
                   "  report => [{supervisor, Name}, {started, Child}]}",
                   supervisor->name, describe(child, cop_build("{pid, Pid}", pid)));
}

static void report(const struct supervisor *supervisor, enum report_kind kind, cop_term reason,
                   cop_term child)
{
        cop_report(COP_LEVEL_ERROR,
                   "#{label => {supervisor, Kind}, report => [{supervisor, Name},"
                   "  {errorContext, Kind}, {reason, Reason}, {offender, Child}]}",
                   cop_atom(kind_names[kind]), supervisor->name, reason, child);
}

void cop__report_child(const struct supervisor *supervisor, enum report_kind kind,
                       const struct child *child, cop_term reason)
{
        if (cop_is_reported(COP_LEVEL_ERROR))
                report(supervisor, kind, reason,
                       describe(child, cop_build("{pid, Pid}", pid_show(child))));
}

void cop__report_children(const struct supervisor *supervisor, const struct child *like,
                          size_t number, cop_term reason)
{
        if (cop_is_reported(COP_LEVEL_ERROR))
                report(supervisor, REPORT_SHUTDOWN_ERROR, reason,
                       describe(like, cop_build("{nb_children, N}", number)));
}

void cop__report_deadline(const struct supervisor *supervisor, int64_t deadline_ms, cop_term late)
{
        cop_report(COP_LEVEL_ERROR,
                   "#{label => {supervisor, shutdown_deadline}, supervisor => Name,"
                   "  deadline_ms => Ms, killed => Late}",
                   supervisor->name, deadline_ms, late);
}

void cop__report_unexpected(const struct supervisor *supervisor, cop_term message)
{
        cop_report(COP_LEVEL_ERROR,
                   "#{label => {supervisor, unexpected}, supervisor => Name, message => Message}",
                   supervisor->name, message);
}
