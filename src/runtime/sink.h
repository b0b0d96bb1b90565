/*
 * sink.h: what the system's start, stop and last report want of sinks.
 */
#ifndef COP_RUNTIME_SINK_H
#define COP_RUNTIME_SINK_H

/* From now on sinks have threads (not in a simulation). */
void cop__sinks_start(void);
/* All is written, and there are no threads any more: who puts, writes. */
void cop__sinks_stop(void);
/* In the handler of a fault that ends the program: gives the threads a moment to write. Takes no
 * lock. */
void cop__sinks_last_call(void);

#endif
