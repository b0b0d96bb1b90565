/*
 * subcommand.h: what cop can do, and how it is asked.
 *
 * The table in table.c is all there is to know of a subcommand: how it is called is checked, helped
 * with, completed by the shell and printed in the man page from there.
 */
#ifndef COP_TOOL_SUBCOMMAND_H
#define COP_TOOL_SUBCOMMAND_H

#include <stdbool.h>

/* How cop ends; `cop run` ends as the program does. */
enum { TOOL_FINE = 0, TOOL_FAILED = 1, TOOL_TESTS_FAILED = 2 };

enum { OPTIONS_MOST = 4 };

struct option {
        const char *name;     /* with its dashes; NULL: there are no more */
        const char *argument; /* what follows it; NULL: nothing does */
        const char *meaning;
};

/* What a subcommand was called with. */
struct request {
        const struct subcommand *subcommand;
        const char *const *words; /* what is no option, word_count of them */
        int word_count;
        const char *values[OPTIONS_MOST]; /* in the options' order; NULL: not given */
        const char *const *rest;          /* what stands after --; ends with NULL */
};

enum words_are { WORDS_ARE_NAMES, WORDS_ARE_FILES, WORDS_ARE_SUBCOMMANDS };

struct subcommand {
        const char *name;    /* NULL: the end of the table */
        const char *usage;   /* what follows the name; "": nothing does */
        const char *summary; /* half a line */
        int words_min, words_max;
        enum words_are words_are;
        bool takes_rest;
        struct option options[OPTIONS_MOST + 1];
        const char *text; /* paragraphs; a line that begins with spaces stays as it is */
        int (*run)(const struct request *request);
};

extern const struct subcommand subcommands[];

/* What cop is, in one sentence without its end; and of its exit status. */
extern const char tool_summary[];
extern const char tool_statuses[];

/* The subcommand of this name; NULL: there is none. */
const struct subcommand *subcommand_find(const char *name);

/* Takes the words after the subcommand's name apart and runs it. Returns the exit status. */
int subcommand_run(const struct subcommand *subcommand, char **words);

/* The one of the subcommands whose name is nearest to it; NULL: none is near. */
const char *subcommand_nearest(const char *name);

int tool_app(const struct request *request);
int tool_attach(const struct request *request);
int tool_check(const struct request *request);
int tool_compile(const struct request *request);
int tool_console(const struct request *request);
int tool_help(const struct request *request);
int tool_new(const struct request *request);
int tool_read(const struct request *request);
int tool_run(const struct request *request);
int tool_test(const struct request *request);
int tool_version(const struct request *request);

#endif
