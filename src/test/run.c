/*
 * run.c: the main() of a program of tests: watches, counts, tells.
 *
 * watch     The program forks for each test while it has one thread and nothing started. The
 *           child runs the test, and its output goes to a file in memory. The parent waits for
 *           the end or the time limit, and then knows by the exit status and by what the test
 *           left in the shared watch (run.h) how it went. Whatever the test started and left
 *           running is in its process group, and is killed with it.
 * at once   Those that say .async run first, as many at once as twice the cores, then the others,
 *           one after the other.
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
#include <inttypes.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "test/choose.h"
#include "test/crash.h"
#include "test/hang.h"
#include "test/junit.h"
#include "test/run.h"

#if defined(__has_feature)
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
        HAS_FEATURE(address_sanitizer) || HAS_FEATURE(thread_sanitizer)
enum { SLOWNESS = 6, SANITIZED = true };
#else
enum { SLOWNESS = 1, SANITIZED = false };
#endif

enum { MAX_TESTS = 4096, DEFAULT_LIMIT_S = 30, RUNNING_MOST = 64 };

enum outcome { PASSED, FAILED, SKIPPED };

static struct cop_test *tests[MAX_TESTS];
static int test_count;
static void (*run_with)(void (*test)(void));
static const struct cop_test_all *all;
static bool setup_failed, setup_skipped; /* that of all */
static char why_setup_skipped[sizeof(((struct test_watch *)0)->why_skipped)];

static uint64_t seed;
static bool verbose;
static bool tap;
static bool no_fork;
static int failures_max; /* 0: no limit */
static int count[3], reported;

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

void cop__test_all_by(const struct cop_test_all *by)
{
        all = by;
}

static double now_s(void)
{
        struct timespec t;

        clock_gettime(CLOCK_MONOTONIC, &t);
        return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- in the child ------------------------------------------------------------------------------
 */

/* What was to be made for all is not there. */
static void refuse(const struct cop_test *test)
{
        if (setup_skipped)
                cop__test_skip(test->file, test->line, why_setup_skipped);
        cop__test_say_failed("%s:%d: what is set up for all tests failed", test->file, test->line);
        _exit(TEST_FAILED);
}

static void run_body(const struct cop_test *test)
{
        if (setup_failed || setup_skipped)
                refuse(test);
        cop__test_seed_from(seed, test->name);
        if (run_with && !test->plain)
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
        if (!SANITIZED)
                cop__test_tell_crashes();
        run_body(test);
        exit(TEST_PASSED);
}

/* --- in the parent -----------------------------------------------------------------------------
 */

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

/* --- those that run ----------------------------------------------------------------------------
 */

struct running {
        const struct cop_test *test; /* NULL: none */
        struct test_watch *watch;
        int output; /* what it writes */
        pid_t pid;
        double start, end; /* when its time is over */
};

static struct running running[RUNNING_MOST];
static int running_count, running_limit = 1;
static sigset_t child_ends, mask_before;

static void begin(struct running *r, const struct cop_test *test)
{
        memset(r->watch, 0, sizeof(*r->watch));
        r->output = memfd_create("output", MFD_CLOEXEC);
        /* To append is atomic for what threads write at once; to write where one stands is not. */
        if (r->output < 0 || fcntl(r->output, F_SETFL, O_APPEND) < 0) {
                printf("cannot keep the output: %s\n", strerror(errno));
                exit(2);
        }
        cop__test_watch = r->watch;
        fflush(NULL);
        r->pid = fork();
        if (r->pid < 0) {
                printf("%s: cannot fork: %s\n", test->name, strerror(errno));
                exit(2);
        }
        if (r->pid == 0)
                be_the_test(test, r->output, &mask_before);
        setpgid(r->pid, r->pid);
        r->test = test;
        r->start = now_s();
        r->end = r->start + limit_s(test);
        running_count++;
}

/* It did not come to its end in time. */
static enum outcome give_up(const struct running *r)
{
        int status;

        printf("%s:%d: still running after %d s\n", r->test->file, r->test->line, limit_s(r->test));
        show_place(r->test);
        fflush(stdout);
        cop__test_show_threads(r->pid);
        kill(-r->pid, SIGKILL);
        waitpid(r->pid, &status, 0);
        return FAILED;
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
                printf("FAILED  %s: %s\nagain   %sCOP_SEED=%" PRIu64 " make test T=%s\n\n",
                       test->name, test->sentence,
                       getenv("COP_SIM_SEEDS") ? "COP_SIM_SEEDS=1 " : "",
                       cop__test_watch->world ? cop__test_watch->world : seed, test->name);
        else if (outcome == SKIPPED)
                printf("skipped %s: %s\n", test->name, cop__test_watch->why_skipped);
        else if (verbose)
                printf("%-7s %s: %s (%.0f ms)\n", words[outcome], test->name, test->sentence,
                       took * 1e3);
        fflush(stdout);
}

static void finish(struct running *r, enum outcome outcome)
{
        double took = now_s() - r->start;

        kill(-r->pid, SIGKILL); /* what it started and left behind */
        count[outcome]++;
        report(r->test, outcome, took, ++reported, r->output);
        cop__junit_note(r->test, took, outcome == FAILED ? &r->output : NULL,
                        outcome == SKIPPED ? r->watch->why_skipped : NULL);
        close(r->output);
        r->test = NULL;
        running_count--;
}

/* Looks at each that runs: has it ended, is its time over? When the next one's is is in *next. */
static bool look(double *next)
{
        bool any = false;

        *next = now_s() + 3600;
        for (int i = 0; i < RUNNING_MOST; i++) {
                struct running *r = &running[i];
                int status;

                if (!r->test)
                        continue;
                cop__test_watch = r->watch;
                if (waitpid(r->pid, &status, WNOHANG) == r->pid) {
                        finish(r, judge(r->test, status));
                        any = true;
                } else if (now_s() >= r->end) {
                        finish(r, give_up(r));
                        any = true;
                } else if (r->end < *next) {
                        *next = r->end;
                }
        }
        return any;
}

/* Waits until one of those that run has ended. */
static void wait_for_one(void)
{
        double next;

        while (!look(&next)) {
                double left = next - now_s();
                struct timespec t = { 0, 0 };

                if (left <= 0)
                        continue;
                t.tv_sec = (time_t)left;
                t.tv_nsec = (long)((left - (double)t.tv_sec) * 1e9);
                sigtimedwait(&child_ends, NULL, &t);
        }
}

static struct running *free_place(void)
{
        int i = 0;

        while (running[i].test)
                i++;
        return &running[i];
}

/* One that is not async runs alone. */
static void make_room(const struct cop_test *test)
{
        while (running_count >= (test->async ? running_limit : 1))
                wait_for_one();
}

static void run_test(const struct cop_test *test)
{
        if (no_fork) {
                cop__test_watch = running[0].watch;
                run_body(test);
                printf("ok %s\n", test->name);
                count[PASSED]++;
                return;
        }
        begin(free_place(), test);
}

static void run_skipped(const struct cop_test *test)
{
        cop__test_watch = running[0].watch;
        snprintf(cop__test_watch->why_skipped, sizeof(cop__test_watch->why_skipped), "%s",
                 test->skip);
        count[SKIPPED]++;
        report(test, SKIPPED, 0, ++reported, -1);
        cop__junit_note(test, 0, NULL, test->skip);
}

/* --- before the first of them ------------------------------------------------------------------
 */

static jmp_buf out_of_setup;

static COP_NORETURN void leave_setup(void)
{
        longjmp(out_of_setup, 1);
}

/* Where it does not come to its end, each test says so instead of running. */
static void set_up_all(void)
{
        cop__test_watch = running[0].watch;
        cop__test_leave_setup_by(leave_setup);
        if (all && all->setup && setjmp(out_of_setup) == 0) {
                all->setup();
                fflush(stdout);
        }
        cop__test_leave_setup_by(NULL);
        setup_failed = atomic_load(&cop__test_watch->has_failed);
        setup_skipped = atomic_load(&cop__test_watch->has_skipped);
        memcpy(why_setup_skipped, cop__test_watch->why_skipped, sizeof(why_setup_skipped));
}

/* --- all of them -------------------------------------------------------------------------------
 */

/* Those that run at once come first. */
static void async_first(void)
{
        static struct cop_test *others[MAX_TESTS];
        int kept = 0, left = 0, i;

        for (i = 0; i < test_count; i++) {
                if (tests[i]->async)
                        tests[kept++] = tests[i];
                else
                        others[left++] = tests[i];
        }
        for (i = 0; i < left; i++)
                tests[kept + i] = others[i];
}

static void shuffle(void)
{
        int i;

        if (seed == 0)
                return; /* the order in which they stand */
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
        int i;

        if (tap)
                printf("1..%d\n", test_count);
        sigemptyset(&child_ends);
        sigaddset(&child_ends, SIGCHLD);
        sigprocmask(SIG_BLOCK, &child_ends, &mask_before);
        set_up_all();
        for (i = 0; i < test_count; i++) {
                make_room(tests[i]);
                if (failures_max && count[FAILED] >= failures_max)
                        break;
                if (tests[i]->skip)
                        run_skipped(tests[i]);
                else
                        run_test(tests[i]);
        }
        while (running_count)
                wait_for_one();
        if (all && all->teardown)
                all->teardown();
        if (i < test_count && !tap)
                printf("--max-failures reached, %d tests were not started\n", test_count - i);
        if (!tap) {
                printf("%d passed, %d failed", count[PASSED], count[FAILED]);
                if (count[SKIPPED])
                        printf(", %d skipped", count[SKIPPED]);
                printf("\n");
        }
        cop__junit_close();
        if (count[FAILED])
                return TEST_FAILED;
        return count[PASSED] ? TEST_PASSED : TEST_SKIPPED;
}

static int usage(const char *program)
{
        fprintf(stderr,
                "usage: %s [--list] [--verbose] [--tap] [--no-fork] [--junit=FILE]\n"
                "       [--only=TAG] [--exclude=TAG] [--max-failures=N] [--jobs=N] [NAME | "
                "FILE:LINE]\n",
                program);
        return 2;
}

struct request {
        const char *filter, *only, *exclude, *junit;
        bool only_list;
};

static bool read_word(struct request *r, const char *word)
{
        if (strcmp(word, "--list") == 0)
                r->only_list = true;
        else if (strcmp(word, "--verbose") == 0)
                verbose = true;
        else if (strcmp(word, "--tap") == 0)
                tap = true;
        else if (strcmp(word, "--no-fork") == 0)
                no_fork = true;
        else if (strncmp(word, "--junit=", 8) == 0)
                r->junit = word + 8;
        else if (strncmp(word, "--only=", 7) == 0)
                r->only = word + 7;
        else if (strncmp(word, "--exclude=", 10) == 0)
                r->exclude = word + 10;
        else if (strncmp(word, "--max-failures=", 15) == 0)
                failures_max = atoi(word + 15);
        else if (strncmp(word, "--jobs=", 7) == 0)
                running_limit = atoi(word + 7);
        else if (word[0] == '-' || r->filter)
                return false;
        else
                r->filter = word;
        return true;
}

static bool make_watches(void)
{
        struct test_watch *watches =
                mmap(NULL, RUNNING_MOST * sizeof(*watches), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0);

        if (watches == MAP_FAILED)
                return false;
        for (int i = 0; i < RUNNING_MOST; i++)
                running[i].watch = &watches[i];
        return true;
}

int main(int argc, char **argv)
{
        struct request r = { .only_list = false };
        int err = 0;

        running_limit = 2 * (int)sysconf(_SC_NPROCESSORS_ONLN);
        for (int i = 1; i < argc; i++)
                if (!read_word(&r, argv[i]))
                        return usage(argv[0]);
        if (running_limit < 1 || running_limit > RUNNING_MOST)
                running_limit = running_limit < 1 ? 1 : RUNNING_MOST;
        test_count = cop__test_choose(tests, test_count, r.filter, r.only, r.exclude);
        if (test_count == 0) {
                fprintf(stderr, "%s: no test %s\n", argv[0],
                        r.filter ? r.filter
                        : r.only ? r.only
                                 : "at all");
                return 3;
        }
        if (r.only_list)
                return list();
        if (r.junit)
                err = cop__junit_open(r.junit, argv[0]);
        if (err < 0 || !make_watches()) {
                fprintf(stderr, "%s: %s\n", argv[0], err < 0 ? strerror(-err) : "no memory");
                return 2;
        }
        choose_seed();
        shuffle();
        async_first();
        return run_all();
}
