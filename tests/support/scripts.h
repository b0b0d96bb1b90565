/*
 * scripts.h: random scripts, run in another language when they were recorded, and here by a program
 * of the tests; what they print has to be the same. Time is virtual, and the seed says who runs when.
 */
#ifndef COP_TESTS_SUPPORT_SCRIPTS_H
#define COP_TESTS_SUPPORT_SCRIPTS_H

#include <coppice/test.h>

/* Runs all of tests/conformance/WHICH/recorded with the program. At least so many there must be. */
void scripts_compare(const char *which, const char *program, size_t least);

#endif
