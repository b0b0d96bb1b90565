/*
 * What terms cost: built and matched with patterns, copied as into a message, printed, read, and in
 * Erlang's external format. Each is the best of many short runs, so that what else the machine does
 * shows little. terms.erl does the same.
 */
#include <coppice/etf.h>
#include <coppice/match.h>
#include <coppice/text.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "term/region.h"

static const char text[] =
        "{reply,[#{id => 17,name => <<\"thermometer\">>,values => [21.5,22,-3]},"
        "{ok,\"some text\",'an atom'},{1152921504606846976,[a|b],<<1,2,3>>}],#{}}";

enum { RUNS = 40 };

static double now_ns(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Does what many times; the memory of the turn is given back every hundred times, as turns would. */
static void show(const char *row, int times, void (*what)(cop_term), cop_term term)
{
        double best = 1e18;

        for (int round = 0; round < RUNS; round++) {
                double start = now_ns(), took;

                for (int i = 0; i < times / 100; i++) {
                        cop_scope {
                                for (int j = 0; j < 100; j++)
                                        what(term);
                        }
                }
                took = (now_ns() - start) / times;
                best = took < best ? took : best;
        }
        printf("%s\t%.2f\tns\n", row, best);
}

static void build(cop_term unused)
{
        static volatile int64_t delta = 5;

        cop_build("{increment_number, Delta}", delta);
}

static int64_t sum;

static void match(cop_term term)
{
        int64_t delta;

        if (cop_match(term, "{increment_number, Delta}", &delta))
                sum += delta;
}

static void copy(cop_term term)
{
        struct shared_bits *shared = NULL;
        uint64_t *block = cop__alloc_array(cop__copy_words(term), sizeof(*block));

        if (!block)
                exit(3);
        cop__copy_to(block, term, &shared);
        cop__free(block);
}

static void print(cop_term term)
{
        cop_show(term);
}

static void parse(cop_term unused)
{
        cop_read(text);
}

static void encode(cop_term term)
{
        cop_encode(term);
}

static void decode(cop_term term)
{
        cop_decode(term);
}

int main(void)
{
        cop_term term = cop_read(text), list = cop_nil();

        for (int64_t i = 10000; i > 0; i--)
                list = cop_cons(cop_int(i), list);
        show("term_build", 100000, build, cop_nil());
        show("term_match", 100000, match, cop_build("{increment_number, N}", 5));
        show("term_copy_10k", 100, copy, list);
        show("term_print", 500, print, term);
        show("term_parse", 200, parse, term);
        show("term_encode", 2000, encode, term);
        show("term_decode", 2000, decode, cop_encode(term));
        return sum == 0;
}
