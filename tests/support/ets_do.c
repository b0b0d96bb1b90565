#include "support/ets_do.h"

struct deed {
        cop_ref table;
        cop_term operation, result;
};

static cop_term done(void)
{
        return cop_bool(true);
}

static cop_term or_end(cop_term term)
{
        return cop_is_none(term) ? cop_atom("$end_of_table") : term;
}

static cop_term walk(cop_ref t)
{
        cop_term keys = cop_nil(), key;

        for (key = cop_ets_first(t); !cop_is_none(key); key = cop_ets_next(t, key))
                keys = cop_cons(key, keys);
        return cop_reverse(keys);
}

static cop_term fold(cop_ref t)
{
        cop_term objects = cop_nil();

        COP_ETS_EACH(object, t)
        {
                objects = cop_cons(object, objects);
        }
        return cop_reverse(objects);
}

static cop_term write(cop_ref t, cop_term o)
{
        cop_term a, b, c;

        if (cop_match(o, "{insert, X}", &a))
                return cop_ets_insert(t, "X", a), done();
        if (cop_match(o, "{insert_new, X}", &a))
                return cop_bool(cop_ets_insert_new(t, "X", a));
        if (cop_match(o, "{delete, K}", &a))
                return cop_ets_delete(t, a), done();
        if (cop_match(o, "{delete_object, X}", &a))
                return cop_ets_delete_object(t, "X", a), done();
        if (cop_match(o, "{take, K}", &a))
                return cop_ets_take(t, a);
        if (cop_match(o, "{update_element, K, X}", &a, &b))
                return cop_bool(cop_ets_update_element(t, a, "X", b));
        if (cop_match(o, "{update_element, K, X, D}", &a, &b, &c))
                return cop_bool(cop_ets_update_element_or(t, a, c, "X", b));
        if (cop_match(o, "{update_counter, K, X}", &a, &b))
                return cop_ets_update_counter(t, a, "X", b);
        if (cop_match(o, "{update_counter, K, X, D}", &a, &b, &c))
                return cop_ets_update_counter_or(t, a, c, "X", b);
        if (cop_match(o, "{match_delete, V}", &a))
                return cop_int((int64_t)cop_ets_match_delete(t, "{_, ^V}", &a));
        if (cop_is(o, "delete_all_objects"))
                return cop_ets_clear(t), done();
        if (cop_is(o, "delete"))
                return cop_ets_free(t), done();
        return COP_NONE;
}

static cop_term read(cop_ref t, cop_term o)
{
        cop_term a, c;
        size_t at;

        if (cop_match(o, "{lookup, K}", &a))
                return cop_ets_lookup(t, a);
        if (cop_match(o, "{member, K}", &a))
                return cop_bool(cop_ets_member(t, a));
        if (cop_match(o, "{lookup_element, K, P}", &a, &at))
                return cop_ets_lookup_element(t, a, at);
        if (cop_match(o, "{lookup_element, K, P, D}", &a, &at, &c))
                return cop_ets_lookup_element_or(t, a, at, c);
        if (cop_match(o, "{match, V}", &a))
                return cop_ets_match(t, "{_, ^V}", &a);
        if (cop_match(o, "{match_key, V}", &a))
                return cop_ets_match(t, "{^V, _}", &a);
        if (cop_match(o, "{match_count, V}", &a))
                return cop_int((int64_t)cop_ets_match_count(t, "{_, ^V}", &a));
        if (cop_is(o, "tab2list"))
                return cop_ets_to_list(t);
        if (cop_is(o, "fold"))
                return fold(t);
        if (cop_is(o, "size"))
                return cop_ets_info(t, "size");
        return COP_NONE;
}

static cop_term step(cop_ref t, cop_term o)
{
        cop_term key;

        if (cop_is(o, "walk"))
                return walk(t);
        if (cop_is(o, "first"))
                return or_end(cop_ets_first(t));
        if (cop_is(o, "last"))
                return or_end(cop_ets_last(t));
        if (cop_is(o, "first_lookup"))
                return or_end(cop_ets_first_lookup(t));
        if (cop_is(o, "last_lookup"))
                return or_end(cop_ets_last_lookup(t));
        if (cop_match(o, "{next, K}", &key))
                return or_end(cop_ets_next(t, key));
        if (cop_match(o, "{prev, K}", &key))
                return or_end(cop_ets_prev(t, key));
        if (cop_match(o, "{next_lookup, K}", &key))
                return or_end(cop_ets_next_lookup(t, key));
        if (cop_match(o, "{prev_lookup, K}", &key))
                return or_end(cop_ets_prev_lookup(t, key));
        return COP_NONE;
}

static cop_term own(cop_ref t, cop_term o)
{
        cop_pid pid;
        cop_term data;

        if (cop_match(o, "{give, Pid, Data}", &pid, &data))
                return cop_ets_give_away(t, pid, data), done();
        if (cop_match(o, "{heir, Pid, Data}", &pid, &data))
                return cop_ets_set_heir(t, pid, data), done();
        if (cop_match(o, "{heir, Pid}", &pid))
                return cop_ets_set_heir(t, pid, COP_NONE), done();
        if (cop_is(o, "no_heir"))
                return cop_ets_set_heir(t, (cop_pid){ 0 }, COP_NONE), done();
        return COP_NONE;
}

static void do_it(void *argument)
{
        cop_term (*const kinds[])(cop_ref, cop_term) = { write, read, step, own };
        struct deed *deed = argument;

        deed->result = COP_NONE;
        for (size_t i = 0; i < 4 && cop_is_none(deed->result); i++)
                deed->result = kinds[i](deed->table, deed->operation);
}

cop_term ets_do_term(cop_ref table, cop_term operation)
{
        struct deed deed = { table, operation, COP_NONE };
        cop_term reason;
        enum cop_class class = cop_try(do_it, &deed, &reason);

        if (class == COP_ERROR && cop_match(reason, "{badarg, _}"))
                return cop_atom("badarg");
        if (class != COP_NORMAL)
                cop_exit_term(reason);
        if (cop_is_none(deed.result) && !cop_is(operation, "size"))
                cop_exit("{no_operation, O}", operation);
        return cop_is_none(deed.result) ? cop_atom("undefined") : deed.result;
}
