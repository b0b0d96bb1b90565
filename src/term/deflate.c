/*
 * deflate.c: zlib, with our memory and without its ways of failing.
 *
 * What goes in and what comes out are whole and in memory, so each direction is one call.
 */
#include "term/deflate.h"

#include <zlib.h>

#include "base/alloc.h"

/* A match of 258 bytes costs two bits: no stream is denser than that. */
enum { DENSEST = 1032 };

static void *take(void *context, uInt count, uInt size)
{
        return cop__alloc_array(count, size);
}

static void give(void *context, void *block)
{
        cop__free(block);
}

size_t cop__inflated_most(size_t size)
{
        return size > SIZE_MAX / DENSEST ? SIZE_MAX : size * DENSEST;
}

bool cop__inflate(const uint8_t *from, size_t size, uint8_t *to, size_t to_size, size_t *used)
{
        z_stream stream = { .zalloc = take, .zfree = give };
        int end;

        if (size > UINT32_MAX || to_size > UINT32_MAX)
                return false;
        stream.next_in = (uint8_t *)(uintptr_t)from;
        stream.avail_in = (uInt)size;
        if (inflateInit(&stream) != Z_OK)
                return false;
        stream.next_out = to;
        stream.avail_out = (uInt)to_size;
        end = inflate(&stream, Z_FINISH);
        *used = stream.total_in;
        inflateEnd(&stream);
        return end == Z_STREAM_END && stream.total_out == to_size;
}

size_t cop__deflate(const uint8_t *from, size_t size, uint8_t *to, size_t room)
{
        z_stream stream = { .zalloc = take, .zfree = give };
        int end;

        if (size > UINT32_MAX || room > UINT32_MAX)
                return 0;
        if (deflateInit(&stream, Z_DEFAULT_COMPRESSION) != Z_OK)
                return 0;
        stream.next_in = (uint8_t *)(uintptr_t)from;
        stream.avail_in = (uInt)size;
        stream.next_out = to;
        stream.avail_out = (uInt)room;
        end = deflate(&stream, Z_FINISH);
        deflateEnd(&stream);
        return end == Z_STREAM_END ? stream.total_out : 0;
}
