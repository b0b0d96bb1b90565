#include "sprout_counter.h"

struct sprout_counter {
        int64_t number; /* the one that comes next */
};

/* What the rest of the program calls. */

int64_t sprout_counter_next(void)
{
        return cop_to_int(cop_call("sprout_counter", "next"));
}

/* What the process does, one message at a time. */

static cop_next init(struct sprout_counter *s, cop_term unused)
{
        s->number = cop_to_int(cop_application_env("sprout_counter", "first", 1));
        return cop_ok();
}

static cop_next handle_call(struct sprout_counter *s, cop_term request, cop_from from)
{
        if (cop_match(request, "next"))
                return cop_reply(cop_int(s->number++));
        return cop_no_clause();
}

COP_SERVER(sprout_counter, struct sprout_counter, .init = init, .handle_call = handle_call);
