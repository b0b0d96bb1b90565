/*
 * scheduler.c: the loop that runs processes.
 *
 * A turn     The scheduler handles the signals that have arrived, then switches to the process's
 * stack: its own, where it waited, or a pooled one. What comes back says what it wants next (enum
 * after). Idle       A scheduler with an empty queue looks for timers and I/O that are due, tries
 * to rob another one, and goes to sleep: while others are busy, for a millisecond at most, so that
 * it sees when there is something to rob. Waking a sleeper costs its waker as much as a hundred
 * turns: it is done only when the queue is long, or for a process that cannot run elsewhere.
 * Hold       Who calls a server that sleeps hands its turn over to it: the server runs next, and then the
 * caller goes on with what is left of its turn, without having been parked. Each such call costs so much
 * of the turn that others get theirs.
 * Invariant  A process is in one queue, or running, or held, or parked, or the one who woke it is about
 * to put it into a queue.
 */
#include "runtime/scheduler.h"

#include <stdio.h>

#include "runtime/crash.h"
#include "runtime/guest.h"
#include "runtime/handler.h"
#include "runtime/poller.h"
#include "runtime/quota.h"
#include "runtime/sim.h"
#include "runtime/switch.h"
#include "runtime/timer.h"

struct system cop__system;

enum {
        LOOK_EVERY = 32, /* turns between looks at the clock and the poller */
        LONG_QUEUE = 4,  /* from here on a sleeping scheduler is woken to help */
        ROB_MOST = 128,
        LOOK_AROUND_NS = 1000000,
};

/* ---- queues ---- */

static void queue_put(struct run_queue *queue, struct process *p)
{
        p->next = NULL;
        if (queue->last)
                queue->last->next = p;
        else
                queue->first = p;
        queue->last = p;
        queue->count++;
}

static struct process *queue_take(struct run_queue *queue)
{
        struct process *p = queue->first;

        if (!p)
                return NULL;
        queue->first = p->next;
        if (!queue->first)
                queue->last = NULL;
        queue->count--;
        return p;
}

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

static void mark(struct process *p, uint16_t mark)
{
        atomic_store_explicit(&p->queued_at, mark, memory_order_relaxed);
}

static unsigned queue_of(const struct process *p)
{
        static const uint8_t queues[] = { [COP_PRIORITY_HIGH] = QUEUE_HIGH,
                                          [COP_PRIORITY_NORMAL] = QUEUE_NORMAL,
                                          [COP_PRIORITY_LOW] = QUEUE_LOW };

        return queues[p->priority];
}

static void enter(struct scheduler *s, struct process *p)
{
        mark(p, s->mark);
        queue_put(&s->queues[queue_of(p)], p);
}

static size_t queued(const struct scheduler *s)
{
        return s->queues[QUEUE_HIGH].count + s->queues[QUEUE_NORMAL].count +
               s->queues[QUEUE_LOW].count;
}

static void note_load(struct scheduler *s)
{
        atomic_store_explicit(&s->load, queued(s), memory_order_relaxed);
}

/* A spare one works only while others are stuck, but always for processes whose home it is. */
static bool may_help(const struct scheduler *s)
{
        return s->number < cop__system.base_count ||
               atomic_load_explicit(&cop__system.stuck_count, memory_order_relaxed) > 0;
}

static void wake_a_helper(const struct scheduler *busy)
{
        unsigned i;

        for (i = 0; i < cop__system.scheduler_count; i++) {
                struct scheduler *s = &cop__system.schedulers[i];

                if (s != busy && may_help(s) &&
                    atomic_load_explicit(&s->idle, memory_order_relaxed)) {
                        cop__driver->bell_ring(&s->bell);
                        return;
                }
        }
}

/* Into the queue of the calling thread's scheduler. */
static void put_here(struct scheduler *s, struct process *p)
{
        size_t count;

        cop__biased_lock_enter(&s->lock);
        enter(s, p);
        count = queued(s);
        note_load(s);
        cop__biased_lock_leave(&s->lock);
        if (count >= LONG_QUEUE && (count & (count - 1)) == 0 &&
            atomic_load_explicit(&cop__system.idle_count, memory_order_relaxed))
                wake_a_helper(s);
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
        mark(p, s->mark);
        p->next = s->held;
        atomic_store_explicit(&s->held, p, memory_order_relaxed);
        cop__biased_lock_leave(&s->lock);
}

/* On: a visit, or its own thread inside of the lock. */
static struct process *take_held(struct scheduler *s)
{
        struct process *p = atomic_load_explicit(&s->held, memory_order_relaxed);

        if (p)
                atomic_store_explicit(&s->held, p->next, memory_order_relaxed);
        return p;
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
                p = take_from(&s->queues[QUEUE_NORMAL]);
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
                mark(p, 0);
        cop__biased_lock_leave(&s->lock);
        return p;
}

/* ---- robbing ---- */

/* Processes without a live stack, up to half of the queue. On: a visit. */
static size_t take_half(struct run_queue *from, struct run_queue *loot)
{
        size_t most = from->count / 2 < ROB_MOST ? from->count / 2 : ROB_MOST;
        struct process **at = &from->first, *before = NULL;

        if (most == 0 && from->count == 1)
                most = 1;
        while (*at && loot->count < most) {
                struct process *p = *at;

                if (p->stack) {
                        before = p;
                        at = &p->next;
                        continue;
                }
                *at = p->next;
                if (from->last == p)
                        from->last = before;
                from->count--;
                mark(p, 0);
                queue_put(loot, p);
        }
        return loot->count;
}

/* Worth it when several wait, or when one has waited for the whole of a turn that does not end. */
static bool is_worth_robbing(struct scheduler *s, uint64_t *seen_turn)
{
        uint64_t turn = atomic_load_explicit(&s->turn_count, memory_order_relaxed);
        size_t load = atomic_load_explicit(&s->load, memory_order_relaxed);
        bool stuck = turn == *seen_turn;

        *seen_turn = turn;
        return load >= 2 || (load == 1 && stuck);
}

/* Whatever waits for a scheduler that is stuck goes elsewhere, also with a live stack: what its C code
 * knows of its thread is then wrong (docs/containment.md), but it would wait for ever here. */
static void take_all(struct scheduler *s, struct run_queue *loot)
{
        struct process *newest, *oldest = NULL;
        struct process *p;

        if (!cop__biased_lock_visit(&s->lock))
                return;
        cop__waits_note_time_here(s, now_ns()); /* then none of them is on a list of its thread's */
        while ((p = take_held(s))) {
                mark(p, 0);
                queue_put(&loot[queue_of(p)], p);
        }
        for (unsigned i = 0; i < QUEUES; i++) {
                while ((p = queue_take(&s->queues[i]))) {
                        mark(p, 0);
                        queue_put(&loot[i], p);
                }
        }
        note_load(s);
        newest = atomic_exchange_explicit(&s->remote, NULL, memory_order_acquire);
        cop__biased_lock_leave_visit(&s->lock);

        while (newest) {
                p = newest;
                newest = p->next;
                p->next = oldest;
                oldest = p;
        }
        while (oldest) {
                p = oldest;
                oldest = p->next;
                queue_put(&loot[queue_of(p)], p);
        }
}

static bool rescue(struct scheduler *rescuer)
{
        struct run_queue loot[QUEUES] = { { 0 } };
        struct process *p;
        bool any = false;

        if (atomic_load_explicit(&cop__system.stuck_count, memory_order_relaxed) == 0)
                return false;
        for (unsigned i = 0; i < cop__system.scheduler_count; i++) {
                struct scheduler *s = &cop__system.schedulers[i];

                if (s != rescuer && atomic_load_explicit(&s->stuck, memory_order_relaxed))
                        take_all(s, loot);
        }
        cop__biased_lock_enter(&rescuer->lock);
        for (unsigned i = 0; i < QUEUES; i++) {
                while ((p = queue_take(&loot[i]))) {
                        enter(rescuer, p);
                        any = true;
                }
        }
        note_load(rescuer);
        cop__biased_lock_leave(&rescuer->lock);
        return any;
}

static bool rob(struct scheduler *robber, uint64_t *seen_turns)
{
        struct run_queue loot = { 0 };
        unsigned i;

        for (i = 0; i < cop__system.scheduler_count && !loot.count; i++) {
                struct scheduler *s = &cop__system.schedulers[i];

                if (s == robber || !is_worth_robbing(s, &seen_turns[i]) ||
                    !cop__biased_lock_visit(&s->lock))
                        continue;
                take_half(&s->queues[QUEUE_NORMAL], &loot);
                note_load(s);
                cop__biased_lock_leave_visit(&s->lock);
        }
        if (!loot.count)
                return false;
        cop__biased_lock_enter(&robber->lock);
        while (loot.first)
                enter(robber, queue_take(&loot));
        note_load(robber);
        cop__biased_lock_leave(&robber->lock);
        return true;
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

/* A fault in one of its last destructors does not change why it ended. */
static void end_by_fault(struct thread *t, struct process *p)
{
        void (*told)(void *) = NULL;

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

/* Sleeps until somebody rings, a timer is due, or it is time to look around for work. */
static void sleep_a_while(struct scheduler *s)
{
        bool others_busy =
                atomic_fetch_add(&cop__system.idle_count, 1) + 1 < cop__system.scheduler_count;
        enum idle how = cop__poller_claim() ? IDLE_POLLING : IDLE_SLEEPING;
        int64_t deadline;

        atomic_fetch_add(&s->naps, 1); /* before it is idle; see quiet.c */
        atomic_store(&s->idle, how);
        /* Looked at after idle was said: whoever changes them from now on rings. */
        deadline = timers_next(s);
        if ((others_busy && may_help(s) && !cop__driver->simulated) || cop__has_postponed()) {
                int64_t look = now_ns() + LOOK_AROUND_NS;

                deadline = deadline < look ? deadline : look;
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
}

void cop__schedule(struct thread *t)
{
        struct scheduler *s = t->scheduler;
        uint64_t seen_turns[SCHEDULERS_MOST] = { 0 };
        unsigned until_look = 0;

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
                p = take_next(s);
                if (p) {
                        run_turn(t, p);
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
                    (rescue(s) || rob(s, seen_turns)))
                        continue;
                if (cop__stacks_trim(&t->stacks))
                        continue;
                sleep_a_while(s);
        }
}
