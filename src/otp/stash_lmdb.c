/*
 * stash_lmdb.c: the file of a stash, by LMDB.
 *
 * LMDB reads through a map that cannot be written, and writes changed pages to fresh places before
 * the one that names them: what is there stays whole, whoever dies when.
 *
 * Reading   in the process, through one read transaction that is made at the start and rests in
 *           between, so that an end of the process in the middle leaves nothing behind.
 * Writing   in cop_blocking(), a transaction a put, begun and done by one function. The process may
 *           be killed meanwhile, and then nothing of it is there any more: so all that the function
 *           needs is in the struct, which has two users then, and who leaves last closes the file.
 * Lock      The file itself is locked with flock(), held by a descriptor of our own, and not with
 *           LMDB's lock file: that one is mapped writable, and does not keep one OS process from
 *           opening a file twice, which LMDB must not. Only the stash reads and writes, one at a
 *           time, so nothing else needs a lock. One that was killed in a write lets go when the disk
 *           is done: so a start waits for it a little.
 */
#include "otp/stash_file.h"

#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <coppice/match.h>
#include <coppice/memory.h>

#include "base/alloc.h"

enum { TRIES = 100, TRY_MS = 10, OURS_ONLY = 0600 };

struct stash_file {
        _Atomic(int) users; /* the process, and its function in cop_blocking() */
        char *path;
        size_t size_max;
        bool sync;
        int lock_fd; /* -1: not opened yet */
        MDB_env *env;
        MDB_dbi dbi;
        MDB_txn *reader; /* resting but within a function below */

        /* What is to be written; touched by the function that writes while there is one. */
        uint64_t number;
        uint8_t *bytes;
        size_t size, room; /* size 0: what is there goes */
        int err;
};

static void leave(void *pointer)
{
        struct stash_file *file = pointer;

        if (atomic_fetch_sub(&file->users, 1) > 1)
                return;
        if (file->reader)
                mdb_txn_abort(file->reader);
        if (file->env)
                mdb_env_close(file->env);
        if (file->lock_fd >= 0)
                close(file->lock_fd);
        cop__free(file->bytes);
        cop__free(file->path);
        cop__free(file);
}

struct task {
        struct stash_file *file;
        void *(*fn)(void *file);
};

static void run_blocking(void *argument)
{
        struct task *task = argument;

        cop_blocking(task->fn, task->file);
}

/* Runs fn(file) where it may block. fn calls leave() at its end. */
static int work(struct stash_file *file, void *(*fn)(void *file))
{
        struct task task = { file, fn };
        cop_term reason;

        atomic_fetch_add(&file->users, 1);
        if (cop_try(run_blocking, &task, &reason) != COP_NORMAL) {
                leave(file); /* fn was never called: there is no thread for it */
                cop_exit_term(reason);
        }
        return file->err;
}

static COP_NORETURN void no_memory(void)
{
        cop_exit("{system_limit, memory}");
}

static cop_term why(int err)
{
        const char *text = err > 0 ? strerrordesc_np(err) : mdb_strerror(err);

        if (err == MDB_MAP_FULL || err == ENOSPC)
                return cop_build("full");
        if (err == EWOULDBLOCK)
                return cop_build("busy");
        return cop_text(text ? text : "unknown error");
}

/* ---- opening ---- */

static int lock(struct stash_file *file)
{
        if (file->lock_fd < 0)
                file->lock_fd = open(file->path, O_RDWR | O_CREAT | O_CLOEXEC, OURS_ONLY);
        if (file->lock_fd < 0)
                return errno;
        return flock(file->lock_fd, LOCK_EX | LOCK_NB) < 0 ? errno : 0;
}

static int open_dbi(struct stash_file *file)
{
        MDB_txn *txn;
        int err = mdb_txn_begin(file->env, NULL, 0, &txn);

        if (err)
                return err;
        err = mdb_dbi_open(txn, NULL, MDB_INTEGERKEY, &file->dbi);
        if (err) {
                mdb_txn_abort(txn);
                return err;
        }
        return mdb_txn_commit(txn);
}

static int open_env(struct stash_file *file)
{
        unsigned flags = MDB_NOSUBDIR | MDB_NOLOCK | MDB_NOTLS | (file->sync ? 0 : MDB_NOSYNC);
        int err = mdb_env_create(&file->env);

        if (!err)
                err = mdb_env_set_mapsize(file->env, file->size_max);
        if (!err)
                err = mdb_env_open(file->env, file->path, flags, OURS_ONLY);
        if (!err)
                err = open_dbi(file);
        if (!err)
                err = mdb_txn_begin(file->env, NULL, MDB_RDONLY, &file->reader);
        if (!err)
                mdb_txn_reset(file->reader);
        return err;
}

static void *open_blocking(void *pointer)
{
        struct stash_file *file = pointer;

        file->err = lock(file);
        if (!file->err)
                file->err = open_env(file);
        leave(file);
        return NULL;
}

static struct stash_file *file_new(const struct stash_file_options *options)
{
        struct stash_file *file = cop__alloc_zeroed(sizeof(*file));
        size_t path_size = strlen(options->path) + 1;

        if (!file)
                no_memory();
        file->users = 1;
        file->lock_fd = -1;
        file->size_max = options->size_max;
        file->sync = options->sync;
        file->path = cop__alloc(path_size);
        if (!file->path) {
                leave(file);
                no_memory();
        }
        memcpy(file->path, options->path, path_size);
        cop_own(file, leave);
        return file;
}

cop_term cop__stash_file_open(const struct stash_file_options *options, struct stash_file **place)
{
        struct stash_file *file = file_new(options);
        int tries = 1, err = work(file, open_blocking);
        cop_term failure;

        while (err == EWOULDBLOCK && tries++ < TRIES) {
                cop_sleep(TRY_MS);
                err = work(file, open_blocking);
        }
        if (!err) {
                *place = file;
                return COP_NONE;
        }
        failure = why(err);
        cop_dispose(file);
        return failure;
}

/* ---- reading ---- */

static MDB_val value_of(void *bytes, size_t size)
{
        MDB_val value = { size, bytes };

        return value;
}

static void begin_reading(struct stash_file *file)
{
        int err = mdb_txn_renew(file->reader);

        if (err)
                cop_exit("{file, Why}", why(err));
}

cop_term cop__stash_file_find(struct stash_file *file, uint64_t number)
{
        MDB_val key = value_of(&number, sizeof(number)), value;
        cop_term found = COP_NONE;
        int err;

        begin_reading(file);
        err = mdb_get(file->reader, file->dbi, &key, &value);
        if (!err)
                found = cop_binary(value.mv_data, value.mv_size);
        mdb_txn_reset(file->reader);
        if (err && err != MDB_NOTFOUND)
                cop_exit("{file, Why}", why(err));
        return found;
}

static void close_cursor(void *cursor)
{
        mdb_cursor_close(cursor);
}

cop_term cop__stash_file_all(struct stash_file *file)
{
        cop_term list = cop_nil();
        MDB_cursor *cursor;
        MDB_val key, value;
        int err;

        begin_reading(file);
        err = mdb_cursor_open(file->reader, file->dbi, &cursor);
        if (!err) {
                cop_own(cursor, close_cursor);
                while (!(err = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)))
                        list = cop_cons(cop_binary(value.mv_data, value.mv_size), list);
                cop_dispose(cursor);
        }
        mdb_txn_reset(file->reader);
        if (err != MDB_NOTFOUND)
                cop_exit("{file, Why}", why(err));
        return list;
}

/* ---- writing ---- */

static int change(MDB_txn *txn, struct stash_file *file)
{
        MDB_val key = value_of(&file->number, sizeof(file->number));
        MDB_val value = value_of(file->bytes, file->size);
        int err;

        if (file->size > 0)
                return mdb_put(txn, file->dbi, &key, &value, 0);
        err = mdb_del(txn, file->dbi, &key, NULL);
        return err == MDB_NOTFOUND ? 0 : err;
}

static void *write_blocking(void *pointer)
{
        struct stash_file *file = pointer;
        MDB_txn *txn;

        file->err = mdb_txn_begin(file->env, NULL, 0, &txn);
        if (!file->err) {
                file->err = change(txn, file);
                if (file->err)
                        mdb_txn_abort(txn);
                else
                        file->err = mdb_txn_commit(txn);
        }
        leave(file);
        return NULL;
}

/* The bytes where they stay, whatever becomes of the process. */
static void take_bytes(struct stash_file *file, cop_term binary)
{
        size_t size = cop_is_none(binary) ? 0 : cop_byte_size(binary);

        if (size > file->room) {
                cop__free(file->bytes);
                file->room = 0;
                file->bytes = cop__alloc(size);
                if (!file->bytes)
                        no_memory();
                file->room = size;
        }
        file->size = size;
        if (size > 0)
                memcpy(file->bytes, cop_to_bytes(binary), size);
}

cop_term cop__stash_file_put(struct stash_file *file, uint64_t number, cop_term binary)
{
        int err;

        take_bytes(file, binary);
        file->number = number;
        err = work(file, write_blocking);
        return err ? why(err) : COP_NONE;
}
