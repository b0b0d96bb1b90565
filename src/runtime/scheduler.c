/*
 * scheduler.c: the loop that runs processes.
 *
 * A turn     The scheduler handles the signals that have arrived, then switches to the process's
 *            stack: its own, where it waited, or a pooled one. What comes back says what it wants next
 *            (enum after).
 * Idle       A scheduler with an empty queue looks for timers and I/O that are due, asks the others for
 *            work, and goes to sleep: while others are busy, for a millisecond at most, so that
 *            it sees whose turn does not end (balance.c).
 * Young      Where many wait, those who have not had a turn yet wait apart, and whoever came last goes
 *            first. So a tree of processes that start others is worked off in its depth: there are
 *            as many alive as it is deep, times a few, and what they need is in the cache, where a
 *            queue would have all of a level at once. Who helps gets the oldest: these have most before
 *            them. Nobody starves: see take_normal.
 * Hold       Who calls a server that sleeps hands its turn over to it: the server runs next, and then the
 *            caller goes on with what is left of its turn, without having been parked. Each such call
 *            costs so much of the turn that others get theirs.
 * Invariant  A process is in one queue, or running, or held, or parked, or the one who woke it is about
 *            to put it into a queue.
 */
#include "runtime/scheduler.h"

#include <stdio.h>

#include "runtime/balance.h"
#include "runtime/crash.h"
#include "runtime/guest.h"
#include "runtime/handler.h"
#include "runtime/poller.h"
#include "runtime/quota.h"
#include "runtime/run_queue.h"
#include "runtime/sim.h"
#include "runtime/switch.h"
#include "runtime/timer.h"

struct system cop__system;

enum {
        LOOK_EVERY = 32,    /* turns between looks at the clock and the poller */
        CROWD = 256,        /* so many wait: from here on who is new goes to the young */
        SLICE = 256,        /* of the young, at least */
        ELDEST = 128,       /* one in so many is the oldest */
        RETRY_NS = 1000000, /* between tries to do what there was no memory for */
        REST_NS = 2000000,  /* with nothing to do, before idle stacks give their pages back */
};

/* ---- queues ---- */

/* The n-th, for simulations. */
static struct process *queue_take_at(struct run_queue *queue, size_t n)
{
        struct process **at = &queue->first, *before = NULL, *p;

        while (n-- > 0) {
                before = *at;
                at = &before->next;
        }
        p = *at;
        *at = p->next;
        if (queue->last == p)
                queue->last = before;
        queue->count--;
        return p;
}

/* One that has had no turn yet. */
static bool is_for_the_young(const struct scheduler *s, const struct process *p)
{
        return (s->young.count || s->queues[QUEUE_NORMAL].count >= CROWD) &&
               p->priority == COP_PRIORITY_NORMAL && !cop__driver->simulated;
}

/* Into the queue of the calling thread's scheduler. */
static void put_here(struct scheduler *s, struct process *p)
{
        size_t count;

        cop__biased_lock_enter(&s->lock);
        if (__builtin_expect(!p->home, 0) && is_for_the_young(s, p)) {
                queue_mark(p, s->mark);
                young_put(&s->young, p);
        } else {
                enter(s, p);
        }
        count = queued(s);
        note_load(s);
        cop__biased_lock_leave(&s->lock);
        cop__share_soon(s, count);
}

/* To another thread's scheduler. */
static void put_there(struct scheduler *s, struct process *p)
{
        struct process *newest = atomic_load_explicit(&s->remote, memory_order_relaxed);

        do {
                p->next = newest;
                /* seq_cst: pairs with the scheduler's, which says idle and then looks here */
        } while (!atomic_compare_exchange_weak_explicit(
                &s->remote, &newest, p, memory_order_seq_cst, memory_order_relaxed));
        if (atomic_load_explicit(&s->idle, memory_order_seq_cst))
                cop__scheduler_wake(s);
}

void cop__scheduler_wake(struct scheduler *s)
{
        cop__driver->bell_ring(&s->bell);
        if (atomic_load_explicit(&s->idle, memory_order_relaxed) == IDLE_POLLING)
                cop__driver->poll_wake();
}

/* A thread of the program's own has no queue: it deals them out. */
static struct scheduler *somebody(void)
{
        unsigned n = atomic_fetch_add_explicit(&cop__system.next, 1, memory_order_relaxed);
        struct scheduler *s = &cop__system.schedulers[n % cop__system.base_count];

        if (!atomic_load_explicit(&s->stuck, memory_order_relaxed))
                return s;
        for (n = 0; n < cop__system.scheduler_count; n++)
                if (!atomic_load_explicit(&cop__system.schedulers[n].stuck, memory_order_relaxed))
                        return &cop__system.schedulers[n];
        return s;
}

void cop__enqueue(struct process *p)
{
        struct thread *t = cop__thread_or_null();
        struct scheduler *mine = t ? t->scheduler : NULL;
        struct scheduler *s = p->stack ? p->home : mine;

        if (atomic_load_explicit(&p->is_guest, memory_order_relaxed)) {
                cop__guest_wake(p);
                return;
        }
        if (!s || (cop__system.scatters && !p->stack))
                s = somebody();
        atomic_store_explicit(&p->status, STATUS_RUNNABLE, memory_order_relaxed);
        if (mine && s == mine)
                put_here(s, p);
        else
                put_there(s, p);
}

void cop__enqueue_here(struct scheduler *s, struct process *p)
{
        atomic_store_explicit(&p->status, STATUS_RUNNABLE, memory_order_relaxed);
        put_here(s, p);
}

/* Until whoever it called has had a turn. */
static void hold(struct scheduler *s, struct process *p)
{
        atomic_store_explicit(&p->status, STATUS_WAITING, memory_order_relaxed);
        cop__biased_lock_enter(&s->lock);
        queue_mark(p, s->mark);
        p->next = s->held;
        atomic_store_explicit(&s->held, p, memory_order_relaxed);
        cop__biased_lock_leave(&s->lock);
}

/* What others have handed over, oldest first. True: there was something. */
static bool take_remote(struct scheduler *s)
{
        struct process *newest, *oldest = NULL;

        if (!atomic_load_explicit(&s->remote, memory_order_seq_cst))
                return false;
        newest = atomic_exchange_explicit(&s->remote, NULL, memory_order_acquire);
        while (newest) {
                struct process *next = newest->next;

                newest->next = oldest;
                oldest = newest;
                newest = next;
        }
        cop__biased_lock_enter(&s->lock);
        while (oldest) {
                struct process *next = oldest->next;

                enter(s, oldest);
                oldest = next;
        }
        note_load(s);
        cop__biased_lock_leave(&s->lock);
        return true;
}

static struct process *take_from(struct run_queue *queue)
{
        if (cop__driver->simulated && queue->count > 1)
                return queue_take_at(queue, cop__driver->choose(queue->count));
        return queue_take(queue);
}

/* Rounds of the queue and slices of the young take turns, each as long as there were processes when it
 * began; a slice takes a few of the oldest, and then whoever came last. */
static struct process *take_normal(struct scheduler *s)
{
        struct run_queue *queue = &s->queues[QUEUE_NORMAL];

        if (__builtin_expect(!s->young.count, 1))
                return take_from(queue);
        if (s->slice == 0 && s->round > 0 && queue->count) {
                s->round--;
                return queue_take(queue);
        }
        if (s->slice == 0) {
                s->slice = s->young.count < SLICE ? SLICE : (uint32_t)s->young.count;
                s->eldest = 1 + s->slice / ELDEST;
        }
        if (--s->slice == 0)
                s->round = (uint32_t)queue->count;
        if (s->eldest == 0)
                return young_take_newest(&s->young);
        s->eldest--;
        return young_take_oldest(&s->young);
}

/* High before normal; low when there is nothing else, and every eighth turn. Who is held goes on
 * with a turn it has begun. */
static struct process *take_queued(struct scheduler *s)
{
        bool low_first = (++s->turns & 7) == 0;
        struct process *p = NULL;

        if (s->queues[QUEUE_HIGH].count)
                p = take_from(&s->queues[QUEUE_HIGH]);
        else if ((p = take_held(s)))
                return p;
        if (!p && low_first)
                p = take_from(&s->queues[QUEUE_LOW]);
        if (!p)
                p = take_normal(s);
        if (!p)
                p = take_from(&s->queues[QUEUE_LOW]);
        note_load(s);
        return p;
}

static struct process *take_next(struct scheduler *s)
{
        struct process *p = s->handed;

        if (p) {
                s->handed = NULL;
                return p;
        }
        cop__biased_lock_enter(&s->lock);
        p = take_queued(s);
        if (p)
                queue_mark(p, 0);
        cop__biased_lock_leave(&s->lock);
        return p;
}

/* ---- turns ---- */

static void settle(struct thread *t, struct process *p);
static void end_by_fault(struct thread *t, struct process *p);

/* Said once. */
static void report_no_stack(void)
{
        static atomic_flag said = ATOMIC_FLAG_INIT;

        if (!atomic_flag_test_and_set(&said))
                fprintf(stderr,
                        "coppice: there is no stack for another process (there are %zu, with two "
                        "mappings each where the kernel has no MADV_GUARD_INSTALL): it ends with "
                        "{system_limit, stacks}; servers need none while they wait, and sysctl "
                        "vm.max_map_count allows for more\n",
                        cop__stack_count());
}

/*
 * A stack for the turn; false: there is none, and the process ends for that. Handlers, and who runs
 * its destructors, may use the one that the thread keeps for them: they soon give it back.
 */
static bool give_it_a_stack(struct thread *t, struct process *p)
{
        p->stack = cop__stack_take(&t->stacks, (size_t)p->stack_size * 1024);
        if (!p->stack && p->flags & (IS_HANDLER | IS_ENDING)) {
                p->stack = t->reserve;
                t->reserve = NULL;
        }
        if (p->stack) {
                p->stack->region.most_words = REGION_REPORT_WORDS;
                return true;
        }
        if (!(p->flags & IS_ENDING)) {
                report_no_stack();
                p->reason = cop__limit_reason(ATOM(stacks));
        }
        if (!cop__exit_parked(p))
                cop__postpone(p);
        return false;
}

/* In libcoppice-debug, where a program is linked with it: what does the thread hold now? */
void cop__turn_over(uint32_t slot) __attribute__((weak, visibility("default")));

/* To the process's stack and back. Part of the loop itself: see switch.h. */
static inline __attribute__((always_inline)) void run_on_stack(struct thread *t, struct process *p,
                                                               void (*entry)(void *))
{
        if (!p->stack && !give_it_a_stack(t, p))
                return;
        p->home = t->scheduler;
        t->region = &p->stack->region;
        t->current = p;
        if (p->flags & HAS_QUOTAS)
                cop__quota_note(p);
        atomic_store_explicit(&t->scheduler->running, p, memory_order_release);
        if (entry)
                context_start(&t->native, p->stack, entry, p);
        else
                context_resume(&t->native, p->stack);
        t->current = NULL;
        atomic_store_explicit(&t->scheduler->running, NULL, memory_order_release);
        t->region = &t->own_region;
        if (cop__turn_over)
                cop__turn_over(p->slot);
        settle(t, p);
}

static __attribute__((noinline)) void switch_to(struct thread *t, struct process *p,
                                                void (*entry)(void *))
{
        run_on_stack(t, p, entry);
}

/* As if its code had done so, when it had seen what was sent to it. */
static void follow_null(struct thread *t, struct process *p)
{
        if (!p->stack && !give_it_a_stack(t, p))
                return;
        t->faults.fault = (struct fault){ .what = "segv" };
        t->faults.trace.pid = 0;
        end_by_fault(t, p);
}

/* What a simulation makes of the turn; false: it is over. */
static bool simulated_turn(struct thread *t, struct process *p)
{
        p->budget = 1 + (int32_t)cop__driver->choose(BUDGET);
        switch (cop__sim_turn(p)) {
        case SIM_RUN:
                break;
        case SIM_HOLD:
                return false;
        case SIM_FAULT:
                if (!cop__signals_take(p)) {
                        follow_null(t, p);
                        return false;
                }
                __attribute__((fallthrough));
        case SIM_END:
                if (!cop__exit_parked(p))
                        switch_to(t, p, cop__last_act());
                return false;
        }
        return true;
}

static inline __attribute__((always_inline)) void run_turn(struct thread *t, struct process *p)
{
        void (*entry)(void *) = NULL;

        atomic_store_explicit(&t->scheduler->turn_count, t->scheduler->turn_count + 1,
                              memory_order_relaxed);
        atomic_store_explicit(&p->status, STATUS_RUNNING, memory_order_relaxed);
        if (p->after != AFTER_HOLD)
                p->budget = BUDGET;
        if (cop__driver->simulated && !simulated_turn(t, p))
                goto over;
        if (cop__signals_take(p)) {
                if (cop__exit_parked(p))
                        goto over;
                entry = cop__last_act();
        } else if (!p->stack) {
                entry = cop__process_entry(p);
        }
        run_on_stack(t, p, entry);
        if (!t->reserve)
                t->reserve = cop__stack_take(&t->stacks, 0);
over:
        if (t->own_region.newest)
                cop__region_reset(&t->own_region);
}

static void give_stack(struct thread *t, struct process *p)
{
        struct stack *stack = p->stack;

        p->stack = NULL;
        cop__region_reset(&stack->region);
        cop__stack_give(&t->stacks, stack);
}

/* A fault takes as long as a hundred calls: those who handed their turns over have had them. */
static void end_turns_of_held(struct scheduler *s)
{
        cop__biased_lock_enter(&s->lock);
        for (struct process *p = atomic_load_explicit(&s->held, memory_order_relaxed); p;
             p = p->next)
                p->budget = 0;
        cop__biased_lock_leave(&s->lock);
}

/* A fault in one of its last destructors does not change why it ended. */
static void end_by_fault(struct thread *t, struct process *p)
{
        void (*told)(void *) = NULL;

        end_turns_of_held(t->scheduler);
        if (!(p->flags & IS_ENDING)) {
                p->reason = cop__fault_reason(t, p);
                told = cop__crash_act();
        }
        if (told) {
                cop__exit_begin(p);
                switch_to(t, p, told);
        } else if (!cop__exit_parked(p)) {
                switch_to(t, p, cop__last_act());
        }
}

/* The exit that waits ends it. Should it not be there any more, then by a reason of its own. */
static void end_by_kill(struct thread *t, struct process *p)
{
        if (!cop__signals_take(p) && !(p->flags & IS_ENDING))
                p->reason = ATOM(killed);
        if (!cop__exit_parked(p))
                switch_to(t, p, cop__last_act());
}

/* After a turn: where the process goes now. From the park on, another thread may be running it. */
static void settle(struct thread *t, struct process *p)
{
        switch ((enum after)p->after) {
        case AFTER_EXIT:
                cop__bury(p);
                return;
        case AFTER_LINGER:
                cop__linger(p);
                return;
        case AFTER_FAULT:
                end_by_fault(t, p);
                return;
        case AFTER_KILL:
                end_by_kill(t, p);
                return;
        case AFTER_YIELD_END:
                give_stack(t, p);
                break;
        case AFTER_END:
                give_stack(t, p);
                __attribute__((fallthrough));
        case AFTER_PARK:
                atomic_store_explicit(&p->status, STATUS_WAITING, memory_order_relaxed);
                if (cop__inbox_park(&p->inbox))
                        return;
                break;
        case AFTER_HOLD:
                hold(t->scheduler, p);
                return;
        case AFTER_YIELD:
                break;
        }
        atomic_store_explicit(&p->status, STATUS_RUNNABLE, memory_order_relaxed);
        put_here(t->scheduler, p);
}

void cop__leave(struct process *p, enum after after)
{
        struct stack *stack = p->stack;

        p->after = (uint8_t)after;
        cop__context_leave(stack, &cop__thread()->native);
}

void cop__leave_for_ever(struct process *p)
{
        p->after = AFTER_EXIT;
        cop__context_finish(p->stack, &cop__thread()->native);
}

void cop__reductions(struct process *p, int32_t work)
{
        p->budget -= work;
        if (p->budget > 0 || p->flags & IS_GUEST)
                return;
        atomic_store_explicit(&p->reductions, p->reductions + (uint64_t)(BUDGET - p->budget),
                              memory_order_relaxed);
        cop__leave(p, AFTER_YIELD);
        cop__signals_handle(p);
}

/* ---- the loop ---- */

static int64_t timers_next(struct scheduler *s)
{
        int64_t next = cop__timers_next_ns(s), alarm;

        cop__lock_take(&s->wheel_lock);
        alarm = cop__wheel_next_ns(&s->wheel);
        cop__wheel_give(s);
        return alarm < next ? alarm : next;
}

/* Looks at the clock, for whoever wants to know. */
static void timers_run(struct scheduler *s)
{
        int64_t now;

        if (!atomic_load_explicit(&s->timers, memory_order_relaxed) && !cop__timers_are_set(s) &&
            !cop__waits_want_time(s))
                return;
        now = now_ns();
        cop__waits_note_time(s, now);
        cop__alarms_fire(s, now);
}

/* Sleeps until somebody rings, a timer is due, or it is time to look around for work, and no longer than
 * most_ns. */
static void sleep_a_while(struct scheduler *s, int64_t most_ns)
{
        bool others_busy =
                atomic_fetch_add(&cop__system.idle_count, 1) + 1 < cop__system.scheduler_count;
        enum idle how = cop__poller_claim() ? IDLE_POLLING : IDLE_SLEEPING;
        bool asks = cop__system.scheduler_count > 1 && !cop__driver->simulated;
        int64_t deadline, look;

        atomic_fetch_add(&s->naps, 1); /* before it is idle; see quiet.c */
        atomic_store(&s->idle, how);
        look = asks ? cop__ask_for_work(s) : INT64_MAX;
        /* Looked at after idle was said: whoever changes them from now on rings. */
        deadline = timers_next(s);
        if (others_busy && look < deadline)
                deadline = look;
        if (cop__has_postponed())
                most_ns = RETRY_NS;
        if (most_ns != INT64_MAX) {
                int64_t end = now_ns() + most_ns;

                deadline = deadline < end ? deadline : end;
        }
        if (!atomic_load(&s->remote) && !atomic_load(&cop__system.stopping)) {
                if (how == IDLE_POLLING)
                        cop__driver->poll(deadline);
                else
                        cop__driver->bell_wait(&s->bell, deadline);
        }
        if (how == IDLE_POLLING)
                cop__poller_release();
        atomic_store(&s->idle, IDLE_NOT);
        atomic_fetch_sub(&cop__system.idle_count, 1);
        if (asks)
                cop__ask_no_more(s);
}

void cop__schedule(struct thread *t)
{
        struct scheduler *s = t->scheduler;
        struct outlook outlook = { 0 };
        unsigned until_look = 0;
        bool rested = cop__driver->simulated;

        for (;;) {
                struct process *p;

                take_remote(s);
                if (until_look-- == 0) {
                        until_look = LOOK_EVERY;
                        timers_run(s);
                        cop__poller_look();
                        cop__reserve_fill();
                        if (cop__has_postponed())
                                cop__postponed_retry();
                }
                cop__share_if_asked(s);
                p = take_next(s);
                if (p) {
                        run_turn(t, p);
                        rested = cop__driver->simulated;
                        continue;
                }
                timers_run(s);
                if (cop__has_postponed())
                        cop__postponed_retry();
                if (atomic_load_explicit(&s->load, memory_order_relaxed) || take_remote(s))
                        continue;
                if (atomic_load(&cop__system.stopping))
                        return;
                if (cop__system.scheduler_count > 1 && may_help(s) &&
                    (cop__rescue(s) || cop__rob(s, &outlook)))
                        continue;
                if (rested && cop__stacks_trim(&t->stacks))
                        continue;
                sleep_a_while(s, rested ? INT64_MAX : REST_NS);
                rested = true;
        }
}
