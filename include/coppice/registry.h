/*
 * coppice/registry.h: processes under keys of any form, for everybody to look up.
 *
 * A registry has entries: a key, a process that registered itself under it, and a value. In one with
 * unique keys an entry is a name, and serves wherever a destination is taken; in one with duplicate
 * keys it says that the process belongs to a group, or wants to hear of a topic. The behaviour is
 * that of Elixir's Registry.
 *
 *     COP_SUPERVISOR(shop, .strategy = COP_ONE_FOR_ONE,
 *             .children = COP_CHILDREN(
 *                     COP_REGISTRY("lists", .keys = COP_KEYS_UNIQUE),
 *                     ...));
 *
 *     cop_term milk = cop_registry_name("lists", "milk");
 *
 *     cop_server_start_link(bucket, cop_nil(), .via = milk);
 *     cop_call(milk, "{put, 3}");
 *
 * Looking up asks no process: it costs two locks that are free, and a copy of what was found. An
 * entry ends with its process, a moment later (a registered name of <coppice/process.h> ends
 * before anybody hears of the end). Until then a look-up may find who has just died; a call to it
 * exits with noproc, and another process that wants a unique key gets it.
 *
 * Start a registry before those who use it, and stop it after them: whoever has registered something
 * is linked with one of the registry's processes, and dies when that dies.
 *
 * Keys and values are integers, floats, texts or terms, as in cop_build(). A registry that nobody
 * has started is the error {unknown_registry, Name} of who uses it. Functions are for processes;
 * those marked "any thread" may be called outside of one as well.
 */
#ifndef COPPICE_REGISTRY_H
#define COPPICE_REGISTRY_H

#include <coppice/supervisor.h>
#include <coppice/via.h>

COP_BEGIN_DECLS

/* ---- starting one ---- */

enum cop_registry_keys {
        COP_KEYS_UNIQUE = 1,       /* one process a key */
        COP_KEYS_DUPLICATE,        /* any number; partitions by process */
        COP_KEYS_DUPLICATE_BY_KEY, /* any number; partitions by key: for few processes a key */
};

/* What a registry is like. keys must be said; zero is the default of all else. */
struct cop_registry_options {
        enum cop_registry_keys keys;
        int partitions;     /* parts that do not wait for each other; 0: 1 */
        cop_term listeners; /* a list of names; see below */
        cop_term meta;      /* a map, the registry's own; see cop_registry_meta() */
};

/* The supervisor behind each registry, whose registered name is the registry's. Its argument is
 * #{keys => unique | duplicate | {duplicate, pid} | {duplicate, key}}, with partitions, listeners and
 * meta where wanted. Anything else is the start's failure {badarg, Argument}. */
extern COP_API const struct cop_module COP__MODULE(cop_registry);

/* COP_REGISTRY("lists", .keys = COP_KEYS_UNIQUE): a registry as a child of a supervisor. */
#define COP_REGISTRY(name_, ...)                                                                   \
        COP__CHILD                                                                                 \
        {                                                                                          \
                .module = COP__REF(cop_registry),                                                  \
                .argument = cop__registry_argument(COP__REGISTRY_OPTIONS(__VA_ARGS__)),            \
                .id = (name_), .name = (name_)                                                     \
        }

/* cop_registry_start_link("lists", .keys = COP_KEYS_UNIQUE): the same by hand; as
 * cop_supervisor_start_link(). Its end is cop_supervisor_stop(). */
#define cop_registry_start_link(name_, ...)                                                        \
        cop_server_start_link(cop_registry,                                                        \
                              cop__registry_argument(COP__REGISTRY_OPTIONS(__VA_ARGS__)),          \
                              .name = (name_))

/*
 * Listeners are names of processes. Each gets {register, Registry, Key, Pid, Value} and
 * {unregister, Registry, Key, Pid} from whoever does it; nothing of who ends: a listener that wants to
 * know monitors. A name that nobody has is badarg, when it is too late: the entry stays.
 */

/* ---- names ---- */

/* {via, cop_registry, {Registry, Key}}: a destination, and the .via of a start. */
#define cop_registry_name(registry, key)                                                           \
        cop_build("{via, cop_registry, {R, K}}", cop_atom(registry), (key))
/* The same, and with which value to register. */
#define cop_registry_name_with(registry, key, value)                                               \
        cop_build("{via, cop_registry, {R, K, V}}", cop_atom(registry), (key), (value))

/* ---- the caller's entries ---- */

/* Enters the caller: {ok, Owner}, the process it is now linked with; or
 * {error, {already_registered, Pid}}, where Pid may be the caller. */
#define cop_registry_register(registry, key, value)                                                \
        cop__registry_register((registry), cop_build("K", (key)), cop_build("V", (value)))

/* Takes out all of the caller's entries with this key; listeners hear of it even if there were
 * none. */
#define cop_registry_unregister(registry, key)                                                     \
        cop__registry_unregister((registry), cop_build("K", (key)))

/* The same for those whose value matches: cop_registry_unregister_match("r", key, "{room, _}").
 * Listeners hear of it when none is left. */
#define cop_registry_unregister_match(registry, key, ...)                                          \
        COP__MATCHING(cop__registry_unregister_match, (, (registry), cop_build("K", (key))),       \
                      __VA_ARGS__)

/* The new value is fn(value, argument): {New, Old}, or error where the caller does not have the key.
 * Of unique keys only. */
typedef cop_term cop_registry_update_fn(cop_term value, cop_term argument);
#define cop_registry_update_value(registry, key, fn, argument)                                     \
        cop__registry_update_value((registry), cop_build("K", (key)), (fn),                        \
                                   cop_build("A", (argument)))

/* ---- looking up; any thread ---- */

/* [{Pid, Value}, ...], of those who seem alive, in the order of their registration (of several
 * partitions of processes: one partition after another). Of unique keys one at most. */
#define cop_registry_lookup(registry, key) cop__registry_lookup((registry), cop_build("K", (key)))

/* Who has this unique key; a zero pid: nobody. */
#define cop_registry_whereis(registry, key) cop__registry_whereis((registry), cop_build("K", (key)))

/* The keys of a process, once for each entry; the newest last. */
COP_API cop_term cop_registry_keys(const char *registry, cop_pid pid);

/* The values of a process under a key. */
#define cop_registry_values(registry, key, pid)                                                    \
        cop__registry_values((registry), cop_build("K", (key)), (pid))

/* How many entries there are. */
COP_API size_t cop_registry_count(const char *registry);

/* [{Pid, Value}, ...] of a key's entries whose value matches:
 *
 *     cop_registry_match("rooms", "lobby", "{member, ^Rank}", &rank)
 *
 * Variables without ^ are not needed and hold anything when this returns. What a pattern cannot say
 * (Erlang's guards) is said in a loop over cop_registry_lookup(). */
#define cop_registry_match(registry, key, ...)                                                     \
        COP__MATCHING(cop__registry_match, (, (registry), cop_build("K", (key))), __VA_ARGS__)
#define cop_registry_count_match(registry, key, ...)                                               \
        cop_length(cop_registry_match(registry, key, __VA_ARGS__))

/* [{Key, Pid, Value}, ...] of all entries that match, in any order:
 * cop_registry_select("rooms", "{{room, _}, _, _}"). */
#define cop_registry_select(registry, ...)                                                         \
        COP__MATCHING(cop__registry_select, (, (registry)), __VA_ARGS__)
#define cop_registry_count_select(registry, ...)                                                   \
        cop_length(cop_registry_select(registry, __VA_ARGS__))

/* ---- telling all of a key ---- */

/*
 * Calls fn(entries, argument) in the caller, with the list that cop_registry_lookup() gives; not
 * where that is empty. Of duplicate keys with several partitions: once for each that has entries.
 */
typedef void cop_registry_fn(cop_term entries, cop_term argument);
#define cop_registry_dispatch(registry, key, fn, argument)                                         \
        cop__registry_dispatch((registry), cop_build("K", (key)), (fn),                            \
                               cop_build("A", (argument)), false)
/* The same with a task for each partition, all at once.
 *
 * Blocks    until the last has returned. */
#define cop_registry_dispatch_parallel(registry, key, fn, argument)                                \
        cop__registry_dispatch((registry), cop_build("K", (key)), (fn),                            \
                               cop_build("A", (argument)), true)

/* ---- the registry's own ---- */

/* {ok, Value}, or error. Any thread, as the two below. */
#define cop_registry_meta(registry, key) cop__registry_meta((registry), cop_build("K", (key)))
#define cop_registry_put_meta(registry, key, value)                                                \
        cop__registry_put_meta((registry), cop_build("K", (key)), cop_build("V", (value)))
#define cop_registry_delete_meta(registry, key)                                                    \
        cop__registry_delete_meta((registry), cop_build("K", (key)))

/*
 * What fn(argument) returns, run in the caller while nobody else is in cop_registry_lock() with this
 * key. These keys are nobody's entries. Whoever ends in there lets the next one in.
 *
 * Blocks    until it is the caller's turn, and as long as fn takes.
 */
typedef cop_term cop_registry_lock_fn(cop_term argument);
#define cop_registry_lock(registry, key, fn, argument)                                             \
        cop__registry_lock((registry), cop_build("K", (key)), (fn), cop_build("A", (argument)))

/* ---- behind the macros ---- */

#ifndef __cplusplus
#define COP__REGISTRY_OPTIONS(...) (&(const struct cop_registry_options){ __VA_ARGS__ })
#else
#define COP__REGISTRY_OPTIONS(...) cop__lend(cop_registry_options{ __VA_ARGS__ })
#endif

COP_API cop_term cop__registry_argument(const struct cop_registry_options *options);
COP_API cop_term cop__registry_register(const char *registry, cop_term key, cop_term value);
COP_API void cop__registry_unregister(const char *registry, cop_term key);
COP_API void cop__registry_unregister_match(struct cop__site *site, void *const *places,
                                            const char *registry, cop_term key);
COP_API cop_term cop__registry_update_value(const char *registry, cop_term key,
                                            cop_registry_update_fn *fn, cop_term argument);
COP_API cop_term cop__registry_lookup(const char *registry, cop_term key);
COP_API cop_pid cop__registry_whereis(const char *registry, cop_term key);
COP_API cop_term cop__registry_values(const char *registry, cop_term key, cop_pid pid);
COP_API cop_term cop__registry_match(struct cop__site *site, void *const *places,
                                     const char *registry, cop_term key);
COP_API cop_term cop__registry_select(struct cop__site *site, void *const *places,
                                      const char *registry);
COP_API void cop__registry_dispatch(const char *registry, cop_term key, cop_registry_fn *fn,
                                    cop_term argument, bool parallel);
COP_API cop_term cop__registry_meta(const char *registry, cop_term key);
COP_API void cop__registry_put_meta(const char *registry, cop_term key, cop_term value);
COP_API void cop__registry_delete_meta(const char *registry, cop_term key);
COP_API cop_term cop__registry_lock(const char *registry, cop_term key, cop_registry_lock_fn *fn,
                                    cop_term argument);

COP_END_DECLS

#endif
