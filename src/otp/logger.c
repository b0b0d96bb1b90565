/*
 * logger.c: an event on its way.
 *
 * All of it happens in the process that logs, before it goes on: what it logged last has been taken
 * by every handler before anybody hears of its end, and its events stay in order. Only writing is
 * somebody else's (sink.c).
 *
 * way       level, the filters for all, and for each handler: level, filters, burst, format, sink.
 *           What is cheap and drops comes before what is dear.
 * user code Filters and handlers of the user's run under cop_try(). A process that faults or is killed in
 *           one never comes back from it: it owns the handler meanwhile, so that the reference is
 *           given back, and after a fault the handler is removed as if it had raised.
 * memory    An event is made and formatted within a cop_scope, and in buffers that are no process's:
 *           a process at its quota can still say so.
 */
#include "otp/logger.h"

#include <coppice/memory.h>
#include <coppice/text.h>
#include <coppice/timer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/lock.h"

static struct {
        struct lock lock;
        cop_report_fn *fn; /* NULL: the handlers */
        void *context;
} receiver;

void cop_report_to(cop_report_fn *fn, void *context)
{
        cop__lock_take(&receiver.lock);
        receiver.fn = fn;
        receiver.context = context;
        cop__lock_give(&receiver.lock);
}

/* ---- the user's code ---- */

/* A handler that is to see an event, and how far it is. */
struct passing {
        struct log_handler *handler;
        struct cop_log_event *event;
        struct buffer *buffer;
        struct log_filter filter; /* that is being asked; its fn is NULL: none is */
        bool is_users;            /* the user's code is running */
        bool stopped;
};

static bool is_fault(cop_term reason)
{
        static const char *const faults[] = {
                "segv", "bus", "fpe", "ill", "abort", "stack_overflow"
        };
        cop_term what;
        size_t i;

        if (cop_is_none(reason) || !cop_match(reason, "{What, _}", &what) || !cop_is_atom(what))
                return false;
        for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
                if (cop_is(what, faults[i]))
                        return true;
        return false;
}

/* The process has ended in the user's code. */
static void abandoned(void *argument)
{
        struct log_handler *handler = argument;
        cop_term reason = cop__reason_of_end();

        if (is_fault(reason) && cop__log_drop(handler, NULL))
                cop__log_complain("removed_failing_handler", handler->id, reason);
        cop__log_give(handler);
}

static void enter_users(struct passing *passing)
{
        if (cop__log_in_process())
                cop_own(passing->handler, abandoned);
        passing->is_users = true;
}

static void leave_users(struct passing *passing)
{
        passing->is_users = false;
        if (cop__log_in_process())
                cop_disown(passing->handler);
}

/* False: the event stops here. */
static bool ask_filters(struct passing *passing)
{
        struct log_filter filters[LOG_FILTERS_MOST];
        int count = cop__log_filters(passing->handler, filters), i;
        enum cop_log_verdict verdict = COP_LOG_IGNORE;

        for (i = 0; i < count && verdict == COP_LOG_IGNORE; i++) {
                passing->filter = filters[i];
                enter_users(passing);
                verdict = filters[i].fn(filters[i].context, passing->event);
                leave_users(passing);
        }
        passing->filter.fn = NULL;
        return verdict != COP_LOG_STOP;
}

/* What a handler logs does not come back to it. */
static void call_users(struct passing *passing)
{
        bool in_process = cop__log_in_process();
        cop_term key = cop_build("'$log_handler'");

        if (in_process && !cop_is_none(cop_get(key)))
                return;
        enter_users(passing);
        if (in_process)
                cop_put(key, cop_build("true"));
        passing->handler->fn(passing->handler->context, passing->event);
        if (in_process)
                cop_erase(key);
        leave_users(passing);
}

/* ---- what a handler takes ---- */

/* A supervisor's or an application's start: shown at debug, or to who asked for it. */
static bool is_unwanted_progress(const struct log_handler *handler,
                                 const struct cop_log_event *event)
{
        if (handler->options.progress || event->text || event->level < COP_LEVEL_INFO ||
            !(handler->sink || handler->is_capture) ||
            !cop_match(event->report, "#{label := {_, progress}}"))
                return false;
        return cop_logger_level() < COP_LEVEL_DEBUG;
}

static bool is_too_much(struct log_handler *handler, const struct cop_log_event *event)
{
        int64_t now_ms = event->time_ns / 1000000;
        int64_t began_ms = atomic_load(&handler->burst_began_ms);

        if (handler->options.burst_max == COP_NO_BURST_MAX)
                return false;
        if ((now_ms < began_ms || now_ms - began_ms >= handler->options.burst_ms) &&
            atomic_compare_exchange_strong(&handler->burst_began_ms, &began_ms, now_ms))
                atomic_store(&handler->burst_count, 0);
        return atomic_fetch_add(&handler->burst_count, 1) >= handler->options.burst_max;
}

static void write_event(struct passing *passing)
{
        struct log_handler *handler = passing->handler;

        if (is_too_much(handler, passing->event) || cop_sink_is_full(handler->sink, LOG_ROOM)) {
                cop_sink_lose(handler->sink);
                return;
        }
        cop__log_format(passing->buffer, passing->event, handler);
        cop_sink_put(handler->sink, passing->buffer->bytes, passing->buffer->size);
}

static void pass(void *argument)
{
        struct passing *passing = argument;
        struct log_handler *handler = passing->handler;

        if (!ask_filters(passing)) {
                passing->stopped = true;
                return;
        }
        if (is_unwanted_progress(handler, passing->event))
                return;
        atomic_fetch_add(&handler->taken, 1);
        if (handler->sink)
                write_event(passing);
        else if (handler->fn)
                call_users(passing);
        else if (handler->to.word)
                cop_send(handler->to, "{log, Event}", cop_log_event_term(passing->event));
}

/* It could not be shown: at the least, that there was something. */
static void write_apology(struct passing *passing, cop_term reason)
{
        struct cop_log_event event = *passing->event;
        char text[256];

        snprintf(text, sizeof(text), "something was logged here that cannot be shown: %s",
                 cop_is_tuple(reason) && cop_tuple_size(reason) > 0 &&
                                 cop_is_atom(cop_element(reason, 0))
                         ? cop_to_atom_text(cop_element(reason, 0))
                         : "it crashed");
        event.text = text;
        event.metadata = COP_NONE;
        cop__buffer_clear(passing->buffer);
        cop__log_format(passing->buffer, &event, passing->handler);
        cop_sink_put(passing->handler->sink, passing->buffer->bytes, passing->buffer->size);
}

static void remove_failed(struct passing *passing, cop_term reason)
{
        const char *filter = passing->filter.fn ? passing->filter.name : NULL;

        leave_users(passing);
        cop_erase(cop_build("'$log_handler'"));
        if (cop__log_drop(passing->handler, filter))
                cop__log_complain(filter ? "removed_failing_filter" : "removed_failing_handler",
                                  filter ? filter : passing->handler->id, reason);
}

/* Returns false where the event stops for all. */
static bool show(struct log_handler *handler, struct cop_log_event *event)
{
        struct passing passing = { .handler = handler, .event = event };
        enum cop_class class = COP_NORMAL;
        cop_term reason = COP_NONE;
        struct buffer buffer;

        cop__buffer_init(&buffer, LOG_EVENT_MOST);
        passing.buffer = &buffer;
        if (cop__log_in_process())
                class = cop_try(pass, &passing, &reason);
        else
                pass(&passing);
        if (class != COP_NORMAL && passing.is_users)
                remove_failed(&passing, reason);
        else if (class != COP_NORMAL && handler->sink)
                write_apology(&passing, reason);
        cop__buffer_release(&buffer);
        return !passing.stopped;
}

static bool is_for(const struct log_handler *handler, const struct cop_log_event *event)
{
        return (int)event->level <= atomic_load_explicit(&handler->level, memory_order_relaxed) &&
               !(handler->is_default && cop__log_is_captured());
}

void cop__log_dispatch(struct cop_log_event *event)
{
        int slot;

        for (slot = LOG_HANDLERS_MOST; slot >= 0; slot--) {
                struct log_handler *handler = cop__log_take(slot);
                bool goes_on = true;

                if (!handler)
                        continue;
                if (is_for(handler, event))
                        goes_on = show(handler, event);
                cop__log_give(handler);
                if (slot == LOG_HANDLERS_MOST && !goes_on)
                        return;
        }
}

/* ---- events ---- */

static cop_term all_metadata(cop_term given)
{
        cop_term all = cop__log_in_process() ? cop_log_metadata() : cop_build("#{}");
        size_t i;

        if (cop_is_none(given) || !cop_is_map(given))
                return all;
        if (cop_map_size(all) == 0)
                return given;
        for (i = 0; i < cop_map_size(given); i++)
                all = cop_map_put(all, cop_map_key(given, i), cop_map_value(given, i));
        return all;
}

static void log_event(struct cop_log_event *event, const struct cop_log_site *site,
                      cop_term metadata)
{
        char module[LOG_NAME_MOST + 1];

        event->time_ns = cop_wall_clock_ns();
        if (site) {
                size_t size;
                const char *name = cop__log_module_of(site, &size);

                snprintf(module, sizeof(module), "%.*s", (int)size, name);
                event->module = module;
                event->file = site->file;
                event->function = site->function;
                event->line = site->line;
                event->application = site->application;
        }
        if (cop__log_in_process()) {
                event->pid = cop_self();
                event->group_leader = cop_group_leader();
        }
        cop_scope {
                event->metadata = all_metadata(metadata);
                cop__log_dispatch(event);
        }
        event->module = NULL; /* which was here */
}

void cop__log_text(enum cop_level level, struct cop_log_site *site, cop_term metadata,
                   const char *text, size_t size)
{
        char cut[COP_LOG_TEXT_MAX + 64];
        struct cop_log_event event = { .level = level, .text = text };

        if (size >= COP_LOG_TEXT_MAX) {
                size_t most = COP_LOG_TEXT_MAX - 1;

                while (most > 0 && ((unsigned char)text[most] & 0xc0) == 0x80)
                        most--;
                snprintf(cut, sizeof(cut), "%.*s ... (%zu bytes more)", (int)most, text,
                         size - most);
                event.text = cut;
        }
        log_event(&event, site, metadata);
}

static void log_report(enum cop_level level, const struct cop_log_site *site, cop_term metadata,
                       cop_term report)
{
        struct cop_log_event event = { .level = level, .report = report };
        cop_report_fn *fn;
        void *context;

        cop__lock_take(&receiver.lock);
        fn = receiver.fn;
        context = receiver.context;
        cop__lock_give(&receiver.lock);
        if (fn)
                fn(context, level, report);
        else
                log_event(&event, site, metadata);
}

void cop__report(enum cop_level level, struct cop_log_site *site, cop_term metadata,
                 cop_term report)
{
        if (cop__log_wants(level, site))
                log_report(level, site, metadata, report);
}

void cop_report_term(enum cop_level level, cop_term report)
{
        static struct cop_log_site nowhere = { .file = "report", .function = "" };

        if (cop_is_reported(level) && cop__log_wants(level, &nowhere))
                log_report(level, NULL, COP_NONE, report);
}

void cop__log_complain(const char *what, const char *handler, cop_term reason)
{
        cop_report(COP_LEVEL_ERROR, "#{label => {logger, What}, id => Id, reason => Reason}",
                   cop_atom(what), handler, reason);
}

/* A process of no behaviour that ends with an error: nobody else would say it. */
static void on_error(cop_term reason)
{
        cop_report(COP_LEVEL_ERROR, "#{label => {process, error}, pid => Pid, reason => Reason}",
                   cop_self(), reason);
}

__attribute__((constructor)) static void listen(void)
{
        cop__on_error = on_error;
        cop_report_crashes(&cop__crash_reporter);
}
