/*
 * terminal.c: a console on a terminal.
 */
#include "console/front.h"

int cop__front_terminal(const char *first)
{
        return cop__front_pipe(first);
}
