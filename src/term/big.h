/*
 * big.h: numbers of any size, taken apart and put together.
 *
 * For who reads and writes numbers from outside (text, external format) and compares or hashes
 * them. Makers put the term into the region they are given and return COP_NONE when memory or its
 * limit is used up; what fits an immediate integer becomes one and takes nothing.
 */
#ifndef COP_TERM_BIG_H
#define COP_TERM_BIG_H

#include "base/buffer.h"
#include "term/region.h"
#include "term/value.h"

/*
 * An integer's magnitude, least significant limb first, without leading zeros: zero has no limbs.
 * `limbs` may point to `inside`, so the struct stays where it was filled in.
 */
struct limbs {
        const uint64_t *limbs;
        size_t count;
        bool negative;
        uint64_t inside;
};

/* Is it an integer, of any size? */
bool cop__is_integer(cop_term term);

/* Looks at an integer; what it shows lives as long as both the term and *view. */
void cop__int_view(struct limbs *view, cop_term integer);

/* How many bits the magnitude has; 0 for zero. */
uint64_t cop__limbs_bits(const struct limbs *view);

/* From a magnitude; leading zeros are fine. */
cop_term cop__int_from_limbs(struct region *region, const uint64_t *limbs, size_t count,
                             bool negative);
/* The same from bytes, least significant first. */
cop_term cop__int_from_bytes(struct region *region, const uint8_t *bytes, size_t size,
                             bool negative);

cop_term cop__int_from_int(struct region *region, int64_t value);
cop_term cop__int_from_uint(struct region *region, uint64_t value);

/* From digits of base 2 to 36, in either case, all of them valid and at least one. */
cop_term cop__int_from_digits(struct region *region, const char *digits, size_t count, int base,
                              bool negative);

/* Adds the integer in decimal. False when memory is used up (the buffer says so too). */
bool cop__int_print(struct buffer *buffer, cop_term integer);

/* The value if it fits; false otherwise and for what is no integer. */
bool cop__int_get(cop_term term, int64_t *value);
bool cop__uint_get(cop_term term, uint64_t *value);

/* A float; value is finite. */
cop_term cop__float_make(struct region *region, double value);

/* Its value, of a float. */
static inline double cop__float_value(cop_term term)
{
        union {
                uint64_t bits;
                double value;
        } as = { words_of(term)[1] };

        return as.value;
}

/* The nearest float; infinite where there is none. */
double cop__int_to_float(cop_term integer);

/* The order of two integers, and of an integer and a float; exact. Less than, equal to or greater
 * than 0. */
int cop__int_compare(cop_term a, cop_term b);
int cop__int_compare_float(cop_term integer, double value);

/* Adds a float as Erlang prints it: the shortest digits that read back as the same value. */
void cop__float_print(struct buffer *buffer, double value);

#endif
