/*
 * todo_list_supervisor: all lists, as a group: when it ends, they do. A list that dies is gone, and
 * is not started again: its items would be, too.
 */
#include "todo.h"

COP_SUPERVISOR(todo_list_supervisor, .strategy = COP_SIMPLE_ONE_FOR_ONE,
               .children = COP_CHILDREN(COP_WORKER(todo_list, "[]", .restart = COP_TEMPORARY)));

cop_pid todo_list_supervisor_start_list(cop_term supervisor)
{
        cop_pid list;

        if (!cop_match(cop_start_child(supervisor, "[]"), "{ok, List}", &list))
                cop_error("no_list");
        return list;
}
