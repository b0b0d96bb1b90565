/*
 * MON: monitors.
 */
#include "support/puppet.h"

static cop_pid dead_pid(void)
{
        cop_pid pid = puppet();

        pull(pid, "return");
        return pid;
}

static cop_term monitors_of(cop_pid pid)
{
        return cop_process_info(pid, "monitors");
}

static cop_term monitored_by(cop_pid pid)
{
        return cop_process_info(pid, "monitored_by");
}

COP_TEST(MON_1_each_its_own, "each monitor has a reference of its own, and its own DOWN")
{
        cop_pid pid = puppet();
        cop_ref a = cop_monitor(pid), b = cop_monitor(pid), c = cop_monitor(pid);
        cop_term got;

        cop_assert(a.word != b.word && b.word != c.word && a.word != c.word);
        pull(pid, "{exit, over}");
        got = messages();
        cop_assert_equal(cop_length(got), 3);
        cop_assert(has(got, cop_build("{'DOWN', R, process, P, over}", a, pid)));
        cop_assert(has(got, cop_build("{'DOWN', R, process, P, over}", b, pid)));
        cop_assert(has(got, cop_build("{'DOWN', R, process, P, over}", c, pid)));
}

COP_TEST(MON_2_one_down, "a monitor gives one DOWN with pid and reason, and is over with it")
{
        cop_pid pid = puppet();
        cop_ref ref = cop_monitor(pid);

        pull(pid, "{exit, {its, [reason, \"and\", 2.5]}}");
        cop_assert_term(messages(), "[{'DOWN', Ref, process, Pid, {its, [reason, \"and\", 2.5]}}]",
                        ref, pid);
        cop_assert_term(monitors_of(cop_self()), "[]");
}

COP_TEST(MON_2_by_name, "the DOWN of a monitor by name has {Name, Node} instead of the pid")
{
        cop_pid pid = puppet(.name = "watched");
        cop_ref by_text = cop_monitor("watched"), by_atom = cop_monitor(cop_atom("watched"));
        cop_term got;

        pull(pid, "{exit, over}");
        got = messages();
        cop_assert_equal(cop_length(got), 2);
        cop_assert(has(
                got, cop_build("{'DOWN', R, process, {watched, 'nonode@nohost'}, over}", by_text)));
        cop_assert(has(
                got, cop_build("{'DOWN', R, process, {watched, 'nonode@nohost'}, over}", by_atom)));
}

COP_TEST(MON_2_spawn, "a monitor from the start, whose process ends at once, gives one DOWN")
{
        int k;

        for (k = 0; k < world_times(); k++) {
                cop_ref ref;
                cop_pid pid = puppet(.monitor = &ref);

                pull_only(pid, "{exit, K}", k);
                cop_assert_term(cop_next_message(), "{'DOWN', Ref, process, Pid, K}", ref, pid, k);
                cop_assert_term(messages(), "[]");
        }
}

COP_TEST(MON_2_race, "A monitor set up while the process ends: one DOWN, its reason or noproc")
{
        int k;

        for (k = 0; k < world_times(); k++) {
                cop_pid pid = puppet();
                cop_term reason;
                cop_ref ref;

                pull_only(pid, "{exit, over}");
                if (k % 2)
                        cop_yield();
                ref = cop_monitor(pid);
                cop_assert_match(cop_next_message(), "{'DOWN', ^Ref, process, ^Pid, Reason}", &ref,
                                 &pid, &reason);
                cop_assert(cop_is(reason, "over") || cop_is(reason, "noproc"));
                cop_assert_term(messages(), "[]");
        }
}

COP_TEST(MON_3_reason, "the reason of a DOWN is that of the exit: normal, error, throw, kill")
{
        cop_pid pid;
        cop_term what, stack;
        cop_ref ref;

        pid = puppet(.monitor = &ref);
        pull(pid, "return");
        cop_assert_term(down_reason(ref), "normal");
        pid = puppet(.monitor = &ref);
        pull(pid, "{exit, shutdown}");
        cop_assert_term(down_reason(ref), "shutdown");
        pid = puppet(.monitor = &ref);
        pull(pid, "{error, badness}");
        cop_assert_match(down_reason(ref), "{What, Stack}", &what, &stack);
        cop_assert_term(what, "badness");
        cop_assert(cop_is_list(stack));
        pid = puppet(.monitor = &ref);
        pull(pid, "{throw, ball}");
        cop_assert_match(down_reason(ref), "{What, Stack}", &what, &stack);
        cop_assert_term(what, "{nocatch, ball}");
        pid = puppet(.monitor = &ref);
        cop_kill(pid);
        cop_assert_term(down_reason(ref), "killed");
}

COP_TEST(MON_3_noproc, "a monitor of a dead pid, or a name that nobody has, gives noproc")
{
        cop_pid pid = dead_pid();
        cop_ref of_pid = cop_monitor(pid);
        cop_ref of_name = cop_monitor("nobody_at_all");

        cop_assert_term(messages(),
                        "[{'DOWN', R1, process, Pid, noproc},"
                        " {'DOWN', R2, process, {nobody_at_all, 'nonode@nohost'}, noproc}]",
                        of_pid, pid, of_name);
}

COP_TEST(MON_3_after_exit, "a monitor that comes after the exit signal gives noproc, always")
{
        int k;

        for (k = 0; k < world_times(); k++) {
                cop_pid pid = puppet();
                cop_ref ref;

                if (k % 2)
                        cop_system_quiet(COP_FOREVER);
                cop_exit_to(pid, "over");
                if (k % 3 == 0)
                        cop_yield();
                ref = cop_monitor(pid);
                cop_assert_term(cop_next_message(), "{'DOWN', Ref, process, Pid, noproc}", ref,
                                pid);
                cop_assert_term(messages(), "[]");
        }
}

/* ---- MON-5: demonitor ---- */

COP_TEST(MON_5_never_after, "after cop_demonitor() no DOWN is added, however they cross")
{
        int k;

        for (k = 0; k < world_times(); k++) {
                cop_ref ref;
                cop_pid pid = puppet(.monitor = &ref);
                bool active;

                pull_only(pid, "{exit, over}");
                if (k % 3)
                        cop_yield();
                active = cop_demonitor(ref);
                if (active)
                        cop_assert_term(messages(), "[]");
                else
                        cop_assert_term(messages(), "[{'DOWN', R, process, P, over}]", ref, pid);
        }
}

COP_TEST(MON_5_info, "cop_demonitor() is true for an active monitor, false when fired or removed")
{
        cop_pid pid = puppet();
        cop_ref a = cop_monitor(pid), b = cop_monitor(pid);

        cop_assert(cop_demonitor(a));
        cop_assert(!cop_demonitor(a));
        pull(pid, "{exit, over}");
        cop_assert(!cop_demonitor(b));
        cop_assert(!cop_demonitor(cop_new_ref()));
        cop_assert_term(messages(), "[{'DOWN', B, process, P, over}]", b, pid);
}

COP_TEST(MON_5_flush, "cop_demonitor_flush() takes the DOWN out: false says there was one")
{
        int k;

        for (k = 0; k < world_times(); k++) {
                cop_ref ref;
                cop_pid pid = puppet(.monitor = &ref);

                cop_send(cop_self(), "other");
                if (k % 4)
                        pull_only(pid, "{exit, over}");
                if (k % 2)
                        cop_yield();
                if (k % 4 == 3)
                        cop_system_quiet(COP_FOREVER);
                if (k % 4 == 0)
                        cop_assert(cop_demonitor_flush(ref));
                else if (k % 4 == 3)
                        cop_assert(!cop_demonitor_flush(ref));
                else
                        cop_demonitor_flush(ref);
                cop_assert_term(messages(), "[other]");
                cop_kill(pid);
        }
}

COP_TEST(MON_5_flush_at_once, "where there is no DOWN cop_demonitor_flush() does not wait for one")
{
        int64_t before_ms;

        if (!world_is_simulated())
                return;
        before_ms = cop_now_ms();
        cop_assert(!cop_demonitor_flush(cop_new_ref()));
        cop_assert_equal(cop_now_ms(), before_ms);
}

COP_TEST(MON_5_both_sides, "after cop_demonitor() the other side has forgotten it")
{
        cop_pid pid = puppet();
        cop_ref ref = cop_monitor(pid);

        cop_assert_term(monitored_by(pid), "[Me]", cop_self());
        cop_demonitor(ref);
        cop_assert_term(monitored_by(pid), "[]");
        cop_assert_term(monitors_of(cop_self()), "[]");
}

COP_TEST(MON_6_name_moves, "a monitor by name stays with the process that had the name")
{
        cop_pid first = puppet(.name = "the_name"), second = puppet();
        cop_ref ref = cop_monitor("the_name");

        cop_unregister("the_name");
        cop_register("the_name", second);
        pull(second, "{exit, not_this}");
        cop_assert_term(messages(), "[]");
        pull(first, "{exit, this}");
        cop_assert_term(messages(), "[{'DOWN', Ref, process, {the_name, 'nonode@nohost'}, this}]",
                        ref);
}

COP_TEST(MON_7_self, "a monitor of oneself is allowed, and never fires")
{
        cop_ref ref = cop_monitor(cop_self());

        cop_assert_term(messages(), "[]");
        cop_assert(cop_demonitor(ref));
        cop_assert(!cop_demonitor(ref));
        cop_monitor(cop_self());
}

COP_TEST(MON_8_no_effect, "a monitor has no effect on who is monitored; only its end is seen")
{
        cop_pid watched = puppet(.trap_exits = true), watcher = puppet();

        pull(watcher, "{monitor, Pid}", watched);
        cop_assert(cop_receive(5000, "{^Watcher, {monitors, _}}", &watcher));
        cop_assert_term(monitored_by(watched), "[Watcher]", watcher);
        pull(watcher, "{exit, over}");
        cop_assert(cop_is_alive(watched));
        cop_assert_term(messages(), "[]");
        cop_assert_term(monitored_by(watched), "[]");
}

COP_TEST(MON_9_tag, "the tag stands in the message instead of DOWN, whatever term it is")
{
        cop_pid pid = puppet();
        cop_ref a = cop_monitor(pid, .tag = cop_atom("gone"));
        cop_ref b = cop_monitor(pid, .tag = cop_build("{my, \"tag\", [1, 2.5]}"));
        cop_term got;

        pull(pid, "{exit, over}");
        got = messages();
        cop_assert_equal(cop_length(got), 2);
        cop_assert(has(got, cop_build("{gone, A, process, P, over}", a, pid)));
        cop_assert(has(got, cop_build("{{my, \"tag\", [1, 2.5]}, B, process, P, over}", b, pid)));
}

COP_TEST(MON_9_tag_flush, "cop_demonitor_flush() takes out the message with a tag, too")
{
        cop_pid pid = puppet();
        cop_ref ref = cop_monitor(pid, .tag = cop_build("{my, tag}"));

        pull(pid, "{exit, over}");
        cop_assert(!cop_demonitor_flush(ref));
        cop_assert_term(messages(), "[]");
}

COP_TEST(MON_9_tag_unused, "the tag of a monitor that never fires goes with it")
{
        cop_pid pid = puppet();
        int k;

        for (k = 0; k < 100; k++)
                cop_demonitor(cop_monitor(pid, .tag = cop_build("{my, K}", k)));
        /* And this one's with the process. */
        cop_monitor(pid, .tag = cop_build("{my, tag}"));
}

COP_TEST(MON_10_exit_first, "who has a link and a monitor gets the EXIT before the DOWN")
{
        int k;

        cop_trap_exits(true);
        for (k = 0; k < world_times(); k++) {
                cop_ref before, after;
                cop_pid pid = puppet(.monitor = &before, .link = true);

                after = cop_monitor(pid);
                pull_only(pid, "{exit, over}");
                cop_assert_term(cop_next_message(), "{'EXIT', Pid, over}", pid);
                down_reason(before);
                down_reason(after);
                cop_assert_term(messages(), "[]");
        }
}

COP_TEST(MON_10_unlink_after, "after the DOWN, an unlink leaves the EXIT where it is: queued")
{
        int k;

        cop_trap_exits(true);
        for (k = 0; k < world_times(); k++) {
                cop_ref ref;
                cop_pid pid = puppet(.monitor = &ref, .link = true);

                pull_only(pid, "{exit, over}");
                cop_assert_term(down_reason(ref), "over");
                cop_unlink(pid);
                cop_assert(cop_receive(0, "{'EXIT', ^Pid, over}", &pid));
        }
}
