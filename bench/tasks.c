/*
 * What a task costs that somebody waits for. tasks.erl does the same with Elixir's Task, where it is installed.
 *
 *     build/bench/tasks NUMBER
 */
#include <coppice/memory.h>
#include <coppice/system.h>
#include <coppice/task.h>
#include <coppice/timer.h>

#include <stdio.h>
#include <stdlib.h>

static cop_term task(cop_term argument)
{
        return argument;
}

static void tasks(long times)
{
        while (times-- > 0)
                cop_scope {
                        cop_task_await(cop_task_async(task, cop_int(times)));
                }
}

static long number;

static void run(cop_term nothing)
{
        int64_t start;

        tasks(number / 10);
        start = cop_now_ns();
        tasks(number);
        printf("task_async\t%.4g\t/s\n", (double)number / (double)(cop_now_ns() - start) * 1e9);
        fflush(stdout);
        _Exit(0);
}

int main(int argc, char **argv)
{
        if (argc < 2)
                return 2;
        number = atol(argv[1]);
        return cop_main(run, 1, argv);
}
