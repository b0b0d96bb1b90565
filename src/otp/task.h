/*
 * task.h: what the files of tasks share.
 */
#ifndef COP_OTP_TASK_H
#define COP_OTP_TASK_H

#include <coppice/task.h>

/* What a task's process is started with: its function, and whether somebody waits for the result. */
cop_term cop__task_order(cop_task_fn *fn, cop_term argument, bool is_awaited);
/* The process of a task, linked with the caller or not, with such an order. */
cop_pid cop__task_spawn(cop_term order, bool link);
/* The caller waits for this process, which knows the caller as its owner and waits for this. */
cop_task cop__task_begin(cop_pid pid);

enum task_end {
        TASK_GOES_ON,
        TASK_REPLIED, /* *result is the reply */
        TASK_DIED,    /* *result is the reason */
};

/* Those that are waited for. The ones whose ref is zero are not. */
struct task_wait {
        const cop_task *tasks;
        size_t count;
};

/* The first of them that is done, in *which; neither message is there any more. */
enum task_end cop__task_wait(struct task_wait wait, int64_t timeout_ms, size_t *which,
                             cop_term *result);
/* Whatever comes of it, or has come, is no message any more. */
void cop__task_forget(cop_task task);
/* {ok, Result}, {exit, Reason}, or COP_NONE. */
cop_term cop__task_show(enum task_end end, cop_term result);
/* badarg where it is not the caller's. */
void cop__task_check(cop_task task);

/* The time that is left until a deadline; COP_FOREVER where there is none. */
int64_t cop__time_left(int64_t deadline_ms);
/* The deadline, COP_FOREVER where there is none. */
int64_t cop__deadline_after(int64_t timeout_ms);

/* timeout_ms as it stands in exit reasons: a number, or infinity. */
cop_term cop__task_timeout_show(int64_t timeout_ms);

/* A task under the supervisor; see task_supervisor.c. */
cop_task cop__task_supervised(cop_pid supervisor, cop_task_fn *fn, cop_term argument, bool link);

#endif
