/*
 * Terms that no process owns.
 */
#include <coppice/held.h>
#include <coppice/test.h>

#include <string.h>

#include "base/alloc.h"
#include "support/memory.h"
#include "support/terms.h"

COP_TEST(HELD_all, "a held term is the same as the one it was made of")
{
        int i;

        for (i = 0; i < 200; i++) {
                cop_term term = random_term(4);
                struct cop_held *held = cop_hold(term);

                cop_assert(held);
                cop_assert(is_same_term(cop_held_term(held), term));
                cop_assert(is_same_term(cop_copy(cop_held_term(held)), term));
                cop_release(cop_held_term(held)); /* it is not kept */
                cop_let_go(held);
        }
        cop_let_go(NULL);
        cop_assert(!cop_hold(COP_NONE));
        cop_assert(cop_is_none(cop_copy(COP_NONE)));
}

COP_TEST(HELD_copy, "a copy outlives what is let go")
{
        char bytes[200] = "a binary large enough to be shared";
        struct cop_held *held =
                cop_hold(cop_tuple(2, (cop_term[]){ cop_int(1), cop_binary(bytes, 200) }));
        cop_term copy = cop_copy(cop_held_term(held));

        cop_let_go(held);
        cop_assert_equal(cop_to_int(cop_element(copy, 0)), 1);
        cop_assert_equal(memcmp(cop_to_bytes(cop_element(copy, 1)), bytes, 200), 0);
}

static struct cop_held *made;

static bool make(void *term)
{
        made = cop_hold(*(cop_term *)term);
        return made != NULL;
}

static void undo(void *term)
{
        cop_let_go(made);
}

COP_TEST(HELD_no_memory, "without memory nothing is held, and nothing is left behind")
{
        cop_term term = cop_tuple(1, (cop_term[]){ cop_text("x") });

        cop_assert_equal(without_memory(make, undo, &term), 1);
}
