/*
 * bits.h: binaries and bit strings, for those who make them piece by piece.
 */
#ifndef COP_TERM_BITS_H
#define COP_TERM_BITS_H

#include "term/region.h"
#include "term/value.h"

/*
 * A bit string of bit_count bits, whose bytes, from *bytes on, the caller fills at once; it leaves
 * the unused bits of the last one zero. COP_NONE: out of memory, or the region's limit.
 */
cop_term cop__bits_new(struct region *region, size_t bit_count, uint8_t **bytes);

/* Bytes for BOX_SHARED with one user, the caller; NULL: out of memory. */
struct shared_bytes *cop__shared_bytes_new(size_t size);

/* One user less; the last one frees them. Any thread. */
void cop__shared_bytes_drop(struct shared_bytes *shared);

/* One user more. Any thread that is sure of a user. */
static inline void cop__shared_bytes_use(struct shared_bytes *shared)
{
        __atomic_fetch_add(&shared->users, 1, __ATOMIC_RELAXED);
}

/* The bytes of a bit string, and in *bit_count how many bits; NULL where the term is none. */
static inline const uint8_t *cop__bits_look(cop_term term, size_t *bit_count)
{
        const uint64_t *box = words_of(term);

        *bit_count = 0;
        if (is_box(term, BOX_BITS)) {
                *bit_count = box[1];
                return (const uint8_t *)(box + 2);
        }
        if (is_box(term, BOX_SHARED)) {
                *bit_count = box[1];
                return ((const struct shared_bits *)box)->start;
        }
        return NULL;
}

#endif
