/*
 * bonds.c: open addressing, without tombstones.
 *
 * A bond stands at its key's place or behind it without a gap between (taking one out moves up what
 * stood behind it). Small tables are filled to the last place, since most processes have one or two
 * bonds and a million processes are to be small; larger ones to three quarters.
 */
#include "runtime/bonds.h"

#include <string.h>

#include "base/alloc.h"

enum { ROOM_FIRST = 1, ROOM_DENSE = 4 };

static uint32_t place_of(const struct bonds *bonds, uint64_t key)
{
        return (uint32_t)(key * 0x9e3779b97f4a7c15u >> 32) & (bonds->room - 1);
}

struct bond *cop__bond_find(const struct bonds *bonds, uint64_t key)
{
        uint32_t at, steps;

        if (!bonds->count)
                return NULL;
        at = place_of(bonds, key);
        for (steps = 0; steps < bonds->room && bonds->table[at].key; steps++) {
                if (bonds->table[at].key == key)
                        return &bonds->table[at];
                at = (at + 1) & (bonds->room - 1);
        }
        return NULL;
}

/* The free place for a key that is not there. */
static struct bond *free_place(const struct bonds *bonds, uint64_t key)
{
        uint32_t at = place_of(bonds, key);

        while (bonds->table[at].key)
                at = (at + 1) & (bonds->room - 1);
        return &bonds->table[at];
}

static bool grow(struct bonds *bonds)
{
        struct bonds larger = { .room = bonds->room ? bonds->room * 2 : ROOM_FIRST,
                                .count = bonds->count };
        uint32_t at = 0;
        struct bond *bond;

        larger.table = cop__alloc_zeroed(larger.room * sizeof(*larger.table));
        if (!larger.table)
                return false;
        while ((bond = cop__bond_next(bonds, &at)))
                *free_place(&larger, bond->key) = *bond;
        cop__free(bonds->table);
        *bonds = larger;
        return true;
}

static bool is_full(const struct bonds *bonds)
{
        if (bonds->room <= ROOM_DENSE)
                return bonds->count == bonds->room;
        return bonds->count >= bonds->room / 4 * 3;
}

struct bond *cop__bond_add(struct bonds *bonds, uint64_t key, enum bond_kind kind)
{
        struct bond *bond;

        if (is_full(bonds) && !grow(bonds))
                return NULL;
        bond = free_place(bonds, key);
        *bond = (struct bond){ .key = key, .kind = (uint8_t)kind };
        bonds->count++;
        return bond;
}

/* How far behind its own place what stands at `at` is. */
static uint32_t distance(const struct bonds *bonds, uint32_t at)
{
        return (at - place_of(bonds, bonds->table[at].key)) & (bonds->room - 1);
}

void cop__bond_remove(struct bonds *bonds, struct bond *bond)
{
        uint32_t mask = bonds->room - 1;
        uint32_t gap = (uint32_t)(bond - bonds->table);
        uint32_t at = gap;
        uint32_t steps;

        for (steps = 1; steps < bonds->room; steps++) {
                at = (at + 1) & mask;
                if (!bonds->table[at].key)
                        break;
                if (distance(bonds, at) >= ((at - gap) & mask)) {
                        bonds->table[gap] = bonds->table[at];
                        gap = at;
                }
        }
        bonds->table[gap] = (struct bond){ 0 };
        if (--bonds->count == 0)
                cop__bonds_release(bonds);
}

void cop__bonds_trim(struct bonds *bonds)
{
        struct bonds smaller = { .room = 1, .count = 1 };

        if (bonds->room != 2 || bonds->count != 1)
                return;
        smaller.table = cop__alloc(sizeof(*smaller.table));
        if (!smaller.table)
                return;
        *smaller.table = bonds->table[bonds->table[0].key ? 0 : 1];
        cop__free(bonds->table);
        *bonds = smaller;
}

void cop__bonds_release(struct bonds *bonds)
{
        cop__free(bonds->table);
        memset(bonds, 0, sizeof(*bonds));
}

struct bond *cop__bond_next(const struct bonds *bonds, uint32_t *at)
{
        while (*at < bonds->room) {
                struct bond *bond = &bonds->table[(*at)++];

                if (bond->key)
                        return bond;
        }
        return NULL;
}
