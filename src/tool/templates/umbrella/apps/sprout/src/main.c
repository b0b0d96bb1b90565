/*
 * Where the program begins.
 */
#include "sprout.h"

/* Called when all applications are up; the program ends when it returns. */
static void run(cop_term arguments)
{
        cop_print(sprout_hello());
        cop_print(sprout_hello());
}

COP_MAIN(sprout, .run = run);
