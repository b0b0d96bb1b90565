/*
 * Where sprout begins.
 */
#include "sprout.h"

/* The first process; the program ends when it returns. arguments are those of the command line. */
static void begin(cop_term arguments)
{
        cop_print(sprout_hello());
}

int main(int argc, char **argv)
{
        return cop_main(begin, argc, argv);
}
