/*
 * coppice/containment.h: which code a process may be ended in.
 *
 * A fault (bad pointer, division by zero, stack overflow, abort) ends the process in which it
 * happens, with a reason such as {segv, #{address => A, pc => P}}, and nobody else; and cop_kill()
 * ends a process wherever it is. Both only where every function on its stack is the program's own or
 * known to be harmless: a library that was called may hold a lock, or have half done what others
 * rely on. A fault there cannot be contained, and the whole program stops with a report and exit
 * status 134 (docs/containment.md).
 *
 * COP_ON_FAULT in the environment: `stop` stops the program where a fault is, for a debugger;
 * `core` ends it there, with a core file.
 */
#ifndef COPPICE_CONTAINMENT_H
#define COPPICE_CONTAINMENT_H

#include <coppice/term.h>

COP_BEGIN_DECLS

/*
 * The shared object in which this function is may be left at any point, as the program's own code:
 * for plug-ins of the program's, and for libraries that are known to hold no locks and no state.
 *
 * Returns   true; false where no code is at this address, or without memory.
 * Threads   any.
 */
COP_API bool cop_killable(const void *function);

/* ---- where it happened ---- */

/*
 * The stack of the caller's last error or fault, in this turn, as addresses, the innermost first:
 * cop_frames_text() of <coppice/inspect.h> makes names and lines of them. Of a deep one the middle is
 * the atom '...'. [] where there was none, nobody wanted to hear of errors, the error was caught by a
 * cop_try() of the program's own, or the caller has waited since.
 */
COP_API cop_term cop_backtrace(void);

/* ---- who reports a fault ---- */

struct cop_handler;

/* A process that a fault has ended. Its memory may be broken. */
struct cop_crash {
        cop_term reason;
        cop_term backtrace;
        cop_term message; /* that it was handling, as far as it can be read; COP_NONE */
        const struct cop_handler *handler; /* NULL: it was none */
        const void *state; /* of the handler; to be looked at with cop_type_show() */
};

/*
 * is_wanted is asked by any thread: does anybody want to hear of errors? Where it says no, a fault costs
 * what it cost without. report is called in the process itself, after its stack is given up and before
 * its destructors: it may use whatever a process may.
 */
struct cop_crash_reporter {
        bool (*is_wanted)(void);
        void (*report)(const struct cop_crash *crash);
};

/* From now on this one reports; NULL: nobody. It stays the caller's, and stays there. Any thread. */
COP_API void cop_report_crashes(const struct cop_crash_reporter *reporter);

COP_END_DECLS

#endif
