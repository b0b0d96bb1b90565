/*
 * Runs a script of registries, and prints what came of each operation, as
 * tests/conformance/registry/run.exs does in Elixir; README.md there says what the operations are.
 *
 *     otp_registry_script FILE.script [SEED]       with a seed: simulated
 */
#include <coppice.h>

#include <stdio.h>
#include <string.h>

#include "support/script.h"

enum { ACTORS = 4 };

static cop_pid actors[ACTORS];
static const char *const labels[ACTORS] = { "p0", "p1", "p2", "p3" };

/* ---- the servers ---- */

static const char *text(cop_term atom)
{
        return cop_to_atom_text(atom);
}

static cop_term add(cop_term value, cop_term n)
{
        return cop_is_int(value) ? cop_int(cop_to_int(value) + cop_to_int(n)) : value;
}

static cop_term in_actor(cop_term operation)
{
        cop_term r, k, v, ok = cop_build("ok");

        if (cop_match(operation, "{register, R, _, K, V}", &r, &k, &v)) {
                cop_term result = cop_registry_register(text(r), k, v);

                return cop_match(result, "{ok, _}") ? ok : result;
        }
        if (cop_match(operation, "{unregister, R, _, K}", &r, &k))
                return cop_registry_unregister(text(r), k), ok;
        if (cop_match(operation, "{unregister_match, R, _, K, '_'}", &r, &k))
                return cop_registry_unregister_match(text(r), k, "_"), ok;
        if (cop_match(operation, "{unregister_match, R, _, K, V}", &r, &k, &v))
                return cop_registry_unregister_match(text(r), k, "^V", &v), ok;
        if (cop_match(operation, "{update, R, _, K, N}", &r, &k, &v))
                return cop_registry_update_value(text(r), k, add, v);
        if (cop_match(operation, "{register_name, R, _, K}", &r, &k))
                return cop_atom(cop_register_via(cop_registry_name(text(r), k)) ? "yes" : "no");
        if (cop_match(operation, "{unregister_name, R, _, K}", &r, &k))
                return cop_unregister_via(cop_registry_name(text(r), k)), ok;
        return COP_NONE;
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

/* Every error is badarg, as each is an ArgumentError in Elixir. */
static cop_term outcome(cop_term (*fn)(cop_term operation), cop_term operation)
{
        struct trial trial = { fn, operation, COP_NONE };
        cop_term reason;

        switch (cop_try(try_it, &trial, &reason)) {
        case COP_NORMAL:
                return trial.result;
        case COP_EXIT:
                return cop_build("{exit, What}", cop_element(reason, 0));
        default:
                return cop_build("{error, badarg}");
        }
}

struct actor {
        int nothing;
};

static cop_next init(struct actor *a, cop_term trap)
{
        cop_trap_exits(cop_to_bool(trap));
        return cop_ok();
}

static cop_next handle_call(struct actor *a, cop_term request, cop_from from)
{
        if (cop_is(request, "hello"))
                return cop_reply(cop_build("world"));
        return cop_reply(outcome(in_actor, request));
}

static cop_next ignore(struct actor *a, cop_term message)
{
        return cop_noreply();
}

COP_SERVER(actor, struct actor, .init = init, .handle_call = handle_call, .handle_cast = ignore,
           .handle_info = ignore);

/* ---- what they are called ---- */

static cop_term label(cop_term pid)
{
        int i;

        for (i = 0; i < ACTORS; i++)
                if (cop_same(actors[i], cop_to_pid(pid)))
                        return cop_atom(labels[i]);
        return cop_build("gone");
}

/* By text: as terms 1 and 1.0 may stand in any order. */
static cop_term sorted(cop_term list)
{
        cop_term pairs = cop_nil(), all = cop_nil();

        COP_EACH (term, list)
                pairs = cop_cons(cop_build("{Text, Term}", cop_show(term), term), pairs);
        COP_EACH (pair, cop_reverse(cop_sort(pairs)))
                all = cop_cons(cop_element(pair, 1), all);
        return all;
}

/* A list of tuples with a pid at one place, with its label there. */
static cop_term entries(cop_term list, size_t place, bool sort)
{
        cop_term all = cop_nil(), parts[3];
        size_t i, size;

        COP_EACH (entry, list) {
                size = cop_tuple_size(entry);
                for (i = 0; i < size; i++)
                        parts[i] = cop_element(entry, i);
                parts[place] = label(parts[place]);
                all = cop_cons(cop_tuple(size, parts), all);
        }
        return sort ? sorted(all) : cop_reverse(all);
}

static cop_term heard(void)
{
        cop_term message, list = cop_nil(), r, k, pid, v;

        while (cop_receive(0, "Message", &message)) {
                if (cop_match(message, "{register, R, K, Pid, V}", &r, &k, &pid, &v))
                        message = cop_build("{register, R, K, P, V}", r, k, label(pid), v);
                else if (cop_match(message, "{unregister, R, K, Pid}", &r, &k, &pid))
                        message = cop_build("{unregister, R, K, P}", r, k, label(pid));
                list = cop_cons(message, list);
        }
        return cop_reverse(list);
}

/* ---- looking ---- */

static cop_term dispatched;

static void note(cop_term list, cop_term unused)
{
        dispatched = entries(list, 0, false);
}

static void note_sorted(cop_term list, cop_term unused)
{
        COP_EACH (entry, entries(list, 0, false))
                dispatched = cop_cons(entry, dispatched);
        dispatched = sorted(dispatched);
}

static cop_term match(cop_term r, cop_term k, cop_term v)
{
        return cop_is(v, "_") ? cop_registry_match(text(r), k, "_")
                              : cop_registry_match(text(r), k, "^V", &v);
}

static cop_term select_by(cop_term r, cop_term v)
{
        return cop_is(v, "_") ? cop_registry_select(text(r), "_")
                              : cop_registry_select(text(r), "{_, _, ^V}", &v);
}

static cop_term by_via(cop_term operation)
{
        cop_term r, k;

        if (cop_match(operation, "{call, R, K}", &r, &k))
                return cop_call(cop_registry_name(text(r), k), "hello");
        if (cop_match(operation, "{cast, R, K}", &r, &k)) {
                cop_cast(cop_registry_name(text(r), k), "hello");
                return cop_build("ok");
        }
        if (cop_match(operation, "{send, R, K}", &r, &k)) {
                cop_send(cop_registry_name(text(r), k), "hello");
                return cop_build("ok");
        }
        return COP_NONE;
}

static cop_term whereis(cop_term r, cop_term k)
{
        cop_pid pid = cop_registry_whereis(text(r), k);

        return cop_is_nobody(pid) ? cop_build("undefined") : label(cop_pid_term(pid));
}

static cop_term about_meta(cop_term operation)
{
        cop_term r, k, v;

        if (cop_match(operation, "{meta, R, K}", &r, &k))
                return cop_registry_meta(text(r), k);
        if (cop_match(operation, "{put_meta, R, K, V}", &r, &k, &v))
                cop_registry_put_meta(text(r), k, v);
        else if (cop_match(operation, "{delete_meta, R, K}", &r, &k))
                cop_registry_delete_meta(text(r), k);
        else
                return COP_NONE;
        return cop_build("ok");
}

static cop_term look(cop_term operation)
{
        cop_term r, k, v;
        int p;

        if (cop_match(operation, "{lookup, R, K}", &r, &k))
                return entries(cop_registry_lookup(text(r), k), 0, cop_is(r, "e"));
        if (cop_match(operation, "{keys, R, P}", &r, &p))
                return sorted(cop_registry_keys(text(r), actors[p]));
        if (cop_match(operation, "{values, R, K, P}", &r, &k, &p))
                return cop_registry_values(text(r), k, actors[p]);
        if (cop_match(operation, "{count, R}", &r))
                return cop_uint(cop_registry_count(text(r)));
        if (cop_match(operation, "{match, R, K, V}", &r, &k, &v))
                return entries(match(r, k, v), 0, true);
        if (cop_match(operation, "{count_match, R, K, V}", &r, &k, &v))
                return cop_uint(cop_length(match(r, k, v)));
        if (cop_match(operation, "{select, R, V}", &r, &v))
                return entries(select_by(r, v), 1, true);
        if (cop_match(operation, "{count_select, R, V}", &r, &v))
                return cop_uint(cop_length(select_by(r, v)));
        if (cop_match(operation, "{dispatch, R, K}", &r, &k)) {
                dispatched = cop_nil();
                cop_registry_dispatch(text(r), k, cop_is(r, "e") ? note_sorted : note, 0);
                return dispatched;
        }
        if (cop_match(operation, "{whereis, R, K}", &r, &k))
                return whereis(r, k);
        if (cop_match(operation, "{links, P}", &p))
                return cop_uint(cop_length(cop_process_info(actors[p], "links")));
        v = about_meta(operation);
        return cop_is_none(v) ? by_via(operation) : v;
}

/* ---- ends ---- */

static void settle(void)
{
        while (!cop_system_quiet(5000))
                ;
}

static cop_term start(int p, cop_term via)
{
        cop_term result, pid;

        result = cop_server_try_start(actor, cop_bool(p == 3), .via = via);
        if (cop_match(result, "{error, {already_started, Pid}}", &pid)) {
                result = cop_build("{error, {already_started, P}}", label(pid));
                start(p, COP_NONE);
                return result;
        }
        cop_match(result, "{ok, Pid}", &actors[p]);
        return cop_build("started");
}

static cop_term start_via(cop_term operation)
{
        cop_term r, k, v;
        int p;

        cop_match(operation, "{start, R, P, K, V}", &r, &p, &k, &v);
        return start(p, cop_registry_name_with(text(r), k, v));
}

static cop_term kill_partition(cop_term r)
{
        cop_pid pid = cop_to_pid(cop_element(cop_head(cop_reverse(cop_which_children(r))), 1));
        cop_term died = cop_nil();
        int p;

        cop_kill(pid);
        for (p = 0; cop_is(r, "e") && p < ACTORS; p++)
                cop_kill(actors[p]);
        settle();
        for (p = ACTORS; p-- > 0;)
                if (!cop_is_alive(actors[p])) {
                        died = cop_cons(cop_atom(labels[p]), died);
                        start(p, COP_NONE);
                }
        return cop_build("{died, Died}", died);
}

static cop_term end(cop_term operation)
{
        cop_term r, result;
        int p;

        if (cop_match(operation, "{kill_partition, R}", &r))
                return kill_partition(r);
        if (cop_match(operation, "{start, _, P, _, _}", &p)) {
                cop_kill(actors[p]);
                settle();
                result = outcome(start_via, operation);
                if (cop_match(result, "{error, badarg}"))
                        start(p, COP_NONE);
                return result;
        }
        if (!cop_match(operation, "{finish, P, Reason}", &p, &r))
                return COP_NONE;
        if (cop_is(r, "kill"))
                cop_kill(actors[p]);
        else
                cop_server_stop_with(actors[p], COP_FOREVER, "R", r);
        settle();
        return start(p, COP_NONE);
}

/* ---- the script ---- */

static cop_term run_in_actor(cop_term operation)
{
        cop_term pid, result;
        int p;

        if (!cop_match(operation, "{_, _, P, _}", &p) &&
            !cop_match(operation, "{_, _, P, _, _}", &p))
                return COP_NONE;
        result = cop_call(actors[p], "Operation", operation);
        if (cop_match(result, "{error, {already_registered, Pid}}", &pid))
                return cop_build("{error, {already_registered, P}}", label(pid));
        return result;
}

static cop_term run_operation(cop_term operation)
{
        cop_term what = cop_element(operation, 0), result;

        if (cop_is(what, "register") || cop_is(what, "unregister") ||
            cop_is(what, "unregister_match") || cop_is(what, "update") ||
            cop_is(what, "register_name") || cop_is(what, "unregister_name"))
                return run_in_actor(operation);
        result = end(operation);
        return cop_is_none(result) ? outcome(look, operation) : result;
}

static void run(void *path)
{
        cop_term result;
        int p;

        cop_set_report_level(COP_LEVEL_EMERGENCY);
        cop_register("listener", cop_self());
        cop_registry_start_link("u", .keys = COP_KEYS_UNIQUE, .meta = cop_build("#{a => 1}"),
                                .listeners = cop_build("[listener]"));
        cop_registry_start_link("d", .keys = COP_KEYS_DUPLICATE,
                                .listeners = cop_build("[listener]"));
        cop_registry_start_link("e", .keys = COP_KEYS_DUPLICATE, .partitions = 3);
        for (p = 0; p < ACTORS; p++)
                start(p, COP_NONE);
        COP_EACH (operation, script_read(path)) {
                result = run_operation(operation);
                if (cop_is_none(result))
                        cop_exit("{unknown, Operation}", operation);
                settle();
                printf("%s\n  %s\n", cop_show(operation),
                       cop_show(cop_build("{Result, Heard}", result, heard())));
        }
}

int main(int argc, char **argv)
{
        return script_main(argc, argv, run);
}
