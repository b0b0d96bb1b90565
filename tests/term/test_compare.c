/*
 * ORDER: Erlang's order of all terms, the order of a map's keys, and equality.
 */
#include <coppice/test.h>

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "support/failure.h"
#include "support/values.h"
#include "term/big.h"
#include "term/compare.h"
#include "term/host.h"
#include "term/node.h"

static int sign(int order)
{
        return (order > 0) - (order < 0);
}

/* A box of raw words, each no pointer but the node's atom. */
static cop_term carried(enum box kind, const char *node, size_t count, const uint64_t *words)
{
        uint64_t *box = cop__region_take(here(), 2 + count);

        box[0] = header_of(kind, 1 + count);
        box[1] = cop_atom(node).word;
        memcpy(box + 2, words, count * sizeof(*words));
        return box_term(box);
}

#define CARRIED(kind, node, ...)                                                                   \
        carried((kind), (node), sizeof((uint64_t[]){ __VA_ARGS__ }) / sizeof(uint64_t),            \
                (const uint64_t[]){ __VA_ARGS__ })

static cop_term pid(const char *node, uint64_t id, uint64_t serial, uint64_t creation)
{
        return CARRIED(BOX_PID, node, id | serial << 32, creation);
}

static cop_term port(const char *node, uint64_t id, uint64_t creation)
{
        return CARRIED(BOX_PORT, node, id, creation);
}

static cop_term export(const char *module, const char *function, int arity)
{
        return CARRIED(BOX_EXPORT, module, cop_atom(function).word, cop_int(arity).word);
}

static cop_term fun(const char *module, uint64_t index, uint64_t uniq, uint64_t pid_serial,
                    size_t count, const cop_term *held)
{
        uint64_t *box = cop__region_take(here(), 1 + FUN_FIXED_WORDS + count);

        memset(box, 0, (1 + FUN_FIXED_WORDS) * sizeof(*box));
        box[0] = header_of(BOX_FUN, FUN_FIXED_WORDS + count);
        box[2] = pid_serial; /* no part of what a fun is compared by */
        box[4] = index;
        box[5] = cop_atom(module).word;
        box[7] = uniq;
        box[8] = local_word(TAG_PID, 1, pid_serial);
        if (count > 0)
                memcpy(box + 9, held, count * sizeof(*held));
        return box_term(box);
}

static cop_term list(size_t count, const cop_term *elements, cop_term tail)
{
        while (count-- > 0)
                tail = cop_cons(elements[count], tail);
        return tail;
}

#define TERMS(...)                                                                                 \
        sizeof((cop_term[]){ __VA_ARGS__ }) / sizeof(cop_term), (cop_term[])                       \
        {                                                                                          \
                __VA_ARGS__                                                                        \
        }
#define TUPLE(...) cop_tuple(TERMS(__VA_ARGS__))
#define LIST(...)  list(TERMS(__VA_ARGS__), NIL)

static cop_term pairs(size_t count, const cop_term *keys_and_values)
{
        cop_term map = cop_map(0, NULL, NULL);

        for (size_t i = 0; i < count; i += 2)
                map = cop_map_put(map, keys_and_values[i], keys_and_values[i + 1]);
        return map;
}

#define MAP(...) pairs(TERMS(__VA_ARGS__))

/* Each one less than all that follow, both ways round. */
static void check_ascending(const cop_term *terms, size_t count)
{
        for (size_t i = 0; i < count; i++) {
                for (size_t j = 0; j < count; j++) {
                        int expected = (i > j) - (i < j);

                        if (sign(cop_compare(terms[i], terms[j])) != expected ||
                            cop_equal(terms[i], terms[j]) != (i == j))
                                cop_fail("%zu and %zu: %d", i, j, cop_compare(terms[i], terms[j]));
                }
        }
}

#define CHECK_ASCENDING(...)                                                                       \
        do {                                                                                       \
                const cop_term cop__terms[] = { __VA_ARGS__ };                                     \
                                                                                                   \
                check_ascending(cop__terms, sizeof(cop__terms) / sizeof(cop__terms[0]));           \
        } while (0)

#define I(value) cop_int(value)
#define A(text)  cop_atom(text)

COP_TEST(ORDER_kinds,
         "number < atom < reference < fun < port < pid < tuple < map < nil < list < bits")
{
        CHECK_ASCENDING(cop_float(1e300), A(""), term_of(local_word(TAG_REF, 1, 1)),
                        CARRIED(BOX_REF, "z@z", 0, 1, 1, 1), fun("z", 9, 9, 9, 0, NULL),
                        export("a", "a", 0), port("z@z", 9, 9), pid("a@a", 0, 0, 0),
                        term_of(local_word(TAG_PID, 1, 1)), cop_tuple(0, NULL), MAP(I(1), I(1)),
                        NIL, LIST(NIL), cop_bits("", 0));
}

COP_TEST(ORDER_atoms, "atoms are ordered by their text, character by character")
{
        CHECK_ASCENDING(A(""), A("A"), A("a"), A("aa"), A("b"), A("z"), A("\xc3\xa9"),
                        A("\xd0\xb6"), A("\xe6\x97\xa5"), A("\xf0\x9f\x98\x80"));
}

COP_TEST(ORDER_tuples, "tuples are ordered by size, then element by element")
{
        CHECK_ASCENDING(cop_tuple(0, NULL), TUPLE(A("z")), TUPLE(I(1), I(2)), TUPLE(I(1), I(3)),
                        TUPLE(I(2), I(0)), TUPLE(I(0), I(0), I(0)));
}

COP_TEST(ORDER_lists, "lists are ordered element by element, with their tail as the last")
{
        CHECK_ASCENDING(NIL, list(TERMS(I(1)), I(5)), LIST(I(1)), list(TERMS(I(1), I(2)), I(9)),
                        LIST(I(1), I(2)), LIST(I(1), I(2), I(0)), LIST(I(1), I(3)),
                        list(TERMS(I(1)), cop_text("x")), LIST(I(2)));
}

COP_TEST(ORDER_bits, "bit strings are ordered bit by bit, then by length")
{
        CHECK_ASCENDING(cop_bits("", 0), cop_bits("\0", 7), cop_bits("\0", 8), cop_bits("\1", 8),
                        cop_bits("\1\x3f", 16), cop_bits("\1\x40", 10), cop_bits("\1\x40", 11),
                        cop_bits("\1\x40", 16), cop_bits("\x80", 1), cop_bits("\xff", 8),
                        cop_bits("\xff\x80", 9), cop_bits("\xff\x80", 16));
}

COP_TEST(ORDER_maps, "maps are ordered by size, then keys, then values")
{
        CHECK_ASCENDING(MAP(A("z"), A("z")), MAP(I(1), A("b"), I(2), A("a")),
                        MAP(I(1), A("c"), I(2), A("a")), MAP(I(1), A("a"), I(3), A("a")),
                        MAP(I(9), A("a"), cop_float(1), A("a")),
                        MAP(cop_float(1), A("a"), cop_float(2), A("a")));
}

COP_TEST(ORDER_keys, "keys, with all that is in them, have integers before floats")
{
        CHECK_ASCENDING(MAP(TUPLE(I(2)), I(0)), MAP(TUPLE(cop_float(1)), I(0)),
                        MAP(MAP(A("a"), I(2)), I(0)), MAP(MAP(A("a"), cop_float(1.5)), I(0)));
        cop_assert(cop__compare_keys(I(2), cop_float(1)) < 0);
        cop_assert(cop__compare_keys(cop_float(-0.0), cop_float(0.0)) < 0);
        cop_assert(cop__compare_keys(cop_float(0.0), cop_float(-0.0)) > 0);
        cop_assert(cop__compare_keys(cop_uint(UINT64_MAX), cop_float(-1)) < 0);
}

COP_TEST(ORDER_values, "the values of maps are compared as numbers")
{
        cop_assert_equal(cop_compare(MAP(A("a"), I(1)), MAP(A("a"), cop_float(1))), 0);
        cop_assert(!cop_equal(MAP(A("a"), I(1)), MAP(A("a"), cop_float(1))));
        cop_assert(cop_compare(MAP(I(1), A("a")), MAP(cop_float(1), A("a"))) < 0);
}

COP_TEST(ORDER_numbers, "1 and 1.0 are the same in the order, and not equal")
{
        cop_assert_equal(cop_compare(I(1), cop_float(1)), 0);
        cop_assert(!cop_equal(I(1), cop_float(1)));
        cop_assert_equal(cop_compare(TUPLE(I(1), I(2)), TUPLE(cop_float(1), I(2))), 0);
        cop_assert(!cop_equal(TUPLE(I(1), I(2)), TUPLE(cop_float(1), I(2))));
        cop_assert_equal(cop_compare(cop_float(-0.0), cop_float(0.0)), 0);
        cop_assert(!cop_equal(cop_float(-0.0), cop_float(0.0)));
        cop_assert(cop_equal(cop_float(1.5), cop_float(1.5)));
        cop_assert(cop_equal(cop_uint(UINT64_MAX), cop_uint(UINT64_MAX)));
}

COP_TEST(ORDER_pids, "pids are ordered by serial, number, node, creation")
{
        CHECK_ASCENDING(pid("a@b", 1, 1, 1), pid("a@b", 1, 1, 9), pid("b@b", 1, 1, 1),
                        pid("a@b", 9, 1, 1), pid("a@b", 1, 2, 1));
        CHECK_ASCENDING(pid("a@b", 5, 1, 0), term_of(local_word(TAG_PID, 5, 1)),
                        pid("z@b", 5, 1, 0), term_of(local_word(TAG_PID, 6, 1)),
                        term_of(local_word(TAG_PID, 0, 2)));
}

COP_TEST(ORDER_refs, "references are ordered by node, creation, numbers, the last one first")
{
        CHECK_ASCENDING(CARRIED(BOX_REF, "a@b", 1, 9), CARRIED(BOX_REF, "a@b", 1, 1, 1),
                        CARRIED(BOX_REF, "a@b", 1, 9, 1, 1), CARRIED(BOX_REF, "a@b", 1, 1, 1, 2),
                        CARRIED(BOX_REF, "a@b", 2, 1, 1, 1), CARRIED(BOX_REF, "b@b", 1, 1, 1, 1),
                        term_of(local_word(TAG_REF, 0, 5)), term_of(local_word(TAG_REF, 1, 1)),
                        term_of(local_word(TAG_REF, 1, 2)), CARRIED(BOX_REF, "z@b", 0, 1));
        cop_assert(cop_equal(CARRIED(BOX_REF, "a@b", 1, 9, 0), CARRIED(BOX_REF, "a@b", 1, 9)));
}

COP_TEST(ORDER_ports, "ports are ordered by node, creation, number")
{
        CHECK_ASCENDING(port("a@b", 1, 1), port("a@b", 9, 1), port("a@b", 1, 2), port("b@b", 1, 1));
}

static cop_term record(const char *module, const char *name, bool exported, size_t fields,
                       const cop_term *names, const cop_term *values)
{
        uint64_t *box = cop__region_take(here(), 1 + RECORD_FIXED_WORDS + 2 * fields);

        box[0] = header_of(BOX_RECORD, RECORD_FIXED_WORDS + 2 * fields);
        box[1] = cop_atom(module).word;
        box[2] = cop_atom(name).word;
        box[3] = cop_bool(exported).word;
        memcpy(box + 4, names, fields * sizeof(*names));
        memcpy(box + 4 + fields, values, fields * sizeof(*values));
        return box_term(box);
}

COP_TEST(ORDER_records, "native records are ordered by module, name, visibility, names of fields, "
                        "values; they come between tuples and maps")
{
        const cop_term a = cop_atom("a"), b = cop_atom("b");
        cop_term one = record("m", "r", true, 2, (cop_term[]){ a, b }, (cop_term[]){ I(1), I(1) });
        cop_term same = record("m", "r", true, 2, (cop_term[]){ a, b }, (cop_term[]){ I(1), I(1) });
        cop_term like = record("m", "r", true, 2, (cop_term[]){ a, b },
                               (cop_term[]){ I(1), cop_float(1.0) });

        CHECK_ASCENDING(cop_tuple(1, (cop_term[]){ I(9) }),
                        record("l", "z", true, 1, &b, (cop_term[]){ I(9) }),
                        record("m", "q", true, 1, &b, (cop_term[]){ I(9) }),
                        record("m", "r", false, 1, &b, (cop_term[]){ I(9) }),
                        record("m", "r", true, 1, &b, (cop_term[]){ I(9) }), one,
                        record("m", "r", true, 2, (cop_term[]){ a, b }, (cop_term[]){ I(1), I(2) }),
                        record("m", "r", true, 2, (cop_term[]){ b, a }, (cop_term[]){ I(0), I(0) }),
                        cop_map(0, NULL, NULL));
        cop_assert(cop_equal(one, same));
        cop_assert_equal(cop_hash(one), cop_hash(same));
        cop_assert_equal(cop_compare(one, like), 0);
        cop_assert(!cop_equal(one, like));
}

COP_TEST(ORDER_funs,
         "funs are ordered by module, index, uniq, what they hold; then come external ones")
{
        CHECK_ASCENDING(fun("m", 1, 5, 1, 0, NULL), fun("m", 1, 5, 1, TERMS(I(9))),
                        fun("m", 1, 5, 1, TERMS(I(1), I(1))), fun("m", 1, 5, 1, TERMS(I(1), I(2))),
                        fun("m", 1, 6, 1, 0, NULL), fun("m", 2, 1, 1, 0, NULL),
                        fun("n", 0, 0, 0, 0, NULL), export("a", "b", 1), export("a", "b", 2),
                        export("a", "c", 0), export("b", "a", 0));
        cop_assert(cop_equal(fun("m", 1, 5, 1, 0, NULL), fun("m", 1, 5, 2, 0, NULL)));
}

COP_TEST(ORDER_none, "COP_NONE is equal to itself alone")
{
        cop_assert(cop_equal(COP_NONE, COP_NONE));
        cop_assert(!cop_equal(COP_NONE, cop_tuple(0, NULL)));
        cop_assert(!cop_equal(cop_tuple(0, NULL), COP_NONE));
        cop_assert(!cop_equal(COP_NONE, cop_int(0)));
        cop_assert(cop_compare(COP_NONE, cop_int(0)) < 0);
}

/* ---- by chance ---- */

COP_TEST(ORDER_total, "any two terms are ordered one way, and any three without a circle")
{
        enum { COUNT = 60, ROUNDS = 60 };
        cop_term terms[COUNT];
        signed char order[COUNT][COUNT];

        for (int round = 0; round < ROUNDS; round++) {
                cop_scope {
                        bool exact = round % 2;

                        for (int i = 0; i < COUNT; i++)
                                terms[i] = random_value(round % 4);
                        for (int i = 0; i < COUNT; i++) {
                                for (int j = 0; j < COUNT; j++) {
                                        int found;

                                        cop_assert(cop__try_compare(terms[i], terms[j], exact,
                                                                    &found));
                                        order[i][j] = (signed char)sign(found);
                                        if (exact)
                                                cop_assert_equal(found == 0,
                                                                 cop_equal(terms[i], terms[j]));
                                        else if (cop_equal(terms[i], terms[j]))
                                                cop_assert_equal(found, 0);
                                }
                        }
                        for (int i = 0; i < COUNT * COUNT * COUNT; i++) {
                                int a = i % COUNT, b = i / COUNT % COUNT, c = i / COUNT / COUNT;

                                if (order[a][b] != -order[b][a] ||
                                    (order[a][b] <= 0 && order[b][c] <= 0 &&
                                     order[a][c] != sign(order[a][b] + order[b][c])))
                                        cop_fail("%d %d %d: %d %d %d", a, b, c, order[a][b],
                                                 order[b][c], order[a][c]);
                        }
                }
        }
}

COP_TEST(ORDER_copies, "a copy is equal to its source")
{
        for (int i = 0; i < 5000; i++) {
                cop_scope {
                        cop_term term = random_value(5);

                        cop_assert(cop_equal(cop__copy(here(), term), term));
                        cop_assert_equal(cop_compare(cop__copy(here(), term), term), 0);
                }
        }
}

/* ---- depth and memory ---- */

static cop_term deep_term(size_t depth)
{
        cop_term term = NIL;

        for (size_t i = 0; i < depth; i++) {
                switch (i % 3) {
                case 0:
                        term = TUPLE(term, I(1));
                        break;
                case 1:
                        term = MAP(A("a"), term);
                        break;
                default:
                        term = LIST(term);
                }
        }
        return term;
}

static void *compare_deep(void *context)
{
        cop_term a = deep_term(1000000), b = deep_term(1000000);

        cop_assert(cop_equal(a, b));
        cop_assert_equal(cop_compare(a, b), 0);
        cop_assert_equal(cop_hash(a), cop_hash(b));
        return NULL;
}

COP_TEST(ORDER_deep, "terms that nest a million deep are compared on a stack of 64 KB")
{
        pthread_attr_t attributes;
        pthread_t thread;

        pthread_attr_init(&attributes);
        cop_assert_equal(pthread_attr_setstacksize(&attributes, 65536), 0);
        cop_assert_equal(pthread_create(&thread, &attributes, compare_deep, NULL), 0);
        pthread_join(thread, NULL);
        pthread_attr_destroy(&attributes);
}

COP_TEST(ORDER_memory, "without memory for the walk the caller ends, and nothing is left")
{
        cop_term a = deep_term(100), b = deep_term(100);
        int64_t blocks = cop__alloc_live_blocks();
        int order;

        cop__alloc_fail_at(1);
        assert_limit(cop_equal(a, b));
        cop__alloc_fail_at(1);
        assert_limit(cop_compare(a, b));
        cop__alloc_fail_at(2);
        assert_limit(cop_compare(a, b));
        cop__alloc_fail_at(1);
        assert_limit(cop_hash(a));
        cop__alloc_fail_at(1);
        cop_assert(!cop__try_compare(a, b, true, &order));
        cop_assert_equal(cop__alloc_live_blocks(), blocks);
        cop_assert(cop_equal(a, b));
}
