/*
 * run.c: builds, and becomes the program, so that terminal, signals and exit status are its own.
 */
#include <stddef.h>
#include <string.h>

#include "tool/project.h"
#include "tool/subcommand.h"
#include "tool/text.h"

enum { ARGUMENTS_MOST = 10000 };

static const char *name_of(const char *path)
{
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

/* The program to run; NULL, having complained, where that is not clear. */
static const char *choose(const struct project *project)
{
        cop_term programs = project_programs(project);
        const char *names = "", *path = NULL;
        int count = 0;

        if (cop_is_none(programs))
                return NULL;
        COP_EACH (program, programs) {
                path = cop_to_cstring(program);
                if (strcmp(name_of(path), project->name) == 0)
                        return path;
                names = text_format("%s%s%s", names, count ? ", " : "", name_of(path));
                count++;
        }
        if (count == 1)
                return path;
        if (count == 0)
                complain("cannot run %s: its meson.build makes no program but tests; add an "
                         "executable()",
                         project->name);
        else
                complain("cannot run %s: of its programs (%s) none is called as the project; start "
                         "the one you mean from %s",
                         project->name, names, project->build);
        return NULL;
}

int tool_run(const struct request *request)
{
        static const char *arguments[ARGUMENTS_MOST + 2];
        struct child child = { .arguments = arguments };
        struct project project;
        int status = project_find(&project, "run");
        int i;

        if (status == 0)
                status = project_build(&project, stderr);
        if (status)
                return status;
        arguments[0] = choose(&project);
        if (!arguments[0])
                return TOOL_FAILED;
        for (i = 0; request->rest[i]; i++) {
                if (i == ARGUMENTS_MOST)
                        return complain("cannot run %s: there are more than %d arguments; give "
                                        "it a file of them",
                                        project.name, ARGUMENTS_MOST);
                arguments[i + 1] = request->rest[i];
        }
        status = child_become(&child);
        return complain("cannot run %s: %s; see what is there", arguments[0], text_errno(status));
}
