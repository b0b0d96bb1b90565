/*
 * AL: aliases, references to which messages can be sent until they are switched off.
 */
#include "support/puppet.h"

COP_TEST(AL_1_active, "while it is on, a message to an alias reaches its owner like one to its pid")
{
        cop_ref alias = cop_alias(COP_ALIAS_EXPLICIT);
        cop_pid other = puppet();

        cop_send(alias, "{from, me}");
        pull(other, "{send, Alias, {from, other}}", alias);
        cop_assert_term(messages(), "[{from, me}, {from, other}]");
}

COP_TEST(AL_1_inactive, "a message to an alias that is off is dropped, and so is one to a mere ref")
{
        cop_ref alias = cop_alias(COP_ALIAS_EXPLICIT);
        cop_pid other = puppet();

        cop_assert(cop_unalias(alias));
        pull(other, "{send, Alias, late}", alias);
        pull(other, "{send, Ref, late}", cop_new_ref());
        cop_assert_term(messages(), "[]");
        cop_assert_term(cop_process_info(cop_self(), "message_queue_len"), "0");
}

COP_TEST(AL_2_in_the_mailbox, "what is in the mailbox when the alias goes off stays there")
{
        cop_ref alias = cop_alias(COP_ALIAS_EXPLICIT);
        cop_pid other = puppet();

        pull(other, "{send, Alias, early}", alias);
        /* Looking into the mailbox brings in what has arrived. */
        cop_assert(!cop_receive(0, "nothing_such"));
        cop_assert(cop_unalias(alias));
        cop_assert_term(messages(), "[early]");
}

COP_TEST(AL_2_under_way, "what is under way when the alias goes off is dropped, one's own too")
{
        cop_ref alias = cop_alias(COP_ALIAS_EXPLICIT);

        cop_send(alias, "mine");
        cop_assert(cop_unalias(alias));
        cop_assert_term(messages(), "[]");
}

COP_TEST(AL_2_race, "after cop_unalias() nothing gets in, however the two cross")
{
        cop_pid other = puppet();
        int k;

        for (k = 0; k < world_times(); k++) {
                cop_ref alias = cop_alias(COP_ALIAS_EXPLICIT);
                bool before;

                pull_only(other, "{send, Alias, m}", alias);
                if (k % 3)
                        cop_yield();
                before = cop_receive(0, "m");
                cop_assert(cop_unalias(alias));
                cop_assert(!before || !cop_receive(0, "m"));
                cop_assert_term(messages(), "[]");
        }
}

COP_TEST(AL_3_explicit, "an explicit alias stays on until cop_unalias()")
{
        cop_ref alias = cop_alias(COP_ALIAS_EXPLICIT);
        int k;

        for (k = 0; k < 3; k++)
                cop_send(alias, "m");
        cop_assert_term(messages(), "[m, m, m]");
        cop_assert(cop_unalias(alias));
        cop_assert(!cop_unalias(alias));
}

COP_TEST(AL_3_reply, "a reply alias goes off with the first message through it")
{
        cop_ref alias = cop_alias(COP_ALIAS_REPLY);

        cop_send(alias, "first");
        cop_send(alias, "second");
        cop_assert_term(messages(), "[first]");
        cop_assert(!cop_unalias(alias));
}

/* ---- AL-4: with a monitor ---- */

COP_TEST(AL_4_explicit, "with a monitor, explicit: it outlives the monitor and its DOWN")
{
        cop_pid a = puppet(), b = puppet();
        cop_ref of_a = cop_monitor(a, .alias = COP_ALIAS_EXPLICIT);
        cop_ref of_b = cop_monitor(b, .alias = COP_ALIAS_EXPLICIT);

        cop_send(of_a, "before");
        cop_assert(cop_demonitor(of_a));
        cop_send(of_a, "after_demonitor");
        pull(b, "{exit, over}");
        cop_send(of_b, "after_down");
        cop_assert_term(messages(),
                        "[before, after_demonitor, {'DOWN', B, process, Pid, over}, after_down]",
                        of_b, b);
        cop_assert(cop_unalias(of_a));
        cop_assert(cop_unalias(of_b));
        cop_send(of_a, "late");
        cop_send(of_b, "late");
        cop_assert_term(messages(), "[]");
}

COP_TEST(AL_4_demonitor, "with a monitor, demonitor: it goes off with cop_demonitor()")
{
        cop_pid pid = puppet();
        cop_ref ref = cop_monitor(pid, .alias = COP_ALIAS_DEMONITOR);

        cop_send(ref, "one");
        cop_send(ref, "two");
        cop_assert(cop_demonitor(ref));
        cop_send(ref, "late");
        cop_assert_term(messages(), "[one, two]");
        cop_assert(!cop_unalias(ref));
}

COP_TEST(AL_4_demonitor_down, "with a monitor, demonitor: it goes off with the DOWN")
{
        cop_pid pid = puppet();
        cop_ref ref = cop_monitor(pid, .alias = COP_ALIAS_DEMONITOR);

        pull(pid, "{exit, over}");
        cop_assert(cop_receive(0, "{'DOWN', ^Ref, process, _, over}", &ref));
        cop_send(ref, "late");
        cop_assert_term(messages(), "[]");
}

COP_TEST(AL_4_reply_demonitor, "with a monitor, reply_demonitor: the first message ends both")
{
        cop_pid pid = puppet();
        cop_ref ref = cop_monitor(pid, .alias = COP_ALIAS_REPLY_DEMONITOR);

        cop_send(ref, "first");
        cop_send(ref, "second");
        cop_assert_term(messages(), "[first]");
        cop_assert_term(cop_process_info(pid, "monitored_by"), "[]");
        pull(pid, "{exit, over}");
        cop_assert_term(messages(), "[]");
        cop_assert(!cop_demonitor(ref));
}

COP_TEST(AL_4_reply_demonitor_down, "with a monitor, reply_demonitor: it goes off with the DOWN")
{
        cop_pid pid = puppet();
        cop_ref ref = cop_monitor(pid, .alias = COP_ALIAS_REPLY_DEMONITOR);

        pull(pid, "{exit, over}");
        cop_assert_term(messages(), "[{'DOWN', R, process, P, over}]", ref, pid);
        cop_send(ref, "late");
        cop_assert_term(messages(), "[]");
}

COP_TEST(AL_4_unalias_keeps_monitor, "cop_unalias() of a monitor's alias leaves the monitor")
{
        cop_pid pid = puppet();
        cop_ref ref = cop_monitor(pid, .alias = COP_ALIAS_DEMONITOR);

        cop_assert(cop_unalias(ref));
        cop_send(ref, "late");
        pull(pid, "{exit, over}");
        cop_assert_term(messages(), "[{'DOWN', R, process, P, over}]", ref, pid);
}

COP_TEST(AL_4_race, "reply_demonitor: the answer or the DOWN comes, and never both")
{
        int k;

        for (k = 0; k < world_times(); k++) {
                cop_pid pid = puppet();
                cop_ref ref = cop_monitor(pid, .alias = COP_ALIAS_REPLY_DEMONITOR);

                if (k % 2)
                        pull_only(pid, "{send, Alias, answer}", ref);
                pull_only(pid, "{exit, over}");
                if (k % 2)
                        cop_assert_term(messages(), "[answer]");
                else
                        cop_assert_term(messages(), "[{'DOWN', R, process, P, over}]", ref, pid);
        }
}

/* ---- AL-5 ---- */

static void unalias_of_others(cop_term argument)
{
        cop_ref alias;
        cop_pid owner;

        if (cop_match(argument, "{Owner, Alias}", &owner, &alias))
                cop_send(owner, "{taken, Whether}", cop_bool(cop_unalias(alias)));
}

COP_TEST(AL_5_owner_only, "nobody but the owner can switch an alias off")
{
        cop_ref alias = cop_alias(COP_ALIAS_EXPLICIT);

        cop_spawn(unalias_of_others, cop_build("{Me, Alias}", cop_self(), alias));
        cop_assert_term(messages(), "[{taken, false}]");
        cop_send(alias, "still_on");
        cop_assert_term(messages(), "[still_on]");
        cop_assert(cop_unalias(alias));
}

COP_TEST(AL_5_dead_owner,
         "a message to the alias of a dead process vanishes, its slot used again or not")
{
        cop_pid owner = puppet(), next;
        cop_ref alias;

        pull_only(owner, "{monitor, Me}", cop_self());
        cop_assert(cop_receive(5000, "{^Owner, {monitors, Alias}}", &owner, &alias));
        pull(owner, "return");
        next = puppet();
        cop_send(alias, "late");
        cop_assert_term(messages(), "[]");
        pull(next, "return");
}

COP_TEST(AL_6_late_reply, "a request by hand: after the alias is off, a late reply is nowhere")
{
        cop_pid slow = puppet();
        int k;

        for (k = 0; k < world_times(); k++) {
                cop_ref ref = cop_monitor(slow, .alias = COP_ALIAS_REPLY_DEMONITOR);
                cop_term answer;

                pull_only(slow, "{send, Alias, {Alias, answer}}", ref);
                if (cop_receive(0, "{^Ref, Answer}", &ref, &answer))
                        continue;
                cop_demonitor_flush(ref);
                cop_receive(0, "{^Ref, Answer}", &ref, &answer);
                cop_assert_term(messages(), "[]");
        }
}
