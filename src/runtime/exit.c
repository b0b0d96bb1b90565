/*
 * exit.c: how a process ends.
 *
 * 1. On its own stack, as its last act, it runs the destructors of what it owned. A process that is
 * ended by a signal while it sleeps gets a stack for that, if it owns anything that has one; its
 * old stack is dead.
 * 2. On the scheduler's stack it is buried: timers for it are cancelled, its name is given up, its
 * inbox closes; then links are told, then monitors and callers, then what was left in the inbox is
 * answered; then its memory goes.
 *
 * So whoever hears of its end finds name and resources free. Nothing in 2 can fail or run the
 * user's code.
 */
#include "base/alloc.h"
#include "runtime/guest.h"
#include "runtime/own.h"
#include "runtime/process.h"
#include "runtime/quota.h"
#include "runtime/scheduler.h"
#include "runtime/timer.h"

static void begin_end(struct process *p)
{
        atomic_store_explicit(&p->status, STATUS_EXITING, memory_order_relaxed);
        p->flags |= IS_ENDING;
        p->catching = NULL;
}

void cop__exit_now(struct process *p, cop_term reason)
{
        if (p->flags & IS_GUEST)
                cop__guest_died(p, reason);
        if (!(p->flags & IS_ENDING))
                p->reason = reason;
        begin_end(p);
        cop__blocks_free(p);
        cop__leave(p, AFTER_EXIT);
        __builtin_unreachable();
}

/* The last act of a process that was ended from outside, at the top of its stack. */
static void last_act(void *argument)
{
        struct process *p = argument;

        cop__blocks_free(p);
        cop__leave_for_ever(p);
}

bool cop__exit_parked(struct process *p)
{
        begin_end(p);
        p->flags |= WAS_KILLED;
        if (p->stack) {
                cop__context_forget(p->stack);
                p->stack->context.sp = NULL;
        }
        if (!cop__blocks_need_stack(p)) {
                cop__blocks_free(p);
                cop__bury(p);
                return true;
        }
        return false;
}

void (*cop__last_act(void))(void *)
{
        return last_act;
}

static void give_up_name(struct process *p)
{
        /* From now on nobody can give it one. */
        uint64_t name = atomic_exchange_explicit(&p->name, NAME_DEAD, memory_order_acq_rel);
        uint64_t self = pid_of(p);

        if (name)
                atomic_compare_exchange_strong_explicit(&atom_of(term_of(name))->name, &self, 0,
                                                        memory_order_release, memory_order_relaxed);
}

/* What the other end of a bond is told. */
static cop_term reason_for(const struct process *p, const struct bond *bond)
{
        return bond->late ? ATOM(noproc) : p->reason;
}

/* Links before monitors: who has both hears of the exit first. */
static void tell_links(struct process *p)
{
        struct bond *bond;
        uint32_t at = 0;

        while ((bond = cop__bond_next(&p->bonds, &at))) {
                if (bond->kind == BOND_LINK)
                        cop__notify(SIGNAL_LINK_EXIT, bond->key, pid_of(p), 0, reason_for(p, bond));
        }
}

static void tell_others(struct process *p)
{
        struct bond *bond;
        uint32_t at = 0;

        while ((bond = cop__bond_next(&p->bonds, &at))) {
                switch ((enum bond_kind)bond->kind) {
                case BOND_WATCHER:
                        cop__notify(SIGNAL_DOWN, bond->other, pid_of(p), bond->key,
                                    reason_for(p, bond));
                        break;
                case BOND_CALLER:
                        cop__notify(SIGNAL_NO_REPLY, bond->other, pid_of(p), bond->key,
                                    reason_for(p, bond));
                        break;
                case BOND_MONITOR:
                        cop__notify(SIGNAL_DEMONITOR, bond->other, pid_of(p), bond->key, COP_NONE);
                        break;
                case BOND_REQUEST:
                        if (bond->tag.word)
                                cop__signal_free((struct signal *)(uintptr_t)bond->tag.word);
                        else
                                cop__notify(SIGNAL_CANCEL, bond->other, pid_of(p), bond->key,
                                            COP_NONE);
                        break;
                default:
                        break;
                }
        }
        cop__bonds_release(&p->bonds);
}

/* Newest first becomes oldest first. */
static struct signal *turn_round(struct signal *newest)
{
        struct signal *oldest = NULL;

        while (newest) {
                struct signal *next = newest->next;

                newest->next = oldest;
                oldest = newest;
                newest = next;
        }
        return oldest;
}

static void answer_all(struct signal *signal, uint64_t self, cop_term reason)
{
        while (signal) {
                struct signal *next = signal->next;

                cop__answer_for_the_dead(signal, signal->to == self ? reason : ATOM(noproc));
                signal = next;
        }
}

/* The wait whose answer will not be heard: the called process need not remember it. */
static void abandon_call(struct process *p)
{
        uint64_t ref = atomic_exchange_explicit(&p->await, 0, memory_order_relaxed);

        if (ref && p->called)
                cop__notify(SIGNAL_CANCEL, p->called, pid_of(p), ref, COP_NONE);
}

static void free_memory(struct process *p)
{
        struct stack *stack = p->stack;

        cop__signal_free(p->reply);
        cop__kept_free_all(&p->kept);
        cop__signal_free(p->argument);
        cop__quotas_free(p);
        if (p->flags & IS_HANDLER)
                cop__free(p->state);
        p->reply = p->argument = NULL;
        p->state = NULL;
        p->stack = NULL;
        if (stack) {
                stack->region.most_words = 0;
                cop__region_reset(&stack->region);
                cop__stack_give(&cop__thread()->stacks, stack);
        }
}

void cop__bury(struct process *p)
{
        uint64_t self = pid_of(p);
        struct signal *left;

        cop__timers_forget(p);
        give_up_name(p);
        left = turn_round(cop__inbox_close(&p->inbox));

        tell_links(p);
        tell_others(p);
        abandon_call(p);
        if (p->flags & HAS_QUOTAS)
                cop__quota_bury(p);
        answer_all(p->mail, self, p->reason);
        answer_all(left, self, p->flags & BY_SIGNAL ? ATOM(noproc) : p->reason);
        if (p->handling) {
                /* The last: the reason may be a part of the message it carries. */
                p->handling->next = NULL;
                answer_all(p->handling, self, p->reason);
                p->handling = NULL;
        }
        p->mail = NULL;
        p->mail_end = p->scan = &p->mail;
        atomic_store_explicit(&p->mail_count, 0, memory_order_relaxed);
        free_memory(p);
        atomic_store_explicit(&p->status, STATUS_FREE, memory_order_relaxed);
        cop__table_give(p);
}
