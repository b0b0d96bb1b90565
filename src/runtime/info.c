/*
 * info.c: looking at processes.
 *
 * What stands in atomic fields of the control block is read from any thread, at once. What only the
 * process itself may touch (its bonds, its dictionary) it is asked for by a signal, which it
 * answers whenever it handles signals; a process that never does gets a second, then the answer is
 * "timeout".
 */
#include "runtime/guest.h"
#include "runtime/process.h"
#include "runtime/scheduler.h"
#include "term/node.h"
#include "term/pattern.h"

enum { ANSWER_MS = 1000, ANSWER_SOON_MS = 100, ITEM_ALIVE = -1, LENGTH_TRIES = 100 };

static struct process *living(cop_pid pid)
{
        struct process *p = tag_of(term_of(pid.word)) == TAG_PID ? cop__table_at(pid.word) : NULL;

        if (!p || !is_pid_of(p, pid.word) ||
            (atomic_load_explicit(&p->status, memory_order_relaxed) == STATUS_EXITING &&
             p != cop__self())) /* in its last act it may still look at itself */
                return NULL;
        return p;
}

/* ---- at once ---- */

static cop_term status_of(struct process *p)
{
        static const char *const names[] = {
                [STATUS_FREE] = "exiting",    [STATUS_RUNNABLE] = "runnable",
                [STATUS_RUNNING] = "running", [STATUS_WAITING] = "waiting",
                [STATUS_EXITING] = "exiting",
        };

        return cop_atom(names[atomic_load_explicit(&p->status, memory_order_relaxed)]);
}

/* What has left the inbox may stand in the mailbox already: so both are of one moment, or of two between
 * which the inbox did not change. Where it changes all the time, what is in it is left out. */
static cop_term queue_length(struct process *p)
{
        uint32_t mail = 0;
        int tries = 0;

        while (tries++ < LENGTH_TRIES) {
                uint64_t word = atomic_load_explicit(&p->inbox.word, memory_order_acquire);

                mail = atomic_load_explicit(&p->mail_count, memory_order_acquire);
                if (atomic_load_explicit(&p->inbox.word, memory_order_relaxed) == word)
                        return cop_uint(mail + (word >> INBOX_COUNT_SHIFT));
        }
        return cop_uint(mail);
}

static cop_term name_of(struct process *p)
{
        uint64_t name = atomic_load_explicit(&p->name, memory_order_relaxed);

        return name && name != NAME_DEAD ? term_of(name) : cop_nil();
}

static cop_term leader_of(struct process *p)
{
        return term_of(atomic_load_explicit(&p->leader, memory_order_relaxed));
}

static cop_term reductions_of(struct process *p)
{
        return cop_uint(atomic_load_explicit(&p->reductions, memory_order_relaxed));
}

/* A wait's deadline is set when its scheduler comes to rest: ask when all is quiet. */
static cop_term waits_for_time(struct process *p)
{
        return cop_bool(atomic_load_explicit(&p->status, memory_order_relaxed) == STATUS_WAITING &&
                        atomic_load_explicit(&p->deadline_ns, memory_order_relaxed) != INT64_MAX);
}

/* ---- by the process itself ---- */

static cop_term bonds_of(struct process *p, enum bond_kind kind)
{
        cop_term list = cop_nil();
        struct bond *bond;
        uint32_t at = 0;

        while ((bond = cop__bond_next(&p->bonds, &at))) {
                if (bond->kind != kind || (kind == BOND_MONITOR && bond->other == pid_of(p)))
                        continue; /* a monitor of oneself never fires: it is none */
                if (kind == BOND_WATCHER)
                        list = cop_cons(term_of(bond->other), list);
                else if (bond->name.word)
                        list = cop_cons(
                                cop_build("{process, {Name, Node}}", bond->name, cop__node_name()),
                                list);
                else
                        list = cop_cons(cop_build("{process, Pid}", term_of(bond->other)), list);
        }
        return list;
}

static cop_term links_of(struct process *p)
{
        cop_term list = cop_nil();
        uint32_t at = 0;
        uint64_t pid;

        while ((pid = cop__links_next(&p->links, &at)))
                list = cop_cons(term_of(pid), list);
        return list;
}

static cop_term monitors_of(struct process *p)
{
        return bonds_of(p, BOND_MONITOR);
}

static cop_term monitored_by(struct process *p)
{
        return bonds_of(p, BOND_WATCHER);
}

static cop_term dictionary_of(struct process *p)
{
        cop_term list = cop_nil();
        size_t i;

        if (!p->dictionary.word)
                return list;
        for (i = cop_map_size(p->dictionary); i-- > 0;)
                list = cop_cons(cop_build("{Key, Value}", cop_map_key(p->dictionary, i),
                                          cop_map_value(p->dictionary, i)),
                                list);
        return list;
}

static cop_term trap_exit_of(struct process *p)
{
        return cop_bool(p->flags & TRAPS_EXITS);
}

static cop_term label_of(struct process *p)
{
        return p->label.word ? p->label : ATOM(undefined);
}

static cop_term parent_of(struct process *p)
{
        return p->parent ? term_of(p->parent) : ATOM(undefined);
}

/* A handler's name; a plain process is known by the address of its function. */
static cop_term initial_call_of(struct process *p)
{
        if (p->flags & IS_HANDLER)
                return p->handler->name ? cop_atom(p->handler->name) : ATOM(undefined);
        return cop_uint((uint64_t)(uintptr_t)p->code);
}

static cop_term priority_of(struct process *p)
{
        static const char *const names[] = { [COP_PRIORITY_NORMAL] = "normal",
                                             [COP_PRIORITY_LOW] = "low",
                                             [COP_PRIORITY_HIGH] = "high" };

        return cop_atom(names[p->priority]);
}

static cop_term messages_of(struct process *p)
{
        cop_term list = cop_nil();
        const struct signal *signal;

        for (signal = p->mail; signal; signal = signal->next)
                list = cop_cons(cop__signal_as_message(here(), signal), list);
        return cop_reverse(list);
}

static cop_term memory_of(struct process *p)
{
        size_t size = sizeof(*p) + p->memory + p->bonds.room * sizeof(struct bond) +
                      p->links.room * sizeof(uint64_t);
        const struct kept *kept;

        for (kept = p->kept; kept; kept = kept->next)
                size += sizeof(*kept) + kept->words * sizeof(uint64_t);
        if (p->stack)
                size += cop__region_words(&p->stack->region) * sizeof(uint64_t);
        return cop_uint(size);
}

/* What there is to ask, once. */
static const struct {
        const char *item;
        cop_term (*at_once)(struct process *);
        cop_term (*by_itself)(struct process *);
} items[] = {
        { "status", status_of, NULL },
        { "message_queue_len", queue_length, NULL },
        { "registered_name", name_of, NULL },
        { "group_leader", leader_of, NULL },
        { "reductions", reductions_of, NULL },
        { "links", NULL, links_of },
        { "monitors", NULL, monitors_of },
        { "monitored_by", NULL, monitored_by },
        { "dictionary", NULL, dictionary_of },
        { "trap_exit", NULL, trap_exit_of },
        { "label", NULL, label_of },
        { "parent", NULL, parent_of },
        { "priority", NULL, priority_of },
        { "messages", NULL, messages_of },
        { "memory", NULL, memory_of },
        { "initial_call", NULL, initial_call_of },
        { "waits_for_time", waits_for_time, NULL },
};

enum { ITEMS = sizeof(items) / sizeof(*items) };

static size_t item_index(const char *item)
{
        size_t i;

        for (i = 0; i < ITEMS; i++) {
                if (__builtin_strcmp(items[i].item, item) == 0)
                        return i;
        }
        cop__fail_badarg(COP_HERE);
}

void cop__info_answer(struct process *p, struct signal *question)
{
        int64_t i = small_value(question->term);
        cop_term answer = i == ITEM_ALIVE ? ATOM(true) : items[i].by_itself(p);
        struct signal *reply = cop__signal_with(SIGNAL_REPLY, question->from, answer);

        if (reply) {
                reply->from = pid_of(p);
                reply->ref = question->ref;
                if (!cop__deliver(reply))
                        cop__signal_free(reply);
        }
        cop__signal_free(question);
}

/* ---- asking ---- */

static cop_term ask(cop_pid pid, int64_t i, int64_t timeout_ms)
{
        struct process *self = cop__self();
        struct signal *question = cop__signal_with(SIGNAL_INFO, pid.word, small_term(i));
        cop_term result;

        if (!question)
                cop__fail_limit("memory");
        if (pid.word == pid_of(self)) {
                cop__signal_free(question);
                return items[i].by_itself(self);
        }
        if (cop__ask(self, question, timeout_ms, &result))
                return result;
        return result.word == ATOM(timeout).word ? result : COP_NONE;
}

/*
 * The question is a signal as any other, so that it does not overtake an exit signal of the same
 * sender; and the answer of the dead comes after their names and what they owned are free. Who
 * sleeps and has nothing to handle lives: that needs no question. Who has nothing in its inbox may
 * just be handling what was there, which is soon done, or run for long.
 */
bool cop_is_alive(cop_pid pid)
{
        struct process *p = tag_of(term_of(pid.word)) == TAG_PID ? cop__table_at(pid.word) : NULL;
        uint64_t inbox;

        if (!p || !is_pid_of(p, pid.word))
                return false;
        inbox = atomic_load_explicit(&p->inbox.word, memory_order_acquire);
        if (inbox == INBOX_PARKED || atomic_load_explicit(&p->is_guest, memory_order_relaxed))
                return is_pid_of(p, pid.word);
        return pid.word == pid_of(cop__self()) ||
               !cop_is_none(
                       ask(pid, ITEM_ALIVE, inbox == INBOX_EMPTY ? ANSWER_SOON_MS : ANSWER_MS));
}

cop_term cop_process_info(cop_pid pid, const char *item)
{
        size_t i = item_index(item);
        struct process *p = living(pid);

        if (!p)
                return COP_NONE;
        return items[i].at_once ? items[i].at_once(p) : ask(pid, (int64_t)i, ANSWER_MS);
}

static cop_term processes(uint64_t leader)
{
        cop_term list = cop_nil();
        uint32_t i;

        for (i = cop__table_slots(); i-- > 0;) {
                struct process *p = cop__table_slot(i);
                uint64_t pid = p ? pid_of(p) : 0;

                if (pid && !atomic_load_explicit(&p->is_guest, memory_order_relaxed) &&
                    (!leader || atomic_load_explicit(&p->leader, memory_order_relaxed) == leader))
                        list = cop_cons(term_of(pid), list);
        }
        return list;
}

cop_term cop_processes(void)
{
        return processes(0);
}

cop_term cop_processes_of(cop_pid group_leader)
{
        return processes(group_leader.word);
}

size_t cop_process_count(void)
{
        return cop__table_count() - cop__guest_count() - cop__lingering_count();
}
