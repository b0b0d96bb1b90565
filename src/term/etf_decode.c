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
#include <coppice/etf.h>

#include "base/alloc.h"
#include "base/words.h"
#include "term/deflate.h"
#include "term/etf_input.h"
#include "term/host.h"
#include "term/map.h"

enum {
        DEPTH_MOST = 100000,
        WORDS_MOST = 16 * 1024 * 1024,
        ATOMS_MOST = 1000,
};

/* A term whose parts are being decoded: three words of a stack. */
struct row {
        uint64_t *box;  /* of a list: its present pair */
        uint64_t index; /* of the next part; of a list: how many heads are to come */
        uint64_t is_list;
};

enum { ROW_WORDS = sizeof(struct row) / sizeof(uint64_t) };

#define LIST_DONE UINT64_MAX /* in the place of an index: the tail is decoded, too */

/* ---- what has parts ---- */

/* Notes that the parts of a term come next. */
static cop_term open_row(struct etf_input *in, struct words *rows, cop_term term, uint64_t index)
{
        bool is_list = tag_of(term) == TAG_PAIR;

        if (rows->count / ROW_WORDS >= in->depth_most)
                return refuse(in, "fewer levels: the term nests too deep");
        if (!cop__words_push(rows, (uint64_t)(uintptr_t)words_of(term)) ||
            !cop__words_push(rows, index) || !cop__words_push(rows, is_list))
                return refuse(in, COP__ETF_NO_MEMORY);
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
        box[5] = cop__etf_atom(in).word;
        box[6] = cop__etf_integer(in);
        box[7] = cop__etf_integer(in);
        start = in->at;
        switch (get_8(in)) {
        case ETF_NEW_PID:
                box[8] = cop__etf_pid(in, false).word;
                break;
        case ETF_PID:
                box[8] = cop__etf_pid(in, true).word;
                break;
        default:
                refuse_at(in, start, "a pid");
        }
        if (in->error)
                return COP_NONE;
        return count ? open_row(in, rows, box_term(box), 0) : box_term(box);
}

/* Native records of OTP 29. */
static cop_term open_record(struct etf_input *in, struct words *rows)
{
        size_t fields = get_32(in);
        const uint8_t *flag = in->at;
        unsigned exported = get_8(in);
        uint64_t *box =
                has(in, 2 * fields) ? take_words(in, 1 + RECORD_FIXED_WORDS + 2 * fields) : NULL;

        if (!box)
                return COP_NONE;
        if (exported > 1)
                return refuse_at(in, flag, "0 or 1, whether a record is exported");
        box[0] = header_of(BOX_RECORD, RECORD_FIXED_WORDS + 2 * fields);
        box[1] = cop__etf_atom(in).word;
        box[2] = cop__etf_atom(in).word;
        box[3] = cop_bool(exported).word;
        for (size_t i = 0; i < fields; i++)
                box[1 + RECORD_FIXED_WORDS + i] = cop__etf_atom(in).word;
        if (in->error)
                return COP_NONE;
        return fields ? open_row(in, rows, box_term(box), 0) : box_term(box);
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
                return cop__etf_big(in, get_8(in));
        case ETF_BIG:
                return cop__etf_big(in, get_32(in));
        case ETF_FLOAT:
                return cop__etf_float(in);
        case ETF_TEXT_FLOAT:
                return cop__etf_text_float(in);
        case ETF_NIL:
                return NIL;
        case ETF_STRING:
                return cop__etf_string(in);
        case ETF_LIST:
                if (open_list(in, rows, &term))
                        return term;
                break;
        case ETF_BINARY: {
                size_t size = get_32(in);

                return in->error ? COP_NONE : cop__etf_bits(in, size, size ? 8 : 0);
        }
        case ETF_BITS: {
                size_t size = get_32(in);
                unsigned last_bits = get_8(in);

                return in->error ? COP_NONE : cop__etf_bits(in, size, last_bits);
        }
        case ETF_SMALL_TUPLE:
                return open_tuple(in, rows, get_8(in));
        case ETF_TUPLE:
                return open_tuple(in, rows, get_32(in));
        case ETF_MAP:
                return open_map(in, rows);
        case ETF_PID:
        case ETF_NEW_PID:
                return cop__etf_pid(in, tag == ETF_PID);
        case ETF_PORT:
        case ETF_NEW_PORT:
        case ETF_V4_PORT:
                return cop__etf_port(in, tag);
        case ETF_OLD_REF:
        case ETF_NEW_REF:
        case ETF_NEWER_REF:
                return cop__etf_ref(in, tag);
        case ETF_EXPORT:
                return cop__etf_export(in);
        case ETF_FUN:
                return open_fun(in, rows);
        case ETF_RECORD:
                return open_record(in, rows);
        default:
                term = cop__etf_atom_of(in, tag);
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
        case BOX_RECORD:
                index += RECORD_FIXED_WORDS + record_size(box[0]);
                return index == count ? NULL : box + 1 + index;
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
                refuse(in, COP__ETF_NO_MEMORY);
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

cop_term cop__decode(cop_term binary, const struct cop_place *place)
{
        struct cop_decode_result result = { 0 };

        if (cop_is_binary(binary))
                result = cop_try_decode(cop_to_bytes(binary), cop_byte_size(binary));
        if (cop_is_none(result.term))
                cop__fail_badarg(place);
        return result.term;
}

cop_term(cop_decode)(cop_term binary)
{
        return cop__decode(binary, NULL);
}
