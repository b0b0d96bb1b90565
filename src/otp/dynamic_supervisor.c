/*
 * dynamic_supervisor.c: a supervisor whose children come and go, each with its own specification.
 *
 * It is a supervisor with a crowd (supervisor_crowd.c). What children have in common is a kind: all
 * of a specification but id and arguments. The kinds there are stand in the supervisor's list of
 * children, found by the term {Module, Function, Restart, Shutdown, Type, Modules}; a kind goes with
 * its last child.
 */
#include "otp/supervisor.h"

#include <coppice/dynamic_supervisor.h>
#include <coppice/memory.h>

/* ---- start ---- */

cop_term cop__dynamic_flags_check(cop_term flags, struct supervisor *supervisor)
{
        cop_term strategy, most, extra, wrong;

        if (!cop_is_map(flags))
                return cop_build("{invalid_type, X}", flags);
        strategy = cop_map_get(flags, cop_atom("strategy"), cop_build("one_for_one"));
        most = cop_map_get(flags, cop_atom("max_children"), cop_build("infinity"));
        extra = cop_map_get(flags, cop_atom("extra_arguments"), cop_nil());
        if (!cop_is(strategy, "one_for_one"))
                return cop_build("{invalid_strategy, X}", strategy);
        wrong = cop__flags_check(flags, supervisor);
        if (!cop_is_none(wrong))
                return wrong;
        if (supervisor->auto_shutdown != COP_NEVER)
                return cop_build("{invalid_auto_shutdown, X}",
                                 cop_map_find(flags, cop_atom("auto_shutdown")));
        supervisor->crowd.most = -1;
        if (!cop_is(most, "infinity") &&
            (!cop_match(most, "N", &supervisor->crowd.most) || supervisor->crowd.most < 0))
                return cop_build("{invalid_max_children, X}", most);
        if (!cop__is_proper_list(extra))
                return cop_build("{invalid_extra_arguments, X}", extra);
        if (!cop_is_nil(extra))
                supervisor->crowd.extra_arguments = cop_keep(extra);
        return COP_NONE;
}

cop_next cop__dynamic_supervisor_init(void *state, cop_term argument)
{
        struct supervisor *supervisor = state;
        const struct cop_module *module = cop__supervisor_module(supervisor);
        cop_term wanted, flags, wrong;

        cop_trap_exits(true);
        supervisor->is_dynamic = true;
        wanted = module->supervise(argument);
        if (cop_is(wanted, "ignore"))
                return cop_ignore();
        if (!cop_match(wanted, "{ok, Flags}", &flags))
                return cop_end("{bad_return, {Module, init, X}}", cop_atom(module->name), wanted);
        wrong = cop__dynamic_flags_check(flags, supervisor);
        if (!cop_is_none(wrong))
                return cop_end("{supervisor_data, E}", wrong);
        supervisor->name = cop_keep(cop__supervisor_name(state));
        return cop_ok();
}

/* ---- kinds ---- */

static bool is_kind_of(const struct child *kind, const struct child *child)
{
        return kind->module.word == child->module.word &&
               kind->function.word == child->function.word && kind->restart == child->restart &&
               kind->shutdown_ms == child->shutdown_ms &&
               kind->is_supervisor == child->is_supervisor &&
               cop_equal(kind->modules, child->modules);
}

/* The kind of such a child, which is new where there is no order of it. */
static struct child *kind_of(struct supervisor *supervisor, const struct child *child)
{
        const struct order *last = supervisor->crowd.last;
        struct child kind = *child, *known;

        if (last && is_kind_of(last->kind, child))
                return last->kind;
        kind.id = cop_build("{M, F, Restart, Shutdown, IsSupervisor, Modules}", child->module,
                            child->function, (int)child->restart, child->shutdown_ms,
                            child->is_supervisor, child->modules);
        kind.arguments = COP_NONE;
        known = cop__child_find(supervisor, kind.id);
        return known ? known : cop__child_add(supervisor, &kind);
}

/* ---- requests ---- */

/* The second one like it: there may be a million, which need not be checked again. Of those that are
 * all different, every other one is kept for nothing. */
static void remember(struct crowd *crowd, cop_term spec)
{
        struct child child;

        if (cop_is_none(crowd->last_spec)) {
                crowd->last_spec = cop_keep(spec);
                cop__dynamic_spec_check(crowd->last_spec, &child);
                crowd->last_arguments = child.arguments;
        } else {
                cop_release(crowd->last_spec);
                crowd->last_spec = crowd->last_arguments = COP_NONE;
        }
}

static cop_term start_child(struct supervisor *supervisor, cop_term spec)
{
        struct crowd *crowd = &supervisor->crowd;
        bool is_known = !cop_is_none(crowd->last_spec) && cop_equal(spec, crowd->last_spec);
        const struct order *last = crowd->last;
        struct child child = { .arguments = crowd->last_arguments }, *kind;
        struct start_result result;
        cop_term wrong = is_known ? COP_NONE : cop__dynamic_spec_check(spec, &child);

        if (!cop_is_none(wrong))
                return cop_build("{error, E}", wrong);
        if (crowd->most >= 0 && (int64_t)cop__crowd_size(supervisor) >= crowd->most)
                return cop_build("{error, max_children}");
        kind = is_known ? last->kind : kind_of(supervisor, &child);
        result = cop__crowd_start(supervisor, kind, child.arguments);
        if (kind->orders == 0)
                cop__child_remove(supervisor, kind);
        if (!is_known && last && crowd->last == last && last->kind == kind)
                remember(crowd, spec);
        return result.outcome == START_IGNORED ? cop_build("ignore") : cop__start_answer(result);
}

static cop_term terminate_child(struct supervisor *supervisor, cop_term pid)
{
        return cop_is_pid(pid) && cop__crowd_end_one(supervisor, cop_to_pid(pid))
                       ? cop_build("ok")
                       : cop_build("{error, not_found}");
}

/* What only a supervisor whose children have ids can do. */
static bool wants_id(cop_term request)
{
        return cop_match(request, "{restart_child, _}") ||
               cop_match(request, "{delete_child, _}") ||
               cop_match(request, "{get_childspec, _}") || cop_match(request, "{which_child, _}");
}

cop_next cop__dynamic_call(struct supervisor *supervisor, cop_term request)
{
        cop_term part;

        if (cop_match(request, "{start_child, Spec}", &part))
                return cop_reply(start_child(supervisor, part));
        if (cop_match(request, "{terminate_child, Pid}", &part))
                return cop_reply(terminate_child(supervisor, part));
        if (cop_match(request, "which_children"))
                return cop_reply(cop__crowd_which(supervisor));
        if (cop_match(request, "count_children"))
                return cop_reply(cop__crowd_count(supervisor, cop__crowd_size(supervisor)));
        if (wants_id(request))
                return cop_reply(cop_build("{error, dynamic_supervisor}"));
        return cop_no_clause();
}

/* ---- described in C, and the one that is there already ---- */

static int64_t restarts_of(int max_restarts)
{
        if (max_restarts == COP_NO_RESTARTS)
                return 0;
        return max_restarts == 0 ? 3 : max_restarts;
}

cop_term cop__dynamic_flags(const struct cop_dynamic_supervisor_options *options, cop_term argument)
{
        bool limited = options->max_children != 0;
        bool extra = !cop_is_none(options->extra_arguments);

        if (options->init)
                return options->init(argument);
        return cop_build("{ok, #{strategy => one_for_one, intensity => I, period => P,"
                         "  max_children => N, extra_arguments => Extra}}",
                         restarts_of(options->max_restarts),
                         options->max_seconds ? options->max_seconds : 5,
                         limited ? cop_int(options->max_children) : cop_build("infinity"),
                         extra ? options->extra_arguments : cop_nil());
}

/* Moves the option, if it is given, to its name among the flags. */
static cop_term move(cop_term *options, const char *option, cop_term flags, const char *flag)
{
        cop_term value = cop_map_find(*options, cop_atom(option));

        if (cop_is_none(value))
                return flags;
        *options = cop_map_remove(*options, cop_atom(option));
        return cop_map_put(flags, cop_atom(flag), value);
}

static cop_term describe(cop_term argument)
{
        cop_term options = cop_is_nil(argument) ? cop_build("#{}") : argument;
        cop_term flags = cop_build("#{intensity => 3}");

        if (!cop_is_map(options))
                cop_exit("{badarg, Argument}", argument);
        flags = move(&options, "strategy", flags, "strategy");
        flags = move(&options, "max_restarts", flags, "intensity");
        flags = move(&options, "max_seconds", flags, "period");
        flags = move(&options, "max_children", flags, "max_children");
        flags = move(&options, "extra_arguments", flags, "extra_arguments");
        if (cop_map_size(options) > 0)
                cop_exit("{badarg, Argument}", argument);
        return cop_build("{ok, Flags}", flags);
}

COP_DYNAMIC_SUPERVISOR(cop_dynamic_supervisor, .init = describe);
