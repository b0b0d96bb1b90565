/*
 * locks.c: libcoppice-debug: reports who leaves its thread in the middle while it holds a lock.
 *
 * A mutex belongs to a thread, and many processes share one: a process that waits while it holds a
 * mutex lets others run there that would wait for their own thread, or be taken for the owner.
 *
 * The functions that take locks stand in front of the C library's, and note for each thread what is
 * held. When a turn is over, however it ended, the scheduler calls cop__turn_over() where there is such a
 * function (scheduler.c), and what is held then is reported, once.
 *
 * Noted are mutexes, streams locked by flockfile() and functions of pthread_once(); not what a library
 * takes by other names (C11's mtx_lock(), locks of its own).
 *
 * Why a library of its own: every lock costs some nanoseconds more. A debug build of a program links it,
 * in front of the C library; nothing has to be called. Under ThreadSanitizer, which stands there itself,
 * it is empty.
 */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define IS_EMPTY 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define IS_EMPTY 1
#endif

#ifndef IS_EMPTY

enum { MOST = 64 }; /* beyond, locks are not noted */

struct held {
        const void *lock;
        void *where; /* it was taken */
};

/* The calling thread's. No function here waits for a process, so its address does not change. */
static _Thread_local struct {
        unsigned count;
        struct held held[MOST];
} mine;

static void note(const void *lock, void *where)
{
        if (mine.count < MOST)
                mine.held[mine.count++] = (struct held){ lock, where };
}

static void forget(const void *lock)
{
        for (unsigned i = mine.count; i-- > 0;) {
                if (mine.held[i].lock != lock)
                        continue;
                mine.count--;
                for (; i < mine.count; i++)
                        mine.held[i] = mine.held[i + 1];
                return;
        }
}

static void report(uint32_t slot, const struct held *held)
{
        Dl_info info = { 0 };

        dladdr(held->where, &info);
        fprintf(stderr,
                "coppice: process <0.%u> has left its thread while it holds a lock, taken at "
                "%s+0x%llx "
                "(%s); another process there would wait for ever\n",
                slot, info.dli_fname ? info.dli_fname : "?",
                (unsigned long long)((uintptr_t)held->where - (uintptr_t)info.dli_fbase),
                info.dli_sname ? info.dli_sname : "?");
}

/* The scheduler's, after each turn. */
__attribute__((visibility("default"))) void cop__turn_over(uint32_t slot);

void cop__turn_over(uint32_t slot)
{
        unsigned count = mine.count;

        mine.count = 0;
        for (unsigned i = 0; i < count; i++)
                report(slot, &mine.held[i]);
}

/* ---- in front of the C library's ---- */

/* The C library's function of this name, looked up once. */
#define REAL(name)                                                                                 \
        static __typeof__(name) *real;                                                             \
        if (!__atomic_load_n(&real, __ATOMIC_RELAXED))                                             \
        __atomic_store_n(&real, (__typeof__(name) *)dlsym(RTLD_NEXT, #name), __ATOMIC_RELAXED)

#define IN_FRONT __attribute__((visibility("default"), noinline))

IN_FRONT int pthread_mutex_lock(pthread_mutex_t *mutex)
{
        REAL(pthread_mutex_lock);
        int err = real(mutex);

        if (err == 0 || err == EOWNERDEAD)
                note(mutex, __builtin_return_address(0));
        return err;
}

IN_FRONT int pthread_mutex_trylock(pthread_mutex_t *mutex)
{
        REAL(pthread_mutex_trylock);
        int err = real(mutex);

        if (err == 0 || err == EOWNERDEAD)
                note(mutex, __builtin_return_address(0));
        return err;
}

IN_FRONT int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *until)
{
        REAL(pthread_mutex_timedlock);
        int err = real(mutex, until);

        if (err == 0 || err == EOWNERDEAD)
                note(mutex, __builtin_return_address(0));
        return err;
}

IN_FRONT int pthread_mutex_unlock(pthread_mutex_t *mutex)
{
        REAL(pthread_mutex_unlock);

        forget(mutex);
        return real(mutex);
}

IN_FRONT void flockfile(FILE *stream)
{
        REAL(flockfile);

        real(stream);
        note(stream, __builtin_return_address(0));
}

IN_FRONT void funlockfile(FILE *stream)
{
        REAL(funlockfile);

        forget(stream);
        real(stream);
}

IN_FRONT int pthread_once(pthread_once_t *once, void (*fn)(void))
{
        REAL(pthread_once);
        int err;

        note(once, __builtin_return_address(0));
        err = real(once, fn);
        forget(once);
        return err;
}

#endif
