/*
 * overseer.c: the test supervisors: their init answers with the flags and child specifications of
 * the scenario's definitions.
 */
#include "runner.h"

/* ---- start values: {worker, B} and {supervisor, Name} become {Module, start_link, Arguments} ---- */

static cop_term real_start(cop_term id, cop_term start)
{
        cop_term what;

        if (cop_match(start, "{worker, B}", &what) && cop_is_map(what))
                return cop_build("{oracle_worker, start_link, [Id, B]}", id, what);
        if (cop_match(start, "{supervisor, Name}", &what) && cop_is_atom(what))
                return cop_build("{oracle_supervisor, start_link, [Id, Name]}", id, what);
        return start;
}

cop_term real_spec(cop_term spec)
{
        cop_term id, start, restart, shutdown, type, modules;

        if (cop_match(spec, "#{start := Start}", &start)) {
                id = key_of(spec, "id", cop_build("undefined"));
                return cop_map_put(spec, cop_atom("start"), real_start(id, start));
        }
        if (cop_match(spec, "{Id, Start, R, S, T, M}", &id, &start, &restart, &shutdown, &type,
                      &modules))
                return cop_build("{Id, Start, R, S, T, M}", id, real_start(id, start), restart,
                                 shutdown, type, modules);
        return spec;
}

cop_term real_specs(cop_term specs)
{
        cop_term list = cop_nil();

        if (!cop_is_list(specs))
                return specs;
        COP_EACH (spec, specs)
                list = cop_cons(real_spec(spec), list);
        return cop_reverse(list);
}

/* ---- the supervisor ---- */

static cop_term strategy_of(cop_term flags)
{
        cop_term strategy;

        if (cop_match(flags, "#{strategy := S}", &strategy) ||
            cop_match(flags, "{S, _, _}", &strategy))
                return strategy;
        return cop_build("one_for_one");
}

static cop_term result_of_init(cop_term result, cop_term ok)
{
        cop_term part;
        int64_t ms;

        while (cop_match(result, "{sleep, Ms, Result}", &ms, &result))
                cop_sleep(ms);
        if (cop_is(result, "ok"))
                return ok;
        if (cop_match(result, "{returns, X}", &part))
                return part;
        if (cop_match(result, "{exit, R}", &part))
                cop_exit_term(part);
        if (cop_match(result, "{crash, E}", &part))
                cop_error("E", part);
        return result; /* ignore */
}

static cop_term init(cop_term argument)
{
        cop_term label, name, result, flags, specs;

        cop_match(argument, "{Label, Name, Result}", &label, &name, &result);
        if (!cop_match(book_definition(name), "{Flags, Specs, _}", &flags, &specs))
                cop_exit("{no_definition, Name}", name);
        book_register_self(label, cop_build("{supervisor, Strategy}", strategy_of(flags)));
        book_record(cop_build("{init, Pid}", cop_self()));
        return result_of_init(result, cop_build("{ok, {Flags, Specs}}", flags, real_specs(specs)));
}

COP_SUPERVISOR(conformance_supervisor, .init = init);

static cop_term start(cop_term name, cop_term label)
{
        cop_term options, result, ok = cop_build("[ok]"), local;
        struct cop_start_options how = { .struct_size = sizeof(how), .link = true };

        if (!cop_match(book_definition(name), "{_, _, Options}", &options))
                cop_exit("{no_definition, Name}", name);
        result = book_next_result(label, key_of(options, "init", ok));
        local = key_of(options, "name", COP_NONE);
        how.name = cop_is_none(local) ? NULL : cop_to_atom_text(local);
        return cop_server_try_start_with(COP__REF(conformance_supervisor),
                                         cop_build("{Label, Name, Result}", label, name, result),
                                         &how);
}

/* [Id, Name], or [Id, Name, Label] */
static cop_term start_link(cop_term arguments)
{
        cop_term id, name, label;

        if (cop_match(arguments, "[Id, Name]", &id, &name))
                return start(name, id);
        if (cop_match(arguments, "[_, Name, Label]", &name, &label))
                return start(name, label);
        cop_exit("{undef, [{oracle_supervisor, start_link, A, []}]}", arguments);
}

COP_START_FUNCTION(oracle_supervisor, start_link, start_link);
