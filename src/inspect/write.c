/*
 * write.c: memory of a known type is made what a term says.
 *
 * The term is gone through twice: once to see that all of it fits, then to write, so that half a
 * change is never left behind. A part that says what is there already is not touched: so what was
 * shown can be given back whole, with the pointers and cut texts in it.
 */
#include <coppice/inspect.h>

#include <string.h>

#include "term/value.h"

enum { DEPTH_MOST = 12 };

struct change {
        bool is_trial;
        unsigned depth;
};

static bool put(struct change *change, const struct cop_type *type, char *at, cop_term shown);

/* ---- numbers ---- */

static bool fits(cop_term number, unsigned bits, bool is_signed, uint64_t *value)
{
        cop_term least, most;

        if (!cop_is_int(number))
                return false;
        if (is_signed) {
                most = cop_int((int64_t)(UINT64_MAX >> (65 - bits)));
                least = cop_int(-(int64_t)(UINT64_MAX >> (65 - bits)) - 1);
        } else {
                most = cop_uint(UINT64_MAX >> (64 - bits));
                least = cop_int(0);
        }
        if (cop_compare(number, least) < 0 || cop_compare(number, most) > 0)
                return false;
        *value = is_signed ? (uint64_t)cop_to_int(number) : cop_to_uint(number);
        return true;
}

static bool enum_value(const struct cop_type *type, cop_term shown, uint64_t *value)
{
        for (size_t i = 0; i < type->count; i++)
                if (cop_is(shown, type->enumerators[i].name)) {
                        *value = (uint64_t)type->enumerators[i].value;
                        return true;
                }
        return fits(shown, (unsigned)type->size * 8, cop_compare(shown, cop_int(0)) < 0, value);
}

static bool value_of(const struct cop_type *type, cop_term shown, unsigned bits, uint64_t *value)
{
        if (bits == 0 || bits > 64)
                return false;
        switch (type->kind) {
        case COP_TYPE_BOOL:
                if (!cop_is_bool(shown))
                        return false;
                *value = cop_to_bool(shown);
                return true;
        case COP_TYPE_ENUM:
                return enum_value(type, shown, value);
        case COP_TYPE_CHAR:
        case COP_TYPE_SIGNED:
                return fits(shown, bits, true, value);
        default:
                return fits(shown, bits, false, value);
        }
}

static void store(char *at, size_t size, uint64_t value)
{
        uint8_t one = (uint8_t)value;
        uint16_t two = (uint16_t)value;
        uint32_t four = (uint32_t)value;

        switch (size) {
        case 1:
                memcpy(at, &one, size);
                break;
        case 2:
                memcpy(at, &two, size);
                break;
        case 4:
                memcpy(at, &four, size);
                break;
        case 8:
                memcpy(at, &value, size);
                break;
        }
}

static bool put_number(struct change *change, const struct cop_type *type, char *at, cop_term shown)
{
        uint64_t value;

        if (!value_of(type, shown, (unsigned)type->size * 8, &value))
                return false;
        if (!change->is_trial)
                store(at, type->size, value);
        return true;
}

static bool put_float(struct change *change, const struct cop_type *type, char *at, cop_term shown)
{
        double number;
        float small;

        if (!cop_is_float(shown) || (type->size != sizeof(float) && type->size != sizeof(double)))
                return false;
        number = cop_to_float(shown);
        small = (float)number;
        if (!change->is_trial)
                memcpy(at, type->size == sizeof(float) ? (void *)&small : (void *)&number,
                       type->size);
        return true;
}

static bool put_bit_field(struct change *change, const struct cop_field *field, char *at,
                          cop_term shown)
{
        uint64_t value;

        if (!value_of(field->type, shown, field->bit_count, &value))
                return false;
        for (unsigned i = 0; i < field->bit_count && !change->is_trial; i++) {
                unsigned bit = field->first_bit + i;
                char mask = (char)(1 << bit % 8);

                at[bit / 8] = (char)(value >> i & 1 ? at[bit / 8] | mask : at[bit / 8] & ~mask);
        }
        return true;
}

/* ---- what consists of others ---- */

/* A text with its zero, or all the bytes. */
static bool put_bytes(struct change *change, const struct cop_type *type, bool is_text, char *at,
                      cop_term shown)
{
        size_t size;

        if (!cop_is_binary(shown))
                return false;
        size = cop_byte_size(shown);
        if (is_text ? size >= type->count : size != type->count)
                return false;
        if (!change->is_trial) {
                memcpy(at, cop_to_bytes(shown), size);
                memset(at + size, 0, type->count - size);
        }
        return true;
}

static bool put_array(struct change *change, const struct cop_type *type, char *at, cop_term shown)
{
        const struct cop_type *element = cop_type_target(type);
        size_t i = 0;

        if (!element || element->size == 0)
                return false;
        if (element->kind == COP_TYPE_CHAR ||
            (element->kind == COP_TYPE_UNSIGNED && element->size == 1))
                return put_bytes(change, type, element->kind == COP_TYPE_CHAR, at, shown);
        for (; cop_is_list(shown) && !cop_is_nil(shown); shown = cop_tail(shown), i++)
                if (i < type->count) {
                        if (!put(change, element, at + i * element->size, cop_head(shown)))
                                return false;
                } else if (!cop_is(cop_head(shown), "...")) {
                        return false;
                }
        return cop_is_nil(shown);
}

static const struct cop_field *find_field(const struct cop_type *type, cop_term name)
{
        for (size_t i = 0; i < type->count; i++)
                if (cop_is(name, type->fields[i].name))
                        return &type->fields[i];
        return NULL;
}

static bool put_field(struct change *change, const struct cop_type *type, char *at, cop_term pair)
{
        const struct cop_field *field;
        cop_term value;

        if (!cop_is_tuple(pair) || cop_tuple_size(pair) != 2)
                return false;
        field = find_field(type, cop_element(pair, 0));
        value = cop_element(pair, 1);
        if (!field)
                return false;
        return field->bit_count ? put_bit_field(change, field, at + field->offset, value)
                                : put(change, field->type, at + field->offset, value);
}

static bool put_struct(struct change *change, const struct cop_type *type, char *at, cop_term shown)
{
        cop_term fields;

        if (!cop_is_tuple(shown) || cop_tuple_size(shown) != 2 ||
            !cop_is(cop_element(shown, 0), type->name))
                return false;
        fields = cop_element(shown, 1);
        for (; cop_is_list(fields) && !cop_is_nil(fields); fields = cop_tail(fields))
                if (!put_field(change, type, at, cop_head(fields)))
                        return false;
        return cop_is_nil(fields);
}

static bool put_word(struct change *change, const struct cop_type *type, char *at, cop_term shown)
{
        if ((type->kind == COP_TYPE_PID && !cop_is_pid(shown)) ||
            (type->kind == COP_TYPE_REF && !cop_is_ref(shown)))
                return false;
        if (change->is_trial)
                return true;
        if (type->kind == COP_TYPE_TERM)
                cop_replace((cop_term *)at, shown);
        else
                store(at, sizeof(shown.word), shown.word);
        return true;
}

static bool put_kind(struct change *change, const struct cop_type *type, char *at, cop_term shown)
{
        switch (type->kind) {
        case COP_TYPE_BOOL:
        case COP_TYPE_CHAR:
        case COP_TYPE_SIGNED:
        case COP_TYPE_UNSIGNED:
        case COP_TYPE_ENUM:
                return put_number(change, type, at, shown);
        case COP_TYPE_FLOAT:
                return put_float(change, type, at, shown);
        case COP_TYPE_ARRAY:
                return put_array(change, type, at, shown);
        case COP_TYPE_STRUCT:
                return put_struct(change, type, at, shown);
        case COP_TYPE_TERM:
        case COP_TYPE_PID:
        case COP_TYPE_REF:
                return put_word(change, type, at, shown);
        default:
                return false;
        }
}

static bool put(struct change *change, const struct cop_type *type, char *at, cop_term shown)
{
        bool done;

        if (cop_equal(cop_type_show(type, at), shown))
                return true;
        if (change->depth == DEPTH_MOST)
                return false;
        change->depth++;
        done = put_kind(change, type, at, shown);
        change->depth--;
        return done;
}

bool cop_type_write(const struct cop_type *type, void *memory, cop_term shown)
{
        struct change trial = { .is_trial = true }, change = { .is_trial = false };

        return put(&trial, type, memory, shown) && put(&change, type, memory, shown);
}
