/*
 * print.h: terms as text.
 *
 * Nothing here ends the caller: memory that is used up, or a buffer at its limit, shows in the
 * buffer. No depth of nesting needs more than a little of the C stack.
 */
#ifndef COP_TERM_PRINT_H
#define COP_TERM_PRINT_H

#include "base/buffer.h"
#include "term/value.h"

enum print_form {
        PRINT_WRITE,  /* as Erlang's ~tw: one line, lists are lists */
        PRINT_PRETTY, /* as ~tp: texts are "texts", lines are broken at width */
        PRINT_LINE,   /* as ~0tp: the same, but on one line */
};

/* Zero is always the default. */
struct print_options {
        enum print_form form;
        unsigned width;       /* columns of a line; 0: 80 */
        unsigned indent;      /* column at which the term begins, counted from 0 */
        unsigned depth_most;  /* what nests deeper is elided as `...`; 0: no limit */
        unsigned length_most; /* elements of a list, tuple or map, and characters or bytes of one
                                 text, before `...`; 0: no limit */
};

void cop__print(struct buffer *buffer, cop_term term, const struct print_options *options);

/* An atom's text, with quotes where Erlang's syntax needs them. */
void cop__print_atom(struct buffer *buffer, const char *text, size_t size);

#endif
