/*
 * torture: processes that do anything to each other, at random, until a number of them has lived.
 *
 *     build/tests/runtime_torture [processes [seed [alive [schedulers]]]]
 *
 * Each actor keeps no knowledge of the others but a board of pids that all write to. What they do is drawn from the
 * seed; on one scheduler the same seed does the same. In the end everything must be gone: processes, timers, names,
 * and every block of memory.
 */
#include <coppice/handler.h>
#include <coppice/memory.h>
#include <coppice/system.h>
#include <coppice/timer.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "runtime/timer.h"

enum { BOARD = 512, NAMES = 16 };

static _Atomic(uint64_t) board[BOARD];
static _Atomic(size_t) born;
static _Atomic(size_t) owned; /* destructors that are still to run */
static size_t wanted = 100000, alive = 2000;
static uint64_t seed = 1;

/* A generator of each actor's own, so that they do not meet over it. */
struct dice {
        uint64_t state;
};

static uint64_t roll(struct dice *dice, uint64_t below)
{
        dice->state ^= dice->state << 13;
        dice->state ^= dice->state >> 7;
        dice->state ^= dice->state << 17;
        return (dice->state >> 11) % below;
}

static struct dice dice_of(uint64_t number)
{
        struct dice dice = { (number + 1) * 0x9e3779b97f4a7c15u ^ seed * 0xd1342543de82ef95u };

        if (!dice.state)
                dice.state = 1;
        roll(&dice, 2);
        return dice;
}

static cop_pid somebody(struct dice *dice)
{
        return (cop_pid){ atomic_load(&board[roll(dice, BOARD)]) };
}

static void give_back(void *what)
{
        atomic_fetch_sub(&owned, 1);
}

static const char *name_at(size_t n)
{
        static const char *const names[NAMES] = { "ada", "bob", "cyd", "dan", "eve", "fay",
                                                  "gus", "hal", "ida", "jon", "kay", "leo",
                                                  "mia", "ned", "ole", "pia" };

        return names[n % NAMES];
}

/* ---- what an actor may do ---- */

static void plain(cop_term number);
static void handle(void *state, const struct cop_message *message);
static void begin(void *state, cop_term number);

struct actor {
        struct dice dice;
        cop_ref monitor, timer, request, alias;
        int turns;
};

static const struct cop_handler handler = { "actor", sizeof(struct actor), begin, handle };

static void try_register(void *actor)
{
        struct actor *a = actor;

        cop_register(name_at(roll(&a->dice, NAMES)), cop_self());
}

static void try_unregister(void *actor)
{
        struct actor *a = actor;

        cop_unregister(name_at(roll(&a->dice, NAMES)));
}

static void spawn_one(struct actor *a, bool may_link)
{
        size_t number = atomic_fetch_add(&born, 1);
        bool link = roll(&a->dice, 4) == 0 && may_link;
        cop_ref *monitor = roll(&a->dice, 4) == 0 ? &a->monitor : NULL;
        bool traps = roll(&a->dice, 3) == 0;
        cop_pid pid;

        if (roll(&a->dice, 2))
                pid = cop_spawn(plain, cop_uint(number), .link = link, .monitor = monitor,
                                .trap_exits = traps, .priority = (int)roll(&a->dice, 3));
        else
                pid = cop_spawn_handler(&handler, cop_uint(number), .link = link,
                                        .monitor = monitor, .trap_exits = traps);
        atomic_store(&board[roll(&a->dice, BOARD)], pid.word);
}

static void talk(struct actor *a, cop_pid to)
{
        cop_term result;

        switch (roll(&a->dice, 6)) {
        case 0:
                cop_send(to, "{hello, N, <<\"some text that is copied\">>}", roll(&a->dice, 100));
                break;
        case 1:
                cop_cast(to, "{cast, [1, 2, 3]}");
                break;
        case 2:
                cop_try_call(&result, (int64_t)roll(&a->dice, 3), to, "ask");
                break;
        case 3:
                a->request = cop_send_request(to, "later");
                break;
        case 4:
                if (a->request.word)
                        cop_receive_response(a->request, (int64_t)roll(&a->dice, 2), &result);
                a->request.word = 0;
                break;
        default:
                if (a->alias.word)
                        cop_send(a->alias, "through_alias");
        }
}

static void bond(struct actor *a, cop_pid with)
{
        switch (roll(&a->dice, 6)) {
        case 0:
                if (cop_is_alive(with))
                        cop_link(with);
                break;
        case 1:
                cop_unlink(with);
                break;
        case 2:
                a->monitor = cop_monitor(with, .alias = roll(&a->dice, 4));
                break;
        case 3:
                if (a->monitor.word)
                        cop_demonitor_flush(a->monitor);
                break;
        case 4:
                a->alias = cop_alias(COP_ALIAS_REPLY);
                break;
        default:
                if (a->alias.word)
                        cop_unalias(a->alias);
        }
}

static void own_something(struct actor *a)
{
        switch (roll(&a->dice, 4)) {
        case 0:
                atomic_fetch_add(&owned, 1);
                cop_own(a, give_back);
                break;
        case 1:
                cop_alloc(1 + roll(&a->dice, 2000));
                break;
        case 2:
                cop_put(cop_int((int64_t)roll(&a->dice, 4)), cop_build("{some, [value]}"));
                break;
        default:
                cop_keep(cop_build("{kept, N}", roll(&a->dice, 9)));
        }
}

static void use_timers(struct actor *a, cop_pid to)
{
        if (roll(&a->dice, 2))
                a->timer = cop_send_after((int64_t)roll(&a->dice, 5), to, "{tick, <<\"tock\">>}");
        else if (a->timer.word)
                cop_cancel_timer(a->timer);
}

static void use_names(struct actor *a)
{
        cop_term reason;

        if (roll(&a->dice, 2))
                cop_try(try_register, a, &reason);
        else
                cop_try(try_unregister, a, &reason);
}

static void end_somebody(struct actor *a, cop_pid whom)
{
        switch (roll(&a->dice, 8)) {
        case 0:
                cop_kill(whom);
                break;
        case 1:
                cop_exit_to(whom, "{because, <<\"of a reason with some words\">>}");
                break;
        case 2:
                cop_exit_to(whom, "normal");
                break;
        case 3:
                cop_exit("shutdown");
        case 4:
                cop_error("{oops, [1, 2]}");
        default:
                break;
        }
}

static void act(struct actor *a)
{
        cop_pid other = somebody(&a->dice);

        if (atomic_load(&born) < wanted && cop_process_count() < alive && roll(&a->dice, 3) == 0)
                spawn_one(a, true);
        if (!other.word)
                return;
        switch (roll(&a->dice, 12)) {
        case 0:
        case 1:
        case 2:
        case 3:
                talk(a, other);
                break;
        case 4:
        case 5:
        case 6:
                bond(a, other);
                break;
        case 7:
                own_something(a);
                break;
        case 8:
                use_timers(a, other);
                break;
        case 9:
                use_names(a);
                break;
        case 10:
                if (roll(&a->dice, 3) == 0)
                        end_somebody(a, other);
                break;
        default:
                cop_trap_exits(roll(&a->dice, 2));
        }
}

/* ---- the two kinds of actors ---- */

static void plain(cop_term number)
{
        struct actor a = { .dice = dice_of(cop_to_uint(number)) };
        int turns = 5 + (int)roll(&a.dice, 60);
        cop_from from;

        while (turns-- > 0) {
                cop_term message = cop_next_message_within((int64_t)roll(&a.dice, 2));

                if (message.word &&
                    cop_match(message, "{'$gen_call', {Pid, Ref}, _}", &from.pid, &from.ref))
                        cop_answer(from, "{answer, <<\"of some length\">>}");
                act(&a);
                if (roll(&a.dice, 5) == 0)
                        cop_yield();
        }
}

static void begin(void *state, cop_term number)
{
        struct actor *a = state;

        a->dice = dice_of(cop_to_uint(number));
        a->turns = 5 + (int)roll(&a->dice, 60);
        cop_send(cop_self(), "go");
}

static void handle(void *state, const struct cop_message *message)
{
        struct actor *a = state;

        if (message->kind == COP_CALL && roll(&a->dice, 3))
                cop_answer(message->from, "{answer, 42}");
        act(a);
        if (--a->turns <= 0)
                cop_exit("normal");
        cop_handler_timeout((int64_t)roll(&a->dice, 3));
}

/* ---- the whole ---- */

static void keep_going(void)
{
        struct actor god = { .dice = dice_of(UINT64_MAX - 1) };

        while (atomic_load(&born) < wanted) {
                if (cop_process_count() < alive / 2)
                        spawn_one(&god, false);
                else
                        cop_receive(1, "never");
                cop_next_message_within(0);
                god.monitor.word = 0;
        }
}

static size_t names_left(void)
{
        size_t i, left = 0;

        for (i = 0; i < NAMES; i++)
                left += !cop_is_nobody(cop_whereis(name_at(i)));
        return left;
}

static uint64_t argument(int argc, char **argv, int n, uint64_t otherwise)
{
        return argc > n ? strtoull(argv[n], NULL, 10) : otherwise;
}

int main(int argc, char **argv)
{
        int64_t blocks;
        size_t timers;
        int killed;

        wanted = argument(argc, argv, 1, wanted);
        seed = argument(argc, argv, 2, seed);
        alive = argument(argc, argv, 3, alive);
        cop_system_start(); /* so that what is made once and kept is there */
        cop_system_stop(1000);
        blocks = cop__alloc_live_blocks();
        if (cop_system_start(.schedulers = (int)argument(argc, argv, 4, 0)) < 0)
                return 1;
        keep_going();
        cop_thread_leave();
        killed = cop_system_stop(200);
        timers = cop__timer_count();
        blocks = cop__alloc_live_blocks() - blocks;
        printf("born %zu, killed at the end %d, left: timers %zu, names %zu, owned %zu, blocks "
               "%ld\n",
               atomic_load(&born), killed, timers, names_left(), atomic_load(&owned), (long)blocks);
        return timers || names_left() || atomic_load(&owned) || blocks;
}
