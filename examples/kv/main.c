/*
 * Buckets of keys and values, found by name, and what becomes of the names when a bucket dies. README.md
 * beside this tells the story.
 *
 *     $ build/examples/kv
 */
#include "kv.h"

#include <stdio.h>

static void show(const char *name)
{
        printf("is there a bucket %s? %s\n", name, kv_exists(kv_store, name) ? "yes" : "no");
}

static void run(cop_term arguments)
{
        cop_pid registry = cop_whereis("kv_registry");

        show("shopping");
        kv_create(kv_store, "shopping");
        kv_create(kv_store, "garden");
        show("shopping");
        kv_bucket_put(kv_bucket(kv_store, "shopping"), "milk", cop_int(3));
        printf("milk: %s\n", cop_show(kv_bucket_get(kv_bucket(kv_store, "shopping"), "milk")));
        printf("eggs: %s\n", cop_show(kv_bucket_get(kv_bucket(kv_store, "shopping"), "eggs")));

        printf("-- the bucket shopping dies\n");
        cop_kill(cop_registry_whereis(kv_store.registry, "shopping"));
        cop_system_quiet(5000);
        show("shopping");
        show("garden");
        printf("is the registry the same? %s\n",
               cop_same(registry, cop_whereis("kv_registry")) ? "yes" : "no");
}

COP_MAIN(kv, .run = run);
