/*
 * ets_table.h: which tables there are, whose they are, and the way in.
 *
 * A struct ets_table is never given back while the system runs, so that its locks can be taken by
 * whoever has heard of it; `id` says which table it is now. While one holds the lock of a shard and
 * has seen that the id is the one asked for, the table stays, with its owner and its options.
 */
#ifndef COP_RUNTIME_ETS_TABLE_H
#define COP_RUNTIME_ETS_TABLE_H

#include <coppice/ets.h>

#include "runtime/ets_shard.h"

struct process;
struct signal;

struct ets_table {
        _Atomic(uint64_t) id; /* word of its reference; 0: none. Written under all its locks */
        uint32_t index;       /* set once for ever */
        uint32_t uses;        /* tables there have been; of who makes one */
        uint8_t bits;         /* set once for ever: there are 2^bits shards */
        struct ets_table *next_free; /* under the lock of the registry */
        struct ets_shard *shards;

        /* Written under all locks. */
        uint8_t access;
        bool read_concurrency, write_concurrency;
        _Atomic(uint8_t) type;
        _Atomic(bool) is_named;
        _Atomic(size_t) keypos; /* from 0 */
        _Atomic(uint64_t) name; /* word of its atom */
        _Atomic(uint64_t) owner;
        uint64_t heir;         /* 0: none */
        struct signal *letter; /* what the heir gets when the owner ends; NULL: nothing */

        /* Under the lock of the owner's list. */
        uint64_t listed; /* its id, while it is on it; else 0 */
        struct ets_table *next, **at;
};

/* A table as a caller knows it. */
struct ets_handle {
        struct ets_table *table;
        uint64_t id;
};

enum ets_need { ETS_ANYTHING, ETS_READ, ETS_WRITE, ETS_OWN };

static inline bool cop__ets_is_ordered(const struct ets_table *table)
{
        return table->type == COP_ETS_ORDERED_SET;
}

static inline bool cop__ets_is_bag(const struct ets_table *table)
{
        return table->type == COP_ETS_BAG || table->type == COP_ETS_DUPLICATE_BAG;
}

static inline uint32_t cop__ets_shard_count(const struct ets_table *table)
{
        return (uint32_t)1 << table->bits;
}

/* The table behind a name or reference; false: there is none. site may be NULL. */
bool cop__ets_find_table(struct cop__site *site, struct cop__to to, struct ets_handle *handle);
/* The same; badarg where there is none. */
struct ets_handle cop__ets_table(struct cop__site *site, struct cop__to to,
                                 const struct cop_place *place);

/* Takes the locks of the shards in a set (bit i: shard i). False: the table is gone, or the caller may
 * not use it so; then no lock is held. */
bool cop__ets_enter(const struct ets_handle *handle, uint64_t shards, enum ets_need need);
void cop__ets_leave(const struct ets_handle *handle, uint64_t shards);
static inline uint64_t cop__ets_all_shards(const struct ets_handle *handle)
{
        return ~(uint64_t)0 >> (64 - cop__ets_shard_count(handle->table));
}

/* The table as its users know it: its name, or its reference. */
cop_term cop__ets_term(const struct ets_table *table, uint64_t id);

/* Removes all objects equal to this one, which is one; how many. Badarg where the caller may not. */
size_t cop__ets_delete_term(const struct ets_handle *handle, cop_term object,
                            const struct cop_place *place);

/* The process with this pid is ending: its tables go, or to their heirs. */
void cop__ets_owner_gone(uint64_t pid);
/* The system has stopped: no table is left. */
void cop__ets_stop(void);

#endif
