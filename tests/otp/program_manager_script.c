/*
 * Runs a script of event managers, and prints what came of each operation, as
 * tests/conformance/managers/run.escript does in Erlang; README.md there says what the operations are.
 *
 *     otp_manager_script FILE.script [SEED]       with a seed: simulated
 */
#include <coppice.h>

#include <stdio.h>

#include "support/script.h"

static cop_pid runner, manager;

/* ---- what came of it, without what cannot be equal ---- */

static cop_term canon(cop_term term)
{
        cop_term first, second, parts[8];
        size_t i, size;

        if (cop_match(term, "{A, B}", &first, &second) && cop_is_list(second))
                return cop_build("{A, stack}", canon(first));
        if (cop_match(term, "{R, {gen_event, _, _}}", &first) ||
            cop_match(term, "{R, {sys, _, _}}", &first))
                return canon(first);
        if (cop_is_pid(term))
                return cop_build("pid");
        if (!cop_is_tuple(term) || cop_tuple_size(term) > 8)
                return term;
        size = cop_tuple_size(term);
        for (i = 0; i < size; i++)
                parts[i] = canon(cop_element(term, i));
        return cop_tuple(size, parts);
}

static cop_term canon_all(cop_term list)
{
        cop_term done = cop_nil();

        COP_EACH (term, list)
                done = cop_cons(canon(term), done);
        return cop_reverse(done);
}

/* ---- the handler ---- */

struct letter {
        cop_term letter; /* kept */
};

static void tell(const struct letter *l, const char *what, cop_term term)
{
        cop_send(runner, "{told, {Letter, What, Term}}", l->letter, cop_atom(what), term);
}

static cop_term name(cop_term handler)
{
        return cop_is(handler, "none") ? COP_HANDLER(listener) : COP_HANDLER_ID(listener, handler);
}

/* The handler in a swap by its name. */
static cop_term with_name(cop_term what)
{
        cop_term answer, why, handler, argument;

        if (cop_match(what, "{swap_handler, W, H, A}", &why, &handler, &argument))
                return cop_build("{swap_handler, W, H, A}", why, name(handler), argument);
        if (cop_match(what, "{swap_handler, X, W, H, A}", &answer, &why, &handler, &argument))
                return cop_build("{swap_handler, X, W, H, A}", answer, why, name(handler),
                                 argument);
        return what;
}

static cop_next act(cop_term what)
{
        cop_term value;

        if (cop_match(what, "{error, E}", &value))
                cop_error("E", value);
        if (cop_match(what, "{exit, R}", &value))
                cop_exit_term(value);
        if (cop_match(what, "{throw, V}", &value))
                cop_throw_term(with_name(value));
        return cop_event_returned(with_name(what));
}

static cop_next init(struct letter *l, cop_term argument)
{
        cop_term letter, what, result, how = cop_build("added");

        if (cop_match(argument, "{{Letter, What}, Result}", &letter, &what, &result))
                how = cop_build("{swapped, Result}", canon(result));
        else
                cop_match(argument, "{Letter, What}", &letter, &what);
        l->letter = cop_keep(letter);
        tell(l, "init", how);
        return act(what);
}

static cop_next respond(struct letter *l, const char *what, cop_term event)
{
        cop_term number, acts;

        cop_match(event, "{N, Acts}", &number, &acts);
        tell(l, what, number);
        COP_EACH (pair, acts)
                if (cop_equal(cop_element(pair, 0), l->letter))
                        return act(cop_element(pair, 1));
        return cop_ok();
}

static cop_next handle_event(struct letter *l, cop_term event)
{
        return respond(l, "event", event);
}

static cop_next handle_info(struct letter *l, cop_term message)
{
        cop_term reason;

        if (!cop_match(message, "{'EXIT', _, R}", &reason))
                return respond(l, "info", message);
        tell(l, "info", canon(reason));
        return cop_ok();
}

static cop_next handle_call(struct letter *l, cop_term request)
{
        cop_term number, what;

        cop_match(request, "{N, What}", &number, &what);
        tell(l, "call", number);
        return act(what);
}

static cop_term terminate(struct letter *l, cop_term why)
{
        tell(l, "terminate", canon(why));
        if (cop_is(why, "crash"))
                cop_exit("crashed");
        return cop_build("{was, Letter}", l->letter);
}

static cop_term show(struct letter *l)
{
        return l->letter;
}

COP_EVENT_HANDLER(listener, struct letter, .init = init, .handle_event = handle_event,
                  .handle_call = handle_call, .handle_info = handle_info, .terminate = terminate,
                  .show = show);

/* ---- operations ---- */

static cop_term take_told(void)
{
        cop_term list = cop_nil(), message, what, handler;

        for (;;)
                if (cop_receive(0, "Message", &message)) {
                        if (cop_match(message, "{told, What}", &what))
                                list = cop_cons(what, list);
                        else if (cop_match(message, "{'EXIT', _, What}", &what))
                                list = cop_cons(cop_build("{'EXIT', What}", canon(what)), list);
                        else if (cop_match(message, "{gen_event_EXIT, H, What}", &handler, &what))
                                list = cop_cons(cop_build("{gen_event_EXIT, H, What}",
                                                          canon(handler), canon(what)),
                                                list);
                } else {
                        return cop_reverse(list);
                }
}

static cop_term operate(cop_term operation)
{
        cop_term handler, why, new, argument, what;

        if (cop_match(operation, "{add, H, A}", &handler, &argument))
                return cop_event_add_handler(manager, name(handler), argument);
        if (cop_match(operation, "{add_sup, H, A}", &handler, &argument))
                return cop_event_add_sup_handler(manager, name(handler), argument);
        if (cop_match(operation, "{delete, H, Why}", &handler, &why))
                return cop_event_delete_handler(manager, name(handler), why);
        if (cop_match(operation, "{swap, H, Why, New, A}", &handler, &why, &new, &argument))
                return cop_event_swap_handler(manager, name(handler), why, name(new), argument);
        if (cop_match(operation, "{swap_sup, H, Why, New, A}", &handler, &why, &new, &argument))
                return cop_event_swap_sup_handler(manager, name(handler), why, name(new), argument);
        if (cop_match(operation, "{call, H, R}", &handler, &what))
                return cop_event_call(manager, name(handler), "R", what);
        if (cop_is(operation, "which"))
                return canon_all(cop_event_which_handlers(manager));
        if (cop_is(operation, "state"))
                return canon_all(cop_sys_get_state(manager));
        if (cop_match(operation, "{info, E}", &what)) {
                cop_send_term(manager, what);
                return cop_element(what, 0);
        }
        if (cop_match(operation, "{notify, E}", &what))
                cop_event_notify(manager, "E", what);
        else if (cop_match(operation, "{sync_notify, E}", &what))
                cop_event_sync_notify(manager, "E", what);
        else if (cop_match(operation, "{stop, R}", &what))
                cop_server_stop_with(manager, 5000, "R", what);
        return cop_build("ok");
}

struct trial {
        cop_term operation, result;
};

static void try_it(void *argument)
{
        struct trial *trial = argument;

        trial->result = operate(trial->operation);
}

static void stop_old(void *nothing)
{
        cop_event_stop(manager);
}

static cop_term outcome(cop_term operation)
{
        struct trial trial = { operation, COP_NONE };
        cop_term reason;

        if (cop_is(operation, "start")) {
                if (!cop_is_nobody(manager))
                        cop_try(stop_old, NULL, &reason);
                take_told();
                manager = cop_event_start_link();
                return cop_build("started");
        }
        if (cop_try(try_it, &trial, &reason) != COP_NORMAL)
                return cop_build("{exit, R}", canon(reason));
        return cop_is_list(trial.result) ? trial.result : canon(trial.result);
}

/* ---- the script ---- */

static void settle(void)
{
        cop_term ignored;

        cop_try_call_term(&ignored, 5000, COP__TO(manager), COP_CALL, cop_build("which_handlers"));
}

static void run(void *path)
{
        cop_trap_exits(true);
        cop_set_report_level(COP_LEVEL_EMERGENCY);
        runner = cop_self();
        COP_EACH (operation, script_read(path)) {
                printf("%s\n", cop_show(operation));
                printf("  %s\n", cop_show(outcome(operation)));
                settle();
                COP_EACH (what, take_told())
                        printf("  %s\n", cop_show(what));
        }
}

int main(int argc, char **argv)
{
        return script_main(argc, argv, run);
}
