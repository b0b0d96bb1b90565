/*
 * biased_lock.h: a lock that costs its owner nothing.
 *
 * One thread, the owner, takes it millions of times a second; others now and then. The owner writes
 * a plain word and reads another; a visitor writes that other word, makes every thread of the OS
 * process pass a memory barrier (membarrier), and only then looks at the owner's. So either the
 * visitor sees that the owner is inside, or the owner sees that the visitor has come. The visitor
 * pays microseconds.
 */
#ifndef COP_BASE_BIASED_LOCK_H
#define COP_BASE_BIASED_LOCK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct biased_lock {
        _Atomic(uint32_t) inside;  /* the owner's: 1 while it is in */
        _Atomic(uint32_t) visitor; /* 1 while somebody else is in, or wants to be */
};

/* Once, before the first use in this OS process. False: the kernel has no membarrier, and visits
 * never succeed. */
bool cop__biased_lock_init(void);

/* When a visitor is there: waits until it has gone. */
void cop__biased_lock_wait(struct biased_lock *lock);

static inline void cop__biased_lock_enter(struct biased_lock *lock)
{
        atomic_store_explicit(&lock->inside, 1, memory_order_relaxed);
        atomic_signal_fence(
                memory_order_seq_cst); /* the hardware's half is the visitor's membarrier */
        /* pairs with the release in leave_visit */
        if (__builtin_expect(atomic_load_explicit(&lock->visitor, memory_order_acquire), 0))
                cop__biased_lock_wait(lock);
}

static inline void cop__biased_lock_leave(struct biased_lock *lock)
{
        /* pairs with the acquire in visit */
        atomic_store_explicit(&lock->inside, 0, memory_order_release);
}

/* False: the owner is inside, or there is another visitor. Never waits. */
bool cop__biased_lock_visit(struct biased_lock *lock);
void cop__biased_lock_leave_visit(struct biased_lock *lock);

#endif
