/*
 * poller.h: which scheduler looks after descriptors.
 */
#ifndef COP_RUNTIME_POLLER_H
#define COP_RUNTIME_POLLER_H

#include <stdbool.h>

/* An idle scheduler takes over waiting for descriptors; false: there are none, or another one does.
 */
bool cop__poller_claim(void);
void cop__poller_release(void);
/* A busy scheduler looks, now and then. */
void cop__poller_look(void);

#endif
