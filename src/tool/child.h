/*
 * child.h: other programs, which do the work.
 */
#ifndef COP_TOOL_CHILD_H
#define COP_TOOL_CHILD_H

#include <stdbool.h>
#include <stddef.h>

/* A line of output, without its end, and with a zero behind it. */
typedef void child_line_fn(void *context, const char *line, size_t size);

enum { SETTINGS_MOST = 64 };

/* What is added to the environment: "NAME=value". The newest of a name counts. */
struct settings {
        const char *added[SETTINGS_MOST];
        int count;
};

struct child {
        const char *const *arguments; /* with the program itself; ends with NULL */
        const struct settings *settings;
        const char *directory; /* where it runs; NULL: here */
        child_line_fn *line;   /* gets what it writes to both outputs; NULL: they are ours */
        void *context;
};

void settings_add(struct settings *settings, const char *setting);

/* Runs it and waits for its end. Returns its exit status, 128 + the OS signal that ended it, or
 * -errno where it could not be started. */
int child_run(const struct child *child);

/* Becomes it. Returns -errno where it could not. */
int child_become(const struct child *child);

/* Is there a program of this name on the path, or, with a slash in it, there? */
bool child_is_there(const char *name);

#endif
