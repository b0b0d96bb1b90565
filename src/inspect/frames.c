/*
 * frames.c: stacks of addresses as people and Erlang have them.
 *
 * Each address is looked up outside of all memory of the turn (debug.h) and its frames are then made
 * into terms: names of functions and modules become atoms, of which there are as many as the
 * program has functions.
 */
#include <coppice/inspect.h>

#include <stdio.h>
#include <string.h>

#include "inspect/debug.h"
#include "inspect/text.h"
#include "term/atom.h"
#include "term/bits.h"
#include "term/print.h"

enum { STACK_MOST = 256, TEXT_MOST = 64 * 1024 };

/* The name without its directories and ending. */
static cop_term module_of(const char *file)
{
        const char *slash = strrchr(file, '/');
        const char *name = slash ? slash + 1 : file;
        const char *dot = strchr(name, '.');
        size_t size = dot && dot != name ? (size_t)(dot - name) : strlen(name);

        return size ? cop_atom_of(name, size) : ATOM(undefined);
}

static cop_term pair(const char *key, cop_term value)
{
        cop_term elements[] = { cop_atom(key), value };

        return cop_tuple(2, elements);
}

static cop_term place_of(const struct frame *frame)
{
        cop_term place = cop_nil();

        if (frame->line > 0)
                place = cop_cons(pair("line", cop_int(frame->line)), place);
        if (frame->file[0])
                place = cop_cons(pair("file", cop_text(frame->file)), place);
        return place;
}

static cop_term function_of(const struct frame *frame, uintptr_t address)
{
        char text[FRAME_TEXT + 32];

        if (frame->function[0])
                return cop_atom(frame->function);
        if (frame->object[0])
                snprintf(text, sizeof(text), "%s+0x%llx", frame->object,
                         (unsigned long long)frame->offset);
        else
                snprintf(text, sizeof(text), "0x%llx", (unsigned long long)address);
        return cop_text(text);
}

static cop_term frame_term(const struct frame *frame, uintptr_t address)
{
        cop_term elements[] = {
                module_of(frame->file[0] ? frame->file : frame->object),
                function_of(frame, address),
                cop_int(0),
                place_of(frame),
        };

        return cop_tuple(4, elements);
}

/* Before `list`, whose order is the other way round. */
static cop_term add_address(cop_term list, uintptr_t address)
{
        struct frame frames[FRAMES_INLINED_MOST];
        size_t count = cop__debug_frames(address, frames, FRAMES_INLINED_MOST);

        for (size_t i = 0; i < count; i++)
                list = cop_cons(frame_term(&frames[i], address), list);
        return list;
}

/* Is it an address, and which? */
static bool is_address(cop_term term, uintptr_t *address)
{
        if (!cop_is_int(term) || cop_compare(term, cop_int(0)) < 0 ||
            cop_compare(term, cop_uint(UINTPTR_MAX)) > 0)
                return false;
        *address = cop_to_uint(term);
        return true;
}

cop_term cop_frames(cop_term stack)
{
        cop_term frames = cop_nil();
        uintptr_t address;
        size_t count = 0;

        for (; cop_is_list(stack) && !cop_is_nil(stack); stack = cop_tail(stack)) {
                cop_term frame = cop_head(stack);

                if (count++ == STACK_MOST)
                        break;
                frames = is_address(frame, &address) ? add_address(frames, address)
                                                     : cop_cons(frame, frames);
        }
        return cop_reverse(frames);
}

/* ---- as text ---- */

/* The value of a key in a list of pairs; none. */
static cop_term value_of(cop_term pairs, cop_term key)
{
        for (; cop_is_list(pairs) && !cop_is_nil(pairs); pairs = cop_tail(pairs)) {
                cop_term fact = cop_head(pairs);

                if (cop_is_tuple(fact) && cop_tuple_size(fact) == 2 &&
                    cop_equal(cop_element(fact, 0), key))
                        return cop_element(fact, 1);
        }
        return COP_NONE;
}

static bool is_characters(cop_term list)
{
        for (; tag_of(list) == TAG_PAIR; list = cop_tail(list))
                if (tag_of(cop_head(list)) != TAG_INT || small_value(cop_head(list)) <= 0 ||
                    small_value(cop_head(list)) > 0x10ffff)
                        return false;
        return cop_is_nil(list);
}

/* Names of people's things: without the quotes that terms have. */
static void add_name(struct buffer *text, cop_term name)
{
        const struct print_options options = { .form = PRINT_LINE };
        size_t bits;
        const uint8_t *bytes = cop_is_binary(name) ? cop__bits_look(name, &bits) : NULL;

        if (cop_is_atom(name))
                cop__buffer_add_text(text, cop_to_atom_text(name));
        else if (bytes)
                cop__buffer_add(text, bytes, bits / 8);
        else if (is_characters(name))
                COP_EACH (character, name)
                        cop__buffer_add_rune(text, (uint32_t)small_value(character));
        else
                cop__print(text, name, &options);
}

/* file:line: function, or library: function */
static void add_frame(struct buffer *text, cop_term frame)
{
        cop_term module = cop_element(frame, 0), function = cop_element(frame, 1);
        cop_term file = value_of(cop_element(frame, 3), ATOM(file));
        cop_term line = value_of(cop_element(frame, 3), ATOM(line));

        if (!cop_is_none(file)) {
                add_name(text, file);
                if (!cop_is_none(line)) {
                        cop__buffer_add_char(text, ':');
                        add_name(text, line);
                }
                cop__buffer_add_text(text, ": ");
        } else if (!cop_equal(module, ATOM(undefined)) && cop_is_atom(function)) {
                add_name(text, module);
                cop__buffer_add_text(text, ": ");
        }
        add_name(text, function);
}

/* What the macros put between the runtime and the program's functions. */
static bool is_glue(cop_term frame)
{
        cop_term function = cop_element(frame, 1);

        return cop_is_atom(function) && strncmp(cop_to_atom_text(function), "cop__", 5) == 0;
}

/* Nothing here ends the caller: the buffer is not the process's. */
static void add_frames(struct buffer *text, cop_term frames)
{
        for (; cop_is_list(frames) && !cop_is_nil(frames); frames = cop_tail(frames)) {
                cop_term frame = cop_head(frames);
                bool is_frame = cop_is_tuple(frame) && cop_tuple_size(frame) == 4;

                if (is_frame && is_glue(frame))
                        continue;
                cop__buffer_add_text(text, "    ");
                if (is_frame)
                        add_frame(text, frame);
                else
                        add_name(text, frame);
                cop__buffer_add_char(text, '\n');
        }
}

const char *cop_frames_text(cop_term stack)
{
        cop_term frames = cop_frames(stack);
        struct buffer text;

        cop__buffer_init(&text, TEXT_MOST);
        add_frames(&text, frames);
        return cop__text_of_turn(&text);
}
