/*
 * OUTSIDE: what `make install` puts there is enough for the programs of others: with nothing but
 * `pkg-config --cflags --libs coppice`, as C and as C++, with the shared library and the static one.
 */
#include <coppice/test.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/program.h"

#if defined(__has_feature)
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
        HAS_FEATURE(address_sanitizer) || HAS_FEATURE(thread_sanitizer)
enum { SANITIZED = true };
#else
enum { SANITIZED = false };
#endif

static struct ran ran;

static void try(const char *what)
{
        char build[4096];
        char *tests;
        ssize_t n = readlink("/proc/self/exe", build, sizeof(build) - 1);

        if (SANITIZED)
                cop_skip("a program built without a sanitizer cannot use a library built with one");
        cop_assert(n > 0);
        build[n] = '\0';
        tests = strstr(build, "/tests/outside_install");
        cop_assert(tests);
        *tests = '\0';
        unsetenv("DESTDIR");
        run_program(&ran, COP_SOURCE_ROOT "/tests/outside/try",
                    (const char *const[]){ build, what, NULL });
}

static void assert_output(const char *what, const char *expected)
{
        try(what);
        cop_assert_text(ran.output, expected);
        cop_assert_equal(ran.status, 0);
}

static void needs_cxx(void)
{
        if (!getenv("CXX") && system("command -v c++ >/dev/null"))
                cop_skip("there is no C++ compiler here");
}

COP_TEST(OUTSIDE_c_shared, "a C program is built with what pkg-config says", .limit_s = 60)
{
        assert_output("c-shared", "<<\"world\">>\n");
}

COP_TEST(OUTSIDE_c_static, "a C program is built with the static library", .limit_s = 60)
{
        assert_output("c-static", "<<\"world\">>\n");
}

COP_TEST(OUTSIDE_cxx_shared, "a C++ program is built with what pkg-config says", .limit_s = 60)
{
        needs_cxx();
        assert_output("cxx-shared", "<<\"world\">>\n");
}

COP_TEST(OUTSIDE_cxx_static, "a C++ program is built with the static library", .limit_s = 60)
{
        needs_cxx();
        assert_output("cxx-static", "<<\"world\">>\n");
}

COP_TEST(OUTSIDE_behaviour, "a behaviour of one's own is made of public headers", .limit_s = 60)
{
        assert_output("behaviour", "wrong\n{opened,1}\nwrong\n{opened,2}\n{ashes,2}\n");
}

COP_TEST(OUTSIDE_behaviour_cxx, "and so it is in C++", .limit_s = 60)
{
        needs_cxx();
        assert_output("behaviour-cxx", "wrong\n{opened,1}\nwrong\n{opened,2}\n{ashes,2}\n");
}

COP_TEST(OUTSIDE_tests, "the tests of other programs use the harness", .limit_s = 60)
{
        try("tests");
        cop_assert(strstr(ran.output, "FAILED  DOOR_stays_shut: it stays shut\n"));
        cop_assert(strstr(ran.output, "\n1 passed, 1 failed\n"));
}

COP_TEST(OUTSIDE_flags, "whoever builds against Coppice protects the ends of stacks", .limit_s = 60)
{
        try("flags");
        cop_assert(strstr(ran.output, "-fstack-clash-protection"));
}

COP_TEST(OUTSIDE_headers,
         "each header is installed, stands alone, in C and in C++, and is in "
         "coppice.h",
         .limit_s = 120)
{
        needs_cxx();
        assert_output("headers", "all headers\n");
}

COP_TEST(OUTSIDE_symbols, "no name is defined that might be somebody else's", .limit_s = 60)
{
        assert_output("symbols", "all symbols\n");
}

COP_TEST(OUTSIDE_soname, "programs ask for the library by its major version", .limit_s = 60)
{
        assert_output("soname", "[libcoppice.so.0]\n");
}

COP_TEST(OUTSIDE_examples, "each example is built from what is installed", .limit_s = 120)
{
        assert_output("examples", "all examples\n");
}

COP_TEST(OUTSIDE_readme, "the program in README.md prints what README.md says", .limit_s = 60)
{
        assert_output("readme", "as README.md says\n");
}

COP_TEST(OUTSIDE_applications, "the program in docs/applications.md does what is said there",
         .limit_s = 60)
{
        assert_output("applications", "as docs/applications.md says\n");
}

COP_TEST(OUTSIDE_man, "the man pages are installed", .limit_s = 60)
{
        try("man");
        cop_assert(strstr(ran.output, ".TH COP_MATCH 3"));
        cop_assert_equal(strstr(ran.output, "there is no page"), NULL);
}
