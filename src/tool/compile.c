#include "tool/project.h"
#include "tool/subcommand.h"

int tool_compile(const struct request *request)
{
        struct project project;
        int status = project_find(&project, "compile");

        return status ? status : project_build(&project, stdout);
}
