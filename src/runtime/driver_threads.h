/*
 * driver_threads.h: the parts of the real driver, for each other.
 */
#ifndef COP_RUNTIME_DRIVER_THREADS_H
#define COP_RUNTIME_DRIVER_THREADS_H

#include <pthread.h>

#include "runtime/driver.h"

/* Of those that this OS process may use. */
int cop__core_count(void);
/* A thread that no signals from outside come to. Returns 0 or -errno. */
int cop__thread_create(pthread_t *thread, void *(*fn)(void *), void *argument, const char *name);
/* When the calling thread ends it calls fn, which is always the same. Without memory for that it does
 * not. */
void cop__thread_end_calls(void (*fn)(void));
/* A child that is forked from now on calls fn, which is always the same, before anything else. */
void cop__fork_calls(void (*fn)(void));

/* The steps of a wait on a bell, for who sleeps elsewhere than on the bell itself. */

/* Was it rung? It no longer is, and nobody sleeps. */
bool cop__bell_take(struct bell *bell);
/* Looks at it for a little while. Returns whether it was rung; does not take it. */
bool cop__bell_spin(struct bell *bell, int64_t deadline_ns);
/* From now on who rings has to wake the caller. False: it was rung already. */
bool cop__bell_fall_asleep(struct bell *bell);

/* driver_pool.c */
void cop__pool_start(void);
int cop__pool_stop(void);
int cop__pool_run(struct blocking_job *job);

/* driver_epoll.c */
int cop__epoll_start(void);
void cop__epoll_stop(void);
int cop__epoll_watch(int fd, int what, void (*ready)(void *argument, int what), void *argument);
int cop__epoll_unwatch(int fd, void *argument);
void cop__epoll_poll(int64_t deadline_ns);
void cop__epoll_wake(void);

#endif
