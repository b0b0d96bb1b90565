/*
 * directory.c: entries in a hash table that all processes share, under locks held for a moment.
 *
 * A directory is found by its name in a table of directories, and is cut into parts. A part is one
 * lock and one table, in which each entry stands twice: in the chain of its key and in that of its
 * process. So a process's entries are taken out without looking at anybody else's, however many
 * there are under the same key. Chains are newest first.
 *
 * Locks     A visitor takes the lock of the names, finds the directory, takes the lock of a part,
 *           and lets go of the first: so whoever takes a directory out of the table, and then each of
 *           its parts' locks once, is alone with it. Nobody holds two parts.
 * Crashes   What runs under a lock is ours, so nobody is killed there; but copying may fail for want
 *           of memory. Hence it runs in cop_try(), and the failure goes on when the lock is free.
 * Owners    Keys and values are held (held.h), and belong to nobody but the entry.
 *
 * Why not a process that is asked: it would be the one that everybody waits for. Why not without any
 * lock: then nobody knows when an entry that was taken out may be freed. A look-up takes two free
 * locks, and there are as many parts as one likes.
 */
#include "otp/directory.h"

#include <limits.h>

#include "base/alloc.h"
#include "base/lock.h"

enum { BY_KEY, BY_PID, CHAINS };

enum { FIRST_BUCKETS = 8, NAMES = 64 };

struct part {
        struct lock lock;
        size_t count, buckets;         /* buckets: a power of two, or 0 */
        struct entry **chains[CHAINS]; /* arrays of buckets */
        cop_pid owner;                 /* under the lock of the names */
};

struct directory {
        struct directory *next;
        cop_term name;
        uint64_t id;
        enum directory_kind kind;
        struct cop_held *listeners, *meta; /* under the lock of the names; NULL: [], #{} */
        unsigned part_count;
        struct part parts[];
};

static struct names {
        struct lock lock;
        struct directory *first;
} names[NAMES];

static uint64_t ids; /* under the lock of the first names */

static struct names *names_of(cop_term name)
{
        return &names[(name.word >> 8 ^ name.word >> 3) % NAMES];
}

/* The lock of the names is held. */
static struct directory *find(struct names *there, cop_term name)
{
        struct directory *directory = there->first;

        while (directory && directory->name.word != name.word)
                directory = directory->next;
        return directory;
}

/* Runs fn(argument) and then gives the lock, whatever happens. */
static void run_locked(struct lock *lock, void (*fn)(void *argument), void *argument)
{
        cop_term reason;
        enum cop_class class = cop_try(fn, argument, &reason);

        cop__lock_give(lock);
        if (class != COP_NORMAL)
                cop_exit_term(reason);
}

/* ---- chains ---- */

static size_t bucket_of(const struct part *part, int chain, const struct entry *entry)
{
        uint64_t hash = chain == BY_KEY ? entry->hash : entry->pid.word * 0x9e3779b97f4a7c15;

        return (size_t)(hash >> 20) & (part->buckets - 1);
}

static void put_in_front(struct part *part, int chain, struct entry *entry)
{
        struct entry **at = &part->chains[chain][bucket_of(part, chain, entry)];

        entry->next[chain] = *at;
        entry->at[chain] = at;
        if (*at)
                (*at)->at[chain] = &entry->next[chain];
        *at = entry;
}

static void take_out(struct entry *entry, int chain)
{
        *entry->at[chain] = entry->next[chain];
        if (entry->next[chain])
                entry->next[chain]->at[chain] = entry->at[chain];
}

static void entry_free(struct entry *entry)
{
        if (!entry)
                return;
        cop_let_go(entry->key);
        cop_let_go(entry->value);
        cop__free(entry);
}

/* All entries of a chain into the part's array, in the same order. */
static void move_chain(struct part *part, int chain, struct entry *entry)
{
        struct entry *next, *oldest_first = NULL;

        for (; entry; entry = next) {
                next = entry->next[chain];
                entry->next[chain] = oldest_first;
                oldest_first = entry;
        }
        for (entry = oldest_first; entry; entry = next) {
                next = entry->next[chain];
                put_in_front(part, chain, entry);
        }
}

/* More buckets, so that chains stay short. Without memory they get longer; but there must be some.
 */
static bool grow(struct part *part)
{
        size_t before = part->buckets, after = before ? before * 2 : FIRST_BUCKETS, i;
        struct entry **arrays = cop__alloc_zeroed(after * CHAINS * sizeof(struct entry *));
        struct entry **old[CHAINS] = { part->chains[BY_KEY], part->chains[BY_PID] };
        int chain;

        if (!arrays)
                return before > 0;
        part->buckets = after;
        for (chain = 0; chain < CHAINS; chain++) {
                part->chains[chain] = arrays + (size_t)chain * after;
                for (i = 0; i < before; i++)
                        move_chain(part, chain, old[chain][i]);
        }
        cop__free(old[BY_KEY]); /* both arrays are one block */
        return true;
}

/* ---- making and freeing ---- */

struct directory *cop__directory_new(cop_term name, enum directory_kind kind, unsigned parts)
{
        struct names *there = names_of(name);
        struct directory *directory =
                cop__alloc_zeroed(sizeof(struct directory) + parts * sizeof(struct part));
        bool taken;

        if (!directory)
                return NULL;
        directory->name = name;
        directory->kind = kind;
        directory->part_count = parts;
        cop__lock_take(&names[0].lock);
        directory->id = ++ids;
        cop__lock_give(&names[0].lock);

        cop__lock_take(&there->lock);
        taken = find(there, name) != NULL;
        if (!taken) {
                directory->next = there->first;
                there->first = directory;
        }
        cop__lock_give(&there->lock);
        if (!taken)
                return directory;
        cop__free(directory);
        return NULL;
}

static void part_free(struct part *part)
{
        struct entry *entry, *next;
        size_t i;

        for (i = 0; i < part->buckets; i++)
                for (entry = part->chains[BY_KEY][i]; entry; entry = next) {
                        next = entry->next[BY_KEY];
                        entry_free(entry);
                }
        cop__free(part->chains[BY_KEY]);
}

void cop__directory_free(struct directory *directory)
{
        struct names *there = names_of(directory->name);
        struct directory **at;
        unsigned i;

        cop__lock_take(&there->lock);
        for (at = &there->first; *at != directory; at = &(*at)->next)
                ;
        *at = directory->next;
        cop__lock_give(&there->lock);
        for (i = 0; i < directory->part_count; i++) {
                cop__lock_take(&directory->parts[i].lock); /* whoever is still in it goes first */
                cop__lock_give(&directory->parts[i].lock);
                part_free(&directory->parts[i]);
        }
        cop_let_go(directory->listeners);
        cop_let_go(directory->meta);
        cop__free(directory);
}

uint64_t cop__directory_id(const struct directory *directory)
{
        return directory->id;
}

/* ---- about a directory ---- */

static unsigned part_of_pid(const struct directory *directory, cop_pid pid)
{
        return (unsigned)((pid.word * 0x9e3779b97f4a7c15 >> 32) % directory->part_count);
}

struct looking {
        const struct directory *directory;
        cop_pid pid;
        struct directory_view *view;
};

static void look(void *argument)
{
        struct looking *looking = argument;
        const struct directory *directory = looking->directory;
        struct directory_view *view = looking->view;

        view->id = directory->id;
        view->kind = directory->kind;
        view->parts = directory->part_count;
        view->owner = directory->parts[part_of_pid(directory, looking->pid)].owner;
        view->listeners =
                directory->listeners ? cop_copy(cop_held_term(directory->listeners)) : cop_nil();
}

bool cop__directory_view(cop_term name, cop_pid pid, struct directory_view *view)
{
        struct names *there = names_of(name);
        struct looking looking = { .pid = pid, .view = view };

        cop__lock_take(&there->lock);
        looking.directory = find(there, name);
        if (looking.directory)
                run_locked(&there->lock, look, &looking);
        else
                cop__lock_give(&there->lock);
        return looking.directory != NULL;
}

static bool any(struct entry *entry, void *context)
{
        return true;
}

/* The lock of the names is held. Which entries are to go. */
static struct selection set_owner(struct directory *directory, unsigned part, cop_pid owner)
{
        struct selection gone = { .part_after = part + 1 };
        unsigned i;

        directory->parts[part].owner = owner;
        if (!cop_is_nobody(owner) || directory->kind == DIRECTORY_DUPLICATE)
                return gone;
        for (i = 0; i < directory->part_count; i++)
                directory->parts[i].owner.word = 0;
        gone.part_after = 0;
        return gone;
}

bool cop__directory_own(cop_term name, uint64_t id, unsigned part, cop_pid owner)
{
        struct names *there = names_of(name);
        struct selection gone = { .part_after = 0 };
        struct directory *directory;

        cop__lock_take(&there->lock);
        directory = find(there, name);
        if (directory && (directory->id != id || part >= directory->part_count))
                directory = NULL;
        if (directory)
                gone = set_owner(directory, part, owner);
        cop__lock_give(&there->lock);
        if (directory && cop_is_nobody(owner))
                cop__directory_each(name, gone, any, NULL);
        return directory != NULL;
}

bool cop__directory_set_listeners(cop_term name, cop_term listeners)
{
        struct names *there = names_of(name);
        struct cop_held *held = cop_hold(listeners), *old = held;
        struct directory *directory;

        if (!held)
                cop_error("{system_limit, memory}");
        cop__lock_take(&there->lock);
        directory = find(there, name);
        if (directory) {
                old = directory->listeners;
                directory->listeners = held;
        }
        cop__lock_give(&there->lock);
        cop_let_go(old);
        return directory != NULL;
}

struct changing {
        struct directory *directory;
        directory_meta_fn *change;
        void *context;
};

static void change_meta(void *argument)
{
        struct changing *changing = argument;
        struct directory *directory = changing->directory;
        cop_term meta =
                directory->meta ? cop_copy(cop_held_term(directory->meta)) : cop_build("#{}");
        struct cop_held *held;

        meta = changing->change(meta, changing->context);
        if (cop_is_none(meta))
                return;
        held = cop_hold(meta);
        if (!held)
                cop_error("{system_limit, memory}");
        cop_let_go(directory->meta);
        directory->meta = held;
}

bool cop__directory_meta(cop_term name, directory_meta_fn *change, void *context)
{
        struct names *there = names_of(name);
        struct changing changing = { .change = change, .context = context };

        cop__lock_take(&there->lock);
        changing.directory = find(there, name);
        if (changing.directory && changing.directory->kind == DIRECTORY_GROUPS)
                changing.directory = NULL;
        if (changing.directory)
                run_locked(&there->lock, change_meta, &changing);
        else
                cop__lock_give(&there->lock);
        return changing.directory != NULL;
}

/* ---- a walk over entries ---- */

struct walk {
        cop_term name;
        struct selection which;
        uint64_t hash; /* of its key */
        directory_fn *fn;
        void *context;
        struct part *part; /* whose lock is held */
        enum directory_kind kind;
};

static bool has_key(const struct walk *walk)
{
        return !cop_is_none(walk->which.key);
}

static bool has_pid(const struct walk *walk)
{
        return !cop_is_nobody(walk->which.pid);
}

static bool is_selected(const struct walk *walk, const struct entry *entry)
{
        if (has_pid(walk) && !cop_same(entry->pid, walk->which.pid))
                return false;
        return !has_key(walk) ||
               (entry->hash == walk->hash && cop_equal(cop_held_term(entry->key), walk->which.key));
}

static void walk_chain(struct walk *walk, int chain, size_t bucket)
{
        struct entry *entry, *next;

        for (entry = walk->part->chains[chain][bucket]; entry; entry = next) {
                next = entry->next[chain];
                if (!is_selected(walk, entry) || !walk->fn(entry, walk->context))
                        continue;
                take_out(entry, BY_KEY);
                take_out(entry, BY_PID);
                walk->part->count--;
                entry_free(entry);
        }
}

static void walk_part(void *argument)
{
        struct walk *walk = argument;
        struct entry like = { .hash = walk->hash, .pid = walk->which.pid };
        size_t i;

        if (walk->part->buckets == 0)
                return;
        if (has_pid(walk))
                walk_chain(walk, BY_PID, bucket_of(walk->part, BY_PID, &like));
        else if (has_key(walk))
                walk_chain(walk, BY_KEY, bucket_of(walk->part, BY_KEY, &like));
        else
                for (i = 0; i < walk->part->buckets; i++)
                        walk_chain(walk, BY_KEY, i);
}

static unsigned part_of(const struct directory *directory, uint64_t hash, cop_pid pid)
{
        return directory->kind == DIRECTORY_DUPLICATE ? part_of_pid(directory, pid)
                                                      : (unsigned)(hash % directory->part_count);
}

/* May there be such entries in this part? */
static bool is_where(const struct directory *directory, const struct walk *walk, unsigned part)
{
        bool by_pid = directory->kind == DIRECTORY_DUPLICATE;

        if (walk->which.part_after)
                return part == walk->which.part_after - 1;
        if (by_pid ? has_pid(walk) : has_key(walk))
                return part == part_of(directory, walk->hash, walk->which.pid);
        return true;
}

/* Goes on with the next of the first *left parts, the last one first; false: that was all. */
static bool enter_next(struct walk *walk, unsigned *left)
{
        struct names *there = names_of(walk->name);
        struct directory *directory;

        cop__lock_take(&there->lock);
        directory = find(there, walk->name);
        walk->kind = directory ? directory->kind : DIRECTORY_NONE;
        walk->part = NULL;
        if (directory && *left > directory->part_count)
                *left = directory->part_count;
        while (directory && *left > 0 && !walk->part)
                if (is_where(directory, walk, --*left))
                        walk->part = &directory->parts[*left];
        if (walk->part)
                cop__lock_take(&walk->part->lock);
        cop__lock_give(&there->lock);
        return walk->part != NULL;
}

enum directory_kind cop__directory_each(cop_term name, struct selection which, directory_fn *fn,
                                        void *context)
{
        struct walk walk = { name, which, cop_hash(which.key), fn, context, NULL, DIRECTORY_NONE };
        unsigned left = UINT_MAX;

        while (enter_next(&walk, &left))
                run_locked(&walk.part->lock, walk_part, &walk);
        return walk.kind;
}

/* ---- adding ---- */

struct adding {
        struct walk walk; /* over those with the same key */
        const struct addition *addition;
        struct entry *entry;
        bool known, added;
};

static bool note_holder(struct entry *entry, void *context)
{
        *(cop_pid *)context = entry->pid;
        return false;
}

static void add_to_part(void *argument)
{
        struct adding *adding = argument;
        struct part *part = adding->walk.part;
        cop_pid *holder = adding->walk.context;

        if (adding->walk.kind == DIRECTORY_UNIQUE)
                walk_part(&adding->walk);
        if (!cop_is_nobody(*holder))
                return;
        if (part->count >= part->buckets && !grow(part))
                cop_error("{system_limit, memory}");
        put_in_front(part, BY_KEY, adding->entry);
        put_in_front(part, BY_PID, adding->entry);
        part->count++;
        adding->added = true;
}

static struct entry *entry_new(const struct addition *addition, uint64_t hash)
{
        struct entry *entry = cop__alloc_zeroed(sizeof(struct entry));

        if (!entry)
                return NULL;
        entry->hash = hash;
        entry->pid = addition->pid;
        entry->key = cop_hold(addition->key);
        entry->value = cop_hold(addition->value);
        if (entry->key && entry->value)
                return entry;
        entry_free(entry);
        return NULL;
}

static bool is_owner(const struct directory *directory, const struct addition *addition)
{
        unsigned part = part_of_pid(directory, addition->pid);

        return cop_same(directory->parts[part].owner, addition->owner);
}

static void add(void *argument)
{
        struct adding *adding = argument;
        struct walk *walk = &adding->walk;
        struct names *there = names_of(walk->name);
        struct directory *directory;

        cop__lock_take(&there->lock);
        directory = find(there, walk->name);
        adding->known = directory && is_owner(directory, adding->addition);
        if (adding->known) {
                walk->kind = directory->kind;
                walk->part =
                        &directory->parts[part_of(directory, walk->hash, adding->addition->pid)];
                cop__lock_take(&walk->part->lock);
        }
        cop__lock_give(&there->lock);
        if (adding->known)
                run_locked(&walk->part->lock, add_to_part, adding);
}

enum directory_added cop__directory_add(cop_term name, const struct addition *addition,
                                        cop_pid *holder)
{
        struct adding adding = {
                .walk = { .name = name,
                          .which.key = addition->key,
                          .hash = cop_hash(addition->key),
                          .fn = note_holder,
                          .context = holder },
                .addition = addition,
        };
        enum cop_class class;
        cop_term reason;

        holder->word = 0;
        adding.entry = entry_new(addition, adding.walk.hash);
        if (!adding.entry)
                cop_error("{system_limit, memory}");
        class = cop_try(add, &adding, &reason);
        if (!adding.added)
                entry_free(adding.entry);
        if (class != COP_NORMAL)
                cop_exit_term(reason);
        if (!adding.known)
                return DIRECTORY_UNKNOWN;
        return adding.added ? DIRECTORY_ADDED : DIRECTORY_TAKEN;
}
