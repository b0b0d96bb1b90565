/*
 * memory.h: nothing is left behind, and no memory is no surprise.
 */
#ifndef COP_TESTS_SUPPORT_MEMORY_H
#define COP_TESTS_SUPPORT_MEMORY_H

#include <stdbool.h>

/*
 * Runs task() again and again: first its first allocation fails, then its second, and so on, until
 * it succeeds. task() answers true when it succeeded; after each false, and in the end after
 * undo(), there must be as many live blocks as before. undo may be NULL.
 *
 * Returns how many allocations the task makes.
 */
int without_memory(bool (*task)(void *context), void (*undo)(void *context), void *context);

#endif
