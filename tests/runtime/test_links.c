/*
 * LINK: links, from making to breaking.
 */
#include "support/puppet.h"

#include "runtime/process.h"
#include "runtime/scheduler.h"

static cop_pid dead_pid(void)
{
        cop_pid pid = puppet();

        pull(pid, "return");
        return pid;
}

static cop_term links_of(cop_pid pid)
{
        return cop_process_info(pid, "links");
}

COP_TEST(LINK_1_both, "a link is seen from both ends")
{
        cop_pid pid = puppet();

        cop_link(pid);
        cop_assert_term(links_of(cop_self()), "[Pid]", pid);
        cop_assert_term(links_of(pid), "[Me]", cop_self());
}

COP_TEST(LINK_1_once, "linking twice makes one link, from whichever side: one end, one EXIT")
{
        cop_pid pid = puppet();

        cop_trap_exits(true);
        cop_link(pid);
        cop_link(pid);
        pull(pid, "{link, Me}", cop_self());
        cop_assert_term(links_of(cop_self()), "[Pid]", pid);
        cop_assert_term(links_of(pid), "[Me]", cop_self());
        pull(pid, "{exit, over}");
        cop_assert_term(messages(), "[{'EXIT', Pid, over}]", pid);
}

COP_TEST(LINK_1_either_removes, "either side may remove the link, for both")
{
        cop_pid a = puppet(), b = puppet();

        cop_link(a);
        cop_unlink(a);
        cop_assert(cop_system_quiet(COP_FOREVER));
        cop_assert_term(links_of(a), "[]");
        cop_link(b);
        pull(b, "{unlink, Me}", cop_self());
        cop_assert_term(links_of(cop_self()), "[]");
        pull(b, "{exit, over}");
        cop_assert_term(messages(), "[]");
}

COP_TEST(LINK_1_self, "a link with oneself does nothing")
{
        cop_link(cop_self());
        cop_assert_term(links_of(cop_self()), "[]");
        cop_unlink(cop_self());
}

COP_TEST(LINK_1_crossing, "two that link and unlink each other at once agree in the end")
{
        cop_pid a = puppet(), b = puppet();
        int k;

        for (k = 0; k < world_times(); k++) {
                unsigned i;

                for (i = 0; i < 6; i++) {
                        const char *what = cop_test_random_below(2) ? "link" : "unlink";
                        bool of_a = cop_test_random_below(2);

                        pull_only(of_a ? a : b, "{What, Whom}", cop_atom(what), of_a ? b : a);
                }
                cop_assert(cop_system_quiet(COP_FOREVER));
                if (cop_is_nil(links_of(a)))
                        cop_assert_term(links_of(b), "[]");
                else
                        cop_assert_term(cop_build("{A, B}", links_of(a), links_of(b)), "{[B], [A]}",
                                        b, a);
        }
}

/* ---- LINK-2: nobody there ---- */

COP_TEST(LINK_2_trapping, "a link to a dead process: who traps exits gets {'EXIT', Pid, noproc}")
{
        cop_pid pid = dead_pid();

        cop_trap_exits(true);
        cop_link(pid);
        cop_assert_term(messages(), "[{'EXIT', Pid, noproc}]", pid);
        cop_assert_term(links_of(cop_self()), "[]");
}

static cop_pid whom;

static void links(void *unused)
{
        cop_link(whom);
}

COP_TEST(LINK_2_raises, "a link to a dead process: for who does not trap exits the call is noproc")
{
        cop_term reason, what, stack;

        whom = dead_pid();
        cop_assert_equal(cop_try(links, NULL, &reason), COP_ERROR);
        cop_assert_match(reason, "{What, Stack}", &what, &stack);
        cop_assert_term(what, "noproc");
        cop_assert_term(links_of(cop_self()), "[]");
}

COP_TEST(LINK_2_after_exit, "a link that comes after the exit signal gives noproc, always")
{
        int k;

        cop_trap_exits(true);
        for (k = 0; k < world_times(); k++) {
                cop_pid pid = puppet();

                if (k % 2)
                        cop_system_quiet(COP_FOREVER);
                cop_exit_to(pid, "over");
                if (k % 3 == 0)
                        cop_yield();
                cop_link(pid);
                cop_assert_term(cop_next_message(), "{'EXIT', Pid, noproc}", pid);
                cop_assert_term(messages(), "[]");
        }
}

COP_TEST(LINK_2_race, "a link to a process that just dies: its reason or noproc, and always one")
{
        int k;

        cop_trap_exits(true);
        for (k = 0; k < world_times(); k++) {
                cop_pid pid = puppet();
                cop_term reason;

                pull_only(pid, "{exit, over}");
                if (k % 2)
                        cop_yield();
                cop_link(pid);
                cop_assert_match(cop_next_message(), "{'EXIT', ^Pid, Reason}", &pid, &reason);
                cop_assert(cop_is(reason, "over") || cop_is(reason, "noproc"));
                cop_assert_term(messages(), "[]");
        }
}

static cop_pid told;

static void wait_to_go_on(void *unused)
{
        cop_send(told, "ending");
        cop_receive(COP_FOREVER, "go_on");
}

static void link_and_end(cop_term none)
{
        cop_link(told);
        cop_own(NULL, wait_to_go_on);
        cop_exit("over");
}

COP_TEST(LINK_2_crossing,
         "a link that crosses the other's, who ends meanwhile: one EXIT, with its reason")
{
        struct signal *crossing;
        cop_pid pid;

        told = cop_self();
        cop_trap_exits(true);
        pid = cop_spawn(link_and_end, cop_nil());
        cop_assert(cop_receive(5000, "ending"));
        /* What cop_link() sends where the other's has not come yet. */
        crossing = cop__signal_new(SIGNAL_LINK, pid.word, SIGNAL_SPARE_WORDS);
        crossing->from = cop_self().word;
        cop_assert(cop__deliver(crossing));
        cop_send(pid, "go_on");
        cop_assert_term(messages(), "[{'EXIT', Pid, over}]", pid);
}

/* ---- LINK-4: the end ---- */

COP_TEST(LINK_4_all, "at a process's end every linked process gets its reason")
{
        cop_pid dies = puppet(), a = puppet(.trap_exits = true), b = puppet(.trap_exits = true);
        cop_pid c = puppet();
        cop_ref ref = cop_monitor(c);
        cop_term got;

        pull(a, "{link, Dies}", dies);
        pull(b, "{link, Dies}", dies);
        pull(dies, "{link, C}", c);
        pull(dies, "{exit, {a, reason}}");
        got = messages();
        cop_assert_equal(cop_length(got), 3);
        cop_assert(has(got, cop_build("{A, {'EXIT', Dies, {a, reason}}}", a, dies)));
        cop_assert(has(got, cop_build("{B, {'EXIT', Dies, {a, reason}}}", b, dies)));
        cop_assert(has(got, cop_build("{'DOWN', R, process, C, {a, reason}}", ref, c)));
}

COP_TEST(LINK_4_chain, "an end goes on from link to link, round a ring too")
{
        enum { RING = 30 };
        cop_pid ring[RING];
        cop_ref refs[RING];
        int i;

        for (i = 0; i < RING; i++) {
                ring[i] = puppet();
                refs[i] = cop_monitor(ring[i]);
        }
        for (i = 0; i < RING; i++)
                pull_only(ring[i], "{link, Next}", ring[(i + 1) % RING]);
        cop_assert(cop_system_quiet(COP_FOREVER));
        pull_only(ring[7], "{exit, domino}");
        for (i = 0; i < RING; i++)
                cop_assert_term(down_reason(refs[i]), "domino");
}

COP_TEST(LINK_4_after_name, "who gets the EXIT finds the name free")
{
        int k;

        cop_trap_exits(true);
        for (k = 0; k < world_times(); k++) {
                cop_pid pid = puppet(.name = "linked", .link = true);

                pull_only(pid, "{exit, over}");
                cop_assert_term(cop_next_message(), "{'EXIT', Pid, over}", pid);
                cop_assert(cop_is_nobody(cop_whereis("linked")));
        }
}

COP_TEST(LINK_4_spawn, "a process that is spawned with a link is linked from its first instruction")
{
        int k;

        cop_trap_exits(true);
        for (k = 0; k < world_times(); k++) {
                cop_pid pid = puppet(.link = true);

                cop_assert(has(links_of(cop_self()), cop_pid_term(pid)));
                cop_kill(pid);
                cop_assert_term(cop_next_message(), "{'EXIT', Pid, killed}", pid);
        }
}

/* ---- LINK-5: unlink ---- */

COP_TEST(LINK_5_never_after, "after cop_unlink() the link's end adds no EXIT, however they cross")
{
        int k;

        cop_trap_exits(true);
        for (k = 0; k < world_times(); k++) {
                cop_pid pid = puppet(.link = true);

                pull_only(pid, "{exit, over}");
                if (k % 3)
                        cop_yield();
                cop_unlink(pid);
                cop_receive(0, "{'EXIT', ^Pid, _}", &pid);
                cop_assert_term(messages(), "[]");
        }
}

COP_TEST(LINK_5_not_harmed, "who does not trap exits is not harmed after cop_unlink()")
{
        int k;

        for (k = 0; k < world_times(); k++) {
                cop_pid unlinks = puppet(), dies = puppet();

                pull(unlinks, "{link, Dies}", dies);
                pull_only(unlinks, "{unlink, Dies}", dies);
                pull_only(unlinks, "{exit_to, Dies, over}", dies);
                cop_assert(cop_system_quiet(COP_FOREVER));
                cop_assert(!cop_is_alive(dies));
                cop_assert(cop_is_alive(unlinks));
                cop_kill(unlinks);
        }
}

COP_TEST(LINK_5_older_stays, "an EXIT that came before cop_unlink() stays in the mailbox")
{
        cop_pid pid = puppet();

        cop_trap_exits(true);
        cop_link(pid);
        pull(pid, "{exit, over}");
        cop_unlink(pid);
        cop_assert_term(messages(), "[{'EXIT', Pid, over}]", pid);
}

COP_TEST(LINK_5_not_linked, "cop_unlink() of who is not linked, or dead, does nothing")
{
        cop_pid pid = puppet();

        cop_unlink(pid);
        cop_unlink(dead_pid());
        cop_assert_term(messages(), "[]");
        cop_assert(cop_is_alive(pid));
}

COP_TEST(LINK_5_other_exits, "an exit signal that is not the link's counts after cop_unlink() too")
{
        cop_pid pid = puppet();

        cop_trap_exits(true);
        cop_link(pid);
        pull_only(pid, "{exit_to, Me, by_hand}", cop_self());
        cop_unlink(pid);
        cop_assert_term(messages(), "[{'EXIT', Pid, by_hand}]", pid);
}

/* ---- LINK-6: again ---- */

COP_TEST(LINK_6_again, "a link that was taken back and made again is a link")
{
        int k;

        cop_trap_exits(true);
        for (k = 0; k < world_times(); k++) {
                cop_pid pid = puppet();

                cop_link(pid);
                cop_unlink(pid);
                cop_link(pid);
                if (k % 2) {
                        cop_unlink(pid);
                        cop_link(pid);
                }
                cop_assert_term(links_of(cop_self()), "[Pid]", pid);
                pull_only(pid, "{exit, over}");
                cop_assert_term(cop_next_message(), "{'EXIT', Pid, over}", pid);
                cop_assert_term(messages(), "[]");
        }
}

COP_TEST(LINK_6_dead, "a link made again after the other's end is noproc")
{
        cop_pid pid = puppet();

        cop_trap_exits(true);
        cop_link(pid);
        pull(pid, "{exit, over}");
        cop_link(pid);
        cop_assert_term(messages(), "[{'EXIT', Pid, over}, {'EXIT', Pid, noproc}]", pid);
}
