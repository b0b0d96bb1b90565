/*
 * A program that logs, for tests of what becomes of that when it ends:
 *
 *     stop     it stops its system
 *     exit     it calls exit() while its system runs
 *     fault    it faults where that cannot be contained
 *     plain    a process faults, and there never was a server
 *     levels   it logs once at each level, before, while and after a system runs
 */
#include <coppice.h>

#include <stdlib.h>
#include <string.h>

static const char *how;
static volatile int *nowhere;

static void fault(cop_term unused)
{
        *nowhere = 1;
}

static void log_many(cop_term unused)
{
        int i;

        for (i = 0; i < 400; i++)
                cop_log_error("event %d.", i);
}

static void log_levels(const char *when)
{
        cop_log_error("%s: error", when);
        cop_log_notice("%s: notice", when);
        cop_log_info("%s: info", when);
        cop_log_debug("%s: debug", when);
}

static void log_while(cop_term unused)
{
        log_levels("while");
}

static void run(cop_process_fn *fn)
{
        cop_ref ref;

        cop_spawn(fn, cop_nil(), .monitor = &ref);
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, _, _, _}", &ref);
}

int main(int argc, char **argv)
{
        how = argc > 1 ? argv[1] : "";
        if (strcmp(how, "levels") == 0)
                log_levels("before");
        if (cop_system_start() < 0)
                return 2;
        run(strcmp(how, "levels") == 0 ? log_while : strcmp(how, "plain") == 0 ? fault : log_many);
        if (strcmp(how, "fault") == 0)
                *nowhere = 1; /* on the program's own thread */
        if (strcmp(how, "exit") == 0)
                exit(3);
        cop_system_stop(1000);
        if (strcmp(how, "levels") == 0)
                log_levels("after");
        return 0;
}
