/*
 * coppice/report.h: what happened, as terms.
 *
 * A report is a term and a level. Servers and supervisors report in OTP's own shapes what OTP
 * reports: a child that was started, one that died, a server that ends with an error. Your code
 * reports what it likes.
 *
 *     cop_report(COP_LEVEL_WARNING, "#{sensor => Name, celsius => C}", name, celsius);
 *
 * What is better said in words goes through <coppice/log.h>; both are events of the logger, whose
 * levels, handlers and filters are in <coppice/logger.h>. An event above every level costs a load
 * and a comparison: its arguments are not even looked at.
 */
#ifndef COPPICE_REPORT_H
#define COPPICE_REPORT_H

#include <coppice/match.h>

COP_BEGIN_DECLS

/* How bad it is: the levels of syslog and of OTP. */
enum cop_level {
        COP_LEVEL_NONE = -1, /* as a limit: nothing at all */
        COP_LEVEL_EMERGENCY,
        COP_LEVEL_ALERT,
        COP_LEVEL_CRITICAL,
        COP_LEVEL_ERROR,
        COP_LEVEL_WARNING,
        COP_LEVEL_NOTICE,
        COP_LEVEL_INFO,
        COP_LEVEL_DEBUG,
};

/* A place in a program where something is logged; the macros make them. */
struct cop_log_site {
        const char *file, *function;
        const char *module; /* COP_LOG_MODULE; NULL: the file's name, without path and ending */
        const char *application; /* COP_LOG_APPLICATION; NULL: none */
        int line;
        uint32_t cache; /* the logger's: the level that holds here */
};

/* cop_report(level, "#{...}", ...) reports, if that level is wanted. Any thread. */
#define cop_report(level, ...)                                                                     \
        (cop_is_reported(level)                                                                    \
                 ? cop__report((level), COP__LOG_SITE, COP_NONE, cop_build(__VA_ARGS__))           \
                 : (void)0)
COP_API void cop_report_term(enum cop_level level, cop_term report);

/* Is called in the process that reports, and may use whatever a process may. The report lives
 * until it returns. */
typedef void cop_report_fn(void *context, enum cop_level level, cop_term report);

/* From now on all reports go to fn(context, ...), and to it alone; NULL: to the logger's handlers
 * again. To be called before there are processes, or while none reports. */
COP_API void cop_report_to(cop_report_fn *fn, void *context);

/* Events above this level are dropped, from now on, but where something more particular is said:
 * the same as cop_logger_set_level(). Returns the level that was. Any thread. */
COP_API enum cop_level cop_set_report_level(enum cop_level level);

/* The text that standard error gets for it, in the memory of the turn. */
COP_API const char *cop_report_text(enum cop_level level, cop_term report);
COP_API const char *cop_level_name(enum cop_level level);

/* ---- behind the macros ---- */

COP_API void cop__report(enum cop_level level, struct cop_log_site *site, cop_term metadata,
                         cop_term report);

/* Above this nobody wants to know anything. Read it through cop_is_reported(). */
extern COP_API int cop__log_gate;

/* May somebody want to know of an event of this level? Most who do not are told so here. */
static inline bool cop_is_reported(enum cop_level level)
{
        return (int)level <= __atomic_load_n(&cop__log_gate, __ATOMIC_RELAXED);
}

/* To be defined before this is included, or on the compiler's command line. */
#ifndef COP_LOG_MODULE
#define COP_LOG_MODULE NULL
#endif
#ifndef COP_LOG_APPLICATION
#define COP_LOG_APPLICATION NULL
#endif

#define COP__LOG_SITE                                                                              \
        __extension__({                                                                            \
                static struct cop_log_site cop__log_site = { __FILE__,       __func__,             \
                                                             COP_LOG_MODULE, COP_LOG_APPLICATION,  \
                                                             __LINE__,       0 };                  \
                &cop__log_site;                                                                    \
        })

COP_END_DECLS

#endif
