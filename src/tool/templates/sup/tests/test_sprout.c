#include <coppice/test.h>

#include "sprout.h"

/* Each test is an OS process of its own, and here each starts a system of its own. */

static void begin(void)
{
        cop_assert_equal(cop_system_start(), 0);
        cop_server_start(sprout_supervisor, cop_nil());
}

COP_TEST(SPROUT_counts, "the numbers follow each other")
{
        begin();
        cop_assert_equal(sprout_next(), 1);
        cop_assert_equal(sprout_next(), 2);
}

COP_TEST(SPROUT_adds, "it counts on from what was added")
{
        begin();
        sprout_add(cop_int(40));
        cop_assert_equal(sprout_next(), 41);
}

COP_TEST(SPROUT_starts_again, "after a crash it counts from 1 again")
{
        begin();
        cop_assert_equal(sprout_next(), 1);
        sprout_add(cop_build("cat"));
        cop_assert(cop_system_quiet(5000));
        cop_assert_equal(sprout_next(), 1);
}
