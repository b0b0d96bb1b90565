/*
 * driver_pool.c: threads that may block.
 *
 * A job goes to the end of a queue, where waiting threads take from. If there are more jobs in it
 * than threads that wait, and fewer threads than the limit, one more is started. A thread that has
 * waited for some seconds ends.
 *
 * Why detached threads, and no join: the last thing that a thread does is to count itself out under
 * the lock, and a stop that finds one stuck in a call for ever must not be stuck with it.
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/driver_threads.h"

enum {
        THREADS_DEFAULT = 64,
        THREADS_MOST = 4096,
        IDLE_S = 5,
        STOP_S = 1,
};

static struct {
        pthread_mutex_t lock;
        pthread_cond_t work; /* a job, or the stop */
        pthread_cond_t gone; /* a thread has ended */
        struct blocking_job *first, *last;
        unsigned queued;
        unsigned most;
        unsigned threads;
        unsigned waiting; /* of them; also those that were woken and have not come yet */
        bool stopping;
} pool = { .lock = PTHREAD_MUTEX_INITIALIZER };

static struct timespec in_seconds(int seconds)
{
        struct timespec at;

        clock_gettime(CLOCK_MONOTONIC, &at);
        at.tv_sec += seconds;
        return at;
}

/* The oldest job; NULL: the thread has waited for long enough, or for the stop. Under the lock. */
static struct blocking_job *wait_for_job(void)
{
        struct timespec end = in_seconds(IDLE_S);
        struct blocking_job *job;
        int err = 0;

        pool.waiting++;
        while (!pool.first && !pool.stopping && err != ETIMEDOUT)
                err = pthread_cond_timedwait(&pool.work, &pool.lock, &end);
        pool.waiting--;

        job = pool.first;
        if (job) {
                pool.first = job->next;
                pool.queued--;
        }
        return job;
}

static void *pool_thread(void *none)
{
        struct blocking_job *job;

        pthread_mutex_lock(&pool.lock);
        while ((job = wait_for_job())) {
                pthread_mutex_unlock(&pool.lock);
                job->run(job);
                pthread_mutex_lock(&pool.lock);
        }
        pool.threads--;
        pthread_cond_signal(&pool.gone);
        pthread_mutex_unlock(&pool.lock);
        return NULL;
}

/* Under the lock. */
static int add_thread(void)
{
        pthread_t thread;
        int err = cop__thread_create(&thread, pool_thread, NULL, "cop-blocking");

        if (err < 0)
                return err;
        pthread_detach(thread);
        pool.threads++;
        return 0;
}

/* Puts a job at the end of the queue, if there will be somebody to take it. Under the lock. */
static int add_job(struct blocking_job *job)
{
        if (pool.stopping)
                return -ESHUTDOWN;
        if (pool.queued >= pool.waiting && pool.threads < pool.most) {
                int err = add_thread();

                if (err < 0 && pool.threads == 0)
                        return err;
        }
        job->next = NULL;
        if (pool.first)
                pool.last->next = job;
        else
                pool.first = job;
        pool.last = job;
        pool.queued++;
        pthread_cond_signal(&pool.work);
        return 0;
}

int cop__pool_run(struct blocking_job *job)
{
        int error = errno;
        int err;

        pthread_mutex_lock(&pool.lock);
        err = add_job(job);
        pthread_mutex_unlock(&pool.lock);
        errno = error;
        return err;
}

/* ---- start and stop ---- */

static unsigned limit(void)
{
        const char *text = getenv("COP_BLOCKING_THREADS");
        long most = text ? strtol(text, NULL, 10) : 0;

        return most >= 1 && most <= THREADS_MOST ? (unsigned)most : THREADS_DEFAULT;
}

static void conditions_init(void)
{
        pthread_condattr_t attributes;

        pthread_condattr_init(&attributes);
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
        pthread_cond_init(&pool.work, &attributes);
        pthread_cond_init(&pool.gone, &attributes);
        pthread_condattr_destroy(&attributes);
}

void cop__pool_start(void)
{
        static bool once;

        pthread_mutex_lock(&pool.lock);
        if (!once)
                conditions_init();
        once = true;
        pool.most = limit();
        pool.stopping = false;
        pthread_mutex_unlock(&pool.lock);
}

int cop__pool_stop(void)
{
        struct timespec end = in_seconds(STOP_S);
        unsigned left;
        int err = 0;

        pthread_mutex_lock(&pool.lock);
        pool.stopping = true;
        pthread_cond_broadcast(&pool.work);
        while (pool.threads > 0 && err != ETIMEDOUT)
                err = pthread_cond_timedwait(&pool.gone, &pool.lock, &end);
        left = pool.threads;
        pthread_mutex_unlock(&pool.lock);
        return (int)left;
}
