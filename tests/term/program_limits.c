/*
 * What a program says that has no runtime.
 *
 *     limits atoms     how many atoms there may be
 *     limits badarg    the wrong kind of term, outside any process
 *     limits memory    more than there is
 */
#include <coppice/term.h>

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "term/atom.h"

int main(int count, char **arguments)
{
        if (count < 2)
                return 2;
        if (strcmp(arguments[1], "atoms") == 0)
                printf("%zu\n", cop__atom_limit());
        if (strcmp(arguments[1], "badarg") == 0)
                cop_head(cop_int(1));
        if (strcmp(arguments[1], "memory") == 0) {
                cop__alloc_fail_at(1);
                cop_cons(cop_nil(), cop_nil());
        }
        return 0;
}
