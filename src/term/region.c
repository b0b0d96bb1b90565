/*
 * region.c: memory for the terms of one turn.
 *
 * take      moves `top`; at the end of the newest chunk another one is put before it. The rest of
 *           the old chunk stays unused: pieces are small and chunks grow.
 * adopt     a block that holds terms already (a message that was received) joins the region.
 * reset     frees all chunks but the oldest, where that is an ordinary one: the next turn will need
 *           about as much as the last.
 * rewind    frees the chunks newer than the mark's and moves `top` back in it.
 *
 * Invariant newest is a chain from the newest chunk to the oldest; top and end are in the newest.
 *           used_words is the size of all the others. Whatever lies between top and end is poisoned
 *           (poison.h). The boxes on `shared` are in these chunks, newest first.
 *
 * Chunks begin with FIRST_WORDS and then have as many words as all before them together, up to
 * LARGEST_WORDS; a piece larger than that has a chunk to itself. So a turn that makes little costs
 * little, and one that makes much asks for memory seldom.
 */
#include "term/region.h"

#include "base/alloc.h"
#include "base/bug.h"
#include "term/bits.h"
#include "term/host.h"

enum {
        FIRST_WORDS = 512 - sizeof(struct region_chunk) / sizeof(uint64_t),
        LARGEST_WORDS = 32 * 1024 - sizeof(struct region_chunk) / sizeof(uint64_t),
};

static size_t chunk_words(const struct region_chunk *chunk)
{
        return (size_t)(chunk->end - chunk->words);
}

static void chunk_free(struct region_chunk *chunk)
{
        size_t size = chunk_words(chunk) * sizeof(uint64_t);

        cop__poison(chunk->words, size);
        cop__unpoison(chunk->words, size); /* it is the allocator's again */
        cop__free(chunk);
}

void cop__region_init(struct region *region)
{
        *region = (struct region){ 0 };
}

/* Frees chunks up to (without) `until`, which becomes the newest. */
static void drop_chunks(struct region *region, struct region_chunk *until)
{
        struct region_chunk *chunk = region->newest;

        while (chunk != until) {
                struct region_chunk *older = chunk->older;

                chunk_free(chunk);
                if (older)
                        region->used_words -= chunk_words(older);
                chunk = older;
        }
        region->newest = until;
        region->end = until ? until->end : NULL;
}

/* Frees adopted blocks up to (without) `until`. */
static void drop_adopted(struct region *region, struct adopted *until)
{
        while (region->adopted != until) {
                struct adopted *block = region->adopted;
                size_t words = ADOPTED_HEAD + block->words;

                region->adopted = block->next;
                region->adopted_words -= words;
                if (block->shared)
                        cop__shared_release(block->shared, NULL);
                cop__free_sized(block, words * sizeof(uint64_t));
        }
}

void cop__region_release(struct region *region)
{
        drop_adopted(region, NULL);
        cop__shared_release(region->shared, NULL);
        region->shared = NULL;
        drop_chunks(region, NULL);
        region->top = NULL;
        region->turn++;
}

/* Frees all but the oldest chunk, which is kept if it is an ordinary one. */
static void empty(struct region *region)
{
        struct region_chunk *oldest = region->newest;

        if (!oldest)
                return;
        while (oldest->older)
                oldest = oldest->older;
        if (chunk_words(oldest) > FIRST_WORDS)
                oldest = NULL;
        if (oldest != region->newest) {
                drop_chunks(region, oldest);
                region->top = region->end;
        }
        if (!oldest)
                return;
        cop__poison(oldest->words, (size_t)(region->top - oldest->words) * sizeof(uint64_t));
        region->top = oldest->words;
}

void cop__region_reset_slow(struct region *region)
{
        region->turn++;
        if (region->adopted)
                drop_adopted(region, NULL);
        if (region->shared) {
                cop__shared_release(region->shared, NULL);
                region->shared = NULL;
        }
        empty(region);
}

struct cop_mark cop__region_mark(const struct region *region)
{
        return (struct cop_mark){ region->newest,  region->top,  region->shared,
                                  region->adopted, region->turn, true };
}

void cop__region_rewind(struct region *region, const struct cop_mark *mark)
{
        if (mark->turn != region->turn)
                return;
        if (region->adopted != mark->adopted)
                drop_adopted(region, mark->adopted);
        if (region->shared != mark->shared) {
                cop__shared_release(region->shared, mark->shared);
                region->shared = mark->shared;
        }
        if (!mark->chunk) {
                empty(region);
                return;
        }
        if (region->newest != mark->chunk) {
                drop_chunks(region, mark->chunk);
                region->top = region->end;
        }
        if (region->top == mark->top)
                return;
        cop__poison(mark->top, (size_t)((char *)region->top - (char *)mark->top));
        region->top = mark->top;
}

static size_t held_words(const struct region *region)
{
        return region->used_words + (region->newest ? chunk_words(region->newest) : 0);
}

size_t cop__region_words(const struct region *region)
{
        return held_words(region) + region->adopted_words;
}

void cop__region_audit(const struct region *region)
{
        const struct region_chunk *chunk;
        const struct shared_bits *bits;
        const struct adopted *adopted;
        size_t older = 0, adopted_words = 0;

        if (!region->newest) {
                cop__assert(!region->top && !region->end);
                cop__assert(!region->shared);
        } else {
                cop__assert(region->end == region->newest->end);
                cop__assert(region->top >= region->newest->words && region->top <= region->end);
                for (chunk = region->newest->older; chunk; chunk = chunk->older)
                        older += chunk_words(chunk);
        }
        cop__assert(region->used_words == older);
        for (adopted = region->adopted; adopted; adopted = adopted->next)
                adopted_words += ADOPTED_HEAD + adopted->words;
        cop__assert(region->adopted_words == adopted_words);
        for (bits = region->shared; bits; bits = bits->next) {
                cop__assert(header_kind(bits->header) == BOX_SHARED);
                cop__assert(bits->owner->users > 0);
                cop__assert(bits->start >= bits->owner->bytes);
                cop__assert((size_t)(bits->start - bits->owner->bytes) +
                                    (bits->bit_count + 7) / 8 <=
                            bits->owner->size);
        }
}

/* How large the next chunk is to be, so that it holds `words` and the limit is kept; 0: cannot. */
static size_t next_words(const struct region *region, size_t words)
{
        size_t held = held_words(region);
        size_t size = held ? held : FIRST_WORDS;

        if (words > SIZE_MAX / sizeof(uint64_t) - 64)
                return 0;
        if (size > LARGEST_WORDS)
                size = LARGEST_WORDS;
        if (size < words)
                size = words;
        if (!region->most_words)
                return size;
        if (held >= region->most_words || words > region->most_words - held)
                return 0;
        return size < region->most_words - held ? size : region->most_words - held;
}

uint64_t *cop__region_grow(struct region *region, size_t words)
{
        size_t size = next_words(region, words);
        struct region_chunk *chunk;

        if (!size && region->most_words && cop__host.past_limit(region))
                size = next_words(region, words);
        if (!size)
                return NULL;
        chunk = cop__alloc(sizeof(*chunk) + size * sizeof(uint64_t));
        if (!chunk)
                return NULL;
        if (region->newest)
                region->used_words += chunk_words(region->newest);
        chunk->older = region->newest;
        chunk->end = chunk->words + size;
        region->newest = chunk;
        region->end = chunk->end;
        region->top = chunk->words + words;
        cop__poison(region->top, (size - words) * sizeof(uint64_t));
        return chunk->words;
}

uint64_t *cop__region_take_slow(struct region *region, size_t words)
{
        uint64_t *taken = cop__region_grow(region, words);

        if (!taken)
                cop__fail_limit("memory");
        return taken;
}

size_t cop__shared_size(const struct shared_bits *list)
{
        size_t size = 0;

        for (; list; list = list->next)
                size += list->owner->size;
        return size;
}

void cop__shared_release(struct shared_bits *list, const struct shared_bits *until)
{
        while (list != until) {
                struct shared_bits *next = list->next;

                cop__shared_bytes_drop(list->owner);
                list = next;
        }
}
