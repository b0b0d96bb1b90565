/*
 * atom.h: texts that exist once.
 *
 * An atom is made once and lives for ever, so two atoms are equal when their words are. Finding one
 * takes no lock; making one does. `name` and `table` belong to the runtime: the process registered
 * under this atom, and the ets table.
 */
#ifndef COP_TERM_ATOM_H
#define COP_TERM_ATOM_H

#include "term/value.h"

struct atom {
        _Atomic(uint64_t)
                name; /* any thread: word of the pid registered under it, 0 when there is none */
        _Atomic(uint64_t) table; /* the same: word of the reference of the ets table of this name */
        uint64_t hash;           /* of the text; set once */
        uint32_t index;          /* counts from 0 in the order of making; set once */
        uint16_t size;           /* bytes, without the zero; set once */
        char text[];             /* UTF-8, ended by a zero; set once */
};

static inline struct atom *atom_of(cop_term t)
{
        return (struct atom *)(uintptr_t)(t.word >> 3);
}

static inline cop_term atom_term(const struct atom *atom)
{
        return term_of((uint64_t)(uintptr_t)atom << 3 | TAG_ATOM);
}

/* Atoms that Coppice itself uses: known before anything runs, as ATOM(ok). */
/* clang-format off */
#define COP__ATOMS(X)                                                                              \
        X(ok) X(error) X(true) X(false) X(undefined) X(infinity) X(normal) X(shutdown) X(kill)     \
        X(killed) X(noproc) X(noconnection) X(timeout) X(badarg) X(badmatch) X(badmap)             \
        X(function_clause) X(case_clause) X(nocatch) X(system_limit) X(calling_self) X(process)    \
        X(port) X(exit) X(throw) X(file) X(line) X(address) X(pc) X(quota) X(memory) X(inbox)      \
        X(turn) X(EXIT) X(DOWN) X(segv) X(bus) X(fpe) X(ill) X(abort) X(stack_overflow)            \
        X(stacks) X(processes) X(badkey) X(reply) X(noreply) X(stop) X(ignore) X(atoms)     \
        X(threads)
/* clang-format on */

enum {
#define X(text) COP__ATOM_##text,
        COP__ATOMS(X)
#undef X
                COP__ATOM_COUNT
};

/* Their words; filled in before any other constructor may need them (see atom.c). */
extern cop_term cop__known_atoms[COP__ATOM_COUNT];

#define ATOM(text) (cop__known_atoms[COP__ATOM_##text])

/* The atom with this text, made when there is none. COP_NONE: not UTF-8, too long, out of memory,
 * or the table is full. Any thread. */
cop_term cop__atom_make(const char *text, size_t size);

/* The atom with this text, COP_NONE when there is none. Any thread, no lock. */
cop_term cop__atom_find(const char *text, size_t size);

size_t cop__atom_count(void);

/* How many atoms there may be: 1,048,576, or what COP_ATOMS says in the environment. Beyond it
 * none is made. A limit below what is there already is allowed. */
size_t cop__atom_limit(void);
void cop__atom_set_limit(size_t limit);

#endif
