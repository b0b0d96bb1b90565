/*
 * SINK: records on their way to a slow place.
 *
 * The place of these tests is an array, and slow when it is told so.
 */
#include <coppice/sink.h>

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "support/world.h"

enum { PLACES = 20000 };

static struct {
        _Atomic(int) answer; /* 0: takes everything; else what write returns */
        _Atomic(int) closed;
        _Atomic(int) count;
        int numbers[PLACES];
        uint64_t told;
} place;

static int write_records(void *context, const struct iovec *records, int count)
{
        int answer = atomic_load(&place.answer), i;

        if (answer < 0)
                return answer;
        for (i = 0; i < count; i++) {
                int number;

                if (records[i].iov_len < sizeof(number))
                        continue;
                memcpy(&number, records[i].iov_base, sizeof(number));
                place.numbers[atomic_fetch_add(&place.count, 1) % PLACES] = number;
        }
        return count;
}

static size_t tell(void *context, uint64_t lost, int error, char *record, size_t room)
{
        place.told += lost;
        return 0;
}

static void close_place(void *context)
{
        atomic_fetch_add(&place.closed, 1);
}

static struct cop_sink *open_sink(size_t bytes_max)
{
        struct cop_sink *sink = NULL;

        memset(&place, 0, sizeof(place));
        cop_assert_equal(cop_sink_open(&sink, .write = write_records, .tell = tell,
                                       .close = close_place, .bytes_max = bytes_max),
                         0);
        return sink;
}

static int put_all(struct cop_sink *sink, int count, size_t size)
{
        char record[256] = { 0 };
        int taken = 0, i;

        for (i = 0; i < count; i++) {
                memcpy(record, &i, sizeof(i));
                taken += cop_sink_put(sink, record, size);
        }
        return taken;
}

COP_TEST(SINK_order, "records come out as they were put in, of any size, many times round the ring")
{
        size_t sizes[] = { 4, 5, 31, 32, 33, 250 };
        size_t s;
        int i;

        for (s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
                struct cop_sink *sink = open_sink(4096);

                for (i = 0; i < 1000; i++) {
                        while (cop_sink_is_full(sink, sizes[s]))
                                cop_assert(cop_sink_flush(sink, 60000));
                        char record[256] = { 0 };

                        memcpy(record, &i, sizeof(i));
                        cop_assert(cop_sink_put(sink, record, sizes[s]));
                }
                cop_sink_close(sink);
                cop_assert_equal(atomic_load(&place.count), 1000);
                for (i = 0; i < 1000; i++)
                        cop_assert_equal(place.numbers[i], i);
        }
}

COP_TEST(SINK_loss, "what a slow place has no room for is lost, counted and told; the rest stays")
{
        struct cop_sink *sink = open_sink(4096);
        int taken, i;

        if (world_is_simulated()) {
                cop_sink_close(sink);
                return; /* there is no queue */
        }
        atomic_store(&place.answer, -EAGAIN);
        taken = put_all(sink, 1000, 32);
        cop_assert(taken > 0 && taken < 1000);
        cop_assert_equal(cop_sink_lost(sink), 1000 - taken);
        cop_assert(!cop_sink_flush(sink, 1));
        atomic_store(&place.answer, 0);
        cop_assert(cop_sink_flush(sink, 60000));
        cop_assert_equal(atomic_load(&place.count), taken);
        for (i = 0; i < taken; i++)
                cop_assert_equal(place.numbers[i], i);
        cop_sink_close(sink);
        cop_assert_equal(place.told, 1000 - taken);
        cop_assert_equal(atomic_load(&place.closed), 1);
}

COP_TEST(SINK_failure, "what cannot be written is lost, and what comes then is written")
{
        struct cop_sink *sink = open_sink(0);

        atomic_store(&place.answer, -ENOSPC);
        put_all(sink, 10, 8);
        cop_assert(cop_sink_flush(sink, 60000));
        cop_assert_equal(cop_sink_lost(sink), 10);
        atomic_store(&place.answer, 0);
        put_all(sink, 10, 8);
        cop_assert(cop_sink_flush(sink, 60000));
        cop_assert_equal(atomic_load(&place.count), 10);
        cop_sink_close(sink);
        cop_assert_equal(place.told, 10);
}

COP_TEST(SINK_close, "closing waits for a stuck place a second, and loses the rest")
{
        struct cop_sink *sink = open_sink(0);
        int lost;

        atomic_store(&place.answer, -EAGAIN);
        put_all(sink, 3, 8);
        lost = (int)cop_sink_lost(sink);
        cop_assert_equal(lost, world_is_simulated() ? 3 : 0);
        cop_sink_close(sink);
        cop_assert_equal(atomic_load(&place.closed), 1);
        cop_assert_equal(place.told, 3);
}

COP_TEST(SINK_refused, "what cannot be a sink is refused, and too large a record is lost")
{
        struct cop_sink *sink = NULL;
        char large[8192] = { 0 };

        cop_assert_equal(cop_sink_open(&sink, .context = &place), -EINVAL);
        cop_assert_equal(cop_sink_open(&sink, .write = write_records, .bytes_max = 10), -EINVAL);
        cop_assert(!sink);
        cop__alloc_fail_at(1);
        cop_assert_equal(cop_sink_open(&sink, .write = write_records), -ENOMEM);
        cop__alloc_fail_at(0);
        cop_assert(!sink);

        sink = open_sink(4096);
        cop_assert_equal(cop_sink_put(sink, large, sizeof(large)), world_is_simulated());
        cop_sink_close(sink);
}

COP_TEST(SINK_without_memory, "where there is no memory for a queue, who puts writes")
{
        struct cop_sink *sink = open_sink(0);

        if (!world_is_simulated())
                cop__alloc_fail_at(1);
        cop_assert_equal(put_all(sink, 1, 8), 1);
        cop__alloc_fail_at(0);
        cop_assert(cop_sink_flush(sink, 60000));
        cop_sink_close(sink);
        cop_assert_equal(atomic_load(&place.count), 1);
}
