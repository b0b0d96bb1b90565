/*
 * One specimen of everything that a test can come to. It is no test of the project: test_harness.c
 * runs it and looks at what is said about each.
 */
#include <coppice/test.h>

#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

COP_TEST(passes, "a test that passes")
{
        puts("what a passing test prints is not shown");
        cop_assert(1 + 1 == 2);
}

COP_TEST(assert_fails, "a condition does not hold")
{
        puts("before");
        cop_assert(1 + 1 == 3);
        puts("after");
}

COP_TEST(int_fails, "two integers differ")
{
        int apples = 3;

        cop_assert_equal(apples, -7);
}

COP_TEST(sign_fails, "-1 is not the largest unsigned number")
{
        cop_assert_equal(-1, 0xffffffffffffffffu);
}

COP_TEST(text_fails, "two texts differ")
{
        const char *greeting = "hello\n\"world\"";

        cop_assert_equal(greeting, "hello");
}

COP_TEST(null_text_fails, "no text is no empty text")
{
        cop_assert_text(NULL, "");
}

COP_TEST(double_fails, "two floats differ")
{
        cop_assert_equal(0.1 + 0.2, 0.3);
}

COP_TEST(term_fails, "two terms differ")
{
        cop_assert_term(cop_build("{ok, [1, X]}", 2), "{ok, [1, X]}", 3);
}

COP_TEST(no_term_fails, "no term is no term of any kind")
{
        cop_assert_term(COP_NONE, "undefined");
}

COP_TEST(match_fails, "a term does not match")
{
        int64_t size;

        cop_assert_match(cop_build("{size, <<\"large\">>}"), "{size, Size}", &size);
}

COP_TEST(term_differs, "two terms differ")
{
        cop_assert_equal(cop_build("{ok, 1}"), cop_build("{ok, 1.0}"));
}

COP_TEST(term_is_none, "no term is no term of any kind")
{
        cop_assert_equal(COP_NONE, cop_nil());
}

COP_TEST(bytes_fail, "two blocks differ")
{
        cop_assert_bytes("abcdef", 6, "abcXef", 6);
}

COP_TEST(bytes_short, "one block is the beginning of the other")
{
        cop_assert_bytes("abc", 3, "abcd", 4);
}

static void *fail_here(void *unused)
{
        cop_assert_equal(true, false);
        return NULL;
}

COP_TEST(thread_fails, "an assertion fails on a thread")
{
        pthread_t thread;

        cop_assert(pthread_create(&thread, NULL, fail_here, NULL) == 0);
        pthread_join(thread, NULL);
}

COP_TEST(says_why, "a failure in the test's own words")
{
        cop_fail("%d of %s are missing", 2, "them");
}

COP_TEST(crashes, "a test that is ended by an OS signal")
{
        cop_assert(true);
        signal(SIGSEGV, SIG_DFL);
        raise(SIGSEGV);
}

static int *volatile nowhere;

static __attribute__((noinline)) void write_nowhere(void)
{
        *nowhere = 1;
}

COP_TEST(faults, "a test that writes to where nothing is")
{
        write_nowhere();
}

COP_TEST(hangs, "a test that does not end", .limit_s = 1)
{
        cop_assert(true);
        for (;;)
                pause();
}

COP_TEST(leaves, "a test in which something ends the program with success")
{
        exit(0);
}

static void leave_badly(void)
{
        _exit(9);
}

COP_TEST(leaves_after, "a test after which something goes wrong")
{
        atexit(leave_badly);
}

COP_TEST(skips, "a test that cannot be run here")
{
        cop_skip("no moon tonight");
}

COP_TEST(random_number, "the same random numbers with the same seed")
{
        cop_fail("random %016llx", (unsigned long long)cop_test_random());
}

COP_TEST(all_equal, "what is equal")
{
        char copy[] = "text";
        int one;

        cop_assert_equal((unsigned char)255, 255ull);
        cop_assert_equal(-1, -1ll);
        cop_assert_equal('a', 97);
        cop_assert_equal(2.0f, 2);
        cop_assert_equal(copy, "text");
        cop_assert_equal((char *)NULL, (const char *)NULL);
        cop_assert_equal(&one, (void *)&one);
        cop_assert_equal(true, 1);
        cop_assert_text(NULL, NULL);
        cop_assert_equal(cop_build("[a, <<\"b\">>]"), cop_build("[a | [<<\"b\">>]]"));
        cop_assert_equal(COP_NONE, COP_NONE);
        cop_assert_bytes("", 0, NULL, 0);
        cop_assert(!isnan(1.0));
}

COP_TEST(left_running, "a test that leaves an OS process running")
{
        if (fork() == 0)
                for (;;)
                        pause();
}

COP_TEST(long_term_differs, "two long terms differ")
{
        cop_assert_term(
                cop_build("{reply, [one, two, three, four, five], #{size => 17, name => door}}"),
                "{reply, [one, two, three, four, five], #{size => 18, name => door}}");
}

/* Two that wait for each other: each opens its end of a pipe, which waits until the other is open. */
static void meet(int flags)
{
        char path[64];
        int fd;

        snprintf(path, sizeof(path), "/tmp/coppice-meet-%d", (int)getppid());
        mkfifo(path, 0600);
        fd = open(path, flags);
        cop_assert(fd >= 0);
        unlink(path);
}

COP_TEST(meets_a, "it needs meets_b", .async = true, .tags = "meeting")
{
        meet(O_RDONLY);
}

COP_TEST(meets_b, "it needs meets_a", .async = true, .tags = "meeting slow")
{
        meet(O_WRONLY);
}

COP_TEST(meets_nobody, "it runs when those that run at once are over", .tags = "meeting slow")
{
        char path[64];

        snprintf(path, sizeof(path), "/tmp/coppice-meet-%d", (int)getppid());
        cop_assert(access(path, F_OK) < 0);
}

COP_TEST(skipped_by_word, "it is not run", .skip = "waits for spring")
{
        cop_fail("it was run");
}
