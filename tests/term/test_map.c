/*
 * MAP: a map has each key once, in the order of keys, and is never changed.
 */
#include <coppice/test.h>

#include <string.h>

#include "base/alloc.h"
#include "support/failure.h"
#include "support/memory.h"
#include "support/values.h"
#include "term/host.h"
#include "term/map.h"

static void check_order(cop_term map)
{
        size_t i;

        for (i = 1; i < cop_map_size(map); i++)
                cop_assert(cop__compare_keys(cop_map_key(map, i - 1), cop_map_key(map, i)) < 0);
}

/* The value that the last of equal keys has; COP_NONE where there is none. */
static cop_term last_value(size_t size, const cop_term *keys, const cop_term *values, cop_term key)
{
        while (size-- > 0)
                if (cop_equal(keys[size], key))
                        return values[size];
        return COP_NONE;
}

COP_TEST(MAP_make, "a map of keys in any order has each once, and the last of equal ones counts")
{
        enum { MOST = 200 };
        static cop_term keys[MOST], values[MOST];

        for (int round = 0; round < 2000; round++) {
                cop_scope {
                        size_t size = cop_test_random_below(round % 20 ? 20 : MOST), once = 0;
                        cop_term map;
                        bool twice;

                        for (size_t i = 0; i < size; i++) {
                                keys[i] = random_value(round % 3);
                                values[i] = cop_int((int64_t)i);
                        }
                        map = cop__map_make(here(), size, keys, values, &twice);
                        check_order(map);
                        for (size_t i = 0; i < size; i++) {
                                cop_term value = last_value(size, keys, values, keys[i]);

                                cop_assert(cop_equal(cop_map_find(map, keys[i]), value));
                                once += value.word == values[i].word;
                        }
                        cop_assert_equal(cop_map_size(map), once);
                        cop_assert_equal(twice, once < size);
                        cop_assert(cop_equal(map, cop_map(size, keys, values)));
                }
        }
}

COP_TEST(MAP_change, "putting and removing make another map; the old one stays as it was")
{
        enum { KEYS = 40 };

        for (int round = 0; round < 200; round++) {
                cop_scope {
                        cop_term keys[KEYS], values[KEYS], map = cop_map(0, NULL, NULL);

                        for (int i = 0; i < KEYS; i++) {
                                keys[i] = random_value(1);
                                values[i] = COP_NONE;
                        }
                        for (int i = 0; i < 200; i++) {
                                size_t at = cop_test_random_below(KEYS), size = cop_map_size(map);
                                cop_term before = map, value = random_value(1);
                                cop_term held = cop_map_find(map, keys[at]);

                                if (cop_test_random_below(3) == 0)
                                        value = COP_NONE;
                                map = cop_is_none(value) ? cop_map_remove(map, keys[at])
                                                         : cop_map_put(map, keys[at], value);
                                for (int j = 0; j < KEYS; j++)
                                        if (cop_equal(keys[j], keys[at]))
                                                values[j] = value;
                                check_order(map);
                                cop_assert_equal(cop_map_find(before, keys[at]).word, held.word);
                                cop_assert_equal(cop_map_size(before), size);
                        }
                        for (int j = 0; j < KEYS; j++)
                                cop_assert_equal(cop_map_find(map, keys[j]).word, values[j].word);
                }
        }
}

COP_TEST(MAP_keys, "1, 1.0, and both zeros are keys apart, integers first")
{
        cop_term keys[] = { cop_float(0.0), cop_float(1), cop_int(2), cop_float(-0.0), cop_int(1) };
        cop_term values[] = { cop_int(0), cop_int(1), cop_int(2), cop_int(3), cop_int(4) };
        static const size_t order[] = { 4, 2, 3, 0, 1 };
        cop_term map = cop_map(5, keys, values);

        cop_assert_equal(cop_map_size(map), 5);
        for (size_t i = 0; i < 5; i++) {
                cop_assert(cop_equal(cop_map_key(map, i), keys[order[i]]));
                cop_assert(cop_equal(cop_map_value(map, i), values[order[i]]));
        }
}

COP_TEST(MAP_same, "a map to which nothing is done is the same map")
{
        cop_term map = cop_map_put(cop_map(0, NULL, NULL), cop_atom("a"), cop_int(1));

        cop_assert_equal(cop_map_put(map, cop_atom("a"), cop_int(1)).word, map.word);
        cop_assert_equal(cop_map_remove(map, cop_atom("b")).word, map.word);
}

COP_TEST(MAP_get, "what a map does not have is what the caller says")
{
        cop_term map = cop_map_put(cop_map(0, NULL, NULL), cop_atom("a"), cop_int(1));

        cop_assert_equal(cop_to_int(cop_map_get(map, cop_atom("a"), cop_int(2))), 1);
        cop_assert_equal(cop_to_int(cop_map_get(map, cop_atom("b"), cop_int(2))), 2);
        cop_assert(cop_is_none(cop_map_find(map, cop_text("a"))));
        cop_assert_equal(cop__map_index(map, cop_atom("a")), 0);
        cop_assert_equal(cop__map_index(map, cop_nil()), 1);
}

COP_TEST(MAP_badarg, "what is no map, no index, no key or no value is a badarg")
{
        cop_term map = cop_map_put(cop_map(0, NULL, NULL), cop_atom("a"), cop_int(1));

        assert_badarg(cop_map_size(cop_nil()));
        assert_badarg(cop_map_find(COP_NONE, cop_atom("a")));
        assert_badarg(cop_map_get(cop_int(1), cop_atom("a"), COP_NONE));
        assert_badarg(cop_map_put(cop_tuple(0, NULL), cop_atom("a"), cop_int(1)));
        assert_badarg(cop_map_put(map, COP_NONE, cop_int(1)));
        assert_badarg(cop_map_put(map, cop_atom("a"), COP_NONE));
        assert_badarg(cop_map_remove(cop_nil(), cop_atom("a")));
        assert_badarg(cop_map_key(map, 1));
        assert_badarg(cop_map_value(map, SIZE_MAX));
        cop_assert(!cop_is_map(COP_NONE));
        cop_assert(!cop_is_map(cop_tuple(0, NULL)));
}

enum { MANY = 100 };

static bool make_map(void *context)
{
        const cop_term *keys = context;
        struct region region;
        bool twice, fine;

        cop__region_init(&region);
        fine = !cop_is_none(cop__map_make(&region, MANY, keys, keys, &twice));
        cop__region_release(&region);
        return fine;
}

COP_TEST(MAP_memory, "making a map without memory fails and leaves nothing")
{
        cop_term keys[MANY];

        for (size_t i = 0; i < MANY; i++) {
                keys[i] = cop_int((int64_t)cop_test_random() >> 8);
                for (int deep = 0; deep < 50; deep++)
                        keys[i] = cop_tuple(2, (cop_term[]){ keys[i], cop_int(1) });
        }
        cop_assert(without_memory(make_map, NULL, keys) > 2);
}

COP_TEST(MAP_memory_for_programs, "where a program's memory is used up, the caller ends")
{
        struct region *region = here();
        cop_term keys[MANY], map;

        for (size_t i = 0; i < MANY; i++)
                keys[i] = cop_int((int64_t)i);
        map = cop_map(MANY, keys, keys);
        region->most_words = 1;
        cop__region_try_take(region, (size_t)(region->end - region->top));
        assert_limit(cop_map(MANY, keys, keys));
        assert_limit(cop_map_put(map, keys[0], keys[1]));
        assert_limit(cop_map_put(map, cop_nil(), keys[1]));
        assert_limit(cop_map_remove(map, keys[0]));
        region->most_words = 0;
}
