/*
 * spawn.c: how a process begins.
 *
 * The parent makes all of it: block, state, argument, links and monitors on both sides. Only then
 * does it open the inbox and put the process into a queue, so nobody ever sees half of one. Until
 * then whatever fails is undone here.
 */
#include <string.h>

#include "base/alloc.h"
#include "runtime/process.h"
#include "runtime/quota.h"
#include "runtime/scheduler.h"

/* What is known of a process before it is one. */
struct birth {
        struct process *parent, *child;
        uint64_t pid;
        uint64_t monitor; /* reference; 0: none */
        uint64_t ref;     /* of the parent's call */
        const struct cop_spawn_options *options;
        unsigned flags;
        const void *code; /* its function, or handler */
        void *state;      /* a handler's, or argument of a pointer_fn */
        cop_term argument;
        cop_term label; /* kept by the parent until it is given to the child */
        bool is_called; /* the argument is its first message, a call of the parent's */
};

void cop__process_wipe(struct process *p)
{
        size_t kept = offsetof(struct process, flags);

        /* Others may still look at these, thinking of its last user. */
        atomic_store_explicit(&p->await, 0, memory_order_relaxed);
        atomic_store_explicit(&p->name, 0, memory_order_relaxed);
        atomic_store_explicit(&p->deadline_ns, INT64_MAX, memory_order_relaxed);
        atomic_store_explicit(&p->mail_count, 0, memory_order_relaxed);
        atomic_store_explicit(&p->is_guest, false, memory_order_relaxed);
        atomic_store_explicit(&p->queued_at, 0, memory_order_relaxed);
        atomic_store_explicit(&p->inbox_limit, 0, memory_order_relaxed);
        atomic_store_explicit(&p->turn_max_ms, 0, memory_order_relaxed);
        atomic_store_explicit(&p->status, STATUS_RUNNABLE, memory_order_relaxed);
        memset((char *)p + kept, 0, sizeof(*p) - kept);
        p->mail_end = p->scan = &p->mail;
        p->handler_timeout_ns = INT64_MAX;
}

/* The argument: in the block itself where it is one word. */
static bool add_argument(struct birth *b)
{
        if (!b->is_called && (!b->argument.word || !has_memory(b->argument))) {
                b->child->reason = b->argument;
                return true;
        }
        b->child->argument = cop__signal_with(b->is_called ? SIGNAL_SYSTEM : SIGNAL_MESSAGE, b->pid,
                                              b->argument);
        return b->child->argument != NULL;
}

static bool add_link(struct birth *b)
{
        return !b->options->link || (cop__links_add(&b->child->links, pid_of(b->parent)) &&
                                     cop__links_add(&b->parent->links, b->pid));
}

static bool add_monitor(struct birth *b)
{
        struct bond *watcher, *monitor;

        if (!b->options->monitor)
                return true;
        b->monitor = new_ref(b->parent);
        watcher = cop__bond_add(&b->child->bonds, b->monitor, BOND_WATCHER);
        monitor = cop__bond_add(&b->parent->bonds, b->monitor, BOND_MONITOR);
        if (monitor)
                monitor->other = b->pid;
        if (!watcher || !monitor)
                return false;
        watcher->other = pid_of(b->parent);
        b->options->monitor->word = b->monitor;
        return true;
}

static void remove_bond(struct process *p, uint64_t key)
{
        struct bond *bond = key ? cop__bond_find(&p->bonds, key) : NULL;

        if (bond)
                cop__bond_remove(&p->bonds, bond);
}

/* Nobody has seen it yet. */
static void undo(struct birth *b)
{
        struct process *p = b->child;

        cop__links_remove(&b->parent->links, b->pid);
        remove_bond(b->parent, b->monitor);
        cop__bonds_release(&p->bonds);
        cop__links_release(&p->links);
        cop__signal_free(p->argument);
        cop__quotas_free(p);
        cop__process_wipe(p);
        cop__table_give(p);
}

static uint32_t stack_kb(size_t bytes)
{
        return bytes / 1024 < UINT32_MAX ? (uint32_t)((bytes + 1023) / 1024) : UINT32_MAX;
}

static void take_over(struct birth *b)
{
        const struct cop_spawn_options *o = b->options;
        struct process *p = b->child;

        p->flags = (uint16_t)(b->flags | (o->trap_exits ? TRAPS_EXITS : 0) |
                              (p->quotas ? HAS_QUOTAS : 0));
        p->code = b->code;
        p->state = b->state;
        p->priority = (uint8_t)o->priority;
        p->stack_size = stack_kb(o->stack_size ? o->stack_size : cop__system.stack_size);
        p->parent = b->parent->flags & IS_GUEST ? 0 : pid_of(b->parent);
        atomic_store_explicit(&p->leader,
                              o->group_leader.word ? o->group_leader.word : b->parent->leader,
                              memory_order_relaxed);
}

/* Everything that may fail. Returns NULL, or what is used up; then nothing is left of it. */
static const char *conceive(struct birth *b)
{
        b->child = cop__table_take(&b->pid);
        if (!b->child)
                return "processes";
        cop__process_wipe(b->child);
        if (cop__quotas_give(b->child, b->parent->quotas, b->options) && add_argument(b) &&
            add_link(b) && add_monitor(b))
                return NULL;
        undo(b);
        return "memory";
}

/* From here on others may know it: by its name, even before it is in a queue. */
static void open_inbox(struct birth *b)
{
        struct process *p = b->child;

        cop__kept_give(b->label, &p->kept);
        p->label = b->label;
        atomic_store_explicit(&p->timers_of, b->pid, memory_order_relaxed);
        atomic_store_explicit(&p->pid, b->pid, memory_order_release);
        atomic_store_explicit(&p->inbox.word, INBOX_EMPTY, memory_order_release);
}

/* Its name was taken, so nobody knows it. */
static void close_inbox(struct birth *b)
{
        struct process *p = b->child;

        cop__inbox_close(&p->inbox);
        cop__kept_free_all(&p->kept);
        b->label = COP_NONE;
}

static void check_options(const struct birth *b)
{
        const struct cop_spawn_options *o = b->options;

        if ((b->parent->flags & IS_GUEST && o->link) || (unsigned)o->priority > COP_PRIORITY_HIGH ||
            (unsigned)o->inbox_policy > COP_INBOX_BLOCK || o->inbox_block_ms < COP_FOREVER ||
            o->inbox_block_ms > INBOX_BLOCK_MS_MOST || o->max_turn_ms < 0)
                cop__fail_badarg(COP_HERE);
}

/* The first message, from which on the parent waits for an answer. */
static void make_call(struct birth *b)
{
        struct signal *call = b->child->argument;

        b->child->argument = NULL;
        cop__expect_answer(b->parent, call);
        b->ref = call->ref;
        cop__mail_append(b->child, call);
}

/* There will be no process to free its state at its end. */
static COP_NORETURN void fail(struct birth *b, const char *used_up)
{
        if (b->flags & IS_HANDLER)
                cop__free(b->state);
        cop_release(b->label);
        if (!used_up)
                cop__fail_badarg(COP_HERE);
        cop__fail_limit(used_up);
}

/* All of it; then it belongs into a queue. */
static void make(struct birth *b)
{
        cop_term name = b->options->name ? cop_atom(b->options->name) : COP_NONE;
        const char *used_up = conceive(b);

        if (used_up)
                fail(b, used_up);
        take_over(b);
        open_inbox(b);
        if (name.word && !cop__name_give(b->child, b->pid, name)) {
                close_inbox(b);
                undo(b);
                fail(b, NULL);
        }
}

static cop_pid spawn(struct birth *b)
{
        make(b);
        cop__enqueue(b->child);
        cop__reductions(b->parent, WORK_SPAWN);
        return (cop_pid){ b->pid };
}

cop_pid cop_spawn_with(cop_process_fn *fn, cop_term argument,
                       const struct cop_spawn_options *options)
{
        struct birth b = { .parent = cop__self(),
                           .options = options,
                           .flags = HAS_ARGUMENT,
                           .code = (const void *)fn,
                           .argument = argument };

        check_options(&b);
        b.label = cop_keep(options->label);
        return spawn(&b);
}

cop_pid cop_spawn_pointer_with(cop_pointer_fn *fn, void *argument,
                               const struct cop_spawn_options *options)
{
        struct birth b = { .parent = cop__self(),
                           .options = options,
                           .flags = TAKES_POINTER,
                           .code = (const void *)fn,
                           .state = argument };

        check_options(&b);
        b.label = cop_keep(options->label);
        return spawn(&b);
}

cop_pid cop_spawn_handler_with(const struct cop_handler *handler, cop_term argument,
                               const struct cop_spawn_options *options)
{
        struct birth b = { .parent = cop__self(),
                           .options = options,
                           .flags = HAS_ARGUMENT | IS_HANDLER,
                           .code = handler,
                           .argument = argument };

        check_options(&b);
        b.label = cop_keep(options->label);
        b.state = cop__alloc_zeroed(handler->state_size);
        if (!b.state)
                fail(&b, "memory");
        return spawn(&b);
}

bool cop_call_new_handler(const struct cop_handler *handler, cop_term request, int64_t timeout_ms,
                          const struct cop_spawn_options *options, cop_pid *pid, cop_term *result)
{
        struct birth b = { .parent = cop__self(),
                           .options = options,
                           .flags = IS_HANDLER,
                           .code = handler,
                           .argument = request,
                           .is_called = true };

        check_options(&b);
        b.label = cop_keep(options->label);
        b.state = cop__alloc_zeroed(handler->state_size);
        if (!b.state)
                fail(&b, "memory");
        make(&b);
        make_call(&b);
        pid->word = b.pid;
        b.parent->budget -= WORK_SPAWN;
        if (timeout_ms != 0 && cop__hand_to_new(b.parent, b.child))
                cop__leave(b.parent, AFTER_HOLD);
        else
                cop__enqueue(b.child);
        return cop__await_answer(b.parent, b.pid, b.ref, timeout_ms, result);
}

cop_pid cop_self(void)
{
        return (cop_pid){ pid_of(cop__self()) };
}

cop_pid cop_parent(void)
{
        return (cop_pid){ cop__self()->parent };
}
