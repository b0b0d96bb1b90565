/*
 * lexer.c: Erlang text as tokens, one pass, no memory but for texts with escapes.
 *
 * next      skips white space and comments, looks at one character, and lets the function for that
 *           kind of token go on. What a token says is the source itself where possible; only texts
 *           with escapes, numbers with underscores and triple-quoted strings are put together in
 *           `value`, which the next token overwrites.
 *
 * Places    `at` moves by `advance` alone, a whole character at a time, so that columns count
 *           characters and not bytes.
 * Errors    The first one stays. What the parsers above find wrong goes through the same function,
 *           so that a text has one error, whoever saw it.
 *
 * The rules are those of erl_scan: which characters are letters, white space (all of Latin-1's
 * control characters are), where a number ends. It differs on purpose in accepting U+FFFE and
 * U+FFFF in quotes, because printed atoms may hold them, and in reading """ as OTP 27 does.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "term/lexer_scan.h"

#define WORD(word)                                                                                 \
        {                                                                                          \
                word, sizeof(word) - 1                                                             \
        }

static const struct {
        const char *text;
        size_t size;
} reserved[] = {
        WORD("after"), WORD("and"),    WORD("andalso"), WORD("band"), WORD("begin"),
        WORD("bnot"),  WORD("bor"),    WORD("bsl"),     WORD("bsr"),  WORD("bxor"),
        WORD("case"),  WORD("catch"),  WORD("cond"),    WORD("div"),  WORD("end"),
        WORD("fun"),   WORD("if"),     WORD("let"),     WORD("not"),  WORD("of"),
        WORD("or"),    WORD("orelse"), WORD("receive"), WORD("rem"),  WORD("try"),
        WORD("when"),  WORD("xor"),
};

static const struct {
        const char *text;
        size_t size;
        enum token_kind kind;
} punctuation[] = {
#define X(name, text) { text, sizeof(text) - 1, TOKEN_##name },
        COP__PUNCTUATION(X)
#undef X
};

void cop__lexer_init(struct lexer *lexer, const char *text, size_t size)
{
        memset(lexer, 0, sizeof(*lexer));
        lexer->text = text;
        lexer->size = size;
        lexer->at.line = 1;
        lexer->at.column = 1;
        cop__buffer_init(&lexer->value, SIZE_MAX);
}

void cop__lexer_release(struct lexer *lexer)
{
        cop__buffer_release(&lexer->value);
}

static void fail(struct lexer *lexer, struct text_place place, const char *format,
                 va_list arguments)
{
        lexer->failed = true;
        lexer->error_place = place;
        vsnprintf(lexer->error, sizeof(lexer->error), format, arguments);
}

void cop__lexer_fail(struct lexer *lexer, struct text_place place, const char *format, ...)
{
        va_list arguments;

        if (lexer->failed)
                return;
        va_start(arguments, format);
        fail(lexer, place, format, arguments);
        va_end(arguments);
}

void cop__lexer_fail_at_end(struct lexer *lexer, struct text_place place, const char *format, ...)
{
        va_list arguments;

        if (lexer->failed)
                return;
        lexer->incomplete = true;
        va_start(arguments, format);
        fail(lexer, place, format, arguments);
        va_end(arguments);
}

/* ---- characters ---- */

static bool is_lower(int32_t rune)
{
        return (rune >= 'a' && rune <= 'z') || (rune >= 0xdf && rune <= 0xff && rune != 0xf7);
}

static bool is_upper(int32_t rune)
{
        return (rune >= 'A' && rune <= 'Z') || (rune >= 0xc0 && rune <= 0xde && rune != 0xd7);
}

static bool is_digit(int32_t rune)
{
        return rune >= '0' && rune <= '9';
}

static bool is_name(int32_t rune)
{
        return is_lower(rune) || is_upper(rune) || is_digit(rune) || rune == '_' || rune == '@';
}

void cop__lexer_fail_here(struct lexer *lexer, struct text_place start, const char *what)
{
        if (at_end(lexer))
                cop__lexer_fail_at_end(lexer, start, "%s has no end", what);
        else
                cop__lexer_fail(lexer, lexer->at, "byte 16#%02X is no UTF-8",
                                (unsigned char)peek(lexer, 0));
}

static void skip_space(struct lexer *lexer)
{
        for (;;) {
                size_t bytes;
                int32_t rune = look(lexer, &bytes);

                if (rune == '%')
                        while (rune != RUNE_NONE && rune != '\n') {
                                advance(lexer, rune, bytes);
                                rune = look(lexer, &bytes);
                        }
                if (rune == RUNE_NONE || !is_space(rune))
                        return;
                advance(lexer, rune, bytes);
        }
}

/* ---- names ---- */

bool cop__is_reserved(const char *text, size_t size)
{
        for (size_t i = 0; i < sizeof(reserved) / sizeof(*reserved); i++)
                if (reserved[i].size == size && reserved[i].text[0] == text[0] &&
                    memcmp(reserved[i].text, text, size) == 0)
                        return true;
        return false;
}

void cop__lexer_check_atom(struct lexer *lexer, const struct token *token, size_t characters)
{
        if (characters > ATOM_CHARACTERS_MOST)
                cop__lexer_fail(lexer, token->place, "atom of %zu characters; expected at most %d",
                                characters, ATOM_CHARACTERS_MOST);
}

static void scan_name(struct lexer *lexer, struct token *token, bool variable)
{
        size_t characters = 0;
        size_t bytes;
        int32_t rune;

        while ((rune = look(lexer, &bytes)) != RUNE_NONE && is_name(rune)) {
                advance(lexer, rune, bytes);
                characters++;
        }
        token->text = lexer->text + token->place.offset;
        token->size = lexer->at.offset - token->place.offset;
        if (variable)
                token->kind = TOKEN_VARIABLE;
        else if (cop__is_reserved(token->text, token->size))
                token->kind = TOKEN_WORD;
        else
                token->kind = TOKEN_ATOM;
        cop__lexer_check_atom(lexer, token, characters);
}

/* ---- numbers ---- */

/* Digits, with single underscores between them, are added to the value. Returns how many. */
static size_t scan_digits(struct lexer *lexer, int base)
{
        size_t count = 0;

        for (;; count++) {
                size_t ahead = peek(lexer, 0) == '_' && count > 0;

                if (digit_value(peek(lexer, ahead)) >= base)
                        return count;
                cop__buffer_add_char(&lexer->value, peek(lexer, ahead));
                advance_ascii(lexer, ahead + 1);
        }
}

/* The value of the digits, if 64 bits hold it. */
static bool small_value_of(const char *digits, size_t count, int base, uint64_t *value)
{
        *value = 0;
        for (size_t i = 0; i < count; i++)
                if (__builtin_mul_overflow(*value, (uint64_t)base, value) ||
                    __builtin_add_overflow(*value, (uint64_t)digit_value(digits[i]), value))
                        return false;
        return true;
}

static void scan_based(struct lexer *lexer, struct token *token)
{
        uint64_t base;

        if (!small_value_of(lexer->value.bytes, lexer->value.size, 10, &base) || base < 2 ||
            base > BASE_MOST) {
                cop__lexer_fail(lexer, token->place, "base %.*s; expected one from 2 to 36",
                                (int)(lexer->value.size > 40 ? 40 : lexer->value.size),
                                lexer->value.bytes);
                return;
        }
        advance_ascii(lexer, 1);
        cop__buffer_clear(&lexer->value);
        token->base = (int)base;
        if (scan_digits(lexer, token->base) == 0)
                cop__lexer_fail(lexer, lexer->at, "expected a digit of base %d", token->base);
}

/* Stands at the point. */
static void scan_fraction(struct lexer *lexer, struct token *token)
{
        token->kind = TOKEN_FLOAT;
        cop__buffer_add_char(&lexer->value, '.');
        advance_ascii(lexer, 1);
        scan_digits(lexer, 10);
        if (peek(lexer, 0) == 'e' || peek(lexer, 0) == 'E') {
                cop__buffer_add_char(&lexer->value, 'e');
                advance_ascii(lexer, 1);
                if (peek(lexer, 0) == '-' || peek(lexer, 0) == '+') {
                        cop__buffer_add_char(&lexer->value, peek(lexer, 0));
                        advance_ascii(lexer, 1);
                }
                if (scan_digits(lexer, 10) == 0) {
                        cop__lexer_fail(lexer, lexer->at, "expected a digit of the exponent");
                        return;
                }
        }
        if (lexer->value.failed)
                return;
        token->number = cop__double_of_text(lexer->value.bytes);
        if (!isfinite(token->number))
                cop__lexer_fail(lexer, token->place, "this float is too large for 64 bits");
}

/* Most numbers are a few digits and nothing else: they need not be put together. */
static bool scan_plain(struct lexer *lexer, struct token *token)
{
        size_t count = 0;
        char next;

        while (is_digit(peek(lexer, count)))
                count++;
        next = peek(lexer, count);
        if (next == '_' || next == '#' || next == '.')
                return false;
        token->text = lexer->text + lexer->at.offset;
        token->size = count;
        token->small = small_value_of(token->text, count, 10, &token->integer);
        advance_ascii(lexer, count);
        return true;
}

static void scan_number(struct lexer *lexer, struct token *token)
{
        token->kind = TOKEN_INTEGER;
        token->base = 10;
        if (scan_plain(lexer, token))
                return;
        scan_digits(lexer, 10);
        if (peek(lexer, 0) == '#')
                scan_based(lexer, token);
        else if (peek(lexer, 0) == '.' && is_digit(peek(lexer, 1)))
                scan_fraction(lexer, token);
        token->text = lexer->value.bytes;
        token->size = lexer->value.size;
        if (token->kind == TOKEN_INTEGER && !lexer->value.failed)
                token->small =
                        small_value_of(token->text, token->size, token->base, &token->integer);
}

/* ---- everything else ---- */

static void scan_char(struct lexer *lexer, struct token *token)
{
        int32_t rune;
        struct text_place here;

        token->kind = TOKEN_CHAR;
        advance_ascii(lexer, 1);
        here = lexer->at;
        rune = take(lexer);
        if (rune == '\\')
                rune = cop__lexer_escape(lexer, here);
        if (rune == RUNE_NONE) {
                if (at_end(lexer))
                        cop__lexer_fail_at_end(lexer, token->place, "expected a character after $");
                cop__lexer_fail_here(lexer, token->place, "");
        }
        token->rune = (uint32_t)rune;
}

/* At a point: the end of a term when nothing, white space or a comment follows. */
static bool is_stop(const struct lexer *lexer)
{
        size_t next = lexer->at.offset + 1;
        size_t bytes;
        int32_t rune = look_at(lexer, next, &bytes);

        return next == lexer->size || rune == '%' || is_space(rune);
}

static void scan_punctuation(struct lexer *lexer, struct token *token)
{
        const char *at = lexer->text + lexer->at.offset;
        size_t left = lexer->size - lexer->at.offset;

        for (size_t i = 0; i < sizeof(punctuation) / sizeof(*punctuation); i++)
                if (punctuation[i].text[0] == *at && punctuation[i].size <= left &&
                    memcmp(at + 1, punctuation[i].text + 1, punctuation[i].size - 1) == 0) {
                        token->kind = punctuation[i].kind;
                        advance_ascii(lexer, punctuation[i].size);
                        return;
                }
        token->kind = *at == '.' ? TOKEN_POINT : TOKEN_ERROR;
        if (*at == '.')
                advance_ascii(lexer, 1);
}

static void scan_other(struct lexer *lexer, struct token *token, int32_t rune)
{
        if (rune == '.' && is_stop(lexer)) {
                token->kind = TOKEN_STOP;
                advance_ascii(lexer, 1);
                return;
        }
        scan_punctuation(lexer, token);
        if (token->kind != TOKEN_ERROR)
                return;
        if (rune == RUNE_NONE)
                cop__lexer_fail_here(lexer, token->place, "");
        else if (rune < 128)
                cop__lexer_fail(lexer, token->place, "illegal character %c", (char)rune);
        else
                cop__lexer_fail(lexer, token->place,
                                "illegal character U+%04X; outside quotes expected Latin-1 letters",
                                (unsigned)rune);
}

static void scan_token(struct lexer *lexer, struct token *token)
{
        size_t bytes;
        int32_t rune = look(lexer, &bytes);

        if (is_lower(rune) || is_upper(rune) || rune == '_') {
                scan_name(lexer, token, !is_lower(rune));
        } else if (is_digit(rune)) {
                scan_number(lexer, token);
        } else if (rune == '\'') {
                token->kind = TOKEN_ATOM;
                token->quoted = true;
                advance_ascii(lexer, 1);
                cop__lexer_text(lexer, token, '\'', false, "this quoted atom");
        } else if (rune == '"') {
                token->kind = TOKEN_STRING;
                if (is_triple(lexer)) {
                        cop__lexer_triple(lexer, token, true);
                } else {
                        advance_ascii(lexer, 1);
                        cop__lexer_text(lexer, token, '"', false, "this string");
                }
        } else if (rune == '$') {
                scan_char(lexer, token);
        } else if (rune == '~') {
                cop__lexer_sigil(lexer, token);
        } else {
                scan_other(lexer, token, rune);
        }
}

enum token_kind cop__lexer_next(struct lexer *lexer, struct token *token)
{
        memset(token, 0, sizeof(*token));
        token->text = "";
        cop__buffer_clear(&lexer->value);
        if (!lexer->failed) {
                skip_space(lexer);
                token->place = lexer->at;
                if (at_end(lexer))
                        token->kind = TOKEN_END;
                else
                        scan_token(lexer, token);
        }
        if (lexer->value.failed)
                cop__lexer_fail(lexer, token->place, "out of memory");
        if (lexer->failed) {
                token->kind = TOKEN_ERROR;
                token->place = lexer->error_place;
        }
        token->end = lexer->at.offset;
        return token->kind;
}

/* As much of the text as fits in a message, whole characters. */
static int shown(const struct token *token)
{
        size_t most = 40;

        if (token->size <= most)
                return (int)token->size;
        while (((unsigned char)token->text[most] & 0xc0) == 0x80)
                most--;
        return (int)most;
}

void cop__token_describe(const struct token *token, char *into, size_t room)
{
        switch (token->kind) {
        case TOKEN_END:
                snprintf(into, room, "the end of the text");
                return;
        case TOKEN_ERROR:
                snprintf(into, room, "an error");
                return;
        case TOKEN_STOP:
                snprintf(into, room, "the full stop");
                return;
        case TOKEN_POINT:
                snprintf(into, room, "a point");
                return;
        case TOKEN_ATOM:
                snprintf(into, room, token->quoted ? "atom '%.*s'" : "atom %.*s", shown(token),
                         token->text);
                return;
        case TOKEN_WORD:
                snprintf(into, room, "reserved word %.*s", shown(token), token->text);
                return;
        case TOKEN_VARIABLE:
                snprintf(into, room, "variable %.*s", shown(token), token->text);
                return;
        case TOKEN_INTEGER:
        case TOKEN_FLOAT:
                snprintf(into, room, "number %.*s", shown(token), token->text);
                return;
        case TOKEN_STRING:
        case TOKEN_BINARY:
                snprintf(into, room, "a string");
                return;
        case TOKEN_CHAR:
                snprintf(into, room, "a character");
                return;
        default:
                break;
        }
        for (size_t i = 0; i < sizeof(punctuation) / sizeof(*punctuation); i++)
                if (punctuation[i].kind == token->kind)
                        snprintf(into, room, "%s", punctuation[i].text);
}
