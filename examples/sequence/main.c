/*
 * The sequence under a supervisor: asked for what it does not understand it crashes, alone, and the
 * next who asks finds a fresh one.
 *
 *     $ build/examples/sequence
 *     456
 *     457
 *     556
 *     12:00:00.000 [error] server sequence (<0.73.0>) terminating
 *     ** function_clause
 *     ...
 *     456
 */
#include <coppice.h>

#include <stdio.h>

int64_t sequence_next_number(void);
void sequence_increment_number(cop_term delta);

COP_SUPERVISOR(sequence_supervisor, .strategy = COP_ONE_FOR_ONE, .intensity = 3, .period = 5,
               .children = COP_CHILDREN(COP_WORKER(sequence, "456", .name = "sequence",
                                                   .restart = COP_PERMANENT, .shutdown = 5000)));

/* Waits until the process has this name no longer, and another one has it. */
static void wait_for_restart(cop_pid old)
{
        while (cop_is_nobody(cop_whereis("sequence")) || cop_same(cop_whereis("sequence"), old))
                cop_sleep(1);
}

static void first(cop_term arguments)
{
        cop_pid supervisor = cop_supervisor_start_link(sequence_supervisor);
        cop_pid sequence = cop_whereis("sequence");

        printf("%ld\n", (long)sequence_next_number());
        printf("%ld\n", (long)sequence_next_number());
        sequence_increment_number(cop_int(98));
        printf("%ld\n", (long)sequence_next_number());
        fflush(stdout);

        sequence_increment_number(cop_text("cat"));
        wait_for_restart(sequence);

        printf("%ld\n", (long)sequence_next_number());
        cop_supervisor_stop(supervisor);
}

int main(int argc, char **argv)
{
        return cop_main(first, argc, argv);
}
