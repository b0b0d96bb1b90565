/*
 * region.h: memory for the terms of one turn.
 *
 * Taking is moving a pointer; giving back is all at once, or back to a mark. A region holds shared
 * bytes (value.h) through a list of their boxes, newest first, so that going back to a mark can let
 * go of just those made since.
 *
 * Threads   A region is used by one thread at a time: the one that runs its owner.
 * Owns      its chunks; a count on every shared_bytes whose box is on its list.
 */
#ifndef COP_TERM_REGION_H
#define COP_TERM_REGION_H

#include "term/value.h"

/* One piece of a region's memory. */
struct region_chunk {
        struct region_chunk *older;
        uint64_t *end;
        uint64_t words[];
};

struct region {
        uint64_t *top, *end;         /* free words of the newest chunk */
        struct region_chunk *newest; /* NULL before the first word was taken */
        struct shared_bits *shared;
        size_t used_words; /* of all chunks but the newest */
        size_t most_words; /* limit; 0: none. Beyond it, taking fails */
};

void cop__region_init(struct region *region);
/* Frees everything; the region may be used again. */
void cop__region_release(struct region *region);
/* Frees what was taken since the turn began, but keeps one chunk of ordinary size for the next
 * turn. */
void cop__region_reset(struct region *region);

struct cop_mark cop__region_mark(const struct region *region);
/* Frees what was taken since. Debug builds overwrite it. */
void cop__region_rewind(struct region *region, const struct cop_mark *mark);

/* When the newest chunk is used up. NULL: out of memory or over the limit. */
uint64_t *cop__region_grow(struct region *region, size_t words);

/* words words, not initialised; NULL when memory or the limit is used up. */
static inline uint64_t *cop__region_try_take(struct region *region, size_t words)
{
        uint64_t *taken = region->top;

        if (__builtin_expect((size_t)(region->end - taken) < words, 0))
                return cop__region_grow(region, words);
        region->top = taken + words;
        return taken;
}

/* The same, but a failure ends the caller with {system_limit, memory}. */
uint64_t *cop__region_take_slow(struct region *region, size_t words);

static inline uint64_t *cop__region_take(struct region *region, size_t words)
{
        uint64_t *taken = region->top;

        if (__builtin_expect((size_t)(region->end - taken) < words, 0))
                return cop__region_take_slow(region, words);
        region->top = taken + words;
        return taken;
}

/* How many words a copy of the term takes; 0 where it is immediate. */
size_t cop__copy_words(cop_term term);

/*
 * A copy of the term in `to`, which has room for cop__copy_words() words. The boxes of shared
 * binaries are put on *shared, each with a count of its own.
 */
cop_term cop__copy_to(uint64_t *to, cop_term term, struct shared_bits **shared);

/* A copy in a region; COP_NONE when memory or its limit is used up. */
cop_term cop__copy(struct region *region, cop_term term);

/* Lets go of the shared bytes on a list, up to (without) `until`. */
void cop__shared_release(struct shared_bits *list, const struct shared_bits *until);

#endif
