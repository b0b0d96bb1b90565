/*
 * run.c: builds, and becomes the program, so that terminal, signals and exit status are its own.
 */
#include <stddef.h>
#include <string.h>

#include "tool/project.h"
#include "tool/subcommand.h"
#include "tool/text.h"

enum { NO_START }; /* the options, in the table's order */

enum { ARGUMENTS_MOST = 10000 };

int tool_run(const struct request *request)
{
        static const char *arguments[ARGUMENTS_MOST + 4];
        struct child child = { .arguments = arguments };
        struct project project;
        int status = project_find(&project, "run");
        int i, n = 0;

        if (status == 0)
                status = project_build(&project, stderr);
        if (status)
                return status;
        arguments[n++] = project_program(&project);
        if (!arguments[0])
                return TOOL_FAILED;
        if (request->values[NO_START]) {
                if (!project_is_application(&project, "run"))
                        return TOOL_FAILED;
                arguments[n++] = "--no-start";
        }
        for (i = 0; request->rest[i]; i++) {
                if (i == ARGUMENTS_MOST)
                        return complain("cannot run %s: there are more than %d arguments; give "
                                        "it a file of them",
                                        project.name, ARGUMENTS_MOST);
                arguments[n++] = request->rest[i];
        }
        status = child_become(&child);
        return complain("cannot run %s: %s; see what is there", arguments[0], text_errno(status));
}
