/*
 * program.h: what a pattern is compiled to.
 *
 * Made by match_program.c and build_program.c, run by match.c and build.c, and by nobody else.
 */
#ifndef COP_TERM_PROGRAM_H
#define COP_TERM_PROGRAM_H

#include "term/form.h"
#include "term/pattern.h"

/*
 * Matching. A program walks over the words of a term: `at` points to the next one to look at, and
 * an instruction either looks at it and goes on, or goes into it. Coming back is a stack whose
 * depth the parser has limited. What is found is kept in slots, SLOTS_EACH for a variable, and
 * written to the places at the end.
 */
enum match_code {
        MATCH_DONE,
        MATCH_ANY,        /* count words, whatever they are */
        MATCH_WORD,       /* is word */
        MATCH_EQUAL,      /* is equal to the term word */
        MATCH_TUPLE,      /* a tuple with the header word; go into it */
        MATCH_TUPLE_LAST, /* the same, and nothing is left to look at where it stood */
        MATCH_PAIR,
        MATCH_PAIR_LAST,
        MATCH_BACK, /* count levels up */
        MATCH_MAP,  /* a map; its values are looked at one by one */
        MATCH_KEY,  /* that has the key word; go to its value */
        MATCH_KEY_SLOT,
        MATCH_KEY_PIN,
        MATCH_TERM, /* to slot */
        MATCH_INT64,
        MATCH_INT, /* of count bytes */
        MATCH_UINT,
        MATCH_FLOAT,
        MATCH_BOOL,
        MATCH_PID,
        MATCH_REF,
        MATCH_SAME, /* equal to what slot holds */
        MATCH_PIN,  /* equal to what place number slot, of kind count, points to */
        MATCH_BITS, /* a bit string; its parts are looked at one by one */
        MATCH_PART_EQUAL,
        MATCH_PART_INT,
        MATCH_PART_BITS,
        MATCH_BITS_END, /* nothing is left of it */
};

struct match_op {
        uint16_t code; /* enum match_code */
        uint16_t slot;
        uint32_t count;
        uint64_t word;
};

/* Part of a binary: `word` of its instruction. Its size is `count`, or in slot number `count`. */
enum part_flags {
        PART_LITTLE = 1,
        PART_SIGNED = 2,
        PART_SIZE_IN_SLOT = 4,     /* as a term */
        PART_SIZE_IN_RAW_SLOT = 8, /* as a number */
        PART_REST = 16,
        PART_BYTES = 32, /* sizes are in bytes, and only whole ones are left over */
        PART_IGNORED = 64,
        PART_KIND_SHIFT = 8, /* kind and size of the target */
};

enum { SLOTS_EACH = 3 };

/* How a slot becomes what the place gets. */
enum output_code {
        OUTPUT_WORD, /* as it is: terms, pids, references */
        OUTPUT_INT,
        OUTPUT_UINT,
        OUTPUT_FLOAT,
        OUTPUT_BOOL,
        OUTPUT_RAW,      /* a number: part of a binary */
        OUTPUT_RAW_INT,  /* the same as a term */
        OUTPUT_RAW_UINT, /* the same as a term */
        OUTPUT_BITS,     /* part of a binary: the whole, where it begins, how many bits */
};

struct output {
        uint8_t code; /* enum output_code */
        uint8_t size; /* of the target, in bytes */
        uint8_t place;
        uint8_t slot;
};

/*
 * Building. The words of the result with nothing in them that depends on where they are or on the
 * values; and the steps that put these in.
 */
enum build_code {
        BUILD_INNER, /* the word holds an offset in bytes: add the address */
        BUILD_INT,   /* the value becomes the word */
        BUILD_UINT,
        BUILD_FLOAT, /* the value's bits: the box is there */
        BUILD_BOOL,
        BUILD_TEXT,
        BUILD_TERM,
        BUILD_MAP,        /* its keys are filled in: put them in order */
        BUILD_BITS,       /* a bit string of the next count parts */
        BUILD_PART_EQUAL, /* the bits of the term word */
        BUILD_PART_INT,   /* count bits of a number */
        BUILD_PART_BITS,  /* all of a bit string or text */
};

struct build_step {
        uint8_t code; /* enum build_code */
        uint8_t value;
        uint8_t kind; /* of the value; only of parts */
        uint8_t flags;
        uint32_t at;
        uint32_t count;
        uint64_t word;
};

/* A constant part of a pattern; immortal once the pattern is in the table. */
struct literal {
        struct literal *next;
        uint64_t words[];
};

struct pattern {
        /* matching */
        struct match_op *ops;
        /* building */
        cop_term constant; /* the whole, where it depends on no value; COP_NONE otherwise */
        uint64_t *words;
        struct build_step *steps;
        uint32_t word_count, step_count;
        uint64_t root; /* tag of the result, whose box is words[0]; TAG_HEADER: it is words[0] */
        /* matching */
        uint32_t output_count;
        struct output outputs[COP__ARGUMENTS_MOST];
        /* what it was made of */
        struct literal *literals;
        struct shared_bits *shared; /* in the literals */
        struct pattern *next;       /* in its bucket; set once */
        uint64_t hash;
        uint8_t use;
        uint8_t kinds[COP__ARGUMENTS_MOST + 1];
        char text[];
};

/* A pattern outside the table, for who frees it again: the table itself, and fuzzers. The text may
 * hold zero bytes. */
struct pattern *cop__pattern_new(const char *text, size_t size, enum cop__use use,
                                 const uint8_t *kinds, struct pattern_error *error);
void cop__pattern_free(struct pattern *pattern);

/* The term as it stands in a program: where it is not immediate, a copy that lives as long as the
 * pattern. COP_NONE: memory is used up. */
cop_term cop__pattern_literal(struct pattern *pattern, cop_term term);

/* Fills in a pattern. False when the form is wrong for the kinds of arguments, or memory is used
 * up; the reader says which. What was allocated is freed with the pattern. */
bool cop__match_program(struct pattern *pattern, struct form_reader *reader,
                        const struct form *form);
bool cop__build_program(struct pattern *pattern, struct form_reader *reader,
                        const struct form *form);

#endif
