/*
 * lock.h: a lock for the few places where threads meet, held for nanoseconds.
 *
 * A word: free, held, or held and waited for. Taking a free one is one instruction; who finds it
 * held spins a little, then sleeps in the kernel. Zero is a free lock.
 */
#ifndef COP_BASE_LOCK_H
#define COP_BASE_LOCK_H

#include <stdatomic.h>
#include <stdint.h>

enum { LOCK_FREE, LOCK_HELD, LOCK_WAITED_FOR };

struct lock {
        _Atomic(uint32_t) state;
};

void cop__lock_wait(struct lock *lock);
void cop__lock_wake(struct lock *lock);

static inline void cop__lock_take(struct lock *lock)
{
        uint32_t state = LOCK_FREE;

        if (!atomic_compare_exchange_strong_explicit(&lock->state, &state, LOCK_HELD,
                                                     memory_order_acquire, memory_order_relaxed))
                cop__lock_wait(lock);
}

static inline void cop__lock_give(struct lock *lock)
{
        if (atomic_exchange_explicit(&lock->state, LOCK_FREE, memory_order_release) ==
            LOCK_WAITED_FOR)
                cop__lock_wake(lock);
}

#endif
