/*
 * supervisor_dynamic.c: simple_one_for_one: any number of children of one kind.
 *
 * A child costs one slot of a table (open addressing, at most half full): its pid and the arguments
 * it was started with. What all have in common is the one child in the supervisor's list. So
 * starting, ending and losing one of a million takes constant time.
 *
 * The end     All are asked to end at once, and then the supervisor takes whatever comes out of its
 *             mailbox in order, one message at a time, until the last one is dead: it never looks
 *             for one message behind a million others. From a child that is linked the exit signal
 *             comes first, with the true reason, and then the monitor's message.
 * Invariant   A pid is in one of the two tables at most.
 */
#include "otp/supervisor.h"

#include <coppice/memory.h>
#include <coppice/timer.h>

/* ---- the tables ---- */

static size_t slot_of(const struct dynamics *table, uint64_t pid)
{
        return (pid * UINT64_C(0x9e3779b97f4a7c15) >> 32) & (table->capacity - 1);
}

static struct dynamic *find(const struct dynamics *table, cop_pid pid)
{
        size_t at;

        if (!table->capacity)
                return NULL;
        at = slot_of(table, pid.word);
        while (table->slots[at].pid && table->slots[at].pid != pid.word)
                at = (at + 1) & (table->capacity - 1);
        return table->slots[at].pid ? &table->slots[at] : NULL;
}

static void place(struct dynamics *table, struct dynamic child)
{
        size_t at = slot_of(table, child.pid);

        while (table->slots[at].pid)
                at = (at + 1) & (table->capacity - 1);
        table->slots[at] = child;
        table->count++;
}

static void grow(struct dynamics *table)
{
        struct dynamics old = *table;
        size_t i;

        table->capacity = old.capacity ? old.capacity * 2 : 8;
        table->slots = cop_alloc(table->capacity * sizeof(*table->slots));
        table->count = 0;
        for (i = 0; i < old.capacity; i++)
                if (old.slots[i].pid)
                        place(table, old.slots[i]);
        cop_free(old.slots);
}

static void add(struct dynamics *table, cop_pid pid, cop_term kept_arguments)
{
        struct dynamic child = { pid.word, kept_arguments };

        if ((table->count + 1) * 2 > table->capacity)
                grow(table);
        place(table, child);
}

/* Takes it out; those behind it that it kept from their places move up. The arguments are the
 * caller's. */
static cop_term take_out(struct dynamics *table, struct dynamic *child)
{
        size_t mask = table->capacity - 1, hole = (size_t)(child - table->slots), at = hole;
        cop_term arguments = child->arguments;

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
        table->slots[hole] = (struct dynamic){ 0, COP_NONE };
        table->count--;
        return arguments;
}

static void drop(struct dynamics *table, struct dynamic *child)
{
        cop_release(take_out(table, child));
}

/* ---- the template ---- */

static struct child *template_of(const struct supervisor *supervisor)
{
        return supervisor->oldest;
}

/* The template as if it were this child, for reports. */
static struct child as_child(const struct supervisor *supervisor, enum child_state state,
                             cop_pid pid, cop_term arguments)
{
        struct child child = *template_of(supervisor);

        child.state = state;
        child.pid = pid;
        child.arguments = arguments;
        return child;
}

static cop_term append(cop_term first, cop_term second)
{
        cop_term list = second;

        COP_EACH (element, cop_reverse(first))
                list = cop_cons(element, list);
        return list;
}

/* ---- requests ---- */

static void store(struct supervisor *supervisor, cop_pid pid, cop_term arguments)
{
        bool dropped = template_of(supervisor)->restart == COP_TEMPORARY;

        add(&supervisor->running, pid, dropped ? COP_NONE : cop_keep(arguments));
}

static cop_term start_child(struct supervisor *supervisor, cop_term extra)
{
        struct child *template = template_of(supervisor);
        struct start_result result;
        cop_term arguments;

        if (!cop__is_proper_list(extra))
                return cop_build("{error, {badarg, X}}", extra);
        arguments = append(template->arguments, extra);
        result = cop__start_call(template, arguments);
        if (result.outcome == START_DONE || result.outcome == START_DONE_INFO) {
                struct child child = as_child(supervisor, CHILD_RUNNING, result.pid, arguments);

                cop__report_started(supervisor, &child, result.pid, COP_LEVEL_DEBUG);
                store(supervisor, result.pid, arguments);
        }
        return cop__start_answer(result);
}

static cop_term terminate_child(struct supervisor *supervisor, cop_term id)
{
        struct dynamic *found;
        struct child child;
        cop_pid pid;

        if (!cop_is_pid(id))
                return cop_build("{error, simple_one_for_one}");
        pid = cop_to_pid(id);
        found = find(&supervisor->running, pid);
        if (found) {
                child = as_child(supervisor, CHILD_RUNNING, pid, found->arguments);
                cop__child_stop(supervisor, &child);
                drop(&supervisor->running, found);
                return cop_build("ok");
        }
        found = find(&supervisor->restarting, pid);
        if (found)
                drop(&supervisor->restarting, found);
        else if (cop_is_alive(pid))
                return cop_build("{error, not_found}");
        return cop_build("ok");
}

static cop_term get_childspec(struct supervisor *supervisor, cop_term id)
{
        struct child *template = template_of(supervisor);
        bool found = cop_equal(id, template->id);
        cop_pid pid;

        if (cop_is_pid(id)) {
                pid = cop_to_pid(id);
                found = find(&supervisor->running, pid) || find(&supervisor->restarting, pid) ||
                        !cop_is_alive(pid);
        }
        return found ? cop_build("{ok, Spec}", cop__spec_show(template))
                     : cop_build("{error, not_found}");
}

static cop_term which_children(const struct supervisor *supervisor)
{
        const struct child *template = template_of(supervisor);
        cop_term type = cop_atom(template->is_supervisor ? "supervisor" : "worker");
        cop_term restarting =
                cop_build("{undefined, restarting, Type, Modules}", type, template->modules);
        cop_term list = cop_nil();
        size_t i;

        for (i = 0; i < supervisor->restarting.count; i++)
                list = cop_cons(restarting, list);
        for (i = 0; i < supervisor->running.capacity; i++) {
                cop_pid pid = { supervisor->running.slots[i].pid };

                if (pid.word)
                        list = cop_cons(cop_build("{undefined, Pid, Type, Modules}", pid, type,
                                                  template->modules),
                                        list);
        }
        return list;
}

static cop_term count_children(const struct supervisor *supervisor)
{
        size_t all = supervisor->running.count + supervisor->restarting.count;
        bool supervisors = template_of(supervisor)->is_supervisor;

        return cop_build("[{specs, 1}, {active, A}, {supervisors, S}, {workers, W}]",
                         supervisor->running.count, supervisors ? all : 0, supervisors ? 0 : all);
}

cop_next cop__dynamic_call(struct supervisor *supervisor, cop_term request)
{
        cop_term part;

        if (cop_match(request, "{start_child, Arguments}", &part))
                return cop_reply(start_child(supervisor, part));
        if (cop_match(request, "{terminate_child, Id}", &part))
                return cop_reply(terminate_child(supervisor, part));
        if (cop_match(request, "{restart_child, _}") || cop_match(request, "{delete_child, _}"))
                return cop_reply(cop_build("{error, simple_one_for_one}"));
        if (cop_match(request, "{get_childspec, Id}", &part))
                return cop_reply(get_childspec(supervisor, part));
        if (cop_match(request, "{which_child, _}"))
                return cop_reply(cop_build("{error, simple_one_for_one}"));
        if (cop_match(request, "which_children"))
                return cop_reply(which_children(supervisor));
        if (cop_match(request, "count_children"))
                return cop_reply(count_children(supervisor));
        return cop_no_clause();
}

/* ---- deaths ---- */

/* The arguments are in no table while this runs. */
static bool restart(struct supervisor *supervisor, struct child *child)
{
        struct start_result result;

        if (!cop__restart_is_allowed(supervisor)) {
                cop__report_child(supervisor, REPORT_SHUTDOWN, child,
                                  cop_build("reached_max_restart_intensity"));
                cop_release(child->arguments);
                return false;
        }
        result = cop__start_call(child, child->arguments);
        switch (result.outcome) {
        case START_DONE:
        case START_DONE_INFO:
                cop__report_started(supervisor, child, result.pid, COP_LEVEL_INFO);
                add(&supervisor->running, result.pid, child->arguments);
                break;
        case START_IGNORED:
                cop_release(child->arguments);
                break;
        case START_FAILED:
                add(&supervisor->restarting, child->pid, child->arguments);
                cop__report_child(supervisor, REPORT_START_ERROR, child, result.term);
                cop_cast(cop_self(), "{try_again_restart, {restarting, Pid}}", child->pid);
                break;
        }
        return true;
}

bool cop__dynamic_died(struct supervisor *supervisor, cop_pid pid, cop_term reason)
{
        struct dynamic *found = find(&supervisor->running, pid);
        struct child child;

        if (!found)
                return true;
        child = as_child(supervisor, CHILD_RUNNING, pid, take_out(&supervisor->running, found));
        if (child.restart != COP_PERMANENT && cop__is_quiet(reason)) {
                cop_release(child.arguments);
                return true;
        }
        cop__report_child(supervisor, REPORT_CHILD_TERMINATED, &child, reason);
        if (child.restart == COP_TEMPORARY)
                return true; /* its arguments were never kept */
        return restart(supervisor, &child);
}

bool cop__dynamic_try_again(struct supervisor *supervisor, cop_pid old_pid)
{
        struct dynamic *found = find(&supervisor->restarting, old_pid);
        struct child child;

        if (!found)
                return true;
        child = as_child(supervisor, CHILD_RESTARTING, old_pid,
                         take_out(&supervisor->restarting, found));
        return restart(supervisor, &child);
}

/* ---- the end ---- */

/* How many ended in a way in which they should not have. */
struct bad_end {
        struct bad_end *next;
        cop_term reason; /* kept */
        size_t number;
};

static void count_bad_end(struct bad_end **list, cop_term reason)
{
        struct bad_end *end = *list;

        while (end && !cop_equal(end->reason, reason))
                end = end->next;
        if (!end) {
                end = cop_alloc(sizeof(*end));
                end->reason = cop_keep(reason);
                end->next = *list;
                *list = end;
        }
        end->number++;
}

static void signal_all(const struct dynamics *table, bool watch, bool kill)
{
        size_t i;

        for (i = 0; i < table->capacity; i++) {
                cop_pid pid = { table->slots[i].pid };

                if (!pid.word)
                        continue;
                if (watch)
                        cop_monitor(pid);
                if (kill)
                        cop_kill(pid);
                else
                        cop_exit_to(pid, "shutdown");
        }
}

static bool anything(cop_term message, void *context)
{
        return true;
}

/* From here on a slot's arguments are the reason that the exit signal told. */
static void forget_arguments(struct dynamics *table)
{
        size_t i;

        for (i = 0; i < table->capacity; i++) {
                cop_release(table->slots[i].arguments);
                table->slots[i].arguments = COP_NONE;
        }
}

static void hear(struct supervisor *supervisor, cop_term message, struct bad_end **bad)
{
        struct dynamic *found;
        cop_term reason;
        cop_pid pid;

        if (cop_match(message, "{'EXIT', Pid, Reason}", &pid, &reason)) {
                found = find(&supervisor->running, pid);
                if (found)
                        cop_replace(&found->arguments, reason);
        } else if (cop_match(message, "{'DOWN', _, process, Pid, Reason}", &pid, &reason)) {
                found = find(&supervisor->running, pid);
                if (!found)
                        return;
                if (!cop_is_none(found->arguments))
                        reason = found->arguments;
                else if (cop_is(reason, "noproc"))
                        reason = cop_build("child_process_unlinked");
                if (!cop__is_good_end(template_of(supervisor), reason))
                        count_bad_end(bad, reason);
                drop(&supervisor->running, found);
        }
}

static void wait_for_all(struct supervisor *supervisor, int64_t deadline_ms, struct bad_end **bad)
{
        bool timed = deadline_ms >= 0;

        while (supervisor->running.count > 0) {
                cop_scope {
                        int64_t left_ms = timed ? deadline_ms - cop_now_ms() : COP_FOREVER;
                        cop_term message =
                                cop_receive_if(anything, NULL, timed && left_ms < 0 ? 0 : left_ms);

                        if (!cop_is_none(message)) {
                                hear(supervisor, message, bad);
                        } else {
                                signal_all(&supervisor->running, false, true);
                                timed = false;
                        }
                }
        }
}

void cop__dynamic_stop(struct supervisor *supervisor)
{
        const struct child *template = template_of(supervisor);
        int64_t shutdown_ms = template->shutdown_ms;
        int64_t deadline_ms = shutdown_ms >= 0 ? cop_now_ms() + shutdown_ms : COP_FOREVER;
        struct bad_end *bad = NULL;

        forget_arguments(&supervisor->running);
        signal_all(&supervisor->running, true, shutdown_ms == SHUTDOWN_KILL);
        wait_for_all(supervisor, deadline_ms, &bad);
        for (; bad; bad = bad->next)
                cop__report_children(supervisor, template, bad->number, bad->reason);
}
