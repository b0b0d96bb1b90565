/*
 * server.c: the loop of a server, which is a handler process that calls callbacks.
 *
 * A message becomes a turn: one callback, run inside cop_try() so that an error in it is seen here,
 * and then whatever the callback returned. A continuation makes another turn of it, at once.
 *
 * Order     Messages are handled as they arrive. While a server starts, and while the sys protocol
 *           has suspended it, it waits in its callback for what concerns it then, and all else
 *           stays in the mailbox: there it is found by a selective receive, and by who looks.
 * End       Every way out ends in server_end.c, which does not return.
 * Timeouts  cop_then_timeout() is the handler's own timeout, which anything that arrives takes
 *           back; a system request starts it anew, for its full time. cop_then_message() is a timer,
 *           told from those that were cancelled too late by its reference.
 */
#include "otp/server.h"

#include <string.h>

#include <coppice/memory.h>
#include <coppice/report.h>
#include <coppice/timer.h>

_Static_assert(sizeof(struct server) <= COP__SERVER_SIZE, "the state stands behind it");
_Static_assert(COP__SERVER_SIZE % 16 == 0, "the state is aligned for any type");

/* ---- callbacks ---- */

static void call_back(void *argument)
{
        struct turn *turn = argument;
        const struct cop_module *module = turn->server->module;
        void *state = state_of(turn->server);

        switch (turn->which) {
        case COP__INIT:
                turn->next = module->init(state, turn->term);
                break;
        case COP__HANDLE_CALL:
                turn->next = module->handle_call(state, turn->term, turn->from);
                break;
        case COP__HANDLE_CAST:
                turn->next = module->handle_cast(state, turn->term);
                break;
        case COP__HANDLE_INFO:
                turn->next = module->handle_info(state, turn->term);
                break;
        case COP__HANDLE_CONTINUE:
                turn->next = module->handle_continue(state, turn->term);
                break;
        }
}

enum cop_class cop__server_call_back(struct turn *turn, cop_term *reason)
{
        enum cop_class class = cop_try(call_back, turn, reason);

        if (class != COP_THROW)
                return class;
        turn->next = cop_returned(*reason);
        return COP_NORMAL;
}

static const char *const callback_names[] = {
        [COP__INIT] = "init",
        [COP__HANDLE_CALL] = "handle_call",
        [COP__HANDLE_CAST] = "handle_cast",
        [COP__HANDLE_INFO] = "handle_info",
        [COP__HANDLE_CONTINUE] = "handle_continue",
};

/* As Erlang writes text: a list of characters. */
static cop_term char_list(const char *text)
{
        cop_term list = cop_nil();
        size_t at = strlen(text);

        while (at > 0)
                list = cop_cons(cop_int((unsigned char)text[--at]), list);
        return list;
}

/* {Error, [{Module, Function, [Request], Place}]}: no function takes this request. */
static cop_term no_function(const struct turn *turn, const char *error,
                            const struct cop_place *place)
{
        cop_term where = cop_nil();

        if (place) {
                where = cop_build("[{line, Line}]", place->line);
                where = cop_cons(cop_build("{file, File}", char_list(place->file)), where);
        }
        return cop_build("{Error, [{Module, Function, [Request], Where}]}", cop_atom(error),
                         cop_atom(turn->server->module->name),
                         cop_atom(place ? place->function : callback_names[turn->which]),
                         turn->term, where);
}

static bool is_allowed(enum cop__next kind, enum cop_callback which)
{
        switch (kind) {
        case COP__NEXT_GO_ON:
        case COP__NEXT_STOP:
        case COP__NEXT_NO_CLAUSE:
        case COP__NEXT_MISSING:
                return true;
        case COP__NEXT_REPLY:
        case COP__NEXT_STOP_REPLY:
                return which == COP__HANDLE_CALL;
        case COP__NEXT_IGNORE:
        case COP__NEXT_ERROR:
                return which == COP__INIT;
        default:
                break;
        }
        return false;
}

cop_term cop__server_judge(const struct turn *turn)
{
        enum cop__next kind = next_kind(turn->next);

        if (!is_allowed(kind, turn->which))
                return cop_build("{bad_return_value, X}", cop__next_show(turn->next));
        if (kind == COP__NEXT_NO_CLAUSE)
                return no_function(turn, "function_clause",
                                   (const struct cop_place *)(uintptr_t)turn->next.term.word);
        if (kind == COP__NEXT_MISSING && turn->which != COP__HANDLE_INFO)
                return no_function(turn, "undef", NULL);
        return COP_NONE;
}

/* ---- what a callback wants ---- */

static void drop_timer(struct server *server)
{
        cop_cancel_timer(server->timer);
        server->timer.word = 0;
        cop_replace(&server->timer_message, COP_NONE);
}

static void start_timer(struct server *server, int64_t timeout_ms, cop_term message)
{
        cop_replace(&server->timer_message, message);
        server->timer = cop_start_timer(timeout_ms, cop_self(), "'$server_timeout'");
}

/* What people call a message that no handle_info was there for. */
static void report_dropped(const struct turn *turn)
{
        cop_report(COP_LEVEL_WARNING,
                   "#{label => {gen_server, no_handle_info}, module => Module, message => Message,"
                   "  name => Name}",
                   cop_atom(turn->server->module->name), turn->term,
                   cop__server_name(turn->server));
}

static void answer(struct turn *turn, cop_term term)
{
        if (turn->server->watch)
                cop__sys_out(turn->server, term, turn->from.pid);
        cop_answer_term(turn->from, term);
}

/* Another turn, for what the last one wanted to go on with. */
static void go_on_with(struct turn *turn, enum cop_callback which, cop_term term)
{
        turn->which = which;
        turn->term = term;
        turn->message = which == COP__HANDLE_CONTINUE ? cop_build("{continue, What}", term) : term;
        turn->from.pid.word = 0;
}

/* Returns whether there is another turn. */
static bool do_action(struct turn *turn)
{
        struct server *server = turn->server;
        cop_next next = turn->next;

        server->timeout_ms = COP_FOREVER;
        switch (next_action(next)) {
        case ACTION_NONE:
                break;
        case ACTION_TIMEOUT:
                server->timeout_ms = next_timeout_ms(next);
                break;
        case ACTION_MESSAGE:
                if (next_timeout_ms(next) == 0) {
                        go_on_with(turn, COP__HANDLE_INFO, cop__next_action_term(next));
                        return true;
                }
                start_timer(server, next_timeout_ms(next), cop__next_action_term(next));
                break;
        case ACTION_CONTINUE:
                go_on_with(turn, COP__HANDLE_CONTINUE, cop__next_action_term(next));
                return true;
        }
        return false;
}

/* Returns whether there is another turn. */
static bool obey_once(struct turn *turn)
{
        cop_next next = turn->next;
        cop_term wrong = cop__server_judge(turn);
        struct ending ending = { wrong, COP_NONE };

        if (!cop_is_none(wrong))
                cop__server_end(turn, ending);

        switch (next_kind(next)) {
        case COP__NEXT_REPLY:
                answer(turn, cop__next_term(next));
                break;
        case COP__NEXT_STOP:
                ending.reason = cop__next_term(next);
                cop__server_end(turn, ending);
        case COP__NEXT_STOP_REPLY:
                ending.reason = cop_element(next.term, 0);
                ending.answer = cop_element(next.term, 1);
                cop__server_end(turn, ending);
        case COP__NEXT_MISSING:
                report_dropped(turn);
                break;
        default:
                if (turn->server->watch)
                        cop__sys_out(turn->server, COP_NONE, turn->from.pid);
                break;
        }
        return do_action(turn);
}

void cop__server_obey(struct turn *turn)
{
        struct ending ending = { COP_NONE, COP_NONE };

        while (obey_once(turn))
                if (cop__server_call_back(turn, &ending.reason) != COP_NORMAL)
                        cop__server_end(turn, ending);
}

/* ---- messages ---- */

static void run(struct turn *turn)
{
        struct ending ending = { COP_NONE, COP_NONE };

        if (cop__server_call_back(turn, &ending.reason) != COP_NORMAL)
                cop__server_end(turn, ending);
        cop__server_obey(turn);
}

void cop__server_heed_parent(struct turn *turn)
{
        struct ending ending = { COP_NONE, COP_NONE };
        cop_pid pid;

        if (turn->server->parent.word &&
            cop_match(turn->term, "{'EXIT', Pid, Reason}", &pid, &ending.reason) &&
            cop_same(pid, turn->server->parent))
                cop__server_end(turn, ending);
}

static void take_info(struct turn *turn)
{
        struct server *server = turn->server;
        cop_term kept = server->timer_message;
        cop_ref ref;

        cop__server_heed_parent(turn);
        if (cop_match(turn->term, "{timeout, Ref, '$server_timeout'}", &ref)) {
                if (!server->timer.word || ref.word != server->timer.word)
                        return; /* it was cancelled too late */
                turn->term = kept;
                turn->message = kept;
        } else if (server->timer.word) {
                cop_cancel_timer(server->timer);
        }
        server->timer.word = 0;
        server->timer_message = COP_NONE;
        run(turn);
        cop_release(kept);
}

void cop__server_take(struct server *server, const struct cop_message *message)
{
        struct turn turn = { .server = server, .term = message->term, .message = message->term };

        if (server->watch)
                cop__sys_in(server, message);
        if (server->timer.word && message->kind != COP_INFO)
                drop_timer(server);
        switch (message->kind) {
        case COP_CALL:
                turn.which = COP__HANDLE_CALL;
                turn.from = message->from;
                run(&turn);
                break;
        case COP_CAST:
                turn.which = COP__HANDLE_CAST;
                run(&turn);
                break;
        case COP_TIMEOUT:
                turn.which = COP__HANDLE_INFO;
                turn.term = turn.message = cop_build("timeout");
                run(&turn);
                break;
        case COP_INFO:
        case COP_SYSTEM:
                turn.which = COP__HANDLE_INFO;
                take_info(&turn);
                break;
        }
}

/* ---- the handler ---- */

void cop__server_rearm(struct server *server)
{
        if (server->timeout_ms >= 0)
                cop_handler_timeout(server->timeout_ms);
}

/* argument: {Module, State}: it was something else before. */
void cop__server_begin(void *place, cop_term argument)
{
        struct server *server = place;
        cop_term bytes;
        uint64_t address;

        server->timeout_ms = COP_FOREVER;
        if (!cop_match(argument, "{Address, State}", &address, &bytes))
                cop_error("badarg");
        server->module = (const struct cop_module *)(uintptr_t)address;
        server->parent = cop_parent();
        memcpy(state_of(server), cop_to_bytes(bytes), cop_byte_size(bytes));
}

COP_NORETURN void cop_server_enter_with(const struct cop_module *module, const void *state)
{
        cop_term bytes = cop_binary(state, module->handler.state_size - COP__SERVER_SIZE);

        cop_become_handler(&module->handler,
                           cop_build("{M, S}", (uint64_t)(uintptr_t)module, bytes));
}

void cop__server_message(void *place, const struct cop_message *message)
{
        struct server *server = place;

        if (!server->module)
                cop__server_start(server, message);
        else if (message->kind == COP_SYSTEM)
                cop__sys_request(server, message->from, message->term);
        else
                cop__server_take(server, message);
        cop__server_rearm(server);
}
