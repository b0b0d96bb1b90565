/*
 * edit.h: lines typed at a terminal, and what is shown meanwhile.
 *
 * It knows no process. One thread reads; any thread may put something on the screen.
 */
#ifndef COP_CONSOLE_EDIT_H
#define COP_CONSOLE_EDIT_H

#include <stdbool.h>
#include <stddef.h>

struct editor;

enum edited {
        EDITED_LINE,
        EDITED_END,     /* of the input: Ctrl-D, or somebody closed it */
        EDITED_ABANDON, /* Ctrl-C */
        EDITED_WOKEN,   /* cop__edit_watch(): somebody called cop__edit_wake(), or fd can be read */
};

/* For standard input and output; NULL: no memory, or no descriptors. */
struct editor *cop__edit_new(void);
/* Writes the history, and gives the terminal back as it was. */
void cop__edit_free(struct editor *editor);

/* The words that are completed, each ended by a zero; the last one is empty. They are copied. */
void cop__edit_names(struct editor *editor, const char *names, size_t size);

/* Waits for a line, which is *line until the next call, with no end of line. */
enum edited cop__edit_line(struct editor *editor, const char *prompt, const char **line);
/* Waits for Ctrl-C, while nobody is asked for a line; what is typed is kept for the next one. Ends also
 * when fd can be read; -1: none. */
enum edited cop__edit_watch(struct editor *editor, int fd);
/* Ends the watch. Any thread. */
void cop__edit_wake(struct editor *editor);
/* No line is read any more. Any thread. */
void cop__edit_close(struct editor *editor);

/* Shows a text, above the line that is being typed. Any thread. */
void cop__edit_put(struct editor *editor, const char *text, size_t size);

#endif
