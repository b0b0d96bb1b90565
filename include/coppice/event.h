/*
 * coppice/event.h: many that listen to the same events, in one process.
 *
 * An event manager is a server that passes each event on to its handlers, one after the other.
 * Handlers come and go while it runs; each has a state, which is a struct of yours, and callbacks.
 * One that crashes is removed, and neither the manager nor the others notice. The behaviour is OTP's
 * gen_event.
 *
 *     struct counter { int64_t seen; };
 *
 *     static cop_next handle_event(struct counter *c, cop_term event)
 *     {
 *             c->seen++;
 *             return cop_ok();
 *     }
 *
 *     static cop_next handle_call(struct counter *c, cop_term request)
 *     {
 *             return cop_reply(cop_int(c->seen));
 *     }
 *
 *     COP_EVENT_HANDLER(counter, struct counter, .handle_event = handle_event,
 *                       .handle_call = handle_call);
 *
 *     cop_event_start_link(.name = "alarms");
 *     cop_event_add_handler("alarms", COP_HANDLER(counter), cop_nil());
 *     cop_event_notify("alarms", "{too_hot, Celsius}", celsius);
 *     cop_print(cop_event_call("alarms", COP_HANDLER(counter), "seen"));
 *
 * Handlers run in the manager: one that blocks, faults or is killed stops them all. What may do so
 * belongs into a process of its own, to which a handler sends the event.
 */
#ifndef COPPICE_EVENT_H
#define COPPICE_EVENT_H

#include <coppice/server.h>

COP_BEGIN_DECLS

/* The server behind each manager. */
extern COP_API const struct cop_module COP__MODULE(cop_event_manager);

/* ---- handlers ---- */

/*
 * COP_EVENT_HANDLER(name, struct state, .handle_event = handle_event, ...) defines a handler. A
 * callback that takes somebody else's state does not compile.
 *
 *     init            when it is added: cop_ok(), or cop_init_error("R"), and it is not. Of one that
 *                     is swapped in, the argument is {Argument, what the other's terminate returned}
 *     handle_event    what was notified: cop_ok()
 *     handle_call     what cop_event_call() asks: cop_reply(term)
 *     handle_info     any other message: cop_ok(). Left out, it is dropped with a warning
 *     terminate       when it is removed. why is the argument of cop_event_delete_handler(),
 *                     remove_handler, stop, {stop, Reason} (the process that supervised it ended) or
 *                     {error, Reason}. What it returns is what deleting it returns
 *     show            the state as a term, for reports and cop_sys_get_state(); and back
 *     restore
 *     format_status   what people may see: gets and returns a map with the keys state, message, reason
 */
#define COP_EVENT_HANDLER(name, state, ...)                                                        \
        struct cop__callbacks_##name {                                                             \
                cop_next (*init)(state *, cop_term argument);                                      \
                cop_next (*handle_event)(state *, cop_term event);                                 \
                cop_next (*handle_call)(state *, cop_term request);                                \
                cop_next (*handle_info)(state *, cop_term message);                                \
                cop_term (*terminate)(state *, cop_term why);                                      \
                cop_term (*show)(state *);                                                         \
                void (*restore)(state *, cop_term shown);                                          \
                cop_term (*format_status)(state *, cop_term status);                               \
        };                                                                                         \
        COP__TYPE_ERRORS_ON                                                                        \
        static const struct cop__callbacks_##name cop__callbacks_##name = { __VA_ARGS__ };         \
        COP__TYPE_ERRORS_OFF                                                                       \
        static cop_next cop__init_##name(void *s, cop_term t)                                      \
        {                                                                                          \
                return cop__callbacks_##name.init ? cop__callbacks_##name.init((state *)s, t)      \
                                                  : cop_ok();                                      \
        }                                                                                          \
        COP__SERVER_THUNK(name, state, handle_event, COP__HANDLE_CAST)                             \
        COP__SERVER_THUNK(name, state, handle_call, COP__HANDLE_CALL)                              \
        COP__SERVER_THUNK(name, state, handle_info, COP__HANDLE_INFO)                              \
        static cop_term cop__terminate_##name(void *s, cop_term t)                                 \
        {                                                                                          \
                return cop__callbacks_##name.terminate                                             \
                               ? cop__callbacks_##name.terminate((state *)s, t)                    \
                               : cop_atom("ok");                                                   \
        }                                                                                          \
        COP__STATE_THUNKS(name, state)                                                             \
        COP__HANDLER_DECLARE(name)                                                                 \
        const struct cop_event_handler COP__HANDLER_NAMED(name) = { #name,                         \
                                                                    sizeof(state),                 \
                                                                    cop__init_##name,              \
                                                                    cop__handle_event_##name,      \
                                                                    cop__handle_call_##name,       \
                                                                    cop__handle_info_##name,       \
                                                                    cop__terminate_##name,         \
                                                                    cop__show_##name,              \
                                                                    cop__restore_##name,           \
                                                                    cop__format_status_##name };   \
        static cop_term cop__find_##name(cop_term nothing)                                         \
        {                                                                                          \
                (void)nothing;                                                                     \
                return cop_uint((uintptr_t)&COP__HANDLER_NAMED(name));                             \
        }                                                                                          \
        COP_START_FUNCTION(name, event_handler, cop__find_##name)

/* What a handler is called: COP_HANDLER(counter), of any file of the program; where there is more
 * than one of a kind in a manager, COP_HANDLER_ID(counter, id) with any term as id. */
#define COP_HANDLER(name)        cop__handler_name(COP__HANDLER_REF(name), COP_NONE)
#define COP_HANDLER_ID(name, id) cop__handler_name(COP__HANDLER_REF(name), cop_build("I", (id)))

/* Besides cop_ok() and cop_reply() a handler may return: */
/* It is removed; its terminate is called with remove_handler. */
COP_API cop_next cop_remove_handler(void);
/* handle_call: the same, and this is the answer. */
COP_API cop_next cop_remove_handler_reply(cop_term answer);
/* Another takes its place: terminate(why), and what that returns goes with the argument to the
 * other's init. */
COP_API cop_next cop_swap_handler(cop_term why, cop_term handler, cop_term argument);
COP_API cop_next cop_swap_handler_reply(cop_term answer, cop_term why, cop_term handler,
                                        cop_term argument);

/*
 * OTP's own return values as a term, without the state: ok, {reply, X}, remove_handler,
 * {remove_handler, X}, {swap_handler, Why, Handler, Argument}, {swap_handler, X, Why, Handler,
 * Argument}, {error, R}. Anything else is an error of the handler. A value thrown with cop_throw()
 * counts as returned so.
 */
COP_API cop_next cop_event_returned(cop_term term);

/* ---- starting and stopping a manager ---- */

/* As cop_server_start_link() and its like: cop_event_start_link(.name = "alarms"). */
#define cop_event_start_link(...)                                                                  \
        cop_server_start_link(cop_event_manager, cop_nil() __VA_OPT__(, ) __VA_ARGS__)
#define cop_event_start(...)                                                                       \
        cop_server_start(cop_event_manager, cop_nil() __VA_OPT__(, ) __VA_ARGS__)
/* Its handlers are removed, with stop. */
#define cop_event_stop(to) cop_server_stop(to)

/* COP_EVENT_MANAGER(.name = "alarms"): a manager as a child of a supervisor. */
#define COP_EVENT_MANAGER(...) COP_WORKER(cop_event_manager, "[]" __VA_OPT__(, ) __VA_ARGS__)

/* ---- what others do with it ---- */

/* To all handlers, and does not wait. To nobody: nothing. Any thread. */
#define cop_event_notify(to, ...) cop_cast((to), "{notify, Event}", cop_build(__VA_ARGS__))

/*
 * The others are calls. Their caller exits where the manager does not live, and waits as long as it
 * takes; cop_event_call() waits 5000 ms, or what it is told. Any thread may call them.
 */
/* To all handlers, and back when all have seen it. */
#define cop_event_sync_notify(to, ...)                                                             \
        ((void)cop__event_ask(COP__TO(to), cop_build("{sync_notify, E}", cop_build(__VA_ARGS__))))

/* Adds a handler, as the first one: ok; or what its init returned instead, or {'EXIT', Reason}. */
#define cop_event_add_handler(to, handler, argument)                                               \
        cop__event_ask(COP__TO(to),                                                                \
                       cop_build("{add_handler, Handler, Argument}", (handler), (argument)))
/* The same, linked with the caller: when the caller ends the handler is removed, and when the handler
 * is, the caller gets {gen_event_EXIT, Handler, Reason}. Reason is normal, shutdown,
 * {swapped, NewHandler, Pid}, or the error. */
#define cop_event_add_sup_handler(to, handler, argument)                                           \
        cop__event_ask(COP__TO(to), cop_build("{add_sup_handler, Handler, Argument, Me}",          \
                                              (handler), (argument), cop_self()))
/* Removes it. What its terminate(why) returned; or {error, module_not_found}. */
#define cop_event_delete_handler(to, handler, why)                                                 \
        cop__event_ask(COP__TO(to), cop_build("{delete_handler, Handler, Why}", (handler), (why)))
/* Replaces it: ok, or {error, What}. Where the first is not there the second is added all the same,
 * with {Argument, error}. */
#define cop_event_swap_handler(to, handler, why, new_handler, argument)                            \
        cop__event_ask(COP__TO(to), cop_build("{swap_handler, Handler, Why, New, Argument}",       \
                                              (handler), (why), (new_handler), (argument)))
#define cop_event_swap_sup_handler(to, handler, why, new_handler, argument)                        \
        cop__event_ask(COP__TO(to),                                                                \
                       cop_build("{swap_sup_handler, Handler, Why, New, Argument, Me}", (handler), \
                                 (why), (new_handler), (argument), cop_self()))
/* [Handler, ...], the newest first. */
#define cop_event_which_handlers(to) cop__event_ask(COP__TO(to), cop_build("which_handlers"))

/* Asks one handler. Not there: {error, bad_module}; it crashes: {error, {'EXIT', Reason}}. Who gets no
 * answer exits with {Reason, {gen_event, call, [To, Handler, Request]}}. */
#define cop_event_call(to, handler, ...)                                                           \
        cop__event_call(COP__TO(to), (handler), cop_build(__VA_ARGS__), 5000, false)
#define cop_event_call_within(timeout_ms, to, handler, ...)                                        \
        cop__event_call(COP__TO(to), (handler), cop_build(__VA_ARGS__), (timeout_ms), true)

/* ---- behind the macros ---- */

struct cop_event_handler {
        const char *name;
        size_t state_size;
        cop_next (*init)(void *state, cop_term argument);
        cop_next (*handle_event)(void *state, cop_term event);
        cop_next (*handle_call)(void *state, cop_term request);
        cop_next (*handle_info)(void *state, cop_term message);
        cop_term (*terminate)(void *state, cop_term why);
        cop_term (*show)(void *state);
        void (*restore)(void *state, cop_term shown);
        cop_term (*format_status)(void *state, cop_term status);
};

#define COP__HANDLER_NAMED(name) cop_event_handler_##name
#define COP__HANDLER_DECLARE(name)                                                                 \
        _Pragma("GCC diagnostic push")                                                             \
                _Pragma("GCC diagnostic ignored \"-Wredundant-decls\"") extern const struct        \
                cop_event_handler COP__HANDLER_NAMED(name);                                        \
        _Pragma("GCC diagnostic pop")
#define COP__HANDLER_REF(name)                                                                     \
        __extension__({                                                                            \
                extern const struct cop_event_handler COP__HANDLER_NAMED(name);                    \
                &COP__HANDLER_NAMED(name);                                                         \
        })

COP_API cop_term cop__handler_name(const struct cop_event_handler *handler, cop_term id);
COP_API cop_term cop__event_ask(struct cop__to to, cop_term request);
COP_API cop_term cop__event_call(struct cop__to to, cop_term handler, cop_term request,
                                 int64_t timeout_ms, bool with_timeout);

COP_END_DECLS

#endif
