/*
 * TEST: what the harness says about tests that fail, crash, hang, leave, or are skipped.
 *
 * Each test runs one specimen of program_specimens.c in an OS process of its own and reads what was
 * said of it.
 */
#include <coppice/test.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sanitizers.h"
#include "coppice-config.h"
#include "support/program.h"

#define run(...) run_specimens("test_specimens", (const char *const[]){ __VA_ARGS__, NULL })

static struct ran ran;

static void run_specimens(const char *program, const char *const *arguments)
{
        unsetenv("COP_TEST_LIMIT_S");
        setenv("COP_SEED", "81", true);
        run_program(&ran, program, arguments);
}

static void assert_says(const char *text)
{
        if (!strstr(ran.output, text))
                cop_fail("it does not say \"%s\" but:\n%s", text, ran.output);
}

static void assert_does_not_say(const char *text)
{
        if (strstr(ran.output, text))
                cop_fail("it says \"%s\":\n%s", text, ran.output);
}

COP_TEST(TEST_passes, "a test that passes is counted, and quiet")
{
        run("passes");
        cop_assert_text(ran.output, "1 passed, 0 failed\n");
        cop_assert_equal(ran.status, 0);
}

COP_TEST(TEST_equal, "what is equal in worth is equal in any type")
{
        run("all_equal");
        cop_assert_text(ran.output, "1 passed, 0 failed\n");
}

COP_TEST(TEST_fails, "a failure says where, what, the test and the command that repeats it")
{
        run("assert_fails");
        assert_says("before\n");
        assert_does_not_say("after\n");
        assert_says("tests/test/program_specimens.c:");
        assert_says("cop_assert(1 + 1 == 3) does not hold");
        assert_says("FAILED  assert_fails: a condition does not hold");
        assert_says("COP_SEED=81 make test T=assert_fails");
        assert_says("\n0 passed, 1 failed\n");
        cop_assert_equal(ran.status, 1);
}

COP_TEST(TEST_terms, "assertions about terms print both sides as terms")
{
        run("term_fails");
        assert_says("cop_build(\"{ok, [1, X]}\", 2)\n            is {ok,[1,2]}\n");
        assert_says("        expected {ok,[1,3]}\n");
        run("no_term_fails");
        assert_says("            is COP_NONE\n        expected undefined\n");
        run("match_fails");
        assert_says("            is {size,<<\"large\">>}\n        expected {size, Size}\n");
}

COP_TEST(TEST_both_sides, "a comparison that fails prints both sides")
{
        run("int_fails");
        assert_says("apples\n            is 3\n");
        assert_says("-7\n            is -7\n");
        run("sign_fails");
        assert_says("18446744073709551615");
        run("text_fails");
        assert_says("is \"hello\\n\\\"world\\\"\"");
        run("null_text_fails");
        assert_says("is NULL\n");
        assert_says("is \"\"\n");
        run("double_fails");
        assert_says("0.30000000000000004");
        run("term_differs");
        assert_says("is {ok,1}\n");
        assert_says("is {ok,1.0}\n");
        run("term_is_none");
        assert_says("is COP_NONE\n");
        assert_says("is []\n");
        run("bytes_fail");
        assert_says("from byte 3 on");
        assert_says(" 64 65 66\n");
        assert_says(" 58 65 66\n");
        run("bytes_short");
        assert_says("from byte 3 on");
        cop_assert_equal(ran.status, 1);
}

COP_TEST(TEST_thread_fails, "an assertion may fail on any thread")
{
        run("thread_fails");
        assert_says("true\n            is 1\n");
        assert_says("0 passed, 1 failed\n");
}

COP_TEST(TEST_says_why, "a test fails in words of its own")
{
        run("says_why");
        assert_says("2 of them are missing\n");
        assert_says("0 passed, 1 failed\n");
}

COP_TEST(TEST_crash, "a crash is that test's failure, and says which assertion came before it")
{
        run("crashes");
        assert_says("Segmentation fault");
        assert_says("the last assertion it reached is tests/test/program_specimens.c:");
        assert_says("make test T=crashes");
        assert_says("0 passed, 1 failed\n");
        cop_assert_equal(ran.status, 1);
}

COP_TEST(TEST_crash_stack, "a crash says where it was")
{
        run("faults");
        assert_says("0 passed, 1 failed\n");
        if (COP_ASAN || COP_TSAN)
                cop_skip("the sanitizer says so");
        if (!COP_HAVE_DW)
                cop_skip("needs libdw");
        assert_says("program_specimens.c:");
        assert_says(": write_nowhere\n");
}

COP_TEST(TEST_hang, "a test that does not end is stopped, and says where it hangs", .limit_s = 30)
{
        run("hangs");
        assert_says("still running after ");
        assert_says("the last assertion it reached is tests/test/program_specimens.c:");
        assert_says("thread ");
        assert_says("make test T=hangs");
        assert_says("0 passed, 1 failed\n");
}

COP_TEST(TEST_leaves, "a program that leaves with success in the middle of a test failed it")
{
        run("leaves");
        assert_says("left with exit status 0 before its end");
        assert_says("it reached no assertion");
        cop_assert_equal(ran.status, 1);
}

COP_TEST(TEST_leaves_after, "what goes wrong after the end of a test is its failure too")
{
        run("leaves_after");
        assert_says("left with exit status 9 after its end");
        cop_assert_equal(ran.status, 1);
}

COP_TEST(TEST_skip, "a skipped test says why and is not counted as passed")
{
        run("skips");
        cop_assert_text(ran.output, "skipped skips: no moon tonight\n"
                                    "0 passed, 0 failed, 1 skipped\n");
        cop_assert_equal(ran.status, 77);
}

COP_TEST(TEST_skip_all, "a program whose tests are all skipped says so by its exit status")
{
        run_specimens("test_skips", (const char *const[]){ NULL });
        assert_says("first reason");
        assert_says("second reason");
        assert_says("0 passed, 0 failed, 2 skipped\n");
        cop_assert_equal(ran.status, 77);
}

COP_TEST(TEST_goes_on, "one bad test does not keep the others from being run")
{
        run("*e*s*");
        assert_says("crashes");
        assert_says("leaves");
        assert_says("4 passed, 15 failed\n");
}

COP_TEST(TEST_no_such, "a name that no test has is an error")
{
        run("nonsense");
        assert_says("no test nonsense");
        assert_does_not_say("passed");
        cop_assert_equal(ran.status, 3);
}

COP_TEST(TEST_usage, "an option that there is not is an error")
{
        run("--nonsense");
        assert_says("usage:");
        cop_assert_equal(ran.status, 2);
}

COP_TEST(TEST_exact, "a whole name means that test alone, a part of one all that have it")
{
        run("leaves");
        assert_says("0 passed, 1 failed\n");
        run("leave");
        assert_says("0 passed, 2 failed\n");
        run("bytes_*");
        assert_says("0 passed, 2 failed\n");
}

COP_TEST(TEST_list, "a list has file, line, name and sentence, in the order of the file")
{
        run("--list", "bytes");
        assert_says("bytes_fail: two blocks differ\n");
        cop_assert(strstr(ran.output, "bytes_fail") < strstr(ran.output, "bytes_short"));
        cop_assert_equal(ran.status, 0);
}

COP_TEST(TEST_seed, "the same seed gives the same numbers and order, another one others")
{
        struct ran first, second;

        run("random_number");
        first = ran;
        run("*random*");
        second = ran;
        cop_assert_text(first.output, second.output);

        run("--verbose", "*");
        first = ran;
        setenv("COP_SEED", "82", true);
        run_program(&ran, "test_specimens", (const char *const[]){ "random_number", NULL });
        assert_does_not_say(strstr(first.output, "random "));
}

COP_TEST(TEST_tap, "with --tap the report is what TAP readers read")
{
        run("--tap", "*skips*");
        assert_says("1..1\n");
        assert_says("ok 1 - skips: a test that cannot be run here # SKIP no moon tonight\n");
        run("--tap", "says_why");
        assert_says("not ok 1 - says_why");
}

COP_TEST(TEST_left_running, "what a test leaves running ends with it")
{
        run("left_running"); /* returns only when nobody holds the output any more */
        assert_says("1 passed, 0 failed\n");
}

/* Where a word stands in what was said. */
static const char *place_of(const char *word)
{
        const char *at = strstr(ran.output, word);

        if (!at)
                cop_fail("it does not say \"%s\" but:\n%s", word, ran.output);
        return at;
}

COP_TEST(TEST_8_order, "seed 0 is the order of the file, and each failure says the seed")
{
        run("--verbose", "*_fails");
        assert_says("again   COP_SEED=81 make test T=");
        setenv("COP_SEED", "0", true);
        run_program(&ran, "test_specimens", (const char *const[]){ "*_fails", NULL });
        cop_assert(place_of("FAILED  int_fails") < place_of("FAILED  sign_fails"));
        cop_assert(place_of("FAILED  sign_fails") < place_of("FAILED  text_fails"));
        cop_assert(place_of("FAILED  text_fails") < place_of("FAILED  null_text_fails"));
}

COP_TEST(TEST_9_max_failures, "after so many failures no more tests are started")
{
        run("--max-failures=2", "*_fails");
        assert_says("--max-failures reached, ");
        assert_says("\n0 passed, 2 failed\n");
        cop_assert_equal(ran.status, 1);
}

COP_TEST(TEST_10_summary, "the last line counts those that passed, failed, were skipped")
{
        run("*skip*");
        assert_says("skipped skipped_by_word: waits for spring\n");
        assert_says(" skipped\n");
        run("no such test");
        assert_says("no test no such test\n");
        cop_assert_equal(ran.status, 3);
}

COP_TEST(TEST_11_async, "tests that say async run at once, and before the others")
{
        run("--verbose", "--jobs=2", "--only=meeting");
        assert_says("\n3 passed, 0 failed\n");
        cop_assert(place_of("meets_a:") < place_of("meets_nobody:"));
        cop_assert(place_of("meets_b:") < place_of("meets_nobody:"));
}

COP_TEST(TEST_long_terms, "of long terms it is said where they begin to differ")
{
        run("long_term_differs");
        assert_says("        they differ from byte 57 on\n"
                    "            is       ...or,size => 17}}\n"
                    "            expected ...or,size => 18}}\n");
}

COP_TEST(TEST_tags, "tests are chosen by tags")
{
        run("--verbose", "--only=slow", "--exclude=meeting");
        assert_says("no test slow\n");
        run("--only=meeting", "--exclude=slow", "--list");
        assert_says("meets_a");
        assert_does_not_say(": meets_b:");
        assert_does_not_say(": meets_nobody:");
}

COP_TEST(TEST_line, "a file and a line are the test that stands there")
{
        const char *line;
        char where[64];

        run("--list", "int_fails");
        line = strchr(place_of("program_specimens.c:"), ':') + 1;
        snprintf(where, sizeof(where), "program_specimens.c:%d", (int)strtol(line, NULL, 10) + 3);
        run("--list", where);
        assert_says(": int_fails: two integers differ\n");
        assert_does_not_say("sign_fails");
        run("--list", "specimens.c:20"); /* a part of its name is not the file */
        cop_assert_equal(ran.status, 3);
}

COP_TEST(TEST_junit, "how it went, for programs that read JUnit's files")
{
        static char text[65536];
        char path[] = "/tmp/coppice-junit-XXXXXX", option[64];
        int fd = mkstemp(path);
        size_t size;
        FILE *file;

        cop_assert(fd >= 0);
        snprintf(option, sizeof(option), "--junit=%s", path);
        run(option, "*skip*");
        run(option, "text_fails");
        file = fdopen(fd, "r");
        size = fread(text, 1, sizeof(text) - 1, file);
        fclose(file);
        unlink(path);
        text[size] = '\0';
        cop_assert(strstr(text, "<testsuite name=\"test_specimens\">") != NULL);
        cop_assert(strstr(text, "name=\"null_text_fails\"") == NULL);
        cop_assert(strstr(text, "<testcase classname=\"test_specimens\" name=\"text_fails\"") !=
                   NULL);
        cop_assert(strstr(text, "<failure message=\"two texts differ\">") != NULL);
        cop_assert(strstr(text, "&quot;hello") != NULL);
        cop_assert(strstr(text, "</testsuites>\n") != NULL);
}

COP_TEST(TEST_2_all, "what tests have in common is made once, and each has a copy")
{
        run_specimens("test_all", (const char *const[]){ NULL });
        cop_assert_text(ran.output, "made\nput away\n2 passed, 0 failed\n");
        cop_assert_equal(ran.status, 0);
}

COP_TEST(TEST_2_all_fails, "where it cannot be made no test is run, and each has failed")
{
        setenv("ALL", "fail", true);
        run_specimens("test_all", (const char *const[]){ NULL });
        assert_says("made\ntests/test/program_all.c:");
        assert_says(": cop_assert(!how) does not hold\n");
        assert_says(": what is set up for all tests failed\nFAILED  all_one: ");
        assert_says(": what is set up for all tests failed\nFAILED  all_two: ");
        assert_says("\nput away\n0 passed, 2 failed\n");
        cop_assert_equal(ran.status, 1);
}

COP_TEST(TEST_2_all_skips, "where it says why there is nothing to test each test is skipped")
{
        setenv("ALL", "skip", true);
        run_specimens("test_all", (const char *const[]){ NULL });
        assert_says("skipped all_one: there is no moon\n");
        assert_says("put away\n0 passed, 0 failed, 2 skipped\n");
        cop_assert_equal(ran.status, 77);
}
