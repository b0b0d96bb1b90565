/*
 * AARCH64: the switch and the faults of the other processor, where a cross compiler and an emulator are
 * there.
 */
#include <coppice/test.h>

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/program.h"

static struct ran ran;
static char directory[] = "/tmp/cop-aarch64-XXXXXX";

/*
 * $1 the root of the project, $2 a directory to build in, $3 the sources beside base and term. What is
 * not called is left out, and with it other libraries.
 */
static const char build[] =
        "set -e\n"
        "cd $1\n"
        "grep -rho 'COP_HAVE_[A-Z0-9]*' src | sort -u | sed 's/.*/#define & 0/' > "
        "$2/coppice-config.h\n"
        "echo '#define COP_VERSION \"0\"' >> $2/coppice-config.h\n"
        "aarch64-linux-gnu-gcc -std=gnu17 -O1 -D_GNU_SOURCE -fno-strict-aliasing \\\n"
        "        -fno-omit-frame-pointer -fasynchronous-unwind-tables -pthread \\\n"
        "        -fstack-clash-protection -mbranch-protection=standard \\\n"
        "        -ffunction-sections -Wl,--gc-sections \\\n"
        "        -DCOP_SOURCE_ROOT=\"\\\"$1\\\"\" -Iinclude -Isrc -Itests -I$2 -o $2/program \\\n"
        "        src/base/*.c $(ls src/term/*.c | grep -v etf_) $(eval echo $3) \\\n"
        "        src/runtime/switch_aarch64.S -lm\n";

#define INSPECT "src/inspect/[mpsuw]*.c src/inspect/text.c src/inspect/frames.c "

static bool have(const char *program)
{
        char command[128];

        snprintf(command, sizeof(command), "command -v %s", program);
        run_program(&ran, "/bin/sh", (const char *[]){ "-c", command, NULL });
        return ran.status == 0;
}

static void build_program(const char *sources)
{
        if (!have("aarch64-linux-gnu-gcc") || !have("qemu-aarch64"))
                cop_skip("needs aarch64-linux-gnu-gcc and qemu-aarch64");
        cop_assert(mkdtemp(directory) != NULL);
        run_program(
                &ran, "/bin/sh",
                (const char *[]){ "-c", build, "sh", COP_SOURCE_ROOT, directory, sources, NULL });
        if (ran.status != 0)
                cop_fail("it does not compile:\n%s", ran.output);
}

static void run(const char *first, const char *second, const char *third)
{
        char program[64];

        snprintf(program, sizeof(program), "%s/program", directory);
        run_program(&ran, "/usr/bin/env",
                    (const char *[]){ "qemu-aarch64", "-L", "/usr/aarch64-linux-gnu", program,
                                      first, second, third, NULL });
}

static void remove_program(void)
{
        run_program(&ran, "/bin/rm", (const char *[]){ "-r", directory, NULL });
}

static void holds(const char *tests)
{
        run("--no-fork", tests, NULL);
        if (ran.status != 0)
                cop_fail("it does not hold:\n%s", ran.output);
}

COP_TEST(SWITCH_aarch64, "all that holds for switches holds on AArch64", .limit_s = 300)
{
        build_program(INSPECT
                      "$(ls src/test/*.c | grep -v process.c) src/runtime/context.c "
                      "src/runtime/stack.c tests/runtime/test_switch.c tests/support/program.c");
        holds("SWITCH_*");
        holds("CATCH_*");
        remove_program();
}

/* How the plain process and the handler that did it ended. */
static void ends_with(const char *what, const char *schedulers, const char *reason)
{
        int count = 0;
        char *line;

        run(what, schedulers, NULL);
        for (char *rest = ran.output; (line = strsep(&rest, "\n"));)
                count += fnmatch(reason, line, 0) == 0;
        if (count != 2 || ran.status != 0) {
                run(what, schedulers, NULL);
                cop_fail("%s: expected %s twice:\n%s", what, reason, ran.output);
        }
}

static void build_system(const char *program)
{
        char sources[256];

        snprintf(sources, sizeof(sources), INSPECT "src/runtime/*.c tests/runtime/%s", program);
        build_program(sources);
}

COP_TEST(FAULT_aarch64, "faults end their process alone on AArch64, too", .limit_s = 600)
{
        static const struct {
                const char *what, *reason;
        } faults[] = {
                { "null", "{segv,#{address => 0,pc => [1-9]*}}" },
                { "wild_read", "{segv,#{address => 89477120,pc => [1-9]*}}" },
                { "bus", "{bus,#{address => *,pc => *}}" },
                { "illegal", "{ill,*}" },
                { "abort", "{abort,#{pc => *}}" },
                { "assert", "{abort,#{pc => *}}" },
                { "overflow", "{stack_overflow,#{address => *,pc => *}}" },
                { "large_frames", "{stack_overflow,#{address => *,pc => *}}" },
                { "call_null", "{segv,#{address => 0,pc => 0}}" },
                { "strlen", "{segv,*}" },
                { "snprintf", "{segv,*}" },
                { "stream", "{segv,*}" },
                { "own", "{segv,*}" },
        };

        build_system("program_deeds.c");
        for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
                ends_with(faults[i].what, "1", faults[i].reason);
                ends_with(faults[i].what, "2", faults[i].reason);
        }
        remove_program();
}

COP_TEST(KILL_aarch64, "who loops or blocks is killed on AArch64, too", .limit_s = 600)
{
        static const char *const loops[] = { "pure", "calls", "malloc", "poll" };

        build_system("program_loops.c");
        for (size_t i = 0; i < sizeof(loops) / sizeof(loops[0]); i++) {
                run(loops[i], "2", "3");
                if (!strstr(ran.output, "3 ended, 3 destroyed"))
                        cop_fail("%s: expected 3 ended, 3 destroyed:\n%s", loops[i], ran.output);
        }
        remove_program();
}
