/*
 * HASH: equal terms have one hash, wherever they lie and whatever they are made of; others rarely.
 */
#include <coppice/test.h>

#include <string.h>

#include "support/values.h"
#include "term/host.h"

COP_TEST(HASH_equal, "terms that are equal have the same hash")
{
        enum { COUNT = 200 };
        cop_term terms[COUNT];
        size_t equal = 0;

        for (int round = 0; round < 50; round++) {
                cop_scope {
                        for (int i = 0; i < COUNT; i++)
                                terms[i] = random_value(round % 4);
                        for (int i = 0; i < COUNT * COUNT; i++) {
                                cop_term a = terms[i / COUNT], b = terms[i % COUNT];

                                if (!cop_equal(a, b))
                                        continue;
                                cop_assert_equal(cop_hash(a), cop_hash(b));
                                equal += a.word != b.word;
                        }
                }
        }
        cop_assert(equal > 1000);
}

COP_TEST(HASH_copies, "a copy has the hash of its source")
{
        for (int i = 0; i < 5000; i++) {
                cop_scope {
                        cop_term term = random_value(5);

                        cop_assert_equal(cop_hash(cop__copy(here(), term)), cop_hash(term));
                }
        }
}

COP_TEST(HASH_shared, "a binary's bytes have the same hash in a box of their own and shared")
{
        static char bytes[2 * SHARED_ABOVE];
        cop_term whole = cop_binary(bytes, SHARED_ABOVE + 1);
        uint64_t *box = cop__region_take(here(), 2 + (SHARED_ABOVE + 1 + 7) / 8);

        box[0] = header_of(BOX_BITS, 1 + (SHARED_ABOVE + 1 + 7) / 8);
        box[1] = 8 * (SHARED_ABOVE + 1);
        memset(box + 2, 0, (SHARED_ABOVE + 1 + 7) / 8 * 8);
        cop_assert(is_box(whole, BOX_SHARED));
        cop_assert(cop_equal(whole, box_term(box)));
        cop_assert_equal(cop_hash(whole), cop_hash(box_term(box)));
}

COP_TEST(HASH_apart, "terms of the same parts in other shapes have other hashes")
{
        cop_term one_two[] = { cop_int(1), cop_int(2) }, two_one[] = { cop_int(2), cop_int(1) };
        const cop_term terms[] = {
                COP_NONE,
                cop_nil(),
                cop_tuple(0, NULL),
                cop_map(0, NULL, NULL),
                cop_binary("", 0),
                cop_int(0),
                cop_int(1),
                cop_int(-1),
                cop_float(0),
                cop_float(-0.0),
                cop_float(1),
                cop_int(INT64_MAX),
                cop_int(-INT64_MAX),
                cop_atom(""),
                cop_atom("a"),
                cop_atom("b"),
                cop_text("a"),
                cop_bits("a", 7),
                cop_binary("\0", 1),
                cop_binary("\0\0", 2),
                cop_tuple(1, one_two),
                cop_tuple(2, one_two),
                cop_tuple(2, two_one),
                cop_list(2, one_two),
                cop_list(2, two_one),
                cop_list(1, one_two),
                cop_cons(cop_int(1), cop_int(2)),
                cop_cons(cop_list(1, one_two), cop_list(1, two_one)),
                cop_map(1, one_two, two_one),
                cop_map(1, two_one, one_two),
                cop_tuple(1, (cop_term[]){ cop_tuple(2, one_two) }),
                term_of(local_word(TAG_PID, 1, 1)),
                term_of(local_word(TAG_REF, 1, 1)),
        };
        size_t count = sizeof(terms) / sizeof(terms[0]);

        for (size_t i = 0; i < count; i++)
                for (size_t j = 0; j < i; j++)
                        if (cop_hash(terms[i]) == cop_hash(terms[j]))
                                cop_fail("%zu and %zu have the same hash", i, j);
}

COP_TEST(HASH_for_ever, "a hash is the same in every run of every program")
{
        cop_term parts[] = { cop_atom("increment_number"), cop_int(5) };

        cop_assert_equal(cop_hash(cop_int(1)), 0x86855963531b08d9);
        cop_assert_equal(cop_hash(cop_atom("ok")), 0xe475e973b065f269);
        cop_assert_equal(cop_hash(cop_text("hello, world")), 0x148325d4564a685a);
        cop_assert_equal(cop_hash(cop_tuple(2, parts)), 0x511c4504b65bec85);
}

/* The most that fell into one of the buckets. */
static size_t fullest(cop_term (*make)(size_t), size_t count)
{
        enum { BUCKETS = 1024 };
        static size_t low[BUCKETS], high[BUCKETS];
        size_t most = 0;

        memset(low, 0, sizeof(low));
        memset(high, 0, sizeof(high));
        for (size_t i = 0; i < count; i++) {
                cop_scope {
                        uint64_t hash = cop_hash(make(i));

                        low[hash % BUCKETS]++;
                        high[hash >> 54]++;
                }
        }
        for (size_t i = 0; i < BUCKETS; i++) {
                most = low[i] > most ? low[i] : most;
                most = high[i] > most ? high[i] : most;
        }
        return most;
}

static cop_term make_int(size_t i)
{
        return cop_int((int64_t)i);
}

static cop_term make_spaced_int(size_t i)
{
        return cop_int((int64_t)i << 32);
}

static cop_term make_pid(size_t i)
{
        return term_of(local_word(TAG_PID, (uint32_t)i, 0));
}

static cop_term make_tuple(size_t i)
{
        cop_term parts[] = { cop_atom("key"), cop_int((int64_t)(i / 100)),
                             cop_int((int64_t)(i % 100)) };

        return cop_tuple(3, parts);
}

static cop_term make_float(size_t i)
{
        return cop_float((double)i);
}

static cop_term make_list(size_t i)
{
        cop_term bits[20];

        for (size_t at = 0; at < 20; at++)
                bits[at] = cop_int((int64_t)(i >> at & 1));
        return cop_list(20, bits);
}

COP_TEST(HASH_spread, "the hashes of ordinary keys fill a table evenly, by their low and high bits")
{
        static cop_term (*const makers[])(size_t) = { make_int,   make_spaced_int, make_pid,
                                                      make_tuple, make_float,      make_list };

        /* 100 in a bucket on average; by chance one of 1,024 has 135 to 140. */
        for (size_t i = 0; i < sizeof(makers) / sizeof(makers[0]); i++) {
                size_t most = fullest(makers[i], 102400);

                if (most > 170)
                        cop_fail("maker %zu: %zu in one bucket", i, most);
        }
}
