/*
 * LONG: a turn that does not end is told of, once, with who it is and where.
 */
#include <coppice/test.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sanitizers.h"

static char said[65536];
static size_t said_size;
static int to, from;
static pid_t child;

/* ms: what COP_LONG_TURN_MS says; NULL: nothing. */
static void start_with(const char *what, const char *ms)
{
        char path[PATH_MAX];
        ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 32);
        int input[2], output[2];

        cop_assert(size > 0 && pipe(input) == 0 && pipe(output) == 0);
        path[size] = '\0';
        strcpy(strrchr(path, '/'), "/runtime_dawdler");
        child = fork();
        if (child == 0) {
                dup2(input[0], STDIN_FILENO);
                dup2(output[1], STDOUT_FILENO);
                dup2(output[1], STDERR_FILENO);
                close(input[0]);
                close(input[1]);
                close(output[0]);
                close(output[1]);
                if (ms)
                        setenv("COP_LONG_TURN_MS", ms, 1);
                else
                        unsetenv("COP_LONG_TURN_MS");
                execl(path, path, what, (char *)NULL);
                _exit(127);
        }
        close(input[0]);
        close(output[1]);
        to = input[1];
        from = output[0];
}

static void start(const char *what)
{
        start_with(what, "300");
}

/* Reads until this has been said, or until the end. */
static void read_until(const char *text)
{
        while (!text || !strstr(said, text)) {
                ssize_t got = read(from, said + said_size, sizeof(said) - 1 - said_size);

                if (got <= 0 && !text)
                        return;
                if (got <= 0)
                        cop_fail("\"%s\" is missing:\n%s", text, said);
                said_size += (size_t)got;
                said[said_size] = '\0';
        }
}

static void end(void)
{
        int status;

        close(to);
        read_until(NULL);
        cop_assert(waitpid(child, &status, 0) == child);
        cop_assert_equal(status, 0);
        cop_assert(strstr(said, "over\n") != NULL);
        /* Once. */
        cop_assert(strstr(strstr(said, "without a pause") + 1, "without a pause") == NULL);
}

COP_TEST(LONG_running, "of one that runs and runs, the functions it is in", .limit_s = 120)
{
        if (COP_TSAN)
                cop_skip("nobody looks at a stack there");
        start("run");
        read_until("dawdler has been running for ");
        read_until("dawdle");
        end();
}

COP_TEST(LONG_waiting, "of one that waits in the kernel, where that is, and it is not disturbed",
         .limit_s = 120)
{
        start("wait");
        read_until("dawdler has been waiting in the kernel for ");
        read_until("poll");
        end();
}

COP_TEST(LONG_default, "without a word of how long, it is five seconds; 0 is never", .limit_s = 120)
{
        int to_silent, from_silent, lasted_ms = 0;
        pid_t silent;

        start_with("wait", "0");
        to_silent = to;
        from_silent = from;
        silent = child;
        start_with("wait", NULL);
        read_until("waiting in the kernel for ");
        read_until("poll");
        sscanf(strstr(said, "kernel for "), "kernel for %d", &lasted_ms);
        cop_assert(lasted_ms >= 5000);
        end();

        said_size = 0;
        said[0] = '\0';
        to = to_silent;
        from = from_silent;
        child = silent;
        close(to);
        read_until(NULL);
        cop_assert_text(said, "over\n");
}
