/*
 * prototype.c: how a function of the program is written, from its debug information.
 */
#include <string.h>

#include <coppice/text.h>

#include "base/buffer.h"
#include "console/worker.h"

enum { PROTOTYPE_MOST = 4096 };

static void add_typed(struct buffer *text, const struct cop_type *type, const char *name)
{
        const char *type_name = type ? type->name : "?";
        size_t size = strlen(type_name);

        cop__buffer_add_text(text, type_name);
        if (*name && size > 0 && type_name[size - 1] != '*')
                cop__buffer_add_char(text, ' ');
        cop__buffer_add_text(text, name);
}

const char *cop__prototype(const char *name, const struct cop_function *function)
{
        struct buffer text;
        const char *kept;

        if (!function->has_prototype)
                return NULL;
        cop__buffer_init(&text, PROTOTYPE_MOST);
        add_typed(&text, function->result, name);
        cop__buffer_add_char(&text, '(');
        for (size_t i = 0; i < function->argument_count; i++) {
                if (i > 0)
                        cop__buffer_add_text(&text, ", ");
                add_typed(&text, function->arguments[i].type, function->arguments[i].name);
        }
        if (function->is_variadic)
                cop__buffer_add_text(&text, function->argument_count ? ", ..." : "...");
        else if (function->argument_count == 0)
                cop__buffer_add_text(&text, "void");
        cop__buffer_add_text(&text, ")");
        kept = cop_to_cstring(cop_binary(text.bytes ? text.bytes : "", text.size));
        cop__buffer_release(&text);
        return kept;
}
