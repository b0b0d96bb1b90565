/*
 * coppice/console.h: a prompt in a running program.
 *
 * Any function that is not static is called by name, with terms:
 *
 *     $ ./sequence --console
 *     cop(1)> sequence_next_number()
 *     456
 *     cop(2)> Pid = whereis(sequence)
 *     <0.80.0>
 *     cop(3)> cop_call(Pid, next_number)
 *     457
 *
 * COP_MAIN() brings it along: the word --console on the program's command line starts it. What is
 * called runs in a process of its own, so that a crash or a fault there is reported, and the next
 * line can be typed. docs/console.md has the whole of it: the language, the helpers, sessions in
 * files, and how to talk to a program that runs already.
 */
#ifndef COPPICE_CONSOLE_H
#define COPPICE_CONSOLE_H

#include <coppice/process.h>

COP_BEGIN_DECLS

/*
 * A console on standard input and output, until its end: then the program stops, with the status that
 * `exit` was given. Where standard input is no terminal there is no prompt, and the status is 1 if any
 * line failed. The arguments are the words behind --console:
 *
 *     --play FILE     plays a session, prints it, and compares it with what FILE says
 *     --first LINE    a line that is evaluated before those of standard input
 */
COP_API void cop_console(cop_term arguments);

/*
 * From now on `cop attach NODE` finds this program, and talks to a console in it: by a socket that only
 * processes of the same user may connect to, in a directory of theirs. The console there is none of the
 * terminal's: what is logged goes where it always goes, and its end is not the program's.
 *
 * A COP_MAIN() does so with .node, or where COP_NODE is in the environment.
 *
 * Returns   0; -EINVAL node is empty, has a slash or is too long; -EADDRINUSE another program has this
 *           name; -EPERM the directory is not this user's alone; what socket() and mkdir() say.
 * Blocks    not. For processes.
 */
COP_API int cop_console_listen(const char *node);

COP_END_DECLS

#endif
