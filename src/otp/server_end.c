/*
 * server_end.c: how a server ends, and what is said about it.
 *
 * Order     terminate, the report of the error, the answer to who asked for the end, the crash
 *           report, exit. All of it happens in the process that ends, before anybody hears of its
 *           end; so a slow terminate delays the caller, who gets the answer all the same.
 * Reasons   normal, shutdown and {shutdown, _} are orderly and not reported. Where terminate itself
 *           fails, what it failed with becomes the reason, and is always reported.
 *
 * A process that faults or is killed does not come here: its state is not to be trusted, so no
 * code of it runs. A fault is reported in crash.c.
 */
#include "otp/server.h"

#include <coppice/containment.h>
#include <coppice/report.h>
#include <coppice/via.h>

bool cop__is_abnormal(cop_term reason)
{
        return !cop_is(reason, "normal") && !cop_is(reason, "shutdown") &&
               !cop_match(reason, "{shutdown, _}");
}

cop_term cop__name_of(cop_pid pid)
{
        cop_term name = cop_process_info(pid, "registered_name");

        return cop_is_atom(name) ? name : cop_pid_term(pid);
}

cop_term cop__server_name(const struct server *server)
{
        return cop_is_none(server->via) ? cop__name_of(cop_self()) : cop_element(server->via, 2);
}

static void leave_name(void *via)
{
        cop_unregister_via(*(cop_term *)via);
}

void cop__server_leave_name(struct server *server)
{
        cop_term reason;

        if (!cop_is_none(server->via))
                cop_try(leave_name, &server->via, &reason);
}

/* ---- what people may see ---- */

struct viewing {
        struct server *server;
        cop_term message, reason;
        cop_term status;
};

static void view(void *argument)
{
        struct viewing *viewing = argument;
        const struct cop_module *module = viewing->server->module;
        void *state = state_of(viewing->server);

        viewing->status = cop_build("#{state => S, message => M, reason => R}", module->show(state),
                                    viewing->message, viewing->reason);
        viewing->status = module->format_status(state, viewing->status);
}

/* A map with state, message and reason. A callback that fails shows nothing rather than too much. */
cop_term cop__server_status(struct server *server, cop_term message, cop_term reason)
{
        struct viewing viewing = { server, message, reason, COP_NONE };
        cop_term error;

        if (cop_try(view, &viewing, &error) != COP_NORMAL || !cop_is_map(viewing.status))
                return cop_build("#{state => {format_status, failed}, message => M, reason => R}",
                                 message, reason);
        return viewing.status;
}

/* ---- reports ---- */

static cop_term field(cop_term status, const char *key, cop_term otherwise)
{
        return cop_map_get(status, cop_atom(key), otherwise);
}

/* As it would look in Erlang: casts are wrapped. */
static cop_term last_message(const struct turn *turn)
{
        return turn->which == COP__HANDLE_CAST ? cop_build("{'$gen_cast', M}", turn->message)
                                               : turn->message;
}

/* Who called: {Pid, {Name, Stack}} or {Pid, dead}; undefined where nobody did. A stack of C is its
 * process's own business, so it is empty. */
static cop_term client_of(const struct turn *turn)
{
        cop_term name;

        if (cop_is_nobody(turn->from.pid))
                return cop_build("undefined");
        name = cop_process_info(turn->from.pid, "registered_name");
        if (cop_is_none(name))
                return cop_build("{Pid, dead}", turn->from.pid);
        return cop_build("{Pid, {Name, []}}", turn->from.pid,
                         cop_is_atom(name) ? name : cop_pid_term(turn->from.pid));
}

static void report_error(struct turn *turn, cop_term reason, cop_term backtrace)
{
        const struct cop_behaviour *behaviour = turn->server->module->behaviour;
        cop_term status, client, message;

        if (!cop_is_reported(COP_LEVEL_ERROR))
                return;
        if (behaviour && behaviour->report_end) {
                behaviour->report_end(state_of(turn->server), reason);
                return;
        }
        message = last_message(turn);
        status = cop__server_status(turn->server, message, reason);
        client = client_of(turn);
        cop_report(COP_LEVEL_ERROR,
                   "#{label => {gen_server, terminate}, name => Name, module => Module,"
                   "  last_message => Message, client_info => Client, state => State,"
                   "  state_type => Type, reason => Reason, backtrace => Backtrace}",
                   cop__server_name(turn->server), cop_atom(turn->server->module->name),
                   field(status, "message", message), client, field(status, "state", cop_nil()),
                   turn->server->module->state_type, field(status, "reason", reason), backtrace);
}

/* ---- the end ---- */

struct last_turn {
        struct server *server;
        cop_term reason;
};

static void terminate(void *argument)
{
        struct last_turn *last = argument;

        last->server->module->terminate(state_of(last->server), last->reason);
}

COP_NORETURN void cop__server_end(struct turn *turn, struct ending ending)
{
        struct server *server = turn->server;
        struct last_turn last = { server, ending.reason };
        cop_term failure, backtrace = cop_backtrace(); /* which terminate may lose */
        enum cop_class class = cop_try(terminate, &last, &failure);
        bool failed = class == COP_ERROR || class == COP_EXIT;

        if (failed) {
                ending.reason = failure;
                backtrace = cop_backtrace();
        }
        if (failed || cop__is_abnormal(ending.reason))
                report_error(turn, ending.reason, backtrace);
        if (!cop_is_none(ending.answer))
                cop_answer_term(turn->from, ending.answer);
        cop__crash_report(server->module, ending.reason, backtrace);
        cop_exit_term(ending.reason);
}

COP_NORETURN void cop__server_fail_start(struct server *server, cop_term reason)
{
        cop__server_leave_name(server);
        cop__crash_report(server->module, reason, cop_backtrace());
        cop_exit_term(reason);
}
