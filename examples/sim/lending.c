/*
 * lending: who has the thing, and who waits for it. Whoever has it is monitored: when it dies the thing is free
 * again.
 *
 * That is how it is meant. Started with `forgetful` it has a mistake: to whom the thing goes when it comes back,
 * with others waiting, it gives it without a monitor. Each of the usual tests passes: borrowing, waiting,
 * dying with the thing. It takes one who had to wait, and then dies. README.md tells how that is found.
 */
#include "lending.h"

struct lending {
        bool is_forgetful;
        cop_pid holder;   /* zero: it is free */
        cop_ref watch;    /* of the holder; zero: it is not watched */
        cop_term waiting; /* kept: who is to be answered, the first first */
};

/* What the rest of the program calls. */

void lending_borrow(cop_pid manager)
{
        cop_call_within(COP_FOREVER, manager, "borrow");
}

void lending_give_back(cop_pid manager)
{
        cop_call_within(COP_FOREVER, manager, "give_back");
}

bool lending_is_free(cop_pid manager)
{
        return cop_is(cop_call(manager, "is_free"), "true");
}

/* What the process does, one message at a time. */

static cop_next init(struct lending *l, cop_term how)
{
        l->is_forgetful = cop_is(how, "forgetful");
        l->waiting = cop_nil();
        return cop_ok();
}

static cop_term with_last(cop_term list, cop_term last)
{
        return cop_reverse(cop_cons(last, cop_reverse(list)));
}

static void lend(struct lending *l, cop_pid to, bool watched)
{
        l->holder = to;
        l->watch = watched ? cop_monitor(to) : (cop_ref){ 0 };
}

/* To the next who waits for it and lives. */
static void hand_on(struct lending *l)
{
        l->holder = (cop_pid){ 0 };
        while (!cop_is_nil(l->waiting) && cop_is_nobody(l->holder)) {
                cop_from next = cop_to_from(cop_head(l->waiting));

                cop_replace(&l->waiting, cop_tail(l->waiting));
                if (!cop_is_alive(next.pid))
                        continue;
                lend(l, next.pid, !l->is_forgetful);
                cop_answer(next, "ok");
        }
}

static cop_next handle_call(struct lending *l, cop_term request, cop_from from)
{
        if (cop_match(request, "borrow") && cop_is_nobody(l->holder)) {
                lend(l, from.pid, true);
                return cop_reply(cop_build("ok"));
        }
        if (cop_match(request, "borrow")) {
                cop_replace(&l->waiting, with_last(l->waiting, cop_from_term(from)));
                return cop_noreply();
        }
        if (cop_match(request, "give_back")) {
                if (l->watch.word)
                        cop_demonitor_flush(l->watch);
                hand_on(l);
                return cop_reply(cop_build("ok"));
        }
        if (cop_match(request, "is_free"))
                return cop_reply(cop_bool(cop_is_nobody(l->holder)));
        return cop_no_clause();
}

static cop_next handle_info(struct lending *l, cop_term message)
{
        if (cop_match(message, "{'DOWN', ^Ref, process, _, _}", &l->watch))
                hand_on(l);
        return cop_noreply();
}

COP_SERVER(lending, struct lending, .init = init, .handle_call = handle_call,
           .handle_info = handle_info);
