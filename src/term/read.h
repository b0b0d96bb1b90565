/*
 * read.h: what the parts of the text reader share.
 *
 * read.c puts terms together; read_leaf.c reads those that hold no others, read_bits.c the segments
 * of <<...>>. Nobody else includes this.
 */
#ifndef COP_TERM_READ_H
#define COP_TERM_READ_H

#include "base/buffer.h"
#include "base/words.h"
#include "term/lexer.h"
#include "term/region.h"
#include "term/value.h"

enum { FRAMES_INSIDE = 16 };

/* What waits for the terms that are being read, and for which of them. */
enum frame_kind {
        FRAME_PAREN,
        FRAME_SIGN,
        FRAME_LIST,
        FRAME_TAIL, /* of a list */
        FRAME_TUPLE,
        FRAME_KEY,     /* of a map */
        FRAME_VALUE,   /* the same, behind => */
        FRAME_SEGMENT, /* of bits */
        FRAME_SIZE,    /* the same, behind : */
};

struct frame {
        enum frame_kind kind;
        bool negative;             /* FRAME_SIGN */
        struct text_place place;   /* where it begins */
        size_t base;               /* its first element among the values */
        struct text_place segment; /* bits: where the present segment begins, */
        size_t bits_base;          /* its first byte in the buffer, */
        size_t bit_count;          /* and how many bits there are */
};

struct reader {
        struct lexer lexer;
        struct token token; /* the next one, not yet used */
        struct region *region;
        size_t depth_most, words_left, atoms_left;
        bool pids;
        struct buffer text;    /* the string that was read last */
        struct buffer bits;    /* finished segments of all frames of bits */
        struct buffer scratch; /* a number on its way there */
        struct words values;   /* finished elements of all frames */
        struct frame *frames;  /* frames_inside, or allocated */
        size_t frame_count, frame_room;
        struct frame frames_inside[FRAMES_INSIDE]; /* last: not cleared */
};

/* Among the values: the segment is the string in `text`. Never a term: its tag is a header's. */
#define SEGMENT_TEXT ((cop_term){ TAG_HEADER })

/* The first of these to be called says what the error is. They return false. */
bool cop__read_fail(struct reader *reader, struct text_place place, const char *message);
/* The next token is not `what`. */
bool cop__read_expected(struct reader *reader, const char *what);

bool cop__read_no_memory(struct reader *reader);

/* Counts words against the limit before they are taken; false when they are too many. */
bool cop__read_claim(struct reader *reader, size_t words);

/* Words of the region, counted; NULL after an error. */
uint64_t *cop__read_take(struct reader *reader, size_t words);

/* Past the next token. */
void cop__read_next(struct reader *reader);
/* Past the next token, which has to be of this kind, for messages `what`. */
bool cop__read_accept(struct reader *reader, enum token_kind kind, const char *what);
/* Is this the token's text? */
bool cop__token_says(const struct token *token, const char *text);

/* The first frame from the top that is no parenthesis: what a value inside them belongs to. */
enum frame_kind cop__read_owner(const struct reader *reader);

/* What a token says. COP_NONE after an error, as all that follow. */
cop_term cop__read_atom(struct reader *reader, const struct token *token);
cop_term cop__read_integer(struct reader *reader, const struct token *token);
cop_term cop__read_float(struct reader *reader, double value);

/*
 * At a string, and past it and those that are adjacent: they are one. In a segment of bits its
 * characters are segments: they stay where they are, in `text`, and SEGMENT_TEXT stands for them.
 */
cop_term cop__read_string(struct reader *reader);

/* At the word fun: fun m:f/1, as it is printed. */
cop_term cop__read_fun(struct reader *reader);

/* At <: a pid. Behind # at `place`: a reference or a port. */
cop_term cop__read_pid(struct reader *reader);
cop_term cop__read_hashed(struct reader *reader, struct text_place place);

/* A binary or bit string; COP_NONE after an error. */
cop_term cop__read_bits_term(struct reader *reader, const void *bytes, size_t bit_count);

/*
 * Behind a segment's value and size, which are the frame's elements: reads the types, appends the
 * segment to the frame's bits and drops the elements. False after an error.
 */
bool cop__read_segment(struct reader *reader, struct frame *frame);

/* All bits of the frame, which are dropped; COP_NONE after an error. */
cop_term cop__read_bits_end(struct reader *reader, const struct frame *frame);

#endif
