/*
 * statem.h: what the files of the state machine behaviour share.
 *
 * A machine's memory is a struct server, a struct statem, and the data of whoever wrote the
 * callbacks, one behind the other. Only the process itself touches any of them.
 */
#ifndef COP_OTP_STATEM_H
#define COP_OTP_STATEM_H

#include <stdbool.h>
#include <stdint.h>

#include <coppice/statem.h>

/* An event that waits: postponed, inserted, or a timeout of no time. Its terms are kept. */
struct waiting {
        struct waiting *next;
        enum cop_event_kind kind;
        cop_term term, name;
        cop_from from;
};

/* First in, first out. */
struct events {
        struct waiting *first, *last;
};

/* A timeout that runs, or that has no time to run and waits until nothing else does. */
struct timeout {
        struct timeout *next;
        enum cop_event_kind kind;
        cop_term name, term; /* kept */
        cop_ref timer;       /* zero: it comes as soon as no event waits */
};

/* A timeout that a callback wants to be set. */
struct wish {
        struct wish *next;
        enum cop_event_kind kind;
        cop_term name, term; /* kept */
        int64_t timeout_ms;
        bool update;
};

/* Whose callbacks were there before those that were pushed. */
struct pushed {
        struct pushed *next;
        const struct cop_module *module;
};

/* Where a machine is in handling an event. */
enum stage {
        STAGE_INIT,
        STAGE_EVENT,
        STAGE_ENTER,
};

struct statem {
        const struct cop_module *module; /* whose callbacks are called */
        struct pushed *pushed;
        cop_term state; /* kept */
        struct events queue, postponed;
        struct timeout *timeouts; /* those without time in the order in which they come */

        /* While an event is handled. */
        struct events inserted; /* what the callbacks want: events, */
        struct wish *wishes;    /* timeouts, the oldest first, */
        bool postpone;          /* and this event once more */
        bool failed;            /* with an error: its reason stands bare in reports */
        bool refused;           /* with something that the callback wanted */
        enum stage stage;
};

static inline const struct cop__statem_type *type_of(const struct cop_module *module)
{
        return module->definition;
}

static inline void *data_of(struct statem *m)
{
        return (char *)m + COP__STATEM_SIZE;
}

static inline void push_event(struct events *events, struct waiting *event)
{
        event->next = NULL;
        if (events->last)
                events->last->next = event;
        else
                events->first = event;
        events->last = event;
}

/* All of `front` goes before all of `events`. */
static inline void put_before(struct events *events, struct events *front)
{
        if (!front->first)
                return;
        front->last->next = events->first;
        if (!events->first)
                events->last = front->last;
        events->first = front->first;
        front->first = front->last = NULL;
}

/* One way to handle events, and only one. */
static inline bool has_mode(const struct cop_module *module)
{
        bool one = type_of(module)->has() & COP__HAS_HANDLE_EVENT;
        bool each = type_of(module)->has() & COP__HAS_STATES;

        return one != each;
}

/* ---- statem_actions.c ---- */

/* Ends and sets timeouts, as it has to be after an event and as the callbacks wished. */
void cop__statem_obey_wishes(struct statem *m, bool changed);
/* The timeout with this timer as an event, which is the caller's; NULL: none. A zero timer is that of
 * a timeout without time. */
struct waiting *cop__statem_take_timeout(struct statem *m, cop_ref timer);

/* ---- statem_show.c ---- */

/* {call, From}, cast, {timeout, Name}, ...: the type of an event as OTP writes it. */
cop_term cop__event_type_show(enum cop_event_kind kind, cop_from from, cop_term name);
/* [{Type, Content}, ...] */
cop_term cop__events_show(const struct events *events);

#endif
