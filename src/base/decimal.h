/*
 * decimal.h: floats from decimal text.
 */
#ifndef COP_BASE_DECIMAL_H
#define COP_BASE_DECIMAL_H

/*
 * The double nearest to what the text begins with, digits with a point as in -1.5e10, whatever
 * language the program has been set to. Infinite where it is too large.
 */
double cop__double_of_text(const char *text);

#endif
