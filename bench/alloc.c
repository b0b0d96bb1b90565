/*
 * What a block of memory costs: alloc_free is one of 64 bytes taken and given back, with 1,000 of
 * them alive; alloc_free_other is the same where another thread gives them back.
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/alloc.h"

enum { BLOCKS = 1000, ROUNDS = 20000 };

static void *blocks[BLOCKS];

static double now_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void take_all(void)
{
        int i;

        for (i = 0; i < BLOCKS; i++) {
                blocks[i] = cop__alloc(64);
                if (!blocks[i])
                        exit(1);
        }
}

static void *give_all(void *unused)
{
        int i;

        for (i = 0; i < BLOCKS; i++)
                cop__free(blocks[i]);
        return NULL;
}

static void measure_own(void)
{
        double start;
        int round;

        take_all();
        give_all(NULL);
        start = now_ns();
        for (round = 0; round < ROUNDS; round++) {
                take_all();
                give_all(NULL);
        }
        printf("alloc_free\t%.2f\tns\n", (now_ns() - start) / ROUNDS / BLOCKS);
}

static void measure_other(void)
{
        double spent = 0;
        int round;

        for (round = 0; round < ROUNDS / 100; round++) {
                pthread_t thread;
                double start = now_ns();

                take_all();
                spent += now_ns() - start;
                if (pthread_create(&thread, NULL, give_all, NULL) != 0)
                        exit(1);
                pthread_join(thread, NULL);
        }
        printf("alloc_free_other\t%.2f\tns\n", spent / (ROUNDS / 100) / BLOCKS);
}

int main(void)
{
        measure_own();
        measure_other();
        return 0;
}
