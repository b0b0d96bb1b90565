/*
 * coppice/system.h: starting and stopping the runtime.
 *
 * A program that is a Coppice system calls cop_main() from its main() and is done. A program with a
 * main(), threads and a loop of its own starts the runtime as a guest with cop_system_start(),
 * sends and calls from its own threads, and stops it again; it may do so as often as it likes, one
 * at a time.
 *
 * Outside a process there is nobody to crash, so these functions return errors: 0 or more is
 * success, a negative number is -errno. Any thread may call them, unless one says otherwise.
 */
#ifndef COPPICE_SYSTEM_H
#define COPPICE_SYSTEM_H

#include <coppice/process.h>

COP_BEGIN_DECLS

struct cop_sim_options; /* <coppice/sim.h> */

/* How to start. Leave out what you do not care about: zero is always the default. */
struct cop_system_options {
        size_t struct_size;
        int schedulers;       /* threads that run processes; 0: COP_SCHEDULERS, or one a core */
        size_t processes_max; /* 0: 29,360,128 */
        uint64_t simulate; /* a seed: simulated (<coppice/sim.h>); 0: COP_SIM, or the real world */
        bool mprotect_guards; /* guard stacks with mprotect() also where the kernel has better */
        size_t stack_size;    /* of processes that do not say; 0: 256 KB */
        bool stop_on_signals; /* SIGTERM and SIGINT are cop_stop(0) until cop_system_stop() begins;
                               * without it they are only in cop_system_wait() */
        /* What a simulation is like; NULL: as the environment says. */
        const struct cop_sim_options *simulation;
};

/*
 * cop_system_start(.schedulers = 2) starts the runtime.
 *
 * Returns   0; -EINVAL a field is out of range, or a pattern of the program is wrong (which was
 *           reported on standard error); -EBUSY one is running; -ENOMEM; -ENOTSUP this
 *           thread has a shadow stack (CET, GCS), which stacks of processes cannot have. After an error there is
 *           nothing to undo.
 * Blocks    until the schedulers run, typically under a millisecond.
 */
#define cop_system_start(...)                                                                      \
        cop_system_start_with(COP_OPTIONS(struct cop_system_options, __VA_ARGS__))
COP_API int cop_system_start_with(const struct cop_system_options *options);

/*
 * Ends every process (shutdown first, kill at the deadline), then the threads. Returns how many
 * processes had to be killed.
 *
 * Blocks    up to deadline_ms; COP_FOREVER waits for all.
 * Threads   any but a process: a process calls cop_stop().
 */
COP_API int cop_system_stop(int64_t deadline_ms);

/* How many threads run processes; more than it was started with where some are stuck. Any thread or
 * process. */
COP_API int cop_system_schedulers(void);

/* Asks for the end of the system, with this exit status for cop_main(). Returns at once. Any thread
 * or process. */
COP_API void cop_stop(int status);

/* Blocks    until somebody called cop_stop(), or SIGTERM or SIGINT came. Returns the status. */
COP_API int cop_system_wait(void);

/*
 * For tests: waits until no process runs or could run, and none has a signal that it has not
 * handled. Who waits for a message, an answer, a time, a descriptor or cop_blocking() does not run,
 * so timers do not count (cop_process_info() says of a process whether it waits_for_time). A process
 * that asks does not count itself.
 *
 * Returns   true; false when it did not become so within timeout_ms. In a simulation time stands
 *           still while anybody runs, so processes that never rest make it wait for ever.
 * Threads   any, and any process.
 */
COP_API bool cop_system_quiet(int64_t timeout_ms);

/*
 * Runs fn as the first process of a system, waits until it asks for the end with cop_stop(), or fn
 * returns, and stops the system. Returns the exit status: 0; cop_stop()'s; 1 where the first
 * process crashed.
 */
COP_API int cop_main(cop_process_fn *fn, int argc, char **argv);

/*
 * On a thread of the program's own: a message for it, which others sent to its cop_self(). COP_NONE
 * on timeout. cop_receive() and cop_call() work there as well.
 *
 * cop_thread_descriptor() is for poll loops: it becomes readable when a message has come since the
 * thread last looked at all there were. So take every message before you poll; one that you looked at
 * and left does not make it readable.
 */
COP_API int cop_thread_descriptor(void);
/* Before such a thread ends: gives back what Coppice keeps for it (a thread's end does so too). */
COP_API void cop_thread_leave(void);

COP_END_DECLS

#endif
