/*
 * application_master.c: the two processes behind each application that runs.
 *
 * The master is the group leader of all that is below it; whatever has it as such is killed when the
 * application ends. It waits for messages alone, so it can always be told something. The helper calls the
 * program's functions, which may take long and may crash, and is linked to the top supervisor, as whose
 * parent it ends it: an exit signal shutdown, and then it waits.
 *
 * Order     The start, its phases, {started, ...} to the controller. Then either the top process ends by
 *           itself, or the master is told to stop; a stop that comes while it starts waits in its mailbox.
 *           prep_stop, the tree, stop, what is left, and the master's exit, from which the controller
 *           learns that all of it is gone.
 */
#include "otp/application.h"

#include <coppice/memory.h>
#include <coppice/report.h>
#include <coppice/timer.h>

/* ---- the helper ---- */

struct helper {
        const struct cop_application
                *application; /* whose callbacks they are; NULL: there is none */
        cop_term module, argument, phases;
        cop_term state; /* kept; what the start said */
        cop_pid master, top;
};

/* A callback on its way through cop_try(). */
struct attempt {
        struct helper *helper;
        cop_term phase, argument; /* of a phase */
        cop_term result;
};

/* What catch makes of it in Erlang. */
static cop_term caught(void (*fn)(void *attempt), struct attempt *attempt)
{
        cop_term reason;

        switch (cop_try(fn, attempt, &reason)) {
        case COP_NORMAL:
                return cop_is_none(attempt->result) ? cop_build("undefined") : attempt->result;
        case COP_THROW:
                return reason;
        default:
                return cop_build("{'EXIT', Reason}", reason);
        }
}

static void call_start(void *attempt_)
{
        struct attempt *attempt = attempt_;
        const struct helper *h = attempt->helper;
        struct cop_start_options options = { .struct_size = sizeof(options), .link = true };

        if (h->application && h->application->start.fn)
                attempt->result = h->application->start.fn(cop_build("normal"), h->argument);
        else if (h->application && h->application->start.root)
                attempt->result = cop_server_try_start_with(h->application->start.root, h->argument,
                                                            &options);
        else
                cop_exit("{undef, [{Module, start, [normal, Argument], []}]}", h->module,
                         h->argument);
}

static void call_phase(void *attempt_)
{
        struct attempt *attempt = attempt_;
        const struct helper *h = attempt->helper;

        if (!h->application || !h->application->start_phase)
                cop_exit("{undef, [{Module, start_phase, [Phase, normal, Argument], []}]}",
                         h->module, attempt->phase, attempt->argument);
        attempt->result =
                h->application->start_phase(attempt->phase, cop_build("normal"), attempt->argument);
}

static void call_prep_stop(void *attempt_)
{
        struct attempt *attempt = attempt_;

        attempt->result = attempt->helper->application->prep_stop(attempt->helper->state);
}

static void call_stop(void *attempt_)
{
        struct attempt *attempt = attempt_;

        attempt->helper->application->stop(attempt->helper->state);
}

/* Returns true: it is up; else why not is in *reason. */
static bool start(struct helper *h, cop_term *reason)
{
        struct attempt attempt = { .helper = h };
        cop_term result = caught(call_start, &attempt), call, state = cop_nil();

        if (cop_match(result, "{ok, Pid}", &h->top) ||
            cop_match(result, "{ok, Pid, State}", &h->top, &state)) {
                h->state = cop_keep(state);
                return true;
        }
        call = cop_build("{Module, start, [normal, Argument]}", h->module, h->argument);
        if (cop_match(result, "{error, R}", reason))
                *reason = cop_build("{R, Call}", *reason, call);
        else if (cop_match(result, "{'EXIT', normal}"))
                *reason = cop_build("{{'EXIT', normal}, Call}", call);
        else
                *reason = cop_build("{bad_return, {Call, Result}}", call, result);
        return false;
}

static bool run_phase(struct helper *h, cop_term phase, cop_term argument, cop_term *reason)
{
        struct attempt attempt = { .helper = h, .phase = phase, .argument = argument };
        cop_term result = caught(call_phase, &attempt), call;

        if (cop_is(result, "ok"))
                return true;
        call = cop_build("{Module, start_phase, [Phase, normal, Argument]}", h->module, phase,
                         argument);
        if (cop_match(result, "{error, R}", reason))
                *reason = cop_build("{R, Call}", *reason, call);
        else
                *reason = cop_build("{bad_return_value, {Call, Result}}", call, result);
        return false;
}

static bool run_phases(struct helper *h, cop_term *reason)
{
        cop_term phase, argument;

        if (cop_is(h->phases, "undefined"))
                return true;
        COP_EACH (one, h->phases) {
                if (!cop_match(one, "{Phase, Argument}", &phase, &argument)) {
                        *reason = cop_build("{bad_phase, X}", one);
                        return false;
                }
                if (!run_phase(h, phase, argument, reason))
                        return false;
        }
        return true;
}

static void end_top(struct helper *h)
{
        cop_exit_to(h->top, "shutdown");
        cop_receive(COP_FOREVER, "{'EXIT', ^Top, _}", &h->top);
}

static void prep_stop(struct helper *h)
{
        struct attempt attempt = { .helper = h };
        cop_term result, reason;

        if (!h->application || !h->application->prep_stop)
                return;
        result = caught(call_prep_stop, &attempt);
        if (cop_match(result, "{'EXIT', Reason}", &reason))
                cop_report(COP_LEVEL_ERROR,
                           "#{label => {application_master, shutdown_error},"
                           "  report => [{Module, {prep_stop, [State]}}, {error_info, Reason}]}",
                           h->module, h->state, reason);
        else
                cop_replace(&h->state, result);
}

static void stop(struct helper *h)
{
        struct attempt attempt = { .helper = h };

        if (h->application && h->application->stop)
                caught(call_stop, &attempt);
}

/* Until the top process ends, or is to be ended. */
static COP_NORETURN void attend(struct helper *h)
{
        cop_term message, reason;

        for (;;) {
                message = cop_next_message();
                if (cop_is(message, "terminate")) {
                        prep_stop(h);
                        end_top(h);
                        stop(h);
                        cop_exit("normal");
                }
                if (cop_match(message, "{'EXIT', ^Top, Reason}", &h->top, &reason)) {
                        reason = cop_keep(reason);
                        prep_stop(h);
                        stop(h);
                        cop_exit_term(reason);
                }
        }
}

static void help(cop_term argument)
{
        struct helper h = { .application = NULL };
        cop_term reason = cop_nil();

        cop_trap_exits(true);
        cop_match(argument, "{Master, Module, Argument, Phases}", &h.master, &h.module, &h.argument,
                  &h.phases);
        h.application = cop__application_find(h.module);
        if (!start(&h, &reason)) {
                cop_send(h.master, "{start_failed, Reason}", reason);
                return;
        }
        cop_link(h.top);
        if (!run_phases(&h, &reason)) {
                end_top(&h);
                cop_send(h.master, "{start_failed, Reason}", reason);
                return;
        }
        cop_send(h.master, "{started, Top}", h.top);
        attend(&h);
}

/* ---- the master ---- */

struct master {
        cop_term name;
        cop_pid controller, helper;
        bool is_up, is_to_stop;
};

static bool kill_group(cop_pid leader)
{
        bool any = false;
        cop_ref ref;

        cop_scope {
                COP_EACH (member, cop_processes_of(leader)) {
                        cop_pid pid = cop_to_pid(member);

                        if (cop_same(pid, leader))
                                continue;
                        any = true;
                        ref = cop_monitor(pid);
                        cop_kill(pid);
                        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, _}", &ref);
                }
        }
        return any;
}

/* Those that are killed may just have made others. */
static void kill_all(cop_pid leader)
{
        while (kill_group(leader))
                ;
}

static COP_NORETURN void end_master(cop_term reason)
{
        reason = cop_keep(reason);
        kill_all(cop_self());
        cop_exit_term(reason);
}

static COP_NORETURN void fail_start(const struct master *m, cop_term reason)
{
        reason = cop_keep(reason);
        kill_all(cop_self());
        cop_cast(m->controller, "{start_failed, Name, Me, Reason}", m->name, cop_self(), reason);
        cop_exit("normal");
}

static void stop_if_up(struct master *m)
{
        if (m->is_up && m->is_to_stop)
                cop_send(m->helper, "terminate");
}

static void take(struct master *m, cop_term message)
{
        cop_term reason;
        cop_pid top;

        if (cop_match(message, "{started, Top}", &top)) {
                m->is_up = true;
                cop_cast(m->controller, "{started, Name, Me, Top}", m->name, cop_self(), top);
                stop_if_up(m);
        } else if (cop_match(message, "{start_failed, Reason}", &reason)) {
                fail_start(m, reason);
        } else if (cop_match(message, "{'EXIT', ^Helper, Reason}", &m->helper, &reason)) {
                if (!m->is_up)
                        fail_start(m, reason);
                end_master(reason);
        } else if (cop_is(message, "stop") || cop_match(message, "{'EXIT', _, shutdown}") ||
                   cop_match(message, "{'EXIT', ^Controller, _}", &m->controller)) {
                m->is_to_stop = true;
                stop_if_up(m);
        }
}

static void lead(cop_term argument)
{
        struct master m = { .is_up = false };
        cop_term for_helper, max_ms;

        cop_trap_exits(true);
        cop_set_group_leader(cop_self(), cop_self());
        cop_match(argument, "{Controller, Name, ForHelper, MaxT}", &m.controller, &m.name,
                  &for_helper, &max_ms);
        m.helper = cop_spawn(help,
                             cop_build("{Me, Module, Argument, Phases}", cop_self(),
                                       cop_element(for_helper, 0), cop_element(for_helper, 1),
                                       cop_element(for_helper, 2)),
                             .link = true, .group_leader = cop_self());
        if (cop_is_int(max_ms))
                cop_send_after(cop_to_int(max_ms), cop_self(), "stop");
        for (;;)
                take(&m, cop_next_message());
}

/* ---- for the controller ---- */

cop_pid cop__master_start(const struct loaded *application)
{
        cop_term module = cop_nil(), argument = cop_nil();

        cop_match(cop__application_key(application->keys, "mod"), "{Module, Argument}", &module,
                  &argument);
        return cop_spawn(lead,
                         cop_build("{Controller, Name, {Module, Argument, Phases}, MaxT}",
                                   cop_self(), application->name, module, argument,
                                   cop__application_key(application->keys, "start_phases"),
                                   cop__application_key(application->keys, "maxT")),
                         .link = true);
}

void cop__master_stop(cop_pid master)
{
        cop_send(master, "stop");
}

void cop__master_kill(cop_pid master)
{
        COP_EACH (member, cop_processes_of(master))
                cop_kill(cop_to_pid(member));
        cop_kill(master);
}
