/*
 * process.h: the control block of a process.
 *
 * Blocks lie in slabs and are never used for anything else, so a pointer to one is good for ever;
 * whom it belongs to now says its pid. Fields are grouped by who touches them. "Owner" is whatever
 * thread is running the process, or its scheduler while it does not run: there is just one at a
 * time, handed on through the inbox (inbox.h).
 *
 * Life    free -> (spawn) queued <-> running <-> parked -> exiting -> free. `status` follows, for
 * people. Stack   A handler process has a stack during a turn only; whoever waits in the middle of
 * one keeps it, and goes on on the thread it left (`home`).
 */
#ifndef COP_RUNTIME_PROCESS_H
#define COP_RUNTIME_PROCESS_H

#include <stdatomic.h>

#include <coppice/handler.h>

#include "base/bug.h"
#include "runtime/bonds.h"
#include "runtime/inbox.h"
#include "runtime/links.h"
#include "runtime/stack.h"
#include "runtime/wheel.h"
#include "term/atom.h"
#include "term/host.h"
#include "term/value.h"

struct scheduler;
struct thread;
struct block;
struct guest;
struct meeting;

enum status {
        STATUS_FREE,
        STATUS_RUNNABLE,
        STATUS_RUNNING,
        STATUS_WAITING,
        STATUS_EXITING,
};

/* A timer with what it does: called under the wheel's lock, when it has been taken out. */
struct alarm {
        struct wheel_timer timer;
        void (*fire)(struct scheduler *scheduler, struct alarm *alarm, int64_t now);
};

/* What a process that gives up its thread wants next. */
enum after {
        AFTER_PARK,      /* sleep until something comes */
        AFTER_HOLD,      /* it goes on when the server it called has had its turn */
        AFTER_YIELD,     /* back into the queue */
        AFTER_END,       /* a handler's turn is over: the stack goes back, then as PARK */
        AFTER_YIELD_END, /* the same, then as YIELD */
        AFTER_EXIT,      /* it has ended; its reason is in `reason` */
        AFTER_LINGER,    /* the same, but a thread works for it */
        AFTER_KILL,      /* it was interrupted, since an exit waits in its inbox; the same */
        AFTER_FAULT,     /* it has faulted; what is on its stack is dead (fault.h) */
};

enum {
        TRAPS_EXITS = 1,
        IS_HANDLER = 2,
        IS_GUEST = 4, /* stands for a thread of the program's own; guest.h */
        INHERITS_QUOTAS = 8,
        HAS_ARGUMENT = 16, /* handler: init is still to be called */
        TAKES_POINTER = 32,
        IN_BLOCKING = 64, /* a pool thread works for it */
        WAS_KILLED = 128, /* ended by a signal or a fault: nothing on its stack runs any more */
        IS_ENDING = 256,  /* its reason is settled; destructors may still run */
        BY_SIGNAL = 512,  /* by a signal: whatever came after that finds nobody */
        HAS_QUOTAS = 1024,
        BUILDS_REASON = 2048, /* of an error that it is about to raise */
        IS_BURIED = 4096,     /* nobody finds it any more; links and monitors may not know yet */
        LINGERS = 8192,       /* it is to stay for the thread that works for it */
};

struct quotas;

struct process {
        /* Any thread. */
        struct inbox inbox;
        _Atomic(uint64_t) pid;    /* word of the user; 0: free */
        _Atomic(uint64_t) await;  /* ref of the call it waits for; written by the owner */
        _Atomic(uint64_t) name;   /* word of its atom, 0: none; NAME_DEAD: it gets none any more */
        _Atomic(uint64_t) leader; /* pid */
        _Atomic(uint64_t) timers_of;   /* pid whose timers go on `timers`; 0: none do any more */
        _Atomic(uint16_t) timers_home; /* where they are; 0: there are none; see timer.c */
        uint32_t timers;               /* the first of them; under that home's lock */
        _Atomic(int64_t) deadline_ns;  /* when it wants to run again; INT64_MAX: no such wish; the
                                             owner writes it */
        _Atomic(uint32_t) mail_count;  /* messages in the mailbox; written by the owner */
        _Atomic(uint8_t) status;       /* enum status; written by the owner */
        _Atomic(bool) is_guest;        /* set once: as IS_GUEST, for others */
        _Atomic(uint16_t) queued_at;   /* mark of the scheduler that has it in a queue; 0: none has;
                                          who has it in a queue */
        _Atomic(uint16_t) inbox_block_ms; /* of its quotas; set once */
        _Atomic(bool) exit_came;          /* an exit signal is in the inbox; for the monitor */
        uint32_t slot;                    /* set once for ever */
        _Atomic(uint32_t) inbox_limit;    /* of its quotas, see quota.c; 0: none; set once */
        _Atomic(uint32_t) turn_max_ms;    /* the same */
        uint64_t refs; /* owner: references made by users of this slot; goes on for ever */
        uint64_t uses; /* who takes the block: how many users it had; goes on for ever */
        _Atomic(uint32_t) inbox_sent; /* any thread: messages on their way, where there is a limit;
                                         goes on for ever */

        /* From here on all is zero in a new process. */

        uint16_t flags;         /* owner */
        uint8_t priority;       /* set once */
        uint8_t after;          /* owner: enum after */
        struct process *next;   /* who has it in a queue, else owner */
        struct scheduler *home; /* where it waits with a live stack, or waited last */

        /* Owner. */
        struct stack *stack;             /* NULL: has none now */
        struct signal *mail, **mail_end; /* the mailbox, oldest first */
        struct signal **scan;            /* receive: everything before has been looked at */
        struct signal *handling;         /* the message a handler is called with */
        struct signal *reply;            /* what `await` was for */
        union {
                uint64_t called;         /* pid that `await` is answered by */
                struct meeting *meeting; /* IN_BLOCKING: with the thread */
        };
        struct bonds bonds;
        struct links links;
        union {
                cop_process_fn *fn;
                cop_pointer_fn *pointer_fn;
                const void *code;
                const struct cop_handler *handler;
        };
        void *state;             /* handler's; or argument of a pointer_fn */
        struct signal *argument; /* carries the term it starts with, later that of its exit; NULL:
                                    immediate */
        struct catch_frame *catching; /* innermost cop_try */
        struct kept *kept;            /* cop_keep() */
        struct block *blocks;         /* cop_alloc(), cop_own() */
        cop_term dictionary;          /* a kept map, or none */
        cop_term label;               /* kept, or none */
        cop_term reason;              /* the term it starts with; exiting: why */
        struct quotas *quotas;        /* NULL: none */
        size_t memory;   /* bytes of blocks, kept terms and mailbox, where there are quotas */
        uint64_t parent; /* pid; 0: none */
        _Atomic(uint64_t) reductions; /* work done, for people */
        int32_t budget;               /* work left in this turn */
        uint32_t stack_size;          /* in KB; 0: the ordinary one */
        int64_t handler_timeout_ns;   /* handler: when COP_TIMEOUT is due; INT64_MAX: never */

        /* The wait for a time; see wait.c. */
        struct alarm alarm;           /* under the lock of alarm_home's wheel */
        bool alarm_is_set;            /* the same */
        struct scheduler *alarm_home; /* whose wheel; NULL: never set */
        int64_t timeout_ns;           /* of the wait that has begun; < 0: for ever */
        union {
                struct process *fresh;   /* home's list of waits without a deadline */
                struct process *younger; /* before its first turn: in the queue of the young */
        };
        struct process **fresh_at; /* NULL: not on that list */

        struct guest *guest; /* IS_GUEST */
};

#define NAME_DEAD ((uint64_t)1)

/* ---- the table ---- */

int cop__table_start(size_t processes_max);
/* From now on there are no new processes. */
void cop__table_close(void);
/* All processes have ended. */
void cop__table_stop(void);
/* A free block with a new pid in *pid (not yet written to the block), inbox closed. NULL: the table
 * is full or memory is used up. */
struct process *cop__table_take(uint64_t *pid);
void cop__table_give(struct process *process);
/* The block for a pid of this node, whoever uses it now; NULL for a slot that never was. */
struct process *cop__table_at(uint64_t pid);
/* The process at a slot, or NULL where none lives; slots count from 0. */
struct process *cop__table_slot(uint32_t slot);
/* Slots ever used. */
uint32_t cop__table_slots(void);
size_t cop__table_count(void);

static inline bool is_pid_of(const struct process *p, uint64_t pid)
{
        return atomic_load_explicit(&p->pid, memory_order_relaxed) == pid;
}

static inline uint64_t pid_of(const struct process *p)
{
        return atomic_load_explicit(&p->pid, memory_order_relaxed);
}

/* A reference that no other one is like. Owner only. */
static inline uint64_t new_ref(struct process *p)
{
        return local_word(TAG_REF, p->slot, ++p->refs);
}

/* ---- a process's own affairs; on its own stack unless said otherwise ---- */

/* The calling process, or the one that stands for the calling thread (made if need be). */
struct process *cop__self(void);

/* Handles what has arrived: messages go to the mailbox, all else takes effect. True: the process is
 * to end, and p->reason (in the signal p->argument, which it then owns) says why. On: any stack. */
bool cop__signals_take(struct process *p);
/* The same on the process's own stack: an end takes place at once. */
void cop__signals_handle(struct process *p);

/* Ends the process. The reason is a term in its region, or immediate. */
void cop__exit_now(struct process *p, cop_term reason) __attribute__((noreturn));
/* On the scheduler's stack: a process that is not running ends by a signal. Returns false when it
 * has to run once more for its destructors. */
bool cop__exit_parked(struct process *p);
/* On the scheduler's stack: what was on its own is dead, and it will run once more. */
void cop__exit_begin(struct process *p);
/* On the scheduler's stack: everything a process was. Tells links and monitors, frees the block;
 * what memory is missing for is done when there is some. */
void cop__bury(struct process *p);
/* The same for one that a thread works for. */
void cop__linger(struct process *p);
/* Something at its end could not be done for want of memory, or of a stack: tried again soon. */
void cop__postpone(struct process *p);
/* Are there any such? */
bool cop__has_postponed(void);
/* How many have ended but for what a thread needs that works for them. */
size_t cop__lingering_count(void);
/* The system has stopped: whoever is left stays for ever. */
void cop__lingering_forget(void);
/* Tries again. On the scheduler's stack. */
void cop__postponed_retry(void);
/* What such a process runs on its stack. */
void (*cop__last_act(void))(void *);

/* Makes room in the turn's account; when it is used up, others run. */
void cop__reductions(struct process *p, int32_t work);

/*
 * A wait of up to timeout_ms: begin, then sleep until what it waits for is there or its time is over, then end. The clock is
 * not read when a wait begins (most end before anybody would look at it) but by the scheduler, when it next does
 * so anyway: a wait may last a little longer than asked, never shorter.
 */
void cop__wait_begin(struct process *p, int64_t timeout_ms);
/* Sleeps until something arrives, and handles signals. Spurious returns are allowed. */
void cop__wait(struct process *p);
bool cop__wait_is_over(struct process *p);
void cop__wait_end(struct process *p);
/* Is there a wait that has begun since the clock was read last? The scheduler's thread. */
bool cop__waits_want_time(struct scheduler *scheduler);
/* The scheduler read the clock: waits that began since then learn when they end. */
void cop__waits_note_time(struct scheduler *scheduler, int64_t now);
/* The same for who visits the scheduler's lock, since it is stuck. */
void cop__waits_note_time_here(struct scheduler *scheduler, int64_t now);

/* ---- delivering; any thread ---- */

/* Gives the signal to its receiver; false when there is none: then it is still the caller's. */
bool cop__deliver(struct signal *signal);
/* The same for a message that a process sends by itself: waits, or exits, where the receiver's
 * quotas say so. */
bool cop__deliver_from(struct process *sender, struct signal *signal);
/* The same for a call, which *handed says is to be followed by a hold (AFTER_HOLD): the called process is
 * what its scheduler runs next. */
bool cop__deliver_call(struct process *caller, struct signal *call, bool *handed);
/* The same for a process that is in no queue yet, whose first message is the caller's call. False: it
 * belongs into a queue. */
bool cop__hand_to_new(struct process *caller, struct process *process);
/* The same as cop__deliver(); what a dead receiver would have answered is done. */
void cop__deliver_or_answer(struct signal *signal);
/* What a dead process's answer to a signal is; frees it. reason: why it died, noproc if unknown. */
void cop__answer_for_the_dead(struct signal *signal, cop_term reason);

/* At the end of the mailbox. */
void cop__mail_append(struct process *p, struct signal *signal);

/* A block as a new process has it; what goes on for ever stays. */
void cop__process_wipe(struct process *p);
/* Registers a name for a process, which may not have begun yet; false: the name is taken, or it has
 * one, or is dying. */
bool cop__name_give(struct process *p, uint64_t pid, cop_term name);
/* Tells a process of an end; for want of memory the reason is shortened to system_limit. reason may
 * be none. False: there is no memory even for that. */
bool cop__try_notify(enum signal_kind kind, uint64_t to, uint64_t from, uint64_t ref,
                     cop_term reason);
/* Signals to tell ends with when there is no memory: as many as there should be. */
void cop__reserve_fill(void);
void cop__reserve_free(void);
/* Tells a process what it may forget. Lost for want of memory: then it remembers longer. */
void cop__hint(enum signal_kind kind, uint64_t to, uint64_t from, uint64_t ref);
/* The pid, or the atom of a name (whether anybody has it or not), behind a destination; else
 * badarg. */
uint64_t cop__to_receiver(struct cop__to to, const struct cop_place *place);
/* The pid behind a term {via, Module, Name}, 0 where there is none; badarg where it is no via. */
uint64_t cop__via_pid_word(cop_term term, const struct cop_place *place);
/* Is a destination a term that names somebody in a register? */
static inline bool is_via(struct cop__to to)
{
        return to.kind == COP__TERM && is_box(term_of(to.word), BOX_TUPLE);
}
/* Is it a name, registered or via? */
static inline bool is_name(struct cop__to to)
{
        return to.kind == COP__TEXT || tag_of(term_of(to.word)) == TAG_ATOM || is_via(to);
}
/* The pid behind a destination, 0 where there is none; of an alias its owner, and the alias. site
 * may be NULL. */
uint64_t cop__to_pid_word(struct cop__site *site, struct cop__to to, uint64_t *alias);
/* A monitor is over: its bond goes, and what was kept for it. */
void cop__monitor_end(struct process *p, struct bond *bond);
/* A turn lasts longer than the process's quota allows: it ends for that, as by a kill. */
void cop__end_long_turn(uint64_t pid);
/* Answers a question about the process (info.c). */
void cop__info_answer(struct process *p, struct signal *question);
/* A signal that carries what the site's pattern builds; fails where memory is used up. */
struct signal *cop__signal_build(enum signal_kind kind, uint64_t to, struct cop__site *site,
                                 const uint64_t *words);

/* The process has taken this signal; if it is a call that is not answered yet and still waited for,
 * whoever made it is to hear of the process's end. */
void cop__remember_call(struct process *p, const struct signal *call);
/* Sends a call, or a question, made ready but for sender and reference, and waits. True: *result is
 * the answer; false: why there is none. Takes the signal; NULL where there is nobody to send it to.
 */
bool cop__ask(struct process *p, struct signal *signal, int64_t timeout_ms, cop_term *result);
/* The same in two parts, for who sends it otherwise: sender and reference; and the wait. */
void cop__expect_answer(struct process *p, struct signal *call);
bool cop__await_answer(struct process *p, uint64_t called, uint64_t ref, int64_t timeout_ms,
                       cop_term *result);
/* cop_error(), cop_exit(), cop_throw(): to the innermost cop_try(), or the process's end. */
void cop__raise(enum failure failure, cop_term reason, const struct cop_place *place)
        __attribute__((noreturn));

/* Deadline of a wait that begins now; INT64_MAX for COP_FOREVER. */
int64_t cop__deadline(int64_t timeout_ms);

#endif
