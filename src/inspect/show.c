/*
 * show.c: memory of a known type as a term.
 *
 * Bytes are copied through the kernel (memory.c) before anything is made of them, so a pointer may
 * be wild and the struct may be broken. Depth, the number of parts and the length of texts have
 * limits: what is shown is for people.
 */
#include <coppice/inspect.h>

#include <math.h>
#include <string.h>

#include "inspect/debug.h"
#include "inspect/memory.h"
#include "inspect/words.h"

enum {
        DEPTH_MOST = 12,
        POINTERS_MOST = 3, /* one behind the other */
        PARTS_MOST = 2000,
        ELEMENTS_MOST = 64,
        TEXT_MOST = 512,
};

struct look {
        struct window window;
        size_t left;
        unsigned depth, pointers;
};

static cop_term show(struct look *look, const struct cop_type *type, uintptr_t at);

static cop_term unreadable(void)
{
        return cop_atom("unreadable");
}

static cop_term too_much(void)
{
        return cop_atom("...");
}

static bool read(struct look *look, uintptr_t from, void *to, size_t size)
{
        return cop__memory_read(&look->window, from, to, size);
}

/* ---- numbers ---- */

static int64_t extended(uint64_t value, unsigned bits)
{
        return bits < 64 ? (int64_t)(value << (64 - bits)) >> (64 - bits) : (int64_t)value;
}

static cop_term show_enum(const struct cop_type *type, int64_t value)
{
        for (size_t i = 0; i < type->count; i++)
                if (type->enumerators[i].value == value)
                        return cop_atom(type->enumerators[i].name);
        return cop_int(value);
}

/* A number of so many bits. */
static cop_term show_bits(const struct cop_type *type, uint64_t value, unsigned bits)
{
        switch (type->kind) {
        case COP_TYPE_BOOL:
                return value > 1 ? cop_uint(value) : cop_bool(value != 0);
        case COP_TYPE_ENUM:
                for (size_t i = 0; i < type->count; i++)
                        if (type->enumerators[i].value < 0)
                                return show_enum(type, extended(value, bits));
                return show_enum(type, (int64_t)value);
        case COP_TYPE_CHAR:
        case COP_TYPE_SIGNED:
                return cop_int(extended(value, bits));
        default:
                return cop_uint(value);
        }
}

static cop_term show_number(struct look *look, const struct cop_type *type, uintptr_t at)
{
        union {
                uint8_t one;
                uint16_t two;
                uint32_t four;
                uint64_t eight;
        } value;

        if (type->size > sizeof(value) || !read(look, at, &value, type->size))
                return unreadable();
        switch (type->size) {
        case 1:
                return show_bits(type, value.one, 8);
        case 2:
                return show_bits(type, value.two, 16);
        case 4:
                return show_bits(type, value.four, 32);
        case 8:
                return show_bits(type, value.eight, 64);
        default:
                return unreadable();
        }
}

static cop_term show_float(struct look *look, const struct cop_type *type, uintptr_t at)
{
        union {
                float small;
                double usual;
                long double large;
        } value;
        double number;

        if (type->size > sizeof(value) || !read(look, at, &value, type->size))
                return unreadable();
        if (type->size == sizeof(float))
                number = (double)value.small;
        else if (type->size == sizeof(double))
                number = value.usual;
        else
                number = (double)value.large;
        if (isnan(number))
                return cop_atom("nan");
        if (isinf(number))
                return cop_atom(number > 0 ? "infinity" : "-infinity");
        return cop_float(number);
}

static cop_term show_bit_field(struct look *look, const struct cop_field *field, uintptr_t at)
{
        uint8_t bytes[9] = { 0 };
        unsigned bits = field->bit_count;
        uint64_t value;

        if (!read(look, at, bytes, (field->first_bit + bits + 7) / 8))
                return unreadable();
        memcpy(&value, bytes, sizeof(value));
        value >>= field->first_bit;
        if (field->first_bit)
                value |= (uint64_t)bytes[8] << (64 - field->first_bit);
        if (bits < 64)
                value &= ((uint64_t)1 << bits) - 1;
        return show_bits(field->type, value, bits);
}

/* ---- texts and bytes ---- */

/* Up to most bytes, or the first zero. Returns how many; SIZE_MAX: not even the first. */
static size_t read_text(struct look *look, uintptr_t at, char *text, size_t most)
{
        size_t size = 0;

        while (size < most && read(look, at + size, &text[size], 1) && text[size])
                size++;
        return size == 0 && most > 0 && !read(look, at, text, 1) ? SIZE_MAX : size;
}

static cop_term show_text(struct look *look, uintptr_t at, size_t most)
{
        char text[TEXT_MOST];
        size_t size = read_text(look, at, text, most < TEXT_MOST ? most : TEXT_MOST);

        return size == SIZE_MAX ? unreadable() : cop_binary(text, size);
}

static cop_term show_bytes(struct look *look, uintptr_t at, size_t size)
{
        uint8_t bytes[TEXT_MOST];

        if (size > TEXT_MOST)
                size = TEXT_MOST;
        return read(look, at, bytes, size) ? cop_binary(bytes, size) : unreadable();
}

/* ---- what consists of others ---- */

static cop_term pair_of(const char *name, cop_term value)
{
        cop_term pair[] = { cop_atom(name), value };

        return cop_tuple(2, pair);
}

static cop_term show_field(struct look *look, const struct cop_field *field, uintptr_t at)
{
        at += field->offset;
        return field->bit_count ? show_bit_field(look, field, at) : show(look, field->type, at);
}

/* Of more fields than there is room for, the rest is left out. */
static cop_term show_struct(struct look *look, const struct cop_type *type, uintptr_t at)
{
        cop_term list = cop_nil();

        if (type->size == 0 && type->count == 0)
                return too_much();
        for (size_t i = 0; i < type->count && look->left > 0; i++)
                list = cop_cons(
                        pair_of(type->fields[i].name, show_field(look, &type->fields[i], at)),
                        list);
        return pair_of(type->name, cop_reverse(list));
}

static cop_term show_array(struct look *look, const struct cop_type *type, uintptr_t at)
{
        const struct cop_type *element = cop_type_target(type);
        cop_term list = cop_nil();
        size_t i;

        if (!element || element->size == 0)
                return too_much();
        if (element->kind == COP_TYPE_CHAR)
                return show_text(look, at, type->count);
        if (element->kind == COP_TYPE_UNSIGNED && element->size == 1)
                return show_bytes(look, at, type->count);
        for (i = 0; i < type->count && i < ELEMENTS_MOST && look->left > 0; i++)
                list = cop_cons(show(look, element, at + i * element->size), list);
        if (i < type->count)
                list = cop_cons(too_much(), list);
        return cop_reverse(list);
}

static cop_term show_function(uintptr_t at)
{
        struct frame frames[FRAMES_INLINED_MOST];
        size_t count = cop__debug_frames(at, frames, FRAMES_INLINED_MOST);
        const char *name = frames[count - 1].function;

        return name[0] ? cop_atom(name) : too_much();
}

/* Is there something behind it that is worth a look? */
static bool may_follow(const struct look *look, const struct cop_type *target)
{
        return target && look->pointers < POINTERS_MOST && target->kind != COP_TYPE_VOID &&
               target->kind != COP_TYPE_UNKNOWN && (target->size || target->count);
}

static cop_term show_pointer(struct look *look, const struct cop_type *type, uintptr_t at)
{
        const struct cop_type *target = cop_type_target(type);
        cop_term elements[3] = { cop_atom("pointer"), COP_NONE, COP_NONE };
        uintptr_t to;

        if (!read(look, at, &to, sizeof(to)))
                return unreadable();
        if (to == 0)
                return cop_atom("NULL");
        if (target && target->kind == COP_TYPE_CHAR) {
                cop_term text = show_text(look, to, TEXT_MOST);

                if (cop_is_binary(text))
                        return text;
        }
        elements[1] = cop_uint(to);
        if (target && target->kind == COP_TYPE_FUNCTION) {
                elements[2] = show_function(to);
        } else if (may_follow(look, target)) {
                look->pointers++;
                elements[2] = show(look, target, to);
                look->pointers--;
        }
        return cop_tuple(cop_is_none(elements[2]) ? 2 : 3, elements);
}

static cop_term show_word(struct look *look, uintptr_t at)
{
        uint64_t word;

        if (!read(look, at, &word, sizeof(word)))
                return unreadable();
        return cop__word_show(&look->window, word, &look->left, look->depth);
}

static cop_term show_kind(struct look *look, const struct cop_type *type, uintptr_t at)
{
        switch (type->kind) {
        case COP_TYPE_BOOL:
        case COP_TYPE_CHAR:
        case COP_TYPE_SIGNED:
        case COP_TYPE_UNSIGNED:
        case COP_TYPE_ENUM:
                return show_number(look, type, at);
        case COP_TYPE_FLOAT:
                return show_float(look, type, at);
        case COP_TYPE_POINTER:
                return show_pointer(look, type, at);
        case COP_TYPE_ARRAY:
                return show_array(look, type, at);
        case COP_TYPE_STRUCT:
        case COP_TYPE_UNION:
                return show_struct(look, type, at);
        case COP_TYPE_TERM:
        case COP_TYPE_PID:
        case COP_TYPE_REF:
                return show_word(look, at);
        case COP_TYPE_FUNCTION:
                return show_function(at);
        case COP_TYPE_VOID:
                return too_much();
        case COP_TYPE_UNKNOWN:
                break;
        }
        return show_bytes(look, at, type->size);
}

static cop_term show(struct look *look, const struct cop_type *type, uintptr_t at)
{
        cop_term shown;

        if (look->left == 0 || look->depth == DEPTH_MOST)
                return too_much();
        look->left--;
        look->depth++;
        shown = show_kind(look, type, at);
        look->depth--;
        return shown;
}

cop_term cop_type_show(const struct cop_type *type, const void *memory)
{
        struct look look = { .left = PARTS_MOST };

        return show(&look, type, (uintptr_t)memory);
}
