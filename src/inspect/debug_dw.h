/*
 * debug_dw.h: the session with libdw, for the files that talk to it.
 */
#ifndef COP_INSPECT_DEBUG_DW_H
#define COP_INSPECT_DEBUG_DW_H

#include <dwarf.h>
#include <elfutils/libdwfl.h>

#include "inspect/debug.h"

/* Takes the lock, and brings the list of libraries up to date. NULL: nothing is known; leave has to be
 * called all the same. */
Dwfl *cop__debug_enter(void);
void cop__debug_leave(void);
/* Between them: grows with each library that is loaded. */
unsigned long long cop__debug_age(void);

/* The compilation unit with this address in it, and what to take from addresses for it; NULL. */
Dwarf_Die *cop__debug_unit(Dwfl *dwfl, uintptr_t address, Dwarf_Addr *bias);

/* The first module is the program itself, where it is listed. False from fn ends it. */
void cop__debug_modules(Dwfl *dwfl, bool (*fn)(void *context, Dwfl_Module *module), void *context);

/* A name, cut to the room there is. */
void cop__debug_name(char *to, const char *name);

#endif
