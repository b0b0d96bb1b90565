/*
 * cop: the project tool. One file a subcommand; table.c says which there are.
 */
#include <stdio.h>
#include <string.h>

#include "tool/subcommand.h"
#include "tool/text.h"

static int unknown(const char *name)
{
        const char *nearest = subcommand_nearest(name);

        if (nearest)
                return complain("there is no subcommand %s; did you mean cop %s? cop help says "
                                "which there are",
                                text_harmless(name), nearest);
        return complain("there is no subcommand %s; cop help says which there are",
                        text_harmless(name));
}

/* What was printed has arrived, or else the answer is not all there. */
static int finish(int status)
{
        if (fflush(stdout) == 0 && !ferror(stdout))
                return status;
        return complain(
                "cannot write the answer: standard output takes no more; see where it goes");
}

int main(int argc, char **argv)
{
        const char *name = argc > 1 ? argv[1] : "help";
        const struct subcommand *subcommand;

        if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
                name = "help";
        else if (strcmp(name, "--version") == 0)
                name = "version";
        subcommand = subcommand_find(name);
        if (!subcommand)
                return unknown(name);
        return finish(subcommand_run(subcommand, argv + (argc > 1 ? 2 : 1)));
}
