/*
 * bonds.h: what ties a process to others.
 *
 * Monitors on either side, aliases and calls not yet answered, in one hash table under the word of
 * the pid or reference that names each; words of different kinds never meet. Only the process itself
 * touches its table. A process without bonds has no table. Links are in a set of their own (links.h)
 * but for those that are more than a pid.
 */
#ifndef COP_RUNTIME_BONDS_H
#define COP_RUNTIME_BONDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <coppice/term.h>

enum bond_kind {
        BOND_NONE,
        BOND_LINK,      /* key: pid of the other end; late */
        BOND_UNLINKING, /* key: the same; a link taken back; other: number of the UNLINK signal */
        BOND_MONITOR,   /* key: ref; other: pid watched; name: as which name; tag */
        BOND_WATCHER,   /* key: ref; other: pid that watches */
        BOND_ALIAS,     /* key: ref */
        BOND_CALLER,    /* key: ref; other: pid that waits for an answer */
        BOND_REQUEST, /* key: ref; other: pid asked: a call in two parts; tag: what came, as struct
                         signal * */
};

struct bond {
        uint64_t key; /* 0: free */
        uint64_t other;
        cop_term tag;  /* MONITOR: kept, or none; REQUEST: address of the answer's signal */
        cop_term name; /* MONITOR by name: the atom */
        uint8_t kind;
        uint8_t alias; /* enum cop_alias_mode, of a MONITOR or an ALIAS */
        bool late;     /* made when the process was ending: the other end hears noproc */
};

struct bonds {
        struct bond *table; /* NULL while empty */
        uint32_t count;
        uint32_t room; /* a power of two */
};

struct bond *cop__bond_find(const struct bonds *bonds, uint64_t key);
/* A new one, all fields but the key zero; the key is not in the table. NULL: memory is used up.
 * Moves others. */
struct bond *cop__bond_add(struct bonds *bonds, uint64_t key, enum bond_kind kind);
/* Takes it out. Moves others. */
void cop__bond_remove(struct bonds *bonds, struct bond *bond);
void cop__bonds_release(struct bonds *bonds);
/* Before a long rest: a table for two that has one becomes one for one, if there is memory. Moves it. */
void cop__bonds_trim(struct bonds *bonds);

/* The next one in use at or after *at; NULL at the end. */
struct bond *cop__bond_next(const struct bonds *bonds, uint32_t *at);

#endif
