/*
 * etf_encode.c: terms to external format.
 *
 * What is written counts, whether there is room for it or not. So the first walk writes into a small
 * place on the stack, where most terms fit and are done; for one that did not fit its size is known
 * then, and a second walk writes it into a block of exactly that size. Nothing is ever moved, and
 * counting and writing cannot disagree.
 *
 * walk      What holds other terms writes its head and notes in a stack of words how far it is; the
 *           C stack does not grow with the term. A note is a term's word and the index of its next
 *           part. The rest of a list is a note of its own pair, so that long lists stay one note.
 *
 * What is written is what OTP 25 and later write with minor_version 2: a list of bytes is a string,
 * atoms are UTF-8, pids and the like have 32-bit creations.
 */
#include "term/etf.h"

#include <string.h>

#include <coppice/etf.h>

#include "base/alloc.h"
#include "base/words.h"
#include "term/atom.h"
#include "term/big.h"
#include "term/bits.h"
#include "term/deflate.h"
#include "term/host.h"
#include "term/node.h"

enum {
        STRING_MOST = 65535,
        OLD_PORT_BITS = 28, /* ports with larger numbers have a tag of their own */
        COMPRESSED_HEAD = 6,
        SMALL_BYTES = 512,
};

/* In the place of a note's index. */
enum {
        NOTE_LIST = -1,  /* the word is a pair of a list */
        NOTE_TAIL = -2,  /* the word is a term, the last part of a list */
        NOTE_PATCH = -3, /* the word is where a fun begins, whose size is known now */
};

struct encoder {
        uint8_t *to;
        size_t room;
        size_t size; /* so far, also where it is more than room */
        struct words notes;
        bool failed;
};

/* ---- bytes ---- */

/* Is there room for so many bytes more? Once there was not, there never is again. */
static inline bool fits(const struct encoder *e, size_t bytes)
{
        return e->size + bytes <= e->room;
}

static inline void put_8(struct encoder *e, unsigned value)
{
        if (fits(e, 1))
                e->to[e->size] = (uint8_t)value;
        e->size++;
}

static inline void put_32(struct encoder *e, uint32_t value)
{
        if (fits(e, 4)) {
                uint32_t big = __builtin_bswap32(value);

                memcpy(e->to + e->size, &big, sizeof(big));
        }
        e->size += 4;
}

static inline void put_64(struct encoder *e, uint64_t value)
{
        put_32(e, (uint32_t)(value >> 32));
        put_32(e, (uint32_t)value);
}

static void put_16(struct encoder *e, unsigned value)
{
        put_8(e, value >> 8);
        put_8(e, value & 0xff);
}

static inline void put_bytes(struct encoder *e, const void *bytes, size_t size)
{
        if (size && fits(e, size))
                memcpy(e->to + e->size, bytes, size);
        e->size += size;
}

/* A count of 32 bits; what has more parts than that cannot be written. */
static void put_count(struct encoder *e, size_t count)
{
        if (count > UINT32_MAX)
                e->failed = true;
        put_32(e, (uint32_t)count);
}

/* Something that has parts, of which `index` is the next one. */
static void note(struct encoder *e, uint64_t word, int64_t index)
{
        if (!cop__words_push(&e->notes, word) || !cop__words_push(&e->notes, (uint64_t)index))
                e->failed = true;
}

/* ---- kinds of terms ---- */

static void put_atom(struct encoder *e, cop_term term)
{
        const struct atom *atom = atom_of(term);

        if (atom->size <= 255) {
                put_8(e, ETF_SMALL_UTF8_ATOM);
                put_8(e, atom->size);
        } else {
                put_8(e, ETF_UTF8_ATOM);
                put_16(e, atom->size);
        }
        put_bytes(e, atom->text, atom->size);
}

static void put_node(struct encoder *e)
{
        cop_term name = cop__node_name();

        if (cop_is_none(name))
                e->failed = true;
        else
                put_atom(e, name);
}

static void put_big(struct encoder *e, cop_term integer)
{
        struct limbs view;
        size_t size;

        cop__int_view(&view, integer);
        size = (cop__limbs_bits(&view) + 7) / 8;
        put_8(e, size <= 255 ? ETF_SMALL_BIG : ETF_BIG);
        if (size <= 255)
                put_8(e, (unsigned)size);
        else
                put_count(e, size);
        put_8(e, view.negative);
        if (fits(e, size))
                for (size_t i = 0; i < size; i++)
                        e->to[e->size + i] = (uint8_t)(view.limbs[i / 8] >> (i % 8 * 8));
        e->size += size;
}

static void put_int(struct encoder *e, cop_term integer)
{
        int64_t value = small_value(integer);

        if (value >= 0 && value <= 255) {
                put_8(e, ETF_SMALL_INT);
                put_8(e, (unsigned)value);
        } else if (value >= INT32_MIN && value <= INT32_MAX) {
                put_8(e, ETF_INT);
                put_32(e, (uint32_t)value);
        } else {
                put_big(e, integer);
        }
}

static void put_small_uint(struct encoder *e, uint64_t value)
{
        put_8(e, value <= 255 ? ETF_SMALL_INT : ETF_INT);
        if (value <= 255)
                put_8(e, (unsigned)value);
        else
                put_32(e, (uint32_t)value);
}

static void put_bits(struct encoder *e, cop_term bits)
{
        size_t bit_count;
        const uint8_t *bytes = cop__bits_look(bits, &bit_count);
        size_t size = (bit_count + 7) / 8;

        put_8(e, bit_count % 8 ? ETF_BITS : ETF_BINARY);
        put_count(e, size);
        if (bit_count % 8)
                put_8(e, bit_count % 8);
        put_bytes(e, bytes, size);
}

static void put_local_pid(struct encoder *e, cop_term pid)
{
        uint32_t id, serial;

        cop__pid_numbers(pid.word, &id, &serial);
        put_8(e, ETF_NEW_PID);
        put_node(e);
        put_32(e, id);
        put_32(e, serial);
        put_32(e, cop__node_creation());
}

static void put_local_ref(struct encoder *e, cop_term ref)
{
        uint32_t ids[LOCAL_REF_IDS];

        cop__ref_numbers(ref.word, ids);
        put_8(e, ETF_NEWER_REF);
        put_16(e, LOCAL_REF_IDS);
        put_node(e);
        put_32(e, cop__node_creation());
        for (int i = 0; i < LOCAL_REF_IDS; i++)
                put_32(e, ids[i]);
}

static void put_pid(struct encoder *e, const uint64_t *box)
{
        put_8(e, ETF_NEW_PID);
        put_atom(e, term_of(box[1]));
        put_32(e, (uint32_t)box[2]);
        put_32(e, (uint32_t)(box[2] >> 32));
        put_32(e, (uint32_t)box[3]);
}

static void put_port(struct encoder *e, const uint64_t *box)
{
        bool old = box[2] >> OLD_PORT_BITS == 0;

        put_8(e, old ? ETF_NEW_PORT : ETF_V4_PORT);
        put_atom(e, term_of(box[1]));
        if (old)
                put_32(e, (uint32_t)box[2]);
        else
                put_64(e, box[2]);
        put_32(e, (uint32_t)box[3]);
}

static void put_ref(struct encoder *e, const uint64_t *box)
{
        size_t words = header_words(*box);

        put_8(e, ETF_NEWER_REF);
        put_16(e, (unsigned)(words - 2));
        put_atom(e, term_of(box[1]));
        put_32(e, (uint32_t)box[2]);
        for (size_t i = 3; i <= words; i++)
                put_32(e, (uint32_t)box[i]);
}

static void put_export(struct encoder *e, const uint64_t *box)
{
        put_8(e, ETF_EXPORT);
        put_atom(e, term_of(box[1]));
        put_atom(e, term_of(box[2]));
        put_int(e, term_of(box[3]));
}

/* What is before the pid; that and the free variables follow as parts. */
static void open_fun(struct encoder *e, const uint64_t *box)
{
        note(e, e->size + 1, NOTE_PATCH);
        put_8(e, ETF_FUN);
        put_32(e, 0); /* its size, when that is known */
        put_8(e, (unsigned)box[1]);
        put_bytes(e, box + 2, 16);
        put_32(e, (uint32_t)box[4]);
        put_count(e, header_words(*box) - FUN_FIXED_WORDS);
        put_atom(e, term_of(box[5]));
        put_small_uint(e, box[6]);
        put_small_uint(e, box[7]);
        note(e, box_term(box).word, FUN_FIXED_WORDS - 1);
}

/* The size of a fun counts from itself on. */
static void patch_fun(struct encoder *e, size_t place)
{
        size_t end = e->size;

        e->size = place;
        put_count(e, end - place);
        e->size = end;
}

/* What is before the values, which follow as parts. */
static void open_record(struct encoder *e, const uint64_t *box)
{
        size_t fields = record_size(*box);

        put_8(e, ETF_RECORD);
        put_count(e, fields);
        put_8(e, cop_to_bool(term_of(box[3])));
        put_atom(e, term_of(box[1]));
        put_atom(e, term_of(box[2]));
        for (size_t i = 0; i < fields; i++)
                put_atom(e, term_of(box[1 + RECORD_FIXED_WORDS + i]));
        note(e, box_term(box).word, (int64_t)(RECORD_FIXED_WORDS + fields));
}

/* Is it a proper list of bytes that is not too long? Then it is written as a string. Otherwise
 * *length says how many pairs it has, whatever is in them. */
static bool is_string(cop_term list, size_t *length)
{
        size_t count = 0;
        bool bytes = true;

        for (; tag_of(list) == TAG_PAIR; count++) {
                const uint64_t *pair = words_of(list);

                bytes = bytes && pair[0] >> 11 == 0 && (pair[0] & TAG_MASK) == TAG_INT;
                list = term_of(pair[1]);
        }
        *length = count;
        return bytes && count <= STRING_MOST && list.word == NIL.word;
}

static void put_string(struct encoder *e, cop_term list, size_t length)
{
        put_8(e, ETF_STRING);
        put_16(e, (unsigned)length);
        if (fits(e, length))
                for (size_t i = 0; i < length; i++, list = term_of(words_of(list)[1]))
                        e->to[e->size + i] = (uint8_t)(words_of(list)[0] >> 3);
        e->size += length;
}

static void open_list(struct encoder *e, cop_term list)
{
        size_t length;

        if (is_string(list, &length)) {
                put_string(e, list, length);
                return;
        }
        put_8(e, ETF_LIST);
        put_count(e, length);
        note(e, list.word, NOTE_LIST);
}

static void open_tuple(struct encoder *e, const uint64_t *box)
{
        size_t size = header_words(*box);

        put_8(e, size <= 255 ? ETF_SMALL_TUPLE : ETF_TUPLE);
        if (size <= 255)
                put_8(e, (unsigned)size);
        else
                put_count(e, size);
        note(e, box_term(box).word, 0);
}

static void open_map(struct encoder *e, const uint64_t *box)
{
        put_8(e, ETF_MAP);
        put_count(e, header_words(*box) / 2);
        note(e, box_term(box).word, 0);
}

static void put_box(struct encoder *e, cop_term term)
{
        const uint64_t *box = words_of(term);

        switch (header_kind(*box)) {
        case BOX_TUPLE:
                open_tuple(e, box);
                return;
        case BOX_FLOAT:
                put_8(e, ETF_FLOAT);
                put_64(e, box[1]);
                return;
        case BOX_BIG_PLUS:
        case BOX_BIG_MINUS:
                put_big(e, term);
                return;
        case BOX_BITS:
        case BOX_SHARED:
                put_bits(e, term);
                return;
        case BOX_MAP:
                open_map(e, box);
                return;
        case BOX_PID:
                put_pid(e, box);
                return;
        case BOX_REF:
                put_ref(e, box);
                return;
        case BOX_PORT:
                put_port(e, box);
                return;
        case BOX_EXPORT:
                put_export(e, box);
                return;
        case BOX_FUN:
                open_fun(e, box);
                return;
        case BOX_RECORD:
                open_record(e, box);
                return;
        }
}

/* ---- the walk ---- */

/* Writes a term, or the head of one whose parts are noted. */
static void put_term(struct encoder *e, cop_term term)
{
        switch (tag_of(term)) {
        case TAG_INT:
                put_int(e, term);
                return;
        case TAG_ATOM:
                put_atom(e, term);
                return;
        case TAG_NIL:
                put_8(e, ETF_NIL);
                return;
        case TAG_PAIR:
                open_list(e, term);
                return;
        case TAG_BOX:
                put_box(e, term);
                return;
        case TAG_PID:
                put_local_pid(e, term);
                return;
        case TAG_REF:
                put_local_ref(e, term);
                return;
        default:
                e->failed = true;
        }
}

/* The next part of a box; *left says whether it has another one. */
static cop_term part_of(const uint64_t *box, size_t index, bool *left)
{
        size_t count = header_words(*box);

        *left = index + 1 < count;
        if (header_kind(*box) != BOX_MAP)
                return term_of(box[1 + index]);
        return term_of(box[1 + index / 2 + (index % 2 ? count / 2 : 0)]);
}

/* The next term to be written, from the notes; COP_NONE when there is none left. */
static cop_term next_term(struct encoder *e)
{
        while (e->notes.count > 0) {
                uint64_t *word = &e->notes.at[e->notes.count - 2];
                int64_t index = (int64_t)word[1];
                cop_term term = term_of(word[0]);
                const uint64_t *words = words_of(term);
                bool left = false;

                if (index == NOTE_LIST) {
                        word[0] = words[1];
                        if (tag_of(term_of(words[1])) != TAG_PAIR)
                                word[1] = (uint64_t)NOTE_TAIL;
                        return term_of(words[0]);
                }
                if (index >= 0 && header_words(*words) > (size_t)index) {
                        term = part_of(words, (size_t)index, &left);
                        word[1]++;
                        if (!left)
                                e->notes.count -= 2;
                        return term;
                }
                e->notes.count -= 2;
                if (index == NOTE_TAIL)
                        return term;
                if (index == NOTE_PATCH)
                        patch_fun(e, word[0]);
        }
        return COP_NONE;
}

size_t cop__etf_write(uint8_t *to, size_t room, cop_term term)
{
        struct encoder encoder;

        encoder.to = to;
        encoder.room = room;
        encoder.size = 0;
        encoder.failed = false;
        cop__words_init(&encoder.notes);
        do {
                put_term(&encoder, term);
        } while (!encoder.failed && !cop_is_none(term = next_term(&encoder)));
        cop__words_release(&encoder.notes);
        return encoder.failed ? 0 : encoder.size;
}

/* ---- from outside ---- */

cop_term cop_encode(cop_term term)
{
        uint8_t small[SMALL_BYTES];
        size_t size = cop__etf_write(small, sizeof(small), term);
        uint8_t *bytes;
        cop_term binary;

        if (size == 0)
                cop__fail_limit("memory");
        binary = cop__bits_new(here(), 8 * (size + 1), &bytes);
        if (cop_is_none(binary))
                cop__fail_limit("memory");
        bytes[0] = ETF_VERSION;
        if (size <= sizeof(small))
                memcpy(bytes + 1, small, size);
        else if (cop__etf_write(bytes + 1, size, term) == 0)
                cop__fail_limit("memory");
        return binary;
}

/* Compresses the plain encoding into a block of its own, if that is shorter. */
static uint8_t *compress_plain(const uint8_t *plain, size_t size, size_t *compressed)
{
        uint8_t *block = cop__alloc(size);
        uint32_t length = __builtin_bswap32((uint32_t)(size - 1));

        if (!block)
                return NULL;
        block[0] = ETF_VERSION;
        block[1] = ETF_COMPRESSED;
        memcpy(block + 2, &length, sizeof(length));
        *compressed =
                cop__deflate(plain + 1, size - 1, block + COMPRESSED_HEAD, size - COMPRESSED_HEAD);
        if (*compressed)
                return block;
        cop__free(block);
        return NULL;
}

cop_term cop_encode_compressed(cop_term term)
{
        struct cop_mark mark = cop__region_mark(here());
        cop_term plain = cop_encode(term);
        size_t size = cop_byte_size(plain);
        size_t compressed;
        uint8_t *block, *bytes;
        cop_term binary;

        if (size <= COMPRESSED_HEAD || size > UINT32_MAX)
                return plain;
        block = compress_plain(cop_to_bytes(plain), size, &compressed);
        if (!block)
                return plain;
        cop__region_rewind(here(), &mark);
        binary = cop__bits_new(here(), 8 * (compressed + COMPRESSED_HEAD), &bytes);
        if (!cop_is_none(binary))
                memcpy(bytes, block, compressed + COMPRESSED_HEAD);
        cop__free(block);
        if (cop_is_none(binary))
                cop__fail_limit("memory");
        return binary;
}
