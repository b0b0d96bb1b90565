/*
 * To-do lists: a session with them, and what becomes of them when somebody dies. README.md beside this
 * tells the story.
 *
 *     $ build/examples/todo
 *     $ build/examples/todo --no-start
 */
#include "todo.h"

#include <stdio.h>
#include <string.h>

#define SAID(...) (printf("> " __VA_ARGS__), printf("\n"), fflush(stdout))

static cop_pid lookup(const char *name)
{
        cop_term result = todo_manager_lookup(cop_atom("todo_manager"), name);
        cop_pid list = { 0 };

        SAID("todo_manager_lookup(todo_manager, <<\"%s\">>)", name);
        printf("%s\n", cop_match(result, "{ok, List}", &list) ? "{ok, a list}" : cop_show(result));
        return list;
}

static void create(const char *name)
{
        SAID("todo_manager_create(todo_manager, <<\"%s\">>)\nok", name);
        todo_manager_create(cop_atom("todo_manager"), name);
}

static void kill_and_wait(const char *what, cop_pid pid)
{
        SAID("kill %s", what);
        cop_kill(pid);
        cop_system_quiet(5000);
}

/* When nothing was started, it is started and stopped by hand. */
static void by_hand(void)
{
        SAID("cop_application_start(todo)\n%s",
             cop_show(cop_application_start("todo", COP_TEMPORARY)));
        SAID("cop_application_stop(todo)\n%s", cop_show(cop_application_stop("todo")));
}

static void run(cop_term arguments)
{
        cop_pid manager = cop_whereis("todo_manager"), list;

        if (cop_is_nobody(manager)) {
                by_hand();
                return;
        }
        SAID("cop_application_start(todo)\n%s",
             cop_show(cop_application_start("todo", COP_TEMPORARY)));
        create("shopping");
        list = lookup("shopping");
        SAID("todo_list_put(list, <<\"eggs\">>)\nok");
        todo_list_put(list, "eggs");
        SAID("todo_list_get(list)\n%s", cop_show(todo_list_get(list)));

        printf("-- a list dies: the manager stays\n");
        create("garden");
        kill_and_wait("the list shopping", list);
        lookup("shopping");
        lookup("garden");
        SAID("is the manager the same?\n%s",
             cop_same(manager, cop_whereis("todo_manager")) ? "yes" : "no");

        printf("-- the manager dies: so do the lists, and all of it begins anew\n");
        kill_and_wait("the manager", manager);
        lookup("garden");
        SAID("is the manager the same?\n%s",
             cop_same(manager, cop_whereis("todo_manager")) ? "yes" : "no");
}

COP_MAIN(todo, .run = run);
