/*
 * measure.h: what the programs of benchmarks measure with. Times are in nanoseconds.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <coppice/timer.h>

#include <stdio.h>
#include <stdlib.h>

static inline double since(int64_t start_ns)
{
        return (double)(cop_now_ns() - start_ns);
}

/* Resident bytes of this OS process, page tables included. */
static inline double resident(void)
{
        FILE *file = fopen("/proc/self/status", "r");
        char line[200];
        double kb = 0;
        long n;

        while (file && fgets(line, sizeof(line), file)) {
                if (sscanf(line, "VmRSS: %ld", &n) == 1 || sscanf(line, "VmPTE: %ld", &n) == 1)
                        kb += (double)n;
        }
        if (file)
                fclose(file);
        return kb * 1024;
}

static inline int by_size(const void *a, const void *b)
{
        double x = *(const double *)a, y = *(const double *)b;

        return (x > y) - (x < y);
}

/* That of values from which so large a part is smaller: 0.5 is the median. Sorts them. */
static inline double quantile(double *values, size_t count, double part)
{
        qsort(values, count, sizeof(*values), by_size);
        return values[(size_t)((double)count * part)];
}

#endif
