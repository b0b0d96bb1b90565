/*
 * SM-6: how state machines start, end, and are looked into.
 */
#include <coppice/supervisor.h>

#include "support/told.h"

/* ---- SM-6: calls, starts and ends ---- */

static void call_told(void *nothing)
{
        cop_statem_call("told", "{1, keep_state}");
}

static void call_told_shortly(void *nothing)
{
        cop_statem_call_within(10, "told", "{1, keep_state}");
}

COP_TEST(SM_6_call, "a call waits for ever unless it says how long, and says whom it has called")
{
        cop_pid told_pid = told_begin();

        cop_assert_term(cop_statem_call("told", "{1, {reply, yes}}"), "yes");
        expect("{a, call, 1}");
        cop_assert_term(exit_of(call_told_shortly, NULL),
                        "{timeout, {gen_statem, call, [told, {1, keep_state}, 10]}}");
        expect("{a, call, 1}");
        cop_send_after(30, told_pid, "{2, {stop, bye}}");
        cop_assert_term(exit_of(call_told, NULL),
                        "{bye, {gen_statem, call, [told, {1, keep_state}, infinity]}}");
        cop_assert_term(exit_of(call_told, NULL),
                        "{noproc, {gen_statem, call, [told, {1, keep_state}, infinity]}}");
}

/* How a machine ends that does this at a call, and what the caller gets. */
static cop_term end_at_call(cop_term what, cop_term *answer, cop_term *told)
{
        cop_pid pid;
        cop_ref ref;
        cop_term reason;

        pid = cop_statem_start(told, cop_build("#{}"), .monitor = &ref);
        cop_try_call(answer, 5000, pid, "{1, What}", what);
        reason = down_reason(ref);
        *told = messages();
        return reason;
}

COP_TEST(SM_6_end, "terminate gets the state and the reason, bare where it is an error")
{
        cop_term answer, told;

        actors_begin();
        cop_assert_term(end_at_call(cop_build("stop"), &answer, &told), "normal");
        cop_assert_term(told, "[{a, call, 1}, {a, terminate, normal}]");
        cop_assert_term(answer, "normal");
        cop_assert_term(end_at_call(cop_build("{stop, {shutdown, x}}"), &answer, &told),
                        "{shutdown, x}");
        cop_assert_term(told, "[{a, call, 1}, {a, terminate, {shutdown, x}}]");
        cop_assert_match(end_at_call(cop_build("{error, no}"), &answer, &told), "{no, _}");
        cop_assert_match(told, "[{a, call, 1}, {a, terminate, no}, {crash_report, {no, _}}]");
        cop_assert_match(end_at_call(cop_build("{exit, {no, x}}"), &answer, &told), "{no, x}");
        cop_assert_match(told, "[_, {a, terminate, {no, x}}, {crash_report, {no, x}}]");
        cop_assert_match(end_at_call(cop_build("no_clause"), &answer, &told),
                         "{function_clause, [{told, obey, [{call, _}, {1, no_clause}], _}]}");
        cop_assert_match(told, "[_, {a, terminate, function_clause}, {crash_report, _}]");
}

COP_TEST(SM_6_thrown, "a value thrown counts as returned")
{
        told_begin();
        does("{1, {throw, {next_state, b}}}");
        does("{2, {throw, ball}}");
        expect("{a, cast, 1}");
        expect("{b, cast, 2}");
        expect("{b, terminate, {bad_return_from_state_function, ball}}");
        expect_match("{crash_report, {{bad_return_from_state_function, ball}, _}}");
        expect_match("{'EXIT', _, {{bad_return_from_state_function, ball}, _}}");
}

static cop_next odd_event(struct told *t, struct cop_event *e)
{
        cop_term answer = cop_build("answer");

        if (cop_is(e->term, "reply"))
                return cop_reply(answer);
        if (cop_is(e->term, "end_reply"))
                return cop_end_reply(answer, "normal");
        if (cop_is(e->term, "ignore"))
                return cop_ignore();
        if (cop_is(e->term, "timeout"))
                return cop_then_timeout(cop_keep_state(), 5);
        return (cop_next){ 0 };
}

static cop_next odd_init(struct told *t, struct cop_event *e)
{
        if (cop_is(e->term, "none"))
                return cop_ok();
        return cop_next_state("a");
}

COP_STATEM(odd, struct told, .init = odd_init, .handle_event = odd_event);

COP_TEST(SM_6_bad_return, "what is no return value of an event ends the machine")
{
        static const char *const odds[] = { "reply", "end_reply", "ignore", "timeout", "nothing" };
        cop_term answer;
        cop_pid pid;
        cop_ref ref;
        size_t i;

        actors_begin();
        for (i = 0; i < sizeof(odds) / sizeof(*odds); i++) {
                pid = cop_statem_start(odd, cop_nil(), .monitor = &ref);
                cop_cast(pid, "What", cop_atom(odds[i]));
                cop_assert_match(down_reason(ref), "{{bad_return_from_state_function, _}, _}");
        }
        pid = cop_statem_start(odd, cop_nil(), .monitor = &ref);
        cop_assert_term(cop_call(pid, "reply"), "answer");
        cop_assert_term(cop_call(pid, "end_reply"), "answer");
        cop_assert_term(down_reason(ref), "normal");
        answer = cop_statem_try_start(odd, cop_build("none"));
        cop_assert_term(answer, "{error, {bad_return_from_init, noreply}}");
        messages();
}

COP_TEST(SM_6_reply_first, "who is answered at the end is answered before terminate is called")
{
        cop_term answer = COP_NONE;
        cop_ref request;
        cop_pid pid;

        actors_begin();
        pid = cop_statem_start(told, cop_build("#{}"));
        request = cop_send_request(pid, "{1, {keep_state, postpone}}");
        cop_cast(pid, "{2, {stop_and_reply, normal, []}}");
        cop_assert_equal(cop_receive_response(request, 5000, &answer), COP_RESPONSE_ERROR);
        cop_assert_term(answer, "normal");
        messages();
        pid = cop_statem_start(odd, cop_nil());
        cop_assert_term(cop_call(pid, "end_reply"), "answer");
}

COP_TEST(SM_6_start, "a start fails as a server's does")
{
        told_begin();
        cop_assert_match(cop_statem_try_start(told, cop_build("#{}"), .name = "told"),
                         "{error, {already_started, _}}");
        cop_assert_term(cop_statem_try_start(told, cop_build("#{init => ignore}")), "ignore");
        cop_assert_term(cop_statem_try_start(told, cop_build("#{init => {stop, no}}")),
                        "{error, no}");
        cop_assert_term(cop_statem_try_start(told, cop_build("#{init => {error, no}}")),
                        "{error, no}");
        cop_assert_term(cop_statem_try_start_link(told, cop_build("#{init => {stop, no}}")),
                        "{error, no}");
        cop_assert_term(cop_statem_try_start(told, cop_build("#{init => what}")),
                        "{error, {bad_return_from_init, what}}");
        cop_assert_match(cop_statem_try_start(told, cop_build("[]")), "{error, {badarg, _}}");
        messages();
}

COP_STATEM(no_mode, struct told, .init = told_init);
COP_STATEM(no_init, struct told, .handle_event = told_event);
COP_STATEM(two_modes, struct lock, .init = lock_init, .states = { COP_STATE(locked) },
           .handle_event = unlocked);

COP_TEST(SM_6_undef, "a callback that there is not, or a state that has no function")
{
        cop_pid pid;
        cop_ref ref;

        actors_begin();
        cop_assert_match(cop_statem_try_start(no_init, cop_nil()), "{error, {undef, _}}");
        cop_statem_start(no_mode, cop_build("#{}"), .monitor = &ref);
        cop_assert_match(down_reason(ref), "{{bad_return_from_callback_mode, no_mode}, _}");
        cop_statem_start(two_modes, cop_int(1), .monitor = &ref);
        cop_assert_match(down_reason(ref), "{{bad_return_from_callback_mode, two_modes}, _}");
        pid = cop_statem_start(lock, cop_int(1), .monitor = &ref);
        cop_sys_replace_state(pid, cop_build("{ajar, D}", cop_element(cop_sys_get_state(pid), 1)));
        cop_cast(pid, "hello");
        cop_assert_match(down_reason(ref), "{undef, [{lock, ajar, [cast, hello], []}]}");
        messages();
}

COP_TEST(SM_6_parent, "the end of its parent is its own, if it traps exits, and no event")
{
        cop_pid pid = told_begin();

        cop_exit_to(pid, "shutdown");
        expect_match("{'EXIT', _, shutdown}");
        expect_nothing();
}

COP_SUPERVISOR(family, .strategy = COP_ONE_FOR_ONE,
               .children = COP_CHILDREN(COP_WORKER(lock, "1234", .name = "lock")));

COP_TEST(SM_6_child, "a machine under a supervisor is started again in its first state")
{
        told_begin();
        cop_supervisor_start_link(family);
        cop_assert_term(cop_statem_call("lock", "{unlock, 1234}"), "ok");
        cop_cast("lock", "forever");
        cop_assert_match(cop_sys_get_state("lock"), "{unlocked, _}");
        cop_kill(cop_whereis("lock"));
        messages();
        cop_assert_match(cop_sys_get_state("lock"), "{locked, _}");
}

/* ---- what is refused ---- */

COP_TEST(STATEM_refused, "what cannot be wanted is an error that names it")
{
        static const char *const wrong[] = {
                "nonsense",
                "{state_timeout, -1, x}",
                "{{timeout, n}, soon, x}",
                "{next_event, x, y}",
                "{reply, me, x}",
                "pop_callback_module",
                "{reply, x}",
                "-1",
        };
        cop_term reason, action;
        cop_pid pid;
        cop_ref ref;
        size_t i;

        actors_begin();
        for (i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
                pid = cop_statem_start(told, cop_build("#{}"), .monitor = &ref);
                action = cop_read(wrong[i]);
                cop_cast(pid, "{1, {keep_state, [Action]}}", action);
                reason = down_reason(ref);
                cop_assert_match(reason, "{{bad_action_from_state_function, ^Action}, _}", &action);
        }
        messages();
}

/* ---- sys ---- */

COP_TEST(STATEM_sys, "its state can be seen and replaced, and what it does held")
{
        told_begin();
        does("{1, {keep_state, [{{timeout, n}, 60000, x}, postpone]}}");
        cop_assert_term(cop_sys_get_state("told"), "{a, 1}");
        cop_sys_replace_state("told", cop_build("{b, 7}"));
        cop_assert_term(cop_sys_get_state("told"), "{b, 7}");
        expect("{a, cast, 1}");
        cop_assert_match(
                cop_sys_get_status("told"),
                "{status, _, {module, gen_statem}, [_, running, _, [], [_, {data,"
                " [{'Module', told}, {'Status', #{state := b, data := 7, queue := [],"
                "   postponed := [{cast, {1, _}}], timeouts := [{{timeout, n}, x}]}}]}]]}");
        cop_sys_suspend("told");
        does("{2, {next_state, c}}");
        cop_assert_term(cop_sys_get_state("told"), "{b, 7}");
        cop_sys_resume("told");
        cop_assert_term(messages(), "[{b, cast, 2}, {c, cast, 1}]");
}

static cop_next change(struct told *t, struct cop_event *e);

COP_STATEM(changing, struct told, .init = told_init, .handle_event = change);

static cop_next change(struct told *t, struct cop_event *e)
{
        tell(cop_build("{changing, T}", e->term));
        if (cop_on_cast(e, "change"))
                cop_change_callback_module(e, told);
        else if (cop_on_cast(e, "push"))
                cop_push_callback_module(e, told_popping);
        else if (cop_on_cast(e, "wrong"))
                cop_change_callback_module(e, lock);
        return cop_keep_state();
}

static cop_next pop(struct told *t, struct cop_event *e)
{
        tell(cop_build("{popping, T}", e->term));
        cop_pop_callback_module(e);
        return cop_keep_state();
}

COP_STATEM(told_popping, struct told, .init = told_init, .handle_event = pop);

COP_TEST(STATEM_modules, "the callbacks can be changed, pushed and popped, for the same data only")
{
        cop_term reason;
        cop_pid pid;
        cop_ref ref;

        actors_begin();
        pid = cop_statem_start(changing, cop_build("#{}"), .monitor = &ref);
        cop_cast(pid, "push");
        cop_cast(pid, "pop");
        cop_cast(pid, "x");
        cop_cast(pid, "change");
        cop_cast(pid, "{1, keep_state}");
        cop_cast(pid, "{2, stop}");
        cop_assert_term(down_reason(ref), "normal");
        cop_assert_term(messages(), "[{changing, push}, {popping, pop}, {changing, x},"
                                    " {changing, change}, {a, cast, 1}, {a, cast, 2},"
                                    " {a, terminate, normal}]");
        pid = cop_statem_start(changing, cop_build("#{}"), .monitor = &ref);
        cop_cast(pid, "wrong");
        reason = down_reason(ref);
        cop_assert_match(reason, "{{bad_action_from_state_function,"
                                 " {change_callback_module, lock}}, _}");
        pid = cop_statem_start(told_popping, cop_build("#{}"), .monitor = &ref);
        cop_cast(pid, "pop");
        reason = down_reason(ref);
        cop_assert_match(reason, "{{bad_action_from_state_function, pop_callback_module}, _}");
        messages();
}

/* ---- reports ---- */

static void keep_report(void *context, enum cop_level level, cop_term report)
{
        if (cop_match(report, "#{label := {gen_statem, terminate}}"))
                tell(report);
}

struct secret {
        int64_t number;
};

static cop_next secret_init(struct secret *s, struct cop_event *e)
{
        s->number = 42;
        return cop_next_state("a");
}

static cop_next a(struct secret *s, struct cop_event *e)
{
        if (cop_on_cast(e, "later")) {
                cop_postpone(e);
                cop_next_event(e, COP_ON_INTERNAL, "fail");
                cop_next_event(e, COP_ON_INTERNAL, "more");
                return cop_keep_state();
        }
        cop_error("failed");
}

static cop_term secret_show(struct secret *s)
{
        return cop_int(s->number);
}

static cop_term secret_status(struct secret *s, cop_term status)
{
        return cop_map_put(status, cop_atom("data"), cop_atom("hidden"));
}

COP_STATEM(secretive, struct secret, .init = secret_init, .states = { COP_STATE(a) },
           .state_enter = false, .show = secret_show, .format_status = secret_status);

COP_TEST(SM_6_report,
         "an error is reported: state, what waited, what was postponed; secrets hidden")
{
        cop_pid pid;
        cop_ref ref;

        cop_register("test", cop_self());
        cop_report_to(keep_report, NULL);
        pid = cop_statem_start(secretive, cop_nil(), .monitor = &ref, .name = "secretive");
        cop_cast(pid, "later");
        cop_assert_match(down_reason(ref), "{failed, _}");
        expect_match("#{name := secretive, modules := [secretive], state := {a, hidden},"
                     "  callback_mode := state_functions, state_enter := false,"
                     "  queue := [{internal, fail}, {internal, more}], log := [],"
                     "  postponed := [{cast, later}], timeouts := {0, []},"
                     "  client_info := undefined, reason := {error, failed, _}}");
        expect_nothing();
}
