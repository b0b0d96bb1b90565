/*
 * EXAMPLE: the examples do what their first comment says.
 */
#include <coppice/test.h>

#include <string.h>

#include "support/program.h"

static struct ran ran;

static void run(const char *name)
{
        run_program(&ran, name, (const char *const[]){ NULL });
        cop_assert_equal(ran.status, 0);
}

COP_TEST(EXAMPLE_echo, "echo says back what it is told, and who asks nonsense hears why")
{
        run("examples/echo");
        cop_assert_text(ran.output, "hello, world\nthe server is gone: function_clause\n");
}

/* The output has this text after where it stood before; returns where it goes on. */
static const char *follows(const char *output, const char *text)
{
        const char *at = strstr(output, text);

        if (!at)
                cop_fail("there is no \"%s\" in\n%s", text, output);
        return at + strlen(text);
}

/* The lines of a session: titles, calls and what they said; the reports between them are left out. */
static void keep_session(char *output)
{
        char *to = output, *line, *end;

        for (line = output; *line; line = end) {
                end = strchrnul(line, '\n');
                end += *end == '\n';
                if (strncmp(line, "> ", 2) != 0 && strncmp(line, "-- ", 3) != 0 &&
                    strncmp(line, "ok\n", 3) != 0 &&
                    line + strspn(line, "0123456789") != strchrnul(line, '\n'))
                        continue;
                memmove(to, line, (size_t)(end - line));
                to += end - line;
        }
        *to = '\0';
}

COP_TEST(EXAMPLE_sequence, "a sequence that crashes is started again; with a stash it goes on")
{
        run("examples/sequence");
        keep_session(ran.output);
        cop_assert_text(ran.output, "-- without a stash: it begins again\n"
                                    "> sequence_next_number()\n123\n"
                                    "> sequence_next_number()\n124\n"
                                    "> sequence_increment_number(3)\nok\n"
                                    "> sequence_next_number()\n128\n"
                                    "> sequence_increment_number(<<\"cat\">>)\nok\n"
                                    "> sequence_next_number()\n123\n"
                                    "> sequence_next_number()\n124\n"
                                    "-- with a stash: it goes on\n"
                                    "> sequence_next_number()\n456\n"
                                    "> sequence_next_number()\n457\n"
                                    "> sequence_increment_number(3)\nok\n"
                                    "> sequence_next_number()\n461\n"
                                    "> sequence_increment_number(<<\"cat\">>)\nok\n"
                                    "> sequence_next_number()\n462\n"
                                    "> sequence_next_number()\n463\n");
}

COP_TEST(EXAMPLE_sequence_report, "the crash is reported: who, why and where, what it was told")
{
        const char *rest = ran.output;

        run("examples/sequence");
        follows(rest, "[error] child sequence of supervisor ");
        rest = follows(rest, "[error] server sequence (");
        rest = follows(rest,
                       ") terminating\n** function_clause\n    examples/sequence/forgetful.c:");
        rest = follows(rest,
                       ") terminating\n** function_clause\n    examples/sequence/sequence.c:");
        rest = follows(rest, ": handle_cast\n");
        rest = follows(rest, "Last message: {'$gen_cast',{increment_number,<<\"cat\">>}}\n");
        follows(rest, "State: #{current => 462}\n");
}

/* These lines stand in the output in this order; reports may stand between them. */
static void follow(const char *const *lines)
{
        const char *rest = ran.output;

        for (; *lines; lines++)
                rest = follows(rest, *lines);
}

COP_TEST(EXAMPLE_todo, "a list dies and the manager stays; the manager dies and the lists do")
{
        run("examples/todo");
        follow((const char *const[]){ "\n{error,{already_started,todo}}\n", "\n{ok, a list}\n",
                                      "\n[<<\"eggs\">>]\n", "-- a list dies", "\nerror\n",
                                      "\n{ok, a list}\n", "\nyes\n", "-- the manager dies",
                                      "\nerror\n", "\nno\n", NULL });
}

COP_TEST(EXAMPLE_todo_by_hand, "without a start it is started and stopped by hand, and says so")
{
        run_program(&ran, "examples/todo", (const char *const[]){ "--no-start", NULL });
        cop_assert_equal(ran.status, 0);
        follow((const char *const[]){ "> cop_application_start(todo)\nok\n",
                                      "> cop_application_stop(todo)\nok\n", NULL });
        follow((const char *const[]){ "    application: todo\n", "    exited: stopped\n",
                                      "    type: temporary\n", NULL });
}

COP_TEST(EXAMPLE_todo_tests, "its own tests pass")
{
        run("examples/todo_tests");
        follow((const char *const[]){ "6 passed, 0 failed\n", NULL });
}

COP_TEST(EXAMPLE_sim, "the manager's mistake is found and shrunk, and the other one has none",
         .limit_s = 300)
{
        run("examples/sim");
        cop_assert_text(ran.output, "all have gone, and the thing is there\n");
        run("examples/sim_tests");
        follow((const char *const[]){ "3 passed, 0 failed\n", NULL });
}

COP_TEST(EXAMPLE_kv, "a bucket dies and its name is free; the others and the registry stay")
{
        run("examples/kv");
        follow((const char *const[]){ "shopping? no\n", "shopping? yes\n", "milk: 3\n",
                                      "eggs: error\n", "-- the bucket shopping dies\n",
                                      "shopping? no\n", "garden? yes\n", "the same? yes\n", NULL });
        run_program(&ran, "examples/kv", (const char *const[]){ "--check", NULL });
        cop_assert_equal(ran.status, 0);
        run("examples/kv_tests");
        follow((const char *const[]){ "4 passed, 0 failed\n", NULL });
}

COP_TEST(EXAMPLE_buckets, "buckets are found by name, also after a crash")
{
        run("examples/buckets");
        cop_assert_text(ran.output, "shopping has 3 of milk\n"
                                    "there is a shopping list already\n"
                                    "travel knows no milk\n"
                                    "the shopping list has crashed; the next one knows nothing\n"
                                    "open now: shopping, travel\n");
}

COP_TEST(EXAMPLE_chat, "a chat's rooms are groups, and who dies is out of them")
{
        run("examples/chat");
        cop_assert_text(ran.output, "porter: ada enters lobby\n"
                                    "porter: bob enters lobby\n"
                                    "porter: ada enters kitchen\n"
                                    "ada hears from bob in lobby: anybody hungry?\n"
                                    "bob hears from bob in lobby: anybody hungry?\n"
                                    "ada hears from ada in kitchen: soup is ready\n"
                                    "porter: ada is out of kitchen\n"
                                    "porter: ada is out of lobby\n"
                                    "bob hears from bob in lobby: hello?\n");
}

COP_TEST(EXAMPLE_door, "a door opens with a code, shuts by itself, and is alarmed by wrong codes")
{
        run("examples/door");
        cop_assert_text(ran.output, "open\nlocked\nsomebody rings\n"
                                    "too slow\nopen\nlocked\nsomebody rings\n"
                                    "wrong code\nwrong code\nwrong code\nalarm\nlocked\n"
                                    "somebody rings\n");
}

COP_TEST(EXAMPLE_alarms, "an event handler that fails is removed, and the others go on")
{
        run("examples/alarms");
        cop_assert_text(ran.output, "too hot: 42.5\n* {heat,42.5}\n* {smoke,kitchen}\n"
                                    "thermostat is gone: function_clause\n"
                                    "too hot: 51.5\n* {heat,51.5}\n3 events\n"
                                    "[thermostat,printer,counter]\n");
}
