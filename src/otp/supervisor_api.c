/*
 * supervisor_api.c: what others ask a supervisor, and children that are described in C.
 *
 * A description in C becomes the very term that OTP's init would return, so there is one way in,
 * and one place where it is checked.
 */
#include "otp/supervisor.h"

cop_term cop_start_child_term(struct cop__to to, cop_term spec)
{
        return cop_call_term(to, cop_build("{start_child, Spec}", spec), COP_FOREVER);
}

cop_term cop__supervisor_ask(struct cop__to to, const char *request, cop_term id)
{
        cop_term what = cop_atom(request);

        return cop_call_term(to, cop_is_none(id) ? what : cop_build("{What, Id}", what, id),
                             COP_FOREVER);
}

/* ---- children described in C ---- */

static const char *const strategies[] = {
        [COP_ONE_FOR_ONE] = "one_for_one",
        [COP_ONE_FOR_ALL] = "one_for_all",
        [COP_REST_FOR_ONE] = "rest_for_one",
        [COP_SIMPLE_ONE_FOR_ONE] = "simple_one_for_one",
};

static const char *const auto_shutdowns[] = {
        [COP_NEVER] = "never",
        [COP_ANY_SIGNIFICANT] = "any_significant",
        [COP_ALL_SIGNIFICANT] = "all_significant",
};

static cop_term shutdown_of(const struct cop_child *child)
{
        if (child->shutdown == 0)
                return child->module->supervise ? cop_build("infinity") : cop_int(5000);
        if (child->shutdown == COP_BRUTAL_KILL)
                return cop_build("brutal_kill");
        if (child->shutdown == COP_INFINITY)
                return cop_build("infinity");
        return cop_int(child->shutdown == COP_AT_ONCE ? 0 : child->shutdown);
}

static int64_t intensity_of(int intensity)
{
        if (intensity == COP_NO_RESTARTS)
                return 0;
        return intensity == 0 ? 1 : intensity;
}

static cop_term put(cop_term map, const char *key, cop_term value)
{
        return cop_map_put(map, cop_atom(key), value);
}

static cop_term spec_of(const struct cop_child *child)
{
        cop_term name = child->name ? cop_atom(child->name) : child->via;
        cop_term module, arguments, argument, spec;

        if (!cop_is_none(child->spec))
                return child->spec;
        module = cop_atom(child->module->name);
        argument = cop_is_none(child->argument) ? cop_nil() : child->argument;
        arguments = cop_is_none(name) ? cop_build("[A]", argument)
                                      : cop_build("[A, #{name => Name}]", argument, name);
        spec = cop_build("#{id => Id, start => {Module, start_link, Arguments},"
                         "  restart => Restart, shutdown => Shutdown, significant => Significant,"
                         "  type => Type, modules => [Module]}",
                         child->id ? cop_atom(child->id) : module, module, arguments,
                         cop__restart_show(child->restart), shutdown_of(child), child->significant,
                         cop_atom(child->module->supervise ? "supervisor" : "worker"));
        if (child->budget != 0)
                spec = put(spec, "budget",
                           cop_build("{N, Ms}", intensity_of(child->budget),
                                     child->budget_ms ? child->budget_ms : 5000));
        return spec;
}

static cop_term specs_of(const struct cop_child *children)
{
        cop_term list = cop_nil();

        for (; children && (children->module || !cop_is_none(children->spec)); children++)
                list = cop_cons(spec_of(children), list);
        return cop_reverse(list);
}

cop_term cop__child_spec(const struct cop_child *children)
{
        return spec_of(children);
}

static cop_term add_back_off(cop_term flags, const struct cop_back_off *b)
{
        int64_t most_ms = b->most_ms ? b->most_ms : 30000;

        if (b->first_ms == 0)
                return flags;
        return put(flags, "back_off",
                   cop_build("#{first_ms => F, most_ms => M, reset_ms => R, jitter => J}",
                             b->first_ms, most_ms, b->reset_ms ? b->reset_ms : 2 * most_ms,
                             b->jitter));
}

/* What OTP does not have. */
static cop_term add_beyond(cop_term flags, const struct cop_supervisor_options *options)
{
        flags = add_back_off(flags, &options->back_off);
        if (options->period_ms)
                flags = put(flags, "period_ms", cop_int(options->period_ms));
        if (options->shutdown_deadline_ms)
                flags = put(flags, "shutdown_deadline_ms", cop_int(options->shutdown_deadline_ms));
        if (options->on_give_up)
                flags = put(flags, "on_give_up",
                            cop_uint((uint64_t)(uintptr_t)options->on_give_up));
        return flags;
}

cop_term cop__supervise(const struct cop_supervisor_options *options, cop_term argument)
{
        cop_term flags;

        if (options->init)
                return options->init(argument);
        flags = cop_build("#{strategy => Strategy, intensity => Intensity, period => Period,"
                          "  auto_shutdown => Auto}",
                          cop_atom(strategies[options->strategy]), intensity_of(options->intensity),
                          options->period ? options->period : 5,
                          cop_atom(auto_shutdowns[options->auto_shutdown]));
        return cop_build("{ok, {Flags, Specs}}", add_beyond(flags, options),
                         specs_of(options->children));
}
