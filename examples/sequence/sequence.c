/*
 * sequence: hands out increasing numbers; keeps its place in the stash across crashes.
 */
#include <coppice.h>

struct sequence {
        int64_t current;
};

/* What the rest of the program calls. */

int64_t sequence_next_number(void)
{
        return cop_to_int(cop_call("sequence", "next_number"));
}

void sequence_increment_number(cop_term delta)
{
        cop_cast("sequence", "{increment_number, Delta}", delta);
}

/* What the process does, one message at a time. */

static cop_next init(struct sequence *s, cop_term first)
{
        s->current = cop_to_int(cop_stash_get("stash", "sequence", first));
        return cop_ok();
}

static cop_next handle_call(struct sequence *s, cop_term request, cop_from from)
{
        if (cop_match(request, "next_number"))
                return cop_reply(cop_int(s->current++));
        return cop_no_clause();
}

static cop_next handle_cast(struct sequence *s, cop_term request)
{
        int64_t delta;

        if (cop_match(request, "{increment_number, Delta}", &delta)) {
                s->current += delta;
                return cop_noreply();
        }
        return cop_no_clause();
}

static void terminate(struct sequence *s, cop_term reason)
{
        cop_stash_put("stash", "sequence", s->current);
}

static cop_term show(struct sequence *s)
{
        return cop_build("#{current => Current}", s->current);
}

COP_SERVER(sequence, struct sequence, .init = init, .handle_call = handle_call,
           .handle_cast = handle_cast, .terminate = terminate, .show = show);
