/*
 * kv: buckets by name. A registry has the names, so nobody has to be asked who a name belongs to, and
 * nobody has to forget the name of a bucket that died.
 */
#include "kv.h"

cop_term kv_bucket(struct kv_store store, const char *name)
{
        return cop_registry_name(store.registry, name);
}

bool kv_create(struct kv_store store, const char *name)
{
        return cop_match(
                cop_start_child(store.buckets, "S",
                                COP_CHILD_SPEC(COP_WORKER(kv_bucket, "[]", .restart = COP_TEMPORARY,
                                                          .via = kv_bucket(store, name)))),
                "{ok, _}");
}

bool kv_exists(struct kv_store store, const char *name)
{
        return !cop_is_nobody(cop_registry_whereis(store.registry, name));
}
