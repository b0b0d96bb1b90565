/*
 * Does the simulation find what is wrong with the forgetful manager, and nothing with the other?
 */
#include <coppice/sim.h>
#include <coppice/test.h>

#include <stdio.h>
#include <string.h>

#include "lending.h"

static void play_careful(void)
{
        cop_assert(lending_play("careful"));
}

static void play_forgetful(void)
{
        cop_assert(lending_play("forgetful"));
}

/* The guests may be killed, not the manager. */
#define WORLD                                                                                      \
        .first_seed = 1, .faults = COP_SIM_KILL, .one_in = 10, .anybody = true, .spare = "lending"

COP_TEST(LENDING_usual, "as long as nobody dies both managers have the thing again", .limit_s = 300)
{
        cop_simulate(play_careful, .seeds = 50, .first_seed = 1);
        cop_simulate(play_forgetful, .seeds = 50, .first_seed = 1);
}

COP_TEST(LENDING_careful, "whoever dies, and when: it comes back to the careful manager",
         .limit_s = 300)
{
        cop_simulate(play_careful, .seeds = 200, WORLD);
}

COP_TEST(LENDING_forgetful,
         "that the forgetful manager loses it is found, and shrunk to a few events", .limit_s = 300)
{
        struct cop_sim_found found;

        cop_sim_find(&found, play_forgetful, .seeds = 1000, WORLD);
        cop_assert(found.seed != 0);
        cop_assert(found.worlds <= 1000);
        printf("world %u, seed %llu: %s\n%s", found.worlds, (unsigned long long)found.seed,
               found.plan, found.what);
        cop_assert(found.events >= 1 && found.events <= 5);
        cop_assert(strstr(found.what, "lending_play"));
}
