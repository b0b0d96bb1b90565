/*
 * TUTORIAL: what docs/tutorial says is so. Each chapter is played as a reader would play it, in an empty
 * directory, with an installed Coppice: its listings are saved, its commands typed, and what they say is
 * compared (tests/outside/chapter). So are the pages of the examples.
 */
#include <coppice/test.h>

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sanitizers.h"
#include "coppice-config.h"
#include "support/program.h"

#define TUTORIAL COP_SOURCE_ROOT "/docs/tutorial/"

static struct ran ran;

/* How: "installed", or "built", with the build directory as it is in the project. */
static void play_with(const char *how, const char *page, const char *expected)
{
        char build[PATH_MAX], script[4 * PATH_MAX];
        ssize_t size = readlink("/proc/self/exe", build, sizeof(build) - 1);

        if (COP_ASAN || COP_TSAN)
                cop_skip("a program built without a sanitizer cannot use a library built with one");
        cop_assert(size > 0);
        build[size] = '\0';
        *strrchr(build, '/') = '\0';
        *strrchr(build, '/') = '\0';
        snprintf(script, sizeof(script),
                 "[ %s = installed ] || ln -s '%s' build; '%s/tests/outside/chapter' %s %s '%s'",
                 how, build, COP_SOURCE_ROOT, COP_HAVE_DW ? "" : "--no-dw",
                 COP_HAVE_DW && COP_HAVE_FFI ? "" : "--no-console", page);
        run_program(&ran, COP_SOURCE_ROOT "/tests/tool/try",
                    (const char *const[]){ build, how, script, NULL });
        cop_assert_text(ran.output, expected);
        cop_assert_equal(ran.status, 0);
}

static void play(const char *chapter, const char *expected)
{
        play_with("installed", chapter, expected);
}

COP_TEST(TUTORIAL_processes, "chapter 1 does what it says", .limit_s = 300)
{
        play(TUTORIAL "1-processes.md", "6 commands, 4 listings\n");
}

COP_TEST(TUTORIAL_supervisors, "chapter 2 does what it says", .limit_s = 300)
{
        play(TUTORIAL "2-supervisors.md", "3 commands, 4 listings\n");
}

COP_TEST(TUTORIAL_sequence, "chapter 3 does what it says", .limit_s = 300)
{
        play(TUTORIAL "3-sequence.md", "3 commands, 6 listings\n");
}

COP_TEST(TUTORIAL_lifecycles, "chapter 4 does what it says", .limit_s = 300)
{
        play(TUTORIAL "4-lifecycles.md", "2 commands, 2 listings\n");
}

COP_TEST(TUTORIAL_applications, "chapter 5 does what it says", .limit_s = 300)
{
        play(TUTORIAL "5-applications.md", "10 commands, 7 listings\n");
}

COP_TEST(TUTORIAL_trees, "chapter 6 does what it says", .limit_s = 300)
{
        play(TUTORIAL "6-trees.md", "7 commands, 8 listings\n");
}

#define README(name) COP_SOURCE_ROOT "/examples/" name "/README.md"

COP_TEST(EXAMPLE_sequence_page, "the page of examples/sequence does what it says", .limit_s = 120)
{
        play_with("built", README("sequence"), "2 commands, 2 listings\n");
}

COP_TEST(EXAMPLE_todo_page, "the page of examples/todo does what it says", .limit_s = 120)
{
        play_with("built", README("todo"), "6 commands, 1 listings\n");
}

COP_TEST(EXAMPLE_kv_page, "the page of examples/kv does what it says", .limit_s = 120)
{
        play_with("built", README("kv"), "2 commands, 1 listings\n");
}

COP_TEST(TUTORIAL_no_more, "there is no chapter that is not played")
{
        DIR *directory = opendir(TUTORIAL);
        struct dirent *entry;
        int chapters = 0;

        cop_assert(directory);
        while ((entry = readdir(directory)))
                chapters += entry->d_name[0] != '.' && strcmp(entry->d_name, "README.md") != 0;
        closedir(directory);
        cop_assert_equal(chapters, 6);
}

/* The player itself: what is not as the page says is found. */
COP_TEST(TUTORIAL_liar, "a page that is wrong is told from one that is right", .limit_s = 60)
{
        char directory[] = "/tmp/liar-XXXXXX";
        FILE *page;

        cop_assert(mkdtemp(directory) && chdir(directory) == 0);
        page = fopen("liar.md", "w");
        cop_assert(page);
        fputs("```c\n/* one.c */\nint one;\n```\n\n```c\nint two;\n```\n\n"
              "    $ cat one.c; echo 12:00:00.000 a\n    /* one.c */\n    int one;\n"
              "    13:30:59.123 a\n    $ echo b; echo c\n    ...\n    c\n"
              "    $ echo d\n    e\n    $ echo f\n",
              page);
        fclose(page);
        run_program(&ran, COP_SOURCE_ROOT "/tests/outside/chapter",
                    (const char *const[]){ "liar.md", NULL });
        system("rm -rf \"$PWD\"");
        cop_assert_text(ran.output, "line 17: $ echo d\nsays\nd\ninstead of\ne\n\n"
                                    "line 19: $ echo f\nsays\nf\ninstead of\n\n\n"
                                    "line 6: no file has this listing\nint two;\n"
                                    "4 commands, 2 listings\n");
}
