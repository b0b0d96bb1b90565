/*
 * QUIET: cop_system_quiet(), which other tests stand on.
 *
 * Messages are handed round by handlers (which any scheduler may take) and by plain processes (which
 * go home). Whoever is told that all is quiet counts how far they have got.
 */
#include <coppice/handler.h>
#include <coppice/system.h>
#include <coppice/test.h>
#include <coppice/timer.h>

#include <stdatomic.h>

#include "base/alloc.h"
#include "runtime/scheduler.h"

enum { RELAYS = 8, HOPS = 60, TIMES = 200 };

static _Atomic(int) hops_done;
static cop_pid relays[RELAYS];

static void pass_on(cop_term message)
{
        int left;

        if (!cop_match(message, "{hop, Left}", &left))
                return;
        hops_done++;
        if (left > 1)
                cop_send(relays[cop_random() % RELAYS], "{hop, Left}", left - 1);
}

static void relay_message(void *state, const struct cop_message *message)
{
        pass_on(message->term);
}

static const struct cop_handler relay = { "relay", 0, NULL, relay_message };

static void plain_relay(cop_term none)
{
        for (;;)
                pass_on(cop_next_message());
}

static void start_relays(void)
{
        int i;

        for (i = 0; i < RELAYS; i++)
                relays[i] = i % 2 ? cop_spawn_handler(&relay, cop_nil())
                                  : cop_spawn(plain_relay, cop_nil());
}

/* Three messages travel at once; quiet is when all have arrived, and not before. */
static void travel(void)
{
        int i;

        hops_done = 0;
        for (i = 0; i < 3; i++)
                cop_send(relays[i], "{hop, N}", HOPS);
        cop_assert(cop_system_quiet(COP_FOREVER));
        cop_assert_equal(hops_done, 3 * HOPS);
}

static void travel_often(void)
{
        int i;

        start_relays();
        for (i = 0; i < TIMES; i++)
                travel();
}

static void in_system(uint64_t seed, int schedulers, void (*body)(void))
{
        int64_t blocks;

        /* The first start reads the program's patterns, which stay. */
        cop_assert_equal(cop_system_start(.simulate = seed, .schedulers = schedulers), 0);
        cop_assert_equal(cop_system_stop(5000), 0);
        blocks = cop__alloc_live_blocks();

        cop_assert_equal(cop_system_start(.simulate = seed, .schedulers = schedulers), 0);
        body();
        cop_assert_equal(cop_system_stop(5000), 0);
        cop_assert_equal(cop__alloc_live_blocks(), blocks);
}

static _Atomic(bool) traveller_done;

static void traveller(cop_term none)
{
        travel_often();
        traveller_done = true;
}

/* The same, asked by a process. */
static void travel_inside(void)
{
        traveller_done = false;
        cop_spawn(traveller, cop_nil());
        while (!traveller_done)
                cop_assert(cop_system_quiet(COP_FOREVER) || true);
}

COP_TEST(QUIET_from_a_thread, "a thread is told that all is quiet when all is, with 1 scheduler")
{
        in_system(0, 1, travel_often);
}

COP_TEST(QUIET_from_a_thread_2, "a thread is told that all is quiet when all is, with 2 schedulers")
{
        in_system(0, 2, travel_often);
}

COP_TEST(QUIET_from_a_thread_simulated, "a thread is told that all is quiet, in a simulation")
{
        in_system(cop_test_seed() | 1, 0, travel_often);
}

COP_TEST(QUIET_from_a_process, "a process is told that all others are quiet, with 1 scheduler")
{
        in_system(0, 1, travel_inside);
}

COP_TEST(QUIET_from_a_process_2, "a process is told that all others are quiet, with 2 schedulers")
{
        in_system(0, 2, travel_inside);
}

COP_TEST(QUIET_from_a_process_simulated, "a process is told that all others are quiet, simulated")
{
        in_system(cop_test_seed() | 1, 0, travel_inside);
}

COP_TEST(QUIET_scattered, "the same when processes go to another scheduler at each wake")
{
        cop__system.scatters = true;
        in_system(0, 2, travel_often);
        in_system(0, 3, travel_often);
        in_system(0, 2, travel_inside);
        in_system(0, 3, travel_inside);
}

static void spins(cop_term none)
{
        for (;;)
                cop_yield();
}

static void spinning(void)
{
        cop_pid pid = cop_spawn(spins, cop_nil());

        cop_assert(!cop_system_quiet(20));
        cop_exit_to(pid, "enough");
        cop_assert(cop_system_quiet(COP_FOREVER));
        cop_assert(!cop_is_alive(pid));
}

COP_TEST(QUIET_never, "while a process runs it is not quiet, and after timeout_ms the answer is no")
{
        in_system(0, 1, spinning);
        in_system(0, 2, spinning);
}

static void timers_wait(void)
{
        cop_send_after(3600000, cop_self(), "late");
        cop_assert(cop_system_quiet(COP_FOREVER));
}

COP_TEST(QUIET_timers, "a timer that has not gone off is no unrest")
{
        in_system(0, 2, timers_wait);
        in_system(cop_test_seed() | 1, 0, timers_wait);
}
