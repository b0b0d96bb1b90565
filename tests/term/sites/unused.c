/* However it is linked, a wrong pattern in a function that nobody calls is found. */
#include <stdio.h>

#include "term/pattern.h"

bool never_called(cop_term term);
bool never_called(cop_term term)
{
        int x;

        return cop_match(term, "{wrong, X", &x);
}

static void be_quiet(void *context, const char *message)
{
}

int main(void)
{
        cop_term right = cop_build("{right, X}", 1);

        printf("%zu wrong\n", cop__sites_check(be_quiet, NULL));
        return cop_match(right, "{right, 1}") ? 0 : 1;
}
