/*
 * TREES: random trees of supervisors, and random deaths in them, against the rules of supervision written down a second
 * time: here, as a model that says which of all starts and stops are to follow, and in which order.
 *
 * model    After each death the whole system comes to rest; then the journal must say what the model says, exactly
 *          those must live that live in the model, and nobody else may be there.
 *          The same worlds each time, unless COP_SEED says which.
 * chaos    Faults by chance at any moment, in the middle of starts and restarts too. Afterwards nobody may be an
 *          orphan, and no permanent child of a living supervisor may be missing.
 */
#include <coppice/logger.h>
#include <coppice/server.h>
#include <coppice/sim.h>
#include <coppice/supervisor.h>
#include <coppice/test.h>
#include <coppice/text.h>
#include <coppice/timer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/sanitizers.h"

enum {
        NODES_MOST = 24,
        CHILDREN_MOST = 4,
        JOURNAL_MOST = 512,
        STEPS = 12,
        WORLDS = COP_ASAN || COP_TSAN ? 100 : 5000,
};

enum deed { STARTED, STOPPED };

struct node {
        bool is_branch;
        int parent, place; /* its place among the parent's children */
        int children[CHILDREN_MOST], count;
        int strategy, intensity, period;
        int restart;
        bool brutal, traps;
        cop_pid pid; /* of its last start; any process of the tree writes its own */

        /* The model's. */
        bool lives, forgotten;
        int64_t restarts[64]; /* seconds */
        int restart_count;
};

struct entry {
        enum deed deed;
        int node;
};

struct journal {
        struct entry entries[JOURNAL_MOST];
        int count;
};

static struct node nodes[NODES_MOST];
static int node_count;
static struct journal journal, expected;
static cop_pid all[JOURNAL_MOST * 8]; /* whoever was started */
static int all_count;

static void note(struct journal *j, enum deed deed, int node)
{
        if (j->count < JOURNAL_MOST)
                j->entries[j->count++] = (struct entry){ deed, node };
}

/* ---- the tree that is tested ---- */

struct leaf {
        int node;
};

static void begin(int node)
{
        nodes[node].pid = cop_self();
        if (all_count < (int)(sizeof(all) / sizeof(all[0])))
                all[all_count++] = cop_self();
        note(&journal, STARTED, node);
}

static cop_next init_leaf(struct leaf *l, cop_term node)
{
        l->node = (int)cop_to_int(node);
        begin(l->node);
        if (nodes[l->node].traps)
                cop_trap_exits(true);
        return cop_ok();
}

static cop_next leave(struct leaf *l, cop_term how)
{
        if (cop_is(how, "crash"))
                cop_exit("crash");
        return cop_end("normal");
}

static void stop_leaf(struct leaf *l, cop_term reason)
{
        note(&journal, STOPPED, l->node);
}

COP_SERVER(leaf, struct leaf, .init = init_leaf, .handle_cast = leave, .terminate = stop_leaf);

static cop_term spec_of(int n)
{
        static const char *const restarts[] = { "permanent", "transient", "temporary" };
        const struct node *node = &nodes[n];
        cop_term shutdown = node->is_branch ? cop_atom("infinity")
                            : node->brutal  ? cop_atom("brutal_kill")
                                            : cop_int(1000);

        return cop_build("#{id => Id, start => {Module, start_link, [Id]}, restart => Restart,"
                         "  shutdown => Shutdown, type => Type}",
                         cop_int(n), cop_atom(node->is_branch ? "branch" : "leaf"),
                         cop_atom(restarts[node->restart]), shutdown,
                         cop_atom(node->is_branch ? "supervisor" : "worker"));
}

static cop_term describe(cop_term argument)
{
        static const char *const strategies[] = { "one_for_one", "one_for_all", "rest_for_one" };
        const struct node *node = &nodes[cop_to_int(argument)];
        cop_term specs = cop_nil();

        begin((int)cop_to_int(argument));
        for (int i = node->count; i-- > 0;)
                specs = cop_cons(spec_of(node->children[i]), specs);
        return cop_build("{ok, {#{strategy => S, intensity => I, period => P}, Specs}}",
                         cop_atom(strategies[node->strategy]), cop_int(node->intensity),
                         cop_int(node->period), specs);
}

COP_SUPERVISOR(branch, .init = describe);

/* ---- a random one ---- */

static int below(int limit)
{
        return (int)(cop_random() % (uint64_t)limit);
}

static int grow(int parent, int depth)
{
        int n = node_count++;
        struct node *node = &nodes[n];

        *node = (struct node){ .parent = parent,
                               .is_branch = parent < 0 || (depth < 3 && below(3) == 0),
                               .strategy = below(3),
                               .intensity = parent < 0 ? 50 : below(4),
                               .period = 1 + below(5),
                               .restart = below(5) ? below(2) * below(2) : 2,
                               .brutal = below(4) == 0,
                               .traps = below(2) };
        if (!node->is_branch)
                return n;
        for (int i = below(CHILDREN_MOST) + 1; i > 0 && node_count < NODES_MOST; i--) {
                int child = grow(n, depth + 1);

                nodes[child].place = node->count;
                node->children[node->count++] = child;
        }
        return n;
}

/* ---- the model ---- */

static void model_start(int n)
{
        struct node *node = &nodes[n];

        note(&expected, STARTED, n);
        node->lives = true;
        node->restart_count = 0;
        for (int i = 0; i < node->count; i++) {
                nodes[node->children[i]].forgotten = false;
                model_start(node->children[i]);
        }
}

static void model_stop_children(struct node *node, int from);

/* By its supervisor, or with it. */
static void model_stop(int n, bool by_supervisor)
{
        struct node *node = &nodes[n];

        if (!node->lives)
                return;
        if (node->is_branch)
                model_stop_children(node, 0);
        else if (node->traps && !(node->brutal && by_supervisor))
                note(&expected, STOPPED, n);
        node->lives = false;
}

/* Those from a place on, the last first. */
static void model_stop_children(struct node *node, int from)
{
        for (int i = node->count; i-- > from;)
                model_stop(node->children[i], true);
}

static bool is_within(struct node *node, int64_t now_s)
{
        int kept = 0;

        for (int i = 0; i < node->restart_count; i++)
                if (node->restarts[i] >= now_s - node->period)
                        node->restarts[kept++] = node->restarts[i];
        node->restarts[kept++] = now_s;
        node->restart_count = kept;
        return kept <= node->intensity;
}

/* Those that the strategy ends, and those that it starts. */
static void model_restart(struct node *node, int n)
{
        int from = node->strategy == 1 ? 0 : nodes[n].place;

        if (node->strategy == 0) {
                model_start(n);
                return;
        }
        for (int i = node->count; i-- > from;) {
                struct node *child = &nodes[node->children[i]];

                model_stop(node->children[i], true);
                if (child->restart == 2)
                        child->forgotten = true;
        }
        for (int i = from; i < node->count; i++)
                if (!nodes[node->children[i]].forgotten)
                        model_start(node->children[i]);
}

/* It has died by itself. */
static void model_death(int n, bool is_abnormal, int64_t now_s)
{
        struct node *parent;

        nodes[n].lives = false;
        if (nodes[n].parent < 0)
                return;
        parent = &nodes[nodes[n].parent];
        if (nodes[n].restart == 2 || (nodes[n].restart == 1 && !is_abnormal)) {
                nodes[n].forgotten = nodes[n].restart == 2;
                return;
        }
        if (is_within(parent, now_s)) {
                model_restart(parent, n);
                return;
        }
        model_stop_children(parent, 0);
        model_death(nodes[n].parent, false, now_s);
}

/* ---- a death ---- */

/* One of those that live, other than the root; -1: nobody else does. */
static int somebody(void)
{
        int chosen = -1, candidates = 0;

        for (int n = 1; n < node_count; n++)
                if (nodes[n].lives && below(++candidates) == 0)
                        chosen = n;
        return chosen;
}

static int order(const void *a, const void *b)
{
        return memcmp(a, b, sizeof(struct entry));
}

static void sort(struct journal *j)
{
        qsort(j->entries, (size_t)j->count, sizeof(j->entries[0]), order);
}

static const char *const deaths[] = { "killed", "crash", "normal end" };

/* Does it, here and in the model. False: in what order those end that it leaves behind is open. */
static bool kill_one(int n, int how)
{
        int64_t now_s = cop_now_ms() / 1000;

        if (nodes[n].is_branch) {
                cop_kill(nodes[n].pid);
                for (int i = 0; i < nodes[n].count; i++)
                        model_stop(nodes[n].children[i], false);
                model_death(n, true, now_s);
                return false;
        }
        if (how == 0) {
                cop_kill(nodes[n].pid);
                model_death(n, true, now_s);
                return true;
        }
        cop_cast(nodes[n].pid, "How", cop_atom(how == 1 ? "crash" : "normal"));
        note(&expected, STOPPED, n);
        model_death(n, how == 1, now_s);
        return true;
}

/* ---- what must be so ---- */

static void show_tree(void)
{
        for (int n = 0; n < node_count; n++)
                printf("%d: %s of %d, strategy %d, %d in %d s, restart %d%s%s%s\n", n,
                       nodes[n].is_branch ? "branch" : "leaf", nodes[n].parent, nodes[n].strategy,
                       nodes[n].intensity, nodes[n].period, nodes[n].restart,
                       nodes[n].brutal ? ", brutal" : "", nodes[n].traps ? ", traps" : "",
                       nodes[n].lives ? ", lives" : "");
}

static void show_journal(const char *name, const struct journal *j)
{
        printf("%s:", name);
        for (int i = 0; i < j->count; i++)
                printf(" %c%d", j->entries[i].deed == STARTED ? '+' : '-', j->entries[i].node);
        printf("\n");
}

static void compare(const char *after, int n)
{
        size_t lives = 0;

        for (int i = 0; i < node_count; i++) {
                lives += nodes[i].lives;
                if (cop_is_alive(nodes[i].pid) != nodes[i].lives) {
                        show_tree();
                        cop_fail("after the %s of %d: %d is %s", after, n, i,
                                 nodes[i].lives ? "lost" : "an orphan");
                }
        }
        if (journal.count != expected.count ||
            memcmp(journal.entries, expected.entries,
                   (size_t)journal.count * sizeof(journal.entries[0])) != 0) {
                show_tree();
                show_journal("is      ", &journal);
                show_journal("expected", &expected);
                cop_fail("after the %s of %d something else happened", after, n);
        }
        cop_assert_equal(cop_process_count(), lives + 1);
}

static void forget_journals(void)
{
        journal.count = expected.count = 0;
}

static void plant(void)
{
        node_count = 0;
        all_count = 0;
        forget_journals();
        grow(-1, 0);
        cop_logger_set_level(COP_LEVEL_NONE);
        cop_trap_exits(true);
}

static void live_by_the_model(void)
{
        cop_term result;

        plant();
        result = cop_server_try_start_link(branch, cop_int(0));
        cop_assert_match(result, "{ok, _}");
        model_start(0);
        compare("start", 0);
        for (int i = 0; i < STEPS && nodes[0].lives; i++) {
                int n = somebody(), how = below(3);
                bool is_ordered;

                if (n < 0)
                        break;
                forget_journals();
                if (below(2))
                        cop_sleep(below(3000));
                is_ordered = kill_one(n, how);
                cop_sim_rest();
                if (!is_ordered) {
                        sort(&journal);
                        sort(&expected);
                }
                compare(deaths[nodes[n].is_branch ? 0 : how], n);
        }
        forget_journals();
        if (nodes[0].lives)
                cop_server_stop(nodes[0].pid);
        model_stop(0, true);
        cop_sim_rest();
        compare("end", 0);
}

COP_TEST(TREES_model,
         "each death is followed by just the starts and stops of OTP's rules, in their order",
         .limit_s = 900)
{
        cop_simulate(live_by_the_model, .seeds = WORLDS, .first_seed = 1);
}

/* ---- chaos ---- */

static bool is_listed(cop_pid pid, cop_pid supervisor);

/* No permanent child of one that lives is missing; is the pid somewhere below it? */
static bool look_at(cop_term child, cop_pid pid, cop_pid supervisor)
{
        cop_term id, who, type;
        cop_pid its = { 0 };

        cop_assert(cop_match(child, "{Id, Who, Type, _}", &id, &who, &type));
        if (cop_is_pid(who))
                its = cop_to_pid(who);
        if (nodes[cop_to_int(id)].restart == 0 && !cop_is_alive(its))
                cop_fail("%s lacks its child %s: %s", cop_show(cop_pid_term(supervisor)),
                         cop_show(id), cop_show(who));
        return cop_same(its, pid) ||
               (cop_is(type, "supervisor") && cop_is_alive(its) && is_listed(pid, its));
}

static bool is_listed(cop_pid pid, cop_pid supervisor)
{
        bool any = cop_same(pid, supervisor);

        COP_EACH (child, cop_which_children(supervisor))
                any |= look_at(child, pid, supervisor);
        return any;
}

static void live_through_chaos(void)
{
        cop_pid root = { 0 };
        size_t lives = 0;

        plant();
        for (int i = 0; i < 20 && !cop_match(cop_server_try_start_link(branch, cop_int(0)),
                                             "{ok, Root}", &root);
             i++)
                continue;
        for (int i = 0; i < STEPS; i++) {
                int n = below(node_count);

                if (!nodes[n].is_branch)
                        cop_cast(nodes[n].pid, "How", cop_atom(below(2) ? "crash" : "normal"));
                else if (n > 0)
                        cop_kill(nodes[n].pid);
                cop_sleep(below(2) ? 0 : below(1000));
        }
        cop_sleep(10000);
        cop_sim_rest();
        for (int i = 0; i < all_count; i++) {
                lives += cop_is_alive(all[i]);
                if (cop_is_alive(all[i]) && (!cop_is_alive(root) || !is_listed(all[i], root)))
                        cop_fail("%s is an orphan", cop_show(cop_pid_term(all[i])));
        }
        cop_assert_equal(cop_process_count(), lives + 1);
}

COP_TEST(TREES_chaos, "whatever happens whenever, nobody is an orphan, and no child is missing",
         .limit_s = 900)
{
        cop_simulate(live_through_chaos, .seeds = WORLDS, .first_seed = 1, .one_in = 20,
                     .faults_most = 20, .until_ms = 10000,
                     .faults = COP_SIM_KILL | COP_SIM_FAULT | COP_SIM_START | COP_SIM_SLOW |
                               COP_SIM_MEMORY);
}
