/*
 * ets_shard.h: objects, and the lists in which a table keeps them.
 *
 * A table is a handful of shards, each with a lock; a key belongs to one of them. In a shard all
 * objects are on one list, in an order that does not depend on what was done to it: so whoever goes
 * through it needs nothing but the last key to go on.
 *
 * Everything about a shard is under its lock, which is held for some comparisons and never while
 * terms are copied: a reader pins the objects it found, lets go of the lock, and copies then. An
 * object never changes while it is pinned.
 */
#ifndef COP_RUNTIME_ETS_SHARD_H
#define COP_RUNTIME_ETS_SHARD_H

#include "base/lock.h"
#include "term/region.h"
#include "term/value.h"

enum {
        ETS_LEVELS =
                24, /* of an ordered shard; each has a quarter of the objects of the one below */
        ETS_SEGMENTS = 29,
        ETS_FIRST_BUCKETS = 8,
        ETS_BATCH = 64, /* objects that are pinned at once */
};

/* A place in the list: an object's, or the beginning of a bucket, which has an even order. */
struct ets_link {
        struct ets_link *next;
        uint64_t order;
};

/* What a search looks at comes first: it is to lie in one line of the cache. */
struct ets_object {
        struct ets_link link; /* when it is in no table: of whoever has it */
        cop_term key;
        uint64_t number; /* of objects with equal keys the newest has the lowest, and is first */
        _Atomic(uint32_t) users; /* its table, and whoever has it pinned */
        uint32_t words;          /* of the term */
        struct shared_bits *shared;
        uint8_t shard;   /* which one it belongs to */
        uint8_t levels;  /* above the lowest one; 0 where the shard is not ordered */
        uint64_t data[]; /* a tuple; then, for each level, the next object there */
};

/* The short ways into the list. */
struct ets_index {
        union {
                struct ets_link *segments[ETS_SEGMENTS]; /* of buckets */
                struct ets_object *levels[ETS_LEVELS];   /* the first object on each */
        };
};

struct ets_shard {
        struct lock lock;
        bool is_ordered;
        uint32_t buckets;
        uint64_t count;    /* objects */
        uint64_t words;    /* of all objects */
        uint64_t inserted; /* objects ever put in */
        struct ets_link head;
        struct ets_index *index; /* NULL: nothing was put in */
} __attribute__((aligned(64)));

/* What was in a shard. */
struct ets_contents {
        struct ets_link *list;
        struct ets_index *index;
        bool is_ordered;
};

/* A key, or a place behind one. */
struct ets_key {
        cop_term term;
        uint64_t order;  /* of an ordered shard 1 */
        uint64_t number; /* 0: before all with this key; UINT64_MAX: behind them */
        uint64_t hash;   /* of the term, where cop__ets_key() made it */
        uint32_t shard;
};

/* Which shard of 2^bits a key belongs to, and where it stands there. Walks all of the key. False:
 * memory for that is used up. */
bool cop__ets_key(struct ets_key *key, cop_term term, bool is_ordered, unsigned bits);

/* ---- objects ---- */

/* A copy of a tuple, for a table whose objects have their key at this position (from 0), with a user,
 * the caller. NULL: memory is used up. */
struct ets_object *cop__ets_object_new(cop_term tuple, size_t keypos, bool is_ordered,
                                       unsigned bits);
static inline void cop__ets_object_pin(struct ets_object *object)
{
        atomic_fetch_add_explicit(&object->users, 1, memory_order_relaxed);
}
void cop__ets_object_unpin(struct ets_object *object);
/* A copy in a region; COP_NONE: memory is used up. */
cop_term cop__ets_object_copy(struct region *region, const struct ets_object *object);
struct ets_key cop__ets_key_of(const struct ets_object *object);

static inline struct ets_object *object_of(struct ets_link *link)
{
        return (struct ets_object *)link;
}

static inline cop_term tuple_of(const struct ets_object *object)
{
        return box_term(object->data);
}

/* Of a tuple that has so many; from 0. */
static inline cop_term element_of(cop_term tuple, size_t index)
{
        return term_of(words_of(tuple)[1 + index]);
}

/* Objects that nobody finds any more; unpinned when no lock is held. */
static inline void cop__ets_drop(struct ets_object **dropped, struct ets_object *object)
{
        object->link.next = (struct ets_link *)*dropped;
        *dropped = object;
}
void cop__ets_unpin_all(struct ets_object *dropped);

/* ---- a shard; all of it under its lock ---- */

/* Makes ready for a first object. False: memory is used up. */
bool cop__ets_shard_prepare(struct ets_shard *shard);
/* Takes everything out. */
struct ets_contents cop__ets_shard_empty(struct ets_shard *shard);
/* Frees it; without the lock. */
void cop__ets_contents_free(struct ets_contents *contents);

/*
 * The first object at a place, or behind it; NULL: there is none. *failed is set when memory for a
 * comparison is used up, which takes keys that are nested deeply: then nothing is known.
 */
struct ets_object *cop__ets_find_from(struct ets_shard *shard, const struct ets_key *key,
                                      bool *failed);
/* The last object before a place; NULL: there is none. Of an ordered shard. */
struct ets_object *cop__ets_find_before(struct ets_shard *shard, const struct ets_key *key,
                                        bool *failed);
/* The first with just this key; the others with the same follow it. */
struct ets_object *cop__ets_find(struct ets_shard *shard, const struct ets_key *key, bool *failed);
/* The one behind it in the list. */
struct ets_object *cop__ets_after(struct ets_object *object);
/* Do they have the same key? */
bool cop__ets_same_key(const struct ets_shard *shard, const struct ets_object *a,
                       const struct ets_object *b, bool *failed);

/* Puts an object in front of those with the same key. False: *failed was set, and nothing is done. */
bool cop__ets_link(struct ets_shard *shard, struct ets_object *object, bool *failed);
/* Takes it out. */
bool cop__ets_unlink(struct ets_shard *shard, struct ets_object *object, bool *failed);
/* Puts one in the place of another with the same key. */
bool cop__ets_replace(struct ets_shard *shard, struct ets_object *old, struct ets_object *object,
                      bool *failed);

#endif
