/*
 * alike.h: are two transcripts of the same session the same?
 */
#ifndef COP_CONSOLE_ALIKE_H
#define COP_CONSOLE_ALIKE_H

#include <stdbool.h>

/* Pids, references, times and white space at the ends aside; `...` in the expected text is any text. */
bool cop__is_alike(const char *expected, const char *said);

/* Does it begin with a time, as a line of the log does? */
bool cop__is_time(const char *text);

#endif
