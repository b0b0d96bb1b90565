/*
 * bug.h: what must hold, and what happens when it does not.
 *
 * A broken invariant is our mistake, never bad input: the program stops at once with one report,
 * as nothing in it can be trusted any more.
 */
#ifndef COP_BASE_BUG_H
#define COP_BASE_BUG_H

/* Reports what is wrong, and where, and stops the program with SIGABRT. */
void cop__bug_at(const char *file, int line, const char *what) __attribute__((noreturn, cold));

#define COP_BUG(what) cop__bug_at(__FILE__, __LINE__, (what))

/* Always on: it costs a compare. */
#define cop__assert(condition)                                                                     \
        (__builtin_expect(!(condition), 0) ? cop__bug_at(__FILE__, __LINE__, #condition) : (void)0)

#endif
