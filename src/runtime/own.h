/*
 * own.h: what a process has besides terms, and what becomes of it.
 */
#ifndef COP_RUNTIME_OWN_H
#define COP_RUNTIME_OWN_H

#include "runtime/process.h"

/* Does anything that the process owns have a destructor, which needs a stack to run on? */
bool cop__blocks_need_stack(const struct process *p);
/* Calls destructors, the newest first, then gives back all cop_alloc() memory. On the process's own
 * stack, unless nothing needs one. */
void cop__blocks_free(struct process *p);

#endif
