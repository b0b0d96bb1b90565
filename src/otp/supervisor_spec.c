/*
 * supervisor_spec.c: flags and child specifications: what is right, and OTP's words for what is not.
 *
 * Order     Within one specification the first mistake wins: id, start, restart, significant, type,
 *           shutdown, modules. Keys that mean nothing are left alone.
 */
#include "otp/supervisor.h"

#include <coppice/match.h>

/* ---- names of what an enum says ---- */

static const char *const strategy_names[] = {
        [COP_ONE_FOR_ONE] = "one_for_one",
        [COP_ONE_FOR_ALL] = "one_for_all",
        [COP_REST_FOR_ONE] = "rest_for_one",
        [COP_SIMPLE_ONE_FOR_ONE] = "simple_one_for_one",
};

static const char *const restart_names[] = {
        [COP_PERMANENT] = "permanent",
        [COP_TRANSIENT] = "transient",
        [COP_TEMPORARY] = "temporary",
};

static const char *const auto_shutdown_names[] = {
        [COP_NEVER] = "never",
        [COP_ANY_SIGNIFICANT] = "any_significant",
        [COP_ALL_SIGNIFICANT] = "all_significant",
};

#define COUNT_OF(list) (sizeof(list) / sizeof((list)[0]))

/* The index of the name in the list, or -1. */
static int index_of(cop_term name, const char *const *names, size_t count)
{
        size_t i;

        for (i = 0; i < count; i++)
                if (cop_is(name, names[i]))
                        return (int)i;
        return -1;
}

/* What is there under a name, which is looked up once; COP_NONE: nothing. */
#define KEY(map, name) cop_map_find((map), cop_build(name))

static cop_term or_else(cop_term term, cop_term otherwise)
{
        return cop_is_none(term) ? otherwise : term;
}

static cop_term invalid(const char *what, cop_term value)
{
        return cop_build("{What, Value}", cop_atom(what), value);
}

/* ---- flags ---- */

static cop_term check_flags(struct supervisor *supervisor, cop_term strategy, cop_term intensity,
                            cop_term period, cop_term auto_shutdown)
{
        int number = index_of(strategy, strategy_names, COUNT_OF(strategy_names));

        if (number < 0)
                return invalid("invalid_strategy", strategy);
        supervisor->strategy = (enum cop_strategy)number;
        if (!cop_match(intensity, "N", &supervisor->intensity) || supervisor->intensity < 0)
                return invalid("invalid_intensity", intensity);
        if (!cop_match(period, "N", &supervisor->period_s) || supervisor->period_s <= 0)
                return invalid("invalid_period", period);
        number = index_of(auto_shutdown, auto_shutdown_names, COUNT_OF(auto_shutdown_names));
        if (number < 0)
                return invalid("invalid_auto_shutdown", auto_shutdown);
        supervisor->auto_shutdown = (enum cop_auto_shutdown)number;
        if (number != COP_NEVER && is_simple(supervisor))
                return cop_build("{bad_combination, [{auto_shutdown, A}, {strategy, S}]}",
                                 auto_shutdown, strategy);
        return COP_NONE;
}

cop_term cop__flags_check(cop_term flags, struct supervisor *supervisor)
{
        cop_term never = cop_build("never");
        cop_term strategy, intensity, period, wrong;

        if (cop_match(flags, "{S, I, P}", &strategy, &intensity, &period))
                return check_flags(supervisor, strategy, intensity, period, never);
        if (!cop_is_map(flags))
                return invalid("invalid_type", flags);
        wrong = check_flags(supervisor, or_else(KEY(flags, "strategy"), cop_build("one_for_one")),
                            or_else(KEY(flags, "intensity"), cop_int(1)),
                            or_else(KEY(flags, "period"), cop_int(5)),
                            or_else(KEY(flags, "auto_shutdown"), never));
        return cop_is_none(wrong) ? cop__beyond_flags_check(flags, supervisor) : wrong;
}

/* ---- child specifications ---- */

bool cop__is_proper_list(cop_term term)
{
        while (cop_is_list(term) && !cop_is_nil(term))
                term = cop_tail(term);
        return cop_is_nil(term);
}

static cop_term check_start(cop_term start, struct child *child)
{
        if (!cop_match(start, "{M, F, A}", &child->module, &child->function, &child->arguments) ||
            !cop_is_atom(child->module) || !cop_is_atom(child->function) ||
            !cop_is_list(child->arguments))
                return invalid("invalid_mfa", start);
        return COP_NONE;
}

static cop_term check_restart(cop_term restart, struct child *child)
{
        int number = COP_PERMANENT;

        if (!cop_is_none(restart))
                number = index_of(restart, restart_names, COUNT_OF(restart_names));
        if (number < 0)
                return invalid("invalid_restart_type", restart);
        child->restart = (enum cop_restart)number;
        return COP_NONE;
}

static cop_term check_significant(cop_term significant, int auto_shutdown, struct child *child)
{
        if (cop_is_none(significant))
                return COP_NONE;
        if (!cop_is_bool(significant))
                return invalid("invalid_significant", significant);
        child->significant = cop_to_bool(significant);
        if (child->significant && auto_shutdown == COP_NEVER)
                return cop_build(
                        "{bad_combination, [{auto_shutdown, never}, {significant, true}]}");
        if (child->significant && child->restart == COP_PERMANENT)
                return cop_build("{bad_combination, [{restart, permanent}, {significant, true}]}");
        return COP_NONE;
}

static cop_term check_type(cop_term type, struct child *child)
{
        child->is_supervisor = cop_is(type, "supervisor");
        if (!child->is_supervisor && !cop_is_none(type) && !cop_is(type, "worker"))
                return invalid("invalid_child_type", type);
        return COP_NONE;
}

static cop_term check_shutdown(cop_term shutdown, struct child *child)
{
        if (cop_is_none(shutdown))
                child->shutdown_ms = child->is_supervisor ? SHUTDOWN_INFINITY : 5000;
        else if (cop_is(shutdown, "brutal_kill"))
                child->shutdown_ms = SHUTDOWN_KILL;
        else if (cop_is(shutdown, "infinity"))
                child->shutdown_ms = SHUTDOWN_INFINITY;
        else if (!cop_match(shutdown, "Ms", &child->shutdown_ms) || child->shutdown_ms < 0)
                return invalid("invalid_shutdown", shutdown);
        return COP_NONE;
}

static cop_term check_modules(cop_term modules, struct child *child)
{
        if (cop_is_none(modules))
                modules = cop_build("[Module]", child->module);
        child->modules = modules;
        if (cop_is(modules, "dynamic"))
                return COP_NONE;
        if (!cop__is_proper_list(modules))
                return invalid("invalid_modules", modules);
        COP_EACH (module, modules)
                if (!cop_is_atom(module))
                        return invalid("invalid_module", module);
        return COP_NONE;
}

static cop_term check_map(cop_term spec, int auto_shutdown, struct child *child)
{
        cop_term start = KEY(spec, "start"), wrong;

        child->id = KEY(spec, "id");
        if (cop_is_none(child->id))
                return cop_build("missing_id");
        if (cop_is_none(start))
                return cop_build("missing_start");
        wrong = check_start(start, child);
        if (cop_is_none(wrong))
                wrong = check_restart(KEY(spec, "restart"), child);
        if (cop_is_none(wrong))
                wrong = check_significant(KEY(spec, "significant"), auto_shutdown, child);
        if (cop_is_none(wrong))
                wrong = check_type(KEY(spec, "type"), child);
        if (cop_is_none(wrong))
                wrong = check_shutdown(KEY(spec, "shutdown"), child);
        if (cop_is_none(wrong))
                wrong = check_modules(KEY(spec, "modules"), child);
        if (cop_is_none(wrong))
                wrong = cop__budget_check(KEY(spec, "budget"), child);
        return wrong;
}

cop_term cop__spec_check(cop_term spec, int auto_shutdown, struct child *child)
{
        cop_term id, start, restart, shutdown, type, modules;

        *child = (struct child){ .state = CHILD_STOPPED };
        if (cop_is_map(spec))
                return check_map(spec, auto_shutdown, child);
        if (!cop_match(spec, "{Id, Start, Restart, Shutdown, Type, Modules}", &id, &start, &restart,
                       &shutdown, &type, &modules))
                return invalid("invalid_child_spec", spec);
        return check_map(cop_build("#{id => Id, start => Start, restart => Restart,"
                                   "  shutdown => Shutdown, type => Type, modules => Modules}",
                                   id, start, restart, shutdown, type, modules),
                         auto_shutdown, child);
}

cop_term cop__specs_add(struct supervisor *supervisor, cop_term specs, int auto_shutdown)
{
        struct child child;
        cop_term wrong;

        COP_EACH (spec, specs) {
                wrong = cop__spec_check(spec, auto_shutdown, &child);
                if (!cop_is_none(wrong))
                        return wrong;
                if (cop__child_find(supervisor, child.id))
                        return invalid("duplicate_child_name", child.id);
                cop__child_add(supervisor, &child);
        }
        return COP_NONE;
}

/* Both forms of a specification as one: what is not given is COP_NONE. */
static bool spread(cop_term spec, cop_term *start, cop_term *restart, cop_term *shutdown,
                   cop_term *type, cop_term *modules)
{
        if (cop_match(spec, "{_, Start, Restart, Shutdown, Type, Modules}", start, restart,
                      shutdown, type, modules))
                return true;
        if (!cop_match(spec, "#{id := _, start := Start}", start) ||
            !cop_match(*start, "{_, _, _}"))
                return false;
        *restart = KEY(spec, "restart");
        *shutdown = KEY(spec, "shutdown");
        *type = KEY(spec, "type");
        *modules = KEY(spec, "modules");
        return true;
}

/* In Elixir's order, and in its words where they are not OTP's. */
cop_term cop__dynamic_spec_check(cop_term spec, struct child *child)
{
        cop_term start, restart, shutdown, type, modules, significant, wrong;

        *child = (struct child){ .pid = { 0 } };
        if (!spread(spec, &start, &restart, &shutdown, &type, &modules))
                return invalid("invalid_child_spec", spec);
        child->is_supervisor = cop_is(type, "supervisor");
        wrong = check_start(start, child);
        if (cop_is_none(wrong))
                wrong = check_restart(restart, child);
        if (cop_is_none(wrong))
                wrong = check_shutdown(shutdown, child);
        if (cop_is_none(wrong))
                wrong = check_type(type, child);
        if (cop_is_none(wrong) && !cop_is_none(check_modules(modules, child)))
                wrong = invalid("invalid_modules", modules);
        if (!cop_is_none(wrong) || !cop_is_map(spec))
                return wrong;
        significant = KEY(spec, "significant");
        if (cop_is_none(significant) || cop_is(significant, "false"))
                return COP_NONE;
        return invalid("invalid_significant", significant);
}

cop_term cop_check_childspecs(cop_term specs, cop_term auto_shutdown)
{
        struct supervisor scratch = { .strategy = COP_ONE_FOR_ONE };
        int number = -1;
        cop_term wrong;

        if (!cop__is_proper_list(specs))
                return cop_build("{error, {badarg, X}}", specs);
        if (!cop_is_none(auto_shutdown) && !cop_is(auto_shutdown, "undefined")) {
                number =
                        index_of(auto_shutdown, auto_shutdown_names, COUNT_OF(auto_shutdown_names));
                if (number < 0)
                        return cop_build("{error, {badarg, X}}", auto_shutdown);
        }
        wrong = cop__specs_add(&scratch, specs, number);
        cop__children_forget(&scratch);
        return cop_is_none(wrong) ? cop_build("ok") : cop_build("{error, E}", wrong);
}

/* ---- and back ---- */

cop_term cop__shutdown_show(int64_t shutdown_ms)
{
        if (shutdown_ms == SHUTDOWN_KILL)
                return cop_build("brutal_kill");
        if (shutdown_ms == SHUTDOWN_INFINITY)
                return cop_build("infinity");
        return cop_int(shutdown_ms);
}

cop_term cop__restart_show(enum cop_restart restart)
{
        return cop_atom(restart_names[restart]);
}

cop_term cop__start_show(const struct child *child)
{
        cop_term arguments = child->arguments;

        return cop_build("{M, F, A}", child->module, child->function,
                         cop_is_none(arguments) ? cop_build("undefined") : arguments);
}

cop_term cop__spec_show(const struct child *child)
{
        return cop_build("#{id => Id, start => Start, restart => Restart,"
                         "  significant => Significant, shutdown => Shutdown, type => Type,"
                         "  modules => Modules}",
                         child->id, cop__start_show(child), cop__restart_show(child->restart),
                         child->significant, cop__shutdown_show(child->shutdown_ms),
                         cop_atom(child->is_supervisor ? "supervisor" : "worker"), child->modules);
}
