/*
 * NAME: registered names.
 */
#include "support/puppet.h"

static const char *wanted_name;
static cop_pid wanted_pid;

static void registers(void *unused)
{
        cop_register(wanted_name, wanted_pid);
}

static void unregisters(void *unused)
{
        cop_unregister(wanted_name);
}

/* The call is an error, with badarg. */
static void is_badarg(void (*call)(void *), const char *name, cop_pid pid)
{
        cop_term reason, what, stack;

        wanted_name = name;
        wanted_pid = pid;
        cop_assert_equal(cop_try(call, NULL, &reason), COP_ERROR);
        cop_assert_match(reason, "{What, Stack}", &what, &stack);
        cop_assert_term(what, "badarg");
}

COP_TEST(NAME_1_register, "a registered process is found by its name, and gets what is sent to it")
{
        cop_pid pid = puppet();

        cop_register("somebody", pid);
        cop_assert(cop_same(cop_whereis("somebody"), pid));
        cop_assert(cop_same(cop_find("somebody"), pid));
        cop_assert(cop_same(cop_find(cop_atom("somebody")), pid));
        cop_assert_term(cop_registered(), "[somebody]");
        cop_assert_term(cop_process_info(pid, "registered_name"), "somebody");
        cop_send("somebody", "hello");
        cop_assert_term(messages(), "[{Pid, hello}]", pid);
}

COP_TEST(NAME_1_taken, "a name that is taken is badarg")
{
        cop_pid a = puppet(.name = "taken"), b = puppet();

        is_badarg(registers, "taken", b);
        is_badarg(registers, "taken", a);
        cop_assert(cop_same(cop_whereis("taken"), a));
        cop_assert_term(cop_process_info(b, "registered_name"), "[]");
        cop_register("b", b); /* it got none by the attempt */
}

COP_TEST(NAME_1_dead, "a dead process is badarg, and the name stays free")
{
        cop_pid pid = puppet();

        pull(pid, "return");
        is_badarg(registers, "ghost", pid);
        cop_assert(cop_is_nobody(cop_whereis("ghost")));
        cop_register("ghost", cop_self());
        cop_unregister("ghost");
}

COP_TEST(NAME_1_second, "a process that has a name gets no other one")
{
        cop_pid pid = puppet(.name = "first");

        is_badarg(registers, "second", pid);
        cop_assert(cop_is_nobody(cop_whereis("second")));
        cop_assert(cop_same(cop_whereis("first"), pid));
}

COP_TEST(NAME_1_undefined, "the name undefined is badarg")
{
        is_badarg(registers, "undefined", cop_self());
        cop_assert(cop_is_nobody(cop_whereis("undefined")));
}

COP_TEST(NAME_1_unregister,
         "a name can be taken back and given again; one that nobody has is badarg")
{
        cop_pid a = puppet(.name = "moving"), b = puppet();

        cop_unregister("moving");
        cop_assert(cop_is_nobody(cop_whereis("moving")));
        cop_assert_term(cop_process_info(a, "registered_name"), "[]");
        cop_register("moving", b);
        cop_register("other", a);
        cop_assert(cop_same(cop_whereis("moving"), b));
        is_badarg(unregisters, "nobody_has_it", cop_self());
        cop_unregister("moving");
        is_badarg(unregisters, "moving", cop_self());
}

COP_TEST(NAME_1_whereis, "a name that nobody has, and never had, is nobody")
{
        cop_assert(cop_is_nobody(cop_whereis("never_heard_of")));
        cop_assert(cop_is_nobody(cop_find("never_heard_of")));
}

static void spawns_taken(void *unused)
{
        puppet(.name = wanted_name);
}

COP_TEST(NAME_1_spawn, "spawning with a name that is taken is badarg, and nothing of it is left")
{
        cop_ref ref;
        size_t before;

        puppet(.name = "taken");
        before = cop_process_count();
        is_badarg(spawns_taken, "taken", cop_self());
        is_badarg(spawns_taken, "undefined", cop_self());
        cop_assert_equal(cop_process_count(), before);
        puppet(.name = "free", .link = true, .monitor = &ref);
        cop_unlink(cop_whereis("free"));
}

COP_TEST(NAME_1_race, "of many that want the same name at once one gets it")
{
        enum { CROWD = 5 };
        cop_pid crowd[CROWD], winner;
        cop_ref refs[CROWD];
        int i, k;

        for (k = 0; k < world_times(); k++) {
                int alive = 0;

                for (i = 0; i < CROWD; i++)
                        crowd[i] = puppet(.monitor = &refs[i]);
                for (i = 0; i < CROWD; i++)
                        pull_only(crowd[i], "{register, \"crown\", Me}", crowd[i]);
                cop_assert(cop_system_quiet(COP_FOREVER));
                winner = cop_whereis("crown");
                for (i = 0; i < CROWD; i++) {
                        if (!cop_is_alive(crowd[i]))
                                continue;
                        alive++;
                        cop_assert(cop_same(crowd[i], winner));
                }
                cop_assert_equal(alive, 1);
                cop_kill(winner);
                for (i = 0; i < CROWD; i++)
                        down_reason(refs[i]);
                cop_assert(cop_is_nobody(cop_whereis("crown")));
        }
}

COP_TEST(NAME_2_down, "who gets the DOWN finds the name free, and can give it again")
{
        cop_pid pid;
        cop_ref ref;
        int k;

        for (k = 0; k < world_times(); k++) {
                pid = puppet(.name = "phoenix", .monitor = &ref);
                pull_only(pid, "{exit, over}");
                down_reason(ref);
                cop_assert(cop_is_nobody(cop_whereis("phoenix")));
        }
}

COP_TEST(NAME_2_exit, "who gets the EXIT finds the name free, and can give it again")
{
        int k;

        cop_trap_exits(true);
        for (k = 0; k < world_times(); k++) {
                cop_pid pid = puppet(.name = "phoenix", .link = true);

                cop_kill(pid);
                cop_assert(cop_receive(5000, "{'EXIT', ^Pid, killed}", &pid));
                cop_assert(cop_is_nobody(cop_whereis("phoenix")));
        }
}

COP_TEST(NAME_2_register_race, "a name given to a process that just dies is not kept by the dead")
{
        int k;

        for (k = 0; k < world_times(); k++) {
                cop_term reason;
                cop_ref ref;

                wanted_pid = puppet(.monitor = &ref);
                wanted_name = "late";
                pull_only(wanted_pid, "{exit, over}");
                if (k % 2)
                        cop_yield();
                cop_try(registers, NULL, &reason);
                down_reason(ref);
                cop_assert(cop_is_nobody(cop_whereis("late")));
        }
}
