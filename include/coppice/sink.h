/*
 * coppice/sink.h: records on their way to a slow place, and nobody waits for them.
 *
 * Files, terminals, pipes and sockets may block, and a process that writes to one holds up every
 * other on its thread. A sink takes a record, copies it, and is done; a thread of its own writes it.
 * What does not fit because the place is too slow is lost, counted, and told of in the same place
 * as soon as there is room. The logger's handlers are made of sinks.
 *
 *     static int write_all(void *file, const struct iovec *records, int count) { ... }
 *
 *     cop_sink_open(&sink, .write = write_all, .context = file);
 *     cop_sink_put(sink, line, strlen(line));
 *
 * Records of one process come out in the order in which it put them. Where no system runs, and in
 * a simulation, there is no thread: cop_sink_put() writes. What is queued is written before the
 * system has stopped, before exit() returns to the OS, and, as far as that is safe, before a fault
 * that cannot be contained ends the program.
 *
 * Any thread may call these functions. They return errors: 0 or more is success, a negative number
 * is -errno.
 */
#ifndef COPPICE_SINK_H
#define COPPICE_SINK_H

#include <coppice/base.h>

#include <sys/uio.h>

COP_BEGIN_DECLS

struct cop_sink;

/* What a sink is made of. Leave out what you do not care about: zero is always the default. */
struct cop_sink_options {
        size_t struct_size;
        /*
         * Writes some of these records, the oldest first, and returns how many; -EAGAIN: not now,
         * ask again in a while; another -errno: the first of them is lost. It runs on the sink's thread, or
         * on that of who puts, one call at a time, and may block for a second or so. It must not
         * put into this sink.
         */
        int (*write)(void *context, const struct iovec *records, int count);
        /* Makes a record that says that `lost` of them are missing now, and the last -errno of
         * write (0: there was no room). Returns its size, up to `room`. NULL: nothing is said. */
        size_t (*tell)(void *context, uint64_t lost, int error, char *record, size_t room);
        void (*close)(void *context); /* after the last write */
        void *context;
        size_t bytes_max; /* of what waits to be written; 0: 1 MB */
};

/* cop_sink_open(&sink, .write = ...): 0, and *sink is yours until cop_sink_close(); -EINVAL, -ENOMEM. */
#define cop_sink_open(sink, ...)                                                                   \
        cop_sink_open_with((sink), COP_OPTIONS(struct cop_sink_options, __VA_ARGS__))
COP_API int cop_sink_open_with(struct cop_sink **sink, const struct cop_sink_options *options);

/* Takes a copy of the record. False: it is lost. */
COP_API bool cop_sink_put(struct cop_sink *sink, const void *record, size_t size);
/* Would a record of this size be lost now? Then it need not be made. */
COP_API bool cop_sink_is_full(struct cop_sink *sink, size_t size);
/* Counts one more as lost: it was not even put. */
COP_API void cop_sink_lose(struct cop_sink *sink);
/* How many were lost, ever. */
COP_API uint64_t cop_sink_lost(struct cop_sink *sink);

/*
 * Waits until everything put so far is written or lost. Returns false when that took longer.
 *
 * Blocks    up to timeout_ms; other processes go on.
 */
COP_API bool cop_sink_flush(struct cop_sink *sink, int64_t timeout_ms);

/* Writes what is there (where nothing is taken for a second, the rest is lost), calls close, and
 * takes the sink: do not use it again. */
COP_API void cop_sink_close(struct cop_sink *sink);

COP_END_DECLS

#endif
