/*
 * table.c: a dictionary that a process owns and changes.
 *
 * Entries stand in segments, each twice as large as the one before it, and never move: an entry is
 * known by its number. A removed entry's number is used again by the next key. That is all that
 * iteration needs: it counts up, whatever is put and removed meanwhile.
 *
 * Keys are found through linear hashing. There are `buckets` buckets, chains of entry numbers, and
 * each new key beyond one a bucket splits one bucket, the next in turn, in two: so growing costs
 * the same at every put and never stops the process to build everything anew. The buckets stand in
 * segments of the same sizes, which makes the bits of the hash that count the same as the segments'
 * boundaries.
 *
 * Owners    Everything, segments, keys and values, is kept memory (keep.c) of the process that made
 *           the table, so that its end frees all of it without looking into the table.
 * Invariant Entry numbers below `used` are in a bucket's chain, or in that of `unused`. An entry's
 *           bucket is its hash's low bits, one bit less where that bucket is not there yet.
 *
 * A put first gets all memory it needs and only then changes the table: without memory the process
 * crashes, but where that is caught the table is as it was.
 */
#include "term/table.h"

#include <string.h>

#include "base/bug.h"
#include "term/host.h"
#include "term/region.h"

enum {
        FIRST = 8, /* entries, and buckets, in segment 0; later ones have as many as all before */
        SEGMENTS = 29, /* up to 2^31 keys */
};

#define NOBODY UINT32_MAX

enum entry_kind { UNUSED, TERM, POINTER };

union value {
        cop_term term;
        void *pointer;
};

struct entry {
        uint64_t hash;
        cop_term key;
        union value value;
        uint32_t next;        /* in its bucket, or in the chain of the unused */
        enum entry_kind kind; /* of value */
};

struct cop_table {
        struct kept **owner;
        struct entry *entries[SEGMENTS];
        uint32_t *chains[SEGMENTS];
        size_t size;     /* keys */
        uint32_t used;   /* entry numbers handed out so far */
        uint32_t unused; /* the first of the entries that were removed */
        uint32_t buckets;
};

/* Which segment number `at` is in; the first has FIRST, each later one as many as all before it. */
static inline unsigned segment_of(uint32_t at)
{
        return at < FIRST ? 0 : 32 - (unsigned)__builtin_clz(at / FIRST);
}

static inline uint32_t segment_start(unsigned segment)
{
        return segment == 0 ? 0 : (uint32_t)FIRST << (segment - 1);
}

static inline uint32_t segment_size(unsigned segment)
{
        return segment == 0 ? FIRST : segment_start(segment);
}

static inline struct entry *entry_at(const struct cop_table *table, uint32_t at)
{
        unsigned segment = segment_of(at);

        return &table->entries[segment][at - segment_start(segment)];
}

static inline uint32_t *chain_at(const struct cop_table *table, uint32_t bucket)
{
        unsigned segment = segment_of(bucket);

        return &table->chains[segment][bucket - segment_start(segment)];
}

/* The bucket of a hash: of the smallest power of two of buckets that is not too small, the lower
 * half where the upper one is not there yet. */
static uint32_t bucket_of(const struct cop_table *table, uint64_t hash)
{
        uint32_t mask = UINT32_MAX >> __builtin_clz(table->buckets - 1);
        uint32_t bucket = (uint32_t)hash & mask;

        return bucket < table->buckets ? bucket : bucket & mask >> 1;
}

static void check_owner(const struct cop_table *table)
{
        if (!table || table->owner != cop__host.kept(0))
                cop__fail_badarg(NULL);
}

/* Kept memory of so many bytes, or a crash. */
static void *owned(size_t size)
{
        struct kept *kept = cop__kept_new((size + sizeof(uint64_t) - 1) / sizeof(uint64_t));

        if (!kept)
                cop__fail_limit("memory");
        return kept->data;
}

static void disown(void *memory)
{
        if (memory)
                cop__kept_free((struct kept *)((char *)memory - offsetof(struct kept, data)));
}

struct cop_table *cop_table_new(void)
{
        struct cop_table *table = owned(sizeof(*table));

        memset(table, 0, sizeof(*table));
        table->owner = cop__host.kept(0);
        table->unused = NOBODY;
        return table;
}

/* Keeps a copy of what is to be put, for the entry. */
static union value keep_value(enum entry_kind kind, union value value)
{
        if (kind == TERM)
                value.term = cop_keep(value.term);
        return value;
}

static void release_value(enum entry_kind kind, union value value)
{
        if (kind == TERM)
                cop_release(value.term);
}

static void drop_values(struct cop_table *table)
{
        uint32_t at;

        for (at = 0; at < table->used; at++) {
                struct entry *entry = entry_at(table, at);

                if (entry->kind == UNUSED)
                        continue;
                cop_release(entry->key);
                release_value(entry->kind, entry->value);
        }
}

void cop_table_clear(struct cop_table *table)
{
        unsigned i;

        check_owner(table);
        drop_values(table);
        for (i = 0; i < SEGMENTS; i++) {
                disown(table->entries[i]);
                disown(table->chains[i]);
                table->entries[i] = NULL;
                table->chains[i] = NULL;
        }
        table->size = 0;
        table->used = 0;
        table->unused = NOBODY;
        table->buckets = 0;
}

void cop_table_free(struct cop_table *table)
{
        if (!table)
                return;
        cop_table_clear(table);
        disown(table);
}

void cop__table_audit(const struct cop_table *table)
{
        size_t size = 0, unused = 0;
        uint32_t bucket, at;

        for (bucket = 0; bucket < table->buckets; bucket++) {
                for (at = *chain_at(table, bucket); at != NOBODY; at = entry_at(table, at)->next) {
                        cop__assert(at < table->used);
                        cop__assert(entry_at(table, at)->kind != UNUSED);
                        cop__assert(bucket_of(table, entry_at(table, at)->hash) == bucket);
                        size++;
                        cop__assert(size <= table->size); /* or it is a circle */
                }
        }
        for (at = table->unused; at != NOBODY; at = entry_at(table, at)->next) {
                cop__assert(at < table->used);
                cop__assert(entry_at(table, at)->kind == UNUSED);
                unused++;
                cop__assert(unused <= table->used);
        }
        cop__assert(size == table->size);
        cop__assert(size + unused == table->used);
        cop__assert(table->size <= table->buckets);
}

size_t cop_table_size(const struct cop_table *table)
{
        check_owner(table);
        return table->size;
}

/* The number that leads to the key's entry: of its bucket, or of the entry before it. NULL: the
 * table does not have the key. */
static uint32_t *find_link(const struct cop_table *table, cop_term key, uint64_t hash)
{
        uint32_t *link;

        if (table->size == 0)
                return NULL;
        for (link = chain_at(table, bucket_of(table, hash)); *link != NOBODY;) {
                struct entry *entry = entry_at(table, *link);

                if (entry->hash == hash && cop_equal(entry->key, key))
                        return link;
                link = &entry->next;
        }
        return NULL;
}

static struct entry *find(const struct cop_table *table, cop_term key)
{
        uint32_t *link;

        check_owner(table);
        if (cop_is_none(key))
                cop__fail_badarg(NULL);
        link = find_link(table, key, cop_hash(key));
        return link ? entry_at(table, *link) : NULL;
}

/* Gets the memory that one more entry and one more bucket need. */
static void make_room(struct cop_table *table)
{
        unsigned entries = segment_of(table->used), chains = segment_of(table->buckets);

        if (entries >= SEGMENTS || chains >= SEGMENTS)
                cop__fail_limit("memory");
        if (table->unused == NOBODY && !table->entries[entries])
                table->entries[entries] = owned(segment_size(entries) * sizeof(struct entry));
        if (!table->chains[chains])
                table->chains[chains] = owned(segment_size(chains) * sizeof(uint32_t));
        if (table->buckets == 0) {
                memset(table->chains[0], 0xff, FIRST * sizeof(uint32_t));
                table->buckets = FIRST;
        }
}

/* One bucket more: it takes from the bucket that stood for it what is its own. */
static void split(struct cop_table *table)
{
        uint32_t added = table->buckets;
        uint32_t half = (uint32_t)1 << (31 - __builtin_clz(added));
        uint32_t *from = chain_at(table, added - half), *to = chain_at(table, added);

        table->buckets++;
        while (*from != NOBODY) {
                struct entry *entry = entry_at(table, *from);

                if (bucket_of(table, entry->hash) == added) {
                        *to = *from;
                        to = &entry->next;
                        *from = entry->next;
                } else {
                        from = &entry->next;
                }
        }
        *to = NOBODY;
}

static uint32_t take_number(struct cop_table *table)
{
        uint32_t at = table->unused;

        if (at == NOBODY)
                return table->used++;
        table->unused = entry_at(table, at)->next;
        return at;
}

/* A new entry, with everything but its value; it needs no more memory. */
static struct entry *add(struct cop_table *table, cop_term kept_key, uint64_t hash)
{
        uint32_t at;
        uint32_t *chain;
        struct entry *entry;

        if (table->size >= table->buckets)
                split(table);
        at = take_number(table);
        chain = chain_at(table, bucket_of(table, hash));
        entry = entry_at(table, at);
        entry->hash = hash;
        entry->key = kept_key;
        entry->next = *chain;
        *chain = at;
        table->size++;
        return entry;
}

static void put_new(struct cop_table *table, cop_term key, uint64_t hash, enum entry_kind kind,
                    union value value)
{
        cop_term kept_key;
        struct entry *entry;

        make_room(table);
        value = keep_value(kind, value);
        kept_key = cop__keep_try(key);
        if (cop_is_none(kept_key)) {
                release_value(kind, value);
                cop__fail_limit("memory");
        }
        entry = add(table, kept_key, hash);
        entry->value = value;
        entry->kind = kind;
}

static void put(struct cop_table *table, cop_term key, enum entry_kind kind, union value value)
{
        struct entry *entry;
        union value old;
        enum entry_kind old_kind;
        uint64_t hash;
        uint32_t *link;

        check_owner(table);
        if (cop_is_none(key) || (kind == TERM && cop_is_none(value.term)))
                cop__fail_badarg(NULL);
        hash = cop_hash(key);
        link = find_link(table, key, hash);
        if (!link) {
                put_new(table, key, hash, kind, value);
                return;
        }
        entry = entry_at(table, *link);
        old = entry->value;
        old_kind = entry->kind;
        entry->value = keep_value(kind, value); /* first: it may be a part of the old one */
        entry->kind = kind;
        release_value(old_kind, old);
}

void cop_table_put(struct cop_table *table, cop_term key, cop_term value)
{
        put(table, key, TERM, (union value){ .term = value });
}

void cop_table_put_pointer(struct cop_table *table, cop_term key, void *pointer)
{
        put(table, key, POINTER, (union value){ .pointer = pointer });
}

bool cop_table_has(const struct cop_table *table, cop_term key)
{
        return find(table, key) != NULL;
}

cop_term cop_table_get(const struct cop_table *table, cop_term key, cop_term otherwise)
{
        struct entry *entry = find(table, key);

        if (!entry)
                return otherwise;
        if (entry->kind != TERM)
                cop__fail_badarg(NULL);
        return entry->value.term;
}

cop_term cop_table_find(const struct cop_table *table, cop_term key)
{
        return cop_table_get(table, key, COP_NONE);
}

void *cop_table_find_pointer(const struct cop_table *table, cop_term key)
{
        struct entry *entry = find(table, key);

        if (!entry)
                return NULL;
        if (entry->kind != POINTER)
                cop__fail_badarg(NULL);
        return entry->value.pointer;
}

bool cop_table_remove(struct cop_table *table, cop_term key)
{
        struct entry *entry;
        uint32_t *link;
        uint32_t at;

        check_owner(table);
        if (cop_is_none(key))
                cop__fail_badarg(NULL);
        link = find_link(table, key, cop_hash(key));
        if (!link)
                return false;
        at = *link;
        entry = entry_at(table, at);
        *link = entry->next;
        cop_release(entry->key); /* `key` may be this very term: not used from here on */
        release_value(entry->kind, entry->value);
        entry->kind = UNUSED;
        entry->next = table->unused;
        table->unused = at;
        table->size--;
        if (table->size == 0) { /* the numbers begin again, so that going through it is short */
                table->used = 0;
                table->unused = NOBODY;
        }
        return true;
}

cop_term cop_table_take(struct cop_table *table, cop_term key)
{
        cop_term found = cop_table_find(table, key);
        cop_term taken = cop__copy(here(), found);

        if (cop_is_none(found))
                return COP_NONE;
        if (cop_is_none(taken))
                cop__fail_limit("memory");
        cop_table_remove(table, key);
        return taken;
}

bool cop_table_next(const struct cop_table *table, struct cop_table_entry *next)
{
        check_owner(table);
        for (; next->cop__next < table->used; next->cop__next++) {
                const struct entry *entry = entry_at(table, (uint32_t)next->cop__next);

                if (entry->kind == UNUSED)
                        continue;
                next->key = entry->key;
                next->value = entry->kind == TERM ? entry->value.term : COP_NONE;
                next->pointer = entry->kind == POINTER ? entry->value.pointer : NULL;
                next->cop__next++;
                return true;
        }
        return false;
}
