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

#include <coppice/base.h>

COP_BEGIN_DECLS

/*
 * The shared object in which this function is may be left at any point, as the program's own code:
 * for plug-ins of the program's, and for libraries that are known to hold no locks and no state.
 *
 * Returns   true; false where no code is at this address, or without memory.
 * Threads   any.
 */
COP_API bool cop_killable(const void *function);

COP_END_DECLS

#endif
