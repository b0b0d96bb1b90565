/*
 * statem_actions.c: what a machine's callbacks want to happen besides.
 *
 * What they say is noted, and done when the last callback of the event has returned. Of several
 * wishes for the same timeout the last one counts, also where it only updates what an earlier one
 * would have set.
 *
 * A timeout without time is no timer: it stands in the list of timeouts until no event waits. One
 * with time is told by its timer's reference from one that was ended too late to stop its message.
 */
#include "otp/server.h"
#include "otp/statem.h"

#include <string.h>

#include <coppice/memory.h>
#include <coppice/timer.h>

/* ---- wishes that are refused ---- */

static COP_NORETURN void refuse_as(struct statem *m, const char *what, cop_term action)
{
        m->refused = true;
        cop_error("{What, Action}", cop_atom(what), action);
}

static COP_NORETURN void refuse(struct statem *m, cop_term action)
{
        refuse_as(m, "bad_action_from_state_function", action);
}

/* Entering a state may neither keep nor make events, and says so before anything is done. */
static void refuse_on_entering(struct statem *m, cop_term action)
{
        if (m->stage == STAGE_ENTER)
                refuse_as(m, "bad_state_enter_action_from_state_function", action);
}

/* ---- events ---- */

void cop_postpone(struct cop_event *e)
{
        refuse_on_entering(e->machine, cop_build("postpone"));
        if (e->kind == COP_ON_INIT)
                refuse(e->machine, cop_build("postpone"));
        e->machine->postpone = true;
}

static void insert(struct statem *m, enum cop_event_kind kind, cop_from from, cop_term name,
                   cop_term term)
{
        struct waiting *event;

        refuse_on_entering(m, cop_build("{next_event, Type, X}",
                                        cop__event_type_show(kind, from, name), term));
        event = cop_alloc(sizeof(*event));
        event->kind = kind;
        event->from = from;
        event->name = cop_keep(name);
        event->term = cop_keep(term);
        push_event(&m->inserted, event);
}

void cop__next_event(struct cop_event *e, enum cop_event_kind kind, cop_term term)
{
        bool allowed = kind != COP_ON_ENTER && kind != COP_ON_INIT;

        if (kind == COP_ON_CALL || kind == COP_ON_TIMEOUT)
                allowed = e->kind == kind;
        if (!allowed)
                refuse(e->machine, cop_build("{next_event, Type, X}",
                                             cop__event_type_show(kind, e->from, e->name), term));
        insert(e->machine, kind, e->from, kind == COP_ON_TIMEOUT ? e->name : COP_NONE, term);
}

/* ---- timeouts ---- */

static void wish(struct statem *m, struct wish wanted)
{
        struct wish **at = &m->wishes, *new = cop_alloc(sizeof(*new));

        while (*at)
                at = &(*at)->next;
        *new = wanted;
        new->name = cop_keep(wanted.name);
        new->term = cop_keep(wanted.term);
        *at = new;
}

void cop__set_timeout(struct cop_event *e, enum cop_event_kind kind, cop_term name,
                      int64_t timeout_ms, cop_term term)
{
        cop_from nobody = { { 0 }, { 0 } };

        if (timeout_ms < 0 && timeout_ms != COP_FOREVER)
                refuse(e->machine,
                       cop_build("{Type, T, X}", cop__event_type_show(kind, nobody, name),
                                 timeout_ms, term));
        wish(e->machine,
             (struct wish){ .kind = kind, .name = name, .term = term, .timeout_ms = timeout_ms });
}

void cop__update_timeout(struct cop_event *e, enum cop_event_kind kind, cop_term name,
                         cop_term term)
{
        wish(e->machine, (struct wish){ .kind = kind, .name = name, .term = term, .update = true });
}

static bool is_same(enum cop_event_kind kind_a, cop_term name_a, enum cop_event_kind kind_b,
                    cop_term name_b)
{
        return kind_a == kind_b && (kind_a != COP_ON_TIMEOUT || cop_equal(name_a, name_b));
}

/* Where this timeout stands in the list; at its end, if it does not run. */
static struct timeout **find(struct statem *m, enum cop_event_kind kind, cop_term name)
{
        struct timeout **at = &m->timeouts;

        while (*at && !is_same((*at)->kind, (*at)->name, kind, name))
                at = &(*at)->next;
        return at;
}

static void forget(struct timeout **at)
{
        struct timeout *timeout = *at;

        if (!timeout)
                return;
        *at = timeout->next;
        if (timeout->timer.word)
                cop_cancel_timer(timeout->timer);
        cop_release(timeout->name);
        cop_release(timeout->term);
        cop_free(timeout);
}

/* At the end of the list: those without time come in this order. */
static void start(struct statem *m, struct wish *w)
{
        struct timeout *timeout = cop_alloc(sizeof(*timeout));
        struct timeout **at = &m->timeouts;

        while (*at)
                at = &(*at)->next;
        timeout->kind = w->kind;
        timeout->name = w->name;
        timeout->term = w->term;
        w->name = w->term = COP_NONE;
        if (w->timeout_ms > 0)
                timeout->timer = cop_start_timer(w->timeout_ms, cop_self(), "'$statem_timeout'");
        *at = timeout;
}

static void obey(struct statem *m, struct wish *w)
{
        struct timeout **at = find(m, w->kind, w->name);
        cop_term term;

        if (w->update && *at) {
                term = (*at)->term;
                (*at)->term = w->term;
                w->term = term;
                return;
        }
        forget(at);
        if (w->timeout_ms != COP_FOREVER)
                start(m, w);
}

static bool is_overruled(const struct wish *w)
{
        const struct wish *later;

        for (later = w->next; later; later = later->next)
                if (is_same(later->kind, later->name, w->kind, w->name))
                        return true;
        return false;
}

void cop__statem_obey_wishes(struct statem *m, bool changed)
{
        struct wish *w, *next;

        forget(find(m, COP_ON_EVENT_TIMEOUT, COP_NONE));
        if (changed)
                forget(find(m, COP_ON_STATE_TIMEOUT, COP_NONE));
        for (w = m->wishes; w; w = next) {
                next = w->next;
                if (!is_overruled(w))
                        obey(m, w);
                cop_release(w->name);
                cop_release(w->term);
                cop_free(w);
        }
        m->wishes = NULL;
}

struct waiting *cop__statem_take_timeout(struct statem *m, cop_ref timer)
{
        struct timeout **at = &m->timeouts, *timeout;
        struct waiting *event;

        while (*at && (*at)->timer.word != timer.word)
                at = &(*at)->next;
        timeout = *at;
        if (!timeout)
                return NULL;
        event = cop_alloc(sizeof(*event));
        event->kind = timeout->kind;
        event->name = timeout->name;
        event->term = timeout->term;
        *at = timeout->next;
        cop_free(timeout);
        return event;
}

/* ---- callbacks ---- */

static cop_term change_show(const struct cop_module *module, bool push)
{
        return cop_build("{What, Module}",
                         cop_atom(push ? "push_callback_module" : "change_callback_module"),
                         cop_atom(module->name));
}

void cop__change_callbacks(struct cop_event *e, const struct cop_module *module, bool push)
{
        struct statem *m = e->machine;
        struct pushed *pushed;

        refuse_on_entering(m, change_show(module, push));
        if (module->behaviour != &cop__statem_behaviour ||
            module->handler.state_size != m->module->handler.state_size ||
            strcmp(module->state_type, m->module->state_type) != 0)
                refuse(m, change_show(module, push));
        if (!has_mode(module))
                cop_error("{bad_return_from_callback_mode, M}", cop_atom(module->name));
        if (push) {
                pushed = cop_alloc(sizeof(*pushed));
                pushed->module = m->module;
                pushed->next = m->pushed;
                m->pushed = pushed;
        }
        m->module = module;
}

void cop_pop_callback_module(struct cop_event *e)
{
        struct statem *m = e->machine;
        struct pushed *pushed = m->pushed;

        refuse_on_entering(m, cop_build("pop_callback_module"));
        if (!pushed)
                refuse(m, cop_build("pop_callback_module"));
        m->module = pushed->module;
        m->pushed = pushed->next;
        cop_free(pushed);
}

/* ---- the same as terms ---- */

struct event_type {
        enum cop_event_kind kind;
        cop_term name;
        cop_from from;
};

static bool read_type(cop_term term, struct event_type *type)
{
        *type = (struct event_type){ COP_ON_INTERNAL, COP_NONE, { { 0 }, { 0 } } };
        if (cop_match(term, "{call, {Pid, Ref}}", &type->from.pid, &type->from.ref))
                type->kind = COP_ON_CALL;
        else if (cop_match(term, "{timeout, Name}", &type->name))
                type->kind = COP_ON_TIMEOUT;
        else if (cop_is(term, "cast"))
                type->kind = COP_ON_CAST;
        else if (cop_is(term, "info"))
                type->kind = COP_ON_INFO;
        else if (cop_is(term, "timeout"))
                type->kind = COP_ON_EVENT_TIMEOUT;
        else if (cop_is(term, "state_timeout"))
                type->kind = COP_ON_STATE_TIMEOUT;
        else
                return cop_is(term, "internal");
        return true;
}

static bool is_timeout(const struct event_type *type)
{
        return type->kind == COP_ON_EVENT_TIMEOUT || type->kind == COP_ON_STATE_TIMEOUT ||
               type->kind == COP_ON_TIMEOUT;
}

/* {Type, Time, X}, {Type, update, X}, {Type, cancel}, or Time, which is the event's timeout. */
static bool act_timeout(struct cop_event *e, cop_term action)
{
        struct event_type type = { COP_ON_EVENT_TIMEOUT, COP_NONE, { { 0 }, { 0 } } };
        cop_term kind, time = action, term = action;
        int64_t ms = COP_FOREVER;

        if (cop_match(action, "{Type, cancel}", &kind)) {
                time = cop_build("infinity");
                term = COP_NONE;
        } else if (!cop_match(action, "{Type, Time, X}", &kind, &time, &term)) {
                kind = cop_build("timeout");
        }
        if (!read_type(kind, &type) || !is_timeout(&type))
                return false;
        if (cop_is(time, "update"))
                cop__update_timeout(e, type.kind, type.name, term);
        else if (cop_is(time, "infinity") || (cop_match(time, "Ms", &ms) && ms >= 0))
                cop__set_timeout(e, type.kind, type.name, ms, term);
        else
                return false;
        return true;
}

static void act(struct cop_event *e, cop_term action)
{
        struct event_type type;
        cop_from from;
        cop_term kind, term;
        bool on;

        if (cop_is(action, "postpone") || cop_match(action, "{postpone, true}"))
                cop_postpone(e);
        else if (cop_match(action, "{postpone, false}"))
                e->machine->postpone = false;
        else if (cop_match(action, "{reply, {Pid, Ref}, X}", &from.pid, &from.ref, &term))
                cop_answer_term(from, term);
        else if (cop_match(action, "{next_event, Type, X}", &kind, &term) && read_type(kind, &type))
                insert(e->machine, type.kind, type.from, type.name, term);
        else if (!cop_is(action, "hibernate") && !cop_match(action, "{hibernate, On}", &on) &&
                 !act_timeout(e, action))
                refuse(e->machine, action);
}

static void act_all(struct cop_event *e, cop_term actions)
{
        if (!cop_is_list(actions))
                act(e, actions);
        else
                COP_EACH (action, actions)
                        act(e, action);
}

static cop_next make(enum cop__next kind, cop_term term)
{
        cop_next next = { kind, term };

        return next;
}

cop_next cop__next_state(struct cop__site *site, const uint64_t *words)
{
        return make(COP__NEXT_STATE, cop__build(site, words));
}

static cop_next returned_by_init(struct cop_event *e, cop_term term)
{
        cop_term a, actions = cop_nil();

        if (cop_match(term, "{ok, State}", &a) ||
            cop_match(term, "{ok, State, As}", &a, &actions)) {
                act_all(e, actions);
                return make(COP__NEXT_STATE, a);
        }
        if (cop_match(term, "{stop, R}", &a))
                return make(COP__NEXT_STOP, a);
        if (cop_match(term, "{error, R}", &a))
                return make(COP__NEXT_ERROR, a);
        return cop_is(term, "ignore") ? cop_ignore() : make(COP__NEXT_BAD, term);
}

static cop_next stop_and_reply(struct cop_event *e, cop_term reason, cop_term replies)
{
        cop_from from;
        cop_term term;

        if (!cop_is_list(replies))
                replies = cop_cons(replies, cop_nil());
        COP_EACH (reply, replies) {
                if (!cop_match(reply, "{reply, {Pid, Ref}, X}", &from.pid, &from.ref, &term))
                        cop_error("{bad_reply_action_from_state_function, R}", reply);
                cop_answer_term(from, term);
        }
        return make(COP__NEXT_STOP, reason);
}

cop_next cop_statem_returned(struct cop_event *e, cop_term term)
{
        cop_term a, actions = cop_nil();

        if (e->kind == COP_ON_INIT)
                return returned_by_init(e, term);
        if (cop_is(term, "stop"))
                return make(COP__NEXT_STOP, cop_build("normal"));
        if (cop_match(term, "{stop, R}", &a))
                return make(COP__NEXT_STOP, a);
        if (cop_match(term, "{stop_and_reply, R, Rs}", &a, &actions))
                return stop_and_reply(e, a, actions);
        if (cop_match(term, "{next_state, S}", &a) ||
            cop_match(term, "{next_state, S, As}", &a, &actions)) {
                act_all(e, actions);
                return make(COP__NEXT_STATE, a);
        }
        if (cop_is(term, "keep_state") || cop_is(term, "keep_state_and_data") ||
            cop_match(term, "{keep_state, As}", &actions) ||
            cop_match(term, "{keep_state_and_data, As}", &actions)) {
                act_all(e, actions);
                return cop_keep_state();
        }
        if (cop_is(term, "repeat_state") || cop_is(term, "repeat_state_and_data") ||
            cop_match(term, "{repeat_state, As}", &actions) ||
            cop_match(term, "{repeat_state_and_data, As}", &actions)) {
                act_all(e, actions);
                return cop_repeat_state();
        }
        return make(COP__NEXT_BAD, term);
}
