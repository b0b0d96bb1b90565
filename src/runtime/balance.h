/*
 * balance.h: work for schedulers that have none.
 */
#ifndef COP_RUNTIME_BALANCE_H
#define COP_RUNTIME_BALANCE_H

#include "runtime/scheduler.h"

enum { SHARE_FROM = 2 }; /* so many must wait before any is given away */

/* What an idle scheduler knows of the others. */
struct outlook {
        uint64_t turns[SCHEDULERS_MOST]; /* each one's, at since_ns */
        int64_t since_ns;
};

/* A spare one works only while others are stuck, but always for processes whose home it is. */
static inline bool may_help(const struct scheduler *s)
{
        return s->number < cop__system.base_count ||
               atomic_load_explicit(&cop__system.stuck_count, memory_order_relaxed) > 0;
}

/* Gives some of what waits here to one that has asked. Its thread. */
void cop__share(struct scheduler *s);

/* The caller's queue, after something was put in, in the middle of a turn. */
void cop__share_soon(struct scheduler *s, size_t count);

/* s is about to be idle, and asks for work; returns when it should look around itself. */
int64_t cop__ask_for_work(struct scheduler *s);
/* It is awake again. */
void cop__ask_no_more(struct scheduler *s);

/* Takes what waits behind turns that do not end. True: there was something. */
bool cop__rescue(struct scheduler *rescuer);
bool cop__rob(struct scheduler *robber, struct outlook *outlook);

static inline void cop__share_if_asked(struct scheduler *s)
{
        if (__builtin_expect(atomic_load_explicit(&cop__system.hungry, memory_order_relaxed), 0) &&
            atomic_load_explicit(&s->load, memory_order_relaxed) >= SHARE_FROM)
                cop__share(s);
}

#endif
