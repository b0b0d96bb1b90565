/*
 * ETS: many at once, some of them killed, and no memory.
 */
#include <coppice/ets.h>
#include <coppice/report.h>

#include "base/alloc.h"
#include "base/sanitizers.h"
#include "support/values.h"
#include "support/world.h"

enum { KEYS = 32, WORKERS = 4 };

/* Objects are {Key, N, N}: whoever sees two different numbers has seen half of a change. */
static void change_one(cop_ref t, int key)
{
        switch (cop_test_random_below(7)) {
        case 0:
                cop_ets_delete(t, key);
                break;
        case 1:
                cop_ets_update_counter_or(t, key, cop_build("{any, 0, 0}"), "[{2, 1}, {3, 1}]");
                break;
        case 2:
                cop_ets_update_element(t, key, "[{2, 5}, {3, 5}]");
                break;
        case 3:
                cop_ets_take(t, key);
                break;
        case 4:
                cop_ets_insert(t, "[{A, 1, 1}, {B, 2, 2}]", key, (key + 1) % KEYS);
                break;
        case 5:
                cop_ets_insert_new(t, "{K, 7, 7}", key);
                break;
        default:
                cop_ets_match_delete(t, "{^K, _, _}", &key);
        }
}

static void look_at_one(cop_ref t, int key)
{
        int64_t a, b;

        COP_EACH (object, cop_ets_lookup(t, key)) {
                cop_assert_match(object, "{_, A, B}", &a, &b);
                cop_assert_equal(a, b);
        }
        cop_ets_next(t, key);
        cop_ets_prev(t, key);
        COP_ETS_EACH(object, t)
        {
                cop_assert_match(object, "{_, A, B}", &a, &b);
                cop_assert_equal(a, b);
        }
}

static void works(cop_term argument)
{
        cop_ref t;

        cop_match(argument, "{T}", &t);
        for (;;) {
                int key = (int)cop_test_random_below(KEYS);

                cop_scope {
                        change_one(t, key);
                        look_at_one(t, key);
                }
                cop_yield();
        }
}

static cop_pid worker(cop_ref t)
{
        return cop_spawn(works, cop_build("{T}", t));
}

static void kill_worker(cop_pid pid)
{
        cop_ref ref = cop_monitor(pid);

        cop_kill(pid);
        cop_assert_term(down_reason(ref), "killed");
}

static void kill_workers(enum cop_ets_type type)
{
        cop_ref t =
                cop_ets_new("t", .type = type, .access = COP_ETS_PUBLIC, .write_concurrency = true);
        cop_pid workers[WORKERS];

        for (int i = 0; i < WORKERS; i++)
                workers[i] = worker(t);
        for (int i = 0; i < 3 * world_times(); i++) {
                int at = (int)cop_test_random_below(WORKERS);

                kill_worker(workers[at]);
                workers[at] = worker(t);
                cop_ets_insert(t, "{whole, I, I}", i);
                cop_assert_term(cop_ets_lookup(t, cop_atom("whole")), "[{whole, I, I}]", i);
                cop_ets_delete(t, cop_atom("whole"));
        }
        for (int i = 0; i < WORKERS; i++)
                kill_worker(workers[i]);
        cop_ets_clear(t);
        cop_assert_term(cop_ets_info(t, "size"), "0");
        cop_ets_free(t);
}

COP_TEST(ETS_killed, "whoever is killed in the middle of it leaves the table whole, and free")
{
        if (COP_ASAN)
                cop_skip("AddressSanitizer's code counts as the program's: who is killed there "
                         "leaves "
                         "behind what it was making");
        kill_workers(COP_ETS_SET);
        kill_workers(COP_ETS_ORDERED_SET);
}

static void frees(cop_term argument)
{
        cop_ref t;

        cop_match(argument, "{T}", &t);
        cop_ets_free(t);
}

COP_TEST(ETS_freed_meanwhile, "a table that goes while others use it is badarg to them")
{
        for (int i = 0; i < world_times(); i++) {
                cop_ref t = cop_ets_new("t", .access = COP_ETS_PUBLIC), ref[2];

                for (int k = 0; k < 2; k++)
                        cop_spawn(works, cop_build("{T}", t), .monitor = &ref[k]);
                cop_spawn(frees, cop_build("{T}", t));
                for (int k = 0; k < 2; k++) {
                        cop_term reason = down_reason(ref[k]);

                        cop_assert(cop_match(reason, "{badarg, _}"));
                }
        }
}

/* ---- without memory ---- */

static void do_all(cop_ref t)
{
        cop_term any = cop_build("{any, 1, {nested, [1, 2, 3]}}");
        int64_t big = INT64_MAX;

        cop_ets_insert(t, "[{new, 1, 2}, {newer, 1, [x]}]");
        cop_ets_insert_new(t, "{newest, N, <<\"text\">>}", big);
        cop_ets_lookup(t, 7);
        cop_ets_update_counter_or(t, cop_atom("counter"), any, "[{2, 1}, {2, N}]", big - 10);
        cop_ets_update_element(t, 7, "{2, [a, b, c]}");
        cop_ets_take(t, 8);
        cop_ets_next_lookup(t, 9);
        cop_ets_match(t, "{9, _, _}");
        cop_ets_to_list(t);
        cop_ets_delete_object(t, "{new, 1, 2}");
}

static void a_day(cop_term argument)
{
        cop_ref t;
        int type;

        cop_match(argument, "{Type}", &type);
        t = cop_ets_new("day", .named = true, .type = (enum cop_ets_type)type, .heir = cop_self(),
                        .heir_data = argument);
        for (int i = 0; i < 40; i++)
                cop_ets_insert(t, "{I, 0, [I]}", i);
        do_all(t);
        cop_ets_free(t);
}

/* The day of a process, whose n-th allocation fails. Returns whether one did. */
static bool live_with(int type, int n)
{
        bool refused;

        cop_assert(cop_system_quiet(5000));
        cop__alloc_fail_at(n);
        cop_spawn(a_day, cop_build("{T}", type));
        cop_assert(cop_system_quiet(5000));
        refused = cop__alloc_fail_at(0);
        cop_assert_equal(cop_process_count(), 1);
        cop_assert_term(cop_ets_all(), "[]");
        return refused;
}

COP_TEST(ETS_memory, "whichever allocation fails, the caller ends, and nothing is left behind",
         .limit_s = 120)
{
        cop_set_report_level(COP_LEVEL_EMERGENCY);
        for (int type = COP_ETS_SET; type <= COP_ETS_ORDERED_SET; type++) {
                int n = 3; /* the first two are the spawn's own, in this process */

                cop_spawn(a_day, cop_build("{T}", type));
                while (live_with(type, n))
                        n++;
                cop_assert(n > 50);
        }
}

/* One operation on a table of another, of which any allocation may fail. */
static void a_deed(void *table)
{
        cop_ref t = *(cop_ref *)table;

        cop_ets_insert(t, "[{a, 1, [x]}, {b, 1, [x]}]");
        cop_ets_update_counter(t, cop_atom("a"), "[{2, N}]", INT64_MAX - 5);
        cop_ets_take(t, cop_atom("b"));
}

COP_TEST(ETS_memory_whole, "an operation without memory leaves the table as it was")
{
        enum cop_class class = COP_EXIT;
        cop_ref t = cop_ets_new("t");
        cop_term reason, before;

        for (int n = 1; class != COP_NORMAL; n++) {
                bool has_b;

                cop_ets_clear(t);
                cop_assert(cop_system_quiet(5000));
                cop__alloc_fail_at(n);
                class = cop_try(a_deed, &t, &reason);
                cop__alloc_fail_at(0);
                before = cop_sort(cop_ets_to_list(t));
                has_b = cop_match(before, "[{a, _, [x]}, {b, 1, [x]}]");
                cop_assert(cop_is_nil(before) || has_b ||
                           cop_match(before, "[{a, 9223372036854775803, [x]}]"));
        }
}
