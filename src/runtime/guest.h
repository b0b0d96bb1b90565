/*
 * guest.h: threads of the program's own.
 *
 * A thread that uses Coppice without being one of its schedulers is a guest: it gets a control
 * block, so that it has a pid and an inbox, and waits on a bell of its own. It cannot be killed;
 * exit signals reach it as messages.
 */
#ifndef COP_RUNTIME_GUEST_H
#define COP_RUNTIME_GUEST_H

#include "runtime/process.h"

/* Makes the calling thread a guest. NULL: no system runs, or memory is used up. */
struct process *cop__guest_enter(void);
void cop__guest_wait(struct process *p, int64_t deadline_ns);
/* It looked, without waiting, and there was nothing for it: from now on a signal makes its descriptor
 * readable. */
void cop__guest_found_nothing(struct process *p);
/* Somebody woke it. Any thread. */
void cop__guest_wake(struct process *p);
/* A mistake of the program where nobody can end alone: a report, then the program stops. */
void cop__guest_died(struct process *p, cop_term reason) __attribute__((noreturn));

size_t cop__guest_count(void);

/* The system stops: no thread is a guest any more. None of them uses Coppice meanwhile. */
void cop__guests_leave_all(void);

#endif
