/*
 * timer.c: timers that send messages.
 *
 * A timer is in the wheel of the scheduler it was set on, in a hash table under its reference
 * (anybody may cancel it), and, where it is for a pid, on that process's list (it goes when the
 * process does).
 *
 * Locks   A shard of the hash table before a wheel. Lists of processes are under the lock of the
 * timer's shard of lists, which is taken alone. Whoever takes a timer out of the hash table owns it
 * and frees it. Life    set -> (cancel | fire | death of the receiver) -> freed. A timer that the
 * wheel has let go stays in the hash table until its firing takes it out, so a cancel that comes
 * between finds it there, but not set: too late.
 */
#include <coppice/timer.h>

#include "base/alloc.h"
#include "runtime/process.h"
#include "runtime/scheduler.h"
#include "runtime/timer.h"

enum { SHARDS = 64, ROOM_FIRST = 16 };

struct timer {
        struct alarm alarm;
        struct scheduler *home;
        struct timer *next;     /* in its bucket */
        struct timer *next_for; /* of the same receiver */
        struct timer **at_for;
        uint64_t ref;
        uint64_t to; /* pid, or atom of a name */
        struct signal *signal;
};

struct shard {
        _Alignas(64) struct lock lock;
        struct timer **buckets;
        size_t room, count;
        struct lock for_lock; /* of the lists of the receivers that belong here */
};

static struct shard shards[SHARDS];

static struct shard *shard_of(uint64_t word)
{
        return &shards[(word * 0x9e3779b97f4a7c15u) >> 58];
}

/* ---- the hash table; under the shard's lock ---- */

static struct timer **bucket_of(struct shard *shard, uint64_t ref)
{
        return &shard->buckets[(ref * 0x9e3779b97f4a7c15u >> 20) & (shard->room - 1)];
}

static bool grow(struct shard *shard)
{
        struct shard larger = { .room = shard->room ? shard->room * 2 : ROOM_FIRST };
        size_t i;

        larger.buckets = cop__alloc_zeroed(larger.room * sizeof(*larger.buckets));
        if (!larger.buckets)
                return false;
        for (i = 0; i < shard->room; i++) {
                while (shard->buckets[i]) {
                        struct timer *timer = shard->buckets[i];
                        struct timer **to = bucket_of(&larger, timer->ref);

                        shard->buckets[i] = timer->next;
                        timer->next = *to;
                        *to = timer;
                }
        }
        cop__free(shard->buckets);
        shard->buckets = larger.buckets;
        shard->room = larger.room;
        return true;
}

static bool insert(struct shard *shard, struct timer *timer)
{
        struct timer **bucket;

        if (shard->count >= shard->room && !grow(shard) && !shard->room)
                return false;
        bucket = bucket_of(shard, timer->ref);
        timer->next = *bucket;
        *bucket = timer;
        shard->count++;
        return true;
}

static struct timer *find(struct shard *shard, uint64_t ref)
{
        struct timer *timer = shard->room ? *bucket_of(shard, ref) : NULL;

        while (timer && timer->ref != ref)
                timer = timer->next;
        return timer;
}

static void take_out(struct shard *shard, struct timer *timer)
{
        struct timer **at = bucket_of(shard, timer->ref);

        while (*at != timer)
                at = &(*at)->next;
        *at = timer->next;
        shard->count--;
}

/* ---- a receiver's list ---- */

static bool is_for_pid(const struct timer *timer)
{
        return tag_of(term_of(timer->to)) == TAG_PID;
}

/* False: the receiver is dead. */
static bool list_add(struct timer *timer)
{
        struct process *p = cop__table_at(timer->to);
        struct shard *shard = shard_of(timer->to);
        bool lives;

        cop__lock_take(&shard->for_lock);
        lives = p && atomic_load_explicit(&p->timers_of, memory_order_relaxed) == timer->to;
        if (lives) {
                timer->next_for = p->timers;
                timer->at_for = &p->timers;
                if (p->timers)
                        p->timers->at_for = &timer->next_for;
                p->timers = timer;
        }
        cop__lock_give(&shard->for_lock);
        return lives;
}

static void list_remove(struct timer *timer)
{
        struct shard *shard = shard_of(timer->to);

        cop__lock_take(&shard->for_lock);
        if (timer->at_for) {
                *timer->at_for = timer->next_for;
                if (timer->next_for)
                        timer->next_for->at_for = timer->at_for;
                timer->at_for = NULL;
        }
        cop__lock_give(&shard->for_lock);
}

/* ---- firing ---- */

static void timer_free(struct timer *timer)
{
        cop__signal_free(timer->signal);
        cop__free(timer);
}

/* A name is looked up now, not when the timer was set. */
static uint64_t receiver_of(const struct timer *timer)
{
        return is_for_pid(timer) ? timer->to
                                 : atomic_load_explicit(&atom_of(term_of(timer->to))->name,
                                                        memory_order_acquire);
}

/* The wheel has let it go. Not under the wheel's lock: that would be the wrong order. */
static void fire(struct timer *timer)
{
        struct shard *shard = shard_of(timer->ref);

        cop__lock_take(&shard->lock);
        take_out(shard, timer);
        cop__lock_give(&shard->lock);
        if (is_for_pid(timer))
                list_remove(timer);
        timer->signal->to = receiver_of(timer);
        if (timer->signal->to && cop__deliver(timer->signal))
                timer->signal = NULL;
        timer_free(timer);
}

static void fire_later(struct scheduler *s, struct alarm *alarm, int64_t now)
{
        alarm->timer.next = s->fired;
        s->fired = &alarm->timer;
}

void cop__alarms_fire(struct scheduler *s, int64_t now)
{
        struct wheel_timer *due, *timers = NULL;

        cop__lock_take(&s->wheel_lock);
        due = cop__wheel_advance(&s->wheel, now);
        s->fired = NULL;
        while (due) {
                struct wheel_timer *next = due->next;
                struct alarm *alarm = (struct alarm *)due;

                alarm->fire(s, alarm, now);
                due = next;
        }
        /* Those that send were put on a list newest first. */
        while (s->fired) {
                struct wheel_timer *next = s->fired->next;

                s->fired->next = timers;
                timers = s->fired;
                s->fired = next;
        }
        cop__wheel_give(s);
        while (timers) {
                struct wheel_timer *next = timers->next;

                fire((struct timer *)timers);
                timers = next;
        }
}

/* ---- setting and cancelling ---- */

static struct timer *timer_new(uint64_t to, uint64_t ref, cop_term message)
{
        struct timer *timer = cop__alloc_zeroed(sizeof(*timer));

        if (!timer)
                return NULL;
        timer->signal = cop__signal_with(SIGNAL_MESSAGE, to, message);
        if (!timer->signal) {
                cop__free(timer);
                return NULL;
        }
        timer->alarm.fire = fire_later;
        timer->ref = ref;
        timer->to = to;
        return timer;
}

static void timer_set(struct timer *timer, int64_t due_ns)
{
        struct scheduler *s = cop__thread()->scheduler;
        struct shard *shard = shard_of(timer->ref);
        bool inserted;

        if (!s)
                s = &cop__system.schedulers[0];
        timer->home = s;
        cop__lock_take(&shard->lock);
        inserted = insert(shard, timer);
        if (inserted) {
                cop__lock_take(&s->wheel_lock);
                cop__wheel_set(&s->wheel, &timer->alarm.timer, due_ns);
                cop__wheel_give(s);
        }
        cop__lock_give(&shard->lock);
        if (!inserted) {
                list_remove(timer);
                timer_free(timer);
                cop__fail_limit("memory");
        }
        if (atomic_load_explicit(&s->idle, memory_order_seq_cst))
                cop__scheduler_wake(s); /* it may sleep past this timer's time */
}

static cop_ref start(int64_t delay_ms, struct cop__to to, cop_term message, cop_ref ref)
{
        struct process *p = cop__self();
        uint64_t receiver = cop__to_receiver(to, COP_HERE);
        struct timer *timer;

        if (delay_ms < 0)
                cop__fail_badarg(COP_HERE);
        timer = timer_new(receiver, ref.word, message);
        if (!timer)
                cop__fail_limit("memory");
        if (is_for_pid(timer) && !list_add(timer))
                timer_free(timer);
        else
                timer_set(timer, cop__deadline(delay_ms));
        cop__reductions(p, WORK_SEND);
        return ref;
}

cop_ref cop_send_after_term(int64_t delay_ms, struct cop__to to, cop_term message)
{
        return start(delay_ms, to, message, cop_new_ref());
}

cop_ref cop_start_timer_term(int64_t delay_ms, struct cop__to to, cop_term message)
{
        cop_ref ref = cop_new_ref();

        return start(delay_ms, to, cop_build("{timeout, Ref, Message}", ref, message), ref);
}

/* Under the shard's lock: how long it still has; -1: it is on its way. */
static int64_t remaining_ms(struct timer *timer, bool cancel)
{
        struct scheduler *s = timer->home;
        int64_t left = -1;

        cop__lock_take(&s->wheel_lock);
        if (timer->alarm.timer.at) {
                left = timer->alarm.timer.due_ns - now_ns();
                left = left < 0 ? 0 : (left + 999999) / 1000000;
                if (cancel)
                        cop__wheel_cancel(&s->wheel, &timer->alarm.timer);
        }
        cop__wheel_give(s);
        return left;
}

int64_t cop_cancel_timer(cop_ref ref)
{
        struct shard *shard = shard_of(ref.word);
        struct timer *timer;
        int64_t left = -1;

        cop__lock_take(&shard->lock);
        timer = find(shard, ref.word);
        if (timer)
                left = remaining_ms(timer, true);
        if (left >= 0)
                take_out(shard, timer);
        cop__lock_give(&shard->lock);
        if (left < 0)
                return -1;
        if (is_for_pid(timer))
                list_remove(timer);
        timer_free(timer);
        return left;
}

int64_t cop_read_timer(cop_ref ref)
{
        struct shard *shard = shard_of(ref.word);
        struct timer *timer;
        int64_t left = -1;

        cop__lock_take(&shard->lock);
        timer = find(shard, ref.word);
        if (timer)
                left = remaining_ms(timer, false);
        cop__lock_give(&shard->lock);
        return left;
}

/* ---- ends ---- */

/* The reference of one timer of a dying process; 0: none is left, and none can be added. */
static uint64_t next_of(struct process *p)
{
        struct shard *shard = shard_of(pid_of(p));
        uint64_t ref = 0;

        cop__lock_take(&shard->for_lock);
        atomic_store_explicit(&p->timers_of, 0, memory_order_relaxed);
        if (p->timers) {
                struct timer *timer = p->timers;

                ref = timer->ref;
                p->timers = timer->next_for;
                if (p->timers)
                        p->timers->at_for = &p->timers;
                timer->at_for = NULL;
        }
        cop__lock_give(&shard->for_lock);
        return ref;
}

void cop__timers_forget(struct process *p)
{
        uint64_t ref;

        cop__alarm_forget(p);
        if (p->flags & IS_GUEST)
                return;
        while ((ref = next_of(p)))
                cop_cancel_timer((cop_ref){ ref });
}

int cop__timers_start(void)
{
        return 0;
}

void cop__timers_stop(void)
{
        size_t i, k;

        for (i = 0; i < SHARDS; i++) {
                for (k = 0; k < shards[i].room; k++) {
                        while (shards[i].buckets[k]) {
                                struct timer *timer = shards[i].buckets[k];

                                shards[i].buckets[k] = timer->next;
                                timer_free(timer);
                        }
                }
                cop__free(shards[i].buckets);
                shards[i] = (struct shard){ 0 };
        }
}

size_t cop__timer_count(void)
{
        size_t i, count = 0;

        for (i = 0; i < SHARDS; i++) {
                cop__lock_take(&shards[i].lock);
                count += shards[i].count;
                cop__lock_give(&shards[i].lock);
        }
        return count;
}

/* ---- clocks and chance ---- */

int64_t cop_now_ms(void)
{
        return now_ns() / 1000000;
}

int64_t cop_now_ns(void)
{
        return now_ns();
}

int64_t cop_wall_clock_ns(void)
{
        return cop__driver->wall_clock_ns();
}

uint64_t cop_random(void)
{
        return cop__driver->random();
}
