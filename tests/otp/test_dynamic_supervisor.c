/*
 * DS: what a dynamic supervisor accepts, starts, restarts, ends and answers; and SUP_R8, SUP_I11 and
 * SUP_X3, where they are about it.
 *
 * Its children are actors. A test does something to them, waits until all is quiet, and compares
 * everything that was told and reported with what the rule says.
 */
#include <coppice/dynamic_supervisor.h>

#include "support/actor.h"

static cop_term init(cop_term argument)
{
        cop_term what;

        if (cop_match(argument, "{returns, X}", &what))
                return what;
        return cop_build("{ok, X}", argument);
}

COP_DYNAMIC_SUPERVISOR(dynamic, .init = init);
COP_DYNAMIC_SUPERVISOR(defaults, );
COP_DYNAMIC_SUPERVISOR(described, .max_restarts = COP_NO_RESTARTS, .max_seconds = 7,
                       .max_children = 2, .extra_arguments = cop_build("[x]"));

/* Gets what the supervisor made of its arguments. */
static cop_term start_argued(cop_term arguments)
{
        cop_term what;

        if (cop_match(arguments, "[{actor, Argument}]", &what))
                return cop_server_try_start_link(actor, what);
        if (cop_match(arguments, "[{info, Argument}]", &what))
                return cop_build("{ok, Pid, more}",
                                 cop_element(cop_server_try_start_link(actor, what), 1));
        if (cop_match(arguments, "[{crash, E}]", &what))
                cop_error("E", what);
        if (cop_match(arguments, "[{exit, R}]", &what))
                cop_exit_term(what);
        if (cop_match(arguments, "[{throw, V}]", &what))
                cop_throw_term(what);
        if (cop_match(arguments, "[{returns, X}]", &what))
                return what;
        return cop_build("{arguments, Arguments}", arguments);
}

COP_START_FUNCTION(argued, start_link, start_argued);

/* ---- what the tests say ---- */

static cop_pid begin_with(cop_term flags)
{
        cop_pid pid = { 0 };

        actors_begin();
        cop_trap_exits(true);
        cop_assert_match(cop_server_try_start_link(dynamic, flags), "{ok, Pid}", &pid);
        return pid;
}

#define begin(...)    begin_with(cop_build(__VA_ARGS__))
#define spec(id, ...) actor_spec(cop_atom(id), cop_build(__VA_ARGS__))

static cop_pid start(cop_pid supervisor, cop_term child)
{
        cop_pid pid = { 0 };

        cop_assert_match(cop_start_child(supervisor, "Spec", child), "{ok, Pid}", &pid);
        return pid;
}

static cop_term argued(const char *what, cop_term value)
{
        return cop_build("#{id => a, start => {argued, start_link, [{What, Value}]}}",
                         cop_atom(what), value);
}

static cop_pid only_child(cop_pid supervisor)
{
        cop_pid pid = { 0 };

        cop_assert_match(cop_which_children(supervisor), "[{undefined, Pid, worker, [actor]}]",
                         &pid);
        return pid;
}

/* Kills the only child, whose restarts fail, and waits until one has. */
static void kill_for_good(cop_pid supervisor, cop_pid child)
{
        cop_kill(child);
        while (!cop_match(cop_which_children(supervisor),
                          "[{undefined, restarting, worker, [actor]}]"))
                cop_yield();
}

static void assert_count(cop_pid supervisor, int specs, int active, int supervisors)
{
        cop_assert_term(cop_count_children(supervisor),
                        "[{specs, N}, {active, A}, {supervisors, S}, {workers, W}]", specs, active,
                        supervisors, specs - supervisors);
}

/* ---- DS: the rules ---- */

COP_TEST(DS_1, "a wrong specification is refused, in Elixir's words")
{
        static const char *const cases[][2] = {
                { "#{id => a}", "{invalid_child_spec, #{id => a}}" },
                { "#{start => {m, f, []}}", "{invalid_child_spec, #{start => {m, f, []}}}" },
                { "#{id => a, start => {m, f}}",
                  "{invalid_child_spec, #{id => a, start => {m, f}}}" },
                { "x", "{invalid_child_spec, x}" },
                { "#{id => a, start => {m, f, x}}", "{invalid_mfa, {m, f, x}}" },
                { "#{id => a, start => {m, f, []}, restart => x}", "{invalid_restart_type, x}" },
                { "#{id => a, start => {m, f, []}, shutdown => -1}", "{invalid_shutdown, -1}" },
                { "#{id => a, start => {m, f, []}, type => x}", "{invalid_child_type, x}" },
                { "#{id => a, start => {m, f, []}, modules => x}", "{invalid_modules, x}" },
                { "#{id => a, start => {m, f, []}, modules => [1]}", "{invalid_modules, [1]}" },
                { "#{id => a, start => {m, f, []}, significant => true}",
                  "{invalid_significant, true}" },
                { "{a, {m, f, []}, x, y, z, v}", "{invalid_restart_type, x}" },
                { "{a, {m, f, []}, permanent, y, z, v}", "{invalid_shutdown, y}" },
                { "{a, {m, f, []}, permanent, 1, z, v}", "{invalid_child_type, z}" },
        };
        cop_pid pid = begin("#{}");
        size_t i;

        for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                cop_assert_term(cop_start_child(pid, "S", cop_read(cases[i][0])), "{error, E}",
                                cop_read(cases[i][1]));
        assert_count(pid, 0, 0, 0);
        start(pid, cop_build("{a, {actor, start_link, [#{}]}, permanent, 5000, worker, [actor]}"));
        assert_count(pid, 1, 1, 0);
}

COP_TEST(DS_2, "what a start returns, and what is stored then")
{
        cop_pid pid = begin("#{}");
        cop_pid child;

        start(pid, argued("actor", cop_build("#{}")));
        cop_assert_match(cop_start_child(pid, "S", argued("info", cop_build("#{}"))),
                         "{ok, Pid, more}", &child);
        assert_count(pid, 2, 2, 0);
        cop_assert_term(cop_start_child(pid, "S", argued("returns", cop_build("ignore"))),
                        "ignore");
        cop_assert_term(cop_start_child(pid, "S", argued("returns", cop_build("{error, no}"))),
                        "{error, no}");
        cop_assert_term(cop_start_child(pid, "S", argued("returns", cop_build("what"))),
                        "{error, what}");
        cop_assert_term(cop_start_child(pid, "S", argued("exit", cop_build("why"))),
                        "{error, why}");
        cop_assert_term(cop_start_child(pid, "S", argued("throw", cop_build("ball"))),
                        "{error, {{nocatch, ball}, []}}");
        cop_assert(cop_match(cop_start_child(pid, "S", argued("crash", cop_build("boom"))),
                             "{error, {boom, [_ | _]}}"));
        assert_count(pid, 2, 2, 0);
}

COP_TEST(DS_2_type, "a child is counted and shown as what it says it is")
{
        cop_pid pid = begin("#{}"), child;

        child = start(pid, spec("a", "#{type => supervisor}"));
        assert_count(pid, 1, 1, 1);
        cop_assert_term(cop_which_children(pid), "[{undefined, Pid, supervisor, [actor]}]", child);
        start(pid, spec("b", "#{type => worker}"));
        assert_count(pid, 2, 2, 1);
        cop_terminate_child(pid, cop_pid_term(child));
        assert_count(pid, 1, 1, 0);
}

/* What follows when a dynamic supervisor ends whose only child, of this type, takes 6 seconds to. */
static cop_term slow_end_of(const char *type)
{
        cop_pid pid = { 0 };

        cop_assert_match(cop_server_try_start_link(dynamic, cop_build("#{}")), "{ok, Pid}", &pid);
        start(pid,
              spec("a", "#{type => T, actor => #{trap => true, terminate => {sleep, 6000, ok}}}",
                   cop_atom(type)));
        messages();
        cop_supervisor_stop(pid);
        return cop_reverse(cop_tail(cop_reverse(messages()))); /* without its EXIT */
}

COP_TEST(DS_2_shutdown,
         "where it does not say, a supervisor has all the time to end, a worker 5 seconds")
{
        if (!world_is_simulated())
                return;
        actors_begin();
        cop_trap_exits(true);
        cop_assert_term(slow_end_of("supervisor"), "[{terminate, a, shutdown}]");
        cop_assert_term(slow_end_of("worker"),
                        "[{terminate, a, shutdown}, {shutdown_error, undefined, killed}]");
}

COP_TEST(DS_3, "ids may be the same; names are the children's affair")
{
        cop_pid pid = begin("#{}"), holder;
        cop_term named = cop_build("#{id => a, start => {actor, start_link, [#{}, "
                                   "#{name => somebody}]}}");

        start(pid, spec("a", "#{}"));
        start(pid, spec("a", "#{}"));
        holder = start(pid, named);
        cop_assert_term(cop_start_child(pid, "S", named), "{error, {already_started, Pid}}",
                        holder);
        assert_count(pid, 3, 3, 0);
}

COP_TEST(DS_4, "max_children counts those that are to be restarted")
{
        cop_pid pid = begin("#{max_children => 2, intensity => 1000000}");
        cop_term failing = spec("b", "#{actor => #{init => [ok, {sleep, 10, {refuse, no}}]}}");
        cop_pid child = start(pid, spec("a", "#{}"));

        start(pid, failing);
        cop_assert_term(cop_start_child(pid, "S", spec("c", "#{}")), "{error, max_children}");
        cop_assert_term(cop_terminate_child(pid, cop_pid_term(child)), "ok");
        kill_for_good(pid, only_child(pid));
        start(pid, spec("a", "#{}"));
        cop_assert_term(cop_start_child(pid, "S", spec("c", "#{}")), "{error, max_children}");
        assert_count(pid, 2, 1, 0);
}

COP_TEST(DS_5, "the extra arguments stand before the child's own, at each start")
{
        cop_pid pid = begin("#{extra_arguments => [x, y]}");

        cop_assert_term(cop_start_child(pid, "#{id => a, start => {argued, start_link, [1, 2]}}"),
                        "{error, {arguments, [x, y, 1, 2]}}");
        cop_assert_term(cop_start_child(pid, "#{id => a, start => {argued, start_link, []}}"),
                        "{error, {arguments, [x, y]}}");
}

COP_TEST(DS_5_restart, "a child is started again with the extra arguments and its own")
{
        cop_pid pid = begin("#{extra_arguments => [#{id => x}]}"), child;

        child = start(pid, cop_build("#{id => a, start => {actor, start_link, []}}"));
        messages();
        cop_kill(child);
        cop_assert_term(messages(), "[{child_terminated, undefined, killed}, {init, x}]");
        cop_assert(!cop_same(only_child(pid), child));
}

COP_TEST(DS_6, "in reports a child has no id")
{
        cop_pid pid = begin("#{}"), child = start(pid, spec("a", "#{restart => temporary}"));

        messages();
        cop_kill(child);
        cop_assert_term(messages(), "[{child_terminated, undefined, killed}]");
        assert_count(pid, 0, 0, 0);
}

/* How many restarts there may be, by what a status shows. */
static void assert_limits(cop_pid pid, int intensity, int period)
{
        int is_intensity, is_period;

        cop_assert_match(cop_sys_get_state(pid), "#{intensity := I, period := P}", &is_intensity,
                         &is_period);
        cop_assert_equal(is_intensity, intensity);
        cop_assert_equal(is_period, period);
        cop_supervisor_stop(pid);
}

COP_TEST(DS_7, "one restart in five seconds is allowed by flags that do not say, three by options")
{
        actors_begin();
        cop_trap_exits(true);
        assert_limits(cop_server_start_link(dynamic, cop_build("#{}")), 1, 5);
        assert_limits(cop_supervisor_start_link(defaults), 3, 5);
        assert_limits(cop_supervisor_start_link(described), 0, 7);
        assert_limits(cop_server_start_link(cop_dynamic_supervisor, cop_nil()), 3, 5);
        assert_limits(cop_server_start_link(cop_dynamic_supervisor,
                                            cop_build("#{max_restarts => 8, max_seconds => 9,"
                                                      "  strategy => one_for_one}")),
                      8, 9);
}

COP_TEST(DS_8, "there are no progress reports")
{
        cop_pid pid = begin("#{}"), child = start(pid, spec("a", "#{}"));

        cop_assert_term(messages(), "[{init, a}]");
        cop_kill(child);
        cop_assert_term(messages(), "[{child_terminated, undefined, killed}, {init, a}]");
}

/* ---- flags ---- */

COP_TEST(DS_flags, "wrong flags are refused, in Elixir's words")
{
        static const char *const cases[][2] = {
                { "#{strategy => one_for_all}", "{invalid_strategy, one_for_all}" },
                { "#{intensity => -1}", "{invalid_intensity, -1}" },
                { "#{period => 0}", "{invalid_period, 0}" },
                { "#{max_children => -1}", "{invalid_max_children, -1}" },
                { "#{max_children => x}", "{invalid_max_children, x}" },
                { "#{extra_arguments => x}", "{invalid_extra_arguments, x}" },
                { "#{auto_shutdown => any_significant}",
                  "{invalid_auto_shutdown, any_significant}" },
        };
        size_t i;

        begin("#{}");
        for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                cop_assert_term(cop_server_try_start_link(dynamic, cop_read(cases[i][0])),
                                "{error, {supervisor_data, E}}", cop_read(cases[i][1]));
        cop_assert_term(cop_server_try_start_link(dynamic, cop_build("{returns, ignore}")),
                        "ignore");
        cop_assert_term(cop_server_try_start_link(dynamic, cop_build("{returns, {ok, x, y}}")),
                        "{error, {bad_return, {dynamic, init, {ok, x, y}}}}");
        cop_assert_term(cop_server_try_start_link(cop_dynamic_supervisor, cop_build("#{x => 1}")),
                        "{error, {badarg, #{x => 1}}}");
        cop_assert_term(cop_server_try_start_link(cop_dynamic_supervisor, cop_build("x")),
                        "{error, {badarg, x}}");
}

COP_TEST(DS_described, "options of C are flags")
{
        cop_pid pid;

        actors_begin();
        pid = cop_supervisor_start_link(described, .name = "described");
        cop_assert_term(
                cop_start_child("described", "#{id => a, start => {argued, start_link, [1]}}"),
                "{error, {arguments, [x, 1]}}");
        cop_supervisor_stop(pid);
}

COP_TEST(DS_worker, "a child may be described as a child of C")
{
        cop_pid pid = begin("#{}");

        start(pid, COP_CHILD_SPEC(COP_WORKER(actor, "#{id => w}", .restart = COP_TEMPORARY)));
        start(pid, COP_CHILD_SPEC(COP_SUBTREE(defaults)));
        assert_count(pid, 2, 2, 1);
        cop_assert_term(cop_count_children(pid),
                        "[{specs, 2}, {active, 2}, {supervisors, 1}, {workers, 1}]");
}

/* ---- requests ---- */

COP_TEST(DS_terminate, "a child is ended by its pid; nobody else is")
{
        cop_pid pid = begin("#{}"), child = start(pid, spec("a", "#{}"));

        cop_assert_term(cop_terminate_child(pid, cop_pid_term(cop_self())), "{error, not_found}");
        cop_assert_term(cop_terminate_child(pid, cop_atom("a")), "{error, not_found}");
        cop_assert_term(cop_terminate_child(pid, cop_pid_term(child)), "ok");
        cop_assert_term(cop_terminate_child(pid, cop_pid_term(child)), "{error, not_found}");
        cop_assert(!cop_is_alive(child));
        cop_assert_term(messages(), "[{init, a}]");
        assert_count(pid, 0, 0, 0);
}

COP_TEST(DS_no_ids, "what needs an id is refused, and nobody dies of it")
{
        cop_pid pid = begin("#{}");

        start(pid, spec("a", "#{}"));
        cop_assert_term(cop_restart_child(pid, cop_atom("a")), "{error, dynamic_supervisor}");
        cop_assert_term(cop_delete_child(pid, cop_atom("a")), "{error, dynamic_supervisor}");
        cop_assert_term(cop_get_childspec(pid, cop_atom("a")), "{error, dynamic_supervisor}");
        cop_assert_term(cop_which_child(pid, cop_atom("a")), "{error, dynamic_supervisor}");
        assert_count(pid, 1, 1, 0);
}

COP_TEST(DS_strangers, "an unknown cast is nothing, an unknown message is reported, a call crashes")
{
        cop_pid pid = begin("#{}");

        cop_cast(pid, "what");
        cop_assert_term(messages(), "[]");
        cop_send(pid, "what");
        cop_assert_term(messages(), "[{unexpected, what}]");
        cop_assert_match(call_result(pid, COP_FOREVER, "what"), "{exit, {function_clause, _}}");
}

/* ---- deaths ---- */

/* What was heard of deaths and starts. */
static cop_term restarts_heard(void)
{
        cop_term rest = cop_nil();

        COP_EACH (message, messages())
                if (cop_match(message, "{init, _}") ||
                    cop_match(message, "{child_terminated, _, _}"))
                        rest = cop_cons(message, rest);
        return cop_reverse(rest);
}

COP_TEST(DS_restart_types, "who is started again: permanent always, transient when it failed")
{
        static const struct {
                const char *restart, *reason, *then;
        } cases[] = {
                { "permanent", "normal", "[{child_terminated, undefined, normal}, {init, a}]" },
                { "permanent", "boom", "[{child_terminated, undefined, boom}, {init, a}]" },
                { "transient", "normal", "[]" },
                { "transient", "{shutdown, x}", "[]" },
                { "transient", "boom", "[{child_terminated, undefined, boom}, {init, a}]" },
                { "temporary", "shutdown", "[]" },
                { "temporary", "boom", "[{child_terminated, undefined, boom}]" },
        };
        cop_pid pid = begin("#{intensity => 100}"), child;
        size_t i;

        for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                child = start(pid, spec("a", "#{restart => R}", cop_atom(cases[i].restart)));
                messages();
                cop_cast(child, "{do, {stop, R}}", cop_read(cases[i].reason));
                cop_assert_term(restarts_heard(), "X", cop_read(cases[i].then));
                COP_EACH (left, cop_which_children(pid))
                        cop_terminate_child(pid, cop_element(left, 1));
        }
}

COP_TEST(SUP_R8, "a failed restart is tried again, each attempt counts; ignore removes the child")
{
        cop_pid pid = begin("#{intensity => 3}"), child;

        child = start(pid, spec("a", "#{actor => #{init => [ok, {refuse, no}, {refuse, no},"
                                     " ok, {refuse, no}]}}"));
        messages();
        cop_kill(child);
        cop_assert_term(messages(),
                        "[{child_terminated, undefined, killed}, {init, a},"
                        " {start_error, undefined, no}, {init, a}, {start_error, undefined, no},"
                        " {init, a}]");
        assert_count(pid, 1, 1, 0);
        cop_kill(only_child(pid));
        cop_assert_term(messages(),
                        "[{child_terminated, undefined, killed},"
                        " {shutdown, undefined, reached_max_restart_intensity},"
                        " {'EXIT', Pid, shutdown}]",
                        pid);
}

COP_TEST(SUP_R8_ignore, "a restart that says ignore removes the child")
{
        cop_pid pid = begin("#{}"),
                child = start(pid, spec("a", "#{actor => #{init => [ok, ignore]}}"));

        messages();
        cop_kill(child);
        cop_assert_term(messages(), "[{child_terminated, undefined, killed}, {init, a}]");
        assert_count(pid, 0, 0, 0);
}

COP_TEST(SUP_R8_cancelled, "a child that is to be restarted can be ended, and then is not")
{
        cop_pid pid = begin("#{intensity => 1000000}"), child;

        child = start(pid, spec("a", "#{actor => #{init => [ok, {sleep, 10, {refuse, no}}]}}"));
        kill_for_good(pid, child);
        assert_count(pid, 1, 0, 0);
        cop_assert_term(cop_terminate_child(pid, cop_pid_term(child)), "ok");
        assert_count(pid, 0, 0, 0);
        messages();
        cop_assert_term(messages(), "[]");
}

COP_TEST(SUP_I11, "restarts count in whole seconds, up to the period and including it")
{
        cop_pid pid;

        if (!world_is_simulated())
                return;
        pid = begin("#{intensity => 1, period => 1}");
        start(pid, spec("a", "#{}"));
        cop_sleep(1000 - cop_now_ms() % 1000);
        cop_kill(only_child(pid));
        cop_sleep(2100);
        cop_kill(only_child(pid)); /* two seconds later: the first does not count */
        cop_assert(cop_system_quiet(5000));
        cop_assert(cop_is_alive(pid));
        cop_sleep(1700);
        messages();
        cop_kill(only_child(pid)); /* the second is one second old by the seconds' numbers */
        cop_assert_term(messages(),
                        "[{child_terminated, undefined, killed},"
                        " {shutdown, undefined, reached_max_restart_intensity},"
                        " {'EXIT', Pid, shutdown}]",
                        pid);
}

/* ---- the end ---- */

COP_TEST(SUP_X3_dynamic, "at the end each is given its own time, all from the same moment")
{
        cop_term slow = cop_build("#{trap => true, terminate => {sleep, 60000, ok}}");
        int64_t start_ms;
        cop_pid pid;

        if (!world_is_simulated())
                return;
        pid = begin("#{}");
        start(pid, spec("a", "#{shutdown => 50, actor => A}", slow));
        start(pid, spec("b", "#{shutdown => 200, actor => A}", slow));
        start(pid, spec("b", "#{shutdown => 200, actor => A}", slow));
        start(pid, spec("c", "#{shutdown => brutal_kill, actor => A}", slow));
        start(pid, spec("d", "#{shutdown => infinity, actor => #{trap => true,"
                             "  terminate => {sleep, 300, ok}}}"));
        messages();
        start_ms = cop_now_ms();
        cop_supervisor_stop(pid);
        cop_assert_equal(cop_now_ms() - start_ms, 300);
        cop_assert_equal(cop_system_quiet(5000), true);
        cop_assert_term(cop_sort(messages()),
                        "[{'EXIT', Pid, normal}, {shutdown_error, undefined, killed},"
                        " {shutdown_error, undefined, killed},"
                        " {shutdown_error, undefined, killed}, {terminate, a, shutdown},"
                        " {terminate, b, shutdown}, {terminate, b, shutdown},"
                        " {terminate, d, shutdown}]",
                        pid);
}

COP_TEST(SUP_X3_short, "a time that is short is not made longer")
{
        int64_t start_ms;
        cop_pid pid;

        if (!world_is_simulated())
                return;
        pid = begin("#{}");
        start(pid, spec("a", "#{shutdown => 5, actor => #{trap => true,"
                             "  terminate => {sleep, 60000, ok}}}"));
        start_ms = cop_now_ms();
        cop_supervisor_stop(pid);
        cop_assert_equal(cop_now_ms() - start_ms, 5);
}

COP_TEST(SUP_X3_watched, "one that takes long to end is watched meanwhile, once")
{
        cop_pid pid, child;

        if (!world_is_simulated())
                return;
        pid = begin("#{}");
        child = start(pid, spec("a", "#{shutdown => infinity, actor => #{trap => true,"
                                     "  terminate => {sleep, 60000, ok}}}"));
        cop_exit_to(pid, "shutdown");
        cop_sleep(30000);
        cop_assert_term(cop_process_info(child, "monitored_by"), "[Pid]", pid);
}

COP_TEST(SUP_X3_unlinked, "one that unlinked itself is ended too")
{
        cop_pid pid = begin("#{}");

        start(pid, cop_build("#{id => a, start => {actor, start, [#{}]}}"));
        start(pid, spec("b", "#{}"));
        messages();
        cop_supervisor_stop(pid);
        cop_assert_term(messages(), "[{'EXIT', Pid, normal}]", pid);
}

COP_TEST(SUP_X3_dead, "one that unlinked itself and is dead by then is reported")
{
        cop_pid pid = begin("#{}"), child;

        child = start(pid, cop_build("#{id => a, start => {actor, start, [#{}]}}"));
        cop_kill(child);
        messages();
        cop_supervisor_stop(pid);
        cop_assert_term(messages(),
                        "[{shutdown_error, undefined, child_process_unlinked},"
                        " {'EXIT', Pid, normal}]",
                        pid);
}

/* ---- many ---- */

COP_TEST(DS_many, "thousands of several kinds come and go, and nothing is left of them")
{
        enum { MANY = 3000 };
        cop_pid pid = begin("#{intensity => 10}"), child, some = { 0 };
        size_t before, i;

        cop_set_report_level(COP_LEVEL_ERROR);
        before = cop_process_count();
        for (i = 0; i < MANY; i++)
                cop_scope {
                        child = start(pid, spec("q", "#{restart => R, shutdown => S}",
                                                cop_atom(i % 2 ? "permanent" : "temporary"),
                                                1000 + (int)(i % 7)));
                        if (i % 3 == 0)
                                cop_terminate_child(pid, cop_pid_term(child));
                        if (i == 1001)
                                some = child;
                }
        cop_kill(some);
        cop_assert(cop_system_quiet(5000));
        assert_count(pid, 2000, 2000, 0);
        cop_assert_equal(cop_length(cop_which_children(pid)), 2000);
        cop_supervisor_stop(pid);
        cop_assert(cop_system_quiet(5000));
        cop_assert_equal(cop_process_count(), before - 1);
}

COP_TEST(DS_memory, "of children that have ended nothing is left with the supervisor")
{
        int64_t before, after;
        cop_pid pid;

        pid = begin("#{}");
        cop_set_report_level(COP_LEVEL_ERROR);
        start(pid, spec("z", "#{}"));
        before = cop_to_int(cop_process_info(pid, "memory"));
        for (int i = 0; i < 300; i++)
                cop_scope {
                        cop_term argument =
                                cop_build("#{number => I, more => [a, b, c, d, e, f, g, h]}", i);

                        cop_terminate_child(pid, cop_pid_term(start(pid, spec("a", "#{actor => A}",
                                                                              argument))));
                }
        after = cop_to_int(cop_process_info(pid, "memory"));
        if (after > before + 15000) /* its own working memory comes and goes */
                cop_fail("it has %lld bytes, and had %lld", (long long)after, (long long)before);
}
