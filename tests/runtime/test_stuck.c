/*
 * STUCK: what never ends its turn keeps nobody else from running.
 *
 * program_spinners starts processes that spin, and meanwhile calls a handler, talks to processes that
 * have a stack of their own, and counts the ticks of one that sleeps. How long a call takes depends on
 * what else the machine does, so only what is far beyond the promise fails here.
 */
#include <coppice/test.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sanitizers.h"
#include "support/program.h"

static struct ran ran;

static void others_go_on(const char *schedulers, const char *spinners)
{
        int answered = 0, p99 = 0, slowest = 0, echoed = 0, ticks = 0, ended = -1;
        const char *line;

        if (COP_TSAN && atoi(spinners) > 0)
                cop_skip("what spins is nearly always in ThreadSanitizer's code, and cannot be "
                         "ended");
        run_program(&ran, "runtime_spinners", (const char *[]){ schedulers, spinners, NULL });
        line = strstr(ran.output, " answered,");
        while (line && line > ran.output && line[-1] != '\n') /* a report may come before it */
                line--;
        sscanf(line ? line : "", "%d answered, p99 %d us, slowest %d us, %d echoed, %d ticks",
               &answered, &p99, &slowest, &echoed, &ticks);
        line = strstr(ran.output, " ended\n");
        if (line && line > ran.output)
                ended = atoi(line - 1);
        if (ran.status != 0 || answered != 1000 || echoed != 4 || ticks != 20 ||
            ended != atoi(spinners) || p99 > (COP_ASAN || COP_TSAN ? 1000000 : 100000))
                cop_fail("%s schedulers, %s spinners: status %d\n%s", schedulers, spinners,
                         ran.status, ran.output);
}

COP_TEST(STUCK_none, "the others, when nobody spins", .limit_s = 60)
{
        others_go_on("1", "0");
        others_go_on("2", "0");
}

COP_TEST(STUCK_one, "one process that spins keeps nobody from running, also on one scheduler",
         .limit_s = 60)
{
        others_go_on("1", "1");
        others_go_on("2", "1");
}

COP_TEST(STUCK_all, "as many processes that spin as there are schedulers keep nobody from running",
         .limit_s = 60)
{
        others_go_on("2", "2");
}

static void block(const char *what, const char *count)
{
        run_program(&ran, "runtime_blockers", (const char *[]){ what, count, NULL });
}

COP_TEST(STUCK_most, "64 threads are spared for those that block; then others wait, and it is said",
         .limit_s = 120)
{
        block("most", "70");
        cop_assert_text(ran.output, "65 inside\n70 ended\n");
        cop_assert_equal(ran.status, 0);
}

COP_TEST(TRAP_5, "no call of those that are handed over comes back early: they get no signal",
         .limit_s = 120)
{
        block("calls", NULL);
        cop_assert_text(ran.output, "0 early\n");
        cop_assert_equal(ran.status, 0);
}

COP_TEST(STUCK_moves,
         "who waits where one blocks goes on on another thread, with its thread-locals",
         .limit_s = 120)
{
        block("moves", NULL);
        cop_assert_text(ran.output, "on another thread\n0 here, 7 at the address\n");
        cop_assert_equal(ran.status, 0);
}

COP_TEST(STUCK_eight, "eight processes that spin keep nobody from running, and are ended",
         .limit_s = 120)
{
        others_go_on("1", "8");
        others_go_on("2", "8");
}
