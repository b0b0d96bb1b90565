/*
 * PG: process groups.
 */
#include <coppice/pg.h>
#include <coppice/registry.h>

#include "support/actor.h"
#include "support/member.h"

static cop_pid scope;

static void begin(void)
{
        actors_begin();
        cop_trap_exits(true);
        scope = cop_pg_start_link("scope");
}

static cop_term members(const char *group)
{
        return cop_sort(cop_pg_get_members("scope", cop_atom(group)));
}

static cop_term group(const char *name)
{
        return cop_atom(name);
}

COP_TEST(PG_1, "who joins twice is a member twice, and has to leave twice")
{
        cop_pid a, b;

        begin();
        a = member_start();
        b = member_start();
        cop_pg_join("scope", group("g"), a);
        cop_pg_join("scope", group("g"), cop_build("[A, B]", a, b));
        cop_assert_term(members("g"), "L", cop_sort(cop_build("[A, A, B]", a, b)));
        cop_assert(cop_pg_leave("scope", group("g"), a));
        cop_assert_term(members("g"), "L", cop_sort(cop_build("[A, B]", a, b)));
        cop_assert(cop_pg_leave("scope", group("g"), a));
        cop_assert(!cop_pg_leave("scope", group("g"), a));
        cop_assert(!cop_pg_leave("scope", group("other"), b));
        cop_assert(!cop_pg_leave("scope", group("g"), cop_nil()));
        cop_assert_term(members("g"), "[B]", b);
}

COP_TEST(PG_1_list, "of a list those leave who are members; one is enough")
{
        cop_pid a, b;

        begin();
        a = member_start();
        b = member_start();
        cop_pg_join("scope", group("g"), cop_build("[A, B, B]", a, b));
        cop_assert(cop_pg_leave("scope", group("g"), cop_build("[A, A, B, Me]", a, b, cop_self())));
        cop_assert_term(members("g"), "[B]", b);
        cop_assert(!cop_pg_leave("scope", group("g"), cop_build("[Me]", cop_self())));
}

COP_TEST(PG_2, "a group is there while it has members; the dead leave, as often as they joined")
{
        cop_pid a, b;

        begin();
        a = member_start();
        b = member_start();
        cop_assert_term(cop_pg_which_groups("scope"), "[]");
        cop_pg_join("scope", group("empty"), cop_nil());
        cop_assert_term(cop_pg_which_groups("scope"), "[]");
        cop_pg_join("scope", group("g"), cop_build("[A, A, B]", a, b));
        cop_pg_join("scope", group("h"), a);
        cop_assert_term(cop_pg_which_groups("scope"), "[g, h]");
        cop_assert_term(cop_pg_which_local_groups("scope"), "[g, h]");
        kill_and_wait(a);
        cop_assert_term(cop_pg_which_groups("scope"), "[g]");
        cop_assert_term(members("g"), "[B]", b);
        cop_pg_leave("scope", group("g"), b);
        cop_assert_term(cop_pg_which_groups("scope"), "[]");
        cop_pg_join("scope", group("g"), a); /* who is dead */
        cop_system_quiet(25000);
        cop_assert_term(cop_pg_which_groups("scope"), "[]");
        cop_assert_match(cop_sys_get_state("scope"), "#{members := 0}");
}

struct joining {
        const char *scope;
        cop_term who;
};

static void join(void *argument)
{
        struct joining *joining = argument;

        cop_pg_join(joining->scope, cop_atom("g"), joining->who);
}

static void leave_it(void *argument)
{
        struct joining *joining = argument;

        cop_pg_leave(joining->scope, cop_atom("g"), joining->who);
}

COP_TEST(PG_3, "only processes of this node join; its members are all the members")
{
        struct joining joining = { "scope", cop_atom("foo") };

        begin();
        cop_assert_match(exit_of(join, &joining), "{function_clause, _}");
        cop_assert_match(exit_of(leave_it, &joining), "{function_clause, _}");
        joining.who = cop_build("[Me, foo]", cop_self());
        cop_assert_match(exit_of(join, &joining), "{{nolocal, foo}, _}");
        cop_assert_term(members("g"), "[]");
        cop_pg_join("scope", group("g"), cop_self());
        cop_assert_term(cop_pg_get_local_members("scope", group("g")), "[Me]", cop_self());
}

static void which(void *name)
{
        cop_pg_which_groups(name);
}

static void watch(void *name)
{
        cop_term groups;

        cop_pg_monitor_scope(name, &groups);
}

COP_TEST(PG_3_no_scope, "without a scope: no members, no groups, and calls exit with noproc")
{
        struct joining joining = { "nobody", cop_nil() };
        char name[] = "nobody";

        begin();
        cop_assert_match(exit_of(join, &joining),
                         "{noproc, {gen_server, call, [nobody, {join_local, g, []}, infinity]}}");
        cop_assert_match(exit_of(watch, name),
                         "{noproc, {gen_server, call, [nobody, monitor, infinity]}}");
        cop_assert_match(exit_of(which, name), "{badarg, _}");
        cop_assert_term(cop_pg_get_members("nobody", group("g")), "[]");
}

COP_TEST(PG_4, "who monitors a scope or a group hears who joins and leaves")
{
        cop_term groups, now;
        cop_ref all, one;
        cop_pid a;

        begin();
        a = member_start();
        cop_pg_join("scope", group("h"), a);
        all = cop_pg_monitor_scope("scope", &groups);
        one = cop_pg_monitor("scope", group("g"), &now);
        cop_assert_term(groups, "#{h => [A]}", a);
        cop_assert_term(now, "[]");
        messages();
        cop_pg_join("scope", group("g"), a);
        cop_pg_join("scope", group("h"), cop_build("[A, A]", a));
        cop_pg_leave("scope", group("g"), cop_self()); /* who is no member: nothing */
        cop_pg_leave("scope", group("h"), a);
        cop_assert_term(messages(),
                        "[{All, join, g, [A]}, {One, join, g, [A]}, {All, join, h, [A, A]},"
                        " {All, leave, h, [A]}]",
                        all, a, one);
        kill_and_wait(a);
        cop_assert_term(cop_sort(messages()), "L",
                        cop_sort(cop_build("[{All, leave, g, [A]}, {One, leave, g, [A]},"
                                           " {All, leave, h, [A]}, {All, leave, h, [A]}]",
                                           all, a, one)));
}

COP_TEST(PG_4_order, "what is monitored is not missed: there is no gap between now and the first "
                     "message")
{
        cop_term groups, pids;
        cop_ref ref;
        cop_pid a;

        begin();
        a = member_start();
        cop_pg_join("scope", "g", a);
        ref = cop_pg_monitor("scope", "g", &pids);
        cop_assert_term(pids, "[A]", a);
        cop_assert(cop_pg_demonitor("scope", ref));
        cop_assert(!cop_pg_demonitor("scope", ref));
        cop_assert(!cop_pg_demonitor("scope", cop_new_ref()));
        messages();
        cop_pg_join("scope", "g", a);
        cop_assert_term(messages(), "[]");
        ref = cop_pg_monitor_scope("scope", &groups);
        cop_assert_term(groups, "#{<<\"g\">> => [A, A]}", a);
}

static void watch_and_end(cop_term unused)
{
        cop_term groups;

        cop_pg_monitor_scope("scope", &groups);
}

COP_TEST(PG_4_ends, "whoever monitored and has ended is forgotten")
{
        cop_ref ref;

        begin();
        cop_spawn(watch_and_end, cop_nil(), .monitor = &ref);
        down_reason(ref);
        cop_system_quiet(25000);
        cop_assert_match(cop_sys_get_state("scope"), "#{monitors := 0}");
}

static void count_registry(void *unused)
{
        cop_registry_count("scope");
}

static void meta_of_groups(void *unused)
{
        cop_registry_meta("scope", 1);
}

COP_TEST(PG_scopes,
         "scopes know nothing of each other, and are no registries; nor are those scopes")
{
        char name[] = "reg";

        begin();
        cop_pg_start_link("second");
        cop_registry_start_link("reg", .keys = COP_KEYS_DUPLICATE);
        cop_pg_join("scope", "g", cop_self());
        cop_registry_register("reg", "g", 1);
        cop_assert_term(cop_pg_get_members("second", "g"), "[]");
        cop_assert_term(cop_pg_get_members("reg", "g"), "[]");
        cop_assert_match(exit_of(which, name), "{badarg, _}");
        cop_assert_match(exit_of(count_registry, NULL), "{{unknown_registry, scope}, _}");
        cop_assert_match(exit_of(meta_of_groups, NULL), "{{unknown_registry, scope}, _}");
        cop_assert_match(cop_server_try_start(cop_pg, cop_nil(), .name = "scope"),
                         "{error, {already_started, _}}");
        cop_assert_match(cop_server_try_start(cop_pg, cop_nil()), "{error, {badarg, []}}");
        messages();
}

COP_TEST(PG_ends, "a scope that is started again is empty; its members live")
{
        cop_pid a;

        begin();
        a = member_start();
        cop_pg_join("scope", "g", a);
        kill_and_wait(scope);
        cop_assert_term(cop_pg_get_members("scope", "g"), "[]");
        cop_pg_start_link("scope");
        cop_assert(cop_is_alive(a));
        cop_assert_term(cop_pg_which_groups("scope"), "[]");
        cop_pg_join("scope", "g", a);
        cop_assert_term(cop_pg_get_members("scope", "g"), "[A]", a);
}

static void churn(cop_term number)
{
        int64_t n = cop_to_int(number), i;

        for (i = 0; i < 30; i++) {
                cop_pg_join("scope", (n + i) % 7, cop_self());
                cop_pg_get_members("scope", i % 7);
                if (i % 2)
                        cop_pg_leave("scope", (n + i) % 7, cop_self());
                cop_pg_which_groups("scope");
        }
        if (n % 2)
                cop_exit("bye");
}

COP_TEST(PG_churn, "many join, look, leave and die at once, and nothing is left of the dead")
{
        cop_ref refs[30];
        int i;

        begin();
        for (i = 0; i < 30; i++)
                cop_spawn(churn, cop_int(i), .monitor = &refs[i]);
        for (i = 0; i < 30; i++)
                down_reason(refs[i]);
        cop_system_quiet(25000);
        cop_assert_term(cop_pg_which_groups("scope"), "[]");
        cop_assert_match(cop_sys_get_state("scope"), "#{members := 0}");
}
