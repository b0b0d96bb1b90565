/*
 * coppice/pg.h: process groups.
 *
 * A group has a name, any term, and members; it is there as long as it has some. Who joins need not be
 * the process itself, a process may join a group more than once, and whoever ends leaves. Groups
 * belong to a scope, which is a process. The behaviour is that of OTP's pg, on one node.
 *
 *     COP_SUPERVISOR(chat, .strategy = COP_ONE_FOR_ONE,
 *             .children = COP_CHILDREN(COP_PG("rooms"), ...));
 *
 *     cop_pg_join("rooms", "lobby", cop_self());
 *     COP_EACH (member, cop_pg_get_members("rooms", "lobby"))
 *             cop_send(member, "{said, Who, What}", who, what);
 *
 * Joining and leaving ask the scope's process; looking at groups does not. Group names are integers,
 * floats, texts or terms, as in cop_build(). Where every process registers itself, with a value, or
 * a key is to have one process only, take a registry (<coppice/registry.h>).
 */
#ifndef COPPICE_PG_H
#define COPPICE_PG_H

#include <coppice/supervisor.h>

COP_BEGIN_DECLS

/* The server behind each scope, whose registered name is the scope's. Its argument is []. */
extern COP_API const struct cop_module COP__MODULE(cop_pg);

/* COP_PG("rooms"): a scope as a child of a supervisor. */
#define COP_PG(scope)                                                                              \
        COP__CHILD                                                                                 \
        {                                                                                          \
                .module = COP__REF(cop_pg), .argument = cop_nil(), .id = (scope), .name = (scope)  \
        }
/* The same by hand; as cop_server_start_link(). */
#define cop_pg_start_link(scope) cop_server_start_link(cop_pg, cop_nil(), .name = (scope))
#define cop_pg_start(scope)      cop_server_start(cop_pg, cop_nil(), .name = (scope))

/* ---- joining and leaving; any thread ---- */

/*
 * cop_pg_join("rooms", "lobby", pid), or a list of pids: they are members once more. What is no
 * process of this node is the error {nolocal, It}. Who is dead joins, and leaves at once. Without a
 * scope the caller exits as with cop_call().
 *
 * Blocks    until it is done.
 */
#define cop_pg_join(scope, group, who)                                                             \
        cop__pg_join((scope), cop_build("G", (group)), cop_build("W", (who)))
/* They are members once less. False: none of them was one.
 *
 * Blocks    until it is done. */
#define cop_pg_leave(scope, group, who)                                                            \
        cop__pg_leave((scope), cop_build("G", (group)), cop_build("W", (who)))

/* ---- looking at groups; any thread ---- */

/* The members, in any order, each as often as it has joined. Of a scope that is not there: none. */
#define cop_pg_get_members(scope, group) cop__pg_get_members((scope), cop_build("G", (group)))
/* Those of this node: while there is but one, all of them. */
#define cop_pg_get_local_members(scope, group) cop_pg_get_members((scope), (group))
/* The groups that have members, as a sorted list. badarg without a scope. */
COP_API cop_term cop_pg_which_groups(const char *scope);
#define cop_pg_which_local_groups(scope) cop_pg_which_groups(scope)

/* ---- hearing of changes ---- */

/*
 * From now on the caller gets {Ref, join, Group, Pids} and {Ref, leave, Group, Pids}; *groups is what
 * there is now, a map #{Group => Pids}.
 *
 * Blocks    until the scope has answered.
 */
COP_API cop_ref cop_pg_monitor_scope(const char *scope, cop_term *groups);
/* The same of one group; *members is a list of pids. */
#define cop_pg_monitor(scope, group, members)                                                      \
        cop__pg_monitor((scope), cop_build("G", (group)), (members))
/* Ends either. False: there was no such monitor. Messages that are there already stay. */
COP_API bool cop_pg_demonitor(const char *scope, cop_ref ref);

/* ---- behind the macros ---- */

COP_API void cop__pg_join(const char *scope, cop_term group, cop_term who);
COP_API bool cop__pg_leave(const char *scope, cop_term group, cop_term who);
COP_API cop_term cop__pg_get_members(const char *scope, cop_term group);
COP_API cop_ref cop__pg_monitor(const char *scope, cop_term group, cop_term *members);

COP_END_DECLS

#endif
