/*
 * verdict.h: may the process be left where it stands?
 */
#ifndef COP_RUNTIME_VERDICT_H
#define COP_RUNTIME_VERDICT_H

#include <stdint.h>
#include <ucontext.h>

#include "runtime/trace.h"

enum verdict {
        CONTAINED,     /* it may */
        NO_PROCESS,    /* there is none */
        IN_LIBRARY,    /* a library may hold a lock */
        IN_OURS,       /* Coppice may be in the middle of something */
        IN_STREAM,     /* a stream of stdio is locked: it may, when that is unlocked */
        UNKNOWN_STACK, /* nobody can tell */
};

struct suspect {
        uintptr_t pc; /* where the code is that forbids it; else where the program's own code is */
        /* Where the return address lies with which the library that forbids it goes back to the
         * program's code, and there it might be left; NULL: nobody knows, or it is not so. */
        uintptr_t *return_slot;
};

/*
 * Of the stack that the OS signal interrupted, in its handler. For KILL_SIGNAL less is allowed than
 * for a fault. What it sees of the stack is added to the trace, which may be NULL.
 */
enum verdict cop__verdict(int signo, const ucontext_t *at, struct suspect *suspect,
                          struct trace *trace);
/* For people. */
const char *cop__verdict_because(enum verdict verdict);

#endif
