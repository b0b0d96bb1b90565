/*
 * Lends a thing, and says whether it was lost. README.md beside this tells how a simulation finds out when.
 *
 *     $ build/examples/sim
 *     $ COP_SIM=81 COP_SIM_TRACE=- build/examples/sim
 */
#include "lending.h"

#include <stdio.h>
#include <stdlib.h>

static void run(cop_term arguments)
{
        printf("all have gone, and the thing is %s\n",
               lending_play("forgetful") ? "there" : "lost");
}

int main(int argc, char **argv)
{
        return cop_main(run, argc, argv);
}
