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

static const char *show(cop_term term, enum print_form form)
{
        const struct print_options options = { .form = form };
        struct buffer buffer;
        uint64_t *words = NULL;

        cop__buffer_init(&buffer, SIZE_MAX);
        cop__print(&buffer, term, &options);
        if (!buffer.failed)
                words = cop__region_try_take(here(), buffer.size / sizeof(*words) + 1);
        if (words)
                memcpy(words, buffer.bytes, buffer.size + 1);
        cop__buffer_release(&buffer);
        if (!words)
                cop__fail_limit("memory");
        return (const char *)words;
}

const char *cop_show(cop_term term)
{
        return show(term, PRINT_LINE);
}

const char *cop_show_pretty(cop_term term)
{
        return show(term, PRINT_PRETTY);
}

void cop_print(cop_term term)
{
        puts(cop_show_pretty(term));
}
