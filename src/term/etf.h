/*
 * etf.h: the external term format, for who puts terms into messages of his own.
 *
 * What is written and read here is a term without the version byte that stands before one that is
 * alone. Nothing here ends the caller.
 */
#ifndef COP_TERM_ETF_H
#define COP_TERM_ETF_H

#include "term/region.h"
#include "term/value.h"

/* The first byte of every kind of data in external format. */
enum etf_tag {
        ETF_FLOAT = 70,
        ETF_BITS = 77,
        ETF_COMPRESSED = 80,
        ETF_NEW_PID = 88,
        ETF_NEW_PORT = 89,
        ETF_NEWER_REF = 90,
        ETF_SMALL_INT = 97,
        ETF_INT = 98,
        ETF_TEXT_FLOAT = 99,
        ETF_ATOM = 100, /* Latin-1 */
        ETF_OLD_REF = 101,
        ETF_PORT = 102,
        ETF_PID = 103,
        ETF_SMALL_TUPLE = 104,
        ETF_TUPLE = 105,
        ETF_NIL = 106,
        ETF_STRING = 107,
        ETF_LIST = 108,
        ETF_BINARY = 109,
        ETF_SMALL_BIG = 110,
        ETF_BIG = 111,
        ETF_FUN = 112,
        ETF_EXPORT = 113,
        ETF_RECORD = 67,
        ETF_NEW_REF = 114,
        ETF_SMALL_ATOM = 115, /* Latin-1 */
        ETF_MAP = 116,
        ETF_UTF8_ATOM = 118,
        ETF_SMALL_UTF8_ATOM = 119,
        ETF_V4_PORT = 120,
        ETF_VERSION = 131, /* before everything */
};

/*
 * Writes the term to `to` if `room` bytes are enough. Returns how many it takes, also where they are
 * more; 0: out of memory, or a part of the term is too large for the format.
 */
size_t cop__etf_write(uint8_t *to, size_t room, cop_term term);

/* What a decoder may take, and where it stands. */
struct etf_input {
        const uint8_t *at, *end;
        struct region *region;
        size_t depth_most, words_left, atoms_left;
        const char *error;       /* what was expected; NULL while all is well */
        const uint8_t *error_at; /* where */
};

/* The term at input->at, which moves behind it; COP_NONE and input->error otherwise. What it took
 * of the region up to then stays there: the caller goes back to a mark. */
cop_term cop__etf_read(struct etf_input *input);

#endif
