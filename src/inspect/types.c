/*
 * types.c: types of the debug information, each made once.
 *
 * A type is known by where its entry stands, in a table that only grows. What it consists of is
 * made with it, so that who looks at memory needs neither libdw nor its lock; what it points to is
 * made when somebody asks, or one struct would bring the whole program's types with it.
 *
 * They are the program's for as long as it lives, as the debug information is that they are made
 * from; so they come from malloc(), and do not count as what a runtime has left behind.
 *
 * A struct that is only declared in one file is looked for in the others.
 */
#include "inspect/types.h"

#include <stdlib.h>
#include <string.h>

enum {
        BUCKETS = 1024,
        NAME_MOST = 256,
        PARTS_MOST = 4096,
        DEPTH_MOST = 64,
        DIMENSIONS_MOST = 8,
        ANSWERS = 256
};

struct type {
        struct cop_type public; /* the first */
        struct type *next;
        Dwarf_Die die;
        bool has_target; /* target is known */
        const struct cop_type *target;
};

static struct type *types[BUCKETS];

static const struct cop_type void_type = { .kind = COP_TYPE_VOID, .name = "void" };

/* ---- the table ---- */

static struct type **bucket_of(const Dwarf_Die *die)
{
        return &types[(uintptr_t)die->addr / 3 % BUCKETS];
}

static struct type *find_made(const Dwarf_Die *die)
{
        struct type *type = *bucket_of(die);

        while (type && type->die.addr != die->addr)
                type = type->next;
        return type;
}

static struct type *add_type(const Dwarf_Die *die)
{
        struct type *type = calloc(1, sizeof(*type));

        if (!type)
                return NULL;
        type->die = *die;
        type->public.name = "";
        type->next = *bucket_of(die);
        *bucket_of(die) = type;
        return type;
}

/* ---- what an entry says ---- */

static Dwarf_Word number_of(Dwarf_Die *die, unsigned name, Dwarf_Word otherwise)
{
        Dwarf_Attribute attribute;
        Dwarf_Word number;

        if (dwarf_formudata(dwarf_attr_integrate(die, name, &attribute), &number) != 0)
                return otherwise;
        return number;
}

static bool has_flag(Dwarf_Die *die, unsigned name)
{
        Dwarf_Attribute attribute;
        bool flag = false;

        return dwarf_formflag(dwarf_attr(die, name, &attribute), &flag) == 0 && flag;
}

/* The entry of its type. False: it has none, which means void. */
static bool type_die(Dwarf_Die *die, Dwarf_Die *type)
{
        Dwarf_Attribute attribute;

        return dwarf_formref_die(dwarf_attr_integrate(die, DW_AT_type, &attribute), type) != NULL;
}

static bool is_struct_tag(int tag)
{
        return tag == DW_TAG_structure_type || tag == DW_TAG_class_type || tag == DW_TAG_union_type;
}

static bool is_type_tag(int tag)
{
        return is_struct_tag(tag) || tag == DW_TAG_enumeration_type || tag == DW_TAG_base_type ||
               tag == DW_TAG_typedef;
}

/* ---- names ---- */

struct name {
        char text[NAME_MOST];
        size_t size;
};

static void add(struct name *name, const char *text)
{
        size_t size = strnlen(text, sizeof(name->text) - 1 - name->size);

        memcpy(name->text + name->size, text, size);
        name->size += size;
}

static void add_name(struct name *name, Dwarf_Die *die, int depth);

static void add_target(struct name *name, Dwarf_Die *die, int depth)
{
        Dwarf_Die target;

        if (depth == DEPTH_MOST)
                add(name, "...");
        else if (type_die(die, &target))
                add_name(name, &target, depth + 1);
        else
                add(name, "void");
}

/* "char *", and "char **" of that. */
static void add_pointer(struct name *name, Dwarf_Die *die, int depth)
{
        add_target(name, die, depth);
        if (name->size > 2 && strcmp(name->text + name->size - 2, "()") == 0) {
                name->size -= 2;
                name->text[name->size] = '\0';
                add(name, "(*)()");
        } else {
                add(name, name->size && name->text[name->size - 1] == '*' ? "*" : " *");
        }
}

static void add_tagged(struct name *name, const char *tag, Dwarf_Die *die)
{
        const char *text = dwarf_diename(die);

        add(name, tag);
        if (text) {
                add(name, " ");
                add(name, text);
        }
}

static void add_name(struct name *name, Dwarf_Die *die, int depth)
{
        switch (dwarf_tag(die)) {
        case DW_TAG_structure_type:
        case DW_TAG_class_type:
                add_tagged(name, "struct", die);
                break;
        case DW_TAG_union_type:
                add_tagged(name, "union", die);
                break;
        case DW_TAG_enumeration_type:
                add_tagged(name, "enum", die);
                break;
        case DW_TAG_const_type:
                add(name, "const ");
                add_target(name, die, depth);
                break;
        case DW_TAG_volatile_type:
        case DW_TAG_restrict_type:
        case DW_TAG_atomic_type:
                add_target(name, die, depth);
                break;
        case DW_TAG_pointer_type:
                add_pointer(name, die, depth);
                break;
        case DW_TAG_subroutine_type:
                add_target(name, die, depth);
                add(name, " ()");
                break;
        case DW_TAG_array_type:
                add_target(name, die, depth);
                add(name, "[]");
                break;
        default:
                add(name, dwarf_diename(die) ? dwarf_diename(die) : "?");
        }
}

static const char *keep(const char *text)
{
        char *kept = strdup(text ? text : "");

        return kept ? kept : "";
}

static const char *name_of(Dwarf_Die *die)
{
        struct name name = { .size = 0 };

        add_name(&name, die, 0);
        return keep(name.text);
}

/* ---- making ---- */

static enum cop_type_kind kind_of_base(Dwarf_Die *die)
{
        const char *name = dwarf_diename(die);

        switch (number_of(die, DW_AT_encoding, 0)) {
        case DW_ATE_boolean:
                return COP_TYPE_BOOL;
        case DW_ATE_float:
                return COP_TYPE_FLOAT;
        case DW_ATE_signed_char:
                return name && strcmp(name, "char") == 0 ? COP_TYPE_CHAR : COP_TYPE_SIGNED;
        case DW_ATE_unsigned_char: /* a plain char is one on AArch64 */
                return name && strcmp(name, "char") == 0 ? COP_TYPE_CHAR : COP_TYPE_UNSIGNED;
        case DW_ATE_signed:
                return dwarf_bytesize(die) <= 8 ? COP_TYPE_SIGNED : COP_TYPE_UNKNOWN;
        case DW_ATE_unsigned:
        case DW_ATE_UTF:
                return dwarf_bytesize(die) <= 8 ? COP_TYPE_UNSIGNED : COP_TYPE_UNKNOWN;
        default:
                return COP_TYPE_UNKNOWN;
        }
}

/* An array that doubles. False: no memory; it stays as it is. */
static bool make_room(void *array, size_t count, size_t size)
{
        void **place = array;
        void *larger;

        if (count & (count - 1))
                return true;
        larger = realloc(*place, (count ? 2 * count : 1) * size);
        if (!larger)
                return false;
        *place = larger;
        return true;
}

static void make_enum(struct type *type)
{
        struct cop_enumerator *all = NULL;
        Dwarf_Attribute attribute;
        size_t count = 0;
        Dwarf_Die part;
        int more;

        type->public.kind = COP_TYPE_ENUM;
        for (more = dwarf_child(&type->die, &part); more == 0;
             more = dwarf_siblingof(&part, &part)) {
                Dwarf_Sword value = 0;

                if (dwarf_tag(&part) != DW_TAG_enumerator)
                        continue;
                if (count == PARTS_MOST || !make_room(&all, count, sizeof(*all)))
                        break;
                dwarf_formsdata(dwarf_attr(&part, DW_AT_const_value, &attribute), &value);
                all[count].name = keep(dwarf_diename(&part));
                all[count++].value = value;
        }
        type->public.enumerators = all;
        type->public.count = count;
}

/* A bit field is placed from the byte in which it begins. */
static void place_field(struct cop_field *field, Dwarf_Die *member)
{
        Dwarf_Word bits = number_of(member, DW_AT_bit_size, 0);
        Dwarf_Word first = number_of(member, DW_AT_data_bit_offset, UINT64_MAX);
        Dwarf_Word unit = number_of(member, DW_AT_byte_size, field->type->size);
        Dwarf_Word from_top = number_of(member, DW_AT_bit_offset, UINT64_MAX);

        field->offset = number_of(member, DW_AT_data_member_location, 0);
        if (bits == 0 || bits > 64)
                return;
        if (first == UINT64_MAX)
                first = field->offset * 8;
        if (from_top != UINT64_MAX) /* as DWARF 3 has it: counted from the top of its unit */
                first = (field->offset + unit) * 8 - from_top - bits;
        field->offset = first / 8;
        field->first_bit = (unsigned)(first % 8);
        field->bit_count = (unsigned)bits;
}

static void make_struct(struct type *type, bool is_union)
{
        struct cop_field *fields = NULL;
        size_t count = 0;
        Dwarf_Die member;
        int more;

        type->public.kind = is_union ? COP_TYPE_UNION : COP_TYPE_STRUCT;
        for (more = dwarf_child(&type->die, &member); more == 0;
             more = dwarf_siblingof(&member, &member)) {
                if (dwarf_tag(&member) != DW_TAG_member || has_flag(&member, DW_AT_external))
                        continue;
                if (count == PARTS_MOST || !make_room(&fields, count, sizeof(*fields)))
                        break;
                fields[count] = (struct cop_field){ .type = cop__type_of_attribute(&member) };
                if (!fields[count].type)
                        break;
                fields[count].name = keep(dwarf_diename(&member));
                place_field(&fields[count++], &member);
        }
        type->public.fields = fields;
        type->public.count = count;
}

static size_t count_of_range(Dwarf_Die *range)
{
        Dwarf_Word count = number_of(range, DW_AT_count, UINT64_MAX);
        Dwarf_Word upper = number_of(range, DW_AT_upper_bound, UINT64_MAX);

        if (count == UINT64_MAX)
                count = upper >= UINT32_MAX ? 0 : upper + 1;
        return count <= UINT32_MAX ? count : 0;
}

static void set_array(struct type *type, const struct cop_type *element, size_t count)
{
        type->public.kind = COP_TYPE_ARRAY;
        type->public.count = count;
        type->public.size = element ? element->size * count : 0;
        type->target = element;
        type->has_target = true;
}

/* One entry has the ranges of all dimensions: the inner ones become types without an entry. */
static void make_array(struct type *type)
{
        const struct cop_type *element = cop__type_of_attribute(&type->die);
        size_t ranges[DIMENSIONS_MOST];
        size_t count = 0;
        Dwarf_Die range;
        int more;

        for (more = dwarf_child(&type->die, &range); more == 0 && count < DIMENSIONS_MOST;
             more = dwarf_siblingof(&range, &range))
                if (dwarf_tag(&range) == DW_TAG_subrange_type)
                        ranges[count++] = count_of_range(&range);
        while (count > 1 && element) {
                struct type *inner = calloc(1, sizeof(*inner));

                if (!inner)
                        return;
                inner->public.name = keep("[]");
                set_array(inner, element, ranges[--count]);
                element = &inner->public;
        }
        set_array(type, element, count ? ranges[0] : 0);
}

/* typedef, const and the like: the same by another name. */
static void make_alias(struct type *type, bool is_typedef)
{
        const struct cop_type *real = cop__type_of_attribute(&type->die);
        const char *name = type->public.name;
        static const struct {
                const char *name;
                enum cop_type_kind kind;
        } ours[] = { { "cop_term", COP_TYPE_TERM },
                     { "cop_pid", COP_TYPE_PID },
                     { "cop_ref", COP_TYPE_REF } };

        if (!real)
                return;
        type->public = *real;
        type->public.name = name;
        if (real->kind == COP_TYPE_POINTER || real->kind == COP_TYPE_ARRAY) {
                type->die = ((const struct type *)real)->die;
                type->target = ((const struct type *)real)->target;
                type->has_target = ((const struct type *)real)->has_target;
        }
        for (size_t i = 0; is_typedef && i < sizeof(ours) / sizeof(ours[0]); i++)
                if (strcmp(name, ours[i].name) == 0 && real->size == sizeof(uint64_t))
                        type->public.kind = ours[i].kind;
}

static void make(struct type *type)
{
        int size = dwarf_bytesize(&type->die);

        type->public.name = name_of(&type->die);
        type->public.size = size > 0 ? (size_t)size : 0;
        switch (dwarf_tag(&type->die)) {
        case DW_TAG_base_type:
                type->public.kind = kind_of_base(&type->die);
                break;
        case DW_TAG_enumeration_type:
                make_enum(type);
                break;
        case DW_TAG_structure_type:
        case DW_TAG_class_type:
                make_struct(type, false);
                break;
        case DW_TAG_union_type:
                make_struct(type, true);
                break;
        case DW_TAG_pointer_type:
        case DW_TAG_reference_type:
        case DW_TAG_rvalue_reference_type:
                type->public.kind = COP_TYPE_POINTER;
                type->public.size = sizeof(void *);
                break;
        case DW_TAG_array_type:
                make_array(type);
                break;
        case DW_TAG_subroutine_type:
                type->public.kind = COP_TYPE_FUNCTION;
                break;
        case DW_TAG_typedef:
                make_alias(type, true);
                break;
        case DW_TAG_const_type:
        case DW_TAG_volatile_type:
        case DW_TAG_restrict_type:
        case DW_TAG_atomic_type:
                make_alias(type, false);
                break;
        default:
                break;
        }
}

/* ---- looking for a name ---- */

struct wanted {
        const char *name;
        int tag; /* 0: whatever a plain name may be */
        Dwarf_Die *found;
};

static bool is_wanted(const struct wanted *wanted, Dwarf_Die *die)
{
        int tag = dwarf_tag(die);
        const char *name;

        if (tag == DW_TAG_class_type)
                tag = DW_TAG_structure_type;
        if (wanted->tag ? tag != wanted->tag : !is_type_tag(tag))
                return false;
        name = dwarf_diename(die);
        return name && strcmp(name, wanted->name) == 0 && !has_flag(die, DW_AT_declaration);
}

static bool find_in_unit(const struct wanted *wanted, Dwarf_Die *unit)
{
        Dwarf_Die die;
        int more;

        for (more = dwarf_child(unit, &die); more == 0; more = dwarf_siblingof(&die, &die))
                if (is_wanted(wanted, &die)) {
                        *wanted->found = die;
                        return true;
                }
        return false;
}

static bool find_in_all_units(const struct wanted *wanted, Dwarf *dwarf)
{
        Dwarf_CU *unit = NULL;
        Dwarf_Die die, inner;
        uint8_t kind;

        while (dwarf && dwarf_get_units(dwarf, unit, &unit, NULL, &kind, &die, &inner) == 0)
                if (find_in_unit(wanted, &die))
                        return true;
        return false;
}

/* True: go on with the next. */
static bool find_in_module(void *context, Dwfl_Module *module)
{
        Dwarf_Addr bias;

        return !find_in_all_units(context, dwfl_module_getdwarf(module, &bias));
}

/* Of a struct that is only declared in this file, the entry in a file of the same library that
 * defines it. */
static void find_definition(Dwarf_Die *die)
{
        const char *name = dwarf_diename(die);
        struct wanted wanted = { name, dwarf_tag(die), die };

        if (is_struct_tag(wanted.tag) && name && has_flag(die, DW_AT_declaration))
                find_in_all_units(&wanted, dwarf_cu_getdwarf(die->cu));
}

static bool starts_with(const char **name, const char *word)
{
        size_t size = strlen(word);

        if (strncmp(*name, word, size) != 0)
                return false;
        *name += size;
        return true;
}

/* ---- all together ---- */

const struct cop_type *cop__type_of(Dwarf_Die *die)
{
        struct type *type = find_made(die);
        Dwarf_Die definition = *die;

        if (type)
                return &type->public;
        find_definition(&definition);
        if (definition.addr != die->addr)
                return cop__type_of(&definition);
        type = add_type(die);
        if (!type)
                return NULL;
        make(type);
        return &type->public;
}

const struct cop_type *cop__type_of_attribute(Dwarf_Die *die)
{
        Dwarf_Die type;

        return type_die(die, &type) ? cop__type_of(&type) : &void_type;
}

const struct cop_type *cop_type_target(const struct cop_type *public)
{
        struct type *type = (struct type *)public;

        if (public->kind != COP_TYPE_POINTER && public->kind != COP_TYPE_ARRAY)
                return NULL;
        cop__debug_enter();
        if (!type->has_target) {
                type->target = cop__type_of_attribute(&type->die);
                type->has_target = true;
        }
        cop__debug_leave();
        return type->target;
}

/* A basic type has as many names as C allows; gcc and clang do not choose the same. */
static const char *other_name(const char *name)
{
        static const char *const names[][2] = {
                { "unsigned", "unsigned int" },
                { "long", "long int" },
                { "unsigned long", "long unsigned int" },
                { "long long", "long long int" },
                { "unsigned long long", "long long unsigned int" },
                { "short", "short int" },
                { "unsigned short", "short unsigned int" },
        };

        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                for (size_t j = 0; j < 2; j++)
                        if (strcmp(name, names[i][j]) == 0)
                                return names[i][1 - j];
        return NULL;
}

static bool find_named(Dwfl *dwfl, const char *name, uintptr_t code, Dwarf_Die *found)
{
        struct wanted wanted = { name, 0, found };
        Dwarf_Die *unit;
        Dwarf_Addr bias;

        if (starts_with(&wanted.name, "struct "))
                wanted.tag = DW_TAG_structure_type;
        else if (starts_with(&wanted.name, "union "))
                wanted.tag = DW_TAG_union_type;
        else if (starts_with(&wanted.name, "enum "))
                wanted.tag = DW_TAG_enumeration_type;
        found->addr = NULL;
        unit = cop__debug_unit(dwfl, code, &bias);
        if (!unit || !find_in_unit(&wanted, unit))
                cop__debug_modules(dwfl, find_in_module, &wanted);
        return found->addr != NULL;
}

/* Under this name, or its other one. */
static const struct cop_type *look_for(Dwfl *dwfl, const char *name, const void *code)
{
        const char *other = other_name(name);
        Dwarf_Die die;

        if (find_named(dwfl, name, (uintptr_t)code, &die) ||
            (other && find_named(dwfl, other, (uintptr_t)code, &die)))
                return cop__type_of(&die);
        return NULL;
}

/* Answers are kept: a server's state is asked for by the same name again and again, and to find that
 * there is none takes longest. */
static struct answer {
        const char *name;
        const void *code;
        const struct cop_type *type;
        unsigned long long age; /* of the list of libraries it was looked for in */
} answers[ANSWERS];

static struct answer *answer_for(const char *name, const void *code)
{
        uint32_t hash = (uint32_t)((uintptr_t)code >> 4);

        for (const char *at = name; *at; at++)
                hash = (hash ^ (unsigned char)*at) * 16777619;
        return &answers[hash % ANSWERS];
}

static bool is_answer(const struct answer *answer, const char *name, const void *code)
{
        return answer->name && answer->code == code && strcmp(answer->name, name) == 0 &&
               (answer->type || answer->age == cop__debug_age());
}

const struct cop_type *cop_type_find(const char *name, const void *code)
{
        struct answer *answer = answer_for(name, code);
        Dwfl *dwfl = cop__debug_enter();
        const struct cop_type *type = NULL;

        if (dwfl && is_answer(answer, name, code)) {
                type = answer->type;
        } else if (dwfl) {
                type = look_for(dwfl, name, code);
                free((void *)answer->name);
                *answer = (struct answer){ strdup(name), code, type, cop__debug_age() };
        }
        cop__debug_leave();
        return type;
}
