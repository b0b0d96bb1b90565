/*
 * crash.h: telling of a fault.
 */
#ifndef COP_RUNTIME_CRASH_H
#define COP_RUNTIME_CRASH_H

#include <stdbool.h>

struct process;

/* Does anybody want to hear of errors? Any thread. */
bool cop__crash_is_wanted(void);
/* What a process that a fault has ended runs on its stack, to be told of and then to have its last
 * act; NULL: nobody wants to hear of it. */
void (*cop__crash_act(void))(void *);

#endif
