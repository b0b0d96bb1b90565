/*
 * run.c: builds, and becomes the program, with its console or without, so that terminal, signals and exit status are its own.
 */
#include <stddef.h>
#include <string.h>

#include "tool/project.h"
#include "tool/subcommand.h"
#include "tool/text.h"

enum { NO_START }; /* the options, in the table's order */

enum { ARGUMENTS_MOST = 10000 };

/* what: for complaints. */
static int become(const struct request *request, const char *what, bool has_console)
{
        static const char *arguments[ARGUMENTS_MOST + 5];
        struct child child = { .arguments = arguments };
        struct project project;
        int status = project_find(&project, what);
        int i, n = 0;

        if (status == 0)
                status = project_build(&project, stderr);
        if (status)
                return status;
        arguments[n++] = project_program(&project);
        if (!arguments[0])
                return TOOL_FAILED;
        if ((has_console || request->values[NO_START]) && !project_is_application(&project, what))
                return TOOL_FAILED;
        if (request->values[NO_START])
                arguments[n++] = "--no-start";
        if (has_console)
                arguments[n++] = "--console";
        for (i = 0; request->rest[i]; i++) {
                if (i == ARGUMENTS_MOST)
                        return complain("cannot %s %s: there are more than %d arguments; give "
                                        "it a file of them",
                                        what, project.name, ARGUMENTS_MOST);
                arguments[n++] = request->rest[i];
        }
        status = child_become(&child);
        return complain("cannot %s %s: %s; see what is there", what, arguments[0],
                        text_errno(status));
}

int tool_run(const struct request *request)
{
        return become(request, "run", false);
}

int tool_console(const struct request *request)
{
        return become(request, "console", true);
}
