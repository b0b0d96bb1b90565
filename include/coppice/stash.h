/*
 * coppice/stash.h: keeps terms for others, across their restarts.
 *
 * A server that crashes is started again with a fresh state; that is the point. What must survive
 * it gives to a stash: a process that does nothing but keep terms under keys, and so has nothing to
 * crash of. It is started before those who use it, and found by its name.
 *
 *     COP_SUPERVISOR(sequence_supervisor,
 *             .children = COP_CHILDREN(
 *                     COP_WORKER(cop_stash, "[]", .name = "stash"),
 *                     COP_WORKER(sequence, "456", .name = "sequence")));
 *
 *     static cop_next init(struct sequence *s, cop_term first)
 *     {
 *             s->current = cop_to_int(cop_stash_get("stash", "sequence", first));
 *             return cop_ok();
 *     }
 *
 *     static void terminate(struct sequence *s, cop_term reason)
 *     {
 *             cop_stash_put("stash", "sequence", s->current);
 *     }
 *
 * terminate does not run after a kill or a fault: what must survive those as well is put when it
 * changes. And a state that made its owner crash does so again when it is taken back: after too many
 * restarts the supervisor gives up, as it should. Put what is known to be good.
 *
 * How it is started: its argument is [], or a map in which everything may be left out:
 *
 *     file          where the terms are, a text: then they survive the end of the program as well,
 *                   however it ends. Without it they are in the stash's memory, and end with it
 *     sync          with a file: true (so it is), each put is on the disk when it returns, and
 *                   survives a power cut; false: it survives kill -9 of the program, and returns
 *                   some hundred times sooner
 *     size_max      with a file: how many bytes it may have, 1 GB if left out
 *
 * The start fails with {error, {badarg, Argument}}; {error, {file, Path, Why}}, where the file
 * cannot be opened, is no stash's, or another stash has it (Why is busy; it is tried for a second);
 * {error, {file, Path, unsupported}}, where Coppice was built without LMDB.
 *
 * Who can damage what it keeps. In memory: as any process's memory, a wild write somewhere in the
 * program; and the stash's own end, which empties it. In a file: the map through which it is read
 * cannot be written, so a wild write cannot change what is there, and a put that was interrupted
 * leaves what was there before. What is left: a write by another program; a file that is made
 * shorter while it is open (the fault stops the program); a wild write into a put while it is being
 * made. Pids and references in a file mean nobody in the next run of the program.
 */
#ifndef COPPICE_STASH_H
#define COPPICE_STASH_H

#include <coppice/server.h>

COP_BEGIN_DECLS

/* The server: COP_WORKER(cop_stash, "[]", .name = "stash"), cop_server_start_link(cop_stash, ...). */
extern COP_API const struct cop_module COP__MODULE(cop_stash);

/*
 * These are calls to the stash, for a pid, a name, or a term that holds one. They exit as cop_call()
 * does; and with {Why, {cop_stash, Function, [To, Key]}} where a file fails: full, or an error's
 * text. The stash has then what it had before. Any thread.
 *
 * Keys and values are integers, floats, texts or terms, as in cop_build(); `otherwise` is a term. A
 * key is found again by what is cop_equal() to it.
 */

/* The key's value from now on. It is kept when this returns. */
#define cop_stash_put(to, key, value)                                                              \
        cop__stash_put(COP__TO(to), cop_build("Key", (key)), cop_build("Value", (value)))
/* The key's value; otherwise (which may be COP_NONE) where it has none. */
#define cop_stash_get(to, key, otherwise)                                                          \
        cop__stash_get(COP__TO(to), cop_build("Key", (key)), (otherwise))
/* The same, and the stash no longer has it. */
#define cop_stash_take(to, key, otherwise)                                                         \
        cop__stash_take(COP__TO(to), cop_build("Key", (key)), (otherwise))
/* All keys, as a list in the order of cop_compare(). */
#define cop_stash_keys(to) cop__stash_keys(COP__TO(to))

COP_API void cop__stash_put(struct cop__to to, cop_term key, cop_term value);
COP_API cop_term cop__stash_get(struct cop__to to, cop_term key, cop_term otherwise);
COP_API cop_term cop__stash_take(struct cop__to to, cop_term key, cop_term otherwise);
COP_API cop_term cop__stash_keys(struct cop__to to);

COP_END_DECLS

#endif
