/*
 * crash.c: says where a test has crashed.
 *
 * The handler of the OS signal leaves all that may hang or fault in its turn to a child, which has
 * the same memory and some seconds: where the fault was in the allocator it will not get far. Then the
 * signal does what it would have done.
 *
 * Sanitizers do all this themselves.
 */
#include "test/crash.h"

#include <coppice/inspect.h>

#include <execinfo.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FRAMES_MOST = 100, LIMIT_S = 5, STACK = 256 * 1024 };

static const int signals[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT };

/* The handler is innermost, and then the signal's own frame. */
static void write_stack(void *const *addresses, int count)
{
        cop_term list = cop_nil();
        const char *text;

        for (int i = count; i-- > 2;)
                list = cop_cons(cop_uint((uint64_t)(uintptr_t)addresses[i] - (i > 2)), list);
        text = cop_frames_text(list);
        if (write(STDERR_FILENO, text, strlen(text)) < 0)
                _exit(1);
}

static void on_crash(int signo)
{
        struct sigaction standard = { .sa_handler = SIG_DFL };
        void *addresses[FRAMES_MOST];
        pid_t child = _Fork();

        if (child == 0) {
                for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
                        sigaction(signals[i], &standard, NULL);
                alarm(LIMIT_S);
                write_stack(addresses, backtrace(addresses, FRAMES_MOST));
                _exit(0);
        }
        while (child > 0 && waitpid(child, NULL, 0) < 0)
                continue;
        sigaction(signo, &standard, NULL);
        raise(signo);
}

void cop__test_tell_crashes(void)
{
        static char stack[STACK];
        stack_t other = { .ss_sp = stack, .ss_size = sizeof(stack) };
        struct sigaction action = { .sa_handler = on_crash, .sa_flags = SA_ONSTACK | SA_NODEFER };

        sigaltstack(&other, NULL);
        for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
                sigaction(signals[i], &action, NULL);
}
