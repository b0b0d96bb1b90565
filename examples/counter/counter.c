/*
 * counter: a process that counts, who starts it again, and both as an application.
 */
#include "counter.h"

struct counter {
        int64_t number; /* the one that comes next */
};

/* What the rest of the program calls. */

int64_t counter_next(void)
{
        return cop_to_int(cop_call("counter", "next"));
}

void counter_set(cop_term number)
{
        cop_cast("counter", "{set, Number}", number);
}

/* What the process does, one message at a time. */

static cop_next init(struct counter *c, cop_term unused)
{
        c->number = cop_to_int(cop_application_env("counter", "first", 1));
        return cop_ok();
}

static cop_next handle_call(struct counter *c, cop_term request, cop_from from)
{
        if (cop_match(request, "next"))
                return cop_reply(cop_int(c->number++));
        return cop_no_clause();
}

static cop_next handle_cast(struct counter *c, cop_term request)
{
        if (cop_match(request, "{set, Number}", &c->number))
                return cop_noreply();
        return cop_no_clause();
}

COP_SERVER(counter, struct counter, .init = init, .handle_call = handle_call,
           .handle_cast = handle_cast);

COP_SUPERVISOR(counter_supervisor,
               .children = COP_CHILDREN(COP_WORKER(counter, "[]", .name = "counter")));

COP_APPLICATION(counter, .description = "counts", .vsn = "0.1.0", .env = "[{first, 1}]",
                .start = COP_ROOT(counter_supervisor));
