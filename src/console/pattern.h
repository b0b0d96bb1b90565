/*
 * pattern.h: binding variables by matching.
 */
#ifndef COP_CONSOLE_PATTERN_H
#define COP_CONSOLE_PATTERN_H

#include <coppice/term.h>

/* Has the value the form of the pattern (a tree of parse.h)? Then its variables are in *bindings, a
 * map, with what stood in their place. Throws {'$refused', Text} of a pattern that is none. */
bool cop__pattern_bind(cop_term *bindings, cop_term pattern, cop_term value);

#endif
