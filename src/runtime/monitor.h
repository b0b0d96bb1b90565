/*
 * monitor.h: the thread that sees when a turn does not end.
 */
#ifndef COP_RUNTIME_MONITOR_H
#define COP_RUNTIME_MONITOR_H

struct process;

/* At the start of the runtime, when the schedulers run, and before they stop. Nothing in a
 * simulation, where a turn takes no time. start returns 0 or -errno. */
int cop__monitor_start(void);
void cop__monitor_stop(void);

/* An exit signal has been put into the inbox of a process that may be running. Any thread. */
void cop__monitor_exit_came(struct process *process);

#endif
