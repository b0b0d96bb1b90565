/*
 * order.c: some orders are open, and a trace fixes them; README.md says which.
 *
 * Events here are {Pid, Event}.
 */
#include "runner.h"

static cop_term pid_of(cop_term event)
{
        return cop_element(event, 0);
}

static cop_term event_of(cop_term event)
{
        return cop_element(event, 1);
}

static cop_term person_of(cop_term people, cop_term pid)
{
        return cop_map_get(people, pid, cop_build("undefined"));
}

static bool is_died(cop_term exits, cop_term pid)
{
        COP_EACH (exit, exits)
                if (cop_equal(cop_element(exit, 0), pid))
                        return true;
        return false;
}

/* An exit, or the end of somebody that was monitored. */
static bool is_signal(cop_term event)
{
        return cop_match(event, "{info, _, {'EXIT', _, _}}") ||
               cop_match(event, "{info, _, {_, _, process, _, _}}");
}

/* Where supervisors end at the same time: one was killed, or several of one simple_one_for_one
 * supervisor died. */
static bool is_loose(cop_term exits, cop_term people)
{
        cop_term parents = cop_nil();

        COP_EACH (exit, exits) {
                cop_term person = person_of(people, cop_element(exit, 0)), parent;
                bool parallel;

                if (!cop_match(person, "{_, _, {supervisor, _}, Parallel, Parent}", &parallel,
                               &parent))
                        continue;
                if (cop_is(cop_element(exit, 1), "killed"))
                        return true;
                if (parallel && cop_is_member(parent, parents))
                        return true;
                if (parallel)
                        parents = cop_cons(parent, parents);
        }
        return false;
}

/* What kind of run an event may be part of: {Kind, Pid}, or none. */
static cop_term group_of(cop_term entry, cop_term people, bool order_open)
{
        cop_term event = event_of(entry), pid = pid_of(entry), parent, kind;

        if (cop_match(event, "{report, _, shutdown_error, _, {nb_children, _}, _}"))
                return cop_build("{lines, Pid}", pid);
        kind = cop_element(event, 0);
        if (cop_is(kind, "terminate") || cop_is(kind, "terminated") ||
            cop_is(kind, "server_error")) {
                if (cop_match(person_of(people, pid), "{_, _, _, true, Parent}", &parent))
                        return cop_build("{ends, Parent}", parent);
                return cop_build("none");
        }
        if (order_open && is_signal(event))
                return cop_build("{lines, Pid}", pid);
        return cop_build("none");
}

static cop_term append(cop_term list, cop_term more)
{
        COP_EACH (element, more)
                list = cop_cons(element, list);
        return list;
}

/* The lists here are reversed, as they are built. */
static cop_term order_runs(cop_term events, cop_term people, bool order_open)
{
        cop_term done = cop_nil();

        while (!cop_is_nil(events)) {
                cop_term group = group_of(cop_head(events), people, order_open);
                cop_term run = cop_nil();

                if (cop_is(group, "none")) {
                        done = cop_cons(cop_head(events), done);
                        events = cop_tail(events);
                        continue;
                }
                while (!cop_is_nil(events) &&
                       cop_equal(group_of(cop_head(events), people, order_open), group)) {
                        run = cop_cons(cop_head(events), run);
                        events = cop_tail(events);
                }
                run = sort_by_text(cop_reverse(run), people,
                                   cop_is(cop_element(group, 0), "ends") ? pid_of : event_of);
                done = append(done, run);
        }
        return cop_reverse(done);
}

static cop_term without_signals_of_the_dead(cop_term events, cop_term exits)
{
        cop_term kept = cop_nil();

        COP_EACH (event, events)
                if (!is_signal(event_of(event)) || !is_died(exits, pid_of(event)))
                        kept = cop_cons(event, kept);
        return cop_reverse(kept);
}

cop_term in_order(cop_term events, cop_term exits, cop_term people, bool order_open)
{
        if (order_open)
                events = without_signals_of_the_dead(events, exits);
        if (order_open || is_loose(exits, people))
                events = sort_by_text(events, people, pid_of);
        return order_runs(events, people, order_open);
}
