/*
 * sys.c: the requests that every server answers, whatever its callbacks are.
 *
 * They come as messages of a kind of their own, so no callback sees them and none can be taken for
 * one of the program's. Answers have the shape {ok, Value} or {error, Reason}.
 *
 * Watching  Statistics, trace and log share one block that exists only while one of them is on; a
 *           server that nobody watches pays a test of a pointer for each message.
 */
#include "otp/server.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <coppice/inspect.h>
#include <coppice/memory.h>
#include <coppice/sys.h>
#include <coppice/text.h>
#include <coppice/timer.h>

struct sys_watch {
        bool statistics, trace;
        int64_t since_ms;
        uint64_t in, out;
        cop_term *log; /* a ring of kept terms; NULL: no log */
        size_t log_size, log_next;
};

/* ---- terms about destinations, for reasons ---- */

cop_term cop__to_show(struct cop__to to)
{
        cop_term term = { to.word };

        return to.kind == COP__TEXT ? cop_atom((const char *)(uintptr_t)to.word) : term;
}

cop_term cop__timeout_show(int64_t timeout_ms)
{
        return timeout_ms < 0 ? cop_build("infinity") : cop_int(timeout_ms);
}

/* ---- watching ---- */

static struct sys_watch *watch(struct server *server)
{
        if (!server->watch)
                server->watch = cop_alloc(sizeof(*server->watch));
        return server->watch;
}

static void drop_log(struct sys_watch *watch)
{
        size_t i;

        for (i = 0; i < watch->log_size; i++)
                cop_release(watch->log[i]);
        cop_free(watch->log);
        watch->log = NULL;
        watch->log_size = 0;
        watch->log_next = 0;
}

static void drop_watch_if_idle(struct server *server)
{
        struct sys_watch *watch = server->watch;

        if (!watch || watch->statistics || watch->trace || watch->log)
                return;
        cop_free(watch);
        server->watch = NULL;
}

static void say(cop_term event)
{
        const char *text = cop_show(cop_build("{Name, Event}", cop__name_of(cop_self()), event));
        char line[1024];
        int size = snprintf(line, sizeof(line), "*DBG* %.1000s\n", text);

        if (size > 0 && write(STDERR_FILENO, line, (size_t)size) < 0)
                return; /* nobody reads it */
}

static void note(struct sys_watch *watch, cop_term event)
{
        if (watch->trace)
                say(event);
        if (watch->log) {
                cop_replace(&watch->log[watch->log_next], event);
                watch->log_next = (watch->log_next + 1) % watch->log_size;
        }
}

void cop__sys_in(struct server *server, const struct cop_message *message)
{
        struct sys_watch *watch = server->watch;
        cop_term term = message->term;

        watch->in++;
        if (!watch->trace && !watch->log)
                return;
        if (message->kind == COP_CALL)
                term = cop_build("{'$gen_call', From, Request}", cop_from_term(message->from),
                                 term);
        else if (message->kind == COP_CAST)
                term = cop_build("{'$gen_cast', Request}", term);
        else if (message->kind == COP_TIMEOUT)
                term = cop_build("timeout");
        note(watch, cop_build("{in, Message}", term));
}

void cop__sys_out(struct server *server, cop_term answer, cop_pid to)
{
        struct sys_watch *watch = server->watch;

        if (cop_is_none(answer)) {
                if (watch->trace || watch->log)
                        note(watch, cop_build("noreply"));
                return;
        }
        watch->out++;
        if (watch->trace || watch->log)
                note(watch, cop_build("{out, Answer, To}", answer, to));
}

static void set_statistics(struct server *server, bool on)
{
        if (on) {
                watch(server)->statistics = true;
                server->watch->since_ms = cop_now_ms();
                server->watch->in = 0;
                server->watch->out = 0;
        } else if (server->watch) {
                server->watch->statistics = false;
        }
}

static cop_term get_statistics(const struct server *server)
{
        const struct sys_watch *watch = server->watch;

        if (!watch || !watch->statistics)
                return cop_build("no_statistics");
        return cop_build("[{start_time, Since}, {current_time, Now}, {messages_in, In},"
                         " {messages_out, Out}]",
                         watch->since_ms, cop_now_ms(), watch->in, watch->out);
}

static void set_log(struct server *server, size_t size)
{
        if (server->watch)
                drop_log(server->watch);
        if (size == 0)
                return;
        watch(server)->log = cop_alloc(size * sizeof(cop_term));
        server->watch->log_size = size;
}

static cop_term get_log(const struct server *server)
{
        const struct sys_watch *watch = server->watch;
        cop_term list = cop_nil();
        size_t i;

        for (i = 0; watch && i < watch->log_size; i++) {
                cop_term event = watch->log[(watch->log_next + i) % watch->log_size];

                if (!cop_is_none(event))
                        list = cop_cons(event, list);
        }
        return cop_reverse(list);
}

static cop_term debug(struct server *server, cop_term request)
{
        int64_t count;
        bool on;

        if (cop_match(request, "{statistics, get}"))
                return cop_build("{ok, S}", get_statistics(server));
        if (cop_match(request, "{log, get}"))
                return cop_build("{ok, L}", get_log(server));
        if (cop_match(request, "{statistics, On}", &on)) {
                set_statistics(server, on);
        } else if (cop_match(request, "{trace, On}", &on)) {
                if (on || server->watch)
                        watch(server)->trace = on;
        } else if (cop_match(request, "{log, N}", &count) && count >= 0 && count <= 100000) {
                set_log(server, (size_t)count);
        } else if (cop_match(request, "no_debug")) {
                set_log(server, 0);
                set_statistics(server, false);
                if (server->watch)
                        server->watch->trace = false;
        } else {
                return cop_build("{error, {unknown_request, R}}", request);
        }
        drop_watch_if_idle(server);
        return cop_build("{ok, ok}");
}

/* ---- state ---- */

struct replacing {
        struct server *server;
        cop_term shown;
};

static void restore(void *argument)
{
        struct replacing *replacing = argument;

        replacing->server->module->restore(state_of(replacing->server), replacing->shown);
}

static void show(void *argument)
{
        struct replacing *replacing = argument;

        replacing->shown = replacing->server->module->show(state_of(replacing->server));
}

static const char *const class_names[] = {
        [COP_NORMAL] = "normal",
        [COP_ERROR] = "error",
        [COP_EXIT] = "exit",
        [COP_THROW] = "throw",
};

static cop_term callback_failed(struct server *server, const char *where, enum cop_class class,
                                cop_term reason)
{
        return cop_build("{error, {callback_failed, {Module, Where}, {Class, Reason}}}",
                         cop_atom(server->module->name), cop_atom(where),
                         cop_atom(class_names[class]), reason);
}

static cop_term get_state(struct server *server)
{
        struct replacing replacing = { server, COP_NONE };
        cop_term reason;
        enum cop_class class = cop_try(show, &replacing, &reason);

        if (class != COP_NORMAL)
                return callback_failed(server, "system_get_state", class, reason);
        return cop_build("{ok, S}", replacing.shown);
}

/* Where restore crashes half way, the old bytes are put back. */
static cop_term replace_state(struct server *server, cop_term shown)
{
        struct replacing replacing = { server, shown };
        size_t size = server->module->handler.state_size - COP__SERVER_SIZE;
        void *before = cop_alloc(size + 1);
        cop_term reason;
        enum cop_class class;

        memcpy(before, state_of(server), size);
        class = cop_try(restore, &replacing, &reason);
        if (class != COP_NORMAL)
                memcpy(state_of(server), before, size);
        cop_free(before);
        if (class != COP_NORMAL)
                return callback_failed(server, "system_replace_state", class, reason);
        return get_state(server);
}

/* What debug information says of the state; NULL: nothing. */
static const struct cop_type *type_of_state(size_t size, const char *name, cop__show_fn *theirs)
{
        const struct cop_type *type = cop_type_find(name, (const void *)theirs);

        return type && type->size == size ? type : NULL;
}

cop_term cop__show_state(const void *state, size_t size, const char *name, cop__show_fn *theirs)
{
        const struct cop_type *type = type_of_state(size, name, theirs);

        if (type)
                return cop_type_show(type, state);
        return cop_build("{Type, Bytes}", cop_atom(name), cop_binary(state, size));
}

/* Without debug information a state is its bytes, and those are good at all times. */
void cop__restore_state(void *state, size_t size, const char *name, cop__show_fn *theirs,
                        cop_term shown)
{
        const struct cop_type *type = type_of_state(size, name, theirs);
        cop_term bytes;

        if (cop_match(shown, "{_, Bytes}", &bytes) && cop_is_binary(bytes) &&
            cop_byte_size(bytes) == size)
                memcpy(state, cop_to_bytes(bytes), size);
        else if (!type || !cop_type_write(type, state, shown))
                cop_error("badarg");
}

static cop_term get_status(struct server *server)
{
        cop_term none = cop_build("undefined");
        const struct cop_behaviour *behaviour = server->module->behaviour;
        cop_term dictionary = cop_process_info(cop_self(), "dictionary");
        cop_term parent = cop_is_nobody(server->parent) ? cop_pid_term(cop_self())
                                                        : cop_pid_term(server->parent);

        return cop_build("{ok, {status, Pid, {module, Behaviour}, [Dictionary, Phase, Parent, [],"
                         " [{header, Name}, {data, [{'Module', Module}, {'Status', Status}]}]]}}",
                         cop_self(), cop_atom(behaviour ? behaviour->name : "gen_server"),
                         cop_is_none(dictionary) ? cop_nil() : dictionary,
                         cop_atom(server->suspended ? "suspended" : "running"), parent,
                         cop__server_name(server), cop_atom(server->module->name),
                         cop__server_status(server, none, none));
}

/* ---- requests ---- */

static bool concerns_suspended(cop_term message, void *context)
{
        struct server *server = context;

        return cop_match(message, "{system, {_, _}, _}") ||
               (server->parent.word && cop_match(message, "{'EXIT', ^Parent, _}", &server->parent));
}

/* All but requests of this kind and the parent's end stays in the mailbox. */
static void stay_suspended(struct server *server)
{
        while (server->suspended) {
                cop_scope {
                        struct turn turn = { .server = server, .which = COP__HANDLE_INFO };
                        cop_term from, request;

                        turn.term = cop_receive_if(concerns_suspended, server, COP_FOREVER);
                        turn.message = turn.term;
                        if (cop_match(turn.term, "{system, From, Request}", &from, &request))
                                cop__sys_request(server, cop_to_from(from), request);
                        else
                                cop__server_heed_parent(&turn);
                }
        }
}

static void suspend(struct server *server, cop_from from)
{
        bool already = server->suspended;

        server->suspended = true;
        cop_answer(from, "{ok, ok}");
        if (!already)
                stay_suspended(server);
}

void cop__sys_request(struct server *server, cop_from from, cop_term request)
{
        struct turn turn = { .server = server, .which = COP__HANDLE_INFO, .message = cop_nil() };
        struct ending ending = { COP_NONE, COP_NONE };
        cop_term part;

        if (cop_match(request, "{terminate, Reason}", &ending.reason)) {
                cop__server_end(&turn, ending);
        } else if (cop_match(request, "suspend")) {
                suspend(server, from);
        } else if (cop_match(request, "resume")) {
                server->suspended = false;
                cop_answer(from, "{ok, ok}");
        } else if (cop_match(request, "get_state")) {
                cop_answer_term(from, get_state(server));
        } else if (cop_match(request, "{replace_state, S}", &part)) {
                cop_answer_term(from, replace_state(server, part));
        } else if (cop_match(request, "get_status")) {
                cop_answer_term(from, get_status(server));
        } else if (cop_match(request, "{debug, D}", &part)) {
                cop_answer_term(from, debug(server, part));
        } else {
                cop_answer(from, "{error, {unknown_system_msg, R}}", request);
        }
}

cop_term cop__sys_call(struct cop__to to, const char *function, cop_term request)
{
        cop_term answer, part;

        if (!cop_try_call_term(&answer, 5000, to, COP_SYSTEM, request))
                cop_exit("{Reason, {sys, Function, [To]}}", answer, cop_atom(function),
                         cop__to_show(to));
        if (cop_match(answer, "{error, Reason}", &part))
                cop_exit_term(part);
        if (!cop_match(answer, "{ok, Value}", &part))
                cop_exit("{bad_answer, Answer}", answer);
        return part;
}
