/*
 * COPY: a copy is the same term in one block of the size that was measured, of any depth, on a
 * small stack, and shares nothing with its source but counted bytes.
 */
#include <coppice/test.h>

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "support/failure.h"
#include "support/memory.h"
#include "support/terms.h"
#include "term/bits.h"
#include "term/host.h"

enum { GUARD = 4 };

/* Copies and looks at the result from all sides. */
static void check_copy(cop_term term, bool measured)
{
        struct shared_bits *shared = NULL, *box;
        struct copy_size size;
        uint64_t *block;
        size_t boxes = 0, i;
        cop_term copy;

        cop__copy_measure(term, &size);
        cop_assert_equal(size.words, words_behind(term));
        block = cop__alloc((size.words + GUARD) * sizeof(*block));
        memset(block, 0xa5, (size.words + GUARD) * sizeof(*block));
        copy = measured ? cop__copy_measured(block, term, &size, &shared)
                        : cop__copy_to(block, term, &shared);
        cop_assert(is_same_term(copy, term));
        cop_assert(is_inside(copy, block, size.words));
        for (i = 0; i < GUARD; i++)
                cop_assert_equal(block[size.words + i], 0xa5a5a5a5a5a5a5a5);
        if (has_memory(term))
                cop_assert(words_of(copy) == block);
        for (box = shared; box; box = box->next)
                boxes++;
        cop_assert_equal(boxes, shared_behind(term));
        cop__shared_release(shared, NULL);
        cop__free(block);
}

COP_TEST(COPY_any, "any term's copy is that term again, in the words that were measured")
{
        int64_t blocks;
        int i;

        cop__host_thread_release();
        blocks = cop__alloc_live_blocks();
        for (i = 0; i < 20000; i++) {
                cop_scope {
                        cop_term term = random_term(6);

                        check_copy(term, i % 2);
                }
        }
        cop__host_thread_release();
        cop_assert_equal(cop__alloc_live_blocks(), blocks);
}

COP_TEST(COPY_immediate, "what has no memory is its own copy, and no term is none")
{
        struct shared_bits *shared = NULL;
        uint64_t word = 1;

        cop_assert_equal(cop__copy_words(NIL), 0);
        cop_assert_equal(cop__copy_words(small_term(-1)), 0);
        cop_assert_equal(cop__copy_words(COP_NONE), 0);
        cop_assert_equal(cop__copy_to(&word, NIL, &shared).word, NIL.word);
        cop_assert_equal(cop__copy_to(&word, COP_NONE, &shared).word, 0);
        cop_assert_equal(cop__copy(here(), COP_NONE).word, 0);
        cop_assert_equal(word, 1);
}

/* A list whose pairs are `step` words apart, upwards or downwards, with the odd head in between. */
static cop_term spread_list(uint64_t *memory, int length, int step, int odd)
{
        cop_term list = NIL;
        int i;

        for (i = length; i-- > 0;) {
                uint64_t *pair = memory + (step < 0 ? (length - 1 - i) * -step : i * step);

                pair[0] = i == odd ? cop_tuple(1, &(cop_term){ TAG_NIL }).word : small_term(i).word;
                pair[1] = list.word;
                list = pair_term(pair);
        }
        return list;
}

COP_TEST(COPY_lists, "a copied list lies pair beside pair, however its source was spread")
{
        static uint64_t memory[4000];
        int length, step, odd;

        for (step = -5; step <= 5; step++) {
                if (step > -2 && step < 2)
                        continue;
                for (length = 1; length < 40; length++) {
                        for (odd = -1; odd < length; odd += 3) {
                                cop_scope {
                                        cop_term list, tagged, copy, rest;

                                        list = spread_list(memory, length, step, odd);
                                        check_copy(list, true);
                                        check_copy(list, false);
                                        tagged = cop_tuple(2, (cop_term[]){ list, list });
                                        check_copy(tagged, true);
                                        copy = cop__copy(here(), list);
                                        for (rest = copy; !cop_is_nil(cop_tail(rest));
                                             rest = cop_tail(rest))
                                                cop_assert_equal(cop_tail(rest).word,
                                                                 rest.word + 16);
                                }
                        }
                }
        }
}

COP_TEST(COPY_circle_of_words, "a list whose last pair is followed by what looks like more")
{
        uint64_t words[8] = { 0 };
        cop_term list = pair_term(words);

        words[0] = small_term(1).word;
        words[1] = pair_term(words + 2).word;
        words[2] = small_term(2).word;
        words[3] = NIL.word;
        words[4] = small_term(3).word;
        words[5] = pair_term(words + 6).word;
        check_copy(list, true);
        words[3] = small_term(7).word; /* improper */
        check_copy(list, true);
}

COP_TEST(COPY_shared, "a copy of a large binary is one user more, until it is let go of")
{
        uint8_t bytes[SHARED_ABOVE + 1] = { 1, 2, 3 };
        cop_term binary = cop_binary(bytes, sizeof(bytes));
        struct shared_bytes *owner = ((struct shared_bits *)words_of(binary))->owner;
        struct region region;
        cop_term copy;

        cop_assert_equal(owner->users, 1);
        cop__region_init(&region);
        copy = cop__copy(&region, cop_tuple(2, (cop_term[]){ binary, binary }));
        cop_assert_equal(owner->users, 3);
        cop_assert(cop_to_bytes(cop_element(copy, 0)) == cop_to_bytes(binary));
        cop__region_release(&region);
        cop_assert_equal(owner->users, 1);
}

enum { DEEP = 10 * 1000 * 1000 };

/* Ten million levels: 0 in last elements, 1 in first ones, 2 in heads, 3 in maps' keys. */
static cop_term nest(int shape)
{
        cop_term sibling = cop_tuple(0, NULL), term = NIL;
        int i;

        for (i = 0; i < DEEP; i++) {
                uint64_t *box;

                if (shape == 2) {
                        term = cop_cons(term, sibling);
                        continue;
                }
                box = cop__region_take(here(), 3);
                box[0] = header_of(shape == 3 ? BOX_MAP : BOX_TUPLE, 2);
                box[1 + (shape == 0)] = term.word;
                box[1 + (shape != 0)] = sibling.word;
                term = box_term(box);
        }
        return term;
}

/* How deep it is, by following what nests. */
static int depth_of(cop_term term, int shape)
{
        int depth;

        for (depth = 0; !cop_is_nil(term); depth++)
                term = term_of(words_of(term)[shape == 2 ? 0 : 1 + (shape == 0)]);
        return depth;
}

static void *copy_deep(void *context)
{
        int shape;

        for (shape = 0; shape < 4; shape++) {
                cop_scope {
                        struct region region;
                        cop_term copy;

                        cop__region_init(&region);
                        copy = cop__copy(&region, nest(shape));
                        cop_assert(!cop_is_none(copy));
                        cop_assert_equal(depth_of(copy, shape), DEEP);
                        cop__region_release(&region);
                }
        }
        return NULL;
}

COP_TEST(COPY_deep, "ten million levels are copied on a stack of 64 KB", .limit_s = 60)
{
        pthread_attr_t small;
        pthread_t thread;

        pthread_attr_init(&small);
        cop_assert_equal(pthread_attr_setstacksize(&small, 64 * 1024), 0);
        cop_assert_equal(pthread_create(&thread, &small, copy_deep, NULL), 0);
        pthread_join(thread, NULL);
        pthread_attr_destroy(&small);
}

static bool copy_to_region(void *context)
{
        cop_term *term = context;
        struct region region;
        cop_term copy;
        bool copied;

        cop__region_init(&region);
        copy = cop__copy(&region, *term);
        copied = !cop_is_none(copy);
        cop_assert(!copied || is_same_term(copy, *term));
        cop__region_release(&region);
        return copied;
}

COP_TEST(COPY_no_memory,
         "without memory for walk or block there is no copy and nothing left behind")
{
        cop_term term =
                cop_binary("0123456789012345678901234567890123456789012345678901234567890123"
                           "4567890123456789",
                           80);
        int i;

        for (i = 0; i < 2000; i++)
                term = cop_tuple(2, (cop_term[]){ term, cop_cons(NIL, NIL) });
        cop_assert(without_memory(copy_to_region, NULL, &term) >= 7);
}

COP_TEST(COPY_limit, "a region's limit holds for copies")
{
        cop_term elements[100];
        struct region region;
        cop_term list;
        int i;

        for (i = 0; i < 100; i++)
                elements[i] = small_term(i);
        list = cop_list(100, elements);
        cop__region_init(&region);
        region.most_words = 199;
        cop_assert(cop_is_none(cop__copy(&region, list)));
        region.most_words = 200;
        cop_assert(is_same_term(cop__copy(&region, list), list));
        cop_assert(cop_is_none(cop__copy(&region, cop_cons(NIL, NIL))));
        cop__region_release(&region);
}

COP_TEST(COPY_explosion, "a term whose copy would be larger than any memory is refused",
         .limit_s = 600)
{
        cop_term term = cop_tuple(1, &(cop_term){ TAG_NIL });
        cop_term wide[1000];
        int level, i;

        /* a box of 2^20 words, 1000 times in a box, 1000 times in a box */
        term = box_term(cop__region_take(here(), 1 << 20));
        words_of(term)[0] = header_of(BOX_FLOAT, (1 << 20) - 1);
        for (level = 0; level < 2; level++) {
                for (i = 0; i < 1000; i++)
                        wide[i] = term;
                term = cop_tuple(1000, wide);
        }
        cop_assert_equal(cop__copy_words(term), SIZE_MAX);
        cop_assert(cop_is_none(cop__copy(here(), term)));
}
