/*
 * task_stream.c: a list, worked on by several tasks at a time.
 *
 * There are as many slots as tasks may run at once. A slot holds an element from its task's start
 * until its result was given out, so what is done and not yet asked for is bounded as well. Ordered,
 * the slots are a ring: the oldest is given out, and the next element is put behind the newest.
 * Unordered, whichever is done is given out and filled anew.
 *
 * End       What runs is killed, and waited for, when the stream ends early; the process's own end
 *           kills it too, whatever that is, by a destructor.
 * Exits     Where the caller traps exits, the exit messages of the tasks are taken out again: their
 *           results say the same.
 */
#include "otp/task.h"

#include <unistd.h>

#include <coppice/memory.h>
#include <coppice/timer.h>

enum { DEFAULT_TIMEOUT_MS = 5000 };

struct slot {
        cop_term input, result; /* result: COP_NONE while the task runs */
        int64_t deadline_ms;
        bool is_used;
};

struct cop__stream {
        struct cop_stream_options options;
        cop_task_fn *fn;
        cop_term
                rest; /* what is not yet started; the caller's, as the results may have parts of it */
        size_t slots_count, oldest, used;
        struct slot *slots;
        cop_task *tasks; /* of the slots; ref zero where none runs */
};

/* ---- slots ---- */

static bool is_linked(const struct cop__stream *s)
{
        return cop_is_nobody(s->options.supervisor) || !s->options.nolink;
}

static cop_task start(const struct cop__stream *s, cop_term input)
{
        if (!cop_is_nobody(s->options.supervisor))
                return cop__task_supervised(s->options.supervisor, s->fn, input,
                                            !s->options.nolink);
        return cop__task_async(s->fn, input);
}

static void fill(struct cop__stream *s, size_t at)
{
        struct slot *slot = &s->slots[at];

        slot->input = cop_head(s->rest);
        slot->result = COP_NONE;
        slot->deadline_ms = cop__deadline_after(s->options.timeout_ms);
        s->tasks[at] = start(s, slot->input);
        slot->is_used = true;
        s->used++;
        s->rest = cop_tail(s->rest);
}

static void fill_all(struct cop__stream *s)
{
        size_t i, at;

        for (i = 0; i < s->slots_count && s->used < s->slots_count; i++) {
                at = (s->oldest + i) % s->slots_count;
                if (!cop_is_nil(s->rest) && !s->slots[at].is_used)
                        fill(s, at);
        }
}

/* The task is over; neither its link nor its exit message is there any more. */
static void forget(struct cop__stream *s, size_t at)
{
        cop_pid pid = s->tasks[at].pid;

        s->tasks[at].ref.word = 0;
        if (!is_linked(s))
                return;
        cop_unlink(pid);
        cop_receive(0, "{'EXIT', ^Pid, _}", &pid);
}

static void kill_all(struct cop__stream *s)
{
        size_t i;

        for (i = 0; i < s->slots_count; i++) {
                if (!s->tasks[i].ref.word)
                        continue;
                cop_task_kill(s->tasks[i]);
                forget(s, i);
        }
}

/* ---- waiting ---- */

static cop_term exit_of(const struct cop__stream *s, size_t at, cop_term reason)
{
        if (s->options.zip_input_on_exit)
                return cop_build("{exit, {Input, Reason}}", s->slots[at].input, reason);
        return cop_build("{exit, Reason}", reason);
}

/* Which is the next whose time is over, of those that run. */
static size_t first_deadline(const struct cop__stream *s)
{
        size_t i, first = s->slots_count;

        for (i = 0; i < s->slots_count; i++)
                if (s->tasks[i].ref.word && (first == s->slots_count ||
                                             s->slots[i].deadline_ms < s->slots[first].deadline_ms))
                        first = i;
        return first;
}

static void time_is_over(struct cop__stream *s, size_t at)
{
        cop_term result;

        if (s->options.on_timeout != COP_TIMEOUT_KILL_TASK) {
                kill_all(s);
                cop_exit("{timeout, {task, async_stream, [Timeout]}}",
                         cop__task_timeout_show(s->options.timeout_ms));
        }
        result = cop_task_kill(s->tasks[at]);
        s->slots[at].result = cop_is_none(result) ? exit_of(s, at, cop_build("timeout")) : result;
        forget(s, at);
}

/* One task that runs is done, or its time is over. */
static void wait_for_one(struct cop__stream *s)
{
        struct task_wait wait = { s->tasks, s->slots_count };
        size_t first = first_deadline(s), which;
        cop_term result;

        switch (cop__task_wait(wait, cop__time_left(s->slots[first].deadline_ms), &which,
                               &result)) {
        case TASK_GOES_ON:
                time_is_over(s, first);
                return;
        case TASK_REPLIED:
                s->slots[which].result = cop_build("{ok, Result}", result);
                break;
        case TASK_DIED:
                s->slots[which].result = exit_of(s, which, result);
                break;
        }
        forget(s, which);
}

/* A slot that can be given out; slots_count: none yet. */
static size_t next_done(const struct cop__stream *s)
{
        size_t i;

        if (!s->options.unordered)
                return cop_is_none(s->slots[s->oldest].result) ? s->slots_count : s->oldest;
        for (i = 0; i < s->slots_count; i++)
                if (s->slots[i].is_used && !cop_is_none(s->slots[i].result))
                        break;
        return i;
}

/* ---- the loop ---- */

/* At the end of a process there is no waiting: those that run are killed. */
static void kill_quickly(void *stream)
{
        struct cop__stream *s = stream;
        size_t i;

        for (i = 0; i < s->slots_count; i++)
                if (s->tasks[i].ref.word)
                        cop_kill(s->tasks[i].pid);
}

static void check(cop_term inputs, cop_task_fn *fn, const struct cop_stream_options *options)
{
        bool is_known = options->on_timeout == COP_TIMEOUT_DEFAULT ||
                        options->on_timeout == COP_TIMEOUT_EXIT ||
                        options->on_timeout == COP_TIMEOUT_KILL_TASK;

        if (!fn || options->max_concurrency < 0 || !is_known)
                cop_error("badarg");
        cop_length(inputs); /* badarg where it is no proper list */
}

struct cop_stream cop_stream_begin(cop_term inputs, cop_task_fn *fn,
                                   const struct cop_stream_options *options)
{
        struct cop_stream stream = { COP_NONE, COP_NONE, NULL };
        struct cop__stream *s;
        long cores = sysconf(_SC_NPROCESSORS_ONLN);

        check(inputs, fn, options);
        s = cop_alloc(sizeof(*s));
        s->options = *options;
        if (!s->options.timeout_ms)
                s->options.timeout_ms = DEFAULT_TIMEOUT_MS;
        s->fn = fn;
        s->rest = inputs;
        s->slots_count = (size_t)(options->max_concurrency ? options->max_concurrency
                                  : cores > 0              ? cores
                                                           : 1);
        s->slots = cop_alloc(s->slots_count * sizeof(*s->slots));
        s->tasks = cop_alloc(s->slots_count * sizeof(*s->tasks));
        cop_own(s, kill_quickly);
        stream.stream = s;
        return stream;
}

bool cop_stream_next(struct cop_stream *stream)
{
        struct cop__stream *s = stream->stream;
        size_t at;

        fill_all(s);
        if (s->used == 0)
                return false;
        while ((at = next_done(s)) == s->slots_count)
                wait_for_one(s);
        stream->result = s->slots[at].result;
        stream->input = s->slots[at].input;
        s->slots[at].is_used = false;
        s->slots[at].result = COP_NONE;
        s->used--;
        s->oldest = (s->oldest + 1) % s->slots_count;
        return true;
}

void cop_stream_end(struct cop_stream *stream)
{
        struct cop__stream *s = stream->stream;

        if (!s)
                return;
        stream->stream = NULL;
        kill_all(s);
        cop_disown(s);
        cop_free(s->slots);
        cop_free(s->tasks);
        cop_free(s);
}
