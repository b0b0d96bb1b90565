/*
 * BUILD: what is known of a program as it was optimised, and as it was stripped.
 */
#include <coppice/test.h>

#include <fnmatch.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/program.h"

#include "coppice-config.h"

static const char *const builds[] = { "inspect_shown", "inspect_shown_O0", "inspect_shown_O3" };

static const char ALL[] = "struct shown_box{corners = [struct shown_point{x = 7, y = 0.0}, struct"
                          " shown_point{x = 0, y = 0.0}], name = <<\"box\">>}\n"
                          "    tests/inspect/program_shown.c:2[0-9]: shown_box\n"
                          "struct shown_box \\*, 2 arguments\n";

static struct ran ran;

static const char *programs(void)
{
        static char path[PATH_MAX];
        ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 1);

        cop_assert(size > 0);
        path[size] = '\0';
        *strrchr(path, '/') = '\0';
        return path;
}

static void expect(const char *build, const char *pattern)
{
        char escaped[1024];
        size_t size = 0;

        /* Brackets that stand for themselves. */
        for (const char *at = pattern; *at && size < sizeof(escaped) - 2; at++) {
                if (*at == '[' && at[1] != '0')
                        escaped[size++] = '\\';
                escaped[size++] = *at;
        }
        escaped[size] = '\0';
        if (ran.status != 0 || fnmatch(escaped, ran.output, 0) != 0)
                cop_fail("%s: status %d, expected\n%sis\n%s", build, ran.status, pattern,
                         ran.output);
}

static void need_dw(void)
{
        if (!COP_HAVE_DW)
                cop_skip("built without libdw");
}

/* What a copy of the program says of which `command` has taken away something; $1 is the copy. */
static void run_changed(const char *build, const char *command)
{
        char script[1024];

        snprintf(script, sizeof(script),
                 "dir=$(mktemp -d) && cp \"$0\"/%s \"$dir\"/shown && cd \"$dir\" && { %s; } &&"
                 " ./shown; status=$?; rm -rf \"$dir\"; exit $status",
                 build, command);
        run_program(&ran, "/bin/sh", (const char *[]){ "-c", script, programs(), NULL });
}

static void need_tools(void)
{
        run_program(&ran, "/bin/sh",
                    (const char *[]){ "-c", "objcopy --version && strip --version", NULL });
        if (ran.status != 0)
                cop_skip("there is no objcopy and strip here");
}

COP_TEST(BUILD_levels, "types, lines and prototypes are known at every level of optimisation",
         .limit_s = 120)
{
        need_dw();
        for (size_t i = 0; i < sizeof(builds) / sizeof(builds[0]); i++) {
                run_program(&ran, builds[i], (const char *[]){ NULL });
                expect(builds[i], ALL);
        }
}

COP_TEST(BUILD_separate, "so they are where debug information stands in a file of its own",
         .limit_s = 120)
{
        need_dw();
        need_tools();
        run_changed(builds[0], "objcopy --only-keep-debug shown shown.debug && strip shown &&"
                               " objcopy --add-gnu-debuglink=shown.debug shown");
        expect("separate", ALL);
}

COP_TEST(BUILD_symbols, "without debug information functions have their names", .limit_s = 120)
{
        need_dw();
        need_tools();
        run_changed(builds[0], "strip --strip-debug shown");
        expect("symbols", "no type\n    *shown: shown_box\nno prototype\n");
}

COP_TEST(BUILD_stripped, "of a stripped program the library and the offset are known",
         .limit_s = 120)
{
        need_tools();
        run_changed(builds[0], "strip shown");
        expect("stripped", "no type\n    *shown+0x*\nno function\n");
}
