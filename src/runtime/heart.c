/*
 * heart.c: the program's side of cop-heart (src/port/heart.c).
 *
 * A handler process writes a byte to the pipe and sleeps again. It lives from what it is to prove: that
 * schedulers run processes and that time passes for them.
 *
 * Owners   The pipe is the OS process's; COP_HEART leaves the environment at the start, so that no other
 *          program thinks it is its own.
 */
#include <coppice/heart.h>

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <coppice/handler.h>
#include <coppice/process.h>

#include "base/alloc.h"
#include "runtime/driver.h"

enum { BEATS_A_TIMEOUT = 4 };

static struct {
        int pipe;
        int64_t every_ms;
        _Atomic(bool (*)(void)) check; /* any thread */
} heart;

void cop_heart_check(bool (*check)(void))
{
        atomic_store(&heart.check, check);
}

const char *cop_restart_reason(void)
{
        return getenv("COP_RESTART_REASON");
}

/* ---- beats ---- */

/* False: nobody listens any more. */
static bool beat(void)
{
        return write(heart.pipe, "b", 1) == 1 || errno == EAGAIN;
}

static void on_message(void *none, const struct cop_message *message)
{
        bool (*check)(void) = atomic_load(&heart.check);

        if (message->kind == COP_TIMEOUT && (!check || check()) && !beat())
                return;
        cop_handler_timeout(heart.every_ms);
}

static void begin(void *none, cop_term unused)
{
        cop_set_label(cop_atom("heart"));
        cop_handler_timeout(heart.every_ms);
}

void cop_heart_start(void)
{
        static const struct cop_handler beats = { "heart", 0, begin, on_message };
        const char *given = getenv("COP_HEART");
        long long timeout_ms;
        int used = 0;

        if (!given || cop__driver->simulated)
                return;
        if (sscanf(given, "%d:%lld%n", &heart.pipe, &timeout_ms, &used) != 2 || given[used] ||
            timeout_ms < 1 || fcntl(heart.pipe, F_SETFD, FD_CLOEXEC) < 0 ||
            fcntl(heart.pipe, F_SETFL, O_NONBLOCK) < 0) {
                fprintf(stderr, "coppice: COP_HEART is not as cop-heart sets it; no beats\n");
                return;
        }
        unsetenv("COP_HEART");
        heart.every_ms = timeout_ms / BEATS_A_TIMEOUT;
        beat(); /* from here on it owes them */
        cop_spawn_handler(&beats, cop_nil());
}

/* ---- becoming its child ---- */

enum { OPTIONS_MOST = 16 };

/* "a=1,b=2" as "--a=1", "--b=2"; returns how many. The texts are never freed: a program is run next. */
static int spread(const char *options, char **to)
{
        int count = 0;

        while (*options) {
                size_t size = strcspn(options, ",");
                char *text = count < OPTIONS_MOST ? cop__alloc(size + 3) : NULL;

                if (!text)
                        return -E2BIG;
                snprintf(text, size + 3, "--%s", options);
                to[count++] = text;
                options += size + (options[size] == ',');
        }
        return count;
}

/* Where --heart stands; 0: nowhere. What is behind "--" is not looked at. */
static int find(int argc, char **argv)
{
        for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
                if (strcmp(argv[i], "--heart") == 0 || strncmp(argv[i], "--heart=", 8) == 0)
                        return i;
        return 0;
}

int cop_heart_wrap(int argc, char **argv, const char *options)
{
        const char *program = getenv("COP_HEART_PROGRAM");
        int at = find(argc, argv), count = 0, n = 0;
        char **all;

        if (at)
                options = argv[at][7] == '=' ? argv[at] + 8 : "";
        else if (!options || getenv("COP_HEART"))
                return 0;
        all = cop__alloc_array((size_t)argc + OPTIONS_MOST + 3, sizeof(*all));
        if (!all)
                return -ENOMEM;
        program = program ? program : "cop-heart";
        all[n++] = (char *)(uintptr_t)program;
        count = spread(options, all + n);
        if (count < 0)
                return count;
        n += count;
        all[n++] = (char *)(uintptr_t) "--";
        for (int i = 0; i < argc; i++)
                if (i != at || at == 0)
                        all[n++] = argv[i];
        all[n] = NULL;
        execvp(program, all);
        fprintf(stderr,
                "%s: --heart: cannot run %s: %s. It comes with Coppice; put it into PATH, or its "
                "name into COP_HEART_PROGRAM\n",
                argv[0], program, strerrordesc_np(errno));
        return -errno;
}
