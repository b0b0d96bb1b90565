/*
 * supervisor.c: a supervisor is a server with these callbacks.
 *
 * Start     Flags and all child specifications are checked before the first child is started. If
 *           one does not start, those that did are ended, newest first, and so is the supervisor.
 * Requests  Served one at a time; while a child starts or ends the others wait.
 * Deaths    Come as exit signals, which a supervisor always traps. One of a process that is no child
 *           means nothing; the parent's ends the supervisor, as it ends any server.
 */
#include "otp/supervisor.h"
#include "otp/server.h"

#include <coppice/memory.h>

_Static_assert(sizeof(struct supervisor) <= COP__SUPERVISOR_SIZE, "it fits into its place");

/* ---- start ---- */

const struct cop_module *cop__supervisor_module(struct supervisor *supervisor)
{
        return server_of(supervisor)->module;
}

cop_term cop__supervisor_name(void *state)
{
        const struct server *server = server_of(state);
        cop_term name = cop__name_of(cop_self());

        if (!cop_is_none(server->via))
                return server->via;
        return cop_is_atom(name) ? cop_build("{local, Name}", name)
                                 : cop_build("{Pid, Module}", name, cop_atom(server->module->name));
}

static cop_next start_static(struct supervisor *supervisor, cop_term specs)
{
        cop_term wrong, reason;
        struct child *failed;

        wrong = cop__is_proper_list(specs)
                        ? cop__specs_add(supervisor, specs, (int)supervisor->auto_shutdown)
                        : cop_build("{invalid_child_specs, X}", specs);
        if (!cop_is_none(wrong))
                return cop_end("{start_spec, E}", wrong);
        failed = cop__children_start(supervisor, supervisor->oldest, &reason);
        if (!failed)
                return cop_ok();
        /* Kept, because the id is the child's, which may be gone afterwards. */
        reason = cop_keep(
                cop_build("{shutdown, {failed_to_start_child, Id, R}}", failed->id, reason));
        cop__children_stop(supervisor, NULL);
        return cop_end("R", reason);
}

static cop_next start_simple(struct supervisor *supervisor, cop_term specs)
{
        cop_term wrong, spec;

        if (!cop_match(specs, "[Spec]", &spec))
                return cop_end("{bad_start_spec, X}", specs);
        wrong = cop__specs_add(supervisor, specs, (int)supervisor->auto_shutdown);
        if (!cop_is_none(wrong))
                return cop_end("{start_spec, E}", wrong);
        return cop_ok();
}

cop_next cop__supervisor_init(void *state, cop_term argument)
{
        struct supervisor *supervisor = state;
        const struct cop_module *module = cop__supervisor_module(supervisor);
        cop_term wanted, flags, specs, wrong;

        cop_trap_exits(true);
        wanted = module->supervise(argument);
        if (cop_is(wanted, "ignore"))
                return cop_ignore();
        if (!cop_match(wanted, "{ok, {Flags, Specs}}", &flags, &specs))
                return cop_end("{bad_return, {Module, init, X}}", cop_atom(module->name), wanted);
        wrong = cop__flags_check(flags, supervisor);
        if (!cop_is_none(wrong))
                return cop_end("{supervisor_data, E}", wrong);
        supervisor->name = cop_keep(cop__supervisor_name(supervisor));
        return is_simple(supervisor) ? start_simple(supervisor, specs)
                                     : start_static(supervisor, specs);
}

/* ---- requests ---- */

static cop_term already_there(const struct child *child)
{
        if (child->state == CHILD_RUNNING)
                return cop_build("{error, {already_started, Pid}}", child->pid);
        return cop_build("{error, already_present}");
}

/* As it stands in an error: OTP's own record. */
static cop_term record(const struct child *child)
{
        return cop_build("{child, undefined, Id, Start, Restart, Significant, Shutdown, Type,"
                         " Modules}",
                         child->id, cop__start_show(child), cop__restart_show(child->restart),
                         child->significant, cop__shutdown_show(child->shutdown_ms),
                         cop_atom(child->is_supervisor ? "supervisor" : "worker"), child->modules);
}

static void add_started(struct supervisor *supervisor, struct child *child,
                        struct start_result result)
{
        if (child->restart == COP_TEMPORARY) {
                if (result.outcome == START_IGNORED)
                        return;
                child->arguments = COP_NONE;
        }
        if (result.outcome != START_IGNORED) {
                child->state = CHILD_RUNNING;
                child->pid = result.pid;
        }
        cop__child_add(supervisor, child);
}

static cop_term start_child(struct supervisor *supervisor, cop_term spec)
{
        struct child *known, child;
        struct start_result result;
        cop_term wrong = cop__spec_check(spec, (int)supervisor->auto_shutdown, &child);

        if (!cop_is_none(wrong))
                return cop_build("{error, E}", wrong);
        known = cop__child_find(supervisor, child.id);
        if (known)
                return already_there(known);
        result = cop__child_start(supervisor, &child, COP_LEVEL_DEBUG);
        if (result.outcome == START_FAILED && cop_match(result.term, "{already_started, _}"))
                return cop_build("{error, R}", result.term);
        if (result.outcome == START_FAILED)
                return cop_build("{error, {R, Child}}", result.term, record(&child));
        add_started(supervisor, &child, result);
        return cop__start_answer(result);
}

static cop_term terminate_child(struct supervisor *supervisor, cop_term id)
{
        struct child *child = cop__child_find(supervisor, id);

        if (!child)
                return cop_build("{error, not_found}");
        cop__child_stop(supervisor, child);
        cop__child_gone(supervisor, child);
        return cop_build("ok");
}

/* What keeps it from being started or deleted by hand; COP_NONE: nothing. */
static cop_term not_stopped(const struct child *child)
{
        if (!child)
                return cop_build("{error, not_found}");
        if (child->state == CHILD_RUNNING)
                return cop_build("{error, running}");
        if (child->state == CHILD_RESTARTING)
                return cop_build("{error, restarting}");
        return COP_NONE;
}

static cop_term restart_child(struct supervisor *supervisor, cop_term id)
{
        struct child *child = cop__child_find(supervisor, id);
        cop_term wrong = not_stopped(child);
        struct start_result result;

        if (!cop_is_none(wrong))
                return wrong;
        result = cop__child_start(supervisor, child, COP_LEVEL_DEBUG);
        if (result.outcome == START_DONE || result.outcome == START_DONE_INFO)
                cop__child_set(supervisor, child, CHILD_RUNNING, result.pid);
        return cop__start_answer(result);
}

static cop_term delete_child(struct supervisor *supervisor, cop_term id)
{
        struct child *child = cop__child_find(supervisor, id);
        cop_term wrong = not_stopped(child);

        if (!cop_is_none(wrong))
                return wrong;
        cop__child_remove(supervisor, child);
        return cop_build("ok");
}

static cop_term get_childspec(const struct supervisor *supervisor, cop_term id)
{
        const struct child *child = cop__child_find(supervisor, id);

        return child ? cop_build("{ok, Spec}", cop__spec_show(child))
                     : cop_build("{error, not_found}");
}

static cop_term show_child(const struct child *child)
{
        cop_term pid = cop_build("undefined");

        if (child->state == CHILD_RUNNING)
                pid = cop_pid_term(child->pid);
        else if (child->state == CHILD_RESTARTING)
                pid = cop_build("restarting");
        return cop_build("{Id, Pid, Type, Modules}", child->id, pid,
                         cop_atom(child->is_supervisor ? "supervisor" : "worker"), child->modules);
}

static cop_term which_children(const struct supervisor *supervisor)
{
        cop_term list = cop_nil();
        const struct child *child;

        for (child = supervisor->oldest; child; child = child->newer)
                list = cop_cons(show_child(child), list);
        return list;
}

static cop_term which_child(const struct supervisor *supervisor, cop_term id)
{
        const struct child *child = cop__child_find(supervisor, id);

        return child ? cop_build("{ok, Child}", show_child(child))
                     : cop_build("{error, not_found}");
}

static cop_term count_children(const struct supervisor *supervisor)
{
        size_t active = 0, supervisors = 0;
        const struct child *child;

        for (child = supervisor->oldest; child; child = child->newer) {
                active += child->state == CHILD_RUNNING && cop_is_alive(child->pid);
                supervisors += child->is_supervisor;
        }
        return cop_build("[{specs, N}, {active, A}, {supervisors, S}, {workers, W}]",
                         supervisor->count, active, supervisors, supervisor->count - supervisors);
}

cop_next cop__supervisor_call(void *state, cop_term request, cop_from from)
{
        struct supervisor *supervisor = state;
        cop_term part;

        if (supervisor->is_dynamic)
                return cop__dynamic_call(supervisor, request);
        if (is_simple(supervisor))
                return cop__simple_call(supervisor, request);
        if (cop_match(request, "{start_child, Spec}", &part))
                return cop_reply(start_child(supervisor, part));
        if (cop_match(request, "{terminate_child, Id}", &part))
                return cop_reply(terminate_child(supervisor, part));
        if (cop_match(request, "{restart_child, Id}", &part))
                return cop_reply(restart_child(supervisor, part));
        if (cop_match(request, "{delete_child, Id}", &part))
                return cop_reply(delete_child(supervisor, part));
        if (cop_match(request, "{get_childspec, Id}", &part))
                return cop_reply(get_childspec(supervisor, part));
        if (cop_match(request, "{which_child, Id}", &part))
                return cop_reply(which_child(supervisor, part));
        if (cop_match(request, "which_children"))
                return cop_reply(which_children(supervisor));
        if (cop_match(request, "count_children"))
                return cop_reply(count_children(supervisor));
        return cop_no_clause();
}

/* ---- deaths ---- */

static cop_next go_on_if(bool good)
{
        return good ? cop_noreply() : cop_end("shutdown");
}

cop_next cop__supervisor_cast(void *state, cop_term request)
{
        struct supervisor *supervisor = state;
        struct child *child;
        cop_term id;

        if (!cop_match(request, "{try_again_restart, Id}", &id))
                return supervisor->is_dynamic ? cop_noreply() : cop_no_clause();
        if (is_crowd(supervisor))
                return go_on_if(cop__crowd_try_again(supervisor, id));
        child = cop__child_find(supervisor, id);
        return go_on_if(!child || child->state != CHILD_RESTARTING ||
                        cop__child_restart(supervisor, child));
}

cop_next cop__supervisor_info(void *state, cop_term message)
{
        struct supervisor *supervisor = state;
        struct child *child;
        cop_term reason;
        cop_pid pid;

        if (cop__is_put_off(supervisor, message))
                return cop_noreply();
        if (!cop_match(message, "{'EXIT', Pid, Reason}", &pid, &reason)) {
                cop__report_unexpected(supervisor, message);
                return cop_noreply();
        }
        if (is_crowd(supervisor))
                return go_on_if(cop__crowd_died(supervisor, pid, reason));
        child = cop__child_find_pid(supervisor, pid);
        return go_on_if(!child || cop__child_died(supervisor, child, reason));
}

cop_next cop__supervisor_continue(void *state, cop_term what)
{
        return cop_noreply();
}

void cop__supervisor_terminate(void *state, cop_term reason)
{
        struct supervisor *supervisor = state;

        cop__end_begins(supervisor);
        if (is_crowd(supervisor))
                cop__crowd_stop(supervisor);
        else
                cop__children_stop(supervisor, NULL);
        cop__report_late(supervisor);
}

/* ---- for people ---- */

cop_term cop__supervisor_show(void *state)
{
        struct supervisor *supervisor = state;
        size_t children = is_crowd(supervisor) ? cop__crowd_size(supervisor) : supervisor->count;

        return cop_build("#{name => Name, intensity => I, period => P, restarts => R,"
                         "  children => N}",
                         supervisor->name, supervisor->intensity, supervisor->period_s,
                         supervisor->restarts.count, children);
}

void cop__supervisor_restore(void *state, cop_term shown)
{
        cop_error("not_supported");
}

cop_term cop__supervisor_format_status(void *state, cop_term status)
{
        return status;
}
