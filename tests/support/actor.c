#include "support/actor.h"

#include <stdatomic.h>

struct actor {
        cop_term id, terminate; /* kept */
        cop_from from;
};

/* How often the actor of each letter was started. */
static _Atomic(int) starts[256];

/* ---- telling ---- */

static void tell(cop_term what)
{
        cop_pid test = cop_whereis("test");

        if (!cop_is_nobody(test))
                cop_send_term(test, what);
}

static void hear(void *context, enum cop_level level, cop_term report)
{
        cop_term kind, id, reason, message;

        if (cop_match(report,
                      "#{label := {supervisor, progress}, report := [_, {started, [_, {id, Id} | "
                      "_]}]}",
                      &id))
                tell(cop_build("{started, Id}", id));
        else if (cop_match(report,
                           "#{label := {supervisor, Kind}, report := [_, _, {reason, Reason},"
                           "  {offender, [_, {id, Id} | _]}]}",
                           &kind, &reason, &id))
                tell(cop_build("{Kind, Id, Reason}", kind, id, reason));
        else if (cop_match(report, "#{label := {gen_server, terminate}, reason := Reason}",
                           &reason))
                tell(cop_build("{server_error, Reason}", reason));
        else if (cop_match(report,
                           "#{label := {proc_lib, crash},"
                           "  report := [[_, _, _, {error_info, {_, Reason, _}} | _], _]}",
                           &reason))
                tell(cop_build("{crash_report, Reason}", reason));
        else if (cop_match(report,
                           "#{label := {application_controller, exit}, report := [{application, A},"
                           "  {exited, Reason}, {type, Kind}]}",
                           &id, &reason, &kind))
                tell(cop_build("{exited, A, Reason, Kind}", id, reason, kind));
        else if (cop_match(report, "#{label := {supervisor, unexpected}, message := M}", &message))
                tell(cop_build("{unexpected, M}", message));
        else if (cop_match(report, "#{label := {gen_server, no_handle_info}, message := M}",
                           &message))
                tell(cop_build("{dropped, M}", message));
}

void actors_begin(void)
{
        size_t i;

        for (i = 0; i < sizeof(starts) / sizeof(starts[0]); i++)
                atomic_store(&starts[i], 0);
        cop_register("test", cop_self());
        cop_report_to(hear, NULL);
        cop_set_report_level(COP_LEVEL_DEBUG);
}

/* ---- acting ---- */

static cop_next act(struct actor *a, cop_term what, cop_from from);

static cop_next act_and_then(struct actor *a, cop_term what, cop_from from)
{
        cop_term part, inner;
        int64_t ms;
        bool on;

        if (cop_match(what, "{timeout, Ms, A}", &ms, &inner))
                return cop_then_timeout(act(a, inner, from), ms);
        if (cop_match(what, "{message, Ms, M, A}", &ms, &part, &inner))
                return cop_then_message(act(a, inner, from), ms, "M", part);
        if (cop_match(what, "{continue, C, A}", &part, &inner))
                return cop_then_continue(act(a, inner, from), "C", part);
        if (cop_match(what, "{sleep, Ms, A}", &ms, &inner)) {
                cop_sleep(ms);
                return act(a, inner, from);
        }
        if (cop_match(what, "{send_self, M, A}", &part, &inner)) {
                cop_send_term(cop_self(), part);
                return act(a, inner, from);
        }
        if (cop_match(what, "{trap, On, A}", &on, &inner)) {
                cop_trap_exits(on);
                return act(a, inner, from);
        }
        return cop_no_clause();
}

static cop_next act(struct actor *a, cop_term what, cop_from from)
{
        cop_term part, answer;
        cop_next nothing = { 0 };

        if (cop_is(what, "ok"))
                return cop_noreply();
        if (cop_is(what, "ignore"))
                return cop_ignore();
        if (cop_is(what, "bad"))
                return nothing;
        if (cop_is(what, "keep_from")) {
                a->from = from;
                return cop_noreply();
        }
        if (cop_match(what, "{answer, X}", &answer)) {
                cop_answer_term(a->from, answer);
                return cop_noreply();
        }
        if (cop_match(what, "{reply, X}", &answer))
                return cop_reply(answer);
        if (cop_match(what, "{stop, R}", &part))
                return cop_end("R", part);
        if (cop_match(what, "{stop, R, X}", &part, &answer))
                return cop_end_reply(answer, "R", part);
        if (cop_match(what, "{refuse, R}", &part))
                return cop_init_error("R", part);
        if (cop_match(what, "{exit, R}", &part))
                cop_exit_term(part);
        if (cop_match(what, "{error, E}", &part))
                cop_error("E", part);
        if (cop_match(what, "{throw, V}", &part))
                cop_throw_term(part);
        return act_and_then(a, what, from);
}

/* ---- the server ---- */

static cop_term key(cop_term map, const char *name, const char *otherwise)
{
        return cop_map_get(map, cop_atom(name), cop_atom(otherwise));
}

static cop_term init_action(cop_term actions, int start)
{
        if (!cop_is_list(actions))
                return actions;
        while (start-- > 0 && !cop_is_nil(cop_tail(actions)))
                actions = cop_tail(actions);
        return cop_head(actions);
}

static cop_next init(struct actor *a, cop_term argument)
{
        cop_from nobody = { { 0 }, { 0 } };
        int start;

        a->id = cop_keep(key(argument, "id", "a"));
        a->terminate = cop_keep(key(argument, "terminate", "ok"));
        cop_trap_exits(cop_is(key(argument, "trap", "false"), "true"));
        start = atomic_fetch_add(&starts[(unsigned char)cop_to_atom_text(a->id)[0]], 1);
        tell(cop_build("{init, Id}", a->id));
        return act(a, init_action(key(argument, "init", "ok"), start), nobody);
}

static cop_next handle_call(struct actor *a, cop_term request, cop_from from)
{
        cop_term action;

        if (cop_match(request, "{do, A}", &action))
                return act(a, action, from);
        return cop_no_clause();
}

static cop_next handle_cast(struct actor *a, cop_term request)
{
        cop_from nobody = { { 0 }, { 0 } };
        cop_term action;

        if (cop_match(request, "{do, A}", &action))
                return act(a, action, nobody);
        return cop_no_clause();
}

static cop_next handle_info(struct actor *a, cop_term message)
{
        cop_from nobody = { { 0 }, { 0 } };
        cop_term action;

        tell(cop_build("{info, Id, M}", a->id, message));
        if (cop_match(message, "{do, A}", &action))
                return act(a, action, nobody);
        return cop_noreply();
}

static cop_next handle_continue(struct actor *a, cop_term what)
{
        cop_from nobody = { { 0 }, { 0 } };
        cop_term action;

        tell(cop_build("{continue, Id, C}", a->id, what));
        if (cop_match(what, "{do, A}", &action))
                return act(a, action, nobody);
        return cop_noreply();
}

static void terminate(struct actor *a, cop_term reason)
{
        cop_from nobody = { { 0 }, { 0 } };

        tell(cop_build("{terminate, Id, R}", a->id, reason));
        act(a, a->terminate, nobody);
}

static cop_term show(struct actor *a)
{
        return cop_build("#{id => Id, terminate => T}", a->id, a->terminate);
}

static void restore(struct actor *a, cop_term shown)
{
        cop_term id;

        if (!cop_match(shown, "#{id := Id}", &id))
                cop_error("badarg");
        cop_replace(&a->id, id);
        if (cop_match(shown, "#{crash := _}"))
                cop_exit("half_way");
}

COP_SERVER(actor, struct actor, .init = init, .handle_call = handle_call,
           .handle_cast = handle_cast, .handle_info = handle_info,
           .handle_continue = handle_continue, .terminate = terminate, .show = show,
           .restore = restore);

/* ---- for tests ---- */

cop_pid actor_start_with(bool link, cop_term argument)
{
        struct cop_start_options options = { .struct_size = sizeof(options), .link = link };
        cop_term result = cop_server_try_start_with(&COP__MODULE(actor), argument, &options);
        cop_pid pid = { 0 };

        cop_assert_match(result, "{ok, Pid}", &pid);
        return pid;
}

/* more: a map of further keys of the specification; its key actor is merged into the actor's
 * argument. */
cop_term actor_spec(cop_term id, cop_term more)
{
        cop_term argument = cop_build("#{id => Id}", id), extra;
        size_t i;

        if (cop_match(more, "#{actor := Extra}", &extra)) {
                for (i = 0; i < cop_map_size(extra); i++)
                        argument = cop_map_put(argument, cop_map_key(extra, i),
                                               cop_map_value(extra, i));
                more = cop_map_remove(more, cop_atom("actor"));
        }
        more = cop_map_put(more, cop_atom("id"), id);
        return cop_map_put(more, cop_atom("start"),
                           cop_build("{actor, start_link, [Argument]}", argument));
}

struct calling {
        cop_pid to;
        int64_t timeout_ms;
        cop_term request, result;
};

static void call(void *argument)
{
        struct calling *calling = argument;

        calling->result =
                cop_call_term(COP__TO(calling->to), calling->request, calling->timeout_ms);
}

cop_term call_result_of(cop_pid to, int64_t timeout_ms, cop_term request)
{
        struct calling calling = { to, timeout_ms, request, COP_NONE };
        cop_term reason;

        if (cop_try(call, &calling, &reason) == COP_NORMAL)
                return cop_build("{reply, X}", calling.result);
        cop_assert_match(reason, "{Reason, {gen_server, call, [_, _, _]}}", &reason);
        return cop_build("{exit, Reason}", reason);
}

cop_term exit_of(void (*fn)(void *argument), void *argument)
{
        cop_term reason;

        return cop_try(fn, argument, &reason) == COP_NORMAL ? cop_build("ok") : reason;
}
