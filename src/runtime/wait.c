/*
 * wait.c: sleeping until something arrives or a time has come.
 *
 * A process has one alarm in the wheel of the scheduler it waited on. It is lazy: when a wait ends
 * early, as nearly all do, the alarm stays where it is. When it goes off it looks at the time the
 * process waits for now and sets itself again if that is later. So a process that makes a million
 * calls with a timeout of five seconds touches the wheel once in five seconds.
 */
#include "runtime/guest.h"
#include "runtime/process.h"
#include "runtime/scheduler.h"
#include "runtime/timer.h"

enum { NS_PER_MS = 1000000 };

int64_t cop__deadline(int64_t timeout_ms)
{
        int64_t now = now_ns();

        if (timeout_ms < 0 || timeout_ms > (INT64_MAX - now) / NS_PER_MS)
                return INT64_MAX;
        return now + timeout_ms * NS_PER_MS;
}

static struct process *process_of(struct alarm *alarm)
{
        return (struct process *)((char *)alarm - offsetof(struct process, alarm));
}

static void wake(struct scheduler *s, struct alarm *alarm, int64_t now)
{
        struct process *p = process_of(alarm);
        int64_t deadline = atomic_load_explicit(&p->deadline_ns, memory_order_acquire);

        p->alarm_is_set = deadline != INT64_MAX;
        if (deadline == INT64_MAX)
                return;
        if (deadline > now)
                cop__wheel_set(&s->wheel, &alarm->timer, deadline);
        else if (cop__inbox_wake(&p->inbox)) {
                p->alarm_is_set = false;
                cop__enqueue(p);
        } else /* It runs, and may just be about to sleep: look again in a tick. */
                cop__wheel_set(&s->wheel, &alarm->timer, now + (1 << TICK_SHIFT));
}

static void alarm_remove(struct process *p)
{
        struct scheduler *s = p->alarm_home;

        if (!s)
                return;
        cop__lock_take(&s->wheel_lock);
        if (p->alarm_is_set)
                cop__wheel_cancel(&s->wheel, &p->alarm.timer);
        p->alarm_is_set = false;
        cop__wheel_give(s);
        p->alarm_home = NULL;
}

/* The caller is this scheduler's thread, or has its lock. */
static void alarm_set(struct scheduler *s, struct process *p, int64_t deadline_ns)
{
        atomic_store_explicit(&p->deadline_ns, deadline_ns, memory_order_release);
        if (deadline_ns == INT64_MAX || !s)
                return;
        if (p->alarm_home != s)
                alarm_remove(p);
        /* Only who has the scheduler's lock takes it out of this wheel: so it may be looked at without
         * the wheel's. */
        if (p->alarm_home == s && p->alarm_is_set && p->alarm.timer.due_ns <= deadline_ns)
                return;
        cop__lock_take(&s->wheel_lock);
        p->alarm.fire = wake;
        if (p->alarm_is_set)
                cop__wheel_cancel(&s->wheel, &p->alarm.timer);
        p->alarm_is_set = true;
        cop__wheel_set(&s->wheel, &p->alarm.timer, deadline_ns);
        p->alarm_home = s;
        cop__wheel_give(s);
}

void cop__alarm_set(struct process *p, int64_t deadline_ns)
{
        struct scheduler *s = cop__thread()->scheduler;

        if (s)
                cop__biased_lock_enter(&s->lock);
        alarm_set(s, p, deadline_ns);
        if (s)
                cop__biased_lock_leave(&s->lock);
}

static void fresh_remove(struct process *p)
{
        *p->fresh_at = p->fresh;
        if (p->fresh)
                p->fresh->fresh_at = p->fresh_at;
        p->fresh_at = NULL;
}

/* On the thread of the scheduler on whose list it is: only there it can have been put. A visitor may just be
 * taking it off the list, and is to be done with it, deadline and all, before the owner goes on: so
 * this does not look without the lock. */
static void fresh_forget(struct process *p)
{
        struct thread *t = cop__thread_or_null();
        struct scheduler *s = t ? t->scheduler : NULL;

        if (p->timeout_ns < 0 || !s)
                return;
        cop__biased_lock_enter(&s->lock);
        if (p->fresh_at)
                fresh_remove(p);
        cop__biased_lock_leave(&s->lock);
        p->timeout_ns = -1;
}

void cop__alarm_forget(struct process *p)
{
        fresh_forget(p);
        atomic_store_explicit(&p->deadline_ns, INT64_MAX, memory_order_relaxed);
        alarm_remove(p);
}

/* ---- waiting ---- */

void cop__wait_begin(struct process *p, int64_t timeout_ms)
{
        struct scheduler *s;

        p->timeout_ns =
                timeout_ms < 0 || timeout_ms > INT64_MAX / NS_PER_MS ? -1 : timeout_ms * NS_PER_MS;
        if (p->timeout_ns < 0)
                return;
        if (p->flags & IS_GUEST) {
                p->deadline_ns = cop__deadline(timeout_ms);
                return;
        }
        s = cop__thread()->scheduler;
        cop__biased_lock_enter(&s->lock);
        p->fresh = s->fresh;
        p->fresh_at = &s->fresh;
        if (s->fresh)
                s->fresh->fresh_at = &p->fresh;
        s->fresh = p;
        cop__biased_lock_leave(&s->lock);
}

void cop__waits_note_time_here(struct scheduler *s, int64_t now)
{
        while (s->fresh) {
                struct process *p = s->fresh;

                fresh_remove(p);
                alarm_set(s, p, p->timeout_ns > INT64_MAX - now ? INT64_MAX : now + p->timeout_ns);
        }
}

bool cop__waits_want_time(struct scheduler *s)
{
        bool any;

        cop__biased_lock_enter(&s->lock);
        any = s->fresh != NULL;
        cop__biased_lock_leave(&s->lock);
        return any;
}

void cop__waits_note_time(struct scheduler *s, int64_t now)
{
        cop__biased_lock_enter(&s->lock);
        cop__waits_note_time_here(s, now);
        cop__biased_lock_leave(&s->lock);
}

void cop__wait(struct process *p)
{
        if (p->flags & IS_GUEST) {
                cop__guest_wait(p, p->deadline_ns);
                return;
        }
        cop__leave(p, AFTER_PARK);
        cop__signals_handle(p);
}

bool cop__wait_is_over(struct process *p)
{
        int64_t deadline = atomic_load_explicit(&p->deadline_ns, memory_order_relaxed);

        return deadline != INT64_MAX && now_ns() >= deadline;
}

void cop__wait_end(struct process *p)
{
        fresh_forget(p);
        atomic_store_explicit(&p->deadline_ns, INT64_MAX, memory_order_relaxed);
}

void cop_yield(void)
{
        struct process *p = cop__self();

        if (p->flags & IS_GUEST)
                return;
        cop__leave(p, AFTER_YIELD);
        cop__signals_handle(p);
}

void cop_sleep(int64_t timeout_ms)
{
        struct process *p = cop__self();

        cop__wait_begin(p, timeout_ms);
        do {
                cop__wait(p);
        } while (!cop__wait_is_over(p));
        cop__wait_end(p);
}
