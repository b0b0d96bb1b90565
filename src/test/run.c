/*
 * run.c: the main() of a program of tests: chooses, watches, counts.
 *
 * watch     The program forks for each test while it has one thread and nothing started. The
 *           child runs the test, and its output goes to a file in memory. The parent waits for
 *           the end or the time limit, and then knows by the exit status and by what the test
 *           left in the shared watch (run.h) how it went. Whatever the test started and left
 *           running is in its process group, and is killed with it.
 * seed      Order and random numbers come from one seed; a test's numbers from the seed and its
 *           name, so that it sees the same ones when it is run alone.
 *
 * Invariant A test has passed only if it came to its end *and* the child left with status 0: so
 *           an exit(0) in the middle is a failure, and so is a leak that a sanitizer finds last.
 *
 * Why not a thread and a signal handler that ends a stuck test: the code under test installs
 * handlers, moves stacks and breaks its own memory. The watcher shares nothing with it.
 */
#include <coppice/test.h>

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test/hang.h"
#include "test/run.h"

#if defined(__has_feature)
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
        HAS_FEATURE(address_sanitizer) || HAS_FEATURE(thread_sanitizer)
enum { SLOWNESS = 6 };
#else
enum { SLOWNESS = 1 };
#endif

enum { MAX_TESTS = 4096, DEFAULT_LIMIT_S = 30 };

enum outcome { PASSED, FAILED, SKIPPED };

static struct cop_test *tests[MAX_TESTS];
static int test_count;
static void (*run_with)(void (*test)(void));

static uint64_t seed;
static bool verbose;
static bool tap;
static bool no_fork;

struct test_watch *cop__test_watch;

void cop__test_add(struct cop_test *test)
{
        if (test_count == MAX_TESTS) {
                fprintf(stderr, "%s:%d: more than %d tests\n", test->file, test->line, MAX_TESTS);
                exit(2);
        }
        tests[test_count++] = test;
}

void cop__test_run_with(void (*run)(void (*test)(void)))
{
        run_with = run;
}

static double now_s(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- in the child ------------------------------------------------------------------------------
 */

static void run_body(const struct cop_test *test)
{
        cop__test_seed_from(seed, test->name);
        if (run_with)
                run_with(test->run);
        else
                test->run();
        atomic_store(&cop__test_watch->is_over, true);
}

static COP_NORETURN void be_the_test(const struct cop_test *test, int output, const sigset_t *mask)
{
        setpgid(0, 0);
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
        sigprocmask(SIG_SETMASK, mask, NULL);
        dup2(output, STDOUT_FILENO);
        dup2(output, STDERR_FILENO);
        close(output);
        setvbuf(stdout, NULL, _IOLBF, 0);
        run_body(test);
        exit(TEST_PASSED);
}

/* --- in the parent -----------------------------------------------------------------------------
 */

/* Waits until the child ends or the time is over. True: it ended, and *status says how. */
static bool wait_until(pid_t pid, double end, const sigset_t *child_ends, int *status)
{
        for (;;) {
                double left = end - now_s();
                struct timespec t = { 0, 0 };

                if (waitpid(pid, status, WNOHANG) == pid)
                        return true;
                if (left <= 0)
                        return false;
                t.tv_sec = (time_t)left;
                t.tv_nsec = (long)((left - (double)t.tv_sec) * 1e9);
                sigtimedwait(child_ends, NULL, &t);
        }
}

/* Everything the test wrote, handed on. */
static void show_output(int output)
{
        char text[8192];
        ssize_t n;

        fflush(stdout);
        lseek(output, 0, SEEK_SET);
        while ((n = read(output, text, sizeof(text))) > 0)
                fwrite(text, 1, (size_t)n, stdout);
        fflush(stdout);
}

static void show_place(const struct cop_test *test)
{
        const char *file = atomic_load(&cop__test_watch->file);

        if (file)
                printf("        the last assertion it reached is %s:%d\n", file,
                       atomic_load(&cop__test_watch->line));
        else
                printf("        it reached no assertion; it begins at %s:%d\n", test->file,
                       test->line);
}

/* How it went; says on stdout what was wrong, if the test has not said so itself. */
static enum outcome judge(const struct cop_test *test, int status)
{
        struct test_watch *watch = cop__test_watch;

        if (WIFSIGNALED(status)) {
                printf("%s:%d: died of %s (%s)\n", test->file, test->line,
                       strsignal(WTERMSIG(status)), watch->is_over ? "after its end" : "crashed");
                show_place(test);
                return FAILED;
        }
        status = WEXITSTATUS(status);
        if (status == TEST_SKIPPED && watch->has_skipped)
                return SKIPPED;
        if (status == TEST_PASSED && watch->is_over)
                return PASSED;
        if (status == TEST_FAILED && watch->has_failed)
                return FAILED;
        printf("%s:%d: left with exit status %d %s its end\n", test->file, test->line, status,
               watch->is_over ? "after" : "before");
        if (!watch->is_over)
                show_place(test);
        return FAILED;
}

static int limit_s(const struct cop_test *test)
{
        const char *given = getenv("COP_TEST_LIMIT_S");
        int limit = test->limit_s ? test->limit_s : DEFAULT_LIMIT_S;

        if (given && atoi(given) > 0)
                return atoi(given);
        return limit * SLOWNESS;
}

/* Runs one test in a child of its own and says how it went; its output is in the file `output`. */
static enum outcome watch_test(const struct cop_test *test, int output)
{
        enum outcome outcome;
        sigset_t child_ends, before;
        pid_t pid;
        int status;

        memset(cop__test_watch, 0, sizeof(*cop__test_watch));
        sigemptyset(&child_ends);
        sigaddset(&child_ends, SIGCHLD);
        sigprocmask(SIG_BLOCK, &child_ends, &before);
        fflush(NULL);
        pid = fork();
        if (pid < 0) {
                printf("%s: cannot fork: %s\n", test->name, strerror(errno));
                return FAILED;
        }
        if (pid == 0)
                be_the_test(test, output, &before);
        setpgid(pid, pid);

        if (wait_until(pid, now_s() + limit_s(test), &child_ends, &status)) {
                outcome = judge(test, status);
        } else {
                printf("%s:%d: still running after %d s\n", test->file, test->line, limit_s(test));
                show_place(test);
                fflush(stdout);
                cop__test_show_threads(pid);
                kill(-pid, SIGKILL);
                waitpid(pid, &status, 0);
                outcome = FAILED;
        }
        kill(-pid, SIGKILL); /* what it started and left behind */
        sigprocmask(SIG_SETMASK, &before, NULL);
        return outcome;
}

/* What is said of a test: everything of a failed one, with the command that repeats it. */
static void report(const struct cop_test *test, enum outcome outcome, double took, int number,
                   int output)
{
        static const char *const words[] = { "ok", "not ok", "skipped" };

        if (outcome == FAILED || verbose)
                show_output(output);
        if (tap)
                printf("%s %d - %s: %s%s%s\n", outcome == FAILED ? "not ok" : "ok", number,
                       test->name, test->sentence, outcome == SKIPPED ? " # SKIP " : "",
                       outcome == SKIPPED ? cop__test_watch->why_skipped : "");
        else if (outcome == FAILED)
                printf("FAILED  %s: %s\nagain   COP_SEED=%" PRIu64 " make test T=%s\n\n",
                       test->name, test->sentence, seed, test->name);
        else if (outcome == SKIPPED)
                printf("skipped %s: %s\n", test->name, cop__test_watch->why_skipped);
        else if (verbose)
                printf("%-7s %s: %s (%.0f ms)\n", words[outcome], test->name, test->sentence,
                       took * 1e3);
        fflush(stdout);
}

static enum outcome run_test(const struct cop_test *test, int number)
{
        enum outcome outcome;
        double start = now_s();
        int output;

        if (no_fork) {
                run_body(test);
                printf("ok %s\n", test->name);
                return PASSED;
        }
        output = memfd_create("output", MFD_CLOEXEC);
        if (output < 0) {
                printf("cannot keep the output: %s\n", strerror(errno));
                exit(2);
        }
        outcome = watch_test(test, output);
        report(test, outcome, now_s() - start, number, output);
        close(output);
        return outcome;
}

/* --- which -------------------------------------------------------------------------------------
 */

static bool matches(const struct cop_test *test, const char *filter)
{
        if (strpbrk(filter, "*?["))
                return fnmatch(filter, test->name, 0) == 0;
        return strstr(test->name, filter) || strstr(test->file, filter);
}

/* Keeps those that the filter means: the one with just that name, or else all that match it. */
static void choose(const char *filter)
{
        int kept = 0;
        int i;

        for (i = 0; i < test_count; i++) {
                if (strcmp(tests[i]->name, filter) == 0) {
                        tests[0] = tests[i];
                        test_count = 1;
                        return;
                }
        }
        for (i = 0; i < test_count; i++)
                if (matches(tests[i], filter))
                        tests[kept++] = tests[i];
        test_count = kept;
}

static int compare_lines(const void *a, const void *b)
{
        const struct cop_test *const *x = a;
        const struct cop_test *const *y = b;
        int file = strcmp((*x)->file, (*y)->file);

        return file ? file : (*x)->line - (*y)->line;
}

static void shuffle(void)
{
        int i;

        cop__test_seed_from(seed, "order");
        for (i = test_count - 1; i > 0; i--) {
                int j = (int)cop_test_random_below((uint64_t)i + 1);
                struct cop_test *swapped = tests[i];

                tests[i] = tests[j];
                tests[j] = swapped;
        }
}

static void choose_seed(void)
{
        const char *given = getenv("COP_SEED");
        struct timespec t;

        clock_gettime(CLOCK_REALTIME, &t);
        seed = ((uint64_t)t.tv_nsec ^ (uint64_t)getpid() << 10 ^ (uint64_t)t.tv_sec) % 1000000;
        if (given && *given)
                seed = strtoull(given, NULL, 0);
}

static int list(void)
{
        int i;

        for (i = 0; i < test_count; i++)
                printf("%s:%d: %s: %s\n", tests[i]->file, tests[i]->line, tests[i]->name,
                       tests[i]->sentence);
        return 0;
}

static int run_all(void)
{
        int count[3] = { 0 };
        int i;

        if (tap)
                printf("1..%d\n", test_count);
        for (i = 0; i < test_count; i++)
                count[run_test(tests[i], i + 1)]++;
        if (!tap) {
                printf("%d passed, %d failed", count[PASSED], count[FAILED]);
                if (count[SKIPPED])
                        printf(", %d skipped", count[SKIPPED]);
                printf("\n");
        }
        if (count[FAILED])
                return TEST_FAILED;
        return count[PASSED] ? TEST_PASSED : TEST_SKIPPED;
}

static int usage(const char *program)
{
        fprintf(stderr, "usage: %s [--list] [--verbose] [--tap] [--no-fork] [NAME]\n", program);
        return 2;
}

int main(int argc, char **argv)
{
        const char *filter = NULL;
        bool only_list = false;
        int i;

        for (i = 1; i < argc; i++) {
                if (strcmp(argv[i], "--list") == 0)
                        only_list = true;
                else if (strcmp(argv[i], "--verbose") == 0)
                        verbose = true;
                else if (strcmp(argv[i], "--tap") == 0)
                        tap = true;
                else if (strcmp(argv[i], "--no-fork") == 0)
                        no_fork = true;
                else if (argv[i][0] == '-' || filter)
                        return usage(argv[0]);
                else
                        filter = argv[i];
        }
        if (filter)
                choose(filter);
        if (test_count == 0) {
                fprintf(stderr, "%s: no test %s\n", argv[0], filter ? filter : "at all");
                return 3;
        }
        qsort(tests, (size_t)test_count, sizeof(tests[0]), compare_lines);
        if (only_list)
                return list();
        cop__test_watch = mmap(NULL, sizeof(*cop__test_watch), PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (cop__test_watch == MAP_FAILED) {
                fprintf(stderr, "%s: no memory\n", argv[0]);
                return 2;
        }
        choose_seed();
        shuffle();
        return run_all();
}
