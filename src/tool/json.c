/*
 * json.c: down the text once. The nesting is limited, so that the C stack is enough for any input.
 */
#include "tool/json.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

enum { DEPTH_MOST = 100 };

struct reader {
        const char *at;
        int depth;
        bool failed;
};

static cop_term read_value(struct reader *r);

static cop_term fail(struct reader *r)
{
        r->failed = true;
        return COP_NONE;
}

/* Takes the character, if it is what comes next. */
static bool take(struct reader *r, char c)
{
        r->at += strspn(r->at, " \t\r\n");
        if (*r->at != c)
                return false;
        r->at++;
        return true;
}

static bool take_word(struct reader *r, const char *word)
{
        if (strncmp(r->at, word, strlen(word)) != 0)
                return false;
        r->at += strlen(word);
        return true;
}

static uint32_t read_hex(struct reader *r)
{
        uint32_t value = 0;
        int i;

        for (i = 0; i < 4; i++) {
                const char *digits = "0123456789abcdef";
                const char *hit = *r->at ? strchr(digits, *r->at | 0x20) : NULL;

                if (!hit) {
                        r->failed = true;
                        return 0;
                }
                value = value << 4 | (uint32_t)(hit - digits);
                r->at++;
        }
        return value;
}

/* What stands behind a backslash. */
static void read_escape(struct reader *r, struct buffer *text)
{
        static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";
        const char *hit = *r->at ? strchr(names, *r->at) : NULL;
        uint32_t rune;

        if (hit) {
                r->at++;
                cop__buffer_add_char(text, meanings[hit - names]);
        } else if (take_word(r, "u")) {
                rune = read_hex(r);
                if (rune >= 0xd800 && rune < 0xdc00 && take_word(r, "\\u"))
                        rune = 0x10000 + ((rune - 0xd800) << 10) + ((read_hex(r) - 0xdc00) & 0x3ff);
                cop__buffer_add_rune(text, rune);
                r->failed |= rune == 0;
        } else {
                r->failed = true;
        }
}

static cop_term read_text(struct reader *r)
{
        struct buffer text;
        cop_term made;

        cop__buffer_init(&text, SIZE_MAX / 2);
        while (!r->failed && *r->at && *r->at != '"') {
                if (*r->at == '\\') {
                        r->at++;
                        read_escape(r, &text);
                } else {
                        cop__buffer_add_char(&text, *r->at++);
                }
        }
        if (!take(r, '"') || text.failed)
                r->failed = true;
        made = r->failed ? COP_NONE : cop_binary(text.bytes, text.size);
        cop__buffer_release(&text);
        return made;
}

static cop_term read_array(struct reader *r)
{
        cop_term list = cop_nil();

        if (take(r, ']'))
                return list;
        do {
                cop_term element = read_value(r);

                if (r->failed)
                        return COP_NONE;
                list = cop_cons(element, list);
        } while (take(r, ','));
        return take(r, ']') ? cop_reverse(list) : fail(r);
}

static cop_term read_object(struct reader *r)
{
        cop_term map = cop_map(0, NULL, NULL);

        if (take(r, '}'))
                return map;
        do {
                cop_term key, value;

                if (!take(r, '"'))
                        return fail(r);
                key = read_text(r);
                if (r->failed || !take(r, ':'))
                        return fail(r);
                value = read_value(r);
                if (r->failed)
                        return COP_NONE;
                map = cop_map_put(map, key, value);
        } while (take(r, ','));
        return take(r, '}') ? map : fail(r);
}

static cop_term read_number(struct reader *r)
{
        char *end;
        size_t size = strspn(r->at, "+-.0123456789eE");
        long long number = strtoll(r->at, &end, 10);
        double value;

        if (size == 0 || end == r->at)
                return fail(r);
        if (end == r->at + size) {
                r->at = end;
                return cop_int(number);
        }
        value = strtod(r->at, &end);
        r->at = end;
        return isfinite(value) ? cop_float(value) : fail(r);
}

static cop_term read_value(struct reader *r)
{
        cop_term value;

        if (++r->depth > DEPTH_MOST)
                return fail(r);
        if (take(r, '['))
                value = read_array(r);
        else if (take(r, '{'))
                value = read_object(r);
        else if (take(r, '"'))
                value = read_text(r);
        else if (take_word(r, "true"))
                value = cop_bool(true);
        else if (take_word(r, "false"))
                value = cop_bool(false);
        else if (take_word(r, "null"))
                value = cop_atom("null");
        else
                value = read_number(r);
        r->depth--;
        return value;
}

cop_term json_read(const char *text)
{
        struct reader reader = { .at = text };
        cop_term value = read_value(&reader);

        reader.at += strspn(reader.at, " \t\r\n");
        return reader.failed || *reader.at ? COP_NONE : value;
}

cop_term json_get(cop_term object, const char *key)
{
        if (cop_is_none(object) || !cop_is_map(object))
                return COP_NONE;
        return cop_map_get(object, cop_text(key), COP_NONE);
}

const char *json_text(cop_term object, const char *key)
{
        cop_term value = json_get(object, key);

        return !cop_is_none(value) && cop_is_binary(value) ? cop_to_cstring(value) : NULL;
}

cop_term json_list(cop_term object, const char *key)
{
        cop_term value = json_get(object, key);

        return !cop_is_none(value) && cop_is_list(value) ? value : cop_nil();
}
