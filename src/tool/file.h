/*
 * file.h: whole files.
 */
#ifndef COP_TOOL_FILE_H
#define COP_TOOL_FILE_H

#include <stddef.h>

/* Reads all of it ("-" is the standard input); a zero stands behind the text. 0, or -errno. */
int file_read(const char *path, const char **text, size_t *size);

/* Writes a new file. 0, or -errno, and then there is none, unless there was one before. */
int file_write_new(const char *path, const char *bytes, size_t size);

#endif
