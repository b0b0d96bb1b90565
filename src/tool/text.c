/*
 * text.c: every text is on one list, so that whoever looks for lost memory sees that none is.
 */
#include "tool/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "tool/subcommand.h"

enum { NAME_MOST = 64, NEAR = 2 };

struct text {
        struct text *next;
        char bytes[];
};

static struct text *texts;

static __attribute__((noreturn)) void give_up(void)
{
        fprintf(stderr, "cop: there is no memory left; close something and try again\n");
        exit(TOOL_FAILED);
}

static char *text_new(size_t size)
{
        struct text *text = cop__alloc(sizeof(*text) + size + 1);

        if (!text)
                give_up();
        text->bytes[size] = '\0';
        text->next = texts;
        texts = text;
        return text->bytes;
}

char *text_copy(const char *bytes, size_t size)
{
        char *text = text_new(size);

        if (size > 0)
                memcpy(text, bytes, size);
        return text;
}

char *text_format(const char *format, ...)
{
        va_list arguments;
        char *text;
        int size;

        va_start(arguments, format);
        size = vsnprintf(NULL, 0, format, arguments);
        va_end(arguments);
        if (size < 0)
                give_up();
        text = text_new((size_t)size);
        va_start(arguments, format);
        vsnprintf(text, (size_t)size + 1, format, arguments);
        va_end(arguments);
        return text;
}

char *text_replace(const char *text, size_t *size, const char *from, const char *to)
{
        const char *at = text, *end = text + *size, *hit;
        struct buffer made;
        char *copy;

        cop__buffer_init(&made, SIZE_MAX / 2);
        while ((hit = memmem(at, (size_t)(end - at), from, strlen(from)))) {
                cop__buffer_add(&made, at, (size_t)(hit - at));
                cop__buffer_add_text(&made, to);
                at = hit + strlen(from);
        }
        cop__buffer_add(&made, at, (size_t)(end - at));
        if (made.failed)
                give_up();
        *size = made.size;
        copy = text_copy(made.bytes, made.size);
        cop__buffer_release(&made);
        return copy;
}

const char *text_harmless(const char *name)
{
        char *copy = text_copy(name, strlen(name));
        char *at;

        for (at = copy; *at; at++)
                if ((unsigned char)*at < ' ' || *at == 0x7f)
                        *at = '?';
        return copy;
}

const char *text_errno(int number)
{
        const char *text = strerrordesc_np(number < 0 ? -number : number);

        return text ? text : "an error without a name";
}

static int least(int a, int b, int c)
{
        int ab = a < b ? a : b;

        return ab < c ? ab : c;
}

/* How many letters have to be put in, left out or exchanged to make b of a. */
static int distance(const char *a, const char *b)
{
        int row[NAME_MOST + 1];
        int i, j, n = (int)strlen(b);

        if (strlen(a) > NAME_MOST || n > NAME_MOST)
                return NAME_MOST;
        for (j = 0; j <= n; j++)
                row[j] = j;
        for (i = 1; a[i - 1]; i++) {
                int diagonal = row[0];

                row[0] = i;
                for (j = 1; j <= n; j++) {
                        int above = row[j];

                        row[j] =
                                least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
                        diagonal = above;
                }
        }
        return row[n];
}

const char *text_nearest(const char *name, const char *const *names)
{
        const char *nearest = NULL;
        int nearness = NEAR + 1;

        for (; *names; names++) {
                int d = distance(name, *names);

                if (d < nearness && d < (int)strlen(*names)) {
                        nearness = d;
                        nearest = *names;
                }
        }
        return nearest;
}

int complain(const char *format, ...)
{
        va_list arguments;

        fflush(stdout);
        fputs("cop: ", stderr);
        va_start(arguments, format);
        vfprintf(stderr, format, arguments);
        va_end(arguments);
        fputc('\n', stderr);
        return TOOL_FAILED;
}
