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

#include "base/poison.h"
#include "term/value.h"

#define COPY_MOST_WORDS ((size_t)1 << 31) /* of one term: 16 GB */

/* One piece of a region's memory. */
struct region_chunk {
        struct region_chunk *older;
        uint64_t *end;
        uint64_t words[];
};

/* A block from elsewhere that holds terms and was given to a region: what it is begins so. */
struct adopted {
        struct adopted *next;
        struct shared_bits *shared; /* whose boxes are in it */
        uint32_t words;             /* of terms, behind ADOPTED_HEAD words of its own */
};

enum { ADOPTED_HEAD = 7 };

struct region {
        uint64_t *top, *end;         /* free words of the newest chunk */
        struct region_chunk *newest; /* NULL before the first word was taken */
        struct shared_bits *shared;
        struct adopted *adopted; /* newest first */
        size_t used_words;       /* of all chunks but the newest */
        size_t adopted_words;    /* of all blocks that were adopted */
        size_t most_words;       /* limit; 0: none. Beyond it, taking fails */
        uint64_t turn; /* counts resets, so that a mark from before one is known as such */
};

void cop__region_init(struct region *region);
/* Frees everything; the region may be used again. */
void cop__region_release(struct region *region);
/* Frees what was taken since the turn began, but keeps one chunk of ordinary size for the next
 * turn. */
void cop__region_reset_slow(struct region *region);

static inline void cop__region_reset(struct region *region)
{
        /* Most turns make nothing, and need nothing of this. */
        if (region->newest || region->adopted || region->shared)
                cop__region_reset_slow(region);
        else
                region->turn++;
}

struct cop_mark cop__region_mark(const struct region *region);
/* Frees what was taken since; nothing where the region was reset or released since. Debug builds
 * overwrite what is freed. */
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
        cop__unpoison(taken, words * sizeof(*taken));
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
        cop__unpoison(taken, words * sizeof(*taken));
        return taken;
}

/* Gives back the end of what was taken last: it was `words` long and only `used` are needed. */
static inline void cop__region_give_back(struct region *region, uint64_t *taken, size_t words,
                                         size_t used)
{
        if (taken + words != region->top)
                return;
        region->top = taken + used;
        cop__poison(region->top, (words - used) * sizeof(*taken));
}

/* The block, from cop__alloc_sized() with as many words as it says, is the region's: freed as if it had been taken from it now. */
static inline void cop__region_adopt(struct region *region, struct adopted *block)
{
        block->next = region->adopted;
        region->adopted = block;
        region->adopted_words += ADOPTED_HEAD + block->words;
}

/* Walks the chunks and stops the program with a report when an invariant is broken. */
void cop__region_audit(const struct region *region);

/* How many words a region holds, used or free, and adopted. */
size_t cop__region_words(const struct region *region);

/*
 * What a copy of a term takes, and what was found out on the way: where the longest run of pairs
 * is that have immediate heads and lie at equal distances. Valid for that term alone.
 */
struct copy_size {
        size_t words;        /* 0 where the term is immediate; SIZE_MAX: see below */
        const uint64_t *run; /* the first pair of the run; NULL: none */
        size_t run_pairs;
        uint64_t run_step; /* bytes from each of its pairs to the next, modulo 2^64 */
};

/*
 * Measures a term. words is SIZE_MAX where memory for the walk is used up (only terms nested more
 * than some ten levels deep need any) or the copy would have more than COPY_MOST_WORDS.
 */
void cop__copy_measure(cop_term term, struct copy_size *size);

/*
 * A copy of the term in `to`, which has room for the words measured; its root is to[0]. Cannot
 * fail. The boxes of shared binaries are put on *shared, each with a count of its own.
 */
cop_term cop__copy_measured(uint64_t *to, cop_term term, const struct copy_size *size,
                            struct shared_bits **shared);

/* The words of the two above, without the knowledge that makes long lists fast. */
size_t cop__copy_words(cop_term term);
cop_term cop__copy_to(uint64_t *to, cop_term term, struct shared_bits **shared);

/* A copy at *to, which moves behind it: for blocks that hold several. */
cop_term cop__copy_append(uint64_t **to, cop_term term, struct shared_bits **shared);

/* A copy in a region; COP_NONE when memory or its limit is used up. */
cop_term cop__copy(struct region *region, cop_term term);

/* Bytes that the boxes on a list refer to. */
size_t cop__shared_size(const struct shared_bits *list);
/* Lets go of the shared bytes on a list, up to (without) `until`. */
void cop__shared_release(struct shared_bits *list, const struct shared_bits *until);

#endif
