#include <coppice/test.h>

#include "sprout.h"

COP_TEST(SPROUT_hello, "it greets the world")
{
        cop_assert_term(sprout_hello(), "{hello, world}");
}
