/*
 * request.c: steps that call somebody.
 *
 * Each runs in a process of its own, a plain one, which sends its result to the runner. When
 * request_begin() returns, that process waits for its answer or is done: its request is in the
 * receiver's inbox. What is looked up in the book is looked up before.
 *
 * A process that starts something traps exits and lives on: it is the parent of what it started.
 */
#include <sched.h>
#include <string.h>

#include "runner.h"

enum { PROCESSES_MOST = 4096 };

static struct {
        cop_pid pids[PROCESSES_MOST];
        bool is_parent[PROCESSES_MOST];
        size_t count;
} started;

/* ---- in the process ---- */

struct attempt {
        cop_term what, result;
};

static cop_term do_call(cop_term to, cop_term request, cop_term timeout)
{
        int64_t ms = cop_is_int(timeout) ? cop_to_int(timeout) : COP_FOREVER;

        return cop_build("{reply, X}", cop_call_term(COP__TO(to), request, ms));
}

static cop_term do_stop(cop_term to, cop_term reason, cop_term timeout)
{
        int64_t ms = cop_is_int(timeout) ? cop_to_int(timeout) : COP_FOREVER;

        cop_server_stop_term(COP__TO(to), reason, ms);
        return cop_build("ok");
}

static cop_term start_many(cop_term to, int64_t number)
{
        cop_term list = cop_nil();

        while (number-- > 0)
                list = cop_cons(cop_start_child(to, "[]"), list);
        return cop_reverse(list);
}

static cop_term do_supervisors_call(cop_term to, cop_term what, cop_term id)
{
        if (cop_is(what, "start_child"))
                return cop_start_child_term(COP__TO(to), id);
        return cop__supervisor_ask(COP__TO(to), cop_to_atom_text(what), id);
}

static cop_term start_top(cop_term module, cop_term id, cop_term argument)
{
        return cop_apply_start(module, cop_atom("start_link"),
                               cop_build("[Id, Argument]", id, argument));
}

static void try_it(void *argument)
{
        struct attempt *attempt = argument;
        cop_term what = attempt->what, to, a, b;
        int64_t number;

        if (cop_match(what, "{call, To, A, B}", &to, &a, &b)) {
                attempt->result = do_call(to, a, b);
        } else if (cop_match(what, "{stop, To, A, B}", &to, &a, &b)) {
                attempt->result = do_stop(to, a, b);
        } else if (cop_match(what, "{suspend, To}", &to)) {
                cop_sys_suspend(to);
                attempt->result = cop_build("ok");
        } else if (cop_match(what, "{resume, To}", &to)) {
                cop_sys_resume(to);
                attempt->result = cop_build("ok");
        } else if (cop_match(what, "{start_many, To, N}", &to, &number)) {
                attempt->result = start_many(to, number);
        } else if (cop_match(what, "{sorted, To, A}", &to, &a)) {
                attempt->result = cop_build("{'$sorted', L}", do_supervisors_call(to, a, COP_NONE));
        } else if (cop_match(what, "{ask, To, A}", &to, &a)) {
                attempt->result = do_supervisors_call(to, a, COP_NONE);
        } else if (cop_match(what, "{ask, To, A, B}", &to, &a, &b)) {
                attempt->result = do_supervisors_call(to, a, b);
        } else if (cop_match(what, "{check_childspecs, A, B}", &a, &b)) {
                attempt->result = cop_check_childspecs(a, b);
        } else if (cop_match(what, "{start, To, A, B}", &to, &a, &b)) {
                attempt->result = start_top(to, a, b);
        }
}

/* The result, or {exit, Reason} with the bare reason where a call failed. */
static cop_term outcome(cop_term what)
{
        struct attempt attempt = { what, cop_build("unknown") };
        cop_term reason, inner;

        if (cop_try(try_it, &attempt, &reason) == COP_NORMAL)
                return attempt.result;
        if (cop_match(reason, "{Inner, {gen_server, _, _}}", &inner) ||
            cop_match(reason, "{Inner, {sys, _, _}}", &inner))
                reason = inner;
        return cop_build("{exit, Reason}", reason);
}

static void caller(cop_term argument)
{
        cop_term tag, what;
        cop_pid runner;

        cop_match(argument, "{Runner, Tag, What}", &runner, &tag, &what);
        cop_send(runner, "{op_result, Tag, Result}", tag, outcome(what));
}

static void parent(cop_term argument)
{
        cop_term reason;

        cop_trap_exits(true);
        caller(argument);
        for (;;)
                if (cop_match(cop_next_message(), "{die, Reason}", &reason))
                        cop_exit_term(reason);
}

/* ---- in the runner ---- */

/* Until it waits for an answer, or is done. */
static void until_waiting(cop_pid pid)
{
        for (;;) {
                cop_term status = cop_process_info(pid, "status");

                if (cop_is_none(status) || cop_is(status, "waiting"))
                        return;
                sched_yield();
        }
}

static cop_term begin(cop_process_fn *fn, cop_term tag, cop_term what)
{
        cop_pid pid = cop_spawn(fn, cop_build("{Me, Tag, What}", cop_self(), tag, what));

        if (started.count == PROCESSES_MOST)
                cop_exit("too_many_steps");
        started.pids[started.count] = pid;
        started.is_parent[started.count++] = fn == parent;
        until_waiting(pid);
        return COP_NONE;
}

bool request_is_parent(cop_pid pid)
{
        size_t i;

        for (i = 0; i < started.count; i++)
                if (started.is_parent[i] && cop_same(started.pids[i], pid))
                        return true;
        return false;
}

cop_term request_processes(void)
{
        cop_term list = cop_nil();
        size_t i;

        for (i = 0; i < started.count; i++)
                list = cop_cons(cop_pid_term(started.pids[i]), list);
        return list;
}

void request_end_all(void)
{
        started.count = 0;
}

static cop_term unknown(void)
{
        return cop_build("unknown");
}

/* The process that a Ref names, as a term; COP_NONE: there is none. */
static cop_term process_of(cop_term ref)
{
        cop_term pid = book_find(ref);

        return cop_is_pid(pid) ? pid : COP_NONE;
}

static bool is_simple(cop_term pid)
{
        cop_term person = cop_map_find(book_people(), pid);

        return !cop_is_none(person) &&
               cop_match(person, "{_, _, {supervisor, simple_one_for_one}, _, _}");
}

static cop_term end_parent(cop_term pid, cop_term reason)
{
        cop_term person = cop_map_find(book_people(), pid);
        cop_pid above;

        if (cop_is_none(person) || !cop_match(person, "{_, _, _, _, Parent}", &above) ||
            !request_is_parent(above))
                return cop_build("not_top");
        cop_send(above, "{die, Reason}", reason);
        return cop_build("ok");
}

/* Steps that are done at once. */
static cop_term do_at_once(cop_term step, cop_term pid)
{
        cop_term part;

        if (cop_match(step, "{parent_exit, _, R}", &part))
                return end_parent(pid, part);
        if (cop_match(step, "{cast, _, A}", &part))
                cop_cast(pid, "A", part);
        else if (cop_match(step, "{send, _, M}", &part))
                cop_send(pid, "M", part);
        else if (cop_match(step, "{signal, _, R}", &part))
                cop_exit_to_term(cop_to_pid(pid), part);
        else
                return COP_NONE;
        return cop_build("ok");
}

/* A supervisor's call with an id, which may be {pid, Ref}. */
static cop_term begin_with_id(cop_term tag, cop_term what, cop_term pid, cop_term id)
{
        cop_term ref;

        if (cop_is(what, "start_child")) {
                if (!is_simple(pid))
                        id = real_spec(id);
        } else if (cop_match(id, "{pid, Ref}", &ref)) {
                id = process_of(ref);
                if (cop_is_none(id))
                        return unknown();
        }
        return begin(caller, tag, cop_build("{ask, Pid, What, Id}", pid, what, id));
}

/* Steps that call the process. */
static cop_term begin_call(cop_term tag, cop_term step, cop_term pid)
{
        cop_term a, b, what, forever = cop_build("infinity");

        if (cop_match(step, "{call, _, A}", &a))
                return begin(caller, tag, cop_build("{call, P, A, B}", pid, a, forever));
        if (cop_match(step, "{call, _, A, B}", &a, &b))
                return begin(caller, tag, cop_build("{call, P, A, B}", pid, a, b));
        if (cop_match(step, "{stop, _, A}", &a))
                return begin(caller, tag, cop_build("{stop, P, A, B}", pid, a, forever));
        if (cop_match(step, "{stop, _, A, B}", &a, &b))
                return begin(caller, tag, cop_build("{stop, P, A, B}", pid, a, b));
        if (cop_match(step, "{suspend, _}"))
                return begin(caller, tag, cop_build("{suspend, P}", pid));
        if (cop_match(step, "{resume, _}"))
                return begin(caller, tag, cop_build("{resume, P}", pid));
        if (cop_match(step, "{start_children, _, N}", &a))
                return begin(caller, tag, cop_build("{start_many, P, N}", pid, a));
        if (cop_match(step, "{which_children, _}") && is_simple(pid))
                return begin(caller, tag, cop_build("{sorted, P, which_children}", pid));
        if (cop_match(step, "{What, _}", &what))
                return begin(caller, tag, cop_build("{ask, P, What}", pid, what));
        if (cop_match(step, "{What, _, Id}", &what, &a))
                return begin_with_id(tag, what, pid, a);
        return unknown();
}

static cop_term whereis(cop_term name)
{
        cop_pid pid = cop_whereis(cop_to_atom_text(name));

        return cop_is_nobody(pid) ? cop_build("undefined") : cop_pid_term(pid);
}

cop_term request_begin(cop_term tag, cop_term step)
{
        cop_term name, part, ref, pid, done;

        if (cop_match(step, "{start, Name}", &name))
                return begin(parent, tag, cop_build("{start, oracle_supervisor, N, N}", name));
        if (cop_match(step, "{start_worker, Label, B}", &name, &part))
                return begin(parent, tag, cop_build("{start, oracle_worker, N, B}", name, part));
        if (cop_match(step, "{check_childspecs, Specs}", &part))
                return begin(caller, tag,
                             cop_build("{check_childspecs, S, undefined}", real_specs(part)));
        if (cop_match(step, "{check_childspecs, Specs, Auto}", &part, &name))
                return begin(caller, tag,
                             cop_build("{check_childspecs, S, A}", real_specs(part), name));
        if (cop_match(step, "{whereis, Name}", &name))
                return whereis(name);

        ref = cop_element(step, 1);
        pid = process_of(ref);
        if (cop_is_none(pid))
                return unknown();
        done = do_at_once(step, pid);
        return cop_is_none(done) ? begin_call(tag, step, pid) : done;
}
