/*
 * cover.c: which lines of a project its tests have run.
 *
 * The project is built once more, in a directory of its own, by a compiler that counts. Beside each
 * object there is then a file of its lines (.gcno), and, once it has run, one of counts (.gcda); and gcov
 * writes each source with a count before each line. That text is read, and not gcc's JSON, since llvm's
 * gcov has it as well. A source that is in several objects has run where it has in one of them.
 *
 * LIMIT: what a test has run that failed does not count, since it leaves its OS process at once.
 */
#include "tool/cover.h"

#include <errno.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "tool/subcommand.h"
#include "tool/text.h"

enum { SOURCES_MOST = 2000, OBJECTS_MOST = 10000, LINES_MOST = 1 << 20 };

enum line { NO_CODE, NOT_RUN, RUN };

struct source {
        const char *name;  /* from the project's root */
        unsigned char *at; /* an enum line each, from line 1 on */
        int size;
};

static struct source sources[SOURCES_MOST];
static int source_count;
static const char *objects[OBJECTS_MOST]; /* their .gcno */
static int object_count;

void cover_choose(struct project *project)
{
        project->build = text_format("%s/build-cover", project->root);
        project->counts = true;
}

static bool ends(const char *path, const char *with)
{
        size_t size = strlen(path), end = strlen(with);

        return size >= end && strcmp(path + size - end, with) == 0;
}

static int forget(const char *path, const struct stat *unused, int type, struct FTW *place)
{
        if (type == FTW_F && ends(path, ".gcda"))
                unlink(path);
        return 0;
}

void cover_forget(const struct project *project)
{
        nftw(project->build, forget, 20, FTW_PHYS);
}

/* ---- what gcov says ---- */

static int find_object(const char *path, const struct stat *unused, int type, struct FTW *place)
{
        if (type == FTW_F && ends(path, ".gcno") && object_count < OBJECTS_MOST)
                objects[object_count++] = text_copy(path, strlen(path));
        return 0;
}

/* The source's name from the root on; NULL where it is not the project's own, or a test's. */
static const char *own_name(const struct project *project, const char *name)
{
        size_t root = strlen(project->root);

        if (strncmp(name, "../", 3) == 0)
                name += 3;
        else if (strncmp(name, project->root, root) == 0 && name[root] == '/')
                name += root + 1;
        else
                return NULL;
        if (strncmp(name, "../", 3) == 0 || strncmp(name, "tests/", 6) == 0 ||
            strstr(name, "/tests/") || strncmp(name, "build-cover/", 12) == 0)
                return NULL;
        return name;
}

static struct source *find_source(const char *name)
{
        int i;

        for (i = 0; i < source_count; i++)
                if (strcmp(sources[i].name, name) == 0)
                        return &sources[i];
        if (source_count == SOURCES_MOST)
                return NULL;
        sources[source_count].name = text_copy(name, strlen(name));
        return &sources[source_count++];
}

static void note(struct source *source, int number, enum line line)
{
        if (number > source->size) {
                int size = 2 * number;
                unsigned char *at = cop__alloc_array((size_t)size, 1);

                if (!at)
                        return;
                memset(at, NO_CODE, (size_t)size);
                if (source->size)
                        memcpy(at, source->at, (size_t)source->size);
                cop__free(source->at);
                source->at = at;
                source->size = size;
        }
        if (source->at[number - 1] < line)
                source->at[number - 1] = (unsigned char)line;
}

struct reading {
        const struct project *project;
        struct source *source; /* whose lines come; NULL: of no interest */
};

/* "        3:   17:        return 0;", and in line 0 "Source:../NAME". */
static void take_line(void *context, const char *line, size_t size)
{
        struct reading *reading = context;
        const char *count = line + strspn(line, " "), *colon = strchr(count, ':'), *text;
        const char *name;
        char *end;
        long number;

        if (!colon)
                return;
        number = strtol(colon + 1, &end, 10);
        if (end == colon + 1 || *end != ':' || number < 0 || number > LINES_MOST)
                return;
        text = end + 1;
        if (number == 0) {
                if (strncmp(text, "Source:", 7) == 0) {
                        name = own_name(reading->project, text + 7);
                        reading->source = name ? find_source(name) : NULL;
                }
        } else if (reading->source && *count != '-') {
                note(reading->source, (int)number, *count == '#' || *count == '=' ? NOT_RUN : RUN);
        }
}

/* ---- which gcov ---- */

static void keep_first(void *context, const char *line, size_t size)
{
        const char **first = context;

        if (!*first)
                *first = text_copy(line, size);
}

/* What `COMPILER --version` says first; "" where it says nothing. */
static const char *version_of(const char *compiler)
{
        const char *arguments[] = { compiler, "--version", NULL }, *first = NULL;
        struct child child = { .arguments = arguments, .line = keep_first, .context = &first };

        return child_run(&child) == 0 && first ? first : "";
}

/* The command, as words, of the gcov that goes with the compiler; NULL: it is not there. */
static const char *const *find_gcov(const char *compiler)
{
        static const char *words[3];
        const char *version = version_of(compiler), *clang = strstr(version, "clang version ");
        const char *dash = strrchr(compiler, '-');
        size_t size;

        if (clang) {
                clang += strlen("clang version ");
                words[0] = text_format("llvm-cov-%.*s", (int)strcspn(clang, "."), clang);
                if (!child_is_there(words[0]))
                        words[0] = "llvm-cov";
                words[1] = "gcov";
        } else {
                size = strlen(compiler);
                words[0] = text_replace(compiler, &size, "gcc", "gcov");
                if (!strstr(compiler, "gcc") || !child_is_there(words[0]))
                        words[0] = text_format("gcov%s", dash ? dash : "");
                if (!child_is_there(words[0]))
                        words[0] = "gcov";
        }
        return child_is_there(words[0]) ? words : NULL;
}

static int read_counts(const struct project *project, const char *const *gcov)
{
        struct reading reading = { .project = project };
        int i;

        for (i = 0; i < object_count; i++) {
                const char *arguments[] = { gcov[0], gcov[1] ? gcov[1] : "-t",
                                            gcov[1] ? "-t" : "--", objects[i], NULL };
                struct child child = { .arguments = arguments,
                                       .directory = project->build,
                                       .line = take_line,
                                       .context = &reading };
                int status = child_run(&child);

                reading.source = NULL;
                if (status < 0)
                        return complain("cannot read what was counted: %s: %s; see whether it is "
                                        "installed well",
                                        gcov[0], text_errno(status));
        }
        return 0;
}

/* ---- what people see ---- */

static int by_name(const void *a, const void *b)
{
        return strcmp(((const struct source *)a)->name, ((const struct source *)b)->name);
}

static int count_lines(const struct source *source, enum line line)
{
        int i, n = 0;

        for (i = 0; i < source->size; i++)
                n += source->at[i] == line;
        return n;
}

/* "7, 12-14": the lines that were not run; what is no code between two of them does not part them. */
static const char *missing(const struct source *source)
{
        const char *all = "";
        int i, first = 0, last = 0;

        for (i = 1; i <= source->size + 1; i++) {
                enum line line = i <= source->size ? source->at[i - 1] : RUN;

                if (line == NOT_RUN) {
                        first = first ? first : i;
                        last = i;
                } else if (line == RUN && first) {
                        all = first == last ? text_format("%s%s%d", all, *all ? ", " : "", first)
                                            : text_format("%s%s%d-%d", all, *all ? ", " : "", first,
                                                          last);
                        first = 0;
                }
        }
        return all;
}

static void print_row(const char *name, int width, int run, int lines, const char *not_run)
{
        printf("%4d %%  %5d  %-*s%s%s\n", lines ? (int)(100LL * run / lines) : 100, lines,
               *not_run ? width : 0, name, *not_run ? "  " : "", not_run);
}

int cover_report(const struct project *project)
{
        const char *const *gcov = find_gcov(project_compiler(project));
        int i, width = 0, run = 0, lines = 0;

        if (!gcov)
                return complain("cannot say what was run: gcov is not found on the PATH; it comes "
                                "with gcc, and with llvm as llvm-cov");
        nftw(project->build, find_object, 20, FTW_PHYS);
        if (read_counts(project, gcov))
                return TOOL_FAILED;
        if (source_count == 0)
                return complain(
                        "cannot say what was run: %s says nothing of the sources of %s; see "
                        "whether it fits the compiler, and remove %s",
                        gcov[0], project->name, project->build);
        qsort(sources, (size_t)source_count, sizeof(sources[0]), by_name);
        for (i = 0; i < source_count; i++)
                if ((int)strlen(sources[i].name) > width)
                        width = (int)strlen(sources[i].name);
        printf("\n   run  lines  file%*s  not run\n", width - 4, "");
        for (i = 0; i < source_count; i++) {
                int one = count_lines(&sources[i], RUN);
                int all = one + count_lines(&sources[i], NOT_RUN);

                print_row(sources[i].name, width, one, all, missing(&sources[i]));
                run += one;
                lines += all;
        }
        print_row("in all", width, run, lines, "");
        printf("\n");
        return TOOL_FINE;
}
