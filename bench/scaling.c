/*
 * Does cost grow as it should? The rows of bench/rows that begin with scaling: how many times dearer each is with a million
 * processes than with ten thousand, and a call with a million messages in the caller's inbox than with none.
 *
 *     build/bench/scaling
 */
#include <coppice/dynamic_supervisor.h>
#include <coppice/memory.h>
#include <coppice/report.h>
#include <coppice/system.h>

#include <stdio.h>
#include <stdlib.h>

#include "measure.h"
#include "worker.h"

enum { FEW = 10000, MANY = 1000000, CALLS = 100000, RESTARTS = 15, TIMES = 5 };

COP_DYNAMIC_SUPERVISOR(workers, .max_restarts = 1000000);

static void show(const char *row, double figure, const char *unit)
{
        printf("scaling_%s\t%.4g\t%s\n", row, figure, unit);
        fflush(stdout);
}

/* ---- a supervisor with so many children; all figures are of one of them ---- */

struct figures {
        double start_ns, stop_ns, bytes, restart_ns, call_ns;
};

static cop_pid start_all(cop_pid supervisor, cop_pid *pids, long number)
{
        cop_term spec = COP_CHILD_SPEC(COP_WORKER(worker, "[]"));

        for (long i = 0; i < number; i++)
                cop_scope {
                        if (!cop_match(cop_start_child(supervisor, "Spec", spec), "{ok, Pid}",
                                       &pids[i]))
                                cop_exit("not_started");
                }
        return pids[number - 1];
}

/* Until the supervisor has started another one in its place. */
static double restart_ns(cop_pid supervisor, cop_pid victim)
{
        int64_t start = cop_now_ns();
        cop_ref ref = cop_monitor(victim);

        cop_kill(victim);
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, _, _, _}", &ref);
        cop_scope {
                cop_count_children(supervisor);
        }
        return since(start);
}

/* To one after the other, by chance. */
static double call_ns(const cop_pid *pids, long number)
{
        uint64_t chance = 1;
        int64_t start = cop_now_ns();

        for (int i = 0; i < CALLS; i++) {
                chance = chance * 6364136223846793005u + 1442695040888963407u;
                cop_scope {
                        cop_call(pids[(chance >> 33) % (uint64_t)number], "x");
                }
        }
        return since(start) / CALLS;
}

static void measure(long number, struct figures *figures)
{
        cop_pid supervisor = cop_supervisor_start_link(workers);
        cop_pid *pids = cop_alloc((size_t)number * sizeof(*pids));
        double before, restarts[RESTARTS];
        int64_t start;

        for (long i = 0; i < number; i++)
                pids[i] = cop_self(); /* touches the memory */
        before = resident();
        start = cop_now_ns();
        start_all(supervisor, pids, number);
        figures->start_ns = since(start) / (double)number;
        figures->bytes = (resident() - before) / (double)number;
        figures->call_ns = call_ns(pids, number);
        for (int i = 0; i < RESTARTS; i++)
                restarts[i] = restart_ns(supervisor, pids[(i + 1) * (number / (RESTARTS + 2))]);
        figures->restart_ns = quantile(restarts, RESTARTS, 0.5);
        start = cop_now_ns();
        cop_supervisor_stop(supervisor);
        figures->stop_ns = since(start) / (double)number;
        cop_free(pids);
}

static void bench_processes(void)
{
        struct figures few[TIMES], many;
        double start[TIMES], stop[TIMES], restart[TIMES], call[TIMES];

        for (int i = 0; i < TIMES; i++) {
                measure(FEW, &few[i]);
                start[i] = few[i].start_ns;
                stop[i] = few[i].stop_ns;
                restart[i] = few[i].restart_ns;
                call[i] = few[i].call_ns;
        }
        measure(MANY, &many);
        show("start", many.start_ns / quantile(start, TIMES, 0.5), "x");
        show("stop", many.stop_ns / quantile(stop, TIMES, 0.5), "x");
        show("size", many.bytes / few[0].bytes, "x");
        show("restart", many.restart_ns / quantile(restart, TIMES, 0.5), "x");
        show("message", many.call_ns - quantile(call, TIMES, 0.5), "ns");
}

/* ---- an inbox of a million messages, and a call ---- */

static void bench_inbox(void)
{
        cop_pid server = cop_server_start(worker, cop_nil());
        double empty, full;

        call_ns(&server, 1);
        empty = call_ns(&server, 1);
        for (int i = 0; i < MANY; i++)
                cop_send(cop_self(), "{message, I}", i);
        call_ns(&server, 1);
        full = call_ns(&server, 1);
        show("inbox", full / empty, "x");
}

static void run(cop_term nothing)
{
        cop_set_report_level(COP_LEVEL_EMERGENCY);
        bench_processes();
        bench_inbox();
        _Exit(0);
}

int main(int argc, char **argv)
{
        return cop_main(run, 1, argv);
}
