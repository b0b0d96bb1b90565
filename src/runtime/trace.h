/*
 * trace.h: a stack as addresses, the innermost first.
 *
 * Who prints them finds the names (<coppice/inspect.h>). Of a deep stack the two ends are kept: that
 * of an endless recursion says both what recurs and how it came to that.
 */
#ifndef COP_RUNTIME_TRACE_H
#define COP_RUNTIME_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#include "term/value.h"

enum { TRACE_INNER = 48, TRACE_OUTER = 16, TRACE_MOST = TRACE_INNER + TRACE_OUTER };

/* Written on the thread itself, also in a handler of an OS signal. */
struct trace {
        uint64_t pid;             /* of the process whose it is; 0: none */
        uint64_t turn;            /* of its region, in which it was made */
        uint32_t count, useful;   /* of all frames; up to the last that is not Coppice's */
        uintptr_t at[TRACE_MOST]; /* the innermost, and then the last ones in a ring */
};

struct thread;

static inline void trace_begin(struct trace *trace, uint64_t pid, uint64_t turn)
{
        trace->pid = pid;
        trace->turn = turn;
        trace->count = trace->useful = 0;
}

/* pc lies inside the instruction. */
static inline void trace_add(struct trace *trace, uintptr_t pc, bool is_own)
{
        uint32_t i = trace->count++;

        if (i >= TRACE_MOST)
                i = TRACE_INNER + (i - TRACE_INNER) % TRACE_OUTER;
        trace->at[i] = pc;
        if (!is_own)
                trace->useful = trace->count;
}

/* Up to TRACE_MOST addresses in order, without those of Coppice at the end; 0 among them: here some are
 * left out. Returns how many. */
unsigned cop__trace_list(const struct trace *trace, uintptr_t list[TRACE_MOST + 1]);

/* Notes where the calling process is, as the place of its error: of the caller's caller outwards. */
void cop__trace_error(void);

#endif
