/*
 * keep.c: memory that outlives the turn.
 *
 * A kept block is on the list of its owner, the process (or thread) that made it: cop_release()
 * takes it off and frees it, the owner's end frees all that are left. A kept term lies in such a
 * block with its root at the front, which is how the block is found from the term.
 *
 * Invariant Each block's `at` points to the pointer that points to it. `seal` stands right before
 *           the root; no term's memory has that word there, except this block's.
 *
 * So that cop_release() of any term is safe, the word before the root is compared with the seal.
 * That word may be read: memory of terms never begins with a root, there is always the head of a
 * chunk, a message or a block before it.
 */
#include <string.h>

#include "base/alloc.h"
#include "base/poison.h"
#include "term/host.h"
#include "term/region.h"

enum { KEPT_WORDS = sizeof(struct kept) / sizeof(uint64_t) };

/* Of no term: a header of a kind that does not exist, and the block's own address. */
static uint64_t seal_of(const struct kept *kept)
{
        return (uint64_t)(uintptr_t)kept << 8 | 31 << 3 | TAG_HEADER;
}

/* The block whose root the term is; NULL: it was not kept. */
static struct kept *kept_of(cop_term term)
{
        struct kept *kept;

        if (!has_memory(term) || cop_is_none(term))
                return NULL;
        kept = (struct kept *)(words_of(term) - KEPT_WORDS);
        return words_of(term)[-1] == seal_of(kept) ? kept : NULL;
}

struct kept *cop__kept_new(size_t words)
{
        struct kept **list;
        struct kept *kept;

        if (words > SIZE_MAX / sizeof(uint64_t) - KEPT_WORDS)
                return NULL;
        list = cop__host.kept(sizeof(*kept) + words * sizeof(uint64_t));
        if (!list)
                return NULL;
        kept = cop__alloc(sizeof(*kept) + words * sizeof(uint64_t));
        if (!kept)
                return NULL;
        kept->next = *list;
        kept->at = list;
        kept->shared = NULL;
        kept->words = words;
        kept->seal = 0;
        if (*list)
                (*list)->at = &kept->next;
        *list = kept;
        return kept;
}

void cop__kept_free(struct kept *kept)
{
        size_t size = kept->words * sizeof(uint64_t);

        *kept->at = kept->next;
        if (kept->next)
                kept->next->at = kept->at;
        cop__shared_release(kept->shared, NULL);
        kept->seal = 0;
        cop__poison(kept->data, size);
        cop__unpoison(kept->data, size); /* it is the allocator's again */
        cop__free(kept);
}

void cop__kept_give(cop_term term, struct kept **list)
{
        struct kept *kept = kept_of(term);

        if (!kept)
                return;
        *kept->at = kept->next;
        if (kept->next)
                kept->next->at = kept->at;
        kept->next = *list;
        kept->at = list;
        if (*list)
                (*list)->at = &kept->next;
        *list = kept;
}

void cop__kept_free_all(struct kept **list)
{
        while (*list)
                cop__kept_free(*list);
}

cop_term cop__keep_try(cop_term term)
{
        struct copy_size size;
        struct kept *kept;

        cop__copy_measure(term, &size);
        if (size.words == 0)
                return term;
        if (size.words == SIZE_MAX)
                return COP_NONE;
        kept = cop__kept_new(size.words);
        if (!kept)
                return COP_NONE;
        kept->seal = seal_of(kept);
        term = cop__copy_measured(kept->data, term, &size, &kept->shared);
        if (kept->shared && !cop__host.kept(cop__shared_size(kept->shared))) {
                cop__kept_free(kept);
                return COP_NONE;
        }
        return term;
}

cop_term cop_keep(cop_term term)
{
        cop_term kept = cop__keep_try(term);

        if (cop_is_none(kept) && !cop_is_none(term))
                cop__fail_limit("memory");
        return kept;
}

void cop_release(cop_term term)
{
        struct kept *kept = kept_of(term);

        if (kept)
                cop__kept_free(kept);
}

void cop_replace(cop_term *place, cop_term term)
{
        cop_term old = *place;

        *place = cop_keep(term); /* first: the term may be a part of what is there */
        cop_release(old);
}

struct cop_mark cop_scope_enter(void)
{
        return cop__region_mark(here());
}

void cop_scope_leave(struct cop_mark *mark)
{
        cop__region_rewind(here(), mark);
}
