/*
 * timer.h: alarms of waiting processes, and timers that send messages.
 */
#ifndef COP_RUNTIME_TIMER_H
#define COP_RUNTIME_TIMER_H

#include "runtime/process.h"

/* When the process wants to run again; INT64_MAX: no such wish. Owner, on a scheduler's thread. */
void cop__alarm_set(struct process *p, int64_t deadline_ns);
/* Before the process is buried. */
void cop__alarm_forget(struct process *p);

/* Fires what is due. The scheduler's own thread. */
void cop__alarms_fire(struct scheduler *scheduler, int64_t now);

/* The process is dying: its alarm and all timers for it go. */
void cop__timers_forget(struct process *p);

/* Has the scheduler timers that send? As of the last change. */
bool cop__timers_are_set(const struct scheduler *scheduler);
/* When the next of them may be due; INT64_MAX: none is set. */
int64_t cop__timers_next_ns(const struct scheduler *scheduler);

/* Frees timers for names, when nobody runs any more. */
void cop__timers_stop(void);
/* How many are set; for tests. */
size_t cop__timer_count(void);

#endif
