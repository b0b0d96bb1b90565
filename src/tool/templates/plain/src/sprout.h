/*
 * sprout.h: what sprout can do.
 */
#ifndef SPROUT_H
#define SPROUT_H

#include <coppice.h>

/* A greeting: {hello, world}. */
cop_term sprout_hello(void);

#endif
