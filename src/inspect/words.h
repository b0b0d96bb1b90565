/*
 * words.h: terms in memory that is not to be trusted.
 */
#ifndef COP_INSPECT_WORDS_H
#define COP_INSPECT_WORDS_H

#include <coppice/term.h>

#include "inspect/memory.h"

/*
 * A copy of the term behind this word, as far as it can be read: a word from a broken struct, or of
 * a term that died with its turn, may lead anywhere. *left is how many parts it may have, and counts
 * down. What cannot be a term is the atom unreadable, what is too much the atom '...'.
 */
cop_term cop__word_show(struct window *window, uint64_t word, size_t *left, unsigned depth);

#endif
