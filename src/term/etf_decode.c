/*
 * etf_decode.c: terms from external format.
 *
 * The format says how many parts follow before they come: so what holds others is taken from the
 * region at once, and each part is decoded straight into its place. Where the next part goes is in
 * a stack of rows (one for each term that is still being filled), so that the C stack does not grow
 * with the input.
 *
 * Bounded   Every part takes at least a byte: a count that is greater than the bytes left is wrong
 *           before anything is taken for it. Words are counted against the limit before they are
 *           taken, atoms before they are made. What is compressed says its size first, which is
 *           checked against the limit and against what so few bytes can hold at all.
 * Maps      Keys mostly come in our order, and then the box is right as it stands. Otherwise the
 *           map is made once more, sorted, and copied back over it.
 * Errors    The first one ends everything. A term that is not complete is never looked at: the
 *           region goes back to where it was.
 *
 * What is accepted is what binary_to_term() of OTP 25 and later accepts; but bytes behind a term
 * are refused unless asked for, and pids of this node have other limits than Erlang's.
 */
#include "term/etf.h"

#include <math.h>
#include <string.h>

#include <coppice/etf.h>

#include "base/alloc.h"
#include "base/decimal.h"
#include "base/utf8.h"
#include "base/words.h"
#include "term/atom.h"
#include "term/big.h"
#include "term/bits.h"
#include "term/deflate.h"
#include "term/host.h"
#include "term/map.h"
#include "term/node.h"

enum {
        DEPTH_MOST = 100000,
        WORDS_MOST = 16 * 1024 * 1024,
        ATOMS_MOST = 1000,
        ATOM_CHARACTERS_MOST = 255,
        REF_IDS_MOST = 5,
        OLD_CREATION_MOST = 3,
        OLD_REF_ID_BITS = 18,
        TEXT_FLOAT_BYTES = 31,
        PID_WORDS = 3,
        EXPORT_WORDS = 3,
};

static const char too_large[] = "a smaller term: this one takes too much memory";
static const char no_memory[] = "more memory: there is none left";
static const char cut_short[] = "more bytes: the term is cut short";

/* A term whose parts are being decoded: three words of a stack. */
struct row {
        uint64_t *box;  /* of a list: its present pair */
        uint64_t index; /* of the next part; of a list: how many heads are to come */
        uint64_t is_list;
};

enum { ROW_WORDS = sizeof(struct row) / sizeof(uint64_t) };

#define LIST_DONE UINT64_MAX /* in the place of an index: the tail is decoded, too */

/* ---- input ---- */

/* Says what was expected; the first one stays. */
static cop_term refuse_at(struct etf_input *in, const uint8_t *at, const char *expected)
{
        if (!in->error) {
                in->error = expected;
                in->error_at = at;
        }
        return COP_NONE;
}

static cop_term refuse(struct etf_input *in, const char *expected)
{
        return refuse_at(in, in->at, expected);
}

static size_t left(const struct etf_input *in)
{
        return (size_t)(in->end - in->at);
}

static bool has(struct etf_input *in, size_t bytes)
{
        if (left(in) >= bytes)
                return true;
        refuse_at(in, in->end, cut_short);
        return false;
}

/* These read zeros where the input ends too early, and note that. */
static inline uint8_t get_8(struct etf_input *in)
{
        return has(in, 1) ? *in->at++ : 0;
}

static inline uint16_t get_16(struct etf_input *in)
{
        uint16_t value = 0;

        if (has(in, sizeof(value))) {
                memcpy(&value, in->at, sizeof(value));
                in->at += sizeof(value);
        }
        return __builtin_bswap16(value);
}

static inline uint32_t get_32(struct etf_input *in)
{
        uint32_t value = 0;

        if (has(in, sizeof(value))) {
                memcpy(&value, in->at, sizeof(value));
                in->at += sizeof(value);
        }
        return __builtin_bswap32(value);
}

static inline uint64_t get_64(struct etf_input *in)
{
        uint64_t high = get_32(in);

        return high << 32 | get_32(in);
}

/* ---- memory ---- */

static bool claim(struct etf_input *in, size_t words)
{
        if (words > in->words_left) {
                refuse(in, too_large);
                return false;
        }
        in->words_left -= words;
        return true;
}

static uint64_t *take_words(struct etf_input *in, size_t words)
{
        uint64_t *taken;

        if (!claim(in, words))
                return NULL;
        taken = cop__region_try_take(in->region, words);
        if (!taken)
                refuse(in, no_memory);
        return taken;
}

/* What a constructor made; without an error before, it fails for memory alone. */
static cop_term made(struct etf_input *in, cop_term term)
{
        return cop_is_none(term) ? refuse(in, no_memory) : term;
}

/* ---- atoms ---- */

/* From UTF-8 that is known to be an atom's. */
static cop_term make_atom(struct etf_input *in, const char *text, size_t size)
{
        cop_term atom = cop__atom_find(text, size);

        if (!cop_is_none(atom))
                return atom;
        if (in->atoms_left == 0)
                return refuse(in, "an atom that is known: there are too many new ones");
        in->atoms_left--;
        atom = cop__atom_make(text, size);
        return cop_is_none(atom) ? refuse(in, "an atom that is known: no room for new ones") : atom;
}

static cop_term get_utf8_atom(struct etf_input *in, size_t size)
{
        const char *text = (const char *)in->at;
        cop_term atom;

        if (!has(in, size))
                return COP_NONE;
        atom = cop__atom_find(text, size);
        if (cop_is_none(atom)) {
                size_t length = cop__utf8_length(text, size);

                if (length == SIZE_MAX)
                        return refuse(in, "an atom in UTF-8");
                if (length > ATOM_CHARACTERS_MOST)
                        return refuse(in, "an atom of at most 255 characters");
                atom = make_atom(in, text, size);
        }
        in->at += size;
        return atom;
}

static cop_term get_latin1_atom(struct etf_input *in, size_t size)
{
        char text[2 * ATOM_CHARACTERS_MOST + UTF8_MOST];
        size_t used = 0;

        if (!has(in, size))
                return COP_NONE;
        if (size > ATOM_CHARACTERS_MOST)
                return refuse(in, "an atom of at most 255 characters");
        for (size_t i = 0; i < size; i++)
                used += cop__utf8_put(text + used, in->at[i]);
        in->at += size;
        return make_atom(in, text, used);
}

/* Behind its tag; COP_NONE without an error where the tag is not an atom's. */
static cop_term get_atom_of(struct etf_input *in, unsigned tag)
{
        switch (tag) {
        case ETF_SMALL_UTF8_ATOM:
                return get_utf8_atom(in, get_8(in));
        case ETF_UTF8_ATOM:
                return get_utf8_atom(in, get_16(in));
        case ETF_SMALL_ATOM:
                return get_latin1_atom(in, get_8(in));
        case ETF_ATOM:
                return get_latin1_atom(in, get_16(in));
        default:
                return COP_NONE;
        }
}

static cop_term get_atom(struct etf_input *in)
{
        const uint8_t *start = in->at;
        cop_term atom = get_atom_of(in, get_8(in));

        return cop_is_none(atom) ? refuse_at(in, start, "an atom") : atom;
}

/* ---- numbers ---- */

static cop_term get_float(struct etf_input *in)
{
        const uint8_t *start = in->at;
        uint64_t bits = get_64(in);
        double value;

        memcpy(&value, &bits, sizeof(value));
        if (!isfinite(value))
                return refuse_at(in, start, "a float that is finite and a number");
        return claim(in, 2) ? made(in, cop__float_make(in->region, value)) : COP_NONE;
}

static const char *skip_digits(const char *at)
{
        while (*at >= '0' && *at <= '9')
                at++;
        return at;
}

/* A sign perhaps, digits, a point, digits, perhaps an exponent, and nothing else. */
static bool is_text_float(const char *text)
{
        const char *at = text + (*text == '-' || *text == '+');
        const char *from = at;

        at = skip_digits(at);
        if (at == from || *at != '.')
                return false;
        from = ++at;
        at = skip_digits(at);
        if (at == from)
                return false;
        if (*at == 'e' || *at == 'E') {
                at += 1 + (at[1] == '-' || at[1] == '+');
                from = at;
                at = skip_digits(at);
                if (at == from)
                        return false;
        }
        return *at == '\0';
}

static cop_term get_text_float(struct etf_input *in)
{
        char text[TEXT_FLOAT_BYTES + 1] = "";
        double value;

        if (!has(in, TEXT_FLOAT_BYTES))
                return COP_NONE;
        memcpy(text, in->at, TEXT_FLOAT_BYTES);
        if (text[TEXT_FLOAT_BYTES - 1] != '\0' || !is_text_float(text))
                return refuse(in, "a float in decimal");
        value = cop__double_of_text(text);
        if (!isfinite(value))
                return refuse(in, "a float that is finite and a number");
        in->at += TEXT_FLOAT_BYTES;
        return claim(in, 2) ? made(in, cop__float_make(in->region, value)) : COP_NONE;
}

static cop_term get_big(struct etf_input *in, size_t size)
{
        bool negative = get_8(in) != 0;
        const uint8_t *bytes = in->at;

        if (in->error || !has(in, size) || !claim(in, size / 8 + 2))
                return COP_NONE;
        in->at += size;
        return made(in, cop__int_from_bytes(in->region, bytes, size, negative));
}

/* ---- bits and strings ---- */

static cop_term get_bits(struct etf_input *in, size_t size, unsigned last_bits)
{
        size_t bit_count = size ? 8 * (size - 1) + last_bits : 0;
        uint8_t *place;
        cop_term bits;

        if (size ? last_bits < 1 || last_bits > 8 : last_bits != 0)
                return refuse(in, "a last byte of 1 to 8 bits");
        if (!has(in, size) || !claim(in, size / 8 + SHARED_BITS_WORDS + 2))
                return COP_NONE;
        bits = made(in, cop__bits_new(in->region, bit_count, &place));
        if (!cop_is_none(bits) && size) {
                memcpy(place, in->at, size);
                place[size - 1] &= (uint8_t)(0xff << (8 - last_bits));
        }
        in->at += size;
        return bits;
}

static cop_term get_string(struct etf_input *in)
{
        size_t length = get_16(in);
        uint64_t *pair;

        if (length == 0)
                return in->error ? COP_NONE : NIL;
        pair = has(in, length) ? take_words(in, 2 * length) : NULL;
        if (!pair)
                return COP_NONE;
        for (size_t i = 0; i < length; i++) {
                pair[2 * i] = small_term(in->at[i]).word;
                pair[2 * i + 1] = pair_term(pair + 2 * i + 2).word;
        }
        pair[2 * length - 1] = NIL.word;
        in->at += length;
        return pair_term(pair);
}

/* ---- pids, ports, references, external funs ---- */

/* Is it this node, in this life? A creation of 0 is any. */
static bool is_here(cop_term node, uint32_t creation)
{
        uint32_t ours = cop__node_creation();

        return node.word == cop__node_name().word &&
               (creation == ours || creation == 0 || ours == 0);
}

/* Older formats have one byte, of which two bits count. */
static uint32_t get_creation(struct etf_input *in, bool old)
{
        const uint8_t *start = in->at;
        uint32_t creation = old ? get_8(in) : get_32(in);

        if (old && creation > OLD_CREATION_MOST)
                refuse_at(in, start, "a creation of 0 to 3");
        return creation;
}

static cop_term get_pid(struct etf_input *in, bool old)
{
        const uint8_t *start = in->at;
        cop_term node = get_atom(in);
        uint32_t id = get_32(in);
        uint32_t serial = get_32(in);
        uint32_t creation = get_creation(in, old);
        uint64_t *box;

        if (in->error)
                return COP_NONE;
        if (is_here(node, creation)) {
                cop_term pid = cop__pid_of_numbers(id, serial);

                return cop_is_none(pid) ? refuse_at(in, start, "a pid that this node can have")
                                        : pid;
        }
        box = take_words(in, PID_WORDS + 1);
        if (!box)
                return COP_NONE;
        box[0] = header_of(BOX_PID, PID_WORDS);
        box[1] = node.word;
        box[2] = (uint64_t)serial << 32 | id;
        box[3] = creation;
        return box_term(box);
}

static cop_term get_port(struct etf_input *in, unsigned tag)
{
        cop_term node = get_atom(in);
        uint64_t id = tag == ETF_V4_PORT ? get_64(in) : get_32(in);
        uint32_t creation = get_creation(in, tag == ETF_PORT);
        uint64_t *box = in->error ? NULL : take_words(in, PID_WORDS + 1);

        if (!box)
                return COP_NONE;
        box[0] = header_of(BOX_PORT, PID_WORDS);
        box[1] = node.word;
        box[2] = id;
        box[3] = is_here(node, creation) ? cop__node_creation() : creation;
        return box_term(box);
}

static cop_term make_ref(struct etf_input *in, const uint8_t *start, cop_term node,
                         uint32_t creation, const uint32_t *ids, size_t count)
{
        uint64_t *box;

        if (is_here(node, creation)) {
                cop_term ref =
                        count > 0 && count <= LOCAL_REF_IDS ? cop__ref_of_numbers(ids) : COP_NONE;

                return cop_is_none(ref)
                               ? refuse_at(in, start, "a reference that this node can have")
                               : ref;
        }
        box = take_words(in, 3 + count);
        if (!box)
                return COP_NONE;
        box[0] = header_of(BOX_REF, 2 + count);
        box[1] = node.word;
        box[2] = creation;
        for (size_t i = 0; i < count; i++)
                box[3 + i] = ids[i];
        return box_term(box);
}

static cop_term get_ref(struct etf_input *in, unsigned tag)
{
        const uint8_t *start = in->at;
        uint32_t ids[REF_IDS_MOST] = { 0 };
        bool old = tag != ETF_NEWER_REF;
        size_t count = tag == ETF_OLD_REF ? 1 : get_16(in);
        cop_term node = get_atom(in);
        uint32_t creation = 0;

        if (count > REF_IDS_MOST)
                return refuse_at(in, start, "a reference of at most 5 words");
        if (tag == ETF_OLD_REF)
                ids[0] = get_32(in);
        creation = get_creation(in, old);
        if (tag != ETF_OLD_REF)
                for (size_t i = 0; i < count; i++)
                        ids[i] = get_32(in);
        if (old && ids[0] >> OLD_REF_ID_BITS)
                return refuse_at(in, start, "a first word of 18 bits");
        return in->error ? COP_NONE : make_ref(in, start, node, creation, ids, count);
}

/* An integer of 32 bits, as the format has them inside funs. */
static uint32_t get_integer(struct etf_input *in)
{
        const uint8_t *start = in->at;
        unsigned tag = get_8(in);

        if (tag == ETF_SMALL_INT)
                return get_8(in);
        if (tag == ETF_INT)
                return get_32(in);
        refuse_at(in, start, "an integer of 32 bits");
        return 0;
}

static cop_term get_export(struct etf_input *in)
{
        uint64_t *box = take_words(in, EXPORT_WORDS + 1);
        const uint8_t *start;
        uint32_t arity;

        if (!box)
                return COP_NONE;
        box[0] = header_of(BOX_EXPORT, EXPORT_WORDS);
        box[1] = get_atom(in).word;
        box[2] = get_atom(in).word;
        start = in->at;
        arity = get_integer(in);
        if (arity > INT32_MAX)
                return refuse_at(in, start, "a number of arguments");
        box[3] = small_term(arity).word;
        return in->error ? COP_NONE : box_term(box);
}

/* ---- what has parts ---- */

/* Notes that the parts of a term come next. */
static cop_term open_row(struct etf_input *in, struct words *rows, cop_term term, uint64_t index)
{
        bool is_list = tag_of(term) == TAG_PAIR;

        if (rows->count / ROW_WORDS >= in->depth_most)
                return refuse(in, "fewer levels: the term nests too deep");
        if (!cop__words_push(rows, (uint64_t)(uintptr_t)words_of(term)) ||
            !cop__words_push(rows, index) || !cop__words_push(rows, is_list))
                return refuse(in, no_memory);
        return term;
}

static cop_term open_tuple(struct etf_input *in, struct words *rows, size_t size)
{
        uint64_t *box = has(in, size) ? take_words(in, size + 1) : NULL;

        if (!box)
                return COP_NONE;
        box[0] = header_of(BOX_TUPLE, size);
        return size ? open_row(in, rows, box_term(box), 0) : box_term(box);
}

/* The pairs point to each other from the start. A list of no elements is its tail, and has no row:
 * false, and that is what comes next. */
static bool open_list(struct etf_input *in, struct words *rows, cop_term *list)
{
        size_t length = get_32(in);
        uint64_t *pair;

        *list = COP_NONE;
        if (length == 0 && !in->error)
                return !has(in, 1);
        pair = has(in, length + 1) ? take_words(in, 2 * length) : NULL;
        if (!pair)
                return true;
        for (size_t i = 0; i + 1 < length; i++)
                pair[2 * i + 1] = pair_term(pair + 2 * i + 2).word;
        *list = open_row(in, rows, pair_term(pair), length);
        return true;
}

static cop_term open_map(struct etf_input *in, struct words *rows)
{
        size_t size = get_32(in);
        uint64_t *box = has(in, 2 * size) ? take_words(in, 2 * size + 1) : NULL;

        if (!box)
                return COP_NONE;
        box[0] = header_of(BOX_MAP, 2 * size);
        return size ? open_row(in, rows, box_term(box), 0) : box_term(box);
}

/* The size that stands first is not needed, and not checked, as in Erlang. */
static cop_term open_fun(struct etf_input *in, struct words *rows)
{
        const uint8_t *start;
        uint64_t *box;
        uint64_t arity, uniq[2] = { 0, 0 }, index;
        size_t count;

        get_32(in);
        arity = get_8(in);
        if (!has(in, sizeof(uniq)))
                return COP_NONE;
        memcpy(uniq, in->at, sizeof(uniq));
        in->at += sizeof(uniq);
        index = get_32(in);
        count = get_32(in);
        box = has(in, count) ? take_words(in, FUN_FIXED_WORDS + count + 1) : NULL;
        if (!box)
                return COP_NONE;
        box[0] = header_of(BOX_FUN, FUN_FIXED_WORDS + count);
        box[1] = arity;
        box[2] = uniq[0];
        box[3] = uniq[1];
        box[4] = index;
        box[5] = get_atom(in).word;
        box[6] = get_integer(in);
        box[7] = get_integer(in);
        start = in->at;
        switch (get_8(in)) {
        case ETF_NEW_PID:
                box[8] = get_pid(in, false).word;
                break;
        case ETF_PID:
                box[8] = get_pid(in, true).word;
                break;
        default:
                refuse_at(in, start, "a pid");
        }
        if (in->error)
                return COP_NONE;
        return count ? open_row(in, rows, box_term(box), 0) : box_term(box);
}

/* ---- the walk ---- */

/* A term, or the head of one whose parts come next. COP_NONE without an error: nothing came yet. */
static cop_term get_term(struct etf_input *in, struct words *rows)
{
        const uint8_t *start = in->at;
        unsigned tag = get_8(in);
        cop_term term = COP_NONE;

        switch (tag) {
        case ETF_SMALL_INT:
                return small_term(get_8(in));
        case ETF_INT:
                return small_term((int32_t)get_32(in));
        case ETF_SMALL_BIG:
                return get_big(in, get_8(in));
        case ETF_BIG:
                return get_big(in, get_32(in));
        case ETF_FLOAT:
                return get_float(in);
        case ETF_TEXT_FLOAT:
                return get_text_float(in);
        case ETF_NIL:
                return NIL;
        case ETF_STRING:
                return get_string(in);
        case ETF_LIST:
                if (open_list(in, rows, &term))
                        return term;
                break;
        case ETF_BINARY: {
                size_t size = get_32(in);

                return in->error ? COP_NONE : get_bits(in, size, size ? 8 : 0);
        }
        case ETF_BITS: {
                size_t size = get_32(in);
                unsigned last_bits = get_8(in);

                return in->error ? COP_NONE : get_bits(in, size, last_bits);
        }
        case ETF_SMALL_TUPLE:
                return open_tuple(in, rows, get_8(in));
        case ETF_TUPLE:
                return open_tuple(in, rows, get_32(in));
        case ETF_MAP:
                return open_map(in, rows);
        case ETF_PID:
        case ETF_NEW_PID:
                return get_pid(in, tag == ETF_PID);
        case ETF_PORT:
        case ETF_NEW_PORT:
        case ETF_V4_PORT:
                return get_port(in, tag);
        case ETF_OLD_REF:
        case ETF_NEW_REF:
        case ETF_NEWER_REF:
                return get_ref(in, tag);
        case ETF_EXPORT:
                return get_export(in);
        case ETF_FUN:
                return open_fun(in, rows);
        default:
                term = get_atom_of(in, tag);
                if (cop_is_none(term))
                        refuse_at(in, start, "the tag of a term");
        }
        return term;
}

/* The keys are in place, but perhaps not in their order. */
static bool sort_map(struct etf_input *in, uint64_t *box)
{
        size_t size = header_words(box[0]) / 2;
        const cop_term *keys = (const cop_term *)(box + 1);
        struct cop_mark mark;
        cop_term sorted;
        size_t i = 1;
        bool twice;

        while (i < size && cop__compare_keys(keys[i - 1], keys[i]) < 0)
                i++;
        if (i >= size)
                return true;
        mark = cop__region_mark(in->region);
        sorted = made(in, cop__map_make(in->region, size, keys, keys + size, &twice));
        if (cop_is_none(sorted))
                return false;
        if (twice)
                refuse(in, "a map that has each key once");
        else
                memcpy(box, words_of(sorted), (2 * size + 1) * sizeof(*box));
        cop__region_rewind(in->region, &mark);
        return !twice;
}

/* First the heads, then the tail of the last pair. */
static uint64_t *next_in_list(struct row *row)
{
        uint64_t *place = row->box;

        if (row->index == LIST_DONE)
                return NULL;
        if (row->index == 0) {
                row->index = LIST_DONE;
                return place + 1;
        }
        row->index--;
        if (row->index > 0)
                row->box += 2;
        return place;
}

/* Where the next part of the row goes; NULL when it has them all. */
static uint64_t *next_in_row(struct row *row)
{
        uint64_t *box = row->box;
        size_t count, index;

        if (row->is_list)
                return next_in_list(row);
        count = header_words(box[0]);
        index = row->index++;
        switch (header_kind(box[0])) {
        case BOX_MAP:
                if (index == count)
                        return NULL;
                return box + 1 + index / 2 + (index % 2 ? count / 2 : 0);
        case BOX_FUN:
                index += FUN_FIXED_WORDS;
                return index == count ? NULL : box + 1 + index;
        default:
                return index == count ? NULL : box + 1 + index;
        }
}

/* The place of the next part of all rows; those that are complete are closed on the way. */
static uint64_t *next_part(struct etf_input *in, struct words *rows)
{
        while (rows->count > 0) {
                struct row *row = (struct row *)&rows->at[rows->count - ROW_WORDS];
                uint64_t *place = next_in_row(row);

                if (place)
                        return place;
                if (!row->is_list && header_kind(row->box[0]) == BOX_MAP && !sort_map(in, row->box))
                        return NULL;
                rows->count -= ROW_WORDS;
        }
        return NULL;
}

cop_term cop__etf_read(struct etf_input *in)
{
        struct words rows;
        uint64_t root = 0;
        uint64_t *place = &root;

        in->error = NULL;
        cop__words_init(&rows);
        while (place) {
                cop_term term = get_term(in, &rows);

                if (in->error)
                        break;
                if (cop_is_none(term))
                        continue;
                *place = term.word;
                place = next_part(in, &rows);
        }
        cop__words_release(&rows);
        return in->error ? COP_NONE : term_of(root);
}

/* ---- from outside ---- */

/* What compressed bytes became; the caller's to free. */
struct inflated {
        uint8_t *bytes; /* NULL: nothing was compressed */
        size_t size;
        const uint8_t *rest; /* where the compressed bytes end */
};

/* Behind the tag of compressed data: what it inflates to becomes the input. */
static bool inflate_input(struct etf_input *in, struct inflated *inflated)
{
        const uint8_t *start = in->at;
        size_t size = get_32(in);
        size_t used;

        if (in->error)
                return false;
        if (size / 8 > in->words_left || size > cop__inflated_most(left(in))) {
                refuse_at(in, start, "a smaller size, or more compressed bytes");
                return false;
        }
        inflated->bytes = cop__alloc(size);
        if (!inflated->bytes) {
                refuse(in, no_memory);
                return false;
        }
        if (!cop__inflate(in->at, left(in), inflated->bytes, size, &used)) {
                refuse(in, "compressed bytes of the size that stands before them");
                return false;
        }
        inflated->size = size;
        inflated->rest = in->at + used;
        in->at = inflated->bytes;
        in->end = in->at + size;
        return true;
}

static void init_input(struct etf_input *in, const void *bytes, size_t size,
                       const struct cop_decode_options *given)
{
        memset(in, 0, sizeof(*in));
        in->at = bytes;
        in->end = in->at + size;
        in->region = here();
        in->depth_most = given->depth_max ? given->depth_max : DEPTH_MOST;
        in->words_left = given->words_max ? given->words_max : WORDS_MOST;
        in->atoms_left = given->new_atoms_max ? given->new_atoms_max : ATOMS_MOST;
        if (given->new_atoms_max == COP_NO_NEW_ATOMS)
                in->atoms_left = 0;
}

static cop_term decode(struct etf_input *in, struct inflated *inflated, size_t *used)
{
        const uint8_t *start = in->at;
        const uint8_t *end = in->end;
        const uint8_t *rest;
        cop_term term;

        if (get_8(in) != ETF_VERSION)
                return refuse_at(in, start, "byte 131, the version of the format");
        if (left(in) > 0 && *in->at == ETF_COMPRESSED) {
                in->at++;
                if (!inflate_input(in, inflated))
                        return COP_NONE;
        }
        term = cop__etf_read(in);
        if (cop_is_none(term))
                return term;
        if (inflated->bytes && in->at != in->end)
                return refuse(in, "nothing behind the term");
        rest = inflated->bytes ? inflated->rest : in->at;
        if (used)
                *used = (size_t)(rest - start);
        else if (rest != end)
                return refuse_at(in, rest, "nothing behind the term");
        return term;
}

/* Is it a place in what was compressed? */
static bool is_inside(const struct inflated *inflated, const uint8_t *at)
{
        return inflated->bytes && at >= inflated->bytes && at <= inflated->bytes + inflated->size;
}

struct cop_decode_result cop_try_decode_with(const void *bytes, size_t size,
                                             const struct cop_decode_options *options)
{
        struct cop_decode_options given = { 0 };
        struct cop_decode_result result = { 0 };
        struct cop_mark mark = cop__region_mark(here());
        struct inflated inflated = { 0 };
        struct etf_input in;

        if (options)
                memcpy(&given, options,
                       options->struct_size < sizeof(given) ? options->struct_size : sizeof(given));
        init_input(&in, bytes, size, &given);
        result.term = decode(&in, &inflated, given.used);
        if (cop_is_none(result.term)) {
                result.inside = is_inside(&inflated, in.error_at);
                result.offset = (size_t)(in.error_at -
                                         (result.inside ? inflated.bytes : (const uint8_t *)bytes));
                result.error = in.error;
                cop__region_rewind(in.region, &mark);
        }
        cop__free(inflated.bytes);
        return result;
}

cop_term cop_decode(cop_term binary)
{
        struct cop_decode_result result = { 0 };

        if (cop_is_binary(binary))
                result = cop_try_decode(cop_to_bytes(binary), cop_byte_size(binary));
        if (cop_is_none(result.term))
                cop__fail_badarg(NULL);
        return result.term;
}
