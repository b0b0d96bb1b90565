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

/* Two applications with one server's name: only one of them runs at a time. */
COP_APPLICATION(forgetful, .description = "hands out numbers, and forgets", .vsn = "0.1.0",
                .start = COP_ROOT(forgetful_supervisor));
COP_APPLICATION(sequence, .description = "hands out numbers", .vsn = "0.1.0",
                .start = COP_ROOT(sequence_supervisor));

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

static void play(const char *title, const char *application)
{
        cop_pid sequence;

        cop_application_start(application, COP_TEMPORARY);
        sequence = cop_whereis("sequence");
        printf("-- %s\n", title);
        next_number();
        next_number();
        increment_number(cop_int(3));
        next_number();
        increment_number(cop_text("cat"));
        wait_for_restart(sequence);
        next_number();
        next_number();
        cop_application_stop(application);
}

static void run(cop_term arguments)
{
        cop_application_stop("sequence"); /* it was started with the program */
        play("without a stash: it begins again", "forgetful");
        play("with a stash: it goes on", "sequence");
}

COP_MAIN(sequence, .run = run);
