/*
 * TK: tasks, waiting for them, and tasks under a supervisor. The test traps exits, but where the rule
 * is about one that does not.
 */
#include <coppice/task.h>
#include <coppice/task_supervisor.h>

#include "support/actor.h"
#include "support/valgrind.h"

static void hear(void *context, enum cop_level level, cop_term report)
{
        cop_pid test = cop_whereis("test");
        cop_term reason;

        if (!cop_is_nobody(test) &&
            cop_match(report, "#{label := {task, terminating}, reason := Reason}", &reason))
                cop_send(test, "{report, Reason}", reason);
}

static void begin(void)
{
        cop_register("test", cop_self());
        cop_report_to(hear, NULL);
        cop_trap_exits(true);
}

/* ---- what tasks do ---- */

static cop_term twice(cop_term n)
{
        return cop_int(2 * cop_to_int(n));
}

static volatile char *volatile nowhere = (volatile char *)8;

/* {sleep, Ms, X}, {exit, R}, {error, E}, {throw, V}, {deaf, Ms}, {pid}, fault */
static cop_term act(cop_term what)
{
        cop_term value;
        int64_t ms;

        if (cop_match(what, "{sleep, Ms, X}", &ms, &value)) {
                cop_sleep(ms);
                return value;
        }
        if (cop_match(what, "{deaf, Ms}", &ms)) {
                cop_trap_exits(true);
                cop_send("test", "deaf");
                cop_sleep(ms);
                return cop_build("done");
        }
        if (cop_match(what, "{exit, R}", &value))
                cop_exit_term(value);
        if (cop_match(what, "{error, E}", &value))
                cop_error("E", value);
        if (cop_match(what, "{throw, V}", &value))
                cop_throw_term(value);
        if (cop_is(what, "fault"))
                *nowhere = 1;
        if (cop_is(what, "pid"))
                return cop_pid_term(cop_self());
        if (cop_is(what, "callers"))
                return cop_get(cop_build("'$callers'"));
        if (cop_is(what, "none"))
                return COP_NONE;
        return what;
}

static cop_task async(const char *what)
{
        return cop_task_async(act, cop_read(what));
}

struct waiting {
        cop_task task;
        int64_t timeout_ms;
};

static void await(void *argument)
{
        struct waiting *waiting = argument;

        cop_task_await_within(waiting->task, waiting->timeout_ms);
}

static cop_term await_exit(cop_task task, int64_t timeout_ms)
{
        struct waiting waiting = { task, timeout_ms };

        return exit_of(await, &waiting);
}

/* The reason with which fn(argument) ends, as a process of its own. */
static cop_term end_of(cop_process_fn *fn, cop_term argument)
{
        cop_ref ref;

        cop_spawn(fn, argument, .monitor = &ref);
        return down_reason(ref);
}

/* Exit messages of linked tasks are not what most rules are about. */
static cop_term rest(void)
{
        cop_term list = cop_nil();

        COP_EACH (message, messages())
                if (!cop_match(message, "{'EXIT', _, _}"))
                        list = cop_cons(message, list);
        return cop_reverse(list);
}

/* ---- TK-1: async ---- */

COP_TEST(TK_1, "a task is linked, and sends one reply, {Ref, Value}; then its end is told")
{
        cop_task task;

        begin();
        task = cop_task_async(twice, 21);
        cop_assert(cop_same(task.owner, cop_self()));
        cop_assert_term(messages(),
                        "[{Ref, 42}, {'EXIT', Pid, normal}, {'DOWN', Ref, process, Pid, normal}]",
                        task.ref, task.pid);
        task = async("{sleep, 100000, x}");
        cop_assert(cop_is_member(cop_pid_term(task.pid), cop_process_info(cop_self(), "links")));
}

COP_TEST(TK_1_callers, "a task knows who started it, and who started that one")
{
        begin();
        cop_assert_term(cop_task_await(async("callers")), "[Me]", cop_self());
}

/* ---- TK-2, TK-3: await ---- */

COP_TEST(TK_2, "await returns the value, and leaves no message")
{
        begin();
        cop_assert_term(cop_task_await(cop_task_async(twice, 21)), "42");
        cop_assert_term(cop_task_await(async("{sleep, 5, [a, <<\"b\">>]}")), "[a, <<\"b\">>]");
        cop_assert_term(rest(), "[]");
}

static void await_of_another(cop_term argument)
{
        cop_task task = { 0 };

        cop_match(argument, "{Pid, Ref, Owner}", &task.pid, &task.ref, &task.owner);
        cop_task_await(task);
}

COP_TEST(TK_2_owner, "only the owner may wait for it: badarg")
{
        cop_task task;

        begin();
        task = async("{sleep, 100000, x}");
        cop_assert_match(
                end_of(await_of_another, cop_build("{P, R, O}", task.pid, task.ref, task.owner)),
                "{badarg, _}");
}

COP_TEST(TK_2_crash, "a task that crashes: await exits with its reason")
{
        cop_term shown;
        cop_task task;

        begin();
        task = async("{exit, boom}");
        cop_assert_match(await_exit(task, 5000), "{boom, {task, await, [Task, 5000]}}", &shown);
        cop_assert_equal(shown, cop_task_term(task));
        cop_assert_match(await_exit(async("{error, boom}"), COP_FOREVER),
                         "{{boom, _}, {task, await, [_, infinity]}}");
        cop_assert_match(await_exit(async("{throw, boom}"), 5000),
                         "{{{nocatch, boom}, _}, {task, await, _}}");
        cop_assert_match(await_exit(async("none"), 5000), "{{badarg, _}, {task, await, _}}");
        cop_assert_match(await_exit(async("{exit, normal}"), 5000), "{normal, {task, await, _}}");
}

COP_TEST(TK_2_fault, "a task that follows a bad pointer: await exits with what and where")
{
        will_fault();
        begin();
        cop_assert_match(await_exit(async("fault"), 5000),
                         "{{segv, #{address := 8}}, {task, await, _}}");
}

static void own_a_crash(cop_term what)
{
        cop_task task = cop_task_async(act, what);

        cop_task_await_within(task, COP_FOREVER);
        cop_exit("still_here");
}

COP_TEST(TK_2_link, "an owner that does not trap exits dies of its task's crash")
{
        begin();
        cop_assert_term(end_of(own_a_crash, cop_build("{exit, boom}")), "boom");
        cop_assert_term(end_of(own_a_crash, cop_build("ok")), "still_here");
}

COP_TEST(TK_2_timeout, "await in vain exits with timeout; the task goes on, and its reply is lost")
{
        cop_task task;
        cop_ref ref;

        begin();
        task = async("{sleep, 20, x}");
        ref = cop_monitor(task.pid);
        cop_assert_match(await_exit(task, 1), "{timeout, {task, await, [_, 1]}}");
        cop_assert(cop_is_alive(task.pid));
        cop_assert_term(down_reason(ref), "normal");
        cop_assert_term(rest(), "[]");
}

COP_TEST(TK_3, "a task that is awaited twice times out")
{
        cop_task task;

        begin();
        task = async("x");
        cop_task_await(task);
        cop_assert_match(await_exit(task, 0), "{timeout, {task, await, [_, 0]}}");
}

/* ---- TK-4: yield ---- */

COP_TEST(TK_4, "yield: {ok, V}, {exit, R}, or nothing yet")
{
        cop_task task;

        begin();
        task = async("{sleep, 20, x}");
        cop_assert(cop_is_none(cop_task_yield(task, 0)));
        cop_assert_term(cop_task_yield(task, 5000), "{ok, x}");
        cop_assert(cop_is_none(cop_task_yield(task, 0)));
        cop_assert_term(cop_task_yield(async("{exit, boom}"), 5000), "{exit, boom}");
        cop_assert_term(rest(), "[{report, boom}]");
}

/* ---- TK-5: shutdown ---- */

static cop_task wait_deaf(void)
{
        cop_task task = async("{deaf, 100000}");

        cop_receive(COP_FOREVER, "deaf");
        return task;
}

COP_TEST(TK_5, "shutdown: nothing, where it ended as asked; without harm to the owner")
{
        begin();
        cop_assert(cop_is_none(cop_task_shutdown(async("{sleep, 100000, x}"), 5000)));
        cop_assert(cop_is_none(cop_task_kill(async("{sleep, 100000, x}"))));
        cop_assert(cop_is_none(cop_task_kill(wait_deaf())));
        cop_assert_term(messages(), "[]");
}

COP_TEST(TK_5_killed, "shutdown: {exit, killed}, where it had to be killed")
{
        begin();
        cop_assert_term(cop_task_shutdown(wait_deaf(), 5), "{exit, killed}");
        cop_assert_term(messages(), "[]");
}

COP_TEST(TK_5_done, "shutdown: {ok, V} or {exit, R} of one that was done meanwhile")
{
        cop_task task;

        begin();
        task = async("x");
        cop_assert(cop_system_quiet(5000));
        cop_assert_term(cop_task_shutdown(task, 5000), "{ok, x}");
        task = async("{exit, boom}");
        cop_assert(cop_system_quiet(5000));
        cop_assert_term(cop_task_shutdown(task, 5000), "{exit, boom}");
        task = async("{exit, shutdown}");
        cop_assert(cop_system_quiet(5000));
        cop_assert(cop_is_none(cop_task_shutdown(task, 5000)));
        cop_assert_term(rest(), "[{report, boom}]");
}

static void shut_down_untrapped(cop_term nothing)
{
        cop_task_shutdown(async("{sleep, 100000, x}"), 5000);
        cop_task_kill(async("{sleep, 100000, x}"));
        cop_exit("still_here");
}

COP_TEST(TK_5_link, "shutdown does not end an owner that does not trap exits")
{
        begin();
        cop_assert_term(end_of(shut_down_untrapped, cop_nil()), "still_here");
}

/* ---- TK-6: ignore ---- */

COP_TEST(TK_6, "ignore: what is there already; else nothing ever")
{
        cop_task task;
        cop_ref ref;

        begin();
        task = async("{sleep, 20, x}");
        ref = cop_monitor(task.pid);
        cop_assert(cop_is_none(cop_task_ignore(task)));
        cop_assert_term(down_reason(ref), "normal");
        cop_assert_term(messages(), "[]");
        task = async("x");
        cop_assert(cop_system_quiet(5000));
        cop_assert_term(cop_task_ignore(task), "{ok, x}");
        task = async("{exit, boom}");
        cop_assert(cop_system_quiet(5000));
        cop_assert_term(cop_task_ignore(task), "{exit, boom}");
        cop_assert_term(rest(), "[{report, boom}]");
}

/* ---- several ---- */

static void await_three(void *tasks)
{
        cop_term results[3];

        cop_task_await_many(tasks, 3, results, 500);
        cop_assert_term(results[0], "a");
        cop_assert_term(results[1], "b");
        cop_assert_term(results[2], "c");
}

COP_TEST(TK_await_many, "await_many: all values in order, or the exit of the first that crashes")
{
        cop_task tasks[3];

        begin();
        tasks[0] = async("{sleep, 10, a}");
        tasks[1] = async("b");
        tasks[2] = async("{sleep, 5, c}");
        await_three(tasks);
        cop_assert_term(rest(), "[]");
        tasks[0] = async("{sleep, 100000, a}");
        tasks[1] = async("b");
        tasks[2] = async("{exit, boom}");
        cop_assert_match(exit_of(await_three, tasks),
                         "{boom, {task, await_many, [[_, _, _], 500]}}");
        cop_task_yield(tasks[1], 0);
        tasks[1] = async("b");
        tasks[2] = async("c");
        cop_assert_match(exit_of(await_three, tasks), "{timeout, {task, await_many, _}}");
        cop_assert_term(rest(), "[{report, boom}]");
}

COP_TEST(TK_yield_many,
         "yield_many: what each says within one timeout, and what then becomes of it")
{
        cop_task tasks[3];
        cop_term results[3];

        begin();
        tasks[0] = async("{sleep, 100000, a}");
        tasks[1] = async("{exit, boom}");
        tasks[2] = async("c");
        cop_task_yield_many(tasks, 3, results, .timeout_ms = 500);
        cop_assert(cop_is_none(results[0]));
        cop_assert_term(results[1], "{exit, boom}");
        cop_assert_term(results[2], "{ok, c}");
        cop_assert(cop_is_alive(tasks[0].pid));
        cop_task_yield_many(tasks, 1, results, .timeout_ms = 1,
                            .on_timeout = COP_TIMEOUT_KILL_TASK);
        cop_assert(cop_is_none(results[0]));
        cop_assert(!cop_is_alive(tasks[0].pid));

        tasks[0] = async("{sleep, 100000, a}");
        tasks[1] = async("b");
        cop_task_yield_many(tasks, 2, results, .limit = 1, .on_timeout = COP_TIMEOUT_KILL_TASK);
        cop_assert(cop_is_none(results[0]));
        cop_assert_term(results[1], "{ok, b}");
        cop_assert(cop_is_alive(tasks[0].pid));
        cop_task_yield_many(tasks, 1, results, .timeout_ms = 1, .on_timeout = COP_TIMEOUT_IGNORE);
        cop_assert(cop_is_alive(tasks[0].pid));
        cop_assert_term(cop_process_info(cop_self(), "links"), "[]");
        cop_task_yield_many(tasks, 0, results);
}

/* ---- TK-7, TK-10, TK-12: under a supervisor ---- */

static void tasks_begin(cop_term argument)
{
        begin();
        cop_server_start_link(cop_task_supervisor, argument, .name = "tasks");
}

static cop_task nolink(const char *what)
{
        return cop_task_supervisor_async_nolink("tasks", act, cop_read(what));
}

COP_TEST(TK_7, "a supervised task is the supervisor's child, and linked with its owner")
{
        cop_task task;

        tasks_begin(cop_nil());
        task = cop_task_supervisor_async("tasks", act, cop_build("{sleep, 100000, x}"));
        cop_assert_term(cop_task_supervisor_children("tasks"), "[Pid]", task.pid);
        cop_assert_match(cop_which_children("tasks"), "[{undefined, _, worker, _}]");
        cop_assert(cop_is_member(cop_pid_term(task.pid), cop_process_info(cop_self(), "links")));
        cop_assert_term(cop_terminate_child("tasks", cop_pid_term(task.pid)), "ok");
        cop_assert_term(cop_task_yield(task, 5000), "{exit, shutdown}");
        task = cop_task_supervisor_async("tasks", twice, 4);
        cop_assert_term(cop_task_await(task), "8");
}

COP_TEST(TK_7_nolink, "without the link the owner is told of a crash, and not touched")
{
        cop_task task;

        will_fault();
        tasks_begin(cop_nil());
        cop_trap_exits(false);
        cop_assert_term(cop_task_yield(nolink("{exit, boom}"), 5000), "{exit, boom}");
        cop_assert_match(cop_task_yield(nolink("fault"), 5000), "{exit, {segv, _}}");
        cop_assert_term(cop_task_await(nolink("x")), "x");
        task = nolink("{sleep, 100000, x}");
        cop_assert(cop_is_none(cop_task_shutdown(task, 5000)));
        cop_assert_term(rest(), "[{report, boom}]");
        cop_assert_term(cop_task_supervisor_children("tasks"), "[]");
}

COP_TEST(TK_7_end, "when the supervisor ends it ends its tasks")
{
        cop_task task;

        tasks_begin(cop_nil());
        task = nolink("{sleep, 100000, x}");
        cop_supervisor_stop("tasks");
        cop_assert_term(cop_task_yield(task, 5000), "{exit, shutdown}");
}

static void start_and_die(cop_term nothing)
{
        cop_term result =
                cop_start_child("tasks",
                                "#{id => task, restart => temporary,"
                                "  start => {cop_task, start_link, [{Fn, x, true, [Me]}]}}",
                                (uint64_t)(uintptr_t)act, cop_self());

        cop_monitor(cop_to_pid(cop_element(result, 1)));
        cop_send("test", "{task, Pid}", cop_to_pid(cop_element(result, 1)));
        cop_receive(COP_FOREVER, "die");
        cop_exit("gone");
}

COP_TEST(TK_8, "a task whose owner dies before its work order ends with {shutdown, Reason}")
{
        cop_pid owner, task = { 0 };
        cop_ref ref;

        tasks_begin(cop_nil());
        owner = cop_spawn(start_and_die, cop_nil());
        cop_receive(COP_FOREVER, "{task, Pid}", &task);
        ref = cop_monitor(task);
        cop_assert(cop_system_quiet(5000)); /* it waits */
        cop_send(owner, "die");
        cop_assert_term(down_reason(ref), "{shutdown, gone}");
}

COP_TEST(TK_8_timeout, "a task whose owner never orders waits for five seconds")
{
        cop_pid task = { 0 };
        int64_t start_ms;
        cop_term reason;
        cop_ref ref;

        if (!world_is_simulated())
                return;
        tasks_begin(cop_nil());
        start_ms = cop_now_ms();
        cop_spawn(start_and_die, cop_nil());
        cop_receive(COP_FOREVER, "{task, Pid}", &task);
        ref = cop_monitor(task);
        cop_assert(cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason));
        cop_assert_term(reason, "timeout");
        cop_assert_equal(cop_now_ms() - start_ms, 5000);
}

COP_TEST(TK_10, "where there are max_children: async is an error, start_child returns one")
{
        cop_task first, second;

        tasks_begin(cop_build("#{max_children => 2}"));
        first = nolink("{sleep, 100000, x}");
        second = nolink("{sleep, 100000, x}");
        cop_assert_term(cop_task_supervisor_start_child("tasks", act, 1), "{error, max_children}");
        cop_task_kill(first);
        first = nolink("x");
        cop_assert_term(cop_task_await(first), "x");
        cop_assert_match(cop_task_supervisor_start_child("tasks", act, 1), "{ok, _}");
        cop_assert(cop_is_alive(second.pid));
}

static void too_many(void *nothing)
{
        nolink("x");
}

COP_TEST(TK_10_async, "max_children may be 0, and nonsense is refused at the start")
{
        tasks_begin(cop_build("#{max_children => 0}"));
        cop_assert_match(exit_of(too_many, NULL), "{max_children, _}");
        cop_assert_match(cop_server_try_start(cop_task_supervisor, cop_build("#{max => 1}")),
                         "{error, _}");
        cop_assert_match(
                cop_server_try_start(cop_task_supervisor, cop_build("#{max_children => -1}")),
                "{error, _}");
}

COP_TEST(TK_12, "a task that crashes is not started again")
{
        tasks_begin(cop_nil());
        cop_assert_match(cop_task_supervisor_start_child("tasks", act, cop_build("{exit, boom}")),
                         "{ok, _}");
        cop_assert_term(rest(), "[{report, boom}]");
        cop_assert_term(cop_task_supervisor_children("tasks"), "[]");
}

/* ---- TK-11 ---- */

COP_TEST(TK_11, "crashes are reported, with the raw reason; quiet ends are not")
{
        begin();
        cop_task_start(act, cop_build("{exit, normal}"));
        cop_task_start(act, cop_build("{exit, shutdown}"));
        cop_task_start_link(act, cop_build("{exit, {shutdown, x}}"));
        cop_assert_match(messages(), "[{'EXIT', _, {shutdown, x}}]");
        cop_task_start(act, cop_build("{exit, boom}"));
        cop_assert_term(messages(), "[{report, boom}]");
        cop_task_start(act, cop_build("{error, boom}"));
        cop_assert_match(messages(), "[{report, {boom, _}}]");
        cop_task_start(act, cop_build("{throw, boom}"));
        cop_assert_match(messages(), "[{report, {{nocatch, boom}, _}}]");
}

/* ---- TK-9: streams ---- */

static cop_term sleep_and_say(cop_term ms)
{
        cop_sleep(cop_to_int(ms));
        return ms;
}

COP_TEST(TK_9, "results come in the order of the list, or as they are done")
{
        cop_term inputs = cop_build("[30, 1, 15]"), results = cop_nil();

        begin();
        COP_TASK_EACH(done, inputs, sleep_and_say, .max_concurrency = 3)
        results = cop_cons(done.result, results);
        cop_assert_term(cop_reverse(results), "[{ok, 30}, {ok, 1}, {ok, 15}]");
        if (world_is_simulated()) {
                results = cop_nil();
                COP_TASK_EACH(done, inputs, sleep_and_say, .max_concurrency = 3, .unordered = true)
                results = cop_cons(done.result, results);
                cop_assert_term(cop_reverse(results), "[{ok, 1}, {ok, 15}, {ok, 30}]");
        }
        COP_TASK_EACH(done, cop_nil(), sleep_and_say)
        cop_fail("there is nothing to do");
        cop_assert_term(messages(), "[]");
}

static cop_term count_running(cop_term counter)
{
        int64_t now = cop_to_int(cop_call(cop_to_pid(counter), "enter"));

        cop_sleep(1);
        cop_call(cop_to_pid(counter), "leave");
        return cop_int(now);
}

struct gauge {
        int64_t now;
};

static cop_next gauge_call(struct gauge *g, cop_term request, cop_from from)
{
        g->now += cop_is(request, "enter") ? 1 : -1;
        return cop_reply(cop_int(g->now));
}

COP_SERVER(gauge, struct gauge, .handle_call = gauge_call);

COP_TEST(TK_9_bound, "never more than max_concurrency at once")
{
        cop_pid counter = cop_server_start(gauge, cop_nil());
        cop_term inputs = cop_nil();
        int64_t running, most = 0;
        int i, done_count = 0;

        begin();
        for (i = 0; i < 50; i++)
                inputs = cop_cons(cop_pid_term(counter), inputs);
        COP_TASK_EACH(done, inputs, count_running, .max_concurrency = 5, .unordered = i & 1)
        {
                cop_assert_match(done.result, "{ok, N}", &running);
                most = running > most ? running : most;
                done_count++;
        }
        cop_assert_equal(done_count, 50);
        cop_assert(most <= 5);
        cop_assert(most >= 2);
}

static void stream_crash(cop_term input)
{
        COP_TASK_EACH(done, input, act)
        continue;
        cop_exit("still_here");
}

COP_TEST(TK_9_crash, "a crash ends a caller that does not trap; one that does gets {exit, R}")
{
        cop_term inputs = cop_build("[a, {exit, boom}, b]"), results = cop_nil();

        begin();
        cop_assert_term(end_of(stream_crash, inputs), "boom");
        COP_TASK_EACH(done, inputs, act, .max_concurrency = 2)
        results = cop_cons(done.result, results);
        cop_assert_term(cop_reverse(results), "[{ok, a}, {exit, boom}, {ok, b}]");
        results = cop_nil();
        COP_TASK_EACH(done, inputs, act, .zip_input_on_exit = true)
        results = cop_cons(done.result, results);
        cop_assert_term(cop_reverse(results), "[{ok, a}, {exit, {{exit, boom}, boom}}, {ok, b}]");
        COP_EACH (message, messages())
                cop_assert_match(message, "{report, boom}");
}

COP_TEST(TK_9_nolink, "supervised without link, a crash is the task's alone")
{
        cop_term inputs = cop_build("[a, {exit, boom}, fault]"), results = cop_nil(), why;

        will_fault();
        tasks_begin(cop_nil());
        cop_trap_exits(false);
        COP_TASK_EACH(done, inputs, act, .supervisor = cop_whereis("tasks"), .nolink = true)
        results = cop_cons(done.result, results);
        cop_assert_match(cop_reverse(results), "[{ok, a}, {exit, boom}, {exit, {segv, Why}}]",
                         &why);
        cop_assert_term(cop_task_supervisor_children("tasks"), "[]");
}

static void stream_late(void *inputs)
{
        COP_TASK_EACH(done, *(cop_term *)inputs, act, .timeout_ms = 10)
        continue;
}

COP_TEST(TK_9_timeout, "a task that takes too long ends the caller, or itself alone")
{
        cop_term inputs = cop_build("[a, {sleep, 100000, x}, b]"), results = cop_nil();

        begin();
        cop_assert_term(exit_of(stream_late, &inputs), "{timeout, {task, async_stream, [10]}}");
        COP_TASK_EACH(done, inputs, act, .timeout_ms = 10, .on_timeout = COP_TIMEOUT_KILL_TASK)
        results = cop_cons(done.result, results);
        cop_assert_term(cop_reverse(results), "[{ok, a}, {exit, timeout}, {ok, b}]");
        cop_assert_term(messages(), "[]");
        cop_assert_term(cop_process_info(cop_self(), "links"), "[]");
}

static void leave_early(cop_term how)
{
        cop_term inputs = cop_build("[a, {sleep, 100000, x}, {deaf, 100000}]");

        COP_TASK_EACH(done, inputs, act, .max_concurrency = 3)
        {
                if (cop_is(how, "break"))
                        break;
                cop_receive(COP_FOREVER, "go_on");
        }
        cop_exit("still_here");
}

COP_TEST(TK_9_early, "who leaves the loop early, or ends in it, leaves no task behind")
{
        size_t before = cop_process_count();
        cop_pid pid;

        begin();
        cop_assert_term(end_of(leave_early, cop_build("break")), "still_here");
        messages();
        cop_assert_equal(cop_process_count(), before);
        pid = cop_spawn(leave_early, cop_build("stay"));
        messages();
        cop_kill(pid);
        messages();
        cop_assert_equal(cop_process_count(), before);
}

static void bad_stream(void *input)
{
        COP_TASK_EACH(done, *(cop_term *)input, act)
        continue;
}

static void bad_options(void *input)
{
        COP_TASK_EACH(done, cop_nil(), act, .max_concurrency = -1)
        continue;
}

COP_TEST(TK_9_badarg, "no list, or nonsense as an option: badarg")
{
        cop_term input = cop_build("hello");

        begin();
        cop_assert_match(exit_of(bad_stream, &input), "{badarg, _}");
        input = cop_build("[a | b]");
        cop_assert_match(exit_of(bad_stream, &input), "{badarg, _}");
        cop_assert_match(exit_of(bad_options, NULL), "{badarg, _}");
}

COP_TEST(TK_many_times, "a thousand tasks, each awaited")
{
        int64_t i;

        begin();
        for (i = 0; i < 1000; i++)
                cop_assert_equal(cop_to_int(cop_task_await(cop_task_async(twice, i))), 2 * i);
        cop_assert_term(rest(), "[]");
}
