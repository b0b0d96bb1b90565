/*
 * event.c: an event manager is a server whose callbacks are those of its handlers.
 *
 * Order     Handlers stand in a list, the newest first, and in this order each gets the event. One
 *           that another takes the place of while it handles an event is replaced where it stands;
 *           one that is swapped from outside, by a new first one.
 * Owners    A handler and its state are a block of the manager's, freed when it has been removed.
 * Links     Who supervises a handler is linked with the manager, which traps exits: the end of the
 *           one removes the handler, the end of the other is told by way of gen_event_EXIT, for which
 *           the link is taken back first.
 *
 * Handlers travel by name, as in OTP, and are found in the table of start functions; so a message
 * from outside can name no code that is not a handler.
 */
#include <coppice/event.h>

#include "otp/server.h"

#include <coppice/memory.h>
#include <coppice/report.h>

struct handler {
        struct handler *next;
        const struct cop_event_handler *type;
        cop_term id;        /* kept; COP_NONE: it is called by its name alone */
        cop_pid supervisor; /* nobody: not supervised */
        _Alignas(16) unsigned char state[];
};

struct manager {
        struct handler *first;
};

/* ---- what is said about handlers ---- */

cop_term cop__handler_name(const struct cop_event_handler *handler, cop_term id)
{
        cop_term name = cop_atom(handler->name);

        return cop_is_none(id) ? name : cop_build("{Name, Id}", name, id);
}

static cop_term name_of(const struct handler *h)
{
        return cop__handler_name(h->type, h->id);
}

struct viewing {
        struct handler *h;
        cop_term status;
};

static void view(void *argument)
{
        struct viewing *viewing = argument;
        struct handler *h = viewing->h;
        cop_term status = cop_map_put(viewing->status, cop_atom("state"), h->type->show(h->state));

        viewing->status = h->type->format_status(h->state, status);
}

/* A callback that fails shows nothing rather than too much. */
static cop_term status_of(struct handler *h, cop_term message, cop_term reason)
{
        cop_term status = cop_build(
                "#{state => {format_status, failed}, message => M, reason => R}", message, reason);
        struct viewing viewing = { h, status };
        cop_term error;

        if (cop_try(view, &viewing, &error) != COP_NORMAL || !cop_is_map(viewing.status))
                return status;
        return viewing.status;
}

static void report_crash(struct handler *h, cop_term last, cop_term reason)
{
        cop_term status;

        if (!cop_is_reported(COP_LEVEL_ERROR))
                return;
        status = status_of(h, last, reason);
        cop_report(COP_LEVEL_ERROR,
                   "#{label => {gen_event, terminate}, handler => Handler, name => Name,"
                   "  last_message => Message, state => State, reason => Reason}",
                   name_of(h), cop__name_of(cop_self()),
                   cop_map_get(status, cop_atom("message"), last),
                   cop_map_get(status, cop_atom("state"), cop_nil()),
                   cop_map_get(status, cop_atom("reason"), reason));
}

/* ---- one callback ---- */

struct reaction {
        cop_next (*fn)(void *state, cop_term term);
        void *state;
        cop_term term;
        cop_next next;
};

static void react(void *argument)
{
        struct reaction *reaction = argument;

        reaction->next = reaction->fn(reaction->state, reaction->term);
}

/* {'EXIT', Reason} */
static cop_term failed(cop_term reason)
{
        return cop_build("{'EXIT', Reason}", reason);
}

static cop_term no_function(const struct handler *h, const char *error, const char *function,
                            cop_term term)
{
        return failed(cop_build("{Error, [{Module, Function, [Term], []}]}", cop_atom(error),
                                cop_atom(h->type->name), cop_atom(function), term));
}

/* Calls it. COP_NONE and *next, or how it failed. What it throws counts as returned. */
static cop_term call_back(struct handler *h, cop_next (*fn)(void *state, cop_term term),
                          const char *function, cop_term term, cop_next *next)
{
        struct reaction reaction = { fn, h->state, term, { 0 } };
        const struct cop_place *place;
        cop_term reason;

        switch (cop_try(react, &reaction, &reason)) {
        case COP_NORMAL:
                break;
        case COP_THROW:
                reaction.next = cop_event_returned(reason);
                break;
        default:
                return failed(reason);
        }
        *next = reaction.next;
        switch (next_kind(*next)) {
        case COP__NEXT_NO_CLAUSE:
                place = (const struct cop_place *)(uintptr_t)next->term.word;
                return no_function(h, "function_clause", place->function, term);
        case COP__NEXT_MISSING:
                if (next->term.word == COP__HANDLE_INFO)
                        return COP_NONE;
                return no_function(h, "undef", function, term);
        default:
                return COP_NONE;
        }
}

/* ---- handlers come ---- */

/* handler: Name or {Name, Id}. A handler that there is not is the error undef, as in OTP. */
static struct handler *new_handler(cop_term handler, cop_pid supervisor)
{
        const struct cop_event_handler *type;
        cop_term name = handler, id = COP_NONE;
        struct handler *h;

        cop_match(handler, "{Name, Id}", &name, &id);
        type = (const struct cop_event_handler *)(uintptr_t)cop_to_uint(
                cop_apply_start(name, cop_atom("event_handler"), cop_nil()));
        h = cop_alloc(sizeof(*h) + type->state_size);
        h->type = type;
        h->id = cop_keep(id);
        h->supervisor = supervisor;
        return h;
}

static void free_handler(struct handler *h)
{
        cop_release(h->id);
        cop_free(h);
}

struct making {
        cop_term handler;
        cop_pid supervisor;
        struct handler *h;
};

static void make(void *argument)
{
        struct making *making = argument;

        making->h = new_handler(making->handler, making->supervisor);
}

/* Puts a new handler at *at. ok, or why there is none; with *lost it is the caller's to free, unless
 * there was no handler of this name at all. */
static cop_term add(struct handler **at, cop_term handler, cop_term argument, cop_pid supervisor,
                    struct handler **lost)
{
        struct making making = { handler, supervisor, NULL };
        cop_term wrong, reason;
        cop_next next = { 0 };

        *lost = NULL;
        if (cop_try(make, &making, &reason) != COP_NORMAL)
                return failed(reason);
        wrong = call_back(making.h, making.h->type->init, "init", argument, &next);
        if (cop_is_none(wrong) && next_kind(next) != COP__NEXT_GO_ON)
                wrong = cop__next_show(next);
        if (!cop_is_none(wrong)) {
                *lost = making.h;
                return wrong;
        }
        making.h->next = *at;
        *at = making.h;
        return cop_build("ok");
}

static cop_term add_first(struct manager *m, cop_term handler, cop_term argument,
                          cop_pid supervisor)
{
        struct handler *lost;
        cop_term result;

        if (!cop_is_nobody(supervisor))
                cop_link(supervisor);
        result = add(&m->first, handler, argument, supervisor, &lost);
        if (lost)
                free_handler(lost);
        return result;
}

/* ---- handlers go ---- */

struct last_call {
        struct handler *h;
        cop_term why, result;
};

static void terminate(void *argument)
{
        struct last_call *last = argument;

        last->result = last->h->type->terminate(last->h->state, last->why);
}

/* Tells whoever supervises it. */
static void tell_removed(const struct handler *h, cop_term reason)
{
        if (!cop_is_nobody(h->supervisor))
                cop_send(h->supervisor, "{gen_event_EXIT, Handler, Reason}", name_of(h), reason);
}

/* terminate(why), and what that returned. The handler is out of the list, and gone afterwards. */
static cop_term end(struct handler *h, cop_term why, cop_term reason)
{
        struct last_call last = { h, why, COP_NONE };
        cop_term error;

        switch (cop_try(terminate, &last, &error)) {
        case COP_NORMAL:
                break;
        case COP_THROW:
                last.result = error;
                break;
        default:
                last.result = failed(error);
                break;
        }
        tell_removed(h, reason);
        free_handler(h);
        return cop_is_none(last.result) ? cop_build("ok") : last.result;
}

static struct handler *take_out(struct handler **at)
{
        struct handler *h = *at;

        *at = h->next;
        return h;
}

/* It failed while it handled `last`. */
static void end_failed(struct handler **at, cop_term last, cop_term reason)
{
        struct handler *h = take_out(at);
        struct last_call last_call = { h, cop_build("{error, Reason}", reason), COP_NONE };
        cop_term ignored;

        cop_try(terminate, &last_call, &ignored);
        report_crash(h, last, reason);
        tell_removed(h, reason);
        free_handler(h);
}

static cop_term pid_or_false(cop_pid pid)
{
        return cop_is_nobody(pid) ? cop_build("false") : cop_pid_term(pid);
}

/* Another takes its place, as the handler wished. Returns whether one stands there now. */
static bool swap_in_place(struct handler **at, cop_term wish)
{
        struct handler *old = take_out(at), *lost;
        cop_pid supervisor = old->supervisor;
        cop_term new = cop_element(wish, 1), result;

        result = end(old, cop_element(wish, 0),
                     cop_build("{swapped, New, By}", new, pid_or_false(supervisor)));
        result = add(at, new, cop_build("{A, Result}", cop_element(wish, 2), result), supervisor,
                     &lost);
        if (cop_is(result, "ok"))
                return true;
        if (lost) {
                report_crash(lost, cop_build("swapped"), result);
                free_handler(lost);
        }
        /* As OTP: who supervises it does not hear why. */
        if (!cop_is_nobody(supervisor))
                cop_send(supervisor, "{gen_event_EXIT, New, crash}", new);
        return false;
}

/* ---- events ---- */

static void report_dropped(const struct handler *h, cop_term message)
{
        cop_report(COP_LEVEL_WARNING,
                   "#{label => {gen_event, no_handle_info}, module => Module, message => Message}",
                   cop_atom(h->type->name), message);
}

/* Gives *at the event or message. Returns whether somebody stands there afterwards. */
static bool update(struct handler **at, bool is_event, cop_term term)
{
        struct handler *h = *at;
        cop_next next = { 0 };
        cop_term wrong = is_event ? call_back(h, h->type->handle_event, "handle_event", term, &next)
                                  : call_back(h, h->type->handle_info, "handle_info", term, &next);

        if (cop_is_none(wrong)) {
                switch (next_kind(next)) {
                case COP__NEXT_GO_ON:
                        return true;
                case COP__NEXT_MISSING:
                        report_dropped(h, term);
                        return true;
                case COP__NEXT_REMOVE:
                        end(take_out(at), cop_build("remove_handler"), cop_build("normal"));
                        return false;
                case COP__NEXT_SWAP:
                        return swap_in_place(at, next.term);
                default:
                        wrong = cop__next_show(next);
                        break;
                }
        }
        end_failed(at, term, wrong);
        return false;
}

static void notify(struct manager *m, bool is_event, cop_term term)
{
        struct handler **at = &m->first;

        while (*at)
                if (update(at, is_event, term))
                        at = &(*at)->next;
}

/* Where the handler of this name stands; where the list ends, if there is none. */
static struct handler **find(struct manager *m, cop_term handler)
{
        struct handler **at = &m->first;

        while (*at && !cop_equal(name_of(*at), handler))
                at = &(*at)->next;
        return at;
}

/* What the handler answers. */
static cop_term ask(struct manager *m, cop_term handler, cop_term request)
{
        struct handler **at = find(m, handler);
        cop_term wrong;
        cop_next next = { 0 };

        if (!*at)
                return cop_build("{error, bad_module}");
        wrong = call_back(*at, (*at)->type->handle_call, "handle_call", request, &next);
        if (cop_is_none(wrong)) {
                switch (next_kind(next)) {
                case COP__NEXT_REPLY:
                        return next.term;
                case COP__NEXT_REMOVE_REPLY:
                        end(take_out(at), cop_build("remove_handler"), cop_build("normal"));
                        return next.term;
                case COP__NEXT_SWAP_REPLY:
                        swap_in_place(at, next.term);
                        return cop_element(next.term, 3);
                default:
                        wrong = cop__next_show(next);
                        break;
                }
        }
        end_failed(at, request, wrong);
        return cop_build("{error, Reason}", wrong);
}

/* ---- requests ---- */

static cop_term delete (struct manager *m, cop_term handler, cop_term why)
{
        struct handler **at = find(m, handler);

        return *at ? end(take_out(at), why, cop_build("normal"))
                   : cop_build("{error, module_not_found}");
}

/* supervisor: of the new one; nobody: whoever supervised the old one. */
static cop_term swap(struct manager *m, cop_term handler, cop_term why, cop_term new,
                     cop_term argument, cop_pid supervisor)
{
        struct handler **at = find(m, handler);
        cop_term result = cop_build("error");

        if (*at) {
                if (cop_is_nobody(supervisor))
                        supervisor = (*at)->supervisor;
                result = end(take_out(at), why,
                             cop_build("{swapped, New, By}", new, pid_or_false(supervisor)));
        }
        result = add_first(m, new, cop_build("{A, Result}", argument, result), supervisor);
        return cop_is(result, "ok") ? result : cop_build("{error, What}", result);
}

static cop_term which(const struct manager *m)
{
        const struct handler *h;
        cop_term list = cop_nil();

        for (h = m->first; h; h = h->next)
                list = cop_cons(name_of(h), list);
        return cop_reverse(list);
}

/* The answer; COP_NONE: it is no request. */
static cop_term obey(struct manager *m, cop_term request)
{
        cop_term a, b, c, d;
        cop_pid nobody = { 0 }, pid;

        if (cop_match(request, "{sync_notify, Event}", &a)) {
                notify(m, true, a);
                return cop_build("ok");
        }
        if (cop_match(request, "{call, Handler, Request}", &a, &b))
                return ask(m, a, b);
        if (cop_match(request, "{add_handler, Handler, Argument}", &a, &b))
                return add_first(m, a, b, nobody);
        if (cop_match(request, "{add_sup_handler, Handler, Argument, Pid}", &a, &b, &pid))
                return add_first(m, a, b, pid);
        if (cop_match(request, "{delete_handler, Handler, Why}", &a, &b))
                return delete (m, a, b);
        if (cop_match(request, "{swap_handler, H, Why, New, Argument}", &a, &b, &c, &d))
                return swap(m, a, b, c, d, nobody);
        if (cop_match(request, "{swap_sup_handler, H, Why, New, Argument, Pid}", &a, &b, &c, &d,
                      &pid))
                return swap(m, a, b, c, d, pid);
        return cop_is(request, "which_handlers") ? which(m) : COP_NONE;
}

/* ---- the server's callbacks ---- */

static cop_next init(void *state, cop_term argument)
{
        cop_trap_exits(true);
        return cop_ok();
}

static cop_next handle_call(void *state, cop_term request, cop_from from)
{
        cop_term answer = obey(state, request);

        if (!cop_is_none(answer))
                return cop_reply(answer);
        notify(state, false,
               cop_build("{'$gen_call', From, Request}", cop_from_term(from), request));
        return cop_noreply();
}

static cop_next handle_cast(void *state, cop_term request)
{
        cop_term event;

        if (cop_match(request, "{notify, Event}", &event))
                notify(state, true, event);
        else
                notify(state, false, cop_build("{'$gen_cast', Request}", request));
        return cop_noreply();
}

/* Whatever was supervised by a process that has ended goes with it. */
static void heed_exit(struct manager *m, cop_pid pid, cop_term reason)
{
        struct handler **at = &m->first;

        while (*at)
                if (cop_same((*at)->supervisor, pid))
                        end(take_out(at), cop_build("{stop, Reason}", reason),
                            cop_build("shutdown"));
                else
                        at = &(*at)->next;
}

static cop_next handle_info(void *state, cop_term message)
{
        cop_term reason;
        cop_pid pid;

        if (cop_match(message, "{'EXIT', Pid, Reason}", &pid, &reason))
                heed_exit(state, pid, reason);
        notify(state, false, message);
        return cop_noreply();
}

static cop_next handle_continue(void *state, cop_term what)
{
        return cop_noreply();
}

/* Who supervises a handler is told, and does not die with the manager; its parent does. */
static void end_all(void *state, cop_term reason)
{
        struct manager *m = state;
        cop_pid parent = server_of(state)->parent, supervisor;

        while (m->first) {
                supervisor = m->first->supervisor;
                end(take_out(&m->first), cop_build("stop"), cop_build("shutdown"));
                if (!cop_is_nobody(supervisor) && !cop_same(supervisor, parent))
                        cop_unlink(supervisor);
        }
}

/* [{Name, Id or false, State}, ...] */
static cop_term show(void *state)
{
        const struct manager *m = state;
        struct handler *h;
        cop_term list = cop_nil();

        for (h = m->first; h; h = h->next)
                list = cop_cons(cop_build("{Name, Id, State}", cop_atom(h->type->name),
                                          cop_is_none(h->id) ? cop_build("false") : h->id,
                                          h->type->show(h->state)),
                                list);
        return cop_reverse(list);
}

/* The states of those handlers that stand in the list; the others keep theirs. */
static void restore(void *state, cop_term shown)
{
        struct handler **at;
        cop_term name, id, inner;

        COP_EACH (one, shown) {
                if (!cop_match(one, "{Name, Id, State}", &name, &id, &inner))
                        cop_error("badarg");
                at = find(state, cop_is(id, "false") ? name : cop_build("{N, I}", name, id));
                if (*at)
                        (*at)->type->restore((*at)->state, inner);
        }
}

static cop_term format_status(void *state, cop_term status)
{
        const struct manager *m = state;
        cop_term list = cop_nil(), none = cop_build("undefined"), one;
        struct handler *h;

        for (h = m->first; h; h = h->next) {
                one = cop_map_get(status_of(h, none, none), cop_atom("state"), cop_nil());
                list = cop_cons(cop_build("{Handler, State}", name_of(h), one), list);
        }
        return cop_map_put(status, cop_atom("state"), cop_reverse(list));
}

static const struct cop_behaviour behaviour = { "gen_event", NULL };

COP__MODULE_DEFINE(cop_event_manager, sizeof(struct manager), "struct manager", init, handle_call,
                   handle_cast, handle_info, handle_continue, end_all, show, restore, format_status,
                   NULL, &behaviour, NULL);

/* ---- what handlers return ---- */

static cop_next next_of(enum cop__next kind, cop_term term)
{
        cop_next next = { (uint64_t)kind, term };

        return next;
}

cop_next cop_remove_handler(void)
{
        return next_of(COP__NEXT_REMOVE, COP_NONE);
}

cop_next cop_remove_handler_reply(cop_term answer)
{
        return next_of(COP__NEXT_REMOVE_REPLY, answer);
}

cop_next cop_swap_handler(cop_term why, cop_term handler, cop_term argument)
{
        return next_of(COP__NEXT_SWAP,
                       cop_build("{Why, Handler, Argument}", why, handler, argument));
}

cop_next cop_swap_handler_reply(cop_term answer, cop_term why, cop_term handler, cop_term argument)
{
        return next_of(COP__NEXT_SWAP_REPLY, cop_build("{Why, Handler, Argument, Answer}", why,
                                                       handler, argument, answer));
}

cop_next cop_event_returned(cop_term term)
{
        cop_term a, b, c, d;

        if (cop_is(term, "remove_handler"))
                return cop_remove_handler();
        if (cop_match(term, "{remove_handler, X}", &a))
                return cop_remove_handler_reply(a);
        if (cop_match(term, "{swap_handler, Why, Handler, Argument}", &a, &b, &c))
                return cop_swap_handler(a, b, c);
        if (cop_match(term, "{swap_handler, X, Why, Handler, Argument}", &a, &b, &c, &d))
                return cop_swap_handler_reply(a, b, c, d);
        if (cop_is(term, "ok") || cop_match(term, "{reply, _}") || cop_match(term, "{error, _}"))
                return cop_returned(term);
        return next_of(COP__NEXT_BAD, term);
}

/* ---- what others call ---- */

cop_term cop__event_ask(struct cop__to to, cop_term request)
{
        cop_term result;

        if (!cop_try_call_term(&result, COP_FOREVER, to, COP_CALL, request))
                cop_exit_term(result);
        return result;
}

cop_term cop__event_call(struct cop__to to, cop_term handler, cop_term request, int64_t timeout_ms,
                         bool with_timeout)
{
        cop_term result;

        if (cop_try_call_term(&result, timeout_ms, to, COP_CALL,
                              cop_build("{call, Handler, Request}", handler, request)))
                return result;
        if (with_timeout)
                cop_exit("{Reason, {gen_event, call, [To, Handler, Request, Timeout]}}", result,
                         cop__to_show(to), handler, request, cop__timeout_show(timeout_ms));
        cop_exit("{Reason, {gen_event, call, [To, Handler, Request]}}", result, cop__to_show(to),
                 handler, request);
}
