/*
 * buffer.h: bytes that grow up to a limit.
 *
 * Appending never fails by itself: a buffer that is out of memory or over its limit remembers that,
 * keeps what it had, and ignores what comes; who uses the result asks `failed` once, at the end.
 */
#ifndef COP_BASE_BUFFER_H
#define COP_BASE_BUFFER_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
        char *bytes; /* NULL while empty; always followed by a zero byte otherwise */
        size_t size;
        size_t room;
        size_t most; /* limit of size */
        bool failed;
};

void cop__buffer_init(struct buffer *buffer, size_t most);
void cop__buffer_release(struct buffer *buffer);
/* Empty again, its memory kept. */
void cop__buffer_clear(struct buffer *buffer);
void cop__buffer_add(struct buffer *buffer, const void *bytes, size_t size);
void cop__buffer_add_text(struct buffer *buffer, const char *text);
void cop__buffer_add_char(struct buffer *buffer, char c);
/* One character in UTF-8. */
void cop__buffer_add_rune(struct buffer *buffer, uint32_t rune);
void cop__buffer_format(struct buffer *buffer, const char *format, ...)
        __attribute__((format(printf, 2, 3)));
/* Room for size more bytes, for the caller to fill; NULL when it failed. */
char *cop__buffer_extend(struct buffer *buffer, size_t size);
/* The bytes with a zero behind them ("" when empty), the caller's to free with cop__free; NULL when
 * it failed. */
char *cop__buffer_take(struct buffer *buffer, size_t *size);

#endif
