/*
 * Counts, crashes, and counts again. README.md beside this says how it is built.
 *
 *     $ build/examples/counter
 */
#include "counter.h"

#include <inttypes.h>
#include <stdio.h>

static void run(cop_term arguments)
{
        printf("%" PRId64 "\n", counter_next());
        printf("%" PRId64 "\n", counter_next());
        counter_set(cop_build("cat"));
        cop_system_quiet(1000);
        printf("%" PRId64 "\n", counter_next());
}

COP_MAIN(counter, .run = run);
