/*
 * troupe.h: a supervisor of actors, as a test wants it.
 */
#ifndef COP_TESTS_SUPPORT_TROUPE_H
#define COP_TESTS_SUPPORT_TROUPE_H

#include "support/actor.h"

COP_DECLARE(troupe);

/* What a start of a troupe with these flags and child specifications returns. */
cop_term troupe_try(cop_term flags, cop_term specs);
/* The same, which has to be {ok, Pid}. */
cop_pid troupe_start(cop_term flags, cop_term specs);

/* The specification of an actor: troupe_spec("a", "#{restart => temporary}"); see actor_spec(). */
#define troupe_spec(id, ...) actor_spec(cop_atom(id), cop_build(__VA_ARGS__))
/* Those of three: a, b and c; and of three that trap exits. */
cop_term troupe_of_three(void);
cop_term troupe_of_trapping(void);

/* The pid of the child, as the supervisor shows it. */
cop_pid troupe_child(cop_pid troupe_pid, const char *id);
/* Kills it, and returns all that followed. */
cop_term troupe_kill(cop_pid troupe_pid, const char *id);

#endif
