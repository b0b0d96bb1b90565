/*
 * Where sprout begins.
 */
#include "sprout.h"

#include <inttypes.h>
#include <stdio.h>

/* Called when the application is up; the program ends when it returns. Without .run it goes on until it is
 * stopped. arguments are those of the command line. */
static void run(cop_term arguments)
{
        printf("sprout counts: %" PRId64 "\n", sprout_next());
        printf("sprout counts: %" PRId64 "\n", sprout_next());

        printf("A cat is no number, so this crashes, and the supervisor starts it again:\n");
        fflush(stdout);
        sprout_add(cop_build("cat"));
        cop_system_quiet(1000);

        printf("sprout counts: %" PRId64 "\n", sprout_next());
}

COP_MAIN(sprout, .run = run);
