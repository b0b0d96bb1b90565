/*
 * What tables cost: a lookup, an insert in the place of another object, and a counter, in a set of
 * 100,000 objects, one process; and a term that all share. Each is the best of many short runs.
 * tables.erl does the same.
 */
#include <coppice/ets.h>
#include <coppice/persistent.h>
#include <coppice/system.h>

#include <stdio.h>
#include <time.h>

enum { RUNS = 30, TIMES = 100000, OBJECTS = 100000 };

static cop_ref table;

static double now_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void look_up(int key)
{
        cop_ets_lookup(table, key);
}

static void insert(int key)
{
        cop_ets_insert(table, "{Key, 0}", key);
}

static void count(int key)
{
        cop_ets_update_counter(table, key, "1");
}

static void get(int key)
{
        cop_persistent_get(key % 16);
}

/* The keys come in an order that a processor does not foresee. */
static void show(const char *row, void (*what)(int key))
{
        double best = 1e18;

        for (int run = 0; run < RUNS; run++) {
                double start = now_ns(), took;
                uint32_t key = 1;

                for (int i = 0; i < TIMES / 100; i++) {
                        cop_scope {
                                for (int j = 0; j < 100; j++) {
                                        key = key * 1664525 + 1013904223;
                                        what((int)((key >> 8) % OBJECTS));
                                }
                        }
                }
                took = (now_ns() - start) / TIMES;
                best = took < best ? took : best;
        }
        printf("%s\t%.2f\tns\n", row, best);
}

static void run(cop_term arguments)
{
        table = cop_ets_new("bench", .access = COP_ETS_PUBLIC);
        for (int i = 0; i < OBJECTS; i++)
                cop_ets_insert(table, "{I, 0}", i);
        for (int i = 0; i < 16; i++)
                cop_persistent_put(i, cop_build("#{key => I, more => [1, 2, 3]}", i));
        show("ets_lookup", look_up);
        show("ets_insert", insert);
        show("ets_counter", count);
        show("persistent_get", get);
}

int main(int argc, char **argv)
{
        return cop_main(run, argc, argv);
}
