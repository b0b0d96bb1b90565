/*
 * fault.c: what a fault in a worker says to its console, and to nobody else.
 *
 * A fault is reported by the process that it ends. The report of a worker is stopped on its way to the
 * log, and the places where it happened go to the evaluator: who typed the line reads of it once, there.
 */
#include "console/fault.h"

#include <stdatomic.h>
#include <string.h>

#include <coppice/inspect.h>
#include <coppice/logger.h>
#include <coppice/memory.h>

enum { WORKERS_MOST = 32 }; /* beyond that faults of workers are logged, and no harm is done */

static _Atomic(uint64_t) workers[WORKERS_MOST];

static bool is_worker(cop_pid pid)
{
        for (int i = 0; i < WORKERS_MOST; i++)
                if (atomic_load(&workers[i]) == pid.word)
                        return true;
        return false;
}

/* Is called in the process that logs. */
static enum cop_log_verdict divert(void *context, struct cop_log_event *event)
{
        cop_term stack;

        if (cop_is_none(event->report) || !is_worker(event->pid) ||
            !cop_match(event->report,
                       "#{label := {proc_lib, crash},"
                       "  report := [[_, _, _, {error_info, {_, _, Stack}} | _] | _]}",
                       &stack))
                return COP_LOG_IGNORE;
        cop_send(cop_parent(), "{'$console', {backtrace, Stack}}", stack);
        return COP_LOG_STOP;
}

static void forget(void *place)
{
        atomic_store((_Atomic(uint64_t) *)place, 0);
}

void cop__fault_begin(void)
{
        uint64_t none;

        cop_logger_add_filter(NULL, "console", divert, NULL);
        for (int i = 0; i < WORKERS_MOST; i++) {
                none = 0;
                if (atomic_compare_exchange_strong(&workers[i], &none, cop_self().word)) {
                        cop_own((void *)&workers[i], forget);
                        return;
                }
        }
}

const char *cop__fault_text(cop_term stack)
{
        const char *text = cop_frames_text(stack), *end = text, *line_end;

        for (; *end && strncmp(end, "    libffi", 10) != 0; end = line_end + 1) {
                line_end = strchr(end, '\n');
                if (!line_end)
                        return text;
        }
        while (end > text && end[-1] == '\n')
                end--;
        return cop_to_cstring(cop_binary(text, (size_t)(end - text)));
}
