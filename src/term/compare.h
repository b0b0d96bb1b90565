/*
 * compare.h: the order of terms, and their hash, for who cannot let the caller end in the middle.
 */
#ifndef COP_TERM_COMPARE_H
#define COP_TERM_COMPARE_H

#include "term/value.h"

/*
 * The order of two terms: exact as cop__compare_keys(), otherwise as cop_compare(). False when
 * memory for the walk is used up, which takes more than two dozen levels of nesting.
 */
bool cop__try_compare(cop_term a, cop_term b, bool exact, int *order);

/* cop_hash(); false as above. */
bool cop__try_hash(cop_term term, uint64_t *hash);

#endif
