#include <stdio.h>

#include "coppice-config.h"
#include "tool/subcommand.h"

int tool_version(const struct request *request)
{
        printf("cop %s\n", COP_VERSION);
        return TOOL_FINE;
}
