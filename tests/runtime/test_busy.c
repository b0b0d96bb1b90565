/*
 * SIG: exit signals to a process that runs and runs: which of them end it where it is, and which do not.
 */
#include "support/puppet.h"

#include <stdatomic.h>

#include "base/sanitizers.h"
#include "runtime/process.h"
#include "runtime/scheduler.h"

static _Atomic(bool) runs, may_stop;

/* Linked with Whom; looks at no inbox before it may stop, and then says so to Told. */
static void run(cop_term argument)
{
        cop_pid whom, told;

        if (!cop_match(argument, "{Whom, Told}", &whom, &told))
                return;
        cop_link(whom);
        runs = true;
        while (!may_stop)
                continue;
        cop_send(told, "it_went_on");
}

/* Returns when it runs. */
static cop_pid busy(cop_pid linked_with)
{
        cop_pid pid;

        runs = may_stop = false;
        pid = cop_spawn(run, cop_build("{Whom, Me}", linked_with, cop_self()));
        while (!runs)
                cop_yield();
        return pid;
}

/* Until what came for it was looked at: is it the end? */
static void wait_for_verdict(cop_pid pid)
{
        while (cop__table_at(pid.word)->exit_came)
                cop_yield();
}

/* Somebody else has to run meanwhile, and can interrupt it. */
static bool can_be(void)
{
        return !COP_ASAN && !COP_TSAN && cop__system.scheduler_count > 1;
}

COP_TEST(SIG_7_busy, "an exit signal ends one that runs and runs")
{
        cop_pid pid;
        cop_ref ref;

        if (!can_be())
                return;
        pid = busy(puppet());
        ref = cop_monitor(pid);
        cop_exit_to(pid, "enough");
        cop_assert_term(down_reason(ref), "enough");
}

COP_TEST(SIG_7_busy_goes_on, "normal does not, nor does what else comes from who it is linked with")
{
        cop_ref ref;
        cop_pid pid;

        if (!can_be())
                return;
        cop_trap_exits(true);
        pid = busy(cop_self());
        ref = cop_monitor(pid);
        cop_exit_to(pid, "normal");
        wait_for_verdict(pid);
        may_stop = true;
        cop_assert_term(messages(),
                        "[it_went_on, {'EXIT', Pid, normal}, {'DOWN', Ref, process, Pid, normal}]",
                        pid, ref);
}

COP_TEST(SIG_8_busy, "the end of who it is linked with ends it as well")
{
        cop_pid other = puppet();
        cop_ref ref;

        if (!can_be())
                return;
        ref = cop_monitor(busy(other));
        pull_only(other, "{exit, over}");
        cop_assert_term(down_reason(ref), "over");
}

COP_TEST(SIG_10_busy_goes_on, "the end of one that it was linked with, and is no more, does not")
{
        cop_pid other = puppet(), pid;
        cop_ref ref, other_ref = cop_monitor(other);

        if (!can_be())
                return;
        pid = busy(other);
        ref = cop_monitor(pid);
        pull_only(other, "{unlink, Pid}", pid);
        pull_only(other, "{exit, over}");
        cop_assert_term(down_reason(other_ref), "over");
        cop_exit_to(pid, "normal");
        wait_for_verdict(pid);
        may_stop = true;
        cop_assert_term(down_reason(ref), "normal");
}

static void be_slow(void *none)
{
        runs = true;
        while (!may_stop)
                continue;
}

static void end_slowly(cop_term none)
{
        cop_own(NULL, be_slow);
        cop_exit("over");
}

COP_TEST(TERM_1_inbox,
         "all who ask it something when it has looked for the last time hear why it ended")
{
        enum { MANY = 3 };
        cop_ref refs[MANY];
        cop_term reason;
        cop_pid pid;
        int i;

        if (cop__system.scheduler_count < 2)
                return;
        runs = may_stop = false;
        pid = cop_spawn(end_slowly, cop_nil());
        while (!runs)
                cop_yield();
        for (i = 0; i < MANY; i++)
                refs[i] = cop_send_request(pid, "question");
        may_stop = true;
        for (i = 0; i < MANY; i++) {
                cop_assert_equal(cop_receive_response(refs[i], COP_FOREVER, &reason),
                                 COP_RESPONSE_ERROR);
                cop_assert_term(reason, "over");
        }
}
