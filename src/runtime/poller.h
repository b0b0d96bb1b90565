/*
 * poller.h: which scheduler looks after descriptors.
 */
#ifndef COP_RUNTIME_POLLER_H
#define COP_RUNTIME_POLLER_H

#include <stdbool.h>
#include <stddef.h>

struct process;

/* An idle scheduler takes over waiting for descriptors; false: there are none, or another one does.
 */
bool cop__poller_claim(void);
void cop__poller_release(void);
/* A busy scheduler looks, now and then. */
void cop__poller_look(void);

/* Does a thread still work for the process, which is in cop_blocking()? */
bool cop__blocking_goes_on(const struct process *p);
/* The process has ended; what the thread needs stays. False: the thread has just come back, and the
 * process can run its last act; else it is put into a queue for that when the thread comes back. */
bool cop__blocking_linger(struct process *p);
/* At the system's stop: how many threads have not come back. They are left alone. */
size_t cop__blocking_abandon(void);

#endif
