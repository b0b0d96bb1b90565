/*
 * Where sprout begins.
 */
#include "sprout.h"

#include <inttypes.h>
#include <stdio.h>

/* The first process; the program ends when it returns. arguments are those of the command line. */
static void begin(cop_term arguments)
{
        cop_supervisor_start_link(sprout_supervisor);

        printf("sprout counts: %" PRId64 "\n", sprout_next());
        printf("sprout counts: %" PRId64 "\n", sprout_next());

        printf("A cat is no number, so this crashes, and the supervisor starts it again:\n");
        fflush(stdout);
        sprout_add(cop_build("cat"));
        cop_system_quiet(1000);

        printf("sprout counts: %" PRId64 "\n", sprout_next());
}

int main(int argc, char **argv)
{
        return cop_main(begin, argc, argv);
}
