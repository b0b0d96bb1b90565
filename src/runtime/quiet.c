/*
 * quiet.c: is anybody doing anything?
 *
 * A process that can run is in a queue, in the hand of a scheduler that is awake, or on its way to
 * one through `remote`. So nobody does anything when at one instant all schedulers sleep with empty
 * queues and nothing is on its way. No two of them can be looked at at once, therefore twice: whoever
 * slept at both looks, and has not begun another nap in between, has slept all the time, and the
 * instant between the two looks is one at which all of them slept.
 *
 * Invariant  A scheduler counts its nap before it says that it sleeps, and has no process in its hand
 *            while it does. Only its own thread takes out of `remote` and puts into its queue: what
 *            was empty at the end of a nap was empty all through it.
 *
 * A process that asks is awake itself: its own scheduler counts as asleep if its queue is empty.
 */
#include <coppice/system.h>

#include "runtime/scheduler.h"

enum { NS_BETWEEN_LOOKS = 200000 };

/* The scheduler the caller runs on; NULL on other threads. */
static struct scheduler *own_scheduler(void)
{
        struct thread *t = cop__thread_or_null();

        return t ? t->scheduler : NULL;
}

static bool sleeps(struct scheduler *s, const struct scheduler *mine)
{
        return (s == mine || atomic_load(&s->idle)) && !atomic_load(&s->load) &&
               !atomic_load(&s->remote);
}

/* First look: false when somebody is awake. Naps are read before, and at the second look after. */
static bool all_sleep(const struct scheduler *mine, uint64_t *naps)
{
        unsigned i;

        for (i = 0; i < cop__system.scheduler_count; i++) {
                struct scheduler *s = &cop__system.schedulers[i];

                naps[i] = atomic_load(&s->naps);
                if (!sleeps(s, mine))
                        return false;
        }
        return true;
}

static bool all_sleep_still(const struct scheduler *mine, const uint64_t *naps)
{
        unsigned i;

        for (i = 0; i < cop__system.scheduler_count; i++) {
                struct scheduler *s = &cop__system.schedulers[i];

                if (!sleeps(s, mine) || atomic_load(&s->naps) != naps[i])
                        return false;
        }
        return true;
}

static bool is_quiet(void)
{
        struct scheduler *mine = own_scheduler();
        uint64_t naps[SCHEDULERS_MOST] = { 0 }; /* a spare one may come between the looks */

        return all_sleep(mine, naps) && all_sleep_still(mine, naps);
}

/* Lets others run. Where they run on other threads, for a little time. */
static void look_away(struct process *p)
{
        struct bell bell = { 0 };
        int64_t now = now_ns();

        if (!p) /* In a simulation time stands still as long as somebody can go on. */
                cop__driver->bell_wait(&bell,
                                       cop__driver->simulated ? now : now + NS_BETWEEN_LOOKS);
        else if (own_scheduler()->load || cop__system.scheduler_count == 1)
                cop_yield();
        else
                cop_sleep(1);
}

bool cop_system_quiet(int64_t timeout_ms)
{
        struct process *p = own_scheduler() ? cop__self() : NULL;
        int64_t deadline = cop__deadline(timeout_ms);

        if (p)
                cop__signals_handle(p);
        while (!is_quiet()) {
                if (deadline != INT64_MAX && now_ns() >= deadline)
                        return false;
                look_away(p);
        }
        return true;
}
