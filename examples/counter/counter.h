/*
 * counter.h: a process that counts.
 */
#ifndef COUNTER_H
#define COUNTER_H

#include <coppice.h>

/* The next number. */
int64_t counter_next(void);

/* It goes on from here. Takes any term, and has no answer: what is no number crashes it. */
void counter_set(cop_term number);

#endif
