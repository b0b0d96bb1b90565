/*
 * coppice/handler.h: processes that are called back, and calls.
 *
 * A handler process is a state and a function that is called with one message at a time. Between
 * messages it has no stack: a million idle ones cost a few hundred bytes each. All behaviours
 * (server, supervisor, ...) stand on this, and a behaviour of your own can, too.
 *
 *     struct counter { int64_t value; };
 *
 *     static void count(struct counter *c, const struct cop_message *m)
 *     {
 *             if (m->kind == COP_CALL && cop_match(m->term, "next"))
 *                     cop_answer(m->from, "N", c->value++);
 *     }
 *
 * A call is a signal of its own: whoever waits for an answer is told when the process dies, a late
 * answer finds nobody, and nothing of either ends up in the caller's mailbox.
 */
#ifndef COPPICE_HANDLER_H
#define COPPICE_HANDLER_H

#include <coppice/process.h>

COP_BEGIN_DECLS

/* Whom to answer: kept as long as you like, and passed to whom you like. */
typedef struct {
        cop_pid pid;
        cop_ref ref;
} cop_from;

enum cop_message_kind {
        COP_INFO, /* whatever was sent with cop_send(), and 'EXIT' and 'DOWN' messages */
        COP_CALL, /* from says whom to answer */
        COP_CAST,
        COP_SYSTEM,  /* as COP_CALL, of the sys protocol (<coppice/sys.h>) */
        COP_TIMEOUT, /* nothing came within cop_handler_timeout() */
};

struct cop_message {
        enum cop_message_kind kind;
        cop_term term; /* dies when the callback returns; cop_keep() what must stay */
        cop_from from;
};

struct cop_handler {
        const char *name;                             /* for reports */
        size_t state_size;                            /* zeroed before init; aligned for any type */
        void (*init)(void *state, cop_term argument); /* first turn; may be NULL */
        void (*message)(void *state, const struct cop_message *message);
};

/* Starts a handler process; as cop_spawn(). It ends by cop_exit(), or a signal. */
#define cop_spawn_handler(handler, argument, ...)                                                  \
        cop_spawn_handler_with((handler), (argument),                                              \
                               COP_OPTIONS(struct cop_spawn_options, __VA_ARGS__))
COP_API cop_pid cop_spawn_handler_with(const struct cop_handler *handler, cop_term argument,
                                       const struct cop_spawn_options *options);

/*
 * Starts one whose first message is a call of the caller's, of kind COP_SYSTEM, and waits for its
 * answer: so a process is started and said how its start went, in one. Its init is not called.
 *
 * Returns   true and the answer in *result, or false and the bare reason, as cop_try_call_term();
 *           in *pid who was started, before the wait.
 * Blocks    up to timeout_ms.
 */
COP_API bool cop_call_new_handler(const struct cop_handler *handler, cop_term request,
                                  int64_t timeout_ms, const struct cop_spawn_options *options,
                                  cop_pid *pid, cop_term *result);

/* In a handler's callback: if nothing arrives within timeout_ms after it returned, a message of
 * kind COP_TIMEOUT comes. Good for one callback; COP_FOREVER takes it back. */
COP_API void cop_handler_timeout(int64_t timeout_ms);

/* A state for another handler function: who becomes a server, say, after a start of its own kind.
 * Does not return: the caller's stack ends here, and the next message goes to the new handler. */
COP_API COP_NORETURN void cop_become_handler(const struct cop_handler *handler, cop_term argument);

/* ---- calls ---- */

/*
 * cop_call(to, "{add, N}", n) sends a request and waits for the answer, 5000 ms at most. Where none
 * comes the caller exits with {Reason, {gen_server, call, [To, Request]}}: Reason is noproc,
 * timeout, calling_self, or the reason with which the called process died.
 *
 * Blocks    up to 5000 ms.
 * Threads   any.
 */
#define cop_call(to, ...) COP__TALKING(cop__call, to, (), __VA_ARGS__)

/* The same with a timeout of your own; it stands as third argument in the exit reason. */
#define cop_call_within(timeout_ms, to, ...)                                                       \
        cop_call_term(COP__TO(to), cop_build(__VA_ARGS__), (timeout_ms))
COP_API cop_term cop_call_term(struct cop__to to, cop_term request, int64_t timeout_ms);

/*
 * For those who want to go on: true and the answer in *result, or false and the bare reason
 * (noproc, timeout, ...).
 */
#define cop_try_call(result, timeout_ms, to, ...)                                                  \
        cop_try_call_term((result), (timeout_ms), COP__TO(to), COP_CALL, cop_build(__VA_ARGS__))
COP_API bool cop_try_call_term(cop_term *result, int64_t timeout_ms, struct cop__to to,
                               enum cop_message_kind kind, cop_term request);

/* A request without an answer. A dead pid, a name that nobody has: nothing happens. Any thread. */
#define cop_cast(to, ...) COP__TALKING(cop__cast, to, (), __VA_ARGS__)

/* Answers a call, from any process, also later: cop_answer(from, "{ok, X}", x). To a caller that no
 * longer waits: nothing. */
#define cop_answer(from, ...) cop_answer_term((from), cop_build(__VA_ARGS__))
COP_API void cop_answer_term(cop_from from, cop_term answer);

/* From as a term {Pid, Ref}, to keep or send; and back. */
COP_API cop_term cop_from_term(cop_from from);
COP_API cop_from cop_to_from(cop_term term);

/*
 * A call in two parts: send, do something else, then wait. The answer, or the reason why none will
 * come, is kept apart from the mailbox until it is asked for, or the caller ends: who does not want it
 * any more says so by cop_receive_response() with timeout 0, and then nothing is left of it.
 */
#define cop_send_request(to, ...) cop_send_request_term(COP__TO(to), cop_build(__VA_ARGS__))
COP_API cop_ref cop_send_request_term(struct cop__to to, cop_term request);

enum cop_response {
        COP_RESPONSE_TIMEOUT, /* wait_response: still waiting, ask again; receive_response: given up
                               */
        COP_RESPONSE_REPLY,
        COP_RESPONSE_ERROR, /* *result is the reason */
        COP_RESPONSE_NONE,  /* cop_wait_responses(): no request is left */
};

/* Blocks    up to timeout_ms. */
COP_API enum cop_response cop_wait_response(cop_ref request, int64_t timeout_ms, cop_term *result);
/* The same, but a timeout abandons the request. */
COP_API enum cop_response cop_receive_response(cop_ref request, int64_t timeout_ms,
                                               cop_term *result);

/*
 * Waits for the first of several requests that is answered: *which says which one, and its place in
 * the array is zero then. Zeros in the array are no requests, so going on until COP_RESPONSE_NONE
 * collects all of them. A timeout abandons nothing. One wait looks at each request.
 *
 * Blocks    up to timeout_ms.
 */
COP_API enum cop_response cop_wait_responses(cop_ref *requests, size_t count, int64_t timeout_ms,
                                             size_t *which, cop_term *result);

COP_API cop_term cop__call(struct cop__site *site, struct cop__to to, const uint64_t *words);
COP_API void cop__cast(struct cop__site *site, struct cop__to to, const uint64_t *words);

COP_END_DECLS

#endif
