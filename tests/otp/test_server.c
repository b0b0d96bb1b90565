/*
 * GS, LOOP, GT and SYS: how a server starts, what it does with what comes, how it ends, and what it
 * answers to the sys protocol. Each test is a process that traps exits unless the rule is about one
 * that does not; what happens to an actor is told to it, and compared as one list.
 */
#include "support/actor.h"

static void begin(void)
{
        actors_begin();
        cop_trap_exits(true);
}

static cop_term start(cop_term argument)
{
        return cop_server_try_start_link(actor, argument);
}

static cop_term start_named(const char *name, cop_term argument)
{
        return cop_server_try_start_link(actor, argument, .name = name);
}

/* ---- GS: starting ---- */

COP_TEST(GS_1_taken, "where the name is taken no process is made")
{
        cop_pid first;

        begin();
        cop_assert_match(start_named("taken", cop_build("#{id => a}")), "{ok, Pid}", &first);
        cop_assert_term(start_named("taken", cop_build("#{id => b}")),
                        "{error, {already_started, First}}", first);
        cop_assert_term(messages(), "[{init, a}]");
}

static void start_race(cop_term argument)
{
        cop_pid to;

        if (!cop_match(argument, "{To}", &to))
                return;
        cop_trap_exits(true);
        cop_send(to, "{result, R}", start_named("race", cop_build("#{id => a}")));
        cop_sleep(COP_FOREVER);
}

COP_TEST(GS_1_race, "of many that start one name at a time one wins, the others hear of it")
{
        int i, started = 0, refused = 0;
        cop_pid winner = { 0 }, other;

        begin();
        for (i = 0; i < 20; i++)
                cop_spawn(start_race, cop_build("{Me}", cop_self()));
        COP_EACH (message, messages()) {
                started += cop_match(message, "{result, {ok, Pid}}", &winner);
                refused += cop_match(message, "{result, {error, {already_started, Pid}}}", &other);
        }
        cop_assert_equal(started, 1);
        cop_assert_equal(refused, 19);
        cop_assert(cop_same(cop_whereis("race"), winner));
}

COP_TEST(GS_3_stop, "init that stops: {error, R}, the process exits with R")
{
        begin();
        cop_assert_term(start(cop_build("#{init => {stop, boom}}")), "{error, boom}");
        cop_assert_term(messages(), "[{init, a}, {crash_report, boom}]");
        cop_assert_term(start(cop_build("#{init => {stop, normal}}")), "{error, normal}");
        cop_assert_term(start(cop_build("#{init => {stop, {shutdown, x}}}")),
                        "{error, {shutdown, x}}");
        cop_assert_term(messages(), "[{init, a}, {init, a}]");
}

COP_TEST(GS_3_others, "init that ignores, refuses, exits, fails, throws, or returns nonsense")
{
        cop_term stack;
        cop_pid pid;

        begin();
        cop_assert_term(start(cop_build("#{init => ignore}")), "ignore");
        cop_assert_term(start(cop_build("#{init => {refuse, busy}}")), "{error, busy}");
        cop_assert_term(messages(), "[{init, a}, {init, a}]");
        cop_assert_term(start(cop_build("#{init => {exit, no}}")), "{error, no}");
        cop_assert_match(start(cop_build("#{init => {error, no}}")), "{error, {no, Stack}}",
                         &stack);
        cop_assert_term(messages(),
                        "[{init, a}, {crash_report, no}, {init, a}, {crash_report, {no, Stack}}]",
                        stack);
        cop_assert_term(start(cop_build("#{init => bad}")),
                        "{error, {bad_return_value, undefined}}");
        cop_assert_term(start(cop_build("#{init => {throw, nonsense}}")),
                        "{error, {bad_return_value, nonsense}}");
        cop_assert_match(start(cop_build("#{init => {throw, ok}}")), "{ok, Pid}", &pid);
}

COP_TEST(GS_3_timeout, "init that takes too long is killed, without a crash report")
{
        begin();
        cop_assert_term(cop_server_try_start_link(actor, cop_build("#{init => {sleep, 60000, ok}}"),
                                                  .timeout_ms = 20),
                        "{error, timeout}");
        cop_assert_term(messages(), "[{init, a}]");
}

static void start_and_tell(cop_term argument)
{
        cop_send_term(cop_whereis("test"), start(argument));
}

COP_TEST(GS_4, "a caller that does not trap exits dies of a failed start, before it returns")
{
        begin();
        cop_assert_term(reason_of(cop_spawn(start_and_tell, cop_build("#{init => {stop, boom}}"))),
                        "boom");
        cop_assert_term(
                reason_of(cop_spawn(start_and_tell, cop_build("#{init => {stop, normal}}"))),
                "normal");
        cop_assert_term(messages(),
                        "[{init, a}, {crash_report, boom}, {init, a}, {error, normal}]");
}

COP_TEST(GS_5, "of a failed start nothing is left in the mailbox of a caller that traps exits")
{
        int i;

        begin();
        for (i = 0; i < world_times(); i++) {
                cop_assert_term(start(cop_build("#{init => {stop, shutdown}}")),
                                "{error, shutdown}");
                cop_assert_term(cop_next_message(), "{init, a}");
                cop_assert_term(messages(), "[]");
        }
}

static void start_slowly(cop_term argument)
{
        cop_term result = cop_server_try_start_link(
                actor, cop_build("#{init => {sleep, 60000, ok}}"), .timeout_ms = 10);

        cop_send_term(cop_whereis("test"), result);
        cop_exit("still_here");
}

COP_TEST(GS_6, "a start that takes too long does not end its caller")
{
        begin();
        cop_assert_term(reason_of(cop_spawn(start_slowly, cop_nil())), "still_here");
        cop_assert_term(messages(), "[{init, a}, {error, timeout}]");
}

static void start_without_link(cop_term argument)
{
        cop_send_term(cop_whereis("test"), cop_server_try_start(actor, argument));
        cop_exit("still_here");
}

COP_TEST(GS_7, "without a link a failed start returns its error, also where exits are not trapped")
{
        begin();
        cop_assert_term(
                reason_of(cop_spawn(start_without_link, cop_build("#{init => {stop, boom}}"))),
                "still_here");
        cop_assert_term(messages(), "[{init, a}, {crash_report, boom}, {error, boom}]");
}

COP_TEST(GS_8, "a failed start has freed its name when it returns")
{
        int i;

        begin();
        for (i = 0; i < world_times(); i++) {
                cop_assert_term(start_named("retry", cop_build("#{init => {stop, no}}")),
                                "{error, no}");
                cop_assert(cop_is_nobody(cop_whereis("retry")));
        }
}

COP_TEST(GS_9, "a monitored start: the reference fires at its end; of a failed one nothing is left")
{
        cop_ref ref;
        cop_pid pid;

        begin();
        pid = cop_server_start(actor, cop_build("#{id => a}"), .monitor = &ref);
        actor_do(pid, "{stop, normal}");
        cop_assert_term(messages(),
                        "[{init, a}, {terminate, a, normal}, {'DOWN', Ref, process, Pid, normal}]",
                        ref, pid);
        cop_assert_term(
                cop_server_try_start(actor, cop_build("#{init => {refuse, no}}"), .monitor = &ref),
                "{error, no}");
        cop_assert_term(messages(), "[{init, a}]");
}

static cop_next count(int64_t *n, cop_term request, cop_from from)
{
        return cop_reply(cop_int(++*n));
}

COP_SERVER(counting, int64_t, .handle_call = count);

static void become_counting(cop_term from)
{
        int64_t n = cop_to_int(from);

        cop_register("counting", cop_self());
        cop_server_enter(counting, &n);
}

COP_TEST(GS_10, "a process that was something else becomes a server, with a state and without init")
{
        cop_pid pid;

        begin();
        pid = cop_spawn(become_counting, cop_int(41));
        cop_assert(cop_system_quiet(5000));
        cop_assert_term(cop_call("counting", "next"), "42");
        cop_assert_match(cop_sys_get_status(pid), "{status, _, _, [_, running, _, _, _]}");
        cop_server_stop(pid);
}

static void become_linked(cop_term test)
{
        int64_t n = 1;

        cop_trap_exits(true);
        cop_send(cop_to_pid(test), "{begins, Me}", cop_self());
        cop_server_enter(counting, &n);
}

static void be_the_parent(cop_term test)
{
        cop_spawn(become_linked, test, .link = true);
        cop_receive(COP_FOREVER, "never");
}

COP_TEST(GS_10_parent, "such a one ends with who started it, also where it traps exits")
{
        cop_pid parent, pid;
        cop_ref ref;

        begin();
        parent = cop_spawn(be_the_parent, cop_pid_term(cop_self()));
        cop_assert(cop_receive(5000, "{begins, Pid}", &pid));
        ref = cop_monitor(pid);
        cop_assert(cop_system_quiet(5000));
        cop_exit_to(parent, "bye");
        cop_assert_term(down_reason(ref), "bye");
}

static void hear_ancestors(void *context, enum cop_level level, cop_term report)
{
        cop_term facts, ancestors;

        if (!cop_match(report, "#{label := {proc_lib, crash}, report := [Facts, _]}", &facts))
                return;
        COP_EACH (fact, facts)
                if (cop_match(fact, "{ancestors, A}", &ancestors))
                        cop_send(cop_whereis("test"), "{ancestors, A}", ancestors);
}

static void start_failing(cop_term argument)
{
        cop_trap_exits(true);
        start(cop_build("#{init => {stop, boom}}"));
}

COP_TEST(GS_2,
         "a crash report names the parent, its parent, and so on, by name where they have one")
{
        cop_pid parent;

        begin();
        cop_report_to(hear_ancestors, NULL);
        parent = cop_spawn(start_failing, cop_nil());
        cop_assert_match(messages(), "[{init, a}, {ancestors, [^Parent, test | _]}]", &parent);
}

COP_TEST(GS_11, "a continuation of init runs before any message, and after it all that waited")
{
        begin();
        actor_start("#{init => {send_self, hello, {continue, go, ok}}}");
        cop_assert_term(messages(), "[{init, a}, {continue, a, go}, {info, a, hello}]");
}

static void start_slow_named(cop_term argument)
{
        start_named("slow", cop_build("#{init => {sleep, 20, {send_self, own, ok}}}"));
        cop_sleep(COP_FOREVER);
}

COP_TEST(GS_11_name, "messages to the name wait while init runs")
{
        begin();
        cop_spawn(start_slow_named, cop_nil());
        cop_assert_match(cop_next_message(), "{init, a}");
        cop_send("slow", "hello");
        cop_assert_match(messages(), "[]");
        cop_assert_match(cop_next_message(), "{info, a, hello}");
        cop_assert_match(cop_next_message(), "{info, a, own}");
}

/* ---- LOOP: what it does with what comes ---- */

COP_TEST(LOOP_1_order, "messages of all kinds are handled as they came")
{
        cop_pid pid;

        begin();
        pid = actor_start("#{id => a}");
        cop_send(pid, "one");
        cop_cast(pid, "{do, {send_self, three, ok}}");
        cop_send(pid, "two");
        cop_assert_term(messages(),
                        "[{init, a}, {info, a, one}, {info, a, two}, {info, a, three}]");
}

COP_TEST(LOOP_1_parent, "the parent's exit ends a server that traps, without handle_info")
{
        cop_pid pid;

        begin();
        pid = actor_start("#{trap => true}");
        cop_exit_to(pid, "bye");
        cop_assert_term(messages(),
                        "[{init, a}, {terminate, a, bye}, {server_error, bye}, {crash_report, bye},"
                        " {'EXIT', Pid, bye}]",
                        pid);
}

COP_TEST(LOOP_2, "an exit of anybody else is a message; without a link there is no parent")
{
        cop_pid pid, stranger = cop_spawn(start_and_tell, cop_build("#{init => ignore}"));

        begin();
        messages();
        pid = actor_start_free("#{trap => true}");
        cop_exit_to(pid, "bye");
        cop_send(pid, "{'EXIT', Stranger, x}", stranger);
        cop_assert_term(messages(),
                        "[{init, a}, {info, a, {'EXIT', Me, bye}}, {info, a, {'EXIT', S, x}}]",
                        cop_self(), stranger);
}

COP_TEST(LOOP_3, "one that does not trap dies of an exit signal, without terminate")
{
        cop_pid pid;

        begin();
        pid = actor_start("#{id => a}");
        cop_exit_to(pid, "bye");
        cop_assert_term(messages(), "[{init, a}, {'EXIT', Pid, bye}]", pid);
}

static void start_and_end(cop_term argument)
{
        start(argument);
}

COP_TEST(LOOP_4, "a parent that ends normally ends a server that traps, and no other")
{
        begin();
        cop_spawn(start_and_end, cop_build("#{id => a, trap => true}"));
        cop_assert_term(messages(), "[{init, a}, {terminate, a, normal}]");
        cop_spawn(start_and_end, cop_build("#{id => b}"));
        cop_assert_term(messages(), "[{init, b}]");
}

COP_TEST(LOOP_5, "a thrown value counts as returned; an error ends the server")
{
        cop_pid pid;

        begin();
        pid = actor_start("#{id => a}");
        cop_assert_term(call_result(pid, 5000, "{do, {throw, {reply, thrown}}}"),
                        "{reply, thrown}");
        cop_assert_term(call_result(pid, 5000, "{do, {throw, {stop, normal, last}}}"),
                        "{reply, last}");
        cop_assert_term(messages(), "[{init, a}, {terminate, a, normal}, {'EXIT', Pid, normal}]",
                        pid);
}

COP_TEST(LOOP_6, "a bad return value ends the server with {bad_return_value, X}")
{
        cop_pid pid;

        begin();
        pid = actor_start("#{id => a}");
        actor_do(pid, "{reply, to_a_cast}");
        cop_assert_term(messages(),
                        "[{init, a}, {terminate, a, {bad_return_value, {reply, to_a_cast}}},"
                        " {server_error, {bad_return_value, {reply, to_a_cast}}},"
                        " {crash_report, {bad_return_value, {reply, to_a_cast}}},"
                        " {'EXIT', Pid, {bad_return_value, {reply, to_a_cast}}}]",
                        pid);
}

COP_TEST(LOOP_7, "a timeout comes when nothing else does, and has to be asked for again")
{
        cop_pid pid;

        begin();
        pid = actor_start("#{init => {timeout, 10, ok}}");
        cop_assert_term(cop_next_message(), "{init, a}");
        cop_assert_term(cop_next_message(), "{info, a, timeout}");
        cop_assert(!cop_receive(30, "_"));
        cop_cast(pid, "{do, {timeout, 40, ok}}");
        cop_send(pid, "hello");
        cop_assert_term(cop_next_message(), "{info, a, hello}");
        cop_assert(!cop_receive(80, "_"));
}

COP_TEST(LOOP_7_zero, "a timeout of 0 comes when the mailbox is empty")
{
        cop_pid pid;

        begin();
        pid = actor_start("#{id => a}");
        actor_do(pid, "{send_self, hello, {timeout, 0, ok}}");
        actor_do(pid, "{timeout, 0, ok}");
        cop_assert_term(messages(), "[{init, a}, {info, a, hello}, {info, a, timeout}]");
}

COP_TEST(LOOP_8, "a message of one's own: not disturbed by sys, ended by any other message")
{
        cop_pid pid;

        begin();
        pid = actor_start("#{id => a}");
        cop_assert_term(cop_next_message(), "{init, a}");
        cop_cast(pid, "{do, {message, 30, mine, ok}}");
        cop_sys_get_state(pid);
        cop_assert_term(cop_next_message(), "{info, a, mine}");
        cop_cast(pid, "{do, {message, 30, mine, ok}}");
        cop_send(pid, "hello");
        cop_assert_term(cop_next_message(), "{info, a, hello}");
        cop_assert(!cop_receive(60, "_"));
}

COP_TEST(LOOP_8_zero, "after 0 ms it is handled before all that waits")
{
        cop_pid pid;

        begin();
        pid = actor_start("#{id => a}");
        actor_do(pid, "{send_self, hello, {message, 0, mine, ok}}");
        cop_assert_term(messages(), "[{init, a}, {info, a, mine}, {info, a, hello}]");
}

struct nothing {
        int nothing;
};

COP_SERVER(mute, struct nothing, .init = NULL);

COP_TEST(LOOP_11, "without handle_info messages are dropped, with a warning; without handle_call "
                  "a call is an error")
{
        cop_term reason;
        cop_pid pid;

        begin();
        pid = cop_server_start(mute, cop_nil());
        cop_send(pid, "hello");
        cop_assert_term(messages(), "[{dropped, hello}]");
        cop_assert_match(call_result(pid, 5000, "hello"), "{exit, {undef, Stack}}", &reason);
}

COP_TEST(LOOP_no_clause, "a request that no clause fits ends the server, and the reason names it")
{
        cop_term request;
        cop_pid pid;

        begin();
        pid = actor_start("#{id => a}");
        cop_assert_match(call_result(pid, 5000, "{unheard, thing}"),
                         "{exit, {function_clause, [{actor, handle_call, [Request], _} | _]}}",
                         &request);
        cop_assert_term(request, "{unheard, thing}");
}

/* ---- GT: its end ---- */

COP_TEST(GT_1, "terminate is called when a callback stops, exits, fails, or returns nonsense")
{
        static const char *const ways[] = { "{stop, boom}", "{exit, boom}",
                                            "{throw, {stop, boom}}" };
        size_t i;

        begin();
        for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
                cop_pid pid = actor_start("#{id => a}");

                actor_do(pid, "A", cop_read(ways[i]));
                cop_assert_term(messages(),
                                "[{init, a}, {terminate, a, boom}, {server_error, boom},"
                                " {crash_report, boom}, {'EXIT', Pid, boom}]",
                                pid);
        }
}

COP_TEST(GT_2, "terminate is not called when it is killed, or init failed")
{
        cop_pid pid;

        begin();
        pid = actor_start("#{trap => true}");
        cop_kill(pid);
        cop_assert_term(messages(), "[{init, a}, {'EXIT', Pid, killed}]", pid);
}

COP_TEST(GT_3, "an error gives {E, Stack}, to terminate and to those who are linked")
{
        cop_term stack, list;
        cop_pid pid;

        begin();
        pid = actor_start("#{id => a}");
        actor_do(pid, "{error, oops}");
        list = messages();
        cop_assert_match(list, "[{init, a}, {terminate, a, {oops, Stack}} | _]", &stack);
        cop_assert_term(list,
                        "[{init, a}, {terminate, a, {oops, S}}, {server_error, {oops, S}},"
                        " {crash_report, {oops, S}}, {'EXIT', Pid, {oops, S}}]",
                        stack, pid);
        cop_assert(cop_is_list(stack) && !cop_is_nil(stack));
}

COP_TEST(GT_4, "where terminate fails its reason is the end's, and is always reported")
{
        cop_pid pid;

        begin();
        pid = actor_start("#{terminate => {exit, normal}}");
        actor_do(pid, "{stop, boom}");
        cop_assert_term(messages(),
                        "[{init, a}, {terminate, a, boom}, {server_error, normal},"
                        " {'EXIT', Pid, normal}]",
                        pid);
        pid = actor_start("#{terminate => {throw, away}}");
        actor_do(pid, "{stop, normal}");
        cop_assert_term(messages(), "[{init, a}, {terminate, a, normal}, {'EXIT', Pid, normal}]",
                        pid);
}

COP_TEST(GT_5, "the answer of {stop, R, X} comes after terminate")
{
        cop_pid pid;

        begin();
        pid = actor_start_free("#{terminate => {sleep, 20, ok}}");
        cop_assert_term(call_result(pid, 5000, "{do, {stop, normal, last}}"), "{reply, last}");
        cop_assert_term(messages(), "[{init, a}, {terminate, a, normal}]");
}

COP_TEST(GT_6, "who calls a server that stops without an answer exits with the reason")
{
        begin();
        cop_assert_term(call_result(actor_start_free("#{id => a}"), 5000, "{do, {stop, boom}}"),
                        "{exit, boom}");
}

COP_TEST(GT_7, "normal, shutdown and {shutdown, _} are not reported")
{
        begin();
        actor_do(actor_start_free("#{id => a}"), "{stop, normal}");
        actor_do(actor_start_free("#{id => b}"), "{stop, shutdown}");
        actor_do(actor_start_free("#{id => c}"), "{exit, {shutdown, x}}");
        cop_assert_term(messages(),
                        "[{init, a}, {terminate, a, normal}, {init, b}, {terminate, b, shutdown},"
                        " {init, c}, {terminate, c, {shutdown, x}}]");
}

static void call_and_tell(cop_term argument)
{
        cop_pid to;

        if (cop_match(argument, "{To}", &to))
                cop_send(cop_whereis("test"), "{result, R}", call_result(to, 5000, "{do, ok}"));
}

COP_TEST(GT_8, "what is left in the mailbox is lost, and those who wait hear the reason")
{
        cop_pid pid;

        begin();
        pid = actor_start_free("#{id => a}");
        cop_assert_term(cop_next_message(), "{init, a}");
        cop_sys_suspend(pid);
        cop_spawn(call_and_tell, cop_build("{Pid}", pid));
        cop_send(pid, "hello");
        cop_assert(cop_system_quiet(5000));
        cop_server_stop_with(pid, 5000, "enough");
        cop_assert_term(messages(),
                        "[{terminate, a, enough}, {server_error, enough}, {crash_report, enough},"
                        " {result, {exit, enough}}]");
}

COP_TEST(GT_8_reason, "all who wait hear a reason that came in the message which was the last")
{
        cop_pid pid;
        int i;

        begin();
        pid = actor_start_free("#{id => a}");
        cop_assert_term(cop_next_message(), "{init, a}");
        cop_sys_suspend(pid);
        cop_cast(pid, "{do, {exit, {shutdown, [1, {two}, <<\"three\">>]}}}");
        for (i = 0; i < 3; i++)
                cop_spawn(call_and_tell, cop_build("{Pid}", pid));
        cop_assert(cop_system_quiet(5000));
        cop_sys_resume(pid);
        cop_assert_term(messages(),
                        "[{terminate, a, R}, {result, {exit, R}}, {result, {exit, R}},"
                        " {result, {exit, R}}]",
                        cop_build("{shutdown, [1, {two}, <<\"three\">>]}"));
}

struct stopping {
        cop_pid pid;
        int64_t timeout_ms;
};

static void stop_normally(void *argument)
{
        struct stopping *stopping = argument;

        cop_server_stop_with(stopping->pid, stopping->timeout_ms, "normal");
}

COP_TEST(GT_9, "stop: ok, or the caller exits with noproc, the other reason, or timeout")
{
        struct stopping stopping = { actor_start_free("#{id => a}"), COP_FOREVER };

        begin();
        cop_assert_term(exit_of(stop_normally, &stopping), "ok");
        cop_assert_match(exit_of(stop_normally, &stopping), "{noproc, {sys, terminate, _}}");
        stopping.pid = actor_start_free("#{terminate => {exit, other}}");
        cop_assert_match(exit_of(stop_normally, &stopping), "{other, {sys, terminate, _}}");
        messages();
        stopping.pid = actor_start_free("#{terminate => {sleep, 40, ok}}");
        stopping.timeout_ms = 10;
        cop_assert_match(exit_of(stop_normally, &stopping), "{timeout, {sys, terminate, _}}");
        cop_assert_term(reason_of(stopping.pid), "normal");
}

/* ---- SYS ---- */

COP_TEST(SYS_1, "sys is answered between any two callbacks, in the order in which it was asked")
{
        cop_pid pid;

        begin();
        pid = actor_start("#{id => a}");
        cop_cast(pid, "{do, {sleep, 10, ok}}");
        cop_send(pid, "before");
        cop_assert_match(cop_sys_get_state(pid), "#{id := a}");
        cop_assert_term(messages(), "[{init, a}, {info, a, before}]");
}

static void hear_last_message(void *context, enum cop_level level, cop_term report)
{
        cop_term last;

        if (cop_match(report, "#{label := {gen_server, terminate}, last_message := M}", &last))
                cop_send(cop_whereis("test"), "{last_message, M}", last);
}

COP_TEST(SYS_6, "an end by sys shows no last message")
{
        begin();
        cop_report_to(hear_last_message, NULL);
        cop_server_stop_with(actor_start_free("#{id => a}"), 5000, "boom");
        cop_assert_term(messages(), "[{init, a}, {terminate, a, boom}, {last_message, []}]");
}

COP_TEST(SYS_2, "one that is suspended answers sys alone, and heeds its parent's end")
{
        cop_pid pid;

        begin();
        pid = actor_start("#{trap => true}");
        cop_sys_suspend(pid);
        cop_send(pid, "hello");
        cop_assert_term(call_result(pid, 10, "{do, {reply, x}}"), "{exit, timeout}");
        cop_assert_term(cop_sys_get_state(pid), "#{id => a, terminate => ok}");
        cop_assert_term(messages(), "[{init, a}]");
        cop_exit_to(pid, "shutdown");
        cop_assert_term(messages(), "[{terminate, a, shutdown}, {'EXIT', Pid, shutdown}]", pid);
}

COP_TEST(SYS_3, "two suspends need one resume, and then all that waited is handled in order")
{
        cop_pid pid;

        begin();
        pid = actor_start("#{id => a}");
        cop_sys_suspend(pid);
        cop_sys_suspend(pid);
        cop_send(pid, "one");
        cop_send(pid, "two");
        cop_sys_resume(pid);
        cop_assert_term(messages(), "[{init, a}, {info, a, one}, {info, a, two}]");
}

static void replace_badly(void *argument)
{
        cop_sys_replace_state(*(cop_pid *)argument, cop_build("#{id => c, crash => now}"));
}

COP_TEST(SYS_4, "a state can be replaced; where that crashes the old one stays")
{
        cop_pid pid;

        begin();
        pid = actor_start("#{id => a}");
        cop_sys_replace_state(pid, cop_build("#{id => b}"));
        cop_assert_match(cop_sys_get_state(pid), "#{id := b}");
        cop_assert_term(exit_of(replace_badly, &pid),
                        "{callback_failed, {actor, system_replace_state}, {exit, half_way}}");
}

COP_TEST(SYS_statistics, "messages are counted while that is on")
{
        cop_pid pid;

        begin();
        pid = actor_start("#{id => a}");
        cop_assert_term(cop_sys_get_statistics(pid), "no_statistics");
        cop_sys_statistics(pid, true);
        call_result(pid, 5000, "{do, {reply, x}}");
        cop_cast(pid, "{do, ok}");
        cop_assert_match(
                cop_sys_get_statistics(pid),
                "[{start_time, _}, {current_time, _}, {messages_in, 2}, {messages_out, 1}]");
        cop_sys_statistics(pid, false);
        cop_assert_term(cop_sys_get_statistics(pid), "no_statistics");
}

COP_TEST(SYS_7, "what comes and goes is kept in a log of the size that was asked for")
{
        cop_term from;
        cop_pid pid;

        begin();
        pid = actor_start("#{id => a}");
        cop_sys_log(pid, 3);
        cop_cast(pid, "{do, ok}");
        call_result(pid, 5000, "{do, {reply, x}}");
        cop_assert_match(cop_sys_get_log(pid),
                         "[noreply, {in, {'$gen_call', From, {do, {reply, x}}}}, {out, x, _}]",
                         &from);
        cop_sys_no_debug(pid);
        cop_assert_term(cop_sys_get_log(pid), "[]");
}

static void ask_the_dead(void *argument)
{
        cop_sys_get_state(*(cop_pid *)argument);
}

COP_TEST(SYS_8, "who asks a process that is dead exits with {noproc, {sys, ...}}")
{
        cop_pid pid;

        begin();
        pid = actor_start_free("#{id => a}");
        cop_server_stop(pid);
        cop_assert_term(exit_of(ask_the_dead, &pid), "{noproc, {sys, get_state, [Pid]}}", pid);
}

COP_TEST(SYS_status, "the status says what module it is, and whether it is suspended")
{
        cop_pid pid;

        begin();
        pid = actor_start("#{id => a}");
        cop_sys_suspend(pid);
        cop_assert_match(cop_sys_get_status(pid),
                         "{status, _, {module, gen_server}, [_, suspended, _, [], _]}");
}

/* ---- the rest ---- */

COP_TEST(CALL_reply_later, "who called can be answered later, by anybody")
{
        cop_pid pid;
        cop_ref request;
        cop_term answer;

        begin();
        pid = actor_start("#{id => a}");
        request = cop_send_request(pid, "{do, keep_from}");
        actor_do(pid, "{answer, late}");
        cop_assert_equal(cop_receive_response(request, 5000, &answer), COP_RESPONSE_REPLY);
        cop_assert_term(answer, "late");
}
