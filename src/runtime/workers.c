/*
 * workers.c: the threads that schedulers run on, and the system's start and stop of them.
 */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "runtime/scheduler.h"
#include "runtime/timer.h"

static void *worker(void *argument)
{
        struct thread t = { .scheduler = argument };

        cop__native_stack_init(&t.native);
        cop__region_init(&t.own_region);
        t.region = &t.own_region;
        cop__thread_set(&t);
        cop__faults_enter(&t, t.scheduler->handler_stack);
        t.reserve = cop__stack_take(&t.stacks, 0);
        atomic_store_explicit(&t.scheduler->thread, &t, memory_order_release);
        cop__schedule(&t);
        if (t.reserve)
                cop__stack_give(&t.stacks, t.reserve);
        cop__faults_leave(&t);
        cop__stack_cache_release(&t.stacks);
        cop__region_release(&t.own_region);
        cop__thread_set(NULL);
        return NULL;
}

/* ---- start and stop ---- */

static int start_worker(struct scheduler *s)
{
        int err;

        s->handler_stack = cop__handler_stack_take();
        if (!s->handler_stack)
                return -ENOMEM;
        err = cop__driver->thread_start(worker, s, &s->handle);
        if (err < 0)
                cop__handler_stack_give(s->handler_stack);
        return err;
}

static void stop_workers(unsigned count)
{
        unsigned i;

        atomic_store(&cop__system.stopping, true);
        for (i = 0; i < count; i++)
                cop__scheduler_wake(&cop__system.schedulers[i]);
        for (i = 0; i < count; i++) {
                cop__driver->thread_join(cop__system.schedulers[i].handle);
                cop__handler_stack_give(cop__system.schedulers[i].handler_stack);
        }
}

/* What would get to somebody in a queue by another way than the inbox is not seen by a simulation. */
static uint16_t mark_of(unsigned number)
{
        return cop__driver->simulated || cop__system.scatters ? 0 : (uint16_t)(number + 1);
}

int cop__schedulers_start(unsigned count)
{
        size_t room = count + SPARES_MOST < SCHEDULERS_MOST ? count + SPARES_MOST : SCHEDULERS_MOST;
        unsigned i;
        int err;

        cop__system.schedulers = cop__alloc_aligned(room * sizeof(*cop__system.schedulers), 64);
        if (!cop__system.schedulers)
                return -ENOMEM;
        /* All of them, before any begins to look at the others. */
        memset(cop__system.schedulers, 0, count * sizeof(*cop__system.schedulers));
        cop__system.scheduler_count = count;
        cop__system.base_count = count;
        cop__system.room = (unsigned)room;
        atomic_store(&cop__system.stuck_count, 0);
        atomic_store(&cop__system.stopping, false);
        for (i = 0; i < count; i++) {
                cop__system.schedulers[i].number = i;
                cop__system.schedulers[i].mark = mark_of(i);
                cop__wheel_init(&cop__system.schedulers[i].wheel, now_ns());
        }
        for (i = 0; i < count; i++) {
                err = start_worker(&cop__system.schedulers[i]);
                if (err < 0) {
                        stop_workers(i);
                        cop__free(cop__system.schedulers);
                        return err;
                }
        }
        return 0;
}

bool cop__scheduler_add_spare(void)
{
        unsigned number = cop__system.scheduler_count;
        struct scheduler *s = &cop__system.schedulers[number];

        if (number == cop__system.room)
                return false;
        memset(s, 0, sizeof(*s));
        s->number = number;
        s->mark = mark_of(number);
        cop__wheel_init(&s->wheel, now_ns());
        /* It counts before it runs: it may find work, and then others look for it. */
        atomic_store(&cop__system.scheduler_count, number + 1);
        if (start_worker(s) < 0) {
                atomic_store(&cop__system.scheduler_count, number);
                return false;
        }
        return true;
}

void cop__schedulers_stop(void)
{
        stop_workers(cop__system.scheduler_count);
        cop__free(cop__system.schedulers);
        cop__system.schedulers = NULL;
}
