/* raw_mimalloc.h: blocks from mimalloc. For alloc.c alone. */
#ifndef COP_BASE_RAW_MIMALLOC_H
#define COP_BASE_RAW_MIMALLOC_H

#include <mimalloc.h>
#include <stddef.h>

static inline void *raw_alloc(size_t size)
{
        return mi_malloc(size);
}

static inline void *raw_alloc_zeroed(size_t size)
{
        return mi_zalloc(size);
}

static inline void *raw_alloc_aligned(size_t size, size_t alignment)
{
        return mi_malloc_aligned(size, alignment);
}

static inline void *raw_realloc(void *block, size_t size)
{
        return mi_realloc(block, size);
}

static inline void raw_free(void *block)
{
        mi_free(block);
}

static inline size_t raw_usable_size(const void *block)
{
        return mi_usable_size(block);
}

#endif
