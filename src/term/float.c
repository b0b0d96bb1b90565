/*
 * float.c: floats, and their order among integers.
 *
 * print     finds the fewest digits that read back as the same value. Up to 15 digits survive the
 *           way through a double, so if 15 do, the fewest are those without their trailing zeros;
 *           else 16 are tried, and 17 always do. Subnormal values, which carry fewer, start at one
 *           digit. Where several have the fewest digits, the nearest is taken, as printf() rounds;
 *           but at a power of two the gap below is half the gap above, and the next one up may do
 *           where the nearest does not.
 * notation  Erlang's: the shorter of 123.0 and 1.23e2, the plain one when they are equal, but from
 *           2^53 on, where not every integer is a float, always the one with an exponent.
 * order     is exact: an integer is never rounded to be compared.
 *
 * printf() and strtod() do the rounding. The locale may change their decimal point, so none is
 * read: the digits are taken out of what printf() wrote, and given to strtod() as 123e-2.
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "term/big.h"

enum {
        DIGITS_KEPT = 15, /* DBL_DIG */
        DIGITS_MOST = 17, /* DBL_DECIMAL_DIG */
        TEXT_MOST = 40,
};

#define INTEGERS_END 9007199254740992.0 /* 2^53 */

/* A positive value in decimal: 0.d1d2d3... times 10^point. */
struct decimal {
        char digits[DIGITS_MOST + 2];
        int count;
        int point;
};

cop_term cop__float_make(struct region *region, double value)
{
        uint64_t *box = cop__region_try_take(region, 2);

        if (!box)
                return COP_NONE;
        box[0] = header_of(BOX_FLOAT, 1);
        memcpy(box + 1, &value, sizeof(value));
        return box_term(box);
}

/* ---- printing ---- */

/* The value rounded to so many digits. */
static void round_to(struct decimal *decimal, double value, int count)
{
        char text[TEXT_MOST];
        const char *at = text;

        snprintf(text, sizeof(text), "%.*e", count - 1, value);
        decimal->count = 0;
        for (; *at != 'e'; at++) {
                if (*at >= '0' && *at <= '9')
                        decimal->digits[decimal->count++] = *at;
        }
        decimal->point = (int)strtol(at + 1, NULL, 10) + 1;
}

static double value_of(const struct decimal *decimal)
{
        char text[TEXT_MOST];

        snprintf(text, sizeof(text), "%.*se%d", decimal->count, decimal->digits,
                 decimal->point - decimal->count);
        return strtod(text, NULL);
}

/* The next larger one with as many digits. */
static void step_up(struct decimal *decimal)
{
        int at = decimal->count;

        while (at > 0 && decimal->digits[at - 1] == '9')
                decimal->digits[--at] = '0';
        if (at > 0) {
                decimal->digits[at - 1]++;
        } else {
                decimal->digits[0] = '1';
                decimal->point++;
        }
}

/* Is there a decimal of so many digits that reads back as the value? */
static bool try_digits(struct decimal *decimal, double value, int count)
{
        int exponent;

        round_to(decimal, value, count);
        if (value_of(decimal) == value)
                return true;
        if (frexp(value, &exponent) != 0.5)
                return false;
        step_up(decimal);
        return value_of(decimal) == value;
}

/* Of a positive value. */
static void shortest(struct decimal *decimal, double value)
{
        int count = value < DBL_MIN ? 1 : DIGITS_KEPT;

        while (!try_digits(decimal, value, count) && count < DIGITS_MOST)
                count++;
        while (decimal->count > 1 && decimal->digits[decimal->count - 1] == '0')
                decimal->count--;
}

static int exponent_size(int exponent)
{
        int size = exponent < 0 ? 2 : 1;

        for (exponent = abs(exponent); exponent >= 10; exponent /= 10)
                size++;
        return size;
}

/* How long 123.0 or 0.00123 is. */
static int plain_size(const struct decimal *decimal)
{
        if (decimal->point <= 0)
                return 2 - decimal->point + decimal->count;
        if (decimal->point >= decimal->count)
                return decimal->point + 2;
        return decimal->count + 1;
}

/* How long 1.23e2 is. */
static int exponent_form_size(const struct decimal *decimal)
{
        int fraction = decimal->count > 1 ? decimal->count - 1 : 1;

        return 2 + fraction + 1 + exponent_size(decimal->point - 1);
}

static void add_zeros(struct buffer *buffer, int count)
{
        while (count-- > 0)
                cop__buffer_add_char(buffer, '0');
}

static void add_plain(struct buffer *buffer, const struct decimal *decimal)
{
        int before = decimal->point < decimal->count ? decimal->point : decimal->count;

        if (decimal->point <= 0) {
                cop__buffer_add_text(buffer, "0.");
                add_zeros(buffer, -decimal->point);
                cop__buffer_add(buffer, decimal->digits, (size_t)decimal->count);
                return;
        }
        cop__buffer_add(buffer, decimal->digits, (size_t)before);
        add_zeros(buffer, decimal->point - before);
        cop__buffer_add_char(buffer, '.');
        if (before == decimal->count)
                cop__buffer_add_char(buffer, '0');
        else
                cop__buffer_add(buffer, decimal->digits + before,
                                (size_t)(decimal->count - before));
}

static void add_exponent_form(struct buffer *buffer, const struct decimal *decimal)
{
        cop__buffer_add_char(buffer, decimal->digits[0]);
        cop__buffer_add_char(buffer, '.');
        if (decimal->count > 1)
                cop__buffer_add(buffer, decimal->digits + 1, (size_t)decimal->count - 1);
        else
                cop__buffer_add_char(buffer, '0');
        cop__buffer_format(buffer, "e%d", decimal->point - 1);
}

void cop__float_print(struct buffer *buffer, double value)
{
        struct decimal decimal;

        if (signbit(value))
                cop__buffer_add_char(buffer, '-');
        value = fabs(value);
        if (value == 0) {
                cop__buffer_add_text(buffer, "0.0");
                return;
        }
        shortest(&decimal, value);
        if (value < INTEGERS_END && plain_size(&decimal) <= exponent_form_size(&decimal))
                add_plain(buffer, &decimal);
        else
                add_exponent_form(buffer, &decimal);
}

/* ---- values and order ---- */

/* The highest 64 bits of a magnitude, the highest of them set; *more says whether any set ones are
 * below. */
static uint64_t top_bits(const struct limbs *view, bool *more)
{
        size_t last = view->count - 1;
        int shift = __builtin_clzll(view->limbs[last]);
        uint64_t top = view->limbs[last] << shift, below = 0;

        if (last > 0 && shift > 0) {
                top |= view->limbs[last - 1] >> (64 - shift);
                below = view->limbs[last - 1] << shift;
        } else if (last > 0) {
                below = view->limbs[last - 1];
        }
        for (size_t i = 0; i + 1 < last; i++)
                below |= view->limbs[i];
        *more = below != 0;
        return top;
}

double cop__int_to_float(cop_term integer)
{
        struct limbs view;
        uint64_t top;
        double value;
        bool more;

        if (tag_of(integer) == TAG_INT)
                return (double)small_value(integer);
        cop__int_view(&view, integer);
        if (cop__limbs_bits(&view) > DBL_MAX_EXP)
                return view.negative ? -HUGE_VAL : HUGE_VAL;
        top = top_bits(&view, &more);
        /* A double keeps 53 of these bits, so the lowest may stand for all that are below it. */
        value = ldexp((double)(top | more), (int)(cop__limbs_bits(&view) - 64));
        return view.negative ? -value : value;
}

static int sign_of(bool less, bool greater)
{
        return (int)greater - (int)less;
}

/* An immediate integer against a float. */
static int compare_small(int64_t integer, double value)
{
        double whole = trunc(value);

        if (whole >= (double)INT_MOST)
                return -1;
        if (whole < -(double)INT_MOST)
                return 1;
        if (integer != (int64_t)whole)
                return integer < (int64_t)whole ? -1 : 1;
        return sign_of(value > whole, value < whole);
}

/* A boxed magnitude, 2^60 or more, against a positive float. */
static int compare_magnitudes(const struct limbs *view, double value)
{
        uint64_t bits = cop__limbs_bits(view), top, mantissa;
        int exponent;
        bool more;

        value = frexp(value, &exponent);
        if (exponent < 0 || bits != (uint64_t)exponent)
                return exponent < 0 || bits > (uint64_t)exponent ? 1 : -1;
        /* As large as this the float is an integer, and its 53 bits are the highest of them. */
        mantissa = (uint64_t)ldexp(value, 64);
        top = top_bits(view, &more);
        if (top != mantissa)
                return top < mantissa ? -1 : 1;
        return more;
}

int cop__int_compare_float(cop_term integer, double value)
{
        struct limbs view;
        int order;

        if (tag_of(integer) == TAG_INT)
                return compare_small(small_value(integer), value);
        cop__int_view(&view, integer);
        if (view.negative != (value < 0))
                return view.negative ? -1 : 1;
        order = compare_magnitudes(&view, fabs(value));
        return view.negative ? -order : order;
}
