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

static cop_term spec_of(const struct cop_child *child)
{
        cop_term name = child->name ? cop_atom(child->name) : child->via;
        cop_term module, arguments, argument;

        if (!cop_is_none(child->spec))
                return child->spec;
        module = cop_atom(child->module->name);
        argument = cop_is_none(child->argument) ? cop_nil() : child->argument;
        arguments = cop_is_none(name) ? cop_build("[A]", argument)
                                      : cop_build("[A, #{name => Name}]", argument, name);
        return cop_build("#{id => Id, start => {Module, start_link, Arguments},"
                         "  restart => Restart, shutdown => Shutdown, significant => Significant,"
                         "  type => Type, modules => [Module]}",
                         child->id ? cop_atom(child->id) : module, module, arguments,
                         cop__restart_show(child->restart), shutdown_of(child), child->significant,
                         cop_atom(child->module->supervise ? "supervisor" : "worker"));
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

static int64_t intensity_of(int intensity)
{
        if (intensity == COP_NO_RESTARTS)
                return 0;
        return intensity == 0 ? 1 : intensity;
}

cop_term cop__supervise(const struct cop_supervisor_options *options, cop_term argument)
{
        if (options->init)
                return options->init(argument);
        return cop_build("{ok, {#{strategy => Strategy, intensity => Intensity, period => Period,"
                         "        auto_shutdown => Auto}, Specs}}",
                         cop_atom(strategies[options->strategy]), intensity_of(options->intensity),
                         options->period ? options->period : 5,
                         cop_atom(auto_shutdowns[options->auto_shutdown]),
                         specs_of(options->children));
}
