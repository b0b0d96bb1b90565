/*
 * partition_supervisor.c: a supervisor of children that are alike, and a table of where they are.
 *
 * The supervisor is an ordinary one. What it starts is a function that starts the child and notes its
 * pid in the table, so that each restart does so too. The table is the supervisor's: it goes when its
 * process ends, however that ends.
 *
 * Who only looks at a tree (cop_check_tree()) says in its process dictionary what the name would be,
 * under $plan; then there is no table.
 *
 * The tables of all such supervisors are a list under a lock, because there are few of them and a
 * look-up compares one word each. Pids in them are read and written under the same lock.
 */
#include <coppice/memory.h>
#include <coppice/module.h>
#include <coppice/partition_supervisor.h>
#include <coppice/system.h>

#include "base/lock.h"

struct table {
        struct table *next;
        cop_term name; /* an atom */
        int most;      /* partitions it was started with */
        int count;     /* of them in use */
        cop_pid pids[];
};

static struct lock lock;
static struct table *tables; /* under the lock, with all that is in them */

/* ---- the tables ---- */

static struct table **place_of(cop_term name)
{
        struct table **at = &tables;

        while (*at && (*at)->name.word != name.word)
                at = &(*at)->next;
        return at;
}

static void remove_table(void *pointer)
{
        struct table **at = &tables;

        cop__lock_take(&lock);
        while (*at && *at != pointer)
                at = &(*at)->next;
        if (*at)
                *at = (*at)->next;
        cop__lock_give(&lock);
}

/* The calling supervisor's. */
static void add_table(cop_term name, int partitions)
{
        struct table *table =
                cop_alloc(sizeof(*table) + (size_t)partitions * sizeof(table->pids[0]));

        table->name = name;
        table->most = table->count = partitions;
        cop_own(table, remove_table);
        cop__lock_take(&lock);
        table->next = tables;
        tables = table;
        cop__lock_give(&lock);
}

static void note(cop_term name, int partition, cop_pid pid)
{
        struct table *table;

        cop__lock_take(&lock);
        table = *place_of(name);
        if (table && partition >= 0 && partition < table->most)
                table->pids[partition] = pid;
        cop__lock_give(&lock);
}

/* What is asked of a table; most == 0: there is none. */
struct view {
        int most, count;
        cop_pid pid;
};

static COP_NORETURN void fail_noproc(cop_term name)
{
        cop_exit("{noproc, {cop_partition_supervisor, partitions, [Name]}}", name);
}

/* fits: a number by which one is chosen. */
static struct view look(cop_term name, uint64_t fits)
{
        struct view view = { 0 };
        struct table *table;

        cop__lock_take(&lock);
        table = *place_of(name);
        if (table) {
                view.most = table->most;
                view.count = table->count;
                view.pid = table->pids[fits % (uint64_t)table->count];
        }
        cop__lock_give(&lock);
        if (!view.most)
                fail_noproc(name);
        return view;
}

static void set_count(cop_term name, int count)
{
        struct table *table;

        cop__lock_take(&lock);
        table = *place_of(name);
        if (table)
                table->count = count;
        cop__lock_give(&lock);
}

/* ---- names ---- */

static uint64_t number_of(cop_term key)
{
        int64_t number;

        if (!cop_match(key, "N", &number))
                return cop_hash(key);
        return number < 0 ? -(uint64_t)number : (uint64_t)number;
}

static cop_pid whereis_name(cop_term name)
{
        cop_term supervisor, key;

        if (!cop_match(name, "{Supervisor, Key}", &supervisor, &key) || !cop_is_atom(supervisor))
                cop_error("badarg");
        return look(supervisor, number_of(key)).pid;
}

/* Partitions have their places; nobody else gets one. */
static bool register_name(cop_term name)
{
        cop_error("badarg");
}

static void unregister_name(cop_term name)
{
        cop_error("badarg");
}

COP_VIA(cop_partition_supervisor, .whereis_name = whereis_name, .register_name = register_name,
        .unregister_name = unregister_name);

cop_term cop_partition(const char *name, cop_term key)
{
        return cop_build("{via, cop_partition_supervisor, {Name, Key}}", cop_atom(name), key);
}

int cop_partitions(const char *name)
{
        return look(cop_atom(name), 0).count;
}

void cop_partition_resize(const char *name, int partitions)
{
        struct view view = look(cop_atom(name), 0);
        int i;

        if (partitions < 1 || partitions > view.most)
                cop_error("badarg");
        for (i = view.count; i < partitions; i++)
                cop_restart_child(name, cop_int(i));
        set_count(cop_atom(name), partitions);
        for (i = partitions; i < view.count; i++)
                cop_terminate_child(name, cop_int(i));
}

/* ---- in the supervisor ---- */

/* [Module, Function, Arguments, Name, Partition] */
static cop_term start_child(cop_term arguments)
{
        cop_term module, function, own, name, result;
        int partition;
        cop_pid pid;

        if (!cop_match(arguments, "[M, F, A, Name, Partition]", &module, &function, &own, &name,
                       &partition))
                cop_error("badarg");
        result = cop_apply_start(module, function, own);
        if (cop_match(result, "{ok, Pid}", &pid) || cop_match(result, "{ok, Pid, _}", &pid))
                note(name, partition, pid);
        return result;
}

COP_START_FUNCTION(cop_partition_supervisor, start_child, start_child);

/* What a partition supervisor is to be, of whichever form of options. */
struct plan {
        cop_term child_spec, partitions, flags; /* partitions: an integer, or COP_NONE */
        cop_term (*with_arguments)(cop_term arguments, int partition);
};

static cop_term spec_of(const struct plan *plan, cop_term name, int partition)
{
        cop_term module, function, arguments, spec = plan->child_spec;

        if (!cop_match(spec, "#{start := {M, F, A}}", &module, &function, &arguments))
                cop_exit("{invalid_child_spec, Spec}", spec);
        if (plan->with_arguments)
                arguments = plan->with_arguments(arguments, partition);
        if (!cop_is_list(arguments))
                cop_exit("{invalid_arguments, A}", arguments);
        if (cop_is_none(cop_map_find(spec, cop_atom("modules"))))
                spec = cop_map_put(spec, cop_atom("modules"), cop_build("[M]", module));
        spec = cop_map_put(spec, cop_atom("id"), cop_int(partition));
        return cop_map_put(spec, cop_atom("start"),
                           cop_build("{cop_partition_supervisor, start_child,"
                                     " [M, F, A, Name, Partition]}",
                                     module, function, arguments, name, partition));
}

static cop_term carry_out(const struct plan *plan)
{
        cop_term name = cop_process_info(cop_self(), "registered_name"), specs = cop_nil();
        cop_term planned = cop_get(cop_atom("$plan"));
        int partitions;

        if (!cop_is_none(planned))
                name = planned;
        if (!cop_is_atom(name) || cop_is(name, "undefined"))
                cop_exit("missing_name");
        if (cop_is_none(plan->child_spec))
                cop_exit("missing_child_spec");
        if (!cop_match(plan->partitions, "N", &partitions) || partitions < 1)
                cop_exit("{invalid_partitions, N}", plan->partitions);
        if (cop_is_none(planned))
                add_table(name, partitions);
        while (partitions-- > 0)
                specs = cop_cons(spec_of(plan, name, partitions), specs);
        return cop_build("{ok, {Flags, Specs}}", plan->flags, specs);
}

static cop_term partitions_or_default(int partitions)
{
        return cop_int(partitions ? partitions : cop_system_schedulers());
}

static int restarts_of(int max_restarts)
{
        if (max_restarts == COP_NO_RESTARTS)
                return 0;
        return max_restarts == 0 ? 3 : max_restarts;
}

cop_term cop__partition(const struct cop_partition_supervisor_options *options)
{
        static const char *const strategies[] = { "one_for_one", "one_for_all", "rest_for_one",
                                                  "simple_one_for_one" };
        struct plan plan = {
                options->child_spec,
                partitions_or_default(options->partitions),
                cop_build("#{strategy => S, intensity => I, period => P}",
                          cop_atom(strategies[options->strategy]),
                          restarts_of(options->max_restarts),
                          options->max_seconds ? options->max_seconds : 5),
                options->with_arguments,
        };

        if (options->strategy == COP_SIMPLE_ONE_FOR_ONE)
                cop_exit("{supervisor_data, {invalid_strategy, simple_one_for_one}}");
        return carry_out(&plan);
}

/* The option's value, taken out of the map; otherwise, where it is not given. */
static cop_term take(cop_term *options, const char *option, cop_term otherwise)
{
        cop_term value = cop_map_get(*options, cop_atom(option), otherwise);

        *options = cop_map_remove(*options, cop_atom(option));
        return value;
}

static cop_term describe(cop_term argument)
{
        cop_term options = argument, strategy;
        struct plan plan = { .child_spec = COP_NONE };

        if (!cop_is_map(argument))
                cop_exit("{badarg, Argument}", argument);
        plan.child_spec = take(&options, "child_spec", COP_NONE);
        plan.partitions = take(&options, "partitions", partitions_or_default(0));
        strategy = take(&options, "strategy", cop_build("one_for_one"));
        plan.flags = cop_build("#{strategy => S, intensity => I, period => P}", strategy,
                               take(&options, "max_restarts", cop_int(3)),
                               take(&options, "max_seconds", cop_int(5)));
        if (cop_map_size(options) > 0)
                cop_exit("{badarg, Argument}", argument);
        if (cop_is(strategy, "simple_one_for_one"))
                cop_exit("{supervisor_data, {invalid_strategy, simple_one_for_one}}");
        return carry_out(&plan);
}

COP_SUPERVISOR(cop_partition_supervisor, .init = describe);
