/*
 * coppice/sys.h: looking into a running server, and holding it.
 *
 * Every server and supervisor answers these requests between two callbacks, also while it is
 * suspended. They are for people and tools, and for tests.
 *
 *     cop_print(cop_sys_get_state("counter"));
 *
 * Where no answer comes within 5000 ms, or the process does not live, the caller exits with
 * {Reason, {sys, Function, [To]}}. All of them may be called by any thread, and block that long.
 */
#ifndef COPPICE_SYS_H
#define COPPICE_SYS_H

#include <coppice/server.h>

COP_BEGIN_DECLS

/* The state as a term: what the server's show says. */
#define cop_sys_get_state(to) cop__sys_call(COP__TO(to), "get_state", cop_build("get_state"))
/* Gives the server the state that this term describes: its restore is called with it. If that
 * crashes the state stays as it was, and the caller exits with {callback_failed, Where, Error}. */
#define cop_sys_replace_state(to, shown)                                                           \
        cop__sys_call(COP__TO(to), "replace_state", cop_build("{replace_state, S}", (shown)))
/* {status, Pid, {module, Module}, [Dictionary, running or suspended, Parent, [], Status]} */
#define cop_sys_get_status(to) cop__sys_call(COP__TO(to), "get_status", cop_build("get_status"))

/* From here on it answers only to this header; messages and calls wait. The end of its parent is
 * still its own. To suspend twice is to suspend once. */
#define cop_sys_suspend(to) ((void)cop__sys_call(COP__TO(to), "suspend", cop_build("suspend")))
#define cop_sys_resume(to)  ((void)cop__sys_call(COP__TO(to), "resume", cop_build("resume")))

/* Counts from now on what comes and goes. */
#define cop_sys_statistics(to, on)                                                                 \
        ((void)cop__sys_call(COP__TO(to), "statistics",                                            \
                             cop_build("{debug, {statistics, On}}", cop_bool(on))))
/* [{start_time, Ms}, {current_time, Ms}, {messages_in, N}, {messages_out, N}], both times of
 * cop_now_ms(); or no_statistics. */
#define cop_sys_get_statistics(to)                                                                 \
        cop__sys_call(COP__TO(to), "statistics", cop_build("{debug, {statistics, get}}"))
/* Prints on standard error what comes and goes, from now on. */
#define cop_sys_trace(to, on)                                                                      \
        ((void)cop__sys_call(COP__TO(to), "trace", cop_build("{debug, {trace, On}}", cop_bool(on))))
/* Keeps the last `count` of what comes and goes, from now on; 0: no longer. */
#define cop_sys_log(to, count)                                                                     \
        ((void)cop__sys_call(COP__TO(to), "log", cop_build("{debug, {log, N}}", (count))))
/* [{in, Message}, {out, Answer, To}, noreply, ...], the oldest first. */
#define cop_sys_get_log(to) cop__sys_call(COP__TO(to), "log", cop_build("{debug, {log, get}}"))
/* None of the three any more. */
#define cop_sys_no_debug(to)                                                                       \
        ((void)cop__sys_call(COP__TO(to), "no_debug", cop_build("{debug, no_debug}")))

COP_API cop_term cop__sys_call(struct cop__to to, const char *function, cop_term request);

COP_END_DECLS

#endif
