/*
 * coppice/agent.h: a term that many processes share, in a process of its own.
 *
 * An agent is a server without a program: it holds a state, which is a term, and runs functions that
 * its callers hand to it, one at a time. The behaviour is that of Elixir's Agent. When the state is
 * a struct, large, or has rules of its own, write a server.
 *
 *     static cop_term add(cop_term state, cop_term delta)
 *     {
 *             return cop_int(cop_to_int(state) + cop_to_int(delta));
 *     }
 *
 *     cop_agent_start_link(cop_agent_same, 0, .name = "total");
 *     cop_agent_update("total", add, 5);
 *     cop_print(cop_agent_get("total", cop_agent_state, 0));
 *
 * The functions run in the agent: while one runs all others wait, and one that crashes ends the
 * agent, and its caller with {Reason, {gen_server, call, [To, Request, Timeout]}}. A new state is
 * copied out of the turn that made it, so an update costs as much as the state is large.
 *
 * A function travels as its address, so agents are for the processes of one program: what comes from
 * outside it must never be passed on to one as a request.
 */
#ifndef COPPICE_AGENT_H
#define COPPICE_AGENT_H

#include <coppice/server.h>

COP_BEGIN_DECLS

/* The server behind each agent. */
extern COP_API const struct cop_module COP__MODULE(cop_agent);

/* Makes the first state, in the agent. */
typedef cop_term cop_agent_init_fn(cop_term argument);
/* Is given the state, and whatever its caller said. */
typedef cop_term cop_agent_fn(cop_term state, cop_term argument);

/* The argument itself is the first state. */
COP_API cop_term cop_agent_same(cop_term argument);
/* For cop_agent_get(): the whole state. */
COP_API cop_term cop_agent_state(cop_term state, cop_term argument);
/* For cop_agent_update(): the argument is the new state. */
COP_API cop_term cop_agent_replace(cop_term state, cop_term argument);

/* ---- starting and stopping ---- */

/*
 * cop_agent_start_link(fn, argument, .name = "total") starts an agent whose state is fn(argument),
 * which runs there. Arguments are integers, floats, texts or terms, as in cop_build(), here and
 * below. As cop_server_start_link(), also in what it returns and in its options.
 *
 * Blocks    until fn has returned.
 */
#define cop_agent_start_link(fn, argument, ...)                                                    \
        cop_server_start_link(cop_agent, cop__agent_argument((fn), cop_build("A", (argument)))     \
                                                 __VA_OPT__(, ) __VA_ARGS__)
/* The same without a link. Any thread. */
#define cop_agent_start(fn, argument, ...)                                                         \
        cop_server_start(cop_agent, cop__agent_argument((fn), cop_build("A", (argument)))          \
                                            __VA_OPT__(, ) __VA_ARGS__)
/* Both for those who want to go on: {ok, Pid}, or {error, Reason}. */
#define cop_agent_try_start_link(fn, argument, ...)                                                \
        cop_server_try_start_link(cop_agent, cop__agent_argument((fn), cop_build("A", (argument))) \
                                                     __VA_OPT__(, ) __VA_ARGS__)
#define cop_agent_try_start(fn, argument, ...)                                                     \
        cop_server_try_start(cop_agent, cop__agent_argument((fn), cop_build("A", (argument)))      \
                                                __VA_OPT__(, ) __VA_ARGS__)

/* COP_AGENT(fn, "argument", .name = "total"): an agent as a child of a supervisor, as COP_WORKER()
 * of <coppice/supervisor.h>. */
#define COP_AGENT(fn, argument_, ...)                                                              \
        COP__CHILD                                                                                 \
        {                                                                                          \
                .module = COP__REF(cop_agent),                                                     \
                .argument = cop__agent_argument((fn), cop_build(argument_)), __VA_ARGS__           \
        }

/* Asks it for its end and waits for that; see cop_server_stop(). */
#define cop_agent_stop(to) cop_server_stop(to)

/* ---- what is done with the state ---- */

/*
 * These are calls, and exit as cop_call() does; `to` is a pid, a name, or a term that holds one. The
 * argument is copied to the agent, what fn returns is copied back.
 *
 * Blocks    up to 5000 ms; those with _within as long as they are told.
 * Threads   any.
 */

/* What fn(state, argument) returns; the state stays. */
#define cop_agent_get(to, fn, argument) cop_agent_get_within(5000, to, fn, argument)
#define cop_agent_get_within(timeout_ms, to, fn, argument)                                         \
        cop__agent_ask(COP__TO(to), "get", (fn), cop_build("A", (argument)), (timeout_ms))
/* The state is what fn(state, argument) returns, from now on. */
#define cop_agent_update(to, fn, argument) cop_agent_update_within(5000, to, fn, argument)
#define cop_agent_update_within(timeout_ms, to, fn, argument)                                      \
        ((void)cop__agent_ask(COP__TO(to), "update", (fn), cop_build("A", (argument)),             \
                              (timeout_ms)))
/* fn(state, argument) returns {Value, State}: Value is returned, State is the state from now on.
 * Anything else ends the agent with {bad_return_value, It}. */
#define cop_agent_get_and_update(to, fn, argument)                                                 \
        cop_agent_get_and_update_within(5000, to, fn, argument)
#define cop_agent_get_and_update_within(timeout_ms, to, fn, argument)                              \
        cop__agent_ask(COP__TO(to), "get_and_update", (fn), cop_build("A", (argument)),            \
                       (timeout_ms))
/* As cop_agent_update(), and does not wait: to nobody, or to an agent that then crashes, it is
 * lost. */
#define cop_agent_cast(to, fn, argument)                                                           \
        cop__agent_cast(COP__TO(to), (fn), cop_build("A", (argument)))

/* ---- behind the macros ---- */

COP_API cop_term cop__agent_argument(cop_agent_init_fn *fn, cop_term argument);
COP_API cop_term cop__agent_ask(struct cop__to to, const char *what, cop_agent_fn *fn,
                                cop_term argument, int64_t timeout_ms);
COP_API void cop__agent_cast(struct cop__to to, cop_agent_fn *fn, cop_term argument);

COP_END_DECLS

#endif
