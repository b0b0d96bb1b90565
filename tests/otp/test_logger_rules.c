/*
 * LOG: who reports what, and what it says.
 *
 * A troupe of one actor or two; something happens to it; what was told and reported since is
 * compared as a whole. {started, a} is the supervisor's progress, {server_error, R} the server's own
 * report, {crash_report, R} that of its process.
 */
#include <coppice/logger.h>

#include <string.h>

#include "support/troupe.h"

static cop_pid sup;

static void begin_with(cop_term flags, cop_term specs)
{
        actors_begin();
        cop_trap_exits(true);
        sup = troupe_start(flags, specs);
        messages();
}

#define begin(...)                                                                                 \
        begin_with(cop_build("#{intensity => 9}"), cop_build("[S]", troupe_spec("a", __VA_ARGS__)))

/* What a does when told so, and all that followed. */
static cop_term after(cop_term action)
{
        cop_pid a = troupe_child(sup, "a");

        cop_cast(a, "{do, What}", action);
        return messages();
}

#define assert_after(action, ...) cop_assert_term(after(cop_build(action)), __VA_ARGS__)

/* ---- who ---- */

COP_TEST(LOG_1, "who dies of a signal says nothing: its supervisor reports it, a kill too")
{
        begin("#{}");
        cop_assert_term(troupe_kill(sup, "a"),
                        "[{child_terminated, a, killed}, {init, a}, {started, a}]");
        cop_exit_to(troupe_child(sup, "a"), "oops");
        cop_assert_term(messages(), "[{child_terminated, a, oops}, {init, a}, {started, a}]");
}

COP_TEST(LOG_2, "a server that ends abnormally makes an error and a crash report; else none")
{
        begin("#{}");
        assert_after("{stop, oops}", "[{terminate, a, oops}, {server_error, oops},"
                                     " {crash_report, oops}, {child_terminated, a, oops},"
                                     " {init, a}, {started, a}]");
        assert_after("{stop, {shutdown, x}}",
                     "[{terminate, a, {shutdown, x}}, {child_terminated, a, {shutdown, x}},"
                     " {init, a}, {started, a}]");
        assert_after("{stop, normal}", "[{terminate, a, normal}, {child_terminated, a, normal},"
                                       " {init, a}, {started, a}]");
}

static void raise_error(cop_term what)
{
        cop_error("E", what);
}

static void throw_value(cop_term what)
{
        cop_throw_term(what);
}

static void leave(cop_term why)
{
        cop_exit_term(why);
}

static cop_term end_of(cop_process_fn *fn, cop_term argument)
{
        cop_ref ref;

        cop_spawn(fn, argument, .monitor = &ref);
        return down_reason(ref);
}

static void hear(void *context, enum cop_level level, cop_term report)
{
        cop_send("test", "{Level, R}", cop_atom(cop_level_name(level)), report);
}

static void listen(void)
{
        actors_begin();
        cop_report_to(hear, NULL);
        cop_trap_exits(true);
}

COP_TEST(LOG_3, "a plain process reports an error or a throw that nobody caught, once")
{
        cop_term reason, said;

        listen();
        reason = end_of(raise_error, cop_build("oops"));
        cop_assert_match(cop_next_message_within(0),
                         "{error, #{label := {process, error}, pid := _,"
                         "  reason := R}}",
                         &said);
        cop_assert_match(said, "{oops, [_ | _]}");
        reason = end_of(throw_value, cop_build("x"));
        cop_assert_match(reason, "{{nocatch, x}, _}");
        cop_assert_match(cop_next_message_within(0), "{error, #{reason := {{nocatch, x}, _}}}");
        cop_assert_term(messages(), "[]");
}

COP_TEST(LOG_3_exit, "a plain process that exits says nothing, whatever the reason")
{
        listen();
        cop_assert_term(end_of(leave, cop_build("oops")), "oops");
        cop_assert_term(end_of(leave, cop_build("{oops, []}")), "{oops, []}");
        cop_assert_term(end_of(leave, cop_build("normal")), "normal");
        cop_assert_term(messages(), "[]");
}

COP_TEST(LOG_4, "a server's process makes a crash report unless its reason is orderly")
{
        static const char *const reasons[] = { "normal", "shutdown", "{shutdown, x}", "oops" };
        size_t i;

        actors_begin();
        for (i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
                cop_assert_term(cop_server_try_start(actor, cop_build("#{init => {stop, R}}",
                                                                      cop_read(reasons[i]))),
                                "{error, R}", cop_read(reasons[i]));
        cop_assert_term(messages(), "[{init, a}, {init, a}, {init, a}, {init, a},"
                                    " {crash_report, oops}]");
}

COP_TEST(LOG_5, "a supervisor reports starts at info, and what goes wrong as an error")
{
        cop_term report;

        listen();
        sup = troupe_start(cop_build("#{}"), cop_build("[S]", troupe_spec("a", "#{}")));
        cop_assert(cop_receive(30000, "{info, #{label := {supervisor, progress}, report := R}}",
                               &report));
        cop_assert_match(report, "[{supervisor, _}, {started, [{pid, _}, {id, a}, {mfargs, _},"
                                 "  {restart_type, permanent}, {significant, false},"
                                 "  {shutdown, 5000}, {child_type, worker}]}]");
        cop_kill(troupe_child(sup, "a"));
        cop_assert(cop_receive(
                1000, "{error, #{label := {supervisor, child_terminated}, report := R}}", &report));
        cop_assert_match(report, "[{supervisor, _}, {errorContext, child_terminated},"
                                 "  {reason, killed}, {offender, [{pid, _}, {id, a} | _]}]");
        messages();
}

COP_TEST(LOG_6,
         "the server's error, its crash report, the supervisor's, and then the new one's start")
{
        begin("#{}");
        assert_after("{exit, oops}", "[{terminate, a, oops}, {server_error, oops},"
                                     " {crash_report, oops}, {child_terminated, a, oops},"
                                     " {init, a}, {started, a}]");
}

COP_TEST(LOG_7, "of a start that fails the child's crash report comes before the supervisor's")
{
        actors_begin();
        cop_trap_exits(true);
        troupe_try(cop_build("#{}"),
                   cop_build("[S]", troupe_spec("a", "#{actor => #{init => {stop, oops}}}")));
        cop_assert_match(messages(),
                         "[{init, a}, {crash_report, oops}, {start_error, a, oops} | _]");
}

/* The crash report among the messages: its facts and its neighbours. */
static cop_term crash_report(void)
{
        cop_term report = cop_nil();

        cop_assert(
                cop_receive(30000, "{error, #{label := {proc_lib, crash}, report := R}}", &report));
        return report;
}

static void wait_linked(cop_term to)
{
        cop_link(cop_to_pid(to));
        cop_send(to, "linked");
        cop_sleep(COP_FOREVER);
}

static void wait_linked_and_trap(cop_term to)
{
        cop_trap_exits(true);
        wait_linked(to);
}

COP_TEST(LOG_8, "a crash report names the neighbours that die as well: at most 15, none that traps")
{
        cop_term facts, neighbours, one;
        cop_pid a, near, far;
        int i;

        listen();
        a = actor_start_free("#{}");
        near = cop_spawn(wait_linked, cop_pid_term(a));
        cop_spawn(wait_linked_and_trap, cop_pid_term(a));
        far = cop_spawn(wait_linked, cop_pid_term(near));
        messages();
        cop_cast(a, "{do, {exit, oops}}");
        cop_assert_match(crash_report(), "[Facts, Neighbours]", &facts, &neighbours);
        cop_assert_match(facts, "[{initial_call, {actor, init, 1}}, {pid, _} | _]");
        cop_assert_equal(cop_length(neighbours), 2);
        cop_assert_match(neighbours, "[[{pid, P} | _], [{pid, Q} | _]]", &near, &far);
        messages();

        a = actor_start_free("#{}");
        for (i = 0; i < 20; i++)
                cop_spawn(wait_linked, cop_pid_term(a));
        messages();
        cop_cast(a, "{do, {exit, oops}}");
        cop_assert_match(crash_report(), "[_, Neighbours]", &one);
        cop_assert_equal(cop_length(one), 15);
        messages();
}

static void ask_and_die(cop_term whom)
{
        cop_ref unused = cop_send_request(whom, "{do, {sleep, 1000, {exit, oops}}}");

        (void)unused;
}

static cop_term client_info(void)
{
        cop_term info = cop_nil();

        cop_assert(cop_receive(
                5000, "{error, #{label := {gen_server, terminate}, client_info := I}}", &info));
        return info;
}

COP_TEST(LOG_9,
         "a server's report says who called: its name, or that it is dead; or that nobody did")
{
        cop_pid pid;

        listen();
        call_result(actor_start_free("#{}"), 30000, "{do, {exit, oops}}");
        cop_assert_term(client_info(), "{Me, {test, []}}", cop_self());

        pid = cop_spawn(ask_and_die, cop_pid_term(actor_start_free("#{}")));
        cop_assert_term(client_info(), "{Pid, dead}", pid);

        cop_cast(actor_start_free("#{}"), "{do, {exit, oops}}");
        cop_assert_term(client_info(), "undefined");
        messages();
}

static void note_state(void *context, enum cop_level level, cop_term report)
{
        cop_send("test", "{Status, R}", cop_process_info(cop_self(), "status"), report);
}

COP_TEST(LOG_10, "a report is made by the process that fails, before anybody hears of its end")
{
        cop_term first;
        cop_ref ref;
        cop_pid a;

        actors_begin();
        cop_report_to(note_state, NULL);
        a = actor_start_free("#{}");
        ref = cop_monitor(a);
        cop_cast(a, "{do, {exit, oops}}");
        cop_receive(30000, "{init, a}");
        cop_receive(30000, "{terminate, a, oops}");
        first = cop_next_message_within(30000);
        cop_assert_match(first, "{running, #{label := {gen_server, terminate}}}");
        first = cop_next_message_within(30000);
        cop_assert_match(first, "{running, #{label := {proc_lib, crash}}}");
        cop_assert_term(down_reason(ref), "oops");
}

/* ---- the matrix: what of the four is made when this happens ---- */

COP_TEST(LOG_M1, "a callback raises in a permanent server: error, crash, child_terminated, start")
{
        begin("#{}");
        cop_assert_match(after(cop_build("{error, oops}")),
                         "[{terminate, a, {oops, _}}, {server_error, {oops, _}},"
                         " {crash_report, {oops, _}}, {child_terminated, a, {oops, _}},"
                         " {init, a}, {started, a}]");
}

COP_TEST(LOG_M2, "a permanent server stops with normal: child_terminated, start")
{
        begin("#{}");
        assert_after("{stop, normal}", "[{terminate, a, normal}, {child_terminated, a, normal},"
                                       " {init, a}, {started, a}]");
}

COP_TEST(LOG_M3, "a transient server stops with shutdown: nothing")
{
        begin("#{restart => transient}");
        assert_after("{stop, shutdown}", "[{terminate, a, shutdown}]");
}

COP_TEST(LOG_M4, "a permanent server is killed: child_terminated, start")
{
        begin("#{}");
        cop_assert_term(troupe_kill(sup, "a"),
                        "[{child_terminated, a, killed}, {init, a}, {started, a}]");
}

static void link_and_leave(cop_term to)
{
        cop_link(cop_to_pid(to));
        cop_exit("oops");
}

COP_TEST(LOG_M5, "a server that does not trap dies through a link: child_terminated, start")
{
        begin("#{}");
        cop_spawn(link_and_leave, cop_pid_term(troupe_child(sup, "a")));
        cop_assert_term(messages(), "[{child_terminated, a, oops}, {init, a}, {started, a}]");
}

COP_TEST(LOG_M6,
         "init stops with an abnormal reason: crash and start_error; with an orderly one no crash")
{
        cop_term flags = cop_build("#{}");

        actors_begin();
        cop_trap_exits(true);
        troupe_try(flags,
                   cop_build("[S]", troupe_spec("a", "#{actor => #{init => {stop, oops}}}")));
        cop_assert_match(messages(),
                         "[{init, a}, {crash_report, oops}, {start_error, a, oops} | _]");
        troupe_try(flags,
                   cop_build("[S]", troupe_spec("a", "#{actor => #{init => {stop, shutdown}}}")));
        cop_assert_match(messages(), "[{init, a}, {start_error, a, shutdown} | _]");
}

COP_TEST(LOG_M7, "init says ignore: nothing")
{
        actors_begin();
        cop_trap_exits(true);
        sup = troupe_start(cop_build("#{}"),
                           cop_build("[S]", troupe_spec("a", "#{actor => #{init => ignore}}")));
        cop_assert_term(messages(), "[{init, a}]");
}

COP_TEST(LOG_M8, "the limit is reached: as its crash, child_terminated, and shutdown")
{
        begin_with(cop_build("#{intensity => 0}"), cop_build("[S]", troupe_spec("a", "#{}")));
        cop_assert_match(after(cop_build("{exit, oops}")),
                         "[{terminate, a, oops}, {server_error, oops}, {crash_report, oops},"
                         " {child_terminated, a, oops},"
                         " {shutdown, a, reached_max_restart_intensity} | _]");
}

COP_TEST(LOG_M9, "a child that ignores its shutdown until it is killed: shutdown_error")
{
        begin("#{shutdown => 20, actor => #{trap => true, terminate => {sleep, 60000, ok}}}");
        cop_terminate_child(sup, cop_atom("a"));
        cop_assert_term(messages(), "[{terminate, a, shutdown}, {shutdown_error, a, killed}]");
}

COP_TEST(LOG_M10, "a permanent child ends with normal when asked to shut down: shutdown_error")
{
        begin("#{actor => #{trap => true, terminate => {exit, normal}}}");
        cop_terminate_child(sup, cop_atom("a"));
        cop_assert(cop_receive(30000, "{shutdown_error, a, normal}"));
        messages();
}

COP_TEST(LOG_M12, "a plain process raises: one error, and no crash report")
{
        listen();
        end_of(raise_error, cop_build("oops"));
        cop_assert_match(messages(), "[{error, #{label := {process, error}}}]");
}

COP_TEST(LOG_M13, "a plain process exits: nothing")
{
        listen();
        end_of(leave, cop_build("oops"));
        cop_assert_term(messages(), "[]");
}
