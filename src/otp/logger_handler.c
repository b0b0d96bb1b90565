/*
 * logger_handler.c: the handlers there are.
 *
 * Slots under one lock, which is held for looking only. Who uses a handler holds a reference; a
 * removed one is out of its slot at once and freed by the last who gives it up. Removing waits for
 * that (not in the handler itself), so that nobody is in the user's code when it returns.
 *
 * The filters for all events are those of a handler in a slot of its own, which does nothing else.
 *
 * The default handler is made before main(), so that whatever a program does first is logged; its
 * file and format may come from the environment.
 */
#include "otp/logger.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <coppice/timer.h>

#include "base/alloc.h"
#include "base/lock.h"

enum { BURST_MAX = 500, BURST_MS = 1000, FILES_MAX = 5, WAIT_TIMES = 5000 };

static struct log_handler for_all = { .level = COP_LEVEL_DEBUG, .references = 1 };

static struct {
        struct lock lock;
        struct log_handler *slots[LOG_HANDLERS_MOST + 1];
        _Atomic(int) captures;
} handlers = { .slots = { [LOG_HANDLERS_MOST] = &for_all } };

/* ---- references ---- */

static void destroy(struct log_handler *handler)
{
        if (handler->sink)
                cop_sink_close(handler->sink);
        cop__free(handler);
}

/* It is to be sent to, and there is nobody. */
static bool is_dead(const struct log_handler *handler)
{
        return handler->to.word && cop_is_none(cop_process_info(handler->to, "status"));
}

struct log_handler *cop__log_take(int slot)
{
        struct log_handler *handler;

        if (!__atomic_load_n(&handlers.slots[slot], __ATOMIC_RELAXED))
                return NULL;
        cop__lock_take(&handlers.lock);
        handler = handlers.slots[slot];
        if (handler)
                handler->references++;
        cop__lock_give(&handlers.lock);
        if (!handler || !is_dead(handler))
                return handler;
        cop__log_drop(handler, NULL);
        cop__log_give(handler);
        return NULL;
}

/* Those of processes that have ended have gone before anybody is looked up by his id. */
static void drop_dead(void)
{
        for (int slot = 0; slot < LOG_HANDLERS_MOST; slot++) {
                struct log_handler *handler = cop__log_take(slot);

                if (handler)
                        cop__log_give(handler);
        }
}

void cop__log_give(struct log_handler *handler)
{
        bool last;

        cop__lock_take(&handlers.lock);
        last = --handler->references == 0;
        cop__lock_give(&handlers.lock);
        if (last)
                destroy(handler);
}

bool cop__log_is_captured(void)
{
        return atomic_load_explicit(&handlers.captures, memory_order_relaxed) > 0;
}

/* ---- finding, adding, removing; under the lock ---- */

static int slot_of(const char *id)
{
        int i;

        for (i = 0; i < LOG_HANDLERS_MOST; i++)
                if (handlers.slots[i] && strcmp(handlers.slots[i]->id, id) == 0)
                        return i;
        return -ENOENT;
}

static int slot_with(const struct log_handler *handler)
{
        int i;

        for (i = 0; i < LOG_HANDLERS_MOST; i++)
                if (handlers.slots[i] == handler)
                        return i;
        return -ENOENT;
}

static void clear(int slot)
{
        handlers.slots[slot]->removed = true;
        __atomic_store_n(&handlers.slots[slot], NULL, __ATOMIC_RELAXED);
}

int cop__log_handler_add(struct log_handler *handler)
{
        int i = 0, err = 0;

        drop_dead();
        cop__lock_take(&handlers.lock);
        while (i < LOG_HANDLERS_MOST && handlers.slots[i])
                i++;
        if (slot_of(handler->id) >= 0)
                err = -EEXIST;
        else if (i == LOG_HANDLERS_MOST)
                err = -ENOSPC;
        else
                __atomic_store_n(&handlers.slots[i], handler, __ATOMIC_RELAXED);
        cop__lock_give(&handlers.lock);
        if (err < 0)
                cop__log_handler_forget(handler);
        return err;
}

static int check(const char *id, const struct cop_logger_options *options)
{
        if (!id || !*id || strlen(id) > LOG_NAME_MOST || options->level < COP_LEVEL_NONE ||
            options->level > COP_LEVEL_DEBUG || options->format > COP_LOG_JSON ||
            options->colours > COP_COLOURS_NEVER || options->burst_max < COP_NO_BURST_MAX ||
            options->burst_ms < 0 || options->fd < 0 || options->files_max < 0)
                return -EINVAL;
        return 0;
}

struct log_handler *cop__log_handler_new(const char *id, const struct cop_logger_options *options,
                                         int *err)
{
        struct log_handler *handler;
        struct cop_logger_options *now;

        *err = check(id, options);
        if (*err < 0)
                return NULL;
        *err = -ENOMEM;
        handler = cop__alloc_zeroed(sizeof(*handler));
        if (!handler)
                return NULL;
        snprintf(handler->id, sizeof(handler->id), "%s", id);
        now = &handler->options;
        *now = *options;
        now->term_max = now->term_max ? now->term_max : LOG_TERM_MOST;
        now->burst_max = now->burst_max ? now->burst_max : BURST_MAX;
        now->burst_ms = now->burst_ms ? now->burst_ms : BURST_MS;
        now->fd = now->fd ? now->fd : STDERR_FILENO;
        now->files_max = now->files_max ? now->files_max : FILES_MAX;
        atomic_store(&handler->level, now->level ? now->level : COP_LEVEL_DEBUG);
        handler->references = 1;
        *err = 0;
        return handler;
}

void cop__log_handler_forget(struct log_handler *handler)
{
        destroy(handler);
}

/* ---- sinks of handlers ---- */

/* "123 events were lost", as an event of this handler. Runs on the sink's thread. */
static size_t tell(void *argument, uint64_t lost, int error, char *record, size_t room);

/* What a sink calls its context: the device, with the handler whose format it speaks. */
struct outlet {
        struct log_device how;
        void *device;
        struct log_handler *handler; /* lives as long: closes the sink */
};

static int write_records(void *argument, const struct iovec *records, int count)
{
        struct outlet *outlet = argument;

        return outlet->how.write(outlet->device, records, count);
}

static void close_outlet(void *argument)
{
        struct outlet *outlet = argument;

        outlet->how.close(outlet->device);
        cop__free(outlet);
}

static size_t tell(void *argument, uint64_t lost, int error, char *record, size_t room)
{
        struct outlet *outlet = argument;
        struct cop_log_event event = { .level = COP_LEVEL_WARNING, .time_ns = cop_wall_clock_ns() };
        const char *why = error ? strerrordesc_np(-error) : "there were too many";
        struct buffer buffer;
        char text[256];
        size_t size;

        snprintf(text, sizeof(text), "logger: %llu events before this one were lost: %s",
                 (unsigned long long)lost, why ? why : "unknown error");
        event.text = text;
        cop__buffer_init(&buffer, room);
        cop__log_format(&buffer, &event, outlet->handler);
        size = buffer.failed ? 0 : buffer.size;
        if (size)
                memcpy(record, buffer.bytes, size);
        cop__buffer_release(&buffer);
        return size;
}

/* Takes the device. */
static int give_sink(struct log_handler *handler, void *device, const struct log_device *how)
{
        struct outlet *outlet = cop__alloc(sizeof(*outlet));
        int err;

        if (!outlet) {
                how->close(device);
                return -ENOMEM;
        }
        *outlet = (struct outlet){ *how, device, handler };
        err = cop_sink_open(&handler->sink, .write = write_records, .tell = tell,
                            .close = close_outlet, .context = outlet,
                            .bytes_max = handler->options.queue_max);
        if (err < 0)
                close_outlet(outlet);
        return err;
}

static int add_with_sink(struct log_handler *handler, int err, void *device,
                         const struct log_device *how)
{
        if (err == 0)
                err = give_sink(handler, device, how);
        if (err < 0) {
                cop__log_handler_forget(handler);
                return err;
        }
        return cop__log_handler_add(handler);
}

static bool is_coloured(const struct log_handler *handler)
{
        const char *no_colour = getenv("NO_COLOR");

        if (handler->options.colours != COP_COLOURS_AUTO)
                return handler->options.colours == COP_COLOURS_ALWAYS;
        return isatty(handler->options.fd) && !(no_colour && *no_colour);
}

int cop_logger_add_console_with(const char *id, const struct cop_logger_options *options)
{
        struct log_device how;
        void *device = NULL;
        int err;
        struct log_handler *handler = cop__log_handler_new(id, options, &err);

        if (!handler)
                return err;
        handler->coloured = is_coloured(handler);
        err = cop__log_console_open(handler->options.fd, &device, &how);
        return add_with_sink(handler, err, device, &how);
}

int cop_logger_add_file_with(const char *id, const char *path,
                             const struct cop_logger_options *options)
{
        struct log_device how;
        void *device = NULL;
        int err;
        struct log_handler *handler = cop__log_handler_new(id, options, &err);

        if (!handler)
                return err;
        handler->coloured = handler->options.colours == COP_COLOURS_ALWAYS;
        err = cop__log_file_open(path, handler->options.size_max, handler->options.files_max,
                                 &device, &how);
        return add_with_sink(handler, err, device, &how);
}

int cop_logger_add_journal_with(const char *id, const struct cop_logger_options *options)
{
        struct log_device how;
        void *device = NULL;
        int err;
        struct log_handler *handler = cop__log_handler_new(id, options, &err);

        if (!handler)
                return err;
        handler->in_journal = true;
        err = cop__log_journal_open(options->socket, &device, &how);
        return add_with_sink(handler, err, device, &how);
}

int cop_logger_add_process_with(const char *id, cop_pid pid,
                                const struct cop_logger_options *options)
{
        int err;
        struct log_handler *handler = cop__log_handler_new(id, options, &err);

        if (!handler)
                return err;
        handler->to = pid;
        return cop__log_handler_add(handler);
}

int cop_logger_add_with(const char *id, cop_log_fn *fn, void *context,
                        const struct cop_logger_options *options)
{
        int err;
        struct log_handler *handler = cop__log_handler_new(id, options, &err);

        if (!handler)
                return err;
        handler->fn = fn;
        handler->context = context;
        return cop__log_handler_add(handler);
}

/* ---- removing ---- */

static void nap(void)
{
        if (cop__log_in_process())
                cop_sleep(1);
        else
                poll(NULL, 0, 1);
}

static int references_of(struct log_handler *handler)
{
        int references;

        cop__lock_take(&handlers.lock);
        references = handler->references;
        cop__lock_give(&handlers.lock);
        return references;
}

/* Until only the slot's reference is left, which is the caller's now. */
static void wait_for_users(struct log_handler *handler)
{
        int times = 0;

        if (cop__log_in_process() && !cop_is_none(cop_get(cop_build("'$log_handler'"))))
                return; /* it may be this very one */
        while (references_of(handler) > 1 && times++ < WAIT_TIMES)
                nap();
}

int cop_logger_remove(const char *id)
{
        struct log_handler *handler = NULL;
        int slot;

        drop_dead();
        cop__lock_take(&handlers.lock);
        slot = slot_of(id);
        if (slot >= 0) {
                handler = handlers.slots[slot];
                clear(slot);
        }
        cop__lock_give(&handlers.lock);
        if (!handler)
                return -ENOENT;
        wait_for_users(handler);
        cop__log_give(handler);
        return 0;
}

/* ---- looking, and levels ---- */

static struct log_handler *take_named(const char *id)
{
        struct log_handler *handler = NULL;
        int slot;

        if (!id)
                return cop__log_take(LOG_HANDLERS_MOST);
        drop_dead();
        cop__lock_take(&handlers.lock);
        slot = slot_of(id);
        if (slot >= 0) {
                handler = handlers.slots[slot];
                handler->references++;
        }
        cop__lock_give(&handlers.lock);
        return handler;
}

int cop_logger_set_handler_level(const char *id, enum cop_level level)
{
        struct log_handler *handler = id ? take_named(id) : NULL;

        if (!handler)
                return -ENOENT;
        atomic_store(&handler->level, (int)level);
        cop__log_give(handler);
        return 0;
}

cop_term cop_logger_handlers(void)
{
        cop_term list = cop_nil();
        int slot;

        for (slot = LOG_HANDLERS_MOST - 1; slot >= 0; slot--) {
                struct log_handler *handler = cop__log_take(slot);

                if (!handler)
                        continue;
                list = cop_cons(cop_atom(handler->id), list);
                cop__log_give(handler);
        }
        return list;
}

cop_term cop_logger_handler(const char *id)
{
        static const char *const formats[] = { "text", "erlang", "json" };
        struct log_handler *handler = take_named(id);
        cop_term info;

        if (!handler)
                return COP_NONE;
        info = cop_build(
                "#{id => Id, level => Level, format => Format, taken => N, lost => L}",
                cop_atom(handler->id),
                cop_atom(cop_level_name((enum cop_level)atomic_load(&handler->level))),
                cop_atom(handler->in_journal ? "journal" : formats[handler->options.format]),
                atomic_load(&handler->taken),
                handler->sink ? cop_sink_lost(handler->sink) : (uint64_t)0);
        cop__log_give(handler);
        return info;
}

bool cop_logger_flush(int64_t timeout_ms)
{
        bool all = true;
        int slot;

        for (slot = 0; slot < LOG_HANDLERS_MOST; slot++) {
                struct log_handler *handler = cop__log_take(slot);

                if (!handler)
                        continue;
                if (handler->sink)
                        all = cop_sink_flush(handler->sink, timeout_ms) && all;
                cop__log_give(handler);
        }
        return all;
}

/* ---- filters ---- */

int cop__log_filters(struct log_handler *handler, struct log_filter *filters)
{
        int count;

        if (__atomic_load_n(&handler->filter_count, __ATOMIC_RELAXED) == 0)
                return 0;
        cop__lock_take(&handlers.lock);
        count = handler->filter_count;
        memcpy(filters, handler->filters, (size_t)count * sizeof(*filters));
        cop__lock_give(&handlers.lock);
        return count;
}

static int filter_of(const struct log_handler *handler, const char *name)
{
        int i;

        for (i = 0; i < handler->filter_count; i++)
                if (strcmp(handler->filters[i].name, name) == 0)
                        return i;
        return -ENOENT;
}

static bool drop_filter(struct log_handler *handler, const char *name)
{
        int i = filter_of(handler, name);

        if (i < 0)
                return false;
        memmove(&handler->filters[i], &handler->filters[i + 1],
                (size_t)(handler->filter_count - i - 1) * sizeof(handler->filters[0]));
        __atomic_store_n(&handler->filter_count, handler->filter_count - 1, __ATOMIC_RELAXED);
        return true;
}

bool cop__log_drop(struct log_handler *handler, const char *filter)
{
        bool dropped, is_out = false;
        int slot;

        cop__lock_take(&handlers.lock);
        slot = slot_with(handler);
        if (filter || handler == &for_all) {
                dropped = filter && drop_filter(handler, filter);
        } else {
                dropped = is_out = slot >= 0;
                if (is_out)
                        clear(slot);
        }
        cop__lock_give(&handlers.lock);
        if (is_out)
                cop__log_give(handler); /* the slot's */
        return dropped;
}

static int add_filter(struct log_handler *handler, const char *name, cop_log_filter_fn *fn,
                      void *context)
{
        struct log_filter *filter = &handler->filters[handler->filter_count];

        if (filter_of(handler, name) >= 0)
                return -EEXIST;
        if (handler->filter_count == LOG_FILTERS_MOST)
                return -ENOSPC;
        snprintf(filter->name, sizeof(filter->name), "%s", name);
        filter->fn = fn;
        filter->context = context;
        __atomic_store_n(&handler->filter_count, handler->filter_count + 1, __ATOMIC_RELAXED);
        return 0;
}

int cop_logger_add_filter(const char *id, const char *name, cop_log_filter_fn *fn, void *context)
{
        struct log_handler *handler = take_named(id);
        int err = -EINVAL;

        if (!handler)
                return -ENOENT;
        if (fn && *name && strlen(name) <= LOG_NAME_MOST) {
                cop__lock_take(&handlers.lock);
                err = add_filter(handler, name, fn, context);
                cop__lock_give(&handlers.lock);
        }
        cop__log_give(handler);
        return err;
}

int cop_logger_remove_filter(const char *id, const char *name)
{
        struct log_handler *handler = take_named(id);
        bool dropped;

        if (!handler)
                return -ENOENT;
        cop__lock_take(&handlers.lock);
        dropped = drop_filter(handler, name);
        cop__lock_give(&handlers.lock);
        cop__log_give(handler);
        return dropped ? 0 : -ENOENT;
}

/* ---- captures ---- */

struct cop_log_capture {
        struct lock lock;
        char id[32];
        struct buffer lines;
};

static void collect(void *context, const struct cop_log_event *event)
{
        struct cop_log_capture *capture = context;
        struct buffer line;

        cop__buffer_init(&line, LOG_EVENT_MOST);
        cop__buffer_format(&line, "[%s] ", cop_level_name(event->level));
        cop__log_message(&line, event, LOG_TERM_MOST);
        cop__buffer_add_char(&line, '\n');
        cop__lock_take(&capture->lock);
        cop__buffer_add(&capture->lines, line.bytes, line.size);
        cop__lock_give(&capture->lock);
        cop__buffer_release(&line);
}

struct cop_log_capture *cop_log_capture_begin(enum cop_level level)
{
        struct cop_logger_options options = { .struct_size = sizeof(options) };
        struct cop_log_capture *capture = cop__alloc_zeroed(sizeof(*capture));
        struct log_handler *handler;
        int err = -ENOMEM;

        if (!capture)
                return NULL;
        cop__buffer_init(&capture->lines, SIZE_MAX);
        snprintf(capture->id, sizeof(capture->id), "capture %p", (void *)capture);
        handler = cop__log_handler_new(capture->id, &options, &err);
        if (handler) {
                handler->fn = collect;
                handler->context = capture;
                handler->is_capture = true;
                atomic_store(&handler->level, (int)level);
                err = cop__log_handler_add(handler);
        }
        if (err < 0) {
                cop__free(capture);
                return NULL;
        }
        atomic_fetch_add(&handlers.captures, 1);
        return capture;
}

const char *cop_log_captured(struct cop_log_capture *capture)
{
        cop_term text;

        cop__lock_take(&capture->lock);
        text = cop_binary(capture->lines.bytes ? capture->lines.bytes : "", capture->lines.size);
        cop__lock_give(&capture->lock);
        return cop_to_cstring(text);
}

const char *cop_log_capture_end(struct cop_log_capture *capture)
{
        const char *text;

        cop_logger_remove(capture->id);
        atomic_fetch_sub(&handlers.captures, 1);
        text = cop_log_captured(capture);
        cop__buffer_release(&capture->lines);
        cop__free(capture);
        return text;
}

/* ---- the first handler, and the environment ---- */

static int add_default(const char *path, enum cop_log_format format)
{
        const struct cop_logger_options options = { .struct_size = sizeof(options),
                                                    .format = format };
        int err = path ? cop_logger_add_file_with("default", path, &options)
                       : cop_logger_add_console_with("default", &options);

        if (err == 0)
                handlers.slots[slot_of("default")]->is_default = true;
        return err;
}

static enum cop_log_format format_of(const char *name)
{
        if (!name || strcmp(name, "text") == 0)
                return COP_LOG_TEXT;
        if (strcmp(name, "erlang") == 0)
                return COP_LOG_ERLANG;
        if (strcmp(name, "json") == 0)
                return COP_LOG_JSON;
        fprintf(stderr, "coppice: COP_LOG_FORMAT=%s: there are text, erlang and json\n", name);
        return COP_LOG_TEXT;
}

__attribute__((constructor)) static void begin(void)
{
        const char *levels = getenv("COP_LOG"), *path = getenv("COP_LOG_FILE");
        enum cop_log_format format = format_of(getenv("COP_LOG_FORMAT"));
        char error[256];
        int err;

        if (levels && *levels && cop_logger_configure(levels, error, sizeof(error)) < 0)
                fprintf(stderr, "coppice: COP_LOG=%s: %s\n", levels, error);
        err = add_default(path && *path ? path : NULL, format);
        if (err < 0 && path) {
                fprintf(stderr, "coppice: COP_LOG_FILE=%s: %s\n", path, strerrordesc_np(-err));
                add_default(NULL, format);
        }
}
