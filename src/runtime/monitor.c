/*
 * monitor.c: looks at every scheduler now and then.
 *
 * A turn that goes on while an exit waits in its process's inbox is interrupted by an OS signal
 * (fault.c), again each millisecond until the process can be left. Who sends such an exit rings the
 * monitor's bell if the process is running; a process that is waiting or queued sees the exit by
 * itself.
 *
 * A turn that goes on for 10 ms makes its scheduler stuck: others take everything that waits for it,
 * and the monitor fires its timers. So that there are always as many schedulers at work as there were
 * at the start, spare ones are started; they sleep when nobody is stuck any more. Where one turn does
 * not end, the next may be like it, and who waits has waited before: so from then on 2 ms are enough,
 * and for whoever waits behind a turn while nobody is idle there are up to as many again. A stuck
 * thread's core is first for those that wake up there.
 *
 * A turn that lasts longer than its process may is ended by an exit that the monitor sends.
 *
 * No other turn is ever interrupted by a signal: it would end sleep() and poll() of the program's early.
 *
 * A turn is told from the next by the scheduler's count of them, so schedulers pay two stores a turn
 * for all of this.
 */
#include "runtime/monitor.h"

#include <stdio.h>

#include "runtime/scheduler.h"
#include "runtime/sim.h"
#include "runtime/stuck.h"
#include "runtime/timer.h"

enum {
        BUSY_NS = 5000000,     /* between looks while anybody runs */
        IDLE_NS = 10000000,    /* and while nobody does */
        RETRY_NS = 1000000,    /* between tries to end a process */
        GRACE_NS = 500000,     /* for a process to see the exit by itself */
        REPORT_NS = 100000000, /* when to say that one cannot be ended, */
        REPORT_REFUSALS = 20,  /* and how often it has been found so by then */
        STUCK_NS = 10000000,   /* a turn that lasts longer keeps its scheduler from the others */
        STUCK_TOO_NS = 2000000,
};

/* What is known of a scheduler. */
struct watched {
        uint64_t turn;         /* when it was looked at last */
        int64_t since_ns;      /* when that turn was seen first */
        int64_t exit_since_ns; /* since when an exit waits in this turn; 0: none does */
        uint32_t refusals;     /* of its thread, before that exit */
        bool holds_up;         /* others wait for it, and it is still the turn of the last look */
        struct long_turn longer;
        bool reported;
};

static struct {
        struct bell bell;
        _Atomic(bool) stopping;
        bool started;
        bool reported; /* that there are no more spares */
        void *thread;
        struct watched watched[SCHEDULERS_MOST];
} monitor;

void cop__monitor_exit_came(struct process *p)
{
        struct thread *t = cop__thread_or_null();

        atomic_store_explicit(&p->exit_came, true, memory_order_release);
        if (t && t->current == p)
                return;
        if (cop__driver->simulated) {
                cop__sim_exit_came(p);
                return;
        }
        if (atomic_load_explicit(&p->status, memory_order_relaxed) == STATUS_RUNNING)
                cop__driver->bell_ring(&monitor.bell);
}

static void report_refusal(const struct process *p, const struct thread *t)
{
        fprintf(stderr,
                "coppice: process <0.%u> was to end %d ms ago, and cannot be left where it is (at "
                "0x%llx); it is tried again each millisecond\n",
                p->slot, REPORT_NS / 1000000, (unsigned long long)t->faults.refused_pc);
        cop__stuck_refused(p, t);
}

/* An exit waits for the process that runs. */
static void end_running(struct watched *w, struct scheduler *s, const struct process *p,
                        int64_t now)
{
        const struct thread *t = atomic_load_explicit(&s->thread, memory_order_acquire);
        uint32_t refusals;

        if (!t)
                return;
        refusals = atomic_load_explicit(&t->faults.refusals, memory_order_acquire);
        if (w->exit_since_ns == 0) {
                w->exit_since_ns = now;
                w->refusals = refusals;
        }
        if (now - w->exit_since_ns < GRACE_NS)
                return;
        cop__kill_signal_send(&t->faults);
        /* One that has not been refused so often has not been running, but the machine does other things. */
        if (!w->reported && now - w->exit_since_ns > REPORT_NS &&
            refusals - w->refusals > REPORT_REFUSALS) {
                report_refusal(p, t);
                w->reported = true;
        }
}

/* Where one does not end, others may be like it, and there are those who wait already. */
static int64_t stuck_after_ns(void)
{
        return atomic_load_explicit(&cop__system.stuck_count, memory_order_relaxed) ? STUCK_TOO_NS
                                                                                    : STUCK_NS;
}

/* Whoever wakes up on its core goes before it. */
static void note_stuck(struct scheduler *s, bool stuck)
{
        const struct thread *t = atomic_load_explicit(&s->thread, memory_order_acquire);

        if (atomic_load_explicit(&s->stuck, memory_order_relaxed) == stuck)
                return;
        atomic_store_explicit(&s->stuck, stuck, memory_order_relaxed);
        if (t)
                cop__driver->thread_haste(t->faults.id, stuck ? HASTE_LESS : HASTE_USUAL);
}

/* Longer than the process may? What is asked for is asked for again as long as it goes on. */
static void limit_turn(const struct watched *w, struct scheduler *s, struct process *p, int64_t now)
{
        uint32_t most_ms = atomic_load_explicit(&p->turn_max_ms, memory_order_relaxed);
        uint64_t pid;

        if (most_ms == 0 || now - w->since_ns < (int64_t)most_ms * 1000000 ||
            atomic_load_explicit(&p->exit_came, memory_order_relaxed))
                return;
        pid = pid_of(p);
        atomic_thread_fence(memory_order_seq_cst);
        /* So the pid is whose turn it is: a block changes hands when nobody runs it. */
        if (atomic_load(&s->running) == p && atomic_load(&s->turn_count) == w->turn)
                cop__end_long_turn(pid);
}

/* Returns when it wants to be looked at again. */
static int64_t look(struct watched *w, struct scheduler *s, int64_t now)
{
        uint64_t turn = atomic_load_explicit(&s->turn_count, memory_order_relaxed);
        struct process *p = atomic_load_explicit(&s->running, memory_order_acquire);
        struct thread *t = atomic_load_explicit(&s->thread, memory_order_acquire);

        w->holds_up = turn == w->turn && p && atomic_load_explicit(&s->load, memory_order_relaxed);
        if (turn != w->turn || !p)
                *w = (struct watched){ .turn = turn, .since_ns = now };
        note_stuck(s, p && now - w->since_ns >= stuck_after_ns());
        if (!p)
                return now + IDLE_NS;
        limit_turn(w, s, p, now);
        if (t)
                cop__stuck_look(&w->longer, p, t, now - w->since_ns, now);
        if (!atomic_load_explicit(&p->exit_came, memory_order_acquire))
                return now + (stuck_after_ns() == STUCK_NS ? BUSY_NS : RETRY_NS);
        end_running(w, s, p, now);
        return now + (w->reported ? BUSY_NS : RETRY_NS);
}

static bool has_work(const struct scheduler *s)
{
        return atomic_load_explicit(&s->load, memory_order_relaxed) ||
               atomic_load_explicit(&s->held, memory_order_relaxed) ||
               atomic_load_explicit(&s->remote, memory_order_relaxed);
}

static void wake_idle(void)
{
        for (unsigned i = 0; i < cop__system.scheduler_count; i++)
                if (atomic_load_explicit(&cop__system.schedulers[i].idle, memory_order_relaxed))
                        cop__scheduler_wake(&cop__system.schedulers[i]);
}

static void report_no_spare(void)
{
        if (!monitor.reported)
                fprintf(stderr,
                        "coppice: %u turns do not end, and there is no thread to spare for "
                        "other processes; they wait\n",
                        atomic_load(&cop__system.stuck_count));
        monitor.reported = true;
}

/* False: there are fewer than wanted. */
static bool add_spares(unsigned wanted)
{
        while (cop__system.scheduler_count < wanted)
                if (!cop__scheduler_add_spare())
                        return false;
        return true;
}

/* Others do what the stuck ones cannot. */
static void help_stuck(int64_t now)
{
        unsigned stuck = 0;
        bool work = false, held_up = false;

        for (unsigned i = 0; i < cop__system.scheduler_count; i++) {
                struct scheduler *s = &cop__system.schedulers[i];

                if (!atomic_load_explicit(&s->stuck, memory_order_relaxed)) {
                        held_up = held_up || monitor.watched[i].holds_up;
                        continue;
                }
                stuck++;
                if (cop__biased_lock_visit(&s->lock)) {
                        cop__waits_note_time_here(s, now);
                        cop__alarms_fire(s, now);
                        cop__biased_lock_leave_visit(&s->lock);
                }
                work = work || has_work(s);
        }
        atomic_store_explicit(&cop__system.stuck_count, stuck, memory_order_relaxed);
        if (stuck == 0) {
                monitor.reported = false;
                return;
        }
        if (!add_spares(cop__system.base_count + stuck))
                report_no_spare();
        if (held_up && atomic_load(&cop__system.idle_count) == 0 &&
            cop__system.scheduler_count < 2 * cop__system.base_count + stuck)
                add_spares(cop__system.scheduler_count + 1);
        if (work)
                wake_idle();
}

static void *watch(void *none)
{
        cop__driver->thread_haste(0, HASTE_MORE);
        while (!atomic_load_explicit(&monitor.stopping, memory_order_acquire)) {
                int64_t now = now_ns();
                int64_t next = now + IDLE_NS;

                for (unsigned i = 0; i < cop__system.scheduler_count; i++) {
                        int64_t wish = look(&monitor.watched[i], &cop__system.schedulers[i], now);

                        next = wish < next ? wish : next;
                }
                help_stuck(now);
                cop__driver->bell_wait(&monitor.bell, next);
        }
        return NULL;
}

int cop__monitor_start(void)
{
        int err;

        if (cop__driver->simulated)
                return 0;
        cop__stuck_start();
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
