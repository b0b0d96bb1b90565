/*
 * table.c: the subcommands, once. Help, man page and completion grow from here.
 */
#include <stddef.h>

#include "tool/subcommand.h"

const char tool_summary[] = "makes, builds, tests and runs programs that are made with Coppice";

const char tool_statuses[] =
        "0 where all is well, 2 where tests failed, and 1 for everything else; that of cop run is\n"
        "the program's own.";

const struct subcommand subcommands[] = {
        { .name = "new",
          .usage = "NAME [--sup] [--umbrella]",
          .summary = "makes a new project",
          .words_min = 1,
          .words_max = 1,
          .options = { { "--sup", NULL, "with a supervisor, and a process that it supervises" },
                       { "--umbrella", NULL, "with several applications, each in a directory" } },
          .text = "Makes the directory NAME and in it a project that builds, runs and passes its\n"
                  "tests at once: meson.build, README.md, src, tests, and a .gitignore. NAME "
                  "begins\n"
                  "with a lowercase letter; lowercase letters, digits and underscores follow, "
                  "since\n"
                  "functions and files are called after it. It may have a directory before it.\n"
                  "\n"
                  "    $ cop new --sup demo\n"
                  "    $ cd demo\n"
                  "    $ cop test\n"
                  "    $ cop run\n"
                  "\n"
                  "What is there stays there: if anything is called NAME, nothing is made.",
          .run = tool_new },
        { .name = "compile",
          .usage = "",
          .summary = "builds the project",
          .text = "Builds what has changed, with meson and ninja, into the directory build of the\n"
                  "project. The project is the nearest directory, from here upwards, whose\n"
                  "meson.build has a project() in it. The compiler's words are shown as they are;\n"
                  "the last line, if something was built, is Generated and the application's "
                  "name.\n"
                  "\n"
                  "The project finds Coppice with pkg-config, where this cop was installed.\n"
                  "CC, CFLAGS and all else that meson looks at count as usual when there is no\n"
                  "directory build yet; to choose again, remove it.",
          .run = tool_compile },
        { .name = "run",
          .usage = "[--no-start] [-- ARGUMENT...]",
          .summary = "builds the project, and runs it",
          .takes_rest = true,
          .options = { { "--no-start", NULL, "no application is started" } },
          .text = "Builds as cop compile does, and then becomes the program: it has the terminal,\n"
                  "the arguments after -- and the current directory, and its exit status is that\n"
                  "of cop run. Of several programs in meson.build it is the one that is called as\n"
                  "the project.",
          .run = tool_run },
        { .name = "console",
          .usage = "[--no-start] [-- --play FILE]",
          .summary = "builds the project, and runs it with a prompt",
          .takes_rest = true,
          .options = { { "--no-start", NULL, "no application is started" } },
          .text = "Builds as cop compile does, and then becomes the program with its console: "
                  "each\n"
                  "function of it that is not static is called by name, with terms.\n"
                  "\n"
                  "    cop(1)> sprout_next()\n"
                  "\n"
                  "help says what there is, and exit ends it. Where standard input is no terminal "
                  "its\n"
                  "lines are evaluated without a prompt, and the exit status is 1 if one of them "
                  "failed.\n"
                  "With --play FILE a session is played and compared with what the file says.",
          .run = tool_console },
        { .name = "attach",
          .usage = "NODE",
          .summary = "a prompt in a program that runs",
          .words_min = 1,
          .words_max = 1,
          .text = "Talks to the console in a program of yours that runs and has said a name: in\n"
                  "its COP_MAIN(), as .node, or with COP_NODE in its environment.\n"
                  "\n"
                  "    $ COP_NODE=demo build/demo &\n"
                  "    $ cop attach demo\n"
                  "\n"
                  "exit ends the prompt, and the program goes on. Only you can attach: the socket "
                  "is in "
                  "a\n"
                  "directory of yours below XDG_RUNTIME_DIR, or /tmp.",
          .run = tool_attach },
        { .name = "test",
          .usage = "[NAME | FILE:LINE] [--seed N] [--stale] [--cover] [--sim N]",
          .summary = "builds the project, and runs its tests",
          .words_max = 1,
          .options = { { "--seed", "N", "the order and random numbers of an earlier run" },
                       { "--stale", NULL, "only programs that changed since they last passed" },
                       { "--cover", NULL, "shows which lines of the project they have run" },
                       { "--sim", "N",
                         "each in N simulated worlds, each with another order of turns" } },
          .text = "Builds as cop compile does, and runs every program that meson.build calls a\n"
                  "test(). NAME is a test, a part of one's name or file, or a pattern with *, ?\n"
                  "and []: then only those run; FILE:LINE is the test that stands there. A\n"
                  "failure is shown with the command that repeats it, and the last line says\n"
                  "how many passed and how many failed.\n"
                  "\n"
                  "With --cover the project is built in build-cover so that it counts, and gcov\n"
                  "says of each source that is no test how much of it was run, and which lines\n"
                  "were not.\n"
                  "\n"
                  "With --sim tests that are processes run in simulated worlds: virtual time, and\n"
                  "another order of turns in each, from a seed. Of the first that fails the trace\n"
                  "is shown, and the command that repeats it.",
          .run = tool_test },
        { .name = "check",
          .usage = "",
          .summary = "builds the project, and shows what it would start",
          .text = "Looks at the supervision tree of each application without starting it, prints\n"
                  "it, and says what is wrong: a child that nothing in the program starts, two\n"
                  "children of one name, a flag that there is not.",
          .run = tool_check },
        { .name = "app",
          .usage = "tree",
          .summary = "builds the project, and shows which application needs which",
          .words_min = 1,
          .words_max = 1,
          .text = "Each application of the project that none of the others needs, and below it\n"
                  "those that are started before it.",
          .run = tool_app },
        { .name = "read",
          .usage = "FILE...",
          .summary = "reads files of Erlang terms, and prints them",
          .words_min = 1,
          .words_max = 10000,
          .words_are = WORDS_ARE_FILES,
          .text = "Each file has terms in Erlang's syntax, each ended by a full stop, as in\n"
                  "configuration files. They are printed in the same way, broken into lines and\n"
                  "indented. Of a file that is wrong nothing is printed but where and why:\n"
                  "\n"
                  "    $ cop read demo.config\n"
                  "    demo.config:2:8: expected a term; found ,\n"
                  "        {port, , 80}.\n"
                  "               ^\n"
                  "\n"
                  "The file - is the standard input.",
          .run = tool_read },
        { .name = "help",
          .usage = "[SUBCOMMAND]",
          .summary = "says what cop can do, or one of its subcommands",
          .words_max = 1,
          .words_are = WORDS_ARE_SUBCOMMANDS,
          .options = { { "--man", NULL, "the man page, for groff" },
                       { "--bash", NULL, "what makes bash complete the words of cop" },
                       { "--zsh", NULL, "the same for zsh" } },
          .text = "Where Coppice is installed, the man page is there, and bash and zsh complete.",
          .run = tool_help },
        { .name = "version",
          .usage = "",
          .summary = "says which version this is",
          .text = "The version of cop is that of the Coppice it was installed with.",
          .run = tool_version },
        { .name = NULL },
};
