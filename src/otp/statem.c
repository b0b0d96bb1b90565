/*
 * statem.c: the loop of a state machine, which is a server with these callbacks.
 *
 * A message becomes an event, an event one callback, and what that wants may make more events:
 * those are handled in the same turn of the server, each in a scope of its own, until none waits.
 * Then the next message is looked at.
 *
 * Order     Of the events that wait: those that a callback inserted, the postponed ones (when the
 *           state has changed), what waited before; and when there are none, timeouts of no time.
 *           All of these come before the mailbox.
 * Change    With state_enter the new state is entered first; what its callback wants is added to
 *           what the first one wanted. Only then the state is the new one, postponed events come
 *           again, and timeouts are ended and set. A callback that fails on entering a state ends
 *           the machine in the one before; one that returns or wants something wrong, in the new one.
 * Owners    The event that is handled is the message's, or a struct waiting that is freed
 *           afterwards, unless it is postponed. What callbacks want is kept at once, because the
 *           scope in which it was made may be gone when they return.
 *
 * A callback's error is caught here, because a thrown value counts as returned, and a server would
 * take it for one of its own; it goes on as the reason of the end.
 */
#include "otp/statem.h"
#include "otp/server.h"

#include <string.h>

#include <coppice/memory.h>

_Static_assert(sizeof(struct statem) <= COP__STATEM_SIZE, "the data stands behind it");
_Static_assert(COP__STATEM_SIZE % 16 == 0, "the data is aligned for any type");

/* ---- one callback ---- */

struct callback {
        struct statem *m;
        struct cop_event *e;
        int which;
        cop_next next;
        cop_term thrown;
};

static void call_back(void *argument)
{
        struct callback *call = argument;
        struct statem *m = call->m;

        call->next = type_of(m->module)->call(data_of(m), call->which, call->e);
}

/* Of a value that was thrown. */
static void take_as_returned(void *argument)
{
        struct callback *call = argument;

        call->next = cop_statem_returned(call->e, call->thrown);
}

/* -1: no function is called as the state. */
static int state_index(const struct cop__statem_type *type, cop_term state)
{
        const char *name;
        int i;

        for (i = 0; (name = type->state_name(i)); i++)
                if (cop_is(state, name))
                        return i;
        return -1;
}

static cop_term error_reason(cop_term what)
{
        return cop_build("{What, []}", what);
}

/* {Error, [{Module, Function, [Type, Content], Where}]}: no function takes this event. */
static cop_term no_function(const struct cop_event *e, const char *error, cop_term function,
                            cop_term where)
{
        return cop_build("{Error, [{Module, Function, [Type, Content], Where}]}", cop_atom(error),
                         cop_atom(e->machine->module->name), function,
                         cop__event_type_show(e->kind, e->from, e->name), e->term, where);
}

static cop_term no_clause(const struct cop_event *e, const struct cop_place *place)
{
        cop_term file = cop_nil();
        size_t at = strlen(place->file);

        while (at > 0)
                file = cop_cons(cop_int((unsigned char)place->file[--at]), file);
        return no_function(e, "function_clause", cop_atom(place->function),
                           cop_build("[{file, File}, {line, Line}]", file, place->line));
}

/* Which callback handles an event in this state; COP_NONE, or why there is none. */
static cop_term find_callback(struct callback *call)
{
        const struct cop__statem_type *type = type_of(call->m->module);

        if (type->has() & COP__HAS_HANDLE_EVENT) {
                call->which = COP__CALL_HANDLE_EVENT;
                return COP_NONE;
        }
        call->which = state_index(type, call->e->state);
        if (call->which >= 0)
                return COP_NONE;
        if (!cop_is_atom(call->e->state))
                return error_reason(cop_build("badarg"));
        return no_function(call->e, "undef", call->e->state, cop_nil());
}

/* The machine's end with this reason, which outlives the event. */
static cop_term end_with(struct statem *m, cop_term reason, bool error)
{
        m->failed = error;
        return cop_keep(reason);
}

/* Runs the callback. Returns COP_NONE and *next, or the reason of the end. */
static cop_term run(struct statem *m, struct cop_event *e, int which, cop_next *next)
{
        struct callback call = { .m = m, .e = e, .which = which };
        cop_term reason = COP_NONE;
        enum cop_class class;

        if (which != COP__CALL_INIT)
                reason = find_callback(&call);
        if (!cop_is_none(reason))
                return end_with(m, reason, true);
        class = cop_try(call_back, &call, &reason);
        if (class == COP_THROW) {
                call.thrown = reason;
                class = cop_try(take_as_returned, &call, &reason);
        }
        *next = call.next;
        return class == COP_NORMAL ? COP_NONE : end_with(m, reason, class == COP_ERROR);
}

/* ---- what it returned ---- */

static cop_term bad_return(struct statem *m, const char *what, cop_next next)
{
        cop_term wrong = cop__next_show(next);

        return end_with(m, error_reason(cop_build("{What, X}", cop_atom(what), wrong)), true);
}

static void answer(struct statem *m, cop_from from, cop_term term)
{
        struct server *server = server_of(m);

        if (server->watch)
                cop__sys_out(server, term, from.pid);
        cop_answer_term(from, term);
}

/* What a callback of `e` said about the next state: *state, and whether it is to be entered. Returns
 * COP_NONE, or the reason of the end. */
static cop_term follow(struct statem *m, const struct cop_event *e, cop_next next, cop_term *state,
                       bool *enter)
{
        bool is_call = e->kind == COP_ON_CALL;

        *enter = false;
        if (next_action(next) != ACTION_NONE)
                return bad_return(m, "bad_return_from_state_function", next);
        switch (next_kind(next)) {
        case COP__NEXT_GO_ON:
                return COP_NONE;
        case COP__NEXT_REPLY:
                if (!is_call)
                        break;
                answer(m, e->from, next.term);
                return COP_NONE;
        case COP__NEXT_STATE:
                if (cop_equal(next.term, *state))
                        return COP_NONE;
                if (e->kind == COP_ON_ENTER)
                        return bad_return(m, "bad_state_enter_return_from_state_function", next);
                *state = next.term;
                *enter = true;
                return COP_NONE;
        case COP__NEXT_REPEAT:
                *enter = true;
                return COP_NONE;
        case COP__NEXT_STOP:
                return end_with(m, next.term, false);
        case COP__NEXT_STOP_REPLY:
                if (!is_call)
                        break;
                answer(m, e->from, cop_element(next.term, 1));
                return end_with(m, cop_element(next.term, 0), false);
        case COP__NEXT_NO_CLAUSE:
                return end_with(
                        m, no_clause(e, (const struct cop_place *)(uintptr_t)next.term.word), true);
        default:
                break;
        }
        return bad_return(m, "bad_return_from_state_function", next);
}

static void become(struct statem *m, cop_term state)
{
        if (!cop_equal(m->state, state))
                cop_replace(&m->state, state);
}

/* Enters the state, and again as long as it says so. */
static cop_term enter_state(struct statem *m, cop_term state)
{
        bool enter = type_of(m->module)->has() & COP__HAS_STATE_ENTER, failed;
        cop_term before = m->state, end;
        cop_next next = { 0 };

        m->stage = STAGE_ENTER;
        while (enter) {
                struct cop_event e = {
                        .kind = COP_ON_ENTER, .term = before, .state = state, .machine = m
                };

                end = run(m, &e, 0, &next);
                failed = !cop_is_none(end) && !m->refused;
                if (cop_is_none(end))
                        end = follow(m, &e, next, &state, &enter);
                if (!cop_is_none(end)) {
                        if (!failed)
                                become(m, state);
                        return end;
                }
        }
        return COP_NONE;
}

/* ---- events ---- */

static struct waiting *keep_event(const struct cop_event *e)
{
        struct waiting *event = cop_alloc(sizeof(*event));

        event->kind = e->kind;
        event->term = cop_keep(e->term);
        event->name = cop_keep(e->name);
        event->from = e->from;
        return event;
}

static void free_event(struct waiting *event)
{
        cop_release(event->term);
        cop_release(event->name);
        cop_free(event);
}

/* The event has been handled: the state is this one now, and what the callbacks wanted is done. */
static void go_over(struct statem *m, const struct cop_event *e, struct waiting *event,
                    cop_term state)
{
        bool changed = !cop_equal(state, m->state);

        if (m->postpone)
                push_event(&m->postponed, event ? event : keep_event(e));
        else if (event)
                free_event(event);
        if (changed) {
                become(m, state);
                put_before(&m->queue, &m->postponed);
        }
        cop__statem_obey_wishes(m, changed);
        put_before(&m->queue, &m->inserted);
}

/* The event at which the machine ends is the first of its queue, for people to see. */
static void show_last(struct statem *m, const struct cop_event *e, struct waiting *event)
{
        struct events last = { NULL, NULL };

        push_event(&last, event ? event : keep_event(e));
        put_before(&m->queue, &last);
}

/* Handles an event, which `event` holds, or NULL if nobody has kept it. Returns COP_NONE, or the
 * reason of the end. */
static cop_term handle(struct statem *m, struct cop_event *e, struct waiting *event)
{
        cop_term state = m->state, end;
        bool enter = false;
        cop_next next = { 0 };

        e->machine = m;
        e->state = m->state;
        m->postpone = false;
        m->stage = STAGE_EVENT;
        end = run(m, e, 0, &next);
        if (cop_is_none(end))
                end = follow(m, e, next, &state, &enter);
        if (cop_is_none(end) && enter)
                end = enter_state(m, state);
        if (cop_is_none(end))
                go_over(m, e, event, state);
        else
                show_last(m, e, event);
        return end;
}

static cop_term handle_waiting(struct statem *m, struct waiting *event)
{
        struct cop_event e = {
                .kind = event->kind, .term = event->term, .name = event->name, .from = event->from
        };

        return handle(m, &e, event);
}

/* The first event that waits, taken out; NULL: none. */
static struct waiting *take_waiting(struct statem *m)
{
        struct waiting *event = m->queue.first;

        if (!event)
                return cop__statem_take_timeout(m, (cop_ref){ 0 });
        m->queue.first = event->next;
        if (!event->next)
                m->queue.last = NULL;
        return event;
}

/* All that waits. */
static cop_term handle_all(struct statem *m, cop_term end)
{
        struct waiting *event;

        while (cop_is_none(end) && (event = take_waiting(m)))
                cop_scope
                        end = handle_waiting(m, event);
        return end;
}

static cop_next answer_server(cop_term end)
{
        return cop_is_none(end) ? cop_noreply() : cop_end("R", end);
}

static cop_next take(struct statem *m, struct cop_event e)
{
        return answer_server(handle_all(m, handle(m, &e, NULL)));
}

/* ---- the server's callbacks ---- */

cop_next cop__statem_init(void *state, cop_term argument)
{
        struct statem *m = state;
        struct cop_event e = { .kind = COP_ON_INIT, .term = argument, .machine = m };
        cop_next next = { 0 };
        cop_term end;

        m->module = server_of(m)->module;
        if (!(type_of(m->module)->has() & COP__HAS_INIT))
                return cop_end("{undef, [{Module, init, [Argument], []}]}",
                               cop_atom(m->module->name), argument);
        end = run(m, &e, COP__CALL_INIT, &next);
        if (!cop_is_none(end))
                return cop_end("R", end);
        if (next_action(next) == ACTION_NONE)
                switch (next_kind(next)) {
                case COP__NEXT_STATE:
                        m->state = cop_keep(next.term);
                        return cop_then_continue(cop_ok(), "enter");
                case COP__NEXT_STOP:
                case COP__NEXT_IGNORE:
                case COP__NEXT_ERROR:
                        return next;
                case COP__NEXT_NO_CLAUSE:
                        return cop_end(
                                "R",
                                no_clause(&e, (const struct cop_place *)(uintptr_t)next.term.word));
                default:
                        break;
                }
        return cop_end("{bad_return_from_init, X}", cop__next_show(next));
}

/* The first state is entered when the start has been answered, as in OTP. */
cop_next cop__statem_continue(void *state, cop_term what)
{
        struct statem *m = state;
        cop_term end;

        if (!has_mode(m->module))
                end = end_with(m,
                               error_reason(cop_build("{bad_return_from_callback_mode, M}",
                                                      cop_atom(m->module->name))),
                               true);
        else
                end = enter_state(m, m->state);
        if (cop_is_none(end)) {
                cop__statem_obey_wishes(m, false);
                put_before(&m->queue, &m->inserted);
                end = handle_all(m, end);
        }
        return answer_server(end);
}

cop_next cop__statem_call(void *state, cop_term request, cop_from from)
{
        return take(state, (struct cop_event){ COP_ON_CALL, .term = request, .from = from });
}

cop_next cop__statem_cast(void *state, cop_term request)
{
        return take(state, (struct cop_event){ COP_ON_CAST, .term = request });
}

cop_next cop__statem_info(void *state, cop_term message)
{
        struct statem *m = state;
        struct waiting *event;
        cop_ref timer;

        if (!cop_match(message, "{timeout, Timer, '$statem_timeout'}", &timer))
                return take(m, (struct cop_event){ COP_ON_INFO, .term = message });
        event = cop__statem_take_timeout(m, timer);
        if (!event)
                return cop_noreply(); /* it was ended too late to stop its message */
        return answer_server(handle_all(m, handle_waiting(m, event)));
}

void cop__statem_terminate(void *state, cop_term reason)
{
        struct statem *m = state;
        cop_term bare;

        if (cop_is_none(m->state))
                return; /* it ends before it has a state */
        if (m->failed && cop_match(reason, "{Bare, _}", &bare))
                reason = bare;
        type_of(m->module)->terminate(data_of(m), m->state, reason);
}

/* ---- what others call ---- */

cop_term cop__statem_ask(struct cop__to to, cop_term request, int64_t timeout_ms)
{
        cop_term result;

        if (!cop_try_call_term(&result, timeout_ms, to, COP_CALL, request))
                cop_exit("{Reason, {gen_statem, call, [To, Request, Timeout]}}", result,
                         cop__to_show(to), request, cop__timeout_show(timeout_ms));
        return result;
}
