/*
 * ATTACH: a console in a program that runs already, by its socket.
 */
#include <coppice/test.h>

#include <string.h>
#include <unistd.h>

#include "coppice-config.h"
#include "support/program.h"

static struct ran ran;

/* Runs a script beside `console_calls`, which has the node `calls` and obeys what stands in its own standard
 * input, descriptor 9; $dir is a place of its own, and attach is `cop attach`. */
static void attached_says(const char *script, const char *expected)
{
        static const char before[] =
                "build=$0\n"
                "dir=$(mktemp -d); trap 'rm -rf \"$dir\"' EXIT\n"
                "XDG_RUNTIME_DIR=$dir; HOME=$dir; export XDG_RUNTIME_DIR HOME\n"
                "attach() { \"$build/src/tool/cop\" attach \"$@\" 2>&1; }\n"
                "mkfifo \"$dir/in\"\n"
                "COP_NODE=calls \"$build/tests/console_calls\" --console <\"$dir/in\" "
                ">\"$dir/out\" 2>&1 &\n"
                "exec 9>\"$dir/in\"\n"
                "until [ -S \"$dir/coppice-$(id -u)/calls\" ]; do sleep 0.05; done\n";
        char build[4096], whole[8192];
        ssize_t n = readlink("/proc/self/exe", build, sizeof(build) - 1);

        if (!COP_HAVE_DW || !COP_HAVE_FFI)
                cop_skip("functions of a program are called with libdw and libffi");
        cop_assert(n > 0);
        build[n] = '\0';
        *strstr(build, "/tests/console_attach") = '\0';
        cop_assert(strlen(before) + strlen(script) < sizeof(whole));
        strcpy(whole, before);
        strcat(whole, script);
        run_program(&ran, "/bin/sh", (const char *const[]){ "-c", whole, build, NULL });
        cop_assert_text(ran.output, expected);
}

COP_TEST(ATTACH_calls, "functions of a running program are called, and it goes on", .limit_s = 120)
{
        attached_says("printf 'X = add(40, 2)\\nX\\npoint_norm(NULL)\\nX\\n' | attach calls | sed "
                      "'s/=> [0-9]\\{3,\\}/=> N/;s/[.]c:[0-9]*/.c:N/'\n"
                      "printf '{1,\\n2}\\nexit 4\\n' | attach calls; echo status $?\n"
                      "echo 'ad(1)' | attach calls; echo status $?\n"
                      "echo 'exit 7' >&9; wait $!; echo the program: $?\n",
                      "42\n"
                      "42\n"
                      "** (fault) in point_norm: {segv,#{address => 0,pc => N}}\n"
                      "    tests/console/program_calls.c:N: point_norm\n"
                      "42\n"
                      "{1,2}\n"
                      "status 4\n"
                      "** there is no function ad; did you mean add?\n"
                      "status 1\n"
                      "the program: 7\n");
}

COP_TEST(ATTACH_two, "two consoles have variables of their own, and the same processes",
         .limit_s = 120)
{
        attached_says("mkfifo \"$dir/one\"; attach calls <\"$dir/one\" >\"$dir/said\" &\n"
                      "exec 8>\"$dir/one\"; echo 'X = 1' >&8\n"
                      "until grep -qs 1 \"$dir/said\"; do sleep 0.05; done\n"
                      "echo 'X' | attach calls\n"
                      "echo 'cop_server_start(well, [], #{name => shared})' >&8\n"
                      "until grep -qs ok \"$dir/said\"; do sleep 0.05; done\n"
                      "echo 'is_alive(whereis(shared))' | attach calls\n"
                      "echo X >&8; exec 8>&-; wait $!; sed 's/<.*>/PID/' \"$dir/said\"\n"
                      "echo exit >&9\n",
                      "** X is not bound\n"
                      "true\n"
                      "1\n"
                      "{ok,PID}\n"
                      "1\n");
}

COP_TEST(ATTACH_socket,
         "only its user may enter; who is not there is said; a left socket is replaced",
         .limit_s = 120)
{
        attached_says(
                "stat -c %a \"$dir\"/coppice-*; stat -c %a \"$dir\"/coppice-*/calls\n"
                "attach nobody </dev/null; echo $?\n"
                "attach a/b </dev/null\n"
                "kill -9 $!; wait $! 2>/dev/null\n"
                "attach calls </dev/null; echo $?\n"
                "echo 'add(1, 1)' | COP_NODE=calls \"$build/tests/console_calls\" --console\n"
                "ls \"$dir\"/coppice-*\n"
                "chmod 755 \"$dir\"/coppice-*\n"
                "echo exit | COP_NODE=calls \"$build/tests/console_calls\" --console 2>&1 | "
                "sed 's/.*nobody/nobody/'\n",
                "700\n600\n"
                "cop: cannot attach to nobody: No such file or directory; those that have said "
                "a name are calls\n1\n"
                "cop: cannot attach to a/b: Invalid argument; those that have said a name are "
                "calls\n"
                "cop: cannot attach to calls: Connection refused; those that have said a name "
                "are calls\n1\n"
                "2\n"
                "nobody can attach to calls: Operation not permitted\n");
}
