/*
 * TEST: tests that are processes. Each test runs one of program_processes_they.c and reads what was said.
 */
#include <coppice/test.h>

#include <stdlib.h>
#include <string.h>

#include "support/program.h"

static struct ran ran;

#define run(...) run_them((const char *const[]){ __VA_ARGS__, NULL })

static void run_them(const char *const *arguments)
{
        unsetenv("COP_TEST_LIMIT_S");
        setenv("COP_SEED", "81", true);
        run_program(&ran, "test_processes_they", arguments);
}

static void says(const char *text)
{
        if (!strstr(ran.output, text))
                cop_fail("it does not say \"%s\" but:\n%s", text, ran.output);
}

static void does_not_say(const char *text)
{
        if (strstr(ran.output, text))
                cop_fail("it says \"%s\":\n%s", text, ran.output);
}

static void passes(const char *name)
{
        run("--verbose", name);
        says("\n1 passed, 0 failed\n");
        cop_assert_equal(ran.status, 0);
}

static void fails(const char *name)
{
        run(name);
        says("\n0 passed, 1 failed\n");
        cop_assert_equal(ran.status, 1);
}

COP_TEST(TEST_1_order,
         "setup, test, what is supervised, and then what is for the exit, the last first")
{
        passes("in_order");
        says("setup\nstart a\nstart b\ntest\nstop b\nstop a\nexit two\nexit one\n");
}

COP_TEST(TEST_1_failed, "what a test has started is put away after a failure, too")
{
        fails("fails_in_order");
        says("cop_assert(1 == 2) does not hold");
        says("stop a\nexit one\n");
        does_not_say("not reached");
}

COP_TEST(TEST_2_raised, "an error, an exit and a throw fail the test, and are shown")
{
        fails("errors");
        says("** (error) {no,luck}");
        says("program_processes");
        fails("exits");
        says("** (exit) normal");
        fails("throws");
        says("** (throw) ball");
}

COP_TEST(TEST_2_fault, "a fault fails the test alone, and says what and where")
{
        fails("faults");
        says("** (EXIT from <");
        says("{segv,");
}

COP_TEST(TEST_2_elsewhere, "an assertion that fails in another process fails the test")
{
        fails("other_asserts");
        says("is found\n        expected expected\n");
        says("exit one\n");
}

COP_TEST(TEST_2_on_exit,
         "what is for the exit may fail the test, and does not keep the rest from it")
{
        fails("exit_raises");
        says("cop_on_exit() ended with {not_put_away,");
        says("exit one\n");
}

COP_TEST(TEST_3_linked, "a linked process that ends abnormally, or with shutdown, fails the test")
{
        fails("linked_shutdown");
        says("** (EXIT from <");
        says(">) shutdown\n");
        passes("linked_normal");
        passes("linked_trapped");
}

COP_TEST(TEST_4_supervised, "what crashes is started again without harm, unless it is linked")
{
        passes("supervised_crash");
        fails("linked_crash");
        says(">) crashed\n");
}

COP_TEST(TEST_5_started, "what starting and stopping say, and who may")
{
        passes("twice");
        fails("started_elsewhere");
        says("cop_start_supervised() is for the process of the test alone");
}

COP_TEST(TEST_6_receive, "what came instead is shown, the newest ten")
{
        passes("receives");
        fails("receives_nothing");
        says("no matching message after 1 ms\n        expected {number, _}\n"
             "        showing 10 of 12 messages in the mailbox\n            {other,11}\n");
        says("{other,2}\n");
        does_not_say("{other,1}\n");
        fails("receives_unwanted");
        says("a message came that matches\n        {number, _}\n            is {number,7}\n");
}

COP_TEST(TEST_7_hangs, "a test that does not end is killed, and where it was is said")
{
        fails("hangs");
        says("still running after ");
        says("the last assertion it reached is ");
}

COP_TEST(TEST_12_captures, "what is logged meanwhile is collected, also within another")
{
        passes("captures");
        says("inner [error] the stove is hot\nouter [error] the stove is hot\n"
             "[warning] and so is the pan\n");
}

COP_TEST(TEST_page, "every listing of docs/testing.md compiles", .limit_s = 120)
{
        run_program(&ran, COP_SOURCE_ROOT "/tests/test/check-page",
                    (const char *const[]){ COP_SOURCE_ROOT "/docs/testing.md", NULL });
        cop_assert_text(ran.output, "4\n");
        cop_assert_equal(ran.status, 0);
}
