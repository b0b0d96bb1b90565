/*
 * ets_table.c: tables, from their beginning to their end.
 *
 * find      A reference of a table has a number of the last million slots (where a process's would
 *           be only if there were 32 million), which leads to its struct; a name is a slot in its
 *           atom. No lock.
 * enter     The locks of the shards one needs, the lowest first; then the id is compared.
 * owners    The tables of a process are on a list, one of OWNERS by its pid. A dying process closes
 *           its name (name.c) and then looks at the list; who gives it a table puts it on the list
 *           and then looks whether the name is closed. So one of the two sees the other.
 *
 * Order     Locks of shards before that of an owners' list; the registry's lock last.
 * Owners    Objects are their table's, and of whoever has them pinned. The structs, and their shards,
 *           are the registry's: kept from table to table, freed when the system stops.
 * Invariant The owner changes only under all locks of a table; so does the id become 0.
 *
 * LIMIT: the memory of a table with very many objects is given back in one go: a process that owns a
 * table of a million objects takes some tens of milliseconds to end.
 */
#include "runtime/ets_table.h"

#include "base/alloc.h"
#include "runtime/process.h"
#include "term/pattern.h"

enum {
        SEGMENTS = 16,
        FIRST = 16,
        TABLES_MOST = FIRST << SEGMENTS,
        FIRST_SLOT = SLOT_OF_TABLES,
        OWNERS = 64,
        BITS_ORDINARY = 3,
        BITS_CONCURRENT = 6,
};

_Static_assert(FIRST_SLOT + TABLES_MOST == 1 << SLOT_BITS, "the last slots are the tables'");

static struct {
        _Atomic(struct ets_table *) segments[SEGMENTS];
        struct lock lock;
        uint32_t count;                              /* structs ever made */
        struct ets_table *free[BITS_CONCURRENT + 1]; /* by bits; under the lock */
} registry;

static struct owners {
        struct lock lock;
        _Atomic(struct ets_table *) first; /* written under the lock */
} owners[OWNERS];

/* ---- structs ---- */

static unsigned segment_of(uint32_t index)
{
        return index < FIRST ? 0 : 32 - (unsigned)__builtin_clz(index / FIRST);
}

static uint32_t segment_begin(unsigned segment)
{
        return segment ? (uint32_t)FIRST << (segment - 1) : 0;
}

static uint32_t segment_size(unsigned segment)
{
        return segment ? segment_begin(segment) : FIRST;
}

static struct ets_table *table_at(uint32_t index)
{
        unsigned segment = segment_of(index);
        struct ets_table *tables;

        if (segment >= SEGMENTS)
                return NULL;
        /* pairs with the release in add_struct */
        tables = atomic_load_explicit(&registry.segments[segment], memory_order_acquire);
        return tables ? &tables[index - segment_begin(segment)] : NULL;
}

/* One that never was used. Under the lock. */
static struct ets_table *add_struct(unsigned bits)
{
        unsigned segment = segment_of(registry.count);
        struct ets_table *tables, *table;

        if (segment >= SEGMENTS)
                return NULL;
        tables = atomic_load_explicit(&registry.segments[segment], memory_order_relaxed);
        if (!tables) {
                tables = cop__alloc_zeroed(segment_size(segment) * sizeof(*tables));
                if (!tables)
                        return NULL;
                atomic_store_explicit(&registry.segments[segment], tables, memory_order_release);
        }
        table = &tables[registry.count - segment_begin(segment)];
        table->shards =
                cop__alloc_aligned(sizeof(struct ets_shard) << bits, _Alignof(struct ets_shard));
        if (!table->shards)
                return NULL;
        __builtin_memset(table->shards, 0, sizeof(struct ets_shard) << bits);
        table->index = registry.count++;
        table->bits = (uint8_t)bits;
        return table;
}

static struct ets_table *take_struct(unsigned bits)
{
        struct ets_table *table;

        cop__lock_take(&registry.lock);
        table = registry.free[bits];
        if (table)
                registry.free[bits] = table->next_free;
        else
                table = add_struct(bits);
        cop__lock_give(&registry.lock);
        return table;
}

static void give_struct(struct ets_table *table)
{
        cop__lock_take(&registry.lock);
        table->next_free = registry.free[table->bits];
        registry.free[table->bits] = table;
        cop__lock_give(&registry.lock);
}

/* ---- finding ---- */

static bool find_ref(uint64_t word, struct ets_handle *handle)
{
        uint32_t slot = slot_of(word);

        if (tag_of(term_of(word)) != TAG_REF || slot < FIRST_SLOT)
                return false;
        handle->table = table_at(slot - FIRST_SLOT);
        handle->id = word;
        return handle->table &&
               atomic_load_explicit(&handle->table->id, memory_order_acquire) == word;
}

static bool find_name(cop_term atom, struct ets_handle *handle)
{
        uint64_t word =
                atom.word ? atomic_load_explicit(&atom_of(atom)->table, memory_order_acquire) : 0;

        return word && find_ref(word, handle);
}

bool cop__ets_find_table(struct cop__site *site, struct cop__to to, struct ets_handle *handle)
{
        if (to.kind == COP__TEXT) {
                const char *name = (const char *)(uintptr_t)to.word;

                return find_name(site ? cop__site_name(site, name)
                                      : cop_find_atom(name, __builtin_strlen(name)),
                                 handle);
        }
        if (tag_of(term_of(to.word)) == TAG_ATOM)
                return find_name(term_of(to.word), handle);
        return find_ref(to.word, handle);
}

struct ets_handle cop__ets_table(struct cop__site *site, struct cop__to to,
                                 const struct cop_place *place)
{
        struct ets_handle handle;

        if (!cop__ets_find_table(site, to, &handle))
                cop__fail_badarg(place);
        return handle;
}

cop_term cop__ets_term(const struct ets_table *table, uint64_t id)
{
        return term_of(table->is_named ? table->name : id);
}

cop_ref cop_ets_whereis(const char *name)
{
        struct ets_handle handle;

        if (!find_name(cop_find_atom(name, __builtin_strlen(name)), &handle))
                handle.id = 0;
        return (cop_ref){ handle.id };
}

cop_term cop_ets_all(void)
{
        cop_term all = cop_nil();
        struct ets_table *table;

        for (uint32_t i = 0; (table = table_at(i)); i++) {
                uint64_t id = atomic_load_explicit(&table->id, memory_order_acquire);

                if (id)
                        all = cop_cons(cop__ets_term(table, id), all);
        }
        return all;
}

/* ---- locks ---- */

static void take_locks(struct ets_table *table, uint64_t shards)
{
        for (; shards; shards &= shards - 1)
                cop__lock_take(&table->shards[__builtin_ctzll(shards)].lock);
}

static void give_locks(struct ets_table *table, uint64_t shards)
{
        for (; shards; shards &= shards - 1)
                cop__lock_give(&table->shards[__builtin_ctzll(shards)].lock);
}

static bool may(const struct ets_table *table, enum ets_need need, uint64_t self)
{
        bool is_owner = table->owner == self;

        switch (need) {
        case ETS_ANYTHING:
                return true;
        case ETS_READ:
                return is_owner || table->access != COP_ETS_PRIVATE;
        case ETS_WRITE:
                return is_owner || table->access == COP_ETS_PUBLIC;
        case ETS_OWN:
                break;
        }
        return is_owner;
}

bool cop__ets_enter(const struct ets_handle *handle, uint64_t shards, enum ets_need need)
{
        struct ets_table *table = handle->table;
        uint64_t self = cop_self().word;

        take_locks(table, shards);
        if (atomic_load_explicit(&table->id, memory_order_relaxed) == handle->id &&
            may(table, need, self))
                return true;
        give_locks(table, shards);
        return false;
}

void cop__ets_leave(const struct ets_handle *handle, uint64_t shards)
{
        give_locks(handle->table, shards);
}

/* ---- owners ---- */

static struct owners *list_of(uint64_t pid)
{
        return &owners[slot_of(pid) % OWNERS];
}

static void list_put(struct ets_table *table, uint64_t id, uint64_t pid)
{
        struct owners *list = list_of(pid);
        struct ets_table *first;

        cop__lock_take(&list->lock);
        first = list->first;
        table->listed = id;
        table->next = first;
        table->at = NULL;
        if (first)
                first->at = &table->next;
        atomic_store(&list->first, table); /* seq_cst: see is_gone() */
        cop__lock_give(&list->lock);
}

/* Under the lock. */
static void unlist(struct owners *list, struct ets_table *table)
{
        table->listed = 0;
        if (table->at)
                *table->at = table->next;
        else
                atomic_store_explicit(&list->first, table->next, memory_order_relaxed);
        if (table->next)
                table->next->at = table->at;
}

/* Nothing where its owner, dying, has taken it already. */
static void list_take(struct ets_table *table, uint64_t id, uint64_t pid)
{
        struct owners *list = list_of(pid);

        cop__lock_take(&list->lock);
        if (table->listed == id)
                unlist(list, table);
        cop__lock_give(&list->lock);
}

/* After a table was put on its list: has it ended, and perhaps not seen that? */
static bool is_gone(uint64_t pid)
{
        struct process *p = tag_of(term_of(pid)) == TAG_PID ? cop__table_at(pid) : NULL;

        /* seq_cst: pairs with the exchange in give_up_name() */
        return !p || atomic_load(&p->pid) != pid || atomic_load(&p->name) == NAME_DEAD;
}

/* ---- letters ---- */

enum { LETTER_TABLE = 2, LETTER_FROM = 3 };

/* {'ETS-TRANSFER', Table, From, Data} for a process, but for table and sender. */
static struct signal *letter_new(uint64_t to, cop_term data)
{
        uint64_t box[] = { header_of(BOX_TUPLE, 4), cop_atom("ETS-TRANSFER").word, NIL.word,
                           NIL.word, data.word };
        struct signal *letter = cop__signal_with(SIGNAL_MESSAGE, to, box_term(box));

        if (!letter)
                cop__fail_limit("memory");
        return letter;
}

/* Both are words; nobody else has the letter yet. */
static void address(struct signal *letter, cop_term table, uint64_t from)
{
        words_of(letter->term)[LETTER_TABLE] = table.word;
        words_of(letter->term)[LETTER_FROM] = from;
}

static void post(struct signal *letter)
{
        if (!cop__deliver(letter))
                cop__signal_free(letter);
}

/* ---- an end ---- */

/* The locks of all shards are held, and are given back. */
static void destroy_locked(const struct ets_handle *handle)
{
        struct ets_table *table = handle->table;
        uint64_t id = handle->id, owner = table->owner, name = table->name;
        struct signal *letter = table->letter;

        table->letter = NULL;
        atomic_store_explicit(&table->id, 0, memory_order_release);
        give_locks(table, cop__ets_all_shards(handle));
        if (table->is_named)
                atomic_compare_exchange_strong(&atom_of(term_of(name))->table, &id, 0);
        list_take(table, handle->id, owner);
        cop__signal_free(letter);
        for (uint32_t i = 0; i < cop__ets_shard_count(table); i++) {
                struct ets_contents contents;

                cop__lock_take(&table->shards[i].lock);
                contents = cop__ets_shard_empty(&table->shards[i]);
                cop__lock_give(&table->shards[i].lock);
                cop__ets_contents_free(&contents);
        }
        give_struct(table);
}

/* Its owner has ended: to its heir, or to its end. */
static void inherit(const struct ets_handle *handle, uint64_t dead)
{
        struct ets_table *table = handle->table;
        uint64_t shards = cop__ets_all_shards(handle);
        struct signal *letter;

        take_locks(table, shards);
        if (atomic_load_explicit(&table->id, memory_order_relaxed) != handle->id ||
            table->owner != dead) {
                give_locks(table, shards);
                return;
        }
        if (!table->heir || table->heir == dead) {
                destroy_locked(handle);
                return;
        }
        table->owner = table->heir;
        list_put(table, handle->id, table->owner);
        if (is_gone(table->owner)) {
                destroy_locked(handle);
                return;
        }
        letter = table->letter;
        if (letter) /* it stays the heir, should it give the table away */
                table->letter = cop__signal_with(SIGNAL_MESSAGE, table->heir, letter->term);
        give_locks(table, shards);
        if (letter)
                post(letter);
}

void cop__ets_owner_gone(uint64_t pid)
{
        struct owners *list = list_of(pid);
        struct ets_handle handle;
        struct ets_table *table;

        while (atomic_load(&list->first)) {
                cop__lock_take(&list->lock);
                table = list->first;
                while (table && atomic_load(&table->owner) != pid)
                        table = table->next;
                if (table) {
                        handle = (struct ets_handle){ table, table->listed };
                        unlist(list, table);
                }
                cop__lock_give(&list->lock);
                if (!table)
                        return;
                inherit(&handle, pid);
        }
}

void cop__ets_stop(void)
{
        struct ets_table *table;

        for (uint32_t i = 0; (table = table_at(i)) && i < registry.count; i++) {
                struct ets_handle handle = { table, table->id };

                if (handle.id) {
                        take_locks(table, cop__ets_all_shards(&handle));
                        destroy_locked(&handle);
                }
                cop__free(table->shards);
        }
        for (unsigned i = 0; i < SEGMENTS; i++) {
                cop__free(registry.segments[i]);
                registry.segments[i] = NULL;
        }
        registry.count = 0;
        __builtin_memset(registry.free, 0, sizeof(registry.free));
}

/* ---- what its users do ---- */

static bool take_name(cop_term atom, uint64_t id)
{
        uint64_t nobody = 0;

        return atomic_compare_exchange_strong(&atom_of(atom)->table, &nobody, id);
}

/* Options of a table that nobody can find yet; but somebody may still knock who knew the last one. */
static void fill_in(struct ets_table *table, cop_term atom, const struct cop_ets_options *options)
{
        struct ets_handle handle = { table, 0 };

        take_locks(table, cop__ets_all_shards(&handle));
        table->type = (uint8_t)options->type;
        table->access = (uint8_t)options->access;
        table->is_named = options->named;
        table->read_concurrency = options->read_concurrency;
        table->write_concurrency = options->write_concurrency;
        table->keypos = options->keypos ? options->keypos - 1 : 0;
        table->name = atom.word;
        table->owner = cop_self().word;
        table->heir = options->heir.word;
        for (uint32_t i = 0; i < cop__ets_shard_count(table); i++)
                table->shards[i].is_ordered = cop__ets_is_ordered(table);
        give_locks(table, cop__ets_all_shards(&handle));
}

static bool is_valid(const char *name, const struct cop_ets_options *options)
{
        return name && (unsigned)options->type <= COP_ETS_DUPLICATE_BAG &&
               (unsigned)options->access <= COP_ETS_PRIVATE &&
               (!options->heir.word || tag_of(term_of(options->heir.word)) == TAG_PID);
}

static unsigned bits_for(const struct cop_ets_options *options)
{
        if (options->type == COP_ETS_ORDERED_SET || options->access == COP_ETS_PRIVATE)
                return 0;
        return options->write_concurrency ? BITS_CONCURRENT : BITS_ORDINARY;
}

cop_ref cop_ets_new_with(const char *name, const struct cop_ets_options *options)
{
        struct ets_table *table;
        struct signal *letter = NULL;
        cop_term atom;
        uint64_t id;

        if (!is_valid(name, options))
                cop__fail_badarg(COP_HERE);
        atom = cop_atom(name);
        if (options->heir.word && options->heir_data.word)
                letter = letter_new(options->heir.word, options->heir_data);
        table = take_struct(bits_for(options));
        if (!table) {
                cop__signal_free(letter);
                cop__fail_limit("memory");
        }
        id = local_word(TAG_REF, FIRST_SLOT + table->index, ++table->uses);
        fill_in(table, atom, options);
        if (options->named && !take_name(atom, id)) {
                cop__signal_free(letter);
                give_struct(table);
                cop__fail_badarg(COP_HERE);
        }
        if (letter)
                address(letter, cop__ets_term(table, id), table->owner);
        table->letter = letter;
        atomic_store_explicit(&table->id, id, memory_order_release);
        list_put(table, id, table->owner);
        return (cop_ref){ id };
}

void cop__ets_free(struct cop__to to, const struct cop_place *place)
{
        struct ets_handle handle = cop__ets_table(NULL, to, place);

        if (!cop__ets_enter(&handle, cop__ets_all_shards(&handle), ETS_WRITE))
                cop__fail_badarg(place);
        destroy_locked(&handle);
}

void cop__ets_clear(struct cop__to to, const struct cop_place *place)
{
        struct ets_handle handle = cop__ets_table(NULL, to, place);
        struct ets_contents contents[1 << BITS_CONCURRENT];
        uint32_t count = cop__ets_shard_count(handle.table);

        if (!cop__ets_enter(&handle, cop__ets_all_shards(&handle), ETS_WRITE))
                cop__fail_badarg(place);
        for (uint32_t i = 0; i < count; i++)
                contents[i] = cop__ets_shard_empty(&handle.table->shards[i]);
        cop__ets_leave(&handle, cop__ets_all_shards(&handle));
        for (uint32_t i = 0; i < count; i++)
                cop__ets_contents_free(&contents[i]);
}

void cop__ets_rename(struct cop__to to, const char *name, const struct cop_place *place)
{
        struct ets_handle handle = cop__ets_table(NULL, to, place);
        struct ets_table *table = handle.table;
        uint64_t shards = cop__ets_all_shards(&handle);
        cop_term atom = cop_atom(name);
        uint64_t old = table->name, id = handle.id;

        if (!cop__ets_enter(&handle, shards, ETS_WRITE))
                cop__fail_badarg(place);
        if (table->is_named && !take_name(atom, handle.id)) {
                cop__ets_leave(&handle, shards);
                cop__fail_badarg(place);
        }
        if (table->is_named)
                atomic_compare_exchange_strong(&atom_of(term_of(old))->table, &id, 0);
        table->name = atom.word;
        if (table->letter)
                address(table->letter, cop__ets_term(table, handle.id), table->owner);
        cop__ets_leave(&handle, shards);
}

/* The owner is another one from now on, who lives; or nothing is changed. Under all locks. */
static bool change_owner(const struct ets_handle *handle, uint64_t pid)
{
        struct ets_table *table = handle->table;
        uint64_t before = table->owner;

        list_take(table, handle->id, before);
        table->owner = pid;
        list_put(table, handle->id, pid);
        if (!is_gone(pid))
                return true;
        list_take(table, handle->id, pid);
        table->owner = before;
        list_put(table, handle->id, before);
        return false;
}

void cop__ets_give_away(struct cop__to to, cop_pid pid, cop_term data,
                        const struct cop_place *place)
{
        struct ets_handle handle = cop__ets_table(NULL, to, place);
        struct ets_table *table = handle.table;
        uint64_t shards = cop__ets_all_shards(&handle), self = cop_self().word;
        struct signal *letter;
        bool done;

        if (table->owner != self || pid.word == self || is_gone(pid.word))
                cop__fail_badarg(place);
        letter = letter_new(pid.word, data);
        address(letter, cop__ets_term(table, handle.id), self);
        done = cop__ets_enter(&handle, shards, ETS_OWN);
        if (done) {
                done = change_owner(&handle, pid.word);
                if (done && table->letter)
                        address(table->letter, cop__ets_term(table, handle.id), pid.word);
                cop__ets_leave(&handle, shards);
        }
        if (!done) {
                cop__signal_free(letter);
                cop__fail_badarg(place);
        }
        post(letter);
}

void cop__ets_set_heir(struct cop__to to, cop_pid pid, cop_term data, const struct cop_place *place)
{
        struct ets_handle handle = cop__ets_table(NULL, to, place);
        struct ets_table *table = handle.table;
        uint64_t shards = cop__ets_all_shards(&handle);
        struct signal *letter = NULL, *old;

        if (table->owner != cop_self().word || (pid.word && tag_of(term_of(pid.word)) != TAG_PID))
                cop__fail_badarg(place);
        if (pid.word && data.word) {
                letter = letter_new(pid.word, data);
                address(letter, cop__ets_term(table, handle.id), table->owner);
        }
        if (!cop__ets_enter(&handle, shards, ETS_OWN)) {
                cop__signal_free(letter);
                cop__fail_badarg(place);
        }
        old = table->letter;
        table->letter = letter;
        table->heir = pid.word;
        cop__ets_leave(&handle, shards);
        cop__signal_free(old);
}
