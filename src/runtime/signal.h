/*
 * signal.h: what one process does to another.
 *
 * A signal is one block of memory: this header, and behind it the words of the term it carries. It
 * belongs to whoever makes it until it is pushed, then to the inbox, then to the receiver. Each
 * carries the pid it is meant for, so that one that reaches a control block with a new user is
 * recognised.
 */
#ifndef COP_RUNTIME_SIGNAL_H
#define COP_RUNTIME_SIGNAL_H

#include <stddef.h>

#include "term/region.h"
#include "term/value.h"

enum signal_kind {
        SIGNAL_MESSAGE, /* term */
        SIGNAL_CAST,    /* term; in a mailbox of a plain process: {'$gen_cast', Term} */
        SIGNAL_CALL,    /* term, from, ref; plain: {'$gen_call', {From, Ref}, Term} */
        SIGNAL_SYSTEM,  /* as CALL; plain: {system, {From, Ref}, Term} */
        SIGNAL_EXIT,    /* term is the reason: exit(Pid, Reason) */
        SIGNAL_LINK,
        SIGNAL_UNLINK,    /* ref is its number */
        SIGNAL_UNLINKED,  /* answers UNLINK: ref is the same number */
        SIGNAL_LINK_EXIT, /* term is the reason: the link's other end died */
        SIGNAL_MONITOR,   /* ref */
        SIGNAL_DEMONITOR, /* ref */
        SIGNAL_DOWN,      /* ref, term is the reason */
        SIGNAL_REPLY,     /* ref, term */
        SIGNAL_NO_REPLY,  /* ref, term is the reason: who was called died */
        SIGNAL_CANCEL,    /* ref: nobody waits for an answer to this call any more */
        SIGNAL_LEADER,    /* term: pid of the new group leader */
        SIGNAL_INFO,      /* term: item; from, ref: answered as a call */
        SIGNAL_NUDGE,     /* nothing but that it arrives */
        SIGNAL_HELD,      /* a message that finds no room; term: its address; from, ref: as CALL */
};

/* What quotas have to do with it (quota.c). */
enum {
        LANE_CONTROL = 1, /* a message that always gets in: an EXIT or DOWN */
        LANE_COUNTED = 2, /* stands in its receiver's inbox_sent */
        LANE_LATE = 4,    /* came after the signal that ended its receiver */
};

/* Begins like a struct adopted (region.h), so that a region can take over what was received. */
struct signal {
        struct signal *next;
        struct shared_bits *shared;
        uint32_t words;
        uint8_t kind;
        uint8_t spare; /* words in front of the term, for the tuple around an EXIT or DOWN reason */
        uint8_t lane;
        cop_term term;
        uint64_t to;   /* pid */
        uint64_t from; /* pid; alias of the message's destination for MESSAGE, or 0 */
        uint64_t ref;
        uint64_t data[];
};

enum { SIGNAL_SPARE_WORDS = 6 };

_Static_assert(offsetof(struct signal, shared) == offsetof(struct adopted, shared) &&
                       offsetof(struct signal, words) == offsetof(struct adopted, words) &&
                       offsetof(struct signal, data) == ADOPTED_HEAD * sizeof(uint64_t),
               "a signal begins like what a region adopts");

/* A signal with room for words words. NULL: memory is used up. */
struct signal *cop__signal_new(enum signal_kind kind, uint64_t to, size_t words);
/* One that carries a copy of the term. */
struct signal *cop__signal_with(enum signal_kind kind, uint64_t to, cop_term term);
/* The same with room in front of the term to make a message of it. */
struct signal *cop__signal_of_end(enum signal_kind kind, uint64_t to, cop_term reason);
void cop__signal_free(struct signal *signal);

/* {'EXIT', From, Reason} of an EXIT or LINK_EXIT; the signal becomes a message. */
void cop__signal_make_exit_message(struct signal *signal);
/* {Tag, Ref, process, Object, Reason} of a DOWN. tag and object are immediate or have been copied:
 * false when memory is used up (and the signal is as before). */
bool cop__signal_make_down_message(struct signal **signal, cop_term tag, cop_term object);
/* What a plain process sees of a CAST, CALL or SYSTEM: made in the region. */
cop_term cop__signal_as_message(struct region *region, const struct signal *signal);

#endif
