/*
 * coppice/text.h: terms as text.
 *
 * One syntax everywhere, Erlang's: {ok, [1, 2.5, "text", <<"binary">>], #{key => 'An atom'}}.
 */
#ifndef COPPICE_TEXT_H
#define COPPICE_TEXT_H

#include <coppice/term.h>

COP_BEGIN_DECLS

/* ---- printing ---- */

/*
 * The term as text, on one line, ended by a zero, in the memory of the turn. A list of printable
 * characters shows as a "text". What it returns can be read back as the same term, unless there is
 * a pid, reference, port or fun in it.
 */
COP_API const char *cop_show(cop_term term);

/* The same, but broken into lines of 80 columns and indented, as Erlang's ~tp does. */
COP_API const char *cop_show_pretty(cop_term term);

/* The same as cop_show_pretty(), to standard output with a line end: for a look at something. */
COP_API void cop_print(cop_term term);

COP_END_DECLS

#endif
