/*
 * memory.h: reading memory that may not be there.
 */
#ifndef COP_INSPECT_MEMORY_H
#define COP_INSPECT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WINDOW_SIZE = 1024 };

/* The memory that was read last, so that neighbours cost nothing. Zeroed: none. */
struct window {
        uintptr_t start;
        size_t size;
        unsigned char bytes[WINDOW_SIZE];
};

/* Copies size bytes from there. False: not all of it can be read. */
bool cop__memory_read(struct window *window, uintptr_t from, void *to, size_t size);

#endif
