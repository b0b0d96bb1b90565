/*
 * What a crash costs until there is an answer again, and what a tree does: the rows of bench/rows that begin with restart
 * and tree. restarts.erl and restarts.go do the same, the latter with a supervisor made by hand.
 *
 *     build/bench/restarts KIND
 */
#include <coppice/memory.h>
#include <coppice/report.h>
#include <coppice/supervisor.h>
#include <coppice/system.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure.h"

enum { BURSTS = 4, EACH = 500, STORM = 20000, SIBLINGS = 10, BRANCHES = 10, LEAVES = 100 };

static const char *const names[SIBLINGS] = { "c0", "c1", "c2", "c3", "c4",
                                             "c5", "c6", "c7", "c8", "c9" };

/* ---- a child ---- */

struct worker {
        int64_t a;
};

static cop_next handle_call(struct worker *w, cop_term request, cop_from from)
{
        return cop_match(request, "x") ? cop_reply(cop_atom("ok")) : cop_no_clause();
}

static cop_next handle_cast(struct worker *w, cop_term message)
{
        if (cop_match(message, "segv"))
                w->a = *(volatile char *)NULL;
        cop_exit("crash");
}

COP_SERVER(worker, struct worker, .handle_call = handle_call, .handle_cast = handle_cast);

/* ---- what is above it ---- */

COP_SUPERVISOR(single, .intensity = 1000000, .period = 1,
               .children = COP_CHILDREN(COP_WORKER(worker, "[]", .name = "c0")));

static cop_term siblings_init(cop_term argument)
{
        cop_term specs = cop_nil();

        for (int i = SIBLINGS; i-- > 0;)
                specs = cop_build("[#{id => Name, start => {worker, start_link, [[], #{name => "
                                  "Name}]}} | Rest]",
                                  cop_atom(names[i]), specs);
        return cop_build("{ok, {{one_for_all, 1000000, 1}, Specs}}", specs);
}

COP_SUPERVISOR(siblings, .init = siblings_init);

static cop_term leaves_init(cop_term argument)
{
        cop_term specs = cop_nil();

        for (long i = LEAVES; i > 0; i--)
                specs = cop_build("[#{id => I, start => {worker, start_link, [[]]}} | Rest]", i,
                                  specs);
        return cop_build("{ok, {{one_for_one, 1, 5}, Specs}}", specs);
}

COP_SUPERVISOR(leaves, .init = leaves_init);

static cop_term branches(const char *of)
{
        cop_term specs = cop_nil();

        for (long i = BRANCHES; i > 0; i--)
                specs = cop_build(
                        "[#{id => I, start => {Of, start_link, [[]]}, type => supervisor} | Rest]",
                        i, cop_atom(of), specs);
        return cop_build("{ok, {{one_for_one, 1, 5}, Specs}}", specs);
}

static cop_term branches_init(cop_term argument)
{
        return branches("leaves");
}

COP_SUPERVISOR(middle, .init = branches_init);

static cop_term root_init(cop_term argument)
{
        return branches("middle");
}

COP_SUPERVISOR(root, .init = root_init);

/* ---- what is measured ---- */

static void show(const char *row, double figure, const char *unit)
{
        printf("%s\t%.4g\t%s\n", row, figure, unit);
        fflush(stdout);
}

/* Until somebody new has the name, and answers. */
static void wait_for_new(const char *name, cop_pid old)
{
        cop_pid now;

        for (;;) {
                now = cop_whereis(name);
                if (!cop_is_nobody(now) && !cop_equal(cop_pid_term(now), cop_pid_term(old)))
                        break;
                cop_yield();
        }
        cop_scope {
                cop_call(now, "x");
        }
}

static void crash(const char *how, int siblings)
{
        cop_pid old[SIBLINGS];

        for (int i = 0; i < siblings; i++)
                old[i] = cop_whereis(names[i]);
        cop_cast(old[0], "How", cop_atom(how));
        for (int i = 0; i < siblings; i++)
                wait_for_new(names[i], old[i]);
}

/* In bursts that are further apart than the supervisor looks back. */
static void crashes(const char *row, const char *how, int siblings)
{
        static double took[BURSTS * EACH];
        char p99[64];

        for (int i = 0; i < EACH / 2; i++)
                crash(how, siblings);
        for (int i = 0; i < BURSTS * EACH; i++) {
                int64_t start;

                if (i % EACH == 0)
                        cop_sleep(1100);
                start = cop_now_ns();
                crash(how, siblings);
                took[i] = since(start) / 1e3;
        }
        show(row, quantile(took, BURSTS * EACH, 0.5), "us");
        snprintf(p99, sizeof(p99), "%s_p99", row);
        show(p99, quantile(took, BURSTS * EACH, 0.99), "us");
}

static void bench_exit(void)
{
        cop_supervisor_start_link(single);
        crashes("restart_exit", "exit", 1);
}

static void bench_segv(void)
{
        cop_supervisor_start_link(single);
        crashes("restart_segv", "segv", 1);
}

static void bench_all(void)
{
        cop_supervisor_start_link(siblings);
        crashes("restart_all_10", "exit", SIBLINGS);
}

static void bench_storm(void)
{
        int64_t start;

        cop_supervisor_start_link(single);
        for (int i = 0; i < EACH; i++)
                crash("exit", 1);
        cop_sleep(1100);
        start = cop_now_ns();
        for (int i = 0; i < STORM; i++)
                crash("exit", 1);
        show("restart_storm", STORM / since(start) * 1e9, "/s");
}

static void bench_tree(void)
{
        double started = 0, stopped = 0;

        for (int i = 0; i < 3;
             i++) { /* the first is to warm up, and of the others the last counts */
                int64_t start = cop_now_ns();
                cop_pid top = cop_supervisor_start_link(root);

                started = since(start) / 1e6;
                start = cop_now_ns();
                cop_supervisor_stop(top);
                stopped = since(start) / 1e6;
        }
        show("tree_start", started, "ms");
        show("tree_stop", stopped, "ms");
}

static const struct {
        const char *kind;
        void (*run)(void);
} kinds[] = {
        { "exit", bench_exit },   { "segv", bench_segv }, { "all", bench_all },
        { "storm", bench_storm }, { "tree", bench_tree },
};

static const char *wanted;

static void run(cop_term nothing)
{
        cop_set_report_level(COP_LEVEL_EMERGENCY);
        for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
                if (strcmp(kinds[i].kind, wanted) == 0) {
                        kinds[i].run();
                        _Exit(0);
                }
        _Exit(2);
}

int main(int argc, char **argv)
{
        if (argc < 2)
                return 2;
        wanted = argv[1];
        return cop_main(run, 1, argv);
}
