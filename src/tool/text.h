/*
 * text.h: texts of the tool, and what it says to people.
 *
 * A text lives until the tool ends, which is soon: nobody frees one.
 */
#ifndef COP_TOOL_TEXT_H
#define COP_TOOL_TEXT_H

#include <stddef.h>
#include <stdint.h>

/* A text as printf() makes it. Never NULL: without memory the tool says so and ends. */
char *text_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The same of these bytes, with a zero behind them. */
char *text_copy(const char *bytes, size_t size);

/* The text with each `from` in it replaced by `to`; *size becomes its size. */
char *text_replace(const char *text, size_t *size, const char *from, const char *to);

/* The name in a form that does a terminal no harm: control characters show as question marks. */
const char *text_harmless(const char *name);

/* What an error of the OS means; number is positive or negative. */
const char *text_errno(int number);

/* The one of the names, which end with NULL, that somebody may have meant; NULL: none is near. */
const char *text_nearest(const char *name, const char *const *names);

/*
 * Says on standard error: cop: what failed, on what, why, and what to do. Returns TOOL_FAILED.
 */
int complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
