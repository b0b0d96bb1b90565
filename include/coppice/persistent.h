/*
 * coppice/persistent.h: terms for all, for ever.
 *
 * What every process reads and nobody changes: a configuration, a table of routes, the name of a
 * counter array. Reading it copies nothing and takes no lock, however large the term is, so it costs
 * some nanoseconds; that is what it is for. It is Erlang's persistent_term.
 *
 *     cop_persistent_put("limits", cop_build("#{users => 100, rooms => 10}"));
 *     ...
 *     limit = cop_map_get(cop_persistent_get("limits"), cop_atom("users"), cop_int(0));
 *
 * A key is an integer, a float, a text (a binary), or a term; two keys are one where they are
 * cop_equal().
 *
 * What was read stays valid, for all who have it, also when the key gets another value or is erased:
 * the memory of an old value is given back when the system stops, and not before. So each change of a
 * large term costs its size for good (cop_persistent_info() says how much): for what changes now and
 * then, use a table of <coppice/ets.h>. To put what is there already changes nothing.
 */
#ifndef COPPICE_PERSISTENT_H
#define COPPICE_PERSISTENT_H

#include <coppice/match.h>

COP_BEGIN_DECLS

/*
 * The key's value from now on, until the system stops. Any thread, here and below.
 *
 * Without memory: {system_limit, memory}, and the value is as it was.
 */
#define cop_persistent_put(key, value)                                                             \
        cop__persistent_put(cop_build("A", (key)), cop_build("A", (value)))

/* The key's value. badarg where it has none. */
#define cop_persistent_get(key) cop__persistent_get(cop_build("A", (key)), COP_HERE)
/* The key's value, or otherwise, which may be COP_NONE. */
#define cop_persistent_get_or(key, otherwise)                                                      \
        cop__persistent_get_or(cop_build("A", (key)), (otherwise))

/* The key has no value any more. Returns whether it had one. */
#define cop_persistent_erase(key) cop__persistent_erase(cop_build("A", (key)))

/* All of them, as a list of {Key, Value}. */
COP_API cop_term cop_persistent_all(void);

/* #{count => N, memory => Bytes, erased => Bytes}: how many keys have a value, what these take, and what
 * is held of values that were replaced or erased. */
COP_API cop_term cop_persistent_info(void);

/* ---- behind the macros ---- */

COP_API void cop__persistent_put(cop_term key, cop_term value);
COP_API cop_term cop__persistent_get(cop_term key, const struct cop_place *place);
COP_API cop_term cop__persistent_get_or(cop_term key, cop_term otherwise);
COP_API bool cop__persistent_erase(cop_term key);

COP_END_DECLS

#endif
