/*
 * Runs a script of agents and tasks, and prints what came of each operation, as
 * tests/conformance/tasks/run.exs does in Elixir; README.md there says what the operations are.
 *
 *     otp_task_script FILE.script [SEED]       with a seed: simulated
 */
#include <coppice.h>

#include <stdio.h>

#include "support/script.h"

enum { SLOTS = 4 };

static cop_pid agents[2];
static cop_task tasks[SLOTS];

/* ---- what agents and tasks do ---- */

static cop_term act(cop_term what)
{
        cop_term value;

        if (cop_match(what, "{value, V}", &value))
                return value;
        if (cop_match(what, "{exit, R}", &value))
                cop_exit_term(value);
        if (cop_match(what, "{error, E}", &value))
                cop_error("E", value);
        if (cop_match(what, "{throw, V}", &value))
                cop_throw_term(value);
        cop_receive(COP_FOREVER, "{go, What}", &value);
        return act(value);
}

static cop_term add(cop_term state, cop_term n)
{
        return cop_int(cop_to_int(state) + cop_to_int(n));
}

static cop_term swap(cop_term state, cop_term value)
{
        return cop_build("{Old, New}", state, value);
}

static cop_term act_on(cop_term state, cop_term what)
{
        return act(what);
}

/* ---- what came of it ---- */

/* Reasons without places of the program. */
static cop_term canon(cop_term reason)
{
        cop_term first, second;

        if (!cop_match(reason, "{A, B}", &first, &second))
                return reason;
        if (cop_is_list(second))
                return cop_build("{A, stack}", canon(first));
        return cop_build("{A, B}", canon(first), canon(second));
}

static cop_term show(cop_term result)
{
        cop_term reason;

        if (cop_is_none(result))
                return cop_build("none");
        if (cop_match(result, "{exit, Reason}", &reason))
                return cop_build("{exit, Reason}", canon(reason));
        return result;
}

struct trial {
        cop_term (*fn)(cop_term operation);
        cop_term operation, result;
};

static void try_it(void *argument)
{
        struct trial *trial = argument;

        trial->result = trial->fn(trial->operation);
}

static cop_term outcome_of_exit(cop_term reason)
{
        cop_term what, function;

        if (cop_match(reason, "{What, {task, Function, _}}", &what, &function))
                return cop_build("{exit, Function, What}", function, canon(what));
        if (cop_match(reason, "{What, {gen_server, _, _}}", &what))
                return cop_build("{exit, call, What}", canon(what));
        if (cop_match(reason, "{What, {sys, _, _}}", &what))
                return cop_build("{exit, stop, What}", canon(what));
        return cop_build("{exit, What}", canon(reason));
}

static cop_term outcome(cop_term (*fn)(cop_term operation), cop_term operation)
{
        struct trial trial = { fn, operation, COP_NONE };
        cop_term reason;

        switch (cop_try(try_it, &trial, &reason)) {
        case COP_NORMAL:
                return cop_build("{ok, Result}", trial.result);
        case COP_EXIT:
                return outcome_of_exit(reason);
        default:
                return cop_build("{error, What}", cop_element(reason, 0));
        }
}

static int64_t drain(bool all)
{
        cop_term message;
        int64_t count = 0;

        cop_system_quiet(5000);
        while (cop_receive(0, "{'EXIT', _, _}"))
                ;
        while (all && cop_receive(0, "Message", &message))
                count++;
        return count;
}

/* ---- agents ---- */

static cop_pid *agent(cop_term name)
{
        return &agents[cop_is(name, "b")];
}

static cop_term on_agent(cop_term operation)
{
        cop_term name, value, ok = cop_build("ok");

        if (cop_match(operation, "{get, A}", &name))
                return cop_agent_get(*agent(name), cop_agent_state, 0);
        if (cop_match(operation, "{stop, A}", &name))
                return cop_agent_stop(*agent(name)), ok;
        if (cop_match(operation, "{add, A, N}", &name, &value))
                return cop_agent_update(*agent(name), add, value), ok;
        if (cop_match(operation, "{swap, A, V}", &name, &value))
                return cop_agent_get_and_update(*agent(name), swap, value);
        if (cop_match(operation, "{no_pair, A, V}", &name, &value))
                return cop_agent_get_and_update(*agent(name), cop_agent_replace, value);
        if (cop_match(operation, "{cast, A, N}", &name, &value))
                return cop_agent_cast(*agent(name), add, value), ok;
        if (cop_match(operation, "{act, A, What}", &name, &value))
                return cop_agent_get_within(20, *agent(name), act_on, value);
        if (cop_match(operation, "{update_act, A, What}", &name, &value))
                return cop_agent_update(*agent(name), act_on, value), ok;
        return COP_NONE;
}

static cop_term agent_operation(cop_term operation)
{
        cop_term name, value, result;
        cop_pid pid;

        if (cop_match(operation, "{agent, A, V}", &name, &value)) {
                *agent(name) = cop_agent_start_link(cop_agent_same, value);
                return cop_build("started");
        }
        if (cop_match(operation, "{agent_fails, What}", &value)) {
                result = cop_agent_try_start_link(act, value);
                if (cop_match(result, "{error, Reason}", &value))
                        return cop_build("{error, Reason}", canon(value));
                cop_match(result, "{ok, Pid}", &pid);
                cop_agent_stop(pid);
                return cop_build("started");
        }
        if (cop_match(operation, "{get, _}") || cop_match(operation, "{stop, _}") ||
            cop_match(operation, "{add, _, _}") || cop_match(operation, "{swap, _, _}") ||
            cop_match(operation, "{no_pair, _, _}") || cop_match(operation, "{cast, _, _}") ||
            cop_match(operation, "{act, _, _}") || cop_match(operation, "{update_act, _, _}"))
                return outcome(on_agent, operation);
        return COP_NONE;
}

/* ---- tasks ---- */

static cop_term await(cop_term operation)
{
        int64_t ms;
        int t;

        cop_match(operation, "{await, T, Ms}", &t, &ms);
        return cop_task_await_within(tasks[t], ms);
}

static size_t choose(cop_term slots, cop_task *chosen)
{
        size_t count = 0;

        COP_EACH (slot, slots)
                chosen[count++] = tasks[cop_to_int(slot)];
        return count;
}

static cop_term await_many(cop_term operation)
{
        cop_task chosen[SLOTS];
        cop_term results[SLOTS], slots;
        int64_t ms;
        size_t count;

        cop_match(operation, "{await_many, Slots, Ms}", &slots, &ms);
        count = choose(slots, chosen);
        cop_task_await_many(chosen, count, results, ms);
        return cop_list(count, results);
}

static cop_term yield_many(cop_term slots, int64_t ms)
{
        cop_task chosen[SLOTS];
        cop_term results[SLOTS];
        size_t count = choose(slots, chosen), i;

        cop_task_yield_many(chosen, count, results, .timeout_ms = ms);
        for (i = 0; i < count; i++)
                results[i] = show(results[i]);
        return cop_list(count, results);
}

static cop_term stream(cop_term operation)
{
        struct cop_stream_options options = { .struct_size = sizeof(options), .timeout_ms = 20 };
        cop_term acts, results = cop_nil();
        bool kill = true;

        options.nolink =
                cop_match(operation, "{stream_nolink, Acts, N}", &acts, &options.max_concurrency);
        if (options.nolink)
                options.supervisor = cop_whereis("tasks");
        else
                cop_match(operation, "{stream, Acts, N, Kill, Zip}", &acts,
                          &options.max_concurrency, &kill, &options.zip_input_on_exit);
        options.on_timeout = kill ? COP_TIMEOUT_KILL_TASK : COP_TIMEOUT_EXIT;
        for (struct cop_stream done
             __attribute__((cleanup(cop_stream_end))) = cop_stream_begin(acts, act, &options);
             cop_stream_next(&done);)
                results = cop_cons(show(done.result), results);
        return cop_reverse(results);
}

static void steal(cop_term argument)
{
        cop_task task = { 0 };

        cop_match(argument, "{Pid, Ref, Owner}", &task.pid, &task.ref, &task.owner);
        cop_task_yield(task, 0);
}

static cop_term steal_outcome(cop_task task)
{
        cop_term reason = COP_NONE;
        cop_ref ref;

        cop_spawn(steal, cop_build("{P, R, O}", task.pid, task.ref, task.owner), .monitor = &ref);
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, _, _, Reason}", &ref, &reason);
        cop_match(reason, "{Reason, _}", &reason);
        return cop_build("{stolen, {error, Reason}}", reason);
}

static bool begin_task(cop_term operation)
{
        cop_term what;
        int t;

        if (cop_match(operation, "{async, T, What}", &t, &what))
                tasks[t] = cop_task_async(act, what);
        else if (cop_match(operation, "{supervised, T, What}", &t, &what))
                tasks[t] = cop_task_supervisor_async("tasks", act, what);
        else if (cop_match(operation, "{nolink, T, What}", &t, &what))
                tasks[t] = cop_task_supervisor_async_nolink("tasks", act, what);
        else if (cop_match(operation, "{start_child, What}", &what))
                cop_task_supervisor_start_child("tasks", act, what);
        else
                return false;
        return true;
}

static cop_term task_operation(cop_term operation)
{
        cop_term what;
        int64_t ms;
        int t;

        if (begin_task(operation))
                return cop_build("started");
        if (cop_match(operation, "{go, T, What}", &t, &what)) {
                cop_send(tasks[t].pid, "{go, What}", what);
                return cop_build("sent");
        }
        if (cop_match(operation, "{await, _, _}"))
                return outcome(await, operation);
        if (cop_match(operation, "{yield, T, Ms}", &t, &ms))
                return show(cop_task_yield(tasks[t], ms));
        if (cop_match(operation, "{shutdown, T}", &t))
                return show(cop_task_shutdown(tasks[t], 5000));
        if (cop_match(operation, "{kill, T}", &t))
                return show(cop_task_kill(tasks[t]));
        if (cop_match(operation, "{ignore, T}", &t))
                return show(cop_task_ignore(tasks[t]));
        if (cop_match(operation, "{steal, T}", &t))
                return steal_outcome(tasks[t]);
        if (cop_match(operation, "{await_many, _, _}"))
                return outcome(await_many, operation);
        if (cop_match(operation, "{yield_many, Slots, Ms}", &what, &ms))
                return yield_many(what, ms);
        if (cop_match(operation, "{stream, _, _, _, _}") ||
            cop_match(operation, "{stream_nolink, _, _}"))
                return outcome(stream, operation);
        if (cop_is(operation, "children"))
                return cop_int((int64_t)cop_length(cop_task_supervisor_children("tasks")));
        if (cop_is(operation, "left"))
                return cop_int(drain(true));
        return COP_NONE;
}

/* ---- the script ---- */

static void run(void *path)
{
        cop_term result;

        cop_trap_exits(true);
        cop_set_report_level(COP_LEVEL_EMERGENCY);
        cop_server_start_link(cop_task_supervisor, cop_nil(), .name = "tasks");
        COP_EACH (operation, script_read(path)) {
                result = agent_operation(operation);
                if (cop_is_none(result))
                        result = task_operation(operation);
                if (cop_is_none(result))
                        cop_exit("{unknown, Operation}", operation);
                drain(false);
                printf("%s\n  %s\n", cop_show(operation), cop_show(result));
        }
}

int main(int argc, char **argv)
{
        return script_main(argc, argv, run);
}
