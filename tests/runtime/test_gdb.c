/*
 * GDB: what a debugger sees of processes, by coppice-gdb.py, and how it gets there.
 *
 * Where there is no gdb, or it may not trace, there is nothing to be tested.
 */
#include <coppice/test.h>

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sanitizers.h"
#include "support/program.h"

#define SCRIPT COP_SOURCE_ROOT "/src/runtime/coppice-gdb.py"

static struct ran ran;

/* Where the programs of the build are. */
static const char *programs(void)
{
        static char path[PATH_MAX];
        ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);

        cop_assert(size > 0);
        path[size] = '\0';
        *strrchr(path, '/') = '\0';
        return path;
}

static void shell(const char *script)
{
        run_program(&ran, "/bin/sh", (const char *[]){ "-c", script, programs(), SCRIPT, NULL });
}

static void need_gdb(void)
{
        if (COP_ASAN || COP_TSAN)
                cop_skip("the sanitizer does not run under a debugger");
        shell("gdb --version");
        if (ran.status != 0)
                cop_skip("there is no gdb here");
        shell("gdb -batch -nx -ex 'python import gdb.unwinder; print(6 * 7)' -ex run /bin/true");
        if (!strstr(ran.output, "42") || !strstr(ran.output, "exited normally"))
                cop_skip("gdb has no Python, or may not trace");
}

/* gdb with these commands where all processes wait. */
static void at_halt(const char *commands)
{
        char script[2000];

        need_gdb();
        snprintf(script, sizeof(script),
                 "gdb -batch -nx -x \"$1\" -ex 'set debuginfod enabled off' -ex 'break halted'"
                 " -ex run %s -ex kill \"$0\"/runtime_halted 2>&1",
                 commands);
        shell(script);
}

/* All of these, in this order. */
static void says(const char *const *parts)
{
        const char *at = ran.output;

        for (; *parts; parts++) {
                const char *found = strstr(at, *parts);

                if (!found)
                        cop_fail("\"%s\" is missing:\n%s", *parts, ran.output);
                at = found + strlen(*parts);
        }
}

COP_TEST(GDB_processes, "cop processes lists all of them", .limit_s = 120)
{
        at_halt("-ex 'cop processes'");
        says((const char *const[]){ "pid", "<0.2.0>", "run", "running", "<0.3.0>", "idle", "idler",
                                    "waiting", "<0.4.0>", "sleeper", "sleeper", "waiting", NULL });
}

COP_TEST(GDB_parked, "cop bt shows where one waits", .limit_s = 120)
{
        at_halt("-ex 'cop bt 0.4.0'");
        says((const char *const[]){ "<0.4.0> sleeper", "#0", "wait_in_here", "wait_in_here",
                                    "wait_in_here", "wait_in_here", "cop__switch_start", NULL });
}

COP_TEST(GDB_running, "cop bt shows where one runs, and that an idle handler has no stack",
         .limit_s = 120)
{
        at_halt("-ex 'cop bt <0.2.0>' -ex 'cop bt 3' -ex 'bt 1'");
        says((const char *const[]){ "<0.2.0>", "#0", "halted", "run (", "<0.3.0> idle",
                                    "it has no stack", "#0", "halted", NULL });
}

COP_TEST(GDB_wrong, "a pid that nobody has, or that is none, is answered with an error",
         .limit_s = 120)
{
        at_halt("-ex 'cop bt 4711' -ex 'cop bt x'");
        says((const char *const[]){ "no process 4711 lives", "say cop bt PID", NULL });
}

COP_TEST(GDB_nothing, "a program without Coppice is told so", .limit_s = 120)
{
        need_gdb();
        shell("gdb -batch -nx -x \"$1\" -ex 'cop processes' /bin/true 2>&1");
        says((const char *const[]){ "no program with Coppice in it is here", NULL });
}

COP_TEST(GDB_core, "COP_ON_FAULT=core leaves a core file, in which all of this is to be seen",
         .limit_s = 120)
{
        need_gdb();
        shell("dir=$(mktemp -d) && cd \"$dir\" || exit 1\n"
              "ulimit -c unlimited\n"
              "COP_ON_FAULT=core \"$0\"/runtime_halted fault\n"
              "echo status $?\n"
              "core=$(ls | head -n 1)\n"
              "[ -z \"$core\" ] && echo no core file\n"
              "[ -n \"$core\" ] && gdb -batch -nx -x \"$1\" -ex 'cop processes' -ex 'cop bt 4'"
              " \"$0\"/runtime_halted \"$core\" 2>&1\n"
              "cd / && rm -rf \"$dir\"\n");
        says((const char *const[]){ "coppice: segv", "status 139", NULL });
        if (strstr(ran.output, "no core file"))
                cop_skip("the system writes no core files here");
        says((const char *const[]){ "<0.3.0>", "idle", "<0.4.0> sleeper", "wait_in_here",
                                    "wait_in_here", "wait_in_here", "cop__switch_start", NULL });
}

COP_TEST(GDB_stop, "COP_ON_FAULT=stop stops the program where the fault is, and then it goes on",
         .limit_s = 120)
{
        char program[PATH_MAX + 32];
        pid_t child;
        int status;

        if (COP_ASAN || COP_TSAN)
                cop_skip("the sanitizer has the fault");
        snprintf(program, sizeof(program), "%s/runtime_halted", programs());
        child = fork();
        if (child == 0) {
                setenv("COP_ON_FAULT", "stop", 1);
                execl(program, program, "fault", (char *)NULL);
                _exit(127);
        }
        cop_assert(waitpid(child, &status, WUNTRACED) == child);
        cop_assert(WIFSTOPPED(status));
        cop_assert_equal(WSTOPSIG(status), SIGSTOP);
        kill(child, SIGCONT);
        cop_assert(waitpid(child, &status, 0) == child);
        cop_assert(WIFEXITED(status));
}
