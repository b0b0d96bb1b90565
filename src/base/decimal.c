/*
 * decimal.c: floats from decimal text.
 *
 * The C library reads decimals exactly, but takes the decimal point from the language that the
 * program was set to; so it is asked for its own, "C". That one is part of the C library and takes
 * no memory, so it may be asked for again and again and is never freed.
 */
#include "base/decimal.h"

#include <locale.h>
#include <stdlib.h>

double cop__double_of_text(const char *text)
{
        locale_t c = newlocale(LC_ALL_MASK, "C", (locale_t)0);

        return c ? strtod_l(text, NULL, c) : strtod(text, NULL);
}
