/*
 * words.c: where a stack of words goes when the words inside it are used up.
 *
 * The room doubles, so a word costs a constant amount of copying however deep the term. A failure
 * leaves the stack as it was, for cop__words_release() to put away.
 */
#include "base/words.h"

#include <string.h>

#include "base/alloc.h"

bool cop__words_grow(struct words *words)
{
        size_t room = 2 * words->room;
        bool inside = words->at == words->inside;
        uint64_t *at;

        if (room > SIZE_MAX / sizeof(uint64_t))
                return false;
        at = cop__realloc(inside ? NULL : words->at, room * sizeof(uint64_t));
        if (!at)
                return false;
        if (inside)
                memcpy(at, words->inside, sizeof(words->inside));
        words->at = at;
        words->room = room;
        return true;
}

void cop__words_release(struct words *words)
{
        if (words->at != words->inside)
                cop__free(words->at);
        cop__words_init(words);
}
