/*
 * coppice/held.h: terms that no process owns.
 *
 * cop_keep() keeps a term as long as its process lives. What several processes read from memory that
 * they share (under a lock of yours, which nobody may end inside of) has to outlive each of them: it
 * is held, until somebody lets it go. Most programs need none of this: a server, an agent or a
 * registry is the usual way to share.
 *
 *     entry->name = cop_hold(name);
 *     ...
 *     take(&lock);
 *     found = cop_copy(cop_held_term(entry->name));
 *     give(&lock);
 */
#ifndef COPPICE_HELD_H
#define COPPICE_HELD_H

#include <coppice/term.h>

COP_BEGIN_DECLS

struct cop_held;

/* A copy of the term, the caller's to let go. NULL: out of memory, or the term is COP_NONE. Any
 * thread. */
COP_API struct cop_held *cop_hold(cop_term term) COP_MUST_USE;

/* Frees it: nobody may look at it any more. NULL is allowed. Any thread. */
COP_API void cop_let_go(struct cop_held *held);

/* The term, lent: for comparing, matching and copying, as long as it is held. What cop_build() makes
 * of it refers to it, and so must not live longer. */
COP_API cop_term cop_held_term(const struct cop_held *held);

/* A copy of any term in the memory of the caller's turn. */
COP_API cop_term cop_copy(cop_term term);

COP_END_DECLS

#endif
