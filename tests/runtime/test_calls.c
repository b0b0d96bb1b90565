/*
 * CALL: requests and answers, on handler processes and on plain ones.
 */
#include "support/puppet.h"

#include "base/alloc.h"
#include "runtime/process.h"

/* ---- a server that can be told how to behave ---- */

struct clerk {
        int64_t served;
        cop_from waiting; /* whom the last "wait" owes its answer */
};

static void serve(struct clerk *clerk, cop_term request, cop_from from)
{
        int64_t a, b;
        cop_term term;
        cop_pid pid, other;

        clerk->served++;
        if (cop_match(request, "{add, A, B}", &a, &b))
                cop_answer(from, "{sum, Sum}", a + b);
        else if (cop_match(request, "{echo, Term}", &term))
                cop_answer_term(from, term);
        else if (cop_match(request, "wait"))
                clerk->waiting = from;
        else if (cop_match(request, "{exit, Term}", &term))
                cop_exit_term(term);
        else if (cop_match(request, "{error, Term}", &term))
                cop_error_term(term);
        else if (cop_match(request, "{kill_me, Pid}", &pid))
                cop_kill(cop_self());
        else if (cop_match(request, "twice")) {
                cop_answer(from, "first");
                cop_answer(from, "second");
        } else if (cop_match(request, "{delegate, Pid}", &pid))
                cop_send(pid, "{do_answer, From}", cop_from_term(from));
        else if (cop_match(request, "{ask, Pid, Me}", &pid, &other)) {
                if (!cop_try_call(&term, 30, pid, "{ask, Me, Pid}", other, pid))
                        term = cop_build("{failed, Reason}", term);
                cop_answer_term(from, term);
        } else if (cop_match(request, "served"))
                cop_answer(from, "N", clerk->served);
        else if (cop_match(request, "{slow, Term}", &term)) {
                cop_sleep(30);
                cop_answer_term(from, term);
        }
}

static void clerk_message(void *state, const struct cop_message *m)
{
        struct clerk *clerk = state;

        if (m->kind == COP_CALL)
                serve(clerk, m->term, m->from);
        else if (m->kind == COP_CAST && cop_is(m->term, "answer_now"))
                cop_answer(clerk->waiting, "at_last");
        else if (m->kind == COP_CAST && cop_is(m->term, "stop"))
                cop_exit("shutdown");
}

static const struct cop_handler clerk = { "clerk", sizeof(struct clerk), NULL, clerk_message };

static cop_pid new_clerk(void)
{
        return cop_spawn_handler(&clerk, cop_nil());
}

/* ---- calls that fail, caught ---- */

static struct cop__to callee;
static cop_term request_made;
static int64_t timeout_given; /* -2: none, so the ordinary call */

static void calls(void *unused)
{
        if (timeout_given == -2)
                cop_call(callee.kind == COP__TEXT ? cop_atom((const char *)(uintptr_t)callee.word)
                                                  : (cop_term){ callee.word },
                         "Request", request_made);
        else
                cop_call_term(callee, request_made, timeout_given);
}

/* With what the caller exits. */
static cop_term call_fails(struct cop__to to, cop_term request, int64_t timeout_ms)
{
        cop_term reason = cop_nil();

        callee = to;
        request_made = request;
        timeout_given = timeout_ms;
        cop_assert_equal(cop_try(calls, NULL, &reason), COP_EXIT);
        return reason;
}

/* ---- CALL-1 ---- */

COP_TEST(CALL_1_answer, "a call returns the answer, whatever term it is")
{
        cop_pid pid = new_clerk();

        cop_assert_term(cop_call(pid, "{add, 2, 3}"), "{sum, 5}");
        cop_assert_term(cop_call(pid, "{echo, {big, [\"text\", <<1, 2>>], #{k => 2.5}}}"),
                        "{big, [\"text\", <<1, 2>>], #{k => 2.5}}");
        cop_assert_term(cop_call_within(COP_FOREVER, pid, "{add, 1, 1}"), "{sum, 2}");
        cop_assert_term(messages(), "[]");
}

COP_TEST(CALL_1_to, "a call goes to a pid, a name, a term that holds one")
{
        cop_pid pid = cop_spawn_handler(&clerk, cop_nil(), .name = "clerk");

        cop_assert_term(cop_call("clerk", "{add, 2, 3}"), "{sum, 5}");
        cop_assert_term(cop_call(cop_atom("clerk"), "{add, 2, 4}"), "{sum, 6}");
        cop_assert_term(cop_call(cop_pid_term(pid), "{add, 2, 5}"), "{sum, 7}");
}

COP_TEST(CALL_1_form, "a plain process sees {'$gen_call', {Caller, Ref}, Request}, and may answer")
{
        cop_pid caller = puppet();
        cop_ref request = cop_send_request(caller, "question");
        cop_term from, answer;

        cop_assert(cop_receive(5000, "{^Caller, {'$gen_call', From, question}}", &caller, &from));
        cop_assert_match(from, "{_, ^Ref}", &request);
        cop_answer(cop_to_from(from), "{an, answer}");
        cop_assert_equal(cop_wait_response(request, 5000, &answer), COP_RESPONSE_REPLY);
        cop_assert_term(answer, "{an, answer}");
}

COP_TEST(CALL_1_order, "calls, casts and messages of one process are handled in order")
{
        cop_pid pid = puppet();
        cop_ref request;
        cop_term got, from;

        cop_cast(pid, "one");
        request = cop_send_request(pid, "two");
        cop_send(pid, "three");
        got = messages();
        cop_assert_match(got,
                         "[{^P, {'$gen_cast', one}}, {^P, {'$gen_call', From, two}}, {^P, three}]",
                         &pid, &from);
        cop_answer(cop_to_from(from), "ok");
        cop_receive_response(request, 5000, &got);
}

COP_TEST(CALL_1_selective, "who waits for an answer leaves its messages where they are")
{
        cop_pid pid = new_clerk(), noisy = puppet();

        pull_only(noisy, "{forward, Me, noise, 20}", cop_self());
        cop_assert_term(cop_call(pid, "{slow, ok}"), "ok");
        cop_assert_equal(cop_length(messages()), 20);
}

/* ---- CALL-2 and 3: failure ---- */

COP_TEST(CALL_2_exit, "where no answer comes the caller exits, and the reason shows the call")
{
        cop_pid pid = puppet();

        cop_kill(pid);
        cop_assert_term(call_fails(COP__TO(pid), cop_build("{some, request}"), -2),
                        "{noproc, {gen_server, call, [Pid, {some, request}]}}", pid);
}

COP_TEST(CALL_2_exit_timeout,
         "with a timeout of one's own it stands in the reason, as third argument")
{
        cop_pid pid = puppet();

        cop_kill(pid);
        cop_assert_term(call_fails(COP__TO(pid), cop_build("{some, request}"), 70),
                        "{noproc, {gen_server, call, [Pid, {some, request}, 70]}}", pid);
        cop_assert_term(call_fails(COP__TO(pid), cop_build("{some, request}"), COP_FOREVER),
                        "{noproc, {gen_server, call, [Pid, {some, request}, infinity]}}", pid);
}

static void calls_nobody(cop_term none)
{
        cop_call("nobody_there", "hello");
}

COP_TEST(CALL_2_uncaught, "not caught, it ends the caller with that reason")
{
        cop_ref ref;

        cop_spawn(calls_nobody, cop_nil(), .monitor = &ref);
        cop_assert_term(down_reason(ref), "{noproc, {gen_server, call, [nobody_there, hello]}}");
}

COP_TEST(CALL_3_noproc, "noproc: a name that nobody has, a pid that is dead")
{
        cop_pid pid = puppet();

        cop_assert_term(call_fails(COP__TO("nobody_there"), cop_atom("r"), 70),
                        "{noproc, {gen_server, call, [nobody_there, r, 70]}}");
        cop_kill(pid);
        cop_assert_term(call_fails(COP__TO(pid), cop_atom("r"), 70),
                        "{noproc, {gen_server, call, [Pid, r, 70]}}", pid);
}

COP_TEST(CALL_3_after_exit, "noproc: a call that comes after the exit signal, always")
{
        cop_term result;
        int k;

        for (k = 0; k < world_times(); k++) {
                cop_pid pid = new_clerk();

                if (k % 2)
                        cop_system_quiet(COP_FOREVER);
                cop_exit_to(pid, "over");
                if (k % 3 == 0)
                        cop_yield();
                cop_assert(!cop_try_call(&result, 5000, pid, "{echo, hello}"));
                cop_assert_term(result, "noproc");
        }
}

COP_TEST(CALL_3_timeout, "timeout: no answer came in time")
{
        cop_pid pid = new_clerk();

        cop_assert_term(call_fails(COP__TO(pid), cop_atom("wait"), 10),
                        "{timeout, {gen_server, call, [Pid, wait, 10]}}", pid);
}

COP_TEST(CALL_3_default_timeout, "the timeout is five seconds, where none is given")
{
        int64_t start = cop_now_ms();
        cop_pid pid;

        if (!world_is_simulated())
                return;
        pid = new_clerk();
        cop_assert_term(call_fails(COP__TO(pid), cop_atom("wait"), -2),
                        "{timeout, {gen_server, call, [Pid, wait]}}", pid);
        cop_assert(cop_now_ms() - start >= 5000);
        cop_assert(cop_now_ms() - start <= 5001);
}

COP_TEST(CALL_3_calling_self, "calling_self: a call to oneself, by pid or name")
{
        cop_assert_term(call_fails(COP__TO(cop_self()), cop_atom("r"), 70),
                        "{calling_self, {gen_server, call, [Me, r, 70]}}", cop_self());
        cop_register("narcissus", cop_self());
        cop_assert_term(call_fails(COP__TO("narcissus"), cop_atom("r"), -2),
                        "{calling_self, {gen_server, call, [narcissus, r]}}");
        cop_unregister("narcissus");
}

/* The server ends while it handles the call: the reason the caller gets. */
static cop_term server_ends(cop_term request)
{
        cop_term result = cop_nil();

        cop_assert(!cop_try_call_term(&result, 5000, COP__TO(new_clerk()), COP_CALL, request));
        return result;
}

COP_TEST(CALL_3_server_ends, "the server's reason, where it dies before it has answered")
{
        cop_term what, stack;

        cop_assert_term(server_ends(cop_build("{exit, normal}")), "normal");
        cop_assert_term(server_ends(cop_build("{exit, {shutdown, [x]}}")), "{shutdown, [x]}");
        cop_assert_term(server_ends(cop_build("{kill_me, P}", cop_self())), "killed");
        cop_assert_match(server_ends(cop_build("{error, oops}")), "{What, Stack}", &what, &stack);
        cop_assert_term(what, "oops");
}

COP_TEST(CALL_3_server_ends_later, "the same where it dies later, still owing the answer")
{
        cop_pid pid = new_clerk();
        cop_ref request = cop_send_request(pid, "wait");
        cop_term result = cop_nil();

        cop_assert(cop_system_quiet(COP_FOREVER));
        cop_cast(pid, "stop");
        cop_assert_equal(cop_wait_response(request, 5000, &result), COP_RESPONSE_ERROR);
        cop_assert_term(result, "shutdown");
}

static void calls_waiting(cop_term argument)
{
        cop_term result = cop_nil();
        cop_pid owner, server;

        if (!cop_match(argument, "{Owner, Server}", &owner, &server))
                return;
        if (cop_try_call(&result, COP_FOREVER, server, "wait"))
                cop_send(owner, "{answer, Result}", result);
        else
                cop_send(owner, "{failed, Result}", result);
}

COP_TEST(CALL_3_killed_race, "a server killed while it is called: every caller hears of it, once")
{
        int k;

        for (k = 0; k < world_times(); k++) {
                cop_pid server = new_clerk();
                cop_term reason;
                int i;

                for (i = 0; i < 3; i++)
                        cop_spawn(calls_waiting, cop_build("{Me, S}", cop_self(), server));
                if (k % 2)
                        cop_yield();
                if (k % 4 > 1)
                        cop_system_quiet(COP_FOREVER);
                cop_kill(server);
                for (i = 0; i < 3; i++) {
                        cop_assert(cop_receive(5000, "{failed, Reason}", &reason));
                        cop_assert(cop_is(reason, "killed") || cop_is(reason, "noproc"));
                }
                cop_assert_term(messages(), "[]");
        }
}

/* ---- CALL-4 to 7: time ---- */

COP_TEST(CALL_4_zero, "timeout 0 is legal, and is a timeout")
{
        cop_pid pid = new_clerk();
        cop_term result = cop_nil();

        cop_assert(!cop_try_call(&result, 0, pid, "wait"));
        cop_assert_term(result, "timeout");
        cop_assert_term(messages(), "[]");
}

COP_TEST(CALL_5_goes_on, "a timeout does not stop the server: it serves the request all the same")
{
        cop_pid pid = new_clerk();
        cop_term result = cop_nil();

        cop_assert(!cop_try_call(&result, 5, pid, "{slow, late}"));
        cop_assert_term(cop_call(pid, "served"), "2");
}

COP_TEST(CALL_6_late, "an answer that comes after the timeout is nowhere: not in the mailbox")
{
        cop_pid pid = new_clerk();
        cop_term result = cop_nil();

        cop_assert(!cop_try_call(&result, 5, pid, "{slow, late}"));
        cop_assert_term(cop_call(pid, "{echo, next}"), "next");
        cop_assert_term(messages(), "[]");
        cop_assert(!cop_try_call(&result, 5, pid, "wait"));
        cop_cast(pid, "answer_now");
        cop_assert_term(cop_call(pid, "{echo, next}"), "next");
        cop_assert_term(messages(), "[]");
}

COP_TEST(CALL_6_race,
         "an answer that crosses the timeout: answer or timeout, and nothing in the mailbox")
{
        cop_pid pid = new_clerk();
        int k;

        for (k = 0; k < world_times(); k++) {
                cop_term result = cop_nil();

                if (cop_try_call(&result, k % 2, pid, "{echo, K}", k))
                        cop_assert_term(result, "K", k);
                else
                        cop_assert_term(result, "timeout");
                cop_assert_term(cop_call(pid, "{echo, {again, K}}", k), "{again, K}", k);
                cop_assert_term(messages(), "[]");
        }
}

COP_TEST(CALL_6_forgotten, "a plain process keeps nothing of callers that gave up before it looked")
{
        cop_pid pid = puppet();
        cop_term result;
        int i;

        pull_only(pid, "{sleep, 10}");
        for (i = 0; i < 50; i++)
                cop_assert(!cop_try_call(&result, 0, pid, "{question, I}", i));
        for (i = 0; i < 50; i++)
                cop_assert(cop_receive(5000, "{^Pid, {'$gen_call', _, {question, ^I}}}", &pid, &i));
        cop_assert_term(messages(), "[]");
        cop_assert_equal(cop__table_at(pid.word)->bonds.count, 0);
}

static void ask_and_wait(cop_term argument)
{
        cop_pid whom;

        if (!cop_match(argument, "{Whom}", &whom))
                return;
        cop_send_request(whom, "question");
        cop_receive(COP_FOREVER, "never");
}

COP_TEST(CALL_6_dead, "a plain process keeps nothing of who asked it something, and is dead")
{
        const struct bonds *bonds = &cop__table_at(cop_self().word)->bonds;
        uint32_t count = bonds->count;
        cop_pid pid = cop_spawn(ask_and_wait, cop_build("{Me}", cop_self()));

        cop_assert(cop_receive(5000, "{'$gen_call', _, question}"));
        cop_assert_equal(bonds->count, count + 1);
        cop_kill(pid);
        cop_assert_term(messages(), "[]");
        cop_assert_equal(bonds->count, count);
}

COP_TEST(CALL_7_twice, "of two answers the first counts, and the second is nowhere")
{
        cop_pid pid = new_clerk();
        int k;

        for (k = 0; k < world_times(); k++) {
                cop_assert_term(cop_call(pid, "twice"), "first");
                cop_assert_term(messages(), "[]");
        }
}

/* ---- CALL-9 ---- */

COP_TEST(CALL_9_cast_nobody, "a cast to a dead pid or a name that nobody has does nothing")
{
        cop_pid pid = puppet();

        cop_kill(pid);
        cop_cast(pid, "hello");
        cop_cast("nobody_there", "hello");
        cop_send(pid, "hello");
        cop_assert_term(messages(), "[]");
}

COP_TEST(CALL_11_deadlock, "two servers that call each other time out, and go on")
{
        cop_pid a = new_clerk(), b = new_clerk();

        cop_assert_term(cop_call(a, "{ask, B, A}", b, a), "{failed, timeout}");
        cop_assert_term(cop_call(b, "{echo, well}"), "well");
        cop_assert_term(cop_call(a, "{echo, well}"), "well");
        cop_assert_term(messages(), "[]");
}

/* ---- answers from elsewhere ---- */

static void delegate(cop_term none)
{
        cop_term from;

        while (cop_receive(COP_FOREVER, "{do_answer, From}", &from))
                cop_answer(cop_to_from(from), "from_delegate");
}

COP_TEST(CALL_delegate, "another process may answer; the server's later end is nobody's business")
{
        cop_pid pid = new_clerk(), other = cop_spawn(delegate, cop_nil());

        cop_assert_term(cop_call(pid, "{delegate, Other}", other), "from_delegate");
        cop_cast(pid, "stop");
        cop_assert_term(messages(), "[]");
}

COP_TEST(CALL_later, "an answer may come later, from another callback")
{
        cop_pid pid = new_clerk();
        cop_ref request = cop_send_request(pid, "wait");
        cop_term result = cop_nil();

        cop_assert_equal(cop_wait_response(request, 0, &result), COP_RESPONSE_TIMEOUT);
        cop_cast(pid, "answer_now");
        cop_assert_equal(cop_wait_response(request, 5000, &result), COP_RESPONSE_REPLY);
        cop_assert_term(result, "at_last");
        cop_cast(pid, "stop");
        cop_assert_term(messages(), "[]");
}

COP_TEST(CALL_from_dead, "an answer to a caller that is dead is nowhere")
{
        cop_pid pid = new_clerk();
        cop_pid caller = cop_spawn(calls_waiting, cop_build("{Me, S}", cop_self(), pid));

        cop_assert(cop_system_quiet(COP_FOREVER));
        cop_kill(caller);
        cop_cast(pid, "answer_now");
        cop_assert_term(messages(), "[]");
        cop_assert_term(cop_call(pid, "{echo, well}"), "well");
}

/* ---- in two parts ---- */

COP_TEST(CALL_request, "requests in two parts: several at once, collected in any order")
{
        cop_pid pid = new_clerk();
        cop_ref requests[20];
        cop_term result = cop_nil();
        int i;

        for (i = 0; i < 20; i++)
                requests[i] = cop_send_request(pid, "{echo, {n, I}}", i);
        for (i = 19; i >= 0; i--) {
                cop_assert_equal(cop_receive_response(requests[i], 5000, &result),
                                 COP_RESPONSE_REPLY);
                cop_assert_term(result, "{n, I}", i);
        }
        cop_assert_term(messages(), "[]");
}

COP_TEST(CALL_requests, "of several requests the first that is answered, then the next, then none")
{
        cop_pid pid = new_clerk();
        cop_ref requests[4] = { { 0 } };
        cop_term result = cop_nil();
        size_t which = 9;

        requests[0] = cop_send_request(pid, "wait");
        requests[2] = cop_send_request("nobody_there", "hello");
        requests[3] = cop_send_request(pid, "{echo, three}");
        cop_assert_equal(cop_wait_responses(requests, 4, 5000, &which, &result),
                         COP_RESPONSE_ERROR);
        cop_assert_equal(which, 2);
        cop_assert_term(result, "noproc");
        cop_assert_equal(cop_wait_responses(requests, 4, 5000, &which, &result),
                         COP_RESPONSE_REPLY);
        cop_assert_equal(which, 3);
        cop_assert_term(result, "three");
        cop_assert_equal(cop_wait_responses(requests, 4, 5, &which, &result), COP_RESPONSE_TIMEOUT);
        cop_cast(pid, "answer_now");
        cop_assert_equal(
                cop_wait_responses(requests, 4, cop_until(cop_now_ms() + 5000), &which, &result),
                COP_RESPONSE_REPLY);
        cop_assert_equal(which, 0);
        cop_assert_term(result, "at_last");
        cop_assert_equal(cop_wait_responses(requests, 4, 5000, &which, &result), COP_RESPONSE_NONE);
        cop_assert_equal(cop_until(cop_now_ms() - 1), 0);
}

COP_TEST(CALL_request_noproc, "a request to nobody is answered with noproc")
{
        cop_ref request = cop_send_request("nobody_there", "hello");
        cop_term result = cop_nil();

        cop_assert_equal(cop_receive_response(request, 5000, &result), COP_RESPONSE_ERROR);
        cop_assert_term(result, "noproc");
}

COP_TEST(CALL_request_self, "a request to oneself is not answered by the call itself")
{
        cop_ref request = cop_send_request(cop_self(), "hello");
        cop_term from, result = cop_nil();

        cop_assert(cop_receive(0, "{'$gen_call', From, hello}", &from));
        cop_answer(cop_to_from(from), "myself");
        cop_assert_equal(cop_receive_response(request, 5000, &result), COP_RESPONSE_REPLY);
        cop_assert_term(result, "myself");
}

COP_TEST(CALL_request_given_up, "a request that was given up: a late answer is nowhere")
{
        cop_pid pid = new_clerk();
        cop_ref request = cop_send_request(pid, "wait");
        cop_term result = cop_nil();

        cop_assert_equal(cop_receive_response(request, 5, &result), COP_RESPONSE_TIMEOUT);
        cop_cast(pid, "answer_now");
        cop_assert_term(messages(), "[]");
}

enum { ABANDONED = 10000, AT_ONCE = 10 };

/* Answers when it is told to, which is too late. */
static void answers_late(cop_term caller)
{
        cop_term from[AT_ONCE];

        caller = cop_keep(caller);
        for (;;) {
                cop_scope {
                        for (int i = 0; i < AT_ONCE; i++)
                                cop_receive(COP_FOREVER, "{'$gen_call', From, question}", &from[i]);
                        cop_send(caller, "all_there");
                        cop_receive(COP_FOREVER, "answer");
                        for (int i = 0; i < AT_ONCE; i++)
                                cop_answer(cop_to_from(from[i]), "{too, late, [1, 2, 3]}");
                        cop_send(caller, "answered");
                }
        }
}

static void abandon_some(cop_pid pid)
{
        cop_ref requests[AT_ONCE];
        cop_term result;

        for (int i = 0; i < AT_ONCE; i++)
                requests[i] = cop_send_request(pid, "question");
        cop_assert(cop_receive(60000, "all_there"));
        for (int i = 0; i < AT_ONCE; i++)
                cop_assert_equal(cop_receive_response(requests[i], 0, &result),
                                 COP_RESPONSE_TIMEOUT);
        cop_send(pid, "answer");
        cop_assert(cop_receive(60000, "answered"));
}

static int64_t memory_of(cop_pid pid)
{
        return cop_to_int(cop_process_info(pid, "memory"));
}

static void has_nothing(cop_pid pid)
{
        cop_assert_term(cop_process_info(pid, "links"), "[]");
        cop_assert_term(cop_process_info(pid, "monitors"), "[]");
        cop_assert_term(cop_process_info(pid, "messages"), "[]");
        cop_assert_term(cop_process_info(pid, "message_queue_len"), "0");
}

COP_TEST(CALL_request_abandoned,
         "of ten thousand requests that were given up, and answered later, nothing is left",
         .limit_s = 120)
{
        cop_pid pid = cop_spawn(answers_late, cop_pid_term(cop_self()));
        int64_t blocks, own, servers;

        cop_scope {
                abandon_some(pid);
        }
        cop_assert(cop_system_quiet(COP_FOREVER));
        blocks = cop__alloc_live_blocks();
        own = memory_of(cop_self());
        servers = memory_of(pid);
        for (int i = 0; i < ABANDONED / AT_ONCE; i++) {
                cop_scope {
                        abandon_some(pid);
                }
        }
        cop_assert(cop_system_quiet(COP_FOREVER));
        cop_assert(memory_of(cop_self()) < own + ABANDONED);
        cop_assert(memory_of(pid) < servers + ABANDONED);
        cop_assert(cop__alloc_live_blocks() < blocks + ABANDONED / 10);
        has_nothing(cop_self());
        has_nothing(pid);
        cop_kill(pid);
}

static void requests_and_ends(cop_term argument)
{
        cop_pid server;

        if (!cop_match(argument, "{Server}", &server))
                return;
        cop_send_request(server, "{echo, \"an answer that nobody takes\"}");
        cop_send_request(server, "wait");
        cop_sleep(1);
}

COP_TEST(CALL_request_dropped, "who ends with requests open leaves nothing behind")
{
        cop_pid server = new_clerk();
        cop_ref ref;
        int k;

        for (k = 0; k < 10; k++) {
                cop_spawn(requests_and_ends, cop_build("{S}", server), .monitor = &ref);
                cop_assert_term(down_reason(ref), "normal");
        }
        cop_assert_term(messages(), "[]");
}

static void asks_twice(void *unused)
{
        cop_term result;

        cop_receive_response(cop_new_ref(), 0, &result);
}

COP_TEST(CALL_request_unknown, "waiting for what is no request is badarg")
{
        cop_term reason, stack;

        cop_assert_equal(cop_try(asks_twice, NULL, &reason), COP_ERROR);
        cop_assert_match(reason, "{badarg, Stack}", &stack);
}
