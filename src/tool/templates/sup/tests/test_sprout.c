#include <coppice/test_process.h>

#include "sprout.h"

/* Each test is a process, of a system of its own, and starts the tree; it stops with the test. */

static void begin(void)
{
        cop_start_supervised(COP_SUBTREE(sprout_supervisor));
}

COP_TEST_PROCESSES(.setup = begin);

COP_TEST(SPROUT_counts, "the numbers follow each other")
{
        cop_assert_equal(sprout_next(), 1);
        cop_assert_equal(sprout_next(), 2);
}

COP_TEST(SPROUT_adds, "it counts on from what was added")
{
        sprout_add(cop_int(40));
        cop_assert_equal(sprout_next(), 41);
}

COP_TEST(SPROUT_starts_again, "after a crash it counts from 1 again")
{
        cop_assert_equal(sprout_next(), 1);
        sprout_add(cop_build("cat"));
        cop_assert(cop_system_quiet(5000));
        cop_assert_equal(sprout_next(), 1);
}
