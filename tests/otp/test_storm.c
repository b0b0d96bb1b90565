/*
 * STORM: many faults and kills, while others go on as if nothing were.
 *
 * program_victims does it, and counts. In an ordinary run it is a small one, and only what is lost, wrong
 * or left over fails. With COP_TEST_TIMES of 1,000 or more (make stress) it is as large as what is
 * promised, and so is what may not take longer: on a machine that does nothing else.
 */
#include <coppice/test.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sanitizers.h"
#include "support/program.h"

static struct ran ran;

static bool is_whole(void)
{
        const char *times = getenv("COP_TEST_TIMES");

        return times && atoi(times) >= 1000;
}

/* The line of the output that has this in it. */
static const char *line_with(const char *text)
{
        const char *at = strstr(ran.output, text);

        while (at && at > ran.output && at[-1] != '\n')
                at--;
        if (!at)
                cop_fail("status %d, no line with \"%s\":\n%s", ran.status, text, ran.output);
        return at;
}

static void says(const char *line)
{
        const char *is = line_with(strchr(line, ' '));

        if (ran.status != 0 || strncmp(is, line, strlen(line)) != 0)
                cop_fail("status %d, expected \"%s\":\n%s", ran.status, line, ran.output);
}

static void fault_storm(const char *schedulers, int faults, const char *servers)
{
        char count[16], line[64];
        int calls = 0, lost = -1, wrong = -1;

        snprintf(count, sizeof(count), "%d", faults);
        run_program(&ran, "otp_victims",
                    (const char *[]){ "faults", schedulers, count, servers, NULL });
        snprintf(line, sizeof(line), "%d requests without a fault answered", faults);
        says(line);
        snprintf(line, sizeof(line), "%d faults as they should", faults);
        says(line);
        sscanf(strstr(line_with(" faults as"), ", "), ", %d calls, %d lost, %d wrong", &calls,
               &lost, &wrong);
        cop_assert(calls > 0);
        cop_assert_equal(lost, 0);
        cop_assert_equal(wrong, 0);
        says("0 blocks left");
}

COP_TEST(STORM_faults,
         "faults of all kinds end those alone who commit them, and no call to others is "
         "lost or wrong",
         .limit_s = 600)
{
        int before = 0, p99 = 0, slowest = 0;

        if (!is_whole()) {
                fault_storm("1", 300, "40");
                fault_storm("2", 600, "100");
                return;
        }
        fault_storm("2", 100000, "1000");
        sscanf(line_with("without:"), "without: p99 %d us", &before);
        sscanf(line_with("with:"), "with: p99 %d us, slowest %d us", &p99, &slowest);
        if (p99 > 3 * before || slowest > 50000)
                cop_fail("too slow:\n%s", ran.output);
}

COP_TEST(STORM_spin, "servers that spin are killed, and their supervisor starts them again",
         .limit_s = 120)
{
        if (COP_ASAN || COP_TSAN)
                cop_skip("the sanitizer's own code stands between every two instructions");
        run_program(&ran, "otp_victims", (const char *[]){ "spin", "2", "8", NULL });
        says("8 ended, 8 alive again");
        says("0 blocks left");
}

COP_TEST(STORM_turn, "a server whose turn lasts longer than it may is ended, and started again",
         .limit_s = 120)
{
        if (COP_ASAN || COP_TSAN)
                cop_skip("the sanitizer's own code stands between every two instructions");
        for (int schedulers = 1; schedulers <= 2; schedulers++) {
                run_program(&ran, "otp_victims",
                            (const char *[]){ "turn", schedulers == 1 ? "1" : "2", "8", NULL });
                if (!strstr(ran.output, "{quota,turn}, 8 alive again\n"))
                        cop_fail("status %d:\n%s", ran.status, ran.output);
                says("0 blocks left");
        }
}
