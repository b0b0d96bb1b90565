/*
 * thread.c: what the calling thread is to the runtime.
 *
 * The one thread-local of the runtime. Compilers keep the address of a thread-local over a call,
 * and a process may go on on another thread after one: so it is read here alone, in functions that
 * are never inlined, and nobody keeps what they return over a switch. errno is such a thing as well.
 */
#include "runtime/scheduler.h"

int *cop_errno(void)
{
        __asm__ volatile("");
        return __errno_location();
}

static __thread struct thread *the_thread __attribute__((tls_model("initial-exec")));

struct thread *cop__thread_or_null(void)
{
        __asm__ volatile("");
        return the_thread;
}

struct thread *cop__thread(void)
{
        __asm__ volatile("");
        return the_thread;
}

void cop__thread_set(struct thread *thread)
{
        the_thread = thread;
}

struct thread **cop__thread_place(void)
{
        return &the_thread;
}
