/*
 * coppice/counters.h: numbers that many processes change at once.
 *
 * An array of 64-bit integers, each changed in one step without a lock or a message: what is counted
 * thousands of times a second. It is used through a term that can be sent, kept and put into tables
 * like any other; all who have a copy change the same numbers, and the memory goes with the last copy.
 *
 *     enum { HITS, MISSES, COUNTERS };
 *     cop_term counters = cop_counters_new(COUNTERS);
 *
 *     cop_persistent_put("cache counters", counters);
 *     ...
 *     cop_counters_add(cop_persistent_get("cache counters"), HITS, 1);
 *
 * It is what counters and atomics are in Erlang; the first number has index 0. An index that is too
 * large, and a term that is no such array, is badarg. Beyond 64 bits numbers begin again at the other
 * end. What is changed in one number says nothing about when others see a change of another.
 *
 * To who prints or compares the term it is a binary, of what the numbers are at this moment: the one
 * kind of term that changes. Do not use it as a key. A copy that went to another node is a binary.
 */
#ifndef COPPICE_COUNTERS_H
#define COPPICE_COUNTERS_H

#include <coppice/term.h>

COP_BEGIN_DECLS

/* Numbers, all 0. size is at least 1. */
COP_API cop_term cop_counters_new(size_t size);
/* How many numbers it has. */
COP_API size_t cop_counters_size(cop_term counters);
COP_API bool cop_is_counters(cop_term term);

/* What the number is. */
COP_API int64_t cop_counters_get(cop_term counters, size_t index);
/* What it is from now on. */
COP_API void cop_counters_put(cop_term counters, size_t index, int64_t value);
/* Adds, without asking what it was or is. */
COP_API void cop_counters_add(cop_term counters, size_t index, int64_t amount);
/* Returns what it is now. */
COP_API int64_t cop_counters_add_get(cop_term counters, size_t index, int64_t amount);
/* Returns what it was. */
COP_API int64_t cop_counters_exchange(cop_term counters, size_t index, int64_t value);
/* Where it is *expected it becomes value: true. Else *expected says what it is. */
COP_API bool cop_counters_compare_exchange(cop_term counters, size_t index, int64_t *expected,
                                           int64_t value);

COP_END_DECLS

#endif
