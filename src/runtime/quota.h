/*
 * quota.h: limits of a process: how much memory it has, how many messages it lets pile up, and how
 * long it keeps others from running.
 *
 * A process without any pays for that with one load for each signal sent to it and a test of its
 * flags for each that it takes.
 */
#ifndef COP_RUNTIME_QUOTA_H
#define COP_RUNTIME_QUOTA_H

#include "runtime/process.h"

enum { INBOX_BLOCK_MS_MOST = 60000, INBOX_BLOCK_MS_DEFAULT = 5000 };

/* Few processes have any, so they lie apart. Owner only. */
struct quotas {
        size_t memory_max; /* bytes; 0: none */
        size_t kept;       /* bytes of kept terms, at most: counted anew when it seems too much */
        size_t adopted;    /* bytes that the region has taken over, in its turn, at most: messages,
                              shared bytes */
        uint64_t adopted_turn;
        uint32_t turn_max_ms; /* 0: none */
        uint32_t inbox_max;   /* messages; 0: none */
        uint16_t inbox_block_ms;
        uint8_t inbox_policy;
        bool inherit;
        bool refused;                    /* it was the quota that refused memory last */
        struct signal *held, **held_end; /* senders that wait, oldest first */
};

/* Why a process ends; live for ever. */
extern cop_term cop__quota_memory, cop__quota_inbox, cop__quota_turn;

/* ---- birth and death ---- */

/* The options' quotas, and the parent's where they are inherited, for a process that nobody knows
 * yet. False: memory is used up. */
bool cop__quotas_give(struct process *p, const struct quotas *parent,
                      const struct cop_spawn_options *options);
void cop__quotas_free(struct process *p);
/* Senders that still wait go to the mailbox, to be answered with it. */
void cop__quota_bury(struct process *p);

/* ---- memory; the owner ---- */

/* May it have so much more? Where there is no quota it may. */
bool cop__quota_allows(struct process *p, size_t more);
/* It has more or less now: its region gets the rest. */
void cop__quota_note(struct process *p);
/* For cop_keep(): allows, and counts. */
bool cop__quota_keep(struct process *p, size_t bytes);
/* The region is at its limit; wants shared bytes. See term_host. */
bool cop__quota_past_limit(struct process *p);
bool cop__quota_share(struct process *p, size_t bytes);
/* Did the quota refuse what has just failed for want of memory? */
bool cop__quota_refused(struct process *p);
/* Bytes of the terms of the turn. */
size_t cop__quota_turn_bytes(const struct process *p);
/* The message was put into the mailbox; was taken out by the process. */
void cop__quota_put(struct process *p, const struct signal *message);
void cop__quota_taken(struct process *p, const struct signal *message);

/* ---- the inbox ---- */

/* Any thread, before a push to a process that has a limit. False: the message is lost, and gone. */
bool cop__quota_admit(struct process *p, struct signal *signal);
/* The push of what was admitted came too late. */
void cop__quota_unadmit(struct process *p, struct signal *signal);
/* Any thread: must a process wait before it sends? */
bool cop__quota_is_full_for(struct process *p, const struct signal *signal);
/* Waits until the message has got in, or lets the sender exit. Takes the signal. */
void cop__quota_wait(struct process *sender, struct process *p, struct signal *signal);

/* The owner: a message has arrived. True: the process is to end, with *reason; the message is in
 * the mailbox. */
bool cop__quota_receive(struct process *p, struct signal *signal, cop_term *reason);
/* A sender that waits has arrived. */
bool cop__quota_hold(struct process *p, struct signal *signal, cop_term *reason);
/* It waits no longer. */
void cop__quota_cancel(struct process *p, uint64_t ref);
/* Frees a HELD signal and the message in it. */
void cop__quota_drop_held(struct signal *signal);

#endif
