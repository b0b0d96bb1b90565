/*
 * node.h: where a program is found that somebody may attach to, and what both say to each other.
 *
 * A stream of frames, each a term in external format behind its size in four bytes. From the program:
 *
 *     {said, Text}               to be shown
 *     {read, Prompt, Names}      a line is wanted; Names are to be completed, each ended by a zero
 *     {exit, Status}             that was all
 *
 * and to it
 *
 *     {hello, IsTerminal}        before all else
 *     {line, Text}  eof  interrupt  abandon
 */
#ifndef COP_CONSOLE_NODE_H
#define COP_CONSOLE_NODE_H

#include <coppice/term.h>
#include <sys/un.h>

#include "base/buffer.h"

enum { FRAME_MOST = 8 * 1024 * 1024 };

/* The directory of this user's sockets. */
void cop__node_directory(char *path, size_t room);
/* The socket of a node; false: its name is empty, too long, or has a slash in it. */
bool cop__node_address(struct sockaddr_un *address, const char *node);

/* Adds a frame. */
void cop__frame_add(struct buffer *to, cop_term term);
/* Takes the first frame out of what has come; COP_NONE: it is not whole yet, or *is_wrong. */
cop_term cop__frame_take(struct buffer *from, bool *is_wrong);

#endif
