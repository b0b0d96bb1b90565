/*
 * sim_trace.c: what happens in a simulation, a line each.
 *
 *     0.000000000 begin <0.5.0> of <0.4.0> todo_manager
 *     1.000079872 kill <0.5.0>@3
 *     1.000079872 end <0.5.0> todo_manager killed
 *
 * Nothing of an address, of the OS or of the clock on the wall is in it: two builds of a program by different
 * compilers have the same. Each line is one write, so that what was before a crash is there after it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "runtime/driver.h"
#include "runtime/sim.h"

enum { LINE_MOST = 512, NS_PER_S = 1000000000 };

static int to;          /* 0: nobody wants it */
static int64_t zero_ns; /* where virtual time began */

void cop__sim_trace_to(int descriptor)
{
        to = descriptor;
        zero_ns = now_ns();
}

bool cop__sim_is_traced(void)
{
        return to != 0;
}

void cop__sim_trace(const char *format, ...)
{
        char line[LINE_MOST];
        int64_t now = now_ns() - zero_ns;
        va_list args;
        int size, more;

        if (!to)
                return;
        size = snprintf(line, sizeof(line), "%lld.%09lld ", (long long)(now / NS_PER_S),
                        (long long)(now % NS_PER_S));
        va_start(args, format);
        more = vsnprintf(line + size, sizeof(line) - (size_t)size - 1, format, args);
        va_end(args);
        size += more < LINE_MOST - size - 1 ? more : LINE_MOST - size - 2;
        line[size++] = '\n';
        if (write(to, line, (size_t)size) != size)
                to = 0; /* nobody reads it any more */
}
