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
        TICK_SHIFT = 17,  /* ns of a tick: 2^17 */
        WHEEL_BITS = 8,   /* slots of a level: 2^8 */
        WHEEL_LEVELS = 6, /* 2^48 ticks: over a thousand years */
};

/* Part of what is to be done later; the wheel owns its links while the timer is set. */
struct wheel_timer {
        struct wheel_timer *next, **at; /* at NULL: not set */
        int64_t due_ns;
};

struct wheel {
        int64_t tick; /* the last one that was done */
        size_t count; /* timers set */
        struct wheel_timer *slots[WHEEL_LEVELS][1 << WHEEL_BITS];
        uint64_t used[WHEEL_LEVELS][(1 << WHEEL_BITS) / 64]; /* which slots are not empty */
};

void cop__wheel_init(struct wheel *wheel, int64_t now_ns);
void cop__wheel_set(struct wheel *wheel, struct wheel_timer *timer, int64_t due_ns);
void cop__wheel_cancel(struct wheel *wheel, struct wheel_timer *timer);
/* Takes out everything that is due and returns it as a list by `next`, the earliest due first. */
struct wheel_timer *cop__wheel_advance(struct wheel *wheel, int64_t now_ns);
/* When advance should be called next: not after any timer's time is due plus a tick; INT64_MAX when
 * empty. */
int64_t cop__wheel_next_ns(const struct wheel *wheel);
void cop__wheel_audit(const struct wheel *wheel);

#endif
