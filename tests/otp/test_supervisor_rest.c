/*
 * SUP, the rest: restarts that are tried again, what counts as a restart, how children end and the
 * supervisor itself, and what its reports look like. See test_supervisor.c.
 */
#include "support/troupe.h"

static void begin(void)
{
        actors_begin();
        cop_trap_exits(true);
}

/* Every report as it is, as {report, Report}. */
static void hear_all(void *context, enum cop_level level, cop_term report)
{
        if (!cop_is_nobody(cop_whereis("test")))
                cop_send(cop_whereis("test"), "{report, R}", report);
}

static cop_pid a_and(cop_term flags, cop_term other)
{
        return troupe_start(flags, cop_build("[A, B]", troupe_spec("a", "#{}"), other));
}

/* ---- F, S, D ---- */

COP_TEST(SUP_F9, "a supervisor traps exits")
{
        begin();
        cop_assert_term(cop_process_info(troupe_start(cop_build("#{}"), cop_nil()), "trap_exit"),
                        "true");
}

COP_TEST(SUP_S4, "the start returns when all children are up")
{
        cop_pid pid;

        begin();
        pid = a_and(cop_build("#{}"), troupe_spec("b", "#{actor => #{init => {sleep, 20, ok}}}"));
        cop_assert_term(cop_count_children(pid),
                        "[{specs, 2}, {active, 2}, {supervisors, 0}, {workers, 2}]");
}

COP_TEST(SUP_S5, "of a child that is not linked the death is not seen, and its end is reported")
{
        cop_pid pid;

        begin();
        pid = troupe_start(cop_build("#{}"),
                           cop_build("[#{id => a, start => {actor, start, [#{id => a}]}}]"));
        cop_assert_term(troupe_kill(pid, "a"), "[]");
        cop_supervisor_stop(pid);
        cop_assert_term(messages(),
                        "[{shutdown_error, a, child_process_unlinked},"
                        " {'EXIT', Pid, normal}]",
                        pid);
}

COP_TEST(SUP_D4, "a death is reported before the limit is looked at")
{
        cop_term first;

        begin();
        cop_assert_match(
                troupe_kill(a_and(cop_build("#{intensity => 0}"), troupe_spec("b", "#{}")), "b"),
                "[First, {shutdown, b, reached_max_restart_intensity} | _]", &first);
        cop_assert_term(first, "{child_terminated, b, killed}");
}

COP_TEST(SUP_D12, "a restart is reported as a start is")
{
        begin();
        cop_assert_term(troupe_kill(a_and(cop_build("#{}"), troupe_spec("b", "#{}")), "b"),
                        "[{child_terminated, b, killed}, {init, b}, {started, b}]");
}

COP_TEST(SUP_D13, "what is started again is a new process, with nothing of the old one")
{
        cop_pid pid, old;

        begin();
        pid = a_and(cop_build("#{}"), troupe_spec("b", "#{}"));
        old = troupe_child(pid, "b");
        cop_sys_replace_state(old, cop_build("#{id => z}"));
        troupe_kill(pid, "b");
        cop_assert(!cop_same(troupe_child(pid, "b"), old));
        cop_assert_match(cop_sys_get_state(troupe_child(pid, "b")), "#{id := b}");
}

static cop_term inner_spec(const char *restart)
{
        return cop_build("#{id => inner, restart => R, type => supervisor,"
                         "  start => {troupe, start_link, [{#{intensity => 0}, [X]}]}}",
                         cop_atom(restart), troupe_spec("x", "#{}"));
}

COP_TEST(SUP_D14, "a supervisor that gives up ends with shutdown: a transient one is not restarted")
{
        cop_pid pid;

        begin();
        pid = a_and(cop_build("#{}"), inner_spec("transient"));
        troupe_kill(troupe_child(pid, "inner"), "x");
        cop_assert_term(cop_which_child(pid, cop_atom("inner")),
                        "{ok, {inner, undefined, supervisor, [troupe]}}");
        pid = a_and(cop_build("#{}"), inner_spec("permanent"));
        troupe_kill(troupe_child(pid, "inner"), "x");
        cop_assert(cop_is_alive(troupe_child(pid, "inner")));
}

/* ---- R: restarts that fail ---- */

/* A troupe whose child b is being restarted for a while: each attempt takes 20 ms and fails. */
static cop_pid restarting(void)
{
        cop_pid pid = a_and(cop_build("#{intensity => 1000, period => 3600}"),
                            troupe_spec("b", "#{actor => #{init => [ok,"
                                             "  {sleep, 20, {stop, shutdown}}]}}"));

        cop_kill(troupe_child(pid, "b"));
        cop_assert(cop_system_quiet(5000)); /* it is in the first attempt */
        return pid;
}

COP_TEST(SUP_R1, "between two attempts requests are served")
{
        cop_pid pid;

        begin();
        pid = restarting();
        cop_assert_term(cop_which_child(pid, cop_atom("b")),
                        "{ok, {b, restarting, worker, [actor]}}");
        cop_assert_match(cop_which_child(pid, cop_atom("a")), "{ok, {a, _, worker, [actor]}}");
        cop_terminate_child(pid, cop_atom("b"));
}

COP_TEST(SUP_R3, "ending a child that is being restarted ends the attempts")
{
        cop_pid pid;

        begin();
        pid = restarting();
        cop_assert_term(cop_terminate_child(pid, cop_atom("b")), "ok");
        messages();
        cop_sleep(60);
        cop_assert_term(messages(), "[]");
        cop_assert_term(cop_which_child(pid, cop_atom("b")),
                        "{ok, {b, undefined, worker, [actor]}}");
}

COP_TEST(SUP_R6, "in a group the next attempt is for the one that failed, and so is the blame")
{
        cop_term happened;
        cop_pid pid;

        begin();
        pid = a_and(cop_build("#{strategy => one_for_all, intensity => 2}"),
                    troupe_spec("b", "#{actor => #{init => [ok, {stop, shutdown}]}}"));
        happened = troupe_kill(pid, "a");
        cop_assert(cop_is_member(cop_build("{child_terminated, a, killed}"), happened));
        cop_assert(
                cop_is_member(cop_build("{shutdown, b, reached_max_restart_intensity}"), happened));
}

COP_TEST(SUP_R7, "one that is being restarted is not active, and not to be started or forgotten")
{
        cop_term b = cop_atom("b");
        cop_pid pid;

        begin();
        pid = restarting();
        cop_assert_term(cop_count_children(pid),
                        "[{specs, 2}, {active, 1}, {supervisors, 0}, {workers, 2}]");
        cop_assert_term(cop_start_child(pid, "S", troupe_spec("b", "#{}")),
                        "{error, already_present}");
        cop_assert_term(cop_restart_child(pid, b), "{error, restarting}");
        cop_assert_term(cop_delete_child(pid, b), "{error, restarting}");
        cop_terminate_child(pid, b);
}

/* ---- I: what counts ---- */

COP_TEST(SUP_I1, "fractions of a second do not count")
{
        cop_pid pid;

        if (!world_is_simulated())
                return; /* it would take seconds */
        begin();
        pid = a_and(cop_build("#{intensity => 1, period => 1}"), troupe_spec("b", "#{}"));
        cop_sleep((10 - cop_now_ms() % 1000 + 1000) % 1000);
        troupe_kill(pid, "a");
        cop_sleep(1900);
        troupe_kill(pid, "a");
        cop_assert(!cop_is_alive(pid));
}

COP_TEST(SUP_I5, "all children of a supervisor share one window")
{
        cop_pid pid;

        begin();
        pid = a_and(cop_build("#{intensity => 1, period => 3600}"), troupe_spec("b", "#{}"));
        troupe_kill(pid, "a");
        cop_assert(cop_is_alive(pid));
        troupe_kill(pid, "b");
        cop_assert(!cop_is_alive(pid));
}

COP_TEST(SUP_I6, "the restart of a group counts once")
{
        cop_pid pid;

        begin();
        pid = troupe_start(cop_build("#{strategy => one_for_all, intensity => 1}"),
                           troupe_of_three());
        troupe_kill(pid, "a");
        cop_assert(cop_is_alive(pid));
}

COP_TEST(SUP_I7, "what is done by hand does not count")
{
        cop_pid pid;
        int i;

        begin();
        pid = a_and(cop_build("#{intensity => 0}"), troupe_spec("b", "#{}"));
        for (i = 0; i < 5; i++) {
                cop_terminate_child(pid, cop_atom("b"));
                cop_restart_child(pid, cop_atom("b"));
        }
        cop_assert(cop_is_alive(pid));
}

COP_TEST(SUP_I8, "an end that is not followed by a restart does not count")
{
        cop_pid pid;

        begin();
        pid = a_and(cop_build("#{intensity => 0}"), troupe_spec("b", "#{restart => transient}"));
        actor_do(troupe_child(pid, "b"), "{stop, normal}");
        cop_start_child(pid, "S", troupe_spec("c", "#{restart => temporary}"));
        troupe_kill(pid, "c");
        cop_assert(cop_is_alive(pid));
}

COP_TEST(SUP_A_simple,
         "what needs an id is refused where children have none, and nobody dies of it")
{
        cop_pid pid, child;

        begin();
        pid = troupe_start(cop_build("#{strategy => simple_one_for_one}"),
                           cop_build("[A]", troupe_spec("a", "#{}")));
        cop_assert_match(cop_start_child(pid, "[]"), "{ok, Pid}", &child);
        messages();
        cop_assert_term(cop_restart_child(pid, cop_atom("a")), "{error, simple_one_for_one}");
        cop_assert_term(cop_delete_child(pid, cop_atom("a")), "{error, simple_one_for_one}");
        cop_assert_term(cop_terminate_child(pid, cop_atom("a")), "{error, simple_one_for_one}");
        cop_assert_term(cop_terminate_child(pid, cop_pid_term(cop_self())), "{error, not_found}");
        cop_assert_term(cop_terminate_child(pid, cop_pid_term(child)), "ok");
        cop_assert_term(messages(), "[]");
}

COP_TEST(SUP_A_memory, "of children that are deleted nothing is left with the supervisor")
{
        int64_t before, after;
        cop_pid pid;

        begin();
        pid = a_and(cop_build("#{}"), troupe_spec("b", "#{}"));
        before = cop_to_int(cop_process_info(pid, "memory"));
        for (int i = 0; i < 200; i++) {
                cop_start_child(pid, "S",
                                troupe_spec("c", "#{modules => [a, b, c, d, e, f, g, h, i, j]}"));
                cop_terminate_child(pid, cop_atom("c"));
                cop_delete_child(pid, cop_atom("c"));
        }
        after = cop_to_int(cop_process_info(pid, "memory"));
        if (after > before + 15000) /* its own working memory comes and goes */
                cop_fail("it has %lld bytes, and had %lld", (long long)after, (long long)before);
}

/* ---- T: ending a child ---- */

COP_TEST(SUP_T4, "one that does not trap exits dies at once, without terminate")
{
        cop_pid pid;

        begin();
        pid = a_and(cop_build("#{}"), troupe_spec("b", "#{}"));
        messages();
        cop_terminate_child(pid, cop_atom("b"));
        cop_assert_term(messages(), "[]");
}

COP_TEST(SUP_T5, "with shutdown 0 one that traps exits is asked and killed")
{
        cop_pid pid;

        begin();
        pid = a_and(cop_build("#{}"), troupe_spec("b", "#{shutdown => 0, actor => #{trap => true,"
                                                       "  terminate => {sleep, 60000, ok}}}"));
        messages();
        cop_terminate_child(pid, cop_atom("b"));
        cop_assert(cop_is_member(cop_build("{shutdown_error, b, killed}"), messages()));
}

COP_TEST(SUP_T5_crowd, "so are many that are alike, at once", .limit_s = 30)
{
        cop_term late = cop_build("#{trap => true, terminate => {sleep, 60000, ok}}");
        cop_pid pid;

        begin();
        pid = troupe_start(
                cop_build("#{strategy => simple_one_for_one}"),
                cop_build("[A]", troupe_spec("a", "#{shutdown => 0, actor => A}", late)));
        cop_start_child(pid, "[]");
        cop_start_child(pid, "[]");
        messages();
        cop_supervisor_stop(pid);
        /* Whether they have begun to end by then is left to chance. */
        cop_assert(cop_is_member(cop_build("{shutdown_error, a, killed}"), messages()));
}

COP_TEST(SUP_T6, "a child handles first what came before it was asked to end")
{
        cop_pid pid;

        begin();
        pid = a_and(cop_build("#{}"), troupe_spec("b", "#{actor => #{trap => true}}"));
        messages();
        cop_cast(troupe_child(pid, "b"), "{do, {sleep, 20, ok}}");
        cop_send(troupe_child(pid, "b"), "before");
        cop_terminate_child(pid, cop_atom("b"));
        cop_assert_term(messages(), "[{info, b, before}, {terminate, b, shutdown}]");
}

COP_TEST(SUP_T7, "a supervisor that is killed leaves its children to die of that, in no order")
{
        cop_term happened;
        cop_pid pid;

        begin();
        pid = a_and(cop_build("#{}"),
                    cop_build("#{id => inner, shutdown => brutal_kill, type => supervisor,"
                              "  start => {troupe, start_link, [{#{}, [X]}]}}",
                              troupe_spec("x", "#{actor => #{trap => true}}")));
        messages();
        cop_terminate_child(pid, cop_atom("inner"));
        happened = messages();
        cop_assert(cop_is_member(cop_build("{terminate, x, killed}"), happened));
}

/* ---- X: its own end ---- */

COP_TEST(SUP_X2, "children are ended one after another, each with its own time")
{
        cop_term slow = cop_build("#{shutdown => 20, actor => #{trap => true,"
                                  "  terminate => {sleep, 60000, ok}}}");
        int64_t began_ms;
        cop_pid pid;

        begin();
        pid = troupe_start(cop_build("#{}"), cop_build("[A, B]", actor_spec(cop_atom("a"), slow),
                                                       actor_spec(cop_atom("b"), slow)));
        messages();
        began_ms = cop_now_ms();
        cop_supervisor_stop(pid);
        cop_assert(cop_now_ms() - began_ms >= 39);
        cop_assert_term(messages(),
                        "[{terminate, b, shutdown}, {shutdown_error, b, killed},"
                        " {terminate, a, shutdown}, {shutdown_error, a, killed},"
                        " {'EXIT', Pid, normal}]",
                        pid);
}

/* {Number, Reason} of each report of children that did not end well together. */
static cop_term bad_ends(cop_term heard)
{
        cop_term ends = cop_nil(), number, reason;

        COP_EACH (message, heard)
                if (cop_match(message,
                              "{report, #{report := [_, {errorContext, shutdown_error},"
                              "  {reason, R}, {offender, [{nb_children, N} | _]}]}}",
                              &reason, &number))
                        ends = cop_cons(cop_build("{N, R}", number, reason), ends);
        return cop_sort(ends);
}

COP_TEST(SUP_X3_reasons,
         "of children that are ended together each reason is reported, with how many")
{
        cop_term spec =
                cop_build("#{id => a, shutdown => 50, start => {actor, start, [#{trap => true,"
                          "  terminate => {sleep, 60000, ok}}]}}");
        cop_pid pid, child;
        int i;

        begin();
        pid = troupe_start(cop_build("#{strategy => simple_one_for_one}"), cop_build("[S]", spec));
        for (i = 0; i < 5; i++) {
                cop_assert_match(cop_start_child(pid, "[]"), "{ok, Pid}", &child);
                if (i >= 3) /* they are not linked: nobody hears of it */
                        cop_kill(child);
        }
        messages();
        cop_report_to(hear_all, NULL);
        cop_supervisor_stop(pid);
        cop_assert_term(bad_ends(messages()), "[{2, child_process_unlinked}, {3, killed}]");
}

COP_TEST(SUP_X4, "it exits with the reason of its end; when it gives up with shutdown")
{
        cop_pid pid;

        begin();
        pid = troupe_start(cop_build("#{}"), cop_nil());
        cop_exit_to(pid, "{shutdown, why}");
        cop_assert_term(messages(), "[{'EXIT', Pid, {shutdown, why}}]", pid);
}

static void ask_children(cop_term argument)
{
        cop_pid to;

        if (cop_match(argument, "{To}", &to))
                cop_send(cop_whereis("test"), "R", call_result(to, 5000, "which_children"));
}

COP_TEST(SUP_X5, "who waits for its answer hears the reason of its end")
{
        cop_pid pid;

        begin();
        pid = troupe_start(cop_build("#{}"), cop_nil());
        cop_sys_suspend(pid);
        cop_spawn(ask_children, cop_build("{Pid}", pid));
        cop_assert(cop_system_quiet(5000));
        cop_exit_to(pid, "shutdown");
        cop_assert(cop_is_member(cop_build("{exit, shutdown}"), messages()));
}

COP_TEST(SUP_X6, "when it is killed its children die of that, and those that trap exits terminate")
{
        cop_term happened;
        cop_pid pid, plain;

        begin();
        pid = a_and(cop_build("#{}"), troupe_spec("b", "#{actor => #{trap => true}}"));
        plain = troupe_child(pid, "a");
        messages();
        cop_kill(pid);
        happened = messages();
        cop_assert(cop_is_member(cop_build("{terminate, b, killed}"), happened));
        cop_assert(!cop_is_alive(plain));
}

/* ---- A, M ---- */

static void add_slow(cop_term argument)
{
        cop_pid to;

        if (cop_match(argument, "{To}", &to))
                cop_start_child(to, "S",
                                troupe_spec("b", "#{actor => #{init => {sleep, 20, ok}}}"));
}

COP_TEST(SUP_A1, "requests are served one at a time: a slow start holds up the next")
{
        cop_pid pid;

        begin();
        pid = troupe_start(cop_build("#{}"), cop_nil());
        cop_spawn(add_slow, cop_build("{Pid}", pid));
        cop_assert(cop_system_quiet(5000));
        cop_assert_match(cop_which_children(pid), "[{b, _, _, _}]");
}

static void replace_state(void *pid)
{
        cop_sys_replace_state(*(cop_pid *)pid, cop_build("#{intensity => 1000}"));
}

COP_TEST(SUP_A_replace, "the state of a supervisor cannot be replaced")
{
        cop_pid pid;

        begin();
        pid = troupe_start(cop_build("#{}"), cop_nil());
        cop_assert_match(exit_of(replace_state, &pid),
                         "{callback_failed, _, {error, {not_supported, _}}}");
        cop_assert(cop_is_alive(pid));
}

COP_TEST(SUP_M2, "a report names the supervisor by its name, or by its pid and module")
{
        cop_pid pid;
        cop_term name;

        begin();
        cop_report_to(hear_all, NULL);
        pid = troupe_start(cop_build("#{}"), cop_nil());
        cop_send(pid, "hello");
        cop_assert_match(messages(), "[{report, #{supervisor := Name}}]", &name);
        cop_assert_term(name, "{Pid, troupe}", pid);
        pid = cop_server_start_link(troupe, cop_build("{#{}, []}"), .name = "named");
        cop_send(pid, "hello");
        cop_assert_match(messages(), "[{report, #{supervisor := Name}}]", &name);
        cop_assert_term(name, "{local, named}");
}

COP_TEST(SUP_M3, "a report says of a child what OTP's does, in its order")
{
        cop_term child;
        cop_pid pid;

        begin();
        cop_report_to(hear_all, NULL);
        pid = troupe_start(cop_build("#{}"), cop_build("[S]", troupe_spec("a", "#{}")));
        cop_assert_match(messages(),
                         "[{init, a}, {report, #{label := {supervisor, progress},"
                         "  report := [{supervisor, _}, {started, Child}]}}]",
                         &child);
        cop_assert_term(child,
                        "[{pid, Pid}, {id, a}, {mfargs, {actor, start_link, [#{id => a}]}},"
                        " {restart_type, permanent}, {significant, false}, {shutdown, 5000},"
                        " {child_type, worker}]",
                        troupe_child(pid, "a"));
}

/* What stood as the pid of a child that did not start, in each report of that. */
static cop_term pids_of_start_errors(void)
{
        cop_term pids = cop_nil(), pid;

        COP_EACH (message, messages())
                if (cop_match(message,
                              "{report, #{report := [_, {errorContext, start_error}, _,"
                              "  {offender, [{pid, Pid} | _]}]}}",
                              &pid))
                        pids = cop_cons(pid, pids);
        return cop_reverse(pids);
}

COP_TEST(SUP_M3_pid, "the pid in it is undefined before the first start, and then the last one's")
{
        cop_pid pid, child;

        begin();
        cop_report_to(hear_all, NULL);
        troupe_try(cop_build("#{}"),
                   cop_build("[S]", troupe_spec("a", "#{actor => #{init => {stop, x}}}")));
        cop_assert_term(pids_of_start_errors(), "[undefined]");
        pid = troupe_start(
                cop_build("#{intensity => 5}"),
                cop_build("[S]", troupe_spec("b", "#{actor =>"
                                                  "  #{init => [ok, {stop, x}, {stop, x}, ok]}}")));
        child = troupe_child(pid, "b");
        cop_kill(child);
        cop_assert_term(pids_of_start_errors(), "[Pid, {restarting, Pid}]", child);
}

COP_TEST(SUP_I2_many, "of many restarts in the window none is forgotten")
{
        enum { MANY = 9 };
        cop_pid pid;
        int i;

        begin();
        cop_set_report_level(COP_LEVEL_ERROR);
        pid = troupe_start(cop_build("#{intensity => N, period => 100000}", MANY),
                           cop_build("[A]", troupe_spec("a", "#{}")));
        for (i = 0; i < MANY; i++)
                troupe_kill(pid, "a");
        cop_assert(cop_is_alive(pid));
        cop_assert_term(troupe_kill(pid, "a"),
                        "[{child_terminated, a, killed},"
                        " {shutdown, a, reached_max_restart_intensity}, {'EXIT', Pid, shutdown}]",
                        pid);
}

COP_TEST(SUP_I3_many, "of many restarts each is forgotten in its time, and none before")
{
        enum { MANY = 9 };
        cop_pid pid;
        int i;

        if (!world_is_simulated())
                return;
        begin();
        cop_set_report_level(COP_LEVEL_ERROR);
        pid = troupe_start(cop_build("#{intensity => N, period => 10}", MANY),
                           cop_build("[A]", troupe_spec("a", "#{}")));
        cop_sleep(100000);
        for (i = 0; i < MANY; i++)
                troupe_kill(pid, "a");
        cop_sleep(11000);
        for (i = 0; i < MANY; i++)
                troupe_kill(pid, "a");
        cop_assert(cop_is_alive(pid));
        cop_assert_term(troupe_kill(pid, "a"),
                        "[{child_terminated, a, killed},"
                        " {shutdown, a, reached_max_restart_intensity}, {'EXIT', Pid, shutdown}]",
                        pid);
}
