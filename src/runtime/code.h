/*
 * code.h: whose code an address is in.
 *
 * Whether a process may be ended where it stands depends on every function on its stack: the
 * program's own may be left behind, but a library's may hold a lock or have half done what others
 * rely on. All questions here may be asked in a handler of OS signals.
 */
#ifndef COP_RUNTIME_CODE_H
#define COP_RUNTIME_CODE_H

#include <stdbool.h>
#include <stdint.h>

enum code {
        CODE_USER,   /* the program, and what was named by cop_killable() */
        CODE_OWN,    /* Coppice */
        CODE_SWITCH, /* switch_*.S: the end of a stack, or a catch on it */
        CODE_C,      /* the C library */
        CODE_MATH,   /* libm and the kernel's page: no locks, no state */
        CODE_CHECKER, /* a sanitizer's, in its builds: it stands between functions and what they call */
        CODE_FOREIGN, /* any other library, or none at all */
};

/* What is known of some functions. */
enum {
        KNOWN_PURE = 1,      /* works on its arguments alone */
        KNOWN_ABORT = 2,     /* ends in abort() and holds nothing then */
        KNOWN_STREAM = 4,    /* stdio on a stream: holds that stream's lock */
        KNOWN_IN_MEMORY = 8, /* stdio without a stream */
        KNOWN_READER = 16,   /* Coppice's, and looks at what the caller handed in */
        KNOWN_CALL = 32,     /* a system call and little else */
};

/* At the start and end of the runtime. Returns 0 or -ENOMEM. */
int cop__code_start(void);
void cop__code_stop(void);

/* Of an address in the function that begins at `function` (NULL: nobody knows). */
enum code cop__code_of(uintptr_t pc, uintptr_t function);
/* KNOWN_ of the function that begins there. */
unsigned cop__code_known(uintptr_t function);
/* Is there any code at all? */
bool cop__code_is_there(uintptr_t pc);
/* Are both in the same object, be it the program or a library? */
bool cop__code_is_beside(uintptr_t one, uintptr_t other);
/* Where it is in its file, whose name is *name; the address itself and NULL where it is in none. */
uintptr_t cop__code_place(uintptr_t pc, const char **name);
/* The frame of the function a stack began with has been called from here. */
bool cop__code_is_first(uintptr_t function);

#endif
