/*
 * pipe.c: a console whose lines come from standard input, where that is no terminal.
 *
 * No prompt, no greeting; what is logged goes where it went before. Between two lines the program comes
 * to rest, so that what a line has set off (a crash, a restart) is done when the next one begins, as it
 * is for somebody who types.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <coppice/memory.h>
#include <coppice/system.h>

#include "base/buffer.h"
#include "console/front.h"

enum { LINE_MOST = 1024 * 1024, QUIET_MS = 2000, BLOCK = 4096 };

struct pipe_front {
        struct front front;
        struct buffer unread;
};

static void put(void *context, enum said said, const char *text, size_t size)
{
        fwrite(text, 1, size, stdout);
        fflush(stdout);
}

/* False: there is nothing more. */
static bool read_more(struct buffer *unread)
{
        char *to;
        ssize_t got;

        cop_wait_fd(STDIN_FILENO, COP_READABLE, COP_FOREVER);
        to = cop__buffer_extend(unread, BLOCK);
        if (!to)
                return false;
        got = read(STDIN_FILENO, to, BLOCK);
        unread->size -= BLOCK - (got > 0 ? (size_t)got : 0);
        return got > 0;
}

/* The next line with its end, taken out of what is unread; false: there is none. */
static void read_line(struct pipe_front *p)
{
        struct buffer *unread = &p->unread;
        char *end = NULL;
        size_t size;

        while (!(end = unread->size ? memchr(unread->bytes, '\n', unread->size) : NULL))
                if (!read_more(unread))
                        break;
        if (!end && unread->size == 0) {
                cop__front_end(&p->front);
                return;
        }
        size = end ? (size_t)(end + 1 - unread->bytes) : unread->size;
        cop__front_line(&p->front, unread->bytes, size);
        memmove(unread->bytes, unread->bytes + size, unread->size - size);
        unread->size -= size;
}

static void reader(void *front)
{
        while (!cop_is(cop_next_message(), "stop")) {
                cop_system_quiet(QUIET_MS);
                read_line(front);
        }
}

int cop__front_pipe(const char *first)
{
        struct pipe_front p = { .front = { .put = put, .read = reader, .first = first } };
        int status;

        cop__buffer_init(&p.unread, LINE_MOST);
        status = cop__console_run(&p.front);
        cop__buffer_release(&p.unread);
        return status;
}
