/*
 * HEART: what cop-heart does with the program it runs, rule by rule. The programs are shells where it
 * does not matter what they are, and a Coppice program where beats do.
 */
#include <coppice/test.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/sanitizers.h"
#include "support/program.h"

static struct ran ran;

static void heart(const char *const *arguments)
{
        run_program(&ran, "src/port/cop-heart", arguments);
}

#define HEART(...) heart((const char *const[]){ __VA_ARGS__, NULL })

static void says(int status, const char *output)
{
        cop_assert_text(ran.output, output);
        cop_assert_equal(ran.status, status);
}

static const char *path_of_heart(void)
{
        static char path[4096];
        ssize_t size = readlink("/proc/self/exe", path, sizeof(path) - 64);
        char *last;

        cop_assert(size > 0);
        path[size] = '\0';
        last = strstr(path, "/tests/port_heart");
        cop_assert(last);
        strcpy(last, "/src/port/cop-heart");
        return path;
}

/* A Coppice program, by its own --heart. */
static void run_with_heart(const char *heart, const char *deed)
{
        setenv("COP_HEART_PROGRAM", path_of_heart(), 1);
        run_program(&ran, "port_beating", (const char *const[]){ heart, deed, NULL });
}

/* Its beats stop, which is seen after two seconds; the next run may be that slow, too. */
static void check_beats_are_missed(const char *deed)
{
        run_with_heart("--heart=beat=2,back-off=0", deed);
        cop_assert(strstr(ran.output, "cop-heart: port_beating: no heartbeat for 2 s: killing it\n"
                                      "cop-heart: port_beating: no heartbeat for 2 s; starting it "
                                      "again\n"));
        cop_assert(strstr(ran.output, "again: no heartbeat for 2 s\n"));
        cop_assert_equal(ran.status, 0);
}

COP_TEST(HEART_normal, "status 0 is a normal end, and nothing is said")
{
        HEART("true");
        says(0, "");
}

COP_TEST(HEART_reason, "an abnormal end is followed by a start, which knows why")
{
        HEART("--back-off=0", "sh", "-c",
              "echo $COP_RESTART_COUNT $COP_RESTART_REASON\n"
              "case $COP_RESTART_COUNT in 0) kill -11 $$;; 1) exit 7;; esac");
        says(0, "0\n"
                "cop-heart: sh: signal 11 (SIGSEGV); starting it again\n"
                "1 signal 11 (SIGSEGV)\n"
                "cop-heart: sh: exit 7; starting it again\n"
                "2 exit 7\n");
}

COP_TEST(HEART_gives_up,
         "more ends than intensity within the period are the end, with the last status")
{
        HEART("--intensity=2", "--back-off=0", "sh", "-c", "kill -9 $$");
        says(128 + 9, "cop-heart: sh: signal 9 (SIGKILL); starting it again\n"
                      "cop-heart: sh: signal 9 (SIGKILL); starting it again\n"
                      "cop-heart: sh: signal 9 (SIGKILL); it was started again 2 times in 60 s: "
                      "giving up\n");
        HEART("--intensity=0", "sh", "-c", "exit 5");
        says(5, "cop-heart: sh: exit 5; it was started again 0 times in 60 s: giving up\n");
}

COP_TEST(HEART_back_off, "the first restart is at once, each further one waits twice as long")
{
        HEART("--intensity=5", "--back-off=1:3", "sh", "-c", "exit 1");
        says(1, "cop-heart: sh: exit 1; starting it again\n"
                "cop-heart: sh: exit 1; starting it again in 1 ms\n"
                "cop-heart: sh: exit 1; starting it again in 2 ms\n"
                "cop-heart: sh: exit 1; starting it again in 3 ms\n"
                "cop-heart: sh: exit 1; starting it again in 3 ms\n"
                "cop-heart: sh: exit 1; it was started again 5 times in 60 s: giving up\n");
}

COP_TEST(HEART_thousand, "it survives 1,000 kills of its program, and no orphan is left",
         .limit_s = 120)
{
        HEART("--intensity=1000", "--back-off=0", "sh", "-c",
              "[ $COP_RESTART_COUNT -lt 1000 ] || {\n"
              "        set -- $(cat /proc/$PPID/task/$PPID/children)\n"
              "        echo $# child\n"
              "        exit 0\n"
              "}\n"
              "sleep 1000 &\n"
              "kill -9 $$");
        cop_assert(strstr(ran.output, "\n1 child\n"));
        cop_assert_equal(ran.status, 0);
}

COP_TEST(HEART_small, "it is smaller than 2 MB")
{
        long kilobytes = 0;

        if (COP_ASAN || COP_TSAN)
                cop_skip("a sanitizer needs more");
        HEART("--intensity=20", "--back-off=0", "sh", "-c",
              "[ $COP_RESTART_COUNT = 20 ] || kill -9 $$; grep VmRSS /proc/$PPID/status");
        cop_assert(strstr(ran.output, "VmRSS:") &&
                   sscanf(strstr(ran.output, "VmRSS:"), "VmRSS: %ld kB", &kilobytes) == 1);
        cop_assert(kilobytes > 0 && kilobytes < 2048);
}

COP_TEST(HEART_signals, "SIGTERM is passed on, and whatever the program ends with is the end")
{
        HEART("sh", "-c", "trap 'echo told; exit 3' TERM; kill -TERM $PPID; while :; do :; done");
        says(3, "told\n");
}

COP_TEST(HEART_stop_waiting, "told to end while it waits to start the program again, it ends")
{
        static const char script[] = "errors=$(mktemp -u); mkfifo $errors\n"
                                     "\"$0\" --back-off=900000:900000 sh -c 'exit 4' 2>$errors &\n"
                                     "while read line; do\n"
                                     "        echo \"$line\"\n"
                                     "        case $line in *' ms') kill -TERM $!;; esac\n"
                                     "done <$errors\n"
                                     "rm $errors; wait $!; echo $?";

        run_program(&ran, "/bin/sh", (const char *const[]){ "-c", script, path_of_heart(), NULL });
        says(0, "cop-heart: sh: exit 4; starting it again\n"
                "cop-heart: sh: exit 4; starting it again in 900000 ms\n"
                "4\n");
}

COP_TEST(HEART_killed, "when cop-heart itself is killed the program is told to end")
{
        HEART("sh", "-c", "trap 'echo told; exit 0' TERM; kill -KILL $PPID; while :; do :; done");
        cop_assert_equal(ran.status, 128 + 9);
        cop_assert_text(ran.output,
                        "told\n"); /* its output was read until nobody could write more */
}

COP_TEST(HEART_wrong,
         "a wrong option and a program that is not there end it at once, with what is wrong")
{
        HEART("--period=0", "true");
        says(64,
             "cop-heart: --period=0: no such option, or not a number it may have; see cop-heart "
             "--help\n");
        HEART("--intensity=1x", "true");
        cop_assert_equal(ran.status, 64);
        HEART("--restart", "true");
        cop_assert_equal(ran.status, 64);
        HEART("--");
        cop_assert_equal(ran.status, 64);
        HEART("/nowhere/program");
        says(127, "cop-heart: program: cannot run /nowhere/program: No such file or directory\n");
}

COP_TEST(HEART_1, "a program that sends beats is killed when none comes, and started again",
         .limit_s = 60)
{
        check_beats_are_missed("freeze");
}

COP_TEST(HEART_2, "the program's death is a failure, its orderly end is not", .limit_s = 60)
{
        run_with_heart("--heart=back-off=0", "abort");
        says(0, "cop-heart: port_beating: signal 9 (SIGKILL); starting it again\n"
                "again: signal 9 (SIGKILL)\n");
        run_with_heart("--heart=back-off=0", "fault");
        cop_assert(strstr(ran.output, "exit 1; starting it again\nagain: exit 1\n"));
        run_with_heart("--heart", "well");
        says(0, "well\n");
}

COP_TEST(HEART_3, "where the program's own check fails or faults, no beat is sent", .limit_s = 60)
{
        check_beats_are_missed("sick");
        check_beats_are_missed("sick_fault");
}

COP_TEST(HEART_fault, "a fault that cannot be contained is an end with status 134, and a new start")
{
        char program[4096 + 32];

        if (COP_ASAN || COP_TSAN)
                cop_skip("the sanitizer's own report comes instead");
        snprintf(program, sizeof(program), "%.*s/tests/runtime_deeds",
                 (int)(strstr(path_of_heart(), "/src/port/") - path_of_heart()), path_of_heart());
        HEART("--intensity=1", "--back-off=0", program, "thread", "1");
        cop_assert(strstr(ran.output, "because it happened on a thread that runs no process"));
        cop_assert(strstr(ran.output, "cop-heart: runtime_deeds: exit 134; starting it again\n"));
        cop_assert_equal(ran.status, 134);
}

COP_TEST(HEART_pid_1, "as the first process of a container it is a parent to all, and reaps them")
{
        static const char script[] = "exec unshare -r -p -f --mount-proc \"$0\" sh -c '"
                                     "echo parent $PPID; orphan=$(sh -c \": & echo \\$!\");"
                                     "while [ -e /proc/$orphan ]; do :; done; echo reaped'";

        run_program(&ran, "/bin/sh",
                    (const char *const[]){ "-c", "unshare -r -p -f --mount-proc true", NULL });
        if (ran.status != 0)
                cop_skip("no container can be made here");
        run_program(&ran, "/bin/sh", (const char *const[]){ "-c", script, path_of_heart(), NULL });
        says(0, "parent 1\nreaped\n");
}

COP_TEST(HEART_help, "--help has each option")
{
        static const char *const options[] = { "--intensity", "--period", "--back-off", "--beat" };

        HEART("--help");
        cop_assert_equal(ran.status, 0);
        for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
                if (!strstr(ran.output, options[i]))
                        cop_fail("%s is missing:\n%s", options[i], ran.output);
}

COP_TEST(HEART_missing, "where there is no cop-heart the program says so, and does not run")
{
        setenv("COP_HEART_PROGRAM", "/nowhere/cop-heart", 1);
        run_program(&ran, "port_beating", (const char *const[]){ "--heart", "well", NULL });
        cop_assert_equal(ran.status, 1);
        cop_assert(strstr(ran.output, "--heart: cannot run /nowhere/cop-heart: No such file or "
                                      "directory. It comes with Coppice; "));
        cop_assert(!strstr(ran.output, "\nwell"));
}

COP_TEST(HEART_own,
         "a program that says .heart is run by cop-heart; --heart on its command line wins")
{
        setenv("COP_HEART_PROGRAM", path_of_heart(), 1);
        run_program(&ran, "port_hearty", (const char *const[]){ "a", NULL });
        says(0, "cop-heart: port_hearty: signal 9 (SIGKILL); starting it again\n"
                "again: signal 9 (SIGKILL), with [<<\"a\">>]\n");
        run_program(&ran, "port_hearty", (const char *const[]){ "--heart=intensity=0", NULL });
        says(128 + 9, "cop-heart: port_hearty: signal 9 (SIGKILL); it was started again 0 times in "
                      "60 s: giving up\n");
}

COP_TEST(HEART_not_needed, "a console, a check and a resource file want no cop-heart")
{
        setenv("COP_HEART_PROGRAM", "/there/is/none", 1);
        run_program(&ran, "port_hearty", (const char *const[]){ "--console", NULL });
        says(0, "nobody runs it\n");
        run_program(&ran, "port_hearty", (const char *const[]){ "--check", NULL });
        says(0, "hearty 1.0.0\n    a library\n");
        run_program(&ran, "port_hearty", (const char *const[]){ "--app-file", NULL });
        cop_assert(strstr(ran.output, "{application,hearty,"));
        cop_assert_equal(ran.status, 0);
}
