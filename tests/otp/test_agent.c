/*
 * AG: agents.
 */
#include <coppice/agent.h>
#include <coppice/supervisor.h>

#include "support/actor.h"

static void begin(void)
{
        actors_begin();
        cop_trap_exits(true);
}

static cop_term add(cop_term state, cop_term delta)
{
        return cop_int(cop_to_int(state) + cop_to_int(delta));
}

static cop_term push(cop_term state, cop_term element)
{
        return cop_cons(element, state);
}

/* Its answer and its new state have parts of the old one. */
static cop_term pop(cop_term state, cop_term argument)
{
        return cop_build("{First, Rest}", cop_head(state), cop_tail(state));
}

static cop_term fail(cop_term state, cop_term reason)
{
        cop_error("R", reason);
}

static cop_term leave(cop_term state, cop_term reason)
{
        cop_exit_term(reason);
}

static cop_term throw_it(cop_term state, cop_term value)
{
        cop_throw_term(value);
}

static cop_term whose(cop_term state, cop_term argument)
{
        return cop_pid_term(cop_self());
}

static cop_term sleep_long(cop_term state, cop_term ms)
{
        cop_sleep(cop_to_int(ms));
        return state;
}

static cop_term number_of(cop_pid agent)
{
        return cop_agent_get(agent, cop_agent_state, 0);
}

COP_TEST(AG_1_runs_there, "functions run in the agent, one at a time, on its state")
{
        cop_pid agent = cop_agent_start_link(cop_agent_same, 5, .name = "total");

        cop_assert_term(cop_agent_get(agent, whose, 0), "Pid", agent);
        cop_agent_update("total", add, 3);
        cop_assert_term(number_of(agent), "8");
        cop_agent_cast("total", add, 2);
        cop_assert_term(number_of(agent), "10");
        cop_agent_update(agent, cop_agent_replace, cop_build("[a, {b, <<\"c\">>}]"));
        cop_assert_term(cop_agent_get_and_update(agent, pop, 0), "a");
        cop_assert_term(cop_agent_get_and_update(agent, pop, 0), "{b, <<\"c\">>}");
        cop_assert_term(number_of(agent), "[]");
        cop_agent_stop(agent);
        cop_assert(!cop_is_alive(agent));
}

struct asking {
        cop_pid agent;
        cop_agent_fn *fn;
        cop_term argument;
        int64_t timeout_ms;
};

static void get(void *argument)
{
        struct asking *asking = argument;

        cop_agent_get_within(asking->timeout_ms, asking->agent, asking->fn, asking->argument);
}

static void get_and_update(void *argument)
{
        struct asking *asking = argument;

        cop_agent_get_and_update_within(asking->timeout_ms, asking->agent, asking->fn,
                                        asking->argument);
}

COP_TEST(AG_1_crash, "a function that crashes ends the agent, and its caller hears why")
{
        struct asking asking = { cop_agent_start(cop_agent_same, 0), fail, cop_build("boom"),
                                 5000 };
        cop_term reason, stack;
        cop_pid agent;
        uint64_t fn;

        begin();
        reason = exit_of(get, &asking);
        cop_assert_match(reason,
                         "{{boom, Stack}, {gen_server, call, [Pid, {get, Fn, boom}, 5000]}}",
                         &stack, &agent, &fn);
        cop_assert(cop_same(agent, asking.agent));
        cop_assert_equal(fn, (uint64_t)(uintptr_t)fail);
        cop_assert_match(messages(), "[{server_error, {boom, _}}, {crash_report, {boom, _}}]");

        asking.agent = cop_agent_start(cop_agent_same, 0);
        asking.fn = leave;
        cop_assert_match(exit_of(get, &asking), "{boom, {gen_server, call, _}}");
        asking.agent = cop_agent_start(cop_agent_same, 0);
        asking.fn = throw_it;
        cop_assert_match(exit_of(get, &asking),
                         "{{bad_return_value, boom}, {gen_server, call, _}}");
}

COP_TEST(AG_1_timeout, "a caller waits as long as it said, and no longer; the agent goes on")
{
        struct asking asking = { cop_agent_start(cop_agent_same, 7), sleep_long, cop_int(50), 5 };

        cop_assert_match(exit_of(get, &asking),
                         "{timeout, {gen_server, call, [_, {get, _, 50}, 5]}}");
        cop_assert_term(number_of(asking.agent), "7");
}

COP_TEST(AG_2, "get_and_update must return a pair: otherwise the agent ends")
{
        struct asking asking = { cop_agent_start(cop_agent_same, 1), add, cop_int(1), 5000 };

        begin();
        cop_assert_match(exit_of(get_and_update, &asking),
                         "{{bad_return_value, 2}, {gen_server, call, _}}");
        cop_assert_match(messages(), "[{server_error, {bad_return_value, 2}}, {crash_report, _}]");
}

static void push_ten(cop_term argument)
{
        cop_pid agent;
        int64_t first, i;

        cop_match(argument, "{Agent, First}", &agent, &first);
        for (i = first; i < first + 10; i++)
                cop_agent_cast(agent, push, i);
}

COP_TEST(AG_3, "casts of one sender come in their order")
{
        cop_pid agent = cop_agent_start(cop_agent_same, cop_nil());
        int64_t last[2] = { 10, 110 }, n;
        int i, of;

        for (i = 0; i < world_times(); i++) {
                cop_agent_update(agent, cop_agent_replace, cop_nil());
                cop_spawn(push_ten, cop_build("{Agent, 0}", agent));
                cop_spawn(push_ten, cop_build("{Agent, 100}", agent));
                cop_assert(cop_system_quiet(5000));
                last[0] = 10;
                last[1] = 110;
                COP_EACH (number, number_of(agent)) {
                        n = cop_to_int(number);
                        of = n >= 100;
                        cop_assert_equal(n, last[of] - 1);
                        last[of] = n;
                }
                cop_assert_equal(last[0], 0);
                cop_assert_equal(last[1], 100);
        }
}

static cop_term init_fails(cop_term reason)
{
        cop_error("R", reason);
}

static cop_term init_leaves(cop_term reason)
{
        cop_exit_term(reason);
}

static cop_term init_whose(cop_term argument)
{
        return cop_pid_term(cop_self());
}

COP_TEST(AG_4, "the first function runs in the agent; its crash is the start's failure")
{
        cop_pid agent;

        begin();
        agent = cop_agent_start_link(init_whose, 0);
        cop_assert_term(number_of(agent), "Pid", agent);
        cop_assert_match(cop_agent_try_start(init_fails, cop_build("no")), "{error, {no, _}}");
        cop_assert_match(cop_agent_try_start_link(init_leaves, cop_build("no")), "{error, no}");
        cop_assert_match(messages(), "[{crash_report, {no, _}}, {crash_report, no}]");
        cop_assert_match(cop_server_try_start(cop_agent, cop_build("nonsense")),
                         "{error, {badarg, nonsense}}");
}

static void ask_nobody(void *nothing)
{
        cop_agent_get("nobody", cop_agent_state, 0);
}

COP_TEST(AG_nobody, "a call of nobody exits; a cast to nobody is lost")
{
        begin();
        cop_assert_match(exit_of(ask_nobody, NULL),
                         "{noproc, {gen_server, call, [nobody, {get, _, 0}, 5000]}}");
        cop_agent_cast("nobody", add, 1);
        cop_assert_term(messages(), "[]");
}

COP_TEST(AG_nonsense, "a message is nothing to it; a request it does not know ends it")
{
        cop_pid agent = cop_agent_start(cop_agent_same, 1);
        cop_term why;

        begin();
        cop_send(agent, "hello");
        cop_assert_term(number_of(agent), "1");
        cop_assert(!cop_try_call(&why, 5000, agent, "{update, 0, []}"));
        cop_assert_match(why, "{badarg, _}");
        agent = cop_agent_start(cop_agent_same, 1);
        cop_assert(!cop_try_call(&why, 5000, agent, "hello"));
        cop_assert_match(why, "{function_clause, _}");
}

COP_SUPERVISOR(agent_supervisor, .strategy = COP_ONE_FOR_ONE,
               .children = COP_CHILDREN(COP_AGENT(cop_agent_same, "[start]", .name = "shared")));

COP_TEST(AG_child, "an agent under a supervisor is started again with its first state")
{
        cop_pid first;

        begin();
        cop_supervisor_start_link(agent_supervisor);
        first = cop_whereis("shared");
        cop_agent_update("shared", push, 1);
        cop_assert_term(cop_agent_get("shared", cop_agent_state, 0), "[1, start]");
        cop_kill(first);
        messages();
        cop_assert_term(cop_agent_get("shared", cop_agent_state, 0), "[start]");
}

COP_TEST(AG_shown, "its state can be seen and replaced")
{
        cop_pid agent = cop_agent_start(cop_agent_same, cop_build("{a, 1}"));

        cop_assert_term(cop_sys_get_state(agent), "{a, 1}");
        cop_sys_replace_state(agent, cop_build("{b, 2}"));
        cop_assert_term(number_of(agent), "{b, 2}");
}
