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
 * code of it runs.
 */
#include "otp/server.h"

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

static void report_error(struct turn *turn, cop_term reason)
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
                   "  state_type => Type, reason => Reason}",
                   cop__server_name(turn->server), cop_atom(turn->server->module->name),
                   field(status, "message", message), client, field(status, "state", cop_nil()),
                   turn->server->module->state_type, field(status, "reason", reason));
}

static cop_term fact(const char *item)
{
        cop_term fact = cop_process_info(cop_self(), item);

        return cop_is_none(fact) ? cop_build("undefined") : fact;
}

/* [Parent, Grandparent, ...], by name where they have one; the dead know no more. */
static cop_term ancestors(void)
{
        cop_term list = cop_nil();
        cop_pid pid = cop_parent();
        int depth = 0;

        while (!cop_is_nobody(pid) && depth++ < 64) {
                cop_term parent = cop_process_info(pid, "parent");

                list = cop_cons(cop__name_of(pid), list);
                if (cop_is_none(parent) || !cop_is_pid(parent))
                        break;
                pid = cop_to_pid(parent);
        }
        return cop_reverse(list);
}

/* What a crash report says of any process; of another one as far as that is known at once. */
static cop_term facts_of(cop_pid pid)
{
        static const char *const items[] = { "message_queue_len", "links", "trap_exit", "status",
                                             "reductions" };
        cop_term facts = cop_nil(), name = cop_process_info(pid, "registered_name");
        size_t i = sizeof(items) / sizeof(items[0]);

        while (i-- > 0) {
                cop_term fact = cop_process_info(pid, items[i]);

                if (!cop_is_none(fact))
                        facts = cop_cons(cop_build("{Item, Fact}", cop_atom(items[i]), fact),
                                         facts);
        }
        return cop_build("[{pid, Pid}, {registered_name, Name} | Facts]", pid, name, facts);
}

enum { NEIGHBOURS_MOST = 15 };

/* Whom it takes along: who is linked to it, or to such a one, and does not trap exits. */
static cop_term neighbours(void)
{
        cop_term found = cop_nil(), queue = cop_build("[Me]", cop_self());
        cop_term seen = queue, trap;
        int count = 0;

        while (!cop_is_nil(queue) && count < NEIGHBOURS_MOST) {
                cop_term links = cop_process_info(cop_to_pid(cop_head(queue)), "links");

                queue = cop_tail(queue);
                if (cop_is_none(links) || !cop_is_list(links))
                        continue; /* it has ended, or is too busy to say */
                COP_EACH (link, links) {
                        if (!cop_is_pid(link) || cop_is_member(link, seen) ||
                            count == NEIGHBOURS_MOST)
                                continue;
                        seen = cop_cons(link, seen);
                        trap = cop_process_info(cop_to_pid(link), "trap_exit");
                        if (cop_is(trap, "timeout"))
                                return cop_reverse(found); /* one wait is enough */
                        if (!cop_is(trap, "false"))
                                continue;
                        found = cop_cons(facts_of(cop_to_pid(link)), found);
                        queue = cop_cons(link, queue);
                        count++;
                }
        }
        return cop_reverse(found);
}

static void report_crash(struct server *server, cop_term reason)
{
        if (!cop__is_abnormal(reason) || !cop_is_reported(COP_LEVEL_ERROR))
                return;
        cop_report(COP_LEVEL_ERROR,
                   "#{label => {proc_lib, crash},"
                   "  report => [[{initial_call, {Module, init, 1}}, {pid, Pid},"
                   "    {registered_name, Name}, {error_info, {exit, Reason, []}},"
                   "    {ancestors, Ancestors}, {process_label, Label},"
                   "    {message_queue_len, Queue}, {links, Links}, {dictionary, Dictionary},"
                   "    {trap_exit, Trap}, {status, running}, {reductions, Reductions}],"
                   "    Neighbours]}",
                   cop_atom(server->module->name), cop_self(), fact("registered_name"), reason,
                   ancestors(), fact("label"), fact("message_queue_len"), fact("links"),
                   fact("dictionary"), fact("trap_exit"), fact("reductions"), neighbours());
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
        cop_term failure;
        enum cop_class class = cop_try(terminate, &last, &failure);
        bool failed = class == COP_ERROR || class == COP_EXIT;

        if (failed)
                ending.reason = failure;
        if (failed || cop__is_abnormal(ending.reason))
                report_error(turn, ending.reason);
        if (!cop_is_none(ending.answer))
                cop_answer_term(turn->from, ending.answer);
        report_crash(server, ending.reason);
        cop_exit_term(ending.reason);
}

COP_NORETURN void cop__server_fail_start(struct server *server, cop_term reason)
{
        cop__server_leave_name(server);
        report_crash(server, reason);
        cop_exit_term(reason);
}
