/*
 * Runs a script of state machines, and prints what came of each operation, as
 * tests/conformance/machines/run.escript does in Erlang; README.md there says what the operations are.
 *
 *     otp_machine_script FILE.script [SEED]       with a seed: simulated
 */
#include <coppice.h>

#include <stdio.h>

#include "support/script.h"

enum { SLOTS = 3 };

static cop_pid runner, machine;
static struct {
        cop_ref request;
        bool open;
} slots[SLOTS];

/* ---- what came of it, without what cannot be equal ---- */

static cop_term canon(cop_term reason)
{
        cop_term first, second;

        if (cop_match(reason, "{bad_state_enter_return_from_state_function, {_, S}}", &first))
                return cop_build("{bad_state_enter_return_from_state_function, S}", first);
        if (cop_match(reason, "{R, {sys, _, _}}", &first))
                return canon(first);
        if (cop_match(reason, "{A, B}", &first, &second) && cop_is_list(second))
                return cop_build("{A, stack}", canon(first));
        return reason;
}

static void tell(cop_term what)
{
        cop_send(runner, "{told, What}", what);
}

/* ---- the machine ---- */

struct seen {
        int64_t events;
        cop_term enters; /* kept */
};

static cop_term replied(cop_term action, const struct cop_event *e)
{
        cop_term answer;

        if (e->kind == COP_ON_CALL && cop_match(action, "{reply, from, X}", &answer))
                return cop_build("{reply, From, X}", cop_from_term(e->from), answer);
        return action;
}

static cop_term with_from(cop_term what, const struct cop_event *e)
{
        cop_term kind, more, actions, list = cop_nil();
        bool pair = cop_match(what, "{Kind, Actions}", &kind, &actions);

        if (!pair && !cop_match(what, "{Kind, More, Actions}", &kind, &more, &actions))
                return what;
        if (!cop_is_list(actions))
                return what;
        COP_EACH (action, actions)
                list = cop_cons(replied(action, e), list);
        list = cop_reverse(list);
        return pair ? cop_build("{Kind, As}", kind, list)
                    : cop_build("{Kind, More, As}", kind, more, list);
}

static cop_next act(struct cop_event *e, cop_term what)
{
        cop_term value;

        if (cop_match(what, "{error, E}", &value))
                cop_error("E", value);
        if (cop_match(what, "{exit, R}", &value))
                cop_exit_term(value);
        if (cop_match(what, "{throw, V}", &value))
                cop_throw_term(value);
        return cop_statem_returned(e, with_from(what, e));
}

static cop_next init(struct seen *s, struct cop_event *e)
{
        cop_term what, enters;

        cop_match(e->term, "{What, Enters}", &what, &enters);
        s->enters = cop_keep(enters);
        return act(e, what);
}

static cop_term type_of(const struct cop_event *e)
{
        static const char *const types[] = {
                [COP_ON_CALL] = "call",
                [COP_ON_CAST] = "cast",
                [COP_ON_INFO] = "info",
                [COP_ON_INTERNAL] = "internal",
                [COP_ON_EVENT_TIMEOUT] = "timeout",
                [COP_ON_STATE_TIMEOUT] = "state_timeout",
        };

        if (e->kind == COP_ON_TIMEOUT)
                return cop_build("{timeout, Name}", e->name);
        return cop_atom(types[e->kind]);
}

static cop_term value_of(cop_term key, cop_term list)
{
        COP_EACH (pair, list)
                if (cop_equal(cop_element(pair, 0), key))
                        return cop_element(pair, 1);
        return cop_build("keep_state");
}

static cop_next handle(struct seen *s, struct cop_event *e)
{
        cop_term number, acts;

        s->events++;
        if (e->kind == COP_ON_ENTER) {
                tell(cop_build("{State, enter, Old}", e->state, e->term));
                return act(e, value_of(e->state, s->enters));
        }
        if (!cop_match(e->term, "{N, Acts}", &number, &acts))
                return cop_no_clause();
        tell(cop_build("{State, Type, N}", e->state, type_of(e), number));
        return act(e, value_of(e->state, acts));
}

static cop_next a(struct seen *s, struct cop_event *e)
{
        return handle(s, e);
}

static cop_next b(struct seen *s, struct cop_event *e)
{
        return handle(s, e);
}

static cop_next c(struct seen *s, struct cop_event *e)
{
        return handle(s, e);
}

static void terminate(struct seen *s, cop_term state, cop_term reason)
{
        tell(cop_build("{terminate, State, Reason}", state, canon(reason)));
}

static cop_term show(struct seen *s)
{
        return cop_int(s->events);
}

static void restore(struct seen *s, cop_term events)
{
        s->events = cop_to_int(events);
}

#define MACHINE(name, ...)                                                                         \
        COP_STATEM(name, struct seen, .init = init, __VA_ARGS__, .terminate = terminate,           \
                   .show = show, .restore = restore)

MACHINE(functions, .states = { COP_STATE(a), COP_STATE(b), COP_STATE(c) });
MACHINE(functions_enter, .states = { COP_STATE(a), COP_STATE(b), COP_STATE(c) },
        .state_enter = true);
MACHINE(one_function, .handle_event = handle);
MACHINE(one_function_enter, .handle_event = handle, .state_enter = true);

/* ---- operations ---- */

static cop_term take_told(void)
{
        cop_term list = cop_nil(), what;

        for (;;)
                if (cop_receive(0, "{told, What}", &what))
                        list = cop_cons(what, list);
                else if (cop_receive(0, "{'EXIT', _, What}", &what))
                        list = cop_cons(cop_build("{'EXIT', What}", canon(what)), list);
                else
                        return cop_reverse(list);
}

static cop_term settle(void)
{
        cop_term ignored;

        if (!cop_is_nobody(machine))
                cop_try_call_term(&ignored, 5000, COP__TO(machine), COP_SYSTEM,
                                  cop_build("get_state"));
        return take_told();
}

static void kill_machine(void)
{
        cop_ref ref;

        if (cop_is_nobody(machine))
                return;
        ref = cop_monitor(machine);
        cop_kill(machine);
        cop_receive(5000, "{'DOWN', ^Ref, process, _, _}", &ref);
        take_told();
}

static cop_term start(cop_term mode, bool enter, cop_term what, cop_term enters)
{
        cop_term argument = cop_build("{What, Enters}", what, enters), result;

        kill_machine();
        machine = (cop_pid){ 0 };
        if (cop_is(mode, "state_functions"))
                result = enter ? cop_statem_try_start_link(functions_enter, argument)
                               : cop_statem_try_start_link(functions, argument);
        else
                result = enter ? cop_statem_try_start_link(one_function_enter, argument)
                               : cop_statem_try_start_link(one_function, argument);
        if (cop_match(result, "{ok, Machine}", &machine))
                return cop_build("started");
        if (cop_match(result, "{error, What}", &what))
                return cop_build("{error, What}", canon(what));
        return result;
}

static cop_term ask(size_t slot, cop_term content)
{
        slots[slot].open = !cop_is_nobody(machine);
        if (!slots[slot].open)
                return cop_build("nobody");
        slots[slot].request = cop_send_request(machine, "C", content);
        return cop_build("sent");
}

static cop_term answer(size_t slot)
{
        cop_term result;

        if (!slots[slot].open)
                return cop_build("none");
        switch (cop_wait_response(slots[slot].request, 0, &result)) {
        case COP_RESPONSE_TIMEOUT:
                return cop_build("timeout");
        case COP_RESPONSE_REPLY:
                slots[slot].open = false;
                return cop_build("{reply, X}", result);
        default:
                slots[slot].open = false;
                return cop_build("{error, R}", canon(result));
        }
}

static cop_term on_machine(cop_term operation)
{
        cop_term what;

        if (cop_is_nobody(machine))
                cop_exit("noproc");
        if (cop_is(operation, "state"))
                return cop_sys_get_state(machine);
        if (cop_match(operation, "{replace, State}", &what))
                return cop_sys_replace_state(
                        machine,
                        cop_build("{State, D}", what, cop_element(cop_sys_get_state(machine), 1)));
        if (cop_is(operation, "suspend"))
                cop_sys_suspend(machine);
        else if (cop_is(operation, "resume"))
                cop_sys_resume(machine);
        else if (cop_match(operation, "{stop, R}", &what))
                cop_server_stop_with(machine, 5000, "R", what);
        else
                return COP_NONE;
        return cop_build("ok");
}

struct trial {
        cop_term operation, result;
};

static void try_it(void *argument)
{
        struct trial *trial = argument;

        trial->result = on_machine(trial->operation);
}

static cop_term operate(cop_term operation)
{
        struct trial trial = { operation, COP_NONE };
        cop_term what, mode, enters, reason;
        uint64_t slot;
        bool enter;

        if (cop_match(operation, "{start, Mode, Enter, What, Enters}", &mode, &enter, &what,
                      &enters))
                return start(mode, enter, what, enters);
        if (cop_match(operation, "{cast, Content}", &what)) {
                if (!cop_is_nobody(machine))
                        cop_cast(machine, "C", what);
                return cop_build("ok");
        }
        if (cop_match(operation, "{info, Content}", &what)) {
                if (!cop_is_nobody(machine))
                        cop_send_term(machine, what);
                return cop_build("{sent, N}", cop_element(what, 0));
        }
        if (cop_match(operation, "{call, Slot, Content}", &slot, &what))
                return ask(slot % SLOTS, what);
        if (cop_match(operation, "{answer, Slot}", &slot))
                return answer(slot % SLOTS);
        if (cop_is(operation, "wait")) {
                cop_sleep(800);
                return cop_build("ok");
        }
        if (cop_try(try_it, &trial, &reason) == COP_NORMAL)
                return trial.result;
        return cop_build("{exit, Reason}", canon(reason));
}

/* ---- the script ---- */

static void run(void *path)
{
        cop_term result;

        cop_trap_exits(true);
        cop_set_report_level(COP_LEVEL_EMERGENCY);
        runner = cop_self();
        COP_EACH (operation, script_read(path)) {
                result = operate(operation);
                if (cop_is_none(result))
                        cop_exit("{unknown, Operation}", operation);
                printf("%s\n  %s\n", cop_show(operation), cop_show(result));
                COP_EACH (what, settle())
                        printf("  %s\n", cop_show(what));
        }
}

int main(int argc, char **argv)
{
        return script_main(argc, argv, run);
}
