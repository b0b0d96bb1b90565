/*
 * shape.h: what a printed term looks like, for breaking it into lines.
 *
 * The printer writes a term on one long line and notes where each part of it stands; the layout
 * then copies parts of that line, with line ends between them.
 */
#ifndef COP_TERM_SHAPE_H
#define COP_TERM_SHAPE_H

#include "base/buffer.h"
#include "term/print.h"

enum shape_kind {
        SHAPE_TEXT,   /* never broken: an atom, a number, a "text" */
        SHAPE_BYTES,  /* <<1,2,3>>: may be broken behind each comma */
        SHAPE_LIST,   /* what it holds follows */
        SHAPE_TUPLE,  /* the same */
        SHAPE_TAGGED, /* a tuple of two or more that begins with an atom */
        SHAPE_MAP,    /* or a record: pairs follow */
        SHAPE_PAIR,   /* a key and a value follow */
};

/* A part of the line. What is inside it follows it in the array. */
struct shape {
        size_t offset, size; /* in bytes */
        size_t width;        /* in characters */
        size_t next;         /* the shape behind this one and all that is inside it */
        uint8_t kind;
        bool tail; /* what stands behind `|` in a list */
};

/*
 * Copies the line to out, broken into lines that fit options->width where they can. shapes holds
 * the line's shapes, the whole first. Memory that is used up shows in out.
 */
void cop__layout(struct buffer *out, const struct buffer *line, const struct buffer *shapes,
                 const struct print_options *options);

#endif
