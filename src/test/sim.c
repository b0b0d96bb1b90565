/*
 * sim.c: one test in many simulated worlds.
 *
 * Each world is an OS process of its own, so that whatever goes wrong in one, up to a crash that is not contained
 * or a loop without end, is the failure of that one, and the next begins as the first did. The searching
 * process has no threads, so it may fork as often as it likes.
 *
 * find      some worlds at once, judged one after the other, until one fails; what they say is not kept
 * look      that one again with its trace, whose faults by chance are the first plan
 * shrink    again and again with a part of the plan left out: halves, quarters, ..., one event. What still fails
 *           without the part is the next plan. The order of turns is drawn apart from the faults, so that a
 *           part left out changes no more than what follows from it.
 *
 * Invariant The plan that is kept has failed.
 */
#include "test/sim.h"

#include <coppice/test.h>
#include <coppice/text.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test/run.h"

enum {
        SEEDS = 100,
        AT_ONCE = 4,
        LIMIT_S = 20,
        EVENTS_MOST = 512,
        EVENT_MOST = 64,
        TRIES_MOST = 400,
        WHAT_MOST = 64 * 1024,
        STOP_MS = 5000,
};

/* What is looked for, and where. */
struct search {
        cop__sim_life_fn *live;
        void (*body)(void);
        struct cop_sim_options options;
        int output, trace; /* of the last world */
};

struct plan {
        char events[EVENTS_MOST][EVENT_MOST];
        unsigned count;
};

static char what[WHAT_MOST];

/* ---- one world ---- */

/* In the OS process that it has for itself. */
static COP_NORETURN void be_the_world(const struct search *s, uint64_t seed)
{
        static struct test_watch watch;

        alarm((unsigned)(s->options.limit_s ? s->options.limit_s : LIMIT_S));
        dup2(s->output, STDOUT_FILENO);
        dup2(s->output, STDERR_FILENO);
        cop__test_watch = &watch;
        cop__test_seed_from(seed, "simulation");
        s->live(s->body, seed, &s->options);
        fflush(NULL);
        _exit(atomic_load(&watch.has_failed) ? TEST_FAILED : TEST_PASSED);
}

static void rewrite(int descriptor)
{
        if (ftruncate(descriptor, 0) < 0 || lseek(descriptor, 0, SEEK_SET) < 0)
                cop_fail("cannot keep what a world says");
}

static pid_t begin(struct search *s, uint64_t seed, const char *plan, bool traced)
{
        const struct cop_sim_options options = s->options;
        pid_t pid;

        if (plan) {
                s->options.plan = plan;
                s->options.one_in = s->options.every_ms = s->options.faults = 0;
        }
        s->options.trace = traced ? s->trace : 0;
        rewrite(s->output);
        rewrite(s->trace);
        fflush(NULL);
        pid = fork();
        if (pid == 0)
                be_the_world(s, seed);
        s->options = options;
        if (pid < 0)
                cop_fail("cannot make a world of its own");
        return pid;
}

/* Its wait status. */
static int end(pid_t pid)
{
        int status = 0;

        while (waitpid(pid, &status, 0) != pid)
                if (errno != EINTR)
                        cop_fail("a world is lost");
        return status;
}

static int run(struct search *s, uint64_t seed, const char *plan, bool traced)
{
        return end(begin(s, seed, plan, traced));
}

/* ---- plans ---- */

static bool is_fault(const char *word)
{
#define X(tag, name)                                                                               \
        if (strncmp(word, #name " <", sizeof(#name) + 1) == 0)                                     \
                return true;
        COP_SIM_FAULTS(X)
#undef X
        return false;
}

/* The text of a plan without its events from `from` to `to`. */
static const char *plan_text(const struct plan *plan, unsigned from, unsigned to)
{
        static char text[EVENTS_MOST * (EVENT_MOST + 2)];
        size_t at = 0;

        text[0] = '\0';
        for (unsigned i = 0; i < plan->count; i++)
                if (i < from || i >= to)
                        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", at ? "; " : "",
                                               plan->events[i]);
        return text;
}

static void leave_out(struct plan *plan, unsigned from, unsigned to)
{
        memmove(plan->events[from], plan->events[to], (plan->count - to) * EVENT_MOST);
        plan->count -= to - from;
}

/* The faults in the trace of the last world. False: there are too many to be shrunk. */
static bool read_plan(const struct search *s, struct plan *plan)
{
        FILE *file = fdopen(dup(s->trace), "r");
        char line[1024], *word;

        plan->count = 0;
        if (!file)
                return false;
        rewind(file);
        while (fgets(line, sizeof(line), file)) {
                word = strchr(line, ' ');
                if (!word || !is_fault(word + 1))
                        continue;
                if (plan->count == EVENTS_MOST)
                        break;
                word[1 + strcspn(word + 1, "\n")] = '\0';
                snprintf(plan->events[plan->count++], EVENT_MOST, "%s", word + 1);
        }
        fclose(file);
        return plan->count < EVENTS_MOST;
}

static void shrink(struct search *s, uint64_t seed, struct plan *plan)
{
        unsigned part = plan->count, tries = 0, from;
        bool any;

        if (!plan->count || run(s, seed, plan_text(plan, 0, 0), false) == 0)
                return;
        while (part && plan->count) {
                any = false;
                for (from = 0; from < plan->count && tries < TRIES_MOST; tries++) {
                        unsigned to = from + part < plan->count ? from + part : plan->count;

                        if (run(s, seed, plan_text(plan, from, to), false) != 0) {
                                leave_out(plan, from, to);
                                any = true;
                        } else {
                                from = to;
                        }
                }
                if (tries == TRIES_MOST)
                        return;
                if (!any || part > 1)
                        part /= 2;
        }
}

/* ---- what is told ---- */

static size_t add_file(size_t at, int descriptor)
{
        ssize_t n;

        lseek(descriptor, 0, SEEK_SET);
        while (at + 1 < WHAT_MOST && (n = read(descriptor, what + at, WHAT_MOST - 1 - at)) > 0)
                at += (size_t)n;
        what[at] = '\0';
        return at;
}

static void tell(const struct search *s, int status)
{
        size_t at = add_file(0, s->output);

        if (WIFSIGNALED(status))
                at += (size_t)snprintf(what + at, WHAT_MOST - at, "it died of %s\n",
                                       WTERMSIG(status) == SIGALRM ? "taking too long"
                                                                   : strsignal(WTERMSIG(status)));
        if (at < WHAT_MOST)
                at += (size_t)snprintf(what + at, WHAT_MOST - at, "-- what happened\n");
        if (at < WHAT_MOST)
                add_file(at, s->trace);
}

/* The world fails: why, and with how little? */
static void look_into(struct search *s, struct cop_sim_found *found)
{
        static struct plan plan;
        const char *text;

        int status = run(s, found->seed, NULL, true);

        found->what = what;
        if (!read_plan(s, &plan)) {
                tell(s, status);
                snprintf(found->plan, sizeof(found->plan), "more than %d faults", EVENTS_MOST);
                found->events = EVENTS_MOST;
                return;
        }
        if (!s->options.plan) {
                shrink(s, found->seed, &plan);
                status = run(s, found->seed, plan_text(&plan, 0, 0), true);
        }
        tell(s, status);
        text = plan_text(&plan, 0, 0);
        snprintf(found->plan, sizeof(found->plan), "%s", text);
        found->events = plan.count;
}

unsigned cop__sim_seeds(void)
{
        const char *text = getenv("COP_SIM_SEEDS");

        return text ? (unsigned)strtoul(text, NULL, 10) : 0;
}

static uint64_t seed_of(const struct cop_sim_options *options, unsigned world)
{
        uint64_t seed = (options->first_seed ? options->first_seed : cop_test_seed()) + world;

        return seed ? seed : 1;
}

void cop__sim_find(struct cop_sim_found *found, cop__sim_life_fn *live, void (*body)(void),
                   const struct cop_sim_options *options)
{
        struct search s = { .live = live, .body = body };
        pid_t running[AT_ONCE];
        unsigned seeds, begun = 0;

        memcpy(&s.options, options,
               options->struct_size < sizeof(s.options) ? options->struct_size : sizeof(s.options));
        seeds = cop__sim_seeds() ? cop__sim_seeds() : s.options.seeds ? s.options.seeds : SEEDS;
        s.output = memfd_create("output", MFD_CLOEXEC);
        s.trace = memfd_create("trace", MFD_CLOEXEC);
        if (s.output < 0 || s.trace < 0 || fcntl(s.output, F_SETFL, O_APPEND) < 0)
                cop_fail("cannot keep what a world says");
        *found = (struct cop_sim_found){ .what = "" };
        while (!found->seed && found->worlds < seeds) {
                for (; begun < seeds && begun < found->worlds + AT_ONCE; begun++)
                        running[begun % AT_ONCE] =
                                begin(&s, seed_of(&s.options, begun), NULL, false);
                if (end(running[found->worlds % AT_ONCE]) != 0)
                        found->seed = seed_of(&s.options, found->worlds);
                found->worlds++;
        }
        for (unsigned world = found->worlds; world < begun; world++) {
                kill(running[world % AT_ONCE], SIGKILL);
                end(running[world % AT_ONCE]);
        }
        if (found->seed)
                look_into(&s, found);
        close(s.output);
        close(s.trace);
}

void cop__sim_judge(const struct cop_sim_found *found, const char *file, int line)
{
        if (!found->seed)
                return;
        printf("%s:%d: it fails in world %u, of seed %" PRIu64 "\n%s"
               "-- with no more than this plan: %s\n",
               file, line, found->worlds, found->seed, found->what,
               *found->plan ? found->plan : "(no faults)");
        fflush(stdout);
        atomic_store(&cop__test_watch->world, found->seed);
        cop__test_fail(file, line, "a simulated world has failed");
}

/* ---- a body that is a process ---- */

static void be_the_body(void *body)
{
        ((void (*)(void))(uintptr_t)body)();
}

static void live(void (*body)(void), uint64_t seed, const struct cop_sim_options *options)
{
        int err = cop_system_start(.simulate = seed, .simulation = options);
        cop_term reason = cop_nil();
        cop_ref ref;

        if (err < 0)
                cop_fail("the system does not start: error %d", -err);
        cop_spawn_pointer(be_the_body, (void *)(uintptr_t)body, .monitor = &ref);
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason);
        if (!cop_is(reason, "normal"))
                cop_fail("it ended with %s", cop_show_pretty(reason));
}

void cop_sim_find_with(struct cop_sim_found *found, void (*body)(void),
                       const struct cop_sim_options *options)
{
        cop__sim_find(found, live, body, options);
}

void cop__simulate(void (*body)(void), const struct cop_sim_options *options, const char *file,
                   int line)
{
        struct cop_sim_options again = { .struct_size = sizeof(again) };
        struct cop_sim_found found;
        const char *seed = getenv("COP_SEED");

        cop__test_at(file, line);
        memcpy(&again, options,
               options->struct_size < sizeof(again) ? options->struct_size : sizeof(again));
        if (seed && *seed)
                again.first_seed = 0; /* the command that repeats a failure says which */
        cop__sim_find(&found, live, body, &again);
        cop__sim_judge(&found, file, line);
}
