/*
 * coppice/table.h: a dictionary that a process owns and changes.
 *
 * A map (cop_map_put) never changes: each put makes a new one, in the memory of the turn. A table
 * is for what a process knows from one message to the next: it changes in place, and whatever is
 * put into it is kept until it is taken out. It dies with its process, however that ends.
 *
 *     struct cop_table *seen = cop_table_new();
 *
 *     cop_table_put(seen, word, cop_int(cop_to_int(cop_table_get(seen, word, cop_int(0))) + 1));
 *
 *     COP_TABLE_EACH(entry, seen)
 *             printf("%s: %lld\n", cop_to_cstring(entry.key), (long long)cop_to_int(entry.value));
 *
 * A key is found again by any term that is cop_equal() to it. Its value is a term or, where it was
 * put with cop_table_put_pointer(), a pointer of the program's own; to ask for the wrong one of the
 * two is a crash (badarg), and so is using the table of another process.
 */
#ifndef COPPICE_TABLE_H
#define COPPICE_TABLE_H

#include <coppice/term.h>

COP_BEGIN_DECLS

struct cop_table;

/* An empty table. */
COP_API struct cop_table *cop_table_new(void) COP_MUST_USE;

/* Frees the table and all that is in it, before its process ends. NULL is allowed. */
COP_API void cop_table_free(struct cop_table *table);

/* How many keys it has. */
COP_API size_t cop_table_size(const struct cop_table *table);

/* Is the key in it? */
COP_API bool cop_table_has(const struct cop_table *table, cop_term key);

/* The key's value from now on; both are copied into the table. */
COP_API void cop_table_put(struct cop_table *table, cop_term key, cop_term value);

/* The key's value, as long as neither is put or removed again: use cop_table_take() for one that is
 * to go. COP_NONE where the table does not have the key. */
COP_API cop_term cop_table_find(const struct cop_table *table, cop_term key);

/* The key's value as above, or otherwise. */
COP_API cop_term cop_table_get(const struct cop_table *table, cop_term key, cop_term otherwise);

/* Removes the key; its value is now in the memory of the turn. COP_NONE: there was no such key. */
COP_API cop_term cop_table_take(struct cop_table *table, cop_term key);

/* The key's value is a pointer from now on. What it points to stays the caller's. */
COP_API void cop_table_put_pointer(struct cop_table *table, cop_term key, void *pointer);

/* The key's pointer; NULL where the table does not have the key. */
COP_API void *cop_table_find_pointer(const struct cop_table *table, cop_term key);

/* Removes the key and its value, term or pointer. Returns whether the table had it. */
COP_API bool cop_table_remove(struct cop_table *table, cop_term key);

/* Removes all keys. */
COP_API void cop_table_clear(struct cop_table *table);

/* One key and its value. */
struct cop_table_entry {
        cop_term key;
        cop_term value; /* COP_NONE where it is a pointer */
        void *pointer;  /* NULL where it is a term */
        size_t cop__next;
};

/*
 * for each key: COP_TABLE_EACH(entry, table) { ... entry.key ... }
 *
 * The body may put and remove what it likes. Each key that is there from beginning to end is met
 * exactly once; one that is put meanwhile may be met or not. The order is that of the puts, as long
 * as nothing was removed, and the same in each run of the program.
 */
#define COP_TABLE_EACH(entry, table)                                                               \
        for (struct cop_table_entry entry = { { 0 }, { 0 }, NULL, 0 };                             \
             cop_table_next((table), &entry);)

/* The next entry, in *entry, which is all zero at first; false: that was all. */
COP_API bool cop_table_next(const struct cop_table *table, struct cop_table_entry *entry);

COP_END_DECLS

#endif
