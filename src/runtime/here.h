/*
 * here.h: delivering to who runs on the calling thread, without its inbox.
 *
 * Who is in a queue of the calling thread's scheduler is that thread's, as is who was parked and is
 * about to be put there. So messages and answers go straight to where their receiver would put them,
 * and no atomic instruction is needed for them. Not past what is in its inbox: that came before.
 *
 * Invariant  queued_at is written inside of the scheduler's lock, so who finds its own mark there,
 *            inside as well, has the process for as long as it is.
 */
#ifndef COP_RUNTIME_HERE_H
#define COP_RUNTIME_HERE_H

#include "runtime/process.h"
#include "runtime/quota.h"
#include "runtime/scheduler.h"

/* They do no more to their receiver than to stand in its mailbox, or to be its answer. */
static inline bool is_simple(const struct signal *signal)
{
        const unsigned simple =
                1u << SIGNAL_MESSAGE | 1u << SIGNAL_CAST | 1u << SIGNAL_CALL | 1u << SIGNAL_REPLY;

        return simple >> signal->kind & 1;
}

/* What the receiver would do with it next, which is the caller's just now. False: it is not simple. */
static inline bool take_at_once(struct process *p, struct signal *signal)
{
        if (p->flags & (IS_ENDING | HAS_QUOTAS | IS_GUEST) || !is_pid_of(p, signal->to))
                return false;
        if (signal->kind == SIGNAL_REPLY) {
                if (signal->ref != atomic_load_explicit(&p->await, memory_order_relaxed))
                        return false;
                atomic_store_explicit(&p->await, 0, memory_order_relaxed);
                p->reply = signal;
                return true;
        }
        if (signal->kind == SIGNAL_MESSAGE && signal->ref)
                return false;
        cop__mail_append(p, signal);
        return true;
}

static inline bool is_in_queue_of(const struct scheduler *s, const struct process *p)
{
        return atomic_load_explicit(&p->queued_at, memory_order_relaxed) == s->mark;
}

static inline bool give_to_queued(struct scheduler *s, struct process *p, struct signal *signal)
{
        bool taken;

        cop__biased_lock_enter(&s->lock);
        taken = is_in_queue_of(s, p) &&
                atomic_load_explicit(&p->inbox.word, memory_order_relaxed) == INBOX_EMPTY &&
                take_at_once(p, signal);
        cop__biased_lock_leave(&s->lock);
        return taken;
}

/* A parked one that is to run here becomes the caller's. False: it was not parked. *mine: it is the
 * caller's still, with the signal; otherwise it has been put where it runs. */
static inline bool wake_with(struct scheduler *s, struct process *p, struct signal *signal,
                             bool *mine)
{
        if (atomic_load_explicit(&p->inbox.word, memory_order_relaxed) != INBOX_PARKED ||
            atomic_load_explicit(&p->is_guest, memory_order_relaxed) || !cop__inbox_wake(&p->inbox))
                return false;
        *mine = (!p->stack || p->home == s) && take_at_once(p, signal);
        if (!*mine) {
                cop__inbox_push(&p->inbox, signal);
                cop__enqueue(p);
        }
        return true;
}

/* False: it has to go through the inbox. */
static inline bool deliver_here(struct scheduler *s, struct process *sender, struct process *p,
                                struct signal *signal)
{
        bool mine;

        if (is_in_queue_of(s, p)) {
                if (!give_to_queued(s, p, signal))
                        return false;
                if (sender && atomic_load_explicit(&p->mail_count, memory_order_relaxed) > CROWDED)
                        sender->budget -= WORK_CROWDED;
                return true;
        }
        if (!wake_with(s, p, signal, &mine))
                return false;
        if (mine)
                cop__enqueue_here(s, p);
        return true;
}

#endif
