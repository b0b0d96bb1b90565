/*
 * names.h: what may be completed at a prompt.
 */
#ifndef COP_CONSOLE_NAMES_H
#define COP_CONSOLE_NAMES_H

#include "base/buffer.h"

/* Adds the names of helpers, of the program's functions, of Coppice's, and of processes, each ended by a
 * zero. Any process. */
void cop__console_names(struct buffer *names);

#endif
