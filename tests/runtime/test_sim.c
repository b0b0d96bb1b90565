/*
 * SIMULATION: what a simulated world is like, what happens in it, and how one that fails is found.
 *
 * The body of a world is <0.1.0>, and what it starts is <0.2.0> and so on.
 */
#include <coppice/memory.h>
#include <coppice/server.h>
#include <coppice/sim.h>
#include <coppice/supervisor.h>
#include <coppice/test.h>
#include <coppice/text.h>
#include <coppice/timer.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a small tree, and somebody who talks to it ---- */

static cop_next answer(int *count, cop_term request, cop_from from)
{
        return cop_reply(cop_int(++*count));
}

static cop_next leave(int *count, cop_term request)
{
        return cop_end("normal");
}

COP_SERVER(counter, int, .handle_call = answer, .handle_cast = leave);
COP_SUPERVISOR(tree, .strategy = COP_ONE_FOR_ALL, .intensity = 1000, .period = 1,
               .children = COP_CHILDREN(COP_WORKER(counter, "[]", .id = "a", .name = "a"),
                                        COP_WORKER(counter, "[]", .id = "b", .name = "b")));

/* Children may be hurt while they start. */
static cop_pid start_tree(void)
{
        cop_pid root = { 0 };

        cop_trap_exits(true);
        while (!cop_match(cop_server_try_start_link(tree, cop_nil()), "{ok, Root}", &root))
                continue;
        return root;
}

static void talk(void)
{
        cop_pid root = start_tree();
        cop_term result;

        for (int i = 0; i < 20; i++) {
                cop_try_call(&result, 50, i % 2 ? "a" : "b", "next");
                cop_sleep(1 + (int64_t)(cop_random() % 10));
        }
        cop_sleep(1000);
        cop_sim_rest();
        cop_assert(!cop_is_nobody(cop_whereis("a")));
        cop_assert(!cop_is_nobody(cop_whereis("b")));
        cop_server_stop(root);
}

COP_TEST(SIMULATION_all_faults, "whatever happens to its children, a supervisor has them again",
         .limit_s = 120)
{
        cop_simulate(talk, .seeds = 200, .first_seed = 1, .one_in = 10,
                     .faults = COP_SIM_ALL & ~(COP_SIM_LOOP | COP_SIM_MEMORY));
        cop_simulate(talk, .seeds = 50, .first_seed = 1, .latency_us = 3000, .every_ms = 20,
                     .faults_most = 20, .faults = COP_SIM_KILL | COP_SIM_SLOW);
}

/* ---- each fault ---- */

/* Lives in one world with this plan, and fails where that does. */
static void live(void (*body)(void), const char *plan)
{
        cop_simulate(body, .seeds = 1, .first_seed = 1, .plan = plan);
}

static cop_term death_of_counter(void)
{
        cop_pid pid = cop_server_start(counter, cop_nil());
        cop_ref ref = cop_monitor(pid);
        cop_term result, reason = cop_nil();

        cop_try_call(&result, COP_FOREVER, pid, "next");
        cop_cast(pid, "leave");
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason);
        return reason;
}

static void expect_killed(void)
{
        cop_assert_term(death_of_counter(), "killed");
}

static void expect_fault(void)
{
        cop_assert_term(death_of_counter(), "{segv, #{address => 0, pc => 0}}");
}

static void expect_normal(void)
{
        cop_assert_term(death_of_counter(), "normal");
}

COP_TEST(SIMULATION_kill_and_fault, "a plan says before which turn of which process what happens")
{
        live(expect_killed, "kill <0.2.0>@2");
        live(expect_fault, "fault <0.2.0>@2");
        live(expect_normal, "kill <0.7.0>@2; fault <0.2.0>@99; kill <0.2.1>@1");
}

static void expect_no_start(void)
{
        cop_term result;

        cop_trap_exits(true);
        result = cop_server_try_start_link(counter, cop_nil());
        cop_assert_term(result, "{error, sim_start}");
        cop_assert_match(cop_server_try_start_link(counter, cop_nil()), "{ok, _}");
}

COP_TEST(SIMULATION_start, "a start fails, and the next one does not")
{
        live(expect_no_start, "start <0.2.0>@1");
}

static void expect_slow(void)
{
        cop_pid pid = cop_server_start(counter, cop_nil());
        int64_t before = cop_now_ms();
        cop_term result;

        cop_assert(cop_try_call(&result, 1000, pid, "next"));
        cop_assert(cop_now_ms() - before >= 20 && cop_now_ms() - before <= 21);
}

COP_TEST(SIMULATION_slow, "a turn takes its time, and no more")
{
        live(expect_slow, "slow <0.2.0>@2 20");
}

static void expect_loop(void)
{
        cop_pid pid = cop_server_start(counter, cop_nil());
        cop_ref ref = cop_monitor(pid);
        cop_term result, reason;

        cop_assert(!cop_try_call(&result, 1000, pid, "next"));
        cop_assert_term(result, "timeout");
        cop_assert(!cop_receive(1000, "{'DOWN', ^Ref, process, _, _}", &ref));
        cop_kill(pid);
        cop_assert(cop_receive(0, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason) ||
                   cop_receive(1, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason));
        cop_assert_term(reason, "killed");
}

static void loop_within_limits(cop_term none)
{
        cop_sleep(COP_FOREVER);
}

static void expect_limited_loop(void)
{
        int64_t before = cop_now_ms();
        cop_term reason = cop_nil();
        cop_ref ref;

        cop_spawn(loop_within_limits, cop_nil(), .max_turn_ms = 300, .monitor = &ref);
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason);
        cop_assert_term(reason, "{quota, turn}");
        cop_assert(cop_now_ms() - before >= 300 && cop_now_ms() - before <= 301);
}

COP_TEST(SIMULATION_loop,
         "one that loops answers nobody, and ends when it is killed or may loop no longer")
{
        live(expect_loop, "loop <0.2.0>@2");
        live(expect_limited_loop, "loop <0.2.0>@1");
}

static void expect_no_answer(void)
{
        cop_pid pid = cop_server_start(counter, cop_nil());
        cop_term result;

        cop_assert(!cop_try_call(&result, 1000, pid, "next"));
        cop_assert_term(result, "timeout");
        cop_assert_term(cop_call(pid, "next"), "2");
}

static void expect_late_answer(void)
{
        cop_pid pid = cop_server_start(counter, cop_nil());
        int64_t before = cop_now_ms();

        cop_assert_term(cop_call(pid, "next"), "1");
        cop_assert(cop_now_ms() - before >= 30 && cop_now_ms() - before <= 31);
}

/* In which turn of the body the answer comes the start decides: it is the third. */
COP_TEST(SIMULATION_answers, "an answer is lost, or comes later")
{
        live(expect_no_answer, "drop <0.1.0>@3");
        live(expect_late_answer, "delay <0.1.0>@3 30");
}

static void allocate(cop_term none)
{
        cop_free(cop_alloc(100));
        cop_free(cop_alloc(100));
}

static void expect_no_memory(void)
{
        cop_term reason = cop_nil();
        cop_ref ref;

        cop_spawn(allocate, cop_nil(), .monitor = &ref);
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason);
        cop_assert_match(reason, "{{system_limit, memory}, _}");
        cop_spawn(allocate, cop_nil(), .monitor = &ref);
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason);
        cop_assert_term(reason, "normal");
}

COP_TEST(SIMULATION_memory, "an allocation fails, and those after it do not")
{
        live(expect_no_memory, "memory <0.2.0>@1 2");
}

static void expect_death_at_a_time(void)
{
        int64_t before = cop_now_ms();
        cop_term reason = cop_nil();
        cop_ref ref;

        cop_spawn(loop_within_limits, cop_nil(), .monitor = &ref);
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason);
        cop_assert_term(reason, "killed");
        cop_assert(cop_now_ms() - before >= 12500 && cop_now_ms() - before <= 12501);
}

COP_TEST(SIMULATION_at_a_time, "one that waits is hit at the time that the plan says")
{
        live(expect_death_at_a_time, "kill <0.2.0> at 12.5");
}

COP_TEST(SIMULATION_no_plan, "what is no plan is refused")
{
        static const char *const plans[] = { "kil <0.2.0>@1",
                                             "kill",
                                             "kill <0.2.0>",
                                             "kill <0.2>@1",
                                             "kill <0.2.0>@",
                                             "kill <0.2.0> at x",
                                             "kill <0.2.0>@1 kill <0.2.0>@2" };

        for (size_t i = 0; i < sizeof(plans) / sizeof(*plans); i++) {
                const struct cop_sim_options world = { .struct_size = sizeof(world),
                                                       .plan = plans[i] };

                cop_assert_equal(cop_system_start(.simulate = 1, .simulation = &world), -EINVAL);
        }
        cop_assert_equal(cop_system_start(.simulate = 1), 0);
        cop_assert_equal(cop_system_stop(1000), 0);
}

/* ---- rest ---- */

static int steps;

static void step_now_and_then(cop_term none)
{
        for (int i = 0; i < 5; i++) {
                cop_sleep(100);
                for (int j = 0; j < 3; j++) {
                        steps++;
                        cop_yield();
                }
        }
}

static void expect_rest(void)
{
        cop_ref ref;

        cop_spawn(step_now_and_then, cop_nil(), .monitor = &ref);
        for (int i = 0; i <= 5; i++) {
                cop_sim_rest();
                cop_assert_equal(steps, 3 * i);
        }
        cop_assert(cop_receive(0, "{'DOWN', ^Ref, process, _, normal}", &ref));
}

COP_TEST(SIMULATION_rest, "who asks for it sees each moment at which all rest, and no other")
{
        cop_simulate(expect_rest, .seeds = 50);
}

/* ---- what always holds ---- */

static const char *is_not_always(void *most)
{
        return steps > *(int *)most ? "too many steps" : NULL;
}

static void step_by_step(void)
{
        step_now_and_then(cop_nil());
}

COP_TEST(SIMULATION_always, "what is always to hold is looked at before each turn")
{
        int most = 15;
        struct cop_sim_found found;

        cop_sim_find(&found, step_by_step, .seeds = 1, .always = is_not_always, .argument = &most);
        cop_assert_equal(found.seed, 0);
        most = 7;
        cop_sim_find(&found, step_by_step, .seeds = 1, .always = is_not_always, .argument = &most);
        cop_assert(found.seed != 0);
        cop_assert(strstr(found.what, "too many steps"));
        cop_assert(strstr(found.what, "\n0.300"));
        cop_assert(!strstr(found.what, "\n0.400"));
}

/* ---- what is found ---- */

/* It does not see to what two losses make of it. */
static void be_naive(void)
{
        cop_pid root = start_tree();
        cop_term result;
        int misses = 0;

        for (int i = 0; i < 10; i++) {
                misses += !cop_try_call(&result, 100, "a", "next");
                cop_sleep(5);
        }
        cop_assert(misses < 2);
        cop_server_stop(root);
}

COP_TEST(SIMULATION_shrinks, "of many faults those are left that it takes to fail", .limit_s = 120)
{
        struct cop_sim_found found, again;

        cop_sim_find(&found, be_naive, .seeds = 1000, .first_seed = 1, .one_in = 4,
                     .faults = COP_SIM_KILL | COP_SIM_SLOW);
        cop_assert(found.seed != 0);
        if (found.events < 1 || found.events > 4)
                cop_fail("the plan is %s\n%s", found.plan, found.what);
        cop_sim_find(&again, be_naive, .seeds = 1, .first_seed = found.seed, .plan = found.plan);
        cop_assert_equal(again.seed, found.seed);
        cop_assert_text(again.plan, found.plan);
}

static void wait_for_ever(void)
{
        cop_sleep(COP_FOREVER);
}

static void follow_null(void)
{
        *(volatile int *)(uintptr_t)cop_random() = 1;
}

static void fail_an_assertion(void)
{
        cop_assert_equal(1, 2);
}

COP_TEST(SIMULATION_fails,
         "a world fails by waiting for ever, an end that is not normal, and an assertion")
{
        struct cop_sim_found found;

        cop_sim_find(&found, wait_for_ever, .seeds = 3);
        cop_assert(found.seed != 0);
        cop_assert(strstr(found.what, "for ever"));
        cop_sim_find(&found, follow_null, .seeds = 3);
        cop_assert(strstr(found.what, "segv"));
        cop_sim_find(&found, fail_an_assertion, .seeds = 3);
        cop_assert_equal(found.worlds, 1);
        cop_assert(strstr(found.what, "not equal"));
}

static void wait_for_input(void)
{
        cop_wait_fd(0, COP_READABLE, 1000);
}

static void try_to_wait_for_input(void)
{
        cop_term reason = cop_nil();
        cop_ref ref;

        cop_spawn_pointer((cop_pointer_fn *)(uintptr_t)wait_for_input, NULL, .monitor = &ref);
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason);
        cop_assert_match(reason, "{{wait_fd, 0, enotsup}, _}");
}

COP_TEST(SIMULATION_descriptors, "there is no input and no output to wait for")
{
        live(try_to_wait_for_input, NULL);
}
