/*
 * FAULT: what ends a process, with which reason, and what ends the program.
 *
 * Each deed is committed by program_deeds, in a plain process and then in a handler, as it was
 * compiled without optimisation, with much, and with that of the whole program; with one scheduler
 * and with two.
 */
#include <coppice/test.h>

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sanitizers.h"
#include "support/program.h"

static const char *const builds[] = { "runtime_deeds", "runtime_deeds_O0", "runtime_deeds_O3",
                                      "runtime_deeds_flto" };

static struct ran ran;

static void commit(const char *program, const char *what, const char *schedulers)
{
        run_program(&ran, program, (const char *[]){ what, schedulers, NULL });
}

/* Does some line of the output match, and how many do? */
static int count_lines(const char *pattern)
{
        static char copy[sizeof(ran.output)];
        char *rest = copy;
        char *line;
        int count = 0;

        memcpy(copy, ran.output, sizeof(copy));
        while ((line = strsep(&rest, "\n")))
                count += fnmatch(pattern, line, 0) == 0;
        return count;
}

/* Two processes ended with this reason, and the program went on to its orderly end. */
static void ends_processes(const char *what, const char *reason)
{
        for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++) {
                for (int schedulers = 1; schedulers <= 2; schedulers++) {
                        commit(builds[i], what, schedulers == 1 ? "1" : "2");
                        if (ran.status != 0 || count_lines(reason) != 2 ||
                            count_lines("the registers are not as usual"))
                                cop_fail("%s %s %d: status %d, expected %s twice:\n%s", builds[i],
                                         what, schedulers, ran.status, reason, ran.output);
                }
        }
}

/* The program ended with a last report that says this. */
static void ends_program(const char *what, const char *report)
{
        for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++) {
                commit(builds[i], what, "2");
                if (ran.status != 134 || count_lines(report) != 1)
                        cop_fail("%s %s: status %d, expected 134 and %s:\n%s", builds[i], what,
                                 ran.status, report, ran.output);
        }
}

#define ENDS_PROCESSES(name, sentence, what, reason)                                               \
        COP_TEST(FAULT_##name, sentence, .limit_s = 120)                                           \
        {                                                                                          \
                ends_processes(what, reason);                                                      \
        }

#define ENDS_PROGRAM(name, sentence, what, report)                                                 \
        COP_TEST(FAULT_##name, sentence, .limit_s = 120)                                           \
        {                                                                                          \
                if (COP_ASAN || COP_TSAN)                                                          \
                        cop_skip("the sanitizer's own report comes instead");                      \
                ends_program(what, report);                                                        \
        }

ENDS_PROCESSES(null, "a write through a null pointer is {segv, ...}", "null",
               "{segv,#{address => 0,pc => [1-9]*}}")
ENDS_PROCESSES(wild, "a read through a wild pointer is {segv, ...} with its address", "wild_read",
               "{segv,#{address => 89477120,pc => [1-9]*}}")
ENDS_PROCESSES(bus, "a mapped file that ends too early is {bus, ...}", "bus",
               "{bus,#{address => *,pc => *}}")
ENDS_PROCESSES(fpe, "a division by zero is {fpe, ...}", "divide", "{fpe,*}")
ENDS_PROCESSES(ill, "an illegal instruction is {ill, ...}", "illegal", "{ill,*}")
ENDS_PROCESSES(abort, "abort() is {abort, ...}", "abort", "{abort,#{pc => *}}")
ENDS_PROCESSES(assert, "a failed assert() is {abort, ...}", "assert", "{abort,#{pc => *}}")
ENDS_PROCESSES(overflow, "endless recursion is {stack_overflow, ...}, and no segv", "overflow",
               "{stack_overflow,#{address => *,pc => *}}")
ENDS_PROCESSES(large_frames, "so it is with frames that are larger than a page", "large_frames",
               "{stack_overflow,#{address => *,pc => *}}")
ENDS_PROCESSES(call, "a call through a null pointer is {segv, ...}", "call_null",
               "{segv,#{address => 0,pc => 0}}")
ENDS_PROCESSES(strlen, "a bad pointer handed to strlen() is {segv, ...}", "strlen", "{segv,*}")
ENDS_PROCESSES(memcpy, "a bad pointer handed to memcpy() is {segv, ...}", "memcpy", "{segv,*}")
ENDS_PROCESSES(term, "a term that is none is {segv, ...}", "term", "{segv,*}")
ENDS_PROCESSES(text, "a bad pointer handed to cop_text() is {segv, ...}", "text", "{segv,*}")
ENDS_PROCESSES(snprintf, "a bad pointer handed to snprintf() is {segv, ...}", "snprintf",
               "{segv,*}")
ENDS_PROCESSES(stderr, "a bad pointer printed to standard error is {segv, ...}", "stderr",
               "{segv,*}")
ENDS_PROCESSES(stream, "a fault while a stream is locked leaves it to the next one", "stream",
               "{segv,*}")
ENDS_PROCESSES(try, "cop_try() does not catch a fault", "try", "{segv,*}")
ENDS_PROCESSES(own, "destructors run after a fault, also when one of them faults", "own",
               "{segv,*}")

ENDS_PROCESSES(TRAP_8, "how a fault leaves the processor's flags is nobody else's business",
               "registers", "{segv,*}")

ENDS_PROGRAM(allocator, "a fault in the allocator ends the program", "allocator",
             "coppice: * cannot be contained, because a library's code was running*")
ENDS_PROGRAM(callback, "a fault in a library's callback ends the program", "qsort",
             "coppice: segv in process <0.*>, address 0x0,*because a library's code was running*")
ENDS_PROGRAM(stack_gone, "a fault on a stack that is no stack any more ends the program", "smash",
             "coppice: segv in process <0.*>,*because the stack cannot be followed*")
ENDS_PROGRAM(thread, "a fault on a thread of the program's own ends the program", "thread",
             "coppice: segv, address 0x0,*because it happened on a thread that runs no process*")

COP_TEST(FAULT_signal, "a signal that somebody sent is no fault, and does what it always did")
{
        if (COP_ASAN || COP_TSAN)
                cop_skip("the sanitizer's own report comes instead");
        commit("runtime_deeds", "signal", "2");
        cop_assert_equal(ran.status, 128 + 11);
}

COP_TEST(FAULT_storm, "three thousand faults of all kinds leave the program as it was",
         .limit_s = 120)
{
        for (int schedulers = 1; schedulers <= 2; schedulers++) {
                commit("runtime_deeds", "storm", schedulers == 1 ? "1" : "2");
                if (ran.status != 0 || count_lines("3000 ended, 1 live") != 1)
                        cop_fail("status %d:\n%s", ran.status, ran.output);
        }
}
