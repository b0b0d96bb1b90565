/*
 * form.h: the text of a pattern as a tree.
 *
 * What stands between the text and its program. The tree lives in the reader's own region and goes
 * with it. Whatever depends on no argument is a term already.
 */
#ifndef COP_TERM_FORM_H
#define COP_TERM_FORM_H

#include <coppice/site.h>

#include "term/lexer.h"
#include "term/region.h"

enum form_kind {
        FORM_CONSTANT,
        FORM_ANY, /* _ */
        FORM_VARIABLE,
        FORM_PIN, /* ^X */
        FORM_TUPLE,
        FORM_LIST, /* count elements, and the tail behind them */
        FORM_MAP,  /* count keys, each followed by its value */
        FORM_BITS,
};

struct form {
        enum form_kind kind;
        struct text_place place;
        cop_term constant;
        uint32_t variable; /* of a variable or pin: its number */
        bool first;        /* of a variable: it stands here for the first time */
        size_t count;
        struct form *parts; /* the first of them */
        struct form *next;  /* of what it is a part of */
        struct part *bits;  /* of FORM_BITS */
};

enum part_kind { PART_CONSTANT, PART_INTEGER, PART_BIT_STRING };

/* A part of a binary. */
struct part {
        enum part_kind kind;
        struct part *next;
        struct form *value; /* PART_CONSTANT: bits; otherwise a variable, or _ */
        uint64_t size;      /* in bits, or bytes; of a constant, unused */
        struct form *sized; /* the variable that holds the size; NULL: it is a number */
        bool bytes;         /* size counts bytes, and only whole bytes are matched */
        bool rest;          /* all that is left */
        bool little, is_signed;
};

struct form_variable {
        const char *name;
        size_t size;
        bool pinned;
        bool in_part; /* it is a part of a binary, so its slot holds no term */
};

struct form_name {
        struct form_name *next;
        const char *name;
        size_t size;
};

struct form_reader {
        struct lexer lexer; /* what is wrong is said here */
        struct token token; /* the next one */
        struct region region;
        struct buffer chars;
        enum cop__use use;
        size_t depth;
        bool no_memory;
        uint32_t variable_count;
        struct form_variable variables[COP__ARGUMENTS_MOST];
        struct form_name *ignored; /* names that begin with _ */
};

/* Lends the text. cop__form_release() frees the tree. */
void cop__form_init(struct form_reader *reader, const char *text, size_t size, enum cop__use use);
void cop__form_release(struct form_reader *reader);

/* The whole text as one form; NULL when it is wrong. */
struct form *cop__form_read(struct form_reader *reader);

/* ---- for form_bits.c ---- */

void *cop__form_take(struct form_reader *reader, size_t size);
struct form *cop__form_new(struct form_reader *reader, enum form_kind kind);
/* NULL where memory was used up. */
struct form *cop__form_constant(struct form_reader *reader, cop_term term);
/* Goes on to the next token if the present one is of that kind. */
bool cop__form_accept(struct form_reader *reader, enum token_kind kind);
bool cop__form_expect(struct form_reader *reader, enum token_kind kind, const char *expected);
/* Says that something else was expected here. */
void *cop__form_unexpected(struct form_reader *reader, const char *expected);
/* All strings that stand here, one after the other, in reader->chars. */
bool cop__form_string(struct form_reader *reader);
struct form *cop__form_variable(struct form_reader *reader);
/* A variable that stood before. */
struct form *cop__form_known(struct form_reader *reader);
struct form *cop__form_number(struct form_reader *reader);
/* From << on. */
struct form *cop__form_bits(struct form_reader *reader);

#endif
