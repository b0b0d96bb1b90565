/*
 * sim.h: what a simulation does besides passing the baton (driver_sim.c): faults, rest, and the trace.
 *
 * Everything here happens before a turn or at an end, in the scheduler's own code, behind a look at
 * cop__driver->simulated that is there anyway or costs nothing where it stands. There is one scheduler.
 */
#ifndef COP_RUNTIME_SIM_H
#define COP_RUNTIME_SIM_H

#include <coppice/sim.h>

#include "base/random.h"
#include "runtime/driver.h"
#include "runtime/process.h"

/* What becomes of a turn. */
enum sim_turn {
        SIM_RUN,   /* it begins */
        SIM_HOLD,  /* not now: the process comes back by itself */
        SIM_FAULT, /* a bad pointer is followed in its place */
        SIM_END,   /* the process ends in its place, for p->reason */
};

/* A fault that happens for certain: before a turn of a process, or at a time. */
struct sim_event {
        enum cop__sim_number kind;
        uint64_t pid;
        uint64_t turn;  /* of the process, from 1; 0: at_ns counts */
        int64_t at_ns;  /* since the start */
        unsigned extra; /* slow, delay: for so many ms; memory: which allocation, from 1 */
};

struct sim_plan {
        struct sim_event *events; /* in their own order */
        size_t count;
};

/* The seed in the environment; 0: none. */
uint64_t cop__sim_seed(void);
/* What the environment says of the world. */
void cop__sim_from_environment(struct cop_sim_options *options);

/* Reads a plan. 0; -EINVAL it is none; -ENOMEM. */
int cop__sim_plan_read(struct sim_plan *plan, const char *text);
void cop__sim_plan_release(struct sim_plan *plan);
/* The event as it stands in a plan. */
void cop__sim_event_show(const struct sim_event *event, char *text, size_t size);

/* The driver has started, and nobody has run yet. NULL: as the environment says. 0; -EINVAL a field is out of
 * range; -ENOMEM. */
int cop__sim_start(uint64_t seed, const struct cop_sim_options *options);
/* Nobody runs any more. */
void cop__sim_stop(void);

/* Before each turn. */
enum sim_turn cop__sim_turn(struct process *p);
/* It has ended, and nobody knows yet. */
void cop__sim_ended(const struct process *p);
/* An exit is in the inbox of one that is not parked. */
void cop__sim_exit_came(struct process *p);

/* The scheduler's bell, where somebody wants to be told that all rest, and has not been; else NULL. */
struct bell *cop__sim_wants_rest(void);
/* Tells them. The scheduler's thread, which has nothing to do. */
void cop__sim_tell_rest(void);

/* ---- the trace ---- */

void cop__sim_trace_to(int descriptor);
bool cop__sim_is_traced(void);
/* A line, with the time in front. */
void cop__sim_trace(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
