/*
 * BEYOND: what supervisors have that OTP's do not: back-off, budgets, periods in milliseconds, a hook,
 * a deadline for the end, and a look at a tree without starting it. Time is virtual.
 */
#include <coppice/dynamic_supervisor.h>
#include <coppice/partition_supervisor.h>

#include <stdlib.h>
#include <string.h>

#include "support/troupe.h"

enum { STARTS_MAX = 32 };

/* When the child was started, in ms since the test began. */
static int64_t begun_ms, starts_ms[STARTS_MAX];
static int starts;

static cop_term start_noted(cop_term arguments)
{
        if (starts < STARTS_MAX)
                starts_ms[starts++] = cop_now_ms() - begun_ms;
        return cop_server_try_start_link(actor, cop_head(arguments));
}

COP_START_FUNCTION(noted, start_link, start_noted);

static cop_term noted_spec(const char *id, cop_term argument)
{
        return cop_build("#{id => Id, start => {noted, start_link, [A]}}", cop_atom(id), argument);
}

/* False where time is not virtual: then there is nothing to test. */
static bool begin(void)
{
        if (!world_is_simulated())
                return false;
        actors_begin();
        cop_set_report_level(COP_LEVEL_ERROR);
        cop_trap_exits(true);
        begun_ms = cop_now_ms();
        starts = 0;
        return true;
}

/* Kills the child as often, each time as soon as it is there. */
static void kill_again_and_again(cop_pid supervisor, const char *id, int times)
{
        cop_term found;
        cop_pid pid;

        while (times > 0) {
                found = cop_which_child(supervisor, cop_atom(id));
                if (cop_match(found, "{ok, {_, Pid, _, _}}", &pid)) {
                        cop_kill(pid);
                        times--;
                        cop_system_quiet(5000);
                } else {
                        cop_sleep(1);
                }
        }
}

static void assert_starts(const int64_t *expected, int count)
{
        int i;

        cop_assert_equal(starts, count);
        for (i = 0; i < count; i++) /* it is looked at each ms */
                cop_assert(starts_ms[i] >= expected[i] && starts_ms[i] <= expected[i] + i);
}

/* ---- back-off ---- */

#define BACK_OFF "back_off => #{first_ms => 100, most_ms => 400, reset_ms => 5000}"

/* A supervisor with back-off, which does not give up, and a child a. */
static cop_pid start_patient(void)
{
        return troupe_start(cop_build("#{intensity => 100, " BACK_OFF "}"),
                            cop_build("[A]", noted_spec("a", cop_build("#{}"))));
}

COP_TEST(BEYOND_back_off, "the first restart is at once, the next ones after ever longer times")
{
        static const int64_t expected[] = { 0, 0, 100, 300, 700, 1100 };
        cop_pid pid;

        if (!begin())
                return;
        pid = start_patient();
        kill_again_and_again(pid, "a", 5);
        cop_sleep(500);
        assert_starts(expected, 6);
}

COP_TEST(BEYOND_back_off_reset, "after a healthy time the next restart is at once again")
{
        cop_pid pid;

        if (!begin())
                return;
        pid = start_patient();
        kill_again_and_again(pid, "a", 3);
        cop_sleep(300);
        cop_assert_equal(starts, 4);
        cop_sleep(5000);
        kill_again_and_again(pid, "a", 1);
        cop_assert_equal(starts, 5);
}

COP_TEST(BEYOND_back_off_jitter, "delays are shorter by chance, and never longer")
{
        int i, shorter = 0;
        cop_pid pid;

        if (!begin())
                return;
        pid = troupe_start(cop_build("#{intensity => 100, back_off =>"
                                     " #{first_ms => 1000, most_ms => 1000, jitter => 50}}"),
                           cop_build("[A]", noted_spec("a", cop_build("#{}"))));
        kill_again_and_again(pid, "a", 10);
        cop_sleep(1100);
        cop_assert_equal(starts, 11);
        for (i = 2; i < starts; i++) {
                cop_assert(starts_ms[i] - starts_ms[i - 1] >= 500 &&
                           starts_ms[i] - starts_ms[i - 1] <= 1002);
                shorter += starts_ms[i] - starts_ms[i - 1] < 990;
        }
        cop_assert(shorter > 0); /* all nine by chance: one of 10^15 */
}

COP_TEST(BEYOND_back_off_failing, "a start that fails is tried again after the delay")
{
        static const int64_t expected[] = { 0, 0, 100, 300 };
        cop_pid pid;

        if (!begin())
                return;
        pid = troupe_start(cop_build("#{intensity => 100, " BACK_OFF "}"),
                           cop_build("[A]", noted_spec("a", cop_build("#{init => [ok, {refuse, no},"
                                                                      " {refuse, no}, ok]}"))));
        kill_again_and_again(pid, "a", 1);
        cop_assert_term(cop_which_children(pid), "[{a, restarting, worker, [noted]}]");
        cop_assert_term(cop_restart_child(pid, cop_atom("a")), "{error, restarting}");
        cop_sleep(1000);
        assert_starts(expected, 4);
        cop_assert(cop_is_alive(troupe_child(pid, "a")));
}

COP_TEST(BEYOND_back_off_cancelled, "who is ended while it waits is not started")
{
        cop_pid pid;

        if (!begin())
                return;
        pid = start_patient();
        kill_again_and_again(pid, "a", 2);
        cop_assert_term(cop_terminate_child(pid, cop_atom("a")), "ok");
        cop_sleep(1000);
        cop_assert_equal(starts, 2);
        cop_assert_match(cop_restart_child(pid, cop_atom("a")), "{ok, _}");
        cop_sleep(1000);
        cop_assert_equal(starts, 3);
}

COP_TEST(BEYOND_back_off_all, "of one_for_all the others are ended at once, and started with it")
{
        cop_pid pid;

        if (!begin())
                return;
        pid = troupe_start(cop_build("#{strategy => one_for_all, intensity => 9, " BACK_OFF "}"),
                           troupe_of_three());
        kill_again_and_again(pid, "b", 1);
        messages();
        kill_again_and_again(pid, "c", 1);
        cop_assert_term(messages(), "[{child_terminated, c, killed}]");
        cop_assert_term(cop_which_children(pid),
                        "[{c, restarting, worker, [actor]}, {b, undefined, worker, [actor]},"
                        " {a, undefined, worker, [actor]}]");
        cop_sleep(150);
        cop_assert_term(messages(), "[{init, a}, {init, b}, {init, c}]");
}

COP_TEST(BEYOND_back_off_rest, "of rest_for_one those before it stay")
{
        cop_pid pid, first;

        if (!begin())
                return;
        pid = troupe_start(cop_build("#{strategy => rest_for_one, intensity => 9, " BACK_OFF "}"),
                           troupe_of_three());
        kill_again_and_again(pid, "b", 2);
        messages();
        first = troupe_child(pid, "a");
        cop_sleep(150);
        cop_assert_term(messages(), "[{init, b}, {init, c}]");
        cop_assert(cop_same(troupe_child(pid, "a"), first));
}

COP_TEST(BEYOND_back_off_end, "a supervisor whose child waits can end")
{
        cop_pid pid;

        if (!begin())
                return;
        pid = start_patient();
        kill_again_and_again(pid, "a", 2);
        messages();
        cop_supervisor_stop(pid);
        cop_assert_term(messages(), "[{'EXIT', Pid, normal}]", pid);
        cop_sleep(1000);
        cop_assert_equal(starts, 2);
}

COP_TEST(BEYOND_back_off_limit, "the limit counts all restarts, and is not put off")
{
        cop_pid pid;

        if (!begin())
                return;
        pid = troupe_start(cop_build("#{intensity => 2, period => 1000, " BACK_OFF "}"),
                           cop_build("[A]", noted_spec("a", cop_build("#{}"))));
        kill_again_and_again(pid, "a", 2);
        cop_sleep(150);
        messages();
        kill_again_and_again(pid, "a", 1);
        cop_assert_term(messages(),
                        "[{child_terminated, a, killed},"
                        " {shutdown, a, reached_max_restart_intensity}, {'EXIT', Pid, shutdown}]",
                        pid);
}

/* ---- limits ---- */

COP_TEST(SUP_I10,
         "where period_ms says so restarts count in exact milliseconds, both ends included")
{
        cop_pid pid;

        if (!begin())
                return;
        pid = troupe_start(cop_build("#{period_ms => 100}"),
                           cop_build("[A]", troupe_spec("a", "#{}")));
        kill_again_and_again(pid, "a", 1);
        cop_sleep(101);
        kill_again_and_again(pid, "a", 1);
        cop_assert(cop_is_alive(pid));
        cop_sleep(100);
        kill_again_and_again(pid, "a", 1);
        cop_assert(!cop_is_alive(pid));
}

COP_TEST(BEYOND_budget, "a child with a budget has restarts of its own")
{
        cop_pid pid;

        if (!begin())
                return;
        pid = troupe_start(cop_build("#{intensity => 0}"),
                           cop_build("[A, B]", troupe_spec("a", "#{budget => {2, 1000}}"),
                                     troupe_spec("b", "#{}")));
        kill_again_and_again(pid, "a", 2);
        cop_sleep(1001);
        kill_again_and_again(pid, "a", 2);
        cop_assert(cop_is_alive(pid));
        messages();
        kill_again_and_again(pid, "a", 1);
        cop_assert_term(messages(),
                        "[{child_terminated, a, killed},"
                        " {shutdown, a, reached_max_restart_intensity}, {'EXIT', Pid, shutdown}]",
                        pid);
}

static void tell_test(cop_term what)
{
        cop_send_term(cop_whereis("test"), what);
}

static void fail_there(cop_term what)
{
        cop_exit("oops");
}

COP_SUPERVISOR(giving_up, .intensity = COP_NO_RESTARTS, .on_give_up = tell_test,
               .children = COP_CHILDREN(COP_WORKER(actor, "#{}", .id = "a"),
                                        COP_WORKER(actor, "#{id => b, trap => true}", .id = "b")));
COP_SUPERVISOR(failing_hook, .intensity = COP_NO_RESTARTS, .on_give_up = fail_there,
               .children = COP_CHILDREN(COP_WORKER(actor, "#{}", .id = "a")));
COP_DYNAMIC_SUPERVISOR(crowd, );

COP_TEST(BEYOND_on_give_up, "the hook runs when it gives up, before the children end")
{
        cop_pid pid;

        if (!begin())
                return;
        pid = cop_supervisor_start_link(giving_up, .name = "top");
        messages();
        kill_again_and_again(pid, "a", 1);
        cop_assert_term(messages(),
                        "[{child_terminated, a, killed},"
                        " {shutdown, a, reached_max_restart_intensity},"
                        " #{supervisor => {local, top}, child => a}, {terminate, b, shutdown},"
                        " {'EXIT', Pid, shutdown}]",
                        pid);
}

COP_TEST(BEYOND_on_give_up_fails, "a hook that fails changes nothing")
{
        cop_pid pid;

        if (!begin())
                return;
        pid = cop_supervisor_start_link(failing_hook);
        messages();
        kill_again_and_again(pid, "a", 1);
        cop_assert_term(messages(),
                        "[{child_terminated, a, killed},"
                        " {shutdown, a, reached_max_restart_intensity}, {'EXIT', Pid, shutdown}]",
                        pid);
}

/* ---- the deadline ---- */

static void hear_deadline(void *context, enum cop_level level, cop_term report)
{
        cop_term late;

        if (cop_match(report, "#{label := {supervisor, shutdown_deadline}, killed := Late}", &late))
                cop_send("test", "{late, Late}", late);
}

COP_TEST(BEYOND_deadline, "all ends within one deadline; who was killed at it is reported")
{
        cop_term slow = cop_build("#{trap => true, terminate => {sleep, 60000, ok}}"), late;
        int64_t start_ms;
        cop_pid pid;

        if (!begin())
                return;
        pid = troupe_start(cop_build("#{shutdown_deadline_ms => 300}"),
                           cop_build("[A, B, C]",
                                     troupe_spec("a", "#{shutdown => infinity, actor => S}", slow),
                                     troupe_spec("b", "#{shutdown => 200, actor => S}", slow),
                                     troupe_spec("c", "#{shutdown => 50, actor => S}", slow)));
        cop_report_to(hear_deadline, NULL);
        messages();
        start_ms = cop_now_ms();
        cop_supervisor_stop(pid);
        cop_assert(cop_now_ms() - start_ms >= 300 && cop_now_ms() - start_ms <= 310);
        cop_assert(cop_receive(0, "{late, Late}", &late));
        cop_assert_match(late, "[{a, _, [{status, waiting}, {waits_for_time, true},"
                               " {message_queue_len, 0}]}]");
}

COP_TEST(BEYOND_deadline_least, "a deadline of 1 ms is one")
{
        cop_term slow = cop_build("#{trap => true, terminate => {sleep, 60000, ok}}");
        int64_t start_ms;
        cop_pid pid;

        if (!begin())
                return;
        pid = troupe_start(
                cop_build("#{shutdown_deadline_ms => 1}"),
                cop_build("[A]", troupe_spec("a", "#{shutdown => infinity, actor => S}", slow)));
        start_ms = cop_now_ms();
        cop_supervisor_stop(pid);
        cop_assert(cop_now_ms() - start_ms <= 10);
}

COP_TEST(BEYOND_back_off_least, "and so is a first delay of 1 ms")
{
        if (!begin())
                return;
        troupe_start(cop_build("#{back_off => #{first_ms => 1}}"), cop_nil());
}

COP_TEST(BEYOND_deadline_crowd, "a crowd has it too")
{
        cop_term slow = cop_build("#{trap => true, terminate => {sleep, 60000, ok}}"), late;
        int64_t start_ms;
        cop_pid pid, first, second;

        if (!begin())
                return;
        pid = troupe_start(
                cop_build("#{strategy => simple_one_for_one,"
                          "  shutdown_deadline_ms => 300}"),
                cop_build("[A]", troupe_spec("a", "#{shutdown => infinity, actor => S}", slow)));
        cop_start_child(pid, "[]");
        cop_start_child(pid, "[]");
        cop_report_to(hear_deadline, NULL);
        messages();
        start_ms = cop_now_ms();
        cop_supervisor_stop(pid);
        cop_assert(cop_now_ms() - start_ms >= 300 && cop_now_ms() - start_ms <= 310);
        cop_assert(cop_receive(0, "{late, Late}", &late));
        cop_assert_match(late, "[{_, A, _}, {_, B, _}]", &first, &second);
        cop_assert(!cop_same(first, second));
}

/* ---- checks ---- */

COP_TEST(BEYOND_wrong, "wrong additions are refused")
{
        static const char *const flags[][2] = {
                { "#{period_ms => 0}", "{invalid_period_ms, 0}" },
                { "#{shutdown_deadline_ms => x}", "{invalid_shutdown_deadline_ms, x}" },
                { "#{on_give_up => x}", "{invalid_on_give_up, x}" },
                { "#{back_off => 100}", "{invalid_back_off, 100}" },
                { "#{back_off => #{}}", "{invalid_back_off, #{}}" },
                { "#{back_off => #{first_ms => 1, jitter => 101}}",
                  "{invalid_back_off, #{first_ms => 1, jitter => 101}}" },
        };
        size_t i;

        if (!begin())
                return;
        for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
                cop_assert_term(troupe_try(cop_read(flags[i][0]), cop_nil()),
                                "{error, {supervisor_data, E}}", cop_read(flags[i][1]));
        cop_assert_term(
                troupe_try(cop_build("#{}"), cop_build("[A]", troupe_spec("a", "#{budget => 3}"))),
                "{error, {start_spec, {invalid_budget, 3}}}");
        cop_assert_match(troupe_try(cop_build("#{strategy => simple_one_for_one, " BACK_OFF "}"),
                                    cop_build("[A]", troupe_spec("a", "#{}"))),
                         "{error, {supervisor_data, {bad_combination, _}}}");
}

COP_SUPERVISOR(lower, .period = 5000, .back_off = { .first_ms = 100, .most_ms = 1000 },
               .children = COP_CHILDREN(COP_WORKER(actor, "#{}", .name = "x", .shutdown = 5)));
COP_PARTITION_SUPERVISOR(parts, .partitions = 2,
                         .child_spec = COP_CHILD_SPEC(COP_WORKER(actor, "#{}")));
COP_SUPERVISOR(upper, .strategy = COP_ONE_FOR_ALL,
               .children = COP_CHILDREN(COP_WORKER(actor, "#{}", .name = "x", .budget = 3),
                                        COP_SUBTREE(crowd), COP_SUBTREE(parts, .name = "parts"),
                                        COP_SUBTREE(lower, .restart = COP_TRANSIENT)));
COP_SUPERVISOR(twice, .children = COP_CHILDREN(COP_WORKER(actor, "#{}"), COP_WORKER(actor, "#{}")));

COP_TEST(BEYOND_check_tree, "a tree is checked without being started, and sure mistakes are named")
{
        char *text = NULL;
        size_t size = 0, count;
        FILE *out;

        if (!begin())
                return;
        count = cop_process_count();
        out = open_memstream(&text, &size);
        cop_assert_term(cop_check_tree(upper, cop_nil(), out),
                        "{ok, [{upper, {lower, {restart, transient}}}, {lower, {period, 5000}},"
                        "  {lower, {actor, {shutdown, 5}}}, {lower, {actor, {name, x}}}]}");
        fclose(out);
        cop_assert(strstr(text, "restarts are delayed by 0, 100, 200, 400, 800, 1000 ms"));
        cop_assert(strstr(text, "warning: lower: {period,5000}: a period is in seconds"));
        cop_assert(strstr(text, "actor: worker actor, permanent, 5000 ms to end, named x"));
        free(text);
        cop_assert_equal(cop_process_count(), count);
        cop_assert_term(cop_check_tree(twice, cop_nil(), NULL),
                        "{error, {twice, {duplicate_child_name, actor}}}");
}
