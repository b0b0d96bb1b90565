/*
 * counters.c: a large binary whose bytes are numbers.
 *
 * The bytes of a large binary are counted and shared among all copies of it (bits.h): just what an
 * array needs that many processes have. In front of the numbers stand a mark, by which such a binary is
 * told from all others, and how many they are. The mark is an address, so what comes from outside does
 * not have it by accident.
 */
#include <coppice/counters.h>

#include "term/bits.h"
#include "term/host.h"

struct counters {
        const void *mark;
        size_t size;
        int64_t numbers[]; /* atomic */
};

static const char mark;

static struct counters *find(cop_term term)
{
        const struct shared_bits *box = (const struct shared_bits *)words_of(term);
        struct counters *counters;

        if (!is_box(term, BOX_SHARED) || box->start != box->owner->bytes)
                return NULL;
        counters = (struct counters *)(void *)box->owner->bytes;
        return box->bit_count > 8 * sizeof(*counters) && counters->mark == &mark ? counters : NULL;
}

static int64_t *number(cop_term term, size_t index)
{
        struct counters *counters = find(term);

        if (!counters || index >= counters->size)
                cop__fail_badarg(NULL);
        return &counters->numbers[index];
}

cop_term cop_counters_new(size_t size)
{
        size_t bytes = sizeof(struct counters) + size * sizeof(int64_t);
        struct counters *counters;
        uint8_t *to;
        cop_term term;

        if (size == 0)
                cop__fail_badarg(NULL);
        if (size > SIZE_MAX / 128)
                cop__fail_limit("memory");
        if (bytes <= SHARED_ABOVE)
                bytes = SHARED_ABOVE + 1;
        term = cop__bits_new(here(), 8 * bytes, &to);
        if (cop_is_none(term))
                cop__fail_limit("memory");
        __builtin_memset(to, 0, bytes);
        counters = (struct counters *)(void *)to;
        counters->mark = &mark;
        counters->size = size;
        return term;
}

size_t cop_counters_size(cop_term term)
{
        struct counters *counters = find(term);

        if (!counters)
                cop__fail_badarg(NULL);
        return counters->size;
}

bool cop_is_counters(cop_term term)
{
        return find(term) != NULL;
}

int64_t cop_counters_get(cop_term term, size_t index)
{
        return __atomic_load_n(number(term, index), __ATOMIC_ACQUIRE);
}

void cop_counters_put(cop_term term, size_t index, int64_t value)
{
        __atomic_store_n(number(term, index), value, __ATOMIC_RELEASE);
}

void cop_counters_add(cop_term term, size_t index, int64_t amount)
{
        __atomic_fetch_add(number(term, index), amount, __ATOMIC_ACQ_REL);
}

int64_t cop_counters_add_get(cop_term term, size_t index, int64_t amount)
{
        return __atomic_add_fetch(number(term, index), amount, __ATOMIC_ACQ_REL);
}

int64_t cop_counters_exchange(cop_term term, size_t index, int64_t value)
{
        return __atomic_exchange_n(number(term, index), value, __ATOMIC_ACQ_REL);
}

bool cop_counters_compare_exchange(cop_term term, size_t index, int64_t *expected, int64_t value)
{
        return __atomic_compare_exchange_n(number(term, index), expected, value, false,
                                           __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE);
}
