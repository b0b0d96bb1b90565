/* choose.h: which of the tests are meant. */
#ifndef COP_TEST_CHOOSE_H
#define COP_TEST_CHOOSE_H

#include <coppice/test.h>

/*
 * Sorts the tests by file and line, and leaves those that are meant in front; how many. filter is a
 * whole name, a part of a name or a file, a pattern, or FILE:LINE, the test that stands there; only and
 * exclude are tags. Each may be NULL.
 */
int cop__test_choose(struct cop_test **tests, int count, const char *filter, const char *only,
                     const char *exclude);

#endif
