/*
 * program.h: runs another program of the build and keeps what it says.
 */
#ifndef COP_TESTS_SUPPORT_PROGRAM_H
#define COP_TESTS_SUPPORT_PROGRAM_H

#include <stddef.h>

struct ran {
        int status;         /* exit status; 128 + the OS signal that ended it */
        char output[65536]; /* what it wrote to both outputs, cut at the end, with a zero behind */
};

/*
 * Runs a program and waits for its end. A name without a slash is looked for beside the test's own
 * program (where meson puts tests/NAME/program_WHAT.c as NAME_WHAT), one with a slash below the
 * build directory, unless it begins with one. arguments end with NULL and do not repeat the name.
 */
void run_program(struct ran *ran, const char *name, const char *const *arguments);

#endif
