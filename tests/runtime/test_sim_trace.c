/*
 * TRACE: the same seed gives the same run: twice, as it was compiled with and without optimisation, and as it was
 * when simulated.trace was written, whichever compiler that was and on what day. Where the order of turns changes
 * for a reason, it is written anew:
 *
 *     COP_SIM=81 COP_SIM_FAULTS=all COP_SIM_ONE_IN=12 COP_SIM_LATENCY_US=500 \
 *             COP_SIM_TRACE=tests/runtime/simulated.trace build/tests/runtime_simulated
 */
#include <coppice/test.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/sanitizers.h"
#include "support/program.h"

enum { TRACE_MOST = 65536 };

struct told {
        char trace[TRACE_MOST];
        struct ran ran;
};

static void read_all(int descriptor, char *text)
{
        size_t at = 0;
        ssize_t n;

        lseek(descriptor, 0, SEEK_SET);
        while (at + 1 < TRACE_MOST && (n = read(descriptor, text + at, TRACE_MOST - 1 - at)) > 0)
                at += (size_t)n;
        text[at] = '\0';
}

static void simulate(struct told *told, const char *program, const char *seed)
{
        int descriptor = memfd_create("trace", 0);
        char path[64];

        snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)getpid(), descriptor);
        setenv("COP_SIM", seed, 1);
        setenv("COP_SIM_FAULTS", "all", 1);
        setenv("COP_SIM_ONE_IN", "12", 1);
        setenv("COP_SIM_LATENCY_US", "500", 1);
        setenv("COP_SIM_TRACE", path, 1);
        run_program(&told->ran, program, (const char *[]){ NULL });
        read_all(descriptor, told->trace);
        close(descriptor);
}

static struct told first, second;

COP_TEST(TRACE_twice,
         "the same seed gives the same trace and the same output, another seed another")
{
        simulate(&first, "runtime_simulated", "7");
        simulate(&second, "runtime_simulated", "7");
        cop_assert(strlen(first.trace) > 1000);
        cop_assert_text(second.trace, first.trace);
        if (!COP_ASAN) /* which tells of addresses */
                cop_assert_text(second.ran.output, first.ran.output);
        cop_assert_equal(second.ran.status, 0);
        simulate(&second, "runtime_simulated", "8");
        cop_assert(strcmp(second.trace, first.trace) != 0);
}

COP_TEST(TRACE_builds, "whoever compiled it, and when, the trace is the same")
{
        static const char *const builds[] = { "runtime_simulated", "runtime_simulated_O0",
                                              "runtime_simulated_O3" };
        static char expected[TRACE_MOST];
        int descriptor = open(COP_SOURCE_ROOT "/tests/runtime/simulated.trace", O_RDONLY);

        cop_assert(descriptor >= 0);
        read_all(descriptor, expected);
        close(descriptor);
        for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++) {
                simulate(&first, builds[i], "81");
                cop_assert_text(first.trace, expected);
                cop_assert_equal(first.ran.status, 0);
        }
}

COP_TEST(TRACE_end, "a program that would go on for ever ends when it is told how long it lives")
{
        setenv("COP_SIM_END_MS", "250", 1);
        simulate(&first, "runtime_simulated", "7");
        cop_assert_equal(first.ran.status, 0);
        cop_assert(strstr(first.trace, "\n0.250"));
        cop_assert(!strstr(first.trace, "\n0.260"));
}

COP_TEST(TRACE_application, "an application, its log and all, is the same again as well")
{
        simulate(&first, "examples/todo", "5");
        simulate(&second, "examples/todo", "5");
        cop_assert(strstr(first.trace, "todo_manager"));
        cop_assert_text(second.trace, first.trace);
        if (!COP_ASAN)
                cop_assert_text(second.ran.output, first.ran.output);
}
