/*
 * supervisor_crowd.c: any number of children that are told apart by their pids alone: those of
 * simple_one_for_one, and of dynamic supervisors.
 *
 * A child costs a place in a list, and one in the table by which it is found: its pid, and the order
 * it was started with, which it shares with those before it that are alike. What kinds there are
 * stands in the supervisor's list of children. So starting, ending and losing one of a million takes
 * constant time, and a million that are alike have one order. In the list they stand as they were
 * started, which is how their memory lies, too: whoever goes through all goes through it in order.
 *
 * The end     All are asked to end, without waiting for any, and then the supervisor takes whatever
 *             comes out of its mailbox in order, one message at a time, until the last one is dead:
 *             it never looks for one message behind a million others. While it asks it gives way now
 *             and then, and hears who has ended, so that what a child was is still in the cache. A child's exit signal is all that is waited
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

static void forget_spec(struct crowd *crowd)
{
        cop_release(crowd->last_spec);
        crowd->last_spec = crowd->last_arguments = COP_NONE;
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
                forget_spec(crowd);
        }
        order->users++;
        return order;
}

/* ---- the tables ---- */

enum { LINE = 16, LINE_BITS = 4, PID_STEP_BITS = 3 };

/*
 * The first place to look at. Pids that were given one after the other differ by eight: sixteen of
 * them have one line of the cache, in which each has a place of its own, so that whoever goes through
 * all finds most where it has just been. Which line, the upper bits of a hash say: so a table that
 * grows is written from front to back.
 */
static size_t place_of(const struct members *table, uint64_t pid)
{
        uint64_t number = pid >> PID_STEP_BITS;
        uint64_t hash = (number / LINE) * UINT64_C(0x9e3779b97f4a7c15);
        size_t at = number % LINE;

        if (table->room * 2 <= LINE)
                return at & (table->room * 2 - 1);
        return (size_t)(hash >> (63 + LINE_BITS - __builtin_ctzl(table->room))) * LINE + at;
}

static size_t next_place(const struct members *table, size_t at)
{
        return (at + 1) & (table->room * 2 - 1);
}

static uint64_t pid_at(const struct members *table, size_t at)
{
        return table->list[table->places[at] - 1].pid;
}

/* Where it is, or where it would be. */
static size_t find_place(const struct members *table, uint64_t pid)
{
        size_t at = place_of(table, pid);

        while (table->places[at] && pid_at(table, at) != pid)
                at = next_place(table, at);
        return at;
}

static struct member *find(const struct members *table, cop_pid pid)
{
        uint32_t number;

        if (!table->count)
                return NULL;
        number = table->places[find_place(table, pid.word)];
        return number ? &table->list[number - 1] : NULL;
}

static void place(struct members *table, struct member member)
{
        size_t at = find_place(table, member.pid);

        table->list[table->used++] = member;
        table->places[at] = (uint32_t)table->used;
        table->count++;
}

/* The list is used up: without gaps it may do, else there is a larger one. */
static void make_room(struct members *table)
{
        struct members old = *table;
        size_t i;

        if (old.count >= old.room / 2)
                table->room = old.room ? old.room * 2 : 4;
        table->list = cop_alloc(table->room * sizeof(*table->list));
        table->places = cop_alloc(table->room * 2 * sizeof(*table->places));
        table->used = table->count = 0;
        for (i = 0; i < old.used; i++)
                if (old.list[i].pid)
                        place(table, old.list[i]);
        cop_free(old.list);
        cop_free(old.places);
}

static void add(struct supervisor *supervisor, struct members *table, cop_pid pid,
                struct order *order)
{
        struct member member = { pid.word, order };

        if (table->used == table->room)
                make_room(table);
        place(table, member);
        supervisor->crowd.supervisors += order->kind->is_supervisor;
}

/* Those behind a free place that it kept from theirs move up. */
static void close_gap(struct members *table, size_t hole)
{
        size_t mask = table->room * 2 - 1, at = hole;

        for (;;) {
                at = next_place(table, at);
                if (!table->places[at])
                        break;
                if (((at - place_of(table, pid_at(table, at))) & mask) >= ((at - hole) & mask)) {
                        table->places[hole] = table->places[at];
                        hole = at;
                }
        }
        table->places[hole] = 0;
}

/* Takes it out; nobody moves in the list. The order is the caller's. */
static struct order *take_out(struct supervisor *supervisor, struct members *table,
                              struct member *member)
{
        struct order *order = member->order;

        close_gap(table, find_place(table, member->pid));
        *member = (struct member){ 0, NULL };
        if (--table->count == 0)
                table->used = 0;
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

        for (i = table->used; i-- > 0;) {
                cop_pid pid = { table->list[i].pid };

                if (!pid.word)
                        continue;
                if (!kind || kind != table->list[i].order->kind) {
                        kind = table->list[i].order->kind;
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

enum { QUIET_MS = 10, ASKED_AT_ONCE = 256 };

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

static bool anything(cop_term message, void *context)
{
        return true;
}

static void ask(const struct member *member)
{
        cop_pid pid = { member->pid };

        cop_link(pid);
        if (member->order->kind->shutdown_ms == SHUTDOWN_KILL)
                cop_kill(pid);
        else
                cop_exit_to(pid, "shutdown");
}

/* What has come; false: nothing. */
static bool hear_next(struct stopping *s)
{
        bool any = false;

        cop_scope {
                cop_term message = cop_receive_if(anything, NULL, 0);

                any = !cop_is_none(message);
                if (any)
                        hear(s, message);
        }
        return any;
}

static void ask_all(struct stopping *s)
{
        const struct members *running = &s->supervisor->crowd.running;
        size_t i;

        for (i = 0; i < running->used; i++) {
                if (running->list[i].pid)
                        ask(&running->list[i]);
                if (i % ASKED_AT_ONCE == ASKED_AT_ONCE - 1) {
                        cop_yield();
                        while (hear_next(s))
                                ;
                }
        }
}

static void kill_those_given(const struct members *running, int64_t shutdown_ms)
{
        size_t i;

        for (i = 0; i < running->used; i++) {
                cop_pid pid = { running->list[i].pid };

                if (pid.word && running->list[i].order->kind->shutdown_ms == shutdown_ms)
                        cop_kill(pid);
        }
}

static void watch_all(const struct members *running)
{
        size_t i;

        for (i = 0; i < running->used; i++) {
                cop_pid pid = { running->list[i].pid };

                if (pid.word)
                        cop_monitor(pid);
        }
}

/* All who are left. */
static void kill_late(struct stopping *s)
{
        const struct members *running = &s->supervisor->crowd.running;
        size_t i;

        for (i = 0; i < running->used; i++) {
                cop_pid pid = { running->list[i].pid };
                struct child child;

                if (!pid.word)
                        continue;
                child = as_child(s->supervisor, running->list[i].order, CHILD_RUNNING, pid);
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

        ask_all(&s);
        while (running->count > 0)
                if (!hear_next(&s))
                        cop_scope {
                                wait(&s);
                        }
        for (bad = s.bad; bad; bad = bad->next)
                cop__report_children(supervisor, supervisor->oldest, bad->number, bad->reason);
}
