/*
 * HANDLER: processes that are called back.
 */
#include "support/puppet.h"

#include <stdatomic.h>

struct recorder {
        cop_pid owner;
        int seen;
        cop_term last; /* kept */
};

static void recorder_init(void *state, cop_term argument)
{
        struct recorder *r = state;
        cop_term how;

        if (!cop_match(argument, "{Owner, How}", &r->owner, &how))
                cop_exit("bad_argument");
        cop_assert_equal(r->seen, 0);
        if (cop_is(how, "fail"))
                cop_exit("{init, failed}");
        if (cop_is(how, "timeout"))
                cop_handler_timeout(20);
        cop_send(r->owner, "init");
}

static const char *const kinds[] = { "info", "call", "cast", "system", "timeout" };

static void obey(struct recorder *r, const struct cop_message *m);

static void recorder_message(void *state, const struct cop_message *m)
{
        struct recorder *r = state;

        r->seen++;
        if (m->kind == COP_TIMEOUT)
                cop_send(r->owner, "timeout");
        else
                cop_send(r->owner, "{Kind, Term}", cop_atom(kinds[m->kind]), m->term);
        if (m->kind == COP_CALL || m->kind == COP_SYSTEM)
                cop_answer(m->from, "{seen, N}", r->seen);
        else if (m->kind == COP_CAST)
                obey(r, m);
}

static const struct cop_handler recorder = { "recorder", sizeof(struct recorder), recorder_init,
                                             recorder_message };

static void obey(struct recorder *r, const struct cop_message *m)
{
        cop_term term;
        cop_pid pid;
        int ms;

        if (cop_match(m->term, "{timeout, Ms}", &ms))
                cop_handler_timeout(ms);
        else if (cop_is(m->term, "timeout_twice")) {
                cop_handler_timeout(10);
                cop_handler_timeout(COP_FOREVER);
        } else if (cop_match(m->term, "{keep, Term}", &term))
                cop_replace(&r->last, term);
        else if (cop_is(m->term, "show"))
                cop_send(r->owner, "{kept, Term}", r->last);
        else if (cop_match(m->term, "{call, Pid}", &pid))
                cop_send(r->owner, "{got, Answer}", cop_call(pid, "hello"));
        else if (cop_match(m->term, "{exit, Term}", &term))
                cop_exit_term(term);
        else if (cop_match(m->term, "{link, Pid}", &pid))
                cop_link(pid);
}

static cop_pid new_recorder(const char *how)
{
        return cop_spawn_handler(&recorder, cop_build("{Me, How}", cop_self(), cop_atom(how)));
}

COP_TEST(HANDLER_kinds, "init comes first, then messages of all kinds, in order")
{
        cop_pid pid = new_recorder("well");
        cop_term answer = cop_nil();

        cop_send(pid, "{a, message}");
        cop_cast(pid, "{a, cast}");
        cop_assert_term(cop_call(pid, "{a, call}"), "{seen, 3}");
        cop_assert(cop_try_call_term(&answer, 5000, COP__TO(pid), COP_SYSTEM,
                                     cop_build("{a, system}")));
        cop_assert_term(answer, "{seen, 4}");
        cop_assert_term(messages(), "[init, {info, {a, message}}, {cast, {a, cast}},"
                                    " {call, {a, call}}, {system, {a, system}}]");
}

COP_TEST(HANDLER_init_fails, "an exit in init is the end, and what had come is answered")
{
        cop_ref ref, request;
        cop_term result = cop_nil();
        cop_pid pid =
                cop_spawn_handler(&recorder, cop_build("{Me, fail}", cop_self()), .monitor = &ref);

        request = cop_send_request(pid, "hello");
        cop_assert_term(down_reason(ref), "{init, failed}");
        cop_assert_equal(cop_receive_response(request, 5000, &result), COP_RESPONSE_ERROR);
        cop_assert(cop_equal(result, cop_build("{init, failed}")) || cop_is(result, "noproc"));
        cop_assert_term(messages(), "[]");
}

COP_TEST(HANDLER_killed_before_init, "one that is killed before its first turn never runs")
{
        cop_ref ref;
        cop_pid pid =
                cop_spawn_handler(&recorder, cop_build("{Me, well}", cop_self()), .monitor = &ref);

        cop_kill(pid);
        cop_assert_term(down_reason(ref), "killed");
}

COP_TEST(HANDLER_state, "state is zeroed, outlives turns, and what is kept lives on in it")
{
        cop_pid pid = new_recorder("well");
        int i;

        for (i = 0; i < 50; i++)
                cop_cast(pid, "{keep, {value, [I, \"text\"]}}", i);
        cop_cast(pid, "show");
        while (!cop_receive(5000, "{kept, {value, [49, \"text\"]}}"))
                cop_fail("not kept");
}

/* For what must not happen by then: where time costs nothing. */
static void let_time_pass(int64_t ms)
{
        if (world_is_simulated())
                cop_sleep(ms);
}

COP_TEST(HANDLER_timeout, "when nothing comes in time, a timeout does, once")
{
        cop_pid pid = new_recorder("timeout");
        int64_t start = cop_now_ns();

        cop_assert(cop_receive(5000, "timeout"));
        cop_assert(cop_now_ns() - start >= 19000000);
        let_time_pass(50);
        cop_assert_term(messages(), "[init]");
        cop_kill(pid);
}

COP_TEST(HANDLER_timeout_cancelled, "any message takes the timeout back; each callback asks anew")
{
        cop_pid pid = new_recorder("well");

        cop_cast(pid, "{timeout, 30}");
        cop_send(pid, "something");
        cop_cast(pid, "timeout_twice");
        let_time_pass(80);
        cop_assert_term(messages(), "[init, {cast, {timeout, 30}}, {info, something},"
                                    " {cast, timeout_twice}]");
        cop_cast(pid, "{timeout, 0}");
        cop_assert(cop_receive(5000, "timeout"));
        cop_kill(pid);
}

COP_TEST(HANDLER_timeout_messages_first, "what has come already is handled before a timeout of 0")
{
        cop_pid pid = new_recorder("well");

        cop_cast(pid, "{timeout, 0}");
        cop_send(pid, "already_there");
        cop_assert_term(messages(), "[init, {cast, {timeout, 0}}, {info, already_there}]");
}

COP_TEST(HANDLER_exit_reason, "a handler exits with the reason of its callback; normal too")
{
        cop_ref ref;
        cop_pid pid = new_recorder("well");

        ref = cop_monitor(pid);
        cop_cast(pid, "{exit, {my, [reason]}}");
        cop_assert_term(down_reason(ref), "{my, [reason]}");
        pid = new_recorder("well");
        ref = cop_monitor(pid);
        cop_cast(pid, "{exit, normal}");
        cop_assert_term(down_reason(ref), "normal");
}

COP_TEST(HANDLER_exits_trapped, "EXIT and DOWN come as messages of kind info")
{
        cop_pid pid = cop_spawn_handler(&recorder, cop_build("{Me, well}", cop_self()),
                                        .trap_exits = true);
        cop_pid other = puppet();

        cop_cast(pid, "{link, Pid}", other);
        cop_assert(cop_system_quiet(COP_FOREVER));
        cop_exit_to(pid, "{by, hand}");
        pull(other, "{exit, over}");
        cop_assert_term(messages(),
                        "[init, {cast, {link, O}}, {info, {'EXIT', Me, {by, hand}}},"
                        " {info, {'EXIT', O, over}}]",
                        other, cop_self());
}

COP_TEST(HANDLER_call_inside, "a callback may call: messages wait, and come in order afterwards")
{
        cop_pid pid = new_recorder("well"), other = new_recorder("well");
        int k;

        messages();
        for (k = 0; k < world_times(); k++) {
                cop_cast(pid, "{call, Pid}", other);
                cop_send(pid, "one");
                cop_send(pid, "two");
                cop_assert(cop_receive(5000, "{got, {seen, _}}"));
                cop_assert(cop_receive(5000, "{info, one}"));
                cop_assert(cop_receive(5000, "{info, two}"));
                messages();
        }
}

COP_TEST(HANDLER_call_dies, "a callback whose call fails ends the handler with the call's reason")
{
        cop_pid pid = new_recorder("well"), other = puppet();
        cop_ref ref = cop_monitor(pid);

        cop_kill(other);
        cop_assert(!cop_is_alive(other));
        cop_cast(pid, "{call, Pid}", other);
        cop_assert_term(down_reason(ref), "{noproc, {gen_server, call, [Other, hello]}}", other);
}

COP_TEST(HANDLER_fair, "a handler that always has messages lets others run")
{
        cop_pid busy = cop_spawn_handler(&recorder, cop_build("{Me, well}", puppet()));
        cop_pid other = new_recorder("well");
        int i;

        for (i = 0; i < 20000; i++)
                cop_send(busy, "m");
        cop_assert_term(cop_call(other, "hello"), "{seen, 1}");
        cop_assert_term(cop_call(busy, "hello"), "{seen, 20001}");
}

/* ---- many ---- */

static atomic_int added;

static void add(void *state, const struct cop_message *m)
{
        added += (int)cop_to_int(m->term);
}

static const struct cop_handler adder = { "adder", 0, NULL, add };

COP_TEST(HANDLER_many, "tens of thousands of handlers, each called twice")
{
        enum { MANY = 20000 };
        static cop_pid pids[MANY];
        int i;

        added = 0;
        for (i = 0; i < MANY; i++)
                pids[i] = cop_spawn_handler(&adder, cop_nil());
        for (i = 0; i < MANY; i++)
                cop_cast(pids[i], "1");
        for (i = 0; i < MANY; i++)
                cop_send(pids[MANY - 1 - i], "1");
        cop_assert(cop_system_quiet(COP_FOREVER));
        cop_assert_equal(added, 2 * MANY);
        for (i = 0; i < MANY; i++)
                cop_kill(pids[i]);
        cop_assert(cop_system_quiet(COP_FOREVER));
        cop_assert_equal(cop_process_count(), 1);
}

/* ---- becoming one ---- */

static void becomes(cop_term argument)
{
        void *memory = cop_alloc(100);
        cop_pid owner;

        (void)memory;
        if (cop_match(argument, "{Owner}", &owner))
                cop_send(owner, "started");
        cop_become_handler(&recorder, cop_build("{Owner, well}", owner));
}

COP_TEST(HANDLER_become, "a plain process becomes a handler, and keeps its pid and its mailbox")
{
        cop_pid pid = cop_spawn(becomes, cop_build("{Me}", cop_self()), .name = "becomes");

        cop_send(pid, "early");
        cop_assert_term(cop_call(pid, "call"), "{seen, 2}");
        cop_assert_term(messages(), "[started, init, {info, early}, {call, call}]");
        cop_assert(cop_same(cop_whereis("becomes"), pid));
}

struct changing {
        cop_pid owner;
        char room[200];
};

static void changes(void *state, const struct cop_message *m)
{
        cop_pid owner;

        if (cop_match(m->term, "{become, Owner}", &owner))
                cop_become_handler(&recorder, cop_build("{Owner, well}", owner));
}

static const struct cop_handler changer = { "changer", sizeof(struct changing), NULL, changes };

COP_TEST(HANDLER_become_another,
         "a handler becomes another one, in a callback; what it owed it owes")
{
        cop_pid pid = cop_spawn_handler(&changer, cop_nil());
        cop_ref request = cop_send_request(pid, "{become, Me}", cop_self());
        cop_term result = cop_nil();

        cop_assert_term(messages(), "[init]");
        cop_assert_term(cop_call(pid, "hello"), "{seen, 1}");
        cop_exit_to(pid, "over");
        cop_assert_equal(cop_receive_response(request, 5000, &result), COP_RESPONSE_ERROR);
        cop_assert_term(result, "over");
}

static void init_becomes(void *state, cop_term argument)
{
        cop_become_handler(&recorder, argument);
}

static const struct cop_handler starter = { "starter", 0, init_becomes, changes };

COP_TEST(HANDLER_become_in_init, "a handler becomes another one in its init")
{
        cop_pid pid = cop_spawn_handler(&starter, cop_build("{Me, well}", cop_self()));

        cop_assert_term(cop_call(pid, "hello"), "{seen, 1}");
}
