/*
 * wheel.c: six wheels of 256 slots, each turning once while the next one moves by a slot.
 *
 * A tick is written with six digits of base 256. A timer stands on the level of the highest digit in
 * which its tick differs from the wheel's, in the slot that this digit says. So on level 0 a slot
 * is one tick, on level 1 it is 256 of them, and when the wheel's tick reaches the beginning of
 * such a slot, its timers are spread over the levels below: each timer is moved at most five times,
 * and most are cancelled before they are moved at all.
 *
 * set       a division of the time and a push on a list.
 * cancel    an unlinking; when the slot is empty, its bit is cleared.
 * advance   jumps from one slot with timers to the next, by the bits.
 *
 * Invariant Above its level a timer's digits are those of the wheel's tick, at its level its digit
 *           is greater; so slots never wrap round, and everything on a lower level is due before
 *           anything on a higher one. No timer's tick is the wheel's tick or before.
 * Order     A slot is a list, newest first. When it is spread it is turned round before, so that
 *           this stays true; what goes off is turned round and then sorted by due_ns, stably.
 *
 * Why not a heap: a million timers are twenty levels of cache misses for each that is set, and most
 * timers are timeouts of calls, which are cancelled at once.
 */
#include "runtime/wheel.h"

#include <string.h>

#include "base/bug.h"

/* The first tick that begins at due_ns or after. */
static int64_t tick_of(int64_t due_ns)
{
        return (due_ns >> TICK_SHIFT) + ((due_ns & ((1 << TICK_SHIFT) - 1)) != 0);
}

static unsigned digit(int64_t tick, unsigned level)
{
        return (unsigned)(tick >> (level * WHEEL_BITS)) & (WHEEL_SLOTS - 1);
}

/* The highest digit in which they differ. They differ. */
static unsigned level_of(int64_t tick, int64_t other)
{
        return (63 - (unsigned)__builtin_clzll((uint64_t)(tick ^ other))) / WHEEL_BITS;
}

void cop__wheel_init(struct wheel *wheel, int64_t now_ns)
{
        cop__assert(now_ns >= 0);
        memset(wheel, 0, sizeof(*wheel));
        wheel->tick = now_ns >> TICK_SHIFT;
}

static void push(struct wheel_timer **list, struct wheel_timer *timer)
{
        timer->next = *list;
        timer->at = list;
        if (timer->next)
                timer->next->at = &timer->next;
        *list = timer;
}

/* Puts a timer where its tick, after the wheel's, wants it. */
static void place(struct wheel *wheel, struct wheel_timer *timer, int64_t tick)
{
        unsigned level = level_of(tick, wheel->tick);
        unsigned slot = digit(tick, level);

        push(&wheel->slots[level][slot], timer);
        wheel->used[level][slot / 64] |= 1ULL << (slot % 64);
}

/* Where a timer that is due at due_ns belongs: after the wheel's tick in any case. */
static int64_t tick_to_go_off(const struct wheel *wheel, int64_t due_ns)
{
        int64_t tick = tick_of(due_ns);

        return tick > wheel->tick ? tick : wheel->tick + 1;
}

void cop__wheel_set(struct wheel *wheel, struct wheel_timer *timer, int64_t due_ns)
{
        timer->due_ns = due_ns;
        place(wheel, timer, tick_to_go_off(wheel, due_ns));
        wheel->count++;
}

void cop__wheel_cancel(struct wheel *wheel, struct wheel_timer *timer)
{
        struct wheel_timer **first = &wheel->slots[0][0];

        cop__assert(timer->at != NULL);
        *timer->at = timer->next;
        if (timer->next) {
                timer->next->at = timer->at;
        } else if (timer->at >= first && timer->at < first + WHEEL_LEVELS * WHEEL_SLOTS) {
                size_t slot = (size_t)(timer->at - first);

                wheel->used[slot / WHEEL_SLOTS][slot % WHEEL_SLOTS / 64] &= ~(1ULL << (slot % 64));
        }
        timer->at = NULL;
        timer->next = NULL;
        wheel->count--;
}

/* Empties a slot and returns its timers, oldest first. */
static struct wheel_timer *take_slot(struct wheel *wheel, unsigned level, unsigned slot)
{
        struct wheel_timer *newest = wheel->slots[level][slot];
        struct wheel_timer *oldest = NULL;

        wheel->slots[level][slot] = NULL;
        wheel->used[level][slot / 64] &= ~(1ULL << (slot % 64));
        while (newest) {
                struct wheel_timer *next = newest->next;

                newest->next = oldest;
                newest->at = NULL;
                oldest = newest;
                newest = next;
        }
        return oldest;
}

/* ---- sorting what goes off together ---- */

static struct wheel_timer *merge(struct wheel_timer *a, struct wheel_timer *b)
{
        struct wheel_timer *merged;
        struct wheel_timer **end = &merged;

        while (a && b) {
                struct wheel_timer **smaller = a->due_ns <= b->due_ns ? &a : &b;

                *end = *smaller;
                end = &(*end)->next;
                *smaller = (*smaller)->next;
        }
        *end = a ? a : b;
        return merged;
}

/* By due_ns; what is equal stays in order. */
static struct wheel_timer *sort(struct wheel_timer *list)
{
        struct wheel_timer *runs[64] = { NULL }; /* runs[i] has 2^i timers, or none */
        struct wheel_timer *sorted = NULL;
        unsigned i;

        while (list) {
                struct wheel_timer *run = list;

                list = list->next;
                run->next = NULL;
                for (i = 0; runs[i]; i++) {
                        run = merge(runs[i], run);
                        runs[i] = NULL;
                }
                runs[i] = run;
        }
        for (i = 0; i < 64; i++)
                if (runs[i])
                        sorted = merge(runs[i], sorted);
        return sorted;
}

static bool is_sorted(const struct wheel_timer *list)
{
        for (; list && list->next; list = list->next)
                if (list->due_ns > list->next->due_ns)
                        return false;
        return true;
}

/* ---- going on ---- */

/* The first used slot of a level that comes after `after`; WHEEL_SLOTS when there is none. */
static unsigned next_used(const uint64_t *used, unsigned after)
{
        unsigned slot = after + 1;

        while (slot < WHEEL_SLOTS) {
                uint64_t rest = used[slot / 64] >> (slot % 64);

                if (rest)
                        return slot + (unsigned)__builtin_ctzll(rest);
                slot = (slot / 64 + 1) * 64;
        }
        return WHEEL_SLOTS;
}

/* The next slot with timers: its level, and the tick at which it begins. False: there is none. */
static bool find_next(const struct wheel *wheel, unsigned *level, int64_t *tick)
{
        for (*level = 0; *level < WHEEL_LEVELS; ++*level) {
                unsigned slot = next_used(wheel->used[*level], digit(wheel->tick, *level));
                unsigned shift = *level * WHEEL_BITS;

                if (slot < WHEEL_SLOTS) {
                        int64_t above = wheel->tick >> shift >> WHEEL_BITS << WHEEL_BITS;

                        *tick = (above | slot) << shift;
                        return true;
                }
        }
        return false;
}

/* Spreads timers over the levels below theirs. Returns those that go off at this very tick. */
static struct wheel_timer *spread(struct wheel *wheel, struct wheel_timer *timer)
{
        struct wheel_timer *due = NULL;
        struct wheel_timer **end = &due;

        while (timer) {
                struct wheel_timer *next = timer->next;
                int64_t tick = tick_of(timer->due_ns);

                if (tick <= wheel->tick) {
                        *end = timer;
                        end = &timer->next;
                } else {
                        place(wheel, timer, tick);
                }
                timer = next;
        }
        *end = NULL;
        return due;
}

struct wheel_timer *cop__wheel_advance(struct wheel *wheel, int64_t now_ns)
{
        int64_t now = now_ns >> TICK_SHIFT;
        struct wheel_timer *due = NULL;
        struct wheel_timer **end = &due;
        unsigned level;
        int64_t tick;

        while (find_next(wheel, &level, &tick) && tick <= now) {
                struct wheel_timer *list;

                wheel->tick = tick;
                list = spread(wheel, take_slot(wheel, level, digit(tick, level)));
                *end = is_sorted(list) ? list : sort(list);
                while (*end) {
                        end = &(*end)->next;
                        wheel->count--;
                }
        }
        if (now > wheel->tick)
                wheel->tick = now;
        return due;
}

int64_t cop__wheel_next_ns(const struct wheel *wheel)
{
        unsigned level;
        int64_t tick;

        if (!find_next(wheel, &level, &tick))
                return INT64_MAX;
        return tick > INT64_MAX >> TICK_SHIFT ? INT64_MAX : tick << TICK_SHIFT;
}

/* ---- audit ---- */

static size_t audit_slot(const struct wheel *wheel, unsigned level, unsigned slot)
{
        struct wheel_timer *const *at = &wheel->slots[level][slot];
        size_t count = 0;

        for (const struct wheel_timer *timer = *at; timer; timer = timer->next, count++) {
                int64_t tick = tick_of(timer->due_ns);

                cop__assert(timer->at == at);
                if (tick <= wheel->tick) /* it was late when it was set */
                        tick = wheel->tick + 1;
                cop__assert(level_of(tick, wheel->tick) == level);
                cop__assert(digit(tick, level) == slot);
                at = &timer->next;
        }
        return count;
}

void cop__wheel_audit(const struct wheel *wheel)
{
        size_t count = 0;

        for (unsigned level = 0; level < WHEEL_LEVELS; level++) {
                for (unsigned slot = 0; slot < WHEEL_SLOTS; slot++) {
                        bool used = wheel->used[level][slot / 64] >> (slot % 64) & 1;

                        cop__assert(used == (wheel->slots[level][slot] != NULL));
                        if (used)
                                cop__assert(slot > digit(wheel->tick, level));
                        count += audit_slot(wheel, level, slot);
                }
        }
        cop__assert(count == wheel->count);
}
