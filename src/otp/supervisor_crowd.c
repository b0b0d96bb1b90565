/*
 * supervisor_crowd.c: any number of children that are told apart by their pids alone: those of
 * simple_one_for_one, and of dynamic supervisors.
 *
 * A child costs one slot of a table (open addressing, at most half full): its pid, and the order it
 * was started with, which it shares with those before it that are alike. What kinds there are stands
 * in the supervisor's list of children. So starting, ending and losing one of a million takes
 * constant time, and a million that are alike have one order.
 *
 * The end     All are asked to end at once, and then the supervisor takes whatever comes out of its
 *             mailbox in order, one message at a time, until the last one is dead: it never looks
 *             for one message behind a million others. A child's exit signal is all that is waited
 *             for, so a million cost no monitor. One that has unlinked itself is linked again, and
 *             if it is dead, the exit signal says noproc. Only when it has been quiet for a moment
 *             those who are left are watched as well, since one may unlink itself even then.
 * Deadlines   Each kind's own, all from the same moment: whoever is left of those with the nearest
 *             is killed, and then the next nearest is waited for.
 * Invariant   A pid is in one of the two tables at most. A kind in the list has an order.
 */
#include "otp/supervisor.h"

#include <coppice/memory.h>
#include <coppice/timer.h>

/* ---- orders ---- */

static bool are_same(cop_term a, cop_term b)
{
        if (cop_is_none(a) || cop_is_none(b))
                return cop_is_none(a) && cop_is_none(b);
        return cop_equal(a, b);
}

static void drop_order(struct supervisor *supervisor, struct order *order)
{
        if (!order || --order->users > 0)
                return;
        cop_release(order->arguments);
        if (--order->kind->orders == 0 && supervisor->is_dynamic)
                cop__child_remove(supervisor, order->kind);
        cop_free(order);
}

/* One more user of the order for such a child. */
static struct order *take_order(struct supervisor *supervisor, struct child *kind,
                                cop_term arguments)
{
        struct crowd *crowd = &supervisor->crowd;
        struct order *order = crowd->last;

        if (kind->restart == COP_TEMPORARY)
                arguments = COP_NONE;
        if (!order || order->kind != kind || !are_same(order->arguments, arguments)) {
                order = cop_alloc(sizeof(*order));
                order->kind = kind;
                order->arguments = cop_is_none(arguments) ? arguments : cop_keep(arguments);
                order->users = 1;
                kind->orders++;
                drop_order(supervisor, crowd->last);
                crowd->last = order;
        }
        order->users++;
        return order;
}

/* ---- the tables ---- */

static size_t slot_of(const struct members *table, uint64_t pid)
{
        return (pid * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (table->capacity - 1);
}

static struct member *find(const struct members *table, cop_pid pid)
{
        size_t at;

        if (!table->capacity)
                return NULL;
        at = slot_of(table, pid.word);
        while (table->slots[at].pid && table->slots[at].pid != pid.word)
                at = (at + 1) & (table->capacity - 1);
        return table->slots[at].pid ? &table->slots[at] : NULL;
}

static void place(struct members *table, struct member member)
{
        size_t at = slot_of(table, member.pid);

        while (table->slots[at].pid)
                at = (at + 1) & (table->capacity - 1);
        table->slots[at] = member;
        table->count++;
}

static void grow(struct members *table)
{
        struct members old = *table;
        size_t i;

        table->capacity = old.capacity ? old.capacity * 2 : 8;
        table->slots = cop_alloc(table->capacity * sizeof(*table->slots));
        table->count = 0;
        for (i = 0; i < old.capacity; i++)
                if (old.slots[i].pid)
                        place(table, old.slots[i]);
        cop_free(old.slots);
}

static void add(struct supervisor *supervisor, struct members *table, cop_pid pid,
                struct order *order)
{
        struct member member = { pid.word, order };

        if ((table->count + 1) * 2 > table->capacity)
                grow(table);
        place(table, member);
        supervisor->crowd.supervisors += order->kind->is_supervisor;
}

/* Takes it out; those behind it that it kept from their places move up. The order is the caller's. */
static struct order *take_out(struct supervisor *supervisor, struct members *table,
                              struct member *member)
{
        size_t mask = table->capacity - 1, hole = (size_t)(member - table->slots), at = hole;
        struct order *order = member->order;

        for (;;) {
                size_t wants;

                at = (at + 1) & mask;
                if (!table->slots[at].pid)
                        break;
                wants = slot_of(table, table->slots[at].pid);
                if (((at - wants) & mask) >= ((at - hole) & mask)) {
                        table->slots[hole] = table->slots[at];
                        hole = at;
                }
        }
        table->slots[hole] = (struct member){ 0, NULL };
        table->count--;
        supervisor->crowd.supervisors -= order->kind->is_supervisor;
        return order;
}

static void drop(struct supervisor *supervisor, struct members *table, struct member *member)
{
        drop_order(supervisor, take_out(supervisor, table, member));
}

/* ---- one child ---- */

static cop_term append(cop_term first, cop_term second)
{
        cop_term list = second;

        if (cop_is_none(first) || cop_is_none(second))
                return second;
        COP_EACH (element, cop_reverse(first))
                list = cop_cons(element, list);
        return list;
}

/* The kind as if it were this child, for reports. */
static struct child as_child(const struct supervisor *supervisor, const struct order *order,
                             enum child_state state, cop_pid pid)
{
        struct child child = *order->kind;

        if (supervisor->is_dynamic)
                child.id = cop_build("undefined");
        child.state = state;
        child.pid = pid;
        child.arguments = append(supervisor->crowd.extra_arguments, order->arguments);
        return child;
}

static bool is_started(struct start_result result)
{
        return result.outcome == START_DONE || result.outcome == START_DONE_INFO;
}

/* OTP's dynamic supervisor is silent about these. */
static void report_started(struct supervisor *supervisor, const struct child *child, cop_pid pid,
                           enum cop_level level)
{
        if (!supervisor->is_dynamic)
                cop__report_started(supervisor, child, pid, level);
}

/* OTP's dynamic supervisor takes what was raised as it is, and no value that was thrown. */
static struct start_result call_start(const struct supervisor *supervisor,
                                      const struct child *child)
{
        struct start_result result = cop__start_call(child, child->arguments);

        if (supervisor->is_dynamic && result.how != COP_NORMAL) {
                result.outcome = START_FAILED;
                result.term = result.how == COP_THROW
                                      ? cop_build("{{nocatch, V}, []}", result.raised)
                                      : result.raised;
        }
        return result;
}

struct start_result cop__crowd_start(struct supervisor *supervisor, struct child *kind,
                                     cop_term arguments)
{
        struct order whole = { kind, arguments, 0 };
        struct child child = as_child(supervisor, &whole, CHILD_STOPPED, (cop_pid){ 0 });
        struct start_result result = call_start(supervisor, &child);

        if (is_started(result)) {
                report_started(supervisor, &child, result.pid, COP_LEVEL_DEBUG);
                add(supervisor, &supervisor->crowd.running, result.pid,
                    take_order(supervisor, kind, arguments));
        }
        return result;
}

size_t cop__crowd_size(const struct supervisor *supervisor)
{
        return supervisor->crowd.running.count + supervisor->crowd.restarting.count;
}

bool cop__crowd_has(const struct supervisor *supervisor, cop_pid pid)
{
        return find(&supervisor->crowd.running, pid) || find(&supervisor->crowd.restarting, pid);
}

bool cop__crowd_end_one(struct supervisor *supervisor, cop_pid pid)
{
        struct crowd *crowd = &supervisor->crowd;
        struct member *found = find(&crowd->running, pid);
        struct child child;

        if (found) {
                child = as_child(supervisor, found->order, CHILD_RUNNING, pid);
                cop__child_stop(supervisor, &child);
                drop(supervisor, &crowd->running, found);
                return true;
        }
        found = find(&crowd->restarting, pid);
        if (found)
                drop(supervisor, &crowd->restarting, found);
        return found != NULL;
}

static cop_term show_members(const struct members *table, bool restarting, cop_term list)
{
        cop_term state = cop_build("restarting"), shown = COP_NONE;
        const struct child *kind = NULL;
        size_t i;

        for (i = 0; i < table->capacity; i++) {
                cop_pid pid = { table->slots[i].pid };

                if (!pid.word)
                        continue;
                if (!kind || kind != table->slots[i].order->kind) {
                        kind = table->slots[i].order->kind;
                        shown = cop_atom(kind->is_supervisor ? "supervisor" : "worker");
                }
                list = cop_cons(cop_build("{undefined, Pid, Type, Modules}",
                                          restarting ? state : cop_pid_term(pid), shown,
                                          kind->modules),
                                list);
        }
        return list;
}

cop_term cop__crowd_which(const struct supervisor *supervisor)
{
        return show_members(&supervisor->crowd.running, false,
                            show_members(&supervisor->crowd.restarting, true, cop_nil()));
}

cop_term cop__crowd_count(const struct supervisor *supervisor, size_t specs)
{
        int64_t all = (int64_t)cop__crowd_size(supervisor);
        int64_t supervisors = supervisor->crowd.supervisors;

        return cop_build("[{specs, N}, {active, A}, {supervisors, S}, {workers, W}]", specs,
                         supervisor->crowd.running.count, supervisors, all - supervisors);
}

/* ---- deaths ---- */

/* The order is in no table while this runs. A dynamic supervisor says {restarting, Pid} of a start
 * that failed, and only there; simple_one_for_one of what follows it. */
static bool restart(struct supervisor *supervisor, struct order *order, enum child_state state,
                    cop_pid pid)
{
        struct child child = as_child(supervisor, order, state, pid);
        struct crowd *crowd = &supervisor->crowd;
        struct start_result result;

        if (!cop__restart_is_allowed(supervisor, NULL)) {
                cop__give_up(supervisor, &child);
                drop_order(supervisor, order);
                return false;
        }
        result = call_start(supervisor, &child);
        switch (result.outcome) {
        case START_DONE:
        case START_DONE_INFO:
                report_started(supervisor, &child, result.pid, COP_LEVEL_INFO);
                add(supervisor, &crowd->running, result.pid, order);
                break;
        case START_IGNORED:
                drop_order(supervisor, order);
                break;
        case START_FAILED:
                add(supervisor, &crowd->restarting, pid, order);
                if (supervisor->is_dynamic)
                        child.state = CHILD_RESTARTING;
                cop__report_child(supervisor, REPORT_START_ERROR, &child, result.term);
                cop_cast(cop_self(), "{try_again_restart, {restarting, Pid}}", pid);
                break;
        }
        return true;
}

bool cop__crowd_died(struct supervisor *supervisor, cop_pid pid, cop_term reason)
{
        struct member *found = find(&supervisor->crowd.running, pid);
        struct order *order;
        struct child child;

        if (!found)
                return true;
        order = take_out(supervisor, &supervisor->crowd.running, found);
        if (order->kind->restart != COP_PERMANENT && cop__is_quiet(reason)) {
                drop_order(supervisor, order);
                return true;
        }
        child = as_child(supervisor, order, CHILD_RUNNING, pid);
        cop__report_child(supervisor, REPORT_CHILD_TERMINATED, &child, reason);
        if (child.restart != COP_TEMPORARY)
                return restart(supervisor, order, CHILD_RUNNING, pid);
        drop_order(supervisor, order);
        return true;
}

bool cop__crowd_try_again(struct supervisor *supervisor, cop_term id)
{
        struct members *table = &supervisor->crowd.restarting;
        enum child_state state;
        struct member *found;
        cop_pid old_pid;

        if (!cop_match(id, "{restarting, Pid}", &old_pid))
                return true;
        found = find(table, old_pid);
        state = supervisor->is_dynamic ? CHILD_RUNNING : CHILD_RESTARTING;
        return !found || restart(supervisor, take_out(supervisor, table, found), state, old_pid);
}

/* ---- the end ---- */

enum { QUIET_MS = 10 };

/* How many ended in a way in which they should not have. */
struct bad_end {
        struct bad_end *next;
        cop_term reason; /* kept */
        size_t number;
};

/* The end of all, as far as it has come. */
struct stopping {
        struct supervisor *supervisor;
        int64_t begun_ms;
        int64_t killed_ms; /* those who were given so long are killed; -1: nobody yet */
        bool watched;
        struct bad_end *bad;
};

static void count_bad_end(struct stopping *s, cop_term reason)
{
        struct bad_end *end = s->bad;

        while (end && !cop_equal(end->reason, reason))
                end = end->next;
        if (!end) {
                end = cop_alloc(sizeof(*end));
                end->reason = cop_keep(reason);
                end->next = s->bad;
                s->bad = end;
        }
        end->number++;
}

/* A dynamic supervisor minds {shutdown, _} of nobody, and reports each by itself. */
static void judge(struct stopping *s, const struct order *order, cop_pid pid, cop_term reason)
{
        struct supervisor *supervisor = s->supervisor;
        struct child child;

        if (cop__is_good_end(order->kind, reason))
                return;
        if (!supervisor->is_dynamic) {
                count_bad_end(s, reason);
                return;
        }
        if (order->kind->shutdown_ms != SHUTDOWN_KILL && cop_match(reason, "{shutdown, _}"))
                return;
        child = as_child(supervisor, order, CHILD_RUNNING, pid);
        cop__report_child(supervisor, REPORT_SHUTDOWN_ERROR, &child, reason);
}

static void ended(struct stopping *s, cop_pid pid, cop_term reason)
{
        struct members *running = &s->supervisor->crowd.running;
        struct member *found = find(running, pid);

        if (!found)
                return;
        judge(s, found->order, pid, reason);
        drop(s->supervisor, running, found);
}

static void hear(struct stopping *s, cop_term message)
{
        cop_term reason;
        cop_pid pid;

        if (!cop_match(message, "{'EXIT', Pid, Reason}", &pid, &reason) &&
            !cop_match(message, "{'DOWN', _, process, Pid, Reason}", &pid, &reason))
                return;
        if (cop_is(reason, "noproc"))
                reason = cop_build("child_process_unlinked");
        ended(s, pid, reason);
}

static void ask_all(const struct members *running)
{
        size_t i;

        for (i = 0; i < running->capacity; i++) {
                cop_pid pid = { running->slots[i].pid };

                if (!pid.word)
                        continue;
                cop_link(pid);
                if (running->slots[i].order->kind->shutdown_ms == SHUTDOWN_KILL)
                        cop_kill(pid);
                else
                        cop_exit_to(pid, "shutdown");
        }
}

static void kill_those_given(const struct members *running, int64_t shutdown_ms)
{
        size_t i;

        for (i = 0; i < running->capacity; i++) {
                cop_pid pid = { running->slots[i].pid };

                if (pid.word && running->slots[i].order->kind->shutdown_ms == shutdown_ms)
                        cop_kill(pid);
        }
}

static void watch_all(const struct members *running)
{
        size_t i;

        for (i = 0; i < running->capacity; i++) {
                cop_pid pid = { running->slots[i].pid };

                if (pid.word)
                        cop_monitor(pid);
        }
}

/* All who are left. */
static void kill_late(struct stopping *s)
{
        const struct members *running = &s->supervisor->crowd.running;
        size_t i;

        for (i = 0; i < running->capacity; i++) {
                cop_pid pid = { running->slots[i].pid };
                struct child child;

                if (!pid.word)
                        continue;
                child = as_child(s->supervisor, running->slots[i].order, CHILD_RUNNING, pid);
                cop__note_late(s->supervisor, &child);
                cop_kill(pid);
        }
}

/* How long those are given whose time is up next; -1: all who are left have as long as they like. */
static int64_t next_shutdown_ms(const struct stopping *s)
{
        const struct child *kind;
        int64_t next_ms = -1;

        for (kind = s->supervisor->oldest; kind; kind = kind->newer)
                if (kind->shutdown_ms > s->killed_ms &&
                    (next_ms < 0 || kind->shutdown_ms < next_ms))
                        next_ms = kind->shutdown_ms;
        return next_ms;
}

static bool anything(cop_term message, void *context)
{
        return true;
}

/* Nothing is there to be heard: waits, and does what it is time for. */
static void wait(struct stopping *s)
{
        const struct members *running = &s->supervisor->crowd.running;
        int64_t next_ms = next_shutdown_ms(s), left_ms = COP_FOREVER;
        int64_t end_ms = cop__until_end_ms(s->supervisor, COP_FOREVER);
        cop_term message;

        if (end_ms == 0 && s->killed_ms < INT64_MAX) {
                kill_late(s);
                s->killed_ms = INT64_MAX;
                return;
        }

        if (next_ms >= 0) {
                left_ms = s->begun_ms + next_ms - cop_now_ms();
                left_ms = left_ms < 0 ? 0 : left_ms;
        }
        if (left_ms == 0) {
                kill_those_given(running, next_ms);
                s->killed_ms = next_ms;
                return;
        }
        if (end_ms > 0 && (left_ms < 0 || left_ms > end_ms))
                left_ms = end_ms;
        if (!s->watched && (left_ms < 0 || left_ms > QUIET_MS))
                left_ms = QUIET_MS;
        message = cop_receive_if(anything, NULL, left_ms);
        if (!cop_is_none(message)) {
                hear(s, message);
        } else if (!s->watched && left_ms == QUIET_MS) {
                watch_all(running);
                s->watched = true;
        }
}

void cop__crowd_stop(struct supervisor *supervisor)
{
        struct stopping s = { supervisor, cop_now_ms(), -1, false, NULL };
        struct members *running = &supervisor->crowd.running;
        struct bad_end *bad;

        ask_all(running);
        while (running->count > 0)
                cop_scope {
                        cop_term message = cop_receive_if(anything, NULL, 0);

                        if (!cop_is_none(message))
                                hear(&s, message);
                        else
                                wait(&s);
                }
        for (bad = s.bad; bad; bad = bad->next)
                cop__report_children(supervisor, supervisor->oldest, bad->number, bad->reason);
}
