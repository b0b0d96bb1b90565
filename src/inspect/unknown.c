/*
 * unknown.c: what is known without libdw: the loader's names.
 */
#include <coppice/inspect.h>

#include <dlfcn.h>

#include "inspect/debug.h"

size_t cop__debug_frames(uintptr_t address, struct frame *frames, size_t most)
{
        cop__debug_plain_frame(address, &frames[0]);
        return 1;
}

const struct cop_type *cop_type_find(const char *name, const void *code)
{
        return NULL;
}

const struct cop_type *cop_type_target(const struct cop_type *type)
{
        return NULL;
}

bool cop_function_find(struct cop_function *function, const char *name)
{
        *function = (struct cop_function){ .argument_count = 0 };
        function->address = (void (*)(void))dlsym(RTLD_DEFAULT, name);
        return function->address != NULL;
}

void *cop_variable_find(const char *name, size_t *size)
{
        *size = 0;
        return NULL;
}

cop_term cop_function_names(const char *prefix)
{
        return cop_nil();
}
