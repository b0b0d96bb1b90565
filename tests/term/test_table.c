/*
 * TABLE: a dictionary that a process changes in place, whose terms are kept, and which dies with
 * its owner.
 */
#include <coppice/table.h>
#include <coppice/test.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "support/failure.h"
#include "support/memory.h"
#include "support/terms.h"
#include "term/host.h"
#include "term/table.h"

COP_TEST(TABLE_words, "counting words in ten lines")
{
        static const char *const words[] = { "the", "quick", "the", "lazy", "the", "quick" };
        struct cop_table *seen = cop_table_new();
        char counts[100] = "";
        size_t i;

        for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
                cop_term word = cop_text(words[i]);
                cop_term before = cop_table_get(seen, word, cop_int(0));

                cop_table_put(seen, word, cop_int(cop_to_int(before) + 1));
        }
        COP_TABLE_EACH(entry, seen)
        snprintf(counts + strlen(counts), sizeof(counts) - strlen(counts), "%s %d ",
                 cop_to_cstring(entry.key), (int)cop_to_int(entry.value));
        cop_assert_text(counts, "the 3 quick 2 lazy 1 ");
        cop_table_free(seen);
}

COP_TEST(TABLE_kept, "keys and values outlive the scope in which they were made")
{
        struct cop_table *table = cop_table_new();

        cop_scope {
                cop_term key = cop_tuple(2, (cop_term[]){ cop_atom("k"), cop_text("key") });

                cop_table_put(table, key, cop_list(1, &key));
        }
        cop_scope {
                cop_term key = cop_tuple(2, (cop_term[]){ cop_atom("k"), cop_text("key") });

                cop_assert(cop_table_has(table, key));
                cop_assert(cop_equal(cop_table_find(table, key), cop_list(1, &key)));
                cop_assert(!cop_table_has(table, cop_atom("k")));
                cop_assert(cop_is_none(cop_table_find(table, cop_atom("k"))));
        }
        cop_table_free(table);
}

COP_TEST(TABLE_keys, "keys are the same when they are equal exactly")
{
        struct cop_table *table = cop_table_new();

        cop_table_put(table, cop_int(1), cop_atom("integer"));
        cop_table_put(table, cop_float(1.0), cop_atom("float"));
        cop_assert_equal(cop_table_size(table), 2);
        cop_assert(cop_is(cop_table_find(table, cop_int(1)), "integer"));
        cop_assert(cop_is(cop_table_find(table, cop_float(1.0)), "float"));
        cop_table_free(table);
}

COP_TEST(TABLE_replaces, "a second put replaces the value, also by a part of the old one")
{
        struct cop_table *table = cop_table_new();
        cop_term key = cop_text("key");
        int i;

        cop_table_put(table, key, cop_tuple(1, (cop_term[]){ cop_text("inside") }));
        cop_table_put(table, key, cop_element(cop_table_find(table, key), 0));
        cop_assert_text(cop_to_cstring(cop_table_find(table, key)), "inside");
        for (i = 0; i < 100; i++)
                cop_table_put(table, key, cop_int(i));
        cop_assert_equal(cop_to_int(cop_table_find(table, key)), 99);
        cop_assert_equal(cop_table_size(table), 1);
        cop_table_free(table);
}

COP_TEST(TABLE_take, "what is taken out is in the memory of the turn, and in the table no more")
{
        struct cop_table *table = cop_table_new();
        cop_term taken;

        cop_table_put(table, cop_atom("a"), cop_text("value"));
        taken = cop_table_take(table, cop_atom("a"));
        cop_assert_equal(cop_table_size(table), 0);
        cop_assert(cop_is_none(cop_table_take(table, cop_atom("a"))));
        cop_table_free(table);
        cop_assert_text(cop_to_cstring(taken), "value");
}

COP_TEST(TABLE_pointers, "a value may be a pointer, and asking for the wrong kind is badarg")
{
        struct cop_table *table = cop_table_new();
        int thing = 5;

        cop_table_put_pointer(table, cop_atom("p"), &thing);
        cop_table_put(table, cop_atom("t"), cop_int(1));
        cop_assert(cop_table_find_pointer(table, cop_atom("p")) == &thing);
        cop_assert(!cop_table_find_pointer(table, cop_atom("none")));
        assert_badarg(cop_table_find(table, cop_atom("p")));
        assert_badarg(cop_table_get(table, cop_atom("p"), NIL));
        assert_badarg(cop_table_take(table, cop_atom("p")));
        assert_badarg(cop_table_find_pointer(table, cop_atom("t")));
        COP_TABLE_EACH(entry, table)
        {
                cop_assert_equal(entry.pointer == &thing, cop_is(entry.key, "p"));
                cop_assert_equal(cop_is_none(entry.value), cop_is(entry.key, "p"));
        }
        cop_table_put(table, cop_atom("p"), cop_text("a term now"));
        cop_assert(cop_is_binary(cop_table_find(table, cop_atom("p"))));
        cop_table_put_pointer(table, cop_atom("p"), NULL);
        cop_assert(!cop_table_find_pointer(table, cop_atom("p")));
        cop_assert(cop_table_has(table, cop_atom("p")));
        cop_table_free(table);
}

COP_TEST(TABLE_none, "no term is neither key nor value, and NULL is no table")
{
        struct cop_table *table = cop_table_new();

        assert_badarg(cop_table_put(table, COP_NONE, NIL));
        assert_badarg(cop_table_put(table, NIL, COP_NONE));
        assert_badarg(cop_table_put_pointer(table, COP_NONE, NULL));
        assert_badarg(cop_table_find(table, COP_NONE));
        assert_badarg(cop_table_remove(table, COP_NONE));
        assert_badarg(cop_table_size(NULL));
        cop_table_free(NULL);
        cop_assert_equal(cop_table_size(table), 0);
        cop_table_free(table);
}

static void *use_of_another(void *table)
{
        assert_badarg(cop_table_put(table, NIL, NIL));
        assert_badarg(cop_table_size(table));
        assert_badarg(cop_table_free(table));
        return NULL;
}

COP_TEST(TABLE_owner, "only its owner may use a table")
{
        struct cop_table *table = cop_table_new();
        pthread_t thread;

        pthread_create(&thread, NULL, use_of_another, table);
        pthread_join(thread, NULL);
        cop_table_free(table);
}

static void *leave_a_table(void *unused)
{
        struct cop_table *table = cop_table_new();
        int i;

        for (i = 0; i < 1000; i++)
                cop_table_put(table, cop_int(i),
                              cop_text("a binary, long enough to be shared: "
                                       "it has more than sixty-four bytes"));
        return NULL;
}

COP_TEST(TABLE_dies, "a table that is not freed dies with its owner, and all in it")
{
        int64_t blocks = cop__alloc_live_blocks();
        pthread_t thread;

        pthread_create(&thread, NULL, leave_a_table, NULL);
        pthread_join(thread, NULL);
        cop_assert_equal(cop__alloc_live_blocks(), blocks);
}

/* Removes and puts while going through; what was there throughout is met once. */
COP_TEST(TABLE_each, "each key that is there from beginning to end is met once, whatever happens")
{
        enum { KEYS = 200 };
        int round;

        for (round = 0; round < 300; round++) {
                struct cop_table *table = cop_table_new();
                int met[KEYS] = { 0 };
                bool touched[KEYS] = { false };
                int i;

                for (i = 0; i < KEYS; i++)
                        cop_table_put(table, cop_int(i), cop_int(i));
                COP_TABLE_EACH(entry, table)
                {
                        int64_t key = cop_to_int(entry.key);
                        int other = (int)cop_test_random_below(KEYS);

                        if (key >= KEYS)
                                continue;
                        met[key]++;
                        if (cop_test_random_below(2))
                                cop_table_remove(table, entry.key);
                        if (cop_test_random_below(4) == 0) {
                                cop_table_remove(table, cop_int(other));
                                touched[other] = true;
                        }
                        if (cop_test_random_below(4) == 0 && cop_table_size(table) < 1000)
                                cop_table_put(table, cop_int(KEYS + other), NIL);
                }
                cop__table_audit(table);
                for (i = 0; i < KEYS; i++) {
                        if (met[i] > 1)
                                cop_fail("%d is met %d times", i, met[i]);
                        if (met[i] == 0 && !touched[i])
                                cop_fail("%d is not met", i);
                }
                cop_table_free(table);
        }
}

COP_TEST(TABLE_empties, "all keys can be removed while they are gone through")
{
        struct cop_table *table = cop_table_new();
        int i, met = 0;

        for (i = 0; i < 1000; i++)
                cop_table_put(table, cop_int(i), cop_text("x"));
        COP_TABLE_EACH(entry, table)
        {
                met++;
                cop_assert(cop_table_remove(table, entry.key));
        }
        cop_assert_equal(met, 1000);
        cop_assert_equal(cop_table_size(table), 0);
        COP_TABLE_EACH(entry, table)
        cop_fail("there is a key in an empty table");
        cop_table_free(table);
}

/* Against a plain array that says what is in the table. */
COP_TEST(TABLE_any, "any sequence of puts and removes leaves what it should", .limit_s = 60)
{
        enum { KEYS = 3000, STEPS = 300000 };
        static int64_t expected[KEYS]; /* 0: not there */
        struct cop_table *table = cop_table_new();
        int64_t size = 0;
        int step, i;

        for (step = 1; step <= STEPS; step++) {
                int k = (int)cop_test_random_below(KEYS);

                cop_scope {
                        cop_term key =
                                k % 2 ? cop_int(k) : cop_tuple(1, (cop_term[]){ cop_int(k) });

                        switch (cop_test_random_below(step / 30000 % 2 ? 5 : 2)) {
                        case 0:
                                size += expected[k] == 0;
                                expected[k] = step;
                                cop_table_put(table, key,
                                              cop_tuple(1, (cop_term[]){ cop_int(step) }));
                                break;
                        case 1:
                                cop_assert_equal(cop_table_has(table, key), expected[k] != 0);
                                break;
                        default:
                                cop_assert_equal(cop_table_remove(table, key), expected[k] != 0);
                                size -= expected[k] != 0;
                                expected[k] = 0;
                        }
                }
                cop_assert_equal(cop_table_size(table), size);
                if (step % 1000 == 0)
                        cop__table_audit(table);
                if (step == STEPS / 2)
                        cop_table_clear(table), memset(expected, 0, sizeof(expected)), size = 0;
        }
        for (i = 0; i < KEYS; i++) {
                cop_term key = i % 2 ? cop_int(i) : cop_tuple(1, (cop_term[]){ cop_int(i) });
                cop_term value = cop_table_find(table, key);

                cop_assert_equal(cop_is_none(value), expected[i] == 0);
                if (!cop_is_none(value))
                        cop_assert_equal(cop_to_int(cop_element(value, 0)), expected[i]);
        }
        COP_TABLE_EACH(entry, table)
        size--;
        cop_assert_equal(size, 0);
        cop_table_free(table);
}

struct attempt {
        struct cop_table *table;
};

static void put_all(struct cop_table *table)
{
        int i;

        for (i = 0; i < 40; i++)
                cop_table_put(table, cop_tuple(1, (cop_term[]){ cop_int(i) }), cop_text("value"));
}

/* Whole, and with all that was put before. */
static void check_partial(const struct cop_table *table)
{
        size_t entries = 0;

        cop__table_audit(table);
        COP_TABLE_EACH(entry, table)
        {
                cop_assert_text(cop_to_cstring(entry.value), "value");
                cop_assert_equal(cop_to_int(cop_element(entry.key, 0)), entries);
                entries++;
        }
        cop_assert_equal(entries, cop_table_size(table));
}

static bool make_table(void *context)
{
        struct attempt *attempt = context;
        cop_term reason;

        attempt->table = NULL;
        reason = FAILS(attempt->table = cop_table_new());
        if (cop_is_none(reason))
                reason = FAILS(put_all(attempt->table));
        if (cop_is_none(reason))
                return true;
        cop_assert(is_limit(reason));
        if (attempt->table)
                check_partial(attempt->table);
        cop_table_free(attempt->table);
        cop__host_thread_release();
        return false;
}

static void free_table(void *context)
{
        cop_table_free(((struct attempt *)context)->table);
        cop__host_thread_release();
}

COP_TEST(TABLE_no_memory, "a put without memory crashes and leaves the table as it was")
{
        struct attempt attempt;

        cop__host_thread_release();
        cop_assert(without_memory(make_table, free_table, &attempt) >= 80);
}
