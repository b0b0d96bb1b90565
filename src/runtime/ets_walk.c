/*
 * ets_walk.c: one object after the other, and what is asked of all of them.
 *
 * A walk fetches up to ETS_BATCH objects at a time: pins them under the lock of their shard, copies
 * them without, and remembers the last one's key. The next time it goes on behind that key, whatever
 * has become of it. So a walk of any length holds nothing between two steps, and each object that is
 * there from its beginning to its end is met once.
 *
 * Patterns are compared with the copies, when nothing is pinned: comparing may end the caller, for want
 * of memory. What does not match gives its memory back; if something does that lies among it, that is
 * moved out first.
 */
#include "base/alloc.h"
#include "runtime/ets_table.h"
#include "runtime/process.h"
#include "runtime/scheduler.h"
#include "term/pattern.h"

/* ---- one step ---- */

struct step {
        struct ets_handle handle;
        struct ets_object *at[ETS_BATCH];
        size_t count;
        bool failed;
};

/* Pins what begins at the place, up to `most` objects: of one key alone, or of several. */
static void pin_from(struct step *s, struct ets_shard *shard, struct ets_object *at, size_t most,
                     bool one_key)
{
        struct ets_object *first = at;

        for (; at && s->count < most && !s->failed; at = cop__ets_after(at)) {
                if (one_key && at != first && !cop__ets_same_key(shard, at, first, &s->failed))
                        break;
                cop__ets_object_pin(at);
                s->at[s->count++] = at;
        }
}

static void unpin(struct step *s)
{
        while (s->count)
                cop__ets_object_unpin(s->at[--s->count]);
}

/* The objects from a place on, of the first shard that has some there; the place moves to that shard.
 * False: the table is gone, or the caller may not read it. */
static bool fetch(struct step *s, struct ets_key *from, size_t most, bool one_key)
{
        const struct ets_table *table = s->handle.table;

        s->count = 0;
        s->failed = false;
        for (; from->shard < cop__ets_shard_count(table) && !s->failed; from->shard++) {
                struct ets_shard *shard = &table->shards[from->shard];

                if (!cop__ets_enter(&s->handle, (uint64_t)1 << from->shard, ETS_READ))
                        return false;
                pin_from(s, shard, cop__ets_find_from(shard, from, &s->failed), most, one_key);
                cop__ets_leave(&s->handle, (uint64_t)1 << from->shard);
                if (s->count)
                        return true;
                from->term = COP_NONE;
        }
        return true;
}

static void key_from(const struct ets_handle *handle, cop_term term, struct ets_key *key)
{
        const struct ets_table *table = handle->table;

        *key = (struct ets_key){ 0 };
        if (!cop_is_none(term) && !cop__ets_key(key, term, cop__ets_is_ordered(table), table->bits))
                cop__fail_limit("memory");
}

/* The key before this one, in an ordered set. */
static bool fetch_before(struct step *s, const struct ets_key *from)
{
        struct ets_shard *shard = &s->handle.table->shards[0];
        struct ets_object *object;

        s->count = 0;
        s->failed = false;
        if (!cop__ets_enter(&s->handle, 1, ETS_READ))
                return false;
        object = cop__ets_find_before(shard, from, &s->failed);
        if (object && !s->failed) {
                cop__ets_object_pin(object);
                s->at[s->count++] = object;
        }
        cop__ets_leave(&s->handle, 1);
        return true;
}

/* A copy of the key that is next to this one; COP_NONE: there is none. */
static cop_term step(const struct ets_handle *handle, cop_term term, bool up,
                     const struct cop_place *place)
{
        struct step s = { .handle = *handle };
        cop_term key = COP_NONE;
        struct ets_key from;
        bool is_there;

        cop__reductions(cop__self(), 1);
        key_from(handle, term, &from);
        if (up || !cop__ets_is_ordered(handle->table)) {
                from.number = UINT64_MAX;
                is_there = fetch(&s, &from, 1, false);
        } else {
                is_there = fetch_before(&s, &from);
        }
        if (!is_there)
                cop__fail_badarg(place);
        if (s.count) {
                key = cop__copy(here(), s.at[0]->key);
                s.failed = s.failed || !key.word;
        }
        unpin(&s);
        if (s.failed)
                cop__fail_limit("memory");
        return key;
}

cop_term cop__ets_step(struct cop__to to, cop_term key, bool up, const struct cop_place *place)
{
        struct ets_handle handle = cop__ets_table(NULL, to, place);

        return step(&handle, key, up, place);
}

cop_term cop__ets_step_lookup(struct cop__to to, cop_term key, bool up,
                              const struct cop_place *place)
{
        struct ets_handle handle = cop__ets_table(NULL, to, place);
        cop_term objects;

        do { /* the key may be gone by now, and then another one is next */
                key = step(&handle, key, up, place);
                if (cop_is_none(key))
                        return COP_NONE;
                objects = cop__ets_lookup(to, key, place);
        } while (cop_is_nil(objects));
        return cop_build("{Key, Objects}", key, objects);
}

/* ---- a walk ---- */

struct walk {
        struct step step;
        struct ets_key from;
        struct cop_mark mark; /* before the copies */
        cop_term copies[ETS_BATCH];
        size_t words[ETS_BATCH];
        size_t count;
};

/* Where to go on: behind the last one that was fetched. */
static void move_on(struct walk *w)
{
        const struct ets_object *last = w->step.at[w->step.count - 1];
        uint32_t shard = w->from.shard;
        cop_term key = cop__copy(here(), last->key);

        w->from = cop__ets_key_of(last);
        w->from.shard = shard;
        w->from.term = key;
        /* Of a set one that took its place is behind it; of a bag the older ones are. */
        w->from.number = cop__ets_is_bag(w->step.handle.table) ? last->number + 1 : UINT64_MAX;
        if (!key.word)
                w->step.failed = true;
}

static void copy_all(struct walk *w)
{
        for (w->count = 0; w->count < w->step.count && !w->step.failed; w->count++) {
                const struct ets_object *object = w->step.at[w->count];
                cop_term copy = cop__ets_object_copy(here(), object);

                w->copies[w->count] = copy;
                w->words[w->count] = object->words;
                w->step.failed = !copy.word;
        }
}

/* One batch. False: there are no more objects. */
static bool advance(struct walk *w, const struct cop_place *place)
{
        cop__reductions(cop__self(), ETS_BATCH);
        if (!fetch(&w->step, &w->from, ETS_BATCH, false))
                cop__fail_badarg(place);
        if (w->step.count)
                move_on(w);
        w->mark = cop__region_mark(here());
        copy_all(w);
        unpin(&w->step);
        if (w->step.failed)
                cop__fail_limit("memory");
        return w->count > 0;
}

/* The batch's copies at the front of the list, the last one first. */
static cop_term onto(const struct walk *w, cop_term list)
{
        for (size_t i = 0; i < w->count; i++)
                list = cop_cons(w->copies[i], list);
        return list;
}

/* ---- some of a batch ---- */

/* The copies, moved into `to` and back behind the mark. False: memory is used up. */
static bool move_out(struct walk *w, uint64_t *to, size_t words)
{
        struct shared_bits *shared = NULL;
        uint64_t *room;

        for (size_t i = 0; i < w->count; i++)
                w->copies[i] = cop__copy_append(&to, w->copies[i], &shared);
        cop__region_rewind(here(), &w->mark);
        room = cop__region_try_take(here(), words);
        for (size_t i = 0; room && i < w->count; i++)
                w->copies[i] = cop__copy_append(&room, w->copies[i], &here()->shared);
        cop__shared_release(shared, NULL);
        return room != NULL;
}

/* Only those that match are left. */
static void choose(struct walk *w, const struct pattern *pattern, void *const *places)
{
        size_t all = 0, chosen = 0, count = 0;
        uint64_t *to;
        bool moved;

        for (size_t i = 0; i < w->count; i++) {
                all += w->words[i];
                if (!cop__pattern_match(pattern, w->copies[i], places))
                        continue;
                chosen += w->words[i];
                w->copies[count++] = w->copies[i];
        }
        w->count = count;
        if (count == 0)
                cop__region_rewind(here(), &w->mark);
        if (count == 0 || chosen >= all / 4)
                return;
        to = cop__alloc_array(chosen, sizeof(*to));
        moved = to && move_out(w, to, chosen);
        cop__free(to);
        if (!moved)
                cop__fail_limit("memory");
}

/* ---- lists ---- */

static cop_term in_order(const struct ets_table *table, cop_term list)
{
        return cop__ets_is_ordered(table) ? cop_reverse(list) : list;
}

cop_term cop__ets_to_list(struct cop__to to, const struct cop_place *place)
{
        struct walk w = { .step.handle = cop__ets_table(NULL, to, place) };
        cop_term list = NIL;

        while (advance(&w, place))
                list = onto(&w, list);
        return in_order(w.step.handle.table, list);
}

/* The next batch of a loop. False: there is none. */
static bool refill(struct cop_ets_cursor *cursor, const struct cop_place *place)
{
        struct walk w = { .step.handle = cop__ets_table(NULL, cursor->table, place) };

        key_from(&w.step.handle, cursor->key, &w.from);
        w.from.number = cursor->cop__number;
        w.from.shard = cursor->cop__shard;
        if (!advance(&w, place))
                return false;
        cursor->objects = cop_reverse(onto(&w, NIL));
        cursor->key = w.from.term;
        cursor->cop__number = w.from.number;
        cursor->cop__shard = w.from.shard;
        return true;
}

cop_term cop__ets_cursor_next(struct cop_ets_cursor *cursor, const struct cop_place *place)
{
        bool is_empty = cop_is_none(cursor->objects) || cop_is_nil(cursor->objects);
        cop_term object;

        if (is_empty && !refill(cursor, place))
                return COP_NONE;
        object = cop_head(cursor->objects);
        cursor->objects = cop_tail(cursor->objects);
        return object;
}

cop_term cop__ets_foldl(struct cop__to to, cop_ets_fold_fn *fn, cop_term accumulator, void *context,
                        const struct cop_place *place)
{
        struct cop_ets_cursor cursor = { .table = to };
        cop_term object;

        while (!cop_is_none(object = cop__ets_cursor_next(&cursor, place)))
                accumulator = fn(object, accumulator, context);
        return accumulator;
}

/* ---- patterns ---- */

struct matching {
        struct walk walk;
        const struct pattern *pattern;
        void *const *places;
        const struct cop_place *place;
};

static struct matching matching_of(struct cop__site *site, void *const *places, struct cop__to to,
                                   const struct cop_place *place)
{
        struct matching m = { .pattern = cop__site_pattern(site),
                              .places = places,
                              .place = place };

        if (cop__pattern_writes(m.pattern)) /* what, of so many? */
                cop__fail_badarg(place);
        m.walk.step.handle = cop__ets_table(site, to, place);
        return m;
}

static bool next_matching(struct matching *m)
{
        if (!advance(&m->walk, m->place))
                return false;
        choose(&m->walk, m->pattern, m->places);
        return true;
}

cop_term cop__ets_match(struct cop__site *site, void *const *places, struct cop__to to,
                        const struct cop_place *place)
{
        struct matching m = matching_of(site, places, to, place);
        cop_term list = NIL;

        while (next_matching(&m))
                list = onto(&m.walk, list);
        return in_order(m.walk.step.handle.table, list);
}

size_t cop__ets_match_count(struct cop__site *site, void *const *places, struct cop__to to,
                            const struct cop_place *place)
{
        struct matching m = matching_of(site, places, to, place);
        size_t count = 0;

        while (next_matching(&m)) {
                count += m.walk.count;
                cop__region_rewind(here(), &m.walk.mark);
        }
        return count;
}

size_t cop__ets_match_delete(struct cop__site *site, void *const *places, struct cop__to to,
                             const struct cop_place *place)
{
        struct matching m = matching_of(site, places, to, place);
        size_t count = 0;

        if (!cop__ets_enter(&m.walk.step.handle, 1, ETS_WRITE))
                cop__fail_badarg(place);
        cop__ets_leave(&m.walk.step.handle, 1);
        while (next_matching(&m)) {
                for (size_t i = 0; i < m.walk.count; i++)
                        count += cop__ets_delete_term(&m.walk.step.handle, m.walk.copies[i], place);
                cop__region_rewind(here(), &m.walk.mark);
        }
        return count;
}

/* ---- facts ---- */

static const char *const types[] = {
        [COP_ETS_SET] = "set",
        [COP_ETS_ORDERED_SET] = "ordered_set",
        [COP_ETS_BAG] = "bag",
        [COP_ETS_DUPLICATE_BAG] = "duplicate_bag",
};

static const char *const accesses[] = {
        [COP_ETS_PROTECTED] = "protected",
        [COP_ETS_PUBLIC] = "public",
        [COP_ETS_PRIVATE] = "private",
};

/* What is known of a table at one moment. */
struct facts {
        uint64_t count, words, owner, heir, name;
        size_t keypos;
        uint8_t type, access;
        bool is_named, read_concurrency, write_concurrency;
};

static bool look(const struct ets_handle *handle, struct facts *facts)
{
        const struct ets_table *table = handle->table;

        if (!cop__ets_enter(handle, cop__ets_all_shards(handle), ETS_ANYTHING))
                return false;
        *facts = (struct facts){ .owner = table->owner,
                                 .heir = table->heir,
                                 .name = table->name,
                                 .keypos = table->keypos + 1,
                                 .type = table->type,
                                 .access = table->access,
                                 .is_named = table->is_named,
                                 .read_concurrency = table->read_concurrency,
                                 .write_concurrency = table->write_concurrency };
        for (uint32_t i = 0; i < cop__ets_shard_count(table); i++) {
                facts->count += table->shards[i].count;
                facts->words += table->shards[i].words;
        }
        cop__ets_leave(handle, cop__ets_all_shards(handle));
        facts->words += facts->count * (sizeof(struct ets_object) / sizeof(uint64_t));
        return true;
}

static cop_term map_of(const struct facts *f, uint64_t id)
{
        return cop_build("#{size => Size, memory => Memory, owner => Owner, heir => Heir, "
                         "name => Name, id => Id, type => Type, keypos => Keypos, "
                         "protection => Access, named_table => Named, read_concurrency => Read, "
                         "write_concurrency => Write}",
                         f->count, f->words, term_of(f->owner),
                         f->heir ? term_of(f->heir) : cop_atom("none"), term_of(f->name),
                         term_of(id), cop_atom(types[f->type]), f->keypos,
                         cop_atom(accesses[f->access]), f->is_named, f->read_concurrency,
                         f->write_concurrency);
}

cop_term cop__ets_info(struct cop__to to, const char *item, const struct cop_place *place)
{
        struct ets_handle handle;
        struct facts facts;
        cop_term map, fact;

        if (!cop__ets_find_table(NULL, to, &handle) || !look(&handle, &facts))
                return COP_NONE;
        map = map_of(&facts, handle.id);
        if (!item)
                return map;
        fact = cop_map_find(map, cop_atom(item));
        if (cop_is_none(fact))
                cop__fail_badarg(place);
        return fact;
}
