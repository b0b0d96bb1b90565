/*
 * registry.c: a directory, and processes that clean it up.
 *
 * A registry is a supervisor, whose process has the directory, and one process for each partition.
 * Who registers something makes the entry itself; before that it links with the process of its
 * partition, which traps exits and takes out the entries of who ends. Its own end takes with it
 * whoever has registered by it, and all their entries, before the next one starts.
 *
 * Order     Link, then entry: so whoever has an entry is linked. Unlinked is who has none left.
 * Taken     A unique key whose process has died, but is not cleaned up yet, is free for who asks for it:
 *           that one takes the old entry out. Only the process itself can be asked whether it lives.
 */
#include <coppice/memory.h>
#include <coppice/registry.h>
#include <coppice/task.h>

#include "otp/directory.h"
#include "otp/registry.h"

/* ---- the processes ---- */

static struct directory *directory_for(cop_term name, cop_term keys, int64_t partitions)
{
        enum directory_kind kind = cop_is(keys, "unique") ? DIRECTORY_UNIQUE
                                   : cop_match(keys, "{duplicate, key}")
                                           ? DIRECTORY_DUPLICATE_BY_KEY
                                           : DIRECTORY_DUPLICATE;

        return cop__directory_new(name, kind, (unsigned)partitions);
}

static void free_directory(void *place)
{
        struct directory **directory = place;

        if (*directory)
                cop__directory_free(*directory);
}

static bool are_names(cop_term list)
{
        for (; cop_is_list(list) && !cop_is_nil(list); list = cop_tail(list))
                if (!cop_is_atom(cop_head(list)))
                        return false;
        return cop_is_nil(list);
}

/* What is at this key of a map of options; counts what was found. */
static cop_term option(cop_term options, const char *key, cop_term otherwise, size_t *found)
{
        cop_term value = cop_map_find(options, cop_atom(key));

        *found += !cop_is_none(value);
        return cop_is_none(value) ? otherwise : value;
}

struct wanted {
        cop_term name, keys, listeners, meta;
        int64_t partitions;
};

static bool read_options(cop_term options, struct wanted *wanted)
{
        cop_term partitions, compressed;
        size_t found = 0;

        wanted->name = cop_process_info(cop_self(), "registered_name");
        if (!cop_is_atom(wanted->name) || !cop_is_map(options))
                return false;
        wanted->keys = option(options, "keys", cop_nil(), &found);
        partitions = option(options, "partitions", cop_int(1), &found);
        wanted->listeners = option(options, "listeners", cop_nil(), &found);
        wanted->meta = option(options, "meta", cop_build("#{}"), &found);
        compressed = option(options, "compressed", cop_bool(false), &found);
        return found == cop_map_size(options) &&
               (cop_is(wanted->keys, "unique") || cop_is(wanted->keys, "duplicate") ||
                cop_match(wanted->keys, "{duplicate, pid}") ||
                cop_match(wanted->keys, "{duplicate, key}")) &&
               cop_match(partitions, "N", &wanted->partitions) && wanted->partitions >= 1 &&
               wanted->partitions <= MOST_PARTITIONS && are_names(wanted->listeners) &&
               cop_is_map(wanted->meta) && cop_is_bool(compressed);
}

static cop_term whole_meta(cop_term meta, void *whole)
{
        return *(cop_term *)whole;
}

static cop_term describe_partitions(const struct wanted *wanted, uint64_t id)
{
        /* referred to, so that a program linked with the static library has it */
        cop_term module = cop_atom(COP__REF(cop_registry_partition)->name), specs = cop_nil();
        int64_t i;

        for (i = wanted->partitions; i-- > 0;)
                specs = cop_cons(cop_build("#{id => I, start => {Module, start_link,"
                                           "  [{Name, Id, I}]}}",
                                           i, module, wanted->name, id),
                                 specs);
        return specs;
}

/* In the supervisor. */
static cop_term describe(cop_term options)
{
        struct directory **place = cop_alloc(sizeof(*place));
        struct wanted wanted;
        cop_term strategy;

        if (!read_options(options, &wanted))
                cop_exit("{badarg, Options}", options);
        cop_own(place, free_directory);
        *place = directory_for(wanted.name, wanted.keys, wanted.partitions);
        if (!*place)
                cop_error("{system_limit, memory}");
        cop__directory_set_listeners(wanted.name, wanted.listeners);
        cop__directory_meta(wanted.name, whole_meta, &wanted.meta);
        strategy = cop_is(wanted.keys, "unique") || cop_match(wanted.keys, "{duplicate, key}")
                           ? cop_build("one_for_all")
                           : cop_build("one_for_one");
        return cop_build("{ok, {#{strategy => Strategy, intensity => 3, period => 5}, Specs}}",
                         strategy, describe_partitions(&wanted, cop__directory_id(*place)));
}

COP_SUPERVISOR(cop_registry, .init = describe);

cop_term cop__registry_argument(const struct cop_registry_options *options)
{
        cop_term map = cop_build("#{}"), keys = COP_NONE;

        if (options->keys == COP_KEYS_UNIQUE)
                keys = cop_build("unique");
        else if (options->keys == COP_KEYS_DUPLICATE)
                keys = cop_build("duplicate");
        else if (options->keys == COP_KEYS_DUPLICATE_BY_KEY)
                keys = cop_build("{duplicate, key}");
        if (!cop_is_none(keys))
                map = cop_map_put(map, cop_atom("keys"), keys);
        if (options->partitions)
                map = cop_map_put(map, cop_atom("partitions"), cop_int(options->partitions));
        if (!cop_is_none(options->listeners))
                map = cop_map_put(map, cop_atom("listeners"), options->listeners);
        if (!cop_is_none(options->meta))
                map = cop_map_put(map, cop_atom("meta"), options->meta);
        return map;
}

/* ---- about the caller's entries ---- */

static COP_NORETURN void unknown(cop_term registry)
{
        cop_error("{unknown_registry, Name}", registry);
}

static bool is_registry(enum directory_kind kind)
{
        return kind != DIRECTORY_NONE && kind != DIRECTORY_GROUPS;
}

static void look(cop_term registry, struct directory_view *view)
{
        if (!cop__directory_view(registry, cop_self(), view) || !is_registry(view->kind) ||
            cop_is_nobody(view->owner))
                unknown(registry);
}

static void each(cop_term registry, struct selection which, directory_fn *fn, void *context)
{
        if (!is_registry(cop__directory_each(registry, which, fn, context)))
                unknown(registry);
}

static bool go(struct entry *entry, void *context)
{
        return true;
}

static bool count(struct entry *entry, void *context)
{
        ++*(size_t *)context;
        return false;
}

static void unlink_if_unregistered(cop_term registry, const struct directory_view *view)
{
        size_t left = 0;

        each(registry, (struct selection){ .pid = cop_self() }, count, &left);
        if (left == 0)
                cop_unlink(view->owner);
}

static cop_term registered(cop_term registry, const struct directory_view *view, cop_term key,
                           cop_term value)
{
        COP_EACH (listener, view->listeners)
                cop_send(listener, "{register, Registry, Key, Pid, Value}", registry, key,
                         cop_self(), value);
        return cop_build("{ok, Owner}", view->owner);
}

static cop_term enter(cop_term registry, cop_term key, cop_term value)
{
        struct addition addition = { .key = key, .value = value, .pid = cop_self() };
        struct directory_view view;
        enum directory_added added;
        cop_pid holder;

        look(registry, &view);
        cop_link(view.owner);
        addition.owner = view.owner;
        while ((added = cop__directory_add(registry, &addition, &holder)) == DIRECTORY_TAKEN) {
                if (cop_is_alive(holder)) {
                        unlink_if_unregistered(registry, &view);
                        return cop_build("{error, {already_registered, Pid}}", holder);
                }
                each(registry, (struct selection){ .key = key, .pid = holder }, go, NULL);
        }
        if (added == DIRECTORY_UNKNOWN)
                unknown(registry);
        return registered(registry, &view, key, value);
}

cop_term cop__registry_register(const char *registry, cop_term key, cop_term value)
{
        return enter(cop_atom(registry), key, value);
}

/* Those of the caller's entries that are to go. */
struct leaving {
        directory_fn *fn;
        void *context;
        size_t left;
};

static bool go_if_wanted(struct entry *entry, void *context)
{
        struct leaving *leaving = context;
        bool goes = !leaving->fn || leaving->fn(entry, leaving->context);

        leaving->left += !goes;
        return goes;
}

/* Listeners hear of it when none is left. */
static void leave(cop_term registry, cop_term key, struct leaving leaving)
{
        struct selection mine = { .key = key, .pid = cop_self() };
        struct directory_view view;

        look(registry, &view);
        each(registry, mine, go_if_wanted, &leaving);
        unlink_if_unregistered(registry, &view);
        if (leaving.left == 0)
                COP_EACH (listener, view.listeners)
                        cop_send(listener, "{unregister, Registry, Key, Pid}", registry, key,
                                 cop_self());
}

void cop__registry_unregister(const char *registry, cop_term key)
{
        leave(cop_atom(registry), key, (struct leaving){ .fn = NULL });
}

struct matching {
        struct cop__site *site;
        void *const *places;
        cop_term list;
};

static bool go_if(struct entry *entry, void *context)
{
        struct matching *matching = context;

        return cop__match(matching->site, matching->places, cop_copy(cop_held_term(entry->value)));
}

void cop__registry_unregister_match(struct cop__site *site, void *const *places,
                                    const char *registry, cop_term key)
{
        struct matching matching = { site, places, cop_nil() };

        leave(cop_atom(registry), key, (struct leaving){ go_if, &matching, 0 });
}

static bool copy_value(struct entry *entry, void *value)
{
        *(cop_term *)value = cop_copy(cop_held_term(entry->value));
        return false;
}

static bool swap_value(struct entry *entry, void *value)
{
        struct cop_held **held = value, *old = entry->value;

        entry->value = *held;
        *held = old;
        return false;
}

cop_term cop__registry_update_value(const char *registry, cop_term key, cop_registry_update_fn *fn,
                                    cop_term argument)
{
        struct selection mine = { .key = key, .pid = cop_self() };
        cop_term name = cop_atom(registry), old = COP_NONE, new;
        struct directory_view view;
        struct cop_held *held;

        look(name, &view);
        if (view.kind != DIRECTORY_UNIQUE)
                cop_error("{not_unique, Name}", name);
        each(name, mine, copy_value, &old);
        if (cop_is_none(old))
                return cop_build("error");
        new = fn(old, argument);
        held = cop_hold(new);
        if (!held)
                cop_error("badarg");
        cop__directory_each(name, mine, swap_value, &held);
        cop_let_go(held);
        return cop_build("{New, Old}", new, old);
}

/* ---- looking up ---- */

static bool add_living(struct entry *entry, void *context)
{
        cop_term *list = context;

        if (!cop__seems_alive(entry->pid))
                return false;
        *list = cop_cons(
                cop_build("{Pid, Value}", entry->pid, cop_copy(cop_held_term(entry->value))),
                *list);
        return false;
}

static cop_term entries_of(cop_term registry, struct selection which)
{
        cop_term list = cop_nil();

        each(registry, which, add_living, &list);
        return list;
}

cop_term cop__registry_lookup(const char *registry, cop_term key)
{
        return entries_of(cop_atom(registry), (struct selection){ .key = key });
}

static bool note_living(struct entry *entry, void *context)
{
        if (cop__seems_alive(entry->pid))
                *(cop_pid *)context = entry->pid;
        return false;
}

static cop_pid find(cop_term registry, cop_term key)
{
        cop_pid pid = { 0 };
        enum directory_kind kind =
                cop__directory_each(registry, (struct selection){ .key = key }, note_living, &pid);

        if (!is_registry(kind))
                unknown(registry);
        if (kind != DIRECTORY_UNIQUE)
                cop_error("{not_unique, Name}", registry);
        return pid;
}

cop_pid cop__registry_whereis(const char *registry, cop_term key)
{
        return find(cop_atom(registry), key);
}

static bool add_key(struct entry *entry, void *context)
{
        cop_term *list = context;

        *list = cop_cons(cop_copy(cop_held_term(entry->key)), *list);
        return false;
}

cop_term cop_registry_keys(const char *registry, cop_pid pid)
{
        cop_term list = cop_nil();

        if (cop_is_nobody(pid))
                cop_error("badarg");
        each(cop_atom(registry), (struct selection){ .pid = pid }, add_key, &list);
        return list;
}

static bool add_value(struct entry *entry, void *context)
{
        cop_term *list = context;

        *list = cop_cons(cop_copy(cop_held_term(entry->value)), *list);
        return false;
}

cop_term cop__registry_values(const char *registry, cop_term key, cop_pid pid)
{
        cop_term list = cop_nil();

        if (cop_is_nobody(pid))
                cop_error("badarg");
        each(cop_atom(registry), (struct selection){ .key = key, .pid = pid }, add_value, &list);
        return list;
}

size_t cop_registry_count(const char *registry)
{
        size_t all = 0;

        each(cop_atom(registry), (struct selection){ .part_after = 0 }, count, &all);
        return all;
}

/* A copy of what was made of the entry, in front of the list, if `part` of it matches. */
static bool add_matching(struct matching *matching, cop_term lent, size_t part)
{
        struct cop_mark mark = cop_scope_enter();
        cop_term whole = cop_copy(lent);
        cop_term subject = part ? cop_element(whole, part) : whole;

        if (cop__match(matching->site, matching->places, subject))
                matching->list = cop_cons(whole, matching->list);
        else
                cop_scope_leave(&mark);
        return false;
}

static bool add_if_value(struct entry *entry, void *context)
{
        return add_matching(context,
                            cop_build("{Pid, Value}", entry->pid, cop_held_term(entry->value)), 1);
}

cop_term cop__registry_match(struct cop__site *site, void *const *places, const char *registry,
                             cop_term key)
{
        struct matching matching = { site, places, cop_nil() };

        each(cop_atom(registry), (struct selection){ .key = key }, add_if_value, &matching);
        return matching.list;
}

static bool add_if_all(struct entry *entry, void *context)
{
        return add_matching(context,
                            cop_build("{Key, Pid, Value}", cop_held_term(entry->key), entry->pid,
                                      cop_held_term(entry->value)),
                            0);
}

cop_term cop__registry_select(struct cop__site *site, void *const *places, const char *registry)
{
        struct matching matching = { site, places, cop_nil() };

        each(cop_atom(registry), (struct selection){ .part_after = 0 }, add_if_all, &matching);
        return matching.list;
}

/* ---- telling all ---- */

static cop_term dispatch_part(cop_term order)
{
        cop_term registry, key, argument, entries;
        uint64_t address;
        unsigned part;

        cop_match(order, "{Registry, Key, Part, Fn, Argument}", &registry, &key, &part, &address,
                  &argument);
        entries = entries_of(registry, (struct selection){ .key = key, .part_after = part });
        if (!cop_is_nil(entries))
                ((cop_registry_fn *)(uintptr_t)address)(entries, argument);
        return cop_nil();
}

void cop__registry_dispatch(const char *registry, cop_term key, cop_registry_fn *fn,
                            cop_term argument, bool parallel)
{
        cop_term name = cop_atom(registry), order;
        struct directory_view view;
        cop_task *tasks;
        unsigned i;

        look(name, &view);
        parallel = parallel && view.kind == DIRECTORY_DUPLICATE && view.parts > 1;
        tasks = parallel ? cop_alloc(view.parts * sizeof(cop_task)) : NULL;
        if (view.kind != DIRECTORY_DUPLICATE)
                view.parts = 1;
        for (i = 0; i < view.parts; i++) {
                order = cop_build("{Name, Key, Part, Fn, Argument}", name, key,
                                  view.kind == DIRECTORY_DUPLICATE ? i + 1 : 0,
                                  (uint64_t)(uintptr_t)fn, argument);
                if (tasks)
                        tasks[i] = cop_task_async(dispatch_part, order);
                else
                        dispatch_part(order);
        }
        for (i = 0; tasks && i < view.parts; i++)
                cop_task_await_within(tasks[i], COP_FOREVER);
        cop_free(tasks);
}

/* ---- the registry's own ---- */

struct pair {
        cop_term key, value;
};

static void change_meta(cop_term registry, directory_meta_fn *change, struct pair *pair)
{
        if (!cop__directory_meta(registry, change, pair))
                unknown(registry);
}

static cop_term get_meta(cop_term meta, void *pair)
{
        ((struct pair *)pair)->value = cop_map_find(meta, ((struct pair *)pair)->key);
        return COP_NONE;
}

cop_term cop__registry_meta(const char *registry, cop_term key)
{
        struct pair pair = { key, COP_NONE };

        change_meta(cop_atom(registry), get_meta, &pair);
        return cop_is_none(pair.value) ? cop_build("error") : cop_build("{ok, V}", pair.value);
}

static cop_term put_meta(cop_term meta, void *pair)
{
        return cop_map_put(meta, ((struct pair *)pair)->key, ((struct pair *)pair)->value);
}

void cop__registry_put_meta(const char *registry, cop_term key, cop_term value)
{
        change_meta(cop_atom(registry), put_meta, &(struct pair){ key, value });
}

static cop_term delete_meta(cop_term meta, void *pair)
{
        return cop_map_remove(meta, ((struct pair *)pair)->key);
}

void cop__registry_delete_meta(const char *registry, cop_term key)
{
        change_meta(cop_atom(registry), delete_meta, &(struct pair){ key, COP_NONE });
}

/* ---- names ---- */

/* {Registry, Key}, or {Registry, Key, Value}. */
static void take_apart(cop_term name, cop_term *registry, cop_term *key, cop_term *value)
{
        *value = cop_build("undefined");
        if ((!cop_match(name, "{R, K}", registry, key) &&
             !cop_match(name, "{R, K, V}", registry, key, value)) ||
            !cop_is_atom(*registry))
                cop_error("badarg");
}

static cop_pid whereis_name(cop_term name)
{
        cop_term registry, key, value;

        take_apart(name, &registry, &key, &value);
        return find(registry, key);
}

static bool register_name(cop_term name)
{
        cop_term registry, key, value;

        take_apart(name, &registry, &key, &value);
        return cop_match(enter(registry, key, value), "{ok, _}");
}

static void unregister_name(cop_term name)
{
        cop_term registry, key, value;

        take_apart(name, &registry, &key, &value);
        leave(registry, key, (struct leaving){ .fn = NULL });
}

COP_VIA(cop_registry, .whereis_name = whereis_name, .register_name = register_name,
        .unregister_name = unregister_name);
