/*
 * persistent.c: terms for all, for ever.
 *
 * get       The key's hash leads into an array of places, and from there on to the next ones until the
 *           key or an empty place is met. No lock, no wait.
 * put       Under the lock: a new value for a place there is, or a new place. An array that is three
 *           quarters full is copied into one of twice the size first.
 *
 * Order     A place is complete before its pointer is stored, a value before the place refers to it, an
 *           array before it is `current` (release; readers acquire).
 * Owners    Places, values and arrays are freed when the system stops. A key that has no value any more
 *           keeps its place.
 *
 * Why old values are kept: a reader has a pointer into them for as long as its turn lasts, and a plain
 * process's turn may last for ever. Erlang finds such readers by looking at all memory of all
 * processes; here nobody could say what on a C stack is a term.
 */
#include "runtime/persistent.h"

#include <coppice/persistent.h>

#include <stdatomic.h>

#include "base/alloc.h"
#include "base/lock.h"
#include "term/atom.h"
#include "term/compare.h"
#include "term/host.h"
#include "term/region.h"

enum { FIRST_PLACES = 16 };

/* A term of ours. */
struct value {
        struct value *older; /* all there ever were */
        struct shared_bits *shared;
        size_t bytes;
        cop_term term;
        uint64_t data[];
};

struct place {
        uint64_t hash;
        struct value *key;
        _Atomic(struct value *) value; /* NULL: erased */
};

struct array {
        struct array *older;
        size_t mask;
        _Atomic(struct place *) places[];
};

static _Atomic(struct array *) current;
static struct lock lock;
static struct value *values;                /* under the lock; so is what follows */
static size_t count, places, bytes, erased; /* keys with a value; places used; of values */

/* ---- looking ---- */

/* The key's place; NULL: it has none. *failed: memory for comparing is used up. */
static struct place *find(const struct array *array, cop_term key, uint64_t hash, bool *failed)
{
        int order = 0;

        for (size_t at = hash; array; at++) {
                struct place *place = atomic_load_explicit(&array->places[at & array->mask],
                                                           memory_order_acquire);

                if (!place)
                        return NULL;
                if (place->hash != hash)
                        continue;
                if (place->key->term.word == key.word)
                        return place;
                if (!cop__try_compare(place->key->term, key, true, &order))
                        *failed = true;
                if (*failed || order == 0)
                        return place;
        }
        return NULL;
}

static struct place *find_now(cop_term key)
{
        bool failed = false;
        struct place *place = find(atomic_load_explicit(&current, memory_order_acquire), key,
                                   cop_hash(key), &failed);

        if (failed)
                cop__fail_limit("memory");
        return place;
}

static cop_term look(cop_term key)
{
        struct place *place = find_now(key);
        struct value *value =
                place ? atomic_load_explicit(&place->value, memory_order_acquire) : NULL;

        return value ? value->term : COP_NONE;
}

cop_term cop__persistent_get_or(cop_term key, cop_term otherwise)
{
        cop_term value = look(key);

        return cop_is_none(value) ? otherwise : value;
}

cop_term cop__persistent_get(cop_term key, const struct cop_place *place)
{
        cop_term value = look(key);

        if (cop_is_none(value))
                cop__fail_badarg(place);
        return value;
}

/* ---- changing ---- */

static struct value *value_new(cop_term term)
{
        struct copy_size size;
        struct value *value;

        cop__copy_measure(term, &size);
        if (size.words == SIZE_MAX)
                return NULL;
        value = cop__alloc(sizeof(*value) + size.words * sizeof(uint64_t));
        if (!value)
                return NULL;
        value->shared = NULL;
        value->term = cop__copy_measured(value->data, term, &size, &value->shared);
        value->bytes =
                sizeof(*value) + size.words * sizeof(uint64_t) + cop__shared_size(value->shared);
        return value;
}

static void value_free(struct value *value)
{
        if (value)
                cop__shared_release(value->shared, NULL);
        cop__free(value);
}

static struct place *place_new(cop_term key, uint64_t hash)
{
        struct place *place = cop__alloc_zeroed(sizeof(*place));

        if (!place)
                return NULL;
        place->hash = hash;
        place->key = value_new(key);
        if (!place->key) {
                cop__free(place);
                return NULL;
        }
        return place;
}

static void place_free(struct place *place)
{
        if (place)
                value_free(place->key);
        cop__free(place);
}

static void store(struct array *array, struct place *place)
{
        size_t at = place->hash;

        while (atomic_load_explicit(&array->places[at & array->mask], memory_order_relaxed))
                at++;
        atomic_store_explicit(&array->places[at & array->mask], place, memory_order_release);
}

/* An array with room for one more place; NULL: memory is used up. Under the lock. */
static struct array *make_room(void)
{
        struct array *old = atomic_load_explicit(&current, memory_order_relaxed), *array;
        size_t size = old ? 2 * (old->mask + 1) : FIRST_PLACES;

        if (old && places < (old->mask + 1) / 4 * 3)
                return old;
        array = cop__alloc_zeroed(sizeof(*array) + size * sizeof(array->places[0]));
        if (!array)
                return NULL;
        array->older = old;
        array->mask = size - 1;
        for (size_t i = 0; old && i <= old->mask; i++) {
                struct place *place = atomic_load_explicit(&old->places[i], memory_order_relaxed);

                if (place)
                        store(array, place);
        }
        atomic_store_explicit(&current, array, memory_order_release);
        return array;
}

/* The place has this value from now on, which may be NULL. Under the lock. */
static void set(struct place *place, struct value *value)
{
        struct value *old = atomic_load_explicit(&place->value, memory_order_relaxed);

        if (old) {
                count--;
                bytes -= old->bytes;
                erased += old->bytes;
        }
        if (value) {
                value->older = values;
                values = value;
                count++;
                bytes += value->bytes;
        }
        atomic_store_explicit(&place->value, value, memory_order_release);
}

/* Takes both where it succeeds; *fresh where there is such a place already. Under the lock. */
static bool put(struct place **fresh, struct value *value)
{
        struct array *array = atomic_load_explicit(&current, memory_order_relaxed);
        bool failed = false;
        struct place *place = find(array, (*fresh)->key->term, (*fresh)->hash, &failed);

        if (failed)
                return false;
        if (!place) {
                array = make_room();
                if (!array)
                        return false;
                place = *fresh;
                *fresh = NULL;
                set(place, value);
                store(array, place);
                places++;
        } else {
                set(place, value);
        }
        return true;
}

void cop__persistent_put(cop_term key, cop_term term)
{
        uint64_t hash = cop_hash(key);
        struct place *place;
        struct value *value;
        bool done = false;

        if (cop_equal(look(key), term))
                return;
        place = place_new(key, hash);
        value = place ? value_new(term) : NULL;
        if (value) {
                cop__lock_take(&lock);
                done = put(&place, value);
                cop__lock_give(&lock);
        }
        place_free(place);
        if (!done) {
                value_free(value);
                cop__fail_limit("memory");
        }
}

bool cop__persistent_erase(cop_term key)
{
        struct place *place = find_now(key);
        bool had;

        if (!place)
                return false;
        cop__lock_take(&lock);
        had = atomic_load_explicit(&place->value, memory_order_relaxed) != NULL;
        set(place, NULL);
        cop__lock_give(&lock);
        return had;
}

/* ---- all of them ---- */

cop_term cop_persistent_all(void)
{
        struct array *array = atomic_load_explicit(&current, memory_order_acquire);
        cop_term all = cop_nil();

        for (size_t i = 0; array && i <= array->mask; i++) {
                struct place *place = atomic_load_explicit(&array->places[i], memory_order_acquire);
                struct value *value =
                        place ? atomic_load_explicit(&place->value, memory_order_acquire) : NULL;

                if (value)
                        all = cop_cons(cop_build("{K, V}", place->key->term, value->term), all);
        }
        return all;
}

cop_term cop_persistent_info(void)
{
        size_t now[3];

        cop__lock_take(&lock);
        now[0] = count;
        now[1] = bytes;
        now[2] = erased;
        cop__lock_give(&lock);
        return cop_build("#{count => N, memory => Bytes, erased => Erased}", now[0], now[1],
                         now[2]);
}

void cop__persistent_stop(void)
{
        struct array *array = atomic_load_explicit(&current, memory_order_relaxed);

        for (size_t i = 0; array && i <= array->mask; i++)
                place_free(atomic_load_explicit(&array->places[i], memory_order_relaxed));
        while (array) {
                struct array *older = array->older;

                cop__free(array);
                array = older;
        }
        while (values) {
                struct value *older = values->older;

                value_free(values);
                values = older;
        }
        atomic_store_explicit(&current, NULL, memory_order_relaxed);
        count = places = bytes = erased = 0;
}
