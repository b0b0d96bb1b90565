#include <coppice/test.h>

#include "sprout_counter.h"

COP_TEST(SPROUT_COUNTER_counts, "the numbers follow each other")
{
        cop_assert_equal(cop_system_start(), 0);
        cop_assert_term(cop_application_ensure_all_started("sprout_counter", COP_TEMPORARY),
                        "{ok, [sprout_counter]}");
        cop_assert_equal(sprout_counter_next(), 1);
        cop_assert_equal(sprout_counter_next(), 2);
}
