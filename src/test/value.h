/* value.h: what an assertion compares, written for a person. */
#ifndef COP_TEST_VALUE_H
#define COP_TEST_VALUE_H

#include <coppice/test.h>

/* Are they equal? Integers by worth, texts by contents, floats bit for bit but for NaN and 0. */
bool cop__test_value_is_equal(struct cop__test_value a, struct cop__test_value b);

/* Writes the value into text as C would, shortened with an ellipsis if need be. */
void cop__test_value_print(struct cop__test_value value, char *text, size_t size);

/* Where two texts begin to differ. */
size_t cop__test_text_differs_at(const char *a, const char *b);

#endif
