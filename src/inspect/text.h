/*
 * text.h: texts that are made in a buffer and live in the memory of the turn.
 */
#ifndef COP_INSPECT_TEXT_H
#define COP_INSPECT_TEXT_H

#include "base/buffer.h"

/* Releases the buffer. What did not fit in it is missing; without memory the caller ends. */
const char *cop__text_of_turn(struct buffer *buffer);

#endif
