/*
 * trace.c: where errors were raised.
 *
 * A thread has one trace: that of the last fault or error on it. It says whose it is and of which
 * turn, so that nobody takes it for his own; whoever has waited since may find it gone.
 *
 * fault     The verdict goes along the whole stack anyway, and notes what it sees.
 * error     Costs a third of a microsecond a frame. So it is done only where somebody wants reports,
 *           and not where the program catches the error itself: then it is no news.
 */
#include "runtime/trace.h"

#include <unwind.h>

#include <coppice/containment.h>

#include "runtime/code.h"
#include "runtime/crash.h"
#include "runtime/process.h"
#include "runtime/scheduler.h"

unsigned cop__trace_list(const struct trace *trace, uintptr_t list[TRACE_MOST + 1])
{
        uint32_t count = trace->count <= TRACE_MOST ? trace->useful : trace->count;
        unsigned size = 0;
        uint32_t i;

        for (i = 0; i < count && i < TRACE_INNER; i++)
                list[size++] = trace->at[i];
        if (count > TRACE_MOST) {
                list[size++] = 0;
                i = count - TRACE_OUTER;
        }
        for (; i < count; i++)
                list[size++] = trace->at[TRACE_INNER + (i - TRACE_INNER) % TRACE_OUTER];
        return size;
}

/* ---- of an error ---- */

static _Unwind_Reason_Code frame(struct _Unwind_Context *context, void *argument)
{
        struct trace *trace = argument;
        int is_exact = 0;
        uintptr_t pc = _Unwind_GetIPInfo(context, &is_exact);
        uintptr_t function = _Unwind_GetRegionStart(context);
        enum code code;

        if (cop__code_is_first(function) || trace->count == TRACE_INNER)
                return _URC_END_OF_STACK;
        code = cop__code_of(pc, function);
        if (code == CODE_CHECKER || (trace->count == 0 && code == CODE_OWN))
                return _URC_NO_REASON;
        trace_add(trace, is_exact ? pc : pc - 1, code == CODE_OWN || code == CODE_SWITCH);
        return _URC_NO_REASON;
}

void cop__trace_error(void)
{
        struct thread *t = cop__thread();
        const struct process *p = t->current;

        if (!p || !p->stack || !cop__crash_is_wanted() || (p->catching && p->catching->outer))
                return;
        trace_begin(&t->faults.trace, pid_of(p), p->stack->region.turn);
        _Unwind_Backtrace(frame, &t->faults.trace);
}

cop_term cop_backtrace(void)
{
        struct thread *t = cop__thread_or_null();
        const struct process *p = t ? t->current : NULL;
        uintptr_t addresses[TRACE_MOST + 1];
        cop_term list = cop_nil();
        unsigned count;

        if (!p || !p->stack || t->faults.trace.pid != pid_of(p) ||
            t->faults.trace.turn != p->stack->region.turn)
                return list;
        count = cop__trace_list(&t->faults.trace, addresses);
        while (count-- > 0)
                list = cop_cons(addresses[count] ? cop_uint(addresses[count]) : cop_atom("..."),
                                list);
        return list;
}
