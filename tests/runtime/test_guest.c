/*
 * GUEST: a program with a main() and threads of its own starts the runtime, uses it, is called back,
 * and stops it. MAIN: a program that is a system.
 */
#include <coppice/handler.h>
#include <coppice/memory.h>
#include <coppice/system.h>
#include <coppice/test.h>
#include <coppice/text.h>
#include <coppice/timer.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "base/alloc.h"
#include "runtime/guest.h"
#include "runtime/timer.h"

/* ---- a system around a test ---- */

static void around(int schedulers, void (*body)(void))
{
        cop_assert_equal(cop_system_start(.schedulers = schedulers), 0);
        body();
        cop_assert_equal(cop_system_stop(5000), 0);
        cop_assert_equal(cop__guest_count(), 0);
        cop_assert_equal(cop__timer_count(), 0);
}

static void nothing(void)
{
}

/* With 1 scheduler and with 2, twice in a row each; the second time nothing more may be left. */
static void in_systems(void (*body)(void))
{
        int64_t blocks;
        int i;

        around(2, nothing);
        around(1, body);
        blocks = cop__alloc_live_blocks();
        for (i = 0; i < 4; i++)
                around(1 + i % 2, body);
        cop_assert(cop__alloc_live_blocks() <= blocks);
}

/* ---- processes to talk to ---- */

static void answer(void *count, const struct cop_message *m)
{
        cop_pid pid;

        if (m->kind == COP_CALL && cop_is(m->term, "next"))
                cop_answer(m->from, "{count, N}", ++*(int *)count);
        else if (cop_match(m->term, "{call_back, Pid}", &pid))
                cop_send(pid, "{called_back, [\"by\", Me]}", cop_self());
        else if (cop_match(m->term, "{exit_back, Pid}", &pid))
                cop_exit_to(pid, "{some, reason}");
        else if (cop_match(m->term, "{kill_back, Pid}", &pid))
                cop_kill(pid);
        else if (cop_is(m->term, "stop"))
                cop_exit("stopped");
}

static const struct cop_handler counter = { "counter", sizeof(int), NULL, answer };

static void uses(void)
{
        cop_pid pid = cop_spawn_handler(&counter, cop_nil(), .name = "counter");

        cop_assert_term(cop_call(pid, "next"), "{count, 1}");
        cop_assert_term(cop_call("counter", "next"), "{count, 2}");
        cop_assert_term(cop_call_within(1000, pid, "next"), "{count, 3}");
        cop_cast(pid, "{call_back, Me}", cop_self());
        cop_assert(cop_receive(5000, "{called_back, [\"by\", ^Pid]}", &pid));
        cop_send("counter", "{call_back, Me}", cop_self());
        cop_assert_term(cop_next_message(), "{called_back, [\"by\", Pid]}", pid);
        cop_send(pid, "stop");
        cop_assert(cop_system_quiet(5000));
        cop_assert(!cop_is_alive(pid));
        cop_assert(cop_is_nobody(cop_whereis("counter")));
}

COP_TEST(GUEST_uses, "a thread starts, sends, calls, is called back, and stops, again and again")
{
        in_systems(uses);
}

static void timers_and_waits(void)
{
        cop_ref timer = cop_send_after(3600000, cop_self(), "never");
        int64_t start = cop_now_ns();

        cop_send_after(5, cop_self(), "ping");
        cop_assert(cop_receive(5000, "ping"));
        cop_assert(cop_now_ns() - start >= 5000000);
        cop_assert(cop_cancel_timer(timer) > 0);
        start = cop_now_ns();
        cop_assert(!cop_receive(5, "nothing"));
        cop_sleep(2);
        cop_assert(cop_now_ns() - start >= 7000000);
        cop_send_after(3600000, cop_self(), "left_behind");
}

COP_TEST(GUEST_timers, "a thread sets and cancels timers, waits and sleeps")
{
        in_systems(timers_and_waits);
}

static void fails(void)
{
        cop_term reason = cop_nil();
        cop_pid pid = cop_spawn_handler(&counter, cop_nil());

        cop_assert(!cop_try_call(&reason, 1000, "nobody_here", "next"));
        cop_assert_term(reason, "noproc");
        cop_assert(!cop_try_call(&reason, 5, pid, "no_answer"));
        cop_assert_term(reason, "timeout");
        cop_assert(!cop_try_call(&reason, 5000, pid, "stop"));
        cop_assert_term(reason, "stopped");
}

COP_TEST(GUEST_call_fails, "a thread's call fails with the same reasons as a process's")
{
        in_systems(fails);
}

static void watches(void)
{
        cop_pid pid = cop_spawn_handler(&counter, cop_nil());
        cop_ref ref = cop_monitor(pid);

        cop_send(pid, "stop");
        cop_assert_term(cop_next_message_within(5000), "{'DOWN', Ref, process, Pid, stopped}", ref,
                        pid);
        pid = cop_spawn_handler(&counter, cop_nil(), .monitor = &ref);
        cop_kill(pid);
        cop_assert_term(cop_next_message_within(5000), "{'DOWN', Ref, process, Pid, killed}", ref,
                        pid);
}

COP_TEST(GUEST_monitor, "a thread may monitor processes")
{
        in_systems(watches);
}

static void links(void *pid)
{
        cop_link(*(cop_pid *)pid);
}

static void spawns_linked(void *unused)
{
        cop_spawn_handler(&counter, cop_nil(), .link = true);
}

static void signals_reach(void)
{
        cop_pid pid = cop_spawn_handler(&counter, cop_nil());
        cop_term reason = cop_nil(), stack;

        cop_assert_equal(cop_try(links, &pid, &reason), COP_ERROR);
        cop_assert_match(reason, "{badarg, Stack}", &stack);
        cop_assert_equal(cop_try(spawns_linked, NULL, &reason), COP_ERROR);
        cop_assert_match(reason, "{badarg, Stack}", &stack);
        cop_send(pid, "{exit_back, Me}", cop_self());
        cop_assert_term(cop_next_message_within(5000), "{'EXIT', Pid, {some, reason}}", pid);
        cop_send(pid, "{kill_back, Me}", cop_self());
        cop_assert_term(cop_next_message_within(5000), "{'EXIT', Pid, kill}", pid);
}

COP_TEST(GUEST_signals, "a thread cannot be linked or killed: exit signals come as messages")
{
        in_systems(signals_reach);
}

static void sends_many(cop_term argument)
{
        cop_pid to;
        int i;

        if (!cop_match(argument, "{To}", &to))
                return;
        for (i = 1; i <= 300; i++) {
                cop_send(to, "{tick, I}", i);
                if (i % 7 == 0)
                        cop_sleep(0);
        }
}

static void polls(void)
{
        struct pollfd fd = { .events = POLLIN };
        int got = 0, number;

        fd.fd = cop_thread_descriptor();
        cop_assert(fd.fd >= 0);
        cop_assert_equal(cop_thread_descriptor(), fd.fd);
        cop_spawn(sends_many, cop_build("{Me}", cop_self()));
        while (got < 300) {
                cop_assert_equal(poll(&fd, 1, 5000), 1);
                while (cop_receive(0, "{tick, N}", &number))
                        cop_assert_equal(number, ++got);
        }
        cop_assert(!cop_receive(0, "{tick, N}", &number));
        cop_assert_equal(poll(&fd, 1, 0), 0);
        cop_send(cop_self(), "{tick, 7}");
        cop_assert_equal(poll(&fd, 1, 5000), 1);
        cop_assert_term(cop_next_message(), "{tick, 7}");
        cop_assert(!cop_receive(5, "nothing"));
        cop_assert(!cop_receive(0, "nothing"));
        cop_send_after(5, cop_self(),
                       "{tick, 8}"); /* had it been there, it would have been looked at */
        cop_assert_equal(poll(&fd, 1, 5000), 1);
        cop_assert_term(cop_next_message(), "{tick, 8}");
}

COP_TEST(GUEST_descriptor, "a thread with a loop of its own polls a descriptor, and misses nothing")
{
        in_systems(polls);
}

/* ---- many threads ---- */

enum { THREADS = 4, CALLS = 200 };

static void *calls_often(void *leaves)
{
        int i;

        for (i = 0; i < CALLS; i++) {
                cop_term reply = cop_call("shared", "next");
                int64_t count;

                cop_assert(cop_match(reply, "{count, N}", &count));
                cop_next_message_within(0);
        }
        if (leaves)
                cop_thread_leave();
        return NULL;
}

static void many_threads(void)
{
        cop_pid pid = cop_spawn_handler(&counter, cop_nil(), .name = "shared");
        pthread_t threads[THREADS];
        int i;

        for (i = 0; i < THREADS; i++)
                cop_assert_equal(
                        pthread_create(&threads[i], NULL, calls_often, i % 2 ? &threads[i] : NULL),
                        0);
        for (i = 0; i < THREADS; i++)
                pthread_join(threads[i], NULL);
        cop_assert_term(cop_call(pid, "next"), "{count, N}", THREADS * CALLS + 1);
        cop_assert_equal(cop__guest_count(), 1);
}

COP_TEST(GUEST_threads,
         "many threads call at once; what is kept for each goes when it ends or leaves")
{
        in_systems(many_threads);
}

static void leaves(void)
{
        cop_pid before = cop_self(), after;

        cop_send(before, "lost");
        cop_thread_leave();
        cop_thread_leave();
        after = cop_self();
        cop_assert(!cop_same(before, after));
        cop_assert(!cop_is_alive(before));
        cop_assert(cop_is_none(cop_next_message_within(0)));
}

COP_TEST(GUEST_leave, "a thread that left is another one when it comes back")
{
        in_systems(leaves);
}

/* ---- a thread that outlives a system ---- */

static pthread_barrier_t step;

static void *lives_on(void *unused)
{
        int i;

        for (i = 0; i < 2; i++) {
                cop_assert_term(cop_call("shared", "next"), "{count, 1}");
                pthread_barrier_wait(&step); /* used */
                pthread_barrier_wait(&step); /* the next system runs */
        }
        cop_assert_term(cop_call("shared", "next"), "{count, 1}");
        return NULL;
}

COP_TEST(GUEST_outlives, "a thread that outlives a system is a new one in the next")
{
        pthread_t thread;
        int i;

        pthread_barrier_init(&step, NULL, 2);
        for (i = 0; i < 3; i++) {
                cop_assert_equal(cop_system_start(.schedulers = 1 + i % 2), 0);
                cop_spawn_handler(&counter, cop_nil(), .name = "shared");
                if (i == 0)
                        cop_assert_equal(pthread_create(&thread, NULL, lives_on, NULL), 0);
                else
                        pthread_barrier_wait(&step);
                if (i < 2)
                        pthread_barrier_wait(&step);
                else
                        pthread_join(thread, NULL);
                cop_assert_equal(cop_system_stop(5000), 0);
        }
        cop_assert_equal(cop__guest_count(), 0);
}

/* ---- start and stop ---- */

COP_TEST(GUEST_start_errors,
         "a second start is -EBUSY, a wrong option -EINVAL, a stop too many too")
{
        cop_assert_equal(cop_system_start(.schedulers = 100000), -EINVAL);
        cop_assert_equal(cop_system_stop(0), -EINVAL);
        cop_assert_equal(cop_system_start(.schedulers = 1), 0);
        cop_assert_equal(cop_system_start(.schedulers = 1), -EBUSY);
        cop_assert_equal(cop_system_stop(1000), 0);
        cop_assert_equal(cop_system_stop(1000), -EINVAL);
}

static void stubborn(cop_term none)
{
        cop_trap_exits(true);
        for (;;)
                cop_next_message();
}

COP_TEST(GUEST_stop_kills, "who does not end at the deadline is killed, and counted")
{
        int i;

        cop_assert_equal(cop_system_start(.schedulers = 2), 0);
        for (i = 0; i < 5; i++)
                cop_spawn(stubborn, cop_nil());
        cop_spawn_handler(&counter, cop_nil());
        cop_assert(cop_system_quiet(5000));
        cop_assert_equal(cop_system_stop(500), 5);
}

/* Each spawns the next one, and ends. */
static void chain(cop_term none)
{
        cop_trap_exits(true);
        cop_spawn(chain, cop_nil());
}

COP_TEST(GUEST_stop_spawners, "processes that spawn others for ever cannot outrun the stop")
{
        int i;

        for (i = 0; i < 4; i++) {
                cop_assert_equal(cop_system_start(.schedulers = 1 + i % 2), 0);
                cop_spawn(chain, cop_nil());
                cop_spawn(chain, cop_nil());
                cop_system_stop(5);
        }
}

static atomic_int cleaned;

static void cleans(void *unused)
{
        cleaned++;
}

static void owns_something(cop_term none)
{
        cop_own(NULL, cleans);
        cop_receive(COP_FOREVER, "never");
}

COP_TEST(GUEST_stop_cleans, "at a stop destructors run")
{
        int i;

        cop_assert_equal(cop_system_start(.schedulers = 2), 0);
        for (i = 0; i < 20; i++)
                cop_spawn(owns_something, cop_nil());
        cop_assert(cop_system_quiet(5000));
        cop_assert_equal(cop_system_stop(5000), 0);
        cop_assert_equal(cleaned, 20);
}

static void keeps(void)
{
        static cop_term kept;
        int i;

        for (i = 0; i < 10; i++)
                cop_replace(&kept, cop_build("{kept, [I, \"text\"]}", i));
        cop_assert_term(kept, "{kept, [9, \"text\"]}");
        cop_replace(&kept, cop_nil());
}

COP_TEST(GUEST_keep, "a thread may keep terms")
{
        in_systems(keeps);
}

/* ---- cop_main() ---- */

static void main_returns(cop_term arguments)
{
        cop_assert_term(arguments, "[<<\"one\">>, <<\"two\">>]");
}

static void main_stops(cop_term arguments)
{
        cop_stop(3);
        cop_receive(COP_FOREVER, "never");
}

static void main_crashes(cop_term arguments)
{
        cop_exit("{my, fault}");
}

static void main_waits(cop_term arguments)
{
        cop_own(NULL, cleans);
        kill(getpid(), SIGTERM);
        cop_receive(COP_FOREVER, "never");
}

COP_TEST(MAIN_status,
         "the status: 0 when the first process returns, 1 when it crashes, cop_stop()'s")
{
        char program[] = "program", one[] = "one", two[] = "two";
        char *arguments[] = { program, one, two, NULL };

        cop_assert_equal(cop_main(main_returns, 3, arguments), 0);
        cop_assert_equal(cop_main(main_stops, 1, arguments), 3);
        cop_assert_equal(cop_main(main_crashes, 1, arguments), 1);
}

COP_TEST(MAIN_sigterm, "SIGTERM stops the system in order, with status 0")
{
        char program[] = "program";
        char *arguments[] = { program, NULL };

        cop_assert_equal(cop_main(main_waits, 1, arguments), 0);
        cop_assert_equal(cleaned, 1);
}
