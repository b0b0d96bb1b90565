/*
 * REG: what registries do besides the numbered rules, and when much happens at once.
 */
#include <coppice/registry.h>

#include <stdatomic.h>

#include "base/alloc.h"
#include "support/actor.h"
#include "support/member.h"

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

COP_TEST(REG_patterns, "what matches is found, selected, counted and taken back")
{
        int64_t wanted = 2;

        begin();
        duplicate(2);
        cop_registry_register("reg", "key", cop_build("{room, 1}"));
        cop_registry_register("reg", "key", cop_build("{room, 2}"));
        cop_registry_register("reg", "key", cop_build("{hall, 2}"));
        cop_registry_register("reg", cop_build("{other, 1}"), 5);
        cop_assert_term(cop_registry_match("reg", "key", "{room, _}"),
                        "[{Me, {room, 1}}, {Me, {room, 2}}]", cop_self());
        cop_assert_term(cop_registry_match("reg", "key", "{_, ^N}", &wanted),
                        "[{Me, {room, 2}}, {Me, {hall, 2}}]", cop_self());
        cop_assert_equal(cop_registry_count_match("reg", "key", "{room, _}"), 2);
        cop_assert_equal(cop_registry_count_match("reg", "nothing", "_"), 0);
        cop_assert_term(cop_registry_select("reg", "{{other, _}, _, _}"), "[{{other, 1}, Me, 5}]",
                        cop_self());
        cop_assert_equal(cop_registry_count_select("reg", "{_, _, {_, 2}}"), 2);
        cop_assert_equal(cop_registry_count_select("reg", "_"), 4);
        cop_registry_unregister_match("reg", "key", "{room, _}");
        cop_assert_term(cop_registry_lookup("reg", "key"), "[{Me, {hall, 2}}]", cop_self());
        cop_registry_unregister_match("reg", "key", "_");
        cop_registry_unregister_match("reg", cop_build("{other, 1}"), "_");
        cop_assert_equal(cop_length(cop_process_info(cop_self(), "links")), 1); /* its parent's */
}

static cop_term add(cop_term value, cop_term delta)
{
        return cop_int(cop_to_int(value) + cop_to_int(delta));
}

static void update(void *unused)
{
        cop_registry_update_value("reg", "key", add, 1);
}

COP_TEST(REG_update, "a value is updated by who has the key, where keys are unique")
{
        cop_pid registry, a;

        begin();
        registry = unique();
        cop_registry_register("reg", "key", 1);
        cop_assert_term(cop_registry_update_value("reg", "key", add, 5), "{6, 1}");
        cop_assert_term(cop_registry_lookup("reg", "key"), "[{Me, 6}]", cop_self());
        cop_assert_term(cop_registry_update_value("reg", "other", add, 5), "error");
        a = member_start();
        enter_in(a, "{theirs, 1}");
        cop_assert_term(cop_registry_update_value("reg", cop_atom("theirs"), add, 5), "error");
        cop_supervisor_stop(registry);
        messages();
        duplicate(1);
        cop_assert_match(exit_of(update, NULL), "{{not_unique, reg}, _}");
}

COP_TEST(REG_meta, "a registry has what it was started with, and what is put")
{
        begin();
        cop_registry_start_link("reg", .keys = COP_KEYS_UNIQUE, .meta = cop_build("#{a => 1}"));
        cop_assert_term(cop_registry_meta("reg", cop_atom("a")), "{ok, 1}");
        cop_assert_term(cop_registry_meta("reg", cop_atom("b")), "error");
        cop_registry_put_meta("reg", cop_atom("b"), cop_build("{<<\"two\">>, 2}"));
        cop_registry_put_meta("reg", cop_atom("a"), 3);
        cop_assert_term(cop_registry_meta("reg", cop_atom("b")), "{ok, {<<\"two\">>, 2}}");
        cop_assert_term(cop_registry_meta("reg", cop_atom("a")), "{ok, 3}");
        cop_registry_delete_meta("reg", cop_atom("a"));
        cop_registry_delete_meta("reg", cop_atom("a"));
        cop_assert_term(cop_registry_meta("reg", cop_atom("a")), "error");
}

/* ---- locks ---- */

static _Atomic(int) inside, most_inside;

static cop_term be_inside(cop_term argument)
{
        int now = atomic_fetch_add(&inside, 1) + 1;

        if (now > atomic_load(&most_inside))
                atomic_store(&most_inside, now);
        cop_yield();
        cop_sleep(1);
        atomic_fetch_sub(&inside, 1);
        if (cop_is(argument, "die"))
                cop_exit("died_inside");
        if (cop_is(argument, "killed"))
                cop_kill(cop_self());
        return argument;
}

static void lock_it(cop_term argument)
{
        cop_registry_lock("reg", cop_atom("door"), be_inside, argument);
}

COP_TEST(REG_lock, "one at a time is inside a lock; who dies there lets the next one in")
{
        static const char *const ends[] = { "ok", "die", "killed", "ok" };
        static const char *const reasons[] = { "normal", "died_inside", "killed", "normal" };
        cop_ref refs[12];
        int i;

        begin();
        cop_registry_start_link("reg", .keys = COP_KEYS_UNIQUE, .partitions = 2);
        atomic_store(&inside, 0);
        atomic_store(&most_inside, 0);
        for (i = 0; i < 12; i++)
                cop_spawn(lock_it, cop_atom(ends[i % 4]), .monitor = &refs[i]);
        for (i = 0; i < 12; i++)
                cop_assert(cop_is(down_reason(refs[i]), reasons[i % 4]));
        cop_assert_equal(atomic_load(&most_inside), 1);
        cop_assert_term(cop_registry_lock("reg", cop_atom("door"), be_inside, 7), "7");
        cop_assert_equal(cop_registry_count("reg"), 0);
}

COP_TEST(REG_lock_waiting_killed, "who dies waiting for a lock does not get it")
{
        cop_ref refs[3];
        cop_pid pids[3];
        int i;

        begin();
        unique();
        atomic_store(&inside, 0);
        for (i = 0; i < 3; i++)
                pids[i] = cop_spawn(lock_it, cop_atom("ok"), .monitor = &refs[i]);
        cop_kill(pids[1]);
        for (i = 0; i < 3; i++)
                down_reason(refs[i]);
        cop_assert_term(cop_registry_lock("reg", cop_atom("door"), be_inside, 7), "7");
}

/* ---- many at once ---- */

static cop_term enter_number(cop_term number)
{
        return cop_registry_register("reg", cop_build("{key, N}", cop_to_int(number) % 50), number);
}

static void churn(cop_term number)
{
        int64_t n = cop_to_int(number), i;

        for (i = 0; i < 30; i++) {
                enter_number(cop_int(n + i));
                cop_registry_lookup("reg", cop_build("{key, N}", i));
                if (i % 3 == 0)
                        cop_registry_unregister("reg", cop_build("{key, N}", (n + i) % 50));
                cop_registry_select("reg", "{{key, 1}, _, _}");
        }
        if (n % 2)
                cop_exit("bye");
}

COP_TEST(REG_churn, "many register, look up and die at once, and nothing is left of the dead")
{
        cop_ref refs[40];
        int i, round;

        begin();
        for (round = 0; round < 3; round++) {
                cop_pid registry =
                        cop_registry_start_link("reg",
                                                .keys = round == 0   ? COP_KEYS_UNIQUE
                                                        : round == 1 ? COP_KEYS_DUPLICATE
                                                                     : COP_KEYS_DUPLICATE_BY_KEY,
                                                .partitions = round + 1);

                for (i = 0; i < 40; i++)
                        cop_spawn(churn, cop_int(i * 7), .monitor = &refs[i]);
                for (i = 0; i < 40; i++)
                        down_reason(refs[i]);
                cop_system_quiet(25000);
                cop_assert_equal(cop_registry_count("reg"), 0);
                cop_supervisor_stop(registry);
                messages();
        }
}

COP_TEST(REG_many_of_one, "a process with many entries, and a key with many processes")
{
        cop_pid a;
        int i;

        begin();
        duplicate(1);
        a = member_start();
        for (i = 0; i < 2000; i++)
                cop_registry_register("reg", i, i);
        cop_assert_equal(cop_registry_count("reg"), 2000);
        for (i = 0; i < 2000; i += 37)
                cop_assert_term(cop_registry_lookup("reg", i), "[{Me, I}]", cop_self(), i);
        cop_assert_equal(cop_length(cop_registry_keys("reg", cop_self())), 2000);
        for (i = 0; i < 500; i++)
                in(a, enter, cop_build("{crowd, I}", i));
        cop_assert_equal(
                cop_to_int(cop_element(cop_head(cop_registry_lookup("reg", cop_atom("crowd"))), 1)),
                0);
        cop_assert_equal(cop_length(cop_registry_lookup("reg", cop_atom("crowd"))), 500);
        kill_and_wait(a);
        cop_assert_equal(cop_registry_count("reg"), 2000);
}

/* ---- without memory ---- */

static void use_all(cop_term argument)
{
        cop_pid registry = cop_registry_start_link("reg", .keys = COP_KEYS_UNIQUE,
                                                   .meta = cop_build("#{a => {1, 2}}"));
        cop_term key = cop_build("{a, key}");

        cop_registry_register("reg", key, cop_build("[a, value]"));
        cop_registry_register("reg", "other", 2);
        cop_registry_lookup("reg", key);
        cop_registry_select("reg", "_");
        cop_registry_update_value("reg", "other", add, 1);
        cop_registry_put_meta("reg", 1, cop_build("{x}"));
        cop_server_start(actor, cop_nil(), .via = cop_registry_name("reg", "third"));
        cop_registry_unregister("reg", key);
        cop_supervisor_stop(registry);
}

/* Returns whether an allocation was refused. */
static bool live_with(int n)
{
        bool refused;

        cop_assert(cop_system_quiet(25000));
        cop__alloc_fail_at(n);
        cop_spawn(use_all, cop_nil());
        cop_assert(cop_system_quiet(25000));
        refused = cop__alloc_fail_at(0);
        cop_assert_equal(cop_process_count(), 1);
        return refused;
}

COP_TEST(REG_no_memory, "whichever allocation fails, nothing is left behind", .limit_s = 60)
{
        int n = 3; /* the first two are the spawn's own, in this process */

        cop_set_report_level(COP_LEVEL_EMERGENCY);
        cop_spawn(use_all, cop_nil()); /* makes what stays, such as atoms */
        while (live_with(n))
                n++;
        cop_assert(n > 50);
}
