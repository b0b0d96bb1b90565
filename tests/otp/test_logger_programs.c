/*
 * LOGGER: what a program's end leaves of its log, and what its environment changes.
 */
#include <coppice/test.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sanitizers.h"
#include "support/program.h"

static struct ran ran;

static void run(const char *how)
{
        run_program(&ran, "otp_log_writer", (const char *const[]){ how, NULL });
}

/* Event 0 to 399, each once, in order. */
static void assert_complete(void)
{
        const char *at = ran.output;
        char event[32];
        int i;

        for (i = 0; i < 400; i++) {
                snprintf(event, sizeof(event), "] event %d.\n", i);
                at = strstr(at, event);
                if (!at)
                        cop_fail("%s is missing in\n%s", event, ran.output);
        }
        cop_assert(!strstr(at + 1, "] event "));
}

COP_TEST(LOGGER_at_stop, "when a system has stopped everything is written")
{
        run("stop");
        cop_assert_equal(ran.status, 0);
        assert_complete();
}

COP_TEST(LOGGER_at_exit, "when exit() has returned everything is written")
{
        if (COP_ASAN)
                cop_skip("the sanitizer calls leaked what a running system has");
        run("exit");
        cop_assert_equal(ran.status, 3);
        assert_complete();
}

COP_TEST(LOGGER_at_fault, "a fault that cannot be contained leaves time to write")
{
        if (COP_ASAN || COP_TSAN)
                cop_skip("the sanitizer's own report comes instead");
        run("fault");
        cop_assert_equal(ran.status, 134);
        cop_assert(strstr(ran.output, "cannot be contained"));
        assert_complete();
}

static bool has(const char *line)
{
        return strstr(ran.output, line) != NULL;
}

COP_TEST(LOGGER_plain_fault,
         "a process that faults is reported, also where there never was a server")
{
        run("plain");
        cop_assert_equal(ran.status, 0);
        cop_assert(has("segv"));
        cop_assert(has("program_log_writer.c") || has("otp_log_writer+"));
}

COP_TEST(LOGGER_without_system, "before a system runs, and after, it is logged as well")
{
        setenv("COP_LOG", "info", 1);
        run("levels");
        cop_assert_equal(ran.status, 0);
        cop_assert(has("] before: error\n") && has("] before: info\n"));
        cop_assert(has("] while: error\n") && has("] while: info\n"));
        cop_assert(has("] after: error\n") && has("] after: info\n"));
        cop_assert(!has(": debug\n"));
}

COP_TEST(LOGGER_environment, "COP_LOG and COP_LOG_FORMAT are the levels and the format")
{
        setenv("COP_LOG", "error,program_log_writer=debug", 1);
        setenv("COP_LOG_FORMAT", "erlang", 1);
        run("levels");
        cop_assert(has("=DEBUG REPORT==== "));
        cop_assert(has(" ===\nwhile: debug\n"));

        setenv("COP_LOG", "none", 1);
        run("levels");
        cop_assert_text(ran.output, "");
}

COP_TEST(LOGGER_environment_wrong, "what is wrong in the environment is said, and changes nothing")
{
        setenv("COP_LOG", "debug,door=loud", 1);
        setenv("COP_LOG_FORMAT", "xml", 1);
        setenv("COP_LOG_FILE", "/no/such/directory/log", 1);
        run("levels");
        cop_assert_equal(ran.status, 0);
        cop_assert(
                has("coppice: COP_LOG=debug,door=loud: \"loud\" is no level; there are "
                    "emergency, alert, critical, error, warning, notice, info, debug and none\n"));
        cop_assert(has("coppice: COP_LOG_FORMAT=xml: there are text, erlang and json\n"));
        cop_assert(
                has("coppice: COP_LOG_FILE=/no/such/directory/log: No such file or directory\n"));
        cop_assert(has("[notice] while: notice\n") && !has(": info\n"));
}

COP_TEST(LOGGER_environment_file, "COP_LOG_FILE is where the default handler writes")
{
        const char *tmp = getenv("TMPDIR");
        char path[256], line[512];
        FILE *file;

        snprintf(path, sizeof(path), "%s/coppice-log-XXXXXX", tmp ? tmp : "/tmp");
        close(mkstemp(path));
        setenv("COP_LOG_FILE", path, 1);
        setenv("COP_LOG_FORMAT", "json", 1);
        run("stop");
        cop_assert_text(ran.output, "");
        file = fopen(path, "r");
        cop_assert(file && fgets(line, sizeof(line), file));
        cop_assert(strstr(line, "\"message\":\"event 0.\""));
        fclose(file);
        unlink(path);
}
