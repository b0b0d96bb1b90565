/*
 * CONFORMANCE: scenarios do here what they do in OTP.
 *
 * Every scenario of the suite, and a hundred random ones, run in the runner, with one scheduler and
 * with two; each trace is compared, byte for byte, with that of OTP. Several runners work at once,
 * since most of a scenario's time is waiting.
 */
#include <coppice/test.h>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RUNNERS = 4, FILES_MOST = 1000, TEXT_MOST = 1 << 20 };

#define SUITE COP_SOURCE_ROOT "/tests/conformance"

/* One folder's worth of scenarios. */
struct suite {
        const char *folder;
        char names[FILES_MOST][64]; /* without .scn */
        int count;
        char traces[PATH_MAX]; /* where they are written */
};

static void list_scenarios(struct suite *suite)
{
        char path[PATH_MAX];
        struct dirent *entry;
        DIR *dir;

        snprintf(path, sizeof(path), "%s/scenarios", suite->folder);
        dir = opendir(path);
        cop_assert(dir != NULL);
        while ((entry = readdir(dir))) {
                char *end = strstr(entry->d_name, ".scn");

                if (!end || end[4])
                        continue;
                cop_assert(suite->count < FILES_MOST);
                snprintf(suite->names[suite->count++], 64, "%.*s", (int)(end - entry->d_name),
                         entry->d_name);
        }
        closedir(dir);
        cop_assert(suite->count > 0);
}

/* BUILD/oracle-runner; the test's own program is in BUILD/tests. */
static void find_runner(char *path, size_t size)
{
        char own[PATH_MAX - 64];
        ssize_t n = readlink("/proc/self/exe", own, sizeof(own) - 1);

        cop_assert(n > 0);
        own[n] = '\0';
        *strrchr(own, '/') = '\0';
        *strrchr(own, '/') = '\0';
        snprintf(path, size, "%s/oracle-runner", own);
}

/* Every RUNNERS-th scenario, from this one on. */
static pid_t start_runner(const struct suite *suite, const char *schedulers, int from)
{
        static char files[FILES_MOST][PATH_MAX + 128];
        char runner[PATH_MAX];
        char *argv[FILES_MOST + 4];
        int argc = 0, i;
        pid_t pid;

        find_runner(runner, sizeof(runner));
        argv[argc++] = runner;
        argv[argc++] = (char *)"-o";
        argv[argc++] = (char *)suite->traces;
        for (i = from; i < suite->count; i += RUNNERS) {
                snprintf(files[i], sizeof(files[i]), "%s/scenarios/%s.scn", suite->folder,
                         suite->names[i]);
                argv[argc++] = files[i];
        }
        argv[argc] = NULL;
        pid = fork();
        cop_assert(pid >= 0);
        if (pid > 0)
                return pid;
        if (setenv("COP_SCHEDULERS", schedulers, 1) == 0)
                execv(runner, argv);
        _exit(127);
}

static void run_all(const struct suite *suite, const char *schedulers)
{
        pid_t pids[RUNNERS];
        int i, status;

        for (i = 0; i < RUNNERS && i < suite->count; i++)
                pids[i] = start_runner(suite, schedulers, i);
        while (i-- > 0) {
                cop_assert(waitpid(pids[i], &status, 0) == pids[i]);
                if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                        fprintf(stderr, "a runner ended with status %#x\n", (unsigned)status);
        }
}

/* The file's text; "" where there is none. */
static const char *text_of(char *text, const char *folder, const char *name)
{
        char path[PATH_MAX];
        size_t size = 0;
        FILE *file;

        snprintf(path, sizeof(path), "%s/%s.trace", folder, name);
        file = fopen(path, "r");
        if (file) {
                size = fread(text, 1, TEXT_MOST - 1, file);
                fclose(file);
        }
        text[size] = '\0';
        return text;
}

/* Shows the first line in which the two differ. */
static void show_difference(const char *name, const char *is, const char *expected)
{
        size_t line = 0, at = 0;
        int n = 1;

        while (is[at] && is[at] == expected[at]) {
                if (is[at++] == '\n') {
                        line = at;
                        n++;
                }
        }
        fprintf(stderr, "%s, line %d\n        is       %.*s\n        expected %.*s\n", name, n,
                (int)strcspn(is + line, "\n"), is + line, (int)strcspn(expected + line, "\n"),
                expected + line);
}

/* Those that differ are all that the suite has afterwards. */
static void compare_all(struct suite *suite)
{
        static char is[TEXT_MOST], expected[TEXT_MOST];
        char folder[PATH_MAX];
        int i, count = suite->count;

        suite->count = 0;
        snprintf(folder, sizeof(folder), "%s/expected", suite->folder);
        for (i = 0; i < count; i++) {
                text_of(is, suite->traces, suite->names[i]);
                text_of(expected, folder, suite->names[i]);
                if (*expected && strcmp(is, expected) == 0)
                        continue;
                show_difference(suite->names[i], is, expected);
                memmove(suite->names[suite->count++], suite->names[i], sizeof(suite->names[i]));
        }
}

static void remove_traces(const struct suite *suite)
{
        char path[PATH_MAX + 128];
        int i;

        for (i = 0; i < suite->count; i++) {
                snprintf(path, sizeof(path), "%s/%s.trace", suite->traces, suite->names[i]);
                unlink(path);
        }
        rmdir(suite->traces);
}

static void run_suite(const char *folder, const char *schedulers)
{
        static struct suite suite, all;
        const char *tmp = getenv("TMPDIR");

        suite.folder = folder;
        snprintf(suite.traces, sizeof(suite.traces), "%s/conformance-XXXXXX", tmp ? tmp : "/tmp");
        cop_assert(mkdtemp(suite.traces) != NULL);
        list_scenarios(&suite);
        all = suite;
        run_all(&suite, schedulers);
        compare_all(&suite);
        /* Scenarios sleep tenths of seconds, and a machine may stand still as long: one or two that
         * differ have to do so again, by themselves. */
        if (suite.count > 0 && suite.count <= 2) {
                run_all(&suite, schedulers);
                compare_all(&suite);
        }
        remove_traces(&all);
        cop_assert_equal(suite.count, 0);
}

COP_TEST(CONFORMANCE_suite_1, "every scenario of the suite, with one scheduler", .limit_s = 300)
{
        run_suite(SUITE, "1");
}

COP_TEST(CONFORMANCE_suite_2, "every scenario of the suite, with two schedulers", .limit_s = 300)
{
        run_suite(SUITE, "2");
}

COP_TEST(CONFORMANCE_random_1, "a hundred random scenarios, with one scheduler", .limit_s = 300)
{
        run_suite(SUITE "/random", "1");
}

COP_TEST(CONFORMANCE_random_2, "a hundred random scenarios, with two schedulers", .limit_s = 300)
{
        run_suite(SUITE "/random", "2");
}
