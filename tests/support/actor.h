/*
 * actor.h: a server that does what it is told and tells everything to the test.
 *
 * actors_begin() makes the calling process the test: it gets the name test, and from then on
 *
 *     {init, Id}  {info, Id, Message}  {continue, Id, What}  {terminate, Id, Reason}
 *
 * from actors, and of reports, as they are made
 *
 *     {started, Id}               a supervisor's progress
 *     {Kind, Id, Reason}          its child_terminated, start_error, shutdown_error, shutdown
 *     {exited, Name, Reason, Type}   the end of an application
 *     {server_error, Reason}  {crash_report, Reason}  {unexpected, Message}  {dropped, Message}
 *
 * An actor is started with a map, in which everything may be left out:
 *
 *     id          an atom of one letter
 *     trap        whether it traps exits
 *     init        an action, or a list: of its first start, its second, ...; the last for ever
 *     terminate   an action
 *
 * It obeys {do, Action} as a call, a cast or a message, and in a continuation. Actions:
 *
 *     ok  {reply, X}  {stop, R}  {stop, R, X}  ignore  {refuse, R}  no_clause  bad
 *     {exit, R}  {error, E}  {throw, V}  keep_from  {answer, X}
 *     {timeout, Ms, Action}  {message, Ms, M, Action}  {continue, C, Action}
 *     {sleep, Ms, Action}  {send_self, M, Action}  {trap, Bool, Action}
 */
#ifndef COP_TESTS_SUPPORT_ACTOR_H
#define COP_TESTS_SUPPORT_ACTOR_H

#include <coppice/report.h>
#include <coppice/server.h>
#include <coppice/supervisor.h>
#include <coppice/sys.h>

#include "support/world.h"

COP_DECLARE(actor);

void actors_begin(void);

/* cop_server_try_start_link(actor, map) by a pattern: actor_start("#{id => a}"). The pid. */
#define actor_start(...)      actor_start_with(true, cop_build(__VA_ARGS__))
#define actor_start_free(...) actor_start_with(false, cop_build(__VA_ARGS__))
cop_pid actor_start_with(bool link, cop_term argument);

/* actor_do(pid, "{stop, normal}"): a cast, and waits until all is quiet. */
#define actor_do(to, ...)                                                                          \
        (cop_cast((to), "{do, What}", cop_build(__VA_ARGS__)), (void)cop_system_quiet(5000))

/* What {Module, start_link, Arguments} of an actor is, for child specifications. */
cop_term actor_spec(cop_term id, cop_term more);

/* How a call ends: {reply, X}, or {exit, R} with the bare reason. */
#define call_result(to, timeout_ms, ...) call_result_of((to), (timeout_ms), cop_build(__VA_ARGS__))
cop_term call_result_of(cop_pid to, int64_t timeout_ms, cop_term request);

/* What fn(argument) exits with; ok where it returns. */
cop_term exit_of(void (*fn)(void *argument), void *argument);

#endif
