/*
 * hang.c: says where an OS process hangs, from outside.
 *
 * /proc has each thread's name, its state and the system call that it sits in. Where eu-stack (of
 * elfutils) or gdb is installed it shows the functions too; both are asked with a time limit.
 */
#include "test/hang.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* The first line of /proc/PID/task/THREAD/what, without its end. */
static void read_line(pid_t pid, const char *thread, const char *what, char *line, int size)
{
        char path[128];
        FILE *file;

        line[0] = '\0';
        snprintf(path, sizeof(path), "/proc/%d/task/%.20s/%s", (int)pid, thread, what);
        file = fopen(path, "re");
        if (!file)
                return;
        if (!fgets(line, size, file))
                line[0] = '\0';
        line[strcspn(line, "\n")] = '\0';
        fclose(file);
}

static void show_thread(pid_t pid, const char *thread)
{
        char name[64];
        char call[128];
        char stat[512];
        const char *state;

        read_line(pid, thread, "comm", name, sizeof(name));
        read_line(pid, thread, "syscall", call, sizeof(call));
        read_line(pid, thread, "stat", stat, sizeof(stat));
        state = strrchr(stat, ')');
        call[strcspn(call, " ")] = '\0';
        if (strcmp(call, "running") == 0 || !call[0])
                printf("        thread %s (%s) is running, state%.2s\n", thread, name,
                       state ? state + 1 : " ?");
        else
                printf("        thread %s (%s) sits in system call %s, state%.2s\n", thread, name,
                       call, state ? state + 1 : " ?");
}

/* Runs a program that prints stacks. False: it is not here, or could not. */
static bool show_stacks(const char *const *command)
{
        int status = -1;
        pid_t pid;

        fflush(stdout);
        pid = fork();
        if (pid == 0) {
                close(STDERR_FILENO);
                execvp(command[0], (char *const *)command);
                _exit(127);
        }
        if (pid > 0)
                waitpid(pid, &status, 0);
        return WIFEXITED(status) && WEXITSTATUS(status) != 127;
}

void cop__test_show_threads(pid_t pid)
{
        char number[16];
        char path[64];
        const char *eu_stack[] = { "timeout", "10", "eu-stack", "-p", number, NULL };
        const char *gdb[] = { "timeout", "10",  "gdb",
                              "-batch",  "-nx", "-p",
                              number,    "-ex", "thread apply all bt",
                              NULL };
        struct dirent *entry;
        DIR *dir;

        snprintf(number, sizeof(number), "%d", (int)pid);
        snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
        dir = opendir(path);
        if (!dir)
                return;
        while ((entry = readdir(dir)))
                if (entry->d_name[0] != '.')
                        show_thread(pid, entry->d_name);
        closedir(dir);
        if (!show_stacks(eu_stack))
                show_stacks(gdb);
}
