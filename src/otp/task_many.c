/*
 * task_many.c: waiting for several tasks, whichever is done first.
 *
 * A copy of the tasks says which are still waited for: those that are done have no ref there.
 */
#include "otp/task.h"

#include <string.h>

#include <coppice/memory.h>

enum { DEFAULT_TIMEOUT_MS = 5000 };

struct many {
        const cop_task *tasks;
        cop_task *left;
        size_t count, done;
        int64_t deadline_ms;
};

static struct many many_begin(const cop_task *tasks, size_t count, int64_t timeout_ms)
{
        struct many many = { tasks, NULL, count, 0, cop__deadline_after(timeout_ms) };
        size_t i;

        for (i = 0; i < count; i++)
                cop__task_check(tasks[i]);
        many.left = cop_alloc((count + 1) * sizeof(*tasks));
        if (count > 0)
                memcpy(many.left, tasks, count * sizeof(*tasks));
        return many;
}

static enum task_end wait_for_one(struct many *many, size_t *which, cop_term *result)
{
        struct task_wait wait = { many->left, many->count };
        enum task_end end = cop__task_wait(wait, cop__time_left(many->deadline_ms), which, result);

        if (end != TASK_GOES_ON) {
                many->left[*which].ref.word = 0;
                many->done++;
        }
        return end;
}

/* ---- await ---- */

static cop_term show_all(const struct many *many)
{
        cop_term list = cop_nil();
        size_t i = many->count;

        while (i-- > 0)
                list = cop_cons(cop_task_term(many->tasks[i]), list);
        return list;
}

void cop_task_await_many(const cop_task *tasks, size_t count, cop_term *results, int64_t timeout_ms)
{
        struct many many = many_begin(tasks, count, timeout_ms);
        enum task_end end = TASK_REPLIED;
        cop_term result = COP_NONE;
        size_t which, i;

        while (many.done < count) {
                end = wait_for_one(&many, &which, &result);
                if (end != TASK_REPLIED)
                        break;
                results[which] = result;
        }
        for (i = 0; i < count; i++)
                if (many.left[i].ref.word)
                        cop_demonitor_flush(tasks[i].ref);
        cop_free(many.left);
        if (end == TASK_GOES_ON)
                result = cop_build("timeout");
        if (end != TASK_REPLIED)
                cop_exit("{Reason, {task, await_many, [Tasks, Timeout]}}", result, show_all(&many),
                         cop__task_timeout_show(timeout_ms));
}

/* ---- yield ---- */

static cop_term on_timeout(cop_task task, enum cop_on_timeout what)
{
        switch (what) {
        case COP_TIMEOUT_IGNORE:
                return cop_task_ignore(task);
        case COP_TIMEOUT_KILL_TASK:
                return cop_task_kill(task);
        default:
                return COP_NONE;
        }
}

void cop_task_yield_many_with(const cop_task *tasks, size_t count, cop_term *results,
                              const struct cop_yield_options *options)
{
        int64_t timeout_ms = options->timeout_ms ? options->timeout_ms : DEFAULT_TIMEOUT_MS;
        size_t limit = options->limit && options->limit < count ? options->limit : count;
        struct many many = many_begin(tasks, count, timeout_ms);
        enum task_end end = TASK_REPLIED;
        size_t which, i;
        cop_term result;

        for (i = 0; i < count; i++)
                results[i] = COP_NONE;
        while (end != TASK_GOES_ON && many.done < limit) {
                end = wait_for_one(&many, &which, &result);
                if (end != TASK_GOES_ON)
                        results[which] = cop__task_show(end, result);
        }
        for (i = 0; end == TASK_GOES_ON && i < count; i++)
                if (many.left[i].ref.word)
                        results[i] = on_timeout(tasks[i], options->on_timeout);
        cop_free(many.left);
}
