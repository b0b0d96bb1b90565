/*
 * value.c: compares and prints the two sides of an assertion.
 *
 * An assertion often goes wrong because of what cannot be seen: so texts are printed quoted, with
 * everything escaped that is not a plain character, and integers in hexadecimal as well.
 */
#include "test/value.h"

#include <coppice/text.h>
#include <stdio.h>
#include <string.h>

static bool is_integer(struct cop__test_value v)
{
        return v.kind == COP__TEST_INT || v.kind == COP__TEST_UINT || v.kind == COP__TEST_BOOL;
}

static bool is_negative(struct cop__test_value v)
{
        return v.kind == COP__TEST_INT && v.as.i < 0;
}

/* What it is worth as bits; of a negative one the two's complement. */
static unsigned long long worth(struct cop__test_value v)
{
        if (v.kind == COP__TEST_BOOL)
                return v.as.b;
        return v.kind == COP__TEST_INT ? (unsigned long long)v.as.i : v.as.u;
}

static double as_double(struct cop__test_value v)
{
        if (v.kind == COP__TEST_DOUBLE)
                return v.as.d;
        return is_negative(v) ? (double)v.as.i : (double)worth(v);
}

static bool is_number(struct cop__test_value v)
{
        return is_integer(v) || v.kind == COP__TEST_DOUBLE;
}

/* A text and a pointer are compared as addresses; so is a pointer with the integer 0, or NULL. */
static const void *address(struct cop__test_value v)
{
        if (v.kind == COP__TEST_POINTER)
                return v.as.pointer;
        if (v.kind == COP__TEST_TEXT)
                return v.as.text;
        return (const void *)(uintptr_t)worth(v);
}

static bool is_none(cop_term term)
{
        return term.word == COP_NONE.word;
}

static bool is_same_term(cop_term a, cop_term b)
{
        if (is_none(a) || is_none(b))
                return is_none(a) && is_none(b);
        return cop_equal(a, b);
}

bool cop__test_value_is_equal(struct cop__test_value a, struct cop__test_value b)
{
        if (a.kind == COP__TEST_TERM && b.kind == COP__TEST_TERM)
                return is_same_term(a.as.term, b.as.term);
        if (a.kind == COP__TEST_TERM || b.kind == COP__TEST_TERM)
                return false;
        if (is_integer(a) && is_integer(b))
                return is_negative(a) == is_negative(b) && worth(a) == worth(b);
        if (is_number(a) && is_number(b))
                return as_double(a) == as_double(b);
        if (a.kind == COP__TEST_TEXT && b.kind == COP__TEST_TEXT && a.as.text && b.as.text)
                return strcmp(a.as.text, b.as.text) == 0;
        if (a.kind == COP__TEST_DOUBLE || b.kind == COP__TEST_DOUBLE)
                return false;
        return address(a) == address(b);
}

static size_t print_char(unsigned char c, char *text)
{
        if (c == '"' || c == '\\')
                return (size_t)sprintf(text, "\\%c", c);
        if (c == '\n')
                return (size_t)sprintf(text, "\\n");
        if (c < 0x20 || c == 0x7f)
                return (size_t)sprintf(text, "\\x%02x", c);
        *text = (char)c;
        return 1;
}

static void print_text(const char *from, char *text, size_t size)
{
        static const char cut[] = "\"...";
        size_t at = 0;

        if (!from) {
                snprintf(text, size, "NULL");
                return;
        }
        text[at++] = '"';
        while (*from && at + 4 + sizeof(cut) < size)
                at += print_char((unsigned char)*from++, text + at);
        strcpy(text + at, *from ? cut : "\"");
}

void cop__test_value_print(struct cop__test_value value, char *text, size_t size)
{
        switch (value.kind) {
        case COP__TEST_INT:
                if (value.as.i >= -9 && value.as.i <= 9)
                        snprintf(text, size, "%lld", value.as.i);
                else
                        snprintf(text, size, "%lld (0x%llx)", value.as.i, value.as.u);
                break;
        case COP__TEST_UINT:
                if (value.as.u <= 9)
                        snprintf(text, size, "%llu", value.as.u);
                else
                        snprintf(text, size, "%llu (0x%llx)", value.as.u, value.as.u);
                break;
        case COP__TEST_DOUBLE:
                snprintf(text, size, "%.17g (%a)", value.as.d, value.as.d);
                break;
        case COP__TEST_BOOL:
                snprintf(text, size, "%s", value.as.b ? "true" : "false");
                break;
        case COP__TEST_TEXT:
                print_text(value.as.text, text, size);
                break;
        case COP__TEST_POINTER:
                snprintf(text, size, "%p", value.as.pointer);
                break;
        case COP__TEST_TERM:
                snprintf(text, size, "%s",
                         is_none(value.as.term) ? "COP_NONE" : cop_show(value.as.term));
                break;
        }
}

size_t cop__test_text_differs_at(const char *a, const char *b)
{
        size_t at = 0;

        while (a[at] && a[at] == b[at])
                at++;
        return at;
}
