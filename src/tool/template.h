/*
 * template.h: the projects that cop new makes. They are those in templates/, each of which is a
 * project called sprout that builds; its files are in the tool itself.
 */
#ifndef COP_TOOL_TEMPLATE_H
#define COP_TOOL_TEMPLATE_H

#include <stddef.h>

struct template_file {
        const char *template; /* "plain", "sup" or "umbrella"; NULL: there are no more */
        const char *path;     /* from the project's directory on */
        const char *text;
        size_t size;
};

/* In the order in which they are made. */
extern const struct template_file template_files[];

#endif
