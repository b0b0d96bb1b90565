/*
 * console.c: the process between a reader of lines and an evaluator.
 *
 * It runs nobody's code, so it outlives whatever is typed: when the evaluator dies another one begins,
 * with no variables, at line 1. Reports of what is logged come as messages like all else, so they stand
 * between lines and never within one.
 */
#include <coppice/console.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <coppice/logger.h>
#include <coppice/memory.h>
#include <coppice/system.h>
#include <coppice/text.h>

#include "base/buffer.h"
#include "console/evaluator.h"
#include "console/front.h"
#include "coppice-config.h"

enum { STATEMENT_MOST = 1024 * 1024, STATUS_RUNNING = -1, END_MS = 1000 };

struct console {
        struct front *front;
        cop_pid evaluator, reader;
        int64_t number;
        struct buffer typed; /* the lines of a statement that is not whole yet */
        int status;          /* STATUS_RUNNING: it goes on */
};

/* ---- saying something ---- */

static void put(struct console *c, const char *text)
{
        c->front->put(c->front->context, SAID_VALUE, text, strlen(text));
}

/* A text that may have several lines, with a line end. */
static void put_line(struct console *c, const char *text)
{
        put(c, text);
        put(c, "\n");
}

static void greet(struct console *c)
{
        if (c->front->greets)
                put_line(c, "Coppice " COP_VERSION ". help says what there is, exit ends it.");
}

/* Called in whoever logs. */
static void log_to_console(void *context, const struct cop_log_event *event)
{
        struct front *front = context;

        cop_send(front->console, "{log, Text}", cop_log_event_text(event, COP_LOG_TEXT));
}

static void begin_logs(struct front *front)
{
        if (!front->logs)
                return;
        cop_logger_flush(1000);
        cop_logger_remove("default");
        cop_logger_add("console", log_to_console, front);
}

static void end_logs(struct front *front)
{
        if (!front->logs)
                return;
        cop_logger_remove("console");
        cop_logger_add_console("default");
}

/* ---- lines ---- */

static void ask(struct console *c)
{
        char prompt[40];

        if (c->typed.size == 0)
                snprintf(prompt, sizeof(prompt), "cop(%lld)> ", (long long)c->number);
        else
                snprintf(prompt, sizeof(prompt), "...(%lld)> ", (long long)c->number);
        if (c->front->wake)
                c->front->wake(c->front->context);
        if (c->front->ask)
                c->front->ask(c->front->context, prompt);
        else
                cop_send(c->reader, "{read, Prompt}", (const char *)prompt);
}

static void echo(struct console *c, const char *line)
{
        struct buffer text;

        if (!c->front->echoes)
                return;
        cop__buffer_init(&text, STATEMENT_MOST + 100);
        cop__buffer_format(&text, c->typed.size ? "...(%lld)> %s\n" : "cop(%lld)> %s\n",
                           (long long)c->number, line);
        if (text.size > 0)
                c->front->put(c->front->context, SAID_ECHO, text.bytes, text.size);
        cop__buffer_release(&text);
}

static void evaluate(struct console *c)
{
        cop_send(c->evaluator, "{'$console', {evaluate, N, Text}}", c->number,
                 cop_binary(c->typed.size ? c->typed.bytes : "", c->typed.size));
}

static void take_line(struct console *c, cop_term text)
{
        const char *line = cop_to_cstring(text);

        echo(c, line);
        if (c->typed.size > 0)
                cop__buffer_add_char(&c->typed, '\n');
        cop__buffer_add_text(&c->typed, line);
        if (c->typed.failed) {
                put_line(c, "** the statement is longer than a megabyte");
                cop__buffer_release(&c->typed);
                cop__buffer_init(&c->typed, STATEMENT_MOST);
                ask(c);
                return;
        }
        evaluate(c);
}

/* The first may have been given on the command line. */
static void begin_lines(struct console *c)
{
        if (c->front->first)
                take_line(c, cop_text(c->front->first));
        else
                ask(c);
}

static void next_statement(struct console *c)
{
        cop__buffer_clear(&c->typed);
        ask(c);
}

static void take_verdict(struct console *c, const char *text, cop_term verdict)
{
        int64_t status;

        if (cop_match(verdict, "{exit, Status}", &status)) {
                c->status = (int)(status & 255);
                return;
        }
        if (cop_is(verdict, "incomplete")) {
                ask(c);
                return;
        }
        if (cop_is(verdict, "wrong")) {
                c->front->failed++;
                put(c, "** ");
        }
        if (*text)
                put_line(c, text);
        if (!cop_is(verdict, "nothing"))
                c->number++;
        next_statement(c);
}

static void take_end(struct console *c)
{
        if (c->typed.size > 0) {
                put_line(c, "** the last statement is not whole");
                c->front->failed++;
        }
        c->status = c->front->failed && !c->front->greets && !c->front->echoes;
}

/* ---- the evaluator ---- */

static void begin_evaluator(struct console *c)
{
        cop_ref monitor;

        c->number = 1;
        c->evaluator =
                cop_spawn(cop__evaluator, cop_build("[Me]", cop_self()), .monitor = &monitor);
}

/* It gives back what it reads from. */
static void end_reader(struct console *c)
{
        cop_ref monitor = cop_monitor(c->reader);

        cop_unlink(c->reader);
        if (c->front->wake)
                c->front->wake(c->front->context);
        cop_send(c->reader, "stop");
        if (c->front->ask || !cop_receive(END_MS, "{'DOWN', ^Ref, process, _, _}", &monitor))
                cop_kill(c->reader);
}

/* With what was started from it, in order. */
static void end_evaluator(struct console *c)
{
        cop_ref monitor = cop_monitor(c->evaluator);

        cop_send(c->evaluator, "{'$console', stop}");
        if (!cop_receive(END_MS, "{'DOWN', ^Ref, process, _, _}", &monitor))
                cop_kill(c->evaluator); /* it is calling something that does not return */
        cop_system_quiet(END_MS);
}

static void lose_evaluator(struct console *c, cop_term reason)
{
        char text[40];

        if (!cop_is(reason, "normal")) {
                snprintf(text, sizeof(text), "** (EXIT from %s) ",
                         cop_show(cop_pid_term(c->evaluator)));
                put(c, text);
                put(c, "console process exited with reason: ");
                put_line(c, cop_show_as(reason, .bytes_max = 4000));
                c->front->failed++;
        }
        greet(c);
        begin_evaluator(c);
        next_statement(c);
}

/* ---- */

static void take(struct console *c, cop_term message)
{
        cop_term text, what;
        cop_pid pid;

        if (cop_match(message, "{said, Text}", &text))
                put_line(c, cop_to_cstring(text));
        else if (cop_match(message, "{said, Text, Verdict}", &text, &what))
                take_verdict(c, cop_to_cstring(text), what);
        else if (cop_match(message, "{line, Text}", &text))
                take_line(c, text);
        else if (cop_match(message, "{log, Text}", &text))
                c->front->put(c->front->context, SAID_LOG, (const char *)cop_to_bytes(text),
                              cop_byte_size(text));
        else if (cop_is(message, "interrupt"))
                cop_send(c->evaluator, "{'$console', interrupt}");
        else if (cop_is(message, "abandon"))
                next_statement(c);
        else if (cop_is(message, "eof"))
                take_end(c);
        else if (cop_match(message, "{'DOWN', _, process, Pid, Reason}", &pid, &what) &&
                 cop_same(pid, c->evaluator))
                lose_evaluator(c, what);
}

int cop__console_run(struct front *front)
{
        struct console c = { .front = front, .status = STATUS_RUNNING };

        cop__buffer_init(&c.typed, STATEMENT_MOST);
        front->console = cop_self();
        begin_logs(front);
        greet(&c);
        begin_evaluator(&c);
        c.reader = cop_spawn_pointer(front->read, front, .link = true);
        begin_lines(&c);
        while (c.status == STATUS_RUNNING)
                take(&c, cop_next_message());
        end_reader(&c);
        end_evaluator(&c);
        end_logs(front);
        cop__buffer_release(&c.typed);
        return c.status;
}

void cop__front_line(const struct front *front, const char *text, size_t size)
{
        while (size > 0 && (text[size - 1] == '\n' || text[size - 1] == '\r'))
                size--;
        cop_send(front->console, "{line, Text}", cop_binary(text, size));
}

void cop__front_end(const struct front *front)
{
        cop_send(front->console, "eof");
}

void cop_console(cop_term arguments)
{
        cop_term word;
        const char *first = NULL;
        int status;

        if (cop_match(arguments, "[<<\"--play\">>, Path]", &word)) {
                cop_stop(cop__front_play(cop_to_cstring(word)));
                return;
        }
        if (cop_match(arguments, "[<<\"--first\">>, Line]", &word))
                first = cop_strdup(cop_to_cstring(word));
        else if (!cop_is_nil(arguments))
                fprintf(stderr, "the console takes --play FILE or --first LINE, not %s\n",
                        cop_show(arguments));
        status = isatty(STDIN_FILENO) ? cop__front_terminal(first) : cop__front_pipe(first);
        cop_stop(status);
}
