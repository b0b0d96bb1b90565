/*
 * stuck.h: a turn that does not end, for people.
 */
#ifndef COP_RUNTIME_STUCK_H
#define COP_RUNTIME_STUCK_H

#include <stdbool.h>
#include <stdint.h>

struct process;
struct thread;

/* What the monitor knows of a long turn. Zeroed: it is not one yet. */
struct long_turn {
        int64_t looked_ns;     /* when the thread was looked at */
        uint64_t ticks, first; /* what it had used of a processor by then, and at the first look */
        uint32_t seen;         /* how often its stack had been seen, before it was asked for */
        bool asked, told;
};

/* Before the monitor starts. */
void cop__stuck_start(void);

/* Looks at a turn, and tells of it once, when it has used COP_LONG_TURN_MS (of the environment; 5000 ms, 0:
 * never) of a processor, or waited in the kernel for so long: a busy machine is not the process's fault.
 * The monitor's thread. */
void cop__stuck_look(struct long_turn *turn, const struct process *process, struct thread *thread,
                     int64_t lasted_ns, int64_t now_ns);

/* Tells where a process stands that was to end and does not. The monitor's thread. */
void cop__stuck_refused(const struct process *process, const struct thread *thread);

#endif
