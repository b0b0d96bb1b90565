/*
 * context.h: leaving one C stack for another.
 *
 * A context is where a stack stands while it does not run: its stack pointer, with what the calling
 * convention wants kept saved below. errno and the state of C++ exceptions go with the process (a
 * switch of a live stack saves and restores them).
 *
 * The sanitizers and valgrind are told of each switch by the functions here, so nobody else has to.
 */
#ifndef COP_RUNTIME_CONTEXT_H
#define COP_RUNTIME_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct stack;

struct context {
        void *sp;               /* NULL: nobody is suspended here */
        int error;              /* errno */
        uint64_t exceptions[2]; /* __cxa_get_globals(), where C++ is there */
        void *asan_fake_stack;
};

/* A thread's own stack, which its scheduler loop runs on. */
struct native_stack {
        struct context context;
        const void *low; /* bounds, for AddressSanitizer */
        size_t size;
        void *tsan_fiber;
};

/*
 * Once, before the first switch. Returns 0; -ENOTSUP: this thread has a shadow stack (CET, GCS),
 * which forbids going over to another stack by hand.
 */
int cop__context_check(void);

/* On the thread whose stack it is, before its first switch. */
void cop__native_stack_init(struct native_stack *native);

/* Leaves the scheduler's stack and starts entry(argument) at the top of the stack, with errno 0 and
 * no exception under way. Returns when somebody on it calls cop__context_leave() or
 * cop__context_finish(), or entry returns, which is a finish. */
void cop__context_start(struct native_stack *from, struct stack *to, void (*entry)(void *argument),
                        void *argument);
/* Goes on where the stack was left. Returns as above. */
void cop__context_resume(struct native_stack *from, struct stack *to);
/* On a stack: back to the scheduler. Returns when resumed (on the thread that resumes it). */
void cop__context_leave(struct stack *from, struct native_stack *to);
/* The same for good: what is on the stack is dead (its frames unpoisoned, its fake stack ended). */
void cop__context_finish(struct stack *from, struct native_stack *to) __attribute__((noreturn));
/* What is suspended on this stack will never run again (its process was ended while it waited). */
void cop__context_forget(struct stack *stack);

/*
 * The end of cop__context_finish() for who has left the stack already, by the redirection of a
 * fault or a kill: goes on in the scheduler as if the stack had been finished.
 *
 * On        the scheduler's stack, somewhere below cop__context_native_sp().
 */
void cop__context_abandon(struct stack *from, struct native_stack *to) __attribute__((noreturn));
/* Below this address the stack of a scheduler that has left it is free. */
static inline void *cop__context_native_sp(const struct native_stack *native)
{
        return native->context.sp;
}

/*
 * A place to come back to, without longjmp. cop__catch() calls fn(argument) and returns false;
 * after a cop__catch_return(frame) from inside it returns true. Frames nest; who keeps their list
 * is the caller's business. errno stays as it is.
 */
struct catch_frame {
        struct catch_frame *outer; /* the caller's */
        void *sp;
};

bool cop__catch(struct catch_frame *frame, void (*fn)(void *argument), void *argument);
void cop__catch_return(struct catch_frame *frame) __attribute__((noreturn));

#endif
