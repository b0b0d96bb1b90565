/*
 * worker.h: the process that calls functions.
 */
#ifndef COP_CONSOLE_WORKER_H
#define COP_CONSOLE_WORKER_H

#include <coppice/inspect.h>
#include <coppice/process.h>

#include "console/table.h"

/* Of an evaluator, with {Evaluator, TrapsExits}. */
void cop__worker(cop_term argument);

/* ** (error) badarg, and the places that led there. In the memory of the turn. */
const char *cop__raised_text(const char *class, cop_term reason);

/* Calls a function of the program with call's arguments; the result is in call. Refuses what cannot be. */
void cop__foreign_call(const struct cop_function *function, struct console_call *call);

/* The name that is nearest to one that there is not, in the memory of the turn; NULL: none is near. */
const char *cop__nearest_function(const char *name);

/* `int64_t next(int64_t by)`, in the memory of the turn; NULL: nothing is known of it. */
const char *cop__prototype(const char *name, const struct cop_function *function);

#endif
