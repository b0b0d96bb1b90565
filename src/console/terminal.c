/*
 * terminal.c: a console on a terminal.
 *
 * Its reader waits in the kernel most of the time, on a thread that is made for that. While a line is
 * evaluated it waits there for Ctrl-C.
 */
#include <stdio.h>
#include <string.h>

#include <coppice/memory.h>

#include "console/edit.h"
#include "console/front.h"
#include "console/names.h"
#include "console/table.h"

enum { NAMES_MOST = 4 * 1024 * 1024 };

struct terminal {
        struct front front;
        struct editor *editor;
        char prompt[64];
        const char *line;
        enum edited edited;
};

static void put(void *context, enum said said, const char *text, size_t size)
{
        struct terminal *t = context;

        cop__edit_put(t->editor, text, size);
}

static void wake(void *context)
{
        struct terminal *t = context;

        cop__edit_wake(t->editor);
}

static void *read_line(void *terminal)
{
        struct terminal *t = terminal;

        t->edited = cop__edit_line(t->editor, t->prompt, &t->line);
        return NULL;
}

static void *watch(void *terminal)
{
        struct terminal *t = terminal;

        t->edited = cop__edit_watch(t->editor, -1);
        return NULL;
}

static void renew_names(struct terminal *t)
{
        struct buffer names;

        cop__buffer_init(&names, NAMES_MOST);
        cop__console_names(&names);
        cop__edit_names(t->editor, names.size ? names.bytes : "", names.size);
        cop__buffer_release(&names);
}

/* Until the console asks for the next line. */
static void watch_over(struct terminal *t)
{
        do {
                cop_blocking(watch, t);
                if (t->edited == EDITED_ABANDON) {
                        cop__edit_put(t->editor, "\n",
                                      1); /* behind the ^C that the terminal shows */
                        cop_send(t->front.console, "interrupt");
                }
        } while (t->edited == EDITED_ABANDON);
}

static void take_request(struct terminal *t, const char *prompt)
{
        snprintf(t->prompt, sizeof(t->prompt), "%s", prompt);
        renew_names(t);
        cop_blocking(read_line, t);
        if (t->edited == EDITED_END) {
                cop__front_end(&t->front);
                return;
        }
        if (t->edited == EDITED_ABANDON)
                cop_send(t->front.console, "abandon");
        else
                cop__front_line(&t->front, t->line, strlen(t->line));
        watch_over(t);
}

static void reader(void *front)
{
        cop_term message, prompt;

        while (!cop_is(message = cop_next_message(), "stop"))
                if (cop_match(message, "{read, Prompt}", &prompt))
                        take_request(front, cop_to_cstring(prompt));
}

static void close_editor(void *editor)
{
        cop__edit_close(editor);
}

int cop__front_terminal(const char *first)
{
        struct terminal *t = cop_alloc(sizeof(*t));
        int status;

        t->front = (struct front){ .put = put,
                                   .context = t,
                                   .read = reader,
                                   .first = first,
                                   .wake = wake,
                                   .greets = true,
                                   .logs = true };
        t->editor = cop__edit_new();
        if (!t->editor)
                return cop__front_pipe(first);
        cop_own(t->editor, close_editor); /* so that no thread waits for a key for ever */
        status = cop__console_run(&t->front);
        cop_disown(t->editor);
        cop__edit_close(t->editor);
        cop__edit_free(t->editor);
        return status;
}
