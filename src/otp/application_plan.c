/*
 * application_plan.c: a supervision tree as it will be, without starting it.
 *
 * A supervisor is described by a function that returns flags and child specifications; it is called here as
 * the start would call it, and what it returns is checked with the supervisor's own checks. Children that are
 * supervisors are looked into in turn. What functions start, and children that come while the program
 * runs, cannot be seen.
 */
#include "otp/application.h"
#include "otp/supervisor.h"

#include <string.h>

#include <coppice/text.h>

enum { DEPTH_MOST = 100 };

struct plan {
        FILE *out;      /* NULL: nothing is printed */
        cop_term names; /* those that children are registered under */
        cop_term wrong;
};

static bool plan_supervisor(struct plan *plan, const struct cop_module *module, cop_term argument,
                            int depth);

static void print_child(const struct plan *plan, const struct child *child, cop_term name,
                        int depth)
{
        if (!plan->out)
                return;
        fprintf(plan->out, "%*s%s: %s %s, %s, ", 4 * depth, "", cop_show(child->id),
                child->is_supervisor ? "supervisor" : "worker", cop_show(child->module),
                cop_show(cop__restart_show(child->restart)));
        if (child->shutdown_ms >= 0)
                fprintf(plan->out, "%lld ms to end", (long long)child->shutdown_ms);
        else
                fprintf(plan->out, child->shutdown_ms == SHUTDOWN_KILL
                                           ? "killed at the end"
                                           : "as long as it takes to end");
        if (!cop_is_none(name))
                fprintf(plan->out, ", named %s", cop_show(name));
        fprintf(plan->out, "\n");
}

static void print_flags(const struct plan *plan, const struct supervisor *flags, cop_term map,
                        int depth)
{
        if (plan->out)
                fprintf(plan->out, "%*s%s, at most %lld restart%s in %lld s\n", 4 * depth, "",
                        cop_show(cop_map_get(map, cop_atom("strategy"), cop_atom("one_for_one"))),
                        (long long)flags->intensity, flags->intensity == 1 ? "" : "s",
                        (long long)flags->period_s);
}

static bool fail(struct plan *plan, const struct cop_module *module, cop_term wrong)
{
        plan->wrong = cop_build("{Supervisor, Wrong}", cop_atom(module->name), wrong);
        return false;
}

static bool plan_child(struct plan *plan, const struct cop_module *parent, cop_term spec, int depth)
{
        cop_term name = COP_NONE, argument = cop_nil();
        const struct cop_module *module;
        struct child child;

        cop__spec_check(spec, -1, &child);
        if (!cop__start_exists(cop_to_atom_text(child.module), cop_to_atom_text(child.function)))
                return fail(plan, parent,
                            cop_build("{undef, {Module, Function}}", child.module, child.function));
        if (cop_match(child.arguments, "[_, #{name := Name}]", &name) && cop_is_atom(name))
                plan->names = cop_cons(name, plan->names);
        print_child(plan, &child, name, depth);
        module = cop__module_find(child.module);
        if (!module || !module->supervise)
                return true;
        cop_match(child.arguments, "[Argument | _]", &argument);
        return plan_supervisor(plan, module, argument, depth + 1);
}

static bool plan_supervisor(struct plan *plan, const struct cop_module *module, cop_term argument,
                            int depth)
{
        cop_term wanted = module->supervise(argument), flags, specs, wrong;
        struct supervisor checked = { .strategy = COP_ONE_FOR_ONE };

        if (depth > DEPTH_MOST)
                return fail(plan, module, cop_build("too_deep"));
        if (cop_is(wanted, "ignore"))
                return true;
        if (!cop_match(wanted, "{ok, {Flags, Specs}}", &flags, &specs))
                return fail(plan, module, cop_build("{bad_return, X}", wanted));
        wrong = cop__flags_check(flags, &checked);
        if (!cop_is_none(wrong))
                return fail(plan, module, wrong);
        wrong = cop_check_childspecs(
                specs, cop_is_map(flags)
                               ? cop_map_get(flags, cop_atom("auto_shutdown"), cop_atom("never"))
                               : cop_atom("never"));
        if (!cop_is(wrong, "ok"))
                return fail(plan, module, cop_element(wrong, 1));
        print_flags(plan, &checked, flags, depth);
        COP_EACH (spec, specs)
                if (!plan_child(plan, module, spec, depth))
                        return false;
        return true;
}

cop_term cop__plan(const struct cop_application *application, FILE *out, cop_term *names)
{
        struct plan plan = { .out = out, .names = cop_nil(), .wrong = COP_NONE };
        struct cop_read_result read = { .term = cop_nil() };
        const struct cop_module *root = application->start.root;

        if (application->argument)
                read = cop_try_read(application->argument, strlen(application->argument));
        if (out && root)
                fprintf(out, "    supervisor %s\n", root->name);
        else if (out)
                fprintf(out, "    %s\n",
                        application->start.fn ? "started by a function" : "a library");
        if (root)
                plan_supervisor(&plan, root, read.term, 2);
        *names = plan.names;
        return plan.wrong;
}
