/*
 * LIMIT: as many stacks as the kernel has mappings for, where each of them takes two.
 */
#include <coppice.h>
#include <coppice/test.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/sanitizers.h"

enum { PLAIN = 40000, HANDLERS = 100000 };

static void wait_for_ever(cop_term none)
{
        cop_receive(COP_FOREVER, "never");
}

static void note_message(void *state, const struct cop_message *message)
{
        cop_answer(message->from, "here");
}

static const struct cop_handler handler = { .name = "here", .message = note_message };

/* How many of the plain processes ended, for the one reason that there may be. */
static int count_refused(void)
{
        cop_term reason;
        int refused = 0;

        cop_assert(cop_system_quiet(60000));
        while (cop_receive(0, "{'DOWN', _, process, _, Reason}", &reason)) {
                cop_assert_term(reason, "{system_limit, stacks}");
                refused++;
        }
        return refused;
}

COP_TEST(
        LIMIT_stacks,
        "with guards by mprotect the 40,000th plain process starts or says why not; handlers go on",
        .limit_s = 120)
{
        char said[1000] = { 0 };
        int saved = dup(STDERR_FILENO), refused;
        FILE *file = tmpfile();
        cop_ref ref;

        if (COP_ASAN || COP_TSAN)
                cop_skip("a sanitizer needs more for each stack");
        cop_assert(file != NULL);
        cop_assert_equal(cop_system_start(.schedulers = 2, .mprotect_guards = true), 0);
        dup2(fileno(file), STDERR_FILENO);
        for (int i = 0; i < PLAIN; i++)
                cop_spawn(wait_for_ever, cop_nil(), .monitor = &ref);
        refused = count_refused();
        dup2(saved, STDERR_FILENO);
        close(saved);
        rewind(file);
        cop_assert(fread(said, 1, sizeof(said) - 1, file) < sizeof(said));
        fclose(file);
        if (refused > 0 && !strstr(said, "vm.max_map_count"))
                cop_fail("nobody said what to do: %s", said);
        cop_assert_equal(cop_process_count(), PLAIN - refused);
        for (int i = 0; i < HANDLERS; i++) {
                cop_pid pid = cop_spawn_handler(&handler, cop_nil());

                if (i % 1000 == 0)
                        cop_assert_term(cop_call(pid, "you"), "here");
        }
        cop_assert_equal(count_refused(), 0);
        cop_assert_equal(cop_process_count(), PLAIN - refused + HANDLERS);
        cop_system_stop(0);
}
