/*
 * quota.c: limits of a process.
 *
 * memory    What a process has is what it allocated (own.c), its mailbox, what it keeps, what its
 *           region took over, and the region. All but the region are counted; the region gets the
 *           rest as its limit, so making terms costs nothing more. Kept terms and what the region
 *           took over are counted when they come and not when they go: when there seems to be too
 *           much they are counted anew. Shared bytes count with everybody who refers to them.
 * inbox     The limit is on messages, casts and calls. Exits, monitors, answers and system messages
 *           always get in: they are what a process is looked after with. The receiver decides, when
 *           a message gets into its mailbox. Senders look first, so that a receiver that is busy
 *           does not drown: they see what is in the mailbox (mail_count) and what is on its way
 *           (inbox_sent, which goes on for ever: each signal that was added takes itself off again,
 *           whoever the receiver is by then).
 * block     A sender that finds no room sends its message inside of another signal, and waits for
 *           the answer to that as to a call. The receiver keeps such signals in line and lets them
 *           in one by one as it takes messages out. Calls need no such thing: their senders wait
 *           anyway, so they just stand in line.
 *
 * turn      The monitor looks at how long turns last (monitor.c).
 *
 * Invariant Nobody is held while there is room. A held signal is answered, or cancelled by its
 *           sender, or answered as by the dead.
 *
 * LIMIT: under COP_INBOX_EXIT and COP_INBOX_DROP_OLD messages to a process that does not look at its
 * inbox pile up until it does.
 */
#include "runtime/quota.h"

#include "base/alloc.h"
#include "runtime/scheduler.h"

enum { POLICY_SHIFT = 30, BLOCK_FOR_EVER = UINT16_MAX };

#define INBOX_MAX_MOST (((uint32_t)1 << POLICY_SHIFT) - 1)

cop_term cop__quota_memory, cop__quota_inbox, cop__quota_turn;

static struct constant_pair quota_memory, quota_inbox, quota_turn;

__attribute__((constructor)) static void make_reasons(void)
{
        cop__quota_memory = constant_pair(&quota_memory, ATOM(quota), ATOM(memory));
        cop__quota_inbox = constant_pair(&quota_inbox, ATOM(quota), ATOM(inbox));
        cop__quota_turn = constant_pair(&quota_turn, ATOM(quota), ATOM(turn));
}

/* ---- birth and death ---- */

static void set_inbox(struct quotas *quotas, const struct cop_spawn_options *o)
{
        int64_t block_ms = o->inbox_block_ms ? o->inbox_block_ms : INBOX_BLOCK_MS_DEFAULT;

        quotas->inbox_max = o->inbox_max < INBOX_MAX_MOST ? (uint32_t)o->inbox_max : INBOX_MAX_MOST;
        quotas->inbox_policy = (uint8_t)o->inbox_policy;
        quotas->inbox_block_ms = block_ms < 0 ? BLOCK_FOR_EVER : (uint16_t)block_ms;
}

/* What others have to know of it. */
static void publish(struct process *p)
{
        const struct quotas *q = p->quotas;

        atomic_store_explicit(&p->turn_max_ms, q->turn_max_ms, memory_order_relaxed);
        if (!q->inbox_max)
                return;
        atomic_store_explicit(&p->inbox_block_ms, q->inbox_block_ms, memory_order_relaxed);
        atomic_store_explicit(&p->inbox_limit,
                              q->inbox_max | (uint32_t)q->inbox_policy << POLICY_SHIFT,
                              memory_order_relaxed);
}

bool cop__quotas_give(struct process *p, const struct quotas *parent,
                      const struct cop_spawn_options *o)
{
        bool inherits = parent && parent->inherit;
        struct quotas *quotas;

        if (!inherits && !o->memory_max && !o->inbox_max && !o->max_turn_ms)
                return true;
        quotas = cop__alloc_zeroed(sizeof(*quotas));
        if (!quotas)
                return false;
        if (inherits) {
                quotas->memory_max = parent->memory_max;
                quotas->turn_max_ms = parent->turn_max_ms;
                quotas->inbox_max = parent->inbox_max;
                quotas->inbox_policy = parent->inbox_policy;
                quotas->inbox_block_ms = parent->inbox_block_ms;
        }
        if (o->memory_max)
                quotas->memory_max = o->memory_max;
        if (o->max_turn_ms)
                quotas->turn_max_ms =
                        o->max_turn_ms < UINT32_MAX ? (uint32_t)o->max_turn_ms : UINT32_MAX;
        if (o->inbox_max)
                set_inbox(quotas, o);
        quotas->inherit = o->inherit_quotas || inherits;
        quotas->held_end = &quotas->held;
        p->quotas = quotas;
        publish(p);
        return true;
}

void cop__quotas_free(struct process *p)
{
        cop__free(p->quotas);
        p->quotas = NULL;
}

void cop__quota_bury(struct process *p)
{
        struct quotas *q = p->quotas;

        if (!q->held)
                return;
        *q->held_end = p->mail;
        p->mail = q->held;
        q->held = NULL;
        q->held_end = &q->held;
}

/* ---- memory ---- */

size_t cop__quota_turn_bytes(const struct process *p)
{
        const struct region *region = p->stack ? &p->stack->region : NULL;
        size_t words;

        if (!region || !region->newest)
                return 0;
        words = region->used_words + (size_t)(region->top - region->newest->words);
        return words * sizeof(uint64_t);
}

/* Without the region. */
static size_t counted(struct process *p)
{
        struct quotas *q = p->quotas;

        if (q->adopted && (!p->stack || p->stack->region.turn != q->adopted_turn))
                q->adopted = 0;
        return p->memory + q->kept + q->adopted;
}

/* With the shared bytes that it refers to: they are everybody's who does. */
static size_t size_of(const struct signal *signal)
{
        return sizeof(*signal) + signal->words * sizeof(uint64_t) +
               cop__shared_size(signal->shared);
}

/* What seems to be too much may be: nobody counts what is released. */
static void count_anew(struct process *p)
{
        struct quotas *q = p->quotas;
        const struct adopted *adopted;
        const struct kept *kept;

        q->kept = q->adopted = 0;
        for (kept = p->kept; kept; kept = kept->next)
                q->kept += sizeof(*kept) + kept->words * sizeof(uint64_t) +
                           cop__shared_size(kept->shared);
        if (!p->stack)
                return;
        q->adopted_turn = p->stack->region.turn;
        q->adopted = cop__shared_size(p->stack->region.shared);
        for (adopted = p->stack->region.adopted; adopted; adopted = adopted->next)
                q->adopted += size_of((const struct signal *)adopted);
}

/* Its region has taken over something. */
static void adopt(struct process *p, size_t size)
{
        struct quotas *q = p->quotas;

        if (q->adopted_turn != p->stack->region.turn)
                q->adopted = 0;
        q->adopted_turn = p->stack->region.turn;
        q->adopted += size;
}

bool cop__quota_allows(struct process *p, size_t more)
{
        const struct quotas *q = p->quotas;
        size_t has;

        if (!q || !q->memory_max)
                return true;
        has = counted(p) + cop__quota_turn_bytes(p);
        if (more <= q->memory_max && has <= q->memory_max - more)
                return true;
        count_anew(p);
        has = counted(p) + cop__quota_turn_bytes(p);
        return more <= q->memory_max && has <= q->memory_max - more;
}

void cop__quota_note(struct process *p)
{
        const struct quotas *q = p->quotas;
        size_t has, words;

        if (!q || !q->memory_max || !p->stack)
                return;
        has = counted(p);
        words = has < q->memory_max ? (q->memory_max - has) / sizeof(uint64_t) : 0;
        p->stack->region.most_words = words ? words : 1; /* 0 would be no limit */
}

bool cop__quota_keep(struct process *p, size_t bytes)
{
        if (!cop__quota_allows(p, bytes)) {
                p->quotas->refused = true;
                return false;
        }
        p->quotas->kept += bytes;
        cop__quota_note(p);
        return true;
}

bool cop__quota_share(struct process *p, size_t bytes)
{
        if (!cop__quota_allows(p, bytes)) {
                p->quotas->refused = true;
                return false;
        }
        adopt(p, bytes);
        cop__quota_note(p);
        return true;
}

bool cop__quota_past_limit(struct process *p)
{
        size_t before = p->stack->region.most_words;

        count_anew(p);
        cop__quota_note(p);
        p->quotas->refused = p->stack->region.most_words <= before;
        return !p->quotas->refused;
}

bool cop__quota_refused(struct process *p)
{
        bool refused = p->quotas && p->quotas->refused;

        if (refused)
                p->quotas->refused = false;
        return refused;
}

void cop__quota_put(struct process *p, const struct signal *message)
{
        p->memory += size_of(message);
}

static void let_in(struct process *p);

void cop__quota_taken(struct process *p, const struct signal *message)
{
        size_t size = size_of(message);

        p->memory -= size;
        if (p->stack)
                adopt(p, size);
        if (p->quotas->held)
                let_in(p);
        cop__quota_note(p);
}

/* ---- the inbox: senders ---- */

static bool is_ordinary(const struct signal *signal)
{
        return (signal->kind == SIGNAL_MESSAGE || signal->kind == SIGNAL_CAST ||
                signal->kind == SIGNAL_CALL) &&
               !(signal->lane & LANE_CONTROL);
}

/* Of the process that the signal is for: who has only just begun may still look like its
 * predecessor. */
static uint32_t limit_for(struct process *p, const struct signal *signal)
{
        /* pairs with the release in open_inbox (spawn.c) */
        if (atomic_load_explicit(&p->pid, memory_order_acquire) != signal->to)
                return 0;
        return atomic_load_explicit(&p->inbox_limit, memory_order_relaxed);
}

static uint32_t policy_of(uint32_t limit)
{
        return limit >> POLICY_SHIFT;
}

static bool is_full(struct process *p, uint32_t limit)
{
        return atomic_load_explicit(&p->mail_count, memory_order_relaxed) +
                       atomic_load_explicit(&p->inbox_sent, memory_order_relaxed) >=
               (limit & INBOX_MAX_MOST);
}

/* The same, but a message on its way from the one count to the other is counted twice rather than not at all: the
 * sender that waits for nothing is let in at once, the one that does not wait would be one too many. */
static bool seems_full(struct process *p, uint32_t limit)
{
        /* pairs with the release in cop__quota_receive */
        uint32_t sent = atomic_load_explicit(&p->inbox_sent, memory_order_acquire);

        return sent + atomic_load_explicit(&p->mail_count, memory_order_relaxed) >=
               (limit & INBOX_MAX_MOST);
}

/* A message that does not get in: whoever called hears of it. */
static void refuse(struct signal *signal)
{
        cop__answer_for_the_dead(signal, cop__quota_inbox);
}

bool cop__quota_admit(struct process *p, struct signal *signal)
{
        uint32_t limit = limit_for(p, signal);

        if (!limit || !is_ordinary(signal))
                return true;
        if (policy_of(limit) == COP_INBOX_DROP_NEW && is_full(p, limit)) {
                refuse(signal);
                return false;
        }
        signal->lane |= LANE_COUNTED;
        atomic_fetch_add_explicit(&p->inbox_sent, 1, memory_order_relaxed);
        return true;
}

void cop__quota_unadmit(struct process *p, struct signal *signal)
{
        if (!(signal->lane & LANE_COUNTED))
                return;
        signal->lane &= (uint8_t)~LANE_COUNTED;
        atomic_fetch_sub_explicit(&p->inbox_sent, 1, memory_order_release);
}

bool cop__quota_is_full_for(struct process *p, const struct signal *signal)
{
        uint32_t limit = limit_for(p, signal);

        return limit && policy_of(limit) == COP_INBOX_BLOCK && is_ordinary(signal) &&
               seems_full(p, limit);
}

void cop__quota_drop_held(struct signal *signal)
{
        if (signal && signal->kind == SIGNAL_HELD)
                cop__signal_free((struct signal *)(uintptr_t)signal->term.word);
        cop__signal_free(signal);
}

static COP_NORETURN void give_up(void)
{
        cop__raise(FAIL_EXIT, cop__quota_inbox, NULL);
}

void cop__quota_wait(struct process *sender, struct process *p, struct signal *signal)
{
        uint16_t block_ms = atomic_load_explicit(&p->inbox_block_ms, memory_order_relaxed);
        uint64_t to = signal->to;
        struct signal *held;
        cop_term result;

        if (to == pid_of(sender)) { /* there will be no room while it waits */
                cop__signal_free(signal);
                give_up();
        }
        held = cop__signal_new(SIGNAL_HELD, to, 0);
        if (!held) {
                cop__signal_free(signal);
                cop__fail_limit("memory");
        }
        held->term = term_of((uint64_t)(uintptr_t)signal);
        if (cop__ask(sender, held, block_ms == BLOCK_FOR_EVER ? COP_FOREVER : block_ms, &result))
                return;
        if (is_pid_of(p, to) && result.word == ATOM(timeout).word)
                give_up();
}

/* ---- the inbox: the receiver ---- */

static bool put(struct process *p, struct signal *signal, cop_term *reason)
{
        cop__mail_append(p, signal);
        if (cop__quota_allows(p, 0))
                return false;
        *reason = cop__quota_memory;
        return true;
}

static void drop_oldest(struct process *p)
{
        struct signal **at = &p->mail, *oldest;

        while (*at && !is_ordinary(*at))
                at = &(*at)->next;
        oldest = *at;
        if (!oldest)
                return;
        *at = oldest->next;
        if (p->mail_end == &oldest->next)
                p->mail_end = at;
        if (p->scan == &oldest->next)
                p->scan = at;
        atomic_store_explicit(&p->mail_count, p->mail_count - 1, memory_order_relaxed);
        p->memory -= size_of(oldest);
        refuse(oldest);
}

static void stand_in_line(struct quotas *q, struct signal *signal)
{
        signal->next = NULL;
        *q->held_end = signal;
        q->held_end = &signal->next;
}

static bool has_room(const struct process *p)
{
        return p->mail_count < p->quotas->inbox_max;
}

static bool receive(struct process *p, struct signal *signal, cop_term *reason)
{
        struct quotas *q = p->quotas;

        if (!q->inbox_max || (has_room(p) && !q->held))
                return put(p, signal, reason);
        switch ((enum cop_inbox_policy)q->inbox_policy) {
        case COP_INBOX_EXIT:
                cop__mail_append(p, signal);
                *reason = cop__quota_inbox;
                return true;
        case COP_INBOX_DROP_NEW:
                refuse(signal);
                return false;
        case COP_INBOX_DROP_OLD:
                drop_oldest(p);
                break;
        case COP_INBOX_BLOCK:
                if (signal->kind == SIGNAL_CALL) {
                        stand_in_line(q, signal);
                        return false;
                }
                break; /* there was room when it was sent */
        }
        return put(p, signal, reason);
}

bool cop__quota_receive(struct process *p, struct signal *signal, cop_term *reason)
{
        bool blocks = p->quotas->inbox_policy == COP_INBOX_BLOCK;
        bool counted_on_its_way = signal->lane & LANE_COUNTED;
        bool ends;

        if (!blocks) {
                cop__quota_unadmit(p, signal);
                return receive(p, signal, reason);
        }
        /* In the mailbox first; then the signal may be anybody's. */
        signal->lane &= (uint8_t)~LANE_COUNTED;
        ends = receive(p, signal, reason);
        if (counted_on_its_way)
                atomic_fetch_sub_explicit(&p->inbox_sent, 1, memory_order_release);
        return ends;
}

/* The message of a sender that waited, who is told so by the same signal. */
static struct signal *release_sender(struct process *p, struct signal *held)
{
        struct signal *message = (struct signal *)(uintptr_t)held->term.word;

        held->kind = SIGNAL_REPLY;
        held->to = held->from;
        held->from = pid_of(p);
        held->term = ATOM(ok);
        if (!cop__deliver(held))
                cop__signal_free(held);
        return message;
}

bool cop__quota_hold(struct process *p, struct signal *signal, cop_term *reason)
{
        if (!has_room(p) || p->quotas->held) {
                stand_in_line(p->quotas, signal);
                return false;
        }
        return put(p, release_sender(p, signal), reason);
}

static void let_in(struct process *p)
{
        struct quotas *q = p->quotas;

        while (q->held && has_room(p)) {
                struct signal *signal = q->held;

                q->held = signal->next;
                if (!q->held)
                        q->held_end = &q->held;
                cop__mail_append(p,
                                 signal->kind == SIGNAL_HELD ? release_sender(p, signal) : signal);
        }
}

void cop__quota_cancel(struct process *p, uint64_t ref)
{
        struct quotas *q = p->quotas;
        struct signal **at = &q->held, *signal;

        while (*at && (*at)->ref != ref)
                at = &(*at)->next;
        signal = *at;
        if (!signal)
                return;
        *at = signal->next;
        if (q->held_end == &signal->next)
                q->held_end = at;
        cop__quota_drop_held(signal);
}
