/*
 * ets_shard.c: one list a shard, and the short ways into it.
 *
 * hash      The list is in the order of the keys' hashes, read from the lowest bit up. Then the
 *           objects whose hashes end in the same k bits stand side by side: they are a bucket of 2^k,
 *           which has a link of its own where it begins. Twice as many buckets need nothing but room
 *           for their links; each is put into the list when it is first looked for. So nothing is
 *           ever moved, and no insertion takes long.
 * ordered   The list is in the order of the keys, and a quarter of the objects are on a list above
 *           it, a quarter of these on another (a skip list). How high an object stands is drawn from
 *           its key, so that a run repeats itself.
 *
 * Order     First `order` (the hash, with the lowest bit set; 1 in an ordered shard), then the keys'
 *           own, then `number`. Hashes that are equal for keys that are not only cost time.
 *
 * Why not a tree for the ordered ones: a walk along it needs a stack or links upwards, and removing
 * moves nodes that a walk may stand on.
 */
#include "runtime/ets_shard.h"

#include "base/alloc.h"
#include "term/compare.h"

/* ---- keys ---- */

static uint64_t reverse(uint64_t x)
{
        x = (x >> 1 & 0x5555555555555555) | (x & 0x5555555555555555) << 1;
        x = (x >> 2 & 0x3333333333333333) | (x & 0x3333333333333333) << 2;
        x = (x >> 4 & 0x0f0f0f0f0f0f0f0f) | (x & 0x0f0f0f0f0f0f0f0f) << 4;
        return __builtin_bswap64(x);
}

bool cop__ets_key(struct ets_key *key, cop_term term, bool is_ordered, unsigned bits)
{
        uint64_t hash;

        if (!cop__try_hash(term, &hash))
                return false;
        key->hash = hash;
        key->term = term;
        key->number = 0;
        key->shard = is_ordered ? 0 : (uint32_t)(hash & (((uint64_t)1 << bits) - 1));
        key->order = is_ordered ? 1 : reverse(hash >> bits) | 1;
        return true;
}

struct ets_key cop__ets_key_of(const struct ets_object *object)
{
        return (struct ets_key){ .term = object->key,
                                 .order = object->link.order,
                                 .number = object->number,
                                 .shard = object->shard };
}

/* Less than, equal to or greater than 0: where the object stands, seen from the place. */
static int compare(const struct ets_shard *shard, const struct ets_object *object,
                   const struct ets_key *key, bool *failed)
{
        int order = 0;

        if (object->link.order != key->order)
                return object->link.order < key->order ? -1 : 1;
        if (object->key.word != key->term.word &&
            !cop__try_compare(object->key, key->term, !shard->is_ordered, &order))
                *failed = true;
        if (order)
                return order;
        return (object->number > key->number) - (object->number < key->number);
}

bool cop__ets_same_key(const struct ets_shard *shard, const struct ets_object *a,
                       const struct ets_object *b, bool *failed)
{
        struct ets_key key = cop__ets_key_of(b);

        key.number = a->number;
        return compare(shard, a, &key, failed) == 0 && !*failed;
}

/* ---- objects ---- */

static struct ets_object **upper(struct ets_object *object)
{
        return (struct ets_object **)(object->data + object->words);
}

static size_t object_bytes(size_t words, unsigned levels)
{
        return sizeof(struct ets_object) + (words + levels) * sizeof(uint64_t);
}

/* Each level with a chance of one in four. */
static uint8_t draw_levels(uint64_t hash)
{
        uint64_t chance = hash | (uint64_t)1 << (2 * (ETS_LEVELS - 1));

        return (uint8_t)(__builtin_ctzll(chance) / 2);
}

struct ets_object *cop__ets_object_new(cop_term tuple, size_t keypos, bool is_ordered,
                                       unsigned bits)
{
        struct copy_size size;
        struct ets_object *object;
        struct ets_key key;
        uint8_t levels;

        if (!cop__ets_key(&key, element_of(tuple, keypos), is_ordered, bits))
                return NULL;
        levels = is_ordered ? draw_levels(key.hash) : 0;
        cop__copy_measure(tuple, &size);
        if (size.words > UINT32_MAX)
                return NULL;
        object = cop__alloc_sized(object_bytes(size.words, levels));
        if (!object)
                return NULL;
        atomic_init(&object->users, 1);
        object->levels = levels;
        object->words = (uint32_t)size.words;
        object->shared = NULL;
        cop__copy_measured(object->data, tuple, &size, &object->shared);
        object->key = element_of(tuple_of(object), keypos);
        object->link.next = NULL;
        object->link.order = key.order;
        object->shard = (uint8_t)key.shard;
        object->number = 0;
        return object;
}

void cop__ets_object_unpin(struct ets_object *object)
{
        /* acq_rel: who frees it comes after all who have read it */
        if (atomic_fetch_sub_explicit(&object->users, 1, memory_order_acq_rel) == 1) {
                cop__shared_release(object->shared, NULL);
                cop__free_sized(object, object_bytes(object->words, object->levels));
        }
}

void cop__ets_unpin_all(struct ets_object *dropped)
{
        while (dropped) {
                struct ets_object *next = object_of(dropped->link.next);

                cop__ets_object_unpin(dropped);
                dropped = next;
        }
}

cop_term cop__ets_object_copy(struct region *region, const struct ets_object *object)
{
        uint64_t *to = cop__region_try_take(region, object->words);

        return to ? cop__copy_to(to, tuple_of(object), &region->shared) : COP_NONE;
}

/* ---- buckets ---- */

/* Segment 0 has the first buckets, each other one as many as all before it. */
static unsigned segment_of(uint32_t bucket)
{
        return bucket < ETS_FIRST_BUCKETS
                       ? 0
                       : 32 - (unsigned)__builtin_clz(bucket / ETS_FIRST_BUCKETS);
}

static uint32_t segment_begin(unsigned segment)
{
        return segment ? (uint32_t)ETS_FIRST_BUCKETS << (segment - 1) : 0;
}

static struct ets_link *link_of_bucket(const struct ets_shard *shard, uint32_t bucket)
{
        unsigned segment = segment_of(bucket);

        return &shard->index->segments[segment][bucket - segment_begin(segment)];
}

/* Where a bucket begins, put into the list if it is not there yet. Bucket 0 is the head. */
static struct ets_link *begin_of(struct ets_shard *shard, uint32_t bucket)
{
        struct ets_link *link, *at;

        if (bucket == 0)
                return &shard->head;
        link = link_of_bucket(shard, bucket);
        if (link->order)
                return link;
        at = begin_of(shard, bucket & ~((uint32_t)1 << (31 - __builtin_clz(bucket))));
        link->order = reverse(bucket);
        while (at->next && at->next->order < link->order)
                at = at->next;
        link->next = at->next;
        at->next = link;
        return link;
}

/* Twice as many buckets, if there is memory: without, the ways are longer. */
static void grow(struct ets_shard *shard)
{
        unsigned segment = segment_of(shard->buckets);

        if (segment >= ETS_SEGMENTS)
                return;
        shard->index->segments[segment] =
                cop__alloc_zeroed(shard->buckets * sizeof(struct ets_link));
        if (shard->index->segments[segment])
                shard->buckets *= 2;
}

bool cop__ets_shard_prepare(struct ets_shard *shard)
{
        struct ets_index *index;

        if (shard->index)
                return true;
        index = cop__alloc_zeroed(sizeof(*index));
        if (index && !shard->is_ordered) {
                index->segments[0] = cop__alloc_zeroed(ETS_FIRST_BUCKETS * sizeof(struct ets_link));
                if (!index->segments[0]) {
                        cop__free(index);
                        return false;
                }
        }
        shard->index = index;
        shard->buckets = ETS_FIRST_BUCKETS;
        return index != NULL;
}

struct ets_contents cop__ets_shard_empty(struct ets_shard *shard)
{
        struct ets_contents contents = { .list = shard->head.next,
                                         .index = shard->index,
                                         .is_ordered = shard->is_ordered };

        shard->head.next = NULL;
        shard->index = NULL;
        shard->count = shard->words = 0;
        return contents;
}

void cop__ets_contents_free(struct ets_contents *contents)
{
        struct ets_link *at = contents->list;

        while (at) {
                struct ets_link *next = at->next;

                if (at->order & 1)
                        cop__ets_object_unpin(object_of(at));
                at = next;
        }
        for (unsigned i = 0; contents->index && !contents->is_ordered && i < ETS_SEGMENTS; i++)
                cop__free(contents->index->segments[i]);
        cop__free(contents->index);
}

/* ---- finding ---- */

/* A way to a place: the link before it and, in an ordered shard, the object before it on each level,
 * NULL for the beginning. */
struct way {
        struct ets_link *before;
        struct ets_object *above[ETS_LEVELS];
};

static struct ets_object *next_above(struct ets_shard *shard, struct ets_object *object, int level)
{
        return object ? upper(object)[level] : shard->index->levels[level];
}

static void go_down(struct ets_shard *shard, const struct ets_key *key, struct way *way,
                    bool *failed)
{
        struct ets_object *at = NULL;

        for (int level = ETS_LEVELS - 1; level >= 0; level--) {
                struct ets_object *next = next_above(shard, at, level);

                while (next && compare(shard, next, key, failed) < 0) {
                        at = next;
                        next = next_above(shard, at, level);
                }
                way->above[level] = at;
        }
        way->before = at ? &at->link : &shard->head;
}

static void find_way(struct ets_shard *shard, const struct ets_key *key, struct way *way,
                     bool *failed)
{
        struct ets_link *at;

        if (!shard->index) {
                way->before = &shard->head;
        } else if (shard->is_ordered) {
                go_down(shard, key, way, failed);
        } else {
                uint64_t hash =
                        reverse(key->order); /* but its highest bit, which no bucket needs */

                way->before = begin_of(shard, (uint32_t)hash & (shard->buckets - 1));
        }
        at = way->before;
        while (at->next) {
                __builtin_prefetch(
                        object_of(at->next)->data); /* most searches find what they want */
                if (!(at->next->order & 1) ? at->next->order >= key->order
                                           : compare(shard, object_of(at->next), key, failed) >= 0)
                        break;
                at = at->next;
        }
        way->before = at;
}

static struct ets_object *first_object(struct ets_link *link)
{
        while (link && !(link->order & 1))
                link = link->next;
        return link ? object_of(link) : NULL;
}

struct ets_object *cop__ets_after(struct ets_object *object)
{
        return first_object(object->link.next);
}

struct ets_object *cop__ets_find_from(struct ets_shard *shard, const struct ets_key *key,
                                      bool *failed)
{
        struct way way;

        if (cop_is_none(key->term))
                return first_object(shard->head.next);
        find_way(shard, key, &way, failed);
        return first_object(way.before->next);
}

/* The last one of all. */
static struct ets_object *last_object(struct ets_shard *shard)
{
        struct ets_object *at = NULL, *next;

        for (int level = ETS_LEVELS - 1; shard->index && level >= 0; level--)
                while ((next = next_above(shard, at, level)))
                        at = next;
        next = at ? at : first_object(shard->head.next);
        while (next) {
                at = next;
                next = cop__ets_after(at);
        }
        return at;
}

struct ets_object *cop__ets_find_before(struct ets_shard *shard, const struct ets_key *key,
                                        bool *failed)
{
        struct way way;

        if (cop_is_none(key->term))
                return last_object(shard);
        find_way(shard, key, &way, failed);
        return way.before == &shard->head ? NULL : object_of(way.before);
}

struct ets_object *cop__ets_find(struct ets_shard *shard, const struct ets_key *key, bool *failed)
{
        struct ets_object *object = cop__ets_find_from(shard, key, failed);
        struct ets_key same = *key;

        if (!object || *failed)
                return NULL;
        same.number = object->number;
        return compare(shard, object, &same, failed) == 0 && !*failed ? object : NULL;
}

/* ---- changing ---- */

static void put_in(struct ets_shard *shard, struct ets_object *object, struct way *way)
{
        object->link.next = way->before->next;
        way->before->next = &object->link;
        for (unsigned level = 0; level < object->levels; level++) {
                struct ets_object *above = way->above[level];

                upper(object)[level] = next_above(shard, above, (int)level);
                *(above ? &upper(above)[level] : &shard->index->levels[level]) = object;
        }
        shard->count++;
        shard->words += object->words;
}

static void take_out(struct ets_shard *shard, struct ets_object *object, struct way *way)
{
        way->before->next = object->link.next;
        for (unsigned level = 0; level < object->levels; level++) {
                struct ets_object *above = way->above[level];

                *(above ? &upper(above)[level] : &shard->index->levels[level]) =
                        upper(object)[level];
        }
        shard->count--;
        shard->words -= object->words;
}

/* Lower than all before; never that of a place behind all objects. */
static uint64_t next_number(struct ets_shard *shard)
{
        return UINT64_MAX - ++shard->inserted;
}

bool cop__ets_link(struct ets_shard *shard, struct ets_object *object, bool *failed)
{
        struct ets_key key = cop__ets_key_of(object);
        struct way way;

        key.number = 0;
        find_way(shard, &key, &way, failed);
        if (*failed)
                return false;
        object->number = next_number(shard);
        put_in(shard, object, &way);
        if (!shard->is_ordered && shard->count > shard->buckets)
                grow(shard);
        return true;
}

bool cop__ets_unlink(struct ets_shard *shard, struct ets_object *object, bool *failed)
{
        struct ets_key key = cop__ets_key_of(object);
        struct way way;

        find_way(shard, &key, &way, failed);
        if (*failed)
                return false;
        take_out(shard, object, &way);
        return true;
}

bool cop__ets_replace(struct ets_shard *shard, struct ets_object *old, struct ets_object *object,
                      bool *failed)
{
        struct ets_key key = cop__ets_key_of(old);
        struct way way;

        find_way(shard, &key, &way, failed);
        if (*failed)
                return false;
        take_out(shard, old, &way);
        object->number = next_number(shard);
        put_in(shard, object, &way);
        return true;
}
