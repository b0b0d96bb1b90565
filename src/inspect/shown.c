/*
 * shown.c: what was shown of memory, as C would have it, and what is done with it.
 */
#include <coppice/inspect.h>

#include <string.h>

#include "inspect/text.h"
#include "term/print.h"
#include "term/value.h"

enum { TEXT_MOST = 256 * 1024, DEPTH_MOST = 64 };

static bool is_pair(cop_term term)
{
        return cop_is_tuple(term) && cop_tuple_size(term) == 2;
}

/* {Type, [{Field, Value}, ...]} */
static bool is_struct(cop_term term)
{
        cop_term fields;

        if (!is_pair(term) || !cop_is_atom(cop_element(term, 0)))
                return false;
        fields = cop_element(term, 1);
        for (; cop_is_list(fields) && !cop_is_nil(fields); fields = cop_tail(fields))
                if (!is_pair(cop_head(fields)) || !cop_is_atom(cop_element(cop_head(fields), 0)))
                        return false;
        return cop_is_nil(fields);
}

static bool is_pointer(cop_term term)
{
        return cop_is_tuple(term) && cop_tuple_size(term) >= 2 && cop_tuple_size(term) <= 3 &&
               cop_is(cop_element(term, 0), "pointer") && cop_is_int(cop_element(term, 1));
}

/* Nothing from here on ends the caller: the buffer is not the process's. */
static void add(struct buffer *text, cop_term term, unsigned depth);

static void add_struct(struct buffer *text, cop_term shown, unsigned depth)
{
        const char *between = "";

        cop__buffer_add_text(text, cop_to_atom_text(cop_element(shown, 0)));
        cop__buffer_add_char(text, '{');
        COP_EACH (field, cop_element(shown, 1)) {
                cop__buffer_add_text(text, between);
                if (!cop_is(cop_element(field, 0), "")) {
                        cop__buffer_add_text(text, cop_to_atom_text(cop_element(field, 0)));
                        cop__buffer_add_text(text, " = ");
                }
                add(text, cop_element(field, 1), depth + 1);
                between = ", ";
        }
        cop__buffer_add_char(text, '}');
}

static void add_pointer(struct buffer *text, cop_term pointer, unsigned depth)
{
        cop__buffer_format(text, "0x%llx",
                           (unsigned long long)cop_to_uint(cop_element(pointer, 1)));
        if (cop_tuple_size(pointer) == 3) {
                cop__buffer_add_text(text, " -> ");
                add(text, cop_element(pointer, 2), depth + 1);
        }
}

/* Of a proper list. */
static bool has_struct(cop_term list)
{
        for (; cop_is_list(list) && !cop_is_nil(list); list = cop_tail(list))
                if (is_struct(cop_head(list)) || is_pointer(cop_head(list)))
                        return true;
        return false;
}

static void add_list(struct buffer *text, cop_term list, unsigned depth)
{
        const char *between = "";

        cop__buffer_add_char(text, '[');
        for (; cop_is_list(list) && !cop_is_nil(list); list = cop_tail(list)) {
                cop__buffer_add_text(text, between);
                add(text, cop_head(list), depth + 1);
                between = ", ";
        }
        cop__buffer_add_char(text, ']');
}

static void add(struct buffer *text, cop_term term, unsigned depth)
{
        const struct print_options options = { .form = PRINT_LINE };

        if (depth > DEPTH_MOST || cop_is(term, "..."))
                cop__buffer_add_text(text, "...");
        else if (cop_is(term, "NULL"))
                cop__buffer_add_text(text, "NULL");
        else if (is_struct(term))
                add_struct(text, term, depth);
        else if (is_pointer(term))
                add_pointer(text, term, depth);
        else if (cop_is_list(term) && has_struct(term))
                add_list(text, term, depth);
        else
                cop__print(text, term, &options);
}

const char *cop_shown_text(cop_term shown)
{
        struct buffer text;

        cop__buffer_init(&text, TEXT_MOST);
        add(&text, shown, 0);
        return cop__text_of_turn(&text);
}

cop_term cop_shown_put(cop_term shown, const char *field, cop_term value)
{
        cop_term fields = cop_nil();
        cop_term elements[2];

        if (!is_struct(shown))
                return shown;
        COP_EACH (pair, cop_element(shown, 1)) {
                elements[0] = cop_element(pair, 0);
                elements[1] = value;
                fields = cop_cons(cop_is(elements[0], field) ? cop_tuple(2, elements) : pair,
                                  fields);
        }
        elements[0] = cop_element(shown, 0);
        elements[1] = cop_reverse(fields);
        return cop_tuple(2, elements);
}
