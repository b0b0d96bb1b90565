/*
 * poller.c: waiting for descriptors, and for threads that do blocking work.
 *
 * One scheduler at a time waits in the driver's poller: an idle one, who sleeps there instead of on
 * its bell. While all are busy, each looks now and then.
 *
 * What a waiting process and whoever wakes it share is a block of its own, never on the process's
 * stack: the process may be ended while the other is still about to write there. Who comes last
 * frees it.
 *
 * Blocking work may use the memory of the process that waits for it, and its stack. A process that is
 * ended meanwhile is dead at once for everybody else, but what it had stays until the thread comes
 * back, and puts it into a queue to run its destructors, on another stack. At the system's stop who
 * has not come back for a second is abandoned, with all that it may use.
 */
#include <coppice/memory.h>

#include <errno.h>

#include "base/alloc.h"
#include "base/lock.h"
#include "runtime/poller.h"
#include "runtime/process.h"
#include "runtime/scheduler.h"

static _Atomic(unsigned) watched;
static _Atomic(bool) claimed;

bool cop__poller_claim(void)
{
        return atomic_load(&watched) && !atomic_exchange(&claimed, true);
}

void cop__poller_release(void)
{
        atomic_store(&claimed, false);
}

void cop__poller_look(void)
{
        if (!atomic_load_explicit(&watched, memory_order_relaxed) || !cop__poller_claim())
                return;
        cop__driver->poll(0);
        cop__poller_release();
}

/* ---- a rendezvous of a process and somebody else ---- */

struct meeting {
        struct blocking_job job; /* blocking work */
        _Atomic(unsigned) users; /* the process and the other */
        _Atomic(bool) done;
        struct signal *nudge; /* made before, so that waking needs no memory */
        int fd, ready;
        void *(*fn)(void *);
        void *argument, *result;
        struct process *process; /* blocking work */
        struct stack *stack;     /* of a process that has ended meanwhile */
        enum {
                WORKING,
                DONE,
                ORPHANED,           /* the process has ended */
                ABANDONED,          /* so has the system */
        } state;                    /* of blocking work, under `lock` */
        struct meeting *next, **at; /* ORPHANED, under `lock` */
};

static void meeting_leave(struct meeting *m)
{
        if (atomic_fetch_sub(&m->users, 1) == 1)
                cop__free(m);
}

/* The other has come: the process looks again. */
static void meeting_done(struct meeting *m)
{
        struct signal *nudge = m->nudge;

        /* pairs with the acquire of the process that looks */
        atomic_store_explicit(&m->done, true, memory_order_release);
        meeting_leave(m);
        if (!cop__deliver(nudge))
                cop__signal_free(nudge);
}

static struct meeting *meeting_new(struct process *p)
{
        struct meeting *m = cop__alloc_zeroed(sizeof(*m));
        struct signal *nudge = cop__signal_new(SIGNAL_NUDGE, pid_of(p), 0);

        if (!m || !nudge) {
                cop__free(m);
                cop__signal_free(nudge);
                cop__fail_limit("memory");
        }
        m->nudge = nudge;
        m->users = 2;
        return m;
}

/* There will be no other. */
static void meeting_cancel(struct meeting *m)
{
        cop__signal_free(m->nudge);
        meeting_leave(m);
}

/* ---- descriptors ---- */

static void is_ready(void *argument, int what)
{
        struct meeting *m = argument;

        m->ready = what;
        atomic_fetch_sub(&watched, 1);
        meeting_done(m);
}

/* The process no longer waits, or is at its end. */
static void stop_watching(void *meeting)
{
        struct meeting *m = meeting;

        if (!atomic_load_explicit(&m->done, memory_order_acquire) &&
            cop__driver->unwatch(m->fd, m) == 0) {
                atomic_fetch_sub(&watched, 1);
                meeting_cancel(m);
        }
        meeting_leave(m);
}

/* Why a descriptor cannot be watched; a file is always ready. */
static COP_NORETURN void cannot_watch(int fd, int error)
{
        if (error == -ENOMEM)
                cop__fail_limit("memory");
        cop_error("{wait_fd, Fd, Why}", fd,
                  cop_atom(error == -EBADF     ? "ebadf"
                           : error == -EBUSY   ? "ebusy"
                           : error == -ENOTSUP ? "enotsup"
                                               : "einval"));
}

int cop_wait_fd(int fd, int what, int64_t timeout_ms)
{
        struct process *p = cop__self();
        struct meeting *m = meeting_new(p);
        int ready, err;

        m->fd = fd;
        atomic_fetch_add(&watched, 1);
        err = cop__driver->watch(fd, what, is_ready, m);
        if (err < 0) {
                atomic_fetch_sub(&watched, 1);
                meeting_cancel(m);
                meeting_leave(m);
                if (err == -EPERM)
                        return what;
                cannot_watch(fd, err);
        }
        cop_own(m, stop_watching);
        cop__wait_begin(p, timeout_ms);
        while (!atomic_load_explicit(&m->done, memory_order_acquire) && !cop__wait_is_over(p))
                cop__wait(p);
        cop__wait_end(p);
        ready = atomic_load_explicit(&m->done, memory_order_acquire) ? m->ready : 0;
        cop_dispose(m);
        return ready;
}

/* ---- blocking work ---- */

static struct lock lock;
static struct meeting *orphans; /* under the lock */

static void orphan_put(struct meeting *m)
{
        m->next = orphans;
        m->at = &orphans;
        if (orphans)
                orphans->at = &m->next;
        orphans = m;
}

static void orphan_take(struct meeting *m)
{
        *m->at = m->next;
        if (m->next)
                m->next->at = m->at;
}

/* The process has ended and waits for this. */
static void orphan_done(struct meeting *m)
{
        struct process *p = m->process;

        cop__signal_free(m->nudge);
        meeting_leave(m);
        cop__enqueue(p);
}

static void run_job(struct blocking_job *job)
{
        struct meeting *m = (struct meeting *)job;
        bool orphaned, abandoned;

        m->result = m->fn(m->argument);
        cop__lock_take(&lock);
        orphaned = m->state == ORPHANED;
        abandoned = m->state == ABANDONED;
        m->state = DONE;
        if (orphaned)
                orphan_take(m);
        cop__lock_give(&lock);
        if (orphaned)
                orphan_done(m);
        else if (!abandoned)
                meeting_done(m);
}

bool cop__blocking_goes_on(const struct process *p)
{
        bool goes_on;

        cop__lock_take(&lock);
        goes_on = p->meeting->state == WORKING;
        cop__lock_give(&lock);
        return goes_on;
}

bool cop__blocking_linger(struct process *p)
{
        struct meeting *m = p->meeting;
        bool lingers;

        m->stack = p->stack;
        p->stack = NULL;
        cop__lock_take(&lock);
        lingers = m->state == WORKING;
        if (lingers) {
                m->state = ORPHANED;
                orphan_put(m);
        }
        cop__lock_give(&lock);
        return lingers;
}

size_t cop__blocking_abandon(void)
{
        size_t count = 0;

        cop__lock_take(&lock);
        for (; orphans; orphans = orphans->next, count++)
                orphans->state = ABANDONED;
        cop__lock_give(&lock);
        return count;
}

/* The first of its destructors, where the process ended meanwhile. */
static void stop_waiting(void *meeting)
{
        struct meeting *m = meeting;

        cop__self()->flags &= (uint16_t)~IN_BLOCKING;
        if (m->stack) {
                cop__context_forget(m->stack);
                m->stack->context.sp = NULL;
                cop__region_reset(&m->stack->region);
                cop__stack_give(&cop__thread()->stacks, m->stack);
        }
        meeting_leave(m);
}

static struct meeting *start_job(struct process *p, void *(*fn)(void *), void *argument)
{
        struct meeting *m = meeting_new(p);

        m->fn = fn;
        m->argument = argument;
        m->process = p;
        m->job.run = run_job;
        if (cop__driver->blocking(&m->job) < 0) {
                meeting_cancel(m);
                meeting_leave(m);
                cop__fail_limit("threads");
        }
        return m;
}

void *cop_blocking(void *(*fn)(void *), void *argument)
{
        struct process *p = cop__self();
        struct meeting *m;
        void *result;

        if (p->flags & IS_GUEST)
                return fn(argument);
        m = start_job(p, fn, argument);
        p->meeting = m;
        p->flags |= IN_BLOCKING;
        cop_own(m, stop_waiting);
        while (!atomic_load_explicit(&m->done, memory_order_acquire))
                cop__wait(p);
        result = m->result;
        cop_dispose(m);
        return result;
}
