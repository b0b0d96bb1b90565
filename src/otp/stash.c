/*
 * stash.c: a server that keeps terms, in a table or in a file.
 *
 * In memory   a table of the process.
 * In a file   under the hash of a key stand all pairs whose keys have it, as one list in the
 *             external format: [{Key, Value}, ...]. So a key may be of any size, and is compared
 *             as everywhere. The hash is the same in every run of every program.
 *
 * The file is decoded without the limits that hold for bytes from outside: what is in it was put
 * there by a stash, and must come back.
 */
#include <coppice/etf.h>
#include <coppice/memory.h>
#include <coppice/process.h>
#include <coppice/stash.h>
#include <coppice/table.h>

#include "otp/stash_file.h"

enum {
        CALL_MS = 5000,
        SIZE_MAX_BYTES = 1 << 30,
        ATOMS_MAX = 1 << 20,
};

struct stash {
        struct cop_table *table; /* NULL where there is a file */
        struct stash_file *file; /* NULL where there is a table */
        cop_term path;           /* kept; COP_NONE without a file */
};

/* ---- what the rest of the program calls ---- */

static cop_term to_term(struct cop__to to)
{
        if (to.kind == COP__TEXT)
                return cop_atom((const char *)(uintptr_t)to.word);
        return (cop_term){ to.word };
}

static cop_term ask(struct cop__to to, const char *function, cop_term key, cop_term request)
{
        cop_term answer = cop_call_term(to, request, CALL_MS), reason;

        if (cop_match(answer, "{error, Reason}", &reason))
                cop_exit("{Reason, {cop_stash, Function, [To, Key]}}", reason, cop_atom(function),
                         to_term(to), key);
        return answer;
}

static cop_term value_or(cop_term answer, cop_term otherwise)
{
        cop_term value;

        return cop_match(answer, "{ok, Value}", &value) ? value : otherwise;
}

void cop__stash_put(struct cop__to to, cop_term key, cop_term value)
{
        ask(to, "put", key, cop_build("{put, Key, Value}", key, value));
}

cop_term cop__stash_get(struct cop__to to, cop_term key, cop_term otherwise)
{
        return value_or(ask(to, "get", key, cop_build("{get, Key}", key)), otherwise);
}

cop_term cop__stash_take(struct cop__to to, cop_term key, cop_term otherwise)
{
        return value_or(ask(to, "take", key, cop_build("{take, Key}", key)), otherwise);
}

cop_term cop__stash_keys(struct cop__to to)
{
        return cop_call_term(to, cop_build("keys"), CALL_MS);
}

/* ---- in a file ---- */

static cop_term decode(cop_term binary)
{
        struct cop_decode_result result =
                cop_try_decode(cop_to_bytes(binary), cop_byte_size(binary), .depth_max = UINT32_MAX,
                               .words_max = SIZE_MAX / 16, .new_atoms_max = ATOMS_MAX);

        if (result.error)
                cop_exit("{damaged, Why}", result.error);
        return result.term;
}

/* The pairs whose keys have this hash. */
static cop_term pairs_of(struct stash *s, cop_term key)
{
        cop_term binary = cop__stash_file_find(s->file, cop_hash(key));

        return cop_is_none(binary) ? cop_nil() : decode(binary);
}

static cop_term find_in(cop_term pairs, cop_term key)
{
        COP_EACH (pair, pairs)
                if (cop_equal(cop_element(pair, 0), key))
                        return cop_element(pair, 1);
        return COP_NONE;
}

static cop_term without(cop_term pairs, cop_term key)
{
        cop_term rest = cop_nil();

        COP_EACH (pair, pairs)
                if (!cop_equal(cop_element(pair, 0), key))
                        rest = cop_cons(pair, rest);
        return rest;
}

/* value: COP_NONE removes it. COP_NONE, or why not. */
static cop_term write_pair(struct stash *s, cop_term key, cop_term value)
{
        cop_term pairs = without(pairs_of(s, key), key);

        if (!cop_is_none(value))
                pairs = cop_cons(cop_build("{Key, Value}", key, value), pairs);
        return cop__stash_file_put(s->file, cop_hash(key),
                                   cop_is_nil(pairs) ? COP_NONE : cop_encode(pairs));
}

static cop_term file_keys(struct stash *s)
{
        cop_term keys = cop_nil();

        COP_EACH (binary, cop__stash_file_all(s->file))
                COP_EACH (pair, decode(binary))
                        keys = cop_cons(cop_element(pair, 0), keys);
        return keys;
}

/* ---- in either ---- */

static cop_term find(struct stash *s, cop_term key)
{
        return s->table ? cop_table_find(s->table, key) : find_in(pairs_of(s, key), key);
}

static cop_term put(struct stash *s, cop_term key, cop_term value)
{
        if (s->file)
                return write_pair(s, key, value);
        cop_table_put(s->table, key, value);
        return COP_NONE;
}

static cop_term keys(struct stash *s)
{
        cop_term keys = cop_nil();

        if (s->file)
                return cop_sort(file_keys(s));
        COP_TABLE_EACH(entry, s->table)
        keys = cop_cons(entry.key, keys);
        return cop_sort(keys);
}

/* ---- what the process does, one message at a time ---- */

static cop_next use_file(struct stash *s, cop_term path, cop_term options)
{
        struct stash_file_options file = { cop_to_cstring(path), SIZE_MAX_BYTES, true };
        cop_term value, failure;
        int64_t size;

        value = cop_map_get(options, cop_atom("sync"), cop_bool(true));
        if (!cop_match(value, "Sync", &file.sync))
                return cop_init_error("{badarg, Options}", options);
        value = cop_map_get(options, cop_atom("size_max"), cop_int(SIZE_MAX_BYTES));
        if (!cop_match(value, "Size", &size) || size <= 0)
                return cop_init_error("{badarg, Options}", options);
        file.size_max = (size_t)size;

        failure = cop__stash_file_open(&file, &s->file);
        if (!cop_is_none(failure))
                return cop_init_error("{file, Path, Why}", path, failure);
        s->path = cop_keep(path);
        return cop_ok();
}

/* Without a zero inside, and not empty: something that can be a path. */
static bool is_path(cop_term term)
{
        const uint8_t *bytes;
        size_t i, size;

        if (!cop_is_binary(term))
                return false;
        bytes = cop_to_bytes(term);
        size = cop_byte_size(term);
        for (i = 0; i < size; i++)
                if (!bytes[i])
                        return false;
        return size > 0;
}

static bool is_known(cop_term options)
{
        static const char *const names[] = { "file", "sync", "size_max" };
        size_t i, known = 0;

        if (!cop_is_map(options))
                return cop_is_nil(options);
        for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                known += !cop_is_none(cop_map_find(options, cop_atom(names[i])));
        return known == cop_map_size(options);
}

static cop_next init(struct stash *s, cop_term options)
{
        cop_term path;

        if (!is_known(options))
                return cop_init_error("{badarg, Options}", options);
        if (cop_is_map(options) && cop_map_size(options) > 0) {
                path = cop_map_find(options, cop_atom("file"));
                if (cop_is_none(path) || !is_path(path))
                        return cop_init_error("{badarg, Options}", options);
                return use_file(s, path, options);
        }
        s->table = cop_table_new();
        return cop_ok();
}

static cop_term found(cop_term value)
{
        return cop_is_none(value) ? cop_build("none") : cop_build("{ok, Value}", value);
}

static cop_next answer(cop_term failure, cop_term result)
{
        return cop_reply(cop_is_none(failure) ? result : cop_build("{error, Why}", failure));
}

static cop_next take(struct stash *s, cop_term key)
{
        cop_term value;

        if (s->table)
                return cop_reply(found(cop_table_take(s->table, key)));
        value = find(s, key);
        if (cop_is_none(value))
                return cop_reply(found(value));
        return answer(write_pair(s, key, COP_NONE), found(value));
}

static cop_next handle_call(struct stash *s, cop_term request, cop_from from)
{
        cop_term key, value;

        if (cop_match(request, "{get, Key}", &key))
                return cop_reply(found(find(s, key)));
        if (cop_match(request, "{put, Key, Value}", &key, &value))
                return answer(put(s, key, value), cop_build("ok"));
        if (cop_match(request, "{take, Key}", &key))
                return take(s, key);
        if (cop_is(request, "keys"))
                return cop_reply(keys(s));
        return cop_reply(cop_build("{error, {unknown_request, Request}}", request));
}

/* What nobody should send does not cost others what they keep. */
static cop_next handle_cast(struct stash *s, cop_term request)
{
        return cop_noreply();
}

/* How much there is, and where; what it is is nobody's business but the owners'. */
static cop_term show(struct stash *s)
{
        if (s->file)
                return cop_build("#{file => Path}", s->path);
        return cop_build("#{keys => Count}", cop_table_size(s->table));
}

static void restore(struct stash *s, cop_term shown)
{
        cop_error("badarg");
}

static cop_term format_status(struct stash *s, cop_term status)
{
        return cop_map_put(status, cop_atom("message"), cop_build("'...'"));
}

COP_SERVER(cop_stash, struct stash, .init = init, .handle_call = handle_call,
           .handle_cast = handle_cast, .show = show, .restore = restore,
           .format_status = format_status);
