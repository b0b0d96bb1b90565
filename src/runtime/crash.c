/*
 * crash.c: a fault is told of by the process that had it.
 *
 * Its stack is empty by then: nothing of what ran there is left, and nothing of the program's own code
 * runs again. So the report is a matter between the process and who reports: it comes before anybody
 * hears of the end, costs the scheduler nothing, and where it fails or faults in its turn the process
 * ends as if it had returned.
 *
 * The memory of the process may be broken. What is handed over is copied with care (the message) or
 * is for who looks through the kernel (the state).
 */
#include "runtime/crash.h"

#include <coppice/containment.h>

#include "inspect/words.h"
#include "runtime/own.h"
#include "runtime/process.h"
#include "runtime/scheduler.h"

enum { MESSAGE_PARTS = 1000 };

static const struct cop_crash_reporter *_Atomic reporter;

void cop_report_crashes(const struct cop_crash_reporter *theirs)
{
        atomic_store_explicit(&reporter, theirs, memory_order_release);
}

bool cop__crash_is_wanted(void)
{
        const struct cop_crash_reporter *to = atomic_load_explicit(&reporter, memory_order_acquire);

        return to && to->is_wanted();
}

static cop_term message_of(const struct process *p)
{
        struct window window = { .size = 0 };
        size_t left = MESSAGE_PARTS;
        uint64_t word;

        if (!p->handling || p->handling->kind == SIGNAL_SYSTEM ||
            !cop__memory_read(&window, (uintptr_t)&p->handling->term, &word, sizeof(word)))
                return COP_NONE;
        return word ? cop__word_show(&window, word, &left, 0) : COP_NONE;
}

static void report(struct process *p)
{
        const struct cop_crash_reporter *to = atomic_load_explicit(&reporter, memory_order_acquire);
        bool is_handler = p->flags & IS_HANDLER;
        struct cop_crash crash = {
                .reason = p->reason,
                .backtrace = cop_backtrace(), /* first: it is the thread's */
                .message = message_of(p),
                .handler = is_handler ? p->handler : NULL,
                .state = is_handler ? p->state : NULL,
        };

        if (to)
                to->report(&crash);
}

static void report_and_end(void *argument)
{
        struct process *p = argument;

        report(p);
        cop__blocks_free(p);
        cop__leave_for_ever(p);
}

void (*cop__crash_act(void))(void *)
{
        return cop__crash_is_wanted() ? report_and_end : NULL;
}
