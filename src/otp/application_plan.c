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

#include <coppice/dynamic_supervisor.h>
#include <coppice/text.h>

enum { DEPTH_MOST = 100 };

struct plan {
        FILE *out;      /* NULL: nothing is printed */
        cop_term names; /* those that children are registered under */
        cop_term name;  /* of the supervisor that is looked into; undefined: it has none */
        cop_term warnings;
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
        int64_t period_ms = flags->beyond.period_ms;

        if (plan->out)
                fprintf(plan->out, "%*s%s, at most %lld restart%s in %lld %s\n", 4 * depth, "",
                        cop_show(cop_map_get(map, cop_atom("strategy"), cop_atom("one_for_one"))),
                        (long long)flags->intensity, flags->intensity == 1 ? "" : "s",
                        (long long)(period_ms ? period_ms : flags->period_s),
                        period_ms ? "ms" : "s");
}

/* ---- what is surely a mistake ---- */

static void warn(struct plan *plan, const struct cop_module *module, cop_term what,
                 const char *text)
{
        plan->warnings = cop_cons(cop_build("{Supervisor, What}", cop_atom(module->name), what),
                                  plan->warnings);
        if (plan->out)
                fprintf(plan->out, "warning: %s: %s: %s\n", module->name, cop_show(what), text);
}

static void warn_of_flags(struct plan *plan, const struct cop_module *module,
                          const struct supervisor *flags)
{
        const struct beyond *beyond = &flags->beyond;

        if (!beyond->period_ms && flags->period_s >= 1000)
                warn(plan, module, cop_build("{period, N}", flags->period_s),
                     "a period is in seconds; period_ms is in milliseconds");
        if (beyond->back_off.first_ms > beyond->back_off.most_ms)
                warn(plan, module, cop_build("{back_off, N}", beyond->back_off.first_ms),
                     "the first delay is longer than the longest");
}

static void warn_of_child(struct plan *plan, const struct cop_module *module,
                          const struct child *child, cop_term name)
{
        if (child->shutdown_ms > 0 && child->shutdown_ms < 50)
                warn(plan, module, cop_build("{Id, {shutdown, N}}", child->id, child->shutdown_ms),
                     "a shutdown is in milliseconds");
        if (child->is_supervisor && child->shutdown_ms != SHUTDOWN_INFINITY)
                warn(plan, module,
                     cop_build("{Id, {shutdown, N}}", child->id,
                               cop__shutdown_show(child->shutdown_ms)),
                     "a supervisor that is killed does not end its children in order");
        if (child->is_supervisor && child->restart == COP_TRANSIENT)
                warn(plan, module, cop_build("{Id, {restart, transient}}", child->id),
                     "when it gives up it ends with shutdown, and is not started again");
        if (!cop_is_none(name) && cop_is_member(name, plan->names))
                warn(plan, module, cop_build("{Id, {name, N}}", child->id, name),
                     "another process has the same name");
}

/* ---- flags and children ---- */

static void print_back_off(const struct plan *plan, const struct cop_back_off *back_off, int depth)
{
        int64_t delay_ms = 0;
        int n;

        if (!plan->out || back_off->first_ms == 0)
                return;
        fprintf(plan->out, "%*srestarts are delayed by 0", 4 * depth, "");
        for (n = 1; n < 20 && delay_ms < back_off->most_ms; n++) {
                delay_ms = cop__back_off_delay(back_off, n);
                fprintf(plan->out, ", %lld", (long long)delay_ms);
        }
        fprintf(plan->out, " ms");
        if (back_off->jitter)
                fprintf(plan->out, ", less up to %d %%", back_off->jitter);
        fprintf(plan->out, ", anew after %lld ms\n", (long long)back_off->reset_ms);
}

static bool fail(struct plan *plan, const struct cop_module *module, cop_term wrong)
{
        plan->wrong = cop_build("{Supervisor, Wrong}", cop_atom(module->name), wrong);
        return false;
}

/* Supervisors of Coppice's own, such as a registry, are described only where they run. */
static bool is_closed(const struct cop_module *module)
{
        return strncmp(module->name, "cop_", 4) == 0 &&
               module->init != cop__dynamic_supervisor_init;
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
        if (!cop_match(child.arguments, "[_, #{name := Name}]", &name) || !cop_is_atom(name))
                name = COP_NONE;
        print_child(plan, &child, name, depth);
        warn_of_child(plan, parent, &child, name);
        if (!cop_is_none(name))
                plan->names = cop_cons(name, plan->names);
        module = cop__module_find(child.module);
        if (!module || !module->supervise || is_closed(module) ||
            (!cop_is(child.function, "start_link") && !cop_is(child.function, "start")))
                return true;
        cop_match(child.arguments, "[Argument | _]", &argument);
        plan->name = cop_is_none(name) ? cop_build("undefined") : name;
        return plan_supervisor(plan, module, argument, depth + 1);
}

/* Its children come while the program runs. */
static bool plan_dynamic(struct plan *plan, const struct cop_module *module, cop_term flags,
                         int depth)
{
        struct supervisor checked = { .is_dynamic = true };
        cop_term wrong = cop__dynamic_flags_check(flags, &checked);

        if (!cop_is_none(wrong))
                return fail(plan, module, wrong);
        print_flags(plan, &checked, flags, depth);
        warn_of_flags(plan, module, &checked);
        cop_release(checked.crowd.extra_arguments);
        return true;
}

static bool plan_supervisor(struct plan *plan, const struct cop_module *module, cop_term argument,
                            int depth)
{
        struct supervisor checked = { .strategy = COP_ONE_FOR_ONE };
        cop_term wanted, flags, specs, wrong;

        cop_put(cop_atom("$plan"), plan->name);
        wanted = module->supervise(argument);
        cop_erase(cop_atom("$plan"));
        if (depth > DEPTH_MOST)
                return fail(plan, module, cop_build("too_deep"));
        if (cop_is(wanted, "ignore"))
                return true;
        if (module->init == cop__dynamic_supervisor_init &&
            cop_match(wanted, "{ok, Flags}", &flags))
                return plan_dynamic(plan, module, flags, depth);
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
        print_back_off(plan, &checked.beyond.back_off, depth);
        warn_of_flags(plan, module, &checked);
        COP_EACH (spec, specs)
                if (!plan_child(plan, module, spec, depth))
                        return false;
        return true;
}

cop_term cop__plan(const struct cop_application *application, FILE *out, cop_term *names)
{
        struct plan plan = { .out = out,
                             .names = cop_nil(),
                             .name = cop_build("undefined"),
                             .warnings = cop_nil(),
                             .wrong = COP_NONE };
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

struct checking {
        struct plan *plan;
        const struct cop_module *module;
        cop_term argument;
};

static void check(void *argument)
{
        struct checking *checking = argument;

        plan_supervisor(checking->plan, checking->module, checking->argument, 1);
}

cop_term cop__check_tree(const struct cop_module *module, cop_term argument, FILE *out)
{
        struct plan plan = { .out = out,
                             .names = cop_nil(),
                             .name = cop_build("undefined"),
                             .warnings = cop_nil(),
                             .wrong = COP_NONE };
        struct checking checking = { &plan, module, argument };
        cop_term reason;

        if (out)
                fprintf(out, "supervisor %s\n", module->name);
        if (cop_try(check, &checking, &reason) != COP_NORMAL)
                fail(&plan, module, reason);
        return cop_is_none(plan.wrong) ? cop_build("{ok, W}", cop_reverse(plan.warnings))
                                       : cop_build("{error, Wrong}", plan.wrong);
}
