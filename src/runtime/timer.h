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

int cop__timers_start(void);
/* Frees timers for names, when nobody runs any more. */
void cop__timers_stop(void);
/* How many are set; for tests. */
size_t cop__timer_count(void);

#endif
