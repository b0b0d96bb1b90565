/*
 * A program whose tests have something in common, which the variable ALL says how to make; for
 * test_harness.c.
 */
#include <coppice/test.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int made;

static void set_up(void)
{
        const char *how = getenv("ALL");

        puts("made");
        made++;
        if (how && strcmp(how, "skip") == 0)
                cop_skip("there is no moon");
        cop_assert(!how);
}

static void tear_down(void)
{
        puts("put away");
}

COP_TEST_ALL(.setup = set_up, .teardown = tear_down);

COP_TEST(all_one, "has what was made once, and changes its own copy of it")
{
        cop_assert_equal(made++, 1);
}

COP_TEST(all_two, "so does this")
{
        cop_assert_equal(made++, 1);
}
