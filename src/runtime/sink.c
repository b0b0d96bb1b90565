/*
 * sink.c: a ring of records, and a thread that empties it.
 *
 * put       copies a record into the ring under the sink's lock, some tens of nanoseconds. The first
 *           one of a system starts the thread.
 * thread    writes up to BATCH records a call, straight from the ring: only the thread moves `head`,
 *           so what lies between head and tail stays where it is while it is written unlocked.
 * loss      A full ring loses what comes, not what is there: order is kept, and nobody waits. The
 *           count is told when the ring is empty, at most once in TELL_NS, so that telling is no
 *           storm of its own.
 *
 * Order     Records come out in the order in which the lock was taken.
 * Direct    Without a thread, who puts holds `writing` and writes; put and write are then one step.
 * End       A fault that ends the program leaves the other threads running until _exit(): so the
 *           handler rings, and waits for `done` to reach `put`. It reads words only.
 *
 * Why not a process: its mailbox would have to be given up at each stop, before those who end
 * after it have reported; and it could not write a word when the schedulers do not run.
 */
#include <coppice/process.h>
#include <coppice/sink.h>

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/lock.h"
#include "runtime/driver.h"
#include "runtime/scheduler.h"
#include "runtime/sink.h"

static const int64_t LAST_CALL_NS = 2000000000, EXIT_NS = 5000000000;

enum {
        BYTES_MAX = 1024 * 1024,
        BYTES_LEAST = 4096,
        BATCH = 64,
        TOLD_MOST = 1024,
        SINKS_MOST = 64,
        AGAIN_NS = 20 * 1000 * 1000,
        TELL_NS = 1000 * 1000 * 1000,
        STOP_NS = 1000 * 1000 * 1000,
        LOOK_NS = 1000 * 1000,
        TRIES = 10,
};

/* In front of each record in the ring. size WRAP: the rest of the ring is empty. */
struct record {
        uint64_t size;
        char bytes[];
};

#define WRAP UINT64_MAX

struct cop_sink {
        struct cop_sink_options to;
        struct lock lock;    /* the ring and the thread */
        struct lock writing; /* a call of write: always taken before `lock` */
        char *ring;          /* NULL: there is no thread */
        size_t head, tail;   /* bytes ever taken and put; their places are modulo bytes_max */
        _Atomic(uint64_t) put, done; /* records */
        _Atomic(uint64_t) lost;
        _Atomic(bool) owes; /* the thread knows of a loss, and will tell */
        uint64_t told;      /* of lost; the writer's */
        int64_t tell_at_ns; /* the same; 0: there is nothing to tell */
        int error;          /* the same: of the last write */
        bool stopping;
        int64_t stop_ns; /* while stopping: when to give up */
        struct bell bell;
        void *thread;
};

static struct {
        struct lock lock; /* before that of a sink */
        _Atomic(struct cop_sink *) sinks[SINKS_MOST];
        bool have_threads;
} all;

/* ---- the ring; under the lock ---- */

static size_t space_of(size_t size)
{
        return (sizeof(struct record) + size + 7) & ~(size_t)7;
}

/* What a record takes, with the end of the ring that it cannot use. */
static size_t cost_of(const struct cop_sink *sink, size_t size)
{
        size_t space = space_of(size),
               to_end = sink->to.bytes_max - sink->tail % sink->to.bytes_max;

        return space <= to_end ? space : to_end + space;
}

static bool fits(const struct cop_sink *sink, size_t size)
{
        return size < sink->to.bytes_max &&
               sink->tail - sink->head + cost_of(sink, size) <= sink->to.bytes_max;
}

static struct record *record_at(const struct cop_sink *sink, size_t at)
{
        return (struct record *)(void *)(sink->ring + at % sink->to.bytes_max);
}

static void append(struct cop_sink *sink, const void *bytes, size_t size)
{
        size_t space = space_of(size), cost = cost_of(sink, size);
        struct record *record;

        if (cost > space)
                record_at(sink, sink->tail)->size = WRAP;
        record = record_at(sink, sink->tail + cost - space);
        record->size = size;
        memcpy(record->bytes, bytes, size);
        sink->tail += cost;
}

/* The record at *at, or NULL at the tail; *at is where it really begins. */
static struct record *look(const struct cop_sink *sink, size_t *at)
{
        if (*at != sink->tail && record_at(sink, *at)->size == WRAP)
                *at += sink->to.bytes_max - *at % sink->to.bytes_max;
        return *at == sink->tail ? NULL : record_at(sink, *at);
}

static int gather(struct cop_sink *sink, struct iovec *records)
{
        size_t at = sink->head;
        struct record *record;
        int count = 0;

        while (count < BATCH && (record = look(sink, &at))) {
                records[count++] = (struct iovec){ record->bytes, record->size };
                at += space_of(record->size);
        }
        return count;
}

static void take_out(struct cop_sink *sink, int count)
{
        atomic_fetch_add(&sink->done, (uint64_t)count);
        while (count-- > 0) {
                struct record *record = look(sink, &sink->head);

                sink->head += space_of(record->size);
        }
}

/* ---- writing; under `writing` ---- */

/* Nobody reads the pipe: that is an error of write(), and no reason to end the program. */
static int write_quietly(struct cop_sink *sink, const struct iovec *records, int count)
{
        static const struct timespec at_once;
        sigset_t pipe, before, pending;
        bool was_pending;
        int result;

        sigemptyset(&pipe);
        sigaddset(&pipe, SIGPIPE);
        sigpending(&pending);
        was_pending = sigismember(&pending, SIGPIPE) == 1;
        pthread_sigmask(SIG_BLOCK, &pipe, &before);
        result = sink->to.write(sink->to.context, records, count);
        if (!was_pending)
                while (sigtimedwait(&pipe, NULL, &at_once) > 0)
                        continue;
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        return result;
}

static void lose(struct cop_sink *sink, uint64_t count, int error)
{
        atomic_fetch_add(&sink->lost, count);
        if (error)
                sink->error = error;
}

/* One record, now, without a queue. False: it is lost. */
static bool write_one(struct cop_sink *sink, const void *bytes, size_t size)
{
        struct iovec record = { (void *)(uintptr_t)bytes, size };
        int result, tries = 0;

        do
                result = write_quietly(sink, &record, 1);
        while (result == -EAGAIN && ++tries < TRIES);
        if (result < 0)
                sink->error = result;
        return result > 0;
}

/* Says what is missing, if there is something that was not said. */
static void tell(struct cop_sink *sink)
{
        uint64_t lost = atomic_load(&sink->lost);
        char record[TOLD_MOST];
        size_t size;

        sink->tell_at_ns = 0;
        if (lost == sink->told || !sink->to.tell)
                return;
        size = sink->to.tell(sink->to.context, lost - sink->told, sink->error, record,
                             sizeof(record));
        if (size > 0 && !write_one(sink, record, size))
                return; /* with the next */
        sink->told = lost;
        sink->error = 0;
}

static bool put_directly(struct cop_sink *sink, const void *bytes, size_t size)
{
        bool written;

        cop__lock_take(&sink->writing);
        written = write_one(sink, bytes, size);
        if (!written)
                atomic_fetch_add(&sink->lost, 1);
        else
                tell(sink);
        cop__lock_give(&sink->writing);
        return written;
}

/* ---- the thread ---- */

/* Writes a batch. Returns when to go on: 0 at once. */
static int64_t write_batch(struct cop_sink *sink, const struct iovec *records, int count)
{
        int result;

        cop__lock_take(&sink->writing);
        result = write_quietly(sink, records, count);
        if (result < 0 && result != -EAGAIN)
                lose(sink, 1, result);
        cop__lock_give(&sink->writing);

        if (result == -EAGAIN)
                return now_ns() + AGAIN_NS;
        cop__lock_take(&sink->lock);
        take_out(sink, result > 0 ? result : 1);
        cop__lock_give(&sink->lock);
        return 0;
}

/* Everything that is left is lost. Under the lock. */
static void give_up(struct cop_sink *sink)
{
        uint64_t left = atomic_load(&sink->put) - atomic_load(&sink->done);

        lose(sink, left, -EAGAIN);
        atomic_fetch_add(&sink->done, left);
        sink->head = sink->tail;
}

/* The ring is empty: tells what is to be told, and says how long to sleep. */
static int64_t rest(struct cop_sink *sink, bool at_once)
{
        bool owes;

        cop__lock_take(&sink->writing);
        atomic_store(&sink->owes, false);
        if (at_once || (sink->tell_at_ns && now_ns() >= sink->tell_at_ns))
                tell(sink);
        owes = atomic_load(&sink->lost) != sink->told && sink->to.tell;
        if (owes && !sink->tell_at_ns)
                sink->tell_at_ns = now_ns() + TELL_NS;
        atomic_store(&sink->owes, owes);
        cop__lock_give(&sink->writing);
        return owes ? sink->tell_at_ns : INT64_MAX;
}

static void *write_all(void *argument)
{
        struct cop_sink *sink = argument;
        struct iovec records[BATCH];
        int64_t until = 0;
        bool stopping, is_stuck = false;
        int count;

        for (;;) {
                cop__lock_take(&sink->lock);
                if (is_stuck && sink->stopping && now_ns() >= sink->stop_ns)
                        give_up(sink);
                count = gather(sink, records);
                stopping = sink->stopping;
                cop__lock_give(&sink->lock);
                until = count ? write_batch(sink, records, count) : rest(sink, stopping);
                is_stuck = count && until;
                if (!count && stopping)
                        return NULL;
                if (until)
                        cop__driver->bell_wait(&sink->bell, until);
        }
}

/* Under the lock. Where there is no memory for it, there is none, and who puts writes. */
static void thread_start(struct cop_sink *sink)
{
        sink->ring = cop__alloc(sink->to.bytes_max);
        if (!sink->ring)
                return;
        sink->head = sink->tail = 0;
        sink->stopping = false;
        if (cop__driver->thread_start(write_all, sink, &sink->thread) == 0)
                return;
        cop__free(sink->ring);
        sink->ring = NULL;
}

static void thread_stop(struct cop_sink *sink)
{
        cop__lock_take(&sink->lock);
        if (!sink->ring) {
                cop__lock_give(&sink->lock);
                return;
        }
        sink->stopping = true;
        sink->stop_ns = now_ns() + STOP_NS;
        cop__lock_give(&sink->lock);

        cop__driver->bell_ring(&sink->bell);
        cop__driver->thread_join(sink->thread);

        cop__lock_take(&sink->lock);
        cop__free(sink->ring);
        sink->ring = NULL;
        cop__lock_give(&sink->lock);
}

/* ---- what others call ---- */

int cop_sink_open_with(struct cop_sink **place, const struct cop_sink_options *options)
{
        struct cop_sink *sink;
        int i = 0;

        if (!options->write || (options->bytes_max && options->bytes_max < BYTES_LEAST))
                return -EINVAL;
        sink = cop__alloc_zeroed(sizeof(*sink));
        if (!sink)
                return -ENOMEM;
        sink->to = *options;
        sink->to.bytes_max = options->bytes_max ? options->bytes_max & ~(size_t)7 : BYTES_MAX;
        cop__lock_take(&all.lock);
        while (i < SINKS_MOST && atomic_load(&all.sinks[i]))
                i++;
        if (i < SINKS_MOST)
                atomic_store(&all.sinks[i], sink);
        cop__lock_give(&all.lock);
        if (i == SINKS_MOST) {
                cop__free(sink);
                return -ENFILE;
        }
        *place = sink;
        return 0;
}

/* While it is taken in, the system may stop: so it is asked for under the sink's lock. */
static bool may_have_thread(void)
{
        return __atomic_load_n(&all.have_threads, __ATOMIC_ACQUIRE);
}

bool cop_sink_put(struct cop_sink *sink, const void *record, size_t size)
{
        bool queued, taken;

        cop__lock_take(&sink->lock);
        if (!sink->ring && may_have_thread())
                thread_start(sink);
        queued = sink->ring && !sink->stopping;
        taken = queued && fits(sink, size);
        if (taken) {
                append(sink, record, size);
                atomic_fetch_add(&sink->put, 1);
        }
        cop__lock_give(&sink->lock);
        if (!queued)
                return put_directly(sink, record, size);
        if (taken)
                cop__driver->bell_ring(&sink->bell);
        else
                cop_sink_lose(sink);
        return taken;
}

bool cop_sink_is_full(struct cop_sink *sink, size_t size)
{
        bool full;

        cop__lock_take(&sink->lock);
        full = sink->ring && !sink->stopping && !fits(sink, size);
        cop__lock_give(&sink->lock);
        return full;
}

void cop_sink_lose(struct cop_sink *sink)
{
        atomic_fetch_add(&sink->lost, 1);
        if (!atomic_exchange(&sink->owes, true))
                cop__driver->bell_ring(&sink->bell);
}

uint64_t cop_sink_lost(struct cop_sink *sink)
{
        return atomic_load(&sink->lost);
}

static void nap(void)
{
        struct thread *thread = cop__thread_or_null();
        struct bell bell = { 0 };

        if (thread && thread->scheduler && thread->current)
                cop_sleep(1);
        else
                cop__driver->bell_wait(&bell, now_ns() + LOOK_NS);
}

bool cop_sink_flush(struct cop_sink *sink, int64_t timeout_ms)
{
        uint64_t wanted = atomic_load(&sink->put);
        int64_t end = timeout_ms < 0 ? INT64_MAX : now_ns() + timeout_ms * 1000000;

        while (atomic_load(&sink->done) < wanted) {
                if (now_ns() >= end)
                        return false;
                nap();
        }
        return true;
}

void cop_sink_close(struct cop_sink *sink)
{
        int i;

        cop__lock_take(&all.lock);
        for (i = 0; i < SINKS_MOST; i++)
                if (atomic_load(&all.sinks[i]) == sink)
                        atomic_store(&all.sinks[i], NULL);
        cop__lock_give(&all.lock);
        thread_stop(sink);
        cop__lock_take(&sink->writing);
        tell(sink);
        cop__lock_give(&sink->writing);
        if (sink->to.close)
                sink->to.close(sink->to.context);
        cop__free(sink);
}

/* ---- what the system does ---- */

void cop__sinks_start(void)
{
        __atomic_store_n(&all.have_threads, !cop__driver->simulated, __ATOMIC_RELEASE);
}

void cop__sinks_stop(void)
{
        int i;

        __atomic_store_n(&all.have_threads, false, __ATOMIC_RELEASE);
        cop__lock_take(&all.lock);
        for (i = 0; i < SINKS_MOST; i++)
                if (atomic_load(&all.sinks[i]))
                        thread_stop(atomic_load(&all.sinks[i]));
        cop__lock_give(&all.lock);
}

static void wait_for_all(int64_t wait_ns)
{
        int64_t end = now_ns() + wait_ns;
        struct bell bell = { 0 };
        int i;

        if (!may_have_thread())
                return;
        for (i = 0; i < SINKS_MOST; i++) {
                struct cop_sink *sink = atomic_load(&all.sinks[i]);

                if (!sink)
                        continue;
                cop__driver->bell_ring(&sink->bell);
                while (atomic_load(&sink->done) < atomic_load(&sink->put) && now_ns() < end)
                        cop__driver->bell_wait(&bell, now_ns() + LOOK_NS);
        }
}

void cop__sinks_last_call(void)
{
        wait_for_all(LAST_CALL_NS);
}

/* exit() without a stop of the system. */
__attribute__((destructor)) static void at_exit(void)
{
        wait_for_all(EXIT_NS);
}
