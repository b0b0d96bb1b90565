/*
 * AARCH64: the switch for the other processor, where a cross compiler and an emulator are there.
 */
#include <coppice/test.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/program.h"

/*
 * $1 the root of the project, $2 a directory to build in. Stacks have regions, and those need terms;
 * what is not called is left out, and with it other libraries.
 */
static const char build[] =
        "set -e\n"
        "cd $1\n"
        "grep -rho 'COP_HAVE_[A-Z0-9]*' src | sort -u | sed 's/.*/#define & 0/' > "
        "$2/coppice-config.h\n"
        "echo '#define COP_VERSION \"0\"' >> $2/coppice-config.h\n"
        "aarch64-linux-gnu-gcc -std=gnu17 -O1 -D_GNU_SOURCE -fno-strict-aliasing \\\n"
        "        -fstack-clash-protection -mbranch-protection=standard -pthread \\\n"
        "        -ffunction-sections -Wl,--gc-sections \\\n"
        "        -DCOP_SOURCE_ROOT=\"\\\"$1\\\"\" -Iinclude -Isrc -Itests -I$2 -o $2/switch \\\n"
        "        src/base/*.c src/term/*.c $(ls src/test/*.c | grep -v process.c) \\\n"
        "        src/runtime/context.c src/runtime/stack.c \\\n"
        "        src/runtime/switch_aarch64.S tests/runtime/test_switch.c tests/support/program.c "
        "-lm\n";

static bool have(const char *program)
{
        char command[128];
        struct ran *ran = malloc(sizeof(*ran));
        bool has;

        cop_assert(ran != NULL);
        snprintf(command, sizeof(command), "command -v %s", program);
        run_program(ran, "/bin/sh", (const char *[]){ "-c", command, NULL });
        has = ran->status == 0;
        free(ran);
        return has;
}

COP_TEST(SWITCH_aarch64, "all that holds for switches holds on AArch64", .limit_s = 300)
{
        char directory[] = "/tmp/cop-aarch64-XXXXXX";
        char program[64];
        struct ran *ran = malloc(sizeof(*ran));

        cop_assert(ran != NULL);
        if (!have("aarch64-linux-gnu-gcc") || !have("qemu-aarch64"))
                cop_skip("needs aarch64-linux-gnu-gcc and qemu-aarch64");
        cop_assert(mkdtemp(directory) != NULL);
        snprintf(program, sizeof(program), "%s/switch", directory);

        run_program(ran, "/bin/sh",
                    (const char *[]){ "-c", build, "sh", COP_SOURCE_ROOT, directory, NULL });
        if (ran->status != 0)
                cop_fail("it does not compile:\n%s", ran->output);
        run_program(ran, "/usr/bin/env",
                    (const char *[]){ "qemu-aarch64", "-L", "/usr/aarch64-linux-gnu", program,
                                      "--no-fork", "SWITCH_*", NULL });
        if (ran->status != 0)
                cop_fail("it does not hold:\n%s", ran->output);
        run_program(ran, "/usr/bin/env",
                    (const char *[]){ "qemu-aarch64", "-L", "/usr/aarch64-linux-gnu", program,
                                      "--no-fork", "CATCH_*", NULL });
        if (ran->status != 0)
                cop_fail("it does not hold:\n%s", ran->output);
        run_program(ran, "/bin/rm", (const char *[]){ "-r", directory, NULL });
        free(ran);
}
