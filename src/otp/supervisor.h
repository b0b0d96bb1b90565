/*
 * supervisor.h: what a supervisor knows, and who of its files does what.
 *
 *     supervisor.c            the callbacks: requests, deaths, its own end
 *     supervisor_api.c        the callers' side, and children described in C
 *     supervisor_spec.c       flags and child specifications, checked
 *     supervisor_children.c   which children there are
 *     supervisor_start.c      starting a child
 *     supervisor_restart.c    what follows a death
 *     supervisor_stop.c       ending children
 *     supervisor_crowd.c      children that are told apart by their pids alone
 *     supervisor_simple.c     simple_one_for_one
 *     dynamic_supervisor.c    the dynamic supervisor, whose children are a crowd as well
 *     supervisor_report.c     what is reported
 *     supervisor_beyond.c     what OTP's supervisors do not have
 *
 * A supervisor is a server (<coppice/server.h>): all of this runs in its process, one message at a
 * time, and stands on the public headers.
 */
#ifndef COP_OTP_SUPERVISOR_H
#define COP_OTP_SUPERVISOR_H

#include <coppice/report.h>
#include <coppice/supervisor.h>

enum child_state {
        CHILD_STOPPED,    /* there is no process */
        CHILD_RUNNING,    /* pid is it, or was until just now */
        CHILD_RESTARTING, /* a restart failed, and is tried again; pid is the last one there was */
};

/* How long a child may take to end, beside a number of milliseconds. */
enum {
        SHUTDOWN_KILL = -1,
        SHUTDOWN_INFINITY = -2,
};

/* The restarts so far, as far as they count: in seconds, or milliseconds, the oldest first. */
struct window {
        int64_t *times;
        size_t count, first, capacity;
};

/* How often it was restarted without having been healthy since. */
struct tries {
        int count;
        int64_t since_ms; /* of the last restart */
};

/* What OTP's supervisors do not have: all zero where it is not asked for. */
struct beyond {
        int64_t period_ms; /* 0: whole seconds, period_s */
        struct cop_back_off back_off;
        struct tries group; /* of one_for_all and rest_for_one */
        void (*on_give_up)(cop_term what);
        int64_t deadline_ms; /* of the whole end; 0: none */
        int64_t end_ms;      /* when it is; 0: there is none, or the end has not begun */
        cop_term late;       /* a list, kept: who had to be killed then */
};

/* A child as its specification says, and what has become of it. Terms in it are kept. */
struct child {
        struct child *older, *newer;      /* in the order in which they were started first */
        struct child *same_id, *same_pid; /* chains of the two tables */
        cop_pid pid;
        enum child_state state;
        enum cop_restart restart;
        bool significant, is_supervisor;
        int64_t shutdown_ms;
        int64_t budget, budget_ms; /* of its own restarts; budget_ms 0: the supervisor's */
        struct window *restarts;   /* of a child with a budget */
        struct tries tries;
        int put_off;   /* how often a restart was; tells a timer from those before */
        size_t orders; /* what a crowd started of this kind */
        cop_term id, module, function, modules;
        cop_term arguments; /* a list; COP_NONE: dropped, a temporary child's */
};

/* What children of a crowd were started with; those that are alike share one. */
struct order {
        struct child *kind;
        cop_term arguments; /* a list, kept; COP_NONE: dropped, as of temporary children */
        size_t users;       /* members, and the crowd, whose last one it is */
};

/* A child of a crowd. */
struct member {
        uint64_t pid; /* 0: it is gone */
        struct order *order;
};

struct members {
        struct member *list; /* in the order in which they came */
        uint32_t *places;    /* a hash table of twice as many: 1 + where in the list; 0: free */
        size_t room;         /* of the list: a power of two, or 0 */
        size_t used, count;  /* of it: up to the newest, and without those that are gone */
};

/* The children of a supervisor that may have a million of them. */
struct crowd {
        struct members running, restarting; /* the latter by their old pids */
        struct order *last;                 /* the newest; NULL: none yet */
        cop_term last_spec,
                last_arguments;   /* what it was asked for with, kept, if more than once; and
                                               its arguments in there */
        cop_term extra_arguments; /* stand before each child's own; kept, or COP_NONE */
        int64_t supervisors;      /* how many are supervisors themselves */
        int64_t most;             /* how many there may be; < 0: no limit */
};

struct supervisor {
        enum cop_strategy strategy;
        enum cop_auto_shutdown auto_shutdown;
        int64_t intensity, period_s;
        cop_term name; /* for reports; kept */

        struct child *oldest, *newest;
        struct child **by_id, **by_pid; /* tables of `buckets` chains each */
        size_t buckets, count;

        struct crowd crowd; /* simple_one_for_one, or dynamic */
        bool is_dynamic;

        struct window restarts;
        struct beyond beyond;
};

/* ---- supervisor.c ---- */

const struct cop_module *cop__supervisor_module(struct supervisor *supervisor);
/* The calling supervisor in reports: {local, Name}, {via, ...}, or
 * {Pid, Module}. */
cop_term cop__supervisor_name(void *state);

static inline bool is_simple(const struct supervisor *supervisor)
{
        return supervisor->strategy == COP_SIMPLE_ONE_FOR_ONE;
}

static inline bool is_crowd(const struct supervisor *supervisor)
{
        return supervisor->is_dynamic || is_simple(supervisor);
}

/* ---- supervisor_spec.c ---- */

/* Each returns COP_NONE, or the error's term. The terms in *child are those of the specification,
 * not kept. */
cop_term cop__flags_check(cop_term flags, struct supervisor *supervisor);
/* auto_shutdown < 0: not known. */
cop_term cop__spec_check(cop_term spec, int auto_shutdown, struct child *child);
/* The same for a dynamic supervisor: the id means nothing. */
cop_term cop__dynamic_spec_check(cop_term spec, struct child *child);
/* Checks all, and adds them as children. After an error some may have been added. */
cop_term cop__specs_add(struct supervisor *supervisor, cop_term specs, int auto_shutdown);
bool cop__is_proper_list(cop_term term);
cop_term cop__spec_show(const struct child *child);
cop_term cop__shutdown_show(int64_t shutdown_ms);
cop_term cop__restart_show(enum cop_restart restart);
/* {M, F, Args}; Args undefined where they were dropped. */
cop_term cop__start_show(const struct child *child);

/* ---- supervisor_children.c ---- */

/* A new child like this one, with its terms kept, as the newest. */
struct child *cop__child_add(struct supervisor *supervisor, const struct child *like);
void cop__child_remove(struct supervisor *supervisor, struct child *child);
void cop__child_set(struct supervisor *supervisor, struct child *child, enum child_state state,
                    cop_pid pid);
struct child *cop__child_find(const struct supervisor *supervisor, cop_term id);
struct child *cop__child_find_pid(const struct supervisor *supervisor, cop_pid pid);
/* Removes all, and gives the tables back. */
void cop__children_forget(struct supervisor *supervisor);

/* After its end: a temporary one is removed, any other has no process. */
void cop__child_gone(struct supervisor *supervisor, struct child *child);

/* ---- supervisor_start.c ---- */

enum start_outcome {
        START_DONE,
        START_DONE_INFO,
        START_IGNORED,
        START_FAILED,
};

struct start_result {
        enum start_outcome outcome;
        cop_pid pid;
        cop_term term; /* the info, or the reason */
        enum cop_class how;
        cop_term raised; /* by the start function, where `how` is not COP_NORMAL */
};

/* Calls the start function with these arguments. */
struct start_result cop__start_call(const struct child *child, cop_term arguments);
/* Starts a child and reports that; does not change it. */
struct start_result cop__child_start(struct supervisor *supervisor, const struct child *child,
                                     enum cop_level level);
/* Starts from this one on to the newest. The one that failed, and *reason; or NULL. */
struct child *cop__children_start(struct supervisor *supervisor, struct child *from,
                                  cop_term *reason);
/* {ok, Pid}, {ok, Pid, Info}, {ok, undefined} or {error, Reason} */
cop_term cop__start_answer(struct start_result result);

/* ---- supervisor_restart.c ---- */

/* Each returns false where the supervisor has to end. */
bool cop__child_died(struct supervisor *supervisor, struct child *child, cop_term reason);
bool cop__child_restart(struct supervisor *supervisor, struct child *child);
/* The same for one that was counted before, and put off. */
void cop__child_restart_now(struct supervisor *supervisor, struct child *child);
/* One restart more of this child, or of any of a crowd: is it still within the limit? */
bool cop__restart_is_allowed(struct supervisor *supervisor, struct child *child);
/* Reports that it gives up, because of this child. */
void cop__give_up(struct supervisor *supervisor, const struct child *child);
/* A death that is no reason to restart: does it end the supervisor? */
bool cop__is_auto_shutdown(const struct supervisor *supervisor, const struct child *child);
bool cop__is_quiet(cop_term reason);

/* ---- supervisor_stop.c ---- */

/* Ends its process, if it has one, and reports an end that was not as asked for. */
void cop__child_stop(struct supervisor *supervisor, const struct child *child);
/* From the newest to this one; temporary ones are removed. */
void cop__children_stop(struct supervisor *supervisor, struct child *down_to);
/* Is this how a child should end when asked to? */
bool cop__is_good_end(const struct child *child, cop_term reason);

/* ---- supervisor_crowd.c ---- */

/* Starts a child of this kind with these arguments, behind the extra ones. */
struct start_result cop__crowd_start(struct supervisor *supervisor, struct child *kind,
                                     cop_term arguments);
/* How many there are, those that are to be restarted among them. */
size_t cop__crowd_size(const struct supervisor *supervisor);
bool cop__crowd_has(const struct supervisor *supervisor, cop_pid pid);
/* Ends it, or gives up restarting it. Returns false where it is no child. */
bool cop__crowd_end_one(struct supervisor *supervisor, cop_pid pid);
/* What which_children and count_children answer. */
cop_term cop__crowd_which(const struct supervisor *supervisor);
cop_term cop__crowd_count(const struct supervisor *supervisor, size_t specs);
/* Each returns false where the supervisor has to end. */
bool cop__crowd_died(struct supervisor *supervisor, cop_pid pid, cop_term reason);
bool cop__crowd_try_again(struct supervisor *supervisor, cop_term id);
/* Ends all, at once. */
void cop__crowd_stop(struct supervisor *supervisor);

/* ---- supervisor_simple.c ---- */

cop_next cop__simple_call(struct supervisor *supervisor, cop_term request);

/* ---- dynamic_supervisor.c ---- */

/* COP_NONE, or the error's term. May keep extra_arguments. */
cop_term cop__dynamic_flags_check(cop_term flags, struct supervisor *supervisor);
cop_next cop__dynamic_call(struct supervisor *supervisor, cop_term request);

/* ---- supervisor_beyond.c ---- */

/* Each returns COP_NONE, or the error's term. */
cop_term cop__beyond_flags_check(cop_term flags, struct supervisor *supervisor);
cop_term cop__budget_check(cop_term budget, struct child *child);
/* How long the next restart of this child is to wait; it counts as made. */
int64_t cop__back_off_ms(struct supervisor *supervisor, struct child *child);
/* The n-th delay without jitter, from 0. */
int64_t cop__back_off_delay(const struct cop_back_off *back_off, int n);
/* The restart of this child comes after so long. */
void cop__put_off(struct supervisor *supervisor, struct child *child, int64_t delay_ms);
/* The message of a restart that was put off? Then it is made. */
bool cop__is_put_off(struct supervisor *supervisor, cop_term message);
void cop__call_on_give_up(struct supervisor *supervisor, const struct child *child);
/* The end begins; how much of wait_ms is left to its deadline; who was killed at it. */
void cop__end_begins(struct supervisor *supervisor);
int64_t cop__until_end_ms(const struct supervisor *supervisor, int64_t wait_ms);
void cop__note_late(struct supervisor *supervisor, const struct child *child);
void cop__report_late(struct supervisor *supervisor);

/* ---- supervisor_report.c ---- */

enum report_kind {
        REPORT_START_ERROR,
        REPORT_CHILD_TERMINATED,
        REPORT_SHUTDOWN_ERROR,
        REPORT_SHUTDOWN,
};

void cop__report_started(const struct supervisor *supervisor, const struct child *child,
                         cop_pid pid, enum cop_level level);
void cop__report_child(const struct supervisor *supervisor, enum report_kind kind,
                       const struct child *child, cop_term reason);
/* So many children of a simple_one_for_one supervisor ended so. */
void cop__report_children(const struct supervisor *supervisor, const struct child *like,
                          size_t number, cop_term reason);
/* They did not end before the deadline: [{Id, Pid, Facts}, ...]. */
void cop__report_deadline(const struct supervisor *supervisor, int64_t deadline_ms, cop_term late);
void cop__report_unexpected(const struct supervisor *supervisor, cop_term message);

#endif
