/*
 * project.h: the project that cop was called in.
 */
#ifndef COP_TOOL_PROJECT_H
#define COP_TOOL_PROJECT_H

#include <coppice/term.h>
#include <stdio.h>

#include "tool/child.h"

struct project {
        const char *root;  /* the directory of its meson.build */
        const char *build; /* where meson builds it */
        const char *name;
        bool counts;              /* built so that it counts which lines are run */
        struct settings settings; /* what meson and ninja need to find Coppice */
};

/*
 * Finds the project around the current directory. What cop is to do there is for the complaint:
 * "compile". Returns 0, or TOOL_FAILED having complained.
 */
int project_find(struct project *project, const char *what);

/*
 * Builds it. Chat, such as what was built, goes to `chat`. Returns 0, or TOOL_FAILED having
 * complained.
 */
int project_build(struct project *project, FILE *chat);

/* The programs of the project as a list of paths, those that are tests apart; COP_NONE, having
 * complained, where meson does not say. */
cop_term project_programs(const struct project *project);

/* The resource files that the project makes of its applications, NAME.app, as a list of paths; the empty list
 * where there is none, or meson does not say. */
cop_term project_app_files(const struct project *project);

/* The application's name in such a path. */
const char *app_name(const char *path);

/* Has the project's own name among its applications? Complains otherwise: what cop was to do cannot be done. */
bool project_is_application(const struct project *project, const char *what);

/* The program to run; NULL, having complained, where that is not clear. */
const char *project_program(const struct project *project);

/* The compiler that meson builds it with; "cc" where it does not say. */
const char *project_compiler(const struct project *project);

/* What meson knows of each test, as a list of maps; COP_NONE as above. */
cop_term project_tests(const struct project *project);

#endif
