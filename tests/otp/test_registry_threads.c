/*
 * REG, PG: threads of the program's own look up, while processes register, leave and die.
 */
#include <coppice/pg.h>
#include <coppice/registry.h>
#include <coppice/report.h>
#include <coppice/system.h>
#include <coppice/test.h>
#include <coppice/text.h>

#include <pthread.h>
#include <stdatomic.h>

enum { THREADS = 3, LOOKS = 300, MEMBERS = 60, KEYS = 7 };

static _Atomic(int) wrong;

/* Registers under some keys, joins some groups, and ends, one way or another. */
static void live(cop_term number)
{
        int64_t n = cop_to_int(number), i;

        for (i = 0; i < 10; i++) {
                cop_registry_register("reg", (n + i) % KEYS, cop_build("{value, N}", n));
                cop_pg_join("scope", (n + i) % KEYS, cop_self());
                if (i % 3 == 0)
                        cop_registry_unregister("reg", (n + i) % KEYS);
                cop_yield();
        }
        if (n % 2)
                cop_exit("bye");
}

static void look(int64_t key)
{
        int64_t n;

        COP_EACH (entry, cop_registry_lookup("reg", key))
                if (!cop_match(entry, "{_, {value, N}}", &n))
                        atomic_store(&wrong, 1);
        COP_EACH (pid, cop_pg_get_members("scope", key))
                if (!cop_is_pid(pid))
                        atomic_store(&wrong, 2);
        cop_registry_count("reg");
        cop_registry_select("reg", "{^K, _, _}", &key);
}

static void *looks(void *unused)
{
        int i;

        for (i = 0; i < LOOKS; i++)
                cop_scope {
                        look(i % KEYS);
                }
        return NULL;
}

static void register_here(void *unused)
{
        cop_registry_register("reg", 1, 1);
}

static cop_pid start(const char *name, const struct cop_module *module, const char *argument)
{
        return cop_server_start_with(module, cop_read(argument), COP__START_OPTIONS(.name = name));
}

COP_TEST(REG_threads, "threads look up while processes come and go; and nothing is left of those")
{
        pthread_t threads[THREADS];
        cop_pid registry, scope;
        cop_term reason;
        int i;

        cop_assert_equal(cop_system_start(.schedulers = 2), 0);
        cop_set_report_level(COP_LEVEL_EMERGENCY);
        registry = start("reg", COP__REF(cop_registry), "#{keys => duplicate, partitions => 2}");
        scope = start("scope", COP__REF(cop_pg), "[]");
        for (i = 0; i < THREADS; i++)
                cop_assert_equal(pthread_create(&threads[i], NULL, looks, NULL), 0);
        for (i = 0; i < MEMBERS; i++)
                cop_spawn(live, cop_int(i));
        for (i = 0; i < THREADS; i++)
                pthread_join(threads[i], NULL);
        while (!cop_system_quiet(25000))
                ;
        cop_assert_equal(atomic_load(&wrong), 0);
        cop_assert_equal(cop_registry_count("reg"), 0);
        cop_assert(cop_is_nil(cop_pg_which_groups("scope")));
        /* A thread cannot be linked, so it cannot be registered. */
        cop_assert_equal(cop_try(register_here, NULL, &reason), COP_ERROR);
        cop_assert_match(reason, "{badarg, _}");
        cop_assert_equal(cop_registry_count("reg"), 0);
        cop_supervisor_stop(registry);
        cop_server_stop(scope);
        cop_assert_equal(cop_system_stop(5000), 0);
}
