/*
 * scheduler.h: who runs next, and on which thread.
 *
 * A scheduler is a queue of processes, a wheel of timers and the thread that has it. Its queue is
 * its thread's own: putting in and taking out costs no atomic instruction. Others hand it processes
 * through `remote`: also those that it has asked for, since it has nothing to do (balance.h). Some are
 * taken away, from one whose turn does not end, under a lock that costs only the robber
 * (base/biased_lock.h).
 *
 * A process that is woken goes to the queue of whoever woke it, so that two that talk end up on one
 * core; unless it has a live stack: then it goes home.
 */
#ifndef COP_RUNTIME_SCHEDULER_H
#define COP_RUNTIME_SCHEDULER_H

#include <stdatomic.h>

#include "base/biased_lock.h"
#include "base/lock.h"
#include "runtime/driver.h"
#include "runtime/fault.h"
#include "runtime/process.h"

enum {
        SCHEDULERS_MOST = 256,
        SPARES_MOST = 64,                      /* for turns that do not end; beyond: others wait */
        REGION_REPORT_WORDS = 8 * 1024 * 1024, /* a turn that gets more terms is reported */
        BUDGET = 4000,                         /* reductions of a turn */
        WORK_SEND = 4,                         /* what a send costs */
        WORK_MESSAGE = 4,                      /* what a message handled costs */
        WORK_SPAWN = 20,
        CROWDED = 1024,    /* so many messages on their way to one process ... */
        WORK_CROWDED = 60, /* ... and one more costs so much more: it is to have its turn soon */
        WORK_HANDED = BUDGET / 32, /* of a call whose server runs at once, before all who wait */
};

struct run_queue {
        struct process *first, *last;
        size_t count;
};

enum { QUEUE_HIGH, QUEUE_NORMAL, QUEUE_LOW, QUEUES };

/* How much an idle scheduler wants to be given work. */
enum hunger {
        HUNGER_NONE,
        HUNGER_PATIENT, /* what it got of late did not pay: only what is too much elsewhere */
        HUNGER_ANY,
};

struct scheduler {
        /* Its thread; robbers under `lock`. */
        struct biased_lock lock;
        struct run_queue queues[QUEUES];
        struct run_queue
                young; /* had no turn yet, in a crowd; first is the oldest, see take_normal */
        uint32_t round, slice, eldest; /* turns left: of the queue, of the young, and of these the
                                          oldest first */
        struct process *fresh;         /* waits without a deadline yet (wait.c) */
        struct process
                *handed; /* who runs next, since the process that runs called it; its thread's */
        _Atomic(struct process *)
                held;   /* who wait for the turn of a server they called, newest first */
        uint32_t turns; /* low priority gets one turn in eight */
        uint16_t mark;  /* for whom it has in a queue; 0 in simulations. Set once */

        /* Its thread alone; see balance.c. */
        uint32_t shared_at,
                share_pause; /* in turns: the last try to give, and from it to the next */
        uint32_t strikes;    /* how often in a row it came back at once */
        uint64_t woken_turn; /* turn_count when it woke up last */
        int64_t woken_ns, patient_until_ns;
        int64_t nap_ns; /* until it looks around itself */

        /* Any thread. */
        _Alignas(64) _Atomic(struct process *) remote; /* newest first */
        struct bell bell;
        _Atomic(uint32_t) idle; /* it has nothing to do: ring the bell after a push to `remote` */
        _Atomic(size_t) load;   /* processes in its queues; written by its thread */
        _Atomic(uint64_t) turn_count;
        _Atomic(bool) stuck; /* its turn does not end: others may take all that waits for it */
        _Atomic(struct process *) running; /* NULL: it is in its own code */
        _Atomic(struct thread *) thread;   /* that has it */
        _Atomic(uint64_t) naps;            /* how often it has begun to be idle */
        _Atomic(uint32_t) hunger;          /* enum hunger; balance.c */

        struct lock wheel_lock;
        struct wheel wheel;     /* of alarms; under wheel_lock */
        _Atomic(size_t) timers; /* in the wheel, as of the last change; written under the lock */

        unsigned number;
        void *handle;        /* of its thread, for the driver */
        void *handler_stack; /* of its thread (fault.h) */
};

/* What an OS thread is to the runtime. Reached through cop__thread(). */
struct thread {
        struct region *region;       /* where new terms go now */
        struct process *current;     /* whose code runs; NULL in a scheduler's own code */
        struct scheduler *scheduler; /* NULL: a thread of the program's own */
        struct native_stack native;
        struct stack_cache stacks;
        struct stack *reserve;    /* for who must have one; NULL: in use, or there was none */
        struct region own_region; /* for terms made in a scheduler's own code */
        struct kept *kept;        /* kept by a thread without a process */
        struct fault_thread faults;
};

/* The calling thread's. Its address must not be kept over a switch: the process may go on
 * elsewhere. */
struct thread *cop__thread(void) __attribute__((noinline));
/* NULL: no thread of the runtime, and not a guest. */
struct thread *cop__thread_or_null(void) __attribute__((noinline));
void cop__thread_set(struct thread *thread);
/* Where a thread of the program's own keeps it, so that it can be taken away when the system stops.
 */
struct thread **cop__thread_place(void) __attribute__((noinline));

struct system {
        _Atomic(int) state;                /* enum system_state */
        _Atomic(unsigned) scheduler_count; /* with spares; only grows */
        unsigned base_count;               /* without */
        unsigned room;                     /* how many there may be */
        _Atomic(unsigned) stuck_count;     /* how many of them are stuck; the monitor's */
        struct scheduler *schedulers;
        _Atomic(unsigned) idle_count;
        _Atomic(bool) stopping; /* workers return when they have nothing to do */
        _Atomic(unsigned) next; /* round robin for guests */
        size_t stack_size;
        bool scatters; /* for tests: who is woken without a stack goes to any scheduler */
        _Alignas(
                64) _Atomic(unsigned) hungry; /* schedulers that ask for work; read at every turn */
};

extern struct system cop__system;

/* The loop that runs processes, until the system stops. On the thread that is `t`. */
void cop__schedule(struct thread *t);
int cop__schedulers_start(unsigned count);
/* Every process has ended. */
void cop__schedulers_stop(void);

enum idle { IDLE_NOT, IDLE_SLEEPING, IDLE_POLLING };

/* One more scheduler, for one that is stuck: it only helps while any is. The monitor's thread.
 * False: there are as many as there may be, or memory or threads are used up. */
bool cop__scheduler_add_spare(void);

/* It is idle, and there is something for it. */
void cop__scheduler_wake(struct scheduler *scheduler);

/* The wheel is the caller's, and its next owner's. */
static inline void cop__wheel_give(struct scheduler *s)
{
        atomic_store_explicit(&s->timers, s->wheel.count, memory_order_relaxed);
        cop__lock_give(&s->wheel_lock);
}

/* A process that can run, put where it belongs. Any thread. The caller has the right to: it made
 * it, or woke it. */
void cop__enqueue(struct process *p);
/* The same on the scheduler's own thread, for one that has no stack elsewhere. */
void cop__enqueue_here(struct scheduler *scheduler, struct process *p);

/* From a process's own stack to the scheduler. */
void cop__leave(struct process *p, enum after after);
/* The same for good. */
void cop__leave_for_ever(struct process *p) __attribute__((noreturn));

/* A process without a quota has got very much in one turn. */
void cop__turn_is_large(struct region *region);

/* What a signal brought lives as long as the turn. */
static inline void turn_adopts(struct region *region, struct signal *signal)
{
        cop__region_adopt(region, (struct adopted *)signal);
        if (__builtin_expect(region->adopted_words > REGION_REPORT_WORDS &&
                                     region->most_words == REGION_REPORT_WORDS,
                             0))
                cop__turn_is_large(region);
}

#endif
