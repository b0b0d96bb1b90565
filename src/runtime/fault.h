/*
 * fault.h: a fault ends the process it happens in, and nobody else.
 *
 * The handler of SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT looks at the whole stack of the process
 * (code.h). If it may be left, the thread goes on in the scheduler, as if the process had ended its
 * turn with AFTER_FAULT; if not, the program stops with a last report.
 */
#ifndef COP_RUNTIME_FAULT_H
#define COP_RUNTIME_FAULT_H

#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "runtime/trace.h"
#include "term/value.h"

struct thread;
struct process;

/* What the monitor sends to a thread whose process is to end. By itself it does nothing to anybody. */
enum { KILL_SIGNAL = SIGURG };

/* What happened. */
struct fault {
        const char *what; /* "segv", "stack_overflow", ... */
        uintptr_t address;
        uintptr_t pc;
};

/* A thread's part. */
struct fault_thread {
        stack_t before;                /* where handlers ran before this thread entered */
        sigset_t mask;                 /* of the scheduler */
        volatile int depth;            /* in the handler: 1; a fault in there: 2 */
        struct fault fault;            /* of the process that is being ended */
        struct trace trace;            /* of the last fault or error on it */
        bool in_stream;                /* it may have left a stream of stdio locked */
        uint8_t after;                 /* enum after, of the redirected process */
        int id;                        /* of the thread, for the kernel */
        struct trace seen;             /* at the last signal of a kill that did not end it */
        volatile uintptr_t refused_pc; /* what forbade the last kill; any thread reads */
        _Atomic(uint32_t) refusals;    /* how many have been forbidden; the same */
        _Atomic(bool) watched;  /* somebody wants to see where it stands, though nobody is to end */
        uintptr_t *return_slot; /* a changed return address on the process's stack, or NULL */
        uintptr_t return_pc;    /* what it was */
        uint64_t return_pid;    /* whose */
        volatile bool in_kill;  /* the stack is being walked for a kill, */
        jmp_buf walk;           /* which a fault there brings back to here */
};

/* At the start and end of the runtime. start returns 0 or -errno. */
int cop__faults_start(void);
void cop__faults_stop(void);

/* Memory for the handlers of a thread, taken before the thread starts: one that runs already could
 * only stop the program where there is none. NULL: no memory. */
void *cop__handler_stack_take(void);
void cop__handler_stack_give(void *stack);

/* At the start and end of a scheduler's thread, whose handlers run on this stack. */
void cop__faults_enter(struct thread *thread, void *stack);
void cop__faults_leave(struct thread *thread);

/* Looks whether the process on this thread is to end, and ends it if it may be left. Any thread. */
void cop__kill_signal_send(const struct fault_thread *thread);
/* Does an exit wait in its inbox that will end it? In the handler, while the program's code runs. */
bool cop__exit_waits(const struct process *process);
/* The same, but an exit through a link counts without a look at the links: at any instruction. */
bool cop__exit_may_wait(const struct process *process);

/* The exit reason for the fault that the thread's process just had, in the process's region. On:
 * the scheduler's stack. */
cop_term cop__fault_reason(struct thread *thread, struct process *process);

#endif
