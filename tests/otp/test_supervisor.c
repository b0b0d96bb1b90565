/*
 * SUP: what a supervisor accepts, starts, restarts, ends and answers.
 *
 * A troupe is a supervisor of actors: three of them, a, b and c, unless a test says otherwise. A
 * test does one thing to them, waits until all is quiet, and compares everything that was told and
 * reported with what the rule says. Where it is about seconds they are virtual.
 */
#include "support/troupe.h"

static void begin(void)
{
        actors_begin();
        cop_trap_exits(true);
}

/* ---- F: flags and specifications ---- */

COP_TEST(SUP_F1, "init has to return {ok, {Flags, Specs}} or ignore")
{
        begin();
        cop_assert_term(cop_server_try_start_link(troupe, cop_build("{returns, ignore}")),
                        "ignore");
        cop_assert_term(cop_server_try_start_link(troupe, cop_build("{returns, {ok, x}}")),
                        "{error, {bad_return, {troupe, init, {ok, x}}}}");
        cop_assert_term(messages(), "[{crash_report, {bad_return, {troupe, init, {ok, x}}}}]");
}

COP_TEST(SUP_F2, "wrong flags are refused, in OTP's words")
{
        static const char *const cases[][2] = {
                { "#{strategy => x}", "{invalid_strategy, x}" },
                { "#{intensity => -1}", "{invalid_intensity, -1}" },
                { "#{intensity => 1.0}", "{invalid_intensity, 1.0}" },
                { "#{period => 0}", "{invalid_period, 0}" },
                { "#{auto_shutdown => x}", "{invalid_auto_shutdown, x}" },
                { "[]", "{invalid_type, []}" },
                { "{one_for_one, 1}", "{invalid_type, {one_for_one, 1}}" },
                { "{one_for_one, x, 5}", "{invalid_intensity, x}" },
        };
        size_t i;

        begin();
        for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                cop_assert_term(troupe_try(cop_read(cases[i][0]), cop_nil()),
                                "{error, {supervisor_data, E}}", cop_read(cases[i][1]));
        troupe_start(cop_build("{rest_for_one, 0, 1}"), cop_nil());
}

COP_TEST(SUP_F3, "wrong specifications are refused, in OTP's words")
{
        static const char *const cases[][2] = {
                { "#{start => {m, f, []}}", "missing_id" },
                { "#{id => a}", "missing_start" },
                { "#{id => a, start => {m, f}}", "{invalid_mfa, {m, f}}" },
                { "#{id => a, start => {m, f, []}, restart => x}", "{invalid_restart_type, x}" },
                { "#{id => a, start => {m, f, []}, shutdown => -1}", "{invalid_shutdown, -1}" },
                { "#{id => a, start => {m, f, []}, type => x}", "{invalid_child_type, x}" },
                { "#{id => a, start => {m, f, []}, modules => x}", "{invalid_modules, x}" },
                { "#{id => a, start => {m, f, []}, modules => [1]}", "{invalid_module, 1}" },
                { "#{id => a, start => {m, f, []}, significant => x}", "{invalid_significant, x}" },
                { "#{id => a, start => {m, f, []}, restart => temporary, significant => true}",
                  "{bad_combination, [{auto_shutdown, never}, {significant, true}]}" },
                { "x", "{invalid_child_spec, x}" },
        };
        size_t i;

        begin();
        for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                cop_assert_term(
                        troupe_try(cop_build("#{}"), cop_build("[S]", cop_read(cases[i][0]))),
                        "{error, {start_spec, E}}", cop_read(cases[i][1]));
        cop_assert_term(troupe_try(cop_build("#{auto_shutdown => any_significant}"),
                                   cop_build("[S]", troupe_spec("a", "#{significant => true}"))),
                        "{error, {start_spec, {bad_combination, [{restart, permanent},"
                        " {significant, true}]}}}");
        cop_assert_term(troupe_try(cop_build("#{}"), cop_build("[S, S]", troupe_spec("a", "#{}"))),
                        "{error, {start_spec, {duplicate_child_name, a}}}");
}

COP_TEST(SUP_F4, "simple_one_for_one has one specification")
{
        begin();
        cop_assert_term(troupe_try(cop_build("#{strategy => simple_one_for_one}"), cop_nil()),
                        "{error, {bad_start_spec, []}}");
        troupe_start(cop_build("#{strategy => simple_one_for_one}"),
                     cop_build("[S]", troupe_spec("a", "#{}")));
}

COP_TEST(SUP_F5, "all is checked before the first child is started, and the first mistake wins")
{
        begin();
        troupe_try(cop_build("#{}"), cop_build("[A, x]", troupe_spec("a", "#{}")));
        cop_assert_term(messages(), "[{crash_report, {start_spec, {invalid_child_spec, x}}}]");
        cop_assert_term(
                troupe_try(cop_build("#{}"),
                           cop_build("[#{id => a, start => {m, f, []}, modules => x, type => x,"
                                     "   shutdown => x, significant => x, restart => x}]")),
                "{error, {start_spec, {invalid_restart_type, x}}}");
}

COP_TEST(SUP_F6, "specifications can be checked without a supervisor")
{
        begin();
        cop_assert_term(cop_check_childspecs(troupe_of_three(), COP_NONE), "ok");
        cop_assert_term(cop_check_childspecs(cop_build("[x]"), COP_NONE),
                        "{error, {invalid_child_spec, x}}");
        cop_assert_term(cop_check_childspecs(cop_build("x"), COP_NONE), "{error, {badarg, x}}");
        cop_assert_term(cop_check_childspecs(cop_nil(), cop_build("x")), "{error, {badarg, x}}");
}

/* ---- S: the start ---- */

COP_TEST(SUP_S1, "children are started one by one, each reported before the next begins")
{
        begin();
        troupe_start(cop_build("#{}"), troupe_of_three());
        cop_assert_term(messages(), "[{init, a}, {started, a}, {init, b}, {started, b},"
                                    " {init, c}, {started, c}]");
}

COP_TEST(SUP_S2, "a child that ignores its start is kept without a process; a temporary one is not")
{
        cop_pid pid;

        begin();
        pid = troupe_start(cop_build("#{}"),
                           cop_build("[A, B]", troupe_spec("a", "#{actor => #{init => ignore}}"),
                                     troupe_spec("b", "#{restart => temporary,"
                                                      "  actor => #{init => ignore}}")));
        cop_assert_term(cop_which_children(pid), "[{a, undefined, worker, [actor]}]");
}

COP_TEST(SUP_S2_undef, "a start function that nobody has is an error of the child")
{
        begin();
        cop_assert_match(
                troupe_try(cop_build("#{}"), cop_build("[#{id => a, start => {no, such, [1]}}]")),
                "{error, {shutdown, {failed_to_start_child, a,"
                " {'EXIT', {undef, [{no, such, [1], _}]}}}}}");
}

COP_TEST(SUP_S3, "where one does not start, those that did are ended, newest first")
{
        begin();
        cop_assert_term(
                troupe_try(cop_build("#{}"),
                           cop_build("[A, B, C]", troupe_spec("a", "#{actor => #{trap => true}}"),
                                     troupe_spec("b", "#{actor => #{trap => true}}"),
                                     troupe_spec("c", "#{actor => #{init => {stop, no}}}"))),
                "{error, {shutdown, {failed_to_start_child, c, no}}}");
        cop_assert_term(messages(), "[{init, a}, {started, a}, {init, b}, {started, b}, {init, c},"
                                    " {crash_report, no}, {start_error, c, no},"
                                    " {terminate, b, shutdown}, {terminate, a, shutdown}]");
}

COP_TEST(SUP_S3_id, "the error names a temporary child by its id, whatever term that is")
{
        cop_term id = cop_build("{a, [1, <<\"two\">>]}");

        begin();
        cop_assert_term(troupe_try(cop_build("#{}"), cop_build("[#{id => Id, restart => temporary,"
                                                               "   start => {no, such, []}}]",
                                                               id)),
                        "{error, {shutdown, {failed_to_start_child, Id,"
                        " {'EXIT', {undef, [{no, such, [], []}]}}}}}",
                        id);
}

COP_TEST(SUP_S6, "a restart does not change a child's place")
{
        cop_pid pid;

        begin();
        pid = troupe_start(cop_build("#{}"), troupe_of_three());
        troupe_kill(pid, "a");
        cop_assert_match(cop_which_children(pid), "[{c, _, _, _}, {b, _, _, _}, {a, _, _, _}]");
}

/* ---- D: deaths ---- */

COP_TEST(SUP_D1, "the exit of somebody else means nothing")
{
        cop_pid pid;

        begin();
        pid = troupe_start(cop_build("#{}"), troupe_of_three());
        messages();
        cop_send(pid, "{'EXIT', Pid, boom}", actor_start_free("#{id => x}"));
        cop_assert_term(messages(), "[{init, x}]");
}

COP_TEST(SUP_D2, "which end is reported, and which followed by a restart")
{
        /* restart type, reason; what is reported of it; is it started again */
        static const struct {
                const char *restart, *reason;
                bool reported, restarted;
        } cases[] = {
                { "permanent", "normal", true, true },
                { "permanent", "shutdown", true, true },
                { "permanent", "boom", true, true },
                { "transient", "normal", false, false },
                { "transient", "shutdown", false, false },
                { "transient", "{shutdown, x}", false, false },
                { "transient", "boom", true, true },
                { "temporary", "normal", false, false },
                { "temporary", "boom", true, false },
        };
        size_t i;

        begin();
        for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                cop_term reason = cop_read(cases[i].reason), happened;
                cop_pid pid =
                        troupe_start(cop_build("#{}"),
                                     cop_build("[S]", troupe_spec("a", "#{restart => R}",
                                                                  cop_atom(cases[i].restart))));

                messages();
                cop_cast(troupe_child(pid, "a"), "{do, {stop, R}}", reason);
                happened = messages();
                printf("%s %s\n", cases[i].restart, cases[i].reason);
                cop_assert_equal(
                        cop_is_member(cop_build("{child_terminated, a, R}", reason), happened),
                        cases[i].reported);
                cop_assert_equal(cop_is_member(cop_build("{init, a}"), happened),
                                 cases[i].restarted);
                cop_supervisor_stop(pid);
        }
}

COP_TEST(SUP_D3, "over the limit the supervisor ends the others, newest first, and itself")
{
        cop_pid pid;

        begin();
        pid = troupe_start(cop_build("#{intensity => 0}"),
                           cop_build("[A, B, C]", troupe_spec("a", "#{actor => #{trap => true}}"),
                                     troupe_spec("b", "#{}"),
                                     troupe_spec("c", "#{actor => #{trap => true}}")));
        cop_assert_term(troupe_kill(pid, "b"),
                        "[{child_terminated, b, killed},"
                        " {shutdown, b, reached_max_restart_intensity},"
                        " {terminate, c, shutdown}, {terminate, a, shutdown},"
                        " {'EXIT', Pid, shutdown}]",
                        pid);
}

COP_TEST(SUP_D5, "one_for_one starts the dead child again, and touches no other")
{
        cop_pid pid, a;

        begin();
        pid = troupe_start(cop_build("#{}"), troupe_of_three());
        a = troupe_child(pid, "a");
        cop_assert_term(troupe_kill(pid, "b"),
                        "[{child_terminated, b, killed}, {init, b}, {started, b}]");
        cop_assert(cop_same(troupe_child(pid, "a"), a));
}

COP_TEST(SUP_D6, "one_for_all ends the others, newest first, and starts all, oldest first")
{
        begin();
        cop_assert_term(troupe_kill(troupe_start(cop_build("#{strategy => one_for_all}"),
                                                 troupe_of_trapping()),
                                    "b"),
                        "[{child_terminated, b, killed}, {terminate, c, shutdown},"
                        " {terminate, a, shutdown}, {init, a}, {started, a}, {init, b},"
                        " {started, b}, {init, c}, {started, c}]");
}

COP_TEST(SUP_D7, "rest_for_one restarts the dead child and those started after it, in order")
{
        begin();
        cop_assert_term(troupe_kill(troupe_start(cop_build("#{strategy => rest_for_one}"),
                                                 troupe_of_trapping()),
                                    "b"),
                        "[{child_terminated, b, killed}, {terminate, c, shutdown}, {init, b},"
                        " {started, b}, {init, c}, {started, c}]");
}

COP_TEST(SUP_D7_others, "rest_for_one leaves alone what was started before the dead child")
{
        cop_pid pid, a;

        begin();
        pid = troupe_start(cop_build("#{strategy => rest_for_one}"), troupe_of_three());
        a = troupe_child(pid, "a");
        troupe_kill(pid, "b");
        cop_assert(cop_same(troupe_child(pid, "a"), a));
}

COP_TEST(SUP_D8, "simple_one_for_one starts a replacement with the same arguments")
{
        cop_pid pid, first = { 0 };

        begin();
        pid = troupe_start(cop_build("#{strategy => simple_one_for_one}"),
                           cop_build("[#{id => x, start => {actor, start_link, []}}]"));
        cop_assert_match(cop_start_child(pid, "[#{id => q}]"), "{ok, Pid}", &first);
        messages();
        cop_kill(first);
        cop_assert_term(messages(), "[{child_terminated, x, killed}, {init, q}, {started, x}]");
        cop_assert_match(cop_which_children(pid), "[{undefined, Pid, worker, [actor]}]", &first);
}

COP_TEST(SUP_D9, "the death of a temporary child never touches the others")
{
        cop_pid pid;

        begin();
        pid = troupe_start(cop_build("#{strategy => one_for_all}"),
                           cop_build("[A, B]", troupe_spec("a", "#{}"),
                                     troupe_spec("b", "#{restart => temporary}")));
        cop_assert_term(troupe_kill(pid, "b"), "[{child_terminated, b, killed}]");
}

COP_TEST(SUP_D10, "in one_for_all a sibling that is already dead is a shutdown error, and no death "
                  "of its own")
{
        cop_term happened;
        cop_pid pid, a, b;

        begin();
        pid = troupe_start(cop_build("#{strategy => one_for_all, intensity => 1}"),
                           troupe_of_three());
        a = troupe_child(pid, "a");
        b = troupe_child(pid, "b");
        messages();
        cop_sys_suspend(pid);
        cop_kill(b);
        cop_kill(a);
        cop_assert(cop_system_quiet(5000));
        cop_sys_resume(pid);
        happened = messages();
        cop_assert(cop_is_alive(pid));
        cop_assert(cop_is_member(cop_build("{shutdown_error, a, killed}"), happened) !=
                   cop_is_member(cop_build("{shutdown_error, b, killed}"), happened));
}

COP_TEST(SUP_D11, "an ignored restart is a success, and leaves the child without a process")
{
        cop_pid pid;

        begin();
        pid = troupe_start(
                cop_build("#{}"),
                cop_build("[A]", troupe_spec("a", "#{actor => #{init => [ok, ignore]}}")));
        cop_assert_term(troupe_kill(pid, "a"), "[{child_terminated, a, killed}, {init, a}]");
        cop_assert_term(cop_which_children(pid), "[{a, undefined, worker, [actor]}]");
}

/* ---- R: restarts that fail ---- */

COP_TEST(SUP_R2, "each attempt counts: with intensity 3 there are three")
{
        cop_pid pid;

        begin();
        pid = troupe_start(
                cop_build("#{intensity => 3}"),
                cop_build("[A]",
                          troupe_spec("a", "#{actor => #{init => [ok, {stop, shutdown}]}}")));
        cop_assert_term(troupe_kill(pid, "a"),
                        "[{child_terminated, a, killed}, {init, a}, {start_error, a, shutdown},"
                        " {init, a}, {start_error, a, shutdown}, {init, a},"
                        " {start_error, a, shutdown},"
                        " {shutdown, a, reached_max_restart_intensity}, {'EXIT', Pid, shutdown}]",
                        pid);
}

COP_TEST(SUP_R4, "one_for_all: the next attempt ends what runs and begins from the first")
{
        cop_pid pid;

        begin();
        pid = troupe_start(
                cop_build("#{strategy => one_for_all, intensity => 5}"),
                cop_build("[A, B]", troupe_spec("a", "#{actor => #{trap => true}}"),
                          troupe_spec("b", "#{actor => #{init => [ok, {stop, shutdown}, ok]}}")));
        cop_assert_term(troupe_kill(pid, "b"),
                        "[{child_terminated, b, killed}, {terminate, a, shutdown}, {init, a},"
                        " {started, a}, {init, b}, {start_error, b, shutdown},"
                        " {terminate, a, shutdown}, {init, a}, {started, a}, {init, b},"
                        " {started, b}]");
}

COP_TEST(SUP_R5, "rest_for_one: the next attempt is for the one that failed")
{
        cop_pid pid;

        begin();
        pid = troupe_start(
                cop_build("#{strategy => rest_for_one, intensity => 5}"),
                cop_build("[A, B]", troupe_spec("a", "#{}"),
                          troupe_spec("b", "#{actor => #{init => [ok, {stop, shutdown}, ok]}}")));
        cop_assert_term(troupe_kill(pid, "a"),
                        "[{child_terminated, a, killed}, {init, a}, {started, a}, {init, b},"
                        " {start_error, b, shutdown}, {init, b}, {started, b}]");
}

/* ---- I: the window ---- */

/* Kills it so often, with this time between; does the supervisor live? */
static bool survives(cop_term flags, int deaths, int64_t between_ms)
{
        cop_pid pid = troupe_start(flags, cop_build("[A]", troupe_spec("a", "#{}")));
        bool alive;
        int i;

        for (i = 0; i < deaths; i++) {
                if (i > 0)
                        cop_sleep(between_ms);
                cop_kill(troupe_child(pid, "a"));
                cop_assert(cop_system_quiet(5000));
        }
        alive = cop_is_alive(pid);
        if (alive)
                cop_supervisor_stop(pid);
        return alive;
}

COP_TEST(SUP_I2, "so many restarts are allowed within the period, and no more")
{
        begin();
        cop_assert(survives(cop_build("#{intensity => 3, period => 5}"), 3, 0));
        cop_assert(!survives(cop_build("#{intensity => 3, period => 5}"), 4, 0));
}

COP_TEST(SUP_I3, "restarts count together up to a period, in whole seconds of the clock")
{
        int64_t into_ms;

        if (!world_is_simulated())
                return; /* it would take seconds */
        begin();
        for (into_ms = 0; into_ms < 1000; into_ms += 250) {
                cop_sleep((into_ms - cop_now_ms() % 1000 + 1000) % 1000);
                cop_assert(!survives(cop_build("#{intensity => 1, period => 1}"), 2, 900));
                cop_sleep((into_ms - cop_now_ms() % 1000 + 1000) % 1000);
                cop_assert(survives(cop_build("#{intensity => 1, period => 1}"), 2, 2100));
        }
        cop_sleep((50 - cop_now_ms() % 1000 + 1000) % 1000);
        cop_assert(!survives(cop_build("#{intensity => 1, period => 1}"), 2, 1900));
        cop_sleep((900 - cop_now_ms() % 1000 + 1000) % 1000);
        cop_assert(survives(cop_build("#{intensity => 1, period => 1}"), 2, 1150));
}

COP_TEST(SUP_I4, "with intensity 0 the first death is the end")
{
        begin();
        cop_assert(!survives(cop_build("#{intensity => 0}"), 1, 0));
}

COP_TEST(SUP_I9, "a thousand restarts over a long time are no more than one")
{
        if (!world_is_simulated())
                return; /* it would take an hour */
        begin();
        cop_assert(survives(cop_build("#{intensity => 1, period => 1}"), 1000, 3000));
}

/* ---- T: ending a child ---- */

COP_TEST(SUP_T1, "a child that does not end in its time is killed, and that is reported")
{
        cop_pid pid;

        begin();
        pid = troupe_start(
                cop_build("#{}"),
                cop_build("[A]", troupe_spec("a", "#{shutdown => 20, actor => #{trap => true,"
                                                  "  terminate => {sleep, 60000, ok}}}")));
        messages();
        cop_assert_term(cop_terminate_child(pid, cop_atom("a")), "ok");
        cop_assert_term(messages(), "[{terminate, a, shutdown}, {shutdown_error, a, killed}]");
}

COP_TEST(SUP_T2, "which ends are as asked for: shutdown; of others than permanent normal as well")
{
        static const char *const restarts[] = { "permanent", "transient", "temporary" };
        size_t i;

        begin();
        for (i = 0; i < 3; i++) {
                cop_pid pid = troupe_start(
                        cop_build("#{}"),
                        cop_build("[A]", troupe_spec("a",
                                                     "#{restart => R, actor => #{trap => true,"
                                                     "  terminate => {exit, normal}}}",
                                                     cop_atom(restarts[i]))));

                messages();
                cop_terminate_child(pid, cop_atom("a"));
                cop_assert_equal(
                        cop_is_member(cop_build("{shutdown_error, a, normal}"), messages()),
                        i == 0);
                cop_supervisor_stop(pid);
        }
}

COP_TEST(SUP_T2_kill, "brutal_kill kills at once, and killed is as asked for")
{
        cop_pid pid;

        begin();
        pid = troupe_start(cop_build("#{}"),
                           cop_build("[A]", troupe_spec("a", "#{shutdown => brutal_kill,"
                                                             "  actor => #{trap => true}}")));
        messages();
        cop_terminate_child(pid, cop_atom("a"));
        cop_assert_term(messages(), "[]");
}

/* ---- X: its own end ---- */

COP_TEST(SUP_X1, "the end of its parent is its own, also a normal one")
{
        cop_pid pid;

        begin();
        pid = troupe_start(cop_build("#{}"), troupe_of_trapping());
        messages();
        cop_exit_to(pid, "normal");
        cop_assert_term(messages(),
                        "[{terminate, c, shutdown}, {terminate, b, shutdown},"
                        " {terminate, a, shutdown}, {'EXIT', Pid, normal}]",
                        pid);
}

COP_TEST(SUP_X3,
         "children of one kind are ended together, and what went wrong is counted by reason")
{
        cop_pid pid;
        int i;

        begin();
        pid = troupe_start(
                cop_build("#{strategy => simple_one_for_one}"),
                cop_build("[A]", troupe_spec("a", "#{shutdown => 50, actor => #{trap => true,"
                                                  "  terminate => {sleep, 60000, ok}}}")));
        for (i = 0; i < 20; i++)
                cop_start_child(pid, "[]");
        messages();
        cop_supervisor_stop(pid);
        cop_assert(cop_is_member(cop_build("{shutdown_error, a, killed}"), messages()));
}

COP_TEST(SUP_X7, "auto_shutdown: the end of a significant child is the supervisor's")
{
        cop_pid pid;

        begin();
        pid = troupe_start(
                cop_build("#{auto_shutdown => any_significant}"),
                cop_build("[A, B]", troupe_spec("a", "#{}"),
                          troupe_spec("b", "#{restart => transient, significant => true}")));
        messages();
        actor_do(troupe_child(pid, "b"), "{stop, normal}");
        cop_assert_term(messages(), "[{terminate, b, normal}, {'EXIT', Pid, shutdown}]", pid);
}

COP_TEST(SUP_X7_all, "auto_shutdown: all_significant waits for the last of them")
{
        cop_pid pid;

        begin();
        pid = troupe_start(
                cop_build("#{auto_shutdown => all_significant}"),
                cop_build("[A, B]",
                          troupe_spec("a", "#{restart => transient, significant => true}"),
                          troupe_spec("b", "#{restart => transient, significant => true}")));
        messages();
        actor_do(troupe_child(pid, "b"), "{stop, normal}");
        cop_assert_term(messages(), "[{terminate, b, normal}]");
        actor_do(troupe_child(pid, "a"), "{stop, normal}");
        cop_assert_term(messages(), "[{terminate, a, normal}, {'EXIT', Pid, shutdown}]", pid);
}

/* ---- A: requests ---- */

COP_TEST(SUP_A_children, "children can be added, ended, started, and forgotten, by id")
{
        cop_term b = cop_atom("b"), undefined;
        cop_pid pid, started = { 0 };

        begin();
        pid = troupe_start(cop_build("#{}"), cop_build("[A]", troupe_spec("a", "#{}")));
        cop_assert_match(cop_start_child(pid, "S", troupe_spec("b", "#{}")), "{ok, Pid}", &started);
        cop_assert_term(cop_start_child(pid, "S", troupe_spec("b", "#{}")),
                        "{error, {already_started, Pid}}", started);
        cop_assert_term(cop_restart_child(pid, b), "{error, running}");
        cop_assert_term(cop_delete_child(pid, b), "{error, running}");
        cop_assert_term(cop_terminate_child(pid, b), "ok");
        cop_assert_term(cop_terminate_child(pid, b), "ok");
        cop_assert_term(cop_start_child(pid, "S", troupe_spec("b", "#{}")),
                        "{error, already_present}");
        cop_assert_match(cop_which_child(pid, b), "{ok, {b, Undefined, worker, [actor]}}",
                         &undefined);
        cop_assert_term(undefined, "undefined");
        cop_assert_match(cop_restart_child(pid, b), "{ok, Pid}", &started);
        cop_assert_term(cop_count_children(pid),
                        "[{specs, 2}, {active, 2}, {supervisors, 0}, {workers, 2}]");
        cop_terminate_child(pid, b);
        cop_assert_term(cop_delete_child(pid, b), "ok");
        cop_assert_term(cop_delete_child(pid, b), "{error, not_found}");
        cop_assert_term(cop_restart_child(pid, b), "{error, not_found}");
        cop_assert_term(cop_get_childspec(pid, b), "{error, not_found}");
        cop_assert_match(cop_get_childspec(pid, cop_atom("a")),
                         "{ok, #{id := a, restart := permanent, shutdown := 5000,"
                         " significant := false, type := worker, modules := [actor]}}");
}

COP_TEST(SUP_A2, "a request that it does not know is its end")
{
        cop_pid pid;

        begin();
        pid = troupe_start(cop_build("#{}"), cop_nil());
        cop_assert_match(call_result(pid, 5000, "what_is_this"),
                         "{exit, {function_clause, [_ | _]}}");
        pid = troupe_start(cop_build("#{}"), cop_nil());
        cop_cast(pid, "what_is_this");
        cop_assert_match(reason_of(pid), "{function_clause, [_ | _]}");
}

COP_TEST(SUP_A3, "a message that it does not know is reported, and no more")
{
        cop_pid pid;

        begin();
        pid = troupe_start(cop_build("#{}"), cop_nil());
        cop_send(pid, "hello");
        cop_assert_term(messages(), "[{unexpected, hello}]");
        cop_assert(cop_is_alive(pid));
}

COP_TEST(SUP_A4, "the arguments of a temporary child that was added are not kept")
{
        cop_pid pid;

        begin();
        pid = troupe_start(cop_build("#{}"), cop_nil());
        cop_start_child(pid, "S", troupe_spec("a", "#{restart => temporary}"));
        cop_assert_match(cop_get_childspec(pid, cop_atom("a")),
                         "{ok, #{start := {actor, start_link, undefined}}}");
}

/* ---- children described in C ---- */

COP_SUPERVISOR(inner, .strategy = COP_ONE_FOR_ALL,
               .children = COP_CHILDREN(COP_WORKER(actor, "#{id => x}", .name = "x",
                                                   .shutdown = COP_BRUTAL_KILL)));
COP_SUPERVISOR(outer, .intensity = 3, .period = 7, .auto_shutdown = COP_ANY_SIGNIFICANT,
               .children = COP_CHILDREN(
                       COP_SUBTREE(inner),
                       COP_WORKER(actor, "#{id => y}", .id = "y", .restart = COP_TEMPORARY,
                                  .significant = true, .shutdown = COP_AT_ONCE)));

COP_TEST(SUP_static, "children described in C are what the same words in terms are")
{
        cop_pid pid;

        begin();
        pid = cop_supervisor_start_link(outer, .name = "outer");
        cop_assert_match(cop_which_children("outer"),
                         "[{y, _, worker, [actor]}, {inner, _, supervisor, [inner]}]");
        cop_assert_term(cop_get_childspec(pid, cop_atom("inner")),
                        "{ok, #{id => inner, start => {inner, start_link, [[]]},"
                        " restart => permanent, shutdown => infinity, significant => false,"
                        " type => supervisor, modules => [inner]}}");
        cop_assert_term(cop_get_childspec(pid, cop_atom("y")),
                        "{ok, #{id => y, start => {actor, start_link, [#{id => y}]},"
                        " restart => temporary, shutdown => 0, significant => true,"
                        " type => worker, modules => [actor]}}");
        cop_assert(!cop_is_nobody(cop_whereis("x")));
        messages();
        actor_do(troupe_child(pid, "y"), "{stop, normal}");
        cop_assert_term(messages(), "[{terminate, y, normal}, {'EXIT', Pid, shutdown}]", pid);
        cop_assert(cop_is_nobody(cop_whereis("x")));
}

/* ---- many ---- */

COP_TEST(SUP_many, "thousands of children of one kind: added, found, ended one by one and together",
         .limit_s = 60)
{
        enum { MANY = 3000 };
        cop_pid pid, some = { 0 };
        int i;

        begin();
        cop_set_report_level(COP_LEVEL_ERROR);
        pid = troupe_start(cop_build("#{strategy => simple_one_for_one, intensity => 5}"),
                           cop_build("[#{id => x, start => {actor, start_link, []}}]"));
        for (i = 0; i < MANY; i++) {
                cop_scope {
                        cop_pid started = { 0 };

                        cop_assert_match(cop_start_child(pid, "[#{id => q}]"), "{ok, Pid}",
                                         &started);
                        if (i % 3 == 0)
                                cop_terminate_child(pid, cop_pid_term(started));
                        if (i == 1000)
                                some = started;
                }
        }
        cop_kill(some);
        cop_assert(cop_system_quiet(5000));
        cop_assert_term(cop_count_children(pid),
                        "[{specs, 1}, {active, 2000}, {supervisors, 0}, {workers, 2000}]");
        cop_assert_equal(cop_length(cop_which_children(pid)), 2000);
        cop_supervisor_stop(pid);
        cop_assert(cop_system_quiet(5000));
        cop_assert_equal(cop_process_count(), 1);
}
