/*
 * sprout_counter.h: a process that counts.
 */
#ifndef SPROUT_COUNTER_H
#define SPROUT_COUNTER_H

#include <coppice.h>

COP_DECLARE(sprout_counter);

/* The next number. */
int64_t sprout_counter_next(void);

#endif
