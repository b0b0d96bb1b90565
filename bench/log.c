/*
 * What it costs to log: an event that nobody wants, one that is written to a file, one that comes in
 * a burst that is too large, and a report that is written. In one process; each is the best of some
 * rounds.
 */
#include <coppice.h>

#include <stdio.h>
#include <time.h>

enum { ROUNDS = 10, OFF = 10 * 1000 * 1000, ON = 5000 };

static double now_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void off(int i)
{
        cop_log_debug("event %d", i);
}

static void text(int i)
{
        cop_log_error("event %d", i);
}

static void report(int i)
{
        cop_report(COP_LEVEL_ERROR, "#{event => I}", i);
}

static void show(const char *row, int times, void (*what)(int))
{
        double best = 1e18;

        for (int round = 0; round < ROUNDS; round++) {
                double start = now_ns(), took;

                for (int i = 0; i < times; i++) {
                        what(i);
                        __asm__ volatile("" ::: "memory");
                }
                took = (now_ns() - start) / times;
                best = took < best ? took : best;
                cop_logger_flush(10000);
        }
        printf("%s\t%.2f\tns\n", row, best);
}

static void run(cop_term arguments)
{
        cop_logger_remove("default");
        show("log_off", OFF, off);
        cop_logger_add_file("file", "/dev/null", .burst_max = COP_NO_BURST_MAX);
        show("log_text", ON, text);
        show("log_report", ON, report);
        cop_logger_remove("file");
        cop_logger_add_file("file", "/dev/null", .burst_max = 1, .burst_ms = 3600000);
        show("log_too_many", ON, text);
        cop_logger_remove("file");
}

int main(int argc, char **argv)
{
        return cop_main(run, argc, argv);
}
