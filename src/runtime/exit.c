/*
 * exit.c: how a process ends.
 *
 * 1. On its own stack, as its last act, it runs the destructors of what it owned. A process that is
 * ended by a signal while it sleeps gets a stack for that, if it owns anything that has one; its
 * old stack is dead.
 * 2. On the scheduler's stack it is buried: timers for it are cancelled, its name is given up, its
 * ets tables go (or to their heirs), its inbox closes; then links are told, then monitors and callers, then what was left in the inbox is
 * answered; then its memory goes.
 *
 * Where there is no memory to tell somebody, or no stack for the destructors, the process stays as it
 * is and its scheduler tries again after a millisecond: what it had has been given back by then, so
 * there soon is some. Nobody misses the end of another for want of memory.
 *
 * A process for which a thread does blocking work is told of first, and has its last act when the thread
 * comes back (poller.c).
 *
 * So whoever else hears of an end finds name and resources free. Nothing in 2 runs the
 * user's code.
 */
#include "base/alloc.h"
#include "base/lock.h"
#include "runtime/ets_table.h"
#include "runtime/guest.h"
#include "runtime/own.h"
#include "runtime/poller.h"
#include "runtime/process.h"
#include "runtime/quota.h"
#include "runtime/scheduler.h"
#include "runtime/sim.h"
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
        if (p->flags & IN_BLOCKING && cop__blocking_goes_on(p))
                cop__leave(p, AFTER_LINGER);
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

static void forget_stack(struct process *p)
{
        if (p->stack) {
                cop__context_forget(p->stack);
                p->stack->context.sp = NULL;
        }
}

void cop__exit_begin(struct process *p)
{
        begin_end(p);
        p->flags |= WAS_KILLED;
        forget_stack(p);
}

bool cop__exit_parked(struct process *p)
{
        begin_end(p);
        p->flags |= WAS_KILLED;
        if (p->flags & IN_BLOCKING && cop__blocking_goes_on(p)) {
                cop__linger(p);
                return true;
        }
        forget_stack(p);
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
        uint64_t name = atomic_exchange(&p->name, NAME_DEAD);
        uint64_t self = pid_of(p);

        if (name) /* seq_cst: pairs with who gives it the name just now, and looks the other way */
                atomic_compare_exchange_strong(&atom_of(term_of(name))->name, &self, 0);
}

/* What the other end of a bond is told. */
static cop_term reason_for(const struct process *p, const struct bond *bond)
{
        return bond->late ? ATOM(noproc) : p->reason;
}

static bool tell(struct process *p, const struct bond *bond, enum signal_kind kind, uint64_t to,
                 uint64_t ref)
{
        return cop__try_notify(kind, to, pid_of(p), ref, reason_for(p, bond));
}

/* Links before monitors: who has both hears of the exit first. False: not all of them, for want of
 * memory; those who were told have no bond any more. */
static bool tell_links(struct process *p)
{
        struct bond *bond;
        uint64_t other;
        uint32_t at = 0;

        while ((other = cop__links_next(&p->links, &at))) {
                if (!cop__try_notify(SIGNAL_LINK_EXIT, other, pid_of(p), 0, p->reason))
                        return false;
                cop__links_wipe(&p->links, at);
        }
        at = 0;
        while ((bond = cop__bond_next(&p->bonds, &at))) {
                if (bond->kind != BOND_LINK)
                        continue;
                if (!tell(p, bond, SIGNAL_LINK_EXIT, bond->key, 0))
                        return false;
                bond->kind = BOND_NONE;
        }
        return true;
}

/* Who asked it something in two parts, and waits no longer. */
static void drop_request(struct process *p, const struct bond *bond)
{
        if (bond->tag.word)
                cop__signal_free((struct signal *)(uintptr_t)bond->tag.word);
        else
                cop__hint(SIGNAL_CANCEL, bond->other, pid_of(p), bond->key);
}

static bool tell_others(struct process *p)
{
        struct bond *bond;
        uint32_t at = 0;
        bool told = true;

        while (told && (bond = cop__bond_next(&p->bonds, &at))) {
                switch ((enum bond_kind)bond->kind) {
                case BOND_WATCHER:
                        told = tell(p, bond, SIGNAL_DOWN, bond->other, bond->key);
                        break;
                case BOND_CALLER:
                        told = tell(p, bond, SIGNAL_NO_REPLY, bond->other, bond->key);
                        break;
                case BOND_MONITOR:
                        cop__hint(SIGNAL_DEMONITOR, bond->other, pid_of(p), bond->key);
                        break;
                case BOND_REQUEST:
                        drop_request(p, bond);
                        break;
                default:
                        break;
                }
                if (told)
                        bond->kind = BOND_NONE;
        }
        return told;
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

static void answer_all(struct process *p, struct signal *signal)
{
        while (signal) {
                struct signal *next = signal->next;
                bool late = signal->to != pid_of(p) || signal->lane & LANE_LATE;

                cop__answer_for_the_dead(signal, late ? ATOM(noproc) : p->reason);
                signal = next;
        }
}

/* The wait whose answer will not be heard: the called process need not remember it. */
static void abandon_call(struct process *p)
{
        uint64_t ref = atomic_exchange_explicit(&p->await, 0, memory_order_relaxed);

        if (ref && p->called)
                cop__hint(SIGNAL_CANCEL, p->called, pid_of(p), ref);
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
                cop__region_reset(&stack->region);
                cop__stack_give(&cop__thread()->stacks, stack);
        }
}

/* From here on nobody finds it. What was left in its inbox is in the mailbox. */
static void close_up(struct process *p)
{
        struct signal *left;

        cop__timers_forget(p);
        give_up_name(p);
        cop__ets_owner_gone(pid_of(p));
        left = turn_round(cop__inbox_close(&p->inbox));
        if (p->flags & HAS_QUOTAS)
                cop__quota_bury(p);
        *p->mail_end = left;
        for (; left && p->flags & BY_SIGNAL; left = left->next)
                left->lane |= LANE_LATE;
}

static void answer_mail(struct process *p)
{
        abandon_call(p);
        answer_all(p, p->mail);
        p->mail = NULL;
        p->mail_end = p->scan = &p->mail;
        atomic_store_explicit(&p->mail_count, 0, memory_order_relaxed);
}

/* Processes that have ended but for what a thread uses of them. */
static _Atomic(size_t) lingering;

/* All have been told. */
static void release(struct process *p)
{
        cop__bonds_release(&p->bonds);
        cop__links_release(&p->links);
        if (p->handling) {
                /* The last: the reason may be a part of the message it carries. */
                p->handling->next = NULL;
                answer_all(p, p->handling);
                p->handling = NULL;
        }
        free_memory(p);
        if (!pid_of(p))
                lingering--;
        atomic_store_explicit(&p->status, STATUS_FREE, memory_order_relaxed);
        cop__table_give(p);
}

/* The call it was handling is answered, and the message stays: the thread may look at it. */
static bool answer_handled(struct process *p)
{
        struct signal *call = p->handling;

        if (!call || (call->kind != SIGNAL_CALL && call->kind != SIGNAL_SYSTEM))
                return true;
        if (!cop__try_notify(SIGNAL_NO_REPLY, call->from, pid_of(p), call->ref, p->reason))
                return false;
        call->kind = SIGNAL_MESSAGE;
        return true;
}

size_t cop__lingering_count(void)
{
        return lingering;
}

void cop__lingering_forget(void)
{
        lingering = 0;
}

/* All have been told; its memory stays until the thread has come back, and then it has a last act. */
static void settle_down(struct process *p)
{
        cop__bonds_release(&p->bonds);
        cop__links_release(&p->links);
        p->flags &= (uint16_t) ~(LINGERS | IN_BLOCKING);
        atomic_store_explicit(&p->pid, 0, memory_order_release);
        lingering++;
        if (!cop__blocking_linger(p))
                cop__enqueue(p);
}

void cop__linger(struct process *p)
{
        p->flags |= LINGERS;
        cop__bury(p);
}

void cop__bury(struct process *p)
{
        bool told;

        if (cop__driver->simulated)
                cop__sim_ended(p);
        if (!(p->flags & IS_BURIED))
                close_up(p);
        p->flags |= IS_BURIED;
        told = tell_links(p) && tell_others(p) && (!(p->flags & LINGERS) || answer_handled(p));
        answer_mail(p); /* which gives its memory back */
        if (!told)
                cop__postpone(p);
        else if (p->flags & LINGERS)
                settle_down(p);
        else
                release(p);
}

/* ---- what cannot be done now ---- */

static struct {
        struct lock lock;
        struct process *first; /* under the lock */
        _Atomic(size_t) count;
} postponed;

void cop__postpone(struct process *p)
{
        cop__lock_take(&postponed.lock);
        p->next = postponed.first;
        postponed.first = p;
        atomic_store_explicit(&postponed.count, postponed.count + 1, memory_order_relaxed);
        cop__lock_give(&postponed.lock);
}

bool cop__has_postponed(void)
{
        return atomic_load_explicit(&postponed.count, memory_order_relaxed) != 0;
}

void cop__postponed_retry(void)
{
        struct process *p;

        cop__lock_take(&postponed.lock);
        p = postponed.first;
        postponed.first = NULL;
        atomic_store_explicit(&postponed.count, 0, memory_order_relaxed);
        cop__lock_give(&postponed.lock);
        while (p) {
                struct process *next = p->next;

                if (p->flags & IS_BURIED && pid_of(p))
                        cop__bury(p);
                else
                        cop__enqueue(p); /* for its last act */
                p = next;
        }
}
