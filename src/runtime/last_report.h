/*
 * last_report.h: the last thing that a program says when a fault cannot be contained.
 */
#ifndef COP_RUNTIME_LAST_REPORT_H
#define COP_RUNTIME_LAST_REPORT_H

#include <stdint.h>

struct fault;
struct trace;

/* Writes it to standard error: what happened, where, why it is not contained, and what happens now;
 * then the stack, if there is a trace, as places in files. Takes no lock and no memory: it may be all
 * that still works. */
void cop__last_report(const struct fault *fault, const char *because, uintptr_t suspect_pc,
                      const struct trace *trace);

#endif
