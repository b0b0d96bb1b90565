/*
 * directory.h: who is where, read by everybody.
 *
 * A directory has a name, and entries: a key, a process, a value. Any process reads and changes it at
 * once, without asking another one; no entry belongs to the process that made it, so whoever has the
 * directory takes out those of the dead. registry.c and pg.c are made of it.
 */
#ifndef COP_OTP_DIRECTORY_H
#define COP_OTP_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <coppice/held.h>
#include <coppice/process.h>

struct directory;

enum directory_kind {
        DIRECTORY_NONE,
        DIRECTORY_UNIQUE,           /* one entry a key; in parts by key */
        DIRECTORY_DUPLICATE,        /* any number; in parts by process */
        DIRECTORY_DUPLICATE_BY_KEY, /* any number; in parts by key */
        DIRECTORY_GROUPS,           /* the same, and no registry */
};

struct entry {
        struct entry *next[2], **at[2]; /* in the chains of its key, of its process */
        uint64_t hash;                  /* of the key */
        cop_pid pid;
        struct cop_held *key, *value;
};

/* What there is to know about a directory besides its entries. */
struct directory_view {
        uint64_t id; /* no two directories have the same one */
        enum directory_kind kind;
        unsigned parts;
        cop_term listeners; /* a list, in the memory of the turn */
        cop_pid owner;      /* of the part that the process asked for belongs to; zero: none now */
};

/* A directory under this name, an atom. parts >= 1. NULL: out of memory, or the name is taken. */
struct directory *cop__directory_new(cop_term name, enum directory_kind kind, unsigned parts);
void cop__directory_free(struct directory *directory);
uint64_t cop__directory_id(const struct directory *directory);

/* These find a directory by its name, and return false, or DIRECTORY_NONE, where there is none. */

bool cop__directory_view(cop_term name, cop_pid pid, struct directory_view *view);
/*
 * Who cleans up this part of the directory that has this id, and is the owner of the processes that
 * belong to it. A zero pid: nobody any more, and its entries are gone; where entries stand in parts by
 * key, all owners and all entries are.
 */
bool cop__directory_own(cop_term name, uint64_t id, unsigned part, cop_pid owner);
/* A list of atoms. */
bool cop__directory_set_listeners(cop_term name, cop_term listeners);
/* A map that belongs to the directory; groups have none. The change gets a copy of it and returns the next one, or
 * COP_NONE: it stays. */
typedef cop_term directory_meta_fn(cop_term meta, void *context);
bool cop__directory_meta(cop_term name, directory_meta_fn *change, void *context);

enum directory_added {
        DIRECTORY_ADDED,
        DIRECTORY_TAKEN,   /* *holder has the key */
        DIRECTORY_UNKNOWN, /* there is no directory, or the process has another owner */
};

struct addition {
        cop_term key, value;
        cop_pid pid, owner;
};

/* Adds an entry. Without memory the caller crashes, and nothing was added. */
enum directory_added cop__directory_add(cop_term name, const struct addition *addition,
                                        cop_pid *holder);

/* Which entries: all with this key (COP_NONE: any), of this process (zero: any), in this part. */
struct selection {
        cop_term key;
        cop_pid pid;
        unsigned part_after; /* 0: any part; n: part n - 1 */
};

/*
 * fn is called for each, the last part first, and there the newest of a key or a process first: so
 * that a list made of them by cop_cons() is in the order in which they were added. It runs under a lock: it must not call
 * anything that waits, or code of the user's. It may crash, which ends the walk. True: the entry is
 * taken out.
 */
typedef bool directory_fn(struct entry *entry, void *context);
enum directory_kind cop__directory_each(cop_term name, struct selection which, directory_fn *fn,
                                        void *context);

#endif
