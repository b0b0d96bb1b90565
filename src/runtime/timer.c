/*
 * timer.c: timers that send messages.
 *
 * A timer is a record of 60 bytes: 48 that its going off wants, and 12 that only its end does (struct
 * tie). Records lie in chunks, chunks belong to a scheduler and are kept until the runtime stops. A
 * reference says which record it is and how often that was used before, so that finding a timer takes
 * no search. A message that is immediate, or a tuple of one or two immediates, stands in the record
 * itself and becomes a signal when it is sent; any other is a signal from the beginning.
 *
 * Where   All timers for one process are in the wheel of one scheduler, its `timers_home`: that on
 *         which the first was set, until none is left. So one lock covers the wheel, the records and
 *         the list of the receiver's timers, which go when it does.
 * Life    free -> set -> (cancelled | sent | its receiver died) -> free, each in one step under the
 *         lock of its pool; messages are delivered when the lock has been given back.
 * Memory  When there is none for a message that is due, the timer is set again, to the next tick.
 *
 * Invariant p->timers_home changes from 0 to a pool, and back, under that pool's lock; it is 0 just
 *           when p->timers is, which only its holder looks at. Who finds it 0 takes it for a pool of
 *           its own choice, and then asks whether the receiver still lives; who dies says so, and then
 *           looks at it. So one of them sees the other.
 *
 * Why not on the wheel of the alarms: what waits for a process is part of its control block and says
 * what it does with a function; a record has no room for that.
 *
 * LIMIT: 26 million timers at once. A record that has been used 2^32 times is not used again.
 */
#include <coppice/timer.h>

#include <sys/mman.h>

#include "base/alloc.h"
#include "runtime/process.h"
#include "runtime/scheduler.h"
#include "runtime/timer.h"

enum {
        CHUNK_BYTES = 2 << 20, /* a huge page */
        CHUNK_HEAD = 16,
        PLACE_BITS = 16, /* of a timer in its chunk */
        NUMBER_BITS = 26,
        LOW_BITS = 4, /* of a number: in a reference they stand before the generation */
        SLOTS = SLOT_OF_TABLES - SLOT_OF_TIMERS,
        CHUNKS_MOST = SLOTS >> (PLACE_BITS - LOW_BITS),
        INLINE_WORDS = 2,
};

/* What a record holds. */
enum content {
        HAS_TERM,    /* words[0] */
        HAS_TUPLE_1, /* of so many words */
        HAS_TUPLE_2,
        HAS_SIGNAL, /* its address in words[0] */
};

struct timer {
        struct wheel_timer entry; /* in no wheel: the record is free, and `next` the next such */
        uint64_t to;              /* pid, or atom of a name */
        uint64_t words[INLINE_WORDS];
};

/* The list of its receiver, by numbers; 0: none. */
struct tie {
        uint32_t next : NUMBER_BITS;
        uint32_t content : 2;
        uint32_t is_wrapped : 1; /* to be sent as {timeout, Ref, Message} */
        uint32_t previous;
        uint32_t generation; /* uses before this one */
};

enum {
        CHUNK_TIMERS = (CHUNK_BYTES - CHUNK_HEAD) / (sizeof(struct timer) + sizeof(struct tie)),
};

struct chunk {
        struct pool *home;
        uint32_t index; /* in `chunks` */
        uint32_t used;  /* records that were ever used, and the first, which never is */
        struct timer timers[CHUNK_TIMERS];
        struct tie ties[CHUNK_TIMERS];
};

_Static_assert(sizeof(struct chunk) <= CHUNK_BYTES, "a chunk is a huge page");
_Static_assert(CHUNK_TIMERS <= 1 << PLACE_BITS, "a number says which timer of a chunk");
_Static_assert((uint64_t)CHUNKS_MOST << PLACE_BITS <= 1 << NUMBER_BITS, "and of which chunk");

/* The timers of a scheduler. */
struct pool {
        _Alignas(64) struct lock lock;
        bool is_ready;               /* the wheel is */
        struct scheduler *scheduler; /* the same */
        struct timer *free;
        struct chunk *newest;
        _Atomic(size_t) count; /* set; written under the lock */
        struct wheel wheel;
};

static struct pool pools[SCHEDULERS_MOST];
static _Atomic(struct chunk *) chunks[CHUNKS_MOST];
static _Atomic(uint32_t) chunk_count;

/* ---- records ---- */

static struct chunk *chunk_of(const struct timer *timer)
{
        return (struct chunk *)((uintptr_t)timer & ~(uintptr_t)(CHUNK_BYTES - 1));
}

static struct tie *tie_of(const struct timer *timer)
{
        struct chunk *chunk = chunk_of(timer);

        return &chunk->ties[timer - chunk->timers];
}

static uint32_t number_of(const struct timer *timer)
{
        struct chunk *chunk = chunk_of(timer);

        return chunk->index << PLACE_BITS | (uint32_t)(timer - chunk->timers);
}

static struct timer *timer_at(uint32_t number)
{
        /* pairs with the release in chunk_add */
        struct chunk *chunk =
                atomic_load_explicit(&chunks[number >> PLACE_BITS], memory_order_acquire);

        return &chunk->timers[number & ((1 << PLACE_BITS) - 1)];
}

static uint64_t ref_of(const struct timer *timer)
{
        uint32_t number = number_of(timer);
        uint64_t low = number & ((1 << LOW_BITS) - 1);

        return local_word(TAG_REF, SLOT_OF_TIMERS + (number >> LOW_BITS),
                          low << 32 | tie_of(timer)->generation);
}

/* The record a reference means, which may be another timer's by now; NULL: it is none of a timer. */
static struct timer *record_of(uint64_t ref)
{
        uint32_t slot = slot_of(ref) - SLOT_OF_TIMERS;
        uint32_t number = slot << LOW_BITS | (uint32_t)(count_of(ref) >> 32);

        if (tag_of(term_of(ref)) != TAG_REF || slot >= SLOTS ||
            (number & ((1 << PLACE_BITS) - 1)) >= CHUNK_TIMERS ||
            !atomic_load_explicit(&chunks[number >> PLACE_BITS], memory_order_acquire))
                return NULL;
        return timer_at(number);
}

/* At an address that is a multiple of its size. */
static struct chunk *chunk_map(void)
{
        char *all = mmap(NULL, (size_t)2 * CHUNK_BYTES, PROT_READ | PROT_WRITE,
                         MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        size_t before;

        if (all == MAP_FAILED)
                return NULL;
        before = -(uintptr_t)all & (CHUNK_BYTES - 1);
        if (before)
                munmap(all, before);
        munmap(all + before + CHUNK_BYTES, CHUNK_BYTES - before);
        return (struct chunk *)(all + before);
}

static bool chunk_add(struct pool *pool)
{
        struct chunk *chunk = chunk_map();
        uint32_t index;

        if (!chunk)
                return false;
        index = atomic_fetch_add(&chunk_count, 1);
        if (index >= CHUNKS_MOST) {
                atomic_fetch_sub(&chunk_count, 1);
                munmap(chunk, CHUNK_BYTES);
                return false;
        }
        if (pool->newest) /* the first is touched page by page: most programs set few timers */
                madvise(chunk, CHUNK_BYTES, MADV_HUGEPAGE);
        chunk->home = pool;
        chunk->index = index;
        chunk->used = 1;
        pool->newest = chunk;
        atomic_store_explicit(&chunks[index], chunk, memory_order_release);
        return true;
}

/* Under the pool's lock. NULL: memory is used up. */
static struct timer *record_take(struct pool *pool)
{
        struct timer *timer = pool->free;

        if (timer) {
                pool->free = (struct timer *)timer->entry.next;
                return timer;
        }
        if ((!pool->newest || pool->newest->used == CHUNK_TIMERS) && !chunk_add(pool))
                return NULL;
        return &pool->newest->timers[pool->newest->used++];
}

static void record_give(struct pool *pool, struct timer *timer)
{
        if (++tie_of(timer)->generation == 0)
                return;
        timer->entry.next = (struct wheel_timer *)pool->free;
        pool->free = timer;
}

/* ---- pools, and the receivers' lists in them ---- */

static bool is_for_pid(uint64_t to)
{
        return tag_of(term_of(to)) == TAG_PID;
}

static struct pool *pool_lock(unsigned number)
{
        struct pool *pool = &pools[number];

        cop__lock_take(&pool->lock);
        if (!pool->is_ready) {
                cop__wheel_init(&pool->wheel, now_ns());
                pool->scheduler = &cop__system.schedulers[number];
                pool->is_ready = true;
        }
        return pool;
}

static void pool_give(struct pool *pool)
{
        atomic_store_explicit(&pool->count, pool->wheel.count, memory_order_relaxed);
        cop__lock_give(&pool->lock);
}

/* Under the lock of the pool that is its home. */
static void leave_home(struct process *p)
{
        if (!p->timers)
                atomic_store(&p->timers_home, 0);
}

/* Under the lock of pool `home` - 1: is that the home of the process's timers now? */
static bool is_home(struct process *p, uint16_t home)
{
        uint16_t none = 0;

        return atomic_load(&p->timers_home) == home ||
               atomic_compare_exchange_strong(&p->timers_home, &none, home);
}

/* The pool for a receiver's timers, locked; NULL: the receiver is dead. */
static struct pool *pool_for(uint64_t to)
{
        struct scheduler *s = cop__thread()->scheduler;
        uint16_t mine = (uint16_t)(s ? s->number + 1 : 1);
        struct process *p;

        if (!is_for_pid(to))
                return pool_lock(mine - 1);
        p = cop__table_at(to);
        while (p && atomic_load(&p->timers_of) == to) {
                uint16_t home = atomic_load(&p->timers_home);
                struct pool *pool = pool_lock((home ? home : mine) - 1);

                if (is_home(p, home ? home : mine)) {
                        if (atomic_load(&p->timers_of) == to)
                                return pool;
                        leave_home(p);
                }
                pool_give(pool);
        }
        return NULL;
}

static void tie(struct timer *timer, struct tie *tie)
{
        struct process *p = cop__table_at(timer->to);
        uint32_t number = number_of(timer);

        tie->next = p->timers;
        tie->previous = 0;
        if (p->timers)
                tie_of(timer_at(p->timers))->previous = number;
        p->timers = number;
}

static void untie(struct timer *timer)
{
        struct tie *tie = tie_of(timer);
        struct process *p;

        if (tie->next)
                tie_of(timer_at(tie->next))->previous = tie->previous;
        if (tie->previous) {
                tie_of(timer_at(tie->previous))->next = tie->next;
                return;
        }
        p = cop__table_at(timer->to);
        p->timers = tie->next;
        leave_home(p);
}

/* The record is free. */
static void forget(struct pool *pool, struct timer *timer)
{
        if (is_for_pid(timer->to))
                untie(timer);
        record_give(pool, timer);
}

/* ---- what is sent ---- */

/* A message as a record holds it. */
struct packed {
        enum content content;
        bool is_wrapped;
        uint64_t words[INLINE_WORDS];
};

static struct signal *signal_in(const uint64_t *words)
{
        return (struct signal *)(uintptr_t)words[0];
}

/* Is it a tuple that a record has room for? */
static bool fits(cop_term term, size_t *size)
{
        const uint64_t *box = words_of(term);
        size_t i;

        if (!is_box(term, BOX_TUPLE))
                return false;
        *size = header_words(box[0]);
        for (i = 0; i < *size; i++)
                if (i == INLINE_WORDS || has_memory(term_of(box[1 + i])))
                        return false;
        return *size > 0;
}

/* False: memory is used up. */
static bool pack(struct packed *packed, uint64_t to, cop_term message, bool is_wrapped)
{
        struct signal *signal;
        size_t size, i;

        packed->is_wrapped = is_wrapped;
        if (!has_memory(message)) {
                packed->content = HAS_TERM;
                packed->words[0] = message.word;
                return true;
        }
        if (fits(message, &size)) {
                packed->content = size == 1 ? HAS_TUPLE_1 : HAS_TUPLE_2;
                for (i = 0; i < size; i++)
                        packed->words[i] = words_of(message)[1 + i];
                return true;
        }
        packed->content = HAS_SIGNAL;
        signal = is_wrapped ? cop__signal_of_end(SIGNAL_MESSAGE, to, message)
                            : cop__signal_with(SIGNAL_MESSAGE, to, message);
        packed->words[0] = (uint64_t)(uintptr_t)signal;
        return signal != NULL;
}

/* The message of a record as a signal; NULL: memory is used up. */
static struct signal *unpack(const struct timer *timer, const struct tie *tie)
{
        size_t size = tie->content == HAS_TUPLE_1 ? 1 : tie->content == HAS_TUPLE_2 ? 2 : 0;
        struct signal *signal;
        uint64_t *box;
        size_t i;

        if (tie->content == HAS_SIGNAL) {
                signal = signal_in(timer->words);
                box = signal->data;
        } else {
                signal = cop__signal_new(SIGNAL_MESSAGE, timer->to,
                                         (size ? 1 + size : 0) + (tie->is_wrapped ? 4 : 0));
                if (!signal)
                        return NULL;
                signal->term = term_of(timer->words[0]);
                box = signal->data;
                if (size) {
                        signal->term = box_term(box);
                        *box++ = header_of(BOX_TUPLE, size);
                        for (i = 0; i < size; i++)
                                *box++ = timer->words[i];
                }
        }
        if (tie->is_wrapped) {
                box[0] = header_of(BOX_TUPLE, 3);
                box[1] = ATOM(timeout).word;
                box[2] = ref_of(timer);
                box[3] = signal->term.word;
                signal->term = box_term(box);
        }
        return signal;
}

/* ---- firing ---- */

/* A name is looked up now, not when the timer was set. */
static uint64_t receiver_of(uint64_t to)
{
        return is_for_pid(to)
                       ? to
                       : atomic_load_explicit(&atom_of(term_of(to))->name, memory_order_acquire);
}

/* The messages of all that is due, the earliest first. */
static struct signal *take_due(struct pool *pool, int64_t now)
{
        struct wheel_timer *due = cop__wheel_advance(&pool->wheel, now);
        struct signal *first = NULL;
        struct signal **end = &first;

        while (due) {
                struct timer *timer = (struct timer *)due;
                struct signal *signal = unpack(timer, tie_of(timer));

                due = due->next;
                if (!signal) {
                        cop__wheel_set(&pool->wheel, &timer->entry, now + (1 << TICK_SHIFT));
                        continue;
                }
                signal->to = timer->to;
                forget(pool, timer);
                *end = signal;
                end = &signal->next;
        }
        *end = NULL;
        return first;
}

static void fire(struct pool *pool, int64_t now)
{
        struct signal *signal;

        if (!atomic_load_explicit(&pool->count, memory_order_relaxed))
                return;
        cop__lock_take(&pool->lock);
        signal = take_due(pool, now);
        pool_give(pool);
        while (signal) {
                struct signal *next = signal->next;

                signal->to = receiver_of(signal->to);
                if (!signal->to || !cop__deliver(signal))
                        cop__signal_free(signal);
                signal = next;
        }
}

void cop__alarms_fire(struct scheduler *s, int64_t now)
{
        if (atomic_load_explicit(&s->timers, memory_order_relaxed)) {
                struct wheel_timer *due;

                cop__lock_take(&s->wheel_lock);
                due = cop__wheel_advance(&s->wheel, now);
                while (due) {
                        struct alarm *alarm = (struct alarm *)due;

                        due = due->next;
                        alarm->fire(s, alarm, now);
                }
                cop__wheel_give(s);
        }
        fire(&pools[s->number], now);
}

bool cop__timers_are_set(const struct scheduler *s)
{
        return atomic_load_explicit(&pools[s->number].count, memory_order_relaxed) != 0;
}

int64_t cop__timers_next_ns(const struct scheduler *s)
{
        struct pool *pool = &pools[s->number];
        int64_t next;

        cop__lock_take(&pool->lock);
        next = cop__wheel_next_ns(&pool->wheel);
        cop__lock_give(&pool->lock);
        return next;
}

/* ---- setting and cancelling ---- */

/* 0: memory is used up. */
static uint64_t set(struct pool *pool, uint64_t to, const struct packed *packed, int64_t due_ns)
{
        struct timer *timer = record_take(pool);
        struct tie *note;

        if (!timer) {
                if (is_for_pid(to))
                        leave_home(cop__table_at(to));
                return 0;
        }
        note = tie_of(timer);
        timer->to = to;
        timer->words[0] = packed->words[0];
        timer->words[1] = packed->words[1];
        note->content = packed->content;
        note->is_wrapped = packed->is_wrapped;
        if (is_for_pid(to))
                tie(timer, note);
        cop__wheel_set(&pool->wheel, &timer->entry, due_ns);
        return ref_of(timer);
}

static cop_ref start(int64_t delay_ms, struct cop__to to, cop_term message, bool is_wrapped)
{
        struct process *p = cop__self();
        uint64_t receiver = cop__to_receiver(to, COP_HERE);
        struct packed packed = { 0 };
        struct pool *pool;
        uint64_t ref = 0;

        if (delay_ms < 0)
                cop__fail_badarg(COP_HERE);
        if (!pack(&packed, receiver, message, is_wrapped))
                cop__fail_limit("memory");
        pool = pool_for(receiver);
        if (pool) {
                ref = set(pool, receiver, &packed, cop__deadline(delay_ms));
                pool_give(pool);
        }
        if (!ref && packed.content == HAS_SIGNAL)
                cop__signal_free(signal_in(packed.words));
        if (!ref && pool)
                cop__fail_limit("memory");
        /* It may sleep past this timer's time. */
        if (pool && atomic_load_explicit(&pool->scheduler->idle, memory_order_seq_cst))
                cop__scheduler_wake(pool->scheduler);
        cop__reductions(p, WORK_SEND);
        return ref ? (cop_ref){ ref } : cop_new_ref();
}

cop_ref cop_send_after_term(int64_t delay_ms, struct cop__to to, cop_term message)
{
        return start(delay_ms, to, message, false);
}

cop_ref cop_start_timer_term(int64_t delay_ms, struct cop__to to, cop_term message)
{
        return start(delay_ms, to, message, true);
}

/* How long it still has; -1: it has gone off. */
static int64_t remaining_ms(uint64_t ref, bool cancel)
{
        struct timer *timer = record_of(ref);
        struct signal *signal = NULL;
        struct pool *pool;
        int64_t left = -1;

        if (!timer)
                return -1;
        pool = chunk_of(timer)->home;
        cop__lock_take(&pool->lock);
        if (timer->entry.at && ref_of(timer) == ref) {
                left = timer->entry.due_ns - now_ns();
                left = left < 0 ? 0 : left / 1000000 + (left % 1000000 != 0);
                if (cancel) {
                        if (tie_of(timer)->content == HAS_SIGNAL)
                                signal = signal_in(timer->words);
                        cop__wheel_cancel(&pool->wheel, &timer->entry);
                        forget(pool, timer);
                }
        }
        pool_give(pool);
        cop__signal_free(signal);
        return left;
}

int64_t cop_cancel_timer(cop_ref ref)
{
        return remaining_ms(ref.word, true);
}

int64_t cop_read_timer(cop_ref ref)
{
        return remaining_ms(ref.word, false);
}

/* ---- ends ---- */

static void free_all(struct signal *signals)
{
        while (signals) {
                struct signal *next = signals->next;

                cop__signal_free(signals);
                signals = next;
        }
}

void cop__timers_forget(struct process *p)
{
        struct signal *signals = NULL;
        struct pool *pool;
        uint16_t home;

        cop__alarm_forget(p);
        atomic_store(&p->timers_of, 0); /* from now on none can be added */
        home = atomic_load(&p->timers_home);
        if (!home)
                return;
        pool = pool_lock(home - 1);
        while (p->timers) {
                struct timer *timer = timer_at(p->timers);

                if (tie_of(timer)->content == HAS_SIGNAL) {
                        struct signal *signal = signal_in(timer->words);

                        signal->next = signals;
                        signals = signal;
                }
                cop__wheel_cancel(&pool->wheel, &timer->entry);
                forget(pool, timer);
        }
        pool_give(pool);
        free_all(signals);
}

static void chunk_release(struct chunk *chunk)
{
        uint32_t i;

        for (i = 1; i < chunk->used; i++)
                if (chunk->timers[i].entry.at && chunk->ties[i].content == HAS_SIGNAL)
                        cop__signal_free(signal_in(chunk->timers[i].words));
        munmap(chunk, CHUNK_BYTES);
}

void cop__timers_stop(void)
{
        uint32_t i;

        for (i = 0; i < chunk_count; i++) {
                chunk_release(chunks[i]);
                chunks[i] = NULL;
        }
        chunk_count = 0;
        for (i = 0; i < SCHEDULERS_MOST; i++)
                if (pools[i].is_ready)
                        pools[i] = (struct pool){ 0 };
}

size_t cop__timer_count(void)
{
        size_t i, count = 0;

        for (i = 0; i < SCHEDULERS_MOST; i++)
                count += atomic_load(&pools[i].count);
        return count;
}

/* ---- clocks and chance ---- */

int64_t cop_now_ms(void)
{
        return now_ns() / 1000000;
}

int64_t cop_now_ns(void)
{
        return now_ns();
}

int64_t cop_wall_clock_ns(void)
{
        return cop__driver->wall_clock_ns();
}

uint64_t cop_random(void)
{
        return cop__driver->random();
}
