/*
 * Names that somebody else keeps: a via wherever a destination is taken.
 */
#include <coppice/via.h>

#include "support/actor.h"

#include <stdatomic.h>

/* A register with one name, `sherlock`. */
static _Atomic(uint64_t) holder;
static _Atomic(int) left;

static void check_name(cop_term name)
{
        if (!cop_is(name, "sherlock"))
                cop_error("{no_such_number, Name}", name);
}

static cop_pid look_up(cop_term name)
{
        check_name(name);
        return (cop_pid){ atomic_load(&holder) };
}

static bool enter_name(cop_term name)
{
        uint64_t nobody = 0;

        check_name(name);
        return atomic_compare_exchange_strong(&holder, &nobody, cop_self().word);
}

static void strike_out(cop_term name)
{
        check_name(name);
        atomic_store(&holder, 0);
        atomic_fetch_add(&left, 1);
}

COP_VIA(phone_book, .whereis_name = look_up, .register_name = enter_name,
        .unregister_name = strike_out);

static cop_term sherlock(void)
{
        return cop_build("{via, phone_book, sherlock}");
}

static void begin(void)
{
        atomic_store(&holder, 0);
        atomic_store(&left, 0);
        actors_begin();
}

static cop_pid start(const char *action)
{
        cop_term result = cop_server_try_start(
                actor, cop_build("#{id => a, init => Action}", cop_read(action)),
                .via = sherlock());
        cop_pid pid = { 0 };

        if (!cop_match(result, "{ok, Pid}", &pid))
                cop_send(cop_self(), "Result", result);
        return pid;
}

COP_TEST(VIA_destinations, "a via is a destination of everything that is sent")
{
        cop_pid pid;
        cop_term state;

        begin();
        pid = start("ok");
        messages();
        cop_assert(cop_same(cop_find(sherlock()), pid));
        cop_assert_term(cop_call(sherlock(), "{do, {reply, 1}}"), "1");
        cop_assert_term(cop_call_within(COP_FOREVER, sherlock(), "{do, {reply, 2}}"), "2");
        cop_assert(cop_try_call(&state, COP_FOREVER, sherlock(), "{do, {reply, 3}}"));
        cop_cast(sherlock(), "{do, {continue, c, ok}}");
        cop_send(sherlock(), "hello");
        cop_send_after(1, sherlock(), "later");
        cop_assert(cop_receive(COP_FOREVER, "{info, a, later}"));
        cop_assert_term(messages(), "[{continue, a, c}, {info, a, hello}]");
        cop_sys_suspend(sherlock());
        cop_sys_resume(sherlock());
        cop_server_stop(sherlock());
        cop_assert_term(messages(), "[{terminate, a, normal}]");
        cop_assert(!cop_is_alive(pid));
}

COP_TEST(VIA_monitor, "a process is monitored by its via; nobody is noproc")
{
        cop_term object, reason;
        cop_pid pid;
        cop_ref ref;

        begin();
        pid = start("ok");
        ref = cop_monitor(sherlock());
        cop_kill(pid);
        cop_assert(cop_receive(5000, "{'DOWN', ^Ref, process, Object, Reason}", &ref, &object,
                               &reason));
        cop_assert_term(object, "Pid", pid);
        cop_assert_term(reason, "killed");
        atomic_store(&holder, 0);
        ref = cop_monitor(sherlock());
        cop_assert(cop_receive(5000, "{'DOWN', ^Ref, process, undefined, noproc}", &ref));
}

static void call_it(void *unused)
{
        cop_call(sherlock(), "hello");
}

static void send_it(void *unused)
{
        cop_send(sherlock(), "hello");
}

static void time_it(void *unused)
{
        cop_send_after(1, sherlock(), "hello");
}

static void stop_it(void *unused)
{
        cop_server_stop(sherlock());
}

COP_TEST(VIA_nobody, "a via that nobody has: calls exit, sends are badarg, casts are lost")
{
        begin();
        cop_assert_term(exit_of(call_it, NULL),
                        "{noproc, {gen_server, call, [{via, phone_book, sherlock}, hello]}}");
        cop_assert_match(exit_of(send_it, NULL), "{badarg, _}");
        cop_assert_match(exit_of(time_it, NULL), "{badarg, _}");
        cop_assert_term(
                exit_of(stop_it, NULL),
                "{noproc, {sys, terminate, [{via, phone_book, sherlock}, normal, infinity]}}");
        cop_cast(sherlock(), "hello");
        cop_assert(cop_is_nobody(cop_find(sherlock())));
}

static void call_term(void *to)
{
        cop_call(*(cop_term *)to, "hello");
}

COP_TEST(VIA_wrong,
         "what is no via is badarg, an unknown register undef; a register's error is its "
         "caller's")
{
        cop_term to = cop_build("{via, nowhere, x}");

        begin();
        cop_assert_term(exit_of(call_term, &to), "{undef, [{nowhere, whereis_name, [x], []}]}");
        to = cop_build("{via, phone_book}");
        cop_assert_match(exit_of(call_term, &to), "{badarg, _}");
        to = cop_build("{via, 1, x}");
        cop_assert_match(exit_of(call_term, &to), "{badarg, _}");
        to = cop_build("{via, phone_book, moriarty}");
        cop_assert_match(exit_of(call_term, &to), "{{no_such_number, moriarty}, _}");
        cop_cast(to, "hello"); /* lost, whatever is wrong with it */
        cop_cast(cop_build("{via, nowhere, x}"), "hello");
}

COP_TEST(VIA_start, "a server has its via before init, and a second one is already_started")
{
        cop_pid first, second;

        begin();
        first = start("ok");
        cop_assert(cop_same(cop_find(sherlock()), first));
        second = start("ok");
        cop_assert(cop_is_nobody(second));
        cop_assert_term(messages(), "[{init, a}, {error, {already_started, Pid}}]", first);
}

COP_TEST(VIA_start_fails, "a start that fails has left its via when it returns")
{
        static const char *const actions[] = {
                "{stop, no}", "{exit, no}", "{error, no}", "ignore", "{refuse, no}", "bad",
        };
        size_t i;

        begin();
        for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
                start(actions[i]);
                cop_assert_equal(atomic_load(&left), (int)i + 1);
                cop_assert(cop_is_nobody(cop_find(sherlock())));
        }
        messages();
}

static void start_wrong(void *via)
{
        cop_server_start(actor, cop_build("#{id => a}"), .via = *(cop_term *)via);
}

COP_TEST(VIA_start_wrong, "a start with what is no via is badarg")
{
        cop_term via = cop_build("sherlock");

        begin();
        cop_assert_match(exit_of(start_wrong, &via), "{badarg, _}");
        via = cop_build("{via, 7, sherlock}");
        cop_assert_match(exit_of(start_wrong, &via), "{badarg, _}");
        via = cop_build("{via, phone_book, moriarty}");
        cop_assert_match(exit_of(start_wrong, &via), "{{no_such_number, moriarty}, _}");
        via = cop_build("{via, nowhere, x}");
        cop_assert_term(exit_of(start_wrong, &via), "{undef, [{nowhere, whereis_name, [x], []}]}");
}

COP_SUPERVISOR(via_supervisor, .strategy = COP_ONE_FOR_ONE,
               .children = COP_CHILDREN(COP_WORKER(actor, "#{id => b}", .via = sherlock())));

static cop_term name_in_report;

static void note_name(void *context, enum cop_level level, cop_term report)
{
        cop_match(report, "#{label := {gen_server, terminate}, name := Name}", &name_in_report);
}

COP_TEST(VIA_child, "a child has its via at each start, described in C or by a term")
{
        cop_pid root;

        begin();
        root = cop_supervisor_start_link(via_supervisor);
        cop_assert_term(cop_call(sherlock(), "{do, {reply, 1}}"), "1");
        cop_assert_term(cop_terminate_child(root, cop_atom("actor")), "ok");
        atomic_store(&holder, 0);
        cop_assert_match(cop_start_child(root,
                                         "#{id => c, start => {actor, start_link,"
                                         "  [#{id => c}, #{name => Via}]}}",
                                         sherlock()),
                         "{ok, _}");
        cop_assert_term(cop_call(sherlock(), "{do, {reply, 2}}"), "2");
        cop_supervisor_stop(root);
        messages();
}

COP_TEST(VIA_report, "reports call a server what its via calls it")
{
        cop_pid pid;
        cop_ref ref;

        begin();
        pid = start("ok");
        cop_report_to(note_name, NULL);
        ref = cop_monitor(pid);
        cop_cast(sherlock(), "{do, {stop, bad}}");
        cop_assert_term(down_reason(ref), "bad");
        cop_assert_term(name_in_report, "sherlock");
}

COP_TEST(VIA_by_hand, "a process may take a via for itself, and give it back")
{
        begin();
        cop_assert(cop_register_via(sherlock()));
        cop_assert(!cop_register_via(sherlock()));
        cop_assert(cop_same(cop_find(sherlock()), cop_self()));
        cop_unregister_via(sherlock());
        cop_assert(cop_is_nobody(cop_find(sherlock())));
}
