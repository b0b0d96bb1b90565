/*
 * foreign.c: calls a function of the program, by libffi, as its debug information describes it.
 *
 * Each argument becomes bytes as the parameter's type has them, in memory of the worker, which stays
 * until the worker ends: a function may keep a pointer that it was given. libffi has no state and takes
 * no locks, so a function that was called through it may be left at any point, as if we had called it.
 */
#include "console/worker.h"

#include <ffi.h>
#include <string.h>

#include <coppice/containment.h>
#include <coppice/memory.h>
#include <coppice/text.h>

#include "console/evaluator.h"

enum { FIELDS_MOST = 64 };

/* ---- types ---- */

static ffi_type *type_of(const struct cop_type *type);

static ffi_type *number_type(const struct cop_type *type)
{
        static ffi_type *const signed_types[] = { &ffi_type_sint8, &ffi_type_sint16,
                                                  &ffi_type_sint32, &ffi_type_sint64 };
        static ffi_type *const unsigned_types[] = { &ffi_type_uint8, &ffi_type_uint16,
                                                    &ffi_type_uint32, &ffi_type_uint64 };
        bool is_signed = type->kind == COP_TYPE_SIGNED || type->kind == COP_TYPE_CHAR;

        for (int i = 0; i < 4; i++)
                if (type->size == (size_t)1 << i)
                        return is_signed ? signed_types[i] : unsigned_types[i];
        return NULL;
}

/* Adds what the field or element consists of. */
static bool add_type(ffi_type **elements, size_t *count, const struct cop_type *type)
{
        size_t times = 1;

        if (type->kind == COP_TYPE_ARRAY) {
                times = type->count;
                type = cop_type_target(type);
        }
        for (; times > 0; times--) {
                if (!type || *count == FIELDS_MOST)
                        return false;
                elements[*count] = type_of(type);
                if (!elements[(*count)++])
                        return false;
        }
        return true;
}

static ffi_type *struct_type(const struct cop_type *type)
{
        ffi_type *made = cop_alloc(sizeof(*made));
        size_t count = 0;

        made->type = FFI_TYPE_STRUCT;
        made->elements = cop_alloc((FIELDS_MOST + 1) * sizeof(*made->elements));
        for (size_t i = 0; i < type->count; i++)
                if (type->fields[i].bit_count > 0 ||
                    !add_type(made->elements, &count, type->fields[i].type))
                        return NULL;
        return made;
}

/* NULL: values of this type cannot be handed over. */
static ffi_type *type_of(const struct cop_type *type)
{
        switch (type->kind) {
        case COP_TYPE_VOID:
                return &ffi_type_void;
        case COP_TYPE_FLOAT:
                return type->size == sizeof(float)    ? &ffi_type_float
                       : type->size == sizeof(double) ? &ffi_type_double
                                                      : NULL;
        case COP_TYPE_POINTER:
                return &ffi_type_pointer;
        case COP_TYPE_TERM:
        case COP_TYPE_PID:
        case COP_TYPE_REF:
                return &ffi_type_uint64; /* a struct of one word is passed as the word */
        case COP_TYPE_STRUCT:
                return struct_type(type);
        case COP_TYPE_UNKNOWN:
        case COP_TYPE_ARRAY:
        case COP_TYPE_UNION:
        case COP_TYPE_FUNCTION:
                return NULL;
        default:
                return number_type(type);
        }
}

/* ---- arguments ---- */

static COP_NORETURN void refuse(const struct console_call *call, size_t index, const char *type)
{
        cop__refuse("argument %zu of %s is to be %s, and %s is none", index + 1, call->name, type,
                    cop_show_as(call->arguments[index], .bytes_max = 200));
}

static size_t size_of_target(const struct cop_type *target)
{
        return target && (target->kind == COP_TYPE_STRUCT || target->kind == COP_TYPE_UNION)
                       ? target->size
                       : 0;
}

/* What cop_type_show() made, or #{field => Value}, as it is written. */
static cop_term as_shown(const struct cop_type *type, cop_term term)
{
        cop_term fields = cop_nil(), shown;

        if (cop_match(term, "{_, Fields}", &shown) && cop_is_list(shown))
                return cop_build("{N, L}", cop_atom(type->name), shown); /* it may be const here */

        if (!cop_is_map(term))
                return term;
        for (size_t i = cop_map_size(term); i > 0; i--)
                fields = cop_cons(
                        cop_build("{K, V}", cop_map_key(term, i - 1), cop_map_value(term, i - 1)),
                        fields);
        return cop_build("{N, L}", cop_atom(type->name), fields);
}

/* Memory with what the term says; NULL: it does not fit. */
static void *made_of(const struct cop_type *type, cop_term term)
{
        void *memory = cop_alloc(type->size);

        return cop_type_write(type, memory, as_shown(type, term)) ? memory : NULL;
}

/* A variable of the program with room for such a thing. */
static void *variable(cop_term name, size_t size)
{
        size_t room = 0;
        void *address = cop_is_atom(name) ? cop_variable_find(cop_to_atom_text(name), &room) : NULL;

        return room >= size ? address : NULL;
}

static bool is_text_type(const struct cop_type *target)
{
        return target && (target->kind == COP_TYPE_CHAR || target->kind == COP_TYPE_VOID ||
                          target->size == 1);
}

static void *pointer(struct console_call *call, size_t i, const struct cop_type *type)
{
        const struct cop_type *target = cop_type_target(type);
        cop_term term = call->arguments[i];
        size_t size = size_of_target(target);
        void *found;

        if (size && (cop_is_map(term) || (cop_is_tuple(term) && !cop_match(term, "{pointer, _}") &&
                                          !cop_match(term, "{pointer, _, _}")))) {
                found = made_of(target, term);
                if (!found)
                        refuse(call, i, type->name);
                return found;
        }
        if (size && cop_is_atom(term) && !cop_is(term, "NULL")) {
                found = variable(term, size);
                if (!found)
                        refuse(call, i, type->name);
                return found;
        }
        if (is_text_type(target) && (cop_is_binary(term) || cop_is_list(term) ||
                                     (cop_is_atom(term) && !cop_is(term, "NULL"))))
                return cop_strdup(cop_to_cstring(term));
        return cop__take_pointer(call, i);
}

/* The argument's bytes. */
static void *argument(struct console_call *call, size_t i, const struct cop_type *type)
{
        cop_term term = call->arguments[i];
        void *memory = cop_alloc(type->size < sizeof(uint64_t) ? sizeof(uint64_t) : type->size);
        int64_t number;
        bool is_named = cop_is_atom(term) && cop__console_constant(cop_to_atom_text(term), &number);

        if (type->kind == COP_TYPE_POINTER)
                *(void **)memory = pointer(call, i, type);
        else if (type->kind == COP_TYPE_TERM)
                *(cop_term *)memory = term;
        else if (type->kind == COP_TYPE_PID)
                *(cop_pid *)memory = cop__take_pid(call, i);
        else if (type->kind == COP_TYPE_REF)
                *(cop_ref *)memory = cop__take_ref(call, i);
        else if (type->kind == COP_TYPE_STRUCT && variable(term, type->size))
                memcpy(memory, variable(term, type->size), type->size);
        else if (!cop_type_write(type, memory,
                                 is_named ? cop_int(number)
                                 : type->kind == COP_TYPE_FLOAT && cop_is_int(term)
                                         ? cop_float(cop_to_float(term))
                                         : as_shown(type, term)))
                refuse(call, i, type->name);
        return memory;
}

/* One behind the last that the prototype names: as C would hand it over. */
static ffi_type *further(struct console_call *call, size_t i, void **value)
{
        cop_term term = call->arguments[i];

        *value = cop_alloc(sizeof(uint64_t));
        if (cop_is_float(term)) {
                *(double *)*value = cop_to_float(term);
                return &ffi_type_double;
        }
        if (cop_is_int(term) || cop_is_bool(term)) {
                *(int64_t *)*value = cop__take_int(call, i, INT64_MIN, UINT64_MAX);
                return &ffi_type_sint64;
        }
        if (cop_is_binary(term))
                *(void **)*value = cop_strdup(cop_to_cstring(term));
        else if (cop_is_pid(term) || cop_is_ref(term))
                *(cop_term *)*value = term;
        else
                *(void **)*value = cop__take_pointer(call, i);
        return &ffi_type_pointer;
}

/* ---- the call ---- */

static COP_NORETURN void refuse_count(const struct cop_function *function,
                                      struct console_call *call)
{
        cop__refuse("%s takes %zu argument%s%s, not %zu: it is %s", call->name,
                    function->argument_count, function->argument_count == 1 ? "" : "s",
                    function->is_variadic ? " or more" : "", call->count,
                    cop__prototype(call->name, function));
}

static void check(const struct cop_function *function, struct console_call *call)
{
        if (!function->has_prototype || function->result->kind == COP_TYPE_UNKNOWN)
                cop__refuse("nothing is known of the arguments of %s: what it is in was compiled "
                            "without debug information, or that was stripped; compile it with -g",
                            call->name);
        if (call->count < function->argument_count ||
            (call->count > function->argument_count && !function->is_variadic))
                refuse_count(function, call);
}

static cop_term result_term(const struct cop_type *type, const void *memory)
{
        cop_term term;

        switch (type->kind) {
        case COP_TYPE_VOID:
                return cop_atom("ok");
        case COP_TYPE_TERM:
                memcpy(&term, memory, sizeof(term));
                return cop__give_term(term);
        case COP_TYPE_PID:
                memcpy(&term, memory, sizeof(term));
                return cop__give_pid((cop_pid){ term.word });
        default:
                return cop_type_show(type, memory);
        }
}

void cop__foreign_call(const struct cop_function *function, struct console_call *call)
{
        ffi_type *types[ARGUMENTS_MOST], *result = NULL;
        void *values[ARGUMENTS_MOST], *memory;
        ffi_status status;
        ffi_cif cif;
        size_t i;

        check(function, call);
        for (i = 0; i < call->count; i++) {
                const struct cop_type *type = function->arguments[i].type;

                if (i >= function->argument_count) {
                        types[i] = further(call, i, &values[i]);
                        continue;
                }
                types[i] = type_of(type);
                if (!types[i])
                        cop__refuse("%s cannot be called from here: argument %zu is %s", call->name,
                                    i + 1, type->name);
                values[i] = argument(call, i, type);
        }
        result = type_of(function->result);
        if (!result)
                cop__refuse("%s cannot be called from here: it returns %s", call->name,
                            function->result->name);
        status = function->is_variadic ? ffi_prep_cif_var(&cif, FFI_DEFAULT_ABI,
                                                          (unsigned)function->argument_count,
                                                          (unsigned)call->count, result, types)
                                       : ffi_prep_cif(&cif, FFI_DEFAULT_ABI, (unsigned)call->count,
                                                      result, types);
        if (status != FFI_OK)
                cop__refuse("%s cannot be called from here", call->name);
        memory = cop_alloc(function->result->size < 16 ? 16 : function->result->size);
        cop_killable((const void *)(uintptr_t)ffi_call);
        ffi_call(&cif, function->address, memory, values);
        call->result = result_term(function->result, memory);
}
