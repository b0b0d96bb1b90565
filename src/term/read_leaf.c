/*
 * read_leaf.c: terms that hold no others, from tokens.
 *
 * Numbers, atoms and texts; and what is only read where it is wanted, because file:consult refuses
 * it: pids, references and ports of this node, as they are printed. What is made counts against the
 * limits before it is.
 */
#include <string.h>

#include "base/utf8.h"
#include "term/atom.h"
#include "term/big.h"
#include "term/bits.h"
#include "term/node.h"
#include "term/read.h"

enum {
        ARITY_MOST = 255,
        DECIMALS_MOST = 1262612, /* digits of the greatest integer that Erlang has */
        EXPORT_WORDS = 3,
        PORT_WORDS = 3,
};

cop_term cop__read_atom(struct reader *reader, const struct token *token)
{
        cop_term atom = cop__atom_find(token->text, token->size);

        if (!cop_is_none(atom))
                return atom;
        if (reader->atoms_left == 0) {
                cop__read_fail(reader, token->place,
                               "too many new atoms: expected one that is known");
                return COP_NONE;
        }
        reader->atoms_left--;
        atom = cop__atom_make(token->text, token->size);
        if (cop_is_none(atom))
                cop__read_fail(reader, token->place, "no room for another atom");
        return atom;
}

cop_term cop__read_integer(struct reader *reader, const struct token *token)
{
        cop_term term;

        if (token->small && token->integer < (uint64_t)INT_MOST)
                return small_term((int64_t)token->integer);
        if (token->size > DECIMALS_MOST) {
                cop__read_fail(reader, token->place,
                               "this integer is too large: expected fewer digits");
                return COP_NONE;
        }
        if (!cop__read_claim(reader, token->size * 6 / 64 + 2))
                return COP_NONE;
        term = cop__int_from_digits(reader->region, token->text, token->size, token->base, false);
        if (cop_is_none(term))
                cop__read_no_memory(reader);
        return term;
}

cop_term cop__read_float(struct reader *reader, double value)
{
        cop_term term;

        if (!cop__read_claim(reader, 2))
                return COP_NONE;
        term = cop__float_make(reader->region, value);
        if (cop_is_none(term))
                cop__read_no_memory(reader);
        return term;
}

cop_term cop__read_bits_term(struct reader *reader, const void *bytes, size_t bit_count)
{
        size_t size = (bit_count + 7) / 8;
        uint8_t *place;
        cop_term term;

        if (!cop__read_claim(reader, size / 8 + SHARED_BITS_WORDS + 2))
                return COP_NONE;
        term = cop__bits_new(reader->region, bit_count, &place);
        if (cop_is_none(term))
                cop__read_no_memory(reader);
        else if (size)
                memcpy(place, bytes, size);
        return term;
}

/* The characters of `text`, as a list. */
static cop_term list_of_text(struct reader *reader)
{
        const char *at = reader->text.bytes;
        const char *end = at + reader->text.size;
        size_t length = cop__utf8_length(at, reader->text.size);
        uint64_t *pair;
        cop_term list;

        if (length == 0)
                return NIL;
        pair = length < SIZE_MAX / 16 ? cop__read_take(reader, 2 * length) : NULL;
        if (!pair)
                return COP_NONE;
        for (list = pair_term(pair); at < end; pair += 2) {
                pair[0] = small_term(cop__utf8_next(&at, end)).word;
                pair[1] = pair_term(pair + 2).word;
        }
        pair[-1] = NIL.word;
        return list;
}

cop_term cop__read_string(struct reader *reader)
{
        cop__buffer_clear(&reader->text);
        while (reader->token.kind == TOKEN_STRING) {
                cop__buffer_add(&reader->text, reader->token.text, reader->token.size);
                cop__read_next(reader);
        }
        if (reader->text.failed) {
                cop__read_no_memory(reader);
                return COP_NONE;
        }
        if (cop__read_owner(reader) == FRAME_SEGMENT)
                return SEGMENT_TEXT;
        return list_of_text(reader);
}

cop_term cop__read_fun(struct reader *reader)
{
        uint64_t *box = cop__read_take(reader, EXPORT_WORDS + 1);

        if (!box || !cop__read_accept(reader, TOKEN_WORD, "fun"))
                return COP_NONE;
        for (int i = 1; i <= 2; i++) {
                if (reader->token.kind != TOKEN_ATOM) {
                        cop__read_expected(reader, i == 1 ? "a module" : "a function's name");
                        return COP_NONE;
                }
                box[i] = cop__read_atom(reader, &reader->token).word;
                if (!box[i])
                        return COP_NONE;
                cop__read_next(reader);
                if (!(i == 1 ? cop__read_accept(reader, TOKEN_COLON, ":")
                             : cop__read_accept(reader, TOKEN_SLASH, "/")))
                        return COP_NONE;
        }
        if (reader->token.kind != TOKEN_INTEGER || !reader->token.small ||
            reader->token.integer > ARITY_MOST) {
                cop__read_expected(reader, "a number of arguments up to 255");
                return COP_NONE;
        }
        box[0] = header_of(BOX_EXPORT, EXPORT_WORDS);
        box[3] = small_term((int64_t)reader->token.integer).word;
        cop__read_next(reader);
        return box_term(box);
}

/* ---- pids and the like, as they are printed ---- */

/*
 * Numbers with points between them and > behind them, straight from the text: to the lexer 0.1 is
 * a float. Returns how many there were, 0 where something else stands there.
 */
static size_t read_numbers(struct reader *reader, uint64_t *numbers, size_t most)
{
        const char *start = reader->lexer.text + reader->lexer.at.offset;
        const char *end = reader->lexer.text + reader->lexer.size;
        const char *at = start;

        for (size_t count = 0; count < most; count++) {
                const char *first = at;

                numbers[count] = 0;
                for (; at < end && *at >= '0' && *at <= '9'; at++)
                        if (__builtin_mul_overflow(numbers[count], 10u, &numbers[count]) ||
                            __builtin_add_overflow(numbers[count], (unsigned)(*at - '0'),
                                                   &numbers[count]))
                                return 0;
                if (at == first || at == end || (*at != '.' && *at != '>'))
                        return 0;
                if (*at++ == '>') {
                        reader->lexer.at.offset += (size_t)(at - start);
                        reader->lexer.at.column += (uint32_t)(at - start);
                        cop__read_next(reader);
                        return count + 1;
                }
        }
        return 0;
}

static bool fits_32(uint64_t number)
{
        return number <= UINT32_MAX;
}

cop_term cop__read_pid(struct reader *reader)
{
        struct text_place place = reader->token.place;
        cop_term pid = COP_NONE;
        uint64_t n[3];

        if (read_numbers(reader, n, 3) == 3 && n[0] == 0 && fits_32(n[1]) && fits_32(n[2]))
                pid = cop__pid_of_numbers((uint32_t)n[1], (uint32_t)n[2]);
        if (cop_is_none(pid))
                cop__read_fail(reader, place, "expected a pid of this node, as <0.1.2>");
        return pid;
}

static cop_term read_ref(struct reader *reader, struct text_place place)
{
        cop_term ref = COP_NONE;
        uint64_t n[4];

        if (read_numbers(reader, n, 4) == 4 && n[0] == 0 && fits_32(n[1]) && fits_32(n[2]) &&
            fits_32(n[3]))
                ref = cop__ref_of_numbers(
                        (uint32_t[]){ (uint32_t)n[3], (uint32_t)n[2], (uint32_t)n[1] });
        if (cop_is_none(ref))
                cop__read_fail(reader, place,
                               "expected a reference of this node, as #Ref<0.1.2.3>");
        return ref;
}

static cop_term read_port(struct reader *reader, struct text_place place)
{
        uint64_t n[2];
        uint64_t *box;

        if (read_numbers(reader, n, 2) != 2 || n[0] != 0) {
                cop__read_fail(reader, place, "expected a port of this node, as #Port<0.1>");
                return COP_NONE;
        }
        box = cop__read_take(reader, PORT_WORDS + 1);
        if (!box)
                return COP_NONE;
        box[0] = header_of(BOX_PORT, PORT_WORDS);
        box[1] = cop__node_name().word;
        box[2] = n[1];
        box[3] = cop__node_creation();
        if (!box[1])
                cop__read_no_memory(reader);
        return box[1] ? box_term(box) : COP_NONE;
}

bool cop__token_says(const struct token *token, const char *text)
{
        return token->size == strlen(text) && memcmp(token->text, text, token->size) == 0;
}

cop_term cop__read_hashed(struct reader *reader, struct text_place place)
{
        bool is_ref = cop__token_says(&reader->token, "Ref");

        if (!is_ref && !cop__token_says(&reader->token, "Port")) {
                cop__read_expected(reader, "one of { Ref Port");
                return COP_NONE;
        }
        cop__read_next(reader);
        if (reader->token.kind != TOKEN_LESS) {
                cop__read_expected(reader, "<");
                return COP_NONE;
        }
        return is_ref ? read_ref(reader, place) : read_port(reader, place);
}
