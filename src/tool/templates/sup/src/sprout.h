/*
 * sprout.h: a process that counts.
 */
#ifndef SPROUT_H
#define SPROUT_H

#include <coppice.h>

COP_DECLARE(sprout);
COP_DECLARE(sprout_supervisor);

/* The next number. */
int64_t sprout_next(void);

/* Counts on from the sum of the number it is at and this one. It takes any term, and has no answer. */
void sprout_add(cop_term by);

#endif
