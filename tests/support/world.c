#include "support/world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "runtime/scheduler.h"
#include "runtime/timer.h"
#include "term/atom.h"

enum { QUIET_MS = 25000, DEFAULT_TIMES = 20 };

static bool simulated;

bool world_is_simulated(void)
{
        return simulated;
}

int world_times(void)
{
        const char *given = getenv("COP_TEST_TIMES");

        return given && atoi(given) > 0 ? atoi(given) : DEFAULT_TIMES;
}

/* ---- the test as a process ---- */

static void be_the_test(void *test)
{
        ((void (*)(void))(uintptr_t)test)();
}

static void (*test_to_run)(void);

static void run_as_process(void)
{
        cop_term reason = cop_nil();
        cop_ref ref;

        cop_spawn_pointer(be_the_test, (void *)(uintptr_t)test_to_run, .monitor = &ref);
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason);
        if (!cop_is(reason, "normal"))
                cop_fail("the process of the test ended with\n        %s", cop_show_pretty(reason));
}

/* ---- nothing is left ---- */

static void end_all(void)
{
        cop_term pids;

        COP_EACH (pid, cop_processes())
                cop_kill(cop_to_pid(pid));
        cop_assert(cop_system_quiet(QUIET_MS));
        pids = cop_processes();
        cop_assert_term(pids, "[]");
        cop_assert_equal(cop_process_count(), 0);
        cop_assert_term(cop_registered(), "[]");
        cop_assert_equal(cop__timer_count(), 0);
}

static void empty(void)
{
}

static void cycle(int schedulers, uint64_t seed, void (*body)(void))
{
        cop_assert_equal(cop_system_start(.schedulers = schedulers, .simulate = seed), 0);
        body();
        end_all();
        cop_assert_equal(cop_system_stop(QUIET_MS), 0);
}

void world_around(int schedulers, uint64_t seed, void (*body)(void))
{
        int64_t blocks, left;
        size_t atoms;

        simulated = seed != 0;
        cycle(schedulers, seed, empty); /* makes what stays, such as the program's patterns */
        blocks = cop__alloc_live_blocks();
        atoms = cop__atom_count();
        cycle(schedulers, seed, body);
        left = cop__alloc_live_blocks() - blocks;
        if (left > 0 && cop__atom_count() > atoms)
                left -= 2; /* new atoms may have needed a chunk and a larger table */
        if (left > 0)
                cop_fail("%lld blocks of memory are left", (long long)left);
}

/* ---- the worlds ---- */

static const struct {
        const char *name;
        int schedulers;
        bool scattered;
        bool simulated;
} worlds[] = {
        { "1", 1, false, false },
        { "2", 2, false, false },
        { "scattered", 2, true, false },
        { "simulated", 1, false, true },
};

void world_run(void (*test)(void))
{
        const char *chosen = getenv("COP_TEST_WORLD");
        size_t i;

        test_to_run = test;
        for (i = 0; i < sizeof(worlds) / sizeof(*worlds); i++) {
                if (chosen && strcmp(chosen, worlds[i].name) != 0)
                        continue;
                printf("COP_TEST_WORLD=%s\n", worlds[i].name);
                cop__system.scatters = worlds[i].scattered;
                world_around(worlds[i].schedulers,
                             worlds[i].simulated ? cop_test_seed() * 2 + 1 : 0, run_as_process);
        }
}

/* ---- for tests ---- */

static bool anything(cop_term message, void *context)
{
        return true;
}

cop_term messages(void)
{
        cop_term list = cop_nil(), message;

        cop_assert(cop_system_quiet(QUIET_MS));
        while (message = cop_receive_if(anything, NULL, 0), !cop_is_none(message))
                list = cop_cons(message, list);
        return cop_reverse(list);
}

cop_term down_reason(cop_ref ref)
{
        cop_term reason = cop_nil();

        if (!cop_receive(QUIET_MS, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason))
                cop_fail("no DOWN message came");
        return reason;
}

cop_term reason_of(cop_pid pid)
{
        return down_reason(cop_monitor(pid));
}
