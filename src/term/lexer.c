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
#include "term/lexer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/decimal.h"
#include "base/utf8.h"

enum {
        ATOM_CHARACTERS_MOST = 255,
        BASE_MOST = 36,
        NO_DIGIT = 99,
};

static const char *const reserved[] = {
        "after", "and",  "andalso", "band",   "begin",   "bnot", "bor", "bsl",  "bsr",
        "bxor",  "case", "catch",   "cond",   "div",     "end",  "fun", "if",   "let",
        "not",   "of",   "or",      "orelse", "receive", "rem",  "try", "when", "xor",
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

void cop__lexer_fail(struct lexer *lexer, struct text_place place, const char *format, ...)
{
        va_list arguments;

        if (lexer->failed)
                return;
        lexer->failed = true;
        lexer->error_place = place;
        va_start(arguments, format);
        vsnprintf(lexer->error, sizeof(lexer->error), format, arguments);
        va_end(arguments);
}

/* ---- characters ---- */

/* The byte that is so far ahead; 0 at the end. */
static char peek(const struct lexer *lexer, size_t ahead)
{
        size_t left = lexer->size - lexer->at.offset;

        return ahead < left ? lexer->text[lexer->at.offset + ahead] : '\0';
}

static bool at_end(const struct lexer *lexer)
{
        return lexer->at.offset == lexer->size;
}

/* The character at this offset and how many bytes it has; RUNE_NONE at the end and at bytes that
 * are no UTF-8. */
static int32_t look_at(const struct lexer *lexer, size_t offset, size_t *bytes)
{
        const char *start = lexer->text + offset;
        const char *behind = start;
        int32_t rune = cop__utf8_next(&behind, lexer->text + lexer->size);

        *bytes = (size_t)(behind - start);
        return rune;
}

/* The next character. */
static int32_t look(const struct lexer *lexer, size_t *bytes)
{
        return look_at(lexer, lexer->at.offset, bytes);
}

static void advance(struct lexer *lexer, int32_t rune, size_t bytes)
{
        lexer->at.offset += bytes;
        if (rune == '\n') {
                lexer->at.line++;
                lexer->at.column = 1;
        } else {
                lexer->at.column++;
        }
}

/* Past characters that are one byte and no line end each. */
static void advance_ascii(struct lexer *lexer, size_t count)
{
        lexer->at.offset += count;
        lexer->at.column += (uint32_t)count;
}

/* The next character, and past it. */
static int32_t take(struct lexer *lexer)
{
        size_t bytes;
        int32_t rune = look(lexer, &bytes);

        if (rune != RUNE_NONE)
                advance(lexer, rune, bytes);
        return rune;
}

static bool is_space(int32_t rune)
{
        return (rune >= 0 && rune <= ' ') || (rune >= 0x80 && rune <= 0xa0);
}

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

/* What a digit is worth in bases up to BASE_MOST; NO_DIGIT where it is none. */
static int digit_value(char c)
{
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 10;
        if (c >= 'A' && c <= 'Z')
                return c - 'A' + 10;
        return NO_DIGIT;
}

/* Stands where there is no character: says whether it is the end or bytes that are no UTF-8. */
static void fail_no_rune(struct lexer *lexer, struct text_place start, const char *what)
{
        if (at_end(lexer))
                cop__lexer_fail(lexer, start, "%s has no end", what);
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
                if (strlen(reserved[i]) == size && memcmp(reserved[i], text, size) == 0)
                        return true;
        return false;
}

static void check_atom_length(struct lexer *lexer, const struct token *token, size_t characters)
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
        check_atom_length(lexer, token, characters);
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

/* ---- texts ---- */

static int32_t scan_hex_escape(struct lexer *lexer, struct text_place start)
{
        bool braces = peek(lexer, 0) == '{';
        uint32_t rune = 0;
        int count = 0;

        if (braces)
                advance_ascii(lexer, 1);
        while (digit_value(peek(lexer, 0)) < 16 && (braces || count < 2)) {
                if (rune <= 0x10ffff)
                        rune = rune * 16 + (uint32_t)digit_value(peek(lexer, 0));
                advance_ascii(lexer, 1);
                count++;
        }
        if (braces ? count == 0 || peek(lexer, 0) != '}' : count < 2) {
                cop__lexer_fail(lexer, lexer->at, "expected %s",
                                braces && count ? "a hexadecimal digit or }"
                                                : "a hexadecimal digit");
                return RUNE_NONE;
        }
        if (braces)
                advance_ascii(lexer, 1);
        if (!cop__rune_is_valid(rune)) {
                cop__lexer_fail(lexer, start, "there is no character of this number");
                return RUNE_NONE;
        }
        return (int32_t)rune;
}

static int32_t scan_octal_escape(struct lexer *lexer)
{
        int32_t rune = 0;

        for (int i = 0; i < 3 && digit_value(peek(lexer, 0)) < 8; i++) {
                rune = rune * 8 + digit_value(peek(lexer, 0));
                advance_ascii(lexer, 1);
        }
        return rune;
}

/* Behind a backslash, which stands at `start`. What it means; RUNE_NONE after an error. */
static int32_t scan_escape(struct lexer *lexer, struct text_place start)
{
        static const char from[] = "nrtvbfesd";
        static const char to[] = "\n\r\t\v\b\f\033 \177";
        const char *found;
        int32_t rune;

        if (digit_value(peek(lexer, 0)) < 8 && !at_end(lexer))
                return scan_octal_escape(lexer);
        rune = take(lexer);
        switch (rune) {
        case RUNE_NONE:
                fail_no_rune(lexer, start, "what begins with this backslash");
                return RUNE_NONE;
        case 'x':
                return scan_hex_escape(lexer, start);
        case '^':
                rune = take(lexer);
                if (rune == '?')
                        return 0x7f;
                if (rune < '@' || rune > '_') {
                        cop__lexer_fail(lexer, start, "expected one of @ A-Z [ \\ ] ^ _ after \\^");
                        return RUNE_NONE;
                }
                return rune & 31;
        default:
                found = rune && rune < 128 ? strchr(from, (int)rune) : NULL;
                return found ? to[found - from] : rune;
        }
}

/*
 * A text up to `close`, whose beginning is behind us. While no escape occurs it is the source; from
 * the first one on it is put together in `value`.
 */
static void scan_text(struct lexer *lexer, struct token *token, int32_t close, bool verbatim,
                      const char *what)
{
        const char *start = lexer->text + lexer->at.offset;
        bool copied = false;
        size_t characters = 0;

        for (;; characters++) {
                struct text_place here = lexer->at;
                const char *from = lexer->text + here.offset;
                int32_t rune = take(lexer);

                if (rune == close && rune != RUNE_NONE) {
                        token->text = copied ? lexer->value.bytes : start;
                        token->size = copied ? lexer->value.size : (size_t)(from - start);
                        break;
                }
                if (rune == '\\' && !verbatim) {
                        if (!copied)
                                cop__buffer_add(&lexer->value, start, (size_t)(from - start));
                        copied = true;
                        rune = scan_escape(lexer, here);
                        if (rune != RUNE_NONE)
                                cop__buffer_add_rune(&lexer->value, (uint32_t)rune);
                } else if (copied && rune != RUNE_NONE) {
                        cop__buffer_add(&lexer->value, from,
                                        (size_t)(lexer->text + lexer->at.offset - from));
                }
                if (rune == RUNE_NONE) {
                        fail_no_rune(lexer, token->place, what);
                        return;
                }
        }
        if (token->kind == TOKEN_ATOM)
                check_atom_length(lexer, token, characters);
}

/* ---- triple-quoted strings ---- */

/* One line of a triple-quoted string in the source, its line end included. */
struct line {
        struct text_place place;
        size_t size;
};

/* Where the quotes that close it stand in this line, if only white space is before them. */
static bool find_close(const struct lexer *lexer, size_t quotes, size_t *indent)
{
        size_t at = lexer->at.offset;
        size_t count = 0;

        for (;;) {
                size_t bytes;
                int32_t rune = look_at(lexer, at, &bytes);

                if (rune == '\n' || !is_space(rune))
                        break;
                at += bytes;
        }
        *indent = at - lexer->at.offset;
        while (count < quotes && at + count < lexer->size && lexer->text[at + count] == '"')
                count++;
        return count == quotes;
}

/* The rest of the line, its end included. False at the end of the text and at bad bytes. */
static bool skip_line(struct lexer *lexer, struct token *token, bool white)
{
        for (;;) {
                struct text_place here = lexer->at;
                int32_t rune = take(lexer);

                if (rune == '\n')
                        return true;
                if (rune == RUNE_NONE) {
                        fail_no_rune(lexer, token->place, "this triple-quoted string");
                        return false;
                }
                if (white && !is_space(rune)) {
                        cop__lexer_fail(lexer, here,
                                        "expected a line end after the quotes that open a "
                                        "triple-quoted string");
                        return false;
                }
        }
}

/* Adds one line without its indentation; escapes are resolved unless verbatim. */
static void add_line(struct lexer *lexer, struct line line, const char *indent, size_t indented,
                     bool verbatim)
{
        const char *text = lexer->text + line.place.offset;
        struct lexer inner;

        if (line.size < indented || memcmp(text, indent, indented) != 0) {
                if (text[0] != '\n' && !(text[0] == '\r' && text[1] == '\n'))
                        cop__lexer_fail(lexer, line.place,
                                        "expected the indentation of the quotes that close this "
                                        "string");
                indented = 0;
        }
        if (verbatim || !memchr(text, '\\', line.size)) {
                cop__buffer_add(&lexer->value, text + indented, line.size - indented);
                return;
        }
        inner = *lexer;
        inner.at = line.place;
        inner.size = line.place.offset + line.size;
        advance_ascii(&inner, indented);
        while (!at_end(&inner) && !inner.failed) {
                struct text_place here = inner.at;
                int32_t rune = take(&inner);

                if (rune == '\\')
                        rune = scan_escape(&inner, here);
                if (rune != RUNE_NONE)
                        cop__buffer_add_rune(&inner.value, (uint32_t)rune);
        }
        lexer->value = inner.value;
        if (inner.failed)
                cop__lexer_fail(lexer, inner.error_place, "%s", inner.error);
}

/* Takes away the line end before the closing quotes, if there is a line. */
static void drop_last_line_end(struct buffer *value)
{
        if (value->failed || value->size == 0)
                return;
        value->size--;
        if (value->size > 0 && value->bytes[value->size - 1] == '\r')
                value->size--;
}

/*
 * Three quotes or more, and a line end. The lines up to one that begins, white space aside, with as
 * many quotes. That white space is what each line must begin with, and is taken away: so the lines
 * are walked twice, first to find the end.
 */
static void scan_triple(struct lexer *lexer, struct token *token, bool verbatim)
{
        size_t quotes = 0;
        size_t indented;
        const char *indent;
        struct text_place first;

        while (peek(lexer, quotes) == '"')
                quotes++;
        advance_ascii(lexer, quotes);
        if (!skip_line(lexer, token, true))
                return;
        first = lexer->at;
        while (!find_close(lexer, quotes, &indented))
                if (!skip_line(lexer, token, false))
                        return;
        indent = lexer->text + lexer->at.offset;
        for (struct line line = { .place = first }; line.place.offset < lexer->at.offset;
             line.place.line++) {
                const char *start = lexer->text + line.place.offset;

                line.size = (size_t)((const char *)memchr(start, '\n',
                                                          lexer->at.offset - line.place.offset) +
                                     1 - start);
                add_line(lexer, line, indent, indented, verbatim);
                line.place.offset += line.size;
        }
        drop_last_line_end(&lexer->value);
        for (const char *end = indent + indented; lexer->text + lexer->at.offset < end;)
                take(lexer);
        advance_ascii(lexer, quotes);
        token->text = lexer->value.bytes ? lexer->value.bytes : "";
        token->size = lexer->value.size;
}

static bool is_triple(const struct lexer *lexer)
{
        return peek(lexer, 0) == '"' && peek(lexer, 1) == '"' && peek(lexer, 2) == '"';
}

/* ~"...", ~b[...], ~S/.../ and so on: capitals and triple quotes take backslashes as they are. */
static void scan_sigil(struct lexer *lexer, struct token *token)
{
        static const char opening[] = "([{</|#`'\"";
        static const char closing[] = ")]}>/|#`'\"";
        char type;
        const char *found;

        advance_ascii(lexer, 1);
        type = peek(lexer, 0);
        if (type == 'b' || type == 'B' || type == 's' || type == 'S')
                advance_ascii(lexer, 1);
        else
                type = '~';
        token->kind = type == 's' || type == 'S' ? TOKEN_STRING : TOKEN_BINARY;
        if (is_triple(lexer)) {
                scan_triple(lexer, token, type != 'b' && type != 's');
                return;
        }
        found = peek(lexer, 0) ? strchr(opening, peek(lexer, 0)) : NULL;
        if (!found) {
                cop__lexer_fail(lexer, lexer->at, "expected a string after ~, ~b, ~B, ~s or ~S");
                return;
        }
        advance_ascii(lexer, 1);
        scan_text(lexer, token, closing[found - opening], type == 'B' || type == 'S',
                  "this string");
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
                rune = scan_escape(lexer, here);
        if (rune == RUNE_NONE) {
                if (at_end(lexer))
                        cop__lexer_fail(lexer, token->place, "expected a character after $");
                fail_no_rune(lexer, token->place, "");
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
        size_t left = lexer->size - lexer->at.offset;

        for (size_t i = 0; i < sizeof(punctuation) / sizeof(*punctuation); i++)
                if (punctuation[i].size <= left &&
                    memcmp(lexer->text + lexer->at.offset, punctuation[i].text,
                           punctuation[i].size) == 0) {
                        token->kind = punctuation[i].kind;
                        advance_ascii(lexer, punctuation[i].size);
                        return;
                }
        token->kind = TOKEN_POINT;
        if (peek(lexer, 0) == '.')
                advance_ascii(lexer, 1);
        else
                token->kind = TOKEN_ERROR;
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
                fail_no_rune(lexer, token->place, "");
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
                scan_text(lexer, token, '\'', false, "this quoted atom");
        } else if (rune == '"') {
                token->kind = TOKEN_STRING;
                if (is_triple(lexer)) {
                        scan_triple(lexer, token, true);
                } else {
                        advance_ascii(lexer, 1);
                        scan_text(lexer, token, '"', false, "this string");
                }
        } else if (rune == '$') {
                scan_char(lexer, token);
        } else if (rune == '~') {
                scan_sigil(lexer, token);
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
