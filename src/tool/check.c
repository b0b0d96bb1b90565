/*
 * check.c: builds, and becomes the program, which looks at the trees of its applications and prints them.
 */
#include "tool/project.h"
#include "tool/subcommand.h"
#include "tool/text.h"

int tool_check(const struct request *request)
{
        const char *arguments[] = { NULL, "--check", NULL };
        struct child child = { .arguments = arguments };
        struct project project;
        int status = project_find(&project, "check");

        if (status == 0)
                status = project_build(&project, stderr);
        if (status)
                return status;
        if (!project_is_application(&project, "check"))
                return TOOL_FAILED;
        arguments[0] = project_program(&project);
        if (!arguments[0])
                return TOOL_FAILED;
        status = child_become(&child);
        return complain("cannot check %s: %s; see what is there", arguments[0], text_errno(status));
}
