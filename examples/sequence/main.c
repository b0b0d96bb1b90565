/*
 * The sequence under a supervisor, and what becomes of its number when it crashes: first it is
 * forgotten, then a stash keeps it. README.md beside this tells the story.
 *
 *     $ build/examples/sequence
 */
#include <coppice.h>

#include <stdio.h>

int64_t sequence_next_number(void);
void sequence_increment_number(cop_term delta);

COP_SUPERVISOR(forgetful_supervisor, .strategy = COP_ONE_FOR_ONE, .intensity = 3, .period = 5,
               .children = COP_CHILDREN(COP_WORKER(forgetful, "123", .name = "sequence",
                                                   .restart = COP_PERMANENT, .shutdown = 5000)));

COP_SUPERVISOR(sequence_supervisor, .strategy = COP_ONE_FOR_ONE, .intensity = 3, .period = 5,
               .children = COP_CHILDREN(COP_WORKER(cop_stash, "[]", .name = "stash"),
                                        COP_WORKER(sequence, "456", .name = "sequence",
                                                   .restart = COP_PERMANENT, .shutdown = 5000)));

/* ---- a session: what is called, and what it says ---- */

static void next_number(void)
{
        printf("> sequence_next_number()\n%lld\n", (long long)sequence_next_number());
        fflush(stdout);
}

static void increment_number(cop_term delta)
{
        printf("> sequence_increment_number(%s)\nok\n", cop_show(delta));
        fflush(stdout);
        sequence_increment_number(delta);
}

/* Waits until another process has the name, and is up. */
static void wait_for_restart(cop_pid old)
{
        cop_pid now = cop_whereis("sequence");

        while (cop_is_nobody(now) || cop_same(now, old)) {
                cop_sleep(1);
                now = cop_whereis("sequence");
        }
}

static void play(const char *title, cop_pid supervisor)
{
        cop_pid sequence = cop_whereis("sequence");

        printf("-- %s\n", title);
        next_number();
        next_number();
        increment_number(cop_int(3));
        next_number();
        increment_number(cop_text("cat"));
        wait_for_restart(sequence);
        next_number();
        next_number();
        cop_supervisor_stop(supervisor);
}

static void first(cop_term arguments)
{
        play("without a stash: it begins again", cop_supervisor_start_link(forgetful_supervisor));
        play("with a stash: it goes on", cop_supervisor_start_link(sequence_supervisor));
}

int main(int argc, char **argv)
{
        return cop_main(first, argc, argv);
}
