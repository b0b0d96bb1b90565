/*
 * play.c: plays a session, prints it, and says where it differs from what its file says.
 *
 * A file of a session is what somebody would have seen: lines that begin with `cop> ` or `cop(3)> ` are
 * typed, those with `...> ` go on with a statement, and what follows is what it says. Pids, references
 * and times may differ; `...` stands for anything. A file in which nothing but typed lines stands is only
 * played.
 *
 * What is printed, what a line returns and what is logged meanwhile come from several processes at once.
 * So that a session always looks the same, all of it is held until the program rests, and shown in this
 * order: what was printed on standard output, the value, the log; or the log before the value, where the
 * file has it there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <coppice/memory.h>
#include <coppice/system.h>
#include <coppice/text.h>

#include "base/buffer.h"
#include "base/lock.h"
#include "console/alike.h"
#include "console/front.h"

enum { FILE_MOST = 16 * 1024 * 1024, QUIET_MS = 5000 };

struct play {
        struct front front;
        const char *path;
        struct buffer text; /* the file */
        size_t at;          /* what was read of it */
        size_t line;        /* of it, from 1 */
        bool compares;
        int differences;

        int printed; /* a file that is standard output meanwhile */
        FILE *out;   /* the real one */
        struct lock lock;
        struct buffer value, log; /* since the last typed line; under the lock */

        struct buffer expected, said;
        size_t typed_line;
};

static void put(void *context, enum said said, const char *text, size_t size)
{
        struct play *p = context;

        if (said == SAID_ECHO) {
                fwrite(text, 1, size, p->out);
                fflush(p->out);
                return;
        }
        cop__lock_take(&p->lock);
        cop__buffer_add(said == SAID_LOG ? &p->log : &p->value, text, size);
        cop__lock_give(&p->lock);
}

/* ---- standard output ---- */

/* From now on it is a file of ours. */
static bool begin_output(struct play *p)
{
        int real = dup(STDOUT_FILENO);

        fflush(stdout);
        p->printed = memfd_create("session", MFD_CLOEXEC);
        p->out = real >= 0 ? fdopen(real, "w") : NULL;
        return p->out && p->printed >= 0 && dup2(p->printed, STDOUT_FILENO) >= 0;
}

static void end_output(struct play *p)
{
        fflush(stdout);
        fflush(p->out);
        dup2(fileno(p->out), STDOUT_FILENO);
        fclose(p->out);
        close(p->printed);
}

/* What was printed since the last time. */
static void take_output(struct play *p)
{
        char block[4096];
        ssize_t got;
        off_t at = 0;

        fflush(stdout);
        while ((got = pread(p->printed, block, sizeof(block), at)) > 0) {
                cop__buffer_add(&p->said, block, (size_t)got);
                at += got;
        }
        if (at > 0 && ftruncate(p->printed, 0) == 0)
                lseek(p->printed, 0, SEEK_SET);
}

/* ---- the file ---- */

/* The next line without its end; NULL: there is none. */
static const char *peek_line(const struct play *p, size_t *size)
{
        const char *from = p->text.bytes + p->at, *end;
        size_t left = p->text.size - p->at;

        if (left == 0)
                return NULL;
        end = memchr(from, '\n', left);
        *size = end ? (size_t)(end - from) : left;
        return from;
}

static void skip_line(struct play *p, size_t size)
{
        p->at += size + (p->at + size < p->text.size);
        p->line++;
}

/* How much of a line stands before what is typed in it; 0: nothing is. */
static size_t prompt_size(const char *line, size_t size)
{
        size_t i = 0;

        if (size >= 3 && (memcmp(line, "cop", 3) == 0 || memcmp(line, "...", 3) == 0))
                i = 3;
        else
                return 0;
        if (i < size && line[i] == '(')
                while (i < size && line[i] != '>')
                        i++;
        if (i == size || line[i] != '>')
                return 0;
        i++;
        return i < size && line[i] == ' ' ? i + 1 : i;
}

static bool read_file(struct play *p)
{
        FILE *file = fopen(p->path, "r");
        size_t size, got;
        const char *line;

        if (!file)
                return false;
        do {
                char *to = cop__buffer_extend(&p->text, 4096);

                got = to ? fread(to, 1, 4096, file) : 0;
                p->text.size -= to ? 4096 - got : 0;
        } while (got > 0);
        fclose(file);
        for (; (line = peek_line(p, &size)); skip_line(p, size))
                if (size > 0 && prompt_size(line, size) == 0 && p->typed_line)
                        p->compares = true;
                else if (prompt_size(line, size) > 0)
                        p->typed_line = p->line + 1;
        p->at = p->line = p->typed_line = 0;
        return !p->text.failed;
}

/* ---- comparing ---- */

static const char *text_of(const struct buffer *buffer)
{
        return buffer->size ? buffer->bytes : "";
}

/* What stands in the file behind the last typed line. */
static void read_expected(struct play *p)
{
        const char *line;
        size_t size;

        cop__buffer_clear(&p->expected);
        while ((line = peek_line(p, &size)) && prompt_size(line, size) == 0) {
                cop__buffer_add(&p->expected, line, size);
                cop__buffer_add_char(&p->expected, '\n');
                skip_line(p, size);
        }
}

/* All that was said since the last typed line, in its order. */
static void gather(struct play *p)
{
        bool is_log_first = cop__is_time(text_of(&p->expected));

        cop__buffer_clear(&p->said);
        take_output(p);
        cop__lock_take(&p->lock);
        if (is_log_first)
                cop__buffer_add(&p->said, text_of(&p->log), p->log.size);
        cop__buffer_add(&p->said, text_of(&p->value), p->value.size);
        if (!is_log_first)
                cop__buffer_add(&p->said, text_of(&p->log), p->log.size);
        cop__buffer_clear(&p->log);
        cop__buffer_clear(&p->value);
        cop__lock_give(&p->lock);
}

static void finish_line(struct play *p)
{
        read_expected(p);
        gather(p);
        fwrite(text_of(&p->said), 1, p->said.size, p->out);
        fflush(p->out);
        if (!p->typed_line || !p->compares ||
            cop__is_alike(text_of(&p->expected), text_of(&p->said)))
                return;
        fprintf(stderr, "%s:%zu: it said\n%swhere the session has\n%s", p->path, p->typed_line,
                text_of(&p->said), text_of(&p->expected));
        p->differences++;
}

/* ---- */

static void type_line(struct play *p)
{
        const char *line;
        size_t size, before;

        finish_line(p);
        line = peek_line(p, &size);
        if (!line) {
                p->typed_line = 0;
                cop__front_end(&p->front);
                return;
        }
        before = prompt_size(line, size);
        skip_line(p, size);
        p->typed_line = p->line;
        cop__front_line(&p->front, line + before, size - before);
}

static void reader(void *front)
{
        while (!cop_is(cop_next_message(), "stop")) {
                cop_system_quiet(QUIET_MS);
                type_line(front);
        }
}

static int play(struct play *p)
{
        int status = cop__console_run(&p->front);

        finish_line(p); /* where the last line was exit */
        end_output(p);
        if (p->compares)
                return p->differences ? 1 : status;
        return status;
}

int cop__front_play(const char *path)
{
        struct play *p = cop_alloc(sizeof(*p));
        int status = 1;

        p->front = (struct front){
                .put = put, .context = p, .read = reader, .echoes = true, .logs = true
        };
        p->path = cop_strdup(path); /* what we were given dies with the turn */
        cop__buffer_init(&p->text, FILE_MOST);
        cop__buffer_init(&p->value, FILE_MOST);
        cop__buffer_init(&p->log, FILE_MOST);
        cop__buffer_init(&p->said, FILE_MOST);
        cop__buffer_init(&p->expected, FILE_MOST);
        if (!read_file(p))
                fprintf(stderr, "cannot read the session %s\n", path);
        else if (!begin_output(p))
                fprintf(stderr, "cannot take standard output for the session %s\n", path);
        else
                status = play(p);
        cop__buffer_release(&p->text);
        cop__buffer_release(&p->value);
        cop__buffer_release(&p->log);
        cop__buffer_release(&p->said);
        cop__buffer_release(&p->expected);
        return status;
}
