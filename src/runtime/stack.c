/*
 * stack.c: arenas of stacks, and who has the idle ones.
 *
 * take      from the thread's cache; else a batch from the pool, under its lock; else a fresh one
 *           from the newest arena; else a new arena.
 * give      to the cache; when that is full, half of it goes to the pool. The pool keeps the pages
 *           of as many as HOT_MOST stacks; one given beyond that loses its pages at once (1 to 2
 * us), so that a burst of a million processes does not leave its memory behind. A thread that has
 *           nothing to do takes the pages of nearly all of them (trim).
 *
 * Arenas    64 MB of address space each, at a multiple of 64 MB, reserved and not committed: one
 *           big reservation would die under RLIMIT_AS. Neighbours are one mapping to the kernel. No
 *           huge pages: khugepaged would fill again what was given back.
 * Slots     256 KB each: 64 KB of guard, since a function with a big frame steps over one page, and
 *           192 KB of stack. Its control block lies in the slab of its arena.
 * Guards    MADV_GUARD_INSTALL (Linux 6.13) marks page table entries. Where the kernel has not got
 *           it, mprotect() cuts the mapping in two for each stack, and the kernel allows some
 *           65,000 mappings in all: then at most a third of them are stacks, as two each are
 *           needed and others need mappings, too.
 * Colours   If all tops had the same offset in a page, the busiest lines of all stacks would
 *           compete for the same few sets of the cache.
 *
 * Invariant A bit of arena_map is set from before the first stack of an arena is handed out until
 *           the runtime stops, and a single's block stands in its slab as long: so a fault handler
 *           can look for an address without a lock.
 * Owners    An idle stack belongs to the cache or to the pool that it is in; its context and
 *           its region are empty. Control blocks are never freed while the runtime runs.
 *
 * Why not a mapping for each stack: mmap and munmap for each, and two mappings again.
 */
#include "runtime/stack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/lock.h"
#include "base/sanitizers.h"
#include "coppice-config.h"

#if COP_HAVE_VALGRIND
#include <valgrind/valgrind.h>
#endif

enum {
        ARENA_BITS = 26,
        ARENA_SIZE = 1 << ARENA_BITS,
        ARENA_STACKS = ARENA_SIZE / STACK_SIZE,
        ADDRESS_BITS = 48, /* mmap() gives no address beyond without being asked */
        CACHE_MOST = 64,   /* a thread's idle stacks */
        BATCH = 32,        /* how many go between a cache and the pool at once */
        HOT_MOST = 4096,   /* idle stacks of the pool with their pages */
        HOT_IDLE = 64,     /* the same, when there is nothing to do */
        COLOURS = 16,
        COLOUR_SIZE = 128, /* two lines: they are fetched in pairs */
        SINGLES_IN_SLAB = 64,
        ADVICE_GUARD_INSTALL = 102,
#if COP_TSAN && !defined(__clang__)
        FIBERS_MOST = 7900, /* at 8,128 the ThreadSanitizer of gcc 12 ends the program */
#else
        FIBERS_MOST = 0,
#endif
};

struct arena {
        struct arena *older;
        char *base;
        unsigned used; /* slots that have been handed out once */
        struct stack stacks[ARENA_STACKS];
};

/* Control blocks of stacks of other sizes. */
struct single_slab {
        struct single_slab *older; /* set before the slab is published */
        struct single {
                struct stack stack;
                _Atomic(char *) guard; /* NULL: not in use */
        } singles[SINGLES_IN_SLAB];
};

static struct {
        struct lock lock;
        bool started;
        bool mprotect_guards;
        size_t most;  /* stacks there may be */
        size_t count; /* all stacks that exist */

        struct arena *newest;
        struct stack *hot; /* idle, newest first */
        size_t hot_count;
        struct stack *cold; /* idle, without pages */
        struct stack *free_singles;
        _Atomic(struct single_slab *) slabs; /* any thread, without the lock */
} pool;

/* Which multiples of 64 MB are arenas. Any thread, without the lock. */
static _Atomic(uint64_t) arena_map[(1ULL << (ADDRESS_BITS - ARENA_BITS)) / 64];

/* ---- address space ---- */

static void *reserve(void *hint, size_t size)
{
        void *at = mmap(hint, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

        if (at == MAP_FAILED)
                return NULL;
        if (((uintptr_t)at + size) >> ADDRESS_BITS) {
                munmap(at, size);
                return NULL;
        }
        return at;
}

static bool is_aligned(const void *at)
{
        return ((uintptr_t)at & (ARENA_SIZE - 1)) == 0;
}

/* 64 MB at a multiple of 64 MB; below the last ones if possible, so that they stay one mapping. */
static char *reserve_arena(void)
{
        char *hint = pool.newest ? pool.newest->base - ARENA_SIZE : NULL;
        char *at = reserve(hint, ARENA_SIZE);
        char *aligned;

        if (!at || is_aligned(at))
                return at;

        munmap(at, ARENA_SIZE);
        at = reserve(NULL, 2 * (size_t)ARENA_SIZE);
        if (!at)
                return NULL;
        aligned = (char *)(((uintptr_t)at + ARENA_SIZE - 1) & ~((uintptr_t)ARENA_SIZE - 1));
        if (aligned > at)
                munmap(at, (size_t)(aligned - at));
        munmap(aligned + ARENA_SIZE, (size_t)(at + ARENA_SIZE - aligned));
        return aligned;
}

static int make_guard(char *at)
{
        if (pool.mprotect_guards)
                return mprotect(at, STACK_GUARD, PROT_NONE) ? -errno : 0;
        return madvise(at, STACK_GUARD, ADVICE_GUARD_INSTALL) ? -errno : 0;
}

/* Slabs are not from the heap: a fault handler reads them. */
static void *take_slab(size_t size)
{
        void *at = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

        return at == MAP_FAILED ? NULL : at;
}

static _Atomic(uint64_t) *map_word(const void *address, uint64_t *bit)
{
        uintptr_t number = (uintptr_t)address >> ARENA_BITS;

        *bit = 1ULL << (number % 64);
        return &arena_map[number / 64];
}

/* Makes an arena the newest. Under the lock. */
static bool add_arena(void)
{
        struct arena *arena = take_slab(sizeof(*arena));
        _Atomic(uint64_t) *word;
        uint64_t bit;

        if (!arena)
                return false;
        arena->base = reserve_arena();
        if (!arena->base) {
                munmap(arena, sizeof(*arena));
                return false;
        }
        madvise(arena->base, ARENA_SIZE, MADV_NOHUGEPAGE); /* fails where there are none */

        arena->older = pool.newest;
        pool.newest = arena;
        word = map_word(arena->base, &bit);
        atomic_fetch_or_explicit(word, bit, memory_order_release);
        return true;
}

/* ---- one stack ---- */

static void stack_init(struct stack *stack, char *guard, size_t size, unsigned colour)
{
        memset(stack, 0, sizeof(*stack));
        stack->low = guard + STACK_GUARD;
        stack->high = stack->low + size;
        stack->top = stack->high - (colour % COLOURS) * COLOUR_SIZE;
        cop__region_init(&stack->region);
#if COP_TSAN
        stack->tsan_fiber = __tsan_create_fiber(0);
#endif
#if COP_HAVE_VALGRIND
        stack->valgrind_id = VALGRIND_STACK_REGISTER(stack->low, stack->high);
#endif
}

static void stack_release(struct stack *stack)
{
        cop__region_release(&stack->region);
#if COP_TSAN
        __tsan_destroy_fiber(stack->tsan_fiber);
#endif
#if COP_HAVE_VALGRIND
        VALGRIND_STACK_DEREGISTER(stack->valgrind_id);
#endif
}

/* Gives back the pages of an idle stack. */
static void cool(struct stack *stack)
{
        madvise(stack->low, (size_t)(stack->high - stack->low), MADV_DONTNEED);
        cop__region_release(&stack->region);
}

/* ---- the pool: under its lock ---- */

/* A stack that never ran; NULL: something is used up. */
static struct stack *take_fresh(void)
{
        struct arena *arena = pool.newest;
        struct stack *stack;
        char *guard;

        if (pool.count >= pool.most)
                return NULL;
        if (!arena || arena->used == ARENA_STACKS) {
                if (!add_arena())
                        return NULL;
                arena = pool.newest;
        }
        /* From the top downwards, as arenas are: neighbours share page tables. */
        guard = arena->base + (size_t)(ARENA_STACKS - 1 - arena->used) * STACK_SIZE;
        if (make_guard(guard) < 0)
                return NULL;
        stack = &arena->stacks[arena->used++];
        stack_init(stack, guard, STACK_SIZE - STACK_GUARD, arena->used);
        pool.count++;
        return stack;
}

static struct stack *take_idle(void)
{
        struct stack *stack = pool.hot;

        if (stack) {
                pool.hot = stack->next;
                pool.hot_count--;
                return stack;
        }
        stack = pool.cold;
        if (stack)
                pool.cold = stack->next;
        return stack;
}

/* A stack for the caller of take, and some for the thread's cache when there are idle ones. */
static struct stack *take_from_pool(struct stack_cache *cache)
{
        struct stack *taken;
        struct stack *more;

        cop__lock_take(&pool.lock);
        taken = take_idle();
        if (!taken)
                taken = take_fresh();
        while (pool.hot && cache->count < BATCH) {
                more = take_idle();
                more->next = cache->first;
                cache->first = more;
                cache->count++;
        }
        cop__lock_give(&pool.lock);
        return taken;
}

/* Gives a list to the pool: hot as long as there is room for it. */
static void give_to_pool(struct stack *list)
{
        struct stack *too_many = NULL;
        struct stack *last = NULL;

        cop__lock_take(&pool.lock);
        while (list) {
                struct stack *stack = list;

                list = stack->next;
                if (pool.hot_count < HOT_MOST) {
                        stack->next = pool.hot;
                        pool.hot = stack;
                        pool.hot_count++;
                } else {
                        stack->next = too_many;
                        too_many = stack;
                }
        }
        cop__lock_give(&pool.lock);
        if (!too_many)
                return;

        /* Without the lock: these are system calls. */
        for (struct stack *stack = too_many; stack; stack = stack->next) {
                cool(stack);
                last = stack;
        }
        cop__lock_take(&pool.lock);
        last->next = pool.cold;
        pool.cold = too_many;
        cop__lock_give(&pool.lock);
}

/* ---- stacks of other sizes ---- */

static bool add_singles(void)
{
        struct single_slab *slab = take_slab(sizeof(*slab));

        if (!slab)
                return false;
        for (unsigned i = 0; i < SINGLES_IN_SLAB; i++) {
                slab->singles[i].stack.next = pool.free_singles;
                pool.free_singles = &slab->singles[i].stack;
        }
        slab->older = atomic_load_explicit(&pool.slabs, memory_order_relaxed);
        /* pairs with the acquire in single_guards */
        atomic_store_explicit(&pool.slabs, slab, memory_order_release);
        return true;
}

static struct single *take_single_block(void)
{
        struct stack *stack = NULL;

        cop__lock_take(&pool.lock);
        if (pool.count < pool.most && (pool.free_singles || add_singles())) {
                stack = pool.free_singles;
                pool.free_singles = stack->next;
                pool.count++;
        }
        cop__lock_give(&pool.lock);
        return (struct single *)stack; /* its first member */
}

static void give_single_block(struct single *single)
{
        cop__lock_take(&pool.lock);
        single->stack.next = pool.free_singles;
        pool.free_singles = &single->stack;
        pool.count--;
        cop__lock_give(&pool.lock);
}

static struct stack *take_single(size_t size)
{
        size_t page = (size_t)getpagesize();
        struct single *single;
        char *guard;

        if (size > SIZE_MAX / 4)
                return NULL;
        size = (size + page - 1) & ~(page - 1);

        single = take_single_block();
        if (!single)
                return NULL;
        guard = reserve(NULL, STACK_GUARD + size);
        if (!guard)
                goto undo_block;
        if (make_guard(guard) < 0)
                goto undo_reserve;
        madvise(guard, STACK_GUARD + size, MADV_NOHUGEPAGE);

        stack_init(&single->stack, guard, size, 0);
        single->stack.single = true;
        atomic_store_explicit(&single->guard, guard, memory_order_relaxed);
        return &single->stack;

undo_reserve:
        munmap(guard, STACK_GUARD + size);
undo_block:
        give_single_block(single);
        return NULL;
}

static void give_single(struct single *single)
{
        struct stack *stack = &single->stack;

        atomic_store_explicit(&single->guard, NULL, memory_order_relaxed);
        stack_release(stack);
        munmap(stack->low - STACK_GUARD, (size_t)(stack->high - stack->low) + STACK_GUARD);
        give_single_block(single);
}

/* ---- what others call ---- */

struct stack *cop__stack_take(struct stack_cache *cache, size_t size)
{
        struct stack *stack = cache->first;

        if (size > STACK_SIZE - STACK_GUARD && size != STACK_SIZE)
                return take_single(size);
        if (!stack)
                return take_from_pool(cache);
        cache->first = stack->next;
        cache->count--;
        return stack;
}

/* Gives the older half of a full cache to the pool. */
static void halve(struct stack_cache *cache)
{
        struct stack *stack = cache->first;
        struct stack *older;

        for (unsigned i = 1; i < CACHE_MOST - BATCH; i++)
                stack = stack->next;
        older = stack->next;
        stack->next = NULL;
        cache->count = CACHE_MOST - BATCH;
        give_to_pool(older);
}

void cop__stack_give(struct stack_cache *cache, struct stack *stack)
{
        if (stack->single) {
                give_single((struct single *)stack);
                return;
        }
        if (cache->count == CACHE_MOST)
                halve(cache);
        stack->next = cache->first;
        cache->first = stack;
        cache->count++;
}

void cop__stack_cache_release(struct stack_cache *cache)
{
        give_to_pool(cache->first);
        cache->first = NULL;
        cache->count = 0;
}

bool cop__stacks_trim(struct stack_cache *cache)
{
        struct stack *stack;

        if (cache->count > BATCH) {
                struct stack_cache rest = *cache;

                cache->first = NULL;
                cache->count = 0;
                cop__stack_cache_release(&rest);
        }
        for (unsigned i = 0; i < BATCH; i++) {
                cop__lock_take(&pool.lock);
                stack = pool.hot_count > HOT_IDLE ? take_idle() : NULL;
                cop__lock_give(&pool.lock);
                if (!stack)
                        return false;
                cool(stack);
                cop__lock_take(&pool.lock);
                stack->next = pool.cold;
                pool.cold = stack;
                cop__lock_give(&pool.lock);
        }
        return true;
}

static bool single_guards(const char *address)
{
        struct single_slab *slab;

        /* pairs with the release in add_singles */
        slab = atomic_load_explicit(&pool.slabs, memory_order_acquire);
        for (; slab; slab = slab->older) {
                for (unsigned i = 0; i < SINGLES_IN_SLAB; i++) {
                        char *guard =
                                atomic_load_explicit(&slab->singles[i].guard, memory_order_relaxed);

                        if (guard && address >= guard && address < guard + STACK_GUARD)
                                return true;
                }
        }
        return false;
}

bool cop__stack_guards(const void *address)
{
        uint64_t bit;

        if ((uintptr_t)address >> ADDRESS_BITS)
                return false;
        if (atomic_load_explicit(map_word(address, &bit), memory_order_acquire) & bit)
                return (uintptr_t)address % STACK_SIZE < STACK_GUARD;
        return single_guards(address);
}

size_t cop__stack_count(void)
{
        size_t count;

        cop__lock_take(&pool.lock);
        count = pool.count;
        cop__lock_give(&pool.lock);
        return count;
}

size_t cop__stack_idle_count(void)
{
        size_t count;

        cop__lock_take(&pool.lock);
        count = pool.hot_count;
        cop__lock_give(&pool.lock);
        return count;
}

void cop__stacks_audit(void)
{
        size_t hot = 0;
        size_t idle = 0;

        cop__lock_take(&pool.lock);
        for (struct stack *stack = pool.hot; stack; stack = stack->next, hot++)
                cop__assert(!stack->single);
        cop__assert(hot == pool.hot_count);
        for (struct stack *stack = pool.cold; stack; stack = stack->next, idle++)
                cop__assert(!stack->region.newest);
        cop__assert(hot + idle <= pool.count);
        cop__assert(pool.count <= pool.most);
        cop__lock_give(&pool.lock);
}

/* ---- start and stop ---- */

/* How many mappings the kernel allows an OS process. */
static size_t mappings_most(void)
{
        char text[32] = { 0 };
        int fd = open("/proc/sys/vm/max_map_count", O_RDONLY | O_CLOEXEC);
        ssize_t got = 0;

        if (fd >= 0) {
                got = read(fd, text, sizeof(text) - 1);
                close(fd);
        }
        return got > 0 ? strtoul(text, NULL, 10) : 65530;
}

/*
 * Does this kernel have guards that cost no mapping? An emulator says yes to advice that it does not
 * know, so one is tried out: the kernel must not be able to write there. (By uname(), as valgrind leaves
 * that to the kernel; its own sigprocmask() would fault itself.)
 */
static bool has_guard_install(void)
{
        size_t size = STACK_GUARD;
        void *at = reserve(NULL, size);
        bool has;

        if (!at)
                return false;
        has = madvise(at, size, ADVICE_GUARD_INSTALL) == 0 && uname(at) < 0 && errno == EFAULT;
        munmap(at, size);
        return has;
}

int cop__stacks_start(const struct stack_options *options)
{
        if (pool.started)
                return -EBUSY;
        pool.mprotect_guards = options->mprotect_guards || !has_guard_install();
        pool.most = pool.mprotect_guards ? mappings_most() / 3 : SIZE_MAX;
        if (FIBERS_MOST && pool.most > FIBERS_MOST)
                pool.most = FIBERS_MOST;
        if (!add_arena())
                return -ENOMEM;
        pool.started = true;
        return 0;
}

static void free_arena(struct arena *arena)
{
        _Atomic(uint64_t) *word;
        uint64_t bit;

        word = map_word(arena->base, &bit);
        atomic_fetch_and_explicit(word, ~bit, memory_order_relaxed);
        for (unsigned i = 0; i < arena->used; i++)
                stack_release(&arena->stacks[i]);
        munmap(arena->base, ARENA_SIZE);
        munmap(arena, sizeof(*arena));
}

void cop__stacks_stop(void)
{
        struct single_slab *slab = atomic_load_explicit(&pool.slabs, memory_order_relaxed);

        while (pool.newest) {
                struct arena *arena = pool.newest;

                pool.newest = arena->older;
                free_arena(arena);
        }
        while (slab) {
                struct single_slab *older = slab->older;

                munmap(slab, sizeof(*slab));
                slab = older;
        }
        memset(&pool, 0, sizeof(pool));
}

void cop__stacks_abandon(void)
{
        memset(&pool, 0, sizeof(pool));
}
