/*
 * kv.h: buckets of keys and values, found by name.
 *
 * A store is a registry, which has the names, and a supervisor, which has the buckets; each by its own name.
 * The application's is kv_store; a test makes others.
 */
#ifndef KV_H
#define KV_H

#include <coppice.h>

struct kv_store {
        const char *registry, *buckets;
};

extern const struct kv_store kv_store;

/* Makes a bucket of this name. False: there is one. */
bool kv_create(struct kv_store store, const char *name);
/* The bucket's name wherever a process is asked for. */
cop_term kv_bucket(struct kv_store store, const char *name);
/* Is there one? */
bool kv_exists(struct kv_store store, const char *name);

void kv_bucket_put(cop_term bucket, const char *key, cop_term value);
/* The value; the atom error where there is no such key. */
cop_term kv_bucket_get(cop_term bucket, const char *key);
/* The value that the key had, as above. */
cop_term kv_bucket_delete(cop_term bucket, const char *key);

#endif
