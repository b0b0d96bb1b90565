/*
 * values.h: well-formed terms by chance, from so few parts that many of them are equal.
 */
#ifndef COP_TESTS_SUPPORT_VALUES_H
#define COP_TESTS_SUPPORT_VALUES_H

#include <coppice/term.h>

/* A term of any kind, nested up to `depth` deep, in the caller's memory. */
cop_term random_value(int depth);

#endif
