/*
 * todo.h: to-do lists that are found by name.
 *
 * Whom to ask is a pid, or the name of a process, as a term: cop_atom("todo_manager").
 */
#ifndef TODO_H
#define TODO_H

#include <coppice.h>

COP_DECLARE(todo_list_supervisor);
COP_DECLARE(todo_manager);

/* ---- a list ---- */

void todo_list_put(cop_pid list, const char *item);
/* All of its items, the newest first. */
cop_term todo_list_get(cop_pid list);

/* ---- those that supervise lists ---- */

/* A new list, which is not started again when it dies. */
cop_pid todo_list_supervisor_start_list(cop_term supervisor);

/* ---- who knows their names ---- */

/* Makes a list of this name, if there is none. Does not wait for it. */
void todo_manager_create(cop_term manager, const char *name);
/* {ok, Pid}, or error. */
cop_term todo_manager_lookup(cop_term manager, const char *name);
void todo_manager_stop(cop_term manager);

#endif
