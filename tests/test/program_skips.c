/* A program whose tests are all skipped; for test_harness.c. */
#include <coppice/test.h>

COP_TEST(one, "skipped")
{
        cop_skip("first reason");
}

COP_TEST(two, "skipped as well")
{
        cop_skip("second reason");
}
