/*
 * KILL: a process that never looks at its inbox is ended all the same, within 100 ms.
 *
 * program_loops starts loops of all kinds, in plain processes and in handlers, and ends them by
 * cop_kill() and by exit signals, from the main thread. Of those that loop processor time counts; where
 * the machine has other things to do a single one may take longer still: so a run is repeated, and
 * the best of three counts.
 */
#include <coppice/test.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sanitizers.h"
#include "support/program.h"

static const char *const builds[] = { "runtime_loops", "runtime_loops_O0", "runtime_loops_O3",
                                      "runtime_loops_flto" };

static struct ran ran;

/* How long the slowest took, in ms; fails where one did not end. */
static int run(const char *build, const char *what, const char *schedulers, int times)
{
        char count[16];
        int ended = 0, destroyed = 0, slowest = -1;
        const char *line;

        snprintf(count, sizeof(count), "%d", times);
        run_program(&ran, build, (const char *[]){ what, schedulers, count, NULL });
        line = strstr(ran.output, " ended,");
        while (line && line > ran.output && line[-1] != '\n')
                line--;
        if (ran.status != 0 || !line ||
            sscanf(line, "%d ended, %d destroyed, slowest %d", &ended, &destroyed, &slowest) != 3 ||
            ended != times || destroyed != times)
                cop_fail("%s %s %s: status %d, expected %d ended and destroyed:\n%s", build, what,
                         schedulers, ran.status, times, ran.output);
        return slowest;
}

/* A loop is nearly always in its functions, and they must not be left half done. */
static void skip_under_sanitizers(void)
{
        if (COP_ASAN || COP_TSAN)
                cop_skip("the sanitizer's own code stands between every two instructions");
}

static void ends_soon_in(const char *build, const char *what, const char *schedulers, int times)
{
        const int soon = 100;
        int best = run(build, what, schedulers, times);

        for (int i = 1; i < 3 && best > soon; i++) {
                int again = run(build, what, schedulers, times);

                best = again < best ? again : best;
        }
        if (best > soon)
                cop_fail("%s %s %s: the slowest took %d ms:\n%s", build, what, schedulers, best,
                         ran.output);
}

static void ends_soon(const char *what)
{
        for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++) {
                ends_soon_in(builds[i], what, "1", i == 0 ? 50 : 6);
                ends_soon_in(builds[i], what, "2", i == 0 ? 50 : 6);
        }
}

#define ENDS_SOON(name, sentence)                                                                  \
        COP_TEST(KILL_##name, sentence, .limit_s = 120)                                            \
        {                                                                                          \
                skip_under_sanitizers();                                                           \
                ends_soon(#name);                                                                  \
        }

ENDS_SOON(pure, "a loop of pure arithmetic")
ENDS_SOON(calls, "a loop of nested calls")
ENDS_SOON(malloc, "a loop of malloc() and free(), which is nearly always in the allocator")
ENDS_SOON(printf, "a loop of printf() to a file, which is nearly always in the C library")
ENDS_SOON(math, "a loop of sin() and pow()")
ENDS_SOON(memory, "a loop of memcpy() and strlen() of large blocks")
ENDS_SOON(terms, "a loop that makes terms, which is nearly always in Coppice")
ENDS_SOON(sleep, "a process that sleeps in the kernel")
ENDS_SOON(read, "a process that blocks in read()")
ENDS_SOON(poll, "a process that blocks in poll()")

ENDS_SOON(TRAP_1,
          "a loop of dl_iterate_phdr(), whose callback is the program's: the next one goes through")
ENDS_SOON(qsort, "a loop of qsort() with a function of the program's")

/* With COP_TEST_TIMES of 1,000 or more (make stress). */
static bool is_whole(void)
{
        const char *times = getenv("COP_TEST_TIMES");

        return times && atoi(times) >= 1000;
}

COP_TEST(KILL_storm, "a thousand kills of a loop of malloc() and free(): none lost, no deadlock",
         .limit_s = 600)
{
        static const char *const kinds[] = { "pure", "malloc", "printf", "calls" };

        skip_under_sanitizers();
        if (!is_whole()) {
                run("runtime_loops", "malloc", "2", 1000);
                return;
        }
        for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
                int slowest = run("runtime_loops", kinds[i], "2", 2500);

                if (slowest > 100)
                        cop_fail("%s: the slowest took %d ms", kinds[i], slowest);
        }
}

static void stay(const char *how)
{
        skip_under_sanitizers();
        run_program(&ran, "runtime_refusals", (const char *[]){ how, NULL });
        cop_assert_equal(ran.status, 0);
}

COP_TEST(KILL_refused, "who is where it cannot be left is reported, and ends as soon as it may")
{
        stay("ends");
        cop_assert(strstr(ran.output, "was to end 100 ms ago, and cannot be left where it is"));
        cop_assert(strstr(ran.output, " stands in\n    ")); /* the places follow */
        cop_assert(strstr(ran.output, "\nshutdown\n"));
#if defined(__x86_64__)
        cop_assert(!strstr(ran.output, "it came back"));
#endif
}

COP_TEST(KILL_trapped, "who traps exits is not to end by one, and nothing is said")
{
        stay("traps");
        cop_assert_text(ran.output, "it_was_told\n");
}
