/* junit.h: how it went, in the form that build servers read. */
#ifndef COP_TEST_JUNIT_H
#define COP_TEST_JUNIT_H

#include <coppice/test.h>

/* From now on tests are noted in this file; -errno. */
int cop__junit_open(const char *path, const char *suite);

/* One test: what went wrong stands in the open file `output`, NULL where nothing did; why it was
 * skipped, or NULL. */
void cop__junit_note(const struct cop_test *test, double seconds, const int *output,
                     const char *skipped);

/* That was all. */
void cop__junit_close(void);

#endif
