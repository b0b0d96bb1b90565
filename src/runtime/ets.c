/*
 * ets.c: what is done with one key of a table.
 *
 * read      Under the lock of the key's shard the objects are found and pinned; they are copied when
 *           the lock is free again. So nobody waits for a copy, and what cannot be copied for want of
 *           memory ends the caller when it holds nothing.
 * write     What is new is made first; under the lock it only takes its place. What went is freed
 *           when the lock is free.
 * change    An update makes a new object of the one that it finds, without the lock, and puts it
 *           there if that is still the one; else it begins again. A counter whose object nobody has
 *           pinned is changed where it is: nobody sees that but under the lock.
 *
 * A kill waits while one of these functions runs (docs/containment.md), so no lock stays behind. What
 * they are handed is walked before a lock is taken: a wild term shows there.
 */
#include "runtime/ets_table.h"
#include "runtime/process.h"

#include "base/alloc.h"
#include "runtime/scheduler.h"
#include "term/bits.h"
#include "term/compare.h"
#include "term/pattern.h"

/* ---- one key ---- */

struct access {
        struct ets_handle handle;
        struct ets_key key;
        const struct cop_place *place;
};

static bool is_ordered(const struct access *a)
{
        return cop__ets_is_ordered(a->handle.table);
}

static void find_key(struct access *a, cop_term key)
{
        if (cop_is_none(key))
                cop__fail_badarg(a->place);
        if (!cop__ets_key(&a->key, key, is_ordered(a), a->handle.table->bits))
                cop__fail_limit("memory");
}

static struct access access_to(struct cop__site *site, struct cop__to to, cop_term key,
                               const struct cop_place *place)
{
        struct access a = { .place = place };

        cop__reductions(cop__self(), 1);
        a.handle = cop__ets_table(site, to, place);
        find_key(&a, key);
        return a;
}

static struct ets_shard *enter(struct access *a, enum ets_need need)
{
        if (!cop__ets_enter(&a->handle, (uint64_t)1 << a->key.shard, need))
                cop__fail_badarg(a->place);
        return &a->handle.table->shards[a->key.shard];
}

static void leave(struct access *a)
{
        cop__ets_leave(&a->handle, (uint64_t)1 << a->key.shard);
}

/* ---- found and pinned ---- */

/* Objects of one key: the newest first. */
struct found {
        struct ets_object *few[8];
        struct ets_object **at;
        size_t count, room;
        bool failed; /* memory is used up */
};

static void found_init(struct found *f)
{
        f->at = f->few;
        f->count = 0;
        f->room = sizeof(f->few) / sizeof(f->few[0]);
        f->failed = false;
}

static void found_add(struct found *f, struct ets_object *object)
{
        struct ets_object **more;

        if (f->count == f->room) {
                more = cop__realloc(f->at == f->few ? NULL : f->at, 2 * f->room * sizeof(*more));
                if (!more) {
                        f->failed = true;
                        return;
                }
                if (f->at == f->few)
                        __builtin_memcpy(more, f->few, sizeof(f->few));
                f->at = more;
                f->room *= 2;
        }
        cop__ets_object_pin(object);
        f->at[f->count++] = object;
}

static void found_release(struct found *f)
{
        while (f->count)
                cop__ets_object_unpin(f->at[--f->count]);
        if (f->at != f->few)
                cop__free(f->at);
}

/* All objects with the key: in a bag there may be several. Under the lock. */
static void gather(struct ets_shard *shard, const struct ets_key *key, bool is_bag, struct found *f)
{
        struct ets_object *first = cop__ets_find(shard, key, &f->failed), *at;

        if (first && !is_bag) {
                found_add(f, first);
                return;
        }
        for (at = first; at && !f->failed; at = cop__ets_after(at)) {
                if (at != first && !cop__ets_same_key(shard, at, first, &f->failed))
                        break;
                found_add(f, at);
        }
}

static cop_term cons(struct region *region, cop_term head, cop_term tail)
{
        uint64_t *pair = cop__region_try_take(region, 2);

        if (!pair)
                return COP_NONE;
        pair[0] = head.word;
        pair[1] = tail.word;
        return pair_term(pair);
}

/* A list of copies, the oldest first; COP_NONE: memory is used up. */
static cop_term list_of(const struct found *f)
{
        cop_term list = NIL;

        for (size_t i = 0; i < f->count && list.word; i++) {
                cop_term object = cop__ets_object_copy(here(), f->at[i]);

                list = object.word ? cons(here(), object, list) : COP_NONE;
        }
        return list;
}

static void look_up(struct access *a, struct found *f)
{
        struct ets_shard *shard = enter(a, ETS_READ);

        found_init(f);
        gather(shard, &a->key, cop__ets_is_bag(a->handle.table), f);
        leave(a);
}

/* The end of a call that has found something: nothing is pinned any more, or the caller ends. */
static void finish(struct found *f, bool enough)
{
        enough = enough && !f->failed;
        found_release(f);
        if (!enough)
                cop__fail_limit("memory");
}

cop_term cop__ets_lookup(struct cop__to to, cop_term key, const struct cop_place *place)
{
        struct access a = access_to(NULL, to, key, place);
        struct found f;
        cop_term list;

        look_up(&a, &f);
        list = list_of(&f);
        finish(&f, list.word != 0);
        return list;
}

bool cop__ets_member(struct cop__to to, cop_term key, const struct cop_place *place)
{
        struct access a = access_to(NULL, to, key, place);
        struct ets_shard *shard = enter(&a, ETS_READ);
        bool failed = false;
        bool is = cop__ets_find(shard, &a.key, &failed) != NULL;

        leave(&a);
        if (failed)
                cop__fail_limit("memory");
        return is;
}

/* Elements at the position, as a list; NIL with *missing: one has no such element. */
static cop_term elements_of(const struct found *f, size_t index, bool *missing)
{
        cop_term list = NIL;

        for (size_t i = 0; i < f->count && list.word; i++) {
                cop_term tuple = tuple_of(f->at[i]);
                cop_term element;

                if (index >= cop_tuple_size(tuple)) {
                        *missing = true;
                        return NIL;
                }
                element = cop__copy(here(), element_of(tuple, index));
                list = element.word ? cons(here(), element, list) : COP_NONE;
        }
        return list;
}

cop_term cop__ets_lookup_element(struct cop__to to, cop_term key, size_t position,
                                 cop_term otherwise, const struct cop_place *place)
{
        struct access a = access_to(NULL, to, key, place);
        bool is_bag = cop__ets_is_bag(a.handle.table), missing = position == 0, is_there;
        struct found f;
        cop_term list;

        look_up(&a, &f);
        is_there = f.count > 0;
        list = missing ? NIL : elements_of(&f, position - 1, &missing);
        finish(&f, list.word != 0);
        if (missing || (!is_there && cop_is_none(otherwise)))
                cop__fail_badarg(place);
        if (!is_there)
                return otherwise;
        return is_bag ? list : cop_head(list);
}

/* ---- inserting ---- */

/* Objects that are to be inserted, the first one first. */
struct batch {
        struct ets_object *first;
        uint64_t shards;
};

static bool is_object(const struct ets_table *table, cop_term term)
{
        return is_box(term, BOX_TUPLE) && cop_tuple_size(term) > table->keypos;
}

static void check_objects(const struct ets_table *table, cop_term term,
                          const struct cop_place *place)
{
        for (; tag_of(term) == TAG_PAIR; term = cop_tail(term))
                if (!is_object(table, cop_head(term)))
                        cop__fail_badarg(place);
        if (!cop_is_nil(term) && !is_object(table, term))
                cop__fail_badarg(place);
}

static struct ets_object *new_object(const struct ets_table *table, cop_term tuple)
{
        return cop__ets_object_new(tuple, table->keypos, cop__ets_is_ordered(table), table->bits);
}

/* What was checked, as objects. */
static struct batch objects_of(const struct ets_table *table, cop_term term)
{
        struct batch batch = { NULL, 0 };
        struct ets_link **end = (struct ets_link **)&batch.first;

        while (!cop_is_nil(term)) {
                bool is_list = tag_of(term) == TAG_PAIR;
                struct ets_object *object = new_object(table, is_list ? cop_head(term) : term);

                if (!object) {
                        cop__ets_unpin_all(batch.first);
                        cop__fail_limit("memory");
                }
                *end = &object->link;
                end = &object->link.next;
                batch.shards |= (uint64_t)1 << object->shard;
                term = is_list ? cop_tail(term) : NIL;
        }
        return batch;
}

/* One of the same key that is equal to it. */
static struct ets_object *find_twin(struct ets_shard *shard, struct ets_object *object,
                                    bool *failed)
{
        struct ets_key key = cop__ets_key_of(object);
        struct ets_object *first, *at;
        int order = 0;

        key.number = 0;
        first = cop__ets_find(shard, &key, failed);
        for (at = first; at && !*failed; at = cop__ets_after(at)) {
                if (!cop__ets_same_key(shard, at, first, failed))
                        return NULL;
                if (!cop__try_compare(tuple_of(at), tuple_of(object), true, &order))
                        *failed = true;
                else if (order == 0)
                        return at;
        }
        return NULL;
}

/* Under the lock of the shard. Where it fails nothing is done, and the object is still the caller's. */
static bool insert_one(const struct ets_table *table, struct ets_object *object,
                       struct ets_object **dropped)
{
        struct ets_shard *shard = &table->shards[object->shard];
        struct ets_key key = cop__ets_key_of(object);
        struct ets_object *old;
        bool failed = false;

        key.number = 0;
        if (table->type == COP_ETS_BAG) {
                if (find_twin(shard, object, &failed)) {
                        cop__ets_drop(dropped, object);
                        return true;
                }
                return !failed && cop__ets_link(shard, object, &failed);
        }
        if (table->type == COP_ETS_DUPLICATE_BAG)
                return cop__ets_link(shard, object, &failed);
        old = cop__ets_find(shard, &key, &failed);
        if (failed || !(old ? cop__ets_replace(shard, old, object, &failed)
                            : cop__ets_link(shard, object, &failed)))
                return false;
        if (old)
                cop__ets_drop(dropped, old);
        return true;
}

enum outcome { DONE, EXISTS, NO_MEMORY };

/* Memory that the shards need, and whether a key is there. Under the locks. */
static enum outcome get_ready(const struct ets_table *table, const struct batch *batch, bool is_new)
{
        bool failed = false;

        for (uint64_t left = batch->shards; left; left &= left - 1)
                if (!cop__ets_shard_prepare(&table->shards[__builtin_ctzll(left)]))
                        return NO_MEMORY;
        for (struct ets_object *o = batch->first; o; o = object_of(o->link.next)) {
                struct ets_key key = cop__ets_key_of(o);
                struct ets_object *old;

                key.number = 0;
                old = cop__ets_find(&table->shards[o->shard], &key, &failed);
                if (failed)
                        return NO_MEMORY;
                if (old && is_new)
                        return EXISTS;
        }
        return DONE;
}

/*
 * Inserts all or nothing. The comparisons of a first look say whether there is memory for those of
 * the second. LIMIT: where terms are nested so deeply that comparing needs memory, and that is used up
 * between the two, those before it stay inserted.
 */
static enum outcome insert_all(const struct ets_handle *handle, struct batch *batch, bool is_new,
                               struct ets_object **dropped)
{
        bool is_one = batch->first && !batch->first->link.next;
        enum outcome outcome = DONE;

        if (is_new || !is_one)
                outcome = get_ready(handle->table, batch, is_new);
        else if (!cop__ets_shard_prepare(&handle->table->shards[batch->first->shard]))
                outcome = NO_MEMORY;
        while (outcome == DONE && batch->first) {
                struct ets_object *object = batch->first;
                struct ets_object *next = object_of(object->link.next);

                if (insert_one(handle->table, object, dropped))
                        batch->first = next;
                else
                        outcome = NO_MEMORY;
        }
        return outcome;
}

static bool insert(struct ets_handle handle, cop_term term, bool is_new,
                   const struct cop_place *place)
{
        struct ets_object *dropped = NULL;
        enum outcome outcome;
        struct batch batch;

        check_objects(handle.table, term, place);
        batch = objects_of(handle.table, term);
        if (!cop__ets_enter(&handle, batch.shards, ETS_WRITE)) {
                cop__ets_unpin_all(batch.first);
                cop__fail_badarg(place);
        }
        outcome = insert_all(&handle, &batch, is_new, &dropped);
        cop__ets_leave(&handle, batch.shards);
        cop__ets_unpin_all(batch.first);
        cop__ets_unpin_all(dropped);
        if (outcome == NO_MEMORY)
                cop__fail_limit("memory");
        return outcome == DONE;
}

static bool insert_built(struct cop__site *site, struct cop__to to, const uint64_t *words,
                         bool is_new)
{
        struct cop_mark mark = cop__region_mark(here());
        struct ets_handle handle = cop__ets_table(site, to, &site->place);
        cop_term term = cop__build_here(cop__site_pattern(site), words, site);
        bool done = insert(handle, term, is_new, &site->place);

        cop__region_rewind(here(), &mark);
        cop__reductions(cop__self(), 1);
        return done;
}

void cop__ets_insert(struct cop__site *site, struct cop__to to, const uint64_t *words)
{
        insert_built(site, to, words, false);
}

bool cop__ets_insert_new(struct cop__site *site, struct cop__to to, const uint64_t *words)
{
        return insert_built(site, to, words, true);
}

/* ---- removing ---- */

/* Removes what was found, if it is all that there is. Under the lock. */
static bool remove_found(struct ets_shard *shard, struct found *f, struct ets_object **dropped)
{
        for (size_t i = 0; i < f->count && !f->failed; i++)
                if (cop__ets_unlink(shard, f->at[i], &f->failed))
                        cop__ets_drop(dropped, f->at[i]);
        return !f->failed;
}

void cop__ets_delete(struct cop__to to, cop_term key, const struct cop_place *place)
{
        struct access a = access_to(NULL, to, key, place);
        struct ets_shard *shard = enter(&a, ETS_WRITE);
        struct ets_object *dropped = NULL, *object;
        bool failed = false;

        while ((object = cop__ets_find(shard, &a.key, &failed)) &&
               cop__ets_unlink(shard, object, &failed))
                cop__ets_drop(&dropped, object);
        leave(&a);
        cop__ets_unpin_all(dropped);
        if (failed)
                cop__fail_limit("memory");
}

static bool is_same(const struct found *a, const struct found *b)
{
        return a->count == b->count &&
               __builtin_memcmp(a->at, b->at, a->count * sizeof(*a->at)) == 0;
}

/* Removes those that were found, if the key still has just them. */
static bool take_found(struct access *a, struct found *f)
{
        struct ets_shard *shard = &a->handle.table->shards[a->key.shard];
        struct ets_object *dropped = NULL;
        struct found now;
        bool same;

        if (!cop__ets_enter(&a->handle, (uint64_t)1 << a->key.shard, ETS_WRITE)) {
                found_release(f);
                cop__fail_badarg(a->place);
        }
        found_init(&now);
        gather(shard, &a->key, cop__ets_is_bag(a->handle.table), &now);
        same = !now.failed && is_same(f, &now) && remove_found(shard, &now, &dropped);
        leave(a);
        f->failed = now.failed;
        found_release(&now);
        cop__ets_unpin_all(dropped);
        return same;
}

cop_term cop__ets_take(struct cop__to to, cop_term key, const struct cop_place *place)
{
        struct access a = access_to(NULL, to, key, place);
        bool done = false;
        struct found f;
        cop_term list;

        do {
                enter(&a, ETS_WRITE);
                leave(&a);
                look_up(&a, &f);
                list = list_of(&f);
                if (list.word && !f.failed)
                        done = take_found(&a, &f);
                finish(&f, list.word != 0);
        } while (!done);
        return list;
}

/* Removes all objects that are equal to this one; how many. */
static size_t delete_equal(struct access *a, struct ets_object *twin)
{
        struct ets_object *dropped = NULL, *object;
        struct ets_shard *shard;
        bool failed = false;
        size_t count = 0;

        if (!cop__ets_enter(&a->handle, (uint64_t)1 << twin->shard, ETS_WRITE)) {
                cop__ets_object_unpin(twin);
                cop__fail_badarg(a->place);
        }
        shard = &a->handle.table->shards[twin->shard];
        while ((object = find_twin(shard, twin, &failed)) &&
               cop__ets_unlink(shard, object, &failed)) {
                cop__ets_drop(&dropped, object);
                count++;
        }
        cop__ets_leave(&a->handle, (uint64_t)1 << twin->shard);
        cop__ets_unpin_all(dropped);
        cop__ets_object_unpin(twin);
        if (failed)
                cop__fail_limit("memory");
        return count;
}

size_t cop__ets_delete_term(const struct ets_handle *handle, cop_term object,
                            const struct cop_place *place)
{
        struct access a = { .handle = *handle, .place = place };
        struct ets_object *twin = new_object(handle->table, object);

        if (!twin)
                cop__fail_limit("memory");
        return delete_equal(&a, twin);
}

void cop__ets_delete_object(struct cop__site *site, struct cop__to to, const uint64_t *words)
{
        struct cop_mark mark = cop__region_mark(here());
        struct ets_handle handle = cop__ets_table(site, to, &site->place);
        cop_term object = cop__build_here(cop__site_pattern(site), words, site);

        if (!is_object(handle.table, object))
                cop__fail_badarg(&site->place);
        cop__ets_delete_term(&handle, object, &site->place);
        cop__region_rewind(here(), &mark);
        cop__reductions(cop__self(), 1);
}
