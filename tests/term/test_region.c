/*
 * REGION: memory of a turn: pieces apart from each other, given back all at once or to a mark.
 */
#include <coppice/test.h>

#include <string.h>

#include "base/alloc.h"
#include "base/poison.h"
#include "support/failure.h"
#include "support/memory.h"
#include "support/terms.h"
#include "term/bits.h"
#include "term/host.h"

static const char LONG[] = "a binary of more than sixty-four bytes, which are counted and shared "
                           "by all terms that show them";

COP_TEST(REGION_apart, "pieces do not overlap, whatever their sizes")
{
        enum { PIECES = 3000 };
        static uint64_t *pieces[PIECES];
        static size_t sizes[PIECES];
        struct region region;
        size_t i, j;

        cop__region_init(&region);
        for (i = 0; i < PIECES; i++) {
                sizes[i] = 1 + cop_test_random_below(cop_test_random_below(100) ? 20 : 50000);
                pieces[i] = cop__region_take(&region, sizes[i]);
                cop_assert(pieces[i]);
                for (j = 0; j < sizes[i]; j++)
                        pieces[i][j] = i;
        }
        for (i = 0; i < PIECES; i++)
                for (j = 0; j < sizes[i]; j++)
                        if (pieces[i][j] != i)
                                cop_fail("piece %zu was written over", i);
        cop__region_release(&region);
}

COP_TEST(REGION_reset, "after a reset an ordinary turn allocates nothing")
{
        int64_t blocks = cop__alloc_live_blocks();
        struct region region;
        int i;

        cop__region_init(&region);
        cop_assert_equal(cop__alloc_live_blocks(), blocks);
        for (i = 0; i < 10000; i++)
                cop__region_take(&region, 10);
        cop__region_reset(&region);
        cop_assert_equal(cop__alloc_live_blocks(), blocks + 1);
        cop__alloc_fail_at(1);
        for (i = 0; i < 40; i++)
                cop_assert(cop__region_try_take(&region, 10));
        cop__alloc_fail_at(0);
        cop__region_reset(&region);
        cop__region_release(&region);
        cop_assert_equal(cop__alloc_live_blocks(), blocks);
        cop__region_release(&region);
        cop__region_reset(&region);
        cop_assert(cop__region_try_take(&region, 1));
        cop__region_release(&region);
}

COP_TEST(REGION_reset_large, "a turn that began with a large piece leaves nothing behind")
{
        int64_t blocks = cop__alloc_live_blocks();
        struct region region;

        cop__region_init(&region);
        cop__region_take(&region, 100000);
        cop__region_reset(&region);
        cop_assert_equal(cop__alloc_live_blocks(), blocks);
        cop_assert_equal(cop__region_words(&region), 0);
}

COP_TEST(REGION_rewind, "a mark gives back what was taken since, and no more")
{
        int64_t blocks = cop__alloc_live_blocks();
        struct region region;
        int i;

        cop__region_init(&region);
        for (i = 0; i < 1000; i++) {
                uint64_t *before = cop__region_take(&region, 3);
                struct cop_mark mark = cop__region_mark(&region);
                uint64_t *first;
                size_t j, pieces = cop_test_random_below(30);

                memset(before, 1, 3 * sizeof(*before));
                first = region.top;
                for (j = 0; j < pieces; j++)
                        memset(cop__region_take(&region, 500), 2, 500 * sizeof(uint64_t));
                cop__region_rewind(&region, &mark);
                cop_assert(region.top == first);
                cop_assert_equal(before[2], 0x0101010101010101);
        }
        cop__region_release(&region);
        cop_assert_equal(cop__alloc_live_blocks(), blocks);
}

COP_TEST(REGION_rewind_empty, "a mark from before anything was taken keeps one chunk at most")
{
        struct region region;
        struct cop_mark mark;
        int i;

        cop__region_init(&region);
        mark = cop__region_mark(&region);
        for (i = 0; i < 1000; i++) {
                int j;

                for (j = 0; j <= i; j++)
                        cop__region_take(&region, 7);
                cop__region_rewind(&region, &mark);
                cop_assert(cop__region_words(&region) <= 512);
                mark = cop__region_mark(&region);
        }
        cop__region_release(&region);
}

COP_TEST(REGION_rewind_old, "a mark from before a reset or a release gives nothing back")
{
        struct region region;
        struct cop_mark mark;
        uint64_t *taken;

        cop__region_init(&region);
        cop__region_take(&region, 3);
        mark = cop__region_mark(&region);
        cop__region_reset(&region);
        taken = cop__region_take(&region, 30);
        taken[29] = 7;
        cop__region_rewind(&region, &mark);
        cop_assert(cop__region_take(&region, 1) == taken + 30);
        mark = cop__region_mark(&region);
        cop__region_release(&region);
        cop__region_rewind(&region, &mark);
        cop_assert_equal(cop__region_words(&region), 0);
}

COP_TEST(REGION_shared, "bytes made since a mark are let go of with it, older ones are not")
{
        struct cop_mark mark;
        struct region region;
        struct shared_bytes *owner;
        cop_term older, newer;

        cop__region_init(&region);
        older = cop__copy(&region, cop_text(LONG));
        owner = ((struct shared_bits *)words_of(older))->owner;
        cop_assert_equal(owner->users, 2);
        mark = cop__region_mark(&region);
        newer = cop__copy(&region, older);
        cop_assert_equal(owner->users, 3);
        cop_assert(cop_to_bytes(newer) == cop_to_bytes(older));
        cop__region_rewind(&region, &mark);
        cop_assert_equal(owner->users, 2);
        cop__region_reset(&region);
        cop_assert_equal(owner->users, 1);
        cop__region_release(&region);
}

COP_TEST(REGION_limit, "a region never holds more than its limit, and has all of it")
{
        struct region region;
        size_t words;

        cop__region_init(&region);
        region.most_words = 5000;
        for (words = 0; cop__region_try_take(&region, 100); words += 100)
                cop_assert(cop__region_words(&region) <= 5000);
        cop_assert(words >= 4500);
        cop_assert(!cop__region_try_take(&region, SIZE_MAX));
        cop_assert(!cop__region_try_take(&region, SIZE_MAX / 8));
        cop__region_reset(&region);
        cop_assert(!cop__region_try_take(&region, 5001));
        cop_assert(cop__region_try_take(&region, 4400));
        cop__region_release(&region);
}

COP_TEST(REGION_give_back, "the unused end of the last piece can be given back, of no other")
{
        struct region region;
        uint64_t *first, *second;

        cop__region_init(&region);
        first = cop__region_take(&region, 10);
        cop__region_give_back(&region, first, 10, 4);
        second = cop__region_take(&region, 10);
        cop_assert(second == first + 4);
        cop__region_give_back(&region, first, 4, 0);
        cop_assert(cop__region_take(&region, 1) == second + 10);
        cop__region_release(&region);
}

static bool take_pieces(void *context)
{
        struct region region;
        bool taken = true;
        int i;

        cop__region_init(&region);
        for (i = 0; i < 1000 && taken; i++)
                taken = cop__region_try_take(&region, 100) != NULL;
        cop__region_release(&region);
        return taken;
}

COP_TEST(REGION_no_memory, "without memory nothing is taken and nothing left behind")
{
        cop_assert(without_memory(take_pieces, NULL, NULL) >= 4);
}

COP_TEST(REGION_any,
         "any sequence of takes, marks, rewinds, copies and resets keeps a region whole")
{
        enum { STEPS = 100000, MARKS = 20 };
        struct cop_mark marks[MARKS];
        int64_t blocks = cop__alloc_live_blocks();
        struct region region;
        int step, open = 0;

        cop__region_init(&region);
        for (step = 0; step < STEPS; step++) {
                uint64_t words = cop_test_random_below(cop_test_random_below(50) ? 40 : 3000);

                switch (cop_test_random_below(step % 5000 == 0 ? 12 : 10)) {
                case 0:
                case 1:
                        if (open < MARKS)
                                marks[open++] = cop__region_mark(&region);
                        break;
                case 2:
                        if (open > 0)
                                cop__region_rewind(&region, &marks[--open]);
                        break;
                case 3:
                        cop_scope
                                cop__copy(&region, random_term(4));
                        break;
                case 11:
                        open = 0;
                        cop__region_reset(&region);
                        break;
                default:
                        memset(cop__region_take(&region, words + 1), 3, 8 * words + 8);
                }
                cop__region_audit(&region);
        }
        cop__region_release(&region);
        cop__host_thread_release();
        cop_assert(cop__alloc_live_blocks() <= blocks);
}

COP_TEST(REGION_poison, "debug builds overwrite what is given back")
{
        struct region region;
        struct cop_mark mark;
        uint64_t *taken;

        if (!COP_POISON || COP_ASAN)
                cop_skip("this build does not overwrite, or nobody may look");
        cop__region_init(&region);
        mark = cop__region_mark(&region);
        taken = cop__region_take(&region, 4);
        memset(taken, 0, 4 * sizeof(*taken));
        cop__region_rewind(&region, &mark);
        cop_assert_equal(taken[0], 0xd8d8d8d8d8d8d8d8);
        cop_assert_equal(taken[3], 0xd8d8d8d8d8d8d8d8);
        cop__region_release(&region);
}

COP_TEST(SCOPE_frees, "what is made in a scope dies at its end, what was made before does not")
{
        int64_t blocks;
        cop_term before = cop_list(3, (cop_term[]){ cop_int(1), cop_int(2), cop_int(3) });
        uint64_t *top = here()->top;
        int i, rounds = 0;

        blocks = cop__alloc_live_blocks();
        for (i = 0; i < 1000; i++) {
                cop_scope {
                        int j;

                        for (j = 0; j < 100; j++)
                                before = cop_is_nil(before) ? before : cop_reverse(before);
                        before = cop_list(0, NULL);
                        cop_text(LONG);
                        rounds++;
                }
                cop_assert(here()->top == top);
        }
        cop_assert_equal(rounds, 1000);
        cop_assert_equal(cop__alloc_live_blocks(), blocks);
}

static int leave_early(bool by_return)
{
        cop_scope {
                cop_text(LONG);
                if (by_return)
                        return 1;
                break;
        }
        return 2;
}

COP_TEST(SCOPE_left, "a scope that is left by break or return ends all the same")
{
        cop_term before = cop_text("before");
        uint64_t *top = here()->top;
        int64_t blocks = cop__alloc_live_blocks();

        cop_assert_equal(leave_early(false), 2);
        cop_assert(here()->top == top);
        cop_assert_equal(leave_early(true), 1);
        cop_assert(here()->top == top);
        cop_assert_equal(cop__alloc_live_blocks(), blocks);
        cop_assert_text(cop_to_cstring(before), "before");
}

COP_TEST(SCOPE_nests, "scopes nest")
{
        cop_scope {
                cop_term outer = cop_text("outer");
                uint64_t *top = here()->top;

                cop_scope {
                        cop_text("middle");
                        cop_scope
                                cop_text("inner");
                }
                cop_assert(here()->top == top);
                cop_assert_text(cop_to_cstring(outer), "outer");
        }
}
