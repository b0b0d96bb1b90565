#include "support/scripts.h"

#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "support/program.h"

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

/* The first line that differs, with what stands before it. */
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
                cop_fail("%s:\n%.300s\n    was recorded\n%.300s", script, line,
                         expected + (line - ran.output));
}

void scripts_compare(const char *which, const char *program, size_t least)
{
        char pattern[4096], seed[32];
        glob_t scripts;
        size_t i;

        snprintf(pattern, sizeof(pattern), "%s/tests/conformance/%s/recorded/*.script",
                 COP_SOURCE_ROOT, which);
        snprintf(seed, sizeof(seed), "%llu", (unsigned long long)cop_test_seed() | 1);
        cop_assert_equal(glob(pattern, 0, NULL, &scripts), 0);
        for (i = 0; i < scripts.gl_pathc; i++) {
                run_program(&ran, program,
                            (const char *const[]){ scripts.gl_pathv[i], seed, NULL });
                read_expected(scripts.gl_pathv[i]);
                compare(scripts.gl_pathv[i]);
                cop_assert_equal(ran.status, 0);
        }
        cop_assert(i >= least);
        globfree(&scripts);
}
