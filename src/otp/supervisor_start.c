/*
 * supervisor_start.c: a child's start function is called in the supervisor, and what it returns or
 * raises is judged.
 */
#include "otp/supervisor.h"

struct start_call {
        const struct child *child;
        cop_term arguments, result;
};

static void call_start(void *argument)
{
        struct start_call *call = argument;

        call->result = cop_apply_start(call->child->module, call->child->function, call->arguments);
}

static struct start_result judge(cop_term result)
{
        struct start_result start = { .outcome = START_FAILED, .term = result };

        if (cop_match(result, "{ok, Pid}", &start.pid))
                start.outcome = START_DONE;
        else if (cop_match(result, "{ok, Pid, Info}", &start.pid, &start.term))
                start.outcome = START_DONE_INFO;
        else if (cop_is(result, "ignore"))
                start.outcome = START_IGNORED;
        else
                cop_match(result, "{error, Reason}", &start.term);
        return start;
}

struct start_result cop__start_call(const struct child *child, cop_term arguments)
{
        struct start_call call = { child, arguments, COP_NONE };
        cop_term reason;
        struct start_result start;
        enum cop_class how = cop_try(call_start, &call, &reason);

        if (how == COP_NORMAL)
                return judge(call.result);
        start = judge(how == COP_THROW ? reason : cop_build("{'EXIT', R}", reason));
        start.how = how;
        start.raised = reason;
        return start;
}

struct start_result cop__child_start(struct supervisor *supervisor, const struct child *child,
                                     enum cop_level level)
{
        cop_term arguments = cop_is_none(child->arguments) ? cop_nil() : child->arguments;
        struct start_result result = cop__start_call(child, arguments);

        if (result.outcome == START_DONE || result.outcome == START_DONE_INFO)
                cop__report_started(supervisor, child, result.pid, level);
        return result;
}

struct child *cop__children_start(struct supervisor *supervisor, struct child *from,
                                  cop_term *reason)
{
        struct child *child, *next;

        for (child = from; child; child = next) {
                struct start_result result = cop__child_start(supervisor, child, COP_LEVEL_INFO);

                next = child->newer;
                switch (result.outcome) {
                case START_DONE:
                case START_DONE_INFO:
                        cop__child_set(supervisor, child, CHILD_RUNNING, result.pid);
                        break;
                case START_IGNORED:
                        cop__child_gone(supervisor, child);
                        break;
                case START_FAILED:
                        cop__report_child(supervisor, REPORT_START_ERROR, child, result.term);
                        *reason = result.term;
                        return child;
                }
        }
        return NULL;
}

cop_term cop__start_answer(struct start_result result)
{
        switch (result.outcome) {
        case START_DONE:
                return cop_build("{ok, Pid}", result.pid);
        case START_DONE_INFO:
                return cop_build("{ok, Pid, Info}", result.pid, result.term);
        case START_IGNORED:
                return cop_build("{ok, undefined}");
        case START_FAILED:
                break;
        }
        return cop_build("{error, Reason}", result.term);
}
