/*
 * inbox.h: the way into a process that is open to everybody. (A scheduler's own thread has another to
 * those in its queue, here.h.)
 *
 * Any thread pushes; only the thread that is running the owner takes out. The inbox is one word:
 * empty, parked, closed, or the newest signal. How many signals there are stands in its upper 16
 * bits (it stays at the most it can hold), so that anybody can read the length without touching a
 * signal.
 *
 *      empty    nothing there, and the owner is awake or about to look
 *      parked   nothing there, and the owner sleeps: who pushes the first signal wakes it, nobody
 * else does closed   the owner has ended: nothing gets in
 *
 * Order     Signals come out in the order in which their pushes took effect. A process's second
 * push cannot take effect before its first, so what A sends to B stays in order. That is the only
 * order OTP promises. Why not a queue with a tail pointer: between its exchange and its store a
 * pre-empted producer leaves such a queue cut in two, and the owner would have to wait for that
 * thread. Here nobody waits for anybody.
 */
#ifndef COP_RUNTIME_INBOX_H
#define COP_RUNTIME_INBOX_H

#include <stdatomic.h>

#include "runtime/signal.h"

enum {
        INBOX_EMPTY,
        INBOX_PARKED,
        INBOX_CLOSED,
        INBOX_STATES,
        INBOX_COUNT_SHIFT = 48,
};

#define INBOX_POINTER   (((uint64_t)1 << INBOX_COUNT_SHIFT) - 1)
#define INBOX_COUNT_MAX ((uint64_t)0xffff)

struct inbox {
        _Atomic(uint64_t) word; /* any thread */
};

enum push {
        PUSH_DEAD,   /* closed: the signal is still the caller's */
        PUSH_QUEUED, /* the owner will see it */
        PUSH_WAKE,   /* the same, and the caller has to make it run */
};

static inline enum push cop__inbox_push(struct inbox *inbox, struct signal *signal)
{
        uint64_t old = atomic_load_explicit(&inbox->word, memory_order_relaxed);
        uint64_t count, newest;

        do {
                if (old == INBOX_CLOSED)
                        return PUSH_DEAD;
                newest = old & INBOX_POINTER;
                signal->next = newest < INBOX_STATES ? NULL : (struct signal *)(uintptr_t)newest;
                count = old >> INBOX_COUNT_SHIFT;
                count += count < INBOX_COUNT_MAX;
                /* release: pairs with the acquire in take; acquire: with the release in park */
        } while (!atomic_compare_exchange_weak_explicit(
                &inbox->word, &old, (uint64_t)(uintptr_t)signal | count << INBOX_COUNT_SHIFT,
                memory_order_acq_rel, memory_order_relaxed));
        return old == INBOX_PARKED ? PUSH_WAKE : PUSH_QUEUED;
}

/* Everything that is there, oldest first. Owner's thread only; the inbox is not parked. */
static inline struct signal *cop__inbox_take(struct inbox *inbox)
{
        struct signal *newest, *oldest = NULL;

        if (atomic_load_explicit(&inbox->word, memory_order_relaxed) < INBOX_STATES)
                return NULL;
        /* pairs with the release in push */
        newest = (struct signal *)(uintptr_t)(atomic_exchange_explicit(&inbox->word, INBOX_EMPTY,
                                                                       memory_order_acquire) &
                                              INBOX_POINTER);
        while (newest) {
                struct signal *next = newest->next;

                newest->next = oldest;
                oldest = newest;
                newest = next;
        }
        return oldest;
}

/* The owner goes to sleep; false when something is there. After true another thread may be running
 * the owner. */
static inline bool cop__inbox_park(struct inbox *inbox)
{
        uint64_t empty = INBOX_EMPTY;

        /* release: whoever wakes the owner sees all it did (acquire in push) */
        return atomic_compare_exchange_strong_explicit(&inbox->word, &empty, INBOX_PARKED,
                                                       memory_order_release, memory_order_relaxed);
}

/* Wakes the owner without a signal. True: it slept, and the caller has to make it run. */
static inline bool cop__inbox_wake(struct inbox *inbox)
{
        uint64_t parked = INBOX_PARKED;

        return atomic_compare_exchange_strong_explicit(&inbox->word, &parked, INBOX_EMPTY,
                                                       memory_order_acquire, memory_order_relaxed);
}

static inline size_t cop__inbox_count(const struct inbox *inbox)
{
        return atomic_load_explicit(&inbox->word, memory_order_relaxed) >> INBOX_COUNT_SHIFT;
}

/* Nothing gets in from now on; what was there, newest first. Owner's thread only. */
static inline struct signal *cop__inbox_close(struct inbox *inbox)
{
        uint64_t old = atomic_exchange_explicit(&inbox->word, INBOX_CLOSED, memory_order_acq_rel) &
                       INBOX_POINTER;

        return old < INBOX_STATES ? NULL : (struct signal *)(uintptr_t)old;
}

#endif
