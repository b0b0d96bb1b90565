/*
 * Terms against Erlang: each set in tests/term/sets is a file of random terms and what a real
 * Erlang, release 25, makes of them. Coppice has to say the same, byte for byte.
 *
 *      terms     the terms, each with a full stop    write, pretty, sort, etf   made of these
 *      external  terms in external format, some      recode                     made of these
 *                damaged, old or of other nodes
 *
 * Map keys are in the order in which maps compare them. Binaries of bytes above 127 that are not
 * UTF-8 do not occur, because releases print them in different ways.
 */
#include <coppice/test.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SETS COP_SOURCE_ROOT "/tests/term/sets/"

static char *read_stream(FILE *stream, size_t *size)
{
        size_t room = 1 << 20;
        char *bytes = malloc(room);
        size_t count;

        *size = 0;
        while (bytes && (count = fread(bytes + *size, 1, room - *size, stream)) > 0) {
                *size += count;
                if (*size == room)
                        bytes = realloc(bytes, room *= 2);
        }
        cop_assert(bytes);
        return bytes;
}

/* Fails with the first line that differs. */
static void compare(const char *set, const char *mode, char *is, char *expected)
{
        for (int line = 1; *is || *expected; line++) {
                char *is_line = strsep(&is, "\n");
                char *expected_line = strsep(&expected, "\n");

                if (!is || !expected || strcmp(is_line, expected_line) != 0)
                        cop_fail("%s of %s, line %d: is\n%.500s\nbut Erlang says\n%.500s", mode,
                                 set, line, is_line, expected_line);
        }
}

/* The runner stands at the top of the build, a folder above the tests. */
static void runner_path(char *path, size_t room)
{
        ssize_t size = readlink("/proc/self/exe", path, room - 1);

        cop_assert(size > 0);
        path[size] = '\0';
        for (int i = 0; i < 2; i++)
                *strrchr(path, '/') = '\0';
        strcat(path, "/term-runner");
}

static void check_mode(const char *set, const char *mode)
{
        char runner[PATH_MAX + 16], name[PATH_MAX], command[3 * PATH_MAX];
        size_t size, expected_size;
        char *is, *expected;
        FILE *stream;

        runner_path(runner, sizeof(runner));
        snprintf(command, sizeof(command), "'%s' %s '%s%s/%s'", runner, mode, SETS, set,
                 strcmp(mode, "recode") == 0 ? "external" : "terms");
        stream = popen(command, "r");
        cop_assert(stream);
        is = read_stream(stream, &size);
        cop_assert_equal(pclose(stream), 0);

        snprintf(name, sizeof(name), "%s%s/%s", SETS, set, mode);
        stream = fopen(name, "rb");
        cop_assert(stream);
        expected = read_stream(stream, &expected_size);
        fclose(stream);

        cop_assert(expected_size > 10000);
        if (size != expected_size || memcmp(is, expected, size) != 0) {
                is = realloc(is, size + 1);
                expected = realloc(expected, expected_size + 1);
                is[size] = expected[expected_size] = '\0';
                compare(set, mode, is, expected);
                cop_fail("%s of %s: something differs behind a zero", mode, set);
        }
        free(is);
        free(expected);
}

static void check_sets(const char *mode)
{
        check_mode("set-1", mode);
        check_mode("set-2", mode);
        check_mode("set-3", mode);
}

COP_TEST(TERM_sets_write, "terms are written as Erlang's ~tw writes them")
{
        check_sets("write");
}

COP_TEST(TERM_sets_pretty, "terms are printed and broken into lines as Erlang's ~tp does")
{
        check_sets("pretty");
}

COP_TEST(TERM_sets_sort, "terms are sorted as lists:sort/1 does")
{
        check_sets("sort");
}

COP_TEST(TERM_sets_etf, "terms are encoded as term_to_binary/2 does")
{
        check_sets("etf");
}

COP_TEST(TERM_sets_recode, "what binary_to_term/1 takes and refuses is taken and refused, "
                           "and comes back as term_to_binary/2 has it")
{
        check_sets("recode");
}
