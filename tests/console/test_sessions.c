/*
 * SESSION: files of sessions, played through the console of the program that they name.
 *
 * A file says `$ PROGRAM WORD...` before its first line that is typed: a program below the build
 * directory, and its command line. Then it is what somebody would see; the console itself compares.
 */
#include <coppice/test.h>

#include <stdio.h>
#include <string.h>

#include "base/sanitizers.h"
#include "coppice-config.h"
#include "support/program.h"
#include "support/valgrind.h"

enum { WORDS_MOST = 16 };

/* The words of the line that begins with a dollar. */
static size_t read_words(const char *path, char *line, size_t room, const char **words)
{
        FILE *file = fopen(path, "r");
        size_t count = 0;
        char *rest, *word;

        cop_assert(file != NULL);
        while (fgets(line, (int)room, file) && line[0] != '$')
                ;
        fclose(file);
        cop_assert(line[0] == '$');
        for (word = strtok_r(line + 1, " \n", &rest); word && count < WORDS_MOST;
             word = strtok_r(NULL, " \n", &rest))
                words[count++] = word;
        cop_assert(count > 0);
        return count;
}

static void play_file(const char *path)
{
        const char *words[WORDS_MOST + 4] = { NULL };
        static struct ran ran;
        char line[500];
        size_t count;

        if (!COP_HAVE_DW || !COP_HAVE_FFI)
                cop_skip("functions of a program are called with libdw and libffi");
        count = read_words(path, line, sizeof(line), words);

        words[count++] = "--console";
        words[count++] = "--play";
        words[count++] = path;
        words[count] = NULL;
        run_program(&ran, words[0], words + 1);
        if (ran.status != 0)
                cop_fail("%s: status %d\n%s", path, ran.status, ran.output);
}

static void play(const char *name)
{
        char path[500];

        snprintf(path, sizeof(path), COP_SOURCE_ROOT "/tests/console/sessions/%s.session", name);
        play_file(path);
}

COP_TEST(SESSION_calls, "what a function may take and return, and what is said of a wrong call")
{
        play("calls");
}

COP_TEST(SESSION_faults, "a fault in what is called is reported, and nothing more is lost")
{
        play("faults");
}

COP_TEST(SESSION_helpers, "what there is besides functions")
{
        play("helpers");
}

COP_TEST(SESSION_messages, "messages for whoever is called from here are the console's")
{
        play("messages");
}

COP_TEST(SESSION_language, "terms, variables, patterns, and lines that are not whole")
{
        play("language");
}

COP_TEST(IEX_1, "the reader of lines and the evaluator are processes of their own; the latter has "
                "the links")
{
        play("iex_1");
}

COP_TEST(IEX_2,
         "what a line raises is said, and the numbers go on; a dead evaluator begins anew at 1")
{
        play("iex_2");
}

COP_TEST(IEX_3, "the value of each line is kept, the last 20")
{
        play("iex_3");
}

COP_TEST(IEX_4, "what is logged stands between lines")
{
        play("iex_4");
}

COP_TEST(IEX_5, "a supervisor that was started at the prompt goes with the evaluator")
{
        play("iex_5");
}

COP_TEST(IEX_6, "i says term, type, alive, name, links, queue and description")
{
        play("iex_6");
}

COP_TEST(SESSION_001, "a crash with \"cat\": 126, 123, 124; with the stash it goes on")
{
        play("seed_001");
}

COP_TEST(SESSION_002_by_hand, "the tree of to-do lists, started by hand")
{
        play("seed_002_by_hand");
}

COP_TEST(SESSION_002_started, "an application that runs is already_started")
{
        play("seed_002_started");
}

COP_TEST(SESSION_002_stop, "start, stop, and the report of three lines")
{
        play("seed_002_stop");
}

COP_TEST(SESSION_002_lists, "the supervisor of lists")
{
        play("seed_002_lists");
}

COP_TEST(SESSION_002_kill, "a list dies alone; the manager comes back without its lists")
{
        play("seed_002_kill");
}

COP_TEST(SESSION_004, "the tree of buckets, started by hand")
{
        play("seed_004");
}

COP_TEST(SESSION_T3, "the second child fails: the first is shut down, the error names the child")
{
        play("t3");
}

COP_TEST(SESSION_T5, "the fourth kill within five seconds ends the supervisor with shutdown")
{
        play("t5");
}

COP_TEST(SESSION_run, "what make run plays")
{
        play_file(COP_SOURCE_ROOT "/examples/sequence/session");
}

COP_TEST(CONSOLE_stripped,
         "a stripped program has Coppice's own functions, and says why none of its own")
{
        static const char commands[] = "set -e\n"
                                       "build=$(dirname $(readlink /proc/$PPID/exe))/..\n"
                                       "program=$(mktemp)\n"
                                       "strip -o $program $build/examples/sequence\n"
                                       "printf 'whereis(sequence)\nsequence_next_number()\n' |\n"
                                       "        $program --console 2>&1 || echo status $?\n"
                                       "rm $program\n";
        static struct ran ran;

        if (!COP_HAVE_FFI)
                cop_skip("functions are called with libffi");
        if (COP_ASAN || COP_TSAN)
                cop_skip("a sanitizer has programs export all their functions");
        not_under_valgrind("the program is found by what runs the test");
        run_program(&ran, "/bin/sh", (const char *[]){ "-c", commands, NULL });
        cop_assert(strncmp(ran.output, "<0.", 3) == 0);
        cop_assert(strstr(ran.output,
                          "** there is no function sequence_next_number among Coppice's own"));
        cop_assert(strstr(ran.output, "it was stripped"));
        cop_assert(strstr(ran.output, "status 1\n"));
}
