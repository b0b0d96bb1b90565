/*
 * foreign_none.c: without libffi only Coppice's own functions can be called.
 */
#include "console/evaluator.h"
#include "console/worker.h"

void cop__foreign_call(const struct cop_function *function, struct console_call *call)
{
        cop__refuse("%s cannot be called from here: this Coppice was built without libffi; install "
                    "its headers (libffi-dev), and build again",
                    call->name);
}
