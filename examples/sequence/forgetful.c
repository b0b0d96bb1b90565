/*
 * forgetful: the first version of sequence.c: it does not use the stash, so it begins again
 * whenever it crashes. Its clients are those of sequence.c, who know it by its name only.
 */
#include <coppice.h>

struct forgetful {
        int64_t current;
};

static cop_next init(struct forgetful *s, cop_term first)
{
        s->current = cop_to_int(first);
        return cop_ok();
}

static cop_next handle_call(struct forgetful *s, cop_term request, cop_from from)
{
        if (cop_match(request, "next_number"))
                return cop_reply(cop_int(s->current++));
        return cop_no_clause();
}

static cop_next handle_cast(struct forgetful *s, cop_term request)
{
        int64_t delta;

        if (cop_match(request, "{increment_number, Delta}", &delta)) {
                s->current += delta;
                return cop_noreply();
        }
        return cop_no_clause();
}

static cop_term show(struct forgetful *s)
{
        return cop_build("#{current => Current}", s->current);
}

COP_SERVER(forgetful, struct forgetful, .init = init, .handle_call = handle_call,
           .handle_cast = handle_cast, .show = show);
