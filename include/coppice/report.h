/*
 * coppice/report.h: what happened, for people.
 *
 * A report is a term and a level. Servers and supervisors report in OTP's own shapes what OTP
 * reports: a child that was started, one that died, a server that ends with an error. Your code
 * reports what it likes.
 *
 *     cop_report(COP_LEVEL_WARNING, "#{sensor => Name, celsius => C}", name, celsius);
 *
 * Reports up to a level (notice, unless you say otherwise) go to one function, by default one that
 * prints a readable block on standard error. A report above the level costs one comparison: its
 * arguments are not even looked at.
 */
#ifndef COPPICE_REPORT_H
#define COPPICE_REPORT_H

#include <coppice/match.h>

COP_BEGIN_DECLS

/* How bad it is: the levels of syslog and of OTP. */
enum cop_level {
        COP_LEVEL_EMERGENCY,
        COP_LEVEL_ALERT,
        COP_LEVEL_CRITICAL,
        COP_LEVEL_ERROR,
        COP_LEVEL_WARNING,
        COP_LEVEL_NOTICE,
        COP_LEVEL_INFO,
        COP_LEVEL_DEBUG,
};

/* Is called in the process that reports, and may use whatever a process may. The report lives
 * until it returns. */
typedef void cop_report_fn(void *context, enum cop_level level, cop_term report);

/* cop_report(level, "#{...}", ...) reports, if that level is wanted. Any thread. */
#define cop_report(level, ...)                                                                     \
        (cop_is_reported(level) ? cop_report_term((level), cop_build(__VA_ARGS__)) : (void)0)
COP_API void cop_report_term(enum cop_level level, cop_term report);

/* From now on all reports go to fn(context, ...); NULL: to standard error again. To be called
 * before there are processes, or while none reports. */
COP_API void cop_report_to(cop_report_fn *fn, void *context);

/* Reports above this level are dropped, from now on. Returns the level that was. Any thread. */
COP_API enum cop_level cop_set_report_level(enum cop_level level);

/* The text that standard error gets for it, in the memory of the turn. */
COP_API const char *cop_report_text(enum cop_level level, cop_term report);
COP_API const char *cop_level_name(enum cop_level level);

/* Read it through cop_is_reported(). */
extern COP_API int cop__report_level;

static inline bool cop_is_reported(enum cop_level level)
{
        return (int)level <= __atomic_load_n(&cop__report_level, __ATOMIC_RELAXED);
}

COP_END_DECLS

#endif
