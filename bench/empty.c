/*
 * How long it takes from the start of a program with an empty system to the answer of a first call, and what it is resident
 * then. The program starts itself, so that the loader's time is in it.
 *
 *     build/bench/empty
 */
#include <coppice/memory.h>
#include <coppice/server.h>
#include <coppice/system.h>

#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "measure.h"

enum { TIMES = 21 };

struct nothing {
        char unused;
};

static cop_next handle_call(struct nothing *n, cop_term request, cop_from from)
{
        return cop_reply(request);
}

COP_SERVER(echo, struct nothing, .handle_call = handle_call);

/* The first call is answered: says how large it is. */
static void first(cop_term unused)
{
        char line[200];
        FILE *file;

        cop_call(cop_server_start(echo, cop_nil()), "x");
        write(STDOUT_FILENO, "\n", 1);
        file = fopen("/proc/self/status", "r");
        while (file && fgets(line, sizeof(line), file))
                if (strncmp(line, "VmRSS:", 6) == 0)
                        write(STDOUT_FILENO, line, strlen(line));
        _Exit(0);
}

static double now_ms(void)
{
        struct timespec time;

        clock_gettime(CLOCK_MONOTONIC, &time);
        return (double)time.tv_sec * 1e3 + (double)time.tv_nsec / 1e6;
}

static double start_once(char *program, double *kb)
{
        char once[] = "once", *arguments[] = { program, once, NULL }, text[400] = { 0 };
        posix_spawn_file_actions_t actions;
        double start = now_ms(), took = 0;
        int ends[2];
        size_t size = 0;
        ssize_t got;
        pid_t pid;

        if (pipe(ends) < 0)
                exit(1);
        posix_spawn_file_actions_init(&actions);
        posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        posix_spawn_file_actions_addclose(&actions, ends[0]);
        if (posix_spawn(&pid, program, &actions, NULL, arguments, environ) != 0)
                exit(1);
        posix_spawn_file_actions_destroy(&actions);
        close(ends[1]);
        while ((got = read(ends[0], text + size, sizeof(text) - 1 - size)) > 0) {
                if (size == 0)
                        took = now_ms() - start;
                size += (size_t)got;
        }
        close(ends[0]);
        waitpid(pid, NULL, 0);
        if (sscanf(text, " VmRSS: %lf", kb) != 1)
                exit(1);
        return took;
}

int main(int argc, char **argv)
{
        double took[TIMES], kb[TIMES];

        if (argc > 1)
                return cop_main(first, 1, argv);
        for (int i = 0; i < TIMES; i++)
                took[i] = start_once(argv[0], &kb[i]);
        printf("empty_start\t%.4g\tms\nempty_size\t%.4g\tMB\n", quantile(took, TIMES, 0.5),
               quantile(kb, TIMES, 0.5) / 1024);
        return 0;
}
