/*
 * TERMINAL: the console at a terminal, which is a pseudo terminal here: somebody types, and looks.
 */
#include <coppice/test.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/sanitizers.h"
#include "coppice-config.h"

enum { WAIT_MS = 60000 };

static int terminal;
static pid_t program;
static char seen[1 << 20];
static size_t seen_size, looked_at;

static void become(const char *path, const char *side)
{
        int fd;

        setsid();
        fd = open(side, O_RDWR);
        if (fd < 0 || ioctl(fd, TIOCSCTTY, 0) < 0)
                _exit(126);
        dup2(fd, 0);
        dup2(fd, 1);
        dup2(fd, 2);
        unsetenv("HOME"); /* no history of somebody's */
        setenv("TERM", "xterm", 1);
        execl(path, path, "--console", (char *)NULL);
        _exit(127);
}

/* Starts a program of the build with its console. */
static void begin(const char *name)
{
        char path[4096], side[200];
        ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 100);

        if (!COP_HAVE_DW || !COP_HAVE_FFI)
                cop_skip("functions of a program are called with libdw and libffi");
        cop_assert(n > 0);
        path[n] = '\0';
        strcpy(strrchr(path, '/') + 1, name);
        terminal = posix_openpt(O_RDWR | O_NOCTTY);
        cop_assert(terminal >= 0 && grantpt(terminal) == 0 && unlockpt(terminal) == 0);
        cop_assert(ptsname_r(terminal, side, sizeof(side)) == 0);
        program = fork();
        if (program == 0)
                become(path, side);
        cop_assert(program > 0);
}

static void type(const char *text)
{
        cop_assert_equal(write(terminal, text, strlen(text)), (ssize_t)strlen(text));
}

/* Waits until this is on the screen, behind what was seen before. */
static void see(const char *text)
{
        struct pollfd fd = { terminal, POLLIN, 0 };
        char *found;
        ssize_t n;

        while (!(found = strstr(seen + looked_at, text))) {
                if (poll(&fd, 1, WAIT_MS) <= 0)
                        cop_fail("there is no \"%s\" in %s", text, seen + looked_at);
                n = read(terminal, seen + seen_size, sizeof(seen) - 1 - seen_size);
                if (n <= 0)
                        cop_fail("it ended, and there is no \"%s\" in %s", text, seen + looked_at);
                seen_size += (size_t)n;
        }
        looked_at = (size_t)(found - seen) + strlen(text);
}

static int status_of_end(void)
{
        struct pollfd fd = { terminal, POLLIN, 0 };
        char rest[4096];
        int status;

        while (poll(&fd, 1, WAIT_MS) > 0 && read(terminal, rest, sizeof(rest)) > 0)
                ; /* whatever it still says: it would wait for somebody who reads it */
        cop_assert_equal(waitpid(program, &status, 0), program);
        return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

COP_TEST(TERMINAL_lines, "there is a greeting, a prompt with a number, and an answer",
         .limit_s = 120)
{
        begin("console_calls");
        see("help says what there is");
        see("cop(1)> ");
        type("add(1, 2)\n");
        see("3");
        see("cop(2)> ");
        type("{ok,\n");
        see("...(2)> ");
        type("add(2, 2)}\n");
        see("{ok,4}");
        see("cop(3)> ");
        type("exit 3\n");
        cop_assert_equal(status_of_end(), 3);
}

COP_TEST(TERMINAL_interrupt, "Ctrl-C ends a call that loops for ever, and nothing else",
         .limit_s = 120)
{
        if (COP_TSAN)
                cop_skip("ThreadSanitizer keeps OS signals from code that calls nothing");
        begin("console_calls");
        see("cop(1)> ");
        type("X = 41\n");
        see("cop(2)> ");
        type("loop()\n");
        see("round");
        type("\x03");
        see("** (interrupted) loop was ended");
        see("cop(3)> ");
        type("add(X, 1)\n");
        see("42");
        see("cop(4)> ");
        type("\x04");
        cop_assert_equal(status_of_end(), 0);
}

COP_TEST(TERMINAL_abandon, "Ctrl-C at the prompt gives up what was typed", .limit_s = 120)
{
        begin("console_calls");
        see("cop(1)> ");
        type("{half, a, thing,\n");
        see("...(1)> ");
        type("\x03");
        see("cop(1)> ");
        type("add(20, 22)\n");
        see("42");
        see("cop(2)> ");
        type("exit\n");
        cop_assert_equal(status_of_end(), 0);
}
