/*
 * deliver.c: signals on their way, and what each does to its receiver.
 *
 * Links   Both ends note a link. To take one back, an end marks it as being taken back under a
 * number, tells the other, and forgets it when the answer with that number comes; meanwhile an exit
 * through the link has no effect. If the link is made anew before, the number no longer fits and
 * the answer is ignored. So both ends always agree in the end, whatever crosses on the way.
 *
 * Exits decide nothing but that and why a process ends; the ending itself is exit.c.
 *
 * Late    What comes after the signal that ended a process finds nobody, and hears noproc; but not
 *         before the process is buried.
 * Dead    Whoever pushes to a process that has ended does itself what that one would have answered.
 */
#include "base/alloc.h"
#include "base/lock.h"
#include "runtime/fault.h"
#include "runtime/here.h"
#include "runtime/monitor.h"
#include "runtime/process.h"
#include "runtime/quota.h"
#include "runtime/scheduler.h"
#include "runtime/signal.h"
#include "term/node.h"

static struct scheduler *own_scheduler(void)
{
        struct thread *t = cop__thread_or_null();

        return t && t->scheduler && t->scheduler->mark ? t->scheduler : NULL;
}

/* sender: NULL unless it may be made to wait. */
static inline __attribute__((always_inline)) bool deliver(struct process *sender,
                                                          struct signal *signal)
{
        struct process *p = cop__table_at(signal->to);
        struct scheduler *s = own_scheduler();
        bool is_exit = signal->kind == SIGNAL_EXIT || signal->kind == SIGNAL_LINK_EXIT;

        if (!p || !is_pid_of(p, signal->to))
                return false;
        if (__builtin_expect(atomic_load_explicit(&p->inbox_limit, memory_order_relaxed) != 0, 0)) {
                if (sender && cop__quota_is_full_for(p, signal)) {
                        cop__quota_wait(sender, p, signal);
                        return true;
                }
                if (!cop__quota_admit(p, signal))
                        return true;
        }
        if (s && is_simple(signal) && deliver_here(s, sender, p, signal))
                return true;
        switch (cop__inbox_push(&p->inbox, signal)) {
        case PUSH_DEAD:
                cop__quota_unadmit(p, signal);
                return false;
        case PUSH_WAKE:
                cop__enqueue(p);
                return true;
        case PUSH_QUEUED:
                if (is_exit)
                        cop__monitor_exit_came(p);
                if (sender && cop__inbox_count(&p->inbox) > CROWDED)
                        sender->budget -= WORK_CROWDED;
                return true;
        }
        return true;
}

bool cop__deliver(struct signal *signal)
{
        return deliver(NULL, signal);
}

bool cop__deliver_from(struct process *sender, struct signal *signal)
{
        return deliver(sender, signal);
}

/* It is fair to those who wait for this scheduler, and the called process is to run on it. */
static bool may_hand_over(struct scheduler *s, const struct process *caller)
{
        bool may = s && caller->budget > WORK_HANDED;

        if (!may)
                return false;
        cop__biased_lock_enter(&s->lock);
        may = !s->queues[QUEUE_HIGH].count;
        cop__biased_lock_leave(&s->lock);
        return may;
}

bool cop__deliver_call(struct process *caller, struct signal *call, bool *handed)
{
        struct process *p = cop__table_at(call->to);
        struct scheduler *s = own_scheduler();

        *handed = false;
        if (!is_simple(call) || !may_hand_over(s, caller) || !p || !is_pid_of(p, call->to) ||
            atomic_load_explicit(&p->inbox_limit, memory_order_relaxed) ||
            !wake_with(s, p, call, handed))
                return cop__deliver(call);
        if (*handed && p->priority != caller->priority) {
                *handed = false;
                cop__enqueue_here(s, p);
        } else if (*handed) {
                s->handed = p;
                caller->budget -= WORK_HANDED;
        }
        return true;
}

bool cop__hand_to_new(struct process *caller, struct process *p)
{
        struct scheduler *s = own_scheduler();

        if (!may_hand_over(s, caller) || p->priority != caller->priority)
                return false;
        s->handed = p;
        caller->budget -= WORK_HANDED;
        return true;
}

void cop__deliver_or_answer(struct signal *signal)
{
        if (signal && !cop__deliver(signal))
                cop__answer_for_the_dead(signal, ATOM(noproc));
}

/* What a dead process says to such a signal; false: nothing. */
static bool answer_kind(enum signal_kind asked, enum signal_kind *answer)
{
        switch (asked) {
        case SIGNAL_LINK:
                *answer = SIGNAL_LINK_EXIT;
                return true;
        case SIGNAL_UNLINK:
                *answer = SIGNAL_UNLINKED;
                return true;
        case SIGNAL_MONITOR:
                *answer = SIGNAL_DOWN;
                return true;
        case SIGNAL_CALL:
        case SIGNAL_SYSTEM:
        case SIGNAL_INFO:
        case SIGNAL_HELD:
                *answer = SIGNAL_NO_REPLY;
                return true;
        default:
                return false;
        }
}

/* Nobody is there to hear it: nothing answers an answer. */
static void deliver_or_free(struct signal *signal)
{
        if (!cop__deliver(signal))
                cop__signal_free(signal);
}

/* The signal becomes its own answer: that needs no memory. */
static void turn_round(struct signal *signal, enum signal_kind kind, cop_term reason)
{
        uint64_t asker = signal->from;

        signal->kind = (uint8_t)kind;
        signal->from = signal->to;
        signal->to = asker;
        signal->term = reason;
        deliver_or_free(signal);
}

void cop__answer_for_the_dead(struct signal *signal, cop_term reason)
{
        enum signal_kind kind;

        if (signal->lane & LANE_COUNTED)
                cop__quota_unadmit(cop__table_at(signal->to), signal);
        if (signal->kind == SIGNAL_HELD)
                cop__signal_free((struct signal *)(uintptr_t)signal->term.word);
        if (!answer_kind((enum signal_kind)signal->kind, &kind)) {
                cop__signal_free(signal);
        } else if (!reason.word || !has_memory(reason)) {
                turn_round(signal, kind, reason);
        } else if (cop__try_notify(kind, signal->from, signal->to, signal->ref, reason)) {
                cop__signal_free(signal);
        } else {
                turn_round(signal, kind, ATOM(system_limit));
        }
}

/* ---- a reserve ---- */

enum { RESERVE = 256 };

static struct {
        struct lock lock;
        struct signal *first;  /* under the lock */
        _Atomic(size_t) count; /* written under the lock */
} reserve;

void cop__reserve_fill(void)
{
        struct signal *signal;

        while (atomic_load_explicit(&reserve.count, memory_order_relaxed) < RESERVE) {
                signal = cop__signal_new(SIGNAL_NUDGE, 0, SIGNAL_SPARE_WORDS);
                if (!signal)
                        return;
                cop__lock_take(&reserve.lock);
                signal->next = reserve.first;
                reserve.first = signal;
                reserve.count++;
                cop__lock_give(&reserve.lock);
        }
}

void cop__reserve_free(void)
{
        struct signal *signal;

        while ((signal = reserve.first)) {
                reserve.first = signal->next;
                cop__signal_free(signal);
        }
        reserve.count = 0;
}

/* One that says system_limit; NULL: there is none left. */
static struct signal *from_reserve(enum signal_kind kind, uint64_t to)
{
        struct signal *signal;

        cop__lock_take(&reserve.lock);
        signal = reserve.first;
        if (signal) {
                reserve.first = signal->next;
                reserve.count--;
        }
        cop__lock_give(&reserve.lock);
        if (!signal)
                return NULL;
        signal->kind = (uint8_t)kind;
        signal->spare = SIGNAL_SPARE_WORDS;
        signal->to = to;
        signal->term = ATOM(system_limit);
        return signal;
}

bool cop__try_notify(enum signal_kind kind, uint64_t to, uint64_t from, uint64_t ref,
                     cop_term reason)
{
        struct signal *signal = cop__signal_of_end(kind, to, reason);

        if (!signal)
                signal = cop__signal_of_end(kind, to, ATOM(system_limit));
        if (!signal)
                signal = from_reserve(kind, to);
        if (!signal)
                return false;
        signal->from = from;
        signal->ref = ref;
        deliver_or_free(signal);
        return true;
}

void cop__end_long_turn(uint64_t pid)
{
        struct signal *signal = cop__signal_new(SIGNAL_EXIT, pid, 0);

        if (!signal)
                signal = from_reserve(SIGNAL_EXIT, pid);
        if (!signal)
                return; /* the monitor tries again */
        signal->term = cop__quota_turn;
        deliver_or_free(signal);
}

void cop__hint(enum signal_kind kind, uint64_t to, uint64_t from, uint64_t ref)
{
        cop__try_notify(kind, to, from, ref, COP_NONE);
}

/* ---- receiving ---- */

void cop__mail_append(struct process *p, struct signal *signal)
{
        if (p->flags & HAS_QUOTAS)
                cop__quota_put(p, signal);
        signal->next = NULL;
        *p->mail_end = signal;
        p->mail_end = &signal->next;
        /* pairs with the acquire in queue_length: whoever sees it sees that it left the inbox */
        atomic_store_explicit(&p->mail_count, p->mail_count + 1, memory_order_release);
}

/* A message through an alias counts while the alias is on; some are used up by it. */
static bool alias_lets_in(struct process *p, uint64_t alias)
{
        struct bond *bond = cop__bond_find(&p->bonds, alias);
        uint64_t watched;

        if (!bond || bond->alias == COP_ALIAS_NONE)
                return false;
        if (bond->alias == COP_ALIAS_REPLY) {
                cop__bond_remove(&p->bonds, bond);
        } else if (bond->alias == COP_ALIAS_REPLY_DEMONITOR) {
                watched = bond->other;
                cop__monitor_end(p, bond);
                cop__hint(SIGNAL_DEMONITOR, watched, pid_of(p), alias);
        }
        return true;
}

/* The signal's term is why the process ends: true. What comes after it comes too late. */
static bool ends(struct process *p, struct signal *signal, cop_term reason)
{
        cop__signal_free(p->argument);
        p->argument = signal;
        p->reason = reason;
        p->flags |= IS_ENDING | BY_SIGNAL;
        return true;
}

/* Who ends already is not ended by its quotas. */
static bool over_quota(struct process *p, cop_term reason)
{
        return !(p->flags & IS_ENDING) && ends(p, NULL, reason);
}

/* Into the mailbox, if its quotas let it. */
static bool mail(struct process *p, struct signal *signal)
{
        cop_term reason;

        if (p->flags & HAS_QUOTAS)
                return cop__quota_receive(p, signal, &reason) && over_quota(p, reason);
        cop__mail_append(p, signal);
        return false;
}

static bool on_message(struct process *p, struct signal *signal)
{
        if (signal->ref && !alias_lets_in(p, signal->ref)) {
                cop__quota_unadmit(p, signal);
                cop__signal_free(signal);
                return false;
        }
        return mail(p, signal);
}

static struct signal *message_in(const struct signal *held)
{
        return (struct signal *)(uintptr_t)held->term.word;
}

/* A sender waits: the message in it is dropped where its alias is off. */
static bool on_held(struct process *p, struct signal *signal)
{
        struct signal *message = message_in(signal);
        cop_term reason;

        if (message->kind == SIGNAL_MESSAGE && message->ref && !alias_lets_in(p, message->ref)) {
                cop__answer_for_the_dead(signal, ATOM(noproc));
                return false;
        }
        message->ref = message->kind == SIGNAL_MESSAGE ? 0 : message->ref;
        return cop__quota_hold(p, signal, &reason) && over_quota(p, reason);
}

static bool is_atom_word(cop_term term, cop_term atom)
{
        return term.word == atom.word;
}

/* This very term stands in no signal but the monitor's: who sends one that is equal sends a copy. */
static bool is_turn_over(const struct signal *signal)
{
        return signal->term.word == cop__quota_turn.word;
}

/* Nothing keeps it from ending a process. */
static bool is_kill(const struct signal *signal)
{
        return is_atom_word(signal->term, ATOM(kill)) || is_turn_over(signal);
}

/* exit(Pid, Reason): the table of SIG-7. */
static bool on_exit(struct process *p, struct signal *signal)
{
        if (is_turn_over(signal))
                return ends(p, signal, signal->term);
        if (is_atom_word(signal->term, ATOM(kill)) && !(p->flags & IS_GUEST))
                return ends(p, signal, ATOM(killed));
        if (p->flags & (TRAPS_EXITS | IS_GUEST)) {
                cop__signal_make_exit_message(signal);
                cop__mail_append(p, signal);
                return false;
        }
        if (is_atom_word(signal->term, ATOM(normal)) && signal->from != pid_of(p)) {
                cop__signal_free(signal);
                return false;
        }
        return ends(p, signal, signal->term);
}

/* The other end is dead. True: the link was not being taken back. */
static bool forget_link(struct process *p, uint64_t other)
{
        struct bond *unlinking;

        if (cop__links_remove(&p->links, other))
                return true;
        unlinking = cop__bond_find(&p->bonds, other);
        if (unlinking)
                cop__bond_remove(&p->bonds, unlinking);
        return false;
}

/* The other end of a link died: the table of SIG-8. */
static bool on_link_exit(struct process *p, struct signal *signal)
{
        bool linked = forget_link(p, signal->from);

        if (linked && p->flags & (TRAPS_EXITS | IS_GUEST)) {
                cop__signal_make_exit_message(signal);
                cop__mail_append(p, signal);
                return false;
        }
        if (!linked || is_atom_word(signal->term, ATOM(normal))) {
                cop__signal_free(signal);
                return false;
        }
        return ends(p, signal, signal->term);
}

static void on_link(struct process *p, struct signal *signal)
{
        if (!cop__links_has(&p->links, signal->from) && !cop__bond_find(&p->bonds, signal->from) &&
            !cop__links_add(&p->links, signal->from))
                cop__answer_for_the_dead(signal, ATOM(system_limit));
        else
                cop__signal_free(signal);
}

static void on_unlink(struct process *p, struct signal *signal)
{
        cop__links_remove(&p->links, signal->from);
        cop__answer_for_the_dead(signal, COP_NONE); /* the living say the same */
}

static void on_unlinked(struct process *p, struct signal *signal)
{
        struct bond *bond = cop__bond_find(&p->bonds, signal->from);

        if (bond && bond->kind == BOND_UNLINKING && bond->other == signal->ref)
                cop__bond_remove(&p->bonds, bond);
        cop__signal_free(signal);
}

static void on_monitor(struct process *p, struct signal *signal)
{
        struct bond *bond = cop__bond_add(&p->bonds, signal->ref, BOND_WATCHER);

        if (!bond) {
                cop__answer_for_the_dead(signal, ATOM(system_limit));
                return;
        }
        bond->other = signal->from;
        cop__signal_free(signal);
}

/* A bond of this kind under the signal's reference is no more. */
static void forget(struct process *p, struct signal *signal, enum bond_kind kind)
{
        struct bond *bond = cop__bond_find(&p->bonds, signal->ref);

        if (bond && bond->kind == kind)
                cop__bond_remove(&p->bonds, bond);
        cop__signal_free(signal);
}

/* The message of a monitor, where it can be made: {Name, Node} for one by name. */
static bool make_down_message(struct signal **signal, const struct bond *bond)
{
        cop_term tag = bond->tag.word ? bond->tag : ATOM(DOWN);
        struct constant_pair pair = { 0 };
        cop_term object = (*signal)->from ? term_of((*signal)->from) : ATOM(undefined);

        if (bond->name.word)
                object = constant_pair(&pair, bond->name, cop__node_name());
        return cop__signal_make_down_message(signal, tag, object);
}

static void on_down(struct process *p, struct signal *signal)
{
        struct bond *bond = cop__bond_find(&p->bonds, signal->ref);

        if (!bond || bond->kind != BOND_MONITOR) {
                cop__signal_free(signal);
                return;
        }
        if (!make_down_message(&signal, bond)) {
                deliver_or_free(signal); /* to itself: it is tried again when it looks again */
                return;
        }
        cop__monitor_end(p, bond);
        cop__mail_append(p, signal);
}

/* An alias that is explicit outlives its monitor, whichever way that ends. */
void cop__monitor_end(struct process *p, struct bond *bond)
{
        cop_term tag = bond->tag;

        if (bond->alias == COP_ALIAS_EXPLICIT) {
                bond->kind = BOND_ALIAS;
                bond->tag = COP_NONE;
        } else {
                cop__bond_remove(&p->bonds, bond);
        }
        cop_release(tag);
}

/* The answer to the call the process waits for, or to one of its requests; else too late. */
static void on_reply(struct process *p, struct signal *signal)
{
        struct bond *bond;

        if (signal->ref == atomic_load_explicit(&p->await, memory_order_relaxed)) {
                atomic_store_explicit(&p->await, 0, memory_order_relaxed);
                p->reply = signal;
                return;
        }
        bond = cop__bond_find(&p->bonds, signal->ref);
        if (bond && bond->kind == BOND_REQUEST && !bond->tag.word)
                bond->tag = term_of((uint64_t)(uintptr_t)signal);
        else
                cop__signal_free(signal);
}

static void on_leader(struct process *p, struct signal *signal)
{
        atomic_store_explicit(&p->leader, signal->term.word, memory_order_relaxed);
        cop__signal_free(signal);
}

/* True: the process is to end. */
static bool receive(struct process *p, struct signal *signal)
{
        switch ((enum signal_kind)signal->kind) {
        case SIGNAL_MESSAGE:
                return on_message(p, signal);
        case SIGNAL_CAST:
        case SIGNAL_CALL:
                return mail(p, signal);
        case SIGNAL_HELD:
                return on_held(p, signal);
        case SIGNAL_SYSTEM:
                cop__mail_append(p, signal);
                return false;
        case SIGNAL_EXIT:
                return on_exit(p, signal);
        case SIGNAL_LINK_EXIT:
                return on_link_exit(p, signal);
        case SIGNAL_LINK:
                on_link(p, signal);
                return false;
        case SIGNAL_UNLINK:
                on_unlink(p, signal);
                return false;
        case SIGNAL_UNLINKED:
                on_unlinked(p, signal);
                return false;
        case SIGNAL_MONITOR:
                on_monitor(p, signal);
                return false;
        case SIGNAL_DEMONITOR:
                forget(p, signal, BOND_WATCHER);
                return false;
        case SIGNAL_DOWN:
                on_down(p, signal);
                return false;
        case SIGNAL_REPLY:
        case SIGNAL_NO_REPLY:
                on_reply(p, signal);
                return false;
        case SIGNAL_CANCEL:
                if (p->flags & HAS_QUOTAS)
                        cop__quota_cancel(p, signal->ref);
                forget(p, signal, BOND_CALLER);
                return false;
        case SIGNAL_LEADER:
                on_leader(p, signal);
                return false;
        case SIGNAL_INFO:
                cop__info_answer(p, signal);
                return false;
        case SIGNAL_NUDGE:
                cop__signal_free(signal);
                return false;
        }
        return false;
}

/* ---- at the end ---- */

/* Whom the signal is from hears noproc, but not before name and resources are free. */
static void note_late(struct process *p, struct signal *signal, enum bond_kind kind)
{
        uint64_t key = kind == BOND_LINK ? signal->from : signal->ref;
        struct bond *bond;

        if (kind == BOND_LINK && cop__links_has(&p->links, key)) {
                cop__signal_free(signal); /* will hear of the end as it is */
                return;
        }
        bond = cop__bond_find(&p->bonds, key);
        if (!bond)
                bond = cop__bond_add(&p->bonds, key, kind);
        if (!bond) {
                cop__answer_for_the_dead(signal, ATOM(noproc));
                return;
        }
        bond->kind = (uint8_t)kind;
        bond->other = signal->from;
        bond->late = true;
        cop__signal_free(signal);
}

/* A process that is ending: it is too late for new ties, and its reason is settled. True: a kill,
 * which ends a destructor that waits. */
static bool receive_late(struct process *p, struct signal *signal)
{
        bool kill = false;

        cop__quota_unadmit(p, signal);
        switch ((enum signal_kind)signal->kind) {
        case SIGNAL_LINK:
                note_late(p, signal, BOND_LINK);
                return false;
        case SIGNAL_MONITOR:
                note_late(p, signal, BOND_WATCHER);
                return false;
        case SIGNAL_CALL:
        case SIGNAL_SYSTEM:
        case SIGNAL_INFO:
                note_late(p, signal, BOND_CALLER);
                return false;
        case SIGNAL_LINK_EXIT:
                forget_link(p, signal->from);
                break;
        case SIGNAL_EXIT:
                kill = is_kill(signal);
                break;
        default:
                return receive(p, signal);
        }
        cop__signal_free(signal);
        return kill;
}

/* An exit that ends it, if what it is linked to does not matter. */
static bool may_end(const struct process *p, const struct signal *signal)
{
        bool is_exit = signal->kind == SIGNAL_EXIT;

        if ((!is_exit && signal->kind != SIGNAL_LINK_EXIT) || signal->to != pid_of(p))
                return false;
        if (is_exit && is_kill(signal))
                return true;
        return !(p->flags & (TRAPS_EXITS | IS_GUEST | IS_ENDING)) &&
               !is_atom_word(signal->term, ATOM(normal));
}

static bool would_end(const struct process *p, const struct signal *signal)
{
        if (!may_end(p, signal) || signal->kind == SIGNAL_EXIT)
                return may_end(p, signal);
        return cop__links_has(&p->links, signal->from);
}

static bool waits(const struct process *p,
                  bool (*counts)(const struct process *p, const struct signal *signal))
{
        uint64_t word = atomic_load_explicit(&p->inbox.word, memory_order_acquire) & INBOX_POINTER;
        const struct signal *signal = word < INBOX_STATES ? NULL : (struct signal *)(uintptr_t)word;

        for (; signal; signal = signal->next)
                if (counts(p, signal))
                        return true;
        return false;
}

bool cop__exit_may_wait(const struct process *p)
{
        return waits(p, may_end);
}

bool cop__exit_waits(const struct process *p)
{
        return waits(p, would_end);
}

bool cop__signals_take(struct process *p)
{
        uint64_t self = pid_of(p);
        bool over = false;
        struct signal *signal;

        /* Before taking: an exit that comes afterwards says so anew. */
        if (atomic_load_explicit(&p->exit_came, memory_order_relaxed))
                atomic_store_explicit(&p->exit_came, false, memory_order_relaxed);
        signal = cop__inbox_take(&p->inbox);
        while (signal) {
                struct signal *next = signal->next;

                if (signal->to != self)
                        cop__answer_for_the_dead(signal, ATOM(noproc));
                else if (p->flags & IS_ENDING)
                        over |= receive_late(p, signal);
                else
                        over |= receive(p, signal);
                signal = next;
        }
        return over;
}

void cop__signals_handle(struct process *p)
{
        if (atomic_load_explicit(&p->inbox.word, memory_order_relaxed) < INBOX_STATES)
                return;
        if (cop__signals_take(p))
                cop__exit_now(p, p->reason);
}
