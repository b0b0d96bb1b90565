/*
 * words.h: a stack of words that grows, for walking terms.
 *
 * Terms nest as deep as whoever made them likes, and a process's C stack is small: so nothing here
 * walks a term by recursion. The first words are inside the struct, so that shallow terms cost no
 * allocation.
 */
#ifndef COP_BASE_WORDS_H
#define COP_BASE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { WORDS_INSIDE = 32 };

struct words {
        uint64_t *at; /* `inside`, or allocated */
        size_t count;
        size_t room;
        uint64_t inside[WORDS_INSIDE];
};

static inline void cop__words_init(struct words *words)
{
        words->at = words->inside;
        words->count = 0;
        words->room = WORDS_INSIDE;
}

void cop__words_release(struct words *words);

/* Makes room for more; false when memory is used up, and nothing changed. */
bool cop__words_grow(struct words *words);

/* False when memory is used up. */
static inline bool cop__words_push(struct words *words, uint64_t word)
{
        if (words->count == words->room && !cop__words_grow(words))
                return false;
        words->at[words->count++] = word;
        return true;
}

static inline uint64_t cop__words_pop(struct words *words)
{
        return words->at[--words->count];
}

#endif
