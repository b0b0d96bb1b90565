/*
 * Each test is a process, of a system of its own, in which the application runs.
 */
#include <coppice/test_process.h>

#include "counter.h"

static void begin(void)
{
        cop_application_ensure_all_started("counter", COP_TEMPORARY);
}

COP_TEST_PROCESSES(.setup = begin);

COP_TEST(COUNTER_counts, "the numbers follow each other")
{
        cop_assert_equal(counter_next(), 1);
        cop_assert_equal(counter_next(), 2);
}

COP_TEST(COUNTER_goes_on, "it counts from what it is set to")
{
        counter_set(cop_int(40));
        cop_assert_equal(counter_next(), 40);
        cop_assert_equal(counter_next(), 41);
}

COP_TEST(COUNTER_starts_again, "after a crash it counts from 1 again")
{
        cop_assert_equal(counter_next(), 1);
        counter_set(cop_build("cat"));
        cop_assert(cop_system_quiet(5000));
        cop_assert_equal(counter_next(), 1);
}
