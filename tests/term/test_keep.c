/*
 * KEEP: terms that outlive their turn, until they are released or their owner ends.
 */
#include <coppice/test.h>

#include <string.h>

#include "base/alloc.h"
#include "support/failure.h"
#include "support/memory.h"
#include "support/terms.h"
#include "term/host.h"

static const char LONG[] = "a binary of more than sixty-four bytes, which are counted and shared "
                           "by all terms that show them";

COP_TEST(KEEP_outlives, "a kept term is the same after its turn")
{
        cop_term kept[200];
        cop_term same[200];
        int i;

        for (i = 0; i < 200; i++)
                cop_scope
                        kept[i] = cop_keep(random_term(4));
        for (i = 0; i < 200; i++)
                same[i] = cop_keep(kept[i]);
        for (i = 0; i < 200; i++)
                cop_assert(is_same_term(kept[i], same[i]));
        for (i = 0; i < 200; i += 2)
                cop_release(kept[i]);
        for (i = 0; i < 200; i++)
                cop_assert(words_behind(same[i]) == 0 || words_of(same[i]) != words_of(kept[i]));
        for (i = 1; i < 200; i += 2)
                cop_assert(is_same_term(kept[i], same[i]));
}

COP_TEST(KEEP_release, "what is released is gone, in any order, and its bytes with it")
{
        int64_t blocks;
        cop_term kept[10];
        int i;

        cop__host_thread_release();
        blocks = cop__alloc_live_blocks();
        for (i = 0; i < 10; i++)
                kept[i] = cop_keep(cop_text(LONG));
        for (i = 0; i < 10; i++)
                cop_release(kept[i * 7 % 10]);
        cop__region_release(here());
        cop_assert_equal(cop__alloc_live_blocks(), blocks);
}

COP_TEST(KEEP_immediate, "what has no memory is kept as it is, and its release is nothing")
{
        int64_t blocks = cop__alloc_live_blocks();

        cop_assert_equal(cop_keep(cop_int(5)).word, cop_int(5).word);
        cop_assert_equal(cop_keep(NIL).word, NIL.word);
        cop_assert_equal(cop_keep(COP_NONE).word, 0);
        cop_release(cop_int(5));
        cop_release(NIL);
        cop_release(COP_NONE);
        cop_assert_equal(cop__alloc_live_blocks(), blocks);
}

COP_TEST(KEEP_release_others, "releasing a term that was not kept does nothing")
{
        cop_term kept = cop_keep(cop_tuple(2, (cop_term[]){ cop_text("a"), cop_text("b") }));
        cop_term text = cop_text("not kept");

        cop_release(text);
        cop_assert_text(cop_to_cstring(text), "not kept");
        cop_release(cop_list(1, &text));
        cop_release(cop_element(kept, 0));
        cop_assert_text(cop_to_cstring(cop_element(kept, 0)), "a");
        cop_release(kept);
}

COP_TEST(KEEP_replace, "a place holds the new term, also when it is a part of the old one")
{
        int64_t blocks;
        cop_term place = COP_NONE;
        int i;

        cop__host_thread_release();
        blocks = cop__alloc_live_blocks();
        for (i = 0; i < 100; i++)
                cop_replace(&place, cop_cons(cop_text(LONG), NIL));
        cop_replace(&place, cop_head(place));
        cop_assert_text((const char *)cop_to_bytes(place), LONG);
        cop_replace(&place, NIL);
        cop_assert(cop_is_nil(place));
        cop__region_release(here());
        cop_assert_equal(cop__alloc_live_blocks(), blocks);
}

COP_TEST(KEEP_ends, "what is not released ends with its owner")
{
        struct kept *list = NULL, **at = cop__host.kept(0);
        int64_t blocks = cop__alloc_live_blocks();
        int i;

        cop_assert(!*at);
        for (i = 0; i < 100; i++)
                cop_keep(cop_tuple(1, (cop_term[]){ cop_int(i) }));
        cop_assert(cop__kept_new(10));
        list = *at;
        cop_assert(list);
        cop__kept_free_all(at);
        cop_assert(!*at);
        cop__region_release(here());
        cop_assert(cop__alloc_live_blocks() <= blocks);
}

struct keeping {
        cop_term term, place;
};

static bool keep_and_replace(void *context)
{
        struct keeping *k = context;
        cop_term before = k->place;

        if (cop_is_none(FAILS(cop_replace(&k->place, k->term))))
                return true;
        cop_assert_equal(k->place.word, before.word);
        return false;
}

static void undo_keeping(void *context)
{
        struct keeping *k = context;

        cop_release(k->place);
        k->place = COP_NONE;
}

COP_TEST(KEEP_no_memory, "without memory the place holds what it held")
{
        struct keeping k = { cop_text("a term"), COP_NONE };

        cop_assert_equal(without_memory(keep_and_replace, undo_keeping, &k), 1);
}
