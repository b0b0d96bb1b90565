/*
 * driver_threads.c: the real driver: OS threads, the clock, futexes.
 *
 * bell      One word. Who waits sets it from 0 to 2 and sleeps on it; who rings exchanges it for 1
 *           and wakes only what it finds at 2. The exchange is also the barrier between what the
 *           ringer wrote before and what the waiter reads after: so it is not left out when the
 *           bell seems to be rung already.
 * spin      Waking a thread that sleeps costs the waker 17 us on a virtual machine, and the work
 *           waits for 45 us; a spinning one sees it within 0.2 us. So who waits looks for 20 us
 *           before it sleeps: not on a single core, where nobody else could do anything meanwhile.
 * threads   Workers get no signals but those that a thread sends to itself by a fault: the others
 *           are for the program's own threads.
 *
 * The poller is in driver_epoll.c, the threads that may block are in driver_pool.c.
 */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/bug.h"
#include "base/random.h"
#include "runtime/driver.h"
#include "runtime/driver_threads.h"

enum {
        SPIN_NS = 20 * 1000,
        LOOKS = 32, /* at the word, between looks at the clock */
        WORKER_STACK = 1024 * 1024,
};

static int core_count; /* set once before start */

/* ---- time and chance ---- */

static int64_t clock_ns(clockid_t clock)
{
        struct timespec now;

        clock_gettime(clock, &now);
        return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int64_t monotonic_ns(void)
{
        return clock_ns(CLOCK_MONOTONIC);
}

static int64_t wall_ns(void)
{
        return clock_ns(CLOCK_REALTIME);
}

/* Not inlined: who calls it may be on another thread after a switch. */
__attribute__((noinline)) static struct random *generator(void)
{
        static _Thread_local struct random random;

        return &random;
}

static uint64_t random_number(void)
{
        struct random *random = generator();

        if (!(random->state[0] | random->state[1] | random->state[2] | random->state[3])) {
                uint64_t seed;

                if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
                        seed = (uint64_t)monotonic_ns() ^ (uintptr_t)random;
                cop__random_init(random, seed);
        }
        return cop__random_next(random);
}

static size_t choose_first(size_t n)
{
        return 0;
}

/* ---- threads ---- */

int cop__core_count(void)
{
        cpu_set_t set;
        int count = 1;

        if (sched_getaffinity(0, sizeof(set), &set) == 0)
                count = CPU_COUNT(&set);
        return count > 0 ? count : 1;
}

int cop__thread_create(pthread_t *thread, void *(*fn)(void *), void *argument, const char *name)
{
        static const int own[] = { SIGSEGV, SIGBUS,  SIGFPE, SIGILL,
                                   SIGABRT, SIGTRAP, SIGSYS, SIGPROF };
        sigset_t blocked;
        sigset_t before;
        pthread_attr_t attributes;
        int err;

        sigfillset(&blocked);
        for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
                sigdelset(&blocked, own[i]);

        err = pthread_attr_init(&attributes);
        if (err)
                return -err;
        pthread_attr_setstacksize(&attributes, WORKER_STACK);
        pthread_sigmask(SIG_SETMASK, &blocked, &before);
        err = pthread_create(thread, &attributes, fn, argument);
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        pthread_attr_destroy(&attributes);
        if (err)
                return -err;
        if (name)
                pthread_setname_np(*thread, name);
        return 0;
}

static pthread_key_t end_key;
static pthread_once_t end_once = PTHREAD_ONCE_INIT;
static void (*end_fn)(void);

static void call_end(void *unused)
{
        __atomic_load_n(&end_fn, __ATOMIC_RELAXED)();
}

static void make_end_key(void)
{
        if (pthread_key_create(&end_key, call_end) != 0)
                COP_BUG("no key of the thread library is left");
}

void cop__thread_end_calls(void (*fn)(void))
{
        __atomic_store_n(&end_fn, fn, __ATOMIC_RELAXED);
        pthread_once(&end_once, make_end_key);
        pthread_setspecific(end_key, &end_key);
}

static pthread_once_t fork_once = PTHREAD_ONCE_INIT;
static void (*fork_fn)(void);

static void call_in_child(void)
{
        __atomic_load_n(&fork_fn, __ATOMIC_RELAXED)();
}

static void register_child(void)
{
        if (pthread_atfork(NULL, NULL, call_in_child) != 0)
                COP_BUG("no memory to hear of a fork");
}

void cop__fork_calls(void (*fn)(void))
{
        __atomic_store_n(&fork_fn, fn, __ATOMIC_RELAXED);
        pthread_once(&fork_once, register_child);
}

static int thread_start(void *(*fn)(void *), void *argument, void **thread)
{
        pthread_t id;
        int err = cop__thread_create(&id, fn, argument, "cop-scheduler");

        _Static_assert(sizeof(id) <= sizeof(*thread), "a pthread_t is a word");
        if (err < 0)
                return err;
        *thread = (void *)id;
        return 0;
}

static void thread_join(void *thread)
{
        pthread_join((pthread_t)thread, NULL);
}

/* As the kernel has it; in no header that all C libraries bear beside <sched.h>. */
struct scheduling {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t slice_ns, deadline_ns, period_ns;
        uint32_t least, most;
};

/*
 * Linux from 6.12 on gives each thread a slice of its own, and lets one with a shorter slice that wakes
 * up interrupt one with a longer slice at once; the share stays the same. Older ones do not look
 * at it. Why not nice: nobody may take that back.
 */
static void thread_haste(int id, enum haste haste)
{
        static const uint64_t slices[] = { [HASTE_USUAL] = 0, /* as the kernel likes */
                                           [HASTE_MORE] = 500 * 1000,
                                           [HASTE_LESS] = 20 * 1000 * 1000 };
        struct scheduling now = { 0 };
        int error = errno;

        if (syscall(SYS_sched_getattr, id, &now, sizeof(now), 0) == 0 &&
            now.policy == SCHED_OTHER) {
                now.slice_ns = slices[haste];
                syscall(SYS_sched_setattr, id, &now, 0);
        }
        errno = error;
}

/* ---- bells ---- */

static void pause_a_little(void)
{
#if defined(__x86_64__)
        __builtin_ia32_pause();
#else
        __asm__ volatile("isb" ::: "memory");
#endif
}

bool cop__bell_spin(struct bell *bell, int64_t deadline_ns)
{
        int64_t now = monotonic_ns();
        int64_t end = deadline_ns - now < SPIN_NS ? deadline_ns : now + SPIN_NS;

        if (core_count == 1)
                return false;
        while (now < end) {
                for (int i = 0; i < LOOKS; i++) {
                        if (atomic_load_explicit(&bell->rung, memory_order_relaxed) == 1)
                                return true;
                        pause_a_little();
                }
                now = monotonic_ns();
        }
        return false;
}

bool cop__bell_take(struct bell *bell)
{
        /* pairs with the exchange in bell_ring */
        return atomic_exchange_explicit(&bell->rung, 0, memory_order_seq_cst) == 1;
}

bool cop__bell_fall_asleep(struct bell *bell)
{
        uint32_t nothing = 0;

        return atomic_compare_exchange_strong(&bell->rung, &nothing, 2);
}

static void futex_wait(struct bell *bell, int64_t deadline_ns)
{
        struct timespec until = { deadline_ns / 1000000000, deadline_ns % 1000000000 };

        syscall(SYS_futex, &bell->rung, FUTEX_WAIT_BITSET_PRIVATE, 2,
                deadline_ns == INT64_MAX ? NULL : &until, NULL, FUTEX_BITSET_MATCH_ANY);
}

static void bell_wait(struct bell *bell, int64_t deadline_ns)
{
        int error = errno;

        if (cop__bell_take(bell))
                return;
        if (!cop__bell_spin(bell, deadline_ns) && cop__bell_fall_asleep(bell))
                while (atomic_load_explicit(&bell->rung, memory_order_relaxed) == 2 &&
                       monotonic_ns() < deadline_ns)
                        futex_wait(bell, deadline_ns);
        cop__bell_take(bell);
        errno = error;
}

static void bell_ring(struct bell *bell)
{
        int error = errno;

        /* pairs with the exchange in cop__bell_take */
        if (atomic_exchange_explicit(&bell->rung, 1, memory_order_seq_cst) == 2)
                syscall(SYS_futex, &bell->rung, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
        errno = error;
}

/* ---- start and stop ---- */

static int start(uint64_t seed)
{
        int err;

        core_count = cop__core_count();
        err = cop__epoll_start();
        if (err < 0)
                return err;
        cop__pool_start();
        return 0;
}

const struct driver cop__driver_threads = {
        .simulated = false,
        .now_ns = monotonic_ns,
        .wall_clock_ns = wall_ns,
        .random = random_number,
        .cores = cop__core_count,
        .thread_start = thread_start,
        .thread_join = thread_join,
        .thread_haste = thread_haste,
        .bell_wait = bell_wait,
        .bell_ring = bell_ring,
        .blocking = cop__pool_run,
        .blocking_stop = cop__pool_stop,
        .watch = cop__epoll_watch,
        .unwatch = cop__epoll_unwatch,
        .poll = cop__epoll_poll,
        .poll_wake = cop__epoll_wake,
        .choose = choose_first,
        .start = start,
        .stop = cop__epoll_stop,
};

const struct driver *cop__driver = &cop__driver_threads;
