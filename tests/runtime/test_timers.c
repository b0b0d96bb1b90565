/*
 * TMR: timers, and waiting for a time.
 */
#include <coppice/text.h>

#include "base/alloc.h"
#include "support/puppet.h"

enum { HOUR_MS = 3600000 };

static bool is_any(cop_term message, void *unused)
{
        return true;
}

COP_TEST(TMR_1_cancel, "cancelling gives what was left, and the message does not come")
{
        cop_ref timer = cop_send_after(HOUR_MS, cop_self(), "late");
        int64_t left = cop_cancel_timer(timer);

        cop_assert(left > HOUR_MS - 5000);
        cop_assert(left <= HOUR_MS);
        cop_assert_equal(cop_cancel_timer(timer), -1);
        cop_assert_term(messages(), "[]");
}

COP_TEST(TMR_1_expired, "a timer that has gone off, or never was one, gives -1")
{
        cop_ref timer = cop_send_after(1, cop_self(), "now");

        cop_assert(cop_receive(5000, "now"));
        cop_assert_equal(cop_cancel_timer(timer), -1);
        cop_assert_equal(cop_read_timer(timer), -1);
        cop_assert_equal(cop_cancel_timer(cop_new_ref()), -1);
}

COP_TEST(TMR_1_reused, "the reference of a timer that is over says nothing of the timers after it")
{
        cop_ref over = cop_send_after(HOUR_MS, cop_self(), "never"), next;
        int k;

        cop_assert(cop_cancel_timer(over) > 0);
        for (k = 0; k < 10; k++) {
                next = cop_send_after(HOUR_MS, cop_self(), "{later, K}", k);
                cop_assert(next.word != over.word);
                cop_assert_equal(cop_read_timer(over), -1);
                cop_assert_equal(cop_cancel_timer(over), -1);
                cop_assert(cop_cancel_timer(next) > 0);
                over = next;
        }
        cop_assert_term(messages(), "[]");
}

COP_TEST(TMR_1_race,
         "a timer that is cancelled while it goes off: the message or the rest, not both")
{
        int k;

        for (k = 0; k < world_times(); k++) {
                cop_ref timer = cop_send_after(k % 2, cop_self(), "ping");
                int64_t left;

                cop_yield();
                left = cop_cancel_timer(timer);
                if (left >= 0)
                        cop_assert_term(messages(), "[]");
                else
                        cop_assert(cop_receive(5000, "ping"));
        }
}

COP_TEST(TMR_1_read, "reading a timer does not disturb it")
{
        cop_ref timer = cop_send_after(20, cop_self(), "ping");

        cop_assert(cop_read_timer(timer) <= 20);
        cop_assert(cop_receive(5000, "ping"));
        cop_assert_equal(cop_read_timer(timer), -1);
}

COP_TEST(TMR_2_start_timer, "the message of cop_start_timer() carries its reference")
{
        cop_ref a = cop_start_timer(1, cop_self(), "{tick, [1]}");
        cop_ref b = cop_start_timer(1, cop_self(), "{tick, [2]}");

        cop_assert(a.word != b.word);
        cop_assert(cop_receive(5000, "{timeout, ^B, {tick, [2]}}", &b));
        cop_assert(cop_receive(5000, "{timeout, ^A, {tick, [1]}}", &a));
}

COP_TEST(TMR_2_send_after, "the message of cop_send_after() is the message alone")
{
        cop_send_after(1, cop_self(), "{tick, [1]}");
        cop_assert_term(cop_next_message_within(5000), "{tick, [1]}");
}

COP_TEST(TMR_2_contents, "a message of any kind comes as it was set, with a reference or without")
{
        const char *const texts[] = { "a",
                                      "-7",
                                      "{}",
                                      "{a}",
                                      "{a, 1}",
                                      "{a, 1, 2}",
                                      "{a, {b}}",
                                      "[1, [2], 3]",
                                      "#{a => 1}",
                                      "1.5",
                                      "1180591620717411303424" };
        cop_term tail = cop_nil();

        for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
                cop_term message = cop_read(texts[i]), wrapped;
                cop_ref ref;

                tail = cop_cons(message, tail);
                cop_send_after_term(1, COP__TO(cop_self()), message);
                cop_assert(cop_equal(cop_receive_if(is_any, NULL, 5000), message));
                ref = cop_start_timer_term(1, COP__TO(cop_self()), message);
                cop_assert(cop_receive(5000, "{timeout, ^Ref, Wrapped}", &ref, &wrapped));
                cop_assert(cop_equal(wrapped, message));
        }
        cop_send_after_term(1, COP__TO(cop_self()), tail);
        cop_assert(cop_equal(cop_receive_if(is_any, NULL, 5000), tail));
}

COP_TEST(TMR_3_never_early, "a timer never goes off early")
{
        int64_t delays[] = { 0, 1, 2, 3, 7, 20, 41 };
        size_t i;
        int k;

        for (k = 0; k < 3; k++) {
                for (i = 0; i < sizeof(delays) / sizeof(*delays); i++) {
                        int64_t start = cop_now_ns();

                        cop_send_after(delays[i], cop_self(), "ping");
                        cop_assert(cop_receive(5000, "ping"));
                        cop_assert(cop_now_ns() - start >= delays[i] * 1000000);
                }
        }
}

COP_TEST(TMR_3_waits, "no wait ends early: cop_sleep(), a receive that times out")
{
        int64_t start = cop_now_ns();

        cop_sleep(5);
        cop_assert(cop_now_ns() - start >= 5000000);
        start = cop_now_ns();
        cop_assert(!cop_receive(5, "nothing_such"));
        cop_assert(cop_now_ns() - start >= 5000000);
        start = cop_now_ns();
        cop_assert(cop_is_none(cop_next_message_within(5)));
        cop_assert(cop_now_ns() - start >= 5000000);
}

COP_TEST(TMR_3_messages_meanwhile, "messages that do not match do not prolong a wait, nor end it")
{
        cop_pid noisy = puppet();
        int64_t start = cop_now_ns();
        int k;

        for (k = 0; k < 10; k++)
                pull_only(noisy, "{forward, Me, noise, 3}", cop_self());
        cop_assert(!cop_receive(15, "nothing_such"));
        cop_assert(cop_now_ns() - start >= 15000000);
        cop_assert(!world_is_simulated() || cop_now_ns() - start < 17000000);
        cop_assert_equal(cop_length(messages()), 30);
}

COP_TEST(TMR_3_order, "timers go off in the order of their times, whatever order they were set in")
{
        enum { TIMERS = 60 };
        int64_t last = -1;
        int i, number;

        for (i = 0; i < TIMERS; i++)
                cop_send_after(10 + (i * 7 % TIMERS) * 2, cop_self(), "{at, N}", i * 7 % TIMERS);
        for (i = 0; i < TIMERS; i++) {
                cop_assert_match(cop_next_message_within(5000), "{at, N}", &number);
                cop_assert(number > last);
                last = number;
        }
}

COP_TEST(TMR_3_far, "simulated, an hour passes at once and exactly")
{
        int64_t start = cop_now_ms();

        if (!world_is_simulated())
                return;
        cop_send_after(HOUR_MS, cop_self(), "later");
        cop_assert(cop_receive(2 * HOUR_MS, "later"));
        cop_assert(cop_now_ms() - start >= HOUR_MS);
        cop_assert(cop_now_ms() - start <= HOUR_MS + 1);
        cop_sleep((int64_t)HOUR_MS * 24 * 400);
        cop_assert(cop_now_ms() - start >= (int64_t)HOUR_MS * 24 * 400);
}

static void cancels(cop_term argument)
{
        cop_pid owner;
        cop_ref timer;

        if (cop_match(argument, "{Owner, Timer}", &owner, &timer))
                cop_send(owner, "{left, N}", cop_cancel_timer(timer));
}

COP_TEST(TMR_4_anybody, "any process may read and cancel a timer")
{
        cop_ref timer = cop_send_after(HOUR_MS, cop_self(), "late");
        int64_t left;

        cop_spawn(cancels, cop_build("{Me, Timer}", cop_self(), timer));
        cop_assert(cop_receive(5000, "{left, N}", &left));
        cop_assert(left > HOUR_MS - 5000);
        cop_assert_equal(cop_cancel_timer(timer), -1);
        cop_assert_term(messages(), "[]");
}

COP_TEST(TMR_4_many, "many timers: each goes off once or is cancelled, from other processes too")
{
        enum { TIMERS = 300 };
        cop_ref timers[TIMERS];
        cop_pid other = puppet();
        int i, left = 0, number;

        for (i = 0; i < TIMERS; i++)
                timers[i] = cop_send_after(cop_test_random_below(20), i % 3 ? cop_self() : other,
                                           "{tick, N}", i);
        for (i = 0; i < TIMERS; i += 2)
                left += cop_cancel_timer(timers[i]) < 0;
        for (i = 0; i < TIMERS / 2 + left; i++) {
                cop_term message = cop_next_message_within(5000);

                cop_assert(cop_match(message, "{tick, N}", &number) ||
                           cop_match(message, "{_, {tick, N}}", &number));
        }
        cop_assert_term(messages(), "[]");
}

static void sets_for(cop_term argument)
{
        cop_pid to, parent;
        int k;

        if (!cop_match(argument, "{To, Parent}", &to, &parent))
                return;
        for (k = 0; k < 20; k++) {
                cop_ref timer = cop_send_after(k % 4 ? HOUR_MS : k, to, "{tick, [K]}", k);

                if (k % 4 == 1)
                        cop_cancel_timer(timer);
                cop_send(parent, "{timer, Timer}", timer);
                cop_yield();
        }
}

COP_TEST(TMR_4_from_many, "processes that set timers for another: they go when it does")
{
        enum { SETTERS = 8, TIMERS = SETTERS * 20 };
        int k, times;

        for (times = 0; times < world_times(); times++) {
                cop_ref timers[TIMERS];
                cop_pid to = puppet();
                cop_ref monitor = cop_monitor(to);

                for (k = 0; k < SETTERS; k++)
                        cop_spawn(sets_for, cop_build("{To, Me}", to, cop_self()));
                for (k = 0; k < TIMERS; k++) {
                        cop_assert(cop_receive(5000, "{timer, Timer}", &timers[k]));
                        if (k == TIMERS / 2)
                                cop_kill(to);
                }
                cop_assert(cop_receive(5000, "{'DOWN', ^Monitor, _, _, _}", &monitor));
                for (k = 0; k < TIMERS; k++) {
                        cop_assert_equal(cop_read_timer(timers[k]), -1);
                        cop_assert_equal(cop_cancel_timer(timers[k]), -1);
                }
                while (cop_receive_if(is_any, NULL, 0).word)
                        continue;
        }
}

COP_TEST(TMR_memory, "a message for which there is no memory when it is due comes later")
{
        int k, failed = 0;

        for (k = 0; k < 10; k++) {
                cop_ref timer = cop_send_after(5, cop_self(), "tick");

                cop_assert(cop_read_timer(timer) >= 0);
                cop__alloc_fail_at(world_is_simulated() ? 1 : 0);
                cop_sleep(20);
                failed += cop__alloc_fail_at(0);
                cop_assert(cop_receive(5000, "tick"));
        }
        cop_assert(!world_is_simulated() || failed > 0);
}

COP_TEST(TMR_names, "a timer for a name looks the name up when it goes off")
{
        cop_pid pid = puppet();

        cop_send_after(10, "named_later", "hello");
        cop_register("named_later", pid);
        cop_assert(cop_receive(5000, "{^Pid, hello}", &pid));
}

static void sets_wrongly(void *unused)
{
        cop_send_after(-5, cop_self(), "never");
}

COP_TEST(TMR_badarg, "a negative time is badarg")
{
        cop_term reason, stack;

        cop_assert_equal(cop_try(sets_wrongly, NULL, &reason), COP_ERROR);
        cop_assert_match(reason, "{badarg, Stack}", &stack);
}

COP_TEST(TMR_receive_forever, "a receive without end waits through timers that are not for it")
{
        int k;

        for (k = 0; k < world_times(); k++) {
                cop_send_after(1, cop_self(), "{tick, K}", k);
                cop_assert(cop_receive(COP_FOREVER, "{tick, ^K}", &k));
        }
}

/* Takes its time, so that somebody notes when the wait ends while it is over already. */
static bool after_a_while(cop_term message, void *none)
{
        int64_t end = cop_now_ms() + 15;

        while (cop_now_ms() < end)
                continue;
        return true;
}

static void send_message(cop_term to)
{
        cop_send(to, "message");
}

COP_TEST(TMR_receive_stuck,
         "a wait that is over leaves no deadline behind, after a long turn either", .limit_s = 120)
{
        int k;

        if (world_is_simulated())
                return; /* nobody looks at long turns there */
        for (k = 0; k < world_times(); k++) {
                cop_spawn(send_message, cop_pid_term(cop_self()));
                cop_receive_if(after_a_while, NULL, 17); /* may come too late */
                cop_send_after(5, cop_self(), "{tick, K}", k);
                cop_assert(cop_receive(COP_FOREVER, "{tick, ^K}", &k));
        }
}
