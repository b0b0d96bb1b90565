/*
 * MEMORY: no memory is no surprise to servers and supervisors.
 *
 * A process starts a tree, talks to it, and stops it. First its first allocation fails, then its
 * second, and so on, until all goes well. However it ends, nobody else is harmed, and nothing is
 * left behind.
 */
#include <coppice/report.h>
#include <coppice/supervisor.h>

#include "base/alloc.h"
#include "support/world.h"

struct clerk {
        int64_t asked;
};

static cop_next handle_call(struct clerk *c, cop_term request, cop_from from)
{
        c->asked++;
        return cop_reply(cop_build("{asked, N, Request}", c->asked, request));
}

COP_SERVER(clerk, struct clerk, .handle_call = handle_call);
COP_SUPERVISOR(office, .strategy = COP_REST_FOR_ONE, .intensity = 3,
               .children = COP_CHILDREN(COP_WORKER(clerk, "1", .name = "clerk"),
                                        COP_WORKER(clerk, "2", .id = "second")));

static void a_day(cop_term argument)
{
        cop_pid office_pid;

        cop_set_report_level(COP_LEVEL_EMERGENCY);
        office_pid = cop_supervisor_start_link(office);
        cop_call("clerk", "{what, is, <<\"new\">>}");
        cop_start_child(office_pid, "#{id => third, start => {clerk, start_link, [3]}}");
        cop_terminate_child(office_pid, cop_atom("second"));
        cop_restart_child(office_pid, cop_atom("second"));
        cop_which_children(office_pid);
        cop_supervisor_stop(office_pid);
}

/* Returns whether an allocation was refused. */
static bool live_with(int n)
{
        bool refused;

        cop_assert(cop_system_quiet(5000));
        cop__alloc_fail_at(n);
        cop_spawn(a_day, cop_nil());
        cop_assert(cop_system_quiet(5000));
        refused = cop__alloc_fail_at(0);
        cop_assert_equal(cop_process_count(), 1);
        cop_assert(cop_is_nobody(cop_whereis("clerk")));
        return refused;
}

COP_TEST(MEMORY_tree, "whichever allocation of a tree's life fails, it ends cleanly", .limit_s = 60)
{
        int n = 3; /* the first two are the spawn's own, in this process */

        cop_spawn(a_day, cop_nil()); /* makes what stays, such as atoms */
        while (live_with(n))
                n++;
        cop_assert(n > 50);
}
