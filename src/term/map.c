/*
 * map.c: maps as sorted arrays.
 *
 * A box holds the keys in ascending order and then their values in the same order: one allocation,
 * no pointers to follow, and equal maps have equal keys at equal places. Finding is a binary
 * search; putting and removing copy the box, so a map is for records and options, and cop_table for
 * many keys that change. An atom or a small integer as key is found by its word alone: two of them
 * are equal only when it is the same, so a short map is scanned without a look at any text.
 *
 * Making sorts stably (insertion while short, then merging), so that of equal keys the last given
 * one is the last of its run, and counts. Keys that come sorted, as from a map that was printed or
 * encoded, are only checked.
 */
#include "term/map.h"

#include <string.h>

#include "base/alloc.h"
#include "term/compare.h"
#include "term/host.h"

enum {
        SCAN_MOST = 16, /* keys of a map that is scanned for a word */
        RUN_MOST = 8,   /* entries sorted by insertion */
        INSIDE_MOST = 16,
};

struct entry {
        cop_term key, value;
};

static uint64_t *new_box(struct region *region, size_t size)
{
        uint64_t *box = cop__region_try_take(region, 1 + 2 * size);

        if (box)
                *box = header_of(BOX_MAP, 2 * size);
        return box;
}

/* ---- making ---- */

/* Are the keys strictly ascending already? *enough becomes false without memory. */
static bool is_sorted(size_t size, const cop_term *keys, bool *enough)
{
        for (size_t i = 1; i < size; i++) {
                int order;

                if (!cop__try_compare(keys[i - 1], keys[i], true, &order)) {
                        *enough = false;
                        return false;
                }
                if (order >= 0)
                        return false;
        }
        return true;
}

static bool sort_run(struct entry *entries, size_t count)
{
        for (size_t i = 1; i < count; i++) {
                struct entry entry = entries[i];
                size_t at = i;

                while (at > 0) {
                        int order;

                        if (!cop__try_compare(entries[at - 1].key, entry.key, true, &order))
                                return false;
                        if (order <= 0)
                                break;
                        entries[at] = entries[at - 1];
                        at--;
                }
                entries[at] = entry;
        }
        return true;
}

/* Two neighbouring sorted runs become one in `to`. */
static bool merge(const struct entry *from, size_t middle, size_t end, struct entry *to)
{
        size_t left = 0, right = middle;

        while (left < middle && right < end) {
                int order;

                if (!cop__try_compare(from[left].key, from[right].key, true, &order))
                        return false;
                *to++ = order <= 0 ? from[left++] : from[right++];
        }
        memcpy(to, from + left, (middle - left) * sizeof(*to));
        to += middle - left;
        memcpy(to, from + right, (end - right) * sizeof(*to));
        return true;
}

/* Sorts stably; spare has as many. Returns the one of the two in which the result is; NULL without
 * memory. */
static struct entry *sort(struct entry *entries, struct entry *spare, size_t count)
{
        for (size_t at = 0; at < count; at += RUN_MOST) {
                if (!sort_run(entries + at, count - at < RUN_MOST ? count - at : RUN_MOST))
                        return NULL;
        }
        for (size_t run = RUN_MOST; run < count; run *= 2) {
                struct entry *sorted = spare;

                for (size_t at = 0; at < count; at += 2 * run) {
                        size_t left = count - at;

                        if (!merge(entries + at, left < run ? left : run,
                                   left < 2 * run ? left : 2 * run, spare + at))
                                return NULL;
                }
                spare = entries;
                entries = sorted;
        }
        return entries;
}

/* Leaves the last of equal keys; returns how many entries are left. SIZE_MAX without memory. */
static size_t keep_last(struct entry *entries, size_t count)
{
        size_t kept = count > 0;

        for (size_t i = 1; i < count; i++) {
                int order;

                if (!cop__try_compare(entries[kept - 1].key, entries[i].key, true, &order))
                        return SIZE_MAX;
                if (order != 0)
                        kept++;
                entries[kept - 1] = entries[i];
        }
        return kept;
}

static cop_term from_sorted(struct region *region, size_t size, const cop_term *keys,
                            const cop_term *values)
{
        uint64_t *box = new_box(region, size);

        if (!box)
                return COP_NONE;
        if (size > 0) {
                memcpy(box + 1, keys, size * sizeof(*keys));
                memcpy(box + 1 + size, values, size * sizeof(*values));
        }
        return box_term(box);
}

static cop_term from_entries(struct region *region, size_t size, const struct entry *entries)
{
        uint64_t *box = new_box(region, size);

        if (!box)
                return COP_NONE;
        for (size_t i = 0; i < size; i++) {
                box[1 + i] = entries[i].key.word;
                box[1 + size + i] = entries[i].value.word;
        }
        return box_term(box);
}

/* entries and spare have room for size each. */
static cop_term sort_and_make(struct region *region, size_t size, const cop_term *keys,
                              const cop_term *values, struct entry *entries, bool *twice)
{
        struct entry *sorted;
        size_t kept;

        for (size_t i = 0; i < size; i++)
                entries[i] = (struct entry){ keys[i], values[i] };
        sorted = sort(entries, entries + size, size);
        if (!sorted)
                return COP_NONE;
        kept = keep_last(sorted, size);
        if (kept == SIZE_MAX)
                return COP_NONE;
        *twice = kept < size;
        return from_entries(region, kept, sorted);
}

cop_term cop__map_make(struct region *region, size_t size, const cop_term *keys,
                       const cop_term *values, bool *twice)
{
        struct entry inside[2 * INSIDE_MOST], *entries = inside;
        bool enough = true;
        cop_term map;

        *twice = false;
        if (is_sorted(size, keys, &enough))
                return from_sorted(region, size, keys, values);
        if (!enough)
                return COP_NONE;
        if (size > INSIDE_MOST)
                entries = cop__alloc_array(size, 2 * sizeof(*entries));
        if (!entries)
                return COP_NONE;
        map = sort_and_make(region, size, keys, values, entries, twice);
        if (entries != inside)
                cop__free(entries);
        return map;
}

/* ---- finding ---- */

/* Where the key stands or, when it does not, would stand. */
static size_t search(cop_term map, cop_term key, bool *found)
{
        const cop_term *keys = cop__map_keys(map);
        size_t low = 0, high = cop__map_size(map);

        *found = false;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = cop__compare_keys(keys[middle], key);

                if (order == 0) {
                        *found = true;
                        return middle;
                }
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

size_t cop__map_index(cop_term map, cop_term key)
{
        size_t size = cop__map_size(map), at;
        bool found;

        if (!has_memory(key) && size <= SCAN_MOST) {
                const cop_term *keys = cop__map_keys(map);

                for (at = 0; at < size && keys[at].word != key.word;)
                        at++;
                return at;
        }
        at = search(map, key, &found);
        return found ? at : size;
}

/* ---- for programs ---- */

static void check_map(cop_term map)
{
        if (!cop_is_map(map))
                cop__fail_badarg(NULL);
}

/* For who has no way to say that memory is used up. */
static uint64_t *take_box(size_t size)
{
        uint64_t *box = cop__region_take(here(), 1 + 2 * size);

        *box = header_of(BOX_MAP, 2 * size);
        return box;
}

cop_term cop_map(size_t size, const cop_term *keys, const cop_term *values)
{
        bool twice;
        cop_term map = cop__map_make(here(), size, keys, values, &twice);

        if (cop_is_none(map))
                cop__fail_limit("memory");
        return map;
}

bool cop_is_map(cop_term term)
{
        return is_box(term, BOX_MAP);
}

size_t cop_map_size(cop_term map)
{
        check_map(map);
        return cop__map_size(map);
}

cop_term cop_map_get(cop_term map, cop_term key, cop_term otherwise)
{
        size_t at;

        check_map(map);
        at = cop__map_index(map, key);
        return at < cop__map_size(map) ? cop__map_values(map)[at] : otherwise;
}

cop_term cop_map_find(cop_term map, cop_term key)
{
        return cop_map_get(map, key, COP_NONE);
}

/* The map with another value at a place. */
static cop_term replace(cop_term map, size_t at, cop_term value)
{
        size_t size = cop__map_size(map);
        uint64_t *box;

        if (cop__map_values(map)[at].word == value.word)
                return map;
        box = take_box(size);
        memcpy(box + 1, words_of(map) + 1, 2 * size * sizeof(*box));
        box[1 + size + at] = value.word;
        return box_term(box);
}

cop_term cop_map_put(cop_term map, cop_term key, cop_term value)
{
        const uint64_t *from;
        uint64_t *to;
        size_t size, at;
        bool found;

        check_map(map);
        if (cop_is_none(key) || cop_is_none(value))
                cop__fail_badarg(NULL);
        at = search(map, key, &found);
        if (found)
                return replace(map, at, value);
        size = cop__map_size(map);
        from = words_of(map) + 1;
        to = take_box(size + 1) + 1;
        memcpy(to, from, at * sizeof(*to));
        to[at] = key.word;
        memcpy(to + at + 1, from + at, size * sizeof(*to));
        to[size + 1 + at] = value.word;
        memcpy(to + size + at + 2, from + size + at, (size - at) * sizeof(*to));
        return box_term(to - 1);
}

cop_term cop_map_remove(cop_term map, cop_term key)
{
        const uint64_t *from;
        uint64_t *to;
        size_t size, at;

        check_map(map);
        size = cop__map_size(map);
        at = cop__map_index(map, key);
        if (at == size)
                return map;
        from = words_of(map) + 1;
        to = take_box(size - 1) + 1;
        memcpy(to, from, at * sizeof(*to));
        memcpy(to + at, from + at + 1, (size - 1) * sizeof(*to));
        memcpy(to + size - 1 + at, from + size + at + 1, (size - 1 - at) * sizeof(*to));
        return box_term(to - 1);
}

cop_term cop_map_key(cop_term map, size_t index)
{
        check_map(map);
        if (index >= cop__map_size(map))
                cop__fail_badarg(NULL);
        return cop__map_keys(map)[index];
}

cop_term cop_map_value(cop_term map, size_t index)
{
        check_map(map);
        if (index >= cop__map_size(map))
                cop__fail_badarg(NULL);
        return cop__map_values(map)[index];
}
