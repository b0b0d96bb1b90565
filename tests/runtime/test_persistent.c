/*
 * PERSISTENT: terms for all, for ever. COUNTERS: numbers that many change at once.
 */
#include <coppice/counters.h>
#include <coppice/persistent.h>

#include "base/alloc.h"
#include "support/world.h"

static void gets(void *unused)
{
        cop_persistent_get("no such key");
}

COP_TEST(PERSISTENT_put, "a key has the value that was put last, until it is erased")
{
        cop_term reason;

        cop_persistent_put("key", cop_build("{a, [1, 2]}"));
        cop_assert_term(cop_persistent_get("key"), "{a, [1, 2]}");
        cop_persistent_put("key", 2);
        cop_persistent_put(1, cop_atom("int"));
        cop_persistent_put(1.0, cop_build("{a, float}"));
        cop_assert_term(cop_persistent_get("key"), "2");
        cop_assert_term(cop_persistent_get(1), "int");
        cop_assert_term(cop_persistent_get(1.0), "{a, float}");
        cop_assert_equal(cop_length(cop_persistent_all()), 3);
        cop_assert(cop_persistent_erase("key"));
        cop_assert(!cop_persistent_erase("key"));
        cop_assert(!cop_persistent_erase("no such key"));
        cop_assert(cop_is_none(cop_persistent_get_or("key", COP_NONE)));
        cop_assert_equal(cop_try(gets, NULL, &reason), COP_ERROR);
        cop_assert_match(reason, "{badarg, _}");
        cop_persistent_put("key", 3);
        cop_assert_term(cop_persistent_get("key"), "3");
}

COP_TEST(PERSISTENT_no_copy, "reading makes no copy: it is the same memory each time")
{
        size_t before;
        cop_term one;

        cop_persistent_put(cop_atom("large"), cop_build("[1, 2, 3, {4, 5, 6}, #{a => b}]"));
        one = cop_persistent_get(cop_atom("large"));
        cop_assert_equal(cop_persistent_get(cop_atom("large")).word, one.word);
        before = cop_memory_used();
        for (int i = 0; i < 1000; i++)
                cop_persistent_get(cop_atom("large"));
        cop_assert(cop_memory_used() < before + 10000);
}

static void reads(cop_term argument)
{
        cop_term value = cop_persistent_get("shared");
        cop_pid to;

        cop_match(argument, "{To}", &to);
        cop_send(to, "ready");
        cop_receive(COP_FOREVER, "go");
        cop_send(to, "{value, V}", value);
}

COP_TEST(PERSISTENT_erased, "what was read stays valid, whatever becomes of the key")
{
        cop_pid pid;
        cop_term value;

        cop_persistent_put("shared", cop_build("{some, [term], <<\"text\">>}"));
        pid = cop_spawn(reads, cop_build("{Me}", cop_self()));
        cop_assert(cop_receive(5000, "ready"));
        cop_persistent_put("shared", cop_build("{another, [term]}"));
        cop_persistent_erase("shared");
        cop_send(pid, "go");
        cop_assert(cop_receive(5000, "{value, V}", &value));
        cop_assert_term(value, "{some, [term], <<\"text\">>}");
}

COP_TEST(PERSISTENT_info, "what old values take is known; the same value again takes nothing")
{
        int64_t memory, erased;

        cop_persistent_put("k", cop_build("{a, 1}"));
        cop_assert_match(cop_persistent_info(), "#{count := 1, memory := M, erased := 0}", &memory);
        cop_assert(memory > 0);
        cop_persistent_put("k", cop_build("{a, 1}"));
        cop_assert_match(cop_persistent_info(), "#{count := 1, memory := M, erased := 0}", &erased);
        cop_assert_equal(erased, memory);
        cop_persistent_erase("k");
        cop_assert_match(cop_persistent_info(), "#{count := 0, memory := 0, erased := E}", &erased);
        cop_assert_equal(erased, memory);
}

static void puts_many(cop_term argument)
{
        int from;
        cop_pid to;

        cop_match(argument, "{To, From}", &to, &from);
        for (int i = 0; i < 200; i++) {
                cop_persistent_put(from + i, cop_build("{I}", from + i));
                cop_persistent_put("last", from + i);
                cop_assert_term(cop_persistent_get(from + i), "{I}", from + i);
                cop_assert(cop_is_int(cop_persistent_get("last")));
        }
        cop_send(to, "done");
}

COP_TEST(PERSISTENT_many, "many put and get at once")
{
        for (int i = 0; i < 4; i++)
                cop_spawn(puts_many, cop_build("{Me, I}", cop_self(), 1000 * i));
        for (int i = 0; i < 4; i++)
                cop_assert(cop_receive(20000, "done"));
        cop_assert_equal(cop_length(cop_persistent_all()), 801);
}

static void puts_one(void *unused)
{
        cop_persistent_put("memory", cop_build("[1, 2, 3]"));
}

COP_TEST(PERSISTENT_memory, "without memory nothing changes")
{
        enum cop_class class = COP_EXIT;
        cop_term reason;

        cop_persistent_put("other", 1);
        for (int n = 1; class != COP_NORMAL; n++) {
                cop_assert(cop_system_quiet(5000));
                cop_assert(cop_is_none(cop_persistent_get_or("memory", COP_NONE)));
                cop__alloc_fail_at(n);
                class = cop_try(puts_one, NULL, &reason);
                cop__alloc_fail_at(0);
                cop_assert_term(cop_persistent_get("other"), "1");
        }
        cop_assert_term(cop_persistent_get("memory"), "[1, 2, 3]");
}

/* ---- counters ---- */

COP_TEST(COUNTERS_all, "numbers are read, set, added to, exchanged")
{
        cop_term c = cop_counters_new(3);
        int64_t expected = 5;

        cop_assert(cop_is_counters(c));
        cop_assert(!cop_is_counters(cop_binary("x", 1)));
        cop_assert_equal(cop_counters_size(c), 3);
        cop_assert_equal(cop_counters_get(c, 2), 0);
        cop_counters_add(c, 2, -5);
        cop_assert_equal(cop_counters_add_get(c, 2, 7), 2);
        cop_counters_put(c, 0, INT64_MAX);
        cop_counters_add(c, 0, 1);
        cop_assert_equal(cop_counters_get(c, 0), INT64_MIN);
        cop_assert_equal(cop_counters_exchange(c, 2, 9), 2);
        cop_assert(!cop_counters_compare_exchange(c, 2, &expected, 1));
        cop_assert_equal(expected, 9);
        cop_assert(cop_counters_compare_exchange(c, 2, &expected, 1));
        cop_assert_equal(cop_counters_get(c, 2), 1);
        cop_assert_equal(cop_counters_get(c, 1), 0);
}

static void reads_beyond(void *counters)
{
        cop_counters_get(*(cop_term *)counters, 1);
}

static void reads_others(void *unused)
{
        static const char text[200];

        cop_counters_get(cop_binary(text, sizeof(text)), 0);
}

COP_TEST(COUNTERS_badarg, "an index too large, and another term, are badarg")
{
        cop_term c = cop_counters_new(1), reason;

        cop_assert_equal(cop_try(reads_beyond, &c, &reason), COP_ERROR);
        cop_assert_match(reason, "{badarg, _}");
        cop_assert_equal(cop_try(reads_others, NULL, &reason), COP_ERROR);
}

static void adds(cop_term argument)
{
        cop_pid to;
        cop_term c;

        cop_match(argument, "{To, C}", &to, &c);
        for (int i = 0; i < 1000; i++)
                cop_counters_add(c, 0, 1);
        cop_send(to, "done");
}

COP_TEST(COUNTERS_shared, "all copies are the same numbers, which go with the last of them")
{
        cop_term c = cop_counters_new(1), kept;

        for (int i = 0; i < 4; i++)
                cop_spawn(adds, cop_build("{Me, C}", cop_self(), c));
        for (int i = 0; i < 4; i++)
                cop_assert(cop_receive(20000, "done"));
        cop_assert_equal(cop_counters_get(c, 0), 4000);
        cop_persistent_put("counters", c);
        cop_counters_add(cop_persistent_get("counters"), 0, 1);
        kept = cop_keep(c);
        cop_assert_equal(cop_counters_get(kept, 0), 4001);
        cop_release(kept);
}
