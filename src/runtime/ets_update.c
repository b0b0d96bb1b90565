/*
 * ets_update.c: elements and counters.
 *
 * What is to be done is read once, into operations. Then, as often as it takes: the object is pinned,
 * what it is to be is made beside it, and it takes the old one's place if that is still there. Nobody
 * else is kept waiting while terms are made, and of two who change the same object each sees what the
 * other did.
 *
 * Counters are mostly small integers in objects that nobody has pinned: these are changed in place,
 * under the lock.
 */
#include "runtime/ets_table.h"
#include "runtime/process.h"
#include "runtime/scheduler.h"
#include "term/big.h"
#include "term/pattern.h"

/* One change: of an element, or of a counter. */
struct operation {
        size_t index;
        cop_term value; /* of an element */
        int64_t add, threshold, reset;
        bool has_threshold;
};

struct update {
        struct ets_handle handle;
        struct ets_key key;
        const struct cop_place *place;
        bool counts;
        bool is_list;
        cop_term otherwise; /* the object that is inserted where there is none; or none */
        struct operation one, *operations;
        size_t count;
        cop_term result;
};

static COP_NORETURN void fail(const struct update *u)
{
        cop__fail_badarg(u->place);
}

/* ---- reading what is to be done ---- */

static int64_t int_of(const struct update *u, cop_term term)
{
        int64_t value;

        if (tag_of(term) == TAG_INT)
                return small_value(term);
        if (!cop_is_int(term) || !cop__int_get(term, &value))
                fail(u);
        return value;
}

/* SIZE_MAX for the key, and what is no position: badarg where there is an object. */
static size_t index_of(const struct update *u, cop_term position)
{
        int64_t at = int_of(u, position);

        return at < 1 || (size_t)at - 1 == u->handle.table->keypos ? SIZE_MAX : (size_t)at - 1;
}

static void read_element(const struct update *u, cop_term term, struct operation *op)
{
        if (!is_box(term, BOX_TUPLE) || cop_tuple_size(term) != 2)
                fail(u);
        op->index = index_of(u, element_of(term, 0));
        op->value = element_of(term, 1);
}

static void read_counter(const struct update *u, cop_term term, struct operation *op)
{
        size_t size = is_box(term, BOX_TUPLE) ? cop_tuple_size(term) : 0;

        if (size == 0) {
                op->index = u->handle.table->keypos + 1;
                op->add = int_of(u, term);
                return;
        }
        if (size != 2 && size != 4)
                fail(u);
        op->index = index_of(u, element_of(term, 0));
        op->add = int_of(u, element_of(term, 1));
        op->has_threshold = size == 4;
        if (op->has_threshold) {
                op->threshold = int_of(u, element_of(term, 2));
                op->reset = int_of(u, element_of(term, 3));
        }
}

static void read_one(const struct update *u, cop_term term, struct operation *op)
{
        *op = (struct operation){ 0 };
        if (u->counts)
                read_counter(u, term, op);
        else
                read_element(u, term, op);
}

static void read_operations(struct update *u, cop_term term)
{
        size_t i = 0, words = sizeof(struct operation) / sizeof(uint64_t);

        u->is_list = cop_is_list(term);
        u->count = u->is_list ? cop_length(term) : 1;
        u->operations = &u->one;
        if (u->count > 1)
                u->operations = (struct operation *)cop__region_take(here(), u->count * words);
        if (!u->is_list)
                read_one(u, term, u->operations);
        for (; u->is_list && tag_of(term) == TAG_PAIR; term = cop_tail(term))
                read_one(u, cop_head(term), &u->operations[i++]);
}

/* ---- what comes of it ---- */

/* False: it has no 64 bits. */
static bool count_on(const struct operation *op, int64_t *value)
{
        if (__builtin_add_overflow(*value, op->add, value))
                return false;
        if (op->has_threshold && (op->add < 0 ? *value < op->threshold : *value > op->threshold))
                *value = op->reset;
        return true;
}

/*
 * The tuple as it is to be, in the region: its words refer to those of the old one. Of counters the
 * new values are the result. False: there is no such element, or it is no integer.
 */
static bool work_out(struct update *u, cop_term old, cop_term key, cop_term *changed)
{
        size_t size = cop_tuple_size(old);
        uint64_t *box = cop__region_try_take(here(), size + 1);
        cop_term results = NIL;

        *changed = COP_NONE;
        if (!box)
                return true;
        __builtin_memcpy(box, words_of(old), (size + 1) * sizeof(*box));
        if (key.word)
                box[1 + u->handle.table->keypos] = key.word;
        for (size_t i = 0; i < u->count; i++) {
                const struct operation *op = &u->operations[i];
                cop_term value = op->value;

                if (op->index >= size)
                        return false;
                if (u->counts) {
                        cop_term before = term_of(box[1 + op->index]);
                        int64_t number = small_value(before);

                        if (tag_of(before) != TAG_INT &&
                            (!cop_is_int(before) || !cop__int_get(before, &number)))
                                return false;
                        if (!count_on(op, &number))
                                return false;
                        value = cop__int_from_int(here(), number);
                        u->result = value;
                }
                if (!value.word)
                        return true;
                box[1 + op->index] = value.word;
                if (u->counts && u->is_list) {
                        uint64_t *pair = cop__region_try_take(here(), 2);

                        if (!pair)
                                return true;
                        pair[0] = value.word;
                        pair[1] = results.word;
                        results = pair_term(pair);
                }
        }
        if (u->counts && u->is_list)
                u->result = results;
        *changed = box_term(box);
        return true;
}

/* In place, where all that counts is small, and nobody reads. Under the lock. */
static bool count_here(struct update *u, struct ets_object *object)
{
        const struct operation *op = u->operations;
        uint64_t *word = words_of(tuple_of(object));
        int64_t value;

        /* acquire: pairs with who has read it before */
        if (!u->counts || u->is_list || op->index >= header_words(*word) ||
            atomic_load_explicit(&object->users, memory_order_acquire) != 1)
                return false;
        word += 1 + op->index;
        value = small_value(term_of(*word));
        if (tag_of(term_of(*word)) != TAG_INT || !count_on(op, &value) || !fits_small(value))
                return false;
        u->result = small_term(value);
        *word = u->result.word;
        return true;
}

/* ---- putting it there ---- */

static struct ets_shard *enter(struct update *u)
{
        if (!cop__ets_enter(&u->handle, (uint64_t)1 << u->key.shard, ETS_WRITE))
                fail(u);
        return &u->handle.table->shards[u->key.shard];
}

static void leave(struct update *u)
{
        cop__ets_leave(&u->handle, (uint64_t)1 << u->key.shard);
}

/* Puts an object where `old` is (NULL: where none is), if that is still so. Takes it. */
static bool put(struct update *u, struct ets_object *old, struct ets_object *object, bool *failed)
{
        struct ets_table *table = u->handle.table;
        struct ets_object *dropped = object, *now;
        struct ets_shard *shard;
        bool done = false;

        if (!cop__ets_enter(&u->handle, (uint64_t)1 << u->key.shard, ETS_WRITE)) {
                cop__ets_object_unpin(object);
                if (old)
                        cop__ets_object_unpin(old);
                fail(u);
        }
        shard = &table->shards[u->key.shard];
        now = cop__ets_find(shard, &u->key, failed);
        if (!*failed && now == old && cop__ets_shard_prepare(shard))
                done = old ? cop__ets_replace(shard, old, object, failed)
                           : cop__ets_link(shard, object, failed);
        else
                *failed = *failed || now == old;
        leave(u);
        if (done)
                dropped = old;
        if (dropped)
                cop__ets_object_unpin(dropped);
        return done;
}

/* An object made of this one: in its place, or there for the first time. False: somebody was faster. */
static bool change(struct update *u, struct ets_object *old)
{
        struct ets_table *table = u->handle.table;
        struct ets_object *object = NULL;
        bool failed = false, done = false, possible;
        cop_term changed;

        possible = old ? work_out(u, tuple_of(old), COP_NONE, &changed)
                       : work_out(u, u->otherwise, u->key.term, &changed);
        if (possible && changed.word)
                object = cop__ets_object_new(changed, table->keypos, cop__ets_is_ordered(table),
                                             table->bits);
        if (object)
                done = put(u, old, object, &failed);
        if (old)
                cop__ets_object_unpin(old);
        if (!possible)
                fail(u);
        if (!object || failed)
                cop__fail_limit("memory");
        return done;
}

/* False: there is no such object, and none to be inserted. */
static bool update(struct update *u)
{
        struct ets_object *old;
        struct ets_shard *shard;
        bool failed = false, done = false;

        do {
                shard = enter(u);
                old = cop__ets_find(shard, &u->key, &failed);
                if (old && count_here(u, old))
                        done = true;
                else if (old)
                        cop__ets_object_pin(old);
                leave(u);
                if (failed)
                        cop__fail_limit("memory");
                if (!old && !u->otherwise.word)
                        return false;
                if (!done)
                        done = change(u, old);
        } while (!done);
        return true;
}

static void begin(struct update *u, struct cop__site *site, struct cop__to to,
                  const uint64_t *words, cop_term key)
{
        struct ets_table *table;

        cop__reductions(cop__self(), 1);
        u->place = &site->place;
        u->handle = cop__ets_table(site, to, u->place);
        table = u->handle.table;
        if (cop__ets_is_bag(table) || cop_is_none(key))
                fail(u);
        if (u->otherwise.word &&
            (!is_box(u->otherwise, BOX_TUPLE) || cop_tuple_size(u->otherwise) <= table->keypos))
                fail(u);
        if (!cop__ets_key(&u->key, key, cop__ets_is_ordered(table), table->bits))
                cop__fail_limit("memory");
        read_operations(u, cop__build_here(cop__site_pattern(site), words, site));
}

bool cop__ets_update_element(struct cop__site *site, struct cop__to to, const uint64_t *words,
                             cop_term key, cop_term object)
{
        struct update u = { .otherwise = object };

        begin(&u, site, to, words, key);
        return update(&u);
}

cop_term cop__ets_update_counter(struct cop__site *site, struct cop__to to, const uint64_t *words,
                                 cop_term key, cop_term object)
{
        struct update u = { .otherwise = object, .counts = true, .result = NIL };

        begin(&u, site, to, words, key);
        if (!update(&u))
                fail(&u);
        return u.is_list ? cop_reverse(u.result) : u.result;
}
