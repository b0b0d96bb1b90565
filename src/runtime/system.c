/*
 * system.c: the runtime's beginning and end.
 *
 * Start   driver, stacks, table, schedulers; each step that fails undoes those before it.
 * Stop    Every process gets an exit signal with reason shutdown, and at the deadline one that
 * cannot be trapped; when the last is gone the schedulers return, and everything is given back.
 */
#include <coppice/heart.h>
#include <coppice/system.h>
#include <coppice/text.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/driver_threads.h"
#include "runtime/ets_table.h"
#include "runtime/guest.h"
#include "runtime/monitor.h"
#include "runtime/persistent.h"
#include "runtime/poller.h"
#include "runtime/quota.h"
#include "runtime/scheduler.h"
#include "runtime/sim.h"
#include "runtime/sink.h"
#include "runtime/timer.h"
#include "term/pattern.h"

enum { THREADS_STOP_NS = 1000000000, FORKED_CHILD_STATUS = 70 };

enum state { STOPPED, STARTING, RUNNING, STOPPING };

static _Atomic(int) state;
/* What SIGTERM and SIGINT did before. */
struct stop_signals {
        struct sigaction term, interrupt;
};

static _Atomic(int) stop_status = -1; /* what cop_stop() was called with; -1: not yet */
static struct bell stop_bell;         /* rung by cop_stop() */
static bool stop_on_signals;
static struct stop_signals before_start;
static struct term_host own_host; /* as it was before the start */

/*
 * In a forked child there are no schedulers: it may exec or _exit, and nothing of ours. Whatever of
 * ours it calls asks for the calling process, and finds none.
 */
static bool is_forked_child;

static void on_fork(void)
{
        if (atomic_load(&state) == STOPPED)
                return;
        is_forked_child = true;
        cop__thread_set(NULL);
}

static COP_NORETURN void refuse_in_child(void)
{
        static const char text[] =
                "coppice: a forked child called a function of Coppice, of which it has "
                "only the shell: it may exec or _exit; it ends now\n";

        if (write(STDERR_FILENO, text, sizeof(text) - 1) < 0)
                _exit(FORKED_CHILD_STATUS);
        _exit(FORKED_CHILD_STATUS);
}

struct process *cop__self(void)
{
        struct thread *t = cop__thread_or_null();
        struct process *p = t ? t->current : is_forked_child ? NULL : cop__guest_enter();

        if (!p && is_forked_child)
                refuse_in_child();
        if (!p)
                COP_BUG(t ? "a process's function was called where there is none"
                          : "used while no system runs, or without memory for one more thread");
        return p;
}

bool cop__in_system(void)
{
        struct thread *t = cop__thread_or_null();

        if (t)
                return t->current != NULL;
        return atomic_load(&state) == RUNNING && !is_forked_child;
}

/* ---- what terms need ---- */

static struct region *host_region(void)
{
        struct thread *t = cop__thread_or_null();

        return t ? t->region : own_host.region();
}

static struct kept **host_kept(size_t bytes)
{
        struct thread *t = cop__thread_or_null();

        if (!t)
                return own_host.kept(bytes);
        if (!t->current)
                return &t->kept;
        if (t->current->quotas && bytes && !cop__quota_keep(t->current, bytes))
                return NULL;
        return &t->current->kept;
}

/* The calling process, if it has quotas and the region is its. */
static struct process *limited(struct region *region)
{
        struct thread *t = cop__thread_or_null();
        struct process *p = t ? t->current : NULL;

        return p && p->quotas && p->quotas->memory_max && p->stack && region == &p->stack->region
                       ? p
                       : NULL;
}

/* A process without a quota has got very much in one turn: said once, then it may go on. */
void cop__turn_is_large(struct region *region)
{
        region->most_words = 0;
        fprintf(stderr,
                "coppice: process %s has got %zu MB of terms since its turn began, and they live "
                "until "
                "it ends: until cop_next_message(), or the callback's return; what is made, or "
                "received, inside cop_scope dies there\n",
                cop_show(cop_pid_term(cop_self())),
                cop__region_words(region) * sizeof(uint64_t) >> 20);
}

static bool host_past_limit(struct region *region)
{
        struct process *p = limited(region);

        if (p)
                return cop__quota_past_limit(p);
        if (cop__thread_or_null() && cop__thread()->current)
                cop__turn_is_large(region);
        else
                region->most_words = 0;
        return true;
}

static bool host_share(struct region *region, size_t bytes)
{
        struct process *p = limited(region);

        return !p || cop__quota_share(p, bytes);
}

static COP_NORETURN void host_fail(enum failure failure, cop_term reason,
                                   const struct cop_place *place)
{
        struct thread *t = cop__thread_or_null();

        if (!t || !t->current)
                own_host.fail(failure, reason, place);
        if (reason.word == cop__limit_reason(ATOM(memory)).word && cop__quota_refused(t->current))
                cop__raise(FAIL_EXIT, cop__quota_memory, place);
        cop__raise(failure, reason, place);
}

/* ---- asking for the end ---- */

void cop_stop(int status)
{
        int none = -1;

        atomic_compare_exchange_strong(&stop_status, &none, status < 0 ? 1 : status);
        cop__driver->bell_ring(&stop_bell);
}

static void on_stop_signal(int signal)
{
        cop_stop(0); /* an exchange and a futex call: safe in a signal handler */
}

static void stop_signals_take(struct stop_signals *before)
{
        struct sigaction action = { .sa_handler = on_stop_signal };

        sigemptyset(&action.sa_mask);
        sigaction(SIGTERM, &action, &before->term);
        sigaction(SIGINT, &action, &before->interrupt);
}

static void stop_signals_give(const struct stop_signals *before)
{
        sigaction(SIGTERM, &before->term, NULL);
        sigaction(SIGINT, &before->interrupt, NULL);
}

/* ---- start ---- */

static void report_site(void *context, const char *message)
{
        fprintf(stderr, "%s\n", message);
}

static int scheduler_count(const struct cop_system_options *options)
{
        const char *text = getenv("COP_SCHEDULERS");
        int count = options->schedulers;

        if (cop__driver->simulated)
                return 1;
        if (count == 0 && text)
                count = (int)strtol(text, NULL, 10);
        if (count == 0)
                count = cop__driver->cores();
        return count;
}

int cop_system_schedulers(void)
{
        return (int)atomic_load_explicit(&cop__system.scheduler_count, memory_order_relaxed);
}

static int check(const struct cop_system_options *options)
{
        int count = scheduler_count(options);

        if (count < 1 || count > SCHEDULERS_MOST || options->processes_max > SLOT_OF_TIMERS)
                return -EINVAL;
        if (cop__sites_check(report_site, NULL) > 0)
                return -EINVAL;
        return count;
}

static int start_parts(const struct cop_system_options *options, unsigned count, uint64_t seed)
{
        struct stack_options stacks = { .mprotect_guards = options->mprotect_guards };
        int err;

        err = cop__context_check();
        if (err < 0)
                return err;
        err = cop__faults_start();
        if (err < 0)
                return err;
        err = cop__driver->start(seed);
        if (err < 0)
                goto undo_faults;
        err = cop__stacks_start(&stacks);
        if (err < 0)
                goto undo_driver;
        err = cop__table_start(options->processes_max);
        if (err < 0)
                goto undo_stacks;
        err = cop__schedulers_start(count);
        if (err < 0)
                goto undo_table;
        err = cop__monitor_start();
        if (err == 0 && seed)
                err = cop__sim_start(seed, options->simulation);
        if (err < 0)
                goto undo_schedulers;
        return 0;

undo_schedulers:
        cop__schedulers_stop();
undo_table:
        cop__table_stop();
undo_stacks:
        cop__stacks_stop();
undo_driver:
        cop__driver->stop();
undo_faults:
        cop__faults_stop();
        return err;
}

int cop_system_start_with(const struct cop_system_options *options)
{
        uint64_t seed = options->simulate;
        int stopped = STOPPED;
        int count, err;

        if (!atomic_compare_exchange_strong(&state, &stopped, STARTING))
                return -EBUSY;
        if (!seed)
                seed = cop__sim_seed();
        cop__driver = seed ? &cop__driver_sim : &cop__driver_threads;
        count = check(options);
        if (count < 0) {
                atomic_store(&state, STOPPED);
                return count;
        }
        cop__biased_lock_init();
        cop__system.stack_size = options->stack_size;
        atomic_store(&stop_status, -1);
        own_host = cop__host;
        err = start_parts(options, (unsigned)count, seed);
        if (err < 0) {
                atomic_store(&state, STOPPED);
                return err;
        }
        cop__host = (struct term_host){ .region = host_region,
                                        .kept = host_kept,
                                        .fail = host_fail,
                                        .past_limit = host_past_limit,
                                        .share = host_share };
        cop__reserve_fill();
        cop__fork_calls(on_fork);
        cop__sinks_start();
        stop_on_signals = options->stop_on_signals;
        if (stop_on_signals)
                stop_signals_take(&before_start);
        atomic_store(&state, RUNNING);
        return 0;
}

/* ---- stop ---- */

/* An exit signal to every process; how many there were. False in *all: memory was used up before. */
static size_t signal_all(cop_term reason, bool *all)
{
        uint32_t i;
        size_t count = 0;

        *all = true;
        for (i = 0; i < cop__table_slots(); i++) {
                struct process *p = cop__table_slot(i);
                uint64_t pid = p ? pid_of(p) : 0;

                if (pid && !atomic_load_explicit(&p->is_guest, memory_order_relaxed)) {
                        *all &= cop__try_notify(SIGNAL_EXIT, pid, 0, 0, reason);
                        count++;
                }
        }
        return count;
}

enum { LOOKS_BETWEEN = 64 };

/* Tells every process to end, and looks every millisecond; a kill it repeats now and then, for one
 * may just have been born when all were told. True: all have; else how many were left is in *left. */
static bool end_all(cop_term reason, int64_t deadline_ns, size_t *left)
{
        struct bell bell = { 0 };
        bool is_kill = reason.word == ATOM(kill).word;
        unsigned looks = 0;
        bool told;

        *left = signal_all(reason, &told);
        while (cop_process_count() > 0) {
                if (now_ns() >= deadline_ns)
                        return false;
                cop__driver->bell_wait(&bell, now_ns() + 1000000);
                if (!told || (is_kill && ++looks % LOOKS_BETWEEN == 0))
                        signal_all(reason, &told);
        }
        return true;
}

/* Threads that do blocking work for processes that have ended get a second to come back; how many do
 * not. */
static size_t wait_for_threads(void)
{
        struct bell bell = { 0 };
        int64_t deadline = now_ns() + THREADS_STOP_NS;
        size_t abandoned = 0;

        while (cop__lingering_count() > abandoned) {
                cop__driver->bell_wait(&bell, now_ns() + 1000000);
                if (now_ns() >= deadline)
                        abandoned += cop__blocking_abandon();
        }
        if (abandoned)
                fprintf(stderr,
                        "coppice: %zu threads are still in cop_blocking(); the system stops "
                        "without "
                        "them, and what they use stays\n",
                        abandoned);
        return abandoned;
}

int cop_system_stop(int64_t deadline_ms)
{
        int running = RUNNING;
        size_t left, abandoned, killed = 0;

        if (!atomic_compare_exchange_strong(&state, &running, STOPPING))
                return -EINVAL;
        if (stop_on_signals)
                stop_signals_give(&before_start);
        if (!end_all(ATOM(shutdown), cop__deadline(deadline_ms), &left)) {
                cop__table_close();
                end_all(ATOM(kill), INT64_MAX, &killed);
        }
        abandoned = wait_for_threads();
        cop__driver->blocking_stop(); /* one may just have put a process into a queue */
        cop__monitor_stop();
        cop__schedulers_stop();
        cop__guests_leave_all();
        cop__sim_stop();
        cop__reserve_free();
        cop__timers_stop();
        cop__sinks_stop();
        cop__ets_stop();
        cop__persistent_stop();
        cop__table_stop();
        cop__lingering_forget();
        if (abandoned)
                cop__stacks_abandon();
        else
                cop__stacks_stop();
        cop__driver->stop();
        cop__faults_stop();
        cop__host = own_host;
        atomic_store(&state, STOPPED);
        return (int)killed;
}

int cop_system_wait(void)
{
        struct stop_signals before;

        stop_signals_take(&before);
        while (atomic_load(&stop_status) < 0)
                cop__driver->bell_wait(&stop_bell, INT64_MAX);
        stop_signals_give(&before);
        return atomic_load(&stop_status);
}

/* ---- a whole program ---- */

struct first {
        cop_process_fn *fn;
        cop_term arguments;
};

static void watch_first(void *argument)
{
        struct first *first = argument;
        cop_term reason;
        cop_ref ref;

        cop_trap_exits(true);
        cop_spawn(first->fn, first->arguments, .monitor = &ref);
        while (!cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, Reason}", &ref, &reason))
                continue;
        if (cop_is(reason, "normal") || cop_is(reason, "shutdown")) {
                cop_stop(0);
                return;
        }
        fprintf(stderr, "coppice: the first process failed: %s\n", cop_show(reason));
        cop_stop(1);
}

static cop_term arguments_of(int argc, char **argv)
{
        cop_term list = cop_nil();

        while (argc > 1)
                list = cop_cons(cop_text(argv[--argc]), list);
        return list;
}

int cop_main(cop_process_fn *fn, int argc, char **argv)
{
        struct first first = { .fn = fn };
        int status;
        int err = cop_heart_wrap(argc, argv, NULL);

        if (err < 0)
                return 1;
        err = cop_system_start(.stop_on_signals = true);
        if (err < 0) {
                fprintf(stderr, "%s: cannot start: %s\n", argc ? argv[0] : "coppice",
                        strerrordesc_np(-err));
                return 1;
        }
        first.arguments = cop_keep(arguments_of(argc, argv));
        cop_heart_start();
        cop_spawn_pointer(watch_first, &first);
        status = cop_system_wait();
        cop_system_stop(5000);
        return status;
}
