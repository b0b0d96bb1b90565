/*
 * stack.h: the stacks that processes run on.
 *
 * Stacks of the ordinary size come from arenas, have a guard of 64 KB below them, and are used
 * again, newest first, so that the hot one stays in the cache. A stack carries the region for the
 * terms of the turn that runs on it: a process that waits in the middle of a turn keeps both, an
 * idle handler has neither.
 *
 * Threads   take and give: any thread; each OS thread has a cache of its own (struct stack_cache).
 * Owns      the arenas, for the life of the runtime.
 */
#ifndef COP_RUNTIME_STACK_H
#define COP_RUNTIME_STACK_H

#include "runtime/context.h"
#include "term/region.h"

enum {
        STACK_SIZE = 256 * 1024, /* address space of an ordinary stack, its guard included */
        STACK_GUARD = 64 * 1024,
};

/* The control block of a stack: lies beside the arenas, not on the stack. */
struct stack {
        struct stack *next;          /* in a cache or the pool */
        char *low;                   /* lowest usable byte, just above the guard */
        char *high;                  /* one past the highest usable byte (before colouring) */
        char *top;                   /* where a context starts: high, coloured */
        struct region region;        /* terms of the turn that runs here */
        struct context context;      /* of whoever is suspended on it */
        struct native_stack *native; /* of the thread that runs it, or did last */
        bool single;                 /* of a size of its own: unmapped when given back */
        unsigned valgrind_id;
        void *tsan_fiber; /* one a stack; NULL outside TSan builds */
        void *tsan_end;   /* where its calls began; TSan builds only */
};

/* What a thread keeps at hand. Zeroed: empty. */
struct stack_cache {
        struct stack *first;
        unsigned count;
};

struct stack_options {
        bool mprotect_guards;
};

/* At the start of the runtime. Returns 0; -ENOMEM; -EBUSY they are started already. */
int cop__stacks_start(const struct stack_options *options);
/* At its end: every stack has been given back, every cache released. */
void cop__stacks_stop(void);
/* The same, but some are still written to: all of them stay, and nobody has them. */
void cop__stacks_abandon(void);

/* size 0: the ordinary one. NULL: memory, address space or mappings are used up. */
struct stack *cop__stack_take(struct stack_cache *cache, size_t size);
/* The region has been reset by the caller; the context on it is dead. */
void cop__stack_give(struct stack_cache *cache, struct stack *stack);
/* Gives a thread's cache back to the pool, at the thread's end. */
void cop__stack_cache_release(struct stack_cache *cache);
/* Gives pages of some idle stacks back to the OS (tens of microseconds): when a scheduler has
 * nothing to do. True: there are more. */
bool cop__stacks_trim(struct stack_cache *cache);

/* Is the address in the guard of some stack? Usable in a fault handler. */
bool cop__stack_guards(const void *address);

/* How many stacks there are, in use and idle; for tests and reports. */
size_t cop__stack_count(void);
/* How many idle ones in the pool (not in caches) may have pages; for tests and reports. */
size_t cop__stack_idle_count(void);

/* The pool's lists against its counts. Stops the program where they differ. */
void cop__stacks_audit(void);

#endif
