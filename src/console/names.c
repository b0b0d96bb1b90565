/*
 * names.c: what may be completed at a prompt.
 */
#include "console/names.h"

#include <string.h>

#include <coppice/inspect.h>
#include <coppice/process.h>

#include "console/helper.h"
#include "console/table.h"

static void add(struct buffer *names, const char *name)
{
        cop__buffer_add(names, name, strlen(name) + 1);
}

void cop__console_names(struct buffer *names)
{
        for (size_t i = 0; i < cop__helper_count; i++)
                add(names, cop__helpers[i].name);
        for (size_t i = 0; i < cop__console_table_size; i++)
                add(names, cop__console_table[i].name);
        COP_EACH (name, cop_function_names(""))
                if (strncmp(cop_to_cstring(name), "cop_", 4) != 0)
                        add(names, cop_to_cstring(name));
        COP_EACH (name, cop_registered())
                add(names, cop_to_atom_text(name));
}
