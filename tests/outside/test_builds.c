/*
 * BUILDS: a program without cop. examples/counter is built by meson, by CMake and by make, from a copy of
 * its directory and an installed Coppice; it passes its tests, runs, and has its resource file.
 */
#include <coppice/test.h>

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sanitizers.h"
#include "support/program.h"

static struct ran ran;

/* Builds it, tests it, runs it, and looks at what its tests, its report and its resource file say. */
static void build_with(const char *how, const char *test, const char *program)
{
        char build[PATH_MAX], script[8192];
        ssize_t size = readlink("/proc/self/exe", build, sizeof(build) - 1);

        if (COP_ASAN || COP_TSAN)
                cop_skip("a program built without a sanitizer cannot use a library built with one");
        cop_assert(size > 0);
        build[size] = '\0';
        *strrchr(build, '/') = '\0';
        *strrchr(build, '/') = '\0';
        snprintf(script, sizeof(script),
                 "lib=$(dirname \"$(find \"$root\" -name libcoppice.a)\")\n"
                 "export PKG_CONFIG_PATH=\"$lib/pkgconfig\" LD_LIBRARY_PATH=\"$lib\"\n"
                 "cp -r '%s/examples/counter' c && cd c && unset NINJA_STATUS\n"
                 "{ %s; } >../log 2>&1 && { %s; } >../tests 2>&1 || { cat ../log ../tests; exit 1; "
                 "}\n"
                 "grep warning: ../log; tests=$PWD/../tests\n"
                 "grep -c '3 passed, 0 failed' \"$tests\"; cd $(dirname %s); ./counter 2>report\n"
                 "grep -c 'server counter' report; grep modules counter.app",
                 COP_SOURCE_ROOT, how, test, program);
        run_program(&ran, COP_SOURCE_ROOT "/tests/tool/try",
                    (const char *const[]){ build, "installed", script, NULL });
        cop_assert_text(ran.output, "1\n1\n2\n1\n1\n"
                                    "              {modules,[counter,counter_supervisor]},\n");
}

static void needs(const char *tool, const char *why)
{
        char command[200];

        snprintf(command, sizeof(command), "command -v %s >/dev/null", tool);
        if (system(command) != 0)
                cop_skip(why);
}

COP_TEST(BUILDS_meson, "meson builds, tests and runs a program", .limit_s = 300)
{
        build_with("meson setup build && meson compile -C build", "meson test -v -C build",
                   "build/counter");
}

COP_TEST(BUILDS_cmake, "CMake builds, tests and runs a program", .limit_s = 300)
{
        needs("cmake", "there is no CMake here");
        build_with("cmake -B build && cmake --build build", "ctest -V --test-dir build",
                   "build/counter");
}

COP_TEST(BUILDS_make, "make builds, tests and runs a program", .limit_s = 300)
{
        build_with("make", "make test", "./counter");
}
