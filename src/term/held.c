/*
 * held.c: a term in a block of its own.
 *
 * As a kept term (keep.c), but on nobody's list: the block counts in nobody's quota, and only
 * cop_let_go() frees it. The words of a term never stand at the beginning of a block, so what asks
 * whether a term is kept may read the word before it.
 */
#include <coppice/held.h>

#include "base/alloc.h"
#include "term/host.h"
#include "term/region.h"

struct cop_held {
        struct shared_bits *shared; /* whose boxes are in data */
        cop_term term;
        uint64_t before; /* of no term, nor of a seal */
        uint64_t data[];
};

struct cop_held *cop_hold(cop_term term)
{
        struct copy_size size;
        struct cop_held *held;

        if (cop_is_none(term))
                return NULL;
        cop__copy_measure(term, &size);
        if (size.words == SIZE_MAX)
                return NULL;
        held = cop__alloc(sizeof(*held) + size.words * sizeof(uint64_t));
        if (!held)
                return NULL;
        held->shared = NULL;
        held->before = 0;
        held->term =
                size.words == 0 ? term : cop__copy_measured(held->data, term, &size, &held->shared);
        return held;
}

void cop_let_go(struct cop_held *held)
{
        if (!held)
                return;
        cop__shared_release(held->shared, NULL);
        cop__free(held);
}

cop_term cop_held_term(const struct cop_held *held)
{
        return held->term;
}

cop_term cop_copy(cop_term term)
{
        cop_term copy = cop__copy(here(), term);

        if (cop_is_none(copy) && !cop_is_none(term))
                cop__fail_limit("memory");
        return copy;
}
