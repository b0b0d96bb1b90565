#include <coppice/test.h>

#include "sprout.h"

COP_TEST(SPROUT_hello, "each greeting has the next number")
{
        cop_assert_equal(cop_system_start(), 0);
        cop_assert_term(cop_application_ensure_all_started("sprout", COP_TEMPORARY),
                        "{ok, [sprout_counter, 'sprout']}");
        cop_assert_term(sprout_hello(), "{hello, 1}");
        cop_assert_term(sprout_hello(), "{hello, 2}");
}
