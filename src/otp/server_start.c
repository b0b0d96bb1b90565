/*
 * server_start.c: starting a server, from both sides.
 *
 * A start is a call. The starter makes the process with a call of its own as first message, {Module,
 * Linked, Name, Argument}; the new process takes the name, runs init, and answers ok. So the call's
 * own rules do most of what OTP's start protocol asks for: a process that dies in init makes the
 * call fail with its exit reason, and not before it is dead; a timeout is the call's; nothing ends
 * up in the starter's mailbox.
 *
 * Order     The name is taken before init, so messages to it wait until init is done. A start that
 *           fails returns when the process is dead, its name free, and its exit signal taken out of
 *           the mailbox of a starter that traps exits. One that does not trap dies of that signal
 *           while it waits.
 */
#include "otp/server.h"

#include <coppice/memory.h>
#include <coppice/via.h>

/* ---- the new process ---- */

struct naming {
        cop_term name; /* an atom, or a via */
        bool taken;
};

static void take_name(void *argument)
{
        struct naming *naming = argument;

        if (cop_is_atom(naming->name))
                cop_register(cop_to_atom_text(naming->name), cop_self());
        else
                naming->taken = !cop_register_via(naming->name);
}

/* Somebody else was faster. */
static COP_NORETURN void refuse_start(cop_from from, cop_term name)
{
        cop_answer(from, "{error, {already_started, Pid}}", cop_find(name));
        cop_exit("normal");
}

/* Does not return where the name cannot be had. */
static void be_called(struct server *server, cop_from from, cop_term name)
{
        struct naming naming = { .name = name };
        cop_term reason;

        if (cop_is_nil(name))
                return;
        if (cop_try(take_name, &naming, &reason) != COP_NORMAL) {
                if (!cop_is_atom(name))
                        cop__server_fail_start(server, reason);
                naming.taken = true;
        }
        if (naming.taken)
                refuse_start(from, name);
        if (!cop_is_atom(name))
                server->via = cop_keep(name);
}

static COP_NORETURN void answer_and_exit(struct server *server, cop_from from, cop_term answer)
{
        cop__server_leave_name(server);
        cop_answer_term(from, answer);
        cop_exit("normal");
}

static void init_done(struct turn *turn, cop_from from)
{
        cop_term wrong = cop__server_judge(turn);

        if (!cop_is_none(wrong))
                cop__server_fail_start(turn->server, wrong);
        switch (next_kind(turn->next)) {
        case COP__NEXT_STOP:
                cop__server_fail_start(turn->server, cop__next_term(turn->next));
        case COP__NEXT_IGNORE:
                answer_and_exit(turn->server, from, cop_build("ignore"));
        case COP__NEXT_ERROR:
                answer_and_exit(turn->server, from,
                                cop_build("{error, R}", cop__next_term(turn->next)));
        default:
                break;
        }
}

void cop__server_start(struct server *server, const struct cop_message *message)
{
        struct turn turn = { .server = server, .which = COP__INIT };
        cop_from from = message->from;
        cop_term name, reason;
        uint64_t address;
        bool linked;

        if (!cop_match(message->term, "{Address, Linked, Name, Argument}", &address, &linked, &name,
                       &turn.term))
                cop_error("badarg");
        server->module = (const struct cop_module *)(uintptr_t)address;
        server->timeout_ms = COP_FOREVER;
        if (linked)
                server->parent = cop_parent();
        turn.message = turn.term;
        be_called(server, from, name);
        if (cop__server_call_back(&turn, &reason) != COP_NORMAL)
                cop__server_fail_start(server, reason);
        init_done(&turn, from);
        cop_answer(from, "ok");
        cop__server_obey(&turn);
}

/* ---- who starts it ---- */

/* Returns when the process is dead. */
static void wait_for_end(cop_pid pid)
{
        cop_term reason;

        while (cop_try_call_term(&reason, COP_FOREVER, COP__TO(pid), COP_SYSTEM,
                                 cop_build("'$end'")))
                ;
}

/* The exit signal of a process that did not start, if this one traps exits: it is not for the
 * program to see. */
static void forget_link(cop_pid pid, cop_term *reason)
{
        cop_term exit;

        cop_unlink(pid);
        if (cop_receive(0, "{'EXIT', ^Pid, Reason}", &pid, &exit) && cop_is(*reason, "noproc"))
                *reason = exit;
}

/* The result of a start that failed: `answered`, or the call failed with this reason. */
static cop_term failed(cop_pid pid, bool answered, cop_term reason,
                       const struct cop_start_options *options)
{
        if (!answered && cop_is(reason, "timeout") && cop_is_alive(pid)) {
                if (options->link)
                        cop_unlink(pid);
                cop_kill(pid);
        }
        wait_for_end(pid);
        if (options->link)
                forget_link(pid, &reason);
        if (options->monitor)
                cop_demonitor_flush(*options->monitor);
        return answered ? reason : cop_build("{error, Reason}", reason);
}

struct start_call {
        const struct cop_module *module;
        const struct cop_start_options *options;
        cop_term name, argument;
        cop_pid pid;
        cop_term answer;
        bool answered;
};

static void call_start(struct start_call *call)
{
        const struct cop_start_options *options = call->options;
        struct cop_spawn_options spawn = { .struct_size = sizeof(spawn) };

        if (options->spawn)
                spawn = *options->spawn;
        spawn.name = NULL;
        spawn.link = options->link;
        spawn.monitor = options->monitor;
        call->answered = cop_call_new_handler(
                &call->module->handler,
                cop_build("{Module, Linked, Name, Argument}", (uint64_t)(uintptr_t)call->module,
                          options->link, call->name, call->argument),
                options->timeout_ms > 0 ? options->timeout_ms : COP_FOREVER, &spawn, &call->pid,
                &call->answer);
}

/* An atom, or a via; []: none. */
static cop_term name_of(const struct cop_start_options *options)
{
        cop_term module, name;

        if (options->name)
                return cop_atom(options->name);
        if (cop_is_none(options->via))
                return cop_nil();
        if (!cop_match(options->via, "{via, Module, Name}", &module, &name) || !cop_is_atom(module))
                cop_error("badarg");
        return options->via;
}

cop_term cop_server_try_start_with(const struct cop_module *module, cop_term argument,
                                   const struct cop_start_options *options)
{
        struct start_call call = {
                .module = module,
                .options = options,
                .name = name_of(options),
                .argument = argument,
        };
        cop_pid known = { 0 };

        if (!cop_is_nil(call.name))
                known = cop_find(call.name);
        if (!cop_is_nobody(known) && (cop_is_atom(call.name) || cop_is_alive(known)))
                return cop_build("{error, {already_started, Pid}}", known);

        call_start(&call);
        if (call.answered && cop_is(call.answer, "ok"))
                return cop_build("{ok, Pid}", call.pid);
        return failed(call.pid, call.answered, call.answer, options);
}

cop_pid cop_server_start_with(const struct cop_module *module, cop_term argument,
                              const struct cop_start_options *options)
{
        cop_term result = cop_server_try_start_with(module, argument, options);
        cop_pid pid = { 0 };
        cop_term reason;

        if (cop_match(result, "{error, Reason}", &reason))
                cop_exit_term(reason);
        cop_match(result, "{ok, Pid}", &pid);
        return pid;
}

void cop_server_stop_term(struct cop__to to, cop_term reason, int64_t timeout_ms)
{
        cop_term how;

        /* It never answers: it ends, and that is what the call fails with. */
        cop_try_call_term(&how, timeout_ms, to, COP_SYSTEM, cop_build("{terminate, R}", reason));
        if (!cop_equal(how, reason))
                cop_exit("{How, {sys, terminate, [To, Reason, Timeout]}}", how, cop__to_show(to),
                         reason, cop__timeout_show(timeout_ms));
}
