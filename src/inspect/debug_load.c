/*
 * debug_load.c: libdw, loaded when it is first needed.
 *
 * Its name has the number of its binary interface, so what is loaded is what the headers describe. It stays
 * loaded. A program without the library runs all the same; then nothing is known of its functions.
 */
#define COP__DW_LOADS
#include "inspect/debug_dw.h"

#include <dlfcn.h>

#include "base/lock.h"

struct dw cop__dw;

static struct lock lock;
static bool tried, loaded; /* under the lock */

static void load(void)
{
        void *library = dlopen("libdw.so.1", RTLD_NOW | RTLD_LOCAL);

        tried = true;
        loaded = library != NULL;
        if (!library)
                return;
#define LOAD(name)                                                                                 \
        cop__dw.name = (__typeof__(cop__dw.name))dlsym(library, #name);                            \
        loaded = loaded && cop__dw.name;
        COP__DW_FUNCTIONS(LOAD)
#undef LOAD
}

bool cop__dw_load(void)
{
        bool is;

        cop__lock_take(&lock);
        if (!tried)
                load();
        is = loaded;
        cop__lock_give(&lock);
        return is;
}
