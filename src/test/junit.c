/*
 * junit.c: <testsuites> with one <testsuite> a program and one <testcase> a test.
 *
 * The numbers of tests and failures, which some readers like in front, are left out: all count the
 * cases themselves.
 */
#include "test/junit.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static FILE *file;
static const char *suite_name;

/* XML knows no control characters but these. */
static void put(char c)
{
        switch (c) {
        case '&':
                fputs("&amp;", file);
                break;
        case '<':
                fputs("&lt;", file);
                break;
        case '>':
                fputs("&gt;", file);
                break;
        case '"':
                fputs("&quot;", file);
                break;
        default:
                if ((unsigned char)c >= ' ' || c == '\n' || c == '\t')
                        fputc(c, file);
        }
}

static void put_text(const char *text)
{
        while (*text)
                put(*text++);
}

int cop__junit_open(const char *path, const char *suite)
{
        const char *slash = suite;

        for (const char *at = suite; *at; at++)
                if (*at == '/')
                        slash = at + 1;
        suite_name = slash;
        file = fopen(path, "w");
        if (!file)
                return -errno;
        fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"", file);
        put_text(suite_name);
        fputs("\">\n", file);
        return 0;
}

static void put_output(int output)
{
        char text[4096];
        ssize_t n;

        lseek(output, 0, SEEK_SET);
        while ((n = read(output, text, sizeof(text))) > 0)
                for (ssize_t i = 0; i < n; i++)
                        put(text[i]);
}

void cop__junit_note(const struct cop_test *test, double seconds, const int *output,
                     const char *skipped)
{
        if (!file)
                return;
        fputs("<testcase classname=\"", file);
        put_text(suite_name);
        fputs("\" name=\"", file);
        put_text(test->name);
        fputs("\" file=\"", file);
        put_text(test->file);
        fprintf(file, "\" line=\"%d\" time=\"%.3f\">", test->line, seconds);
        if (output) {
                fputs("<failure message=\"", file);
                put_text(test->sentence);
                fputs("\">", file);
                put_output(*output);
                fputs("</failure>", file);
        }
        if (skipped) {
                fputs("<skipped message=\"", file);
                put_text(skipped);
                fputs("\"/>", file);
        }
        fputs("</testcase>\n", file);
}

void cop__junit_close(void)
{
        if (!file)
                return;
        fputs("</testsuite>\n</testsuites>\n", file);
        fclose(file);
}
