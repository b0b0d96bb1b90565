/*
 * What a supervisor of very many children costs: the rows of bench/rows that begin with children.
 * children.erl does the same with a simple_one_for_one supervisor, which is what Erlang has for it.
 *
 *     build/bench/children NUMBER
 */
#include <coppice/dynamic_supervisor.h>
#include <coppice/memory.h>
#include <coppice/report.h>
#include <coppice/system.h>

#include <stdio.h>
#include <stdlib.h>

#include "measure.h"
#include "worker.h"

COP_DYNAMIC_SUPERVISOR(workers, .max_restarts = 100);

/* ---- what is measured ---- */

static void show(const char *row, double figure, const char *unit)
{
        printf("children_%s\t%.4g\t%s\n", row, figure, unit);
        fflush(stdout);
}

static void start_all(cop_pid supervisor, long number)
{
        cop_term spec = COP_CHILD_SPEC(COP_WORKER(worker, "[]"));

        while (number-- > 0)
                cop_scope {
                        if (!cop_match(cop_start_child(supervisor, "Spec", spec), "{ok, _}"))
                                cop_exit("not_started");
                }
}

/* All of them, as a list; the first one's pid. */
static cop_pid list_all(cop_pid supervisor, long number)
{
        cop_term list = cop_which_children(supervisor);
        cop_pid pid = { 0 };

        if ((long)cop_length(list) != number ||
            !cop_match(cop_head(list), "{undefined, Pid, worker, _}", &pid))
                cop_exit("wrong_list");
        return pid;
}

static void count_all(cop_pid supervisor, long number)
{
        long active;

        cop_match(cop_count_children(supervisor), "[_, {active, N} | _]", &active);
        if (active != number)
                cop_exit("wrong_count");
}

/* Until it is there again: kills it and counts, which the supervisor does after it has restarted it. */
static void restart_one(cop_pid supervisor, cop_pid pid, long number)
{
        cop_ref ref = cop_monitor(pid);

        cop_kill(pid);
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, _, _, _}", &ref);
        count_all(supervisor, number);
}

static void run(long number)
{
        cop_pid supervisor = cop_supervisor_start_link(workers), one = { 0 };
        double before;
        int64_t start;

        cop_set_report_level(COP_LEVEL_EMERGENCY);
        start_all(supervisor, 1000);
        before = resident();
        start = cop_now_ns();
        start_all(supervisor, number);
        show("start", (double)number / since(start) * 1e9, "/s");
        show("size", (resident() - before) / (double)number, "B");
        number += 1000;

        start = cop_now_ns();
        cop_scope {
                one = list_all(supervisor, number);
        }
        show("list", since(start) / 1e6, "ms");
        start = cop_now_ns();
        count_all(supervisor, number);
        show("count", since(start) / 1e3, "us");
        start = cop_now_ns();
        restart_one(supervisor, one, number);
        show("restart", since(start) / 1e3, "us");
        start = cop_now_ns();
        cop_supervisor_stop(supervisor);
        show("stop", since(start) / 1e6, "ms");
        fflush(stdout);
        _Exit(0);
}

static long number_wanted;

static void begin(cop_term nothing)
{
        run(number_wanted);
}

int main(int argc, char **argv)
{
        if (argc < 2)
                return 2;
        number_wanted = atol(argv[1]);
        return cop_main(begin, 1, argv);
}
