/*
 * GE: event managers.
 *
 * The handlers of these tests are started with their letter and tell the test {Letter, What, Term}
 * of each callback. {do, Return} as event, message or request makes them return this; {do, {error, E}},
 * {exit, R} and {throw, V} the same, and {do_at, Letter, Return} only the one with this letter.
 */
#include <coppice/event.h>
#include <coppice/supervisor.h>

#include "support/actor.h"

struct listener {
        cop_term letter; /* kept */
};

static cop_pid manager;

static void tell(const struct listener *l, const char *what, cop_term term)
{
        cop_pid test = cop_whereis("test");

        if (!cop_is_nobody(test))
                cop_send(test, "{Letter, What, Term}", l->letter, cop_atom(what), term);
}

static cop_next obey(cop_term what)
{
        cop_term term;

        if (cop_match(what, "{error, E}", &term))
                cop_error("E", term);
        if (cop_match(what, "{exit, R}", &term))
                cop_exit_term(term);
        if (cop_match(what, "{throw, V}", &term))
                cop_throw_term(term);
        return cop_is(what, "no_clause") ? cop_no_clause() : cop_event_returned(what);
}

static cop_next do_it(struct listener *l, cop_term term)
{
        cop_term what;

        if (cop_match(term, "{do, What}", &what) ||
            cop_match(term, "{do_at, ^Letter, What}", &l->letter, &what))
                return obey(what);
        return cop_ok();
}

/* {Letter, {do, What}}, Letter, or {{Letter, ...}, what the one before it returned} */
static cop_next init(struct listener *l, cop_term argument)
{
        cop_term what = cop_atom("ok"), letter = argument, result;

        if (!cop_match(argument, "{Letter, {do, What}}", &letter, &what))
                cop_match(argument, "{Letter, Result}", &letter, &result);
        l->letter = cop_keep(letter);
        tell(l, "init", argument);
        return obey(what);
}

static cop_next handle_event(struct listener *l, cop_term event)
{
        tell(l, "event", event);
        return do_it(l, event);
}

static cop_next handle_call(struct listener *l, cop_term request)
{
        cop_term what;

        tell(l, "call", request);
        if (cop_match(request, "{do, What}", &what))
                return obey(what);
        return cop_reply(cop_build("{Letter, Request}", l->letter, request));
}

static cop_next handle_info(struct listener *l, cop_term message)
{
        tell(l, "info", message);
        return do_it(l, message);
}

static cop_term terminate(struct listener *l, cop_term why)
{
        tell(l, "terminate", why);
        if (cop_is(why, "crash"))
                cop_exit("crashed");
        return cop_build("{was, Why}", why);
}

static cop_term show(struct listener *l)
{
        return l->letter;
}

static void restore(struct listener *l, cop_term letter)
{
        cop_replace(&l->letter, letter);
}

COP_EVENT_HANDLER(listener, struct listener, .init = init, .handle_event = handle_event,
                  .handle_call = handle_call, .handle_info = handle_info, .terminate = terminate,
                  .show = show, .restore = restore);
COP_EVENT_HANDLER(deaf, struct listener, .init = init, .handle_event = handle_event,
                  .terminate = terminate);
COP_EVENT_HANDLER(mute, struct listener, .show = NULL);

#define LISTENER     COP_HANDLER(listener)
#define LISTENER_(n) COP_HANDLER_ID(listener, n)

static void begin(void)
{
        actors_begin();
        cop_trap_exits(true);
        manager = cop_event_start_link(.name = "manager");
}

/* Adds a listener with this letter, called {listener, 1} or so. */
static void add(int n, const char *letter)
{
        cop_assert_term(cop_event_add_handler("manager", LISTENER_(n), cop_atom(letter)), "ok");
        messages();
}

#define events(...) (cop_event_sync_notify("manager", __VA_ARGS__), messages())

/* ---- GE-1: adding ---- */

static cop_term add_that_does(cop_term what)
{
        return cop_event_add_handler("manager", LISTENER_(9), cop_build("{z, {do, What}}", what));
}

COP_TEST(GE_1, "adding a handler gives what its init says, or how it crashed")
{
        begin();
        cop_assert_term(cop_event_add_handler("manager", LISTENER, cop_atom("a")), "ok");
        cop_assert_term(messages(), "[{a, init, a}]");
        cop_assert_match(add_that_does(cop_build("{error, full}")), "{'EXIT', {full, _}}");
        messages();
        cop_assert_term(add_that_does(cop_build("{throw, {error, full}}")), "{error, full}");
}

COP_TEST(GE_1_again, "the same handler may be added more than once")
{
        begin();
        cop_assert_term(cop_event_add_handler("manager", LISTENER, cop_atom("a")), "ok");
        cop_assert_term(cop_event_add_handler("manager", LISTENER, cop_atom("b")), "ok");
        add(1, "c");
        cop_assert_term(cop_event_which_handlers("manager"), "[{listener, 1}, listener, listener]");
        cop_assert_term(events("x"), "[{c, event, x}, {b, event, x}, {a, event, x}]");
        cop_event_delete_handler("manager", LISTENER, cop_nil());
        messages();
        cop_assert_term(events("y"), "[{c, event, y}, {a, event, y}]");
}

/* ---- GE-2: what handlers return ---- */

COP_TEST(GE_2, "a handler stays, is removed, or is swapped for another where it stands")
{
        begin();
        add(1, "a");
        add(2, "b");
        add(3, "c");
        cop_assert_term(events("x"), "[{c, event, x}, {b, event, x}, {a, event, x}]");
        cop_assert_term(events("{do_at, b, remove_handler}"),
                        "[{c, event, {do_at, b, remove_handler}},"
                        " {b, event, {do_at, b, remove_handler}}, {b, terminate, remove_handler},"
                        " {a, event, {do_at, b, remove_handler}}]");
        cop_assert_term(cop_event_which_handlers("manager"), "[{listener, 3}, {listener, 1}]");
        cop_assert_match(events("{do_at, c, {swap_handler, bye, {deaf, 7}, d}}"),
                         "[{c, event, _}, {c, terminate, bye}, {d, init, {d, {was, bye}}},"
                         " {a, event, _}]");
        cop_assert_term(cop_event_which_handlers("manager"), "[{deaf, 7}, {listener, 1}]");
        cop_assert_term(events("z"), "[{d, event, z}, {a, event, z}]");
}

COP_TEST(GE_2_call, "one handler is asked: it answers, and may go or be swapped with the answer")
{
        begin();
        add(1, "a");
        add(2, "b");
        cop_assert_term(cop_event_call("manager", LISTENER_(1), "{who, X}", 5), "{a, {who, 5}}");
        cop_assert_term(cop_event_call_within(1000, manager, LISTENER_(2),
                                              "{do, {swap_handler, 8, why, {listener, 3}, c}}"),
                        "8");
        cop_assert_term(cop_event_call("manager", LISTENER_(3), "{do, {remove_handler, 9}}"), "9");
        cop_assert_term(messages(),
                        "[{a, call, {who, 5}},"
                        " {b, call, {do, {swap_handler, 8, why, {listener, 3}, c}}},"
                        " {b, terminate, why}, {c, init, {c, {was, why}}},"
                        " {c, call, {do, {remove_handler, 9}}}, {c, terminate, remove_handler}]");
        cop_assert_term(cop_event_which_handlers("manager"), "[{listener, 1}]");
        cop_assert_term(cop_event_call("manager", LISTENER_(3), "x"), "{error, bad_module}");
        cop_assert_term(cop_event_call("manager", LISTENER, "x"), "{error, bad_module}");
}

COP_TEST(GE_2_info,
         "other messages are for handle_info; dropped with a warning where there is none")
{
        begin();
        add(1, "a");
        cop_event_add_handler("manager", COP_HANDLER(deaf), cop_atom("d"));
        messages();
        cop_send(manager, "hello");
        cop_cast(manager, "strange");
        cop_assert_term(messages(), "[{a, info, hello}, {a, info, {'$gen_cast', strange}}]");
        cop_assert_term(cop_event_which_handlers("manager"), "[deaf, {listener, 1}]");
}

COP_TEST(GE_2_notify, "notify does not wait; sync_notify is back when all have seen it")
{
        begin();
        add(1, "a");
        cop_sys_suspend("manager");
        cop_event_notify("manager", "{n, X}", 1);
        cop_event_notify(manager, "{n, 2}");
        cop_sys_resume("manager");
        cop_event_sync_notify("manager", "last");
        cop_assert_term(messages(), "[{a, event, {n, 1}}, {a, event, {n, 2}}, {a, event, last}]");
        cop_event_notify("nobody", "x");
}

/* ---- GE-3: crashes ---- */

/* What a listener that does this at an event is told, and how; the other one sees the event. */
static cop_term crash_at_event(cop_term what)
{
        cop_term told;

        add(2, "b");
        cop_event_sync_notify("manager", "{do_at, b, What}", what);
        told = messages();
        cop_assert_term(cop_event_which_handlers("manager"), "[{listener, 1}]");
        return told;
}

COP_TEST(GE_3, "a handler that crashes or returns nonsense is removed; the others stay")
{
        begin();
        add(1, "a");
        cop_assert_match(crash_at_event(cop_build("{raise, boom}")),
                         "[{b, event, _}, {b, terminate, {error, {raise, boom}}}, {a, event, _}]");
        cop_assert_match(crash_at_event(cop_build("{error, boom}")),
                         "[{b, event, _}, {b, terminate, {error, {'EXIT', {boom, _}}}}, _]");
        cop_assert_match(crash_at_event(cop_build("{exit, boom}")),
                         "[{b, event, _}, {b, terminate, {error, {'EXIT', boom}}}, _]");
        cop_assert_match(crash_at_event(cop_build("{throw, ball}")),
                         "[{b, event, _}, {b, terminate, {error, ball}}, _]");
        cop_assert_match(crash_at_event(cop_build("{throw, remove_handler}")),
                         "[{b, event, _}, {b, terminate, remove_handler}, _]");
        cop_assert_match(crash_at_event(cop_build("{reply, x}")),
                         "[{b, event, _}, {b, terminate, {error, {reply, x}}}, _]");
        cop_assert_match(
                crash_at_event(cop_build("no_clause")),
                "[{b, event, _}, {b, terminate,"
                "   {error, {'EXIT', {function_clause, [{listener, obey, [_], []}]}}}}, _]");
        cop_assert(cop_is_alive(manager));
}

COP_TEST(GE_3_call, "who asks a handler that crashes is told")
{
        begin();
        add(1, "a");
        cop_assert_match(cop_event_call("manager", LISTENER_(1), "{do, {error, no}}"),
                         "{error, {'EXIT', {no, _}}}");
        add(1, "a");
        cop_assert_term(cop_event_call("manager", LISTENER_(1), "{do, ok}"), "{error, noreply}");
        cop_event_add_handler("manager", COP_HANDLER(mute), cop_nil());
        cop_assert_match(cop_event_call("manager", COP_HANDLER(mute), "x"),
                         "{error, {'EXIT', {undef, [{mute, handle_call, [x], []}]}}}");
        cop_event_add_handler("manager", COP_HANDLER(mute), cop_nil());
        cop_event_sync_notify("manager", "x");
        cop_assert_term(cop_event_which_handlers("manager"), "[]");
}

COP_TEST(GE_3_init, "a handler whose init fails, or that there is not, is not added")
{
        begin();
        cop_assert_match(add_that_does(cop_build("{error, full}")), "{'EXIT', {full, _}}");
        cop_assert_term(add_that_does(cop_build("{throw, {error, full}}")), "{error, full}");
        cop_assert_term(add_that_does(cop_build("what")), "what");
        cop_assert_match(cop__event_ask(COP__TO("manager"), cop_build("{add_handler, nobody, []}")),
                         "{'EXIT', {undef, [{nobody, _, _, _}]}}");
        cop_assert_match(cop__event_ask(COP__TO("manager"), cop_build("{add_handler, 5, []}")),
                         "{'EXIT', {badarg, _}}");
        cop_assert_term(cop_event_which_handlers("manager"), "[]");
}

/* ---- GE-4: deleting ---- */

COP_TEST(GE_4, "deleting a handler gives what its terminate returns")
{
        begin();
        add(1, "a");
        add(2, "b");
        add(3, "c");
        cop_assert_term(cop_event_delete_handler("manager", LISTENER_(2), cop_build("{no, 1}")),
                        "{was, {no, 1}}");
        cop_assert_term(messages(), "[{b, terminate, {no, 1}}]");
        cop_assert_term(cop_event_delete_handler("manager", LISTENER_(2), cop_nil()),
                        "{error, module_not_found}");
        cop_assert_term(cop_event_delete_handler("manager", LISTENER_(3), cop_atom("crash")),
                        "{'EXIT', crashed}");
        cop_event_add_handler("manager", COP_HANDLER(mute), cop_nil());
        cop_assert_term(cop_event_delete_handler("manager", COP_HANDLER(mute), cop_nil()), "ok");
        cop_assert_term(cop_event_which_handlers("manager"), "[{listener, 1}]");
}

/* ---- GE-5: supervised ---- */

COP_TEST(GE_5, "who supervises a handler is told of its removal, and why")
{
        begin();
        cop_event_add_sup_handler("manager", LISTENER, cop_atom("a"));
        cop_event_delete_handler("manager", LISTENER, cop_nil());
        cop_assert_term(messages(), "[{a, init, a}, {a, terminate, []},"
                                    " {gen_event_EXIT, listener, normal}]");
        cop_event_add_sup_handler("manager", LISTENER_(1), cop_atom("a"));
        cop_assert_term(events("{do, remove_handler}"),
                        "[{a, init, a}, {a, event, {do, remove_handler}},"
                        " {a, terminate, remove_handler},"
                        " {gen_event_EXIT, {listener, 1}, normal}]");
        cop_event_add_sup_handler("manager", LISTENER, cop_atom("a"));
        cop_assert_match(events("{do, {exit, x}}"), "[_, _, {a, terminate, {error, {'EXIT', x}}},"
                                                    " {gen_event_EXIT, listener, {'EXIT', x}}]");
        cop_event_add_sup_handler("manager", LISTENER, cop_atom("a"));
        cop_event_swap_handler("manager", LISTENER, cop_nil(), LISTENER_(2), cop_atom("b"));
        cop_assert_term(messages(),
                        "[{a, init, a}, {a, terminate, []},"
                        " {gen_event_EXIT, listener, {swapped, {listener, 2}, Me}},"
                        " {b, init, {b, {was, []}}}]",
                        cop_self());
        cop_event_stop("manager");
        cop_assert_term(messages(),
                        "[{b, terminate, stop},"
                        " {gen_event_EXIT, {listener, 2}, shutdown},"
                        " {'EXIT', Manager, normal}]",
                        manager);
}

static void supervise_one(cop_term reason)
{
        cop_event_add_sup_handler("manager", LISTENER_(7), cop_atom("s"));
        cop_receive(COP_FOREVER, "go");
        cop_exit_term(reason);
}

COP_TEST(GE_5_supervisor_ends, "when who supervises a handler ends, the handler is removed")
{
        cop_pid pid;

        begin();
        add(1, "a");
        pid = cop_spawn(supervise_one, cop_build("tired"));
        cop_assert_term(messages(), "[{s, init, s}]");
        cop_send(pid, "go");
        cop_assert_term(messages(),
                        "[{s, terminate, {stop, tired}},"
                        " {a, info, {'EXIT', Pid, tired}}]",
                        pid);
        cop_assert_term(cop_event_which_handlers("manager"), "[{listener, 1}]");
}

COP_TEST(GE_5_manager_ends, "when the manager ends, who supervises its handlers does not die of it")
{
        cop_pid pid;
        cop_ref ref;

        begin();
        pid = cop_spawn(supervise_one, cop_build("tired"));
        ref = cop_monitor(pid);
        messages();
        cop_server_stop_with("manager", 5000, "bad");
        messages();
        cop_assert(cop_is_alive(pid));
        cop_send(pid, "go");
        cop_assert_term(down_reason(ref), "tired");
}

COP_TEST(GE_5_swap_sup, "a handler may be swapped for one that the caller supervises")
{
        cop_pid pid;

        begin();
        pid = cop_spawn(supervise_one, cop_build("tired"));
        messages();
        cop_assert_term(cop_event_swap_sup_handler("manager", LISTENER_(7), cop_nil(), LISTENER,
                                                   cop_atom("b")),
                        "ok");
        messages();
        cop_send(pid, "go");
        cop_assert_term(messages(), "[{b, info, {'EXIT', Pid, tired}}]", pid);
        cop_event_delete_handler("manager", LISTENER, cop_nil());
        cop_assert_term(messages(), "[{b, terminate, []}, {gen_event_EXIT, listener, normal}]");
}

/* ---- GE-6: swapping ---- */

COP_TEST(GE_6,
         "what the old handler's terminate returns goes to the new one's init, with the argument")
{
        begin();
        add(1, "a");
        add(2, "b");
        cop_assert_term(cop_event_swap_handler("manager", LISTENER_(1), cop_build("{why, 1}"),
                                               COP_HANDLER(deaf), cop_atom("d")),
                        "ok");
        cop_assert_term(messages(), "[{a, terminate, {why, 1}}, {d, init, {d, {was, {why, 1}}}}]");
        cop_assert_term(cop_event_which_handlers("manager"), "[deaf, {listener, 2}]");
}

COP_TEST(GE_6_fails,
         "a handler that is not there is swapped for one with error; one that fails is said")
{
        cop_term result;

        begin();
        cop_assert_term(cop_event_swap_handler("manager", LISTENER_(1), cop_nil(), LISTENER_(2),
                                               cop_atom("b")),
                        "ok");
        cop_assert_term(messages(), "[{b, init, {b, error}}]");
        result = cop__event_ask(COP__TO("manager"),
                                cop_build("{swap_handler, {listener, 2}, [], nobody, []}"));
        cop_assert_match(result, "{error, {'EXIT', {undef, _}}}");
        cop_assert_term(cop_event_which_handlers("manager"), "[]");
}

/* ---- GE-7: the end ---- */

COP_TEST(GE_7, "at its end each handler's terminate is called with stop")
{
        begin();
        add(1, "a");
        add(2, "b");
        cop_event_stop("manager");
        cop_assert_term(messages(),
                        "[{b, terminate, stop}, {a, terminate, stop},"
                        " {'EXIT', Manager, normal}]",
                        manager);
}

COP_TEST(GE_7_parent, "the end of its parent is its own")
{
        begin();
        add(1, "a");
        cop_exit_to(manager, "shutdown");
        cop_assert_term(messages(), "[{a, terminate, stop}, {'EXIT', Manager, shutdown}]", manager);
}

/* ---- calls, sys, supervisors, reports ---- */

static void call_nobody(void *nothing)
{
        cop_event_call("nobody", LISTENER, "x");
}

static void ask_nobody(void *nothing)
{
        cop_event_which_handlers("nobody");
}

static void call_shortly(void *nothing)
{
        cop_event_call_within(10, "manager", LISTENER, "x");
}

COP_TEST(EVENT_nobody, "a call of nobody, or of one that does not answer, exits")
{
        begin();
        cop_assert_term(exit_of(call_nobody, NULL),
                        "{noproc, {gen_event, call, [nobody, listener, x]}}");
        cop_assert_term(exit_of(ask_nobody, NULL), "noproc");
        cop_sys_suspend("manager");
        cop_assert_term(exit_of(call_shortly, NULL),
                        "{timeout, {gen_event, call, [manager, listener, x, 10]}}");
}

COP_TEST(EVENT_sys, "the states of the handlers can be seen and replaced")
{
        begin();
        add(1, "a");
        cop_event_add_handler("manager", LISTENER, cop_atom("b"));
        cop_assert_term(cop_sys_get_state("manager"), "[{listener, false, b}, {listener, 1, a}]");
        cop_sys_replace_state("manager", cop_build("[{listener, 1, c}, {nobody, false, x}]"));
        cop_assert_term(cop_sys_get_state("manager"), "[{listener, false, b}, {listener, 1, c}]");
        cop_assert_match(cop_sys_get_status("manager"), "{status, _, {module, gen_event}, _}");
}

COP_SUPERVISOR(event_family, .strategy = COP_ONE_FOR_ONE,
               .children = COP_CHILDREN(COP_EVENT_MANAGER(.name = "events")));

COP_TEST(EVENT_child, "a manager under a supervisor is started again, without handlers")
{
        begin();
        cop_supervisor_start_link(event_family);
        cop_assert_term(cop_event_add_handler("events", LISTENER, cop_atom("a")), "ok");
        cop_kill(cop_whereis("events"));
        messages();
        cop_assert_term(cop_event_which_handlers("events"), "[]");
}

static void keep_report(void *context, enum cop_level level, cop_term report)
{
        if (cop_match(report, "#{label := {gen_event, _}}"))
                cop_send("test", "Report", report);
}

COP_TEST(GE_3_report, "a crash is reported, with the handler, the event and the state")
{
        begin();
        cop_report_to(keep_report, NULL);
        add(1, "a");
        cop_event_sync_notify("manager", "{do, {exit, x}}");
        cop_assert_term(messages(), "[{a, event, {do, {exit, x}}},"
                                    " {a, terminate, {error, {'EXIT', x}}},"
                                    " #{label => {gen_event, terminate}, handler => {listener, 1},"
                                    "   name => manager, last_message => {do, {exit, x}},"
                                    "   state => a, reason => {'EXIT', x}}]");
        cop_event_add_handler("manager", COP_HANDLER(deaf), cop_atom("d"));
        messages();
        cop_send(manager, "hello");
        cop_assert_term(messages(), "[#{label => {gen_event, no_handle_info}, module => deaf,"
                                    "   message => hello}]");
}
