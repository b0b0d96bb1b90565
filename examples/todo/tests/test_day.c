/*
 * A day in the life of the lists, of virtual time: with somebody who uses them, and a fault each second.
 */
#include <coppice/sim.h>
#include <coppice/test.h>

#include "todo.h"

enum { DAY_S = 24 * 60 * 60 };

COP_SUPERVISOR(day_supervisor, .strategy = COP_ONE_FOR_ALL, .intensity = 1000, .period = 1,
               .children = COP_CHILDREN(COP_SUBTREE(todo_list_supervisor, .name = "day_lists"),
                                        COP_WORKER(todo_manager, "day_lists", .name = "day_manager",
                                                   .shutdown = 100)));

/* A name that may be taken, an item on that list, and a look at it. */
static void use(void *unused)
{
        static const char *const names[] = { "shopping", "garden", "work", "holidays" };
        const char *name = names[cop_random() % 4];
        cop_term manager = cop_atom("day_manager");
        cop_pid list;

        todo_manager_create(manager, name);
        if (!cop_match(todo_manager_lookup(manager, name), "{ok, List}", &list))
                return;
        todo_list_put(list, "eggs");
        todo_list_get(list);
}

static void live_a_day(void)
{
        int64_t end_ms = cop_now_ms() + DAY_S * (int64_t)1000;
        cop_pid root = cop_supervisor_start_link(day_supervisor), list;
        cop_term reason;

        cop_logger_set_level(COP_LEVEL_NONE);
        cop_trap_exits(true);
        while (cop_now_ms() < end_ms) {
                cop_try(use, NULL, &reason);
                cop_sleep((int64_t)(cop_random() % 2000));
        }
        cop_assert(cop_sim_fault_count() > DAY_S * 9 / 10);

        cop_sleep(10000);
        cop_assert(cop_is_alive(root));
        todo_manager_create(cop_atom("day_manager"), "evening");
        cop_assert_match(todo_manager_lookup(cop_atom("day_manager"), "evening"), "{ok, List}",
                         &list);
        cop_assert_term(todo_list_get(list), "[]");
        cop_server_stop(root);
}

COP_TEST(TODO_day, "a day with a fault each second, and in the evening all of it works",
         .limit_s = 300, .plain = true)
{
        cop_simulate(live_a_day, .seeds = 1, .limit_s = 200, .every_ms = 1000,
                     .until_ms = DAY_S * (int64_t)1000,
                     .faults = COP_SIM_KILL | COP_SIM_FAULT | COP_SIM_SLOW | COP_SIM_MEMORY);
}
