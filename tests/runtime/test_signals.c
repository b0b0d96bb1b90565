/*
 * SIG: signals, what order they come in and what they do to their receiver.
 */
#include "support/puppet.h"

#include <stdatomic.h>

COP_TEST(SIG_1_asynchronous, "what one process does to another is done when its inbox is handled")
{
        cop_pid busy = puppet();
        cop_ref ref, mine;
        cop_ref alias = cop_alias(COP_ALIAS_EXPLICIT);

        cop_link(busy);
        ref = cop_monitor(busy);
        mine = cop_monitor(busy);
        cop_send(busy, "hello");
        cop_demonitor(mine);
        cop_unlink(busy);
        pull_only(busy, "{send, To, through_alias}", alias);
        pull_only(busy, "{exit, done}");

        cop_assert_term(messages(),
                        "[{Busy, hello}, through_alias, {'DOWN', Ref, process, Busy, done}]", busy,
                        ref);
}

/* ---- order ---- */

enum { MANY = 500 };

COP_TEST(SIG_2_messages, "messages from one process to another come in the order they were sent")
{
        cop_pid a = puppet();
        int i, k;

        for (k = 0; k < world_times(); k++) {
                cop_scope {
                        pull_only(a, "{forward, Me, m, N}", cop_self(), MANY);
                        for (i = 1; i <= MANY; i++)
                                cop_assert_term(cop_next_message(), "{m, I}", i);
                }
        }
}

static void sends_and_ends(cop_term argument)
{
        cop_pid to;

        if (!cop_match(argument, "{To}", &to))
                return;
        cop_send(to, "first");
        cop_send(to, "second");
        cop_exit("done");
}

COP_TEST(SIG_2_then_down, "what a process sent before its end comes before the DOWN of its end")
{
        cop_ref ref;
        cop_pid pid;
        int k;

        for (k = 0; k < world_times(); k++) {
                pid = cop_spawn(sends_and_ends, cop_build("{Me}", cop_self()), .monitor = &ref);
                cop_assert_term(cop_next_message(), "first");
                cop_assert_term(cop_next_message(), "second");
                cop_assert_term(cop_next_message(), "{'DOWN', Ref, process, Pid, done}", ref, pid);
        }
}

COP_TEST(SIG_2_then_exit, "what a process sent before its end comes before the EXIT of its end")
{
        cop_pid pid;
        int k;

        cop_trap_exits(true);
        for (k = 0; k < world_times(); k++) {
                pid = cop_spawn(sends_and_ends, cop_build("{Me}", cop_self()), .link = true);
                cop_assert_term(cop_next_message(), "first");
                cop_assert_term(cop_next_message(), "second");
                cop_assert_term(cop_next_message(), "{'EXIT', Pid, done}", pid);
        }
}

static void mixes(cop_term argument)
{
        cop_pid to;
        cop_ref alias;

        if (!cop_match(argument, "{To, Alias}", &to, &alias))
                return;
        cop_send(to, "one");
        cop_exit_to(to, "two");
        cop_cast(to, "three");
        cop_send(alias, "four");
        cop_link(to);
        cop_exit("five");
}

COP_TEST(SIG_2_kinds, "messages, casts, exits, messages to an alias and the end keep their order")
{
        cop_ref alias = cop_alias(COP_ALIAS_EXPLICIT);
        cop_pid pid;
        int k;

        cop_trap_exits(true);
        for (k = 0; k < world_times(); k++) {
                pid = cop_spawn(mixes, cop_build("{Me, Alias}", cop_self(), alias));
                cop_assert_term(cop_next_message(), "one");
                cop_assert_term(cop_next_message(), "{'EXIT', Pid, two}", pid);
                cop_assert_term(cop_next_message(), "{'$gen_cast', three}");
                cop_assert_term(cop_next_message(), "four");
                cop_assert_term(cop_next_message(), "{'EXIT', Pid, five}", pid);
        }
}

COP_TEST(SIG_3_senders, "of two senders' messages each one's are in order, and none is lost")
{
        cop_pid a = puppet(), b = puppet(), from;
        int of_a, of_b, number, k;

        for (k = 0; k < world_times(); k++) {
                of_a = of_b = 0;
                pull_only(a, "{forward, Me, a, N}", cop_self(), MANY);
                pull_only(b, "{forward, Me, b, N}", cop_self(), MANY);
                while (of_a + of_b < 2 * MANY) {
                        cop_term message = cop_next_message();

                        if (cop_match(message, "{a, N}", &number))
                                cop_assert_equal(number, ++of_a);
                        else if (cop_match(message, "{b, N}", &number))
                                cop_assert_equal(number, ++of_b);
                        else
                                cop_fail("%s", cop_show(message));
                }
        }
        cop_assert(!cop_receive(0, "{From, _}", &from));
}

static void computes(cop_term none)
{
        for (;;)
                cop_yield();
}

COP_TEST(SIG_4_never_receives, "a process that never receives dies from an exit signal")
{
        cop_ref ref;
        cop_pid pid = cop_spawn(computes, cop_nil(), .monitor = &ref);

        cop_yield();
        cop_exit_to(pid, "enough");
        cop_assert_term(down_reason(ref), "enough");
}

static void asks(cop_term argument)
{
        cop_pid whom;

        if (cop_match(argument, "{Whom}", &whom))
                cop_call(whom, "question");
}

COP_TEST(SIG_4_blocked, "a process that waits for an answer, or sleeps, dies from an exit signal")
{
        cop_pid sleeper = puppet(), asker = cop_spawn(asks, cop_build("{Me}", cop_self()));
        cop_ref ref;

        pull(sleeper, "{sleep, 3600000}");
        ref = cop_monitor(sleeper);
        cop_exit_to(sleeper, "awake");
        cop_assert_term(down_reason(ref), "awake");
        ref = cop_monitor(asker);
        cop_exit_to(asker, "unanswered");
        cop_assert_term(down_reason(ref), "unanswered");
}

COP_TEST(SIG_5_timers, "two timers that are due at the same time both go off")
{
        cop_send_after(5, cop_self(), "a");
        cop_send_after(5, cop_self(), "b");
        cop_assert(cop_receive(5000, "a"));
        cop_assert(cop_receive(5000, "b"));
}

/* ---- to nobody ---- */

static cop_pid dead_pid(void)
{
        cop_pid pid = puppet();

        pull(pid, "return");
        cop_assert(!cop_is_alive(pid));
        return pid;
}

COP_TEST(SIG_6_dead, "a message to a dead pid vanishes")
{
        cop_pid pid = dead_pid();

        cop_send(pid, "hello");
        cop_cast(pid, "hello");
        cop_send(cop_new_ref(), "hello");
        cop_assert_term(messages(), "[]");
}

static void send_to_nobody(void *unused)
{
        cop_send("nobody", "hello");
}

COP_TEST(SIG_6_name, "a message to a name that nobody has is badarg in the sender")
{
        cop_term reason, what, stack;

        cop_assert_equal(cop_try(send_to_nobody, NULL, &reason), COP_ERROR);
        cop_assert_match(reason, "{What, Stack}", &what, &stack);
        cop_assert_term(what, "badarg");
}

/* ---- SIG-7: exit signals of others ---- */

COP_TEST(SIG_7_normal, "normal from another process is dropped where exits are not trapped")
{
        cop_pid pid = puppet();

        cop_exit_to(pid, "normal");
        cop_assert(cop_system_quiet(COP_FOREVER));
        cop_assert(cop_is_alive(pid));
        cop_send(pid, "still_there");
        cop_assert_term(messages(), "[{Pid, still_there}]", pid);
}

COP_TEST(SIG_7_kill, "kill ends the receiver with reason killed, trapping or not")
{
        cop_pid plain = puppet(), trapping = puppet(.trap_exits = true);
        cop_ref of_plain = cop_monitor(plain), of_trapping = cop_monitor(trapping);

        cop_exit_to(plain, "kill");
        cop_kill(trapping);
        cop_assert_term(down_reason(of_plain), "killed");
        cop_assert_term(down_reason(of_trapping), "killed");
        cop_assert_term(messages(), "[]");
}

COP_TEST(SIG_7_other, "another reason ends the receiver with that reason")
{
        cop_pid pid = puppet();
        cop_ref ref = cop_monitor(pid);

        cop_exit_to(pid, "{because, [\"of\", 2.5, N]}", 7);
        cop_assert_term(down_reason(ref), "{because, [\"of\", 2.5, 7]}");
}

COP_TEST(SIG_7_trapped, "who traps exits gets a message for normal and for other reasons")
{
        cop_pid pid = puppet(.trap_exits = true);

        cop_exit_to(pid, "normal");
        cop_exit_to(pid, "{some, reason}");
        cop_exit_to(pid, "killed");
        cop_assert_term(messages(),
                        "[{Pid, {'EXIT', Me, normal}}, {Pid, {'EXIT', Me, {some, reason}}},"
                        " {Pid, {'EXIT', Me, killed}}]",
                        pid, cop_self());
        cop_assert(cop_is_alive(pid));
}

static atomic_bool went_on;

static void exits_itself(cop_term reason)
{
        cop_exit_to_term(cop_self(), reason);
        went_on = true;
}

static cop_term own_exit(cop_term reason)
{
        cop_ref ref;

        went_on = false;
        cop_spawn(exits_itself, reason, .monitor = &ref);
        reason = down_reason(ref);
        cop_assert(!went_on);
        return reason;
}

COP_TEST(SIG_7_self_normal,
         "normal to oneself ends the caller with normal, before the call returns")
{
        cop_assert_term(own_exit(cop_atom("normal")), "normal");
}

COP_TEST(SIG_7_self_kill, "kill to oneself ends the caller with killed, before the call returns")
{
        cop_assert_term(own_exit(cop_atom("kill")), "killed");
}

COP_TEST(SIG_7_self_other, "another reason to oneself ends the caller before the call returns")
{
        cop_assert_term(own_exit(cop_build("{why, me}")), "{why, me}");
}

COP_TEST(SIG_7_self_trapped, "who traps exits gets a message of its own exit signal; not for kill")
{
        cop_pid pid = puppet(.trap_exits = true);
        cop_ref ref = cop_monitor(pid);

        pull(pid, "{exit_to, Pid, normal}", pid);
        pull(pid, "{exit_to, Pid, other}", pid);
        pull(pid, "{exit_to, Pid, kill}", pid);
        cop_assert_term(messages(),
                        "[{Pid, {'EXIT', Pid, normal}}, {Pid, {'EXIT', Pid, other}},"
                        " {'DOWN', Ref, process, Pid, killed}]",
                        pid, ref);
}

/* ---- SIG-8: exit signals of links ---- */

/* The other end of a link ends with the reason: what becomes of who does not trap. */
static cop_term end_of_linked(cop_term reason)
{
        cop_pid dies = puppet(), linked = puppet();
        cop_ref ref = cop_monitor(linked);

        pull(linked, "{link, Pid}", dies);
        pull(dies, "{exit, Reason}", reason);
        return cop_is_alive(linked) ? cop_atom("lives") : down_reason(ref);
}

COP_TEST(SIG_8_normal, "a link's end with normal is dropped where exits are not trapped")
{
        cop_assert_term(end_of_linked(cop_atom("normal")), "lives");
}

COP_TEST(SIG_8_kill, "a link's end with kill ends the other with kill")
{
        cop_assert_term(end_of_linked(cop_atom("kill")), "kill");
}

COP_TEST(SIG_8_killed, "a link's end with killed ends the other with killed")
{
        cop_assert_term(end_of_linked(cop_atom("killed")), "killed");
}

COP_TEST(SIG_8_other, "a link's end with another reason ends the other with it")
{
        cop_assert_term(end_of_linked(cop_build("{its, \"reason\"}")), "{its, \"reason\"}");
}

/* What a process that traps exits hears of its link's end. */
static void hears(cop_term reason)
{
        cop_pid dies = puppet();

        cop_link(dies);
        pull(dies, "{exit, Reason}", reason);
        cop_assert_term(messages(), "[{'EXIT', Pid, Reason}]", dies, reason);
}

COP_TEST(SIG_8_trapped, "who traps exits gets a message of a link's end, whatever the reason")
{
        cop_trap_exits(true);
        hears(cop_atom("normal"));
        hears(cop_atom("kill"));
        hears(cop_atom("killed"));
        hears(cop_build("{other, [reason]}"));
}

COP_TEST(SIG_9_exit_kill, "a process that exits with kill passes kill on, which can be trapped")
{
        cop_pid dies = puppet();

        cop_trap_exits(true);
        cop_link(dies);
        pull(dies, "{exit, kill}");
        cop_assert_term(messages(), "[{'EXIT', Pid, kill}]", dies);
}

COP_TEST(SIG_9_killed, "a process that was killed passes killed on")
{
        cop_pid dies = puppet(.trap_exits = true);

        cop_trap_exits(true);
        cop_link(dies);
        cop_kill(dies);
        cop_assert_term(messages(), "[{'EXIT', Pid, killed}]", dies);
}

COP_TEST(SIG_10_unlinked, "the end of a process whose link was taken back before has no effect")
{
        cop_pid dies, linked;
        int k;

        for (k = 0; k < world_times(); k++) {
                dies = puppet();
                linked = puppet();
                pull(linked, "{link, Pid}", dies);
                /* The two may cross on their way. */
                pull_only(linked, "{unlink, Pid}", dies);
                pull_only(linked, "{send, Me, unlinked}", cop_self());
                cop_assert(cop_receive(5000, "unlinked"));
                cop_kill(dies);
                cop_assert(cop_system_quiet(COP_FOREVER));
                cop_assert(cop_is_alive(linked));
                pull(linked, "return");
                cop_assert(!cop_is_alive(linked));
        }
}

COP_TEST(SIG_11_dead, "an exit signal to a dead pid does nothing")
{
        cop_pid pid = dead_pid();

        cop_exit_to(pid, "hello");
        cop_kill(pid);
        cop_assert_term(messages(), "[]");
}

/* ---- SIG-12: none of its code runs any more ---- */

static void waits_for_ever(void *unused)
{
        cop_receive(COP_FOREVER, "never");
}

static void tries(cop_term none)
{
        cop_term reason;

        cop_try(waits_for_ever, NULL, &reason);
        went_on = true;
}

COP_TEST(SIG_12_no_catch, "an exit signal is not caught: nothing of the process runs after it")
{
        cop_ref ref;
        cop_pid pid;

        went_on = false;
        pid = cop_spawn(tries, cop_nil(), .monitor = &ref);
        cop_assert(cop_system_quiet(COP_FOREVER));
        cop_exit_to(pid, "over");
        cop_assert_term(down_reason(ref), "over");
        cop_assert(!went_on);
}

COP_TEST(SIG_12_messages, "messages that came before the exit signal are not handled after it")
{
        cop_pid pid = puppet();
        cop_ref ref = cop_monitor(pid);
        int k;

        pull(pid, "{sleep, 0}");
        for (k = 0; k < 100; k++)
                cop_send(pid, "hello");
        cop_kill(pid);
        cop_assert_term(down_reason(ref), "killed");
        while (cop_receive(0, "{^Pid, hello}", &pid))
                continue;
        cop_assert_term(messages(), "[]");
}

COP_TEST(SIG_13_later, "trapping exits changes what is received from then on")
{
        cop_pid a = puppet(), b = puppet(), c = puppet();

        cop_trap_exits(true);
        cop_link(a);
        pull(a, "{exit, one}");
        cop_trap_exits(false);
        /* It was received as a message, and stays one. */
        cop_assert_term(messages(), "[{'EXIT', A, one}]", a);
        cop_trap_exits(true);
        cop_link(b);
        cop_link(c);
        pull(b, "{exit, two}");
        cop_assert_term(messages(), "[{'EXIT', B, two}]", b);
        cop_unlink(c);
}

COP_TEST(SIG_13_returns, "cop_trap_exits() returns how it was")
{
        cop_assert(!cop_trap_exits(true));
        cop_assert(cop_trap_exits(true));
        cop_assert(cop_trap_exits(false));
        cop_assert(!cop_trap_exits(false));
}
