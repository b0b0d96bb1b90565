/*
 * APP: a program that is an application: its command line, configuration, resource file, and end. The
 * program is program_shop.c.
 */
#include <coppice/test.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <coppice/application.h>
#include <coppice/text.h>

#include "support/program.h"

static struct ran ran;

#define run(...) run_program(&ran, "otp_shop", (const char *const[]){ __VA_ARGS__, NULL })

static void says(int status, const char *text)
{
        cop_assert_text(ran.output, text);
        cop_assert_equal(ran.status, status);
}

/* A file in a directory of its own, which is the current one from now on. */
static void write_file(const char *name, const char *text)
{
        static char directory[] = "/tmp/coppice-XXXXXX";
        static bool is_there;
        FILE *file;

        if (!is_there)
                cop_assert(mkdtemp(directory) && chdir(directory) == 0);
        is_there = true;
        file = fopen(name, "w");
        cop_assert(file && fputs(text, file) >= 0 && fclose(file) == 0);
}

static void remove_files(void)
{
        char directory[4096];

        cop_assert(getcwd(directory, sizeof(directory)));
        remove("a.config");
        remove("shop.app");
        remove("far.app");
        cop_assert(chdir("/") == 0 && rmdir(directory) == 0);
}

COP_TEST(APP_main_run, "the program starts what it needs, runs, and stops in order")
{
        run("which", "stop", "start");
        says(0, "which: shop till coppice \n"
                "stop: the clerk ends: shutdown\nthe shop has closed\n"
                "ok\nstart: ok\n"
                "the clerk ends: shutdown\nthe shop has closed\n");
}

COP_TEST(APP_main_no_start, "--no-start starts nothing; the rest of the words are the program's")
{
        run("--no-start", "--", "which", "--check");
        says(0, "which: coppice \n--check: \n");
}

COP_TEST(APP_main_status, "the exit status is what was asked for, and 1 after a crash")
{
        run("status");
        says(7, "status: \nthe clerk ends: shutdown\nthe shop has closed\n");
        run("crash");
        cop_assert_equal(ran.status, 1);
        cop_assert(strstr(ran.output, ": failed: {crash,["));
        cop_assert(strstr(ran.output, "the shop has closed\n"));
}

COP_TEST(APP_main_console, "--console calls another function, with the arguments")
{
        run("--console", "which");
        says(0, "console [<<\"which\">>]\nthe clerk ends: shutdown\nthe shop has closed\n");
}

COP_TEST(APP_9_main, "a permanent application that ends takes the program with it: status 1")
{
        run("die");
        cop_assert_equal(ran.status, 1);
        cop_assert(strstr(ran.output, "coppice: terminated (application_controller) "
                                      "({application_terminated,shop,killed})\n"));
}

COP_TEST(APP_18_settings, "env, file, environment, command line: what comes later counts more")
{
        write_file("a.config",
                   "[{shop, [{size, 2}, {name, <<\"file\">>}, {more, [a]}]}, {x, []}].");
        run("--no-start", "env");
        says(0, "env: []\n");
        run("env");
        cop_assert(strstr(ran.output,
                          "env: [{name,<<\"corner\">>},{secret,none},{size,1},{till,1}]\n"));
        setenv("COP_SHOP_NAME", "the environment", 1);
        setenv("COP_SHOP_SIZE", "{3,a}", 1);
        setenv("COP_SHOP_SECRET", "[1]", 1);
        setenv("COP_SHOP_UNKNOWN", "1", 1);
        run("--config", "a.config", "--shop.size=4", "--shop.new=x", "--shop.name=by the line",
            "env");
        cop_assert(strstr(ran.output, "env: [{more,[a]},{name,<<\"by the line\">>},{new,x},"
                                      "{secret,[1]},{size,4},{till,1}]\n"));
        remove_files();
}

COP_TEST(APP_main_config_wrong, "a configuration that is wrong is named, and nothing is started")
{
        char expected[64];

        write_file("a.config", "[{shop, [\n{size, }]}].");
        run("--config=a.config", "which");
        cop_assert_equal(ran.status, 1);
        snprintf(expected, sizeof(expected), ": cannot read a.config: {bad_text,2,8,");
        cop_assert(strstr(ran.output, expected));
        write_file("a.config", "{shop, []}.");
        run("--config=a.config", "which");
        cop_assert_equal(ran.status, 1);
        cop_assert(strstr(ran.output, ": cannot read a.config: it is not a list "));
        run("--config", "nothing", "which");
        cop_assert(strstr(ran.output, "{\"no such file or directory\",\"nothing\"}"));
        remove_files();
}

#define RESOURCE                                                                                   \
        "{application,shop,"                                                                       \
        " [{description,\"sells\"}, {vsn,\"0.1.0\"},"                                              \
        "  {modules,[clerk,desk_supervisor,shop_supervisor]}, {registered,[clerk,door,goods]},"    \
        "  {applications,[coppice,till]},"                                                         \
        "  {env,[{size,1},{name,<<\"corner\">>},{secret,none},{till,1}]}, {mod,{shop,[]}}]}"

COP_TEST(APP_1_file, "the program writes its resource file, with modules and names of its tree")
{
        run("--app-file");
        cop_assert_equal(ran.status, 0);
        cop_assert_equal(cop_read(strchr(ran.output, '{')), cop_read(RESOURCE));
        run("--app-file=till");
        cop_assert_equal(cop_read(strchr(ran.output, '{')),
                         cop_read("{application,till,[{vsn,\"0.2.0\"},"
                                  "{modules,[clerk,desk_supervisor,shop_supervisor]},"
                                  "{registered,[]},{applications,[coppice]},{env,[{coins,10}]}]}"));
        run("--app-file=nothing");
        cop_assert_equal(ran.status, 1);
        write_file("a.config", "");
        run("--app-file=./shop.app");
        says(0, "");
        run("--no-start", "--", "read");
        says(0, "read: {application,shop}\n");
        remove_files();
}

COP_TEST(APP_1_erlang, "Erlang reads the resource file, and finds in it what was written")
{
        run("--app-file");
        write_file("shop.app", ran.output);
        if (system("command -v erl >/dev/null"))
                cop_skip("there is no erl here");
        write_file("a.config", RESOURCE ".");
        run_program(&ran, "/usr/bin/env",
                    (const char *const[]){ "erl", "-noshell", "-eval",
                                           "{ok, [A]} = file:consult(\"shop.app\"),"
                                           "{ok, [A]} = file:consult(\"a.config\"),"
                                           "ok = application:load(A), io:format(\"~p~n\","
                                           " [application:get_key(shop, registered)]), halt().",
                                           NULL });
        remove_files();
        says(0, "{ok,[clerk,door,goods]}\n");
}

COP_TEST(APP_1_path, "an application that is not in the program is read from a file NAME.app")
{
        cop_assert_equal(cop_system_start(.schedulers = 1), 0);
        write_file("far.app", "% far away\n{application, far, [{vsn, \"9\"}]}.");
        setenv("COP_APPLICATION_PATH", "/nowhere:.", 1);
        cop_assert_term(cop_application_read("far.app"),
                        "{ok, {application, far, [{vsn, \"9\"}]}}");
        cop_assert_term(cop_application_start("far", COP_TEMPORARY), "ok");
        cop_assert_term(cop_application_get_key("far", "vsn"), "{ok, \"9\"}");
        write_file("far.app", "{application, \"far\", []}.");
        cop_assert_term(cop_application_read("far.app"), "{error, {invalid_name, \"far\"}}");
        write_file("far.app", "{application, far, [}.");
        cop_assert_match(cop_application_read("far.app"), "{error, {bad_text, 1, 21, _}}");
        write_file("far.app", "a. b.");
        cop_assert_term(cop_application_read("far.app"), "{error, {bad_application, [a, b]}}");
        cop_assert_equal(cop_system_stop(5000), 0);
        remove_files();
}

COP_TEST(APP_main_check, "--check prints the tree that would be started, and starts nothing")
{
        run("--check");
        says(0, "till 0.2.0\n"
                "    a library\n"
                "shop 0.1.0\n"
                "    supervisor shop_supervisor\n"
                "        one_for_all, at most 3 restarts in 5 s\n"
                "        cop_stash: worker cop_stash, permanent, 5000 ms to end, named goods\n"
                "        desk: supervisor desk_supervisor, permanent, as long as it takes to end\n"
                "            one_for_one, at most 1 restart in 5 s\n"
                "            clerk: worker clerk, temporary, 5000 ms to end, named clerk\n");
}

COP_SUPERVISOR(guest_supervisor, .children = COP_CHILDREN(COP_WORKER(cop_stash, "[]")));
COP_APPLICATION(guest, .start = COP_ROOT(guest_supervisor));

COP_TEST(APP_16_guest, "a system that is stopped with applications running stops them, too")
{
        cop_assert_equal(cop_system_start(.schedulers = 2), 0);
        cop_assert_term(cop_application_ensure_all_started("guest", COP_PERMANENT),
                        "{ok, [guest]}");
        cop_assert_equal(cop_system_stop(30000), 0);
        cop_assert_equal(cop_system_start(.schedulers = 2), 0);
        cop_assert_term(cop_application_ensure_all_started("guest", COP_PERMANENT),
                        "{ok, [guest]}");
        cop_applications_stop();
        cop_assert_equal(cop_system_stop(30000), 0);
}

/* Starts the program and returns when it has said the line. */
static pid_t start_and_wait(const char *argument, const char *line, int *output)
{
        char text[256] = "", own[4096];
        int ends[2];
        ssize_t n;
        pid_t pid;

        n = readlink("/proc/self/exe", own, sizeof(own) - 1);
        cop_assert(n > 0 && pipe(ends) == 0);
        own[n] = '\0';
        pid = fork();
        if (pid == 0) {
                dup2(ends[1], STDOUT_FILENO);
                close(ends[0]);
                memcpy(strrchr(own, '/'), "/otp_shop", 10);
                execl(own, own, argument, (char *)NULL);
                _exit(127);
        }
        close(ends[1]);
        n = 0;
        while (!strstr(text, line) && n < (ssize_t)sizeof(text) - 1 &&
               read(ends[0], text + n, 1) == 1)
                n++;
        cop_assert(strstr(text, line));
        *output = ends[0];
        return pid;
}

COP_TEST(APP_16_signal, "SIGTERM stops the applications in order; the status is 0")
{
        char text[256] = "";
        int output, status;
        size_t n = 0;
        pid_t pid = start_and_wait("wait", "wait: \n", &output);

        cop_assert(kill(pid, SIGTERM) == 0);
        while (n < sizeof(text) - 1 && read(output, text + n, 1) == 1)
                n++;
        cop_assert_text(text, "the clerk ends: shutdown\nthe shop has closed\n");
        cop_assert(waitpid(pid, &status, 0) == pid);
        cop_assert(WIFEXITED(status));
        cop_assert_equal(WEXITSTATUS(status), 0);
}

COP_TEST(APP_16_signal_early, "also one that comes before main() waits for it", .limit_s = 120)
{
        for (int i = 0; i < 20; i++) {
                run("--no-start", "signal");
                says(0, "signal: \n");
        }
}
