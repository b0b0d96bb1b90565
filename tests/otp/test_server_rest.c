/*
 * CALL-10, GS, LOOP and SYS, the rest: one request to many, how a server is spawned, actions as terms and what is
 * none, what people may see of a server. See test_server.c.
 */
#include <coppice/via.h>

#include "support/actor.h"

static cop_term two(cop_term pids)
{
        return cop_multi_call(pids, COP_FOREVER, "{do, {reply, here}}");
}

COP_TEST(CALL_10, "many are called at once: who answers, and who does not or is not there")
{
        cop_pid a, b, slow, dead;
        cop_term list;

        actors_begin();
        a = actor_start("#{id => a}");
        b = actor_start("#{id => b}");
        slow = actor_start("#{id => s}");
        dead = actor_start_free("#{id => d}");
        cop_kill(dead);
        cop_register("bee", b);
        list = cop_build("[A, nobody, bee, D]", a, dead);
        cop_assert_term(two(list), "{[{A, here}, {bee, here}], [nobody, D]}", a, dead);
        cop_assert_term(two(cop_nil()), "{[], []}");
        cop_sys_suspend(slow);
        cop_assert_term(cop_multi_call(cop_build("[S]", slow), 20, "{do, {reply, here}}"),
                        "{[], [S]}", slow);
        cop_sys_resume(slow);
        cop_assert_term(cop_multi_call(cop_build("[S]", slow), COP_FOREVER, "{do, {reply, now}}"),
                        "{[{S, now}], []}", slow);
        messages();
        cop_assert_term(messages(), "[]"); /* no late answer */
}

COP_TEST(CALL_10_dies, "who dies of the request has not answered")
{
        cop_pid a, b;

        actors_begin();
        a = actor_start_free("#{id => a}");
        b = actor_start_free("#{id => b}");
        cop_assert_term(
                cop_multi_call(cop_build("[A, B]", a, b), COP_FOREVER, "{do, {stop, normal}}"),
                "{[], [A, B]}", a, b);
        messages();
}

static void call_many(void *list)
{
        two(*(cop_term *)list);
}

COP_TEST(CALL_10_self, "who is in the list itself exits with calling_self, and nobody is called")
{
        cop_pid a;
        cop_term list;

        actors_begin();
        a = actor_start("#{id => a}");
        list = cop_build("[A, Me]", a, cop_self());
        messages();
        cop_assert_match(exit_of(call_many, &list),
                         "{calling_self, {gen_server, multi_call, [_, {do, {reply, here}}]}}");
        cop_assert_term(messages(), "[]");
}

/* ---- actions as terms ---- */

struct told {
        int nothing;
};

static cop_next handle_call(struct told *t, cop_term request, cop_from from)
{
        return cop_returned(request);
}

static cop_next handle_info(struct told *t, cop_term message)
{
        cop_send("test", "{info, Message}", message);
        return cop_noreply();
}

COP_SERVER(told, struct told, .handle_call = handle_call, .handle_info = handle_info);

COP_TEST(LOOP_8_terms, "OTP's actions as terms: a message later, also at a time, also hibernating")
{
        cop_pid pid;

        actors_begin();
        pid = cop_server_start(told, cop_nil());
        cop_call(pid, "{reply, ok, {timeout, 10, one}}");
        cop_assert(cop_receive(COP_FOREVER, "{info, one}"));
        cop_call(pid, "{reply, ok, {timeout, T, two, [{abs, true}]}}", cop_now_ms() + 10);
        cop_assert(cop_receive(COP_FOREVER, "{info, two}"));
        cop_call(pid, "{reply, ok, {hibernate, T, three, [{abs, true}]}}", cop_now_ms() - 1000);
        cop_assert(cop_receive(COP_FOREVER, "{info, three}"));
        cop_call(pid, "{reply, ok, {hibernate, 10, four}}");
        cop_assert(cop_receive(COP_FOREVER, "{info, four}"));
        cop_call(pid, "{reply, ok, {timeout, 0, at_once}}");
        cop_assert(cop_receive(COP_FOREVER, "{info, at_once}"));
        cop_call(pid, "{reply, ok, {timeout, infinity, five}}");
        cop_call(pid, "{reply, ok, hibernate}");
        cop_assert_term(messages(), "[]");
        cop_server_stop(pid);
}

static void call_wrongly(void *action)
{
        cop_pid pid = cop_server_start(told, cop_nil());

        cop_call(pid, "{reply, ok, Action}", *(cop_term *)action);
}

COP_TEST(LOOP_8_terms_wrong, "an action that is none is a bad return value")
{
        static const char *const wrong[] = { "{timeout, -1, m}", "{timeout, x, m}", "{later, 1, m}",
                                             "{timeout, 1, m, [{abs, maybe}]}",
                                             "{timeout, 1, m, [{rel, true}]}" };
        cop_term action;
        size_t i;

        actors_begin();
        for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                action = cop_read(wrong[i]);
                cop_assert_match(exit_of(call_wrongly, &action),
                                 "{{bad_return_value, {reply, ok, _}}, _}");
        }
        messages();
}

/* ---- actions of other kinds ---- */

COP_TEST(LOOP_6_stop, "so is the end of a call where there was none")
{
        cop_pid pid;
        cop_ref ref;

        actors_begin();
        cop_trap_exits(true);
        pid = actor_start_free("#{id => a}");
        ref = cop_monitor(pid);
        actor_do(pid, "{stop, why, last}");
        cop_assert_term(down_reason(ref), "{bad_return_value, {stop, why, last}}");
}

COP_TEST(LOOP_7_long, "a timeout longer than any program runs does not come")
{
        cop_pid pid;

        actors_begin();
        pid = actor_start_free("#{id => a}");
        actor_do(pid, "{timeout, 281474976710656, ok}"); /* 2 to the power of 48 */
        cop_assert_term(messages(), "[{init, a}]");
}

COP_TEST(LOOP_8_late, "a timeout of another time than the one that is waited for is none")
{
        cop_pid pid;

        actors_begin();
        cop_trap_exits(true);
        pid = actor_start("#{id => a}");
        cop_assert_term(cop_next_message(), "{init, a}");
        cop_cast(pid, "{do, {message, 3600000, mine, ok}}");
        cop_send(pid, "{timeout, R, '$server_timeout'}", cop_new_ref());
        cop_assert_term(messages(), "[]");
        cop_send(pid, "hello");
        cop_assert_term(messages(), "[{info, a, hello}]");
}

/* ---- how it starts ---- */

static void start_badly(void *unused)
{
        cop_server_start(actor, cop_build("#{init => {stop, boom}}"));
}

COP_TEST(GS_3_exits, "where no result is asked for a failed start is the caller's exit")
{
        actors_begin();
        cop_assert_term(exit_of(start_badly, NULL), "boom");
}

COP_TEST(GS_spawn, "a server is spawned as it was asked for, but for name, link and monitor: those "
                   "are the start's")
{
        cop_ref none = { 0 };
        struct cop_spawn_options spawn = { .struct_size = sizeof(spawn),
                                           .name = "spawned",
                                           .link = true,
                                           .monitor = &none,
                                           .label = cop_atom("labelled") };
        cop_pid pid;

        actors_begin();
        cop_assert_match(
                cop_server_try_start(actor, cop_build("#{}"), .name = "started", .spawn = &spawn),
                "{ok, Pid}", &pid);
        cop_assert_term(cop_process_info(pid, "label"), "labelled");
        cop_assert_term(cop_process_info(pid, "registered_name"), "started");
        cop_assert(cop_is_nobody(cop_whereis("spawned")));
        cop_assert_term(cop_process_info(pid, "links"), "[]");
        cop_assert_term(cop_process_info(pid, "monitored_by"), "[]");
        cop_assert_equal(none.word, 0);
}

/* ---- what people may see ---- */

struct spy {
        int secret;
};

static cop_next spy_init(struct spy *s, cop_term argument)
{
        s->secret = 7;
        return cop_ok();
}

static cop_next spy_call(struct spy *s, cop_term request, cop_from from)
{
        s->secret = (int)cop_to_int(request);
        return cop_reply(cop_build("ok"));
}

static cop_term spy_show(struct spy *s)
{
        return cop_int(s->secret);
}

/* Hides 7, shows 8; of 9 it makes no status, and of others it fails. */
static cop_term spy_status(struct spy *s, cop_term status)
{
        switch (s->secret) {
        case 7:
                return cop_map_put(status, cop_atom("state"), cop_atom("hidden"));
        case 8:
                return status;
        case 9:
                return cop_nil();
        default:
                cop_error("no_status");
        }
}

COP_SERVER(spy, struct spy, .init = spy_init, .handle_call = spy_call, .show = spy_show,
           .format_status = spy_status);

/* The state as people see it. */
static cop_term seen(cop_pid pid)
{
        cop_term state = cop_nil();

        cop_assert_match(cop_sys_get_status(pid),
                         "{status, _, _, [_, _, _, _, [_, {data, [_, {_, #{state := S}}]}]]}",
                         &state);
        return state;
}

COP_TEST(SYS_format_status,
         "people see what format_status makes of the state; where it fails nothing")
{
        cop_pid pid = cop_server_start(spy, cop_nil());

        cop_assert_term(seen(pid), "hidden");
        cop_call(pid, "8");
        cop_assert_term(seen(pid), "8");
        cop_call(pid, "9");
        cop_assert_term(seen(pid), "{format_status, failed}");
        cop_call(pid, "10");
        cop_assert_term(seen(pid), "{format_status, failed}");
        cop_server_stop(pid);
}
