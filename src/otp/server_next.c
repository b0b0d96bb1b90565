/*
 * server_next.c: what a callback returns, packed into two words.
 *
 * Bits      `what` holds the kind (bits 0 to 7), the action around it (8 to 15) and the action's
 *           milliseconds (16 to 63). `term` is the answer or the reason.
 * Pairs     Where there are two terms (a reason and an answer, an answer and a continuation), `term`
 *           is a tuple of both, in the memory of the turn. That is the rare case; the common ones
 *           are returned in registers and allocate nothing.
 */
#include "otp/server.h"

#include <coppice/timer.h>

static const int64_t timeout_most_ms = INT64_C(1) << 47;

static cop_next make(enum cop__next kind, cop_term term)
{
        cop_next next = { (uint64_t)kind, term };

        return next;
}

static cop_term pair(cop_term first, cop_term second)
{
        cop_term both[2] = { cop_is_none(first) ? cop_nil() : first, second };

        return cop_tuple(2, both);
}

cop_next cop__end(struct cop__site *site, const uint64_t *words)
{
        return make(COP__NEXT_STOP, cop__build(site, words));
}

cop_next cop__end_reply(struct cop__site *site, const uint64_t *words, cop_term answer)
{
        return make(COP__NEXT_STOP_REPLY, pair(cop__build(site, words), answer));
}

cop_next cop__init_error(struct cop__site *site, const uint64_t *words)
{
        return make(COP__NEXT_ERROR, cop__build(site, words));
}

cop_next cop__no_clause(const struct cop_place *place)
{
        cop_term where = { (uint64_t)(uintptr_t)place };

        return make(COP__NEXT_NO_CLAUSE, where);
}

static cop_next with_action(cop_next next, enum next_action action, int64_t timeout_ms)
{
        if (timeout_ms > timeout_most_ms)
                timeout_ms = timeout_most_ms;
        next.what = (next.what & 0xff) | (uint64_t)action << 8 | (uint64_t)timeout_ms << 16;
        return next;
}

cop_next cop_then_timeout(cop_next next, int64_t timeout_ms)
{
        if (timeout_ms < 0)
                return next;
        return with_action(next, ACTION_TIMEOUT, timeout_ms);
}

cop_next cop__then_message(cop_next next, int64_t timeout_ms, cop_term message)
{
        if (timeout_ms < 0)
                return next;
        next.term = pair(next.term, message);
        return with_action(next, ACTION_MESSAGE, timeout_ms);
}

cop_next cop__then_continue(cop_next next, cop_term what)
{
        next.term = pair(next.term, what);
        return with_action(next, ACTION_CONTINUE, 0);
}

static bool has_pair(cop_next next)
{
        return next_action(next) == ACTION_MESSAGE || next_action(next) == ACTION_CONTINUE;
}

cop_term cop__next_term(cop_next next)
{
        return has_pair(next) ? cop_element(next.term, 0) : next.term;
}

cop_term cop__next_action_term(cop_next next)
{
        return cop_element(next.term, 1);
}

/* ---- to and from terms ---- */

/* {timeout, Time, Message}, with [{abs, true}] of the clock's time. Hibernating is the same: between
 * messages there is no stack. */
static bool add_message(cop_next *next, cop_term action)
{
        cop_term kind, time, message, options = cop_nil();
        int64_t time_ms;
        bool absolute = false;

        if ((!cop_match(action, "{Kind, T, M}", &kind, &time, &message) &&
             !cop_match(action, "{Kind, T, M, Options}", &kind, &time, &message, &options)) ||
            (!cop_is(kind, "timeout") && !cop_is(kind, "hibernate")) ||
            (!cop_is_nil(options) && !cop_match(options, "[{abs, Abs}]", &absolute)))
                return false;
        if (cop_is(time, "infinity"))
                return true;
        if (!cop_match(time, "T", &time_ms) || (!absolute && time_ms < 0))
                return false;
        *next = cop__then_message(*next, absolute ? cop_until(time_ms) : time_ms, message);
        return true;
}

/* An action of a returned term; false where it is none. */
static bool add_action(cop_next *next, cop_term action)
{
        int64_t timeout_ms;
        cop_term what;

        if (cop_match(action, "T", &timeout_ms) && timeout_ms >= 0)
                *next = cop_then_timeout(*next, timeout_ms);
        else if (cop_match(action, "{continue, What}", &what))
                *next = cop__then_continue(*next, what);
        else if (!add_message(next, action))
                return cop_is(action, "infinity") || cop_is(action, "hibernate");
        return true;
}

static cop_next with_term_action(cop_next next, cop_term action, cop_term whole)
{
        return add_action(&next, action) ? next : make(COP__NEXT_BAD, whole);
}

cop_next cop_returned(cop_term term)
{
        cop_term a, b;

        if (cop_is(term, "ok") || cop_is(term, "noreply"))
                return cop_noreply();
        if (cop_is(term, "ignore"))
                return cop_ignore();
        if (cop_match(term, "{reply, A}", &a))
                return cop_reply(a);
        if (cop_match(term, "{reply, A, B}", &a, &b))
                return with_term_action(cop_reply(a), b, term);
        if (cop_match(term, "{noreply, A}", &a) || cop_match(term, "{ok, A}", &a))
                return with_term_action(cop_noreply(), a, term);
        if (cop_match(term, "{stop, A}", &a))
                return make(COP__NEXT_STOP, a);
        if (cop_match(term, "{stop, A, B}", &a, &b))
                return make(COP__NEXT_STOP_REPLY, pair(a, b));
        if (cop_match(term, "{error, A}", &a))
                return make(COP__NEXT_ERROR, a);
        return make(COP__NEXT_BAD, term);
}

cop_term cop__next_show(cop_next next)
{
        switch (next_kind(next)) {
        case COP__NEXT_GO_ON:
                return cop_build("noreply");
        case COP__NEXT_REPLY:
                return cop_build("{reply, X}", cop__next_term(next));
        case COP__NEXT_STOP:
                return cop_build("{stop, R}", cop__next_term(next));
        case COP__NEXT_STOP_REPLY:
                return cop_build("{stop, R, X}", cop_element(next.term, 0),
                                 cop_element(next.term, 1));
        case COP__NEXT_IGNORE:
                return cop_build("ignore");
        case COP__NEXT_ERROR:
                return cop_build("{error, R}", cop__next_term(next));
        case COP__NEXT_BAD:
                return next.term;
        case COP__NEXT_STATE:
                return cop_build("{next_state, S}", cop__next_term(next));
        case COP__NEXT_REPEAT:
                return cop_build("repeat_state");
        case COP__NEXT_REMOVE:
                return cop_build("remove_handler");
        case COP__NEXT_REMOVE_REPLY:
                return cop_build("{remove_handler, X}", next.term);
        case COP__NEXT_SWAP:
        case COP__NEXT_SWAP_REPLY:
                return cop_build("{swap_handler, X}", next.term);
        case COP__NEXT_NONE:
        case COP__NEXT_NO_CLAUSE:
        case COP__NEXT_MISSING:
                break;
        }
        return cop_build("undefined");
}
