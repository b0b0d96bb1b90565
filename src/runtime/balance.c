/*
 * balance.c: work for schedulers that have none.
 *
 * asked     Who has nothing to do says so, in a word that all the others read before each turn and
 *           that changes only when somebody falls idle or wakes up. Who has work hands half of it
 *           over, oldest first, as it hands over whoever wakes up elsewhere (`remote`). So nobody
 *           looks into another one's queue: no lock, no barrier, and no line that two cores write
 *           but those of what is given.
 * between   Work is given between turns, not while it is being made: who starts eight clients in one
 *           turn gives away four of them and not two and then three. For it is where they begin that
 *           those stay who wait with a live stack.
 * paid      A helper that comes back at once, time and again, has cost more than it brought: the line of
 *           a control block that another core wrote takes 150 ns, and waking somebody 17 us. It
 *           asks no more for a while, twice as long each time, until something keeps it busy. So
 *           children that live for 100 ns stay where they were started, and so do many clients of one
 *           server. While it does not ask it takes only what is too much in any case (PLENTY).
 * robbing   Who is in the middle of a long turn gives nothing. An idle one sees that in the other
 *           one's count of turns, and helps itself: that is a visit of the biased lock, which stops
 *           both for 10 us and more. Of one that is stuck (monitor.c) it takes everything.
 *
 * Why not robbing alone: half a million processes started and ended one by one were robbed 5,000
 * times, and two schedulers took five times as long for them as one.
 *
 * Owners    hunger: its scheduler sets it and counts one up in the system's, whoever takes it away (it or
 *           a giver) counts one down. A giver that took it away gives at least one process.
 */
#include "runtime/balance.h"

#include "runtime/driver.h"
#include "runtime/run_queue.h"

enum {
        GIVE_MOST = 512,
        ROB_MOST = 128,
        LOOKED_AT = 64, /* who can not go elsewhere, in search of who can */
        PLENTY = 1024,
        MANY = 64,   /* made in one turn: that one may last */
        PAUSE = 64,  /* turns until the next try to give, where none can go */
        STRIKES = 8, /* so often in a row it may come back at once */
        DOUBLINGS = 6,
        PAID_NS = 200 * 1000, /* busy for so long, with so much: it was worth it; */
        PAID_TURNS = 500,
        LONG_NS = 2000 * 1000,    /* or for so long with anything */
        PATIENCE_NS = 100 * 1000, /* at first; doubled each time */
        LOOK_NS = 1000 * 1000,    /* between looks at the others; */
        LOOK_SOON_NS =
                250 * 1000, /* the first one; a turn is long that goes on from one to the next */
};

/* ---- giving ---- */

/* Processes without a live stack, up to `most`, oldest first. */
static void take_some(struct run_queue *from, size_t most, struct run_queue *loot)
{
        struct process **at = &from->first, *before = NULL;
        size_t misses = 0;

        while (*at && loot->count < most && misses < LOOKED_AT) {
                struct process *p = *at;

                if (p->stack) {
                        before = p;
                        at = &p->next;
                        misses++;
                        continue;
                }
                *at = p->next;
                if (from->last == p)
                        from->last = before;
                from->count--;
                queue_mark(p, 0);
                queue_put(loot, p);
        }
}

/* Of those that wait; the young first: they have most before them. */
static bool take_of(struct scheduler *s, size_t most, struct run_queue *loot)
{
        if (s->young.count == 0)
                take_some(&s->queues[QUEUE_NORMAL], most, loot);
        while (s->young.count && loot->count < most) {
                struct process *p = young_take_oldest(&s->young);

                queue_mark(p, 0);
                queue_put(loot, p);
        }
        return loot->count > 0;
}

static size_t half(const struct scheduler *s, size_t most)
{
        size_t count = s->queues[QUEUE_NORMAL].count + s->young.count;

        return count / 2 < most ? count / 2 : most;
}

/* Who asks; NULL: nobody. */
static struct scheduler *somebody_hungry(const struct scheduler *giver, enum hunger least)
{
        for (unsigned i = 0; i < cop__system.scheduler_count; i++) {
                struct scheduler *s = &cop__system.schedulers[i];

                if (s != giver && may_help(s) &&
                    atomic_load_explicit(&s->hunger, memory_order_relaxed) >= least)
                        return s;
        }
        return NULL;
}

/* False: it has woken up, or another one gives. */
static bool stops_asking(struct scheduler *s)
{
        if (atomic_exchange(&s->hunger, HUNGER_NONE) == HUNGER_NONE)
                return false;
        atomic_fetch_sub_explicit(&cop__system.hungry, 1, memory_order_relaxed);
        return true;
}

/* Oldest first. */
static void hand_over(struct scheduler *to, struct run_queue *loot)
{
        struct process *newest = NULL, *oldest = loot->first, *others;

        if (!oldest)
                return;
        while (loot->first) {
                struct process *p = queue_take(loot);

                p->next = newest;
                newest = p;
        }
        others = atomic_load_explicit(&to->remote, memory_order_relaxed);
        do {
                oldest->next = others;
                /* seq_cst: as in put_there */
        } while (!atomic_compare_exchange_weak_explicit(
                &to->remote, &others, newest, memory_order_seq_cst, memory_order_relaxed));
        if (atomic_load_explicit(&to->idle, memory_order_seq_cst))
                cop__scheduler_wake(to);
}

/* True: some can go, and the other one still asks. */
static bool take_for(struct scheduler *to, struct scheduler *s, struct run_queue *loot)
{
        bool any;

        cop__biased_lock_enter(&s->lock);
        any = take_of(s, half(s, GIVE_MOST), loot);
        if (any && !stops_asking(to)) {
                any = false;
                while (loot->first)
                        enter(s, queue_take(loot));
        }
        note_load(s);
        cop__biased_lock_leave(&s->lock);
        return any;
}

void cop__share(struct scheduler *s)
{
        struct run_queue loot = { 0 };
        struct scheduler *to;

        if (s->turns - s->shared_at < s->share_pause)
                return;
        to = somebody_hungry(s, s->load >= PLENTY ? HUNGER_PATIENT : HUNGER_ANY);
        if (!to)
                return;
        s->shared_at = s->turns;
        s->share_pause = PAUSE;
        if (take_for(to, s, &loot)) {
                s->share_pause = 0;
                hand_over(to, &loot);
        }
}

void cop__share_soon(struct scheduler *s, size_t count)
{
        if (count >= MANY && (count & (count - 1)) == 0)
                cop__share_if_asked(s);
}

/* ---- asking ---- */

/* What it has done since it woke up last: was it worth it? */
static void count_strikes(struct scheduler *s, int64_t now)
{
        unsigned doublings;

        s->nap_ns = LOOK_SOON_NS;
        if (now - s->woken_ns >= LONG_NS ||
            (now - s->woken_ns >= PAID_NS && s->turn_count - s->woken_turn >= PAID_TURNS)) {
                s->strikes = 0;
        } else if (++s->strikes > STRIKES) {
                doublings = s->strikes - STRIKES < DOUBLINGS ? s->strikes - STRIKES : DOUBLINGS;
                s->patient_until_ns = now + ((int64_t)PATIENCE_NS << doublings);
        }
}

int64_t cop__ask_for_work(struct scheduler *s)
{
        int64_t now = now_ns();
        enum hunger hunger;

        if (!may_help(s))
                return INT64_MAX;
        if (s->woken_turn != s->turn_count)
                count_strikes(s, now);
        else if (s->nap_ns < LOOK_NS)
                s->nap_ns = s->nap_ns ? 2 * s->nap_ns : LOOK_SOON_NS;
        hunger = now < s->patient_until_ns ? HUNGER_PATIENT : HUNGER_ANY;
        if (atomic_exchange(&s->hunger, hunger) == HUNGER_NONE)
                atomic_fetch_add_explicit(&cop__system.hungry, 1, memory_order_relaxed);
        return now + s->nap_ns;
}

void cop__ask_no_more(struct scheduler *s)
{
        stops_asking(s);
        s->woken_turn = s->turn_count;
        s->woken_ns = now_ns();
}

/* ---- taking ---- */

static struct process *oldest_first(struct process *newest)
{
        struct process *oldest = NULL;

        while (newest) {
                struct process *next = newest->next;

                newest->next = oldest;
                oldest = newest;
                newest = next;
        }
        return oldest;
}

struct loot {
        struct run_queue queues[QUEUES], young;
};

static void keep(struct run_queue *loot, struct process *p)
{
        queue_mark(p, 0);
        queue_put(loot, p);
}

/* Whatever waits for a scheduler that is stuck goes elsewhere, also with a live stack: what its C code
 * knows of its thread is then wrong (docs/containment.md), but it would wait for ever here. */
static void take_all(struct scheduler *s, struct loot *loot)
{
        struct process *handed, *p;

        if (!cop__biased_lock_visit(&s->lock))
                return;
        cop__waits_note_time_here(s, now_ns()); /* then none of them is on a list of its thread's */
        while ((p = take_held(s)))
                keep(&loot->queues[queue_of(p)], p);
        for (unsigned i = 0; i < QUEUES; i++)
                while ((p = queue_take(&s->queues[i])))
                        keep(&loot->queues[i], p);
        while (s->young.count) {
                p = young_take_oldest(&s->young);
                queue_mark(p, 0);
                young_put(&loot->young, p);
        }
        note_load(s);
        handed = atomic_exchange_explicit(&s->remote, NULL, memory_order_acquire);
        cop__biased_lock_leave_visit(&s->lock);

        handed = oldest_first(handed);
        while (handed) {
                p = handed;
                handed = p->next;
                queue_put(&loot->queues[queue_of(p)], p);
        }
}

/* True: there was something. */
static bool put_all(struct scheduler *s, struct loot *loot)
{
        struct process *p;
        bool any = loot->young.count > 0;

        cop__biased_lock_enter(&s->lock);
        for (unsigned i = 0; i < QUEUES; i++) {
                any = any || loot->queues[i].count;
                while ((p = queue_take(&loot->queues[i])))
                        enter(s, p);
        }
        while (loot->young.count) {
                p = young_take_oldest(&loot->young);
                queue_mark(p, s->mark);
                young_put(&s->young, p);
        }
        note_load(s);
        cop__biased_lock_leave(&s->lock);
        return any;
}

bool cop__rescue(struct scheduler *rescuer)
{
        struct loot loot = { 0 };

        if (atomic_load_explicit(&cop__system.stuck_count, memory_order_relaxed) == 0)
                return false;
        for (unsigned i = 0; i < cop__system.scheduler_count; i++) {
                struct scheduler *s = &cop__system.schedulers[i];

                if (s != rescuer && atomic_load_explicit(&s->stuck, memory_order_relaxed))
                        take_all(s, &loot);
        }
        return put_all(rescuer, &loot);
}

/* Somebody waits, and has waited since the last look for a turn that goes on. */
static bool is_worth_robbing(const struct scheduler *s, uint64_t seen_turn)
{
        return atomic_load_explicit(&s->turn_count, memory_order_relaxed) == seen_turn &&
               atomic_load_explicit(&s->load, memory_order_relaxed) > 0;
}

static void rob_one(struct scheduler *s, struct run_queue *loot)
{
        if (!cop__biased_lock_visit(&s->lock))
                return;
        take_of(s, half(s, ROB_MOST) + 1, loot);
        note_load(s);
        cop__biased_lock_leave_visit(&s->lock);
}

bool cop__rob(struct scheduler *robber, struct outlook *outlook)
{
        struct loot loot = { 0 };
        struct run_queue *normal = &loot.queues[QUEUE_NORMAL];
        int64_t now = now_ns();

        if (now - outlook->since_ns < LOOK_SOON_NS)
                return false;
        for (unsigned i = 0; i < cop__system.scheduler_count; i++) {
                struct scheduler *s = &cop__system.schedulers[i];

                if (s == robber)
                        continue;
                if (!normal->count && is_worth_robbing(s, outlook->turns[i]))
                        rob_one(s, normal);
                outlook->turns[i] = atomic_load_explicit(&s->turn_count, memory_order_relaxed);
        }
        outlook->since_ns = now;
        return put_all(robber, &loot);
}
