/*
 * handler.c: what runs on a process's stack when a turn begins.
 *
 * A plain process runs its function once. A handler runs its callback for one message after
 * another, until there is none left or its turn is over; then the stack goes back. Each message's
 * memory, and the terms its callback made, go as soon as the callback returns.
 *
 * A call that a callback leaves unanswered is remembered as a bond, so that the caller hears of the
 * process's end. The call being handled is not: it stands in `handling`, and nearly all are
 * answered there.
 */
#include "runtime/handler.h"

#include "base/alloc.h"
#include "runtime/own.h"
#include "runtime/quota.h"
#include "runtime/scheduler.h"
#include "runtime/timer.h"

/* The term it was spawned with; its memory is the region's from now on. */
static cop_term first_term(struct process *p)
{
        cop_term term = p->reason;

        if (p->argument) {
                term = p->argument->term;
                turn_adopts(&p->stack->region, p->argument);
                p->argument = NULL;
        }
        p->reason = COP_NONE;
        p->flags &= (uint16_t)~HAS_ARGUMENT;
        return term;
}

static void plain(void *argument)
{
        struct process *p = argument;

        if (p->flags & TAKES_POINTER)
                p->pointer_fn(p->state);
        else
                p->fn(first_term(p));
        cop__exit_now(cop__self(), ATOM(normal));
}

/* ---- handlers ---- */

static struct signal *take_first(struct process *p)
{
        struct signal *signal = p->mail;

        if (!signal)
                return NULL;
        p->mail = signal->next;
        if (!p->mail)
                p->mail_end = &p->mail;
        p->scan = &p->mail;
        atomic_store_explicit(&p->mail_count, p->mail_count - 1, memory_order_relaxed);
        if (p->flags & HAS_QUOTAS)
                cop__quota_taken(p, signal);
        return signal;
}

static enum cop_message_kind message_kind(const struct signal *signal)
{
        switch (signal->kind) {
        case SIGNAL_CALL:
                return COP_CALL;
        case SIGNAL_SYSTEM:
                return COP_SYSTEM;
        case SIGNAL_CAST:
                return COP_CAST;
        default:
                return COP_INFO;
        }
}

static void handle(struct process *p, struct signal *signal)
{
        struct cop_message message = { message_kind(signal),
                                       signal->term,
                                       { { signal->from }, { signal->ref } } };

        p->handling = signal;
        p->handler_timeout_ns = INT64_MAX;
        p->handler->message(p->state, &message);
        if (signal->kind != SIGNAL_MESSAGE) /* a call that was answered is one, too */
                cop__remember_call(p, signal);
        p->handling = NULL;
        cop__signal_free(signal);
}

/* Its time is up and nothing came. */
static bool timed_out(struct process *p)
{
        return p->handler_timeout_ns != INT64_MAX && now_ns() >= p->handler_timeout_ns;
}

static void handle_timeout(struct process *p)
{
        struct cop_message message = { .kind = COP_TIMEOUT };

        p->handler_timeout_ns = INT64_MAX;
        p->handler->message(p->state, &message);
}

static void initialise(struct process *p)
{
        cop_term argument = first_term(p);

        if (p->handler->init)
                p->handler->init(p->state, argument);
}

/* One callback; false when there is nothing to do. */
static bool step(struct process *p)
{
        struct signal *signal;

        if (p->flags & HAS_ARGUMENT) {
                initialise(p);
                return true;
        }
        if (!p->mail)
                cop__signals_handle(p);
        signal = take_first(p);
        if (signal)
                handle(p, signal);
        else if (timed_out(p))
                handle_timeout(p);
        else
                return false;
        return true;
}

static void handler(void *argument)
{
        struct process *p = argument;
        bool more = true;

        while (more && p->budget > 0) {
                more = step(p);
                p->budget -= WORK_MESSAGE;
                cop__region_reset(&p->stack->region);
        }
        atomic_store_explicit(&p->reductions, p->reductions + (uint64_t)(BUDGET - p->budget),
                              memory_order_relaxed);
        cop__alarm_set(p, p->handler_timeout_ns);
        cop__bonds_trim(&p->bonds);
        p->after = more ? AFTER_YIELD_END : AFTER_END;
}

void (*cop__process_entry(const struct process *p))(void *)
{
        if (p->flags & IS_ENDING)
                return cop__last_act();
        return p->flags & IS_HANDLER ? handler : plain;
}

/* ---- for callbacks ---- */

void cop_handler_timeout(int64_t timeout_ms)
{
        cop__self()->handler_timeout_ns = cop__deadline(timeout_ms);
}

void cop_become_handler(const struct cop_handler *new_handler, cop_term argument)
{
        struct process *p = cop__self();
        struct signal *signal;
        void *state;

        if (p->flags & IS_GUEST)
                cop__fail_badarg(COP_HERE);
        state = cop__alloc_zeroed(new_handler->state_size);
        signal = cop__signal_with(SIGNAL_MESSAGE, pid_of(p), argument);
        if (!state || !signal) {
                cop__free(state);
                cop__signal_free(signal);
                cop__fail_limit("memory");
        }
        if (p->handling) {
                cop__remember_call(p, p->handling);
                cop__signal_free(p->handling);
                p->handling = NULL;
        }
        if (p->flags & IS_HANDLER)
                cop__free(p->state);
        p->handler = new_handler;
        p->state = state;
        p->argument = signal;
        p->catching = NULL;
        p->handler_timeout_ns = INT64_MAX;
        p->flags = (uint16_t)((p->flags | IS_HANDLER | HAS_ARGUMENT) & ~TAKES_POINTER);
        p->after = AFTER_YIELD_END;
        cop__context_finish(p->stack, &cop__thread()->native);
}
