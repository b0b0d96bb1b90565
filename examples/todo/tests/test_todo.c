/*
 * Each test is a process, and has a manager and a supervisor of lists of its own, without a name:
 * tests have nothing in common, with each other or with the application.
 */
#include <coppice/test_process.h>

#include "todo.h"

COP_TEST_PROCESSES();

struct fixture {
        cop_pid lists, manager;
};

static struct fixture begin(void)
{
        struct fixture f;

        f.lists = cop_start_supervised(COP_SUBTREE(todo_list_supervisor));
        f.manager = cop_server_start_link(todo_manager, cop_pid_term(f.lists));
        return f;
}

static cop_term lookup(struct fixture f, const char *name)
{
        return todo_manager_lookup(cop_pid_term(f.manager), name);
}

static cop_pid create(struct fixture f, const char *name)
{
        cop_pid list;

        todo_manager_create(cop_pid_term(f.manager), name);
        cop_assert_match(lookup(f, name), "{ok, List}", &list);
        return list;
}

COP_TEST(TODO_list, "a list has what was put into it")
{
        struct fixture f = begin();
        cop_pid list = todo_list_supervisor_start_list(cop_pid_term(f.lists));

        cop_assert_term(todo_list_get(list), "[]");
        todo_list_put(list, "milk");
        todo_list_put(list, "eggs");
        cop_assert_term(todo_list_get(list), "[<<\"eggs\">>, <<\"milk\">>]");
}

COP_TEST(TODO_create, "a list is found by the name that it was made under")
{
        struct fixture f = begin();
        cop_pid list;

        cop_assert_term(lookup(f, "shopping"), "error");
        list = create(f, "shopping");
        todo_list_put(list, "eggs");
        cop_assert(cop_same(create(f, "shopping"), list));
        cop_assert(!cop_same(create(f, "garden"), list));
}

COP_TEST(TODO_crash, "a list that dies is forgotten, and the manager goes on")
{
        struct fixture f = begin();
        cop_pid list = create(f, "shopping");

        cop_exit_to(list, "shutdown");
        cop_assert(cop_system_quiet(5000));
        cop_assert_term(lookup(f, "shopping"), "error");
        cop_assert(!cop_same(create(f, "shopping"), list));
}

COP_TEST(TODO_stop, "a manager that is stopped ends")
{
        struct fixture f = begin();

        todo_manager_stop(cop_pid_term(f.manager));
        cop_assert(cop_system_quiet(5000));
        cop_assert(!cop_is_alive(f.manager));
}

COP_TEST(TODO_application, "when the manager dies, its lists do, and a new one has its name")
{
        cop_term manager = cop_atom("todo_manager");
        cop_pid list, old;

        cop_assert_term(cop_application_ensure_all_started("todo", COP_TEMPORARY), "{ok, [todo]}");
        old = cop_whereis("todo_manager");
        todo_manager_create(manager, "shopping");
        cop_assert_match(todo_manager_lookup(manager, "shopping"), "{ok, List}", &list);
        cop_kill(old);
        cop_assert(cop_system_quiet(5000));
        cop_assert(!cop_is_alive(list));
        cop_assert(!cop_same(cop_whereis("todo_manager"), old));
        cop_assert_term(todo_manager_lookup(manager, "shopping"), "error");
        cop_assert_term(cop_application_stop("todo"), "ok");
        cop_assert(cop_is_nobody(cop_whereis("todo_manager")));
}
