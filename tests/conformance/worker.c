/*
 * worker.c: the test workers: servers that do what their behaviour, a map, says.
 */
#include "runner.h"

struct worker {
        cop_term behaviour; /* kept */
};

/* ---- small help ---- */

cop_term key_of(cop_term map, const char *key, cop_term otherwise)
{
        return cop_map_get(map, cop_atom(key), otherwise);
}

cop_term merge(cop_term first, cop_term second)
{
        size_t i;

        for (i = 0; i < cop_map_size(second); i++)
                first = cop_map_put(first, cop_map_key(second, i), cop_map_value(second, i));
        return first;
}

void pause_ms(cop_term ms)
{
        cop_sleep(cop_to_int(ms));
}

void never(void)
{
        book_note_never();
        for (;;)
                cop_sleep(COP_FOREVER);
}

/* ---- the start function: [Id, Behaviour], [.., Label], [.., Label, Override] ---- */

static cop_term start_server(cop_term result, int64_t wait_ms, cop_term label, cop_term behaviour)
{
        cop_term name = key_of(behaviour, "name", COP_NONE);
        cop_term timeout = key_of(behaviour, "timeout", cop_build("infinity"));
        struct cop_start_options options = {
                .struct_size = sizeof(options),
                .link = !cop_is(key_of(behaviour, "link", cop_build("true")), "false"),
                .name = cop_is_none(name) ? NULL : cop_to_atom_text(name),
                .timeout_ms = cop_is_int(timeout) ? cop_to_int(timeout) : 0,
        };

        return cop_server_try_start_with(
                COP__REF(conformance_worker),
                cop_build("{R, Ms, L, B}", result, wait_ms, label, behaviour), &options);
}

static cop_term start_as_scripted(cop_term result, int64_t wait_ms, cop_term label,
                                  cop_term behaviour)
{
        cop_term what, info;
        cop_pid pid;

        if (cop_match(result, "{ok, Info}", &info)) {
                what = start_server(cop_build("ok"), wait_ms, label, behaviour);
                return cop_match(what, "{ok, Pid}", &pid) ? cop_build("{ok, P, I}", pid, info)
                                                          : what;
        }
        if (cop_match(result, "{error, _}")) {
                cop_sleep(wait_ms);
                return result;
        }
        if (cop_match(result, "{start_returns, X}", &what)) {
                cop_sleep(wait_ms);
                return what;
        }
        if (cop_match(result, "{start_exits, R}", &what)) {
                cop_sleep(wait_ms);
                cop_exit_term(what);
        }
        if (cop_match(result, "{start_crashes, E}", &what)) {
                cop_sleep(wait_ms);
                cop_error("E", what);
        }
        return start_server(result, wait_ms, label, behaviour);
}

static cop_term start_worker(cop_term label, cop_term behaviour)
{
        cop_term ok = cop_build("[ok]");
        cop_term result = book_next_result(label, key_of(behaviour, "init", ok));
        int64_t wait_ms = 0, ms;

        while (cop_match(result, "{sleep, Ms, Result}", &ms, &result))
                wait_ms += ms;
        return start_as_scripted(result, wait_ms, label, behaviour);
}

static cop_term start_link(cop_term arguments)
{
        cop_term id, behaviour, label, override;

        if (cop_match(arguments, "[Id, B]", &id, &behaviour))
                return start_worker(id, behaviour);
        if (cop_match(arguments, "[_, B, Label]", &behaviour, &label))
                return start_worker(label, behaviour);
        if (cop_match(arguments, "[_, B, Label, Override]", &behaviour, &label, &override))
                return start_worker(label, merge(behaviour, override));
        cop_exit("{undef, [{oracle_worker, start_link, A, []}]}", arguments);
}

COP_START_FUNCTION(oracle_worker, start_link, start_link);

/* ---- inside the worker ---- */

/* What OTP makes of this as a return value of init. */
static cop_next returned_by_init(cop_term value)
{
        cop_term reason;

        if (cop_match(value, "{stop, R}", &reason))
                return cop_end("R", reason);
        if (cop_match(value, "{error, R}", &reason))
                return cop_init_error("R", reason);
        if (cop_match(value, "{ok, _}"))
                return cop_ok();
        if (cop_is(value, "ignore"))
                return cop_ignore();
        cop_exit("{bad_return_value, X}", value);
}

static cop_next init(struct worker *w, cop_term argument)
{
        cop_term result, label, what;
        int64_t wait_ms;

        cop_match(argument, "{R, Ms, L, B}", &result, &wait_ms, &label, &w->behaviour);
        w->behaviour = cop_keep(w->behaviour);
        cop_trap_exits(cop_is(key_of(w->behaviour, "trap_exit", cop_build("false")), "true"));
        book_register_self(label, cop_build("worker"));
        book_record(cop_build("{init, Pid}", cop_self()));
        cop_sleep(wait_ms);

        if (cop_match(result, "{exit, R}", &what))
                cop_exit_term(what);
        if (cop_match(result, "{crash, E}", &what))
                cop_error("E", what);
        if (cop_match(result, "{returns, X}", &what))
                return returned_by_init(what);
        if (cop_match(result, "{stop, R}", &what))
                return cop_end("R", what);
        return cop_is(result, "ignore") ? cop_ignore() : cop_ok();
}

/* The process that a Ref names, or a local name if that is allowed; false: none. */
static bool look_up(cop_term ref, cop_term *found)
{
        if (cop_match(ref, "{name, Name}", found))
                return true;
        *found = book_find(ref);
        return !cop_is(*found, "undefined");
}

static cop_term monitor(cop_term object, cop_term options)
{
        struct cop_monitor_options how = { .struct_size = sizeof(how) };
        cop_ref ref;

        COP_EACH (option, options)
                cop_match(option, "{tag, Tag}", &how.tag);
        ref = cop__monitor(COP__TO(object), &how);
        cop_put(cop_build("{monitor, Object}", object), cop_ref_term(ref));
        return cop_build("ok");
}

static cop_term demonitor(cop_term object, cop_term options)
{
        cop_term ref = cop_get(cop_build("{monitor, Object}", object));
        bool info = cop_is_member(cop_atom("info"), options);
        bool flush = cop_is_member(cop_atom("flush"), options);
        bool was;

        if (cop_is_none(ref))
                return cop_build("unknown");
        was = flush ? cop_demonitor_flush(cop_to_ref(ref)) : cop_demonitor(cop_to_ref(ref));
        return cop_bool(!info || was);
}

static void send_to(cop_term to, cop_term message)
{
        cop_send(to, "Message", message);
}

/* Actions on others. Their value is in *value; false: it is none of them. */
static bool act_on_others(cop_term action, cop_term *value)
{
        cop_term ref, other, part = cop_nil();

        *value = cop_build("unknown");
        if (cop_match(action, "{link, Ref}", &ref)) {
                if (look_up(ref, &other)) {
                        cop_link(cop_to_pid(other));
                        *value = cop_build("true");
                }
        } else if (cop_match(action, "{unlink, Ref}", &ref)) {
                if (look_up(ref, &other)) {
                        cop_unlink(cop_to_pid(other));
                        *value = cop_build("true");
                }
        } else if (cop_match(action, "{monitor, Ref}", &ref) ||
                   cop_match(action, "{monitor, Ref, Options}", &ref, &part)) {
                if (look_up(ref, &other))
                        *value = monitor(other, part);
        } else if (cop_match(action, "{demonitor, Ref, Options}", &ref, &part)) {
                if (look_up(ref, &other))
                        *value = demonitor(other, part);
        } else if (cop_match(action, "{exit_to, Ref, R}", &ref, &part)) {
                if (look_up(ref, &other)) {
                        cop_exit_to_term(cop_to_pid(other), part);
                        *value = cop_build("true");
                }
        } else if (cop_match(action, "{send_to, Ref, M}", &ref, &part)) {
                if (look_up(ref, &other)) {
                        send_to(other, part);
                        *value = cop_build("ok");
                }
        } else {
                return false;
        }
        return true;
}

static cop_term own_info(const char *item)
{
        return cop_build("{'$sorted', List}", cop_process_info(cop_self(), item));
}

/* Actions on itself. Their value is in *value; false: it is none of them. */
static bool act_on_itself(cop_term action, cop_term *value)
{
        cop_term part, label;
        bool flag;

        *value = cop_build("true");
        if (cop_match(action, "{trap_exit, Flag}", &flag))
                *value = cop_bool(cop_trap_exits(flag));
        else if (cop_match(action, "{register, Name}", &part))
                cop_register(cop_to_atom_text(part), cop_self());
        else if (cop_match(action, "{unregister, Name}", &part))
                cop_unregister(cop_to_atom_text(part));
        else if (cop_match(action, "{start_link, Label, B}", &label, &part))
                *value = start_worker(label, part);
        else if (cop_is(action, "links") || cop_is(action, "monitors"))
                *value = own_info(cop_to_atom_text(action));
        else
                return false;
        return true;
}

/* What the callback does. True: the server goes on, and *value is the answer of a call. */
static bool act(cop_term action, cop_term *value, cop_next *next)
{
        cop_term part;

        *value = cop_build("ok");
        *next = cop_noreply();
        if (cop_match(action, "{exit, R}", &part))
                cop_exit_term(part);
        if (cop_match(action, "{crash, E}", &part))
                cop_error("E", part);
        if (cop_match(action, "{returns, X}", &part))
                cop_exit("{bad_return_value, X}", part);
        if (cop_match(action, "{stop, R}", &part)) {
                *next = cop_end("R", part);
                return false;
        }
        if (cop_match(action, "{sleep, Ms}", &part)) {
                pause_ms(part);
        } else if (cop_match(action, "{note, T}", &part)) {
                book_record(cop_build("{note, Pid, T}", cop_self(), part));
        } else if (cop_is(action, "hang")) {
                never();
        } else if (cop_is(action, "unlink")) {
                cop_unlink(cop_parent());
        } else if (!act_on_others(action, value) && !act_on_itself(action, value)) {
                *next = cop_no_clause();
                return false;
        }
        return true;
}

static cop_next handle_call(struct worker *w, cop_term request, cop_from from)
{
        cop_term value, reason;
        cop_next next;

        if (cop_match(request, "{reply, X}", &value))
                return cop_reply(value);
        if (cop_match(request, "{stop, R, X}", &reason, &value))
                return cop_end_reply(value, "R", reason);
        if (cop_is(request, "noreply"))
                return cop_noreply();
        return act(request, &value, &next) ? cop_reply(value) : next;
}

static cop_next handle_cast(struct worker *w, cop_term request)
{
        cop_next next;
        cop_term value;

        act(request, &value, &next);
        return next;
}

static cop_next handle_info(struct worker *w, cop_term message)
{
        book_record(cop_build("{info, Pid, Message}", cop_self(), message));
        return cop_noreply();
}

static void terminate(struct worker *w, cop_term reason)
{
        cop_term how = key_of(w->behaviour, "terminate", cop_build("ok")), part;

        book_record(cop_build("{terminate, Pid, Reason}", cop_self(), reason));
        if (cop_match(how, "{sleep, Ms}", &part)) {
                pause_ms(part);
                book_record(cop_build("{terminated, Pid}", cop_self()));
        } else if (cop_match(how, "{exit, R}", &part)) {
                cop_exit_term(part);
        } else if (cop_match(how, "{crash, E}", &part)) {
                cop_error("E", part);
        } else if (cop_is(how, "never")) {
                never();
        }
}

COP_SERVER(conformance_worker, struct worker, .init = init, .handle_call = handle_call,
           .handle_cast = handle_cast, .handle_info = handle_info, .terminate = terminate);
