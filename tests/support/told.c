#include "support/told.h"

static const char *const kinds[] = {
        [COP_ON_CALL] = "call",
        [COP_ON_CAST] = "cast",
        [COP_ON_INFO] = "info",
        [COP_ON_INTERNAL] = "internal",
        [COP_ON_EVENT_TIMEOUT] = "timeout",
        [COP_ON_STATE_TIMEOUT] = "state_timeout",
        [COP_ON_TIMEOUT] = "named",
        [COP_ON_ENTER] = "enter",
        [COP_ON_INIT] = "init",
};

void tell(cop_term what)
{
        cop_pid test = cop_whereis("test");

        if (!cop_is_nobody(test))
                cop_send_term(test, what);
}

cop_next told_init(struct told *t, struct cop_event *e)
{
        t->enter = cop_keep(cop_map_get(e->term, cop_atom("enter"), cop_build("#{}")));
        return cop_statem_returned(e, cop_map_get(e->term, cop_atom("init"), cop_build("{ok, a}")));
}

static cop_next obey(struct cop_event *e, cop_term what)
{
        cop_term term;

        if (cop_match(what, "{reply, What}", &term))
                return cop_reply(term);
        if (cop_match(what, "{error, What}", &term))
                cop_error("W", term);
        if (cop_match(what, "{exit, What}", &term))
                cop_exit_term(term);
        if (cop_match(what, "{throw, What}", &term))
                cop_throw_term(term);
        return cop_is(what, "no_clause") ? cop_no_clause() : cop_statem_returned(e, what);
}

cop_next told_event(struct told *t, struct cop_event *e)
{
        cop_term number = e->term, what = cop_atom("keep_state");

        t->seen++;
        if (e->kind == COP_ON_ENTER)
                what = cop_map_get(t->enter, e->state, what);
        else
                cop_match(e->term, "{N, Return}", &number, &what);
        tell(cop_build("{State, Type, N}", e->state, cop_atom(kinds[e->kind]), number));
        return obey(e, what);
}

static void told_terminate(struct told *t, cop_term state, cop_term reason)
{
        tell(cop_build("{State, terminate, Reason}", state, reason));
}

static cop_term told_show(struct told *t)
{
        return cop_int(t->seen);
}

static void told_restore(struct told *t, cop_term seen)
{
        t->seen = cop_to_int(seen);
}

COP_STATEM(told, struct told, .init = told_init, .handle_event = told_event,
           .terminate = told_terminate, .show = told_show, .restore = told_restore);
COP_STATEM(told_enter, struct told, .init = told_init, .handle_event = told_event,
           .state_enter = true, .terminate = told_terminate);

cop_pid told_begin(void)
{
        actors_begin();
        cop_trap_exits(true);
        return cop_statem_start_link(told, cop_build("#{}"), .name = "told");
}

/* ---- the lock ---- */

cop_next lock_init(struct lock *l, struct cop_event *e)
{
        l->code = cop_to_int(e->term);
        return cop_next_state("locked");
}

cop_next locked(struct lock *l, struct cop_event *e)
{
        int64_t code;

        if (!cop_on_call(e, "{unlock, Code}", &code))
                return cop_no_clause();
        if (code != l->code)
                return cop_reply(cop_atom("wrong"));
        cop_set_state_timeout(e, 10000, "lock");
        cop_answer(e->from, "ok");
        return cop_next_state("unlocked");
}

cop_next unlocked(struct lock *l, struct cop_event *e)
{
        if (cop_on_cast(e, "forever")) {
                cop_cancel_state_timeout(e);
                return cop_keep_state();
        }
        if (cop_on_cast(e, "now"))
                cop_set_state_timeout(e, 0, "lock");
        else if (cop_on_state_timeout(e, "lock"))
                return cop_next_state("locked");
        else
                cop_postpone(e);
        return cop_keep_state();
}

COP_STATEM(lock, struct lock, .init = lock_init,
           .states = { COP_STATE(locked), COP_STATE(unlocked) });
