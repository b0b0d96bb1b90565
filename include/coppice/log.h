/*
 * coppice/log.h: what happened, in words.
 *
 *     cop_log_info("door %d opened after %.1f s", door, seconds);
 *     cop_log_with(COP_LEVEL_WARNING, cop_build("#{door => D}", door), "the lock is stiff");
 *
 * The compiler checks the arguments as those of printf(). Where nobody wants the event it costs a
 * load and a comparison, and the arguments are not looked at; else the text is made in the process
 * that logs, and written by somebody else: no process waits for a terminal or a disk. A pointer that
 * printf() would crash on crashes that process, and no other.
 *
 * Every event has metadata: time, pid, group leader, file, line, function, module, and what the
 * caller gave (cop_log_with), or gave to its process once and for all (cop_log_set_metadata). The
 * module is the name of the source file, unless COP_LOG_MODULE was defined to be a text before this
 * is included; the application is COP_LOG_APPLICATION, if that was.
 *
 * What a program is to be able to work with, and not just to read, it reports as a term:
 * cop_report() of <coppice/report.h>. Who gets the events is said in <coppice/logger.h>.
 *
 * All of this may be used by any thread, also where no system runs, but for what is about the
 * calling process. None of it blocks.
 */
#ifndef COPPICE_LOG_H
#define COPPICE_LOG_H

#include <coppice/report.h>

#include <stdarg.h>
#include <stdio.h>

COP_BEGIN_DECLS

/* ---- logging ---- */

/* Texts are cut off after so many bytes. */
#define COP_LOG_TEXT_MAX 4096

/* cop_log(COP_LEVEL_INFO, "format", ...), and one for each level. */
#define cop_log(level, ...)    cop_log_with((level), COP_NONE, __VA_ARGS__)
#define cop_log_emergency(...) cop_log(COP_LEVEL_EMERGENCY, __VA_ARGS__)
#define cop_log_alert(...)     cop_log(COP_LEVEL_ALERT, __VA_ARGS__)
#define cop_log_critical(...)  cop_log(COP_LEVEL_CRITICAL, __VA_ARGS__)
#define cop_log_error(...)     cop_log(COP_LEVEL_ERROR, __VA_ARGS__)
#define cop_log_warning(...)   cop_log(COP_LEVEL_WARNING, __VA_ARGS__)
#define cop_log_notice(...)    cop_log(COP_LEVEL_NOTICE, __VA_ARGS__)
#define cop_log_info(...)      cop_log(COP_LEVEL_INFO, __VA_ARGS__)
#define cop_log_debug(...)     cop_log(COP_LEVEL_DEBUG, __VA_ARGS__)

/* With metadata: a map, whose keys come before those of the process's own metadata. It is built
 * only where the event is wanted. */
#define cop_log_with(level, metadata, ...)                                                         \
        (cop_is_reported(level) ? cop__log((level), COP__LOG_SITE, (metadata), __VA_ARGS__)        \
                                : (void)0)
/* The same for a report. */
#define cop_report_with(level, metadata, ...)                                                      \
        (cop_is_reported(level)                                                                    \
                 ? cop__report((level), COP__LOG_SITE, (metadata), cop_build(__VA_ARGS__))         \
                 : (void)0)

/* ---- the calling process ---- */

/* The metadata of everything that the calling process logs from now on: a map. The processes that it
 * starts do not inherit it, as in OTP. Returns what it was: a map. */
COP_API cop_term cop_log_set_metadata(cop_term map);
/* Adds these keys to it, or changes them. */
COP_API void cop_log_update_metadata(cop_term map);
COP_API cop_term cop_log_metadata(void);

/* What the calling process logs is wanted up to this level, whatever else was said for its code;
 * COP_LEVEL_NONE silences it. The processes that it starts do not inherit it. */
COP_API void cop_log_set_level(enum cop_level level);
/* It is as everybody again. */
COP_API void cop_log_unset_level(void);

/* ---- behind the macros ---- */

COP_API bool cop__log_wants(enum cop_level level, struct cop_log_site *site);
COP_API void cop__log_text(enum cop_level level, struct cop_log_site *site, cop_term metadata,
                           const char *text, size_t size);

/* Here and not in the library: what vsnprintf() faults on is then the fault of who logs, and
 * contained. */
__attribute__((unused, cold, noinline, format(printf, 4, 5))) static void
cop__log(enum cop_level level, struct cop_log_site *site, cop_term metadata, const char *format,
         ...)
{
        char text[COP_LOG_TEXT_MAX];
        va_list values;
        int size;

        if (!cop__log_wants(level, site))
                return;
        va_start(values, format);
        size = vsnprintf(text, sizeof(text), format, values);
        va_end(values);
        if (size >= 0)
                cop__log_text(level, site, metadata, text, (size_t)size);
}

COP_END_DECLS

#endif
