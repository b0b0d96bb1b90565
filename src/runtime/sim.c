/*
 * sim.c: faults, latency and rest in a simulation.
 *
 * Where     Before a turn, and there alone. Whatever was sent to a process lies in its inbox then and has not been
 *           seen, so what can happen to a process at all, other than in the middle of its code, can be made
 *           to happen here; nothing in the paths of calls and messages knows of simulations.
 * Which     A fault of the plan that is for this turn, or for this process at a time that has come; else one by
 *           chance. All that is drawn comes from one generator, and in one order.
 * Held      A process that is slow, or loops, is taken out of its queue and has an alarm, or none, that puts it
 *           back; an exit that would end it does so, too. It counts as one that waits.
 * Rest      When nobody can go on the driver asks here before it lets the clock jump.
 *
 * Owners    All of it is the scheduler's. What others call (an exit came, a look at the counts) they call while
 *           they have the baton.
 * Invariant What has happened to a process depends on nothing but the program, the seed and the options: so no
 *           address, no OS id and no clock on the wall is looked at.
 */
#include "runtime/sim.h"

#include <coppice/text.h>

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "runtime/last_report.h"
#include "runtime/quota.h"
#include "runtime/scheduler.h"
#include "runtime/timer.h"

enum { WHILE_MS = 100, MEMORY_MOST = 4, NS_PER_MS = 1000000, RESTERS_MOST = 16, SHOWN_MOST = 300 };

#define NO_FAULT COP__SIM_KINDS

/* What is known of a process, by slot. */
struct seen {
        uint64_t pid;
        uint64_t turns;
        struct hold *hold;     /* it is held */
        struct sim_event next; /* what waits for its next turn; kind NO_FAULT: nothing */
        bool is_victim;        /* by chance, too */
        bool resumes;          /* it was held: its turn has been counted */
        bool is_over;          /* its turn has been too long */
};

/* Something for later. */
struct hold {
        struct alarm alarm;       /* first */
        struct hold *other, **at; /* of all there are */
        struct process *process;  /* who is held; NULL: signal is on its way */
        struct signal *signal;
};

static struct {
        struct cop_sim_options options;
        struct sim_plan plan;
        struct random random;
        struct random delays; /* apart: a plan is to find the same delays as chance did */
        struct seen *seen;
        size_t room;
        uint64_t seed, turns, faults, by_chance;
        int64_t start_ns,
                next_ns; /* when the next fault by chance is due that has a time; 0: never */
        struct hold *holds;
        struct alarm clock; /* for what has a time */
        bool memory_is_short, owns_trace;
        uint64_t
                resters[RESTERS_MOST]; /* who wants to know of rest: pids, from 0 to rester_count */
        size_t rester_count;
        uint64_t told[RESTERS_MOST]; /* who was the last to be told, and whose turns do not count */
        size_t told_count;
        bool has_rested; /* since somebody else had a turn */
} sim;

bool cop_sim_is(void)
{
        return cop__driver->simulated;
}

uint64_t cop_sim_turns(void)
{
        return cop__driver->simulated ? sim.turns : 0;
}

uint64_t cop_sim_fault_count(void)
{
        return cop__driver->simulated ? sim.faults : 0;
}

static unsigned below(unsigned limit)
{
        return (unsigned)cop__random_below(&sim.random, limit);
}

static int64_t latency_ns(void)
{
        return (int64_t)cop__random_below(&sim.delays, sim.options.latency_us) * 1000;
}

/* ---- for later ---- */

static struct scheduler *scheduler(void)
{
        return &cop__system.schedulers[0];
}

static void alarm_in(struct alarm *alarm, int64_t due_ns)
{
        struct scheduler *s = scheduler();

        cop__lock_take(&s->wheel_lock);
        cop__wheel_set(&s->wheel, &alarm->timer, due_ns);
        cop__wheel_give(s);
}

static void alarm_out(struct alarm *alarm)
{
        struct scheduler *s = scheduler();

        cop__lock_take(&s->wheel_lock);
        if (cop__wheel_timer_is_set(&alarm->timer))
                cop__wheel_cancel(&s->wheel, &alarm->timer);
        cop__wheel_give(s);
}

static struct hold *hold_new(void (*fire)(struct scheduler *, struct alarm *, int64_t))
{
        struct hold *hold = cop__alloc_zeroed(sizeof(*hold));

        if (!hold)
                return NULL;
        hold->alarm.fire = fire;
        hold->other = sim.holds;
        hold->at = &sim.holds;
        if (sim.holds)
                sim.holds->at = &hold->other;
        sim.holds = hold;
        return hold;
}

static void hold_free(struct hold *hold)
{
        *hold->at = hold->other;
        if (hold->other)
                hold->other->at = hold->at;
        cop__signal_free(hold->signal);
        cop__free(hold);
}

static struct seen *seen_of(const struct process *p)
{
        return p->slot < sim.room ? &sim.seen[p->slot] : NULL;
}

/* The process goes on with the turn that it was to have. */
static void go_on(struct hold *hold)
{
        struct process *p = hold->process;
        struct seen *seen = seen_of(p);

        seen->hold = NULL;
        seen->resumes = true;
        hold_free(hold);
        cop__enqueue(p);
}

static void hold_is_over(struct scheduler *s, struct alarm *alarm, int64_t now)
{
        go_on((struct hold *)alarm);
}

/* Until a time, INT64_MAX: for ever. */
static enum sim_turn hold(struct process *p, struct seen *seen, int64_t due_ns)
{
        struct hold *hold = cop__exit_waits(p) ? NULL : hold_new(hold_is_over);

        if (!hold)
                return SIM_RUN;
        hold->process = p;
        seen->hold = hold;
        if (due_ns != INT64_MAX)
                alarm_in(&hold->alarm, due_ns);
        return SIM_HOLD;
}

void cop__sim_exit_came(struct process *p)
{
        struct seen *seen = seen_of(p);

        if (!seen || seen->pid != pid_of(p) || !seen->hold || !cop__exit_waits(p))
                return;
        alarm_out(&seen->hold->alarm);
        go_on(seen->hold);
}

/* ---- whom ---- */

/* NULL: it has none. */
static const char *name_of(const struct process *p)
{
        uint64_t name = atomic_load_explicit(&p->name, memory_order_relaxed);

        return name && name != NAME_DEAD ? cop_to_atom_text(term_of(name)) : NULL;
}

/* A word of the list. */
static bool is_in(const char *list, const char *word)
{
        size_t size = strlen(word);

        for (const char *at = list; (at = strstr(at, word)) != NULL; at += size)
                if ((at == list || at[-1] == ' ') && (at[size] == ' ' || at[size] == '\0'))
                        return true;
        return false;
}

/* By its name, or by what kind of handler it is: the name comes only when it has begun. */
static bool is_spared(const struct process *p)
{
        const char *list = sim.options.spare, *name = name_of(p);

        if (!list)
                return false;
        return (name && is_in(list, name)) ||
               (p->flags & IS_HANDLER && p->handler->name && is_in(list, p->handler->name));
}

/* Before its first turn, when links that it was started with are there. */
static bool may_be_hurt(const struct process *p)
{
        const struct process *parent = p->parent ? cop__table_at(p->parent) : NULL;

        if (!parent)
                return false;
        if (sim.options.anybody)
                return true;
        return cop__links_has(&p->links, p->parent) && is_pid_of(parent, p->parent) &&
               parent->flags & IS_HANDLER;
}

static void trace_start(const struct process *p)
{
        const char *name = name_of(p);

        if (cop__sim_is_traced())
                cop__sim_trace("begin %s of %s%s%s", cop_show(term_of(pid_of(p))),
                               p->parent ? cop_show(term_of(p->parent)) : "a thread",
                               name ? " " : "", name ? name : "");
}

void cop__sim_ended(const struct process *p)
{
        struct seen *seen = seen_of(p);
        const char *name = name_of(p);

        if (p->flags & (IS_BURIED | IS_GUEST))
                return;
        if (cop__sim_is_traced())
                cop__sim_trace("end %s%s%s %s", cop_show(term_of(pid_of(p))), name ? " " : "",
                               name ? name : "", cop_show_as(p->reason, .bytes_max = SHOWN_MOST));
        if (seen && seen->pid == pid_of(p))
                seen->pid = 0;
}

/* What is known of the process, from its first turn on. NULL: memory is used up. */
static struct seen *meet(const struct process *p)
{
        size_t room = sim.room ? sim.room : 64;
        struct seen *seen;

        while (room <= p->slot)
                room *= 2;
        if (room > sim.room) {
                seen = cop__realloc(sim.seen, room * sizeof(*seen));
                if (!seen)
                        return NULL;
                memset(seen + sim.room, 0, (room - sim.room) * sizeof(*seen));
                sim.seen = seen;
                sim.room = room;
        }
        seen = &sim.seen[p->slot];
        if (seen->pid != pid_of(p)) {
                *seen = (struct seen){ .pid = pid_of(p),
                                       .next.kind = NO_FAULT,
                                       .is_victim = may_be_hurt(p) };
                trace_start(p);
        }
        return seen;
}

/* ---- which ---- */

static bool has_answer(const struct process *p)
{
        uint64_t word = atomic_load(&p->inbox.word) & INBOX_POINTER;
        const struct signal *signal = word < INBOX_STATES ? NULL : (struct signal *)(uintptr_t)word;

        while (signal && signal->kind != SIGNAL_REPLY)
                signal = signal->next;
        return signal != NULL;
}

/* Can this happen before this turn? */
static bool fits(enum cop__sim_number kind, const struct process *p, const struct seen *seen)
{
        switch (kind) {
        case COP__SIM_DROP:
        case COP__SIM_DELAY:
                return has_answer(p);
        case COP__SIM_START:
                return seen->turns == 1;
        default:
                return true;
        }
}

/* One of those that may happen now; NO_FAULT: none can. */
static struct sim_event draw(const struct process *p, const struct seen *seen)
{
        struct sim_event event = { .kind = NO_FAULT, .pid = seen->pid, .turn = seen->turns };
        unsigned candidates = 0;

        for (int kind = 0; kind < COP__SIM_KINDS; kind++)
                if (sim.options.faults & 1u << kind && fits((enum cop__sim_number)kind, p, seen) &&
                    below(++candidates) == 0)
                        event.kind = (enum cop__sim_number)kind;
        if (event.kind == COP__SIM_MEMORY)
                event.extra = 1 + below(MEMORY_MOST);
        else if (event.kind == COP__SIM_SLOW || event.kind == COP__SIM_DELAY)
                event.extra = 1 + below(sim.options.while_ms);
        return event;
}

static bool may_happen_by_chance(const struct process *p, const struct seen *seen)
{
        if (sim.options.spare && seen->turns <= 1)
                return false; /* most have no name yet */
        return seen->is_victim && sim.options.faults && !is_spared(p) &&
               (!sim.options.faults_most || sim.by_chance < sim.options.faults_most) &&
               (!sim.options.until_ms ||
                now_ns() - sim.start_ns < sim.options.until_ms * NS_PER_MS);
}

/* What happens before this turn; kind NO_FAULT: nothing. */
static struct sim_event choose(const struct process *p, struct seen *seen)
{
        struct sim_event event = seen->next;

        seen->next.kind = NO_FAULT;
        for (size_t i = 0; i < sim.plan.count && event.kind == NO_FAULT; i++)
                if (sim.plan.events[i].pid == seen->pid && sim.plan.events[i].turn == seen->turns)
                        event = sim.plan.events[i];
        if (event.kind != NO_FAULT) {
                if (!fits(event.kind, p, seen))
                        event.kind = NO_FAULT;
                return event;
        }
        if (!sim.options.one_in || !may_happen_by_chance(p, seen) || below(sim.options.one_in) != 0)
                return event;
        event = draw(p, seen);
        sim.by_chance += event.kind != NO_FAULT;
        return event;
}

/* ---- what ---- */

static void deliver_late(struct scheduler *s, struct alarm *alarm, int64_t now)
{
        struct hold *hold = (struct hold *)alarm;
        struct signal *signal = hold->signal;

        hold->signal = NULL;
        hold_free(hold);
        if (!cop__deliver(signal))
                cop__signal_free(signal);
}

/* The first answer in the inbox is taken out. */
static struct signal *take_answer(struct process *p)
{
        struct signal *signal = cop__inbox_take(&p->inbox), *answer = NULL;

        while (signal) {
                struct signal *next = signal->next;

                if (!answer && signal->kind == SIGNAL_REPLY)
                        answer = signal;
                else
                        cop__inbox_push(&p->inbox, signal);
                signal = next;
        }
        return answer;
}

static void lose_answer(struct process *p, const struct sim_event *event)
{
        struct signal *answer = take_answer(p);
        struct hold *hold = event->kind == COP__SIM_DELAY ? hold_new(deliver_late) : NULL;

        if (!hold) {
                cop__signal_free(answer);
                return;
        }
        hold->signal = answer;
        alarm_in(&hold->alarm, now_ns() + (int64_t)event->extra * NS_PER_MS);
}

static enum sim_turn end_for(struct process *p, cop_term reason)
{
        p->reason = reason;
        return SIM_END;
}

static enum sim_turn happen(struct process *p, struct seen *seen, const struct sim_event *event)
{
        char text[128];

        sim.faults++;
        cop__sim_event_show(event, text, sizeof(text));
        cop__sim_trace("%s", text);
        switch (event->kind) {
        case COP__SIM_KILL:
                cop__try_notify(SIGNAL_EXIT, seen->pid, 0, 0, ATOM(kill));
                return SIM_RUN;
        case COP__SIM_FAULT:
                return SIM_FAULT;
        case COP__SIM_LOOP:
                seen->is_over = p->turn_max_ms != 0;
                return hold(p, seen,
                            seen->is_over ? now_ns() + (int64_t)p->turn_max_ms * NS_PER_MS
                                          : INT64_MAX);
        case COP__SIM_SLOW:
                return hold(p, seen, now_ns() + (int64_t)event->extra * NS_PER_MS);
        case COP__SIM_DROP:
        case COP__SIM_DELAY:
                lose_answer(p, event);
                return SIM_RUN;
        case COP__SIM_MEMORY:
                cop__alloc_fail_at(event->extra);
                sim.memory_is_short = true;
                return SIM_RUN;
        case COP__SIM_START:
                return end_for(p, cop_atom("sim_start"));
        default:
                return SIM_RUN;
        }
}

/* ---- a turn ---- */

static bool is_among(const uint64_t *pids, size_t count, uint64_t pid)
{
        while (count > 0 && pids[count - 1] != pid)
                count--;
        return count > 0;
}

/* What is always so is not. */
static void check_always(void)
{
        const char *wrong = sim.options.always ? sim.options.always(sim.options.argument) : NULL;

        if (!wrong)
                return;
        cop__sim_trace("wrong %s", wrong);
        fprintf(stderr, "coppice: in the simulation with seed %" PRIu64 ": %s\n", sim.seed, wrong);
        fflush(NULL);
        _exit(1);
}

enum sim_turn cop__sim_turn(struct process *p)
{
        struct sim_event event;
        struct seen *seen;

        if (sim.memory_is_short)
                cop__alloc_fail_at(0);
        sim.memory_is_short = false;
        check_always();
        seen = meet(p);
        if (!seen)
                return SIM_RUN;
        if (seen->resumes) {
                bool ends = seen->is_over && !cop__exit_waits(p);

                seen->resumes = seen->is_over = false;
                return ends ? end_for(p, cop__quota_turn) : SIM_RUN;
        }
        seen->turns++;
        sim.turns++;
        if (!is_among(sim.told, sim.told_count, seen->pid))
                sim.has_rested = false;
        if (p->flags & IS_ENDING)
                return SIM_RUN;
        event = choose(p, seen);
        if (event.kind != NO_FAULT)
                return happen(p, seen, &event);
        if (sim.options.latency_us)
                return hold(p, seen, now_ns() + latency_ns());
        return SIM_RUN;
}

/* ---- at a time ---- */

static void wake(struct process *p)
{
        if (cop__inbox_wake(&p->inbox))
                cop__enqueue(p);
}

/* Whom chance hits, wherever it is; NULL: there is nobody. */
static struct process *draw_victim(void)
{
        struct process *victim = NULL;
        unsigned candidates = 0;

        for (uint32_t slot = 0; sim.seen && slot < sim.room; slot++) {
                const struct seen *seen = &sim.seen[slot];
                struct process *p = seen->pid ? cop__table_slot(slot) : NULL;

                if (p && pid_of(p) == seen->pid && !seen->hold && seen->next.kind == NO_FAULT &&
                    !(p->flags & IS_ENDING) && may_happen_by_chance(p, seen) &&
                    below(++candidates) == 0)
                        victim = p;
        }
        return victim;
}

static void happen_at(struct process *p, struct sim_event event, int64_t due_ns)
{
        struct seen *seen = seen_of(p);

        event.turn = 0;
        event.at_ns = due_ns - sim.start_ns;
        seen->next = event;
        wake(p);
}

static void by_chance(void)
{
        struct process *p = draw_victim();
        struct sim_event event;

        if (!p)
                return;
        event = draw(p, seen_of(p));
        if (event.kind == NO_FAULT)
                return;
        sim.by_chance++;
        happen_at(p, event, sim.next_ns);
}

/* When the clock is wanted next. */
static int64_t clock_next(int64_t after_ns)
{
        int64_t next = sim.next_ns ? sim.next_ns : INT64_MAX;

        for (size_t i = 0; i < sim.plan.count; i++) {
                const struct sim_event *event = &sim.plan.events[i];

                if (!event->turn && sim.start_ns + event->at_ns > after_ns &&
                    sim.start_ns + event->at_ns < next)
                        next = sim.start_ns + event->at_ns;
        }
        if (sim.options.end_ms && sim.start_ns + sim.options.end_ms * NS_PER_MS > after_ns &&
            sim.start_ns + sim.options.end_ms * NS_PER_MS < next)
                next = sim.start_ns + sim.options.end_ms * NS_PER_MS;
        return next;
}

/* Under the wheel's lock. Every time in (due before, due] has come. */
static void clock_is_due(struct scheduler *s, struct alarm *alarm, int64_t now)
{
        int64_t due = alarm->timer.due_ns, next;

        for (size_t i = 0; i < sim.plan.count; i++) {
                const struct sim_event *event = &sim.plan.events[i];
                struct process *p = cop__table_at(event->pid);

                if (!event->turn && sim.start_ns + event->at_ns == due && p && seen_of(p) &&
                    seen_of(p)->pid == event->pid)
                        happen_at(p, *event, due);
        }
        if (sim.next_ns == due) {
                by_chance();
                sim.next_ns += (int64_t)sim.options.every_ms * NS_PER_MS;
        }
        if (sim.options.end_ms && due == sim.start_ns + sim.options.end_ms * NS_PER_MS)
                cop_stop(0);
        next = clock_next(due);
        if (next != INT64_MAX)
                cop__wheel_set(&s->wheel, &alarm->timer, next);
}

/* ---- rest ---- */

struct bell *cop__sim_wants_rest(void)
{
        return sim.rester_count && !sim.has_rested ? &scheduler()->bell : NULL;
}

void cop__sim_tell_rest(void)
{
        sim.has_rested = true;
        sim.told_count = sim.rester_count;
        sim.rester_count = 0;
        memcpy(sim.told, sim.resters, sizeof(sim.told));
        for (size_t i = 0; i < sim.told_count; i++) {
                struct process *p = cop__table_at(sim.told[i]);

                if (p && is_pid_of(p, sim.told[i]))
                        wake(p);
        }
}

void cop_sim_rest(void)
{
        struct process *p = cop__self();

        if (!cop__driver->simulated || p->flags & IS_GUEST || sim.rester_count == RESTERS_MOST)
                cop__fail_badarg(COP_HERE);
        sim.resters[sim.rester_count++] = pid_of(p);
        while (is_among(sim.resters, sim.rester_count, pid_of(p)))
                cop__wait(p);
}

/* ---- start and stop ---- */

static int start_with(const struct cop_sim_options *options)
{
        if (options)
                memcpy(&sim.options, options,
                       options->struct_size < sizeof(sim.options) ? options->struct_size
                                                                  : sizeof(sim.options));
        else
                cop__sim_from_environment(&sim.options);
        sim.owns_trace = !options && sim.options.trace > 2;
        if (!sim.options.while_ms)
                sim.options.while_ms = WHILE_MS;
        if (sim.options.faults & ~(unsigned)COP_SIM_ALL || sim.options.end_ms < 0)
                return -EINVAL;
        return cop__sim_plan_read(&sim.plan, sim.options.plan);
}

int cop__sim_start(uint64_t seed, const struct cop_sim_options *options)
{
        int64_t next;
        int err;

        memset(&sim, 0, sizeof(sim));
        err = start_with(options);
        if (err < 0) {
                cop__sim_stop();
                return err;
        }
        sim.seed = seed;
        sim.start_ns = now_ns();
        sim.clock.fire = clock_is_due;
        if (sim.options.every_ms && sim.options.faults)
                sim.next_ns = sim.start_ns + (int64_t)sim.options.every_ms * NS_PER_MS;
        cop__random_init(&sim.random, seed ^ 0x9e3779b97f4a7c15u);
        cop__random_init(&sim.delays, seed ^ 0xd6e8feb86659fd93u);
        cop__sim_trace_to(sim.options.trace);
        next = clock_next(sim.start_ns);
        if (next != INT64_MAX)
                alarm_in(&sim.clock, next);
        return 0;
}

void cop__sim_stop(void)
{
        if (sim.memory_is_short)
                cop__alloc_fail_at(0);
        while (sim.holds)
                hold_free(sim.holds);
        cop__sim_plan_release(&sim.plan);
        cop__free(sim.seen);
        if (sim.owns_trace)
                close(sim.options.trace);
        cop__sim_trace_to(0);
        memset(&sim, 0, sizeof(sim));
}
