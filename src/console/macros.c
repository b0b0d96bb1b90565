/*
 * macros.c: those of the public macros that can be called by name, as functions; and functions that do
 * not need all their arguments here.
 *
 * A pattern is a text with its arguments behind it, as in C, or simply a term: cop_call(sequence, {add, 3}).
 * What takes a server or
 * supervisor by its name in the source takes that name as an atom. tools/make-console reads the lines
 * that begin with MACRO: the name, and how many arguments it takes.
 */
#include <coppice.h>

#include "console/evaluator.h"
#include "console/table.h"

#define MACRO(name, least, most, ...)                                                              \
        void cop__console_##name(struct console_call *c);                                          \
        void cop__console_##name(struct console_call *c)                                           \
        {                                                                                          \
                __VA_ARGS__;                                                                       \
        }

#define TERM(i)   cop__take_term(c, i)
#define TO(i)     cop__take_to(c, i)
#define BUILT(i)  cop__take_built(c, i)
#define TEXT(i)   cop__take_text(c, i)
#define PID(i)    cop__take_pid(c, i)
#define INT(i)    cop__take_int(c, i, INT64_MIN, INT64_MAX)
#define IS(...)   (c->result = cop__give_term(__VA_ARGS__))
#define REF(...)  IS(cop_ref_term(__VA_ARGS__))
#define BOOL(...) IS(cop_bool(__VA_ARGS__))

/* ---- starting by name ---- */

/* {name, Function, [Argument, Options]}, as in a child specification: {ok, Pid} or {error, Reason}. */
static cop_term start(struct console_call *c, const char *function, size_t argument, size_t options)
{
        cop_term arguments =
                cop_build("[A]", c->count > argument && argument ? TERM(argument) : cop_nil());

        if (c->count > options)
                arguments = cop_build("[A, O]", cop_head(arguments), TERM(options));
        return cop_apply_start(cop_atom(TEXT(0)), cop_atom(function), arguments);
}

MACRO(cop_server_start_link, 1, 3, IS(start(c, "start_link", 1, 2)))
MACRO(cop_server_try_start_link, 1, 3, IS(start(c, "start_link", 1, 2)))
MACRO(cop_server_start, 1, 3, IS(start(c, "start", 1, 2)))
MACRO(cop_server_try_start, 1, 3, IS(start(c, "start", 1, 2)))
MACRO(cop_supervisor_start_link, 1, 2, IS(start(c, "start_link", 0, 1)))

/* ---- applications: temporary, as in Erlang's shell, where nothing is said ---- */

static enum cop_restart type(struct console_call *c)
{
        if (c->count < 2)
                return COP_TEMPORARY;
        return (enum cop_restart)cop__take_int(c, 1, COP_PERMANENT, COP_TEMPORARY);
}

MACRO(cop_application_start, 1, 2, IS(cop_application_start(TEXT(0), type(c))))
MACRO(cop_application_ensure_started, 1, 2, IS(cop_application_ensure_started(TEXT(0), type(c))))
MACRO(cop_application_ensure_all_started, 1, 2,
      IS(cop_application_ensure_all_started(TEXT(0), type(c))))

/* ---- messages and calls ---- */

MACRO(cop_call, 2, 16, IS(cop_call(TO(0), "X", BUILT(1))))
MACRO(cop_call_within, 3, 16, IS(cop_call_within(INT(0), TO(1), "X", BUILT(2))))
MACRO(cop_cast, 2, 16, cop_cast(TO(0), "X", BUILT(1)))
MACRO(cop_send, 2, 16, cop_send(TO(0), "X", BUILT(1)))
MACRO(cop_multi_call, 3, 16, IS(cop_multi_call(TERM(0), INT(1), "X", BUILT(2))))
MACRO(cop_send_after, 3, 16, REF(cop_send_after(INT(0), TO(1), "X", BUILT(2))))
MACRO(cop_monitor, 1, 1, REF(cop_monitor(PID(0))))
MACRO(cop_find, 1, 1, IS(cop__give_pid(cop_find(TO(0)))))
MACRO(cop_exit, 1, 16, cop_exit_term(BUILT(0)))
MACRO(cop_error, 1, 16, cop_error_term(BUILT(0)))
MACRO(cop_throw, 1, 16, cop_throw_term(BUILT(0)))
MACRO(cop_exit_to, 2, 16, cop_exit_to_term(PID(0), BUILT(1)))
MACRO(cop_server_stop, 1, 1, cop_server_stop(TO(0)))
MACRO(cop_server_stop_with, 3, 16, cop_server_stop_with(TO(0), INT(1), "X", BUILT(2)))
MACRO(cop_agent_stop, 1, 1, cop_server_stop(TO(0)))
MACRO(cop_statem_stop, 1, 1, cop_server_stop(TO(0)))
MACRO(cop_statem_call, 2, 16, IS(cop_call_within(COP_FOREVER, TO(0), "X", BUILT(1))))

/* ---- supervisors ---- */

MACRO(cop_supervisor_stop, 1, 1, cop_supervisor_stop(TO(0)))
MACRO(cop_start_child, 2, 16, IS(cop_start_child(TO(0), "X", BUILT(1))))
MACRO(cop_terminate_child, 2, 2, IS(cop_terminate_child(TO(0), TERM(1))))
MACRO(cop_restart_child, 2, 2, IS(cop_restart_child(TO(0), TERM(1))))
MACRO(cop_delete_child, 2, 2, IS(cop_delete_child(TO(0), TERM(1))))
MACRO(cop_get_childspec, 2, 2, IS(cop_get_childspec(TO(0), TERM(1))))
MACRO(cop_which_children, 1, 1, IS(cop_which_children(TO(0))))
MACRO(cop_which_child, 2, 2, IS(cop_which_child(TO(0), TERM(1))))
MACRO(cop_count_children, 1, 1, IS(cop_count_children(TO(0))))

/* ---- looking into servers ---- */

MACRO(cop_sys_get_state, 1, 1, IS(cop_sys_get_state(TO(0))))
MACRO(cop_sys_replace_state, 2, 2, IS(cop_sys_replace_state(TO(0), TERM(1))))
MACRO(cop_sys_get_status, 1, 1, IS(cop_sys_get_status(TO(0))))
MACRO(cop_sys_suspend, 1, 1, cop_sys_suspend(TO(0)))
MACRO(cop_sys_resume, 1, 1, cop_sys_resume(TO(0)))
MACRO(cop_sys_statistics, 2, 2, cop_sys_statistics(TO(0), cop__take_bool(c, 1)))
MACRO(cop_sys_get_statistics, 1, 1, IS(cop_sys_get_statistics(TO(0))))
MACRO(cop_sys_trace, 2, 2, cop_sys_trace(TO(0), cop__take_bool(c, 1)))
MACRO(cop_sys_log, 2, 2, cop_sys_log(TO(0), INT(1)))
MACRO(cop_sys_get_log, 1, 1, IS(cop_sys_get_log(TO(0))))
MACRO(cop_sys_no_debug, 1, 1, cop_sys_no_debug(TO(0)))

/* ---- what is kept ---- */

MACRO(cop_stash_put, 3, 3, cop_stash_put(TO(0), TERM(1), TERM(2)))
MACRO(cop_stash_get, 3, 3, IS(cop_stash_get(TO(0), TERM(1), TERM(2))))
MACRO(cop_stash_take, 3, 3, IS(cop_stash_take(TO(0), TERM(1), TERM(2))))
MACRO(cop_stash_keys, 1, 1, IS(cop_stash_keys(TO(0))))
MACRO(cop_persistent_put, 2, 2, cop_persistent_put(TERM(0), TERM(1)))
MACRO(cop_persistent_get, 1, 1, IS(cop_persistent_get(TERM(0))))
MACRO(cop_persistent_erase, 1, 1, BOOL(cop_persistent_erase(TERM(0))))
MACRO(cop_ets_to_list, 1, 1, IS(cop_ets_to_list(TO(0))))
MACRO(cop_ets_insert, 2, 16, cop_ets_insert(TO(0), "X", BUILT(1)))
MACRO(cop_ets_lookup, 2, 2, IS(cop_ets_lookup(TO(0), TERM(1))))
MACRO(cop_ets_delete, 2, 2, cop_ets_delete(TO(0), TERM(1)))
MACRO(cop_ets_info, 2, 2, IS(cop_ets_info(TO(0), TEXT(1))))
MACRO(cop_registry_lookup, 2, 2, IS(cop_registry_lookup(TEXT(0), TERM(1))))
MACRO(cop_registry_whereis, 2, 2, IS(cop__give_pid(cop_registry_whereis(TEXT(0), TERM(1)))))
MACRO(cop_registry_name, 2, 2, IS(cop_registry_name(TEXT(0), TERM(1))))
MACRO(cop_pg_get_members, 2, 2, IS(cop_pg_get_members(TEXT(0), TERM(1))))
MACRO(cop_application_env, 3, 3, IS(cop_application_env(TEXT(0), TEXT(1), TERM(2))))
MACRO(cop_application_set_env, 3, 3, cop_application_set_env(TEXT(0), TEXT(1), TERM(2)))

/* ---- terms ---- */

MACRO(cop_build, 1, 16, IS(BUILT(0)))
MACRO(cop_to_int, 1, 1, IS(cop_int(cop_to_int(TERM(0)))))
MACRO(cop_to_cstring, 1, 1, IS(cop_text(cop_to_cstring(TERM(0)))))
MACRO(cop_element, 2, 2, IS(cop_element(TERM(0), (size_t)INT(1))))
MACRO(cop_head, 1, 1, IS(cop_head(TERM(0))))
MACRO(cop_tail, 1, 1, IS(cop_tail(TERM(0))))
MACRO(cop_read, 1, 1, IS(cop_read(TEXT(0))))
MACRO(cop_log, 2, 2, cop_log((enum cop_level)INT(0), "%s", TEXT(1)))
