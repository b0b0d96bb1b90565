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

COP_TEST(EXAMPLE_sequence, "a sequence that crashes is started again, and the crash is reported")
{
        const char *rest = ran.output;

        run("examples/sequence");
        rest = follows(rest, "456\n457\n556\n");
        rest = follows(rest, "[error] server sequence (");
        rest = follows(rest,
                       ") terminating\n** function_clause\n    examples/sequence/sequence.c:");
        rest = follows(rest, ": sequence:handle_cast\n");
        rest = follows(rest, "Last message: {'$gen_cast',{increment_number,<<\"cat\">>}}\n");
        rest = follows(rest, "State: #{current => 557}\n");
        rest = follows(rest, "[error] child sequence of supervisor ");
        rest = follows(rest, " terminated\n** function_clause\n");
        follows(rest, "\n456\n");
}
