/*
 * terms.h: terms of all kinds by chance, and a second opinion on what a term is.
 */
#ifndef COP_TESTS_SUPPORT_TERMS_H
#define COP_TESTS_SUPPORT_TERMS_H

#include "term/region.h"
#include "term/value.h"

/* A term of any kind, nested up to `depth` deep, in the caller's memory. */
cop_term random_term(int depth);

/* Word for word the same, pointers apart. By recursion: for terms that are not deep. */
bool is_same_term(cop_term a, cop_term b);

/* Does everything below the term lie in the words from start on? */
bool is_inside(cop_term term, const uint64_t *start, size_t words);

/* How many words are behind the term, counted the simple way. */
size_t words_behind(cop_term term);

/* How many boxes of shared binaries are behind the term. */
size_t shared_behind(cop_term term);

#endif
