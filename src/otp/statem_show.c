/*
 * statem_show.c: what people see of a state machine, and what it reports of its end.
 *
 * The report has OTP's own keys. What is in it has gone through the callbacks' format_status, and
 * so has what the sys protocol tells.
 */
#include "otp/server.h"
#include "otp/statem.h"

#include <coppice/report.h>

cop_term cop__event_type_show(enum cop_event_kind kind, cop_from from, cop_term name)
{
        switch (kind) {
        case COP_ON_CALL:
                return cop_build("{call, From}", cop_from_term(from));
        case COP_ON_CAST:
                return cop_build("cast");
        case COP_ON_INFO:
                return cop_build("info");
        case COP_ON_INTERNAL:
                return cop_build("internal");
        case COP_ON_EVENT_TIMEOUT:
                return cop_build("timeout");
        case COP_ON_STATE_TIMEOUT:
                return cop_build("state_timeout");
        case COP_ON_TIMEOUT:
                return cop_build("{timeout, Name}", name);
        case COP_ON_ENTER:
                return cop_build("enter");
        case COP_ON_INIT:
                break;
        }
        return cop_build("init");
}

cop_term cop__events_show(const struct events *events)
{
        const struct waiting *event;
        cop_term list = cop_nil();

        for (event = events->first; event; event = event->next)
                list = cop_cons(
                        cop_build("{Type, Content}",
                                  cop__event_type_show(event->kind, event->from, event->name),
                                  event->term),
                        list);
        return cop_reverse(list);
}

static cop_term timeouts_show(const struct statem *m)
{
        const struct timeout *timeout;
        cop_from nobody = { { 0 }, { 0 } };
        cop_term list = cop_nil();

        for (timeout = m->timeouts; timeout; timeout = timeout->next)
                list = cop_cons(
                        cop_build("{Type, Content}",
                                  cop__event_type_show(timeout->kind, nobody, timeout->name),
                                  timeout->term),
                        list);
        return cop_reverse(list);
}

/* ---- for the sys protocol ---- */

cop_term cop__statem_show(void *state)
{
        struct statem *m = state;
        cop_term data = type_of(m->module)->show(data_of(m));

        return cop_build("{State, Data}", cop_is_none(m->state) ? cop_build("undefined") : m->state,
                         data);
}

/* The data first: if that crashes, the state is the old one. It is not entered. */
void cop__statem_restore(void *state, cop_term shown)
{
        struct statem *m = state;
        cop_term name, data;

        if (!cop_match(shown, "{State, Data}", &name, &data))
                cop_error("badarg");
        type_of(m->module)->restore(data_of(m), data);
        cop_replace(&m->state, name);
}

cop_term cop__statem_format_status(void *state, cop_term status)
{
        struct statem *m = state;
        cop_term shown = cop_map_get(status, cop_atom("state"), COP_NONE);
        cop_term reason = cop_map_get(status, cop_atom("reason"), cop_nil());

        status = cop_build("#{state => S, data => D, reason => R, queue => Q, postponed => P,"
                           "  timeouts => T}",
                           cop_element(shown, 0), cop_element(shown, 1), reason,
                           cop__events_show(&m->queue), cop__events_show(&m->postponed),
                           timeouts_show(m));
        return type_of(m->module)->format_status(data_of(m), status);
}

/* ---- the report of its end ---- */

static cop_term field(cop_term status, const char *key, cop_term otherwise)
{
        return cop_map_get(status, cop_atom(key), otherwise);
}

static cop_term modules_show(const struct statem *m)
{
        const struct pushed *pushed;
        cop_term list = cop_cons(cop_atom(m->module->name), cop_nil());

        for (pushed = m->pushed; pushed; pushed = pushed->next)
                list = cop_cons(cop_atom(pushed->module->name), list);
        return cop_reverse(list);
}

/* {Class, Reason, Stack} */
static cop_term class_show(const struct statem *m, cop_term reason)
{
        cop_term what, stack;

        if (m->failed && cop_match(reason, "{What, Stack}", &what, &stack))
                return cop_build("{error, What, Stack}", what, stack);
        return cop_build("{exit, Reason, []}", reason);
}

static void report_end(void *state, cop_term reason)
{
        struct statem *m = state;
        int has = type_of(m->module)->has();
        cop_term status = cop__server_status(server_of(m), cop_nil(), reason);
        cop_term timeouts = field(status, "timeouts", cop_nil());
        const struct waiting *last = m->queue.first;
        cop_term client = last && last->kind == COP_ON_CALL ? cop_pid_term(last->from.pid)
                                                            : cop_build("undefined");

        cop_report(
                COP_LEVEL_ERROR,
                "#{label => {gen_statem, terminate}, name => Name, modules => Modules,"
                "  callback_mode => Mode, state_enter => Enter, queue => Queue,"
                "  postponed => Postponed, timeouts => {Count, Timeouts}, state => {S, D},"
                "  state_type => Type, client_info => Client, reason => Reason, log => []}",
                cop__name_of(cop_self()), modules_show(m),
                cop_atom(has & COP__HAS_HANDLE_EVENT ? "handle_event_function" : "state_functions"),
                cop_bool(has & COP__HAS_STATE_ENTER), field(status, "queue", cop_nil()),
                field(status, "postponed", cop_nil()), cop_length(timeouts), timeouts,
                field(status, "state", cop_nil()), field(status, "data", cop_nil()),
                m->module->state_type, client, class_show(m, field(status, "reason", reason)));
}

const struct cop_behaviour cop__statem_behaviour = { "gen_statem", report_end };
