/*
 * Exceptions of C++ on stacks of ours: prints "well" if they are kept apart.
 *
 * With the argument "escape" one leaves the function that a stack began with: the program must end
 * by std::terminate(), not unwind into what lies above.
 */
#include <stdio.h>
#include <string.h>

#include "catch.h"
#include "runtime/stack.h"

/* The exception that a process had caught when it was ended is lost: C++ has it, and we cannot know. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
        return "detect_leaks=0";
}

static struct native_stack native;
static struct stack_cache cache;
static struct stack *stacks[2];
static int results[2];
static int (*function)(int number);

void leave(int number)
{
        cop__context_leave(stacks[number], &native);
}

static void run(void *argument)
{
        int number = (int)(intptr_t)argument;

        results[number] = function(number);
        cop__context_finish(stacks[number], &native);
}

/* Both are in the middle of function() at once, and go on in the order in which they came. */
static int interleave(int (*fn)(int number))
{
        function = fn;
        for (int i = 0; i < 2; i++) {
                results[i] = -3;
                cop__context_start(&native, stacks[i], run, (void *)(intptr_t)i);
        }
        for (int i = 0; i < 2; i++)
                cop__context_resume(&native, stacks[i]);
        return results[0] == 0 && results[1] == 1;
}

/* One is ended while it is inside a catch; whoever gets its stack begins with nothing. */
static int abandon(int (*fn)(int number))
{
        function = fn;
        cop__context_start(&native, stacks[0], run, (void *)(intptr_t)0);
        cop__context_forget(stacks[0]);
        return interleave(fn) && uncaught_count() == 0;
}

static void escape(void *argument)
{
        throw_for_nobody();
}

int main(int argc, char **argv)
{
        if (cop__context_check() < 0 || cop__stacks_start(&(struct stack_options){ 0 }) < 0)
                return 2;
        cop__native_stack_init(&native);
        for (int i = 0; i < 2; i++)
                stacks[i] = cop__stack_take(&cache, 0);

        if (argc > 1 && strcmp(argv[1], "escape") == 0)
                cop__context_start(&native, stacks[0], escape, NULL);
        if (interleave(wait_inside_catch) && interleave(wait_while_unwinding) &&
            abandon(wait_inside_catch))
                puts("well");
        return 0;
}
