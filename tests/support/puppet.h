/*
 * puppet.h: a process that does what it is told, and tells what it gets.
 *
 * A puppet obeys {do, What} and sends any other message that it receives to who made it, as
 * {Puppet, Message}. What it can do:
 *
 *     {link, Pid}  {unlink, Pid}  {trap, Bool}    {monitor, To}     {demonitor, Ref}
 *     {exit, R}    {error, R}     {throw, R}      return            {exit_to, Pid, R}
 *     {send, To, Message}         {register, Name, Pid}             {unregister, Name}
 *     {sleep, Ms}  {forward, Pid, Message, N}: sends N messages {Message, 1}, {Message, 2}, ...
 *
 * It is linked with nobody.
 */
#ifndef COP_TESTS_SUPPORT_PUPPET_H
#define COP_TESTS_SUPPORT_PUPPET_H

#include "support/world.h"

/* A puppet of the caller; options as of cop_spawn(). */
#define puppet(...) cop_spawn(puppet_play, cop_build("{Me}", cop_self()), __VA_ARGS__)
void puppet_play(cop_term owner);

/* Tells it, and waits until it has obeyed and all is quiet. */
#define pull(puppet_, ...) (pull_only((puppet_), __VA_ARGS__), (void)cop_system_quiet(5000))
/* Tells it. */
#define pull_only(puppet_, ...) cop_send((puppet_), "{do, What}", cop_build(__VA_ARGS__))

/* Is in the list? */
bool has(cop_term list, cop_term member);

#endif
