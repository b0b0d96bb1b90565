/*
 * DRIVER, POLLER, POOL: the real driver. SIM: the simulated one. There is no runtime above them here.
 */
#include <coppice/memory.h>
#include <coppice/test.h>

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/random.h"
#include "runtime/driver.h"

static int64_t blocks; /* that there were before: constructors have some */

static void start(const struct driver *driver, uint64_t seed)
{
        blocks = cop__alloc_live_blocks();
        cop__driver = driver;
        cop_assert_equal(cop__driver->start(seed), 0);
}

static void stop(void)
{
        cop_assert_equal(cop__driver->blocking_stop(), 0);
        cop__driver->stop();
        cop_assert_equal(cop__alloc_live_blocks(), blocks);
}

/* ---- time and chance ---- */

COP_TEST(DRIVER_clock, "the clock is above zero and never goes back")
{
        int64_t last = 0;

        start(&cop__driver_threads, 0);
        for (int i = 0; i < 100000; i++) {
                int64_t now = now_ns();

                cop_assert(now > 0);
                cop_assert(now >= last);
                last = now;
        }
        cop_assert(cop__driver->wall_clock_ns() > 1577836800000000000);
        stop();
}

static void *random_numbers(void *numbers)
{
        for (int i = 0; i < 100; i++)
                ((uint64_t *)numbers)[i] = cop__driver->random();
        return NULL;
}

COP_TEST(DRIVER_random, "two threads do not draw the same numbers")
{
        uint64_t mine[100], others[100];
        void *thread;

        start(&cop__driver_threads, 0);
        cop_assert_equal(cop__driver->thread_start(random_numbers, others, &thread), 0);
        random_numbers(mine);
        cop__driver->thread_join(thread);
        for (int i = 0; i < 100; i++)
                for (int j = 0; j < 100; j++)
                        cop_assert(mine[i] != others[j]);
        stop();
}

COP_TEST(RANDOM_below, "each number below a limit comes about equally often")
{
        struct random random;
        int counts[7] = { 0 };

        cop__random_init(&random, cop_test_seed());
        for (int i = 0; i < 70000; i++)
                counts[cop__random_below(&random, 7)]++;
        for (int i = 0; i < 7; i++)
                cop_assert(counts[i] > 9000 && counts[i] < 11000);
}

/* ---- bells ---- */

struct ping_pong {
        struct bell ping, pong;
        _Atomic(int) pings;
        int rounds;
};

static void *answer(void *argument)
{
        struct ping_pong *p = argument;

        for (int i = 0; i < p->rounds; i++) {
                while (atomic_load(&p->pings) <= i)
                        cop__driver->bell_wait(&p->ping, INT64_MAX);
                cop__driver->bell_ring(&p->pong);
        }
        return NULL;
}

static void play(struct ping_pong *p)
{
        void *thread;

        cop_assert_equal(cop__driver->thread_start(answer, p, &thread), 0);
        for (int i = 0; i < p->rounds; i++) {
                atomic_fetch_add(&p->pings, 1);
                cop__driver->bell_ring(&p->ping);
                cop__driver->bell_wait(&p->pong, INT64_MAX);
        }
        cop__driver->thread_join(thread);
}

COP_TEST(DRIVER_bell, "no ring is lost between two threads that wait for each other", .limit_s = 60)
{
        struct ping_pong p = { .rounds = 20000 };

        start(&cop__driver_threads, 0);
        play(&p);
        stop();
}

COP_TEST(DRIVER_bell_before,
         "a ring before the wait ends the wait at once; a second one is not saved")
{
        struct bell bell = { 0 };
        int64_t began;

        start(&cop__driver_threads, 0);
        cop__driver->bell_ring(&bell);
        cop__driver->bell_ring(&bell);
        cop__driver->bell_wait(&bell, INT64_MAX);

        began = now_ns();
        cop__driver->bell_wait(&bell, began + 2000000);
        cop_assert(now_ns() - began >= 2000000);
        stop();
}

COP_TEST(DRIVER_bell_deadline,
         "a wait ends at its deadline and not before, also when that has passed")
{
        struct bell bell = { 0 };
        int64_t began;

        start(&cop__driver_threads, 0);
        began = now_ns();
        cop__driver->bell_wait(&bell, began + 1000000);
        cop_assert(now_ns() >= began + 1000000);
        cop__driver->bell_wait(&bell, began);
        cop__driver->bell_wait(&bell, 0);
        stop();
}

/* ---- the pool ---- */

struct job {
        struct blocking_job job;
        struct jobs *all;
};

struct jobs {
        _Atomic(int) begun, ended;
        int wanted; /* how many are inside at once, before any goes on */
        struct bell all_begun, all_ended;
};

static void meet(struct blocking_job *argument)
{
        struct jobs *all = ((struct job *)argument)->all;

        if (atomic_fetch_add(&all->begun, 1) + 1 == all->wanted)
                cop__driver->bell_ring(&all->all_begun);
        while (atomic_load(&all->begun) < all->wanted)
                sched_yield();
        if (atomic_fetch_add(&all->ended, 1) + 1 == all->wanted)
                cop__driver->bell_ring(&all->all_ended);
}

COP_TEST(POOL_at_once, "as many jobs as the limit block at the same time, each on its thread")
{
        static struct job jobs[64];
        struct jobs all = { .wanted = 64 };

        start(&cop__driver_threads, 0);
        for (int i = 0; i < 64; i++) {
                jobs[i] = (struct job){ { NULL, meet }, &all };
                cop_assert_equal(cop__driver->blocking(&jobs[i].job), 0);
        }
        while (atomic_load(&all.ended) < 64)
                cop__driver->bell_wait(&all.all_ended, INT64_MAX);
        stop();
}

COP_TEST(POOL_queue, "jobs beyond the limit wait, and all are run")
{
        static struct job jobs[500];
        struct jobs all = { .wanted = 0 };

        setenv("COP_BLOCKING_THREADS", "2", 1);
        start(&cop__driver_threads, 0);
        for (int i = 0; i < 500; i++) {
                jobs[i] = (struct job){ { NULL, meet }, &all };
                cop_assert_equal(cop__driver->blocking(&jobs[i].job), 0);
        }
        while (atomic_load(&all.ended) < 500)
                sched_yield();
        stop();
}

static struct bell let_go;

static void stay(struct blocking_job *argument)
{
        cop__driver->bell_wait(&let_go, INT64_MAX);
}

COP_TEST(POOL_stuck, "a stop does not hang with a job that never ends, and says that there is one")
{
        struct blocking_job job = { NULL, stay };
        struct blocking_job late = { NULL, stay };

        start(&cop__driver_threads, 0);
        cop_assert_equal(cop__driver->blocking(&job), 0);
        cop_assert_equal(cop__driver->blocking_stop(), 1);
        cop_assert_equal(cop__driver->blocking(&late), -ESHUTDOWN);
        cop__driver->bell_ring(&let_go);
        while (cop__driver->blocking_stop() != 0)
                sched_yield();
        cop__driver->stop();
}

/* ---- the poller ---- */

struct readiness {
        int calls;
        int what;
};

static void note(void *argument, int what)
{
        struct readiness *r = argument;

        r->calls++;
        r->what = what;
}

COP_TEST(POLLER_once, "who watches is called once, by who polls, when the descriptor is ready")
{
        struct readiness r = { 0 };
        int ends[2];

        start(&cop__driver_threads, 0);
        cop_assert_equal(pipe2(ends, O_CLOEXEC), 0);
        cop_assert_equal(cop__driver->watch(ends[0], COP_READABLE, note, &r), 0);
        cop__driver->poll(0);
        cop_assert_equal(r.calls, 0);

        cop_assert_equal(write(ends[1], "x", 1), 1);
        cop__driver->poll(INT64_MAX);
        cop_assert_equal(r.calls, 1);
        cop_assert_equal(r.what, COP_READABLE);
        cop__driver->poll(0);
        cop_assert_equal(r.calls, 1);

        cop_assert_equal(cop__driver->watch(ends[0], COP_READABLE, note, &r), 0);
        cop__driver->poll(INT64_MAX);
        cop_assert_equal(r.calls, 2);
        close(ends[0]);
        close(ends[1]);
        stop();
}

COP_TEST(POLLER_two, "one may wait to read and another to write; a third is told that it cannot")
{
        struct readiness reader = { 0 }, writer = { 0 };
        int ends[2];

        start(&cop__driver_threads, 0);
        cop_assert_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        cop_assert_equal(cop__driver->watch(ends[0], COP_READABLE, note, &reader), 0);
        cop_assert_equal(cop__driver->watch(ends[0], COP_WRITABLE, note, &writer), 0);
        cop_assert_equal(cop__driver->watch(ends[0], COP_READABLE, note, &writer), -EBUSY);

        cop__driver->poll(INT64_MAX);
        cop_assert_equal(writer.calls, 1);
        cop_assert_equal(reader.calls, 0);
        cop_assert_equal(write(ends[1], "x", 1), 1);
        cop__driver->poll(INT64_MAX);
        cop_assert_equal(reader.calls, 1);
        cop_assert_equal(reader.what, COP_READABLE);
        close(ends[0]);
        close(ends[1]);
        stop();
}

COP_TEST(POLLER_hang_up, "the other end's end is readiness for both")
{
        struct readiness r = { 0 };
        int ends[2];

        start(&cop__driver_threads, 0);
        cop_assert_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
        close(ends[1]);
        cop_assert_equal(cop__driver->watch(ends[0], COP_READABLE, note, &r), 0);
        cop__driver->poll(INT64_MAX);
        cop_assert_equal(r.calls, 1);
        close(ends[0]);
        stop();
}

COP_TEST(POLLER_unwatch, "what was taken back is not called, and can be taken back only once")
{
        struct readiness r = { 0 };
        int ends[2];

        start(&cop__driver_threads, 0);
        cop_assert_equal(pipe2(ends, O_CLOEXEC), 0);
        cop_assert_equal(cop__driver->unwatch(ends[0], &r), -ENOENT);
        cop_assert_equal(cop__driver->watch(ends[0], COP_READABLE, note, &r), 0);
        cop_assert_equal(cop__driver->unwatch(ends[0], &r), 0);
        cop_assert_equal(cop__driver->unwatch(ends[0], &r), -ENOENT);
        cop_assert_equal(write(ends[1], "x", 1), 1);
        cop__driver->poll(0);
        cop_assert_equal(r.calls, 0);
        close(ends[0]);
        close(ends[1]);
        stop();
}

COP_TEST(POLLER_closed,
         "a descriptor closed under its watch does not bar the next one of its number")
{
        struct readiness old = { 0 }, new = { 0 };
        int ends[2];
        int again[2];

        start(&cop__driver_threads, 0);
        cop_assert_equal(pipe2(ends, O_CLOEXEC), 0);
        cop_assert_equal(cop__driver->watch(ends[0], COP_READABLE, note, &old), 0);
        close(ends[0]);
        close(ends[1]);
        cop_assert_equal(pipe2(again, O_CLOEXEC), 0);
        cop_assert_equal(again[0], ends[0]);

        cop_assert_equal(cop__driver->watch(again[0], COP_READABLE, note, &new), 0);
        cop_assert_equal(old.calls, 1);
        cop_assert_equal(write(again[1], "x", 1), 1);
        cop__driver->poll(INT64_MAX);
        cop_assert_equal(new.calls, 1);
        cop_assert_equal(old.calls, 1);
        close(again[0]);
        close(again[1]);
        stop();
}

COP_TEST(POLLER_bad, "what cannot be watched is refused")
{
        struct readiness r = { 0 };
        int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);

        start(&cop__driver_threads, 0);
        cop_assert_equal(cop__driver->watch(-1, COP_READABLE, note, &r), -EBADF);
        cop_assert_equal(cop__driver->watch(1000, COP_READABLE, note, &r), -EBADF);
        cop_assert_equal(cop__driver->watch(file, COP_READABLE, note, &r), -EPERM);
        cop_assert_equal(cop__driver->watch(file, 0, note, &r), -EINVAL);
        cop_assert_equal(cop__driver->unwatch(-1, &r), -ENOENT);
        close(file);
        stop();
}

static void *wake_poller(void *argument)
{
        struct ping_pong *p = argument;

        for (int i = 0; i < p->rounds; i++) {
                while (atomic_load(&p->pings) <= i)
                        cop__driver->bell_wait(&p->ping, INT64_MAX);
                cop__driver->poll_wake();
        }
        return NULL;
}

COP_TEST(POLLER_wake, "no wake of a thread that polls is lost", .limit_s = 60)
{
        struct ping_pong p = { .rounds = 10000 };
        void *thread;

        start(&cop__driver_threads, 0);
        cop_assert_equal(cop__driver->thread_start(wake_poller, &p, &thread), 0);
        for (int i = 0; i < p.rounds; i++) {
                int64_t late = now_ns() + 5000000000;

                atomic_fetch_add(&p.pings, 1);
                cop__driver->bell_ring(&p.ping);
                cop__driver->poll(late);
                cop_assert(now_ns() < late);
        }
        cop__driver->thread_join(thread);
        stop();
}

COP_TEST(POLLER_deadline, "a poll ends at its deadline to the millisecond, and not before")
{
        int64_t best = INT64_MAX;

        start(&cop__driver_threads, 0);
        for (int i = 0; i < 20; i++) {
                int64_t deadline = now_ns() + 300000;
                int64_t late;

                while ((late = now_ns() - deadline) < 0)
                        cop__driver->poll(deadline);
                if (late < best)
                        best = late;
        }
        cop_assert(best < 1000000);
        stop();
}

/* ---- simulation ---- */

COP_TEST(SIM_time, "time stands still while somebody runs, and jumps when all wait")
{
        struct bell bell = { 0 };
        int64_t began;

        start(&cop__driver_sim, 81);
        began = now_ns();
        cop_assert(began > 0);
        cop_assert_equal(now_ns(), began);
        cop__driver->bell_wait(&bell, began + 3600000000000);
        cop_assert_equal(now_ns(), began + 3600000000000);
        cop__driver->bell_wait(&bell, began);
        cop_assert_equal(now_ns(), began + 3600000000000);
        stop();
}

COP_TEST(SIM_bell, "threads that wait for each other do so in a simulation as well")
{
        struct ping_pong p = { .rounds = 1000 };

        start(&cop__driver_sim, 81);
        play(&p);
        stop();
}

struct journal {
        char text[256];
        struct bell bells[3];
        struct bell done;
        _Atomic(int) ended;
};

struct writer {
        struct journal *journal;
        int number;
};

static void *write_journal(void *argument)
{
        struct writer *w = argument;

        for (int i = 0; i < 20; i++) {
                char letter[2] = { (char)('a' + w->number), 0 };

                strcat(w->journal->text, letter);
                cop__driver->bell_wait(&w->journal->bells[w->number], now_ns() + 1000);
        }
        atomic_fetch_add(&w->journal->ended, 1);
        cop__driver->bell_ring(&w->journal->done);
        return NULL;
}

static void run_journal(struct journal *journal, uint64_t seed)
{
        struct writer writers[3];
        void *threads[3];

        memset(journal, 0, sizeof(*journal));
        start(&cop__driver_sim, seed);
        for (int i = 0; i < 3; i++) {
                writers[i] = (struct writer){ journal, i };
                cop_assert_equal(cop__driver->thread_start(write_journal, &writers[i], &threads[i]),
                                 0);
        }
        while (atomic_load(&journal->ended) < 3)
                cop__driver->bell_wait(&journal->done, INT64_MAX);
        for (int i = 0; i < 3; i++)
                cop__driver->thread_join(threads[i]);
        stop();
}

COP_TEST(SIM_seed, "the same seed gives the same run, another seed another one")
{
        struct journal first, again, other;

        run_journal(&first, 81);
        cop_assert_equal(strlen(first.text), 60);
        for (int i = 0; i < 20; i++) {
                run_journal(&again, 81);
                cop_assert_text(again.text, first.text);
        }
        run_journal(&other, 82);
        cop_assert(strcmp(other.text, first.text) != 0);
}

COP_TEST(SIM_blocking, "a blocking job is done at once; descriptors cannot be watched")
{
        static struct job job;
        struct jobs all = { .wanted = 0 };
        struct readiness r = { 0 };

        start(&cop__driver_sim, 81);
        job = (struct job){ { NULL, meet }, &all };
        cop_assert_equal(cop__driver->blocking(&job.job), 0);
        cop_assert_equal(all.ended, 1);
        cop_assert_equal(cop__driver->watch(0, COP_READABLE, note, &r), -ENOTSUP);
        stop();
}
