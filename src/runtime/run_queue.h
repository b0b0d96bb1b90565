/*
 * run_queue.h: a scheduler's queues of processes that can run.
 *
 * They are its thread's; others come in under its biased lock.
 */
#ifndef COP_RUNTIME_RUN_QUEUE_H
#define COP_RUNTIME_RUN_QUEUE_H

#include "runtime/scheduler.h"

static inline void queue_put(struct run_queue *queue, struct process *p)
{
        p->next = NULL;
        if (queue->last)
                queue->last->next = p;
        else
                queue->first = p;
        queue->last = p;
        queue->count++;
}

static inline struct process *queue_take(struct run_queue *queue)
{
        struct process *p = queue->first;

        if (!p)
                return NULL;
        queue->first = p->next;
        if (!queue->first)
                queue->last = NULL;
        queue->count--;
        return p;
}

/* ---- the young: `next` is the next older one ---- */

static inline void young_put(struct run_queue *young, struct process *p)
{
        p->next = young->last;
        if (young->last)
                young->last->younger = p;
        else
                young->first = p;
        young->last = p;
        young->count++;
}

static inline struct process *young_take_newest(struct run_queue *young)
{
        struct process *p = young->last;

        young->last = p->next;
        if (young->last)
                young->last->younger = NULL;
        else
                young->first = NULL;
        young->count--;
        return p;
}

static inline struct process *young_take_oldest(struct run_queue *young)
{
        struct process *p = young->first;

        young->first = p->younger;
        p->younger = NULL;
        if (young->first)
                young->first->next = NULL;
        else
                young->last = NULL;
        young->count--;
        return p;
}

/* ---- a scheduler's ---- */

/* Under the lock of the scheduler it comes to or leaves (0); see here.h. */
static inline void queue_mark(struct process *p, uint16_t mark)
{
        atomic_store_explicit(&p->queued_at, mark, memory_order_relaxed);
}

/* Which of its scheduler's. */
static inline unsigned queue_of(const struct process *p)
{
        static const uint8_t queues[] = { [COP_PRIORITY_HIGH] = QUEUE_HIGH,
                                          [COP_PRIORITY_NORMAL] = QUEUE_NORMAL,
                                          [COP_PRIORITY_LOW] = QUEUE_LOW };

        return queues[p->priority];
}

static inline void enter(struct scheduler *s, struct process *p)
{
        queue_mark(p, s->mark);
        queue_put(&s->queues[queue_of(p)], p);
}

/* On: a visit, or its own thread inside of the lock. */
static inline struct process *take_held(struct scheduler *s)
{
        struct process *p = atomic_load_explicit(&s->held, memory_order_relaxed);

        if (p)
                atomic_store_explicit(&s->held, p->next, memory_order_relaxed);
        return p;
}

static inline size_t queued(const struct scheduler *s)
{
        return s->queues[QUEUE_HIGH].count + s->queues[QUEUE_NORMAL].count +
               s->queues[QUEUE_LOW].count + s->young.count;
}

static inline void note_load(struct scheduler *s)
{
        atomic_store_explicit(&s->load, queued(s), memory_order_relaxed);
}

#endif
