/*
 * SITE: wrong patterns are found before the program starts, each with its place and what is wrong;
 * what must not compile does not; and the sites of a library come and go with it.
 */
#include <coppice/match.h>
#include <coppice/test.h>

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/sanitizers.h"
#include "support/failure.h"
#include "support/program.h"
#include "term/host.h"
#include "term/pattern.h"

#define M COP__USE_MATCH
#define B COP__USE_BUILD

#define I  COP__SIZED(COP__INT, int64_t)
#define U8 COP__SIZED(COP__UINT, uint8_t)
#define D  COP__SIZED(COP__FLOAT, double)
#define P  COP__SIZED(COP__PID, cop_pid)
#define T  COP__SIZED(COP__TERM, cop_term)
#define X  COP__TEXT

static const struct {
        const char *text;
        enum cop__use use;
        uint8_t kinds[18];
        uint32_t column;
        const char *error;
} wrong[] = {
        { "", M, { 0 }, 1, "expected a term; found the end of the text" },
        { "{a, b", M, { 0 }, 6, "expected , or }; found the end of the text" },
        { "{a, b]", M, { 0 }, 6, "expected , or }; found ]" },
        { "[a, b", B, { 0 }, 6, "expected , or ]; found the end of the text" },
        { "[a | b, c]", B, { 0 }, 7, "expected , or ]; found ," },
        { "{a,}", M, { 0 }, 4, "expected a term; found }" },
        { "{a b}", M, { 0 }, 4, "expected , or }; found atom b" },
        { "a b", M, { 0 }, 3, "expected the end of the pattern; found atom b" },
        { "a.", M, { 0 }, 2, "expected the end of the pattern; found the full stop" },
        { "{end}",
          M,
          { 0 },
          2,
          "expected a term (a reserved word needs quotes); found reserved word end" },
        { "- a", M, { 0 }, 3, "expected a number; found atom a" },
        { "f(x)", M, { 0 }, 2, "expected the end of the pattern; found (" },
        { "#rec{}", M, { 0 }, 2, "expected { behind #; found atom rec" },
        { "X", M, { 0 }, 0, "it has 1 variable, but 0 arguments are given" },
        { "ok", M, { I }, 0, "it has 0 variables, but 1 argument is given" },
        { "{X, Y, X}", M, { I, I, I }, 0, "it has 2 variables, but 3 arguments are given" },
        { "[A,B,C,D,E,F,G,H,I,J,K,L,M,N,O,P,Q]", M, { 0 }, 34, "more than 16 variables" },
        { "{A, Name}",
          M,
          { I, X },
          5,
          "Name is given a text, which is only compared (^): to take one, give a cop_term" },
        { "#{a => X}",
          M,
          { I },
          5,
          "expected := between key and value of a map that is matched; found =>" },
        { "#{a := X}",
          B,
          { COP__INT },
          5,
          "expected => between key and value of a map that is built; found :=" },
        { "#{K := X}",
          M,
          { T, T },
          3,
          "a key that is matched is a constant, ^X, or a name that stands before" },
        { "#{^K := X}", M, { X, T }, 4, "K is given a text, which cannot be looked for as a key" },
        { "{_, X}", B, { COP__INT }, 2, "_ has no value to build with" },
        { "{_Any}", B, { 0 }, 2, "_Any has no value to build with" },
        { "{_A, _A}",
          M,
          { 0 },
          6,
          "_A stands here a second time: what begins with _ is ignored, not compared" },
        { "{^X}", B, { COP__INT }, 2, "^ is for matching; write the name alone" },
        { "{^x}", M, { 0 }, 3, "expected the name of a variable behind ^; found atom x" },
        { "{^_}", M, { 0 }, 3, "expected the name of a variable behind ^; found variable _" },
        { "{X, ^X}",
          M,
          { I },
          6,
          "X stands here with and without ^: it cannot be both read and written" },
        { "{^X, X}",
          M,
          { I },
          6,
          "X stands here with and without ^: it cannot be both read and written" },
        { "<<\"a\", R/binary, \"b\">>",
          M,
          { T },
          18,
          "only the last part of a binary may be of any size" },
        { "<<R/binary>>", M, { I }, 3, "R is a part of a binary: give a cop_term" },
        { "<<N:16>>", M, { D }, 3, "N is an integer of a binary: give an integer or cop_term" },
        { "<<N:16>>",
          B,
          { COP__PID },
          3,
          "N is an integer of a binary: give an integer or cop_term" },
        { "<<R/binary>>", B, { COP__INT }, 3, "R is a part of a binary: give a text or cop_term" },
        { "<<N:65>>", M, { I }, 4, "an integer in a binary has up to 64 bits" },
        { "<<N:M>>", M, { I }, 5, "M is not known yet" },
        { "<<N:M>>", B, { I }, 5, "the size of a part that is built is a number" },
        { "<<R:3/binary>>", B, { T }, 3, "the whole binary is put in: it takes no size" },
        { "<<N, N>>",
          M,
          { I },
          6,
          "N is a part of a binary: it may stand elsewhere only as the size of another part" },
        { "{<<N>>, N}",
          M,
          { I },
          9,
          "N is a part of a binary: it may stand elsewhere only as the size of another part" },
        { "{N, <<N>>}", M, { I }, 7, "a part of a binary has a name of its own" },
        { "<<^N>>", M, { I }, 3, "expected a string, number or variable; found ^" },
        { "<<1.5>>", M, { 0 }, 3, "there are no floats in the binary of a pattern" },
        { "<<1/binary>>", M, { 0 }, 4, "a constant is of type integer or utf8" },
        { "<<N/float>>",
          M,
          { I },
          5,
          "expected integer, binary, bits, utf8, big, little, signed or unsigned; found atom "
          "float" },
        { "<<N/utf8>>", M, { I }, 3, "only a constant is utf8" },
        { "<<16#110000/utf8>>", M, { 0 }, 3, "this number is no character" },
        { "<<1", M, { 0 }, 4, "expected , or >>; found the end of the text" },
};

COP_TEST(SITE_wrong, "what is wrong with a pattern is said in full, with its column")
{
        for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
                struct pattern_error error = { 0 };
                const struct pattern *pattern =
                        cop__pattern_of(wrong[i].text, wrong[i].use, wrong[i].kinds, &error);

                if (pattern)
                        cop_fail("%s is taken for right", wrong[i].text);
                if (strcmp(error.text, wrong[i].error) != 0)
                        cop_fail("%s\nis said to be wrong because\n    %s\nand not because\n    %s",
                                 wrong[i].text, error.text, wrong[i].error);
                if (error.column != wrong[i].column)
                        cop_fail("%s is wrong in column %u, not %u", wrong[i].text, error.column,
                                 wrong[i].column);
                cop_assert(!error.no_memory);
        }
}

COP_TEST(SITE_too_deep, "a pattern nested deeper than 64 levels is refused")
{
        struct pattern_error error;
        char *text = calloc(1, 200001);

        cop_assert(text);
        memset(text, '[', 200000);
        cop_assert(!cop__pattern_of(text, COP__USE_MATCH, (const uint8_t[]){ 0 }, &error));
        cop_assert_text(error.text, "nested more than 64 deep");
        cop_assert_equal(error.column, 65);
        free(text);
}

/* ---- memory ---- */

COP_TEST(SITE_no_memory,
         "whichever allocation fails, nothing is left behind and it can be tried again")
{
        static const struct {
                const char *text;
                enum cop__use use;
                uint8_t kinds[4];
        } tries[] = {
                { "{a, 'b c', X, [1 | Y], \"a string\" \"and another\", <<\"bytes\", 1:3>>, #{k := "
                  "{1}}}",
                  M,
                  { I, T } },
                { "#{a => 123456789012345678901234567890, X => {Y}, <<Y/binary, 1>> => [1.5, X, "
                  "\"s\"]}",
                  B,
                  { COP__INT, COP__TEXT } },
                { "<<\"0123456789012345678901234567890123456789012345678901234567890123456789\">>",
                  B,
                  { 0 } },
        };

        for (size_t i = 0; i < sizeof(tries) / sizeof(*tries); i++) {
                const struct pattern *pattern = NULL;

                for (int n = 1; !pattern; n++) {
                        struct pattern_error error = { 0 };
                        int64_t before = cop__alloc_live_blocks();

                        cop__alloc_fail_at(n);
                        pattern = cop__pattern_of(tries[i].text, tries[i].use, tries[i].kinds,
                                                  &error);
                        if (!cop__alloc_fail_at(0)) {
                                cop_assert_text(error.text, "");
                                break;
                        }
                        cop_assert(!pattern);
                        cop_assert_equal(cop__alloc_live_blocks(), before);
                        if (!error.no_memory)
                                cop_fail("%s: allocation %d failed and is reported as \"%s\"",
                                         tries[i].text, n, error.text);
                }
                cop_assert(pattern);
        }
}

COP_TEST(SITE_same, "the same text, use and kinds are the same pattern")
{
        struct pattern_error error;
        const uint8_t one[] = { I, 0 }, other[] = { U8, 0 };
        const struct pattern *pattern = cop__pattern_of("{same, X}", COP__USE_MATCH, one, &error);

        cop_assert(pattern);
        cop_assert_equal(cop__pattern_of("{same, X}", COP__USE_MATCH, one, &error), pattern);
        cop_assert(cop__pattern_of("{same, X}", COP__USE_MATCH, other, &error) != pattern);
        cop_assert(cop__pattern_of("{same, X }", COP__USE_MATCH, one, &error) != pattern);
}

/* ---- threads ---- */

static void *same_patterns(void *unused)
{
        cop_term x = COP_NONE;
        int64_t n = 0;

        for (int i = 0; i < 100; i++) {
                cop_scope {
                        cop_term term = cop_build("{thread, N, [\"constant\" | N]}", i);

                        cop_assert(cop_match(term, "{thread, N, X}", &n, &x));
                        cop_assert_equal(n, i);
                        cop_assert(cop_match(x, "[\"constant\" | ^N]", &n));
                }
        }
        return NULL;
}

COP_TEST(SITE_threads, "threads may reach a site for the first time at the same time")
{
        pthread_t threads[8];

        for (size_t i = 0; i < 8; i++)
                cop_assert(pthread_create(&threads[i], NULL, same_patterns, NULL) == 0);
        for (size_t i = 0; i < 8; i++)
                pthread_join(threads[i], NULL);
}

/* ---- of this program ---- */

/* Never called: their patterns are checked all the same. */
bool site_never_called(cop_term term, int64_t *n);
bool site_never_called(cop_term term, int64_t *n)
{
        return cop_match(term, "{a, N", n) || /* the first wrong one */
               cop_match(term, "{a, N, M}", n) ||
               cop_match(cop_build("{\n  a,\n  b c}"), "{right, N}", n);
}

enum { FIRST_WRONG_LINE = __LINE__ - 5 };

static char said[4096];

static void say(void *context, const char *message)
{
        snprintf(said + strlen(said), sizeof(said) - strlen(said), "%s%s\n", (char *)context,
                 message);
}

COP_TEST(SITE_check, "every pattern of the program is checked, executed or not")
{
        char expected[4096], prefix[] = "cop: ";

        cop_assert_equal(cop__sites_check(say, prefix), 3);
        snprintf(expected, sizeof(expected),
                 "cop: %s:%d: pattern \"{a, N\": column 6: expected , or }; found the end of "
                 "the text\n"
                 "cop: %s:%d: pattern \"{a, N, M}\": it has 2 variables, but 1 argument is given\n"
                 "cop: %s:%d: pattern \"{   a,   b c}\": line 3, column 5: expected , or }; "
                 "found atom c\n",
                 __FILE__, FIRST_WRONG_LINE, __FILE__, FIRST_WRONG_LINE + 1, __FILE__,
                 FIRST_WRONG_LINE + 2);
        cop_assert_text(said, expected);
        cop_assert_equal(cop__sites_check(NULL, NULL), 0);
}

COP_TEST(SITE_executed, "a wrong pattern that is executed all the same ends the caller")
{
        int64_t n;
        cop_term reason = FAILS(site_never_called(cop_atom("a"), &n)), text = COP_NONE;

        cop_assert_match(reason, "{bad_pattern, Text}", &text);
        cop_assert(strstr(cop_to_cstring(text),
                          "column 6: expected , or }; found the end of the text"));
        cop_assert_equal(failure_place()->line, FIRST_WRONG_LINE);
}

/* ---- names ---- */

COP_TEST(SITE_name, "a site finds the atom of a destination and never makes one")
{
        struct cop__site site = { .pattern = "x", .use = COP__USE_BUILD };
        char name[] = "a_destination";

        cop_assert(cop_is_none(cop__site_name(&site, name)));
        cop_assert(cop_is_none(cop_find_atom(name, strlen(name))));
        cop_assert_equal(cop__site_name(&site, "ok").word, cop_atom("ok").word);
        cop_assert_equal(cop__site_name(&site, "ok").word, cop_atom("ok").word);
        cop_assert_equal(cop__site_name(&site, "error").word, cop_atom("error").word);
        cop_assert(cop_is_none(cop__site_name(&site, name)));
        cop_assert_equal(cop__site_name(&site, "error").word, cop_atom("error").word);
}

/* ---- compilers, libraries ---- */

static struct ran ran;

/* What tests/term/sites/check says. */
static void check(const char *what, const char *expected)
{
        char build[4096];
        ssize_t n = readlink("/proc/self/exe", build, sizeof(build) - 1);
        char *tests;

        cop_assert(n > 0);
        build[n] = '\0';
        tests = strstr(build, "/tests/");
        cop_assert(tests);
        *tests = '\0';
        run_program(&ran, COP_SOURCE_ROOT "/tests/term/sites/check",
                    (const char *const[]){ build, what, NULL });
        if (ran.status == 77)
                cop_skip(ran.output);
        cop_assert_text(ran.output, expected);
        cop_assert_equal(ran.status, 0);
}

COP_TEST(SITE_compiles, "programs of every form compile without a warning, as C and as C++",
         .limit_s = 120)
{
        check("compile", "all compile\n");
}

COP_TEST(SITE_refused, "what the compiler can see to be wrong does not compile", .limit_s = 120)
{
        check("refuse", "all are refused\n");
}

COP_TEST(SITE_cxx, "patterns work in C++, in templates and inline functions too", .limit_s = 120)
{
        if ((COP_ASAN || COP_TSAN))
                cop_skip("a program built without a sanitizer cannot use a library built with one");
        check("cxx", "5 passed, 0 failed\n");
}

COP_TEST(SITE_linked, "however a program is linked, its patterns are found", .limit_s = 120)
{
        if (COP_ASAN || COP_TSAN)
                cop_skip("a program built without a sanitizer cannot use a library built with one");
        check("link", "all are found\n");
}

COP_TEST(SITE_library, "a library's sites are checked when it is loaded, and leave with it",
         .limit_s = 120)
{
        if ((COP_ASAN || COP_TSAN))
                cop_skip("a program built without a sanitizer cannot use a library built with one");
        check("library", "before: 0 wrong\n"
                         "library.c:14: pattern \"{wrong, X\": column 10: expected , or }; found "
                         "the end of the text\n"
                         "loaded: 42\n"
                         "while loaded: 1 wrong\n"
                         "unloaded: 0 wrong\n"
                         "library.c:14: pattern \"{wrong, X\": column 10: expected , or }; found "
                         "the end of the text\n"
                         "loaded: 42\n");
}
