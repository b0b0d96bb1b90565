/*
 * TRY: errors, exits and throws, and catching them.
 */
#include "support/puppet.h"

#include <errno.h>

static cop_term caught;

static void nothing(void *unused)
{
}

static void raises_error(void *unused)
{
        cop_error("{bad, N}", 5);
}

static void exits(void *unused)
{
        cop_exit("{some, [reason]}");
}

static void throws(void *unused)
{
        cop_throw("{a, value}");
}

COP_TEST(TRY_normal, "a function that returns: normal, and the reason is untouched")
{
        cop_term reason = cop_int(7);

        cop_assert_equal(cop_try(nothing, NULL, &reason), COP_NORMAL);
        cop_assert_term(reason, "7");
}

COP_TEST(TRY_error, "an error is {What, Stack}, with function, file and line of the place")
{
        cop_term module, line;

        cop_assert_equal(cop_try(raises_error, NULL, &caught), COP_ERROR);
        cop_assert_match(caught, "{{bad, 5}, [{M, raises_error, 0, [{file, _}, {line, L}]} | _]}",
                         &module, &line);
        cop_assert_term(module, "test_try");
}

COP_TEST(TRY_exit, "an exit is its reason")
{
        cop_assert_equal(cop_try(exits, NULL, &caught), COP_EXIT);
        cop_assert_term(caught, "{some, [reason]}");
}

COP_TEST(TRY_throw, "a throw is its value")
{
        cop_assert_equal(cop_try(throws, NULL, &caught), COP_THROW);
        cop_assert_term(caught, "{a, value}");
}

static void wrong_argument(void *unused)
{
        cop_to_int(cop_atom("no_number"));
}

COP_TEST(TRY_badarg, "a wrong argument of a function is an error, badarg")
{
        cop_term stack;

        cop_assert_equal(cop_try(wrong_argument, NULL, &caught), COP_ERROR);
        cop_assert_match(caught, "{badarg, Stack}", &stack);
}

static void nests(void *unused)
{
        cop_term inner = cop_nil();

        cop_assert_equal(cop_try(throws, NULL, &inner), COP_THROW);
        cop_assert_equal(cop_try(exits, NULL, &inner), COP_EXIT);
        cop_error("outer");
}

COP_TEST(TRY_nested, "the innermost catches; what is raised after it goes to the next")
{
        cop_term stack;

        cop_assert_equal(cop_try(nests, NULL, &caught), COP_ERROR);
        cop_assert_match(caught, "{outer, Stack}", &stack);
}

static void goes_down(void *depth)
{
        void (*volatile again)(void *) = goes_down;

        if (!depth)
                cop_throw("bottom");
        again((void *)((uintptr_t)depth - 1));
        again = NULL; /* so that the call before is no tail call */
}

COP_TEST(TRY_deep, "from deep below, again and again, and the stack is as before")
{
        int k;

        for (k = 0; k < 1000; k++) {
                cop_assert_equal(cop_try(goes_down, (void *)(intptr_t)200, &caught), COP_THROW);
                cop_assert_term(caught, "bottom");
        }
}

static void waits_and_throws(void *unused)
{
        errno = 7;
        cop_receive(COP_FOREVER, "go_on");
        cop_assert_equal(errno, 7);
        cop_throw("after_waiting");
}

COP_TEST(TRY_over_a_wait, "a try may hold over a wait")
{
        cop_send_after(5, cop_self(), "go_on");
        cop_assert_equal(cop_try(waits_and_throws, NULL, &caught), COP_THROW);
        cop_assert_term(caught, "after_waiting");
}

static void exits_uncaught(cop_term none)
{
        cop_exit("{my, \"reason\"}");
}

static void throws_uncaught(cop_term none)
{
        cop_throw("ball");
}

static void raises_again(cop_term none)
{
        cop_term reason = cop_nil();

        if (cop_try(exits, NULL, &reason) == COP_EXIT)
                cop_exit_term(reason);
}

COP_TEST(TRY_uncaught, "what nobody catches ends the process; a throw as {{nocatch, Value}, Stack}")
{
        cop_term stack;
        cop_ref ref;

        cop_spawn(exits_uncaught, cop_nil(), .monitor = &ref);
        cop_assert_term(down_reason(ref), "{my, \"reason\"}");
        cop_spawn(throws_uncaught, cop_nil(), .monitor = &ref);
        cop_assert_match(down_reason(ref), "{{nocatch, ball}, Stack}", &stack);
        cop_spawn(raises_again, cop_nil(), .monitor = &ref);
        cop_assert_term(down_reason(ref), "{some, [reason]}");
}

static void in_a_callback(void *state, const struct cop_message *m)
{
        cop_term reason = cop_nil();
        enum cop_class class = cop_try(raises_error, NULL, &reason);

        if (m->kind == COP_CALL)
                cop_answer(m->from, "{class, N}", (int)class);
}

static const struct cop_handler catcher = { "catcher", 0, NULL, in_a_callback };

COP_TEST(TRY_in_handler, "a callback may catch, each time anew")
{
        cop_pid pid = cop_spawn_handler(&catcher, cop_nil());
        int k;

        for (k = 0; k < 100; k++)
                cop_assert_term(cop_call(pid, "go"), "{class, N}", (int)COP_ERROR);
}

static void exits_itself(void *unused)
{
        cop_exit_to(cop_self(), "signal");
}

static void tries_signal(cop_term none)
{
        cop_term reason;

        cop_try(exits_itself, NULL, &reason);
        cop_exit("caught");
}

COP_TEST(TRY_not_signals, "an exit signal is not caught, not even one's own")
{
        cop_ref ref;

        cop_spawn(tries_signal, cop_nil(), .monitor = &ref);
        cop_assert_term(down_reason(ref), "signal");
}
