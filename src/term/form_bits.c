/*
 * form_bits.c: the text of a binary in a pattern, such as <<"GET ", Path/binary>>.
 *
 * Constant parts are collected bit by bit until another part or the end comes: so of neighbouring
 * ones there is one part, and a binary of nothing else is a term.
 *
 * LIMIT: integers have up to 64 bits; of Erlang's types there are integer, binary (bytes), bits
 * (bitstring) and, of constants, utf8; of its other words big, little, signed and unsigned.
 */
#include "term/form.h"

#include <string.h>

#include "base/utf8.h"
#include "term/big.h"
#include "term/bits.h"

enum { INTEGER_BITS_MOST = 64, PART_SIZE_MOST = 1 << 30 };

enum part_type { TYPE_INTEGER, TYPE_BINARY, TYPE_BITS, TYPE_UTF8 };

/* What stands behind the value: :Size/Type. */
struct part_spec {
        enum part_type type;
        bool has_size;
        uint64_t size;
        struct form *sized; /* the variable that holds the size */
        bool little, is_signed;
};

struct bits_reader {
        struct form_reader *reader;
        struct form *form;
        struct part *last;
        struct buffer bytes; /* of the constant parts since the last other one */
        size_t bit_count;
};

static void *wrong(struct form_reader *reader, struct text_place place, const char *what)
{
        cop__lexer_fail(&reader->lexer, place, "%s", what);
        return NULL;
}

static struct part *add_part(struct bits_reader *bits, enum part_kind kind, struct form *value)
{
        struct part *part = value ? cop__form_take(bits->reader, sizeof(*part)) : NULL;

        if (!part)
                return NULL;
        part->kind = kind;
        part->value = value;
        if (bits->last)
                bits->last->next = part;
        else
                bits->form->bits = part;
        bits->last = part;
        bits->form->count++;
        return part;
}

/* ---- constant parts ---- */

static void put_bit(struct bits_reader *bits, bool bit)
{
        struct buffer *bytes = &bits->bytes;

        if (bits->bit_count % 8 == 0)
                cop__buffer_add_char(bytes, 0);
        if (bit && !bytes->failed)
                bytes->bytes[bytes->size - 1] |= (char)(0x80 >> bits->bit_count % 8);
        bits->bit_count++;
}

static void put_big(struct bits_reader *bits, uint64_t value, size_t count)
{
        while (count-- > 0)
                put_bit(bits, value >> count & 1);
}

static void put_number(struct bits_reader *bits, uint64_t value, const struct part_spec *spec)
{
        size_t count = spec->has_size ? spec->size : 8;

        for (; spec->little && count > 8; count -= 8, value >>= 8)
                put_big(bits, value & 0xff, 8);
        put_big(bits, value, count);
}

static void put_utf8(struct bits_reader *bits, uint32_t rune)
{
        char bytes[UTF8_MOST];
        size_t size = cop__utf8_put(bytes, rune);

        for (size_t i = 0; i < size; i++)
                put_big(bits, (uint8_t)bytes[i], 8);
}

/* The low 64 bits of an integer, as two's complement. */
static uint64_t low_bits(cop_term integer)
{
        struct limbs view;

        cop__int_view(&view, integer);
        if (!view.count)
                return 0;
        return view.negative ? -view.limbs[0] : view.limbs[0];
}

/* What was collected becomes a part, or, where it is all there is, the binary. */
static struct form *collected(struct bits_reader *bits)
{
        struct region *region = &bits->reader->region;
        uint8_t *to;
        cop_term term;

        if (bits->bytes.failed)
                return cop__form_constant(bits->reader, COP_NONE);
        term = cop__bits_new(region, bits->bit_count, &to);
        if (!cop_is_none(term) && bits->bytes.size)
                memcpy(to, bits->bytes.bytes, bits->bytes.size);
        bits->bit_count = 0;
        cop__buffer_clear(&bits->bytes);
        return cop__form_constant(bits->reader, term);
}

static bool flush(struct bits_reader *bits)
{
        if (!bits->bit_count)
                return true;
        return add_part(bits, PART_CONSTANT, collected(bits)) != NULL;
}

/* ---- :Size/Type ---- */

static bool read_size(struct form_reader *reader, struct part_spec *spec)
{
        struct token *token = &reader->token;

        spec->has_size = true;
        if (token->kind == TOKEN_VARIABLE) {
                if (reader->use == COP__USE_BUILD)
                        return wrong(reader, token->place,
                                     "the size of a part that is built is a number");
                spec->sized = cop__form_known(reader);
                return spec->sized != NULL;
        }
        if (token->kind != TOKEN_INTEGER)
                return cop__form_unexpected(reader, "a size behind :");
        if (!token->small || token->integer > PART_SIZE_MOST)
                return wrong(reader, token->place, "no binary has a part of this size");
        spec->size = token->integer;
        return cop__form_accept(reader, TOKEN_INTEGER);
}

static bool is_word(const struct token *token, const char *word)
{
        return token->size == strlen(word) && memcmp(token->text, word, token->size) == 0;
}

static bool read_type(struct form_reader *reader, struct part_spec *spec)
{
        struct token *token = &reader->token;

        do {
                if (token->kind != TOKEN_ATOM)
                        break;
                if (is_word(token, "integer"))
                        spec->type = TYPE_INTEGER;
                else if (is_word(token, "binary") || is_word(token, "bytes"))
                        spec->type = TYPE_BINARY;
                else if (is_word(token, "bits") || is_word(token, "bitstring"))
                        spec->type = TYPE_BITS;
                else if (is_word(token, "utf8"))
                        spec->type = TYPE_UTF8;
                else if (is_word(token, "little") || is_word(token, "big"))
                        spec->little = token->text[0] == 'l';
                else if (is_word(token, "signed") || is_word(token, "unsigned"))
                        spec->is_signed = token->text[0] == 's';
                else
                        break;
                cop__form_accept(reader, TOKEN_ATOM);
                if (!cop__form_accept(reader, TOKEN_MINUS))
                        return true;
        } while (true);
        return cop__form_unexpected(reader, "integer, binary, bits, utf8, big, little, signed or "
                                            "unsigned");
}

static bool read_spec(struct form_reader *reader, struct part_spec *spec)
{
        struct text_place place = reader->token.place;

        *spec = (struct part_spec){ 0 };
        if (cop__form_accept(reader, TOKEN_COLON) && !read_size(reader, spec))
                return false;
        if (cop__form_accept(reader, TOKEN_SLASH) && !read_type(reader, spec))
                return false;
        if (spec->type == TYPE_INTEGER && spec->size > INTEGER_BITS_MOST)
                return wrong(reader, place, "an integer in a binary has up to 64 bits");
        if (spec->type == TYPE_UTF8 && spec->has_size)
                return wrong(reader, place, "what is utf8 has no size");
        return true;
}

/* ---- parts ---- */

static bool constant_spec(struct form_reader *reader, struct part_spec *spec)
{
        struct text_place place = reader->token.place;

        if (!read_spec(reader, spec))
                return false;
        if (spec->type == TYPE_BINARY || spec->type == TYPE_BITS)
                return wrong(reader, place, "a constant is of type integer or utf8");
        if (spec->sized)
                return wrong(reader, place, "the size of a constant is a number");
        return true;
}

static bool read_string_part(struct bits_reader *bits)
{
        struct form_reader *reader = bits->reader;
        struct part_spec spec;
        const char *at, *end;

        if (!cop__form_string(reader) || !constant_spec(reader, &spec))
                return false;
        at = reader->chars.bytes;
        end = at + reader->chars.size;
        while (at < end) {
                uint32_t rune = (uint32_t)cop__utf8_next(&at, end);

                if (spec.type == TYPE_UTF8)
                        put_utf8(bits, rune);
                else
                        put_number(bits, rune, &spec);
        }
        return true;
}

static bool read_number_part(struct bits_reader *bits)
{
        struct form_reader *reader = bits->reader;
        struct text_place place = reader->token.place;
        struct form *number = cop__form_number(reader);
        struct part_spec spec;

        if (!number)
                return false;
        if (!cop__is_integer(number->constant))
                return wrong(reader, place, "there are no floats in the binary of a pattern");
        if (!constant_spec(reader, &spec))
                return false;
        if (spec.type != TYPE_UTF8)
                put_number(bits, low_bits(number->constant), &spec);
        else if (tag_of(number->constant) == TAG_INT && small_value(number->constant) >= 0 &&
                 small_value(number->constant) <= RUNE_MOST &&
                 cop__rune_is_valid((uint32_t)small_value(number->constant)))
                put_utf8(bits, (uint32_t)small_value(number->constant));
        else
                return wrong(reader, place, "this number is no character");
        return true;
}

static bool read_variable_part(struct bits_reader *bits)
{
        struct form_reader *reader = bits->reader;
        bool matches = reader->use == COP__USE_MATCH;
        struct form *value = cop__form_variable(reader);
        struct part_spec spec;
        struct part *part;

        if (!value || !read_spec(reader, &spec) || !flush(bits))
                return false;
        if (spec.type == TYPE_UTF8)
                return wrong(reader, value->place, "only a constant is utf8");
        if (matches && value->kind == FORM_VARIABLE) {
                if (!value->first)
                        return wrong(reader, value->place,
                                     "a part of a binary has a name of its own");
                reader->variables[value->variable].in_part = true;
        }
        if (!matches && spec.type != TYPE_INTEGER && spec.has_size)
                return wrong(reader, value->place, "the whole binary is put in: it takes no size");
        part = add_part(bits, spec.type == TYPE_INTEGER ? PART_INTEGER : PART_BIT_STRING, value);
        if (!part)
                return false;
        part->size = spec.has_size ? spec.size : 8;
        part->sized = spec.sized;
        part->bytes = spec.type == TYPE_BINARY;
        part->rest = spec.type != TYPE_INTEGER && !spec.has_size;
        part->little = spec.little;
        part->is_signed = spec.is_signed;
        return true;
}

static bool read_part(struct bits_reader *bits)
{
        struct form_reader *reader = bits->reader;

        if (bits->last && bits->last->rest && reader->use == COP__USE_MATCH)
                return wrong(reader, reader->token.place,
                             "only the last part of a binary may be of any size");
        switch (reader->token.kind) {
        case TOKEN_STRING:
                return read_string_part(bits);
        case TOKEN_VARIABLE:
                return read_variable_part(bits);
        case TOKEN_INTEGER:
        case TOKEN_CHAR:
        case TOKEN_FLOAT:
        case TOKEN_MINUS:
        case TOKEN_PLUS:
                return read_number_part(bits);
        default:
                return cop__form_unexpected(reader, "a string, number or variable");
        }
}

static struct form *read_parts(struct bits_reader *bits)
{
        struct form_reader *reader = bits->reader;

        if (!cop__form_accept(reader, TOKEN_BITS_CLOSE)) {
                do {
                        if (!read_part(bits))
                                return NULL;
                } while (cop__form_accept(reader, TOKEN_COMMA));
                if (!cop__form_expect(reader, TOKEN_BITS_CLOSE, ", or >>"))
                        return NULL;
        }
        if (!bits->last)
                return collected(bits);
        return flush(bits) ? bits->form : NULL;
}

struct form *cop__form_bits(struct form_reader *reader)
{
        struct bits_reader bits = { .reader = reader };
        struct form *form;

        bits.form = cop__form_new(reader, FORM_BITS);
        if (!bits.form)
                return NULL;
        cop__form_accept(reader, TOKEN_BITS_OPEN);
        cop__buffer_init(&bits.bytes, (size_t)PART_SIZE_MOST);
        form = read_parts(&bits);
        cop__buffer_release(&bits.bytes);
        return form;
}
