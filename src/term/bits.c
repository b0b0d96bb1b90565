/*
 * bits.c: binaries and bit strings.
 *
 * Up to SHARED_ABOVE bytes are carried in their box and copied with it. More are allocated once and
 * counted: a copy of the term is a copy of the box and one user more. Each box of that kind is on
 * the list of the region or block that holds it, and is one user; when the list goes, so does the
 * user (region.c, keep.c, and whoever frees a message).
 *
 * Order     The box is put on the list after its bytes are there and nothing can fail any more.
 *
 * A zero follows the bytes that are allocated, counted nowhere: seen in a debugger they end where
 * they should.
 */
#include "term/bits.h"

#include <string.h>

#include "base/alloc.h"
#include "base/utf8.h"
#include "term/atom.h"
#include "term/host.h"

#define BITS_MOST ((size_t)1 << 50) /* so that no sum of sizes overflows */

struct shared_bytes *cop__shared_bytes_new(size_t size)
{
        struct shared_bytes *shared = cop__alloc(sizeof(*shared) + size + 1);

        if (!shared)
                return NULL;
        shared->users = 1;
        shared->size = size;
        shared->bytes[size] = 0;
        return shared;
}

void cop__shared_bytes_drop(struct shared_bytes *shared)
{
        /* Release: what this user read is read before; acquire: by all users, before it is freed.
         */
        if (__atomic_sub_fetch(&shared->users, 1, __ATOMIC_ACQ_REL) == 0)
                cop__free(shared);
}

static cop_term carried_new(struct region *region, size_t bit_count, uint8_t **bytes)
{
        size_t words = ((bit_count + 7) / 8 + 7) / 8;
        uint64_t *box = cop__region_try_take(region, 2 + words);

        if (!box)
                return COP_NONE;
        box[0] = header_of(BOX_BITS, 1 + words);
        box[1] = bit_count;
        if (words)
                box[1 + words] = 0; /* the padding; the rest is written over */
        *bytes = (uint8_t *)(box + 2);
        return box_term(box);
}

static cop_term shared_new(struct region *region, size_t bit_count, uint8_t **bytes)
{
        size_t size = (bit_count + 7) / 8;
        bool may = !region->most_words || cop__host.share(region, size);
        struct shared_bytes *owner = may ? cop__shared_bytes_new(size) : NULL;
        uint64_t *box;

        if (!owner)
                return COP_NONE;
        box = cop__region_try_take(region, 1 + SHARED_BITS_WORDS);
        if (!box) {
                cop__free(owner);
                return COP_NONE;
        }
        *(struct shared_bits *)box = (struct shared_bits){
                .header = header_of(BOX_SHARED, SHARED_BITS_WORDS),
                .bit_count = bit_count,
                .owner = owner,
                .start = owner->bytes,
                .next = region->shared,
        };
        region->shared = (struct shared_bits *)box;
        *bytes = owner->bytes;
        return box_term(box);
}

cop_term cop__bits_new(struct region *region, size_t bit_count, uint8_t **bytes)
{
        if (bit_count > BITS_MOST)
                return COP_NONE;
        if (bit_count <= 8 * SHARED_ABOVE)
                return carried_new(region, bit_count, bytes);
        return shared_new(region, bit_count, bytes);
}

cop_term cop_bits(const void *bytes, size_t bit_count)
{
        size_t size = bit_count / 8 + (bit_count % 8 != 0);
        uint8_t *to;
        cop_term term = cop__bits_new(here(), bit_count, &to);

        if (cop_is_none(term))
                cop__fail_limit("memory");
        if (size)
                memcpy(to, bytes, size);
        if (bit_count % 8)
                to[size - 1] &= (uint8_t)(0xff00 >> bit_count % 8);
        return term;
}

cop_term cop_binary(const void *bytes, size_t size)
{
        if (size > BITS_MOST / 8)
                cop__fail_limit("memory");
        return cop_bits(bytes, 8 * size);
}

cop_term cop_text(const char *text)
{
        return cop_binary(text, strlen(text));
}

bool cop_is_bits(cop_term term)
{
        size_t bit_count;

        return cop__bits_look(term, &bit_count) != NULL;
}

bool cop_is_binary(cop_term term)
{
        size_t bit_count;

        return cop__bits_look(term, &bit_count) && bit_count % 8 == 0;
}

size_t cop_bit_size(cop_term bits)
{
        size_t bit_count;

        if (!cop__bits_look(bits, &bit_count))
                cop__fail_badarg(NULL);
        return bit_count;
}

size_t cop_byte_size(cop_term bits)
{
        return (cop_bit_size(bits) + 7) / 8;
}

const uint8_t *cop_to_bytes(cop_term bits)
{
        size_t bit_count;
        const uint8_t *bytes = cop__bits_look(bits, &bit_count);

        if (!bytes)
                cop__fail_badarg(NULL);
        return bytes;
}

/* Room for size bytes and a zero, in the memory of the turn. */
static char *text_room(size_t size)
{
        char *text;

        if (size > BITS_MOST)
                cop__fail_limit("memory");
        text = (char *)cop__region_take(here(), size / sizeof(uint64_t) + 1);
        text[size] = 0;
        return text;
}

/* The characters of a list; badarg where an element is none or is a zero. Twice through the list:
 * the first time to count. */
static const char *list_text(cop_term list, const struct cop_place *place)
{
        char bytes[UTF8_MOST];
        size_t size = 0;
        cop_term rest = list;
        char *text;

        for (; tag_of(rest) == TAG_PAIR; rest = term_of(words_of(rest)[1])) {
                cop_term head = term_of(words_of(rest)[0]);

                if (tag_of(head) != TAG_INT || small_value(head) <= 0 ||
                    small_value(head) > RUNE_MOST ||
                    !cop__rune_is_valid((uint32_t)small_value(head)))
                        cop__fail_badarg(place);
                size += cop__utf8_put(bytes, (uint32_t)small_value(head));
        }
        if (!cop_is_nil(rest))
                cop__fail_badarg(place);
        text = text_room(size);
        for (size = 0, rest = list; tag_of(rest) == TAG_PAIR; rest = term_of(words_of(rest)[1])) {
                uint32_t rune = (uint32_t)small_value(term_of(words_of(rest)[0]));
                size_t more = cop__utf8_put(bytes, rune);

                memcpy(text + size, bytes, more);
                size += more;
        }
        return text;
}

const char *cop__to_cstring(cop_term term, const struct cop_place *place)
{
        const uint8_t *bytes;
        size_t bit_count, size;
        char *text;

        if (tag_of(term) == TAG_ATOM && strlen(atom_of(term)->text) == atom_of(term)->size)
                return atom_of(term)->text;
        if (cop_is_list(term))
                return list_text(term, place);
        bytes = cop__bits_look(term, &bit_count);
        size = bytes ? bit_count / 8 : 0;
        if (!bytes || bit_count % 8 != 0 || memchr(bytes, 0, size))
                cop__fail_badarg(place);
        text = text_room(size);
        memcpy(text, bytes, size);
        return text;
}

const char *(cop_to_cstring)(cop_term term)
{
        return cop__to_cstring(term, NULL);
}
