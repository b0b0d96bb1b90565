/*
 * wheel.h: timers, a million of them.
 *
 * A hierarchical wheel: setting and cancelling cost the same however many there are. A timer never
 * goes off early; it goes off at the first tick after its time (a tick is 2^17 ns, 131 us).
 *
 * Threads   A wheel is used by one thread at a time: the scheduler that has it.
 */
#ifndef COP_RUNTIME_WHEEL_H
#define COP_RUNTIME_WHEEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
        TICK_SHIFT = 17, /* ns of a tick: 2^17 */
        WHEEL_BITS = 8,  /* slots of a level: 2^8 */
        WHEEL_SLOTS = 1 << WHEEL_BITS,
        WHEEL_LEVELS = 6, /* 2^48 ticks: more than an int64_t of nanoseconds has */
};

/* Part of what is to be done later; the wheel owns its links while the timer is set. */
struct wheel_timer {
        struct wheel_timer *next, **at; /* at NULL: not set */
        int64_t due_ns;
};

struct wheel {
        int64_t tick;                                         /* the last one that was done */
        size_t count;                                         /* timers set */
        struct wheel_timer *slots[WHEEL_LEVELS][WHEEL_SLOTS]; /* newest first */
        uint64_t used[WHEEL_LEVELS][WHEEL_SLOTS / 64];        /* which slots are not empty */
};

static inline bool cop__wheel_timer_is_set(const struct wheel_timer *timer)
{
        return timer->at != NULL;
}

void cop__wheel_init(struct wheel *wheel, int64_t now_ns);
/* due_ns may have passed already: then it goes off at the next tick. The timer is not set. */
void cop__wheel_set(struct wheel *wheel, struct wheel_timer *timer, int64_t due_ns);
/* The timer is set. */
void cop__wheel_cancel(struct wheel *wheel, struct wheel_timer *timer);
/* Takes out everything that is due and returns it as a list by `next`, the earliest due first; of
 * those with the same due_ns, the one that was set first. A clock that went back is no news. */
struct wheel_timer *cop__wheel_advance(struct wheel *wheel, int64_t now_ns);
/* When advance should be called next: not after any timer's time is due plus a tick, and perhaps
 * some times before; INT64_MAX when empty. */
int64_t cop__wheel_next_ns(const struct wheel *wheel);
/* Walks it all; stops the program where something is not as it must be. */
void cop__wheel_audit(const struct wheel *wheel);

#endif
