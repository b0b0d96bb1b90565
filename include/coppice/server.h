/*
 * coppice/server.h: a process that answers requests, one at a time.
 *
 * A server is a state, which is a struct of yours, and callbacks that get a pointer to it. The
 * behaviour is that of OTP's gen_server: start, requests, timeouts, and an orderly end.
 *
 *     struct counter { int64_t value; };
 *
 *     static cop_next init(struct counter *c, cop_term first)
 *     {
 *             c->value = cop_to_int(first);
 *             return cop_ok();
 *     }
 *
 *     static cop_next handle_call(struct counter *c, cop_term request, cop_from from)
 *     {
 *             if (cop_match(request, "next"))
 *                     return cop_reply(cop_int(c->value++));
 *             return cop_no_clause();
 *     }
 *
 *     COP_SERVER(counter, struct counter, .init = init, .handle_call = handle_call);
 *
 *     cop_server_start_link(counter, cop_int(1), .name = "counter");
 *     cop_call("counter", "next");
 *
 * Nothing is checked and nothing is cleaned up: a callback that finds something wrong crashes, the
 * process ends with a reason, and who supervises it starts another.
 */
#ifndef COPPICE_SERVER_H
#define COPPICE_SERVER_H

#include <coppice/handler.h>
#include <coppice/module.h>

COP_BEGIN_DECLS

/* ---- what a callback returns: what happens next ---- */

/* Made by the functions below, and by them alone: zero is a bad return value. */
typedef struct {
        uint64_t what;
        cop_term term;
} cop_next;

enum cop__next {
        COP__NEXT_NONE,
        COP__NEXT_GO_ON,
        COP__NEXT_REPLY,
        COP__NEXT_STOP,
        COP__NEXT_STOP_REPLY,
        COP__NEXT_IGNORE,
        COP__NEXT_ERROR,
        COP__NEXT_NO_CLAUSE,
        COP__NEXT_MISSING,
        COP__NEXT_BAD,
        COP__NEXT_STATE, /* of state machines; see <coppice/statem.h> */
        COP__NEXT_REPEAT,
        COP__NEXT_REMOVE, /* of event handlers; see <coppice/event.h> */
        COP__NEXT_REMOVE_REPLY,
        COP__NEXT_SWAP,
        COP__NEXT_SWAP_REPLY,
};

/* init: the server is up. */
static inline cop_next cop_ok(void)
{
        cop_next next = { COP__NEXT_GO_ON, { 0 } };

        return next;
}

/* All but init: goes on. Who called is answered later, with cop_answer(). */
static inline cop_next cop_noreply(void)
{
        cop_next next = { COP__NEXT_GO_ON, { 0 } };

        return next;
}

/* handle_call: answers, and goes on. */
static inline cop_next cop_reply(cop_term answer)
{
        cop_next next = { COP__NEXT_REPLY, { 0 } };

        next.term = answer;
        return next;
}

/* init: there is nothing to do; no process is wanted, and that is no error. */
static inline cop_next cop_ignore(void)
{
        cop_next next = { COP__NEXT_IGNORE, { 0 } };

        return next;
}

/* cop_end("normal"): terminate is called, and the process ends with this reason. From init it is
 * the start's failure. This is OTP's stop. */
#define cop_end(...) COP__BUILDING(cop__end, (), __VA_ARGS__)
/* handle_call: the same, and after terminate the caller gets this answer. */
#define cop_end_reply(answer, ...) COP__BUILDING(cop__end_reply, (, (answer)), __VA_ARGS__)
/* init: the start fails with {error, Reason}, but nothing went wrong: no report. */
#define cop_init_error(...) COP__BUILDING(cop__init_error, (), __VA_ARGS__)

/* No clause fits this request: the process ends with function_clause, which names it. */
#define cop_no_clause() cop__no_clause(COP_HERE)

/*
 * And one of these around it, for what comes then:
 *
 *     return cop_then_timeout(cop_noreply(), 5000);
 */
/* When nothing has come within timeout_ms, handle_info gets the message timeout. 0: when the
 * inbox is empty. Whatever comes first ends it. */
COP_API cop_next cop_then_timeout(cop_next next, int64_t timeout_ms);
/* The same with a message of your own, and requests of the sys protocol do not count as something
 * that came. 0: this message is handled before all others. */
#define cop_then_message(next, timeout_ms, ...)                                                    \
        cop__then_message((next), (timeout_ms), cop_build(__VA_ARGS__))
/* handle_continue gets this before any message. */
#define cop_then_continue(next, ...) cop__then_continue((next), cop_build(__VA_ARGS__))

/*
 * OTP's own return values as a term, without the state: {reply, X}, noreply, {stop, R},
 * {stop, R, X}, ok, ignore, {error, R}, each but the last four with an action as another element: a
 * timeout, hibernate, {continue, C}, {timeout, T, Message} and {hibernate, T, Message}, also with
 * [{abs, true}] where T is a time of cop_now_ms(). Anything else ends the server with {bad_return_value, Term}. A value thrown with
 * cop_throw() counts as returned so.
 */
COP_API cop_next cop_returned(cop_term term);

COP_API cop_next cop__end(struct cop__site *site, const uint64_t *words);
COP_API cop_next cop__end_reply(struct cop__site *site, const uint64_t *words, cop_term answer);
COP_API cop_next cop__init_error(struct cop__site *site, const uint64_t *words);
COP_API cop_next cop__no_clause(const struct cop_place *place);
COP_API cop_next cop__then_message(cop_next next, int64_t timeout_ms, cop_term message);
COP_API cop_next cop__then_continue(cop_next next, cop_term what);

/* ---- a server's callbacks ---- */

/*
 * What COP_SERVER makes of your callbacks. All may be left out but those that are needed.
 *
 *     init               the first turn. Who starts the server waits until it has returned
 *     handle_call        a request of cop_call()
 *     handle_cast        a request of cop_cast()
 *     handle_info        any other message; left out, messages are dropped with a warning
 *     handle_continue    what cop_then_continue() said
 *     terminate          the last turn, when a callback failed or wanted the end, when a parent
 *                        ends (of a server that traps exits), or when asked by cop_server_stop().
 *                        Not after an untrapped exit signal, a kill or a fault: what must be given
 *                        back then as well belongs into cop_own()
 *     show               the state as a term, for reports and cop_sys_get_state(). Left out: its
 *                        fields with their values, {'struct counter', [{value, 7}]}, or its bytes
 *                        where there is no debug information (<coppice/inspect.h>)
 *     restore            a state from such a term, for cop_sys_replace_state()
 *     format_status      what people may see: gets and returns a map with the keys state, message
 *                        and reason. cop_shown_put() hides a field
 */
struct cop_behaviour;

struct cop_module {
        size_t struct_size;
        const char *name;
        const char *state_type; /* as it stands in the program: "struct counter" */
        struct cop_place place; /* where it is defined */
        struct cop_handler handler;
        cop_next (*init)(void *state, cop_term argument);
        cop_next (*handle_call)(void *state, cop_term request, cop_from from);
        cop_next (*handle_cast)(void *state, cop_term request);
        cop_next (*handle_info)(void *state, cop_term message);
        cop_next (*handle_continue)(void *state, cop_term what);
        void (*terminate)(void *state, cop_term reason);
        cop_term (*show)(void *state);
        void (*restore)(void *state, cop_term shown);
        cop_term (*format_status)(void *state, cop_term status);
        /* Of a supervisor; see <coppice/supervisor.h>. */
        cop_term (*supervise)(cop_term argument);
        /* Of a behaviour that stands on this one: which, and what it knows of the module. */
        const struct cop_behaviour *behaviour;
        const void *definition;
};

/* The definition of one that stands on none. */
struct cop__server_type {
        bool (*hides)(void); /* has it a format_status, which may keep something from people? */
};

/* What the callbacks of a module belong to; none: gen_server. */
struct cop_behaviour {
        const char *name;
        void (*report_end)(void *state, cop_term reason); /* says with what error it ends */
};

/* What a server needs before its state. */
enum { COP__SERVER_SIZE = 64 };

COP_API void cop__server_begin(void *place, cop_term argument);
COP_API void cop__server_message(void *place, const struct cop_message *message);

/* The callback was left out. */
enum cop_callback {
        COP__INIT,
        COP__HANDLE_CALL,
        COP__HANDLE_CAST,
        COP__HANDLE_INFO,
        COP__HANDLE_CONTINUE,
};
static inline cop_next cop__missing(enum cop_callback callback)
{
        cop_next next = { COP__NEXT_MISSING, { 0 } };

        next.term.word = callback;
        return next;
}

#define COP__MODULE(name) cop_module_##name

/* COP_DECLARE(counter): the server (or supervisor) stands in another file. Not needed for
 * COP_WORKER, cop_server_start() and the like. */
#define COP_DECLARE(name) extern const struct cop_module COP__MODULE(name)

/*
 * COP_SERVER(name, struct state, .init = init, ...) defines a server. A callback that takes
 * somebody else's state does not compile.
 *
 * The struct of callbacks is typed, and small functions stand between it and the library's, which
 * knows no type: no pointer to a function is ever cast.
 */
#define COP_SERVER(name, state, ...)                                                               \
        struct cop__callbacks_##name {                                                             \
                cop_next (*init)(state *, cop_term argument);                                      \
                cop_next (*handle_call)(state *, cop_term request, cop_from from);                 \
                cop_next (*handle_cast)(state *, cop_term request);                                \
                cop_next (*handle_info)(state *, cop_term message);                                \
                cop_next (*handle_continue)(state *, cop_term what);                               \
                void (*terminate)(state *, cop_term reason);                                       \
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
        COP__SERVER_THUNK(name, state, handle_cast, COP__HANDLE_CAST)                              \
        COP__SERVER_THUNK(name, state, handle_info, COP__HANDLE_INFO)                              \
        COP__SERVER_THUNK(name, state, handle_continue, COP__HANDLE_CONTINUE)                      \
        static cop_next cop__handle_call_##name(void *s, cop_term t, cop_from f)                   \
        {                                                                                          \
                return cop__callbacks_##name.handle_call                                           \
                               ? cop__callbacks_##name.handle_call((state *)s, t, f)               \
                               : cop__missing(COP__HANDLE_CALL);                                   \
        }                                                                                          \
        static void cop__terminate_##name(void *s, cop_term t)                                     \
        {                                                                                          \
                if (cop__callbacks_##name.terminate)                                               \
                        cop__callbacks_##name.terminate((state *)s, t);                            \
        }                                                                                          \
        COP__STATE_THUNKS(name, state)                                                             \
        static bool cop__hides_##name(void)                                                        \
        {                                                                                          \
                return cop__callbacks_##name.format_status != 0;                                   \
        }                                                                                          \
        static const struct cop__server_type cop__type_of_##name = { cop__hides_##name };          \
        COP__MODULE_DEFINE(name, sizeof(state), #state, cop__init_##name, cop__handle_call_##name, \
                           cop__handle_cast_##name, cop__handle_info_##name,                       \
                           cop__handle_continue_##name, cop__terminate_##name, cop__show_##name,   \
                           cop__restore_##name, cop__format_status_##name, 0, 0,                   \
                           &cop__type_of_##name)

/* The state as debug information or nobody knows it; and back. Two files may have a struct of this
 * name: it is the one of the file that has this function. */
typedef cop_term cop__show_fn(void *state);
COP_API cop_term cop__show_state(const void *state, size_t size, const char *type,
                                 cop__show_fn *show);
COP_API void cop__restore_state(void *state, size_t size, const char *type, cop__show_fn *show,
                                cop_term shown);

/* Its callbacks that show, restore and hide a state; without them debug information does. */
#define COP__STATE_THUNKS(name, state)                                                             \
        static cop_term cop__show_##name(void *s)                                                  \
        {                                                                                          \
                return cop__callbacks_##name.show                                                  \
                               ? cop__callbacks_##name.show((state *)s)                            \
                               : cop__show_state(s, sizeof(state), #state, cop__show_##name);      \
        }                                                                                          \
        static void cop__restore_##name(void *s, cop_term t)                                       \
        {                                                                                          \
                if (cop__callbacks_##name.restore)                                                 \
                        cop__callbacks_##name.restore((state *)s, t);                              \
                else                                                                               \
                        cop__restore_state(s, sizeof(state), #state, cop__show_##name, t);         \
        }                                                                                          \
        static cop_term cop__format_status_##name(void *s, cop_term t)                             \
        {                                                                                          \
                return cop__callbacks_##name.format_status                                         \
                               ? cop__callbacks_##name.format_status((state *)s, t)                \
                               : t;                                                                \
        }

#define COP__SERVER_THUNK(name, state, callback, number)                                           \
        static cop_next cop__##callback##_##name(void *s, cop_term t)                              \
        {                                                                                          \
                return cop__callbacks_##name.callback                                              \
                               ? cop__callbacks_##name.callback((state *)s, t)                     \
                               : cop__missing(number);                                             \
        }

/* Everything that holds for servers and supervisors: the module, and its name in the list. */
#define COP__MODULE_DEFINE(name, size, type, ...)                                                  \
        COP__DECLARE_QUIETLY(name)                                                                 \
        const struct cop_module COP__MODULE(name) = { sizeof(struct cop_module),                   \
                                                      #name,                                       \
                                                      type,                                        \
                                                      { __FILE__, #name, __LINE__ },               \
                                                      { #name, (size_t)COP__SERVER_SIZE + (size),  \
                                                        cop__server_begin, cop__server_message },  \
                                                      __VA_ARGS__ };                               \
        static struct cop_start cop__start_##name = { #name, "start_link", 0, 0,                   \
                                                      &COP__MODULE(name) };                        \
        __attribute__((constructor)) static void cop__start_add_##name(void)                       \
        {                                                                                          \
                cop__start_add(&cop__start_##name);                                                \
        }                                                                                          \
        __attribute__((destructor)) static void cop__start_remove_##name(void)                     \
        {                                                                                          \
                cop__start_remove(&cop__start_##name);                                             \
        }                                                                                          \
        COP__SEMICOLON(name)

#define COP__DECLARE_QUIETLY(name)                                                                 \
        _Pragma("GCC diagnostic push") _Pragma("GCC diagnostic ignored \"-Wredundant-decls\"")     \
                COP_DECLARE(name);                                                                 \
        _Pragma("GCC diagnostic pop")

#ifndef __cplusplus
#define COP__TYPE_ERRORS_ON                                                                        \
        _Pragma("GCC diagnostic push")                                                             \
                _Pragma("GCC diagnostic error \"-Wincompatible-pointer-types\"")
#else
#define COP__TYPE_ERRORS_ON                                                                        \
        _Pragma("GCC diagnostic push")                                                             \
                _Pragma("GCC diagnostic ignored \"-Wmissing-field-initializers\"")
#endif
#define COP__TYPE_ERRORS_OFF _Pragma("GCC diagnostic pop")

/* A server or supervisor of any file of the program, by its name in the source. A misspelt one is
 * an error of the linker. */
#define COP__REF(name)                                                                             \
        __extension__({                                                                            \
                extern const struct cop_module COP__MODULE(name);                                  \
                &COP__MODULE(name);                                                                \
        })

/* ---- starting and stopping ---- */

/* How to start one. Leave out what you do not care about: zero is always the default. */
struct cop_start_options {
        size_t struct_size;
        bool link;          /* with the caller, which is the parent then */
        const char *name;   /* registered before init runs */
        cop_term via;       /* instead: the name in somebody's register (<coppice/via.h>) */
        cop_ref *monitor;   /* monitored by the caller from the start; not where the start fails */
        int64_t timeout_ms; /* how long init may take; 0: as long as it likes */
        /* Quotas, priority, ...; its name, link and monitor do not count, but those above. */
        const struct cop_spawn_options *spawn;
};

/*
 * cop_server_start_link(counter, cop_int(1), .name = "counter") starts a server linked to the
 * caller, and waits until its init has returned.
 *
 * Returns   its pid; a zero pid where init said cop_ignore(). Where the start fails the caller
 *           exits with the reason: what init exited with, {already_started, Pid}, timeout.
 * Blocks    until init is done. After a failure the process is dead when this returns.
 */
#define cop_server_start_link(name, argument, ...)                                                 \
        cop_server_start_with(COP__REF(name), (argument),                                          \
                              COP__START_OPTIONS(.link = true, __VA_ARGS__))
/* The same without a link. Any thread. */
#define cop_server_start(name, argument, ...)                                                      \
        cop_server_start_with(COP__REF(name), (argument), COP__START_OPTIONS(__VA_ARGS__))
/* The same for those who want to go on: {ok, Pid}, ignore, or {error, Reason}. A caller that is
 * linked and does not trap exits dies with the reason all the same, as in OTP. */
#define cop_server_try_start_link(name, argument, ...)                                             \
        cop_server_try_start_with(COP__REF(name), (argument),                                      \
                                  COP__START_OPTIONS(.link = true, __VA_ARGS__))
#define cop_server_try_start(name, argument, ...)                                                  \
        cop_server_try_start_with(COP__REF(name), (argument), COP__START_OPTIONS(__VA_ARGS__))

COP_API cop_pid cop_server_start_with(const struct cop_module *module, cop_term argument,
                                      const struct cop_start_options *options);
COP_API cop_term cop_server_try_start_with(const struct cop_module *module, cop_term argument,
                                           const struct cop_start_options *options);

#ifndef __cplusplus
#define COP__START_OPTIONS(...)                                                                    \
        (&(const struct cop_start_options){ .struct_size = sizeof(struct cop_start_options),       \
                                            __VA_ARGS__ })
#else
#define COP__START_OPTIONS(...)                                                                    \
        cop__lend(cop_start_options{ .struct_size = sizeof(cop_start_options), __VA_ARGS__ })
#endif

/*
 * The calling process becomes a server, with this state and without init: for one that was started
 * in a way of its own. Does not return; the caller's stack ends here. Its parent is who spawned it.
 */
#define cop_server_enter(name, state) cop_server_enter_with(COP__REF(name), (state))
COP_API COP_NORETURN void cop_server_enter_with(const struct cop_module *module, const void *state);

/*
 * The same request to many: cop_multi_call(servers, 1000, "{get, Key}", key), where servers is a list of
 * pids, names and vias. {[{Server, Answer}, ...], [Server, ...]}: those that have answered in time,
 * and those that have not, or have died, or are not there; each in the order of the list. A late
 * answer is nowhere. Whoever is in the list itself exits with calling_self, as with cop_call().
 *
 * Blocks    up to timeout_ms. Any thread.
 */
#define cop_multi_call(servers, timeout_ms, ...)                                                   \
        cop__multi_call((servers), (timeout_ms), cop_build(__VA_ARGS__))
COP_API cop_term cop__multi_call(cop_term servers, int64_t timeout_ms, cop_term request);

/*
 * Asks a server for its end with this reason (its terminate is called) and waits for it. Where it
 * ends with another reason, or does not live, or timeout_ms have passed, the caller exits with
 * {Reason, {sys, terminate, [To, Reason, Timeout]}}; a server that was too slow ends all the same.
 *
 * Blocks    up to timeout_ms. Any thread.
 */
#define cop_server_stop(to) cop_server_stop_term(COP__TO(to), cop_build("normal"), COP_FOREVER)
#define cop_server_stop_with(to, timeout_ms, ...)                                                  \
        cop_server_stop_term(COP__TO(to), cop_build(__VA_ARGS__), (timeout_ms))
COP_API void cop_server_stop_term(struct cop__to to, cop_term reason, int64_t timeout_ms);

COP_END_DECLS

#endif
