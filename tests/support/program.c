#include "support/program.h"

#include <coppice/test.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_ARGUMENTS = 30 };

/* The directory of the test's own program is BUILD/tests. */
static void find_program(const char *name, char *path, size_t size)
{
        char own[PATH_MAX];
        ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);

        cop_assert(n > 0);
        own[n] = '\0';
        *strrchr(own, '/') = '\0';
        if (name[0] == '/')
                own[0] = '\0';
        else if (strchr(name, '/'))
                *strrchr(own, '/') = '\0';
        if (snprintf(path, size, "%s%s%s", own, *own ? "/" : "", name) >= (int)size)
                cop_fail("the path of %s is too long", name);
}

static COP_NORETURN void become(const char *path, const char *const *arguments, int output)
{
        const char *argv[MOST_ARGUMENTS + 2];
        int n = 0;

        argv[n++] = path;
        while (*arguments && n <= MOST_ARGUMENTS)
                argv[n++] = *arguments++;
        argv[n] = NULL;
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody would hear it any more */
        dup2(output, STDOUT_FILENO);
        dup2(output, STDERR_FILENO);
        execv(path, (char *const *)argv);
        dprintf(STDERR_FILENO, "cannot run %s: %s\n", path, strerror(errno));
        _exit(127);
}

void run_program(struct ran *ran, const char *name, const char *const *arguments)
{
        char path[PATH_MAX + 64];
        size_t got = 0;
        ssize_t n;
        pid_t pid;
        int pipe_ends[2];
        int status;

        find_program(name, path, sizeof(path));
        cop_assert(pipe2(pipe_ends, O_CLOEXEC) == 0);
        pid = fork();
        cop_assert(pid >= 0);
        if (pid == 0)
                become(path, arguments, pipe_ends[1]);
        close(pipe_ends[1]);
        while ((n = read(pipe_ends[0], ran->output + got, sizeof(ran->output) - 1 - got)) > 0)
                got += (size_t)n;
        ran->output[got] = '\0';
        close(pipe_ends[0]);
        cop_assert(waitpid(pid, &status, 0) == pid);
        ran->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
