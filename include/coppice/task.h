/*
 * coppice/task.h: a function that runs in a process of its own, and what came of it.
 *
 *     cop_task pages = cop_task_async(count_pages, document);
 *     cop_task words = cop_task_async(count_words, document);
 *
 *     cop_print(cop_build("{Pages, Words}", cop_task_await(pages), cop_task_await(words)));
 *
 * The behaviour is that of Elixir's Task. A task is linked to its owner, who started it and alone may
 * wait for it: if it crashes so does the owner, and where the owner ends it ends as well. To outlive
 * a task's crash, start it under a supervisor of tasks (<coppice/task_supervisor.h>).
 *
 * A list is worked on by several at a time with COP_TASK_EACH():
 *
 *     COP_TASK_EACH (done, documents, count_words, .max_concurrency = 4)
 *             cop_print(done.result);
 *
 * All of this is for processes. Arguments are integers, floats, texts or terms, as in cop_build(),
 * and are copied to the task; its result is copied back.
 */
#ifndef COPPICE_TASK_H
#define COPPICE_TASK_H

#include <coppice/process.h>

COP_BEGIN_DECLS

/* What a task does: is given the argument, and returns the result. */
typedef cop_term cop_task_fn(cop_term argument);

/* A task that somebody may wait for. Its reply is a message {Ref, Result}, and its end, if none came
 * before, a message {'DOWN', Ref, process, Pid, Reason}: who takes messages as they come can look
 * for them, too. */
typedef struct {
        cop_pid pid;
        cop_ref ref;
        cop_pid owner;
} cop_task;

/* #{owner => Owner, pid => Pid, ref => Ref}: how it stands in exit reasons. */
COP_API cop_term cop_task_term(cop_task task);

/* ---- starting ---- */

/* cop_task_async(fn, argument) starts fn(argument), linked to the caller, who waits for it later. */
#define cop_task_async(fn, argument) cop__task_async((fn), cop_build("A", (argument)))
/* Starts fn(argument), whose result nobody wants. Returns its pid. */
#define cop_task_start(fn, argument) cop__task_start((fn), cop_build("A", (argument)), false)
/* The same, linked to the caller. */
#define cop_task_start_link(fn, argument) cop__task_start((fn), cop_build("A", (argument)), true)

/* ---- waiting for one ---- */

/*
 * The result. Where the task crashed the caller exits with {Reason, {task, await, [Task, Timeout]}}
 * (if it is linked and does not trap exits it is dead already), and with reason timeout where none
 * came in time: the task goes on then, unless the link takes it along. A task is awaited once.
 *
 * Of somebody else's task: badarg. So it is for all that follow.
 *
 * Blocks    up to 5000 ms, or timeout_ms.
 */
#define cop_task_await(task) cop_task_await_within((task), 5000)
COP_API cop_term cop_task_await_within(cop_task task, int64_t timeout_ms);

/* {ok, Result}, or {exit, Reason}; COP_NONE where it is not done yet: ask again. Blocks up to
 * timeout_ms. */
COP_API cop_term cop_task_yield(cop_task task, int64_t timeout_ms);

/*
 * Unlinks the task, asks it for its end with an exit signal shutdown, and kills it when it is still
 * there after timeout_ms.
 *
 * Returns   {ok, Result} where it was done meanwhile; COP_NONE where it ended as it was asked to;
 *           {exit, Reason} otherwise: {exit, killed} where it had to be killed.
 * Blocks    until the task is dead.
 */
COP_API cop_term cop_task_shutdown(cop_task task, int64_t timeout_ms);
/* The same with a kill at once. COP_NONE: it was killed. */
COP_API cop_term cop_task_kill(cop_task task);

/* Unlinks it, and drops what comes of it: it goes on alone. Returns {ok, Result} or {exit, Reason}
 * where it is done already; COP_NONE. */
COP_API cop_term cop_task_ignore(cop_task task);

/* ---- waiting for several ---- */

/*
 * The results of all, in the order of tasks. Where one crashes, or not all are done in time, the
 * caller exits with {Reason, {task, await_many, [Tasks, Timeout]}}.
 *
 * Blocks    up to timeout_ms.
 */
COP_API void cop_task_await_many(const cop_task *tasks, size_t count, cop_term *results,
                                 int64_t timeout_ms);

/* What becomes of tasks that are not done in time. */
enum cop_on_timeout {
        COP_TIMEOUT_DEFAULT,   /* yield_many: nothing; a stream: exit */
        COP_TIMEOUT_NOTHING,   /* yield_many: they go on, and can be asked again */
        COP_TIMEOUT_IGNORE,    /* yield_many: cop_task_ignore() */
        COP_TIMEOUT_KILL_TASK, /* cop_task_kill() */
        COP_TIMEOUT_EXIT,      /* a stream: the caller exits */
};

struct cop_yield_options {
        size_t struct_size;
        int64_t timeout_ms; /* 0: 5000 */
        enum cop_on_timeout on_timeout;
        size_t limit; /* is back when so many are done, and then on_timeout is not looked at; 0: all */
};

/*
 * cop_task_yield_many(tasks, count, results, .timeout_ms = 100): of each task what cop_task_yield()
 * says, all of them within one timeout.
 *
 * Blocks    up to timeout_ms.
 */
#define cop_task_yield_many(tasks, count, results, ...)                                            \
        cop_task_yield_many_with((tasks), (count), (results),                                      \
                                 COP_OPTIONS(struct cop_yield_options, __VA_ARGS__))
COP_API void cop_task_yield_many_with(const cop_task *tasks, size_t count, cop_term *results,
                                      const struct cop_yield_options *options);

/* ---- a list, several at a time ---- */

struct cop_stream_options {
        size_t struct_size;
        int max_concurrency; /* so many at once; 0: one a core */
        bool unordered;      /* results as they come; otherwise in the order of the list */
        int64_t timeout_ms;  /* each task's own; 0: 5000 */
        enum cop_on_timeout on_timeout; /* COP_TIMEOUT_EXIT, or COP_TIMEOUT_KILL_TASK */
        bool zip_input_on_exit;         /* {exit, {Input, Reason}} instead of {exit, Reason} */
        cop_pid supervisor;             /* of tasks; zero: none */
        bool nolink;                    /* with a supervisor: a crash is the task's alone */
};

struct cop__stream;

/* One element that is done. */
struct cop_stream {
        cop_term
                result; /* {ok, Result}; {exit, Reason} of one that crashed without harm to the caller:
                            with nolink, or where it traps exits; {exit, timeout} of one that was
                            killed */
        cop_term input; /* of which element */
        struct cop__stream *stream;
};

/*
 * COP_TASK_EACH(done, inputs, fn, .max_concurrency = 4) { ... done.result ... }: fn of each element
 * of a proper list, so many at once; the list must live as long as the loop. A task that takes too long makes the caller exit with
 * {timeout, {task, async_stream, [Timeout]}}, after all others were killed. Where the loop is left
 * early, or the caller ends, the running ones are killed.
 */
#define COP_TASK_EACH(done, inputs, fn, ...)                                                       \
        for (struct cop_stream done __attribute__((cleanup(cop_stream_end))) = cop_stream_begin(   \
                     (inputs), (fn), COP_OPTIONS(struct cop_stream_options, __VA_ARGS__));         \
             cop_stream_next(&done);)

/* The loop in its parts. */
COP_API struct cop_stream cop_stream_begin(cop_term inputs, cop_task_fn *fn,
                                           const struct cop_stream_options *options);
/* Blocks    until an element is done. False: that was all. */
COP_API bool cop_stream_next(struct cop_stream *stream);
/* Blocks    until those that ran are dead. */
COP_API void cop_stream_end(struct cop_stream *stream);

/* ---- behind the macros ---- */

COP_API cop_task cop__task_async(cop_task_fn *fn, cop_term argument);
COP_API cop_pid cop__task_start(cop_task_fn *fn, cop_term argument, bool link);

COP_END_DECLS

#endif
