/*
 * A process that is in a callback of the C library when an exit signal comes, and stays there for a
 * second of processor time.
 *
 *     runtime_refusals traps|ends
 *
 * Prints why it ended.
 */
#include <coppice.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool traps;
static volatile bool came_back; /* to the program's code, though it was to end */

static int compare(const void *a, const void *b)
{
        clock_t end = clock() + CLOCKS_PER_SEC;

        cop_send("main", "begun");
        while (clock() < end)
                continue;
        return 0;
}

static void sort(cop_term none)
{
        int numbers[2] = { 2, 1 };

        cop_trap_exits(traps);
        qsort(numbers, 2, sizeof(numbers[0]), compare);
        if (!traps)
                came_back = true;
        if (cop_receive(COP_FOREVER, "{'EXIT', _, shutdown}"))
                cop_exit("it_was_told");
}

static void run(cop_term none)
{
        cop_term reason = cop_nil();
        cop_pid sorter;
        cop_ref ref;

        cop_register("main", cop_self());
        sorter = cop_spawn(sort, cop_nil(), .monitor = &ref);
        cop_receive(COP_FOREVER, "begun");
        cop_exit_to(sorter, "shutdown");
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason);
        printf("%s\n", cop_show(reason));
        if (came_back)
                printf("it came back\n");
}

int main(int argc, char **argv)
{
        traps = argc > 1 && strcmp(argv[1], "traps") == 0;
        setenv("COP_SCHEDULERS", "2", 1);
        return cop_main(run, argc, argv);
}
