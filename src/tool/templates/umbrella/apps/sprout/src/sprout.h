/*
 * sprout.h: greetings with a number.
 */
#ifndef SPROUT_H
#define SPROUT_H

#include <coppice.h>

/* {hello, Number} */
cop_term sprout_hello(void);

#endif
