/*
 * member.h: a process that registers itself when it is told.
 *
 * in(pid, fn, argument) runs fn(argument) in a member and returns what it returned. The registry is
 * the one called reg. It is linked with nobody, and traps nothing.
 */
#ifndef COP_TESTS_SUPPORT_MEMBER_H
#define COP_TESTS_SUPPORT_MEMBER_H

#include <coppice/process.h>

typedef cop_term member_fn(cop_term argument);

cop_pid member_start(void);
cop_term in(cop_pid pid, member_fn *fn, cop_term argument);

/* cop_registry_register() of {Key, Value}; cop_registry_unregister(), which is ok. */
cop_term enter(cop_term entry);
cop_term leave(cop_term key);
/* The first of them in a process, of an entry in Erlang's syntax. */
cop_term enter_in(cop_pid pid, const char *entry);

/* Returns when it is dead, and everybody has heard of it. */
void kill_and_wait(cop_pid pid);

#endif
