/*
 * memory.c: memory by way of the kernel.
 *
 * The kernel copies from one address space to another and stops where there is nothing; that the
 * two are the same one does not disturb it. A call takes about half a microsecond, so it reads a
 * window at once. Windows lie at multiples of their size and do not reach over a page's end, so
 * one can be read whole or not at all.
 *
 * Why not a handler of SIGSEGV that jumps back: that signal is the runtime's, which would take the
 * fault for the process's.
 */
#include "inspect/memory.h"

#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static bool fill(struct window *window, uintptr_t start)
{
        struct iovec here = { window->bytes, WINDOW_SIZE };
        struct iovec there = { (void *)start, WINDOW_SIZE };

        window->start = start;
        window->size =
                process_vm_readv(getpid(), &here, 1, &there, 1, 0) == WINDOW_SIZE ? WINDOW_SIZE : 0;
        return window->size != 0;
}

bool cop__memory_read(struct window *window, uintptr_t from, void *to, size_t size)
{
        char *at = to;

        if (from + size < from)
                return false;
        while (size > 0) {
                uintptr_t start = from & ~(uintptr_t)(WINDOW_SIZE - 1);
                size_t skip = from - start;
                size_t part = WINDOW_SIZE - skip < size ? WINDOW_SIZE - skip : size;

                if ((window->size == 0 || window->start != start) && !fill(window, start))
                        return false;
                memcpy(at, window->bytes + skip, part);
                at += part;
                from += part;
                size -= part;
        }
        return true;
}
