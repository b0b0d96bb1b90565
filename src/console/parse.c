/*
 * parse.c: what was typed, as a tree.
 *
 * Erlang's terms with three things more: variables, calls, and `Pattern = Expression`. What has none
 * of them inside (a number, an atom, a binary) is found here and read by cop_try_read(), so that there
 * is one reader of terms. A word that is a helper may stand before its arguments without parentheses,
 * as in `i Pid`.
 */
#include "console/parse.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <coppice/match.h>
#include <coppice/text.h>

#include "console/helper.h"

enum { DEPTH_MOST = 64, WORDS_MOST = 1 << 20 };

struct reader {
        const char *start, *at, *end;
        unsigned depth;
        struct statement *statement;
};

/* ---- when it is wrong ---- */

static bool is_wrong(const struct reader *r)
{
        return r->statement->incomplete || r->statement->error[0];
}

__attribute__((format(printf, 2, 3))) static cop_term wrong(struct reader *r, const char *format,
                                                            ...)
{
        va_list arguments;

        if (!is_wrong(r)) {
                va_start(arguments, format);
                vsnprintf(r->statement->error, sizeof(r->statement->error), format, arguments);
                va_end(arguments);
        }
        r->at = r->end;
        return COP_NONE;
}

static cop_term ended(struct reader *r)
{
        if (!is_wrong(r))
                r->statement->incomplete = true;
        return COP_NONE;
}

static cop_term unexpected(struct reader *r, const char *expected)
{
        int size = 1;

        if (r->at == r->end)
                return ended(r);
        while (r->at + size < r->end && ((unsigned char)r->at[size] & 0xc0) == 0x80)
                size++;
        return wrong(r, "%.*s stands at column %zu, where %s was expected", size, r->at,
                     (size_t)(r->at - r->start) + 1, expected);
}

/* ---- words ---- */

static bool is_lower(char c)
{
        return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
        return (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
        return c >= '0' && c <= '9';
}

static bool is_word(char c)
{
        return is_lower(c) || is_upper(c) || is_digit(c) || c == '@';
}

static bool is_space(char c)
{
        return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void skip_space(struct reader *r)
{
        while (r->at < r->end) {
                if (*r->at == '%')
                        while (r->at < r->end && *r->at != '\n')
                                r->at++;
                else if (is_space(*r->at))
                        r->at++;
                else
                        return;
        }
}

/* Takes the character, if it is the next one. */
static bool take(struct reader *r, char c)
{
        skip_space(r);
        if (r->at == r->end || *r->at != c)
                return false;
        r->at++;
        return true;
}

static size_t word_size(const struct reader *r)
{
        size_t size = 0;

        while (r->at + size < r->end && is_word(r->at[size]))
                size++;
        return size;
}

/* ---- what has nothing inside ---- */

/* Reads size bytes from here as one term. */
static cop_term leaf(struct reader *r, size_t size)
{
        struct cop_read_result read =
                cop_try_read(r->at, size, .pids = true, .words_max = WORDS_MOST);

        if (cop_is_none(read.term))
                return read.incomplete ? ended(r) : wrong(r, "%s", read.error);
        r->at += size;
        return read.term;
}

/* How far a text in such quotes goes; 0: it does not end. */
static size_t quoted_size(const char *at, const char *end)
{
        const char *p;

        for (p = at + 1; p < end; p++) {
                if (*p == *at)
                        return (size_t)(p + 1 - at);
                if (*p == '\\')
                        p++;
        }
        return 0;
}

static cop_term quoted(struct reader *r)
{
        size_t size = quoted_size(r->at, r->end);

        return size ? leaf(r, size) : ended(r);
}

/* <<...>>, or <0.1.2>: up to what closes it. */
static cop_term angle(struct reader *r)
{
        bool is_binary = r->at + 1 < r->end && r->at[1] == '<';
        const char *p = r->at + 1 + is_binary;

        while (p < r->end) {
                if (*p == '"' || *p == '\'') {
                        size_t size = quoted_size(p, r->end);

                        if (size == 0)
                                return ended(r);
                        p += size;
                } else if (*p == '>' && (!is_binary || (p + 1 < r->end && p[1] == '>'))) {
                        return leaf(r, (size_t)(p + 1 + is_binary - r->at));
                } else {
                        p++;
                }
        }
        return ended(r);
}

static cop_term number(struct reader *r)
{
        const char *p = r->at;

        if (*p == '-' || *p == '+')
                p++;
        while (p < r->end) {
                bool is_point = *p == '.' && p + 1 < r->end && is_digit(p[1]);
                bool is_sign = (*p == '-' || *p == '+') && (p[-1] == 'e' || p[-1] == 'E') &&
                               p + 1 < r->end && is_digit(p[1]);

                if (!is_word(*p) && *p != '#' && !is_point && !is_sign)
                        break;
                p++;
        }
        return leaf(r, (size_t)(p - r->at));
}

/* $c, with escapes. */
static cop_term character(struct reader *r)
{
        const char *p = r->at + 1;

        if (p < r->end && *p == '\\')
                p++;
        if (p < r->end)
                p++;
        while (p < r->end && ((unsigned char)*p & 0xc0) == 0x80)
                p++;
        return leaf(r, (size_t)(p - r->at));
}

static cop_term value(cop_term term)
{
        return cop_is_none(term) ? term : cop_build("{value, T}", term);
}

/* ---- what has something inside ---- */

static cop_term expression(struct reader *r);

/* Expressions with commas between, up to the one that closes; *tail is what stands behind a bar. */
static cop_term several(struct reader *r, char close, cop_term *tail)
{
        cop_term list = cop_nil();

        if (take(r, close))
                return list;
        do {
                cop_term one = expression(r);

                if (cop_is_none(one))
                        return one;
                list = cop_cons(one, list);
        } while (take(r, ','));
        if (tail && take(r, '|')) {
                *tail = expression(r);
                if (cop_is_none(*tail))
                        return COP_NONE;
        }
        if (!take(r, close))
                return unexpected(r, close == ')'   ? "a comma or )"
                                     : close == '}' ? "a comma or }"
                                                    : "a comma or ]");
        return cop_reverse(list);
}

static cop_term tuple(struct reader *r)
{
        cop_term elements = several(r, '}', NULL);

        return cop_is_none(elements) ? elements : cop_build("{tuple, L}", elements);
}

static cop_term list(struct reader *r)
{
        cop_term tail = cop_build("{value, []}"), elements = several(r, ']', &tail);

        return cop_is_none(elements) ? elements : cop_build("{list, L, T}", elements, tail);
}

/* => or := */
static bool take_arrow(struct reader *r)
{
        skip_space(r);
        if (r->end - r->at < 2 || (memcmp(r->at, "=>", 2) != 0 && memcmp(r->at, ":=", 2) != 0))
                return false;
        r->at += 2;
        return true;
}

static cop_term map(struct reader *r)
{
        cop_term pairs = cop_nil();

        if (take(r, '}'))
                return cop_build("{map, []}");
        do {
                cop_term key = expression(r), to;

                if (cop_is_none(key))
                        return key;
                if (!take_arrow(r))
                        return unexpected(r, "=>");
                to = expression(r);
                if (cop_is_none(to))
                        return to;
                pairs = cop_cons(cop_build("{K, V}", key, to), pairs);
        } while (take(r, ','));
        if (!take(r, '}'))
                return unexpected(r, "a comma or }");
        return cop_build("{map, L}", cop_reverse(pairs));
}

static cop_term call(struct reader *r, cop_term name)
{
        cop_term arguments = several(r, ')', NULL);

        return cop_is_none(arguments) ? arguments : cop_build("{call, N, L}", name, arguments);
}

/* A word: a variable, or a call. */
static cop_term word(struct reader *r)
{
        size_t size = word_size(r);
        bool is_variable = is_upper(*r->at);
        cop_term name;

        if (size > 255)
                return wrong(r, "a word is longer than 255 characters");
        if (is_variable || (r->at + size < r->end && r->at[size] == '(')) {
                name = cop_atom_of(r->at, size);
                r->at += size;
                if (take(r, '('))
                        return call(r, name);
                return cop_build("{var, N}", name);
        }
        return value(leaf(r, size));
}

static cop_term pin(struct reader *r)
{
        cop_term name;
        size_t size;

        r->at++;
        size = word_size(r);
        if (size == 0 || size > 255 || !is_upper(*r->at))
                return unexpected(r, "a variable behind ^");
        name = cop_atom_of(r->at, size);
        r->at += size;
        return cop_build("{pin, N}", name);
}

static cop_term hash(struct reader *r)
{
        const char *p = r->at + 1;

        if (p < r->end && *p == '{') {
                r->at += 2;
                return map(r);
        }
        while (p < r->end && *p != '>')
                p++;
        return p < r->end ? value(leaf(r, (size_t)(p + 1 - r->at))) : ended(r);
}

static cop_term text(struct reader *r)
{
        cop_term characters = quoted(r);

        return cop_is_none(characters) ? characters : cop_build("{text, T}", characters);
}

static cop_term group(struct reader *r)
{
        cop_term inside = expression(r);

        if (!cop_is_none(inside) && !take(r, ')'))
                return unexpected(r, ")");
        return inside;
}

static bool is_number(const struct reader *r)
{
        char c = *r->at;

        return is_digit(c) || ((c == '-' || c == '+') && r->at + 1 < r->end && is_digit(r->at[1]));
}

static cop_term primary(struct reader *r)
{
        skip_space(r);
        if (r->at == r->end)
                return ended(r);
        if (is_lower(*r->at) || is_upper(*r->at))
                return word(r);
        if (is_number(r))
                return value(number(r));
        switch (*r->at) {
        case '"':
                return text(r);
        case '\'':
                return value(quoted(r));
        case '$':
                return value(character(r));
        case '<':
                return value(angle(r));
        case '#':
                return hash(r);
        case '^':
                return pin(r);
        case '{':
                r->at++;
                return tuple(r);
        case '[':
                r->at++;
                return list(r);
        case '(':
                r->at++;
                return group(r);
        default:
                return unexpected(r, "a term or a call");
        }
}

static cop_term expression(struct reader *r)
{
        cop_term left, right;

        if (++r->depth > DEPTH_MOST)
                return wrong(r, "it nests deeper than %d", DEPTH_MOST);
        left = primary(r);
        skip_space(r);
        if (!cop_is_none(left) && r->at < r->end && *r->at == '=' &&
            (r->at + 1 == r->end || (r->at[1] != '>' && r->at[1] != '='))) {
                r->at++;
                right = expression(r);
                left = cop_is_none(right) ? right : cop_build("{match, P, E}", left, right);
        }
        r->depth--;
        return left;
}

/* ---- helpers ---- */

/* A full stop or semicolon may stand at the end. */
static bool is_end(struct reader *r)
{
        skip_space(r);
        if (r->at < r->end && (*r->at == '.' || *r->at == ';')) {
                r->at++;
                skip_space(r);
        }
        return r->at == r->end;
}

/* `i Pid`: is it the word of a helper, and what follows no call and no match? */
static size_t helper_size(const struct reader *r)
{
        size_t size = is_lower(*r->at) ? word_size(r) : 0;
        const char *p = r->at + size;

        if (size == 0 || !cop__helper_find(r->at, size))
                return 0;
        while (p < r->end && is_space(*p))
                p++;
        if (p < r->end && strchr("(=,", *p))
                return 0;
        return size;
}

static cop_term helper(struct reader *r, size_t size)
{
        cop_term arguments = cop_nil(), name = cop_atom_of(r->at, size);

        r->at += size;
        while (!is_end(r)) {
                cop_term one = expression(r);

                if (cop_is_none(one))
                        return one;
                arguments = cop_cons(one, arguments);
                take(r, ',');
        }
        return cop_build("{call, N, L}", name, cop_reverse(arguments));
}

struct statement cop__console_parse(const char *typed, size_t size)
{
        struct statement statement = { .tree = COP_NONE };
        struct reader r = { typed, typed, typed + size, 0, &statement };
        size_t helped;

        if (is_end(&r))
                return statement;
        helped = helper_size(&r);
        statement.tree = helped ? helper(&r, helped) : expression(&r);
        if (!cop_is_none(statement.tree) && !is_end(&r)) {
                unexpected(&r, "the end");
                statement.tree = COP_NONE;
        }
        return statement;
}
