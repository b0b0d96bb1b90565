/*
 * etf_input.h: what the two halves of the decoder share.
 *
 * etf_decode.c decodes what has parts; etf_leaf.c what has none. Nobody else includes this.
 */
#ifndef COP_TERM_ETF_INPUT_H
#define COP_TERM_ETF_INPUT_H

#include <string.h>

#include "term/etf.h"

#define COP__ETF_TOO_LARGE "a smaller term: this one takes too much memory"
#define COP__ETF_NO_MEMORY "more memory: there is none left"
#define COP__ETF_CUT_SHORT "more bytes: the term is cut short"

/* Says what was expected; the first one stays. */
static inline cop_term refuse_at(struct etf_input *in, const uint8_t *at, const char *expected)
{
        if (!in->error) {
                in->error = expected;
                in->error_at = at;
        }
        return COP_NONE;
}

static inline cop_term refuse(struct etf_input *in, const char *expected)
{
        return refuse_at(in, in->at, expected);
}

static inline size_t left(const struct etf_input *in)
{
        return (size_t)(in->end - in->at);
}

static inline bool has(struct etf_input *in, size_t bytes)
{
        if (left(in) >= bytes)
                return true;
        refuse_at(in, in->end, COP__ETF_CUT_SHORT);
        return false;
}

/* These read zeros where the input ends too early, and note that. */
static inline uint8_t get_8(struct etf_input *in)
{
        return has(in, 1) ? *in->at++ : 0;
}

static inline uint16_t get_16(struct etf_input *in)
{
        uint16_t value = 0;

        if (has(in, sizeof(value))) {
                memcpy(&value, in->at, sizeof(value));
                in->at += sizeof(value);
        }
        return __builtin_bswap16(value);
}

static inline uint32_t get_32(struct etf_input *in)
{
        uint32_t value = 0;

        if (has(in, sizeof(value))) {
                memcpy(&value, in->at, sizeof(value));
                in->at += sizeof(value);
        }
        return __builtin_bswap32(value);
}

static inline uint64_t get_64(struct etf_input *in)
{
        uint64_t high = get_32(in);

        return high << 32 | get_32(in);
}

static inline bool claim(struct etf_input *in, size_t words)
{
        if (words > in->words_left) {
                refuse(in, COP__ETF_TOO_LARGE);
                return false;
        }
        in->words_left -= words;
        return true;
}

static inline uint64_t *take_words(struct etf_input *in, size_t words)
{
        uint64_t *taken;

        if (!claim(in, words))
                return NULL;
        taken = cop__region_try_take(in->region, words);
        if (!taken)
                refuse(in, COP__ETF_NO_MEMORY);
        return taken;
}

/* What a constructor made; without an error before, it fails for memory alone. */
static inline cop_term made(struct etf_input *in, cop_term term)
{
        return cop_is_none(term) ? refuse(in, COP__ETF_NO_MEMORY) : term;
}

/* These stand behind the tag, if they know what it was. COP_NONE after an error. */

cop_term cop__etf_float(struct etf_input *in);
cop_term cop__etf_text_float(struct etf_input *in);
cop_term cop__etf_big(struct etf_input *in, size_t size);
cop_term cop__etf_bits(struct etf_input *in, size_t size, unsigned last_bits);
cop_term cop__etf_string(struct etf_input *in);
cop_term cop__etf_pid(struct etf_input *in, bool old);
cop_term cop__etf_port(struct etf_input *in, unsigned tag);
cop_term cop__etf_ref(struct etf_input *in, unsigned tag);
cop_term cop__etf_export(struct etf_input *in);

/* COP_NONE without an error where the tag is not an atom's. */
cop_term cop__etf_atom_of(struct etf_input *in, unsigned tag);

/* These stand at the tag: an atom; an integer of 32 bits, as the format has them inside funs. */
cop_term cop__etf_atom(struct etf_input *in);
uint32_t cop__etf_integer(struct etf_input *in);

#endif
