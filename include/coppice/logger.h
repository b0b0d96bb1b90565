/*
 * coppice/logger.h: who hears of what is logged.
 *
 * An event goes through a level, through filters, and then to handlers, each of which has a level and
 * filters of its own. There is one handler at first, "default", which writes to standard error:
 *
 *     12:00:00.000 [error] server sequence (<0.73.0>) terminating
 *     ** function_clause
 *         sequence.c:41: handle_cast
 *     Last message: {'$gen_cast',{increment_number,<<"cat">>}}
 *     State: ...
 *
 * A program that wants something else says so at its beginning:
 *
 *     cop_logger_set_level(COP_LEVEL_INFO);
 *     cop_logger_set_module_level("sensor", COP_LEVEL_DEBUG);
 *     cop_logger_add_file("file", "door.log", .format = COP_LOG_JSON);
 *
 * and who runs it, without changing it: COP_LOG=info,sensor=debug, COP_LOG_FORMAT=json,
 * COP_LOG_FILE=door.log (cop_logger_configure() has the syntax). NO_COLOR in the environment keeps
 * the console plain.
 *
 * No process waits for a handler: terminals, files and the journal are written by threads of their
 * own (<coppice/sink.h>). What is too much for one of them is lost there, counted, and told of; and
 * a handler takes 500 events a second, unless it is told otherwise, so that a storm of crashes does
 * not keep the program from its work. What one process logs, a handler sees in the order in which it
 * was logged.
 *
 * A handler or filter of yours that crashes is removed, and that is reported.
 *
 * Any thread may call these functions, also before a system starts. They return errors: 0 or more is success,
 * a negative number is -errno, and then nothing has changed.
 */
#ifndef COPPICE_LOGGER_H
#define COPPICE_LOGGER_H

#include <coppice/log.h>
#include <coppice/process.h>

COP_BEGIN_DECLS

/* ---- events ---- */

/* Something that was logged. It lives until the handler returns. */
struct cop_log_event {
        enum cop_level level;
        int64_t time_ns;             /* since 1970 */
        cop_pid pid;                 /* who logged; a zero pid where no system runs */
        cop_pid group_leader;        /* its */
        const char *file, *function; /* NULL: nobody knows; so for the next two */
        const char *module, *application;
        int line;
        const char *text;  /* what cop_log() made; NULL: it is a report */
        cop_term report;   /* COP_NONE: it is a text */
        cop_term metadata; /* a map: the caller's keys, and its process's */
};

/* As a term, in the shape of OTP's log events: #{level => Level, msg => {string, Text} or
 * {report, Report}, meta => #{time => Us, pid => Pid, gl => Pid, file => F, line => L, mfa => {M, F, 0}, ...}} */
COP_API cop_term cop_log_event_term(const struct cop_log_event *event);

/* How events look. */
enum cop_log_format {
        COP_LOG_TEXT,   /* for people; the default */
        COP_LOG_ERLANG, /* as Erlang's own reports: =ERROR REPORT==== ... */
        COP_LOG_JSON,   /* an object a line */
};

/* The event as a handler with this format would write it, in the memory of the turn. */
COP_API const char *cop_log_event_text(const struct cop_log_event *event,
                                       enum cop_log_format format);

/* ---- levels ---- */

/* Events above this level are dropped where nothing more particular is said; notice at first.
 * Returns the level that was. */
COP_API enum cop_level cop_logger_set_level(enum cop_level level);
COP_API enum cop_level cop_logger_level(void);
/* For what is logged by this module, this application. The process comes first, then the module, the
 * application, all. -EINVAL, -ENOSPC (there are 64). */
COP_API int cop_logger_set_module_level(const char *module, enum cop_level level);
COP_API int cop_logger_set_application_level(const char *application, enum cop_level level);
/* -ENOENT: nothing was said for it. */
COP_API int cop_logger_unset_module_level(const char *module);
COP_API int cop_logger_unset_application_level(const char *application);

/*
 * Levels as text: "info", or "info,sensor=debug,app:door=warning", names of levels or none. On
 * -EINVAL a sentence that says what is wrong is in error, and nothing has changed. COP_LOG in the
 * environment is read so when the program starts; COP_LOG_FORMAT (text, erlang, json) is the
 * default handler's format, COP_LOG_FILE the file that it writes to instead. What is wrong there is
 * said on standard error.
 */
COP_API int cop_logger_configure(const char *levels, char *error, size_t room);

/* ---- handlers ---- */

enum cop_log_colours {
        COP_COLOURS_AUTO, /* where it is a terminal, and NO_COLOR is not in the environment */
        COP_COLOURS_ALWAYS,
        COP_COLOURS_NEVER,
};

/* How a handler is to be. Leave out what you do not care about: zero is always the default. */
struct cop_logger_options {
        size_t struct_size;
        int level; /* events above are not for it; 0: all are (for emergencies alone there is
                      cop_logger_set_handler_level()) */
        enum cop_log_format format;
        enum cop_log_colours colours;
        bool places;     /* text: says pid, file and line of each event */
        bool progress;   /* shows each start of a child of a supervisor; else only at level debug */
        size_t term_max; /* bytes that are shown of one term in a report; 0: 4096 */
        size_t queue_max; /* bytes that may wait to be written; 0: 1 MB */
        int burst_max;    /* events in burst_ms, beyond which they are lost; 0: 500; or
                             COP_NO_BURST_MAX */
        int burst_ms;     /* 0: 1000 */
        int fd;           /* console: the descriptor; 0: standard error */
        size_t size_max;  /* file: bytes, after which it is renamed to path.0, and path.0 to path.1,
                             and so on; 0: never */
        int files_max;    /* file: how many of these are kept; 0: 5 */
        const char *socket; /* journal: its socket; NULL: the one of systemd */
};

#define COP_NO_BURST_MAX (-1)

/*
 * cop_logger_add_console("errors", .level = COP_LEVEL_ERROR) adds a handler that writes to standard
 * error. The id is yours to choose.
 *
 * Returns   0; -EEXIST there is one of this id; -EINVAL an option is out of range, or the id empty
 *           or longer than 63 bytes; -ENOSPC there are 16; -ENOMEM.
 */
#define cop_logger_add_console(id, ...)                                                            \
        cop_logger_add_console_with((id), COP_OPTIONS(struct cop_logger_options, __VA_ARGS__))
/* To the end of a file, which is made if need be. Also what open() says: -ENOENT, -EACCES, ... */
#define cop_logger_add_file(id, path, ...)                                                         \
        cop_logger_add_file_with((id), (path), COP_OPTIONS(struct cop_logger_options, __VA_ARGS__))
/* To systemd's journal, with its fields: MESSAGE, PRIORITY, CODE_FILE, ..., and the caller's keys.
 * Also -ENOENT: there is none. */
#define cop_logger_add_journal(id, ...)                                                            \
        cop_logger_add_journal_with((id), COP_OPTIONS(struct cop_logger_options, __VA_ARGS__))
/* To a process, as messages {log, Event} with cop_log_event_term(). It is removed when the process does
 * not live any more. A process that may be slow had better have an inbox_max, and COP_INBOX_DROP_NEW. */
#define cop_logger_add_process(id, pid, ...)                                                       \
        cop_logger_add_process_with((id), (pid),                                                   \
                                    COP_OPTIONS(struct cop_logger_options, __VA_ARGS__))
/* To fn(context, event), which is called in the process that logs, and makes that wait as long as
 * it takes. What fn itself logs does not come to it. */
#define cop_logger_add(id, fn, context, ...)                                                       \
        cop_logger_add_with((id), (fn), (context),                                                 \
                            COP_OPTIONS(struct cop_logger_options, __VA_ARGS__))
typedef void cop_log_fn(void *context, const struct cop_log_event *event);

/* The functions behind the macros. */
COP_API int cop_logger_add_console_with(const char *id, const struct cop_logger_options *options);
COP_API int cop_logger_add_file_with(const char *id, const char *path,
                                     const struct cop_logger_options *options);
COP_API int cop_logger_add_journal_with(const char *id, const struct cop_logger_options *options);
COP_API int cop_logger_add_process_with(const char *id, cop_pid pid,
                                        const struct cop_logger_options *options);
COP_API int cop_logger_add_with(const char *id, cop_log_fn *fn, void *context,
                                const struct cop_logger_options *options);

/* Removes a handler; what it has taken is written. -ENOENT: there is none. */
COP_API int cop_logger_remove(const char *id);
COP_API int cop_logger_set_handler_level(const char *id, enum cop_level level);
/* The handlers' ids, as a list of atoms. */
COP_API cop_term cop_logger_handlers(void);
/* #{id => Id, level => Level, format => Format, taken => N, lost => N}: how many events it was given, and
 * lost; COP_NONE: there is none. */
COP_API cop_term cop_logger_handler(const char *id);

/* Waits until all handlers have written what they have. Returns false when that took longer.
 * Blocks    up to timeout_ms; other processes go on. */
COP_API bool cop_logger_flush(int64_t timeout_ms);

/* ---- filters ---- */

/* What is to become of an event. */
enum cop_log_verdict {
        COP_LOG_IGNORE, /* this filter has no opinion */
        COP_LOG_PASS,   /* to the handler, without asking the filters behind this one */
        COP_LOG_STOP,   /* to nobody */
};
/* May change the event. Is called in the process that logs. */
typedef enum cop_log_verdict cop_log_filter_fn(void *context, struct cop_log_event *event);

/* Adds a filter to a handler; handler NULL: for all. -EEXIST, -ENOENT, -ENOSPC (there are 8), -EINVAL. */
COP_API int cop_logger_add_filter(const char *handler, const char *name, cop_log_filter_fn *fn,
                                  void *context);
COP_API int cop_logger_remove_filter(const char *handler, const char *name);

/* ---- for tests ---- */

/* Collects what is logged from now on, by anybody, up to this level, as lines "[level] text"
 * without times. The default handler gets nothing meanwhile. NULL: no memory. */
COP_API struct cop_log_capture *cop_log_capture_begin(enum cop_level level);
/* What there is by now, in the memory of the turn. */
COP_API const char *cop_log_captured(struct cop_log_capture *capture);
/* The same, and that was it. */
COP_API const char *cop_log_capture_end(struct cop_log_capture *capture);

COP_END_DECLS

#endif
