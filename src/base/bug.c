#include "base/bug.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void cop__bug_at(const char *file, int line, const char *what)
{
        char report[512];
        int size =
                snprintf(report, sizeof(report),
                         "coppice: %s:%d: this must hold, and does not: %s; stopping the program\n",
                         file, line, what);

        if (size > (int)sizeof(report) - 1)
                size = (int)sizeof(report) - 1;
        if (size > 0 && write(STDERR_FILENO, report, (size_t)size) < 0)
                size = 0; /* nobody left to tell */
        /* Whoever handles SIGABRT would take this for a fault of a process, and go on. */
        signal(SIGABRT, SIG_DFL);
        abort();
}
