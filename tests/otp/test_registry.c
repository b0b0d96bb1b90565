/*
 * REG: registries.
 */
#include <coppice/registry.h>

#include "support/actor.h"
#include "support/member.h"

#include <stdatomic.h>

static void begin(void)
{
        actors_begin();
        cop_trap_exits(true);
}

static cop_pid unique(void)
{
        return cop_registry_start_link("reg", .keys = COP_KEYS_UNIQUE);
}

static cop_pid duplicate(int partitions)
{
        return cop_registry_start_link("reg", .keys = COP_KEYS_DUPLICATE, .partitions = partitions);
}

/* ---- REG-1 ---- */

COP_TEST(REG_1,
         "register enters the caller; a unique key that is taken is an error, for itself too")
{
        cop_pid a, b, owner;

        begin();
        unique();
        a = member_start();
        b = member_start();
        cop_assert_match(enter_in(a, "{key, 1}"), "{ok, Owner}", &owner);
        cop_assert(cop_is_alive(owner));
        cop_assert_term(enter_in(b, "{key, 2}"), "{error, {already_registered, Pid}}", a);
        cop_assert_term(enter_in(a, "{key, 2}"), "{error, {already_registered, Pid}}", a);
        cop_assert_term(cop_registry_lookup("reg", cop_atom("key")), "[{Pid, 1}]", a);
        cop_assert_match(enter_in(b, "{1, one}"), "{ok, _}");
        cop_assert_match(enter_in(a, "{1.0, float}"), "{ok, _}");
        cop_assert_term(cop_registry_lookup("reg", 1), "[{Pid, one}]", b);
        cop_assert_equal(cop_registry_count("reg"), 3);
}

COP_TEST(REG_1_refused_is_not_linked, "who was refused, and has no other entry, is not linked")
{
        cop_pid a, b;

        begin();
        unique();
        a = member_start();
        b = member_start();
        enter_in(a, "{key, 1}");
        enter_in(b, "{key, 2}");
        cop_assert_equal(cop_length(cop_process_info(a, "links")), 1);
        cop_assert_term(cop_process_info(b, "links"), "[]");
}

COP_TEST(REG_1_stale, "a key whose process is dead but not cleaned up is taken over")
{
        cop_pid a, b, registry, owner;
        cop_ref ref;

        begin();
        registry = unique();
        cop_assert_match(cop_which_children(registry), "[{_, Owner, _, _}]", &owner);
        a = member_start();
        b = member_start();
        enter_in(a, "{<<\"key\">>, 1}");
        cop_sys_suspend(owner); /* nobody cleans up */
        ref = cop_monitor(a);
        cop_kill(a);
        down_reason(ref);
        cop_assert_match(enter_in(b, "{<<\"key\">>, 2}"), "{ok, _}");
        cop_assert_term(cop_registry_lookup("reg", "key"), "[{B, 2}]", b);
        cop_sys_resume(owner);
        cop_system_quiet(25000);
        cop_assert_term(cop_registry_lookup("reg", "key"), "[{B, 2}]", b);
        cop_assert_term(cop_registry_keys("reg", a), "[]");
}

COP_TEST(REG_1_duplicate, "duplicate keys take any number of entries, of one process too")
{
        cop_pid a, b;

        begin();
        duplicate(1);
        a = member_start();
        b = member_start();
        enter_in(a, "{key, 1}");
        enter_in(b, "{key, 2}");
        enter_in(a, "{key, 1}");
        enter_in(a, "{other, 3}");
        cop_assert_term(cop_registry_lookup("reg", cop_atom("key")), "[{A, 1}, {B, 2}, {A, 1}]", a,
                        b);
        cop_assert_term(cop_registry_keys("reg", a), "[key, key, other]");
        cop_assert_term(cop_registry_values("reg", cop_atom("key"), a), "[1, 1]");
        cop_assert_term(cop_registry_values("reg", cop_atom("no"), a), "[]");
        in(a, leave, cop_atom("key"));
        cop_assert_term(cop_registry_lookup("reg", cop_atom("key")), "[{B, 2}]", b);
        cop_assert_term(cop_registry_keys("reg", a), "[other]");
}

/* ---- REG-2 ---- */

COP_TEST(REG_2, "options that are missing or wrong are the start's failure")
{
        static const char *const wrong[] = {
                "[]",
                "#{}",
                "#{keys => foo}",
                "#{keys => unique, partitions => 0}",
                "#{keys => unique, partitions => 1000000}",
                "#{keys => unique, listeners => no}",
                "#{keys => unique, listeners => [1]}",
                "#{keys => unique, meta => 1}",
                "#{keys => unique, compressed => 1}",
                "#{keys => unique, colour => red}",
        };
        size_t i;
        cop_term reason;

        begin();
        for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                cop_assert_match(
                        cop_server_try_start_link(cop_registry, cop_read(wrong[i]), .name = "reg"),
                        "{error, {badarg, Options}}", &reason);
                cop_assert_term(reason, "X", cop_read(wrong[i]));
        }
        cop_assert_match(cop_server_try_start_link(cop_registry, cop_build("#{keys => unique}")),
                         "{error, {badarg, _}}");
        cop_assert_match(cop_server_try_start_link(cop_registry, cop_build("#{keys => unique}"),
                                                   .name = "reg"),
                         "{ok, _}");
        cop_assert_match(cop_server_try_start_link(cop_registry, cop_build("#{keys => unique}"),
                                                   .name = "reg"),
                         "{error, {already_started, _}}");
}

COP_TEST(REG_2_keys, "all forms of keys, as terms and in C")
{
        static const char *const keys[] = { "unique", "duplicate", "{duplicate, pid}",
                                            "{duplicate, key}" };
        cop_pid pid;
        size_t i;

        begin();
        for (i = 0; i < 4; i++) {
                pid = cop_server_start_link(
                        cop_registry,
                        cop_build("#{keys => K, partitions => 3, compressed => true}",
                                  cop_read(keys[i])),
                        .name = "reg");
                cop_assert_match(cop_registry_register("reg", i, 0), "{ok, _}");
                cop_assert_equal(cop_match(cop_registry_register("reg", i, 1), "{ok, _}"), i > 0);
                cop_supervisor_stop(pid);
                messages();
        }
        pid = cop_registry_start_link("reg", .keys = COP_KEYS_DUPLICATE_BY_KEY, .partitions = 2);
        cop_registry_register("reg", 1, 1);
        cop_registry_register("reg", 1, 2);
        cop_assert_equal(cop_registry_count("reg"), 2);
        cop_supervisor_stop(pid);
}

/* ---- REG-3 ---- */

COP_TEST(REG_3, "a registry is a supervisor with a process a partition, which die together or not")
{
        cop_pid registry, first, second, before;

        begin();
        registry = cop_registry_start_link("reg", .keys = COP_KEYS_UNIQUE, .partitions = 2);
        cop_assert(cop_same(cop_whereis("reg"), registry));
        cop_assert_match(cop_which_children(registry), "[{1, B, worker, _}, {0, A, worker, _}]",
                         &second, &first);
        before = second;
        kill_and_wait(first);
        cop_assert_match(cop_which_children(registry), "[{1, B, worker, _}, {0, A, worker, _}]",
                         &second, &first);
        cop_assert(!cop_same(before, second)); /* one_for_all */
        cop_supervisor_stop(registry);

        registry = duplicate(2);
        cop_assert_match(cop_which_children(registry), "[{1, B, worker, _}, {0, A, worker, _}]",
                         &second, &first);
        before = second;
        kill_and_wait(first);
        cop_assert_match(cop_which_children(registry), "[{1, B, worker, _}, {0, A, worker, _}]",
                         &second, &first);
        cop_assert(cop_same(before, second)); /* one_for_one */
        cop_supervisor_stop(registry);
        messages();
}

COP_TEST(REG_3_dies, "with its partition die those who registered by it, and their entries")
{
        cop_pid a, b, owner, registry;
        cop_ref ref;

        begin();
        registry = unique();
        cop_assert_match(cop_which_children(registry), "[{_, Owner, _, _}]", &owner);
        a = member_start();
        b = member_start();
        enter_in(a, "{key, 1}");
        cop_registry_register("reg", "mine", 1);
        cop_assert_term(cop_process_info(a, "links"), "[Owner]", owner);
        ref = cop_monitor(a);
        kill_and_wait(owner);
        cop_assert_term(down_reason(ref), "killed");
        cop_assert(cop_is_alive(b));
        cop_assert(cop_receive(0, "{'EXIT', ^Owner, killed}", &owner)); /* who traps lives on */
        cop_assert_equal(cop_registry_count("reg"), 0);
        cop_assert_match(enter_in(b, "{key, 2}"), "{ok, _}");
        cop_assert_match(cop_registry_register("reg", "mine", 2), "{ok, _}");
}

COP_TEST(REG_3_unlinked, "who has taken back all its entries is linked no more")
{
        cop_pid a;

        begin();
        unique();
        a = member_start();
        enter_in(a, "{one, 1}");
        enter_in(a, "{two, 2}");
        in(a, leave, cop_atom("one"));
        cop_assert_equal(cop_length(cop_process_info(a, "links")), 1);
        in(a, leave, cop_atom("two"));
        cop_assert_term(cop_process_info(a, "links"), "[]");
        cop_assert_equal(cop_registry_count("reg"), 0);
}

/* ---- REG-4 ---- */

COP_TEST(REG_4, "lookup gives the living; what the dead had is gone when they are cleaned up")
{
        cop_pid a, b, owner, registry;
        cop_ref ref;

        begin();
        registry = duplicate(1);
        cop_assert_match(cop_which_children(registry), "[{_, Owner, _, _}]", &owner);
        a = member_start();
        b = member_start();
        enter_in(a, "{key, 1}");
        enter_in(b, "{key, 2}");
        cop_sys_suspend(owner);
        ref = cop_monitor(a);
        cop_kill(a);
        down_reason(ref);
        cop_assert_term(cop_registry_lookup("reg", cop_atom("key")), "[{B, 2}]", b);
        cop_assert_equal(cop_registry_count("reg"), 2); /* not cleaned up yet */
        cop_sys_resume(owner);
        cop_system_quiet(25000);
        cop_assert_equal(cop_registry_count("reg"), 1);
        cop_assert_term(cop_registry_keys("reg", a), "[]");
        cop_assert_term(cop_registry_lookup("reg", "nothing"), "[]");
}

/* ---- REG-5 ---- */

COP_TEST(REG_5, "listeners hear of register and unregister, and not of an end")
{
        cop_pid a;

        begin();
        cop_registry_start_link("reg", .keys = COP_KEYS_UNIQUE, .listeners = cop_build("[test]"));
        a = member_start();
        messages();
        enter_in(a, "{key, 1}");
        cop_assert_term(messages(), "[{register, reg, key, A, 1}]", a);
        enter_in(a, "{key, 2}");
        cop_assert_term(messages(), "[]");
        in(a, leave, cop_atom("key"));
        in(a, leave, cop_atom("key")); /* of nothing, and yet */
        cop_assert_term(messages(), "[{unregister, reg, key, A}, {unregister, reg, key, A}]", a);
        enter_in(a, "{key, 3}");
        messages();
        kill_and_wait(a);
        cop_assert_equal(cop_registry_count("reg"), 0);
        cop_assert_term(messages(), "[]");
}

static void register_it(void *unused)
{
        cop_registry_register("reg", "key", 1);
}

COP_TEST(REG_5_nobody, "a listener that nobody is is badarg, and the entry stays")
{
        begin();
        cop_registry_start_link("reg", .keys = COP_KEYS_UNIQUE, .listeners = cop_build("[nobody]"));
        cop_assert_match(exit_of(register_it, NULL), "{badarg, _}");
        cop_assert_term(cop_registry_lookup("reg", "key"), "[{Me, 1}]", cop_self());
}

/* ---- REG-6, NAME-3 ---- */

static cop_term name_of(const char *key)
{
        return cop_registry_name("reg", cop_atom(key));
}

COP_TEST(NAME_3, "a name in a registry is cleaned by another process, after its holder's end")
{
        cop_pid registry, owner, pid;
        cop_ref ref;

        begin();
        registry = unique();
        cop_assert_match(cop_which_children(registry), "[{_, Owner, _, _}]", &owner);
        pid = cop_server_start(actor, cop_build("#{id => a}"), .via = name_of("key"));
        cop_sys_suspend(owner);
        ref = cop_monitor(pid);
        cop_kill(pid);
        down_reason(ref);
        cop_assert_term(cop_registry_keys("reg", pid), "[key]"); /* known, and yet dead */
        cop_sys_resume(owner);
        cop_system_quiet(25000);
        cop_assert_term(cop_registry_keys("reg", pid), "[]");
}

static void call_key(void *unused)
{
        cop_call(name_of("key"), "hello");
}

COP_TEST(REG_6,
         "a call to a name whose process has just died exits noproc; a restart gets the name")
{
        cop_pid registry, owner, first;
        cop_ref ref;

        begin();
        registry = unique();
        cop_assert_match(cop_which_children(registry), "[{_, Owner, _, _}]", &owner);
        first = cop_server_start(actor, cop_build("#{id => a}"), .via = name_of("key"));
        cop_sys_suspend(owner);
        ref = cop_monitor(first);
        cop_kill(first);
        down_reason(ref);
        cop_assert_match(exit_of(call_key, NULL),
                         "{noproc, {gen_server, call, [{via, cop_registry, {reg, key}}, hello]}}");
        cop_assert_match(
                cop_server_try_start(actor, cop_build("#{id => b}"), .via = name_of("key")),
                "{ok, _}");
        cop_assert(!cop_same(cop_registry_whereis("reg", cop_atom("key")), first));
        cop_assert_term(cop_call(name_of("key"), "{do, {reply, here}}"), "here");
        cop_sys_resume(owner);
        cop_system_quiet(25000);
        cop_assert_term(cop_call(name_of("key"), "{do, {reply, here}}"), "here");
}

COP_SUPERVISOR(named_supervisor, .strategy = COP_ONE_FOR_ONE, .intensity = 1000,
               .children = COP_CHILDREN(COP_REGISTRY("reg", .keys = COP_KEYS_UNIQUE),
                                        COP_WORKER(actor, "#{id => c}",
                                                   .via = cop_registry_name("reg", cop_atom("c")))));

COP_TEST(REG_6_restarts, "a child with a name in a registry gets it back at each restart")
{
        cop_pid pid, before = { 0 };
        int i;

        begin();
        cop_supervisor_start_link(named_supervisor);
        for (i = 0; i < world_times(); i++) {
                cop_system_quiet(25000);
                pid = cop_registry_whereis("reg", cop_atom("c"));
                cop_assert(!cop_is_nobody(pid) && !cop_same(pid, before));
                before = pid;
                cop_kill(pid);
        }
        messages();
}

/* ---- REG-7 ---- */

static void start_named(void *unused)
{
        cop_server_start(actor, cop_build("#{id => a}"), .via = name_of("key"));
}

static void call_term(void *to)
{
        cop_call(*(cop_term *)to, "hello");
}

static void name_twice(void *unused)
{
        cop_term result =
                cop_server_try_start(actor, cop_build("#{id => b}"), .via = name_of("key"));

        cop_exit_term(result);
}

COP_TEST(REG_7, "a name needs unique keys: otherwise it is an error of who uses it")
{
        begin();
        duplicate(1);
        cop_assert_match(exit_of(call_key, NULL), "{{not_unique, reg}, _}");
        cop_assert_match(exit_of(start_named, NULL), "{{not_unique, reg}, _}");
}

COP_TEST(REG_7_names, "a name is given once, may bring a value, and its forms are checked")
{
        cop_pid pid;
        cop_term wrong = cop_build("{via, cop_registry, reg}");

        begin();
        unique();
        pid = cop_server_start(actor, cop_build("#{id => a}"),
                               .via = cop_registry_name_with("reg", cop_atom("key"), 7));
        cop_assert_term(cop_registry_lookup("reg", cop_atom("key")), "[{Pid, 7}]", pid);
        cop_assert_term(exit_of(name_twice, NULL), "{error, {already_started, Pid}}", pid);
        cop_server_stop(name_of("key"));
        cop_system_quiet(25000);
        cop_assert(cop_is_nobody(cop_registry_whereis("reg", cop_atom("key"))));
        cop_assert(cop_register_via(name_of("key")));
        cop_assert(!cop_register_via(name_of("key")));
        cop_unregister_via(name_of("key"));
        cop_assert_equal(cop_registry_count("reg"), 0);
        cop_assert_match(exit_of(call_term, &wrong), "{badarg, _}");
        messages();
}

COP_TEST(REG_7_failed_start, "a start that fails has left its name when it returns")
{
        begin();
        unique();
        cop_assert_term(cop_server_try_start(actor, cop_build("#{id => a, init => {stop, no}}"),
                                             .via = name_of("key")),
                        "{error, no}");
        cop_assert_equal(cop_registry_count("reg"), 0);
        cop_assert_term(cop_server_try_start(actor, cop_build("#{id => a, init => ignore}"),
                                             .via = name_of("key")),
                        "ignore");
        cop_assert_equal(cop_registry_count("reg"), 0);
        messages();
}

/* ---- REG-8 ---- */

static _Atomic(int) dispatched;

static void tell_all(cop_term entries, cop_term message)
{
        cop_term pid, value;

        atomic_fetch_add(&dispatched, 1);
        COP_EACH (entry, entries) {
                cop_match(entry, "{Pid, Value}", &pid, &value);
                cop_send(cop_to_pid(pid), "{told, M, V}", message, value);
        }
}

COP_TEST(REG_8, "dispatch calls the function in the caller, with all entries; never with none")
{
        begin();
        duplicate(1);
        atomic_store(&dispatched, 0);
        cop_registry_dispatch("reg", "topic", tell_all, "hello");
        cop_assert_equal(atomic_load(&dispatched), 0);
        cop_registry_register("reg", "topic", 1);
        cop_registry_register("reg", "topic", 2);
        cop_registry_register("reg", "other", 3);
        messages();
        cop_registry_dispatch("reg", "topic", tell_all, "hello");
        cop_assert_equal(atomic_load(&dispatched), 1);
        cop_assert_term(messages(), "[{told, <<\"hello\">>, 1}, {told, <<\"hello\">>, 2}]");
}

static void whose(cop_term entries, cop_term to)
{
        cop_send(to, "{by, Me, N}", cop_self(), cop_length(entries));
}

COP_TEST(REG_8_partitions, "of several partitions it is called for each; in parallel, by tasks")
{
        int64_t sum = 0, n, calls = 0;
        cop_pid by;
        int i;

        begin();
        duplicate(3);
        for (i = 0; i < 20; i++)
                in(member_start(), enter, cop_build("{topic, 1}"));
        cop_registry_dispatch("reg", cop_atom("topic"), whose, cop_self());
        while (cop_receive(0, "{by, Pid, N}", &by, &n)) {
                cop_assert(cop_same(by, cop_self()));
                sum += n;
                calls++;
        }
        cop_assert_equal(sum, 20);
        cop_assert(calls >= 2 && calls <= 3);
        cop_registry_dispatch_parallel("reg", cop_atom("topic"), whose, cop_self());
        while (cop_receive(0, "{by, Pid, N}", &by, &n)) {
                cop_assert(!cop_same(by, cop_self()));
                sum -= n;
                calls--;
        }
        cop_assert_equal(sum, 0);
        cop_assert_equal(calls, 0);
        cop_assert_equal(cop_length(cop_registry_lookup("reg", cop_atom("topic"))), 20);
}

/* ---- REG-9 ---- */

static void nothing_with(cop_term entries, cop_term argument)
{
}

static cop_term same(cop_term value, cop_term argument)
{
        return value;
}

static cop_term run_locked(cop_term argument)
{
        return argument;
}

static void use(void *which)
{
        switch (*(int *)which) {
        case 0:
                cop_registry_register("no", 1, 1);
                break;
        case 1:
                cop_registry_unregister("no", 1);
                break;
        case 2:
                cop_registry_lookup("no", 1);
                break;
        case 3:
                cop_registry_keys("no", cop_self());
                break;
        case 4:
                cop_registry_values("no", 1, cop_self());
                break;
        case 5:
                cop_registry_count("no");
                break;
        case 6:
                cop_registry_match("no", 1, "_");
                break;
        case 7:
                cop_registry_select("no", "_");
                break;
        case 8:
                cop_registry_dispatch("no", 1, nothing_with, 1);
                break;
        case 9:
                cop_registry_meta("no", 1);
                break;
        case 10:
                cop_registry_put_meta("no", 1, 1);
                break;
        case 11:
                cop_registry_delete_meta("no", 1);
                break;
        case 12:
                cop_registry_update_value("no", 1, same, 0);
                break;
        case 13:
                cop_registry_unregister_match("no", 1, "_");
                break;
        case 14:
                cop_registry_lock("no", 1, run_locked, 0);
                break;
        case 15:
                cop_registry_whereis("no", 1);
                break;
        case 16:
                cop_call(cop_registry_name("no", 1), "hello");
                break;
        case 17:
                cop_server_start(actor, cop_nil(), .via = cop_registry_name("no", 1));
                break;
        }
}

COP_TEST(REG_9, "an unknown registry is an error that names it, whatever is asked of it")
{
        int i;

        begin();
        for (i = 0; i < 18; i++)
                cop_assert_match(exit_of(use, &i), "{{unknown_registry, no}, _}");
}

/* ---- REG-10 ---- */

COP_TEST(REG_10, "a registry that stops takes its users with it; what comes after it is unknown")
{
        cop_pid registry, a;
        cop_ref ref;
        int which = 5;

        begin();
        registry = unique();
        a = member_start();
        enter_in(a, "{key, 1}");
        ref = cop_monitor(a);
        cop_supervisor_stop(registry);
        cop_assert_term(down_reason(ref), "shutdown");
        cop_assert_match(exit_of(register_it, NULL), "{{unknown_registry, reg}, _}");
        cop_assert_match(exit_of(use, &which), "{{unknown_registry, no}, _}");
        unique();
        cop_assert_equal(cop_registry_count("reg"), 0);
}
