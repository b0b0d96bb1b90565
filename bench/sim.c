/*
 * How fast a simulation is: processes in pairs that call each other, with a millisecond between two calls.
 *
 *     build/bench/sim CALLS
 */
#include <coppice/server.h>
#include <coppice/sim.h>
#include <coppice/timer.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { PAIRS = 16 };

static int64_t calls;

static cop_next answer(int *count, cop_term request, cop_from from)
{
        return cop_reply(cop_int(++*count));
}

COP_SERVER(server, int, .handle_call = answer);

static void call(cop_term unused)
{
        cop_pid pid = cop_server_start_link(server, cop_nil());

        for (int64_t i = 0; i < calls; i++) {
                cop_call(pid, "next");
                cop_sleep(1);
        }
}

static double seconds(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double turns_a_second(void)
{
        cop_ref refs[PAIRS];
        double begin = seconds();

        for (int i = 0; i < PAIRS; i++)
                cop_spawn(call, cop_nil(), .monitor = &refs[i]);
        for (int i = 0; i < PAIRS; i++)
                cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, _}", &refs[i]);
        return (double)cop_sim_turns() / (seconds() - begin);
}

int main(int argc, char **argv)
{
        calls = argc > 1 ? atoll(argv[1]) : 100000;
        if (cop_system_start(.simulate = 1) < 0)
                return 1;
        printf("sim_turns\t%.4g\t/s\n", turns_a_second());
        cop_system_stop(1000);
        return 0;
}
