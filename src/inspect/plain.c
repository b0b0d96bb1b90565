/*
 * plain.c: what the loader knows: which library an address is in, and the exported function before
 * it.
 */
#include "inspect/debug.h"

#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

static void copy(char *to, const char *from)
{
        size_t size = strnlen(from, FRAME_TEXT - 1);

        memcpy(to, from, size);
        to[size] = '\0';
}

void cop__debug_plain_frame(uintptr_t address, struct frame *frame)
{
        const char *slash;
        Dl_info info;

        *frame = (struct frame){ .line = 0 };
        if (!dladdr((void *)address, &info) || !info.dli_fname)
                return;
        slash = strrchr(info.dli_fname, '/');
        copy(frame->object, slash ? slash + 1 : info.dli_fname);
        frame->offset = address - (uintptr_t)info.dli_fbase;
        if (info.dli_sname)
                copy(frame->function, info.dli_sname);
}
