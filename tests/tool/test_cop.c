/*
 * TOOL: what somebody sees who uses cop: what it makes, says, and returns. Each test is a script,
 * typed in an empty directory, whose whole output is compared.
 */
#include <coppice/test.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "coppice-config.h"
#include "support/program.h"

#if defined(__has_feature)
#define HAS_FEATURE(x) __has_feature(x)
#else
#define HAS_FEATURE(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) ||                               \
        HAS_FEATURE(address_sanitizer) || HAS_FEATURE(thread_sanitizer)
enum { SANITIZED = true };
#else
enum { SANITIZED = false };
#endif

static struct ran ran;

static void try(const char *how, const char *script)
{
        char build[4096];
        char *tests;
        ssize_t n = readlink("/proc/self/exe", build, sizeof(build) - 1);

        cop_assert(n > 0);
        build[n] = '\0';
        tests = strstr(build, "/tests/tool_cop");
        cop_assert(tests);
        *tests = '\0';
        run_program(&ran, COP_SOURCE_ROOT "/tests/tool/try",
                    (const char *const[]){ build, how, script, NULL });
}

static void says(const char *script, const char *expected)
{
        try("built", script);
        cop_assert_text(ran.output, expected);
}

static void installed(const char *script)
{
        if (SANITIZED)
                cop_skip("a program built without a sanitizer cannot use a library built with one");
        try("installed", script);
}

static void installed_says(const char *script, const char *expected)
{
        installed(script);
        cop_assert_text(ran.output, expected);
}

static void has(const char *text)
{
        if (!strstr(ran.output, text))
                cop_fail("there is no \"%s\" in\n%s", text, ran.output);
}

static void has_not(const char *text)
{
        if (strstr(ran.output, text))
                cop_fail("there is \"%s\" in\n%s", text, ran.output);
}

/* ---- a newcomer's first minute ---- */

#define CREATED_TOP "* creating .gitignore\n* creating meson.build\n* creating README.md\n"

COP_TEST(TOOL_new_sup, "a new project with a supervisor passes its tests and runs at once",
         .limit_s = 120)
{
        installed_says("cop new --sup demo && cd demo && cop test && cop run 2>errors; echo $?\n"
                       "grep -c 'State: #{number => 3}' errors",
                       CREATED_TOP "* creating src\n"
                                   "* creating src/main.c\n"
                                   "* creating src/demo.c\n"
                                   "* creating src/demo.h\n"
                                   "* creating src/demo_application.c\n"
                                   "* creating src/demo_supervisor.c\n"
                                   "* creating tests\n"
                                   "* creating tests/test_demo.c\n"
                                   "\n"
                                   "The project demo is there:\n"
                                   "\n"
                                   "    cd demo\n"
                                   "    cop test\n"
                                   "    cop run\n"
                                   "\n"
                                   "cop help says what else cop does.\n"
                                   "Generated demo app\n"
                                   "3 passed, 0 failed\n"
                                   "demo counts: 1\n"
                                   "demo counts: 2\n"
                                   "A cat is no number, so this crashes, and the supervisor "
                                   "starts it again:\n"
                                   "demo counts: 1\n"
                                   "0\n"
                                   "1\n");
}

COP_TEST(TOOL_console,
         "the console calls functions of a new project, and its status says how it went",
         .limit_s = 120)
{
        if (!COP_HAVE_DW || !COP_HAVE_FFI)
                cop_skip("functions of a program are called with libdw and libffi");
        installed_says("cop new --sup demo >log && cd demo && cop compile >log\n"
                       "printf 'X = demo_next()\\n{X, whereis(demo)}\\n' | cop console\n"
                       "echo status $?\n"
                       "echo 'demo_nex()' | cop console; echo status $?\n"
                       "echo 'cop_application_start(demo)' | cop console --no-start\n"
                       "echo 'exit 7' | cop console; echo status $?\n"
                       "printf 'cop> demo_next()\\n2\\n' >wrong\n"
                       "cop console -- --play wrong; echo status $?",
                       "1\n"
                       "{1,<0.7.0>}\n"
                       "status 0\n"
                       "** there is no function demo_nex; did you mean demo_next?\n"
                       "status 1\n"
                       "ok\n"
                       "status 7\n"
                       "cop(1)> demo_next()\n"
                       "1\n"
                       "wrong:1: it said\n"
                       "1\n"
                       "where the session has\n"
                       "2\n"
                       "status 1\n");
}

COP_TEST(TOOL_new_plain, "a new project passes its test and runs at once, also from further down",
         .limit_s = 120)
{
        installed_says("cop new tree_2 | head -n 9; cd tree_2/src && cop test && cop run",
                       CREATED_TOP "* creating src\n"
                                   "* creating src/main.c\n"
                                   "* creating src/tree_2.c\n"
                                   "* creating src/tree_2.h\n"
                                   "* creating src/tree_2_application.c\n"
                                   "* creating tests\n"
                                   "Generated tree_2 app\n"
                                   "1 passed, 0 failed\n"
                                   "{hello,world}\n");
}

COP_TEST(TOOL_new_umbrella,
         "a new project of several applications passes its tests and runs at once", .limit_s = 180)
{
        installed_says(
                "cop new --umbrella demo | sed -n "
                "'/demo_counter_app/p;/tests.test_demo_counter/p'; cd demo && cop test && cop run\n"
                "cop app tree; cop check; cop run --no-start 2>&1 | grep -c noproc\n"
                "cop read build/apps/demo/demo.app | grep -c coppice,demo_counter",
                "* creating apps/demo_counter/src/demo_counter_application.c\n"
                "* creating apps/demo_counter/tests/test_demo_counter.c\n"
                "Generated demo_counter app\n"
                "Generated demo app\n"
                "2 passed, 0 failed\n"
                "{hello,1}\n"
                "{hello,2}\n"
                "demo\n"
                "├── coppice\n"
                "└── demo_counter\n"
                "    └── coppice\n"
                "demo_counter 0.1.0\n"
                "    supervisor demo_counter_supervisor\n"
                "        one_for_one, at most 1 restart in 5 s\n"
                "        demo_counter: worker demo_counter, permanent, 5000 ms to end, named "
                "demo_counter\n"
                "demo 0.1.0\n"
                "    a library\n"
                "1\n"
                "1\n");
}

COP_TEST(TOOL_application, "an application is described, checked, and configured", .limit_s = 180)
{
        installed_says(
                "cop new --sup demo >/dev/null; cd demo; cop compile; cop app tree; cop check; "
                "echo $?\n"
                "cop run -- --demo.first=7 2>/dev/null | head -n 1; cat build/demo.app\n"
                "sed -i 's/COP_WORKER(demo,/COP_WORKER(demo, \"[]\", .id = \"b\"), "
                "COP_WORKER(demo, "
                "\"[]\", .id = \"b\"), COP_WORKER(demo,/' src/demo_supervisor.c\n"
                "cop check 2>&1 | tail -n 1",
                "Generated demo app\n"
                "demo\n└── coppice\n"
                "demo 0.1.0\n    supervisor demo_supervisor\n"
                "        one_for_one, at most 3 restarts in 5 s\n"
                "        demo: worker demo, permanent, 5000 ms to end, named demo\n0\n"
                "demo counts: 7\n"
                "%% Made by the program.\n"
                "{application,demo,\n"
                "             [{description,\"counts\"},\n"
                "              {vsn,\"0.1.0\"},\n"
                "              {modules,[demo,demo_supervisor]},\n"
                "              {registered,[demo]},\n"
                "              {applications,[coppice]},\n"
                "              {env,[{first,1}]},\n"
                "              {mod,{demo,[]}}]}.\n"
                "cop: cannot build demo: what is wrong stands above; correct it and try again\n");
}

COP_TEST(TOOL_no_application, "what only an application can do is refused for any other project",
         .limit_s = 120)
{
        installed_says(
                "cop new demo >/dev/null; cd demo; sed -i '/^custom_target/,/^)/d' meson.build\n"
                "cop app tree; echo $?; cop check; echo $?; cop run --no-start; echo $?\n"
                "cop app forest; echo $?",
                "Generated demo\n"
                "cop: cannot show the applications of demo: its meson.build makes no file "
                "NAME.app; cop new makes a project that does\n1\n"
                "cop: cannot check demo: its meson.build makes no demo.app, so it is no "
                "application; cop new makes a project that is one\n1\n"
                "cop: cannot run demo: its meson.build makes no demo.app, so it is no "
                "application; cop new makes a project that is one\n1\n"
                "cop: cop app cannot do anything with forest; call it so: cop app tree\n1\n");
}

COP_TEST(TOOL_new_meson, "what cop makes builds without cop, and without a warning", .limit_s = 120)
{
        installed("PKG_CONFIG_PATH=$(dirname \"$(find \"$root\" -name coppice.pc)\")\n"
                  "export PKG_CONFIG_PATH\n"
                  "for sup in '' --sup; do\n"
                  "cop new $sup demo >/dev/null; (cd demo && meson setup -Dwerror=true build &&\n"
                  "ninja -C build && meson test -C build && build/demo); rm -rf demo; done");
        has("{hello,world}\n");
        has("demo counts: 1\n");
        has_not("FAIL");
        has_not("warning:");
}

COP_TEST(TOOL_new_any_name, "a project may be called as a header or function of C, or of its own",
         .limit_s = 180)
{
        installed_says(
                "for name in string time init begin; do\n"
                "cop new --sup $name >/dev/null; (cd $name && cop test); done",
                "Generated string app\n3 passed, 0 failed\nGenerated time app\n3 passed, 0 failed\n"
                "Generated init app\n3 passed, 0 failed\nGenerated begin app\n3 passed, 0 "
                "failed\n");
}

COP_TEST(TOOL_new_elsewhere, "a project can be made in another directory, with any name of its own")
{
        says("mkdir 'a b'; cop new 'a b/door' | tail -n 5; ls -A 'a b/door'",
             "    cd 'a b/door'\n    cop test\n    cop run\n\ncop help says what else cop does.\n"
             ".gitignore\nREADME.md\nmeson.build\nsrc\ntests\n"
             "");
}

/* ---- names that will not do ---- */

#define NAME_RULE                                                                                  \
        "a name is a lowercase letter, and then lowercase letters, digits and underscores; "       \
        "choose such a one"

COP_TEST(TOOL_new_names, "a name that C cannot have is refused, with one that it can have")
{
        says("for name in 'My App' 2nd ümlaut '日本' '' door.c a-b .. 'x\033[31m'; do\n"
             "cop new \"$name\"; echo $?; done; ls -A",
             "cop: cannot make 'My App': " NAME_RULE ", perhaps my_app\n1\n"
             "cop: cannot make '2nd': " NAME_RULE ", perhaps nd\n1\n"
             "cop: cannot make 'ümlaut': " NAME_RULE ", perhaps mlaut\n1\n"
             "cop: cannot make '日本': " NAME_RULE "\n1\n"
             "cop: cannot make '': " NAME_RULE "\n1\n"
             "cop: cannot make 'door.c': " NAME_RULE ", perhaps door_c\n1\n"
             "cop: cannot make 'a-b': " NAME_RULE ", perhaps a_b\n1\n"
             "cop: cannot make '..': " NAME_RULE "\n1\n"
             "cop: cannot make 'x?[31m': " NAME_RULE ", perhaps x_31m\n1\n");
}

COP_TEST(TOOL_new_reserved, "a name that means something else already is refused")
{
        says("for name in int test linux cop_door main; do cop new $name; echo $?; done; ls -A",
             "cop: cannot make int: the name has a meaning of its own in C, meson or Coppice; "
             "choose another, such as my_int\n1\n"
             "cop: cannot make test: the name has a meaning of its own in C, meson or Coppice; "
             "choose another, such as my_test\n1\n"
             "cop: cannot make linux: the name has a meaning of its own in C, meson or Coppice; "
             "choose another, such as my_linux\n1\n"
             "cop: cannot make cop_door: the name has a meaning of its own in C, meson or Coppice; "
             "choose another, such as my_door\n1\n"
             "cop: cannot make main: the name has a meaning of its own in C, meson or Coppice; "
             "choose another, such as my_main\n1\n");
}

COP_TEST(TOOL_new_long, "a name that is too long is refused")
{
        says("cop new aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffg; echo $?",
             "cop: cannot make aaaaaaaaaabbbbbbbbbb...: the name has more than 60 characters; "
             "choose a shorter one\n1\n");
}

COP_TEST(TOOL_new_exists, "what is there stays as it is")
{
        says("mkdir demo; echo mine >demo/README.md; echo mine >file\n"
             "cop new demo; echo $?; cop new demo/; echo $?; cop new file; echo $?\n"
             "ls -A demo; cat demo/README.md file",
             "cop: cannot make demo: something of that name is there already; choose another name, "
             "or remove it\n1\n"
             "cop: cannot make demo: something of that name is there already; choose another name, "
             "or remove it\n1\n"
             "cop: cannot make file: something of that name is there already; choose another name, "
             "or remove it\n1\n"
             "README.md\nmine\nmine\n");
}

COP_TEST(TOOL_new_nowhere, "where nothing can be written nothing is made")
{
        says("cop new no/where; echo $?",
             "cop: cannot make no/where: No such file or directory; nothing was left there: go "
             "where you may write, and try again\n1\n");
}

/* root may write anywhere. */
static void become_nobody(void)
{
        char build[4096];
        ssize_t n = readlink("/proc/self/exe", build, sizeof(build) - 1);

        cop_assert(n > 0);
        build[n] = '\0';
        if (geteuid() == 0 && setresuid(65534, 65534, 65534) != 0)
                cop_skip("root cannot become nobody here");
        if (access(build, X_OK) != 0)
                cop_skip("nobody may not come to the build directory");
}

COP_TEST(TOOL_new_read_only, "in a directory that is read-only nothing is made")
{
        become_nobody();
        says("chmod 555 .; cop new demo; echo $?; chmod 755 .; ls -A",
             "cop: cannot make demo: Permission denied; nothing was left there: go where you may "
             "write, and try again\n1\n");
}

COP_TEST(TOOL_compile_read_only, "a project in a directory that is read-only is not built")
{
        become_nobody();
        says("cop new demo >/dev/null; cd demo; chmod 555 .; cop compile; echo $?",
             "cop: cannot build demo: its directory DIR/an empty place/demo takes no files: "
             "Permission denied; build a copy of it elsewhere\n1\n");
}

/* ---- building ---- */

COP_TEST(TOOL_outside, "outside a project cop says so")
{
        says("for sub in compile run test; do cop $sub; echo $?; done",
             "cop: cannot compile: there is no project here: no meson.build with a project() in "
             "this directory or one above it; go to a project, or make one: cop new NAME\n1\n"
             "cop: cannot run: there is no project here: no meson.build with a project() in "
             "this directory or one above it; go to a project, or make one: cop new NAME\n1\n"
             "cop: cannot test: there is no project here: no meson.build with a project() in "
             "this directory or one above it; go to a project, or make one: cop new NAME\n1\n");
}

COP_TEST(TOOL_tools, "what is needed to build and is not there is named, and how to get it")
{
        says("cop new demo >/dev/null; cd demo; cop=$(command -v cop); mkdir bin\n"
             "PATH=$PWD/bin $cop compile; echo $?\n"
             "for tool in cc ninja pkg-config; do ln -s /bin/true bin/$tool; done\n"
             "PATH=$PWD/bin $cop compile; echo $?",
             "cop: cannot build demo: a C compiler, meson, ninja, pkg-config are not found on the "
             "PATH; install them, on Debian and Ubuntu so: sudo apt-get install build-essential "
             "meson ninja-build pkg-config\n1\n"
             "cop: cannot build demo: meson is not found on the PATH; install it, on Debian and "
             "Ubuntu so: sudo apt-get install meson\n1\n");
}

COP_TEST(TOOL_no_coppice, "where meson does not find Coppice cop says what to do", .limit_s = 120)
{
        try("built", "cop new demo >/dev/null; cd demo; PKG_CONFIG_LIBDIR=. cop compile; echo $?");
        has("ERROR: Dependency \"coppice\" not found");
        has("\ncop: cannot build demo: meson did not find Coppice; install it (make install), or "
            "put "
            "the directory of coppice.pc into PKG_CONFIG_PATH\n1\n");
}

COP_TEST(TOOL_compile, "Generated is said when something was built, and nothing otherwise",
         .limit_s = 120)
{
        installed_says(
                "cop new demo >/dev/null; cd demo; cop compile; echo $?; cop compile; echo $?\n"
                "echo '/* */' >>src/demo.c; cop compile; echo $?\n"
                "echo '# a comment' >>meson.build; cop compile; echo $?",
                "Generated demo app\n0\n0\nGenerated demo app\n0\n0\n");
}

COP_TEST(TOOL_compile_error, "an error is the compiler's, its file named from the project's root",
         .limit_s = 120)
{
        installed(
                "cop new demo >/dev/null; cd demo; echo 'int f(void) { return x; }' >>src/demo.c\n"
                "cop compile; echo $?; cop run; echo $?; cop test; echo $?\n"
                "cop new demo >/dev/null 2>&1; echo 'project(' >meson.build; cop compile; echo $?");
        has("src/demo.c:7:22: error: ");
        has("\ncop: cannot build demo: what is wrong stands above; correct it and try again\n1\n");
        has_not("FAILED");
        has_not("ninja:");
        has_not("Generated");
        has("cop: cannot build the project: what is wrong stands above; correct it and try "
            "again\n1\n");
        has("\nmeson.build:1:"); /* which column depends on Meson */
        has(": ERROR: ");
        has_not("full log");
}

COP_TEST(TOOL_compile_warning, "a warning is shown, and does not keep from building",
         .limit_s = 120)
{
        installed("cop new demo >/dev/null; cd demo; echo 'static void f(void) {}' >>src/demo.c\n"
                  "cop compile; echo $?");
        has("src/demo.c:7:13: warning: ");
        has("\nGenerated demo app\n0\n");
}

COP_TEST(TOOL_compile_terminal, "on a terminal progress is one line, and gone at the end",
         .limit_s = 120)
{
        if (system("script -qec true /dev/null >/dev/null 2>&1"))
                cop_skip("nobody can make a terminal here");
        installed("cop new demo >/dev/null; cd demo; script -qec 'cop compile' /dev/null | tail -c "
                  "23\n"
                  "echo 'int f(void) { return x; }' >>src/demo.c\n"
                  "script -qec 'cop compile' /dev/null; echo $?");
        cop_assert(strncmp(ran.output, "\033[KGenerated demo app\r\n", 23) == 0);
        has("\r\033[K[1/");
        has("src/demo.c:");
        has_not("../src");
        has_not("FAILED");
        has("\r\033[Kcop: cannot build demo: what is wrong stands above; correct it and try "
            "again\r\n1\n");
}

COP_TEST(TOOL_test_terminal, "on a terminal a line says which program of tests runs",
         .limit_s = 120)
{
        if (system("script -qec true /dev/null >/dev/null 2>&1"))
                cop_skip("nobody can make a terminal here");
        installed("cop new demo >/dev/null; cd demo; cop compile >/dev/null 2>&1\n"
                  "script -qec 'cop test' /dev/null | tail -n 1");
        has("\r\033[K[1/1] test_demo\r\033[K1 passed, 0 failed\r\n");
}

COP_TEST(TOOL_compile_moved, "a project that was moved or copied is built where it is",
         .limit_s = 120)
{
        installed_says(
                "cop new demo >/dev/null; (cd demo; cop run); cp -r demo copy; mv demo moved\n"
                "cd moved; cop run; cop run; cd ../copy; rm -rf ../moved; cop test",
                "Generated demo app\n{hello,world}\nGenerated demo app\n{hello,world}\n"
                "{hello,world}\nGenerated demo app\n1 passed, 0 failed\n");
}

COP_TEST(TOOL_compile_lock, "one cop at a time builds a project, the others wait for it",
         .limit_s = 120)
{
        if (system("command -v flock >/dev/null"))
                cop_skip("there is no flock here");
        says("mkdir p; cd p; echo \"project('p')\" >meson.build; mkfifo go\n"
             "flock -o . sh -c 'cop compile 2>waits & echo $! >pid; until grep -qs . waits; do :; "
             "done'\n"
             "cat waits; while kill -0 $(cat pid) 2>/dev/null; do :; done; ls build/build.ninja",
             "Waiting for another cop that builds p\nbuild/build.ninja\n");
}

/* ---- running ---- */

COP_TEST(TOOL_run, "the program has the arguments, the directory, the input and the status",
         .limit_s = 120)
{
        installed_says(
                "cop new demo >/dev/null; cd demo\n"
                "cat >src/main.c <<'END'\n"
                "#include <stdio.h>\n#include <stdlib.h>\n#include <unistd.h>\n"
                "int main(int argc, char **argv)\n"
                "{\n"
                "        char line[80], *cwd = getcwd(NULL, 0);\n"
                "        int i;\n"
                "        for (i = 1; i < argc; i++) printf(\"<%s>\\n\", argv[i]);\n"
                "        printf(\"%s\\n%s\", cwd, fgets(line, 80, stdin));\n"
                "        free(cwd);\n"
                "        return argc;\n"
                "}\n"
                "END\n"
                "sed -i '/^custom_target/,/^)/d' meson.build\n"
                "mkdir deep; cd deep; echo input | cop run -- 'a b' --sup -- 2>/dev/null; echo $?\n"
                "echo input | cop run -- 'a b' >/dev/null; echo $?",
                "<a b>\n<--sup>\n<-->\nDIR/an empty place/demo/deep\ninput\n4\n2\n");
}

COP_TEST(TOOL_run_which, "of several programs cop runs the one called as the project",
         .limit_s = 120)
{
        installed_says(
                "cop new demo >/dev/null; cd demo\n"
                "echo \"executable('other', 'src/main.c', sources, dependencies: coppice)\" "
                ">>meson.build; cop run\n"
                "sed -i \"s/executable('demo'/executable('third'/\" meson.build; cop run; echo $?",
                "Generated demo app\n{hello,world}\nGenerated demo app\n"
                "cop: cannot run demo: of its programs (third, other) none is called as the "
                "project; start the one you mean from DIR/an empty place/demo/build\n1\n");
}

/* ---- testing ---- */

COP_TEST(TOOL_test_fails,
         "where a test fails the status is 2, and the command to repeat it is there",
         .limit_s = 120)
{
        installed("cop new --sup demo >/dev/null; cd demo\n"
                  "sed -i 's/sprout_next(), 41/demo_next(), 41/; s/_next(), 41/_next(), 42/' "
                  "tests/test_demo.c\n"
                  "cop test --seed 81; echo status $?\n"
                  "$(cop test | sed -n 's/^again   //p') >/dev/null; echo again $?\n"
                  "cop test counts; echo status $?; cop test 'DEMO_*s'; echo status $?\n"
                  "cop test nothing; echo status $?");
        has("FAILED  DEMO_adds: it counts on from what was added\n"
            "again   cop test DEMO_adds --seed 81\n");
        has("\n2 passed, 1 failed\nstatus 2\nagain 2\n1 passed, 0 failed\nstatus 0\n");
        has("\n1 passed, 1 failed\nstatus 2\n");
        has("cop: cannot test nothing: no test of demo has that in its name or file; cop test runs "
            "all of them\nstatus 1\n");
        has_not("make test");
}

COP_TEST(TOOL_test_sim, "tests run in many worlds; the one that fails is told, and repeated",
         .limit_s = 240)
{
        installed("cop new --sup demo >/dev/null; cd demo; cop test --sim 20; echo status $?\n"
                  "cat >tests/test_demo.c <<'END'\n"
                  "#include <coppice/test_process.h>\n"
                  "COP_TEST_PROCESSES();\n"
                  "static void say(cop_term to) { cop_send(cop_to_pid(to), \"Me\", cop_self()); }\n"
                  "COP_TEST(DEMO_first, \"who is born first speaks first\")\n"
                  "{\n"
                  "        cop_pid first = cop_spawn(say, cop_pid_term(cop_self()));\n"
                  "        cop_pid next = cop_spawn(say, cop_pid_term(cop_self())), who;\n"
                  "        cop_receive(1000, \"Who\", &who);\n"
                  "        cop_assert_equal(who, first);\n"
                  "        (void)next;\n"
                  "}\n"
                  "END\n"
                  "cop test --sim 100 >said; echo failed $?; cat said\n"
                  "$(sed -n 's/^again   //p' said) >/dev/null; echo again $?\n"
                  "cop test --sim many; echo status $?");
        has("3 passed, 0 failed\nstatus 0\n");
        has("failed 2\n");
        has("-- what happened\n0.000000000 begin <0.1.0> of a thread\n");
        has(" --sim 1\n");
        has("again 2\n");
        has("cop: cannot test in many simulated worlds: it is no number; take 1000\nstatus 1\n");
}

COP_TEST(TOOL_test_stale, "what has passed and was not changed since need not run again",
         .limit_s = 120)
{
        installed_says("cop new demo >/dev/null; cd demo\n"
                       "cop test --stale; cop test --stale; echo $?\n"
                       "echo >>tests/test_demo.c; cop test --stale; echo $?\n"
                       "cop test test_demo.c:6\n",
                       "Generated demo app\n1 passed, 0 failed\n"
                       "nothing has changed since the tests passed\n0\n"
                       "Generated demo app\n1 passed, 0 failed\n0\n1 passed, 0 failed\n");
}

COP_TEST(TOOL_test_cover, "which lines were run is said of each source, and by which tests",
         .limit_s = 180)
{
        if (system("command -v gcov >/dev/null"))
                cop_skip("there is no gcov here");
        installed("cop new --sup demo >/dev/null; cd demo; cop test --cover; echo $?\n"
                  "cop test --cover counts; cop test --cover --stale; echo $?; ls");
        has("Generated demo app\n\n   run  lines  file                    not run\n");
        has(" src/demo.c              31, 42\n 100 % ");
        has(" src/demo_supervisor.c\n   0 % ");
        has(" in all\n\n3 passed, 0 failed\n0\n\n   run ");
        has(" src/demo.c              14-17, 31-48\n"); /* what adds, too, is not run by that test */
        has("1 passed, 0 failed\ncop: cannot count with --stale: what is not run would count as "
            "not "
            "tested; leave out --stale or --cover\n1\n"
            "README.md\nbuild-cover\nmeson.build\nsrc\ntests\n");
}

COP_TEST(TOOL_test_adds_up, "the counts of all programs are one; any other program counts as one",
         .limit_s = 120)
{
        installed_says(
                "cop new demo >/dev/null; cd demo\n"
                "cat >>meson.build <<'END'\n"
                "fine = find_program('true')\n"
                "sh = find_program('sh')\n"
                "test('fine', fine)\n"
                "test('skips', sh, args: ['-c', 'exit 77'])\n"
                "test('setting', sh, args: ['-c', 'test $A = b'], env: ['A=b'])\n"
                "END\n"
                "cop test; echo $?\n"
                "echo \"test('bad', sh, args: ['-c', 'echo no; exit 9'])\" >>meson.build\n"
                "cop test; echo $?",
                "Generated demo app\n3 passed, 0 failed, 1 skipped\n0\n"
                "no\nFAILED  bad: it ended with status 9\n\n3 passed, 1 failed, 1 skipped\n2\n");
}

COP_TEST(TOOL_test_none, "a project without tests, and a seed that is no number, are told",
         .limit_s = 120)
{
        says("mkdir p; cd p; echo \"project('p')\" >meson.build; cop test; echo $?\n"
             "cop run; echo $?; cop test --seed door; echo $?\n"
             "echo '[{' >build/meson-info/intro-tests.json; cop test; echo $?",
             "cop: cannot test p: its meson.build names no test(); add one\n1\n"
             "cop: cannot run p: its meson.build makes no program but tests; add an "
             "executable()\n1\n"
             "cop: cannot test with the seed door: it is no number; take one that an earlier run "
             "has shown\n1\n"
             "cop: cannot find the programs of p: DIR/an empty place/p/build/meson-info/"
             "intro-tests.json is not what meson writes; remove the directory build and try "
             "again\n1\n");
}

/* ---- reading ---- */

COP_TEST(TOOL_read, "terms are printed so that they can be read again")
{
        says("echo '{port,80}. %% a comment\n[ {a,\"text\"}, #{k=>[1,2.5]} ].' >a; : >empty\n"
             "cop read a empty; echo $?; cop read a >b; cop read - <b | cmp b -; echo $?",
             "{port,80}.\n[{a,\"text\"},#{k => [1,2.5]}].\n0\n0\n");
}

COP_TEST(TOOL_read_wrong, "what is wrong is named with line and column, and the others are read")
{
        says("printf '{port, 80}.\\n  {host, , \"a\"}.\\n' >bad; echo good. >good\n"
             "cop read bad none good .; echo $?",
             "bad:2:10: expected a term; found ,\n      {host, , \"a\"}.\n             ^\n"
             "cop: cannot read none: No such file or directory; nothing of it is shown\n"
             "good.\n"
             "cop: cannot read .: Is a directory; nothing of it is shown\n1\n");
}

/* ---- being asked wrongly, and helping ---- */

COP_TEST(TOOL_unknown, "a subcommand or option that there is not is refused, with the nearest")
{
        says("for words in tset xyzzy 'help nwe' 'help xyzzy' 'new --supp a' 'test --seed' 'new' "
             "\\\n"
             "'new a b' 'run a' 'compile x' 'new --sup=1 a' 'version -x'; do\n"
             "cop $words; echo $?; done",
             "cop: there is no subcommand tset; did you mean cop test? cop help says which there "
             "are\n1\n"
             "cop: there is no subcommand xyzzy; cop help says which there are\n1\n"
             "cop: cannot help with nwe: there is no such subcommand; did you mean new; cop help "
             "says which there are\n1\n"
             "cop: cannot help with xyzzy: there is no such subcommand; cop help says which there "
             "are\n1\n"
             "cop: cop new has no option --supp; did you mean --sup; cop help new says which there "
             "are\n1\n"
             "cop: cop test --seed lacks its value; write --seed N\n1\n"
             "cop: cop new lacks a word; call it so: cop new NAME [--sup] [--umbrella]\n1\n"
             "cop: cop new cannot do anything with b; call it so: cop new NAME [--sup] "
             "[--umbrella]\n1\n"
             "cop: cop run takes no a; what the program is to get stands after --: cop run -- "
             "a\n1\n"
             "cop: cop compile cannot do anything with x; call it so: cop compile\n1\n"
             "cop: cop new --sup takes no value, and has =1; leave that out\n1\n"
             "cop: cop version has no option -x; cop help version says which there are\n1\n");
}

COP_TEST(TOOL_help, "every subcommand has help, and all ways to ask for it are the same")
{
        says("cop >a; cop help >b; cop --help >c; cop -h >d; cmp a b; cmp a c; cmp a d; head -n 1 "
             "a\n"
             "for sub in $(sed -n 's/^    cop \\([a-z]*\\).*/\\1/p' a); do echo $sub\n"
             "cop help $sub >e; cop $sub --help | cmp - e; cop $sub x -h | cmp - e\n"
             "grep -q \"^cop $sub.*: .*[.]$\" e || echo no; done\n"
             "cop version >v; cop --version | cmp - v; cop help >/dev/full; echo $?",
             "cop makes, builds, tests and runs programs that are made with Coppice.\n"
             "new\ncompile\nrun\nconsole\nattach\ntest\ncheck\napp\nread\nhelp\nversion\n"
             "cop: cannot write the answer: standard output takes no more; see where it goes\n1\n");
}

COP_TEST(TOOL_bash, "bash completes subcommands, their options, and files")
{
        if (system("command -v bash >/dev/null"))
                cop_skip("there is no bash here");
        says("cop help --bash >cop.bash; mkdir d; echo a >d/door.config; cat >t <<'END'\n"
             ". ./cop.bash\n"
             "try() { COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _cop; echo \"${COMPREPLY[@]}\"; "
             "}\n"
             "try cop ''; try cop te; try cop new --; try cop test -; try cop help v\n"
             "try cop read d/; try cop compile ''\n"
             "END\n"
             "bash t; bash -n cop.bash; echo $?",
             "new compile run console attach test check app read help version\ntest\n--sup "
             "--umbrella\n--seed --stale --cover --sim\nversion\n"
             "d/door.config\n\n0\n");
}

COP_TEST(TOOL_zsh, "zsh completes subcommands, their options, and files")
{
        says("cop help --zsh >_cop; head -n 1 _cop\n"
             "sed -n '/^        test)/,/;;/p' _cop; grep -c _files _cop\n"
             "! command -v zsh >/dev/null || zsh -n _cop",
             "#compdef cop\n        test)\n"
             "                _arguments '--help[says more of it]' \\\n"
             "                        '--seed[the order and random numbers of an earlier run]:N:' "
             "\\\n"
             "                        '--stale[only programs that changed since they last passed]' "
             "\\\n"
             "                        '--cover[shows which lines of the project they have run]' "
             "\\\n"
             "                        '--sim[each in N simulated worlds, each with another order "
             "of "
             "turns]:N:'\n"
             "                ;;\n1\n");
}

COP_TEST(TOOL_installed,
         "make install brings cop and cop-heart, a man page and what shells complete",
         .limit_s = 60)
{
        installed_says(
                "ls \"$root/bin\"; head -n 1 \"$root/share/man/man1/cop.1\"; cop help --man | "
                "cmp - \"$root/share/man/man1/cop.1\"; cop help --bash | cmp - "
                "\"$root/share/bash-completion/completions/cop.bash\"; cop help --zsh | cmp - "
                "\"$root/share/zsh/site-functions/_cop\"",
                "cop\ncop-heart\n.TH COP 1 \"\" \"Coppice 0.1.0\" \"Coppice\"\n");
}

COP_TEST(TOOL_docs, "the session in docs/cop.md goes as it stands there", .limit_s = 120)
{
        installed("awk '/^    /{print substr($0, 5); on = 1; next} on && !/^$/{exit} on' "
                  "'" COP_SOURCE_ROOT "/docs/cop.md' | sed '/^$/d' >session\n"
                  "clean() { sed 's/^[0-9:.]* \\[/TIME [/; s/<0[.][0-9]*[.]0>/PID/g; /^$/d; "
                  "/<<\".*+0x/d'; }\n" /* a frame that nobody can name without libdw */
                  "grep '^[$] ' session | cut -c3- >commands; wc -l <commands\n"
                  "while read -r line; do echo \"$ $line\"; eval \"$line\"; done <commands 2>&1 |\n"
                  "clean >played; clean <session >written; diff written played && echo the same");
        cop_assert_text(ran.output, "5\nthe same\n");
}
