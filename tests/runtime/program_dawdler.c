/*
 * Stays in one turn for as long as it takes to be told of: running, or waiting in the kernel. Ends when
 * its standard input does.
 *
 *     runtime_dawdler run|wait
 */
#include <coppice.h>

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool is_over(int timeout_ms)
{
        struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
        char byte;

        return poll(&input, 1, timeout_ms) > 0 && read(STDIN_FILENO, &byte, 1) <= 0;
}

void dawdle(bool runs);

__attribute__((noinline)) void dawdle(bool runs)
{
        while (!is_over(runs ? 0 : -1))
                for (volatile int i = 0; runs && i < 1000000; i++)
                        continue;
        __asm__ volatile(""); /* no tail call */
}

static bool runs;

static void dawdler(cop_term argument)
{
        cop_register("dawdler", cop_self());
        dawdle(runs);
}

static void run(cop_term arguments)
{
        cop_ref ref;

        cop_spawn(dawdler, cop_nil(), .monitor = &ref);
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, _}", &ref);
        printf("over\n");
}

int main(int argc, char **argv)
{
        runs = argc > 1 && strcmp(argv[1], "run") == 0;
        return cop_main(run, argc, argv);
}
