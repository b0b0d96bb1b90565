/*
 * lexer_text.c: what stands in quotes.
 *
 * A text is the source itself as long as no escape occurs; from the first one on it is put together
 * in the lexer's `value`. A triple-quoted string is always put together: its lines are walked twice,
 * because only its last one says how far they are indented.
 */
#include <string.h>

#include "term/lexer_scan.h"

enum {
        DELETE = 0x7f,     /* \^? */
        CONTROL_BITS = 31, /* \^a, \^A and \^! are one and the same */
};

/* ---- characters by number ---- */

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

int32_t cop__lexer_escape(struct lexer *lexer, struct text_place start)
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
                cop__lexer_fail_here(lexer, start, "what begins with this backslash");
                return RUNE_NONE;
        case 'x':
                return scan_hex_escape(lexer, start);
        case '^':
                rune = take(lexer);
                if (rune == '?')
                        return DELETE;
                if (rune == RUNE_NONE)
                        cop__lexer_fail_here(lexer, start, "what begins with this backslash");
                return rune == RUNE_NONE ? RUNE_NONE : rune & CONTROL_BITS;
        default:
                found = rune && rune < 128 ? strchr(from, (int)rune) : NULL;
                return found ? to[found - from] : rune;
        }
}

void cop__lexer_text(struct lexer *lexer, struct token *token, int32_t close, bool verbatim,
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
                        rune = cop__lexer_escape(lexer, here);
                        if (rune != RUNE_NONE)
                                cop__buffer_add_rune(&lexer->value, (uint32_t)rune);
                } else if (copied && rune != RUNE_NONE) {
                        cop__buffer_add(&lexer->value, from,
                                        (size_t)(lexer->text + lexer->at.offset - from));
                }
                if (rune == RUNE_NONE) {
                        cop__lexer_fail_here(lexer, token->place, what);
                        return;
                }
        }
        if (token->kind == TOKEN_ATOM)
                cop__lexer_check_atom(lexer, token, characters);
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
                        cop__lexer_fail_here(lexer, token->place, "this triple-quoted string");
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
                        rune = cop__lexer_escape(&inner, here);
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
void cop__lexer_triple(struct lexer *lexer, struct token *token, bool verbatim)
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

/* ~"...", ~b[...], ~S/.../ and so on: capitals and triple quotes take backslashes as they are. */
void cop__lexer_sigil(struct lexer *lexer, struct token *token)
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
                cop__lexer_triple(lexer, token, type != 'b' && type != 's');
                return;
        }
        found = peek(lexer, 0) ? strchr(opening, peek(lexer, 0)) : NULL;
        if (!found) {
                cop__lexer_fail(lexer, lexer->at, "expected a string after ~, ~b, ~B, ~s or ~S");
                return;
        }
        advance_ascii(lexer, 1);
        cop__lexer_text(lexer, token, closing[found - opening], type == 'B' || type == 'S',
                        "this string");
}
