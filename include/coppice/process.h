/*
 * coppice/process.h: processes, and what they say to each other.
 *
 * A process is a C function with a mailbox. Processes share nothing: they send each other terms,
 * watch each other's end (links, monitors), and when one fails it dies alone. Everything that one
 * process does to another is a signal in the other's inbox; what A sends to B arrives in the order
 * in which A sent it, and that is the only order there is.
 *
 *     static void hello(cop_term whom)
 *     {
 *             cop_pid parent;
 *
 *             if (cop_match(whom, "{hello, Parent}", &parent))
 *                     cop_send(parent, "{hi, Me}", cop_self());
 *     }
 *
 *     cop_spawn(hello, cop_build("{hello, Me}", cop_self()), .link = true);
 *     cop_receive(1000, "{hi, Whom}", &whom);
 *
 * Functions here are for processes. Those marked "any thread" may also be called by a thread of the
 * program's own while a system runs (see <coppice/system.h>). A mistake of the caller, such as
 * sending to a name that nobody has, ends the caller with a reason that says what and where.
 */
#ifndef COPPICE_PROCESS_H
#define COPPICE_PROCESS_H

#include <coppice/match.h>
#include <coppice/term.h>

#include <errno.h>

COP_BEGIN_DECLS

/* Timeouts are milliseconds; this one never ends. */
#define COP_FOREVER ((int64_t)-1)

/*
 * errno, for processes: each has its own, which a wait does not change. Compilers believe that its
 * address never changes in a function, and a process may come back from a wait on another thread; so
 * it is asked for each time. (Code that does not include this may not look at errno after a wait
 * without having called something that set it.)
 */
COP_API int *cop_errno(void) __attribute__((noinline));
#undef errno
#define errno (*cop_errno())

/* ---- making processes ---- */

enum cop_priority {
        COP_PRIORITY_NORMAL,
        COP_PRIORITY_LOW,
        COP_PRIORITY_HIGH,
};

/*
 * What happens to a message, cast or call for a process whose inbox is at its limit. A call that is
 * lost fails with {quota, inbox} at once. Exits, monitors, answers and system messages always get in,
 * and messages of timers never wait.
 */
enum cop_inbox_policy {
        COP_INBOX_EXIT,     /* the receiver exits with {quota, inbox} */
        COP_INBOX_DROP_NEW, /* the message is lost */
        COP_INBOX_DROP_OLD, /* the oldest message is lost */
        COP_INBOX_BLOCK, /* the sender waits, up to inbox_block_ms, then exits with {quota, inbox};
                               a call waits as long as its timeout says */
};

/* How to make one. Leave out what you do not care about: zero is always the default. */
struct cop_spawn_options {
        size_t struct_size;
        const char *name; /* registered before its code runs; taken: {badarg, ...} in the caller */
        bool link;        /* linked with the caller from the start */
        cop_ref *monitor; /* monitored by the caller from the start; the reference is put here */
        bool trap_exits;  /* exit signals come as messages {'EXIT', From, Reason} */
        cop_term label;   /* for people: shown in reports, need not be unique */
        enum cop_priority priority;
        size_t stack_size; /* bytes; 0: 256 KB of address space, touched page by page */
        size_t memory_max; /* bytes of cop_alloc(), terms, what they share with others, and mailbox
                              together; beyond: exit {quota, memory}; 0: no limit */
        size_t inbox_max;  /* messages; 0: no limit */
        enum cop_inbox_policy inbox_policy;
        int64_t inbox_block_ms; /* 1 to 60,000, or COP_FOREVER; 0: 5000 */
        int64_t max_turn_ms; /* between two waits, or in a callback; beyond, seen within some 15 ms: exit
                                   {quota, turn}, wherever a kill could end it; 0: no limit */
        bool inherit_quotas;  /* what it spawns gets the same quotas, unless it says otherwise */
        cop_pid group_leader; /* default: the caller's */
};

typedef void cop_process_fn(cop_term argument);
typedef void cop_pointer_fn(void *argument);

/*
 * cop_spawn(fn, argument, .link = true, ...) starts a process that calls fn with a copy of
 * argument, and exits with reason normal when fn returns.
 *
 * Returns   its pid, at once: fn runs later, or on another thread. Where memory or a limit is used
 *           up, the caller exits with {system_limit, processes} or {system_limit, memory}.
 * Threads   any; for a thread of the program's own, which cannot be linked, link is badarg.
 */
#define cop_spawn(fn, argument, ...)                                                               \
        cop_spawn_with((fn), (argument), COP_OPTIONS(struct cop_spawn_options, __VA_ARGS__))

/* The same for a function that takes a pointer. What it points to must outlive the process's use of
 * it. */
#define cop_spawn_pointer(fn, argument, ...)                                                       \
        cop_spawn_pointer_with((fn), (argument), COP_OPTIONS(struct cop_spawn_options, __VA_ARGS__))

COP_API cop_pid cop_spawn_with(cop_process_fn *fn, cop_term argument,
                               const struct cop_spawn_options *options);
COP_API cop_pid cop_spawn_pointer_with(cop_pointer_fn *fn, void *argument,
                                       const struct cop_spawn_options *options);

/* The calling process. On a thread of the program's own: the pid under which answers find it. */
COP_API cop_pid cop_self(void);
/* The process that spawned the caller (which may be dead by now); a zero pid where there was none.
 */
COP_API cop_pid cop_parent(void);
/* Does it live? Whatever the caller sent to it before counts: after cop_kill() the answer is false.
 * Where it is false, name and resources of the process are free.
 * Blocks    until the process has handled what came before; a second at most, then it lives.
 * Threads   any. */
COP_API bool cop_is_alive(cop_pid pid);

static inline bool cop_same(cop_pid a, cop_pid b)
{
        return a.word == b.word;
}

/* ---- messages ---- */

/*
 * cop_send(to, "{add, N}", n): a message for a pid, a name (text), an alias (cop_ref), or a term
 * that holds one of them. To a dead or unknown pid: it vanishes. To a name that nobody has: badarg.
 *
 * Threads   any.
 */
#define cop_send(to, ...) COP__TALKING(cop__send, to, (), __VA_ARGS__)

/*
 * cop_receive(timeout_ms, "{done, N}", &n) waits for the oldest message that matches, takes it out,
 * and leaves the others where they are. Returns false when there was none within timeout_ms (0:
 * look, do not wait).
 *
 * Blocks    up to timeout_ms.
 */
#define cop_receive(timeout_ms, ...) COP__MATCHING(cop__receive, (, (timeout_ms)), __VA_ARGS__)

/*
 * The oldest message, whatever it is. The loop of a plain process: the terms that were made or
 * received since the last call die here. COP_NONE when there was none within timeout_ms.
 *
 * Blocks    up to timeout_ms.
 */
COP_API cop_term cop_next_message_within(int64_t timeout_ms);
COP_API cop_term cop_next_message(void);

/* The oldest message that `wanted` says yes to; COP_NONE when there was none in time. */
COP_API cop_term cop_receive_if(bool (*wanted)(cop_term message, void *context), void *context,
                                int64_t timeout_ms);

/* Sends a term as it is. */
COP_API void cop_send_term(cop_pid to, cop_term message);

/* ---- ending ---- */

/* Ends the caller with this reason: cop_exit("{no_file, Name}", name). */
#define cop_exit(...) COP__BUILDING(cop__exit, (), __VA_ARGS__)
/* An error: the reason becomes {What, Stack}, with the places that led here. */
#define cop_error(...) COP__BUILDING(cop__error, (), __VA_ARGS__)
/* Leaves the innermost cop_try() with a value; without one: {{nocatch, Value}, Stack}. */
#define cop_throw(...) COP__BUILDING(cop__throw, (), __VA_ARGS__)
COP_API COP_NORETURN void cop_exit_term(cop_term reason);
COP_API COP_NORETURN void cop_error_term(cop_term reason);
COP_API COP_NORETURN void cop_throw_term(cop_term value);

enum cop_class {
        COP_NORMAL, /* it returned */
        COP_ERROR,
        COP_EXIT,
        COP_THROW,
};

/*
 * Calls fn(argument) and catches what cop_error(), cop_exit() and cop_throw() raise in it: then
 * *reason is their value ({What, Stack} of an error) and the class is returned. Never catches a
 * fault, a kill or an exit signal. C++ destructors and cleanup attributes between here and there do
 * not run.
 */
COP_API enum cop_class cop_try(void (*fn)(void *argument), void *argument, cop_term *reason);

/*
 * An exit signal to another process: it dies with the reason; if it traps exits, it gets a message
 * {'EXIT', From, Reason} instead. Reason kill cannot be trapped (it dies with reason killed);
 * normal is ignored by who does not trap. A dead pid: nothing. Any thread.
 */
#define cop_exit_to(pid, ...) cop_exit_to_term((pid), cop_build(__VA_ARGS__))
COP_API void cop_exit_to_term(cop_pid pid, cop_term reason);
/* The exit signal that cannot be trapped: it ends with reason killed. */
COP_API void cop_kill(cop_pid pid);

/* ---- links and monitors ---- */

/* When one of two linked processes dies, the other gets an exit signal. To a dead process: the
 * caller exits with noproc, or gets {'EXIT', Pid, noproc} if it traps exits. */
COP_API void cop_link(cop_pid pid);
/* After it returned, the link's end no longer harms the caller. */
COP_API void cop_unlink(cop_pid pid);
/* Exit signals become messages {'EXIT', From, Reason}, from now on. Returns how it was. */
COP_API bool cop_trap_exits(bool trap);

/* When an alias that came with a monitor ends; see cop_alias(). */
enum cop_alias_mode {
        COP_ALIAS_NONE,
        COP_ALIAS_EXPLICIT,        /* until cop_unalias() */
        COP_ALIAS_DEMONITOR,       /* with the monitor */
        COP_ALIAS_REPLY_DEMONITOR, /* with the monitor, and the first message through it ends both
                                    */
        COP_ALIAS_REPLY,           /* cop_alias() only: the first message through it ends it */
};

struct cop_monitor_options {
        size_t struct_size;
        cop_term tag; /* first element of the message instead of 'DOWN' */
        enum cop_alias_mode alias;
};

/*
 * One message {'DOWN', Ref, process, Pid, Reason} when the process ends; reason noproc if it has
 * already. Of a name (text): the process that has the name now, and {Name, Node} stands in the
 * message instead of the pid.
 */
#define cop_monitor(to, ...)                                                                       \
        cop__monitor(COP__TO(to), COP_OPTIONS(struct cop_monitor_options, __VA_ARGS__))
COP_API cop_ref cop__monitor(struct cop__to to, const struct cop_monitor_options *options);

/* Ends a monitor. Returns true if it was active: false when it has fired or was never one. */
COP_API bool cop_demonitor(cop_ref ref);
/* The same, and takes its message out of the mailbox. True: no such message was there. */
COP_API bool cop_demonitor_flush(cop_ref ref);

/* ---- names and aliases ---- */

/* badarg if the name is taken, the process dead, or has a name, or the name is "undefined". */
COP_API void cop_register(const char *name, cop_pid pid);
COP_API void cop_unregister(const char *name);
/* The process with this name; a zero pid where there is none. Any thread. */
COP_API cop_pid cop_whereis(const char *name);
COP_API bool cop_is_nobody(cop_pid pid);
/* All registered names, as a list of atoms. */
COP_API cop_term cop_registered(void);
/* The pid behind a pid, a name, or a term that holds one; a zero pid where there is none. */
#define cop_find(to) cop__find(COP__TO(to))
COP_API cop_pid cop__find(struct cop__to to);

/* A reference to which messages for the caller can be sent until it is switched off. */
COP_API cop_ref cop_alias(enum cop_alias_mode mode);
/* Messages still under way are dropped. Returns whether it was an active alias of the caller. */
COP_API bool cop_unalias(cop_ref alias);
COP_API cop_ref cop_new_ref(void);

/* ---- the caller itself ---- */

/* The process dictionary. Returns the value there was; COP_NONE where there was none. */
COP_API cop_term cop_put(cop_term key, cop_term value);
COP_API cop_term cop_get(cop_term key);
COP_API cop_term cop_erase(cop_term key);
COP_API void cop_set_label(cop_term label);
COP_API cop_pid cop_group_leader(void);
COP_API void cop_set_group_leader(cop_pid pid, cop_pid leader);

/* Lets others run. Long loops call it now and then. */
COP_API void cop_yield(void);
/* Blocks    for timeout_ms. Messages wait meanwhile. */
COP_API void cop_sleep(int64_t timeout_ms);

/* ---- looking at processes ---- */

/*
 * One fact about a process: "status", "message_queue_len", "links", "registered_name", ...
 * (docs/process-info.md has all). COP_NONE when it does not live. Any thread.
 */
COP_API cop_term cop_process_info(cop_pid pid, const char *item);
/* The pids of all living processes, or of those with this group leader. Never stops anybody. */
COP_API cop_term cop_processes(void);
COP_API cop_term cop_processes_of(cop_pid group_leader);
COP_API size_t cop_process_count(void);

/* ---- behind the macros ---- */

COP_API void cop__send(struct cop__site *site, struct cop__to to, const uint64_t *words);
COP_API COP_NORETURN void cop__exit(struct cop__site *site, const uint64_t *words);
COP_API COP_NORETURN void cop__error(struct cop__site *site, const uint64_t *words);
COP_API COP_NORETURN void cop__throw(struct cop__site *site, const uint64_t *words);
COP_API bool cop__receive(struct cop__site *site, void *const *places, int64_t timeout_ms);
/* Is the caller a process, or a thread that may be one since a system runs? */
COP_API bool cop__in_system(void);
/* In a destructor of a process that ends: why; COP_NONE elsewhere. */
COP_API cop_term cop__reason_of_end(void);
/* Is called in a process that ends with an error which nobody caught. */
extern COP_API void (*cop__on_error)(cop_term reason);

COP_END_DECLS

#endif
