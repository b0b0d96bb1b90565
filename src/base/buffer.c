/*
 * buffer.c: bytes that grow up to a limit.
 *
 * Room doubles, from a first step that holds most texts. All growth goes through make_room(), the
 * only place where a buffer can fail; once it has, every further addition ends there.
 *
 * Invariant Where bytes is set, size < room and bytes[size] is zero; size never exceeds most.
 */
#include "base/buffer.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/utf8.h"

enum { FIRST_ROOM = 64 };

void cop__buffer_init(struct buffer *buffer, size_t most)
{
        buffer->bytes = NULL;
        buffer->size = 0;
        buffer->room = 0;
        buffer->most = most < SIZE_MAX / 4 ? most : SIZE_MAX / 4; /* so that sums cannot overflow */
        buffer->failed = false;
}

void cop__buffer_release(struct buffer *buffer)
{
        cop__free(buffer->bytes);
        cop__buffer_init(buffer, buffer->most);
}

void cop__buffer_clear(struct buffer *buffer)
{
        buffer->size = 0;
        buffer->failed = false;
        if (buffer->bytes)
                buffer->bytes[0] = 0;
}

/* Room for `size` more bytes and the zero behind them. */
static bool make_room(struct buffer *buffer, size_t size)
{
        size_t room = buffer->room ? buffer->room : FIRST_ROOM;
        char *bytes;

        if (buffer->failed)
                return false;
        if (size > buffer->most - buffer->size) {
                buffer->failed = true;
                return false;
        }
        if (buffer->size + size < buffer->room)
                return true;
        while (room <= buffer->size + size)
                room *= 2;
        bytes = cop__realloc(buffer->bytes, room);
        if (!bytes) {
                buffer->failed = true;
                return false;
        }
        buffer->bytes = bytes;
        buffer->room = room;
        return true;
}

char *cop__buffer_extend(struct buffer *buffer, size_t size)
{
        char *at;

        if (!make_room(buffer, size))
                return NULL;
        at = buffer->bytes + buffer->size;
        buffer->size += size;
        buffer->bytes[buffer->size] = 0;
        return at;
}

void cop__buffer_add(struct buffer *buffer, const void *bytes, size_t size)
{
        char *at = cop__buffer_extend(buffer, size);

        if (at && size)
                memcpy(at, bytes, size);
}

void cop__buffer_add_text(struct buffer *buffer, const char *text)
{
        cop__buffer_add(buffer, text, strlen(text));
}

void cop__buffer_add_char(struct buffer *buffer, char c)
{
        cop__buffer_add(buffer, &c, 1);
}

void cop__buffer_add_rune(struct buffer *buffer, uint32_t rune)
{
        char bytes[UTF8_MOST];

        cop__buffer_add(buffer, bytes, cop__utf8_put(bytes, rune));
}

void cop__buffer_format(struct buffer *buffer, const char *format, ...)
{
        va_list arguments;
        char *at;
        int size;

        va_start(arguments, format);
        size = vsnprintf(NULL, 0, format, arguments);
        va_end(arguments);
        if (size < 0) {
                buffer->failed = true;
                return;
        }
        at = cop__buffer_extend(buffer, (size_t)size);
        if (!at)
                return;
        va_start(arguments, format);
        vsnprintf(at, (size_t)size + 1, format, arguments);
        va_end(arguments);
}

char *cop__buffer_take(struct buffer *buffer, size_t *size)
{
        char *bytes;

        if (!buffer->bytes)
                make_room(buffer, 0);
        if (buffer->failed)
                return NULL;
        bytes = buffer->bytes;
        bytes[buffer->size] = 0;
        if (size)
                *size = buffer->size;
        cop__buffer_init(buffer, buffer->most);
        return bytes;
}
