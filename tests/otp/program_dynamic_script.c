/*
 * Runs a script of a dynamic supervisor, and prints what came of each operation, as
 * tests/conformance/dynamic/run.exs does in Elixir; README.md there says what the operations are.
 *
 *     otp_dynamic_script FILE.script [SEED]       with a seed: simulated
 */
#include <coppice.h>

#include <stdio.h>

#include "support/script.h"

enum { CHILDREN = 6, STARTS_MAX = 1000 };

static cop_pid supervisor; /* a zero pid: none was started */
static cop_pid pids[CHILDREN];
static _Atomic(int) starts[CHILDREN];

/* Whoever was started: which child it is. */
static struct {
        cop_pid pid;
        int n;
} all[STARTS_MAX];
static _Atomic(int) all_count;

/* ---- a child ---- */

struct child {
        bool stubborn;
};

static cop_next init(struct child *c, cop_term argument)
{
        cop_term kind;
        int n;

        if (!cop_match(argument, "{N, Kind}", &n, &kind))
                return cop_end("badarg");
        c->stubborn = cop_is(kind, "stubborn");
        cop_trap_exits(!cop_is(kind, "plain"));
        pids[n] = cop_self();
        all[all_count].pid = cop_self();
        all[all_count++].n = n;
        return cop_ok();
}

static cop_next handle_cast(struct child *c, cop_term request)
{
        cop_term reason;

        if (!cop_match(request, "{die, R}", &reason))
                return cop_no_clause();
        c->stubborn = false;
        return cop_end("R", reason);
}

static void terminate(struct child *c, cop_term reason)
{
        if (c->stubborn && cop_is(reason, "shutdown"))
                cop_receive(COP_FOREVER, "never");
}

COP_SERVER(child, struct child, .init = init, .handle_cast = handle_cast, .terminate = terminate);

static cop_term act(cop_term what, cop_term argument)
{
        cop_term value;

        if (cop_is(what, "ok") || cop_is(what, "info")) {
                value = cop_server_try_start_link(child, argument);
                return cop_is(what, "ok") ? value
                                          : cop_build("{ok, P, info}", cop_element(value, 1));
        }
        if (cop_match(what, "{returns, X}", &value))
                return value;
        if (cop_match(what, "{exit, R}", &value))
                cop_exit_term(value);
        if (cop_match(what, "{crash, E}", &value))
                cop_error("E", value);
        if (cop_match(what, "{throw, V}", &value))
                cop_throw_term(value);
        return what;
}

static cop_term start_child(cop_term arguments)
{
        cop_term own = arguments, kind, acts;
        int n, count;

        while (cop_length(own) > 3)
                own = cop_tail(own);
        if (!cop_match(own, "[N, Kind, Acts]", &n, &kind, &acts))
                cop_error("badarg");
        for (count = starts[n]++; count > 0 && !cop_is_nil(cop_tail(acts)); count--)
                acts = cop_tail(acts);
        return act(cop_head(acts), cop_build("{N, Kind}", n, kind));
}

COP_START_FUNCTION(start, start, start_child);

static cop_term flags_of(cop_term flags)
{
        return cop_build("{ok, Flags}", flags);
}

COP_DYNAMIC_SUPERVISOR(described, .init = flags_of);

/* ---- what came of it ---- */

/* Reasons without places of the program. */
static cop_term canon(cop_term reason)
{
        cop_term first, second;

        if (!cop_match(reason, "{A, B}", &first, &second))
                return reason;
        if (cop_is_list(second))
                return cop_build("{A, stack}", canon(first));
        return cop_build("{A, B}", canon(first), canon(second));
}

static cop_term number(cop_term pid)
{
        int i;

        if (!cop_is_pid(pid))
                return pid;
        for (i = 0; i < all_count; i++)
                if (cop_same(all[i].pid, cop_to_pid(pid)))
                        return cop_int(all[i].n);
        return cop_build("stranger");
}

static cop_term show(cop_term result)
{
        cop_term part, info;

        if (cop_match(result, "{ok, Pid}", &part))
                return cop_build("{ok, N}", number(part));
        if (cop_match(result, "{ok, Pid, Info}", &part, &info))
                return cop_build("{ok, N, Info}", number(part), info);
        if (cop_match(result, "{error, R}", &part))
                return cop_build("{error, R}", canon(part));
        return result;
}

/* Runs in who reports. */
static void hear(void *context, enum cop_level level, cop_term report)
{
        cop_term what, reason, pid, id, arguments, restart, shutdown, type;

        if (cop_match(report, "#{label := {supervisor, unexpected}, message := M}", &what))
                cop_send("script", "{report, {unexpected, M}}", what);
        if (!cop_match(report,
                       "#{label := {supervisor, _}, report := [_, {errorContext, What},"
                       " {reason, Reason}, {offender, [{pid, Pid}, {id, Id}, {mfargs, {_, _, A}},"
                       " {restart_type, Restart}, _, {shutdown, Shutdown}, {child_type, T}]}]}",
                       &what, &reason, &pid, &id, &arguments, &restart, &shutdown, &type))
                return;
        cop_send("script", "{report, {What, Reason, Pid, Id, A, Restart, Shutdown, Type}}", what,
                 canon(reason), cop_atom(cop_is_pid(pid) ? "pid" : "restarting"), id, arguments,
                 restart, shutdown, type);
}

static cop_term reports(void)
{
        cop_term list = cop_nil(), report;

        while (cop_receive(0, "{report, R}", &report))
                list = cop_cons(report, list);
        return cop_sort(list);
}

static cop_term ended(void)
{
        cop_term reason;

        return cop_receive(0, "{'EXIT', ^Pid, Reason}", &supervisor, &reason) ? canon(reason)
                                                                              : cop_build("lives");
}

/* Until nothing moves, not even a supervisor that is ending. */
static void settle(void)
{
        cop_term nothing;

        cop_system_quiet(5000);
        if (!cop_is_nobody(supervisor))
                cop_try_call(&nothing, COP_FOREVER, supervisor, "count_children");
        cop_system_quiet(5000);
}

/* ---- operations ---- */

struct asking {
        const char *what;
        cop_term argument, result;
};

static void ask_it(void *argument)
{
        struct asking *asking = argument;

        asking->result = cop__supervisor_ask(COP__TO(supervisor), asking->what, asking->argument);
}

static cop_term ask(const char *what, cop_term argument)
{
        struct asking asking = { what, argument, COP_NONE };
        cop_term reason;

        if (cop_try(ask_it, &asking, &reason) == COP_NORMAL)
                return asking.result;
        cop_match(reason, "{Reason, {gen_server, _, _}}", &reason);
        return cop_build("{exit, R}", canon(reason));
}

static cop_term stop(void)
{
        if (cop_is_nobody(supervisor) || !cop_is_alive(supervisor))
                return cop_build("dead");
        cop_supervisor_stop(supervisor);
        return cop_build("ok");
}

static cop_term new_supervisor(cop_term flags)
{
        cop_term result;
        int n;

        stop();
        ended();
        settle();
        reports();
        for (n = 0; n < CHILDREN; n++) {
                pids[n].word = 0;
                starts[n] = 0;
        }
        supervisor.word = 0;
        result = cop_server_try_start_link(described, flags);
        return cop_match(result, "{ok, Pid}", &supervisor) ? cop_build("started") : show(result);
}

static cop_term start(cop_term operation)
{
        cop_term kind, restart, shutdown, type, acts;
        int n;

        cop_match(operation, "{start, N, Kind, Restart, Shutdown, Type, Acts}", &n, &kind, &restart,
                  &shutdown, &type, &acts);
        starts[n] = 0;
        return show(ask("start_child",
                        cop_build("#{id => N, start => {start, start, [N, Kind, Acts]},"
                                  "  restart => Restart, shutdown => Shutdown, type => Type,"
                                  "  modules => [child]}",
                                  n, kind, acts, restart, shutdown, type)));
}

/* Ends the child in one of two ways, and waits until it is dead. */
static cop_term end(int n, cop_term reason)
{
        cop_ref ref;

        if (cop_is_nobody(pids[n]) || !cop_is_alive(pids[n]))
                return cop_build("nobody");
        ref = cop_monitor(pids[n]);
        if (cop_is_none(reason))
                cop_kill(pids[n]);
        else
                cop_cast(pids[n], "{die, R}", reason);
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, _, _, Reason}", &ref, &reason);
        return cop_build("{down, R}", canon(reason));
}

static cop_term which(void)
{
        cop_term list = ask("which_children", COP_NONE), shown = cop_nil();
        cop_term id, pid, type, modules;

        if (!cop_is_list(list))
                return list;
        COP_EACH (child, list) {
                cop_match(child, "{Id, Pid, Type, Modules}", &id, &pid, &type, &modules);
                shown = cop_cons(
                        cop_build("{Id, N, Type, Modules}", id, number(pid), type, modules), shown);
        }
        return cop_sort(shown);
}

static cop_term count(void)
{
        cop_term result = ask("count_children", COP_NONE), n, a, s, w;

        return cop_match(result, "[{specs, N}, {active, A}, {supervisors, S}, {workers, W}]", &n,
                         &a, &s, &w)
                       ? cop_build("{N, A, S, W}", n, a, s, w)
                       : result;
}

static cop_term perform(cop_term operation)
{
        cop_term part;
        int n;

        if (cop_match(operation, "{new, Flags}", &part))
                return new_supervisor(part);
        if (cop_is_nobody(supervisor))
                return cop_build("nobody");
        if (cop_match(operation, "{start, _, _, _, _, _, _}"))
                return start(operation);
        if (cop_match(operation, "{bad, Spec}", &part))
                return cop_is_alive(supervisor) ? show(ask("start_child", part))
                                                : cop_build("dead");
        if (cop_match(operation, "{terminate, N}", &n))
                return cop_is_nobody(pids[n]) ? cop_build("nobody")
                                              : show(ask("terminate_child", cop_pid_term(pids[n])));
        if (cop_match(operation, "{die, N, R}", &n, &part))
                return end(n, part);
        if (cop_match(operation, "{kill, N}", &n))
                return end(n, COP_NONE);
        if (cop_is(operation, "which"))
                return which();
        if (cop_is(operation, "count"))
                return count();
        if (cop_is(operation, "stop"))
                return stop();
        if (cop_match(operation, "{cast, X}", &part))
                cop_cast(supervisor, "X", part);
        else if (cop_match(operation, "{send, X}", &part))
                cop_send(supervisor, "X", part);
        else
                cop_exit("{unknown, Operation}", operation);
        return cop_build("ok");
}

/* ---- the script ---- */

static void run(void *path)
{
        cop_trap_exits(true);
        cop_register("script", cop_self());
        cop_report_to(hear, NULL);
        COP_EACH (operation, script_read(path)) {
                cop_term result = perform(operation), heard;

                settle();
                heard = reports();
                printf("%s\n  %s\n", cop_show(operation),
                       cop_show(cop_build("{Result, Reports, Ended}", result, heard, ended())));
        }
        stop();
}

int main(int argc, char **argv)
{
        return script_main(argc, argv, run);
}
