/*
 * alloc.c: the allocator, a count of what it gave out, and failures on order.
 *
 * count     Each thread adds to and takes from counters of its own; the sum over all threads is
 *           the number of live blocks, as a block freed elsewhere makes its thread's count
 *           negative. So no cache line is written by two threads, and counting costs two plain
 *           stores. Asking for the sum takes a lock and walks the threads: tests and reports do.
 * spare     Blocks that are freed with their size, as signals are, stay with their thread for the next
 *           one of that size, up to SPARE_MOST of each: a pair then costs some 25 instructions in place
 *           of 130. Who frees more than it allocates, as a receiver does, gives the rest back. Not
 *           under the sanitizers, which are to see every block.
 * fail      One word that is read at every allocation and written by tests alone.
 *
 * Invariant A thread's counters are in `threads` from its first allocation until its destructor
 *           runs, which adds them to `gone`. A destructor that runs after ours and allocates
 *           puts them in again, and ours runs once more.
 * Owners    counts.blocks: written by its thread alone, read by any.
 *
 * Threads   A process may go on on another thread after any call, and compilers keep the address of a
 *           thread-local for as long as a function runs: so what uses `mine` is never inlined.
 *
 * Why not bytes as well: asking for a block's size at its allocation and again when it is freed made
 * a pair cost 12.6 ns in place of 10 (bench/alloc.c), and who watches for leaks needs the blocks.
 *
 * Why not mimalloc's own statistics: its release builds do not keep them, and the sanitizer
 * builds do without mimalloc.
 */
#include "base/alloc.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/sanitizers.h"
#include "coppice-config.h"

#if COP_HAVE_MIMALLOC
#include "base/raw_mimalloc.h"
#else
#include "base/raw_malloc.h"
#endif

/* What one thread has allocated and not freed; negative when it frees what others allocated. */
struct counts {
        _Atomic(int64_t) blocks; /* written by its thread, read by any */
        struct counts *next;     /* under the lock */
        struct counts *previous; /* under the lock */
        bool listed;             /* its thread alone */
};

enum {
        SPARE_STEP = 16,
        SPARE_SIZES = 13,                             /* up to 192 bytes */
        SPARE_MOST = COP_ASAN || COP_TSAN ? 0 : 4096, /* of a size */
};

struct spare {
        struct spare *next;
};

/* Blocks of one size that a thread has at hand. */
struct spares {
        struct spare *first;
        unsigned count;
};

static _Thread_local struct spares spares[SPARE_SIZES] __attribute__((tls_model("initial-exec")));
static _Thread_local struct counts mine __attribute__((tls_model("initial-exec")));

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t prepared = PTHREAD_ONCE_INIT;
static pthread_key_t at_thread_exit; /* set once in prepare() */
static bool can_list_threads;        /* set once in prepare() */
static struct counts *threads;       /* under the lock */
static struct counts gone;           /* of threads that ended; under the lock */
static _Atomic(int64_t) fail_at;     /* allocations until the one that fails; 0 and less: none */
static _Atomic(bool) failed;         /* the order was carried out */

static void free_spares(void)
{
        for (size_t i = 0; i < SPARE_SIZES; i++) {
                while (spares[i].first) {
                        struct spare *spare = spares[i].first;

                        spares[i].first = spare->next;
                        raw_free(spare);
                }
                spares[i].count = 0;
        }
}

static void unlist_thread(void *counts)
{
        struct counts *c = counts;

        free_spares();

        pthread_mutex_lock(&lock);
        if (c->previous)
                c->previous->next = c->next;
        else
                threads = c->next;
        if (c->next)
                c->next->previous = c->previous;
        gone.blocks += c->blocks;
        pthread_mutex_unlock(&lock);
        *c = (struct counts){ 0 };
}

static void prepare(void)
{
        can_list_threads = pthread_key_create(&at_thread_exit, unlist_thread) == 0;
}

static __attribute__((noinline)) void list_thread(void)
{
        pthread_once(&prepared, prepare);
        mine.listed = true;
        if (!can_list_threads || pthread_setspecific(at_thread_exit, &mine) != 0)
                return; /* it allocates all the same, and is missing in the sums */
        pthread_mutex_lock(&lock);
        mine.next = threads;
        if (threads)
                threads->previous = &mine;
        threads = &mine;
        pthread_mutex_unlock(&lock);
}

static inline __attribute__((always_inline)) void count(int64_t blocks)
{
        if (__builtin_expect(!mine.listed, false))
                list_thread();
        /* A load and a store and no atomic addition: nobody else writes here. */
        atomic_store_explicit(&mine.blocks,
                              atomic_load_explicit(&mine.blocks, memory_order_relaxed) + blocks,
                              memory_order_relaxed);
}

/* True when this allocation is the one that was ordered to fail. */
static bool fails(void)
{
        if (atomic_load_explicit(&fail_at, memory_order_relaxed) <= 0)
                return false;
        if (atomic_fetch_sub_explicit(&fail_at, 1, memory_order_relaxed) != 1)
                return false;
        atomic_store_explicit(&failed, true, memory_order_relaxed);
        return true;
}

static void *counted(void *block)
{
        if (block)
                count(1);
        return block;
}

__attribute__((noinline)) void *cop__alloc(size_t size)
{
        return fails() ? NULL : counted(raw_alloc(size ? size : 1));
}

__attribute__((noinline)) void *cop__alloc_zeroed(size_t size)
{
        return fails() ? NULL : counted(raw_alloc_zeroed(size ? size : 1));
}

void *cop__alloc_array(size_t count, size_t size)
{
        size_t bytes;

        return __builtin_mul_overflow(count, size, &bytes) ? NULL : cop__alloc(bytes);
}

__attribute__((noinline)) void *cop__alloc_aligned(size_t size, size_t alignment)
{
        return fails() ? NULL : counted(raw_alloc_aligned(size ? size : 1, alignment));
}

__attribute__((noinline)) void *cop__realloc(void *block, size_t size)
{
        void *moved;

        if (fails())
                return NULL;
        moved = raw_realloc(block, size ? size : 1);
        if (moved && !block)
                count(1);
        return moved;
}

__attribute__((noinline)) void cop__free(void *block)
{
        if (!block)
                return;
        count(-1);
        raw_free(block);
}

__attribute__((noinline)) void *cop__alloc_sized(size_t size)
{
        size_t i = (size + SPARE_STEP - 1) / SPARE_STEP;
        struct spare *spare;

        if (fails())
                return NULL;
        if (i >= SPARE_SIZES)
                return counted(raw_alloc(size));
        spare = spares[i].first;
        if (!spare)
                return counted(raw_alloc(i * SPARE_STEP));
        spares[i].first = spare->next;
        spares[i].count--;
        count(1);
        return spare;
}

__attribute__((noinline)) void cop__free_sized(void *block, size_t size)
{
        size_t i = (size + SPARE_STEP - 1) / SPARE_STEP;
        struct spare *spare = block;

        count(-1);
        if (i >= SPARE_SIZES || spares[i].count >= SPARE_MOST) {
                raw_free(block);
                return;
        }
        spare->next = spares[i].first;
        spares[i].first = spare;
        spares[i].count++;
}

size_t cop__alloc_usable_size(const void *block)
{
        return block ? raw_usable_size(block) : 0;
}

int64_t cop__alloc_live_blocks(void)
{
        const struct counts *c;
        int64_t blocks = 0;

        pthread_once(&prepared, prepare);
        pthread_mutex_lock(&lock);
        blocks = gone.blocks;
        for (c = threads; c; c = c->next)
                blocks += atomic_load_explicit(&c->blocks, memory_order_relaxed);
        pthread_mutex_unlock(&lock);
        return blocks;
}

bool cop__alloc_fail_at(int64_t n)
{
        atomic_store_explicit(&fail_at, n, memory_order_relaxed);
        return atomic_exchange_explicit(&failed, false, memory_order_relaxed);
}
