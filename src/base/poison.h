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

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define COP__ASAN 1
#endif
#if __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define COP__POISON 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(COP__ASAN)
#define COP__ASAN 1
#endif
#ifndef COP__ASAN
#define COP__ASAN 0
#endif
#if !defined(COP__POISON)
#if COP__ASAN || defined(__SANITIZE_THREAD__) || !defined(__OPTIMIZE__)
#define COP__POISON 1
#else
#define COP__POISON 0
#endif
#endif

#if COP__ASAN
#include <sanitizer/asan_interface.h>
#endif

/* Read as a term, it is a box at an address that cannot be. */
enum { POISON_BYTE = 0xd8 };

/* Nobody may use these bytes until cop__unpoison(). */
static inline void cop__poison(void *bytes, size_t size)
{
#if COP__ASAN
        __asan_unpoison_memory_region(bytes, size); /* part of it may have been poisoned before */
#endif
        if (COP__POISON && size)
                memset(bytes, POISON_BYTE, size);
#if COP__ASAN
        __asan_poison_memory_region(bytes, size);
#endif
}

/* They are in use, whatever they hold. */
static inline void cop__unpoison(void *bytes, size_t size)
{
#if COP__ASAN
        __asan_unpoison_memory_region(bytes, size);
#endif
}

#endif
