/*
 * The application: its supervisor, and the names under which its two processes are found. Neither of
 * them knows its own name, or the other's: they are told.
 *
 * The lists come first, since the manager needs them. When either dies both are started anew: names without
 * lists are as useless as lists without names.
 */
#include "todo.h"

COP_SUPERVISOR(todo_supervisor, .strategy = COP_ONE_FOR_ALL,
               .children = COP_CHILDREN(COP_SUBTREE(todo_list_supervisor, .name = "todo_lists"),
                                        COP_WORKER(todo_manager, "todo_lists",
                                                   .name = "todo_manager")));

COP_APPLICATION(todo, .description = "to-do lists that are found by name", .vsn = "0.1.0",
                .start = COP_ROOT(todo_supervisor));
