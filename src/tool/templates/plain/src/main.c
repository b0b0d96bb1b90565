/*
 * Where sprout begins.
 */
#include "sprout.h"

/* The program ends when it returns. arguments are those of the command line. */
static void run(cop_term arguments)
{
        cop_print(sprout_hello());
}

COP_MAIN(sprout, .run = run);
