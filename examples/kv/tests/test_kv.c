/*
 * Each test is a process, and has a store with names of its own, so that tests have nothing in common
 * with each other or with the application.
 */
#include <coppice/test_process.h>

#include "kv.h"

COP_TEST_PROCESSES();

static struct kv_store begin(void)
{
        struct kv_store store = { "test_registry", "test_buckets" };

        cop_start_supervised(COP_REGISTRY(store.registry, .keys = COP_KEYS_UNIQUE));
        cop_start_supervised(COP_SUBTREE(cop_dynamic_supervisor, .name = store.buckets));
        return store;
}

COP_TEST(KV_create, "a bucket is found by its name, and there is one of each name")
{
        struct kv_store store = begin();

        cop_assert(!kv_exists(store, "shopping"));
        cop_assert(kv_create(store, "shopping"));
        cop_assert(kv_exists(store, "shopping"));
        cop_assert(!kv_create(store, "shopping"));
        cop_assert(kv_create(store, "garden"));
}

COP_TEST(KV_bucket, "a bucket has what was put into it, until it is deleted")
{
        struct kv_store store = begin();
        cop_term bucket = kv_bucket(store, "shopping");

        kv_create(store, "shopping");
        cop_assert_term(kv_bucket_get(bucket, "milk"), "error");
        kv_bucket_put(bucket, "milk", cop_int(3));
        cop_assert_term(kv_bucket_get(bucket, "milk"), "3");
        cop_assert_term(kv_bucket_delete(bucket, "milk"), "3");
        cop_assert_term(kv_bucket_delete(bucket, "milk"), "error");
}

COP_TEST(KV_crash, "a bucket that dies is forgotten, and the others stay")
{
        struct kv_store store = begin();

        kv_create(store, "shopping");
        kv_create(store, "garden");
        cop_kill(cop_registry_whereis(store.registry, "shopping"));
        cop_assert(cop_system_quiet(5000));
        cop_assert(!kv_exists(store, "shopping"));
        cop_assert(kv_exists(store, "garden"));
        cop_assert(kv_create(store, "shopping"));
}

COP_TEST(KV_application,
         "the application's tree: when the registry dies, the buckets are started anew")
{
        cop_pid buckets;

        cop_assert_term(cop_application_ensure_all_started("kv", COP_TEMPORARY), "{ok, [kv]}");
        buckets = cop_whereis("kv_buckets");
        cop_assert(kv_create(kv_store, "shopping"));
        cop_kill(cop_whereis("kv_registry"));
        cop_assert(cop_system_quiet(5000));
        cop_assert(!kv_exists(kv_store, "shopping"));
        cop_assert(!cop_same(cop_whereis("kv_buckets"), buckets));
        cop_assert_term(cop_application_stop("kv"), "ok");
}
