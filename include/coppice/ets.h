/*
 * coppice/ets.h: tables that processes share.
 *
 * A table holds tuples, its objects, found by one of their elements, the key. It belongs to one
 * process, its owner, and is gone when that ends, before anybody hears of it; others use it as its
 * access says. The rules are those of Erlang's ets, as are the words.
 *
 *     cop_ets_new("words", .named = true, .access = COP_ETS_PUBLIC);
 *     cop_ets_update_counter_or("words", word, cop_build("{any, 0}"), "1");
 *
 *     if (cop_match(cop_ets_lookup("words", word), "[{_, Count}]", &count))
 *             printf("%s: %d\n", word, count);
 *
 *     COP_ETS_EACH(object, "words")
 *             cop_print(object);
 *
 * In every call `table` is a name (text), the reference from cop_ets_new(), or a term that holds one
 * of them; a key is an integer, a float, a text (a binary), a pid, a reference or a term. Objects are
 * copied into the table and out of it: what the caller has is its own. Positions count from 1, as in
 * Erlang, and the key is at position 1 unless .keypos says otherwise.
 *
 * Each call that is about one key, or inserts a list, happens at one moment: others see all of it or
 * nothing. A table that does not exist, one that the caller may not use so, an object that is no
 * tuple or too short for a key: badarg. Without memory for what was asked, the caller exits with
 * {system_limit, memory} and the table is as it was.
 *
 * What a process puts into tables does not count for its memory_max.
 *
 * LIMIT: counters have 64 bits; beyond, badarg. LIMIT: there is no safe_fixtable, since nothing needs
 * it here: see cop_ets_next().
 */
#ifndef COPPICE_ETS_H
#define COPPICE_ETS_H

#include <coppice/process.h>

COP_BEGIN_DECLS

/* ---- tables ---- */

enum cop_ets_type {
        COP_ETS_SET,           /* one object a key; keys are compared as with cop_equal() */
        COP_ETS_ORDERED_SET,   /* the same, in the order of cop_compare(): 1 and 1.0 are one key */
        COP_ETS_BAG,           /* many objects a key, each once */
        COP_ETS_DUPLICATE_BAG, /* many objects a key */
};

enum cop_ets_access {
        COP_ETS_PROTECTED, /* its owner writes, all read */
        COP_ETS_PUBLIC,
        COP_ETS_PRIVATE, /* for its owner alone */
};

/* How to make one. Leave out what you do not care about: zero is always the default. */
struct cop_ets_options {
        size_t struct_size;
        enum cop_ets_type type;
        enum cop_ets_access access;
        bool named;             /* found by its name; one that is taken: badarg */
        size_t keypos;          /* which element is the key; 0: 1 */
        cop_pid heir;           /* gets the table when its owner ends */
        cop_term heir_data;     /* and {'ETS-TRANSFER', Table, Owner, This}; none: no message */
        bool read_concurrency;  /* for info alone: readers never wait for long */
        bool write_concurrency; /* many write at once: more locks, more memory */
};

/*
 * cop_ets_new("words", .type = COP_ETS_BAG) makes a table, of which the caller is the owner.
 *
 * Returns   its reference, also where it is named.
 * Threads   any; all functions here.
 */
#define cop_ets_new(name, ...)                                                                     \
        cop_ets_new_with((name), COP_OPTIONS(struct cop_ets_options, __VA_ARGS__))
COP_API cop_ref cop_ets_new_with(const char *name, const struct cop_ets_options *options);

/* Ends the table with all that is in it. For who may write. */
#define cop_ets_free(table) cop__ets_free(COP__TO(table), COP_HERE)

/* Removes all objects. */
#define cop_ets_clear(table) cop__ets_clear(COP__TO(table), COP_HERE)

/* Another name, for itself as an option says or for people. */
#define cop_ets_rename(table, name) cop__ets_rename(COP__TO(table), (name), COP_HERE)

/*
 * Another process is the owner from now on, and gets {'ETS-TRANSFER', Table, Caller, Data}. For the
 * owner; badarg where the other is the owner already, or does not live.
 */
#define cop_ets_give_away(table, pid, data)                                                        \
        cop__ets_give_away(COP__TO(table), (pid), cop_build("A", (data)), COP_HERE)

/* Who gets the table when its owner ends, and with which data; COP_NONE: without a message. A zero
 * pid: nobody. For the owner. */
#define cop_ets_set_heir(table, pid, data)                                                         \
        cop__ets_set_heir(COP__TO(table), (pid), (data), COP_HERE)

/* The table with this name; a reference that is zero where there is none. */
COP_API cop_ref cop_ets_whereis(const char *name);

/* All tables, each as its name, where it is named, or its reference. */
COP_API cop_term cop_ets_all(void);

/*
 * One fact about a table: "size", "memory" (words), "owner", "heir", "name", "id", "type", "keypos",
 * "protection", "named_table", "read_concurrency", "write_concurrency". NULL: a map of all of
 * them. COP_NONE where there is no such table. No access is needed.
 */
#define cop_ets_info(table, item) cop__ets_info(COP__TO(table), (item), COP_HERE)

/* ---- one key ---- */

/* cop_ets_insert("words", "{Word, 1}", word): the object that cop_build() makes of the rest, or each
 * of a list of them, all at one moment. In a set it takes the place of one with the same key. */
#define cop_ets_insert(table, ...) COP__TALKING(cop__ets_insert, table, (), __VA_ARGS__)

/* The same if none of their keys is there; else nothing. Returns whether they were inserted. */
#define cop_ets_insert_new(table, ...) COP__TALKING(cop__ets_insert_new, table, (), __VA_ARGS__)

/* The objects with this key, as a list: in a bag those inserted first come first. */
#define cop_ets_lookup(table, key) cop__ets_lookup(COP__TO(table), cop_build("A", (key)), COP_HERE)

/* Is there one? */
#define cop_ets_member(table, key) cop__ets_member(COP__TO(table), cop_build("A", (key)), COP_HERE)

/* An element of the object; of a bag the list of those of all objects with this key. badarg where
 * there is none, or no such element. */
#define cop_ets_lookup_element(table, key, position)                                               \
        cop_ets_lookup_element_or(table, key, position, COP_NONE)
/* The same, and otherwise where there is no such object. */
#define cop_ets_lookup_element_or(table, key, position, otherwise)                                 \
        cop__ets_lookup_element(COP__TO(table), cop_build("A", (key)), (position), (otherwise),    \
                                COP_HERE)

/* Removes the objects with this key. */
#define cop_ets_delete(table, key) cop__ets_delete(COP__TO(table), cop_build("A", (key)), COP_HERE)

/* Removes the object that is equal to this one, however often it is there. */
#define cop_ets_delete_object(table, ...)                                                          \
        COP__TALKING(cop__ets_delete_object, table, (), __VA_ARGS__)

/* Removes the objects with this key, and returns them as cop_ets_lookup(). */
#define cop_ets_take(table, key) cop__ets_take(COP__TO(table), cop_build("A", (key)), COP_HERE)

/*
 * cop_ets_update_element(table, key, "{2, Value}") changes an element, or with a list of such pairs
 * several. Never the key. For sets.
 *
 * Returns   whether there was an object with this key.
 */
#define cop_ets_update_element(table, key, ...)                                                    \
        cop_ets_update_element_or(table, key, COP_NONE, __VA_ARGS__)
/* The same; where there is none, this object is inserted first, with the key. */
#define cop_ets_update_element_or(table, key, object, ...)                                         \
        COP__TALKING(cop__ets_update_element, table, (, cop_build("A", (key)), (object)),          \
                     __VA_ARGS__)

/*
 * cop_ets_update_counter(table, key, "1") adds to the element behind the key; "{3, -1}" to that at
 * position 3; "{2, 1, 99, 0}" sets it to 0 where it would be above 99 (below, where less than
 * nothing is added). A list of these: one after the other. For sets.
 *
 * Returns   the element as it is now; of a list, the list of them. badarg where there is no such
 *           object, or an element is no integer: then nothing is changed.
 */
#define cop_ets_update_counter(table, key, ...)                                                    \
        cop_ets_update_counter_or(table, key, COP_NONE, __VA_ARGS__)
/* The same; where there is none, this object is inserted first, with the key. */
#define cop_ets_update_counter_or(table, key, object, ...)                                         \
        COP__TALKING(cop__ets_update_counter, table, (, cop_build("A", (key)), (object)),          \
                     __VA_ARGS__)

/* ---- one after the other ---- */

/*
 * Keys in the order of the table: that of cop_compare() in an ordered set, else one that says
 * nothing, but stays. The key that is asked for need not be there, or not any more: the answer is
 * what would be next to it. So who goes through a table while others change it meets every key that
 * is there from beginning to end, once. COP_NONE: there is none.
 *
 * In a table that is no ordered set, last is first, and prev is next, as in Erlang.
 */
#define cop_ets_first(table) cop__ets_step(COP__TO(table), COP_NONE, true, COP_HERE)
#define cop_ets_last(table)  cop__ets_step(COP__TO(table), COP_NONE, false, COP_HERE)
#define cop_ets_next(table, key)                                                                   \
        cop__ets_step(COP__TO(table), cop_build("A", (key)), true, COP_HERE)
#define cop_ets_prev(table, key)                                                                   \
        cop__ets_step(COP__TO(table), cop_build("A", (key)), false, COP_HERE)

/* The same with the objects that have the key: {Key, Objects}. */
#define cop_ets_first_lookup(table) cop__ets_step_lookup(COP__TO(table), COP_NONE, true, COP_HERE)
#define cop_ets_last_lookup(table)  cop__ets_step_lookup(COP__TO(table), COP_NONE, false, COP_HERE)
#define cop_ets_next_lookup(table, key)                                                            \
        cop__ets_step_lookup(COP__TO(table), cop_build("A", (key)), true, COP_HERE)
#define cop_ets_prev_lookup(table, key)                                                            \
        cop__ets_step_lookup(COP__TO(table), cop_build("A", (key)), false, COP_HERE)

/* Where a loop is. */
struct cop_ets_cursor {
        struct cop__to table;
        cop_term objects; /* fetched and not met yet */
        cop_term key;     /* of the last one fetched */
        uint64_t cop__number;
        uint32_t cop__shard;
        bool cop__begun;
};

/* for each object, in the order of the table: COP_ETS_EACH(object, table) { ... }. The body may change
 * the table: see cop_ets_next(). */
#define COP_ETS_EACH(object, table_)                                                               \
        for (struct cop_ets_cursor object##_cursor = { COP__TO(table_), { 0 }, { 0 }, 0, 0, 0 };   \
             !object##_cursor.cop__begun; object##_cursor.cop__begun = true)                       \
                for (cop_term object;                                                              \
                     !cop_is_none(object = cop__ets_cursor_next(&object##_cursor, COP_HERE));)

/* ---- all of them ---- */

/* All objects, as a list. */
#define cop_ets_to_list(table) cop__ets_to_list(COP__TO(table), COP_HERE)

/* fn(object, accumulator, context) for each object, in the order of the table: what it returned last,
 * or the accumulator. fn may change the table. */
typedef cop_term cop_ets_fold_fn(cop_term object, cop_term accumulator, void *context);
#define cop_ets_foldl(table, fn, accumulator, context)                                             \
        cop__ets_foldl(COP__TO(table), (fn), (accumulator), (context), COP_HERE)

/*
 * cop_ets_match(table, "{_, ^State, _}", &state): the objects of this form, as a list. The pattern is
 * that of cop_match(), without variables but those of the form ^X, which stand for what is to be equal
 * to *(X); _ stands for the rest. Where the key is known, cop_ets_lookup() is faster.
 */
#define cop_ets_match(table, ...)                                                                  \
        COP__MATCHING(cop__ets_match, (, COP__TO(table), COP_HERE), __VA_ARGS__)
/* How many there are. */
#define cop_ets_match_count(table, ...)                                                            \
        COP__MATCHING(cop__ets_match_count, (, COP__TO(table), COP_HERE), __VA_ARGS__)
/* Removes them. Returns how many there were. */
#define cop_ets_match_delete(table, ...)                                                           \
        COP__MATCHING(cop__ets_match_delete, (, COP__TO(table), COP_HERE), __VA_ARGS__)

/* ---- behind the macros ---- */

COP_API void cop__ets_free(struct cop__to to, const struct cop_place *place);
COP_API void cop__ets_clear(struct cop__to to, const struct cop_place *place);
COP_API void cop__ets_rename(struct cop__to to, const char *name, const struct cop_place *place);
COP_API void cop__ets_give_away(struct cop__to to, cop_pid pid, cop_term data,
                                const struct cop_place *place);
COP_API void cop__ets_set_heir(struct cop__to to, cop_pid pid, cop_term data,
                               const struct cop_place *place);
COP_API cop_term cop__ets_info(struct cop__to to, const char *item, const struct cop_place *place);
COP_API void cop__ets_insert(struct cop__site *site, struct cop__to to, const uint64_t *words);
COP_API bool cop__ets_insert_new(struct cop__site *site, struct cop__to to, const uint64_t *words);
COP_API cop_term cop__ets_lookup(struct cop__to to, cop_term key, const struct cop_place *place);
COP_API bool cop__ets_member(struct cop__to to, cop_term key, const struct cop_place *place);
COP_API cop_term cop__ets_lookup_element(struct cop__to to, cop_term key, size_t position,
                                         cop_term otherwise, const struct cop_place *place);
COP_API void cop__ets_delete(struct cop__to to, cop_term key, const struct cop_place *place);
COP_API void cop__ets_delete_object(struct cop__site *site, struct cop__to to,
                                    const uint64_t *words);
COP_API cop_term cop__ets_take(struct cop__to to, cop_term key, const struct cop_place *place);
COP_API bool cop__ets_update_element(struct cop__site *site, struct cop__to to,
                                     const uint64_t *words, cop_term key, cop_term object);
COP_API cop_term cop__ets_update_counter(struct cop__site *site, struct cop__to to,
                                         const uint64_t *words, cop_term key, cop_term object);
COP_API cop_term cop__ets_step(struct cop__to to, cop_term key, bool up,
                               const struct cop_place *place);
COP_API cop_term cop__ets_step_lookup(struct cop__to to, cop_term key, bool up,
                                      const struct cop_place *place);
COP_API cop_term cop__ets_cursor_next(struct cop_ets_cursor *cursor, const struct cop_place *place);
COP_API cop_term cop__ets_to_list(struct cop__to to, const struct cop_place *place);
COP_API cop_term cop__ets_foldl(struct cop__to to, cop_ets_fold_fn *fn, cop_term accumulator,
                                void *context, const struct cop_place *place);
COP_API cop_term cop__ets_match(struct cop__site *site, void *const *places, struct cop__to to,
                                const struct cop_place *place);
COP_API size_t cop__ets_match_count(struct cop__site *site, void *const *places, struct cop__to to,
                                    const struct cop_place *place);
COP_API size_t cop__ets_match_delete(struct cop__site *site, void *const *places, struct cop__to to,
                                     const struct cop_place *place);

COP_END_DECLS

#endif
