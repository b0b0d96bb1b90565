/*
 * TRAP-12: who leaves its thread in the middle while it holds a lock is reported in programs that are
 * linked with libcoppice-debug (locks/held.c).
 */
#include <coppice/test.h>

#include <stdio.h>
#include <string.h>

#include "base/sanitizers.h"
#include "support/program.h"

static struct ran ran;

static void reports(const char *what, int wanted)
{
        int count = 0;

        if (COP_TSAN)
                cop_skip("ThreadSanitizer stands where the library would");
        run_program(&ran, "runtime_locks", (const char *[]){ what, NULL });
        for (const char *at = ran.output; (at = strstr(at, "while it holds a lock")); at++)
                count++;
        if (ran.status != 0 || count != wanted)
                cop_fail("%s: status %d, expected %d reports:\n%s", what, ran.status, wanted,
                         ran.output);
}

COP_TEST(TRAP_12_wait, "a mutex held over a wait is reported, once, with where it was taken")
{
        reports("wait", 1);
        cop_assert(strstr(ran.output, "runtime_locks+0x"));
}

COP_TEST(TRAP_12_end, "so is one that is held at the end of a process")
{
        reports("exit", 1);
        reports("fault", 1);
}

COP_TEST(TRAP_12_others, "so are a locked stream, and a wait in pthread_once()")
{
        reports("stream", 1);
        reports("once", 1);
}

COP_TEST(TRAP_12_two, "each of several locks is reported")
{
        reports("two", 2);
}

COP_TEST(TRAP_12_in_time, "what is let go of in time is not reported")
{
        reports("in_time", 0);
}
