/*
 * handler.h: what runs on a process's stack when a turn begins.
 */
#ifndef COP_RUNTIME_HANDLER_H
#define COP_RUNTIME_HANDLER_H

#include "runtime/process.h"

/* For a process that has no stack: its function from the start, or a handler's next messages. */
void (*cop__process_entry(const struct process *p))(void *);

#endif
