/*
 * WORDS: a stack of words gives back what it was given, in reverse, however much that is.
 */
#include <coppice/test.h>

#include "base/alloc.h"
#include "base/words.h"
#include "support/memory.h"

COP_TEST(WORDS_order, "what was pushed last comes out first, inside and beyond the struct")
{
        static const uint64_t counts[] = { 1, 31, 32, 33, 64, 65, 100000 };
        int64_t blocks = cop__alloc_live_blocks();
        size_t i;

        for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
                struct words words;
                uint64_t w;

                cop__words_init(&words);
                for (w = 0; w < counts[i]; w++)
                        cop_assert(cop__words_push(&words, w * 3));
                cop_assert_equal(words.count, counts[i]);
                while (w-- > 0)
                        cop_assert_equal(cop__words_pop(&words), w * 3);
                cop_assert_equal(words.count, 0);
                cop__words_release(&words);
        }
        cop_assert_equal(cop__alloc_live_blocks(), blocks);
}

COP_TEST(WORDS_inside, "a shallow stack allocates nothing")
{
        struct words words;
        int i;

        cop__alloc_fail_at(1);
        cop__words_init(&words);
        for (i = 0; i < WORDS_INSIDE; i++)
                cop_assert(cop__words_push(&words, 1));
        cop_assert(!cop__words_push(&words, 1));
        cop_assert_equal(words.count, WORDS_INSIDE);
        cop__words_release(&words);
}

static bool push_a_thousand(void *context)
{
        struct words words;
        bool pushed = true;
        int i;

        cop__words_init(&words);
        for (i = 0; i < 1000 && pushed; i++)
                pushed = cop__words_push(&words, (uint64_t)i);
        if (!pushed) { /* it is as it was before the push that failed */
                cop_assert_equal(words.count, i - 1);
                while (i-- > 1)
                        cop_assert_equal(cop__words_pop(&words), i - 1);
        }
        cop__words_release(&words);
        return pushed;
}

COP_TEST(WORDS_no_memory, "a push without memory changes nothing and leaves nothing behind")
{
        cop_assert(without_memory(push_a_thousand, NULL, NULL) >= 3);
}
