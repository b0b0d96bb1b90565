/*
 * driver.h: the seam between the runtime and the world.
 *
 * Time, chance, threads, sleeping and waking, and I/O go through this one table, and through
 * nothing else. The real driver (driver_threads.c) has OS threads and the clock; the simulated one
 * (driver_sim.c) lets one thread run at a time, has a clock that jumps to the next thing to happen
 * when all wait, and a seed: the same seed gives the same run.
 *
 * A worker is a thread that runs processes: its function is called once and returns when the system
 * stops.
 */
#ifndef COP_RUNTIME_DRIVER_H
#define COP_RUNTIME_DRIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where one thread sleeps and others wake it. One ring is enough for any number of waits not yet
 * begun. Zeroed: not rung. */
struct bell {
        _Atomic(uint32_t) rung; /* 0 nothing, 1 rung, 2 somebody sleeps */
};

enum haste {
        HASTE_USUAL,
        HASTE_MORE, /* it never needs it for long */
        HASTE_LESS, /* it runs and runs: whoever wakes up goes first */
};

/* Work for a thread that may block. */
struct blocking_job {
        struct blocking_job *next; /* the pool's until run is called */
        void (*run)(struct blocking_job *job);
};

struct driver {
        bool simulated;

        /* Never goes back; starts above zero. Simulated: moves only while everybody waits. */
        int64_t (*now_ns)(void);
        int64_t (*wall_clock_ns)(void); /* since 1970 */
        uint64_t (*random)(void);

        /* How many workers the machine can run at once. Simulated: one. */
        int (*cores)(void);
        /* Runs fn(argument) on a thread of its own. Simulated: when the others wait. Returns 0 or
         * -errno. */
        int (*thread_start)(void *(*fn)(void *), void *argument, void **thread);
        /* Waits for its end. */
        void (*thread_join)(void *thread);
        /* How soon a thread that has something to do gets a core that others use, as far as the OS can
         * be told. id: the OS's number of a thread of the program, 0: the caller. NULL when
         * simulated. */
        void (*thread_haste)(int id, enum haste haste);

        /* Sleeps until the bell is rung or deadline_ns has passed (INT64_MAX: never); takes the
         * ring. Spins a little first, where there is more than one core. May return early.
         * Simulated: where all threads wait for ever, the program stops with a report. */
        void (*bell_wait)(struct bell *bell, int64_t deadline_ns);
        void (*bell_ring)(struct bell *bell);

        /* Runs the job on a thread of the pool (up to COP_BLOCKING_THREADS of them, default 64; then
         * it queues). Simulated: at once. Returns 0, or -errno: it will not run. */
        int (*blocking)(struct blocking_job *job);
        /* No more jobs. Waits a second for the threads of the pool to end, and returns how many have not: what their
         * jobs need must stay. */
        int (*blocking_stop)(void);

        /*
         * The poller: one for the system.
         *
         * watch: calls ready(argument, what) on the thread that polls, once, when fd is ready for
         * what (COP_READABLE, COP_WRITABLE; errors and hang-ups count as both). Two may watch a
         * descriptor, for different things. Returns 0; -EBUSY somebody else waits for the same; -EPERM
         * a file: it is always ready; -EBADF, -ENOMEM; -ENOTSUP simulated.
         *
         * unwatch: takes back what was watched with this argument. Returns 0: it will not be
         * called; -ENOENT: it was, or is just being called, or never was there. Needed before fd is
         * closed.
         *
         * poll: calls what is ready, at once (deadline passed) or as soon as something is, and
         * returns; also when the deadline has passed, or after poll_wake. One thread at a time.
         */
        int (*watch)(int fd, int what, void (*ready)(void *argument, int what), void *argument);
        int (*unwatch)(int fd, void *argument);
        void (*poll)(int64_t deadline_ns);
        void (*poll_wake)(void);

        /* Which of n candidates goes on, and how long a batch is: below n. The real driver takes
         * the first. */
        size_t (*choose)(size_t n);

        /* Start and stop of the driver itself. seed: simulated only. start returns 0 or -errno. */
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
