/*
 * choose.c: which of the tests are meant.
 */
#include "test/choose.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

static int compare_lines(const void *a, const void *b)
{
        const struct cop_test *const *x = a;
        const struct cop_test *const *y = b;
        int file = strcmp((*x)->file, (*y)->file);

        return file ? file : (*x)->line - (*y)->line;
}

/* The line of FILE:LINE, and in *size how long FILE is; 0: it is no such thing. */
static int line_of(const char *filter, size_t *size)
{
        const char *colon = strrchr(filter, ':');
        char *end;
        long line = colon ? strtol(colon + 1, &end, 10) : 0;

        if (!colon || line < 1 || line > 10000000 || *end)
                return 0;
        *size = (size_t)(colon - filter);
        return (int)line;
}

/* Does the path end in the name? */
static bool is_file(const char *path, const char *name, size_t size)
{
        size_t length = strlen(path);

        return length >= size && strncmp(path + length - size, name, size) == 0 &&
               (length == size || path[length - size - 1] == '/' || name[0] == '/');
}

/* The one in which the line is: the last that begins there or before it. */
static int keep_line(struct cop_test **tests, int count, const char *file, size_t size, int line)
{
        struct cop_test *found = NULL;

        for (int i = 0; i < count; i++)
                if (is_file(tests[i]->file, file, size) && tests[i]->line <= line)
                        found = tests[i];
        tests[0] = found ? found : tests[0];
        return found != NULL;
}

static bool matches(const struct cop_test *test, const char *filter)
{
        if (strpbrk(filter, "*?["))
                return fnmatch(filter, test->name, 0) == 0;
        return strstr(test->name, filter) || strstr(test->file, filter);
}

/* The one with just that name, or else all that match it. */
static int keep_name(struct cop_test **tests, int count, const char *filter)
{
        int kept = 0;

        for (int i = 0; i < count; i++) {
                if (strcmp(tests[i]->name, filter) == 0) {
                        tests[0] = tests[i];
                        return 1;
                }
        }
        for (int i = 0; i < count; i++)
                if (matches(tests[i], filter))
                        tests[kept++] = tests[i];
        return kept;
}

/* Is the tag one of the words? */
static bool has_tag(const struct cop_test *test, const char *tag)
{
        const char *at = test->tags ? test->tags : "";
        size_t size = strlen(tag);

        while (*at) {
                size_t word = strcspn(at, " ");

                if (word == size && strncmp(at, tag, size) == 0)
                        return true;
                at += word + (at[word] == ' ');
        }
        return false;
}

static int keep_tags(struct cop_test **tests, int count, const char *only, const char *exclude)
{
        int kept = 0;

        for (int i = 0; i < count; i++)
                if ((!only || has_tag(tests[i], only)) && (!exclude || !has_tag(tests[i], exclude)))
                        tests[kept++] = tests[i];
        return kept;
}

int cop__test_choose(struct cop_test **tests, int count, const char *filter, const char *only,
                     const char *exclude)
{
        size_t size;
        int line = filter ? line_of(filter, &size) : 0;

        qsort(tests, (size_t)count, sizeof(tests[0]), compare_lines);
        if (line)
                count = keep_line(tests, count, filter, size, line);
        else if (filter)
                count = keep_name(tests, count, filter);
        return keep_tags(tests, count, only, exclude);
}
