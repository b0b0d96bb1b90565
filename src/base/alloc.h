/*
 * alloc.h: the one way to memory of the OS process.
 *
 * Everything that Coppice allocates comes from here: mimalloc when it was built with it, malloc
 * otherwise. The blocks are counted, so that a test can say that nothing was left behind, and an
 * allocation can be made to fail on order, so that a test can walk every way out of "no memory".
 *
 * A block may be freed on another thread than the one that allocated it. NULL is always the
 * answer to "no memory", and the caller looks at it. None of these may be called from the
 * handler of an OS signal.
 */
#ifndef COP_BASE_ALLOC_H
#define COP_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A block of at least size bytes, aligned for any type; also for size 0. NULL: no memory. */
void *cop__alloc(size_t size) __attribute__((malloc, warn_unused_result));

/* The same, every byte zero. */
void *cop__alloc_zeroed(size_t size) __attribute__((malloc, warn_unused_result));

/* An array of count elements of size bytes, not zeroed. NULL also when the product overflows. */
void *cop__alloc_array(size_t count, size_t size) __attribute__((malloc, warn_unused_result));

/* A block whose address is a multiple of alignment, a power of two. */
void *cop__alloc_aligned(size_t size, size_t alignment) __attribute__((malloc, warn_unused_result));

/*
 * The block with at least size bytes, perhaps elsewhere; its contents up to the smaller size are
 * kept. A NULL block is allocated. NULL: no memory, and the old block is still there.
 */
void *cop__realloc(void *block, size_t size) __attribute__((warn_unused_result));

/* Gives the block back. NULL is allowed and nothing. */
void cop__free(void *block);

/*
 * For small blocks of few sizes that come and go all the time: they wait with the thread that freed
 * them. A block is freed with the size, above 0, that it was asked for; cop__free() would do as well.
 */
void *cop__alloc_sized(size_t size) __attribute__((malloc, warn_unused_result));
void cop__free_sized(void *block, size_t size);

/* How many bytes of the block may be used: at least what was asked for. 0 for NULL. */
size_t cop__alloc_usable_size(const void *block);

/* Blocks allocated and not freed, over all threads. Exact when no other thread is allocating. */
int64_t cop__alloc_live_blocks(void);

/*
 * From now on the n-th allocation (1 is the next one), on whatever thread, fails; those after it
 * do not. 0 takes the order back. Returns whether the order before this one was carried out.
 */
bool cop__alloc_fail_at(int64_t n);

#endif
