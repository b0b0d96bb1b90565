/*
 * value.h: what the word of a term means.
 *
 * The low three bits are the tag.
 *
 *      000  boxed      pointer to a box: a header word, then the contents
 *      001  pair       pointer to two words, head and tail
 *      010  integer    61 bits, signed
 *      011  atom       pointer to its struct atom, which lives for ever (shifted: see atom.h)
 *      100  pid        of this node: serial (36 bits), slot (25 bits)
 *      101  reference  of this node: count (36 bits), slot of its owner (25 bits)
 *      110  nil
 *      111  header     first word of a box; never a term
 *
 * So (word & 6) == 0 says that there is something to follow. A zero word is no term (COP_NONE).
 *
 * Invariants
 *   - A term's boxes are never written after it was handed out.
 *   - An integer that fits into 61 bits is never boxed; a boxed one has no leading zero limb.
 *   - A float is never infinite and never not a number.
 *   - The keys of a map are strictly ascending in the order of cop__compare_keys().
 *   - A binary of up to SHARED_ABOVE bytes made here is carried in its box; above, its bytes are
 * counted and shared, and its box is on the list of the region or block that holds it (region.h).
 *   - The bits of a bit string beyond its length, in its last byte, are zero.
 *   - A pid or reference of this node is never boxed.
 */
#ifndef COP_TERM_VALUE_H
#define COP_TERM_VALUE_H

#include <coppice/term.h>

enum tag {
        TAG_BOX,
        TAG_PAIR,
        TAG_INT,
        TAG_ATOM,
        TAG_PID,
        TAG_REF,
        TAG_NIL,
        TAG_HEADER,
        TAG_MASK = 7,
};

/* What is in a box. */
enum box {
        BOX_TUPLE,     /* elements */
        BOX_FLOAT,     /* the double's bits */
        BOX_BIG_PLUS,  /* magnitude, least significant limb first */
        BOX_BIG_MINUS, /* the same */
        BOX_BITS,      /* length in bits, then the bytes, padded with zeros */
        BOX_SHARED,    /* struct shared_bits */
        BOX_MAP,       /* n keys, then their n values */
        BOX_PID,       /* of another node: node (atom), id | serial << 32, creation */
        BOX_REF,       /* of another node: node (atom), creation, then 32-bit ids, one a word */
        BOX_PORT,      /* node (atom), id, creation */
        BOX_EXPORT,    /* module, function, arity: terms */
        BOX_FUN,       /* arity, uniq (two words), index, module, old index, old uniq, pid, free
                          variables... */
        BOX_RECORD,    /* module, name, exported (all atoms), n field names, their n values */
};

enum {
        SLOT_BITS = 25,
        COUNT_BITS = 36,
        SLOT_OF_TIMERS = 28 << 20, /* slots from here on are no processes' ... */
        SLOT_OF_TABLES = 31 << 20, /* ... but those of references to timers, and to ETS tables */
        SHARED_ABOVE = 64,
        FUN_FIXED_WORDS = 8,
        RECORD_FIXED_WORDS = 3,
};

#define INT_MOST ((int64_t)1 << 60) /* integers from -INT_MOST up to INT_MOST - 1 are immediate */
#define NIL      ((cop_term){ TAG_NIL })

/* Bytes that several terms, of several processes, share. */
struct shared_bytes {
        uint64_t users; /* atomic; who takes the last one away frees it */
        size_t size;
        uint8_t bytes[];
};

/* The box of a binary whose bytes are shared. */
struct shared_bits {
        uint64_t header;
        uint64_t bit_count;
        struct shared_bytes *owner;
        const uint8_t *start;     /* inside owner->bytes */
        struct shared_bits *next; /* the next such box of the same region or block */
};

enum { SHARED_BITS_WORDS = sizeof(struct shared_bits) / sizeof(uint64_t) - 1 };

static inline enum tag tag_of(cop_term t)
{
        return (enum tag)(t.word & TAG_MASK);
}

/* Is there memory behind it? */
static inline bool has_memory(cop_term t)
{
        return (t.word & 6) == 0;
}

static inline uint64_t *words_of(cop_term t)
{
        return (uint64_t *)(uintptr_t)(t.word & ~(uint64_t)TAG_MASK);
}

static inline cop_term term_of(uint64_t word)
{
        cop_term t = { word };

        return t;
}

/* A header says what is in the box and how many words follow it. */
static inline uint64_t header_of(enum box kind, size_t words)
{
        return (uint64_t)words << 8 | (uint64_t)kind << 3 | TAG_HEADER;
}

static inline enum box header_kind(uint64_t header)
{
        return (enum box)(header >> 3 & 31);
}

static inline size_t header_words(uint64_t header)
{
        return header >> 8;
}

static inline cop_term box_term(const uint64_t *box)
{
        return term_of((uint64_t)(uintptr_t)box | TAG_BOX);
}

static inline cop_term pair_term(const uint64_t *pair)
{
        return term_of((uint64_t)(uintptr_t)pair | TAG_PAIR);
}

/* How many fields a record has. */
static inline size_t record_size(uint64_t header)
{
        return (header_words(header) - RECORD_FIXED_WORDS) / 2;
}

/* COP_NONE is no box of any kind. */
static inline bool is_box(cop_term t, enum box kind)
{
        return tag_of(t) == TAG_BOX && t.word != 0 && header_kind(*words_of(t)) == kind;
}

static inline bool fits_small(int64_t value)
{
        return value >= -INT_MOST && value < INT_MOST;
}

static inline cop_term small_term(int64_t value)
{
        return term_of((uint64_t)value << 3 | TAG_INT);
}

static inline int64_t small_value(cop_term t)
{
        return (int64_t)t.word >> 3;
}

/* Pids and references of this node: which slot of the process table, and which of its users so far.
 */
static inline uint32_t slot_of(uint64_t word)
{
        return (uint32_t)(word >> 3 & (((uint64_t)1 << SLOT_BITS) - 1));
}

static inline uint64_t count_of(uint64_t word)
{
        return word >> (3 + SLOT_BITS);
}

static inline uint64_t local_word(enum tag tag, uint32_t slot, uint64_t count)
{
        return count << (3 + SLOT_BITS) | (uint64_t)slot << 3 | (uint64_t)tag;
}

/* Integers before floats, everything else as cop_compare(): the order of a map's keys. Never 0
 * unless cop_equal(). */
int cop__compare_keys(cop_term a, cop_term b);

#endif
