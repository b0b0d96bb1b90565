/*
 * number.c: integers and floats, for programs.
 *
 * The forms of numbers are big.c's and float.c's; here they meet the memory of the turn and the
 * crash of who hands in something else.
 */
#include <math.h>

#include "term/big.h"
#include "term/host.h"

/* Makers return COP_NONE without memory. */
static cop_term or_fail(cop_term term)
{
        if (cop_is_none(term))
                cop__fail_limit("memory");
        return term;
}

cop_term cop_int(int64_t value)
{
        if (fits_small(value))
                return small_term(value);
        return or_fail(cop__int_from_int(here(), value));
}

cop_term cop_uint(uint64_t value)
{
        if (value < (uint64_t)INT_MOST)
                return small_term((int64_t)value);
        return or_fail(cop__int_from_uint(here(), value));
}

cop_term cop_float(double value)
{
        if (!isfinite(value))
                cop__fail_badarg(NULL);
        return or_fail(cop__float_make(here(), value));
}

bool cop_is_int(cop_term term)
{
        return cop__is_integer(term);
}

bool cop_is_float(cop_term term)
{
        return is_box(term, BOX_FLOAT);
}

bool cop_is_number(cop_term term)
{
        return cop_is_int(term) || cop_is_float(term);
}

int64_t cop__to_int(cop_term term, const struct cop_place *place)
{
        int64_t value;

        if (!cop__int_get(term, &value))
                cop__fail_badarg(place);
        return value;
}

uint64_t cop__to_uint(cop_term term, const struct cop_place *place)
{
        uint64_t value;

        if (!cop__uint_get(term, &value))
                cop__fail_badarg(place);
        return value;
}

double cop__to_float(cop_term term, const struct cop_place *place)
{
        double value;

        if (cop_is_float(term))
                return cop__float_value(term);
        if (!cop_is_int(term))
                cop__fail_badarg(place);
        value = cop__int_to_float(term);
        if (!isfinite(value))
                cop__fail_badarg(place);
        return value;
}

/* For who calls them by address or from another language; there is no place to name. */

int64_t(cop_to_int)(cop_term term)
{
        return cop__to_int(term, NULL);
}

uint64_t(cop_to_uint)(cop_term term)
{
        return cop__to_uint(term, NULL);
}

double(cop_to_float)(cop_term term)
{
        return cop__to_float(term, NULL);
}
