#include "sprout.h"

struct sprout {
        int64_t number; /* the one that comes next */
};

/* What the rest of the program calls. */

int64_t sprout_next(void)
{
        return cop_to_int(cop_call("sprout", "next"));
}

void sprout_add(cop_term by)
{
        cop_cast("sprout", "{add, By}", by);
}

/* What the process does, one message at a time. */

static cop_next init(struct sprout *s, cop_term unused)
{
        s->number = cop_to_int(cop_application_env("sprout", "first", 1));
        return cop_ok();
}

static cop_next handle_call(struct sprout *s, cop_term request, cop_from from)
{
        if (cop_match(request, "next"))
                return cop_reply(cop_int(s->number++));
        return cop_no_clause();
}

static cop_next handle_cast(struct sprout *s, cop_term request)
{
        cop_term by;

        if (cop_match(request, "{add, By}", &by)) {
                s->number += cop_to_int(by); /* no number: we crash, and start again */
                return cop_noreply();
        }
        return cop_no_clause();
}

/* The state, as reports of a crash show it. */
static cop_term show(struct sprout *s)
{
        return cop_build("#{number => N}", s->number);
}

COP_SERVER(sprout, struct sprout, .init = init, .handle_call = handle_call,
           .handle_cast = handle_cast, .show = show);
