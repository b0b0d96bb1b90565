/*
 * FAULT: what ends a process, with which reason, and what ends the program.
 *
 * Each deed is committed by program_deeds, in a plain process and then in a handler, as it was
 * compiled without optimisation, with much, and with that of the whole program; with one scheduler
 * and with two.
 */
#include <coppice/test.h>

#include <fnmatch.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sanitizers.h"
#include "support/program.h"

static const char *const builds[] = { "runtime_deeds", "runtime_deeds_O0", "runtime_deeds_O3",
                                      "runtime_deeds_flto" };

static struct ran ran;

static void commit(const char *program, const char *what, const char *schedulers)
{
        run_program(&ran, program, (const char *[]){ what, schedulers, NULL });
}

static const char *path_beside_test(const char *program)
{
        static char path[PATH_MAX];
        ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 128);

        cop_assert(size > 0);
        path[size] = '\0';
        strcpy(strrchr(path, '/') + 1, program);
        return path;
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
                for (int schedulers = 1; schedulers <= 2; schedulers++) {
                        commit(builds[i], what, schedulers == 1 ? "1" : "2");
                        if (ran.status != 134 || count_lines(report) != 1)
                                cop_fail("%s %s %d: status %d, expected 134 and %s:\n%s", builds[i],
                                         what, schedulers, ran.status, report, ran.output);
                }
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

ENDS_PROCESSES(math, "a bad pointer handed to libm is {segv, ...}", "math", "{segv,*}")
ENDS_PROCESSES(huge_frame,
               "a frame larger than the guard does not step over it, compiled as ours are",
               "huge_frame", "{stack_overflow,*}")
ENDS_PROCESSES(plugin_named, "a fault in a library that was loaded late and is named is contained",
               "plugin_named", "{segv,*}")

ENDS_PROCESSES(TRAP_8, "how a fault leaves the processor's flags is nobody else's business",
               "registers", "{segv,*}")

ENDS_PROGRAM(allocator, "a fault in the allocator ends the program", "allocator",
             "coppice: * cannot be contained, because a library's code was running*")
ENDS_PROGRAM(callback, "a fault in a library's callback ends the program", "qsort",
             "coppice: segv in process <0.*>, address 0x0,*because a library's code was running*")
ENDS_PROGRAM(library, "a fault in a function of the C library that nobody knows ends the program",
             "library", "coppice: segv in process <0.*>,*because a library's code was running*")
ENDS_PROGRAM(double_free, "what the allocator finds broken ends the program", "double_free",
             "coppice: abort in process <0.*>,*because a library's code was running*")
ENDS_PROGRAM(plugin, "a fault in a library that was loaded late ends the program", "plugin",
             "coppice: segv in process <0.*>,*because a library's code was running*")
ENDS_PROGRAM(overflow_in_library, "so does a stack that overflows in a library's function",
             "overflow_in_library",
             "coppice: stack_overflow in process <0.*>,*because a library's code was running*")
ENDS_PROGRAM(own_code, "a fault in Coppice's own code ends the program", "own_code",
             "coppice: segv in process <0.*>,*because Coppice's own code was running*")
ENDS_PROGRAM(in_handler, "a fault in the handler of faults ends the program", "in_handler",
             "coppice: ill in process <0.*>,*because the stack cannot be followed*")
ENDS_PROGRAM(stack_gone, "a fault on a stack that is no stack any more ends the program", "smash",
             "coppice: segv in process <0.*>,*because the stack cannot be followed*")
ENDS_PROGRAM(thread, "a fault on a thread of the program's own ends the program", "thread",
             "coppice: segv, address 0x0,*because it happened on a thread that runs no process*")

/* Each of these lines, so often. */
static void says(const char *line, int times)
{
        if (ran.status != 0 || count_lines(line) != times)
                cop_fail("status %d, expected %d times \"%s\":\n%s", ran.status, times, line,
                         ran.output);
}

static void says_in_all(const char *what, const char *line, int times)
{
        for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++) {
                for (int schedulers = 1; schedulers <= 2; schedulers++) {
                        commit(builds[i], what, schedulers == 1 ? "1" : "2");
                        says(line, times);
                }
        }
}

COP_TEST(FAULT_own_rest, "where one destructor faults the others have run", .limit_s = 120)
{
        says_in_all("own", "destroyed first", 2);
        says_in_all("own", "destroyed third", 2);
}

COP_TEST(FAULT_own_empty_stack, "destructors have all of the stack, also when it had overflowed",
         .limit_s = 120)
{
        says_in_all("own_deeply", "destroyed with an empty stack", 2);
}

COP_TEST(FAULT_cleanup, "cleanup attributes do not run when a process faults", .limit_s = 120)
{
        says_in_all("cleanup", "{segv,*}", 2);
        says_in_all("cleanup", "cleaned up", 0);
}

COP_TEST(FAULT_stream_free, "a stream that was locked is free for the program's own threads",
         .limit_s = 120)
{
        says_in_all("stream", "the stream is free", 1);
}

COP_TEST(FAULT_watched, "first what it owned goes, then its name; then links hear, then monitors",
         .limit_s = 120)
{
        says_in_all("watched", "destroyed, and the name is taken", 1);
        says_in_all("watched", "the link hears {segv,*}, and the name is free", 1);
        says_in_all("watched", "the monitor hears {segv,*}", 1);
        says_in_all("watched", "of the timer there is -1", 1);
}

COP_TEST(FAULT_wild_write, "a write to somebody else's memory is noticed by nobody", .limit_s = 120)
{
        says_in_all("write_wildly", "normal", 1);
        says_in_all("write_wildly", "it is 8", 1);
}

COP_TEST(FAULT_tail_call, "a library called last of all, by who has left the stack, is contained")
{
        says_in_all("tail_call", "{segv,*}", 2);
}

COP_TEST(TRAP_11, "a stack that a fault left is whole for the next one, for a sanitizer as well",
         .limit_s = 120)
{
        says_in_all("reuse", "8 whole", 1);
}

static void commit_in_cxx(const char *what, const char *line, int times, const char *end)
{
        if (COP_ASAN || COP_TSAN)
                cop_skip("the sanitizer has exceptions of its own");
        for (int schedulers = 1; schedulers <= 2; schedulers++) {
                commit("runtime_cxx_deeds", what, schedulers == 1 ? "1" : "2");
                if (ran.status == 127)
                        cop_skip("needs a C++ compiler of the same make");
                says(line, times);
                says(end, 1);
        }
}

COP_TEST(FAULT_cxx_terminate, "std::terminate() is {abort, ...}")
{
        commit_in_cxx("terminate", "{abort,#{pc => *}}", 2, "0 destroyed, 0 alive");
}

COP_TEST(FAULT_cxx_escape, "an exception that leaves a callback is {abort, ...}")
{
        commit_in_cxx("escape", "{abort,#{pc => *}}", 2, "0 destroyed, 0 alive");
}

COP_TEST(FAULT_cxx_destructor, "destructors of C++ do not run when a process faults")
{
        commit_in_cxx("destructor", "{segv,*}", 2, "0 destroyed, 0 alive");
}

COP_TEST(FAULT_cxx_caught, "an exception that one had caught when it was killed is lost")
{
        commit_in_cxx("caught", "killed", 2, "0 destroyed, 2 alive");
}

COP_TEST(FAULT_signal, "a signal that somebody sent is no fault, and does what it always did")
{
        if (COP_ASAN || COP_TSAN)
                cop_skip("the sanitizer's own report comes instead");
        commit("runtime_deeds", "signal", "2");
        cop_assert_equal(ran.status, 128 + 11);
}

COP_TEST(FAULT_places, "the last report's places are what addr2line wants to know")
{
        static struct ran named;
        char program[100], offset[40];
        const char *line;

        if (COP_ASAN || COP_TSAN)
                cop_skip("the sanitizer's own report comes instead");
        commit("runtime_deeds", "qsort", "2");
        cop_assert(count_lines("    runtime_deeds+0x*") >= 2);
        cop_assert(count_lines("    libc.so*+0x*") >= 1);
        line = strstr(ran.output, "    runtime_deeds+0x");
        cop_assert_equal(sscanf(line, " %99[^+]+%39s", program, offset), 2);
        run_program(&named, "/bin/sh",
                    (const char *[]){ "-c", "addr2line -f -e \"$0\" \"$1\"",
                                      path_beside_test(program), offset, NULL });
        if (named.status != 0)
                cop_skip("there is no addr2line here");
        cop_assert(strncmp(named.output, "compare\n", 8) == 0);
}

static void handled(const char *what, int status, int times)
{
        if (COP_ASAN || COP_TSAN)
                cop_skip("the sanitizer has the signals");
        for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++) {
                for (int schedulers = 1; schedulers <= 2; schedulers++) {
                        commit(builds[i], what, schedulers == 1 ? "1" : "2");
                        if (ran.status != status || count_lines("handled by the program") != times)
                                cop_fail("%s %s %d: status %d, expected %d:\n%s", builds[i], what,
                                         schedulers, ran.status, status, ran.output);
                }
        }
}

COP_TEST(FAULT_handled, "a handler that was there first gets what cannot be contained",
         .limit_s = 120)
{
        handled("handled_fault", 3, 1);
        handled("handled_thread", 3, 1);
}

COP_TEST(FAULT_handled_signal, "it gets what somebody sent, and the processes go on",
         .limit_s = 120)
{
        handled("handled_signal", 0, 2);
}

/* COP_ON_FAULT=core: it dies of the very signal, however that would have been contained. */
static void dies_of(const char *what, int signo)
{
        struct rlimit none = { 0 };

        if (COP_ASAN || COP_TSAN)
                cop_skip("the sanitizer has the signals");
        setrlimit(RLIMIT_CORE, &none);
        setenv("COP_ON_FAULT", "core", 1);
        commit("runtime_deeds", what, "2");
        if (ran.status != 128 + signo || count_lines("coppice: * in process <0.*>*") != 1)
                cop_fail("%s: status %d, expected %d and a report:\n%s", what, ran.status,
                         128 + signo, ran.output);
}

COP_TEST(FAULT_core, "COP_ON_FAULT=core ends the program by the signal, contained or not")
{
        dies_of("null", SIGSEGV);
        dies_of("abort", SIGABRT);
        dies_of("qsort", SIGSEGV);
}

/* COP_ON_FAULT=stop: it stops so often, then goes on to its end. */
static void stops(const char *what, int times, int end)
{
        pid_t child = fork();
        int status, count = 0;

        if (child == 0) {
                const char *program = path_beside_test("runtime_deeds");

                setenv("COP_ON_FAULT", "stop", 1);
                execl(program, program, what, "2", (char *)NULL);
                _exit(127);
        }
        while (waitpid(child, &status, WUNTRACED) == child && WIFSTOPPED(status)) {
                cop_assert_equal(WSTOPSIG(status), SIGSTOP);
                count++;
                kill(child, SIGCONT);
        }
        cop_assert_equal(count, times);
        cop_assert(WIFEXITED(status));
        cop_assert_equal(WEXITSTATUS(status), end);
}

COP_TEST(FAULT_stop, "COP_ON_FAULT=stop stops the program at each fault, contained or not")
{
        if (COP_ASAN || COP_TSAN)
                cop_skip("the sanitizer has the signals");
        stops("null", 2, 0);
        stops("qsort", 1, 134);
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
