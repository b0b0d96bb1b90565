/*
 * SM: what state machines do with events.
 */
#include "support/told.h"

COP_TEST(STATEM_functions, "each state has a function; a call may wait for another state")
{
        cop_ref request;
        cop_term answer;

        cop_statem_start_link(lock, cop_int(1234), .name = "lock");
        cop_assert_term(cop_statem_call("lock", "{unlock, 1}"), "wrong");
        cop_assert_term(cop_statem_call("lock", "{unlock, 1234}"), "ok");
        cop_assert_match(cop_sys_get_state("lock"), "{unlocked, {'struct lock', _}}");
        request = cop_send_request("lock", "{unlock, 1}");
        cop_cast("lock", "now");
        cop_assert_equal(cop_receive_response(request, 5000, &answer), COP_RESPONSE_REPLY);
        cop_assert_term(answer, "wrong");
        cop_assert_match(cop_sys_get_state("lock"), "{locked, _}");
        cop_statem_stop("lock");
}

COP_TEST(STATEM_state_timeout_ends, "a state timeout that is cancelled does not come")
{
        cop_statem_start_link(lock, cop_int(1), .name = "lock");
        cop_assert_term(cop_statem_call("lock", "{unlock, 1}"), "ok");
        cop_cast("lock", "forever");
        if (world_is_simulated())
                cop_sleep(20000);
        cop_assert_match(cop_sys_get_state("lock"), "{unlocked, _}");
        cop_statem_stop("lock");
}

/* ---- SM-1: entering ---- */

COP_TEST(SM_1, "a state is entered when it changes, when it is repeated, and at the start")
{
        actors_begin();
        cop_statem_start_link(told_enter, cop_build("#{}"), .name = "told");
        expect("{a, enter, a}");
        does("{1, {next_state, a}}");
        expect("{a, cast, 1}");
        does("{2, keep_state}");
        expect("{a, cast, 2}");
        does("{3, {next_state, b}}");
        expect("{a, cast, 3}");
        expect("{b, enter, a}");
        does("{4, repeat_state}");
        expect("{b, cast, 4}");
        expect("{b, enter, b}");
        expect_nothing();
}

COP_TEST(SM_1_not_asked_for, "without state_enter no state is entered")
{
        told_begin();
        does("{1, {next_state, b}}");
        expect("{a, cast, 1}");
        does("{2, repeat_state}");
        expect("{b, cast, 2}");
        expect_nothing();
}

COP_TEST(SM_1_actions, "on entering a state timeouts may be set, and calls answered later")
{
        actors_begin();
        cop_statem_start_link(
                told_enter, cop_build("#{enter => #{b => {keep_state, [{state_timeout, 0, x}]}}}"),
                .name = "told");
        expect("{a, enter, a}");
        does("{1, {next_state, b, [{state_timeout, 0, y}, {{timeout, n}, 0, z}]}}");
        expect("{a, cast, 1}");
        expect("{b, enter, a}");
        expect("{b, named, z}");
        expect("{b, state_timeout, x}");
        expect_nothing();
}

/* What the test is told, and the exit reason, of a machine that does this on entering b. */
static cop_term end_on_entering(cop_term what, cop_term *told)
{
        cop_pid pid = cop_statem_start(told_enter, cop_build("#{enter => #{b => What}}", what));
        cop_ref ref = cop_monitor(pid);
        cop_term reason;

        cop_cast(pid, "{1, {next_state, b}}");
        reason = down_reason(ref);
        *told = messages();
        return reason;
}

COP_TEST(SM_1_refused, "on entering a state it cannot be changed, nor events kept or made")
{
        cop_term told;

        actors_begin();
        cop_assert_match(end_on_entering(cop_build("{next_state, c}"), &told),
                         "{{bad_state_enter_return_from_state_function, {next_state, c}}, _}");
        cop_assert_match(told, "[{a, enter, a}, {a, cast, 1}, {b, enter, a}, {b, terminate,"
                               " {bad_state_enter_return_from_state_function, {next_state, c}}},"
                               " {crash_report, _}]");
        cop_assert_match(end_on_entering(cop_build("{keep_state, postpone}"), &told),
                         "{{bad_state_enter_action_from_state_function, postpone}, _}");
        cop_assert_match(
                end_on_entering(cop_build("{keep_state, {next_event, internal, x}}"), &told),
                "{{bad_state_enter_action_from_state_function, {next_event, internal, x}}, _}");
}

COP_TEST(SM_1_stop, "who stops on entering a state ends in that state, who fails in the one before")
{
        cop_term told;

        actors_begin();
        cop_assert_match(end_on_entering(cop_build("{stop, normal}"), &told), "normal");
        cop_assert_match(told, "[{a, enter, a}, {a, cast, 1}, {b, enter, a},"
                               " {b, terminate, normal}]");
        cop_assert_match(end_on_entering(cop_build("{error, no}"), &told), "{no, _}");
        cop_assert_match(told, "[{a, enter, a}, {a, cast, 1}, {b, enter, a}, {a, terminate, no},"
                               " {crash_report, _}]");
}

COP_TEST(SM_1_start, "the first state is entered when the start has been answered")
{
        cop_term result;
        cop_ref ref;

        actors_begin();
        result = cop_statem_try_start(told_enter, cop_build("#{enter => #{a => {exit, oh}}}"),
                                      .monitor = &ref);
        cop_assert_match(result, "{ok, _}");
        cop_assert_term(down_reason(ref), "oh");
        cop_assert_match(messages(), "[{a, enter, a}, {a, terminate, oh}, {crash_report, oh}]");
}

/* ---- SM-2: postponing ---- */

COP_TEST(SM_2,
         "postponed events come again when the state has changed, oldest first, before others")
{
        told_begin();
        cop_sys_suspend("told");
        does("{1, {keep_state, postpone}}");
        does("{2, {keep_state, postpone}}");
        does("{3, {next_state, a}}");
        does("{4, repeat_state}");
        does("{5, {next_state, b}}");
        does("{6, keep_state}");
        cop_sys_resume("told");
        cop_assert_term(messages(), "[{a, cast, 1}, {a, cast, 2}, {a, cast, 3}, {a, cast, 4},"
                                    " {a, cast, 5}, {b, cast, 1}, {b, cast, 2}, {b, cast, 6}]");
        does("{7, {next_state, c}}");
        cop_assert_term(messages(), "[{b, cast, 7}, {c, cast, 1}, {c, cast, 2}]");
}

COP_TEST(SM_2_and_change, "an event that changes the state and is postponed comes again at once")
{
        told_begin();
        does("{1, {next_state, b, [postpone]}}");
        cop_assert_term(messages(), "[{a, cast, 1}, {b, cast, 1}]");
        does("{2, keep_state}");
        cop_assert_term(messages(), "[{b, cast, 2}]");
}

COP_TEST(SM_2_call, "a postponed call is answered when it comes again; its caller waits")
{
        cop_ref request;
        cop_term answer;

        cop_statem_start(lock, cop_int(7), .name = "lock");
        cop_statem_call("lock", "{unlock, 7}");
        request = cop_send_request("lock", "{unlock, 8}");
        cop_assert_equal(cop_wait_response(request, 20, &answer), COP_RESPONSE_TIMEOUT);
        cop_cast("lock", "now");
        cop_assert_equal(cop_wait_response(request, 5000, &answer), COP_RESPONSE_REPLY);
        cop_assert_term(answer, "wrong");
        cop_statem_call("lock", "{unlock, 7}");
        request = cop_send_request("lock", "{unlock, 8}");
        cop_assert_equal(cop_wait_response(request, 20, &answer), COP_RESPONSE_TIMEOUT);
        cop_kill(cop_whereis("lock"));
        cop_assert_equal(cop_wait_response(request, 5000, &answer), COP_RESPONSE_ERROR);
        cop_assert_term(answer, "killed");
}

COP_TEST(SM_2_many, "ten thousand postponed events come again in their order")
{
        cop_term told;
        int64_t i, n;

        told_begin();
        cop_sys_suspend("told");
        for (i = 0; i < 10000; i++)
                does("{N, {keep_state, postpone}}", i);
        does("{-1, {next_state, b}}");
        cop_sys_resume("told");
        told = messages();
        for (i = 0; i < 10001; i++)
                told = cop_tail(told);
        for (i = 0; i < 10000; i++) {
                cop_assert_match(cop_head(told), "{b, cast, N}", &n);
                cop_assert_equal(n, i);
                told = cop_tail(told);
        }
        cop_assert_term(told, "[]");
}

/* ---- SM-3: events of its own ---- */

COP_TEST(SM_3,
         "inserted events come before all that wait, in the order in which they were inserted")
{
        told_begin();
        cop_sys_suspend("told");
        does("{1, {keep_state, postpone}}");
        does("{2, {next_state, b, [{next_event, internal, {21, keep_state}},"
             "  {next_event, cast, {22, {keep_state, {next_event, info, {221, keep_state}}}}}]}}");
        does("{3, keep_state}");
        cop_sys_resume("told");
        cop_assert_term(messages(), "[{a, cast, 1}, {a, cast, 2}, {b, internal, 21}, {b, cast, 22},"
                                    " {b, info, 221}, {b, cast, 1}, {b, cast, 3}]");
}

COP_TEST(SM_3_start, "events of init come before any message")
{
        actors_begin();
        cop_statem_start_link(
                told, cop_build("#{init => {ok, a, [{next_event, internal, {1, keep_state}},"
                                "  {next_event, internal, {2, keep_state}}]}}"));
        expect("{a, internal, 1}");
        expect("{a, internal, 2}");
        expect_nothing();
}

/* ---- SM-4, SM-5: timeouts ---- */

COP_TEST(SM_4_state, "a state timeout ends when the state changes, and only then")
{
        told_begin();
        does("{1, {keep_state, {state_timeout, 20, x}}}");
        expect("{a, cast, 1}");
        does("{2, {next_state, a}}");
        expect("{a, cast, 2}");
        does("{3, repeat_state}");
        expect("{a, cast, 3}");
        expect("{a, state_timeout, x}");
        does("{4, {keep_state, {state_timeout, 20, x}}}");
        expect("{a, cast, 4}");
        does("{5, {next_state, b, {{timeout, later}, 60, y}}}");
        expect("{a, cast, 5}");
        expect("{b, named, y}");
        expect_nothing();
}

COP_TEST(SM_4_event, "an event timeout ends with any event, also an internal one")
{
        told_begin();
        does("{1, {keep_state, [{timeout, 20, x}, {{timeout, later}, 60, y}]}}");
        expect("{a, cast, 1}");
        expect("{a, timeout, x}");
        expect("{a, named, y}");
        does("{2, {keep_state, [{timeout, 20, x}, {{timeout, later}, 60, y},"
             "  {next_event, internal, {3, keep_state}}]}}");
        expect("{a, cast, 2}");
        expect("{a, internal, 3}");
        expect("{a, named, y}");
        does("{4, {keep_state, [{timeout, 0, x}, {next_event, internal, {5, keep_state}}]}}");
        expect("{a, cast, 4}");
        expect("{a, internal, 5}");
        expect_nothing();
}

COP_TEST(SM_4_named, "a timeout with a name ends only when it is cancelled; there may be several")
{
        told_begin();
        does("{1, {keep_state, [{{timeout, n}, 30, x}, {{timeout, {m, 1}}, 10, y}]}}");
        expect("{a, cast, 1}");
        does("{2, {next_state, b}}");
        expect("{a, cast, 2}");
        expect("{b, named, y}");
        expect("{b, named, x}");
        does("{3, {keep_state, [{{timeout, n}, 10, x}, {{timeout, m}, 60, y}]}}");
        expect("{b, cast, 3}");
        does("{4, {keep_state, {{timeout, n}, cancel}}}");
        expect("{b, cast, 4}");
        expect("{b, named, y}");
        expect_nothing();
}

COP_TEST(SM_4_zero, "a timeout of no time comes when no event waits, and before any message")
{
        told_begin();
        cop_sys_suspend("told");
        does("{1, {keep_state, [{{timeout, n}, 0, x}, {state_timeout, 0, y}, {timeout, 0, z},"
             "  {next_event, internal, {11, keep_state}}]}}");
        does("{2, keep_state}");
        cop_sys_resume("told");
        cop_assert_term(messages(), "[{a, cast, 1}, {a, internal, 11}, {a, named, x},"
                                    " {a, state_timeout, y}, {a, cast, 2}]");
}

COP_TEST(SM_5, "a timeout that is set again starts anew; infinity takes it back")
{
        told_begin();
        does("{1, {keep_state, [{state_timeout, 10, x}, {{timeout, n}, 100, y}]}}");
        expect("{a, cast, 1}");
        does("{2, {keep_state, [{state_timeout, 150, x}]}}");
        expect("{a, cast, 2}");
        expect("{a, named, y}");
        expect("{a, state_timeout, x}");
        does("{3, {keep_state, [{state_timeout, 10, x}, {{timeout, n}, 60, y}]}}");
        expect("{a, cast, 3}");
        does("{4, {keep_state, {state_timeout, infinity, x}}}");
        expect("{a, cast, 4}");
        expect("{a, named, y}");
        expect_nothing();
}

COP_TEST(SM_5_update, "an update leaves the time and changes the term; of none, it comes at once")
{
        told_begin();
        does("{1, {keep_state, [{state_timeout, 30, x}, {{timeout, n}, 10, y}]}}");
        does("{2, {keep_state, {state_timeout, update, z}}}");
        expect("{a, cast, 1}");
        expect("{a, cast, 2}");
        expect("{a, named, y}");
        expect("{a, state_timeout, z}");
        does("{3, {keep_state, {{timeout, n}, update, w}}}");
        expect("{a, cast, 3}");
        expect("{a, named, w}");
        expect_nothing();
}

COP_TEST(SM_5_last, "of several settings of one timeout the last one counts")
{
        told_begin();
        does("{1, {keep_state, [{state_timeout, 0, x}, {state_timeout, 0, y},"
             "  {{timeout, n}, 0, z}, {{timeout, n}, cancel}]}}");
        expect("{a, cast, 1}");
        expect("{a, state_timeout, y}");
        expect_nothing();
}

/* ---- the same in C ---- */

struct clock {
        int64_t ticks;
};

static cop_next clock_init(struct clock *c, struct cop_event *e)
{
        cop_set_timeout(e, "tick", 5, "{tick, 1}");
        cop_next_event(e, COP_ON_INTERNAL, "wind");
        return cop_next_state("{going, 0}");
}

static cop_next clock_event(struct clock *c, struct cop_event *e)
{
        int64_t n;

        if (cop_on_internal(e, "wind")) {
                tell(cop_build("wound"));
        } else if (cop_on_timeout(e, "tick", "{tick, N}", &n)) {
                tell(cop_build("{tick, State, N}", e->state, n));
                cop_set_timeout(e, "tick", 5, "{tick, N}", n + 1);
                if (n == 3)
                        cop_update_timeout(e, "tick", "last");
                return cop_next_state("{going, N}", n);
        } else if (cop_on_timeout(e, "tick", "last")) {
                cop_set_event_timeout(e, 5, "alone");
        } else if (cop_on_event_timeout(e, "alone")) {
                cop_set_state_timeout(e, 60000, "never");
                cop_update_state_timeout(e, "soon");
        } else if (cop_on_state_timeout(e, "soon")) {
                cop_cancel_timeout(e, "tick");
                cop_next_event(e, COP_ON_CAST, "stop");
        } else if (cop_on_cast(e, "stop")) {
                return cop_end("normal");
        } else {
                return cop_no_clause();
        }
        return cop_keep_state();
}

COP_STATEM(wall_clock, struct clock, .init = clock_init, .handle_event = clock_event);

COP_TEST(STATEM_wishes, "what a machine wants besides, said in C; its states may be any terms")
{
        cop_ref ref;

        actors_begin();
        cop_statem_start(wall_clock, cop_nil(), .monitor = &ref);
        expect("wound");
        expect("{tick, {going, 0}, 1}");
        expect("{tick, {going, 1}, 2}");
        expect("{tick, {going, 2}, 3}");
        cop_assert_term(down_reason(ref), "normal");
        expect_nothing();
}
