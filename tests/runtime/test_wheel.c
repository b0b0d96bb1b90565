/*
 * WHEEL: timers, against a model that anybody can see is right: an array, searched from end to end.
 */
#include <coppice/test.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"
#include "runtime/wheel.h"

enum { TICK = 1 << TICK_SHIFT };

static struct wheel wheel;

static struct wheel_timer *only_due_at(int64_t now_ns)
{
        struct wheel_timer *due = cop__wheel_advance(&wheel, now_ns);

        cop__wheel_audit(&wheel);
        cop_assert(due == NULL || due->next == NULL);
        return due;
}

COP_TEST(WHEEL_never_early, "a timer goes off at the first tick after its time, never before")
{
        struct wheel_timer timer = { 0 };

        cop__wheel_init(&wheel, 0);
        cop__wheel_set(&wheel, &timer, 10 * TICK + 1);
        cop_assert(only_due_at(10 * TICK + 1) == NULL);
        cop_assert(only_due_at(11 * TICK - 1) == NULL);
        cop_assert(only_due_at(11 * TICK) == &timer);
        cop_assert(!cop__wheel_timer_is_set(&timer));
        cop_assert_equal(wheel.count, 0);
}

COP_TEST(WHEEL_exact, "a timer that is due when a tick begins goes off with that tick")
{
        struct wheel_timer timer = { 0 };

        cop__wheel_init(&wheel, 5 * TICK);
        cop__wheel_set(&wheel, &timer, 300 * TICK);
        cop_assert(only_due_at(300 * TICK - 1) == NULL);
        cop_assert(only_due_at(300 * TICK) == &timer);
}

COP_TEST(WHEEL_past, "a time that has passed is the next tick, also where all digits carry")
{
        struct wheel_timer timer = { 0 };
        const int64_t nows[] = { 0, 255, 256, 65535, 65536, 16777215 };

        for (size_t i = 0; i < sizeof(nows) / sizeof(nows[0]); i++) {
                cop__wheel_init(&wheel, nows[i] * TICK);
                cop__wheel_set(&wheel, &timer, -1);
                cop__wheel_audit(&wheel);
                cop_assert(only_due_at(nows[i] * TICK + TICK - 1) == NULL);
                cop_assert(only_due_at(nows[i] * TICK + TICK) == &timer);
        }
}

COP_TEST(WHEEL_for_ever, "the last nanosecond there is can be waited for")
{
        struct wheel_timer timer = { 0 };

        cop__wheel_init(&wheel, 1);
        cop__wheel_set(&wheel, &timer, INT64_MAX);
        cop__wheel_audit(&wheel);
        cop_assert(only_due_at(INT64_MAX - TICK) == NULL);
        cop_assert(cop__wheel_timer_is_set(&timer));
        cop__wheel_cancel(&wheel, &timer);
        cop__wheel_audit(&wheel);
        cop_assert_equal(cop__wheel_next_ns(&wheel), INT64_MAX);
}

COP_TEST(WHEEL_back, "a clock that went back changes nothing")
{
        struct wheel_timer timer = { 0 };

        cop__wheel_init(&wheel, 100 * TICK);
        cop__wheel_set(&wheel, &timer, 200 * TICK);
        cop_assert(only_due_at(50 * TICK) == NULL);
        cop_assert_equal(wheel.tick, 100);
        cop_assert(only_due_at(200 * TICK) == &timer);
}

COP_TEST(WHEEL_order, "what is due at the same time goes off in the order in which it was set")
{
        static struct wheel_timer timers[1000];
        struct wheel_timer *due;

        cop__wheel_init(&wheel, 0);
        for (int i = 0; i < 1000; i++) {
                cop__wheel_set(&wheel, &timers[i], 70000LL * TICK + 5);
                if (i % 100 == 0)
                        cop_assert(cop__wheel_advance(&wheel, i * 70LL * TICK) == NULL);
        }
        due = cop__wheel_advance(&wheel, 80000LL * TICK);
        for (int i = 0; i < 1000; i++, due = due->next)
                cop_assert(due == &timers[i]);
        cop_assert(due == NULL);
}

/* ---- against the model ---- */

enum { MODEL_TIMERS = 300 };

struct model_timer {
        struct wheel_timer timer;
        int64_t set_when; /* a count of all that was set */
};

static struct model_timer model[MODEL_TIMERS];

/* The set timer that must go off next; NULL: none until now_ns. */
static struct model_timer *model_next(int64_t now_ns)
{
        struct model_timer *next = NULL;

        for (int i = 0; i < MODEL_TIMERS; i++) {
                struct model_timer *m = &model[i];

                if (m->set_when == 0 || m->timer.due_ns > now_ns)
                        continue;
                if (!next || m->timer.due_ns < next->timer.due_ns ||
                    (m->timer.due_ns == next->timer.due_ns && m->set_when < next->set_when))
                        next = m;
        }
        return next;
}

/* Delays of all magnitudes, so that all levels are used. */
static int64_t random_delay(void)
{
        return (int64_t)(cop_test_random() >> (3 + cop_test_random_below(60))) >> 16;
}

static void set_or_cancel(int64_t now_ns, int64_t *sets)
{
        struct model_timer *m = &model[cop_test_random_below(MODEL_TIMERS)];

        if (m->set_when) {
                cop_assert(cop__wheel_timer_is_set(&m->timer));
                cop__wheel_cancel(&wheel, &m->timer);
                m->set_when = 0;
        } else {
                cop__wheel_set(&wheel, &m->timer, now_ns + random_delay());
                m->set_when = ++*sets;
        }
}

/* What the wheel hands out is what the model says, in its order, and nothing that was due a tick
 * ago is left. */
static void go_to(int64_t now_ns)
{
        struct wheel_timer *due = cop__wheel_advance(&wheel, now_ns);
        struct model_timer *left;

        while (due) {
                struct model_timer *m = model_next(now_ns);

                cop_assert(m != NULL);
                cop_assert(due == &m->timer);
                due = due->next;
                m->set_when = 0;
        }
        left = model_next(now_ns - TICK);
        cop_assert(left == NULL);
}

COP_TEST(STRESS_wheel, "a wheel does what a sorted list does", .limit_s = 60)
{
        int64_t now_ns = (int64_t)(cop_test_random() >> 4);
        int64_t sets = 0;

        cop__wheel_init(&wheel, now_ns);
        for (int i = 0; i < 20000; i++) {
                int64_t next_ns = cop__wheel_next_ns(&wheel);

                for (uint64_t n = cop_test_random_below(8); n; n--)
                        set_or_cancel(now_ns, &sets);
                cop__wheel_audit(&wheel);

                next_ns = cop__wheel_next_ns(&wheel);
                if (cop_test_random_below(4) == 0 && next_ns < INT64_MAX / 2)
                        now_ns = next_ns;
                else
                        now_ns += random_delay() >> 8;
                if (now_ns > INT64_MAX / 4)
                        break;
                /* A late timer may be handed out a tick after its time: so is the model's. */
                now_ns = (now_ns >> TICK_SHIFT << TICK_SHIFT) + TICK;
                go_to(now_ns);
                cop__wheel_audit(&wheel);
        }
        cop_assert(sets > 1000);
}

COP_TEST(WHEEL_next, "going from one next time to the next, no timer is later than a tick")
{
        int64_t now_ns = 1;
        int64_t sets = 0;

        cop__wheel_init(&wheel, now_ns);
        while (sets < MODEL_TIMERS / 2)
                set_or_cancel(now_ns, &sets);
        while (wheel.count) {
                struct wheel_timer *due;
                int64_t next_ns = cop__wheel_next_ns(&wheel);

                cop_assert(next_ns > now_ns);
                cop_assert(next_ns < INT64_MAX);
                now_ns = next_ns;
                for (due = cop__wheel_advance(&wheel, now_ns); due; due = due->next) {
                        cop_assert(due->due_ns <= now_ns);
                        cop_assert(now_ns - due->due_ns < 2 * TICK);
                }
        }
        cop_assert_equal(cop__wheel_next_ns(&wheel), INT64_MAX);
}

/* ---- speed ---- */

static int64_t nanoseconds(void)
{
        struct timespec now;

        clock_gettime(CLOCK_MONOTONIC, &now);
        return now.tv_sec * 1000000000 + now.tv_nsec;
}

COP_TEST(WHEEL_million, "a million timers; COP_VERBOSE=1 prints what each costs", .limit_s = 120)
{
        const size_t many = 1000000;
        struct wheel_timer *timers = cop__alloc_array(many, sizeof(*timers));
        struct wheel_timer *due;
        size_t gone_off = 0;
        int64_t set;
        int64_t cancelled;
        int64_t advanced;
        int64_t began;

        cop_assert(timers != NULL);
        for (size_t i = 0; i < many; i++) /* the memory is touched, and the times are thrown */
                timers[i].due_ns = (int64_t)cop_test_random_below(1000000000);
        cop__wheel_init(&wheel, 0);

        began = nanoseconds();
        for (size_t i = 0; i < many; i++)
                cop__wheel_set(&wheel, &timers[i], timers[i].due_ns);
        set = nanoseconds() - began;
        cop_assert_equal(wheel.count, many);

        began = nanoseconds();
        for (size_t i = 0; i < many; i += 2)
                cop__wheel_cancel(&wheel, &timers[i]);
        cancelled = nanoseconds() - began;
        cop__wheel_audit(&wheel);

        began = nanoseconds();
        due = cop__wheel_advance(&wheel, 1000000000 + TICK);
        advanced = nanoseconds() - began;
        for (int64_t last = 0; due; due = due->next, gone_off++) {
                cop_assert(due->due_ns >= last);
                last = due->due_ns;
        }
        cop_assert_equal(gone_off, many / 2);
        cop_assert_equal(wheel.count, 0);
        if (getenv("COP_VERBOSE"))
                fprintf(stderr, "set %.1f ns, cancel %.1f ns, go off %.1f ns\n", (double)set / many,
                        (double)cancelled / (many / 2), (double)advanced / (many / 2));
        cop__free(timers);
}
