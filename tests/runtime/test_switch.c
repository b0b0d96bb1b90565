/*
 * SWITCH: leaving one stack for another, and what goes along.
 *
 * There is no runtime here: a test takes stacks, starts functions on them, and goes to and fro by
 * hand.
 */
#include <coppice/test.h>

#include <errno.h>
#include <fenv.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "runtime/stack.h"
#include "support/program.h"

static struct native_stack native;
static struct stack_cache cache;

static void start_stacks(void)
{
        cop_assert_equal(cop__context_check(), 0);
        cop_assert_equal(cop__stacks_start(&(struct stack_options){ 0 }), 0);
        cop__native_stack_init(&native);
}

static void stop_stacks(void)
{
        cop__stack_cache_release(&cache);
        cop__stacks_audit();
        cop__stacks_stop();
}

static struct stack *take(void)
{
        struct stack *stack = cop__stack_take(&cache, 0);

        cop_assert(stack != NULL);
        return stack;
}

/* What most tests run: notes each step in a journal, and leaves after it. */
struct walker {
        struct stack *stack;
        char *journal;
        char letter;
        int steps;
};

static void walk(void *argument)
{
        struct walker *w = argument;

        for (int i = 0; i < w->steps; i++) {
                strncat(w->journal, &w->letter, 1);
                cop__context_leave(w->stack, &native);
        }
        cop__context_finish(w->stack, &native);
}

COP_TEST(SWITCH_turns, "two stacks take turns, and each goes on where it stood")
{
        char journal[16] = "";
        struct walker a = { NULL, journal, 'a', 3 };
        struct walker b = { NULL, journal, 'b', 3 };

        start_stacks();
        a.stack = take();
        b.stack = take();

        cop__context_start(&native, a.stack, walk, &a);
        cop__context_start(&native, b.stack, walk, &b);
        for (int i = 0; i < 3; i++) {
                cop__context_resume(&native, a.stack);
                cop__context_resume(&native, b.stack);
        }

        cop_assert_text(journal, "ababab");
        cop_assert(a.stack->context.sp == NULL);
        cop_assert(b.stack->context.sp == NULL);
        cop__stack_give(&cache, a.stack);
        cop__stack_give(&cache, b.stack);
        stop_stacks();
}

static bool top_is_aligned;

static void look_at_alignment(void *stack)
{
        long double on_stack = 0;

        top_is_aligned =
                (uintptr_t)__builtin_frame_address(0) % 16 == 0 && (uintptr_t)&on_stack % 16 == 0;
        cop__context_finish(stack, &native);
}

COP_TEST(SWITCH_alignment, "a stack begins aligned as the calling convention wants, in each colour")
{
        struct stack *stacks[40];

        start_stacks();
        for (int i = 0; i < 40; i++) {
                stacks[i] = take();
                cop__context_start(&native, stacks[i], look_at_alignment, stacks[i]);
                cop_assert(top_is_aligned);
        }
        for (int i = 0; i < 40; i++)
                cop__stack_give(&cache, stacks[i]);
        stop_stacks();
}

/* ---- what goes along ---- */

static void errno_is_mine(void *argument)
{
        struct walker *w = argument;

        if (errno != 0)
                w->steps = -1;
        errno = w->letter;
        cop__context_leave(w->stack, &native);
        if (errno != w->letter)
                w->steps = -1;
        cop__context_finish(w->stack, &native);
}

COP_TEST(TRAP_3, "errno goes with the stack, and is 0 where one begins")
{
        struct walker a = { .letter = 'a' };
        struct walker b = { .letter = 'b' };

        start_stacks();
        a.stack = take();
        b.stack = take();
        errno = EPERM;

        cop__context_start(&native, a.stack, errno_is_mine, &a);
        cop__context_start(&native, b.stack, errno_is_mine, &b);
        errno = EIO;
        cop__context_resume(&native, a.stack);
        cop__context_resume(&native, b.stack);

        cop_assert_equal(a.steps, 0);
        cop_assert_equal(b.steps, 0);
        cop__stack_give(&cache, a.stack);
        cop__stack_give(&cache, b.stack);
        stop_stacks();
}

static void round_upward(void *stack)
{
        fesetround(FE_UPWARD);
        cop__context_leave(stack, &native);
        if (fegetround() != FE_UPWARD)
                errno = EDOM;
        cop__context_finish(stack, &native);
}

COP_TEST(SWITCH_rounding, "the rounding mode that a stack chose is its own")
{
        struct stack *stack;

        start_stacks();
        stack = take();
        cop__context_start(&native, stack, round_upward, stack);
        cop_assert_equal(fegetround(), FE_TONEAREST);
        cop__context_resume(&native, stack);
        cop_assert_equal(fegetround(), FE_TONEAREST);
        cop_assert_equal(errno, 0);
        cop__stack_give(&cache, stack);
        stop_stacks();
}

/* Each of the registers that a callee keeps holds something of this stack's over the switch. */
static void keep_registers(void *argument)
{
        struct walker *w = argument;
        volatile uint64_t seed = (uint64_t)w->letter;
        uint64_t a = seed * 3, b = seed * 5, c = seed * 7, d = seed * 11, e = seed * 13,
                 f = seed * 17, g = seed * 19, h = seed * 23;
        double x = (double)seed / 3, y = (double)seed / 5, z = (double)seed / 7;

        for (int i = 0; i < 100; i++) {
                cop__context_leave(w->stack, &native);
                a += b, b += c, c += d, d += e, e += f, f += g, g += h, h += a;
                x += y, y += z, z /= 3;
        }
        snprintf(w->journal, 128, "%llx %llx %llx %llx %llx %llx %llx %llx %.17g %.17g %.17g",
                 (unsigned long long)a, (unsigned long long)b, (unsigned long long)c,
                 (unsigned long long)d, (unsigned long long)e, (unsigned long long)f,
                 (unsigned long long)g, (unsigned long long)h, x, y, z);
        cop__context_finish(w->stack, &native);
}

COP_TEST(SWITCH_registers, "what a caller keeps in registers is there after a switch")
{
        char alone[2][256] = { "", "" };
        char together[2][256] = { "", "" };
        struct walker w[2];

        start_stacks();
        for (int i = 0; i < 2; i++) {
                w[i] = (struct walker){ take(), alone[i], (char)('a' + i), 0 };
                cop__context_start(&native, w[i].stack, keep_registers, &w[i]);
                for (int j = 0; j < 100; j++)
                        cop__context_resume(&native, w[i].stack);
        }
        for (int i = 0; i < 2; i++) {
                w[i].journal = together[i];
                cop__context_start(&native, w[i].stack, keep_registers, &w[i]);
        }
        for (int j = 0; j < 100; j++) {
                cop__context_resume(&native, w[0].stack);
                cop__context_resume(&native, w[1].stack);
        }
        cop_assert(alone[0][0] != '\0');
        cop_assert_text(together[0], alone[0]);
        cop_assert_text(together[1], alone[1]);
        cop__stack_give(&cache, w[0].stack);
        cop__stack_give(&cache, w[1].stack);
        stop_stacks();
}

/* ---- the end of what runs on a stack ---- */

static __attribute__((noinline)) void finish_deep(struct stack *stack, int depth)
{
        char filler[64];

        snprintf(filler, sizeof(filler), "%d", depth);
        if (filler[0] == '-')
                return; /* never: but the compiler would see a recursion without end */
        if (depth == 0)
                cop__context_finish(stack, &native);
        else
                finish_deep(stack, depth - 1);
}

static void finish_below(void *stack)
{
        finish_deep(stack, 10);
}

COP_TEST(SWITCH_finish, "a stack may be finished in any depth, and be used again, many times over")
{
        struct stack *stack;

        start_stacks();
        stack = take();
        for (int i = 0; i < 20000; i++)
                cop__context_start(&native, stack, finish_below, stack);
        cop__stack_give(&cache, stack);
        stop_stacks();
}

static void wait_deep(void *stack)
{
        char filler[256];

        memset(filler, 1, sizeof(filler));
        cop__context_leave(stack, &native);
        cop_fail("a forgotten stack went on, %d", filler[7]);
}

COP_TEST(SWITCH_forget, "a stack that is forgotten while it waits can be used again")
{
        struct stack *stack;

        start_stacks();
        stack = take();
        for (int i = 0; i < 200; i++) {
                cop__context_start(&native, stack, wait_deep, stack);
                cop_assert(stack->context.sp != NULL);
                cop__context_forget(stack);
                cop_assert(stack->context.sp == NULL);
                cop__context_start(&native, stack, finish_below, stack);
        }
        cop__stack_give(&cache, stack);
        stop_stacks();
}

/* ---- catching ---- */

struct catching {
        struct catch_frame frame;
        struct stack *stack;
        int depth;
        int caught;
};

static __attribute__((noinline)) void throw_deep(struct catching *c, int depth)
{
        char filler[64];

        snprintf(filler, sizeof(filler), "%d", depth);
        if (filler[0] == '-')
                return; /* never: but the compiler would see a recursion without end */
        if (depth == 0)
                cop__catch_return(&c->frame);
        else
                throw_deep(c, depth - 1);
}

static void throw_from(void *argument)
{
        struct catching *c = argument;

        throw_deep(c, c->depth);
}

static void return_only(void *argument)
{
}

static void nest(void *argument)
{
        struct catching *outer = argument;
        struct catching inner = { .depth = 3 };

        if (cop__catch(&inner.frame, throw_from, &inner))
                outer->caught++;
        throw_deep(outer, 5);
}

COP_TEST(CATCH_returns, "a catch returns false when nothing was thrown, true when something was")
{
        struct catching c = { .depth = 7 };

        cop_assert(!cop__catch(&c.frame, return_only, &c));
        cop_assert(cop__catch(&c.frame, throw_from, &c));
        cop_assert(cop__catch(&c.frame, nest, &c));
        cop_assert_equal(c.caught, 1);
}

static void catch_and_leave(void *argument)
{
        struct catching *c = argument;

        for (int i = 0; i < 20000; i++)
                if (cop__catch(&c->frame, throw_from, c))
                        c->caught++;
        cop__context_finish(c->stack, &native);
}

COP_TEST(CATCH_many, "twenty thousand throws on a stack leave nothing behind")
{
        struct catching c = { .depth = 7 };

        start_stacks();
        c.stack = take();
        cop__context_start(&native, c.stack, catch_and_leave, &c);
        cop_assert_equal(c.caught, 20000);
        cop__stack_give(&cache, c.stack);
        stop_stacks();
}

/* ---- C++ ---- */

/* Runs the C++ program of the build; skips the test where there is none. */
static void run_cxx(struct ran *ran, const char *argument)
{
        run_program(ran, "runtime_cxx", (const char *[]){ argument, NULL });
        if (ran->status == 127)
                cop_skip("needs a C++ compiler of the same make");
}

COP_TEST(TRAP_4, "two processes on one thread, each inside a catch, rethrow what they caught")
{
        static struct ran ran;

        run_cxx(&ran, NULL);
        cop_assert_text(ran.output, "well\n");
        cop_assert_equal(ran.status, 0);
}

COP_TEST(TRAP_4_escape, "an exception that nobody on the stack catches is std::terminate")
{
        static struct ran ran;

        run_cxx(&ran, "escape");
        cop_assert_equal(ran.status, 128 + SIGABRT);
        cop_assert(strstr(ran.output, "nobody catches this") != NULL);
}

/* ---- speed ---- */

static void leave_for_ever(void *stack)
{
        for (;;)
                cop__context_leave(stack, &native);
}

static int64_t nanoseconds(void)
{
        struct timespec now;

        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now); /* however busy the machine is */
        return now.tv_sec * 1000000000 + now.tv_nsec;
}

COP_TEST(SWITCH_cost, "a switch costs some nanoseconds; COP_VERBOSE=1 prints how many")
{
        const int rounds = 100000;
        struct stack *stack;
        int64_t began;
        int64_t took;

        start_stacks();
        stack = take();
        cop__context_start(&native, stack, leave_for_ever, stack);
        began = nanoseconds();
        for (int i = 0; i < rounds; i++)
                cop__context_resume(&native, stack);
        took = nanoseconds() - began;
        if (getenv("COP_VERBOSE"))
                fprintf(stderr, "there and back: %.1f ns\n", (double)took / rounds);
        cop__context_forget(stack);
        cop__stack_give(&cache, stack);
        stop_stacks();
        cop_assert(took / rounds < 20000); /* also under valgrind and qemu */
}
