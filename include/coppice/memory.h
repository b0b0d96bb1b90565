/*
 * coppice/memory.h: what a process has, and loses when it ends.
 *
 * Memory from cop_alloc() and whatever was handed to cop_own() belong to the process, and are given
 * back when it ends, however it ends: return, exit, fault, kill. Plain malloc(), fopen() and the
 * like are not: C has no way to clean up behind a process that was killed, so hand such things to
 * cop_own() at once.
 *
 *     FILE *log = fopen("log", "a");
 *
 *     cop_own_file(log);
 */
#ifndef COPPICE_MEMORY_H
#define COPPICE_MEMORY_H

#include <coppice/process.h>

#include <stdio.h>

COP_BEGIN_DECLS

/* Zeroed memory of the process, aligned for any type. Never NULL: without memory the caller exits
 * with {system_limit, memory}. */
COP_API void *cop_alloc(size_t size) __attribute__((malloc, alloc_size(1)));
/* memory may be NULL. What is new is not zeroed. */
COP_API void *cop_realloc(void *memory, size_t size);
COP_API void cop_free(void *memory);
COP_API char *cop_strdup(const char *text);

/*
 * The process has pointer from now on: when it ends, destructor(pointer) is called, the newest
 * first, in the process itself, before anybody hears of its end. A destructor that fails or faults
 * does not keep the others from running.
 */
COP_API void cop_own(void *pointer, void (*destructor)(void *pointer));
/* Takes it back without calling the destructor. Returns whether it was owned. */
COP_API bool cop_disown(void *pointer);
/* Takes it back and calls the destructor, now. */
COP_API bool cop_dispose(void *pointer);
COP_API void cop_own_fd(int fd);
COP_API bool cop_disown_fd(int fd);
COP_API void cop_own_file(FILE *file);

/* Bytes that the caller has: terms of the turn, kept terms, cop_alloc(). */
COP_API size_t cop_memory_used(void);

/*
 * Runs fn(argument) on a thread made for blocking work and waits for it: for calls that block in
 * the kernel or take long in a library. fn must not use cop_ functions. If the process is killed
 * meanwhile, it is dead at once for everybody else; its memory goes, and its destructors run, when fn
 * has returned.
 *
 * Returns   what fn returned.
 * Blocks    until fn is done; other processes go on.
 */
COP_API void *cop_blocking(void *(*fn)(void *argument), void *argument);

enum cop_ready {
        COP_READABLE = 1,
        COP_WRITABLE = 2,
};

/*
 * Waits until the descriptor is ready for one of `what`. Returns what it is ready for (errors and
 * hang-ups count as both); 0 on timeout. A regular file is always ready. Otherwise the caller crashes
 * with {wait_fd, Fd, Why}: ebadf no open descriptor; ebusy somebody waits for the same; einval `what`
 * is nothing; enotsup in a simulation. Who closes a descriptor that is waited for does not end the
 * wait.
 *
 * Blocks    up to timeout_ms; other processes go on.
 */
COP_API int cop_wait_fd(int fd, int what, int64_t timeout_ms);

COP_END_DECLS

#endif
