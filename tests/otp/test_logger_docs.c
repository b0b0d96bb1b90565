/*
 * LOGGER: the listings of the documentation are programs that do what is said there.
 */
#include <coppice/test.h>

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/sanitizers.h"
#include "support/program.h"

static struct ran ran;

/* The build directory: this program's is BUILD/tests. */
static const char *build(void)
{
        static char path[PATH_MAX];
        ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);

        cop_assert(size > 0);
        path[size] = '\0';
        *strrchr(path, '/') = '\0';
        *strrchr(path, '/') = '\0';
        return path;
}

COP_TEST(LOGGER_docs, "the listings of docs/logging.md compile, and say what is said there",
         .limit_s = 300)
{
        run_program(&ran, COP_SOURCE_ROOT "/tests/otp/listings/check",
                    (const char *const[]){ COP_SOURCE_ROOT "/docs/logging.md",
                                           COP_ASAN || COP_TSAN ? "-" : build(), NULL });
        cop_assert_text(ran.output, "4 listings are right\n");
        cop_assert_equal(ran.status, 0);
}
