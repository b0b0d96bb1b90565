/*
 * valgrind.h: what a test cannot show under valgrind.
 */
#ifndef COP_TESTS_SUPPORT_VALGRIND_H
#define COP_TESTS_SUPPORT_VALGRIND_H

#include <coppice/test.h>

#include <stdlib.h>
#include <string.h>

/* Ends the test as skipped, with this reason, where valgrind runs it: that preloads a library. */
static inline void not_under_valgrind(const char *why)
{
        const char *preloaded = getenv("LD_PRELOAD");

        if (preloaded && strstr(preloaded, "vgpreload"))
                cop_skip(why);
}

/* valgrind reports the bad access, which is what the test wants. */
static inline void will_fault(void)
{
        not_under_valgrind("valgrind counts the fault as an error");
}

#endif
