/*
 * fault.h: a fault ends the process it happens in, and nobody else.
 *
 * The handler of SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT looks at the whole stack of the process
 * (code.h). If it may be left, the thread goes on in the scheduler, as if the process had ended its
 * turn with AFTER_FAULT; if not, the program stops with a last report.
 */
#ifndef COP_RUNTIME_FAULT_H
#define COP_RUNTIME_FAULT_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "term/value.h"

struct thread;
struct process;

/* What happened. */
struct fault {
        const char *what; /* "segv", "stack_overflow", ... */
        uintptr_t address;
        uintptr_t pc;
};

/* A thread's part. */
struct fault_thread {
        void *stack; /* where handlers run */
        size_t stack_size;
        stack_t before;     /* what the thread had before */
        sigset_t mask;      /* of the scheduler */
        volatile int depth; /* in the handler: 1; a fault in there: 2 */
        struct fault fault; /* of the process that is being ended */
        bool in_stream;     /* it may have left a stream of stdio locked */
};

/* At the start and end of the runtime. start returns 0 or -errno. */
int cop__faults_start(void);
void cop__faults_stop(void);

/* At the start and end of a scheduler's thread. enter returns 0 or -errno. */
int cop__faults_enter(struct thread *thread);
void cop__faults_leave(struct thread *thread);

/* The exit reason for the fault that the thread's process just had, in the process's region. On:
 * the scheduler's stack. */
cop_term cop__fault_reason(struct thread *thread, struct process *process);

#endif
