/*
 * driver.h: the seam between the runtime and the world.
 *
 * Time, chance, threads, sleeping and waking, and I/O go through this one table, and through
 * nothing else. The real driver (driver_threads.c) has OS threads and the clock; the simulated one
 * (driver_sim.c) has the caller's thread alone, a clock that jumps to the next thing to happen, and
 * a seed: the same seed gives the same run.
 *
 * A worker is a thread that runs processes: its function is called once and returns when the system
 * stops.
 */
#ifndef COP_RUNTIME_DRIVER_H
#define COP_RUNTIME_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where one thread sleeps and others wake it. One wake is enough for any number of sleeps not yet
 * begun. */
struct bell {
        _Atomic(uint32_t) rung; /* 0 nothing, 1 rung, 2 somebody sleeps */
};

/* Work for a thread that may block. */
struct blocking_job {
        struct blocking_job *next;
        void (*run)(struct blocking_job *job);
};

struct driver {
        bool simulated;

        int64_t (*now_ns)(void);        /* never goes back; starts above zero */
        int64_t (*wall_clock_ns)(void); /* since 1970 */
        uint64_t (*random)(void);

        /* How many workers the machine can run at once. */
        int (*cores)(void);
        /* Runs fn(argument) on a thread of its own; simulated: notes it, for run_workers. */
        int (*thread_start)(void *(*fn)(void *), void *argument, void **thread);
        /* Waits for its end. */
        void (*thread_join)(void *thread);

        /* Sleeps until the bell is rung or deadline_ns has passed (INT64_MAX: never). Spins a
         * little first when the work is likely to come at once. */
        void (*bell_wait)(struct bell *bell, int64_t deadline_ns);
        void (*bell_ring)(struct bell *bell);

        /* Runs the job on a thread of the pool (up to a limit; then it queues). Simulated: at once.
         */
        int (*blocking)(struct blocking_job *job);

        /*
         * The poller: one for the system. watch: calls ready(argument, what) on some worker's
         * thread, once, when fd is ready for what (see COP_READABLE). unwatch: no call begins
         * afterwards. poll: looks (timeout 0) or waits until deadline_ns; the thread that waits in
         * it is woken by poll_wake.
         */
        int (*watch)(int fd, int what, void (*ready)(void *argument, int what), void *argument);
        int (*unwatch)(int fd);
        void (*poll)(int64_t deadline_ns);
        void (*poll_wake)(void);

        /* Which of n candidates goes on, and how long a batch is: the real driver takes the first.
         * Simulated only. */
        size_t (*choose)(size_t n);

        /* Start and stop of the driver itself. seed: simulated only. */
        int (*start)(uint64_t seed);
        void (*stop)(void);
};

extern const struct driver cop__driver_threads;
extern const struct driver cop__driver_sim;

/* The one in use; set before anything runs. */
extern const struct driver *cop__driver;

static inline int64_t now_ns(void)
{
        return cop__driver->now_ns();
}

#endif
