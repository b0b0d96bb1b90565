/* raw_malloc.h: blocks from the C library, or from the sanitizer in its place. For alloc.c alone.
 */
#ifndef COP_BASE_RAW_MALLOC_H
#define COP_BASE_RAW_MALLOC_H

#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>

static inline void *raw_alloc(size_t size)
{
        return malloc(size);
}

static inline void *raw_alloc_zeroed(size_t size)
{
        return calloc(1, size);
}

static inline void *raw_alloc_aligned(size_t size, size_t alignment)
{
        return memalign(alignment, size);
}

static inline void *raw_realloc(void *block, size_t size)
{
        return realloc(block, size);
}

static inline void raw_free(void *block)
{
        free(block);
}

static inline size_t raw_usable_size(const void *block)
{
        return malloc_usable_size((void *)block);
}

#endif
