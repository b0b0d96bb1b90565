/*
 * kv_bucket: keys and values. A bucket that dies is gone, with all that was in it.
 */
#include "kv.h"

struct kv_bucket {
        struct cop_table *values;
};

/* What the rest of the program calls. */

void kv_bucket_put(cop_term bucket, const char *key, cop_term value)
{
        cop_call(bucket, "{put, Key, Value}", key, value);
}

cop_term kv_bucket_get(cop_term bucket, const char *key)
{
        return cop_call(bucket, "{get, Key}", key);
}

cop_term kv_bucket_delete(cop_term bucket, const char *key)
{
        return cop_call(bucket, "{delete, Key}", key);
}

/* What the process does, one message at a time. */

static cop_next init(struct kv_bucket *b, cop_term unused)
{
        b->values = cop_table_new();
        return cop_ok();
}

static cop_next handle_call(struct kv_bucket *b, cop_term request, cop_from from)
{
        cop_term key, value;

        if (cop_match(request, "{put, Key, Value}", &key, &value)) {
                cop_table_put(b->values, key, value);
                return cop_reply(cop_build("ok"));
        }
        if (cop_match(request, "{get, Key}", &key))
                return cop_reply(cop_table_get(b->values, key, cop_build("error")));
        if (cop_match(request, "{delete, Key}", &key)) {
                value = cop_table_take(b->values, key);
                return cop_reply(cop_is_none(value) ? cop_build("error") : value);
        }
        return cop_no_clause();
}

COP_SERVER(kv_bucket, struct kv_bucket, .init = init, .handle_call = handle_call);
