/*
 * atom.c: texts that exist once.
 *
 * find      The hash of the text leads into an array of pointers to atoms, and from there on to the
 *           next places until the text or an empty place is met. No lock, no wait.
 * make      A find; then, under the lock, once more, and if it is still not there the atom is made
 *           and its pointer stored. An array that is three quarters full is copied into one of
 *           twice the size first.
 *
 * Order     An atom is complete before its pointer is stored (release), and an array is complete
 *           before it is `current`; a find reads both with acquire. A find that still looks at an
 *           older array may miss an atom that is made at this moment, as if it had come before it.
 *           It does not miss one that its caller was told of: whoever told knew the newer array.
 * Owners    Atoms and arrays are never freed: a find may be looking at any of them. The older
 *           arrays together are smaller than the newest. All of it hangs on static pointers, so a
 *           leak checker finds nothing lost.
 *
 * The first array and the memory of the first atoms are static: the atoms that Coppice itself uses
 * are made before main, and that cannot fail. Whoever comes even earlier, in a constructor, makes
 * them at his first use.
 */
#include "term/atom.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/lock.h"
#include "base/utf8.h"
#include "term/host.h"

enum {
        ATOM_CHARACTERS = 255,
        FIRST_PLACES = 1024,
        FIRST_BYTES = 16 * 1024,
        CHUNK_BYTES = 64 * 1024,
        DEFAULT_LIMIT = 1 << 20,
};

struct array {
        struct array *older;
        size_t mask;
        _Atomic(struct atom *) *places;
};

/* Memory for atoms, cut from its front. */
struct chunk {
        struct chunk *older;
        char bytes[];
};

cop_term cop__known_atoms[COP__ATOM_COUNT];

static _Atomic(struct atom *) first_places[FIRST_PLACES];
static struct array first_array = { NULL, FIRST_PLACES - 1, first_places };
static _Alignas(struct atom) char first_bytes[FIRST_BYTES];

static _Atomic(struct array *) current; /* any thread; NULL before the known atoms are there */
static _Atomic(size_t) count;           /* any thread */
static _Atomic(size_t) limit;           /* any thread */

static struct lock lock;
static struct chunk *chunks;           /* under lock */
static char *free_bytes = first_bytes; /* under lock */
static size_t free_size = FIRST_BYTES; /* under lock */

static uint64_t fold(uint64_t a, uint64_t b)
{
        unsigned __int128 product = (unsigned __int128)a * b;

        return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The same in every program, as cop_hash() promises. */
static uint64_t hash_text(const char *text, size_t size)
{
        uint64_t hash = 0x9e3779b97f4a7c15 ^ size;
        uint64_t word;

        for (; size >= sizeof(word); text += sizeof(word), size -= sizeof(word)) {
                memcpy(&word, text, sizeof(word));
                hash = fold(hash ^ word, 0xd1342543de82ef95);
        }
        word = 0;
        memcpy(&word, text, size);
        return fold(hash ^ word, 0xaf251af3b0f025b5);
}

/*
 * The atom with this text; NULL: there is none, and its place would be *place. Outside the lock
 * that place may be somebody's a moment later, and may not be looked at again.
 */
static struct atom *find(const struct array *array, const char *text, size_t size, uint64_t hash,
                         _Atomic(struct atom *) **place)
{
        size_t at = hash & array->mask;

        for (;; at = (at + 1) & array->mask) {
                /* pairs with the release in make() */
                struct atom *atom = atomic_load_explicit(&array->places[at], memory_order_acquire);

                *place = &array->places[at];
                if (!atom || (atom->hash == hash && atom->size == size &&
                              memcmp(atom->text, text, size) == 0))
                        return atom;
        }
}

/* Puts an atom into an array that does not have it. Under lock, or before anybody else. */
static void put(const struct array *array, struct atom *atom)
{
        _Atomic(struct atom *) *place;

        find(array, atom->text, atom->size, atom->hash, &place);
        atomic_store_explicit(place, atom, memory_order_release); /* pairs with find() */
}

/* Memory for an atom, for ever; NULL: none left. Under lock. */
static struct atom *take_atom(size_t size)
{
        size_t bytes = (offsetof(struct atom, text) + size + 1 + 7) & ~(size_t)7;
        struct atom *atom;

        if (bytes > free_size) {
                struct chunk *chunk = cop__alloc(sizeof(*chunk) + CHUNK_BYTES);

                if (!chunk)
                        return NULL;
                chunk->older = chunks;
                chunks = chunk;
                free_bytes = chunk->bytes;
                free_size = CHUNK_BYTES;
        }
        atom = (struct atom *)free_bytes;
        free_bytes += bytes;
        free_size -= bytes;
        return atom;
}

/* An atom that nobody knows yet. Under lock. */
static struct atom *new_atom(const char *text, size_t size, uint64_t hash)
{
        struct atom *atom = take_atom(size);

        if (!atom)
                return NULL;
        atomic_init(&atom->name, 0);
        atomic_init(&atom->table, 0);
        atom->hash = hash;
        atom->index = (uint32_t)atomic_load_explicit(&count, memory_order_relaxed);
        atom->size = (uint16_t)size;
        memcpy(atom->text, text, size);
        atom->text[size] = 0;
        atomic_store_explicit(&count, (size_t)atom->index + 1, memory_order_relaxed);
        return atom;
}

/* An array of twice the size becomes the current one; NULL: out of memory. Under lock. */
static struct array *grow(struct array *old)
{
        size_t places = 2 * (old->mask + 1);
        struct array *array = cop__alloc(sizeof(*array));
        size_t i;

        if (!array)
                return NULL;
        array->older = old;
        array->mask = places - 1;
        array->places = cop__alloc_zeroed(places * sizeof(*array->places));
        if (!array->places) {
                cop__free(array);
                return NULL;
        }
        for (i = 0; i <= old->mask; i++) {
                struct atom *atom = atomic_load_explicit(&old->places[i], memory_order_relaxed);

                if (atom)
                        put(array, atom);
        }
        /* pairs with the acquire in ready() */
        atomic_store_explicit(&current, array, memory_order_release);
        return array;
}

static struct atom *make(const char *text, size_t size, uint64_t hash)
{
        struct array *array = atomic_load_explicit(&current, memory_order_relaxed);
        _Atomic(struct atom *) *place;
        struct atom *atom = find(array, text, size, hash, &place);
        size_t used = atomic_load_explicit(&count, memory_order_relaxed);

        if (atom)
                return atom;
        if (used >= atomic_load_explicit(&limit, memory_order_relaxed) || used >= UINT32_MAX)
                return NULL;
        if (used >= (array->mask + 1) / 4 * 3) {
                array = grow(array);
                if (!array)
                        return NULL;
        }
        atom = new_atom(text, size, hash);
        if (atom)
                put(array, atom);
        return atom;
}

static size_t limit_of_environment(void)
{
        const char *text = getenv("COP_ATOMS");
        char *end;
        unsigned long long number;

        if (!text || *text < '0' || *text > '9')
                return DEFAULT_LIMIT;
        number = strtoull(text, &end, 10);
        return *end || number > UINT32_MAX ? DEFAULT_LIMIT : (size_t)number;
}

/* Makes the atoms that are always there, in static memory: it cannot fail. */
static void init(void)
{
        static const char *const texts[] = {
#define X(text) #text,
                COP__ATOMS(X)
#undef X
        };
        size_t i;

        for (i = 0; i < COP__ATOM_COUNT; i++) {
                size_t size = strlen(texts[i]);
                struct atom *atom = new_atom(texts[i], size, hash_text(texts[i], size));

                put(&first_array, atom);
                cop__known_atoms[i] = atom_term(atom);
        }
        atomic_store_explicit(&limit, limit_of_environment(), memory_order_relaxed);
        /* pairs with the acquire in ready() */
        atomic_store_explicit(&current, &first_array, memory_order_release);
}

/* The current array; the known atoms are there afterwards. */
static const struct array *ready(void)
{
        static pthread_once_t once = PTHREAD_ONCE_INIT;
        const struct array *array = atomic_load_explicit(&current, memory_order_acquire);

        if (!array) {
                pthread_once(&once, init);
                array = atomic_load_explicit(&current, memory_order_acquire);
        }
        return array;
}

__attribute__((constructor(101))) static void make_known_atoms(void)
{
        ready();
}

_Static_assert(COP__ATOM_COUNT *(sizeof(struct atom) + 24) < FIRST_BYTES,
               "the known atoms fit into the first memory");
_Static_assert(COP__ATOM_COUNT < FIRST_PLACES / 2, "and into the first array");

cop_term cop__atom_find(const char *text, size_t size)
{
        _Atomic(struct atom *) *place;
        struct atom *atom = find(ready(), text, size, hash_text(text, size), &place);

        return atom ? atom_term(atom) : COP_NONE;
}

cop_term cop__atom_make(const char *text, size_t size)
{
        cop_term found = cop__atom_find(text, size);
        struct atom *atom;

        if (!cop_is_none(found))
                return found;
        if (size > (size_t)ATOM_CHARACTERS * UTF8_MOST ||
            cop__utf8_length(text, size) > ATOM_CHARACTERS)
                return COP_NONE;
        cop__lock_take(&lock);
        atom = make(text, size, hash_text(text, size));
        cop__lock_give(&lock);
        return atom ? atom_term(atom) : COP_NONE;
}

size_t cop__atom_count(void)
{
        ready();
        return atomic_load_explicit(&count, memory_order_relaxed);
}

size_t cop__atom_limit(void)
{
        ready();
        return atomic_load_explicit(&limit, memory_order_relaxed);
}

void cop__atom_set_limit(size_t atoms)
{
        ready();
        atomic_store_explicit(&limit, atoms, memory_order_relaxed);
}

cop_term cop_atom_of(const char *text, size_t length)
{
        cop_term atom = cop__atom_make(text, length);

        if (!cop_is_none(atom))
                return atom;
        if (length > (size_t)ATOM_CHARACTERS * UTF8_MOST ||
            cop__utf8_length(text, length) > ATOM_CHARACTERS)
                cop__fail_badarg(NULL);
        cop__fail_limit(cop__atom_count() >= cop__atom_limit() ? "atoms" : "memory");
}

cop_term cop_atom(const char *text)
{
        return cop_atom_of(text, strlen(text));
}

cop_term cop_find_atom(const char *text, size_t length)
{
        return cop__atom_find(text, length);
}

bool cop_is_atom(cop_term term)
{
        return tag_of(term) == TAG_ATOM;
}

bool cop_is(cop_term term, const char *text)
{
        const struct atom *atom = atom_of(term);

        return tag_of(term) == TAG_ATOM && strlen(text) == atom->size &&
               memcmp(text, atom->text, atom->size) == 0;
}

const char *cop_to_atom_text(cop_term term)
{
        if (tag_of(term) != TAG_ATOM)
                cop__fail_badarg(NULL);
        return atom_of(term)->text;
}
