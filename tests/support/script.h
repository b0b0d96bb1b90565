/*
 * script.h: for a program that plays one script, operation by operation, and prints what came of each.
 * The tests run it on recorded scripts (scripts.h), and the fuzz of tests/conformance/WHICH on new ones.
 */
#ifndef COP_TESTS_SUPPORT_SCRIPT_H
#define COP_TESTS_SUPPORT_SCRIPT_H

#include <coppice.h>

/* The terms of a file; the caller's end where it cannot be read. */
cop_term script_read(const char *path);

/*
 * Runs run(argv[1]), the path of a script, as a process of a system, simulated with the seed argv[2]
 * where there is one, until it ends. Says why it ended, unless normally. Returns 0; 2: called wrongly,
 * and there is no system.
 */
int script_play(int argc, char **argv, void (*run)(void *path));

/* The same, and stops the system: all of a main(). */
int script_main(int argc, char **argv, void (*run)(void *path));

#endif
