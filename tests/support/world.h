/*
 * world.h: tests that are processes.
 *
 * In a file that includes this, each COP_TEST runs as a process of a system, once in each world:
 * one scheduler; two; two among which processes are scattered, so that who talks to whom is mostly
 * on another thread; and simulated with the seed of the run. If the process does not end with
 * reason normal the test has failed, and its reason is shown. After it whatever it left running is
 * killed, and then no process, name, timer or block of memory may be left.
 *
 * COP_TEST_WORLD in the environment (1, 2, scattered or simulated) chooses one world.
 */
#ifndef COP_TESTS_SUPPORT_WORLD_H
#define COP_TESTS_SUPPORT_WORLD_H

#include <coppice/handler.h>
#include <coppice/memory.h>
#include <coppice/system.h>
#include <coppice/test.h>
#include <coppice/text.h>
#include <coppice/timer.h>

/* Runs the test in every world; what a file that includes this is run with. */
void world_run(void (*test)(void));

__attribute__((constructor)) static void world_run_all(void)
{
        cop__test_run_with(world_run);
}

/* A system of this kind around body(), which is called on this thread; nothing may be left. */
void world_around(int schedulers, uint64_t seed, void (*body)(void));

/* Is time virtual here? */
bool world_is_simulated(void);

/* How often a test of a race repeats it: 20 times, or COP_TEST_TIMES. */
int world_times(void);

/* Waits until all others rest, and returns everything in the caller's mailbox, as a list. */
cop_term messages(void);

/* The reason with which a process ends, or has ended. */
cop_term reason_of(cop_pid pid);

/* The reason of the monitor's message, which is taken out. */
cop_term down_reason(cop_ref ref);

#endif
