/*
 * agent.c: a server whose callbacks are its callers' functions.
 *
 * A request is {What, Fn, Argument}, where Fn is the address of the function as an integer. A new
 * state is kept before the old one is released: it may have parts of it, and so may an answer,
 * which therefore is sent before the release as well.
 */
#include <coppice/agent.h>
#include <coppice/process.h>

struct agent {
        cop_term state; /* kept */
};

/* ---- what the rest of the program calls ---- */

cop_term cop_agent_same(cop_term argument)
{
        return argument;
}

cop_term cop_agent_state(cop_term state, cop_term argument)
{
        return state;
}

cop_term cop_agent_replace(cop_term state, cop_term argument)
{
        return argument;
}

static uint64_t address_of(cop_agent_fn *fn)
{
        return (uint64_t)(uintptr_t)fn;
}

cop_term cop__agent_argument(cop_agent_init_fn *fn, cop_term argument)
{
        return cop_build("{Fn, Argument}", (uint64_t)(uintptr_t)fn, argument);
}

cop_term cop__agent_ask(struct cop__to to, const char *what, cop_agent_fn *fn, cop_term argument,
                        int64_t timeout_ms)
{
        cop_term request =
                cop_build("{What, Fn, Argument}", cop_atom(what), address_of(fn), argument);

        return cop_call_term(to, request, timeout_ms);
}

void cop__agent_cast(struct cop__to to, cop_agent_fn *fn, cop_term argument)
{
        cop_pid pid = cop__find(to);

        if (!cop_is_nobody(pid))
                cop_cast(pid, "{cast, Fn, Argument}", address_of(fn), argument);
}

/* ---- what the process does, one message at a time ---- */

static cop_term something(cop_term term)
{
        if (cop_is_none(term))
                cop_error("badarg");
        return term;
}

static cop_next init(struct agent *a, cop_term argument)
{
        cop_agent_init_fn *fn;
        uint64_t address;
        cop_term what;

        if (!cop_match(argument, "{Fn, Argument}", &address, &what) || !address)
                return cop_end("{badarg, Argument}", argument);
        fn = (cop_agent_init_fn *)(uintptr_t)address;
        a->state = cop_keep(something(fn(what)));
        return cop_ok();
}

static cop_term run(struct agent *a, uint64_t address, cop_term argument)
{
        cop_agent_fn *fn = (cop_agent_fn *)(uintptr_t)address;

        if (!fn)
                cop_error("badarg");
        return something(fn(a->state, argument));
}

static cop_next get_and_update(struct agent *a, cop_term result, cop_from from)
{
        cop_term value, state, old = a->state;

        if (!cop_match(result, "{Value, State}", &value, &state))
                return cop_end("{bad_return_value, Result}", result);
        a->state = cop_keep(state);
        cop_answer_term(from, value);
        cop_release(old);
        return cop_noreply();
}

static cop_next handle_call(struct agent *a, cop_term request, cop_from from)
{
        cop_term argument;
        uint64_t fn;

        if (cop_match(request, "{get, Fn, Argument}", &fn, &argument))
                return cop_reply(run(a, fn, argument));
        if (cop_match(request, "{update, Fn, Argument}", &fn, &argument)) {
                cop_replace(&a->state, run(a, fn, argument));
                return cop_reply(cop_build("ok"));
        }
        if (cop_match(request, "{get_and_update, Fn, Argument}", &fn, &argument))
                return get_and_update(a, run(a, fn, argument), from);
        return cop_no_clause();
}

static cop_next handle_cast(struct agent *a, cop_term request)
{
        cop_term argument;
        uint64_t fn;

        if (!cop_match(request, "{cast, Fn, Argument}", &fn, &argument))
                return cop_no_clause();
        cop_replace(&a->state, run(a, fn, argument));
        return cop_noreply();
}

/* What is sent to it by mistake is nothing to it, as in Elixir. */
static cop_next handle_info(struct agent *a, cop_term message)
{
        return cop_noreply();
}

static cop_term show(struct agent *a)
{
        return cop_is_none(a->state) ? cop_build("undefined") : a->state;
}

static void restore(struct agent *a, cop_term shown)
{
        cop_replace(&a->state, shown);
}

COP_SERVER(cop_agent, struct agent, .init = init, .handle_call = handle_call,
           .handle_cast = handle_cast, .handle_info = handle_info, .show = show,
           .restore = restore);
