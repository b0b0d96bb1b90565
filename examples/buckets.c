/*
 * buckets: shopping lists that are found by name. A registry keeps the names, a dynamic supervisor
 * the processes, and a via, {via, cop_registry, {buckets, Name}}, stands wherever a process is asked
 * for: the program never holds a pid.
 *
 *     $ build/examples/buckets
 *     shopping has 3 of milk
 *     there is a shopping list already
 *     travel knows no milk
 *     the shopping list has crashed; the next one knows nothing
 *     open now: shopping, travel
 */
#include <coppice.h>

#include <stdio.h>

/* ---- what the rest of the program calls ---- */

static cop_term bucket(const char *name)
{
        return cop_registry_name("buckets", name);
}

/* Returns whether it is new. */
bool bucket_create(const char *name)
{
        return cop_match(
                cop_start_child("bucket_supervisor", "S",
                                COP_CHILD_SPEC(COP_WORKER(bucket, "[]", .via = bucket(name)))),
                "{ok, _}");
}

void bucket_put(const char *name, const char *what, int64_t count)
{
        cop_call(bucket(name), "{put, What, Count}", what, count);
}

int64_t bucket_get(const char *name, const char *what)
{
        return cop_to_int(cop_call(bucket(name), "{get, What}", what));
}

/* ---- what the process does, one message at a time ---- */

struct bucket {
        struct cop_table *counts;
};

static cop_next init(struct bucket *b, cop_term unused)
{
        b->counts = cop_table_new();
        return cop_ok();
}

static cop_next handle_call(struct bucket *b, cop_term request, cop_from from)
{
        cop_term what, count;

        if (cop_match(request, "{put, What, Count}", &what, &count)) {
                cop_table_put(b->counts, what, count);
                return cop_reply(cop_build("ok"));
        }
        if (cop_match(request, "{get, What}", &what))
                return cop_reply(cop_table_get(b->counts, what, cop_int(0)));
        return cop_no_clause();
}

COP_SERVER(bucket, struct bucket, .init = init, .handle_call = handle_call);

/* ---- the tree: names first, since who has one dies with the registry ---- */

COP_SUPERVISOR(tree, .strategy = COP_REST_FOR_ONE,
               .children = COP_CHILDREN(COP_REGISTRY("buckets", .keys = COP_KEYS_UNIQUE),
                                        COP_WORKER(cop_dynamic_supervisor, "[]",
                                                   .name = "bucket_supervisor")));

/* ---- what is shown ---- */

static void crash(const char *name)
{
        cop_ref ref = cop_monitor(bucket(name));

        cop_cast(bucket(name), "cat"); /* there is no such request */
        cop_receive(COP_FOREVER, "{'DOWN', ^Ref, process, _, _}", &ref);
        while (cop_is_nobody(cop_registry_whereis("buckets", name)))
                cop_sleep(1);
}

static void show_names(void)
{
        const char *separator = "open now: ";

        COP_EACH (entry, cop_sort(cop_registry_select("buckets", "_"))) {
                printf("%s%s", separator, cop_to_cstring(cop_element(entry, 0)));
                separator = ", ";
        }
        printf("\n");
}

static void first(cop_term arguments)
{
        cop_set_report_level(COP_LEVEL_CRITICAL); /* the report of the crash is not the point */
        cop_supervisor_start_link(tree);
        bucket_create("shopping");
        bucket_create("travel");
        bucket_put("shopping", "milk", 3);
        printf("shopping has %d of milk\n", (int)bucket_get("shopping", "milk"));
        if (!bucket_create("shopping"))
                printf("there is a shopping list already\n");
        if (bucket_get("travel", "milk") == 0)
                printf("travel knows no milk\n");
        crash("shopping");
        if (bucket_get("shopping", "milk") == 0)
                printf("the shopping list has crashed; the next one knows nothing\n");
        show_names();
}

int main(int argc, char **argv)
{
        return cop_main(first, argc, argv);
}
