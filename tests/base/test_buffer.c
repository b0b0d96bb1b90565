/*
 * BUFFER: bytes that grow up to a limit, and remember a failure until somebody asks.
 */
#include <coppice/test.h>

#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "support/memory.h"

COP_TEST(BUFFER_grows, "all that was added is there in order, with a zero behind it")
{
        struct buffer buffer;
        int i;

        cop__buffer_init(&buffer, SIZE_MAX);
        cop_assert(!buffer.bytes);
        for (i = 0; i < 1000; i++) {
                cop__buffer_add(&buffer, "ab", 2);
                cop__buffer_add_char(&buffer, 'c');
                cop__buffer_add_text(&buffer, "de");
                cop_assert_equal(buffer.size, 5 * (i + 1));
                cop_assert_equal(buffer.bytes[buffer.size], 0);
        }
        for (i = 0; i < 5000; i++)
                cop_assert_equal(buffer.bytes[i], "abcde"[i % 5]);
        cop_assert(!buffer.failed);
        cop__buffer_release(&buffer);
        cop_assert(!buffer.bytes);
}

COP_TEST(BUFFER_formats, "what is formatted is added, however long")
{
        struct buffer buffer;
        char *text;
        size_t size;

        cop__buffer_init(&buffer, SIZE_MAX);
        cop__buffer_format(&buffer, "%d-%s", 42, "x");
        cop__buffer_format(&buffer, "%300d", 7);
        cop__buffer_format(&buffer, "%s", "");
        text = cop__buffer_take(&buffer, &size);
        cop_assert_equal(size, 304);
        cop_assert(memcmp(text, "42-x ", 5) == 0);
        cop_assert_equal(text[303], '7');
        cop_assert_equal(text[304], 0);
        cop_assert(!buffer.bytes);
        cop__free(text);
}

COP_TEST(BUFFER_runes, "characters are added in UTF-8, and what is none as U+FFFD")
{
        struct buffer buffer;

        cop__buffer_init(&buffer, SIZE_MAX);
        cop__buffer_add_rune(&buffer, 'a');
        cop__buffer_add_rune(&buffer, 0xe9);
        cop__buffer_add_rune(&buffer, 0x20ac);
        cop__buffer_add_rune(&buffer, 0x1f333);
        cop__buffer_add_rune(&buffer, 0xd800);
        cop_assert_text(buffer.bytes, "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\xb3\xef\xbf\xbd");
        cop__buffer_release(&buffer);
}

COP_TEST(BUFFER_limit, "an addition beyond the limit is refused whole, and so is all after it")
{
        struct buffer buffer;

        cop__buffer_init(&buffer, 10);
        cop__buffer_add_text(&buffer, "0123456789");
        cop_assert(!buffer.failed);
        cop__buffer_add_text(&buffer, "");
        cop_assert(!buffer.failed);
        cop__buffer_add_char(&buffer, 'x');
        cop_assert(buffer.failed);
        cop_assert_text(buffer.bytes, "0123456789");
        cop_assert(!cop__buffer_extend(&buffer, 0));
        cop_assert(!cop__buffer_take(&buffer, NULL));

        cop__buffer_clear(&buffer);
        cop_assert(!buffer.failed);
        cop_assert_text(buffer.bytes, "");
        cop_assert(!cop__buffer_extend(&buffer, SIZE_MAX));
        cop_assert(buffer.failed);
        cop__buffer_release(&buffer);
}

COP_TEST(BUFFER_extend, "room is the caller's to fill")
{
        struct buffer buffer;
        char *room;

        cop__buffer_init(&buffer, 1000);
        cop__buffer_add_text(&buffer, "a");
        room = cop__buffer_extend(&buffer, 500);
        cop_assert(room == buffer.bytes + 1);
        memset(room, 'b', 500);
        cop__buffer_add_text(&buffer, "c");
        cop_assert_equal(strlen(buffer.bytes), 502);
        cop__buffer_release(&buffer);
}

COP_TEST(BUFFER_take_empty, "the bytes of an empty buffer are an empty text")
{
        struct buffer buffer;
        size_t size = 1;
        char *text;

        cop__buffer_init(&buffer, 0);
        text = cop__buffer_take(&buffer, &size);
        cop_assert_text(text, "");
        cop_assert_equal(size, 0);
        cop__free(text);
}

static bool fill_and_take(void *context)
{
        struct buffer buffer;
        char **text = context;
        int i;

        cop__buffer_init(&buffer, SIZE_MAX);
        for (i = 0; i < 1000; i++)
                cop__buffer_format(&buffer, "%d,", i);
        *text = cop__buffer_take(&buffer, NULL);
        cop__buffer_release(&buffer);
        return *text != NULL;
}

static void free_text(void *context)
{
        cop__free(*(char **)context);
}

COP_TEST(BUFFER_no_memory, "without memory it fails once and for all, and leaves nothing behind")
{
        char *text;

        cop_assert(without_memory(fill_and_take, free_text, &text) >= 3);
}
