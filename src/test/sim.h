/*
 * sim.h: many worlds, one after the other.
 */
#ifndef COP_TEST_SIM_H
#define COP_TEST_SIM_H

#include <coppice/sim.h>

/* How many worlds the environment asks for; 0: it does not. */
unsigned cop__sim_seeds(void);

/* What lives in a world: starts the system with this seed and these options, and returns when it is over. What
 * says that it failed has said so to the test's watch, or has left. */
typedef void cop__sim_life_fn(void (*body)(void), uint64_t seed,
                              const struct cop_sim_options *options);

/* Looks for a world in which it fails. */
void cop__sim_find(struct cop_sim_found *found, cop__sim_life_fn *live, void (*body)(void),
                   const struct cop_sim_options *options);

/* Says what was found, and ends the test; returns where nothing was. */
void cop__sim_judge(const struct cop_sim_found *found, const char *file, int line);

#endif
