/*
 * poller.c: waiting for descriptors, and for threads that do blocking work.
 *
 * One scheduler at a time waits in the driver's poller: an idle one, who sleeps there instead of on
 * its bell. While all are busy, each looks now and then.
 *
 * What a waiting process and whoever wakes it share is a block of its own, never on the process's
 * stack: the process may be ended while the other is still about to write there. Who comes last
 * frees it.
 */
#include <coppice/memory.h>

#include "base/alloc.h"
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

int cop_wait_fd(int fd, int what, int64_t timeout_ms)
{
        struct process *p = cop__self();
        struct meeting *m = meeting_new(p);
        int ready;

        m->fd = fd;
        atomic_fetch_add(&watched, 1);
        if (cop__driver->watch(fd, what, is_ready, m) < 0) {
                atomic_fetch_sub(&watched, 1);
                meeting_cancel(m);
                meeting_leave(m);
                cop__fail_badarg(COP_HERE);
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

static void run_job(struct blocking_job *job)
{
        struct meeting *m = (struct meeting *)job;

        m->result = m->fn(m->argument);
        meeting_done(m);
}

static void stop_waiting(void *meeting)
{
        meeting_leave(meeting);
}

void *cop_blocking(void *(*fn)(void *), void *argument)
{
        struct process *p = cop__self();
        struct meeting *m;
        void *result;

        if (p->flags & IS_GUEST)
                return fn(argument);
        m = meeting_new(p);
        m->fn = fn;
        m->argument = argument;
        m->job.run = run_job;
        if (cop__driver->blocking(&m->job) < 0) {
                meeting_cancel(m);
                meeting_leave(m);
                cop__fail_limit("threads");
        }
        cop_own(m, stop_waiting);
        cop__wait_begin(p, COP_FOREVER);
        while (!atomic_load_explicit(&m->done, memory_order_acquire))
                cop__wait(p);
        result = m->result;
        cop_dispose(m);
        return result;
}
