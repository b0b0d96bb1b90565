/*
 * poison.h: memory that nobody may look at any more.
 *
 * In debug builds (no optimisation, or any sanitizer) what is given back is overwritten, so that a
 * stale pointer shows at once; AddressSanitizer is told as well, and names who looked. In other
 * builds all of this is nothing.
 */
#ifndef COP_BASE_POISON_H
#define COP_BASE_POISON_H

#include <stddef.h>
#include <string.h>

#include "base/sanitizers.h"

#if COP_ASAN || COP_TSAN || !defined(__OPTIMIZE__)
#define COP_POISON 1
#else
#define COP_POISON 0
#endif

/* Read as a term, it is a box at an address that cannot be. */
enum { POISON_BYTE = 0xd8 };

/* Nobody may use these bytes until cop__unpoison(). */
static inline void cop__poison(void *bytes, size_t size)
{
#if COP_ASAN
        __asan_unpoison_memory_region(bytes, size); /* part of it may have been poisoned before */
#endif
        if (COP_POISON && size)
                memset(bytes, POISON_BYTE, size);
#if COP_ASAN
        __asan_poison_memory_region(bytes, size);
#endif
}

/* They are in use, whatever they hold. */
static inline void cop__unpoison(void *bytes, size_t size)
{
#if COP_ASAN
        __asan_unpoison_memory_region(bytes, size);
#endif
}

#endif
