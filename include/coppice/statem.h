/*
 * coppice/statem.h: a process that behaves differently in different states.
 *
 * A state machine is a server whose state has a name, and a function for each: what comes is an
 * event, and the function of the current state says what happens next. It has timeouts that belong
 * to a state, and can leave an event for a later state. The behaviour is OTP's gen_statem.
 *
 *     struct lock { int64_t code; };
 *
 *     static cop_next init(struct lock *l, struct cop_event *e)
 *     {
 *             l->code = cop_to_int(e->term);
 *             return cop_next_state("locked");
 *     }
 *
 *     static cop_next locked(struct lock *l, struct cop_event *e)
 *     {
 *             int64_t code;
 *
 *             if (!cop_on_call(e, "{unlock, Code}", &code))
 *                     return cop_no_clause();
 *             if (code != l->code)
 *                     return cop_reply(cop_atom("wrong"));
 *             cop_set_state_timeout(e, 10000, "lock");
 *             cop_answer(e->from, "ok");
 *             return cop_next_state("unlocked");
 *     }
 *
 *     static cop_next unlocked(struct lock *l, struct cop_event *e)
 *     {
 *             if (cop_on_state_timeout(e, "lock"))
 *                     return cop_next_state("locked");
 *             cop_postpone(e);
 *             return cop_keep_state();
 *     }
 *
 *     COP_STATEM(lock, struct lock, .init = init,
 *                .states = { COP_STATE(locked), COP_STATE(unlocked) });
 *
 *     cop_statem_start_link(lock, cop_int(1234), .name = "lock");
 *     cop_statem_call("lock", "{unlock, 1234}");
 *
 * It is started, supervised, stopped and looked into as any server (<coppice/server.h>,
 * <coppice/sys.h>), and what its callbacks return is made by the same functions.
 */
#ifndef COPPICE_STATEM_H
#define COPPICE_STATEM_H

#include <coppice/server.h>

COP_BEGIN_DECLS

/* ---- what comes ---- */

enum cop_event_kind {
        COP_ON_CALL, /* from says whom to answer, now or later */
        COP_ON_CAST,
        COP_ON_INFO, /* any other message */
        COP_ON_INTERNAL,
        COP_ON_EVENT_TIMEOUT,
        COP_ON_STATE_TIMEOUT,
        COP_ON_TIMEOUT, /* one with a name */
        COP_ON_ENTER,   /* the state was entered; term is the state before */
        COP_ON_INIT,    /* the start; term is the argument */
};

/* What a callback is called with. It lives until the callback returns. */
struct cop_event {
        enum cop_event_kind kind;
        cop_term term;  /* what was said: the request, the message, what the timeout was set with */
        cop_term name;  /* of a COP_ON_TIMEOUT */
        cop_term state; /* the state it has come in; COP_NONE in init */
        cop_from from;  /* of a COP_ON_CALL */
        struct statem *machine; /* the library's */
};

/* Is it a call with such a request? cop_on_call(e, "{unlock, Code}", &code). And so on. */
#define cop_on_call(e, ...)     COP__ON(COP_ON_CALL, e, __VA_ARGS__)
#define cop_on_cast(e, ...)     COP__ON(COP_ON_CAST, e, __VA_ARGS__)
#define cop_on_info(e, ...)     COP__ON(COP_ON_INFO, e, __VA_ARGS__)
#define cop_on_internal(e, ...) COP__ON(COP_ON_INTERNAL, e, __VA_ARGS__)
#define cop_on_enter(e, ...)    COP__ON(COP_ON_ENTER, e, __VA_ARGS__)
/* Is it this timeout, which was set with such a term? */
#define cop_on_event_timeout(e, ...) COP__ON(COP_ON_EVENT_TIMEOUT, e, __VA_ARGS__)
#define cop_on_state_timeout(e, ...) COP__ON(COP_ON_STATE_TIMEOUT, e, __VA_ARGS__)
#define cop_on_timeout(e, name, ...) COP__MATCHING(cop__on_timeout, (, (e), (name)), __VA_ARGS__)

/* ---- what a callback returns: what happens next ---- */

/*
 * One of these, or of <coppice/server.h>:
 *
 *     cop_reply(term)                      the state stays, and who called gets this answer
 *     cop_end("normal")                    the end
 *     cop_end_reply(answer, "normal")      who called is answered, then terminate is called
 *     cop_no_clause()                      the end, with function_clause: nothing fits this event
 *     cop_ignore(), cop_init_error("R")    of init, as there
 */

/* Another state: postponed events come again, and the state timeout ends. To the state that is: it
 * stays. From init: the first state. */
#define cop_next_state(...) COP__BUILDING(cop__next_state, (), __VA_ARGS__)
/* The state stays. */
static inline cop_next cop_keep_state(void)
{
        return cop_noreply();
}
/* The state stays, and is entered again: of a machine with state_enter. */
static inline cop_next cop_repeat_state(void)
{
        cop_next next = { COP__NEXT_REPEAT, { 0 } };

        return next;
}

/*
 * OTP's own return values as a term, without the data: {next_state, S}, keep_state, repeat_state,
 * {stop, R}, {stop_and_reply, R, [{reply, From, X}]}, ..., most of them with actions as another
 * element: postpone, {reply, From, X}, {next_event, Type, X}, {state_timeout, Ms, X}, ... A value
 * thrown with cop_throw() counts as returned so. What OTP does not know ends the machine with
 * {{bad_return_from_state_function, Term}, Stack}.
 */
COP_API cop_next cop_statem_returned(struct cop_event *e, cop_term term);

/* ---- what else happens, when the callback has returned ---- */

/* This event comes again when the state has changed, before those that came later. Not in init, and
 * nor on entering a state, where it is an error. */
COP_API void cop_postpone(struct cop_event *e);

/* An event made by the machine itself: it comes before all that are waiting. kind is
 * COP_ON_INTERNAL, so that nobody else can have sent it, or any other: a call is one of who called
 * in e. Not on entering a state. */
#define cop_next_event(e, kind, ...) cop__next_event((e), (kind), cop_build(__VA_ARGS__))

/*
 * A timeout is an event that comes in timeout_ms milliseconds, with a term of yours. Setting it
 * again starts it anew; COP_FOREVER takes it back. 0: it comes before any message. There are three:
 *
 *     the state's     ends with a change of the state
 *     the event's     ends with whatever event comes next, also an internal one
 *     one with a name ends when it is cancelled, and as many run at once as have names
 */
#define cop_set_state_timeout(e, timeout_ms, ...)                                                  \
        cop__set_timeout((e), COP_ON_STATE_TIMEOUT, COP_NONE, (timeout_ms), cop_build(__VA_ARGS__))
#define cop_set_event_timeout(e, timeout_ms, ...)                                                  \
        cop__set_timeout((e), COP_ON_EVENT_TIMEOUT, COP_NONE, (timeout_ms), cop_build(__VA_ARGS__))
#define cop_set_timeout(e, name, timeout_ms, ...)                                                  \
        cop__set_timeout((e), COP_ON_TIMEOUT, cop_atom(name), (timeout_ms), cop_build(__VA_ARGS__))
/* The time stays, the term is another. Where no such timeout runs, it comes at once. */
#define cop_update_state_timeout(e, ...)                                                           \
        cop__update_timeout((e), COP_ON_STATE_TIMEOUT, COP_NONE, cop_build(__VA_ARGS__))
#define cop_update_timeout(e, name, ...)                                                           \
        cop__update_timeout((e), COP_ON_TIMEOUT, cop_atom(name), cop_build(__VA_ARGS__))
#define cop_cancel_state_timeout(e)                                                                \
        cop__set_timeout((e), COP_ON_STATE_TIMEOUT, COP_NONE, COP_FOREVER, COP_NONE)
#define cop_cancel_timeout(e, name)                                                                \
        cop__set_timeout((e), COP_ON_TIMEOUT, cop_atom(name), COP_FOREVER, COP_NONE)

/* Of the next event on, these are the callbacks; the data stays, and must be of the same type. push
 * remembers which they were, for pop. Not on entering a state. */
#define cop_change_callback_module(e, name) cop__change_callbacks((e), COP__REF(name), false)
#define cop_push_callback_module(e, name)   cop__change_callbacks((e), COP__REF(name), true)
COP_API void cop_pop_callback_module(struct cop_event *e);

/* ---- a machine's callbacks ---- */

enum { COP__STATES = 64 };

/*
 * COP_STATEM(name, struct data, .init = init, .states = { COP_STATE(locked), ... }) defines a state
 * machine. A callback that takes somebody else's data does not compile.
 *
 *     init            the first turn, with the argument of the start as e->term
 *     states          a function for each state, which is an atom with its name; up to 64
 *     handle_event    or one function for all states, which are any terms then
 *     state_enter     a state is told when it is entered (cop_on_enter), also the first; who starts
 *                     the machine does not wait for that. Neither a change of state nor
 *                     cop_postpone() nor cop_next_event() are allowed there
 *     terminate       as of a server, with the state. Of an error the reason is the bare one
 *     show            the data as a term, and back; cop_sys_get_state() is {State, Data}
 *     restore
 *     format_status   what people may see: gets and returns a map with the keys state, data, reason,
 *                     queue, postponed and timeouts
 */
#define COP_STATEM(name, data, ...)                                                                \
        struct cop__state_##name {                                                                 \
                const char *name;                                                                  \
                cop_next (*fn)(data *, struct cop_event *e);                                       \
        };                                                                                         \
        struct cop__callbacks_##name {                                                             \
                cop_next (*init)(data *, struct cop_event *e);                                     \
                struct cop__state_##name states[COP__STATES];                                      \
                cop_next (*handle_event)(data *, struct cop_event *e);                             \
                bool state_enter;                                                                  \
                void (*terminate)(data *, cop_term state, cop_term reason);                        \
                cop_term (*show)(data *);                                                          \
                void (*restore)(data *, cop_term shown);                                           \
                cop_term (*format_status)(data *, cop_term status);                                \
        };                                                                                         \
        COP__TYPE_ERRORS_ON                                                                        \
        static const struct cop__callbacks_##name cop__callbacks_##name = { __VA_ARGS__ };         \
        COP__TYPE_ERRORS_OFF                                                                       \
        static int cop__has_##name(void)                                                           \
        {                                                                                          \
                return (cop__callbacks_##name.init ? COP__HAS_INIT : 0) |                          \
                       (cop__callbacks_##name.handle_event ? COP__HAS_HANDLE_EVENT : 0) |          \
                       (cop__callbacks_##name.states[0].name ? COP__HAS_STATES : 0) |              \
                       (cop__callbacks_##name.state_enter ? COP__HAS_STATE_ENTER : 0);             \
        }                                                                                          \
        static const char *cop__state_name_##name(int i)                                           \
        {                                                                                          \
                return i < COP__STATES ? cop__callbacks_##name.states[i].name : 0;                 \
        }                                                                                          \
        static cop_next cop__call_##name(void *d, int which, struct cop_event *e)                  \
        {                                                                                          \
                if (which == COP__CALL_INIT)                                                       \
                        return cop__callbacks_##name.init((data *)d, e);                           \
                if (which == COP__CALL_HANDLE_EVENT)                                               \
                        return cop__callbacks_##name.handle_event((data *)d, e);                   \
                return cop__callbacks_##name.states[which].fn((data *)d, e);                       \
        }                                                                                          \
        static void cop__terminate_##name(void *d, cop_term state, cop_term reason)                \
        {                                                                                          \
                if (cop__callbacks_##name.terminate)                                               \
                        cop__callbacks_##name.terminate((data *)d, state, reason);                 \
        }                                                                                          \
        COP__STATE_THUNKS(name, data)                                                              \
        static const struct cop__statem_type cop__machine_##name = {                               \
                cop__has_##name,          cop__state_name_##name, cop__call_##name,                \
                cop__terminate_##name,    cop__show_##name,       cop__restore_##name,             \
                cop__format_status_##name                                                          \
        };                                                                                         \
        COP__MODULE_DEFINE(name, (size_t)COP__STATEM_SIZE + sizeof(data), #data, cop__statem_init, \
                           cop__statem_call, cop__statem_cast, cop__statem_info,                   \
                           cop__statem_continue, cop__statem_terminate, cop__statem_show,          \
                           cop__statem_restore, cop__statem_format_status, 0,                      \
                           &cop__statem_behaviour, &cop__machine_##name)

/* COP_STATE(locked): the state locked, and its function. */
#define COP_STATE(fn)                                                                              \
        {                                                                                          \
#fn, fn                                                                            \
        }

/* ---- starting, stopping and calling ---- */

/* As cop_server_start_link() and its like. */
#define cop_statem_start_link(name, argument, ...)                                                 \
        cop_server_start_link(name, (argument)__VA_OPT__(, ) __VA_ARGS__)
#define cop_statem_start(name, argument, ...)                                                      \
        cop_server_start(name, (argument)__VA_OPT__(, ) __VA_ARGS__)
#define cop_statem_try_start_link(name, argument, ...)                                             \
        cop_server_try_start_link(name, (argument)__VA_OPT__(, ) __VA_ARGS__)
#define cop_statem_try_start(name, argument, ...)                                                  \
        cop_server_try_start(name, (argument)__VA_OPT__(, ) __VA_ARGS__)
#define cop_statem_stop(to) cop_server_stop(to)

/*
 * As cop_call(), but it waits for ever: a postponed call may take its time. The caller exits with
 * {Reason, {gen_statem, call, [To, Request, Timeout]}}. cop_cast(), cop_send_request() and the
 * others of <coppice/handler.h> are for machines, too.
 *
 * Blocks    until it is answered; with _within up to timeout_ms.
 * Threads   any.
 */
#define cop_statem_call(to, ...) cop_statem_call_within(COP_FOREVER, to, __VA_ARGS__)
#define cop_statem_call_within(timeout_ms, to, ...)                                                \
        cop__statem_ask(COP__TO(to), cop_build(__VA_ARGS__), (timeout_ms))

/* ---- behind the macros ---- */

enum {
        COP__STATEM_SIZE = 160, /* what a machine needs before its data */
        COP__HAS_INIT = 1,
        COP__HAS_HANDLE_EVENT = 2,
        COP__HAS_STATES = 4,
        COP__HAS_STATE_ENTER = 8,
        COP__CALL_INIT = -1,
        COP__CALL_HANDLE_EVENT = -2,
};

struct cop__statem_type {
        int (*has)(void);
        const char *(*state_name)(int i); /* NULL behind the last */
        cop_next (*call)(void *data, int which, struct cop_event *e);
        void (*terminate)(void *data, cop_term state, cop_term reason);
        cop_term (*show)(void *data);
        void (*restore)(void *data, cop_term shown);
        cop_term (*format_status)(void *data, cop_term status);
};

extern COP_API const struct cop_behaviour cop__statem_behaviour;

COP_API cop_next cop__statem_init(void *state, cop_term argument);
COP_API cop_next cop__statem_call(void *state, cop_term request, cop_from from);
COP_API cop_next cop__statem_cast(void *state, cop_term request);
COP_API cop_next cop__statem_info(void *state, cop_term message);
COP_API cop_next cop__statem_continue(void *state, cop_term what);
COP_API void cop__statem_terminate(void *state, cop_term reason);
COP_API cop_term cop__statem_show(void *state);
COP_API void cop__statem_restore(void *state, cop_term shown);
COP_API cop_term cop__statem_format_status(void *state, cop_term status);
COP_API cop_term cop__statem_ask(struct cop__to to, cop_term request, int64_t timeout_ms);

COP_API cop_next cop__next_state(struct cop__site *site, const uint64_t *words);
COP_API void cop__next_event(struct cop_event *e, enum cop_event_kind kind, cop_term term);
COP_API void cop__set_timeout(struct cop_event *e, enum cop_event_kind kind, cop_term name,
                              int64_t timeout_ms, cop_term term);
COP_API void cop__update_timeout(struct cop_event *e, enum cop_event_kind kind, cop_term name,
                                 cop_term term);
COP_API void cop__change_callbacks(struct cop_event *e, const struct cop_module *module, bool push);

#define COP__ON(kind, e, ...) COP__MATCHING(cop__on, (, (e), (kind)), __VA_ARGS__)

static inline bool cop__on(struct cop__site *site, void *const *places, const struct cop_event *e,
                           enum cop_event_kind kind)
{
        return e->kind == kind && cop__match(site, places, e->term);
}

static inline bool cop__on_timeout(struct cop__site *site, void *const *places,
                                   const struct cop_event *e, const char *name)
{
        return e->kind == COP_ON_TIMEOUT && cop_is(e->name, name) &&
               cop__match(site, places, e->term);
}

COP_END_DECLS

#endif
