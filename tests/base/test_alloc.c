/*
 * ALLOC: what the base allocator promises: blocks that are large enough and apart, an exact count
 * of those that live, whoever frees them, and failures on order.
 */
#include <coppice/test.h>

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "support/memory.h"

COP_TEST(ALLOC_usable, "a block holds what was asked for, also nothing")
{
        static const size_t sizes[] = { 0, 1, 7, 8, 63, 64, 1000, 4096, 100000, 5000000 };
        size_t i;

        for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
                void *block = cop__alloc(sizes[i]);

                cop_assert(block);
                cop_assert(cop__alloc_usable_size(block) >= sizes[i]);
                cop_assert_equal((uintptr_t)block % 8, 0);
                memset(block, 0xa5, sizes[i]);
                cop__free(block);
        }
        cop_assert_equal(cop__alloc_usable_size(NULL), 0);
        cop__free(NULL);
}

COP_TEST(ALLOC_zeroed, "a zeroed block is zero, also where another one was before")
{
        unsigned char *block = cop__alloc(1000);
        size_t i;

        cop_assert(block);
        memset(block, 0xff, 1000);
        cop__free(block);
        block = cop__alloc_zeroed(1000);
        cop_assert(block);
        for (i = 0; i < 1000; i++)
                cop_assert_equal(block[i], 0);
        cop__free(block);
}

enum { SIZED_MOST = 400 };

/* Blocks of all sizes up to 400, and as many again of one that a thread keeps some of. */
static void take_sized(unsigned char **blocks, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                size_t size = i < SIZED_MOST ? i + 1 : 64;

                blocks[i] = cop__alloc_sized(size);
                cop_assert(blocks[i]);
                memset(blocks[i], (int)(i & 0xff), size);
        }
}

static void *give_sized(void *blocks)
{
        for (size_t i = 0; i < 6000; i++)
                cop__free_sized(((unsigned char **)blocks)[i], i < SIZED_MOST ? i + 1 : 64);
        return NULL;
}

COP_TEST(ALLOC_sized, "sized blocks are apart, also used again, and whoever frees them")
{
        static unsigned char *blocks[6000];
        pthread_t other;

        for (int round = 0; round < 6; round++) {
                take_sized(blocks, 6000);
                for (size_t i = 0; i < 6000; i++)
                        for (size_t k = i < SIZED_MOST ? i + 1 : 64; k-- > 0;)
                                cop_assert_equal(blocks[i][k], i & 0xff);
                cop_assert_equal(cop__alloc_live_blocks(), 6000);
                if (round % 2) {
                        cop_assert(pthread_create(&other, NULL, give_sized, blocks) == 0);
                        pthread_join(other, NULL);
                } else {
                        give_sized(blocks);
                }
                cop_assert_equal(cop__alloc_live_blocks(), 0);
        }
        cop_assert(!cop__alloc_fail_at(1));
        cop_assert(!cop__alloc_sized(64));
        cop_assert(cop__alloc_fail_at(0));
}

COP_TEST(ALLOC_array_overflow, "an array whose size overflows is no memory")
{
        cop_assert(!cop__alloc_array(SIZE_MAX / 8 + 2, 8));
        cop_assert(!cop__alloc_array(SIZE_MAX, SIZE_MAX));
        cop_assert_equal(cop__alloc_live_blocks(), 0);
}

COP_TEST(ALLOC_aligned, "an aligned block is aligned and freed like any other")
{
        size_t alignment;

        for (alignment = 16; alignment <= 65536; alignment *= 2) {
                void *block = cop__alloc_aligned(100, alignment);

                cop_assert(block);
                cop_assert_equal((uintptr_t)block % alignment, 0);
                cop__free(block);
        }
        cop_assert_equal(cop__alloc_live_blocks(), 0);
}

COP_TEST(ALLOC_realloc, "a block that grows and shrinks keeps its contents")
{
        char *block = cop__realloc(NULL, 6);
        char *moved;

        cop_assert(block);
        memcpy(block, "hello", 6);
        moved = cop__realloc(block, 100000);
        cop_assert(moved);
        cop_assert_text(moved, "hello");
        moved = cop__realloc(moved, 6);
        cop_assert(moved);
        cop_assert_text(moved, "hello");
        cop_assert_equal(cop__alloc_live_blocks(), 1);
        cop__free(moved);
}

COP_TEST(ALLOC_balance, "live blocks are those allocated and not freed")
{
        void *blocks[100];
        int i;

        for (i = 0; i < 100; i++) {
                blocks[i] = cop__alloc((size_t)cop_test_random_below(10000));
                cop_assert(blocks[i]);
        }
        cop_assert_equal(cop__alloc_live_blocks(), 100);
        for (i = 0; i < 100; i++)
                cop__free(blocks[i]);
        cop_assert_equal(cop__alloc_live_blocks(), 0);
}

static void *allocate_for_another(void *place)
{
        *(void **)place = cop__alloc(100);
        return NULL;
}

COP_TEST(ALLOC_other_thread, "a block counts until it is freed, also by another thread, also after "
                             "its own has ended")
{
        void *blocks[8];
        pthread_t threads[8];
        int i;

        for (i = 0; i < 8; i++)
                cop_assert_equal(
                        pthread_create(&threads[i], NULL, allocate_for_another, &blocks[i]), 0);
        for (i = 0; i < 8; i++)
                pthread_join(threads[i], NULL);
        cop_assert_equal(cop__alloc_live_blocks(), 8);
        for (i = 0; i < 8; i++)
                cop__free(blocks[i]);
        cop_assert_equal(cop__alloc_live_blocks(), 0);
}

COP_TEST(ALLOC_fail_at, "the n-th allocation fails, and only that one")
{
        void *first, *third;

        cop__alloc_fail_at(2);
        first = cop__alloc(1);
        cop_assert(first);
        cop_assert(!cop__alloc_zeroed(1));
        third = cop__alloc(1);
        cop_assert(third);
        cop_assert(cop__alloc_fail_at(0));
        cop_assert(!cop__alloc_fail_at(0));
        cop__free(first);
        cop__free(third);
}

COP_TEST(ALLOC_fail_realloc, "a realloc that fails leaves the block as it was")
{
        char *block = cop__alloc(6);

        cop_assert(block);
        memcpy(block, "hello", 6);
        cop__alloc_fail_at(1);
        cop_assert(!cop__realloc(block, 100000));
        cop_assert_text(block, "hello");
        cop_assert_equal(cop__alloc_live_blocks(), 1);
        cop__free(block);
}

/* Three blocks or none. */
static bool allocate_three(void *context)
{
        void **blocks = context;
        int i;

        for (i = 0; i < 3; i++) {
                blocks[i] = cop__alloc(10);
                if (!blocks[i])
                        break;
        }
        if (i == 3)
                return true;
        while (i-- > 0)
                cop__free(blocks[i]);
        return false;
}

static void free_three(void *context)
{
        void **blocks = context;
        int i;

        for (i = 0; i < 3; i++)
                cop__free(blocks[i]);
}

COP_TEST(ALLOC_each_fails, "every allocation of a task can be made to fail in its turn")
{
        void *blocks[3];

        cop_assert_equal(without_memory(allocate_three, free_three, blocks), 3);
}
