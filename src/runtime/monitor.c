/*
 * monitor.c: looks at every scheduler now and then.
 *
 * A turn that goes on while an exit waits in its process's inbox is interrupted by an OS signal
 * (fault.c), again each millisecond until the process can be left. Who sends such an exit rings the
 * monitor's bell if the process is running; a process that is waiting or queued sees the exit by
 * itself.
 *
 * No other turn is ever interrupted by a signal: it would end sleep() and poll() of the program's early.
 *
 * A turn is told from the next by the scheduler's count of them, so schedulers pay two stores a turn
 * for all of this.
 */
#include "runtime/monitor.h"

#include <stdio.h>

#include "runtime/scheduler.h"

enum {
        BUSY_NS = 5000000,     /* between looks while anybody runs */
        IDLE_NS = 20000000,    /* and while nobody does */
        RETRY_NS = 1000000,    /* between tries to end a process */
        GRACE_NS = 500000,     /* for a process to see the exit by itself */
        REPORT_NS = 100000000, /* when to say that one cannot be ended */
};

/* What is known of a scheduler. */
struct watched {
        uint64_t turn;         /* when it was looked at last */
        int64_t exit_since_ns; /* since when an exit waits in this turn; 0: none does */
        bool reported;
};

static struct {
        struct bell bell;
        _Atomic(bool) stopping;
        bool started;
        void *thread;
        struct watched watched[SCHEDULERS_MOST];
} monitor;

void cop__monitor_exit_came(struct process *p)
{
        struct thread *t = cop__thread_or_null();

        atomic_store_explicit(&p->exit_came, true, memory_order_release);
        if ((t && t->current == p) || cop__driver->simulated)
                return;
        if (atomic_load_explicit(&p->status, memory_order_relaxed) == STATUS_RUNNING)
                cop__driver->bell_ring(&monitor.bell);
}

static void report_refusal(const struct process *p, const struct thread *t)
{
        fprintf(stderr,
                "coppice: process <0.%u> was to end %d ms ago, and cannot be left where it is (at "
                "0x%llx); it is tried again each millisecond\n",
                p->slot, REPORT_NS / 1000000, (unsigned long long)t->faults.refused_pc);
}

/* An exit waits for the process that runs. */
static void end_running(struct watched *w, struct scheduler *s, const struct process *p,
                        int64_t now)
{
        const struct thread *t = atomic_load_explicit(&s->thread, memory_order_acquire);

        if (w->exit_since_ns == 0)
                w->exit_since_ns = now;
        if (!t || now - w->exit_since_ns < GRACE_NS)
                return;
        cop__kill_signal_send(&t->faults);
        if (!w->reported && now - w->exit_since_ns > REPORT_NS) {
                report_refusal(p, t);
                w->reported = true;
        }
}

/* Returns when it wants to be looked at again. */
static int64_t look(struct watched *w, struct scheduler *s, int64_t now)
{
        uint64_t turn = atomic_load_explicit(&s->turn_count, memory_order_relaxed);
        struct process *p = atomic_load_explicit(&s->running, memory_order_acquire);

        if (turn != w->turn)
                *w = (struct watched){ .turn = turn };
        if (!p)
                return now + IDLE_NS;
        if (!atomic_load_explicit(&p->exit_came, memory_order_acquire))
                return now + BUSY_NS;
        end_running(w, s, p, now);
        return now + (w->reported ? BUSY_NS : RETRY_NS);
}

static void *watch(void *none)
{
        while (!atomic_load_explicit(&monitor.stopping, memory_order_acquire)) {
                int64_t now = now_ns();
                int64_t next = now + IDLE_NS;

                for (unsigned i = 0; i < cop__system.scheduler_count; i++) {
                        int64_t wish = look(&monitor.watched[i], &cop__system.schedulers[i], now);

                        next = wish < next ? wish : next;
                }
                cop__driver->bell_wait(&monitor.bell, next);
        }
        return NULL;
}

int cop__monitor_start(void)
{
        int err;

        if (cop__driver->simulated)
                return 0;
        for (unsigned i = 0; i < SCHEDULERS_MOST; i++)
                monitor.watched[i] = (struct watched){ 0 };
        atomic_store(&monitor.stopping, false);
        err = cop__driver->thread_start(watch, NULL, &monitor.thread);
        monitor.started = err == 0;
        return err;
}

void cop__monitor_stop(void)
{
        if (!monitor.started)
                return;
        atomic_store_explicit(&monitor.stopping, true, memory_order_release);
        cop__driver->bell_ring(&monitor.bell);
        cop__driver->thread_join(monitor.thread);
        monitor.started = false;
}
