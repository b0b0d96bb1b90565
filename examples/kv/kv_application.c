/*
 * The application. The registry comes first: buckets have names in it, and die with it. So when it has to be
 * started again the supervisor of buckets is, too (rest_for_one); when that one dies the registry stays.
 */
#include "kv.h"

const struct kv_store kv_store = { "kv_registry", "kv_buckets" };

COP_SUPERVISOR(kv_supervisor, .strategy = COP_REST_FOR_ONE,
               .children = COP_CHILDREN(COP_REGISTRY("kv_registry", .keys = COP_KEYS_UNIQUE),
                                        COP_WORKER(cop_dynamic_supervisor, "[]",
                                                   .id = "buckets", .name = "kv_buckets")));

COP_APPLICATION(kv, .description = "buckets of keys and values, by name", .vsn = "0.1.0",
                .start = COP_ROOT(kv_supervisor));
