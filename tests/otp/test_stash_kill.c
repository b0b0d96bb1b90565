/*
 * STASH_kill: a stash in a file survives kill -9 of the program, whenever that strikes.
 */
#include <coppice/test.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/program.h"

#include "coppice-config.h"

static struct ran ran;

static void run(const char *what, const char *path, const char *ms)
{
        run_program(&ran, "otp_stash_writer", (const char *const[]){ what, path, ms, NULL });
}

/* The last whole line is a number: that one. */
static long last_number(void)
{
        char *end = strrchr(ran.output, '\n');

        if (!end)
                return 0;
        *end = '\0';
        end = strrchr(ran.output, '\n');
        return strtol(end ? end + 1 : ran.output, NULL, 10);
}

COP_TEST(STASH_kill, "what was put is there after the program was killed with SIGKILL",
         .limit_s = 120)
{
        const char *tmp = getenv("TMPDIR");
        char path[256], ms[16];
        long put = 0, found;
        int fd, i;

        if (!COP_HAVE_LMDB)
                cop_skip("built without LMDB");
        snprintf(path, sizeof(path), "%s/coppice-stash-XXXXXX", tmp ? tmp : "/tmp");
        fd = mkstemp(path);
        cop_assert(fd >= 0);
        close(fd);
        for (i = 0; i < 20; i++) {
                snprintf(ms, sizeof(ms), "%d", 1 + (int)cop_test_random_below(40));
                run("write", path, ms);
                cop_assert_equal(ran.status, 128 + 9);
                if (strchr(ran.output, '\n'))
                        put = last_number();
                run("read", path, NULL);
                cop_assert_equal(ran.status, 0);
                found = strtol(ran.output, NULL, 10);
                if (found < put || found > put + 1)
                        cop_fail("%ld was put, and %ld is there:\n%s", put, found, ran.output);
                put = found;
        }
        cop_assert(put > 20);
        unlink(path);
}
