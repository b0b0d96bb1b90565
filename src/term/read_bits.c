/*
 * read_bits.c: the segments of <<...>>, from values to bits.
 *
 * A segment is Value:Size/Types. Its value and size were read by read.c and are terms; the types
 * follow here. Then the value goes, bit by bit where it has to, to the end of its frame's bits.
 *
 * Numbers first become little-endian bytes in `scratch`, in two's complement and of the right
 * length; add_number() then puts these there in the order that is asked for. Big and little endian
 * differ in where the odd bits are: with the first byte, or with the last.
 *
 * Invariant The unused bits of a frame's last byte are zero, so that more can be or-ed to it.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "term/big.h"
#include "term/bits.h"
#include "term/read.h"

/* The kinds of segment, once: name, unit when there is a size, size where none is given (in units),
 * and whether a size may be given. */
#define SEGMENT_KINDS(X)                                                                           \
        X(INTEGER, "integer", 1, 8)                                                                \
        X(FLOAT, "float", 1, 64)                                                                   \
        X(BINARY, "binary", 8, 0)                                                                  \
        X(BYTES, "bytes", 8, 0)                                                                    \
        X(BITSTRING, "bitstring", 1, 0)                                                            \
        X(BITS, "bits", 1, 0)                                                                      \
        X(UTF8, "utf8", 0, 0)                                                                      \
        X(UTF16, "utf16", 0, 0)                                                                    \
        X(UTF32, "utf32", 0, 0)

enum segment_kind {
#define X(tag, name, unit, size) SEGMENT_##tag,
        SEGMENT_KINDS(X)
#undef X
                SEGMENT_KIND_COUNT
};

static const struct {
        const char *name;
        size_t unit;
        size_t size;
} segment_kinds[] = {
#define X(tag, name, unit, size) [SEGMENT_##tag] = { name, unit, size },
        SEGMENT_KINDS(X)
#undef X
};

enum { UNIT_MOST = 256 };

/* What the types of a segment say; not given where the field says so. */
struct types {
        int kind;      /* enum segment_kind; -1: not given */
        int is_little; /* -1: not given */
        int is_signed; /* -1: not given; makes no difference here */
        size_t unit;   /* 0: not given */
};

static bool fail_segment(struct reader *reader, const struct frame *frame, const char *message)
{
        return cop__read_fail(reader, frame->segment, message);
}

/* ---- types ---- */

static bool is_word(const struct token *token, const char *word)
{
        return token->kind == TOKEN_ATOM && token->size == strlen(word) &&
               memcmp(token->text, word, token->size) == 0;
}

/* A type may stand there twice, but not contradict itself. */
static bool set_type(struct reader *reader, int *place, int value)
{
        if (*place >= 0 && *place != value)
                return cop__read_expected(reader, "a type that agrees with those before it");
        *place = value;
        return true;
}

/* bytes is binary, and bits is bitstring. */
static int same_kind(int kind)
{
        if (kind == SEGMENT_BYTES)
                return SEGMENT_BINARY;
        return kind == SEGMENT_BITS ? SEGMENT_BITSTRING : kind;
}

/* At `unit`: past it and the colon, up to the number. */
static bool read_unit(struct reader *reader, struct types *types)
{
        cop__read_next(reader);
        if (reader->token.kind != TOKEN_COLON)
                return cop__read_expected(reader, ":");
        cop__read_next(reader);
        if (reader->token.kind != TOKEN_INTEGER || !reader->token.small ||
            reader->token.integer < 1 || reader->token.integer > UNIT_MOST)
                return cop__read_expected(reader, "a unit from 1 to 256");
        if (types->unit && types->unit != reader->token.integer)
                return cop__read_expected(reader, "the same unit");
        types->unit = reader->token.integer;
        return true;
}

static bool read_type(struct reader *reader, struct types *types)
{
        const struct token *token = &reader->token;

        for (int kind = 0; kind < SEGMENT_KIND_COUNT; kind++)
                if (is_word(token, segment_kinds[kind].name))
                        return set_type(reader, &types->kind, same_kind(kind));
        if (is_word(token, "little"))
                return set_type(reader, &types->is_little, 1);
        if (is_word(token, "big"))
                return set_type(reader, &types->is_little, 0);
        if (is_word(token, "native"))
                return set_type(reader, &types->is_little,
                                __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__);
        if (is_word(token, "signed"))
                return set_type(reader, &types->is_signed, 1);
        if (is_word(token, "unsigned"))
                return set_type(reader, &types->is_signed, 0);
        if (is_word(token, "unit"))
                return read_unit(reader, types);
        return cop__read_expected(reader, "a segment's type, such as integer, utf8 or little");
}

/* At the slash, if there is one. */
static bool read_types(struct reader *reader, struct types *types)
{
        enum token_kind before = TOKEN_SLASH;

        while (reader->token.kind == before) {
                cop__read_next(reader);
                if (!read_type(reader, types))
                        return false;
                cop__read_next(reader);
                before = TOKEN_MINUS;
        }
        if (types->kind < 0)
                types->kind = SEGMENT_INTEGER;
        return true;
}

/* ---- appending ---- */

/* Makes sure that the limits allow so many bits more than wait in all frames. */
static bool claim_bits(struct reader *reader, const struct frame *frame, uint64_t count)
{
        if (count / 64 + reader->bits.size / 8 > reader->words_left)
                return fail_segment(reader, frame,
                                    "this segment is too large: expected fewer bits");
        return true;
}

/* Appends the low `count` bits (1 to 8) of byte. */
static bool add_bits(struct reader *reader, struct frame *frame, unsigned byte, unsigned count)
{
        struct buffer *bits = &reader->bits;
        unsigned used = frame->bit_count % 8;
        unsigned top = (byte << (8 - count)) & 0xff; /* the first bit is the highest */

        if (used) {
                char *last = bits->bytes + bits->size - 1;

                *last = (char)((unsigned char)*last | top >> used);
        }
        if (used == 0 || used + count > 8)
                cop__buffer_add_char(bits, (char)(used ? top << (8 - used) : top));
        frame->bit_count += count;
        if (bits->failed)
                return fail_segment(reader, frame, "out of memory");
        return true;
}

static bool add_bytes(struct reader *reader, struct frame *frame, const uint8_t *bytes, size_t size)
{
        if (frame->bit_count % 8 == 0) {
                cop__buffer_add(&reader->bits, bytes, size);
                frame->bit_count += 8 * size;
                return !reader->bits.failed || fail_segment(reader, frame, "out of memory");
        }
        for (size_t i = 0; i < size; i++)
                if (!add_bits(reader, frame, bytes[i], 8))
                        return false;
        return true;
}

/* Appends a number of bit_count bits, of which `scratch` has the bytes, the lowest first. */
static bool add_number(struct reader *reader, struct frame *frame, size_t bit_count, bool little)
{
        const uint8_t *low = (const uint8_t *)reader->scratch.bytes;
        size_t whole = bit_count / 8;
        unsigned odd = bit_count % 8;
        bool fine = true;

        if (odd && !little)
                fine = add_bits(reader, frame, low[whole] & ((1u << odd) - 1), odd);
        if (little)
                fine = fine && add_bytes(reader, frame, low, whole);
        else
                for (size_t i = whole; i > 0 && fine; i--)
                        fine = add_bits(reader, frame, low[i - 1], 8);
        if (odd && little)
                fine = fine && add_bits(reader, frame, low[whole] & ((1u << odd) - 1), odd);
        return fine;
}

/* Room in `scratch` for the bytes of a number; NULL after an error. */
static uint8_t *scratch_for(struct reader *reader, const struct frame *frame, size_t bit_count)
{
        char *room;

        cop__buffer_clear(&reader->scratch);
        room = cop__buffer_extend(&reader->scratch, bit_count / 8 + 1);
        if (!room)
                fail_segment(reader, frame, "out of memory");
        return (uint8_t *)room;
}

static bool add_integer(struct reader *reader, struct frame *frame, cop_term value,
                        size_t bit_count, bool little)
{
        struct limbs view;
        uint8_t *low = scratch_for(reader, frame, bit_count);
        unsigned carry;

        if (!low)
                return false;
        cop__int_view(&view, value);
        carry = view.negative;
        for (size_t i = 0; i <= bit_count / 8; i++) {
                unsigned byte = 0;

                if (i / 8 < view.count)
                        byte = view.limbs[i / 8] >> (i % 8 * 8) & 0xff;
                if (view.negative)
                        byte = (byte ^ 0xff) + carry;
                carry = byte >> 8;
                low[i] = (uint8_t)byte;
        }
        return add_number(reader, frame, bit_count, little);
}

/* ---- floats ---- */

/* The nearest float of 16 bits, ties to even; infinite where value is too large for one. */
static uint16_t half_of(double value)
{
        uint16_t sign = signbit(value) ? 0x8000 : 0;
        double magnitude = fabs(value);
        int exponent;

        if (magnitude == 0)
                return sign;
        frexp(magnitude, &exponent);
        if (exponent < -13) /* below the normal ones, all steps are equal */
                exponent = -13;
        magnitude = nearbyint(ldexp(magnitude, 11 - exponent));
        if (magnitude >= 2048) {
                magnitude /= 2;
                exponent++;
        }
        if (exponent > 16)
                return sign | 0x7c00;
        if (magnitude < 1024)
                return (uint16_t)(sign | (unsigned)magnitude);
        return (uint16_t)(sign | (unsigned)(exponent + 14) << 10 | ((unsigned)magnitude - 1024));
}

/* The value of a number as a float; false where it is none or too large. */
static bool float_of(struct reader *reader, cop_term value, double *number)
{
        struct limbs view;

        if (is_box(value, BOX_FLOAT)) {
                *number = cop__float_value(value);
                return true;
        }
        if (!cop__is_integer(value))
                return false;
        cop__int_view(&view, value);
        if (cop__limbs_bits(&view) > 1024)
                return false;
        cop__buffer_clear(&reader->scratch);
        if (!cop__int_print(&reader->scratch, value))
                return false;
        *number = strtod(reader->scratch.bytes, NULL); /* digits alone: the same in all languages */
        return isfinite(*number);
}

static bool add_float(struct reader *reader, struct frame *frame, cop_term value, size_t bit_count,
                      bool little)
{
        double number;
        float single;
        uint64_t bits = 0;
        uint32_t word;
        uint8_t *low;

        if (!float_of(reader, value, &number))
                return fail_segment(reader, frame, "expected a number that fits into a float");
        switch (bit_count) {
        case 64:
                memcpy(&bits, &number, sizeof(number));
                break;
        case 32:
                single = (float)number;
                memcpy(&word, &single, sizeof(single));
                bits = word;
                break;
        case 16:
                bits = half_of(number);
                break;
        default:
                return fail_segment(reader, frame, "expected a float of 16, 32 or 64 bits");
        }
        low = scratch_for(reader, frame, bit_count);
        for (size_t i = 0; low && i < bit_count / 8; i++)
                low[i] = (uint8_t)(bits >> (8 * i));
        return low && add_number(reader, frame, bit_count, little);
}

/* ---- the kinds ---- */

static bool add_rune(struct reader *reader, struct frame *frame, enum segment_kind kind,
                     bool little, uint32_t rune)
{
        uint8_t *low;
        char bytes[UTF8_MOST];

        if (kind == SEGMENT_UTF8)
                return add_bytes(reader, frame, (const uint8_t *)bytes, cop__utf8_put(bytes, rune));
        if (kind == SEGMENT_UTF16 && rune >= 0x10000)
                return add_rune(reader, frame, SEGMENT_UTF16, little,
                                0xd800 | (rune - 0x10000) >> 10) &&
                       add_rune(reader, frame, SEGMENT_UTF16, little,
                                0xdc00 | ((rune - 0x10000) & 0x3ff));
        low = scratch_for(reader, frame, 32);
        for (unsigned i = 0; low && i < 4; i++)
                low[i] = (uint8_t)(rune >> (8 * i));
        return low && add_number(reader, frame, kind == SEGMENT_UTF16 ? 16 : 32, little);
}

static bool add_character(struct reader *reader, struct frame *frame, enum segment_kind kind,
                          bool little, cop_term value)
{
        int64_t rune;

        if (!cop__int_get(value, &rune) || rune < 0 || rune > RUNE_MOST ||
            !cop__rune_is_valid((uint32_t)rune))
                return fail_segment(reader, frame, "expected a character");
        return claim_bits(reader, frame, 32) &&
               add_rune(reader, frame, kind, little, (uint32_t)rune);
}

/* Bits of another bit string, the first bit_count of them. */
static bool add_bitstring(struct reader *reader, struct frame *frame, const uint8_t *from,
                          size_t bit_count)
{
        unsigned odd = bit_count % 8;

        return claim_bits(reader, frame, bit_count) &&
               add_bytes(reader, frame, from, bit_count / 8) &&
               (odd == 0 || add_bits(reader, frame, from[bit_count / 8] >> (8 - odd), odd));
}

static bool add_binary(struct reader *reader, struct frame *frame, cop_term value, bool has_size,
                       uint64_t size, size_t unit)
{
        size_t bit_count;
        const uint8_t *from;

        from = cop__bits_look(value, &bit_count);
        if (!from)
                return fail_segment(reader, frame, "expected a binary");
        if (!has_size && bit_count % unit != 0)
                return fail_segment(reader, frame, "expected a binary of whole units");
        if (has_size && size > bit_count)
                return fail_segment(reader, frame, "expected a binary that has this many bits");
        return add_bitstring(reader, frame, from, has_size ? size : bit_count);
}

/* One value, whose kind is known and whose size in bits is right for it. */
static bool add_value(struct reader *reader, struct frame *frame, const struct types *types,
                      bool has_size, uint64_t bit_count, cop_term value)
{
        bool little = types->is_little == 1;

        switch (types->kind) {
        case SEGMENT_INTEGER:
                if (!cop__is_integer(value))
                        return fail_segment(reader, frame, "expected an integer");
                return claim_bits(reader, frame, bit_count) &&
                       add_integer(reader, frame, value, bit_count, little);
        case SEGMENT_FLOAT:
                return claim_bits(reader, frame, 64) &&
                       add_float(reader, frame, value, bit_count, little);
        case SEGMENT_BINARY:
        case SEGMENT_BITSTRING:
                return add_binary(reader, frame, value, has_size, bit_count, types->unit);
        default:
                return add_character(reader, frame, (enum segment_kind)types->kind, little, value);
        }
}

/* Each character of the string is a value. In UTF-8 the bytes are there already. */
static bool add_text(struct reader *reader, struct frame *frame, const struct types *types,
                     bool has_size, uint64_t bit_count)
{
        const char *at = reader->text.bytes;
        const char *end = at + reader->text.size;

        if (types->kind == SEGMENT_BINARY || types->kind == SEGMENT_BITSTRING)
                return fail_segment(reader, frame, "expected a binary and no string");
        if (types->kind == SEGMENT_UTF8)
                return claim_bits(reader, frame, 8 * reader->text.size) &&
                       add_bytes(reader, frame, (const uint8_t *)at, reader->text.size);
        while (at < end) {
                cop_term rune = small_term(cop__utf8_next(&at, end));

                if (!add_value(reader, frame, types, has_size, bit_count, rune))
                        return false;
        }
        return true;
}

/* The size in bits; false where it is none, too much, or not allowed with these types. */
static bool size_of_segment(struct reader *reader, const struct frame *frame, struct types *types,
                            bool has_size, cop_term size, uint64_t *bit_count)
{
        bool is_binary = types->kind == SEGMENT_BINARY || types->kind == SEGMENT_BITSTRING;
        uint64_t units = segment_kinds[types->kind].size;

        if (segment_kinds[types->kind].unit == 0 && (has_size || types->unit))
                return fail_segment(reader, frame, "expected no size and no unit with this type");
        if (!has_size && !is_binary && types->unit)
                return fail_segment(reader, frame, "expected a size where there is a unit");
        if (!types->unit)
                types->unit = segment_kinds[types->kind].unit;
        if (has_size && !cop__uint_get(size, &units))
                return fail_segment(reader, frame, "expected a size of 0 or more");
        if (__builtin_mul_overflow(units, types->unit, bit_count))
                *bit_count = UINT64_MAX;
        if (!has_size && !is_binary)
                *bit_count = units;
        return true;
}

bool cop__read_segment(struct reader *reader, struct frame *frame)
{
        struct types types = { .kind = -1, .is_little = -1, .is_signed = -1 };
        bool has_size = frame->kind == FRAME_SIZE;
        const uint64_t *elements = reader->values.at + frame->base;
        cop_term value = term_of(elements[0]);
        cop_term size = has_size ? term_of(elements[1]) : COP_NONE;
        uint64_t bit_count = 0;

        reader->values.count = frame->base;
        if (!read_types(reader, &types) ||
            !size_of_segment(reader, frame, &types, has_size, size, &bit_count))
                return false;
        if (value.word == SEGMENT_TEXT.word)
                return add_text(reader, frame, &types, has_size, bit_count);
        return add_value(reader, frame, &types, has_size, bit_count, value);
}

cop_term cop__read_bits_end(struct reader *reader, const struct frame *frame)
{
        struct buffer *bits = &reader->bits;
        const char *from = bits->bytes ? bits->bytes + frame->bits_base : "";
        cop_term term = cop__read_bits_term(reader, from, frame->bit_count);

        bits->size = frame->bits_base;
        return term;
}
