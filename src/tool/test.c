/*
 * test.c: builds, runs each program that is a test, and adds up what they say.
 *
 * The last line of a program that was made with <coppice/test.h> is its count; it is held back and
 * added to the others'. Any other program counts as one test, which its exit status decides.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "tool/cover.h"
#include "tool/file.h"
#include "tool/json.h"
#include "tool/project.h"
#include "tool/subcommand.h"
#include "tool/text.h"

enum { SEED, STALE, COVER, SIM }; /* the options, in the table's order */

enum { SKIPPED = 77, NONE_CHOSEN = 3, WORDS_MOST = 64 };

struct counts {
        int passed, failed, skipped;
};

/* One program's run. */
struct output {
        bool has_last;
        struct buffer last; /* the line that came last, and is not shown yet */
};

static bool shows_progress; /* a line on the terminal says which one runs */

static void clear_progress(void)
{
        if (shows_progress)
                fprintf(stderr, "\r\033[K");
}

static void show_progress(cop_term test, int number, int count)
{
        const char *name = json_text(test, "name");

        if (shows_progress)
                fprintf(stderr, "\r\033[K[%d/%d] %.60s", number, count,
                        name ? text_harmless(name) : "a test");
}

static bool read_counts(const char *line, struct counts *counts)
{
        int end = 0;

        memset(counts, 0, sizeof(*counts));
        if (sscanf(line, "%d passed, %d failed%n", &counts->passed, &counts->failed, &end) != 2)
                return false;
        if (line[end])
                sscanf(line + end, ", %d skipped%n", &counts->skipped, &end);
        return end > 0;
}

/* The command that repeats a failure is one of ours. */
static void show(const char *line)
{
        static const char again[] = "again   ", one[] = "COP_SIM_SEEDS=1 ",
                          is[] = "COP_SEED=", make[] = " make test T=";
        const char *name = strstr(line, make), *seed = line + strlen(again);
        bool simulated;

        clear_progress();
        if (strncmp(line, again, strlen(again)) != 0 || !name) {
                printf("%s\n", line);
                return;
        }
        simulated = strncmp(seed, one, strlen(one)) == 0;
        seed += (simulated ? strlen(one) : 0) + strlen(is);
        printf("again   cop test %s --seed %.*s%s\n", name + strlen(make), (int)(name - seed), seed,
               simulated ? " --sim 1" : "");
}

static const char *last_of(const struct output *output)
{
        return output->last.bytes ? output->last.bytes : "";
}

static void take_line(void *context, const char *line, size_t size)
{
        struct output *output = context;

        if (output->has_last)
                show(last_of(output));
        output->has_last = true;
        cop__buffer_clear(&output->last);
        cop__buffer_add(&output->last, line, size);
}

/* How a program that ended with this status went; what it said last is shown, if it is no count. */
static struct counts judge(const char *name, int status, const struct output *output)
{
        struct counts counts = { 0 };

        if (output->has_last && read_counts(last_of(output), &counts) &&
            (status == 0 || status == 1 || status == SKIPPED))
                return counts;
        memset(&counts, 0, sizeof(counts));
        if (status == NONE_CHOSEN)
                return counts;
        if (output->has_last)
                show(last_of(output));
        if (status == 0) {
                counts.passed = 1;
        } else if (status == SKIPPED) {
                counts.skipped = 1;
        } else {
                counts.failed = 1;
                if (status < 0)
                        printf("FAILED  %s: it does not start: %s\n\n", name, text_errno(status));
                else
                        printf("FAILED  %s: it ended with status %d\n\n", name, status);
        }
        return counts;
}

/* The command of a test, with what is to be chosen behind it. */
static void make_command(cop_term test, const char *chosen, const char **arguments)
{
        int n = 0;

        COP_EACH (word, json_list(test, "cmd"))
                if (n < WORDS_MOST && cop_is_binary(word))
                        arguments[n++] = cop_to_cstring(word);
        if (chosen && n < WORDS_MOST)
                arguments[n++] = chosen;
        arguments[n] = NULL;
}

static void add_environment(cop_term test, struct settings *settings)
{
        cop_term map = json_get(test, "env");
        size_t i;

        if (cop_is_none(map) || !cop_is_map(map))
                return;
        for (i = 0; i < cop_map_size(map); i++) {
                const char *name = cop_to_cstring(cop_map_key(map, i));
                const char *value = json_text(map, name);

                settings_add(settings, text_format("%s=%s", name, value ? value : ""));
        }
}

/* What the programs are told by their environment. */
struct wish {
        const char *chosen; /* the test; NULL: all */
        const char *seed, *worlds;
};

static struct counts run_one(const struct project *project, cop_term test, const struct wish *wish)
{
        const char *arguments[WORDS_MOST + 1];
        const char *name = json_text(test, "name"), *directory = json_text(test, "workdir");
        struct settings settings = { .count = 0 };
        struct output output = { .has_last = false };
        struct counts counts;
        struct child child = { .arguments = arguments,
                               .settings = &settings,
                               .directory = directory ? directory : project->build,
                               .line = take_line,
                               .context = &output };

        make_command(test, wish->chosen, arguments);
        add_environment(test, &settings);
        if (wish->seed)
                settings_add(&settings, text_format("COP_SEED=%s", wish->seed));
        if (wish->worlds)
                settings_add(&settings, text_format("COP_SIM_SEEDS=%s", wish->worlds));
        cop__buffer_init(&output.last, SIZE_MAX / 2);
        counts = judge(name ? name : "a test", child_run(&child), &output);
        clear_progress();
        cop__buffer_release(&output.last);
        return counts;
}

/* ---- what has not changed ---- */

static const char *stamp_of(const struct project *project, cop_term test)
{
        const char *name = json_text(test, "name");

        return text_format("%s/.passed-%s", project->build, name ? name : "");
}

/* Has it passed, as a whole, since its program was built? */
static bool is_fresh(const struct project *project, cop_term test)
{
        cop_term words = json_list(test, "cmd");
        struct stat program, stamp;

        return !cop_is_nil(words) && cop_is_binary(cop_head(words)) &&
               stat(cop_to_cstring(cop_head(words)), &program) == 0 &&
               stat(stamp_of(project, test), &stamp) == 0 &&
               (stamp.st_mtim.tv_sec > program.st_mtim.tv_sec ||
                (stamp.st_mtim.tv_sec == program.st_mtim.tv_sec &&
                 stamp.st_mtim.tv_nsec >= program.st_mtim.tv_nsec));
}

/* Notes how all of it went. Where that cannot be written it runs again the next time. */
static void note(const struct project *project, cop_term test, const struct counts *counts)
{
        const char *stamp = stamp_of(project, test);

        unlink(stamp);
        if (counts->failed == 0)
                file_write_new(stamp, "", 0);
}

/* A seed is a number; 0x may stand before it. */
static bool is_seed(const char *text)
{
        size_t prefix = strncmp(text, "0x", 2) == 0 ? 2 : 0;
        const char *digits = prefix ? "0123456789abcdefABCDEF" : "0123456789";

        return text[prefix] && text[prefix + strspn(text + prefix, digits)] == '\0';
}

static int report(const struct project *project, struct counts all, const char *chosen)
{
        if (all.passed + all.failed + all.skipped == 0)
                return complain("cannot test %s: no test of %s has that in its name or file; cop "
                                "test runs all of them",
                                text_harmless(chosen ? chosen : "it"), project->name);
        printf("%d passed, %d failed", all.passed, all.failed);
        if (all.skipped)
                printf(", %d skipped", all.skipped);
        printf("\n");
        return all.failed ? TOOL_TESTS_FAILED : TOOL_FINE;
}

int tool_test(const struct request *request)
{
        const struct wish wish = { .chosen = request->word_count ? request->words[0] : NULL,
                                   .seed = request->values[SEED],
                                   .worlds = request->values[SIM] };
        struct counts all = { 0 };
        struct project project;
        cop_term tests;
        int fresh = 0, number = 0;

        if (wish.worlds && (!is_seed(wish.worlds) || strtol(wish.worlds, NULL, 0) < 1))
                return complain("cannot test in %s simulated worlds: it is no number; take 1000",
                                text_harmless(wish.worlds));
        if (wish.seed && !is_seed(wish.seed))
                return complain("cannot test with the seed %s: it is no number; take one that "
                                "an earlier run has shown",
                                text_harmless(wish.seed));
        if (request->values[STALE] && request->values[COVER])
                return complain("cannot count with --stale: what is not run would count as not "
                                "tested; leave out --stale or --cover");
        if (project_find(&project, "test"))
                return TOOL_FAILED;
        if (request->values[COVER])
                cover_choose(&project);
        if (project_build(&project, stderr))
                return TOOL_FAILED;
        tests = project_tests(&project);
        if (cop_is_none(tests))
                return TOOL_FAILED;
        if (cop_is_nil(tests))
                return complain("cannot test %s: its meson.build names no test(); add one",
                                project.name);
        if (request->values[COVER])
                cover_forget(&project);
        shows_progress = isatty(STDERR_FILENO);
        COP_EACH (test, tests) {
                struct counts one;

                number++;
                if (request->values[STALE] && is_fresh(&project, test)) {
                        fresh++;
                        continue;
                }
                show_progress(test, number, (int)cop_length(tests));
                one = run_one(&project, test, &wish);
                if (!wish.chosen)
                        note(&project, test, &one);
                all.passed += one.passed;
                all.failed += one.failed;
                all.skipped += one.skipped;
                fflush(stdout);
        }
        if (fresh && all.passed + all.failed + all.skipped == 0) {
                printf("nothing has changed since the tests passed\n");
                return TOOL_FINE;
        }
        if (request->values[COVER] && all.passed + all.failed > 0 && cover_report(&project))
                return TOOL_FAILED;
        return report(&project, all, wish.chosen);
}
