/*
 * function.c: functions and variables by name.
 *
 * First the symbols of the program and of what it has loaded, as the linker left them; then, for
 * functions that are chosen when the program is loaded (memcpy, strlen), or where there are no such
 * symbols any more, the loader is asked. What debug information says of the function comes from the
 * entry that begins at its address.
 */
#include "inspect/types.h"

#include <dlfcn.h>
#include <string.h>

#include "inspect/text.h"

enum { NAMES_MOST = 8 * 1024 * 1024 };

/* ---- symbols ---- */

struct lookup {
        const char *name;
        int type;          /* STT_FUNC or STT_OBJECT */
        GElf_Addr address; /* 0: not found */
        size_t size;
};

static bool is_of_type(const GElf_Sym *symbol, int type)
{
        int bind = GELF_ST_BIND(symbol->st_info);

        return GELF_ST_TYPE(symbol->st_info) == type && symbol->st_shndx != SHN_UNDEF &&
               (bind == STB_GLOBAL || bind == STB_WEAK);
}

static bool look_in_module(void *context, Dwfl_Module *module)
{
        struct lookup *lookup = context;
        int count = dwfl_module_getsymtab(module);

        for (int i = 0; i < count; i++) {
                GElf_Sym symbol;
                GElf_Addr address;
                const char *name =
                        dwfl_module_getsym_info(module, i, &symbol, &address, NULL, NULL, NULL);

                if (name && is_of_type(&symbol, lookup->type) && strcmp(name, lookup->name) == 0) {
                        lookup->address = address;
                        lookup->size = symbol.st_size;
                        return false;
                }
        }
        return true;
}

/* ---- prototypes ---- */

/* The entry of the function that begins at this address. */
static bool find_entry(Dwarf_Die *unit, Dwarf_Addr address, Dwarf_Die *entry)
{
        Dwarf_Addr low;
        int more;

        for (more = dwarf_child(unit, entry); more == 0; more = dwarf_siblingof(entry, entry))
                if (dwarf_tag(entry) == DW_TAG_subprogram && dwarf_lowpc(entry, &low) == 0 &&
                    low == address)
                        return true;
        return false;
}

/* What describes it: itself, or where it stands in the source when this is one instance of it. */
static Dwarf_Die declaration_of(Dwarf_Die *entry)
{
        Dwarf_Attribute attribute;
        Dwarf_Die origin;

        if (dwarf_formref_die(dwarf_attr(entry, DW_AT_abstract_origin, &attribute), &origin))
                return origin;
        return *entry;
}

static bool add_argument(struct cop_function *function, Dwarf_Die *argument)
{
        const char *name = dwarf_diename(argument);
        const struct cop_type *type = cop__type_of_attribute(argument);

        if (function->argument_count == COP_ARGUMENTS_MOST || !type)
                return false;
        function->arguments[function->argument_count++] =
                (struct cop_argument){ name ? name : "", type };
        return true;
}

/* False: it takes too many arguments. */
static bool read_prototype(struct cop_function *function, Dwarf_Die *entry)
{
        Dwarf_Die die = declaration_of(entry);
        Dwarf_Die part;
        int more;

        function->result = cop__type_of_attribute(&die);
        for (more = dwarf_child(&die, &part); more == 0; more = dwarf_siblingof(&part, &part)) {
                if (dwarf_tag(&part) == DW_TAG_unspecified_parameters)
                        function->is_variadic = true;
                if (dwarf_tag(&part) == DW_TAG_formal_parameter && !add_argument(function, &part))
                        return false;
        }
        function->has_prototype = function->result != NULL;
        return true;
}

static bool describe(Dwfl *dwfl, struct cop_function *function)
{
        Dwarf_Addr bias = 0;
        uintptr_t address = (uintptr_t)function->address;
        Dwarf_Die *unit = cop__debug_unit(dwfl, address, &bias);
        Dwarf_Die entry;

        if (!unit || !find_entry(unit, address - bias, &entry))
                return true;
        return read_prototype(function, &entry);
}

void *cop_variable_find(const char *name, size_t *size)
{
        struct lookup lookup = { name, STT_OBJECT, 0, 0 };
        Dwfl *dwfl = cop__debug_enter();

        if (dwfl)
                cop__debug_modules(dwfl, look_in_module, &lookup);
        cop__debug_leave();
        *size = lookup.size;
        return (void *)(uintptr_t)lookup.address;
}

bool cop_function_find(struct cop_function *function, const char *name)
{
        struct lookup lookup = { name, STT_FUNC, 0, 0 };
        Dwfl *dwfl = cop__debug_enter();
        bool fine;

        *function = (struct cop_function){ .argument_count = 0 };
        if (dwfl)
                cop__debug_modules(dwfl, look_in_module, &lookup);
        cop__debug_leave();
        if (lookup.address)
                function->address = (void (*)(void))(uintptr_t)lookup.address;
        else
                function->address = (void (*)(void))dlsym(RTLD_DEFAULT, name);
        if (!function->address)
                return false;
        dwfl = cop__debug_enter();
        fine = describe(dwfl, function);
        cop__debug_leave();
        return fine;
}

/* ---- names ---- */

struct names {
        const char *prefix;
        struct buffer found; /* each ended by a zero */
};

static bool note_names(void *context, Dwfl_Module *module)
{
        struct names *names = context;
        size_t size = strlen(names->prefix);
        int count = dwfl_module_getsymtab(module);

        for (int i = 0; i < count; i++) {
                GElf_Sym symbol;
                GElf_Addr address;
                const char *name =
                        dwfl_module_getsym_info(module, i, &symbol, &address, NULL, NULL, NULL);

                if (name && is_of_type(&symbol, STT_FUNC) &&
                    strncmp(name, names->prefix, size) == 0)
                        cop__buffer_add(&names->found, name, strlen(name) + 1);
        }
        return false; /* the program, and no library */
}

cop_term cop_function_names(const char *prefix)
{
        struct names names = { .prefix = prefix };
        Dwfl *dwfl = cop__debug_enter();
        cop_term list = cop_nil();
        const char *at, *end;
        size_t size;

        cop__buffer_init(&names.found, NAMES_MOST);
        if (dwfl)
                cop__debug_modules(dwfl, note_names, &names);
        cop__debug_leave();
        size = names.found.size;
        at = cop__text_of_turn(&names.found);
        for (end = at + size; at < end; at += strlen(at) + 1)
                list = cop_cons(cop_text(at), list);
        return cop_sort(list);
}
