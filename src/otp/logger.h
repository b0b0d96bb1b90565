/*
 * logger.h: what the files of the logger share.
 *
 * logger.c           events, levels, and the way of an event to the handlers
 * logger_level.c     levels of modules, applications and processes
 * logger_handler.c   the handlers there are
 * logger_device.c    console and file
 * logger_journal.c   systemd's journal
 * logger_text.c      events for people; logger_erlang.c, logger_json.c: in other formats
 */
#ifndef COP_OTP_LOGGER_H
#define COP_OTP_LOGGER_H

#include <stdatomic.h>

#include <coppice/containment.h>
#include <coppice/logger.h>
#include <coppice/sink.h>

#include "base/buffer.h"

enum {
        LOG_NAME_MOST = 63,
        LOG_HANDLERS_MOST = 16,
        LOG_FILTERS_MOST = 8,
        LOG_TERM_MOST = 4096,
        LOG_EVENT_MOST = 256 * 1024, /* bytes of one event, in whatever format */
        LOG_ROOM = 512,              /* a sink with less room than that is full */
};

struct log_filter {
        char name[LOG_NAME_MOST + 1];
        cop_log_filter_fn *fn;
        void *context;
};

/* Where a built-in handler writes: made by a device, given to a sink. */
struct log_device {
        int (*write)(void *device, const struct iovec *records, int count);
        void (*close)(void *device);
};

/*
 * A handler. Who uses one holds a reference, and the last one frees it: it may be removed while
 * processes are in it. Fields that change are under the lock of logger_handler.c, or atomic.
 */
struct log_handler {
        char id[LOG_NAME_MOST + 1];
        struct cop_logger_options options; /* its texts are not kept */
        _Atomic(int) level;
        cop_log_fn *fn; /* the user's, or NULL */
        void *context;
        cop_pid to; /* a zero pid: no process */
        struct cop_sink *sink;
        bool coloured;
        bool in_journal; /* records are those of the journal */
        bool is_default;
        bool is_capture;
        int references;
        bool removed;
        int filter_count;
        struct log_filter filters[LOG_FILTERS_MOST];
        _Atomic(uint64_t) taken;
        _Atomic(int64_t) burst_began_ms;
        _Atomic(int) burst_count;
};

/* ---- logger_level.c ---- */

/* Does the calling process run in a system? */
bool cop__log_in_process(void);
/* The name of a file, without path and ending; size is its length. */
const char *cop__log_module_of(const struct cop_log_site *site, size_t *size);

/* ---- logger_handler.c ---- */

/* The handler at a slot with a reference, or NULL. slot LOG_HANDLERS_MOST: the filters for all. */
struct log_handler *cop__log_take(int slot);
void cop__log_give(struct log_handler *handler);
/* Its filters now; returns how many. */
int cop__log_filters(struct log_handler *handler, struct log_filter *filters);
/* Takes it, or one of its filters, out, if it is still there. */
bool cop__log_drop(struct log_handler *handler, const char *filter);
/* While somebody captures, the default handler gets nothing. */
bool cop__log_is_captured(void);
/* A handler with this id, zeroed; NULL: *err says why not. To be added, or forgotten. */
struct log_handler *cop__log_handler_new(const char *id, const struct cop_logger_options *options,
                                         int *err);
void cop__log_handler_forget(struct log_handler *handler);
int cop__log_handler_add(struct log_handler *handler);

/* ---- logger.c ---- */

/* Hands an event to everybody. */
void cop__log_dispatch(struct cop_log_event *event);
/* A report of the logger itself. */
void cop__log_complain(const char *what, const char *handler, cop_term reason);

/* ---- devices ---- */

/* 0 and *device, or -errno. */
int cop__log_console_open(int fd, void **device, struct log_device *how);
int cop__log_file_open(const char *path, size_t size_max, int files_max, void **device,
                       struct log_device *how);
int cop__log_journal_open(const char *socket, void **device, struct log_device *how);

/* ---- formats ---- */

/* One event as a record of this handler. */
void cop__log_format(struct buffer *out, const struct cop_log_event *event,
                     const struct log_handler *handler);
void cop__log_format_erlang(struct buffer *out, const struct cop_log_event *event, size_t term_max);
void cop__log_format_json(struct buffer *out, const struct cop_log_event *event, size_t term_max);
void cop__log_format_journal(struct buffer *out, const struct cop_log_event *event,
                             size_t term_max);
/* The sentence without time and level, and without a line end behind it. */
void cop__log_message(struct buffer *out, const struct cop_log_event *event, size_t term_max);
/* "12:00:00.000" */
void cop__log_time(struct buffer *out, int64_t time_ns);
void cop__log_json_text(struct buffer *out, const char *bytes, size_t size);
/* A field of the journal's protocol. */
void cop__log_journal_field(struct buffer *out, const char *name, const char *value, size_t size);
/* The value of {name, Value} in a list; COP_NONE. */
cop_term cop__log_fact(cop_term facts, const char *name);
/* A list of {Module, Function, Arity, Place}, not empty. */
bool cop__log_is_stack(cop_term list);

/* Reports those who fault; see crash.c. */
extern const struct cop_crash_reporter cop__crash_reporter;

#endif
