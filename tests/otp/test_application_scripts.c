/*
 * APP: random scripts of applications do here what they did in Erlang, whose traces were recorded; see
 * tests/conformance/applications/README.md. Time is virtual, and the seed says who runs when.
 */
#include <coppice/test.h>

#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "support/program.h"

#define RECORDED COP_SOURCE_ROOT "/tests/conformance/applications/recorded"

static struct ran ran;
static char expected[sizeof(ran.output)];

static void read_expected(const char *script)
{
        char path[4096];
        size_t size = strlen(script) - strlen("script");
        FILE *file;

        snprintf(path, sizeof(path), "%.*strace", (int)size, script);
        file = fopen(path, "r");
        if (!file)
                cop_fail("there is no %s", path);
        size = fread(expected, 1, sizeof(expected) - 1, file);
        expected[size] = '\0';
        fclose(file);
}

/* The first operation that differs, with what it should have been. */
static void compare(const char *script)
{
        const char *is = ran.output, *should = expected, *line = is;

        while (*is && *is == *should) {
                if (*is == '\n' && is[1] != ' ')
                        line = is + 1;
                is++;
                should++;
        }
        if (*is != *should)
                cop_fail("%s:\n%.300s\n    was in Erlang\n%.300s", script, line,
                         expected + (line - ran.output));
}

COP_TEST(APP_8_scripts, "random scripts of applications do what they do in Erlang", .limit_s = 120)
{
        glob_t scripts;
        char seed[32];
        size_t i;

        snprintf(seed, sizeof(seed), "%llu", (unsigned long long)cop_test_seed() | 1);
        cop_assert_equal(glob(RECORDED "/*.script", 0, NULL, &scripts), 0);
        for (i = 0; i < scripts.gl_pathc; i++) {
                run_program(&ran, "otp_application_script",
                            (const char *const[]){ scripts.gl_pathv[i], seed, NULL });
                read_expected(scripts.gl_pathv[i]);
                compare(scripts.gl_pathv[i]);
                cop_assert_equal(ran.status, 0);
        }
        cop_assert(i >= 20);
        globfree(&scripts);
}
