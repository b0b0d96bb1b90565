/*
 * supervisor_simple.c: what a simple_one_for_one supervisor answers.
 *
 * Its children are a crowd (supervisor_crowd.c) of one kind, which is the one child specification in
 * the supervisor's list. A start appends arguments to those that stand there.
 */
#include "otp/supervisor.h"

static struct child *template_of(const struct supervisor *supervisor)
{
        return supervisor->oldest;
}

static cop_term append(cop_term first, cop_term second)
{
        cop_term list = second;

        if (cop_is_nil(second))
                return first;
        COP_EACH (element, cop_reverse(first))
                list = cop_cons(element, list);
        return list;
}

static cop_term start_child(struct supervisor *supervisor, cop_term extra)
{
        struct child *template = template_of(supervisor);

        if (!cop__is_proper_list(extra))
                return cop_build("{error, {badarg, X}}", extra);
        return cop__start_answer(
                cop__crowd_start(supervisor, template, append(template->arguments, extra)));
}

static cop_term terminate_child(struct supervisor *supervisor, cop_term id)
{
        if (!cop_is_pid(id))
                return cop_build("{error, simple_one_for_one}");
        if (!cop__crowd_end_one(supervisor, cop_to_pid(id)) && cop_is_alive(cop_to_pid(id)))
                return cop_build("{error, not_found}");
        return cop_build("ok");
}

static cop_term get_childspec(const struct supervisor *supervisor, cop_term id)
{
        const struct child *template = template_of(supervisor);
        bool found = cop_equal(id, template->id);

        if (cop_is_pid(id))
                found = cop__crowd_has(supervisor, cop_to_pid(id)) || !cop_is_alive(cop_to_pid(id));
        return found ? cop_build("{ok, Spec}", cop__spec_show(template))
                     : cop_build("{error, not_found}");
}

cop_next cop__simple_call(struct supervisor *supervisor, cop_term request)
{
        cop_term part;

        if (cop_match(request, "{start_child, Arguments}", &part))
                return cop_reply(start_child(supervisor, part));
        if (cop_match(request, "{terminate_child, Id}", &part))
                return cop_reply(terminate_child(supervisor, part));
        if (cop_match(request, "{restart_child, _}") || cop_match(request, "{delete_child, _}"))
                return cop_reply(cop_build("{error, simple_one_for_one}"));
        if (cop_match(request, "{get_childspec, Id}", &part))
                return cop_reply(get_childspec(supervisor, part));
        if (cop_match(request, "{which_child, _}"))
                return cop_reply(cop_build("{error, simple_one_for_one}"));
        if (cop_match(request, "which_children"))
                return cop_reply(cop__crowd_which(supervisor));
        if (cop_match(request, "count_children"))
                return cop_reply(cop__crowd_count(supervisor, 1));
        return cop_no_clause();
}
