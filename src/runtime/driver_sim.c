/*
 * driver_sim.c: the simulated driver: one thread at a time, virtual time, chance from a seed.
 *
 * Every thread of the system is an OS thread here, too, so that its thread-locals, its stack and what
 * a debugger shows are as usual. But there is one baton, and only who holds it runs. It is given on
 * in bell_wait and thread_join, and at a thread's end, and nowhere else; so what happens depends
 * on nothing but the program and the seed.
 *
 * give on   to one of those that can go on, by chance. If nobody can, the clock jumps to the
 *           earliest deadline of all. If nobody has one, nothing can ever happen any more: that is a
 *           mistake of the program, or of ours, and it is stopped with a report.
 * time      stands still while anybody runs: a turn takes no time, however long.
 *
 * Invariant Exactly one thread is `holder`; what a thread changes of `sim` it changes under the lock.
 *
 * Other threads of the program's own may take part: the first that waits on a bell while it holds
 * no baton gets in line. What they do between two waits is not simulated.
 *
 * Why not one OS thread, and switches between the stacks of the workers and that of main(): who is
 * running is kept in thread-locals all over the runtime and in libraries, and each would have to be
 * exchanged by hand.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bug.h"
#include "base/random.h"
#include "runtime/driver.h"
#include "runtime/driver_threads.h"
#include "runtime/sim.h"

static const int64_t FIRST_NS = 1000000000;               /* where the clock starts */
static const int64_t WALL_CLOCK_NS = 1577836800000000000; /* and where the calendar does: 2020 */

struct sim_thread {
        struct sim_thread *next;
        pthread_t id;
        pthread_cond_t turn;
        void *(*fn)(void *); /* NULL: a thread of the program's own */
        void *argument;
        struct bell *bell; /* what it waits for; NULL: it can go on */
        struct sim_thread *joins;
        int64_t deadline_ns;
        bool ended;
};

static struct {
        pthread_mutex_t lock;
        struct sim_thread *threads; /* the oldest first: chance must not depend on addresses */
        struct sim_thread *holder;
        _Atomic(int64_t) now_ns;
        struct random random;
        struct random
                choices; /* apart, so that a program's random numbers do not change the order */
        struct bell poll;
        struct bell *rests; /* who waits for it is to tell that all rest; NULL: nobody is */
} sim = { .lock = PTHREAD_MUTEX_INITIALIZER };

static int64_t sim_now_ns(void)
{
        return atomic_load_explicit(&sim.now_ns, memory_order_relaxed);
}

static int64_t sim_wall_clock_ns(void)
{
        return WALL_CLOCK_NS + sim_now_ns() - FIRST_NS;
}

/* ---- threads: under the lock ---- */

static struct sim_thread *thread_new(void)
{
        struct sim_thread *thread = cop__alloc_zeroed(sizeof(*thread));
        struct sim_thread **end = &sim.threads;

        if (!thread)
                return NULL;
        pthread_cond_init(&thread->turn, NULL);
        while (*end)
                end = &(*end)->next;
        *end = thread;
        return thread;
}

static void thread_free(struct sim_thread *thread)
{
        struct sim_thread **at = &sim.threads;

        while (*at != thread)
                at = &(*at)->next;
        *at = thread->next;
        pthread_cond_destroy(&thread->turn);
        cop__free(thread);
}

/* The calling thread; one that was not known is now. */
static struct sim_thread *thread_self(void)
{
        struct sim_thread *thread;

        for (thread = sim.threads; thread; thread = thread->next)
                if (!thread->ended && pthread_equal(thread->id, pthread_self()))
                        return thread;
        thread = thread_new();
        if (!thread)
                COP_BUG("a thread of the simulation needs memory");
        thread->id = pthread_self();
        if (!sim.holder)
                sim.holder = thread;
        return thread;
}

static bool can_go_on(const struct sim_thread *thread)
{
        if (thread->ended)
                return false;
        if (thread->joins)
                return thread->joins->ended;
        return !thread->bell || atomic_load(&thread->bell->rung) == 1 ||
               thread->deadline_ns <= sim_now_ns();
}

static struct sim_thread *choose_thread(void)
{
        struct sim_thread *chosen = NULL;
        uint64_t candidates = 0;

        for (struct sim_thread *thread = sim.threads; thread; thread = thread->next)
                if (can_go_on(thread) && cop__random_below(&sim.choices, ++candidates) == 0)
                        chosen = thread;
        return chosen;
}

/* Nobody can go on: the clock jumps to where somebody can. */
static void jump(void)
{
        int64_t earliest = INT64_MAX;

        for (struct sim_thread *thread = sim.threads; thread; thread = thread->next)
                if (!thread->ended && thread->bell && thread->deadline_ns < earliest)
                        earliest = thread->deadline_ns;
        if (earliest == INT64_MAX)
                COP_BUG("in a simulation something can still happen while the program waits for it "
                        "(all wait, and for ever)");
        atomic_store_explicit(&sim.now_ns, earliest, memory_order_relaxed);
}

/* The baton goes to who can go on. Before the clock moves, the scheduler may want to know of it. */
static void give_on(void)
{
        struct sim_thread *next = choose_thread();

        if (!next && (sim.rests = cop__sim_wants_rest())) {
                atomic_store(&sim.rests->rung, 1);
                next = choose_thread();
        }
        if (!next) {
                jump();
                next = choose_thread();
        }
        sim.holder = next;
        pthread_cond_signal(&next->turn);
}

/* Returns with the baton. */
static void wait_for_turn(struct sim_thread *thread)
{
        while (sim.holder != thread)
                pthread_cond_wait(&thread->turn, &sim.lock);
}

static void give_on_and_wait(struct sim_thread *thread)
{
        if (sim.holder == thread)
                give_on();
        wait_for_turn(thread);
}

static void *thread_main(void *argument)
{
        struct sim_thread *thread = argument;

        /* By itself: who names another opens a file of /proc, which worlds by the thousand feel. */
        pthread_setname_np(pthread_self(), "cop-simulated");
        pthread_mutex_lock(&sim.lock);
        wait_for_turn(thread);
        pthread_mutex_unlock(&sim.lock);

        thread->fn(thread->argument);

        pthread_mutex_lock(&sim.lock);
        thread->ended = true;
        give_on();
        pthread_mutex_unlock(&sim.lock);
        return NULL;
}

static int sim_thread_start(void *(*fn)(void *), void *argument, void **handle)
{
        struct sim_thread *thread;
        int err = -ENOMEM;

        pthread_mutex_lock(&sim.lock);
        thread_self();
        thread = thread_new();
        if (thread) {
                thread->fn = fn;
                thread->argument = argument;
                err = cop__thread_create(&thread->id, thread_main, thread, NULL);
                if (err < 0)
                        thread_free(thread);
                else
                        *handle = thread;
        }
        pthread_mutex_unlock(&sim.lock);
        return err;
}

static void sim_thread_join(void *handle)
{
        struct sim_thread *thread = handle;
        struct sim_thread *self;

        pthread_mutex_lock(&sim.lock);
        self = thread_self();
        self->joins = thread;
        give_on_and_wait(self);
        self->joins = NULL;
        pthread_mutex_unlock(&sim.lock);

        pthread_join(thread->id, NULL);
        pthread_mutex_lock(&sim.lock);
        thread_free(thread);
        pthread_mutex_unlock(&sim.lock);
}

/* ---- bells ---- */

static void sim_bell_wait(struct bell *bell, int64_t deadline_ns)
{
        struct sim_thread *self;
        bool rests;

        pthread_mutex_lock(&sim.lock);
        self = thread_self();
        self->bell = bell;
        self->deadline_ns = deadline_ns;
        give_on_and_wait(self);
        self->bell = NULL;
        atomic_store(&bell->rung, 0);
        rests = sim.rests == bell;
        if (rests)
                sim.rests = NULL;
        pthread_mutex_unlock(&sim.lock);
        if (rests)
                cop__sim_tell_rest();
}

static void sim_bell_ring(struct bell *bell)
{
        atomic_store(&bell->rung, 1);
}

static void sim_poll(int64_t deadline_ns)
{
        sim_bell_wait(&sim.poll, deadline_ns);
}

static void sim_poll_wake(void)
{
        sim_bell_ring(&sim.poll);
}

/* ---- the rest ---- */

static uint64_t sim_random(void)
{
        uint64_t random;

        pthread_mutex_lock(&sim.lock);
        random = cop__random_next(&sim.random);
        pthread_mutex_unlock(&sim.lock);
        return random;
}

static size_t sim_choose(size_t n)
{
        size_t choice;

        pthread_mutex_lock(&sim.lock);
        choice = (size_t)cop__random_below(&sim.choices, n);
        pthread_mutex_unlock(&sim.lock);
        return choice;
}

static int sim_cores(void)
{
        return 1;
}

static int sim_blocking(struct blocking_job *job)
{
        job->run(job);
        return 0;
}

static int sim_blocking_stop(void)
{
        return 0;
}

static int sim_watch(int fd, int what, void (*ready)(void *argument, int what), void *argument)
{
        return -ENOTSUP;
}

static int sim_unwatch(int fd, void *argument)
{
        return -ENOENT;
}

static int sim_start(uint64_t seed)
{
        pthread_mutex_lock(&sim.lock);
        atomic_store(&sim.now_ns, FIRST_NS);
        atomic_store(&sim.poll.rung, 0);
        cop__random_init(&sim.random, seed);
        cop__random_init(&sim.choices, ~seed);
        thread_self();
        pthread_mutex_unlock(&sim.lock);
        return 0;
}

static void sim_stop(void)
{
        pthread_mutex_lock(&sim.lock);
        while (sim.threads)
                thread_free(sim.threads);
        sim.holder = NULL;
        pthread_mutex_unlock(&sim.lock);
}

const struct driver cop__driver_sim = {
        .simulated = true,
        .now_ns = sim_now_ns,
        .wall_clock_ns = sim_wall_clock_ns,
        .random = sim_random,
        .cores = sim_cores,
        .thread_start = sim_thread_start,
        .thread_join = sim_thread_join,
        .bell_wait = sim_bell_wait,
        .bell_ring = sim_bell_ring,
        .blocking = sim_blocking,
        .blocking_stop = sim_blocking_stop,
        .watch = sim_watch,
        .unwatch = sim_unwatch,
        .poll = sim_poll,
        .poll_wake = sim_poll_wake,
        .choose = sim_choose,
        .start = sim_start,
        .stop = sim_stop,
};
