/* Tests of a program of somebody else; one fails. */
#include <coppice/test.h>

COP_TEST(DOOR_shuts, "it can be shut")
{
        cop_assert_equal(1, 1);
}

COP_TEST(DOOR_stays_shut, "it stays shut")
{
        const char *door = "open";

        cop_assert_text(door, "shut");
}
