/*
 * show.c: printing, for programs.
 *
 * The text is made in a buffer of its own, as nobody knows its length before, and then copied into
 * the memory of the turn, where it needs no owner.
 */
#include <coppice/text.h>

#include <stdio.h>
#include <string.h>

#include "term/host.h"
#include "term/print.h"

/* Into the memory of the turn; NULL: there is none. */
static const char *take(struct buffer *buffer)
{
        uint64_t *words = cop__region_try_take(here(), buffer->size / sizeof(*words) + 1);

        if (words && buffer->size)
                memcpy(words, buffer->bytes, buffer->size);
        if (words)
                ((char *)words)[buffer->size] = '\0';
        cop__buffer_release(buffer);
        return (const char *)words;
}

static const char *show(cop_term term, enum print_form form)
{
        const struct print_options options = { .form = form };
        struct buffer buffer;
        const char *text = NULL;

        cop__buffer_init(&buffer, SIZE_MAX);
        cop__print(&buffer, term, &options);
        if (buffer.failed)
                cop__buffer_release(&buffer);
        else
                text = take(&buffer);
        if (!text)
                cop__fail_limit("memory");
        return text;
}

const char *cop_show(cop_term term)
{
        return show(term, PRINT_LINE);
}

const char *cop_show_pretty(cop_term term)
{
        return show(term, PRINT_PRETTY);
}

/* What is longer is cut off between two characters. */
static void cut(struct buffer *buffer, size_t most)
{
        size_t size = buffer->size < most ? buffer->size : most;

        while (size > 0 && size < buffer->size &&
               ((unsigned char)buffer->bytes[size] & 0xc0) == 0x80)
                size--;
        buffer->size = size;
        buffer->failed = false;
        cop__buffer_add_text(buffer, "...");
}

/* The limit of the buffer is what stops the printer early: it has room for one long text more than
 * is shown. */
const char *cop_show_with(cop_term term, const struct cop_show_options *options)
{
        size_t most = options->bytes_max ? options->bytes_max : SIZE_MAX / 8;
        struct print_options print = {
                .form = options->pretty ? PRINT_PRETTY : PRINT_LINE,
                .indent = options->indent,
                .depth_most = options->depth_max,
                .length_most = most < UINT32_MAX ? (unsigned)most : 0,
        };
        struct buffer buffer;
        const char *text;

        cop__buffer_init(&buffer, most * 2 + 64);
        cop__print(&buffer, term, &print);
        if (buffer.failed &&
            options->pretty) { /* of a term as long as that, the lines do not matter */
                cop__buffer_clear(&buffer);
                print.form = PRINT_LINE;
                cop__print(&buffer, term, &print);
        }
        if (buffer.size > most || buffer.failed)
                cut(&buffer, most);
        text = take(&buffer);
        if (!text)
                cop__fail_limit("memory");
        return text;
}

void cop_print(cop_term term)
{
        puts(cop_show_pretty(term));
}
