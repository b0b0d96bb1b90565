/*
 * front.h: where a console's lines come from, and where its words go.
 *
 * The console is a process. Whoever has the lines is another one, its reader: it is asked with
 * {read, Prompt} and answers {line, Text} or eof, until it hears stop; while a line is evaluated it may send
 * interrupt. So
 * nothing in the console knows of terminals.
 */
#ifndef COP_CONSOLE_FRONT_H
#define COP_CONSOLE_FRONT_H

#include <coppice/process.h>

/* What a text is. */
enum said {
        SAID_ECHO, /* a prompt, and the line that nobody typed there */
        SAID_VALUE,
        SAID_LOG,
};

struct front {
        /* Shows what is said; the console calls it. */
        void (*put)(void *context, enum said said, const char *text, size_t size);
        void *context;
        cop_pointer_fn *read; /* the reader process; its argument is this struct */
        void (*ask)(void *context,
                    const char *prompt); /* instead of {read, Prompt}; NULL: nobody */
        void (*wake)(void *context);     /* before the reader is asked; NULL: it does not care */
        const char *first; /* a line that stands before those of the reader; NULL: none */
        bool greets;       /* says who it is, at the beginning */
        bool echoes;       /* shows the prompt and each line, since nobody typed them there */
        bool logs;         /* shows what is logged, and nobody else does meanwhile */
        cop_pid console;
        int failed; /* how many lines have failed */
};

/* Runs a console with this front until its end; returns the exit status. */
int cop__console_run(struct front *front);

/* The reader answers. */
void cop__front_line(const struct front *front, const char *text, size_t size);
void cop__front_end(const struct front *front);

/* Standard input, line by line; a session of a file; a terminal. first as in struct front. */
int cop__front_pipe(const char *first);
int cop__front_play(const char *path);
int cop__front_terminal(const char *first);

#endif
