/*
 * BOND: the table of what ties a process to others, against a list of what ought to be in it.
 */
#include <coppice/test.h>

#include "base/alloc.h"
#include "runtime/bonds.h"

enum { KEYS = 40, STEPS = 3000 };

/* Pids and references are such words: in steps, and never 0. */
static uint64_t key_of(unsigned n)
{
        return (uint64_t)(n + 1) << 6 | 3;
}

static void put(struct bonds *bonds, unsigned n)
{
        cop__bond_add(bonds, key_of(n), BOND_LINK)->other = n;
}

static void take(struct bonds *bonds, unsigned n)
{
        cop__bond_remove(bonds, cop__bond_find(bonds, key_of(n)));
}

/* Each is found under its key, and met once on the way through all. */
static void check(const struct bonds *bonds, const bool *in)
{
        unsigned count = 0, met = 0;
        uint32_t at = 0;

        for (unsigned n = 0; n < KEYS; n++) {
                struct bond *bond = cop__bond_find(bonds, key_of(n));

                cop_assert_equal(bond != NULL, in[n]);
                if (bond)
                        cop_assert_equal(bond->other, n);
                count += in[n];
        }
        for (struct bond *bond; (bond = cop__bond_next(bonds, &at)); met++)
                cop_assert(in[bond->other]);
        cop_assert_equal(met, count);
        cop_assert_equal(bonds->count, count);
}

COP_TEST(BOND_found, "what was put in is found until it is taken out, and nothing else is")
{
        struct bonds bonds = { 0 };
        bool in[KEYS] = { false };

        for (int step = 0; step < STEPS; step++) {
                /* Sometimes many, sometimes few of them. */
                unsigned n = (unsigned)cop_test_random_below(step / 500 % 2 ? KEYS : 6);

                if (in[n])
                        take(&bonds, n);
                else
                        put(&bonds, n);
                in[n] = !in[n];
                check(&bonds, in);
        }
        cop__bonds_release(&bonds);
}

COP_TEST(BOND_room, "up to four fill their table to the last place, more fill it to three quarters")
{
        struct bonds bonds = { 0 };
        uint32_t room = 1;

        for (uint32_t count = 1; count <= KEYS; count++) {
                put(&bonds, count);
                while (room <= 4 ? count > room : count > room / 4 * 3)
                        room *= 2;
                cop_assert_equal(bonds.room, room);
        }
        cop__bonds_release(&bonds);
}

COP_TEST(BOND_none, "when the last is taken out there is no table any more")
{
        int64_t blocks = cop__alloc_live_blocks();
        struct bonds bonds = { 0 };

        put(&bonds, 1);
        put(&bonds, 2);
        take(&bonds, 1);
        cop_assert(bonds.table != NULL);
        take(&bonds, 2);
        cop_assert(bonds.table == NULL);
        cop_assert_equal(cop__alloc_live_blocks(), blocks);
}

COP_TEST(BOND_trim, "before a long rest the one of two that is left gets a table for one")
{
        for (unsigned gone = 0; gone < 2; gone++) {
                struct bonds bonds = { 0 };
                bool in[KEYS] = { false };

                put(&bonds, 0);
                put(&bonds, 1);
                take(&bonds, gone);
                in[!gone] = true;
                cop__bonds_trim(&bonds);
                cop_assert_equal(bonds.room, 1);
                check(&bonds, in);
                put(&bonds, gone);
                in[gone] = true;
                check(&bonds, in);
                cop__bonds_trim(&bonds);
                check(&bonds, in);
                cop__bonds_release(&bonds);
        }
}
