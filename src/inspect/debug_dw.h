/*
 * debug_dw.h: the session with libdw, for the files that talk to it.
 *
 * libdw is loaded when the first question is asked: most programs never ask one, and it and what it
 * needs in its turn are four libraries to find, map and link at each start. So its functions are
 * called through pointers, under their own names.
 */
#ifndef COP_INSPECT_DEBUG_DW_H
#define COP_INSPECT_DEBUG_DW_H

#include <dwarf.h>
#include <elfutils/libdwfl.h>

#include "inspect/debug.h"

/* All that are called. */
/* clang-format off */
#define COP__DW_FUNCTIONS(X) \
        X(dwarf_attr) X(dwarf_attr_integrate) X(dwarf_bytesize) \
        X(dwarf_child) X(dwarf_cu_getdwarf) X(dwarf_diename) \
        X(dwarf_filesrc) X(dwarf_formflag) X(dwarf_formref_die) \
        X(dwarf_formsdata) X(dwarf_formstring) X(dwarf_formudata) \
        X(dwarf_get_units) X(dwarf_getscopes) X(dwarf_getscopes_die) \
        X(dwarf_getsrc_die) X(dwarf_getsrcfiles) X(dwarf_haspc) \
        X(dwarf_lineno) X(dwarf_linesrc) X(dwarf_lowpc) \
        X(dwarf_siblingof) X(dwarf_tag) X(dwfl_addrmodule) \
        X(dwfl_begin) X(dwfl_build_id_find_debuginfo) X(dwfl_end) \
        X(dwfl_getmodules) X(dwfl_linux_proc_find_elf) X(dwfl_linux_proc_report) \
        X(dwfl_module_addrdie) X(dwfl_module_addrname) X(dwfl_module_getdwarf) \
        X(dwfl_module_getsym_info) X(dwfl_module_getsymtab) X(dwfl_module_nextcu) \
        X(dwfl_report_begin_add) X(dwfl_report_end) X(dwfl_standard_find_debuginfo)
/* clang-format on */

struct dw {
#define COP__DW_MEMBER(name) __typeof__(name) *name;
        COP__DW_FUNCTIONS(COP__DW_MEMBER)
#undef COP__DW_MEMBER
};

/* Set by cop__dw_load(), which returns false where libdw is not to be had. Any thread, any number of times. */
extern struct dw cop__dw;
bool cop__dw_load(void);

#ifndef COP__DW_LOADS
#define dwarf_attr                   cop__dw.dwarf_attr
#define dwarf_attr_integrate         cop__dw.dwarf_attr_integrate
#define dwarf_bytesize               cop__dw.dwarf_bytesize
#define dwarf_child                  cop__dw.dwarf_child
#define dwarf_cu_getdwarf            cop__dw.dwarf_cu_getdwarf
#define dwarf_diename                cop__dw.dwarf_diename
#define dwarf_filesrc                cop__dw.dwarf_filesrc
#define dwarf_formflag               cop__dw.dwarf_formflag
#define dwarf_formref_die            cop__dw.dwarf_formref_die
#define dwarf_formsdata              cop__dw.dwarf_formsdata
#define dwarf_formstring             cop__dw.dwarf_formstring
#define dwarf_formudata              cop__dw.dwarf_formudata
#define dwarf_get_units              cop__dw.dwarf_get_units
#define dwarf_getscopes              cop__dw.dwarf_getscopes
#define dwarf_getscopes_die          cop__dw.dwarf_getscopes_die
#define dwarf_getsrc_die             cop__dw.dwarf_getsrc_die
#define dwarf_getsrcfiles            cop__dw.dwarf_getsrcfiles
#define dwarf_haspc                  cop__dw.dwarf_haspc
#define dwarf_lineno                 cop__dw.dwarf_lineno
#define dwarf_linesrc                cop__dw.dwarf_linesrc
#define dwarf_lowpc                  cop__dw.dwarf_lowpc
#define dwarf_siblingof              cop__dw.dwarf_siblingof
#define dwarf_tag                    cop__dw.dwarf_tag
#define dwfl_addrmodule              cop__dw.dwfl_addrmodule
#define dwfl_begin                   cop__dw.dwfl_begin
#define dwfl_build_id_find_debuginfo cop__dw.dwfl_build_id_find_debuginfo
#define dwfl_end                     cop__dw.dwfl_end
#define dwfl_getmodules              cop__dw.dwfl_getmodules
#define dwfl_linux_proc_find_elf     cop__dw.dwfl_linux_proc_find_elf
#define dwfl_linux_proc_report       cop__dw.dwfl_linux_proc_report
#define dwfl_module_addrdie          cop__dw.dwfl_module_addrdie
#define dwfl_module_addrname         cop__dw.dwfl_module_addrname
#define dwfl_module_getdwarf         cop__dw.dwfl_module_getdwarf
#define dwfl_module_getsym_info      cop__dw.dwfl_module_getsym_info
#define dwfl_module_getsymtab        cop__dw.dwfl_module_getsymtab
#define dwfl_module_nextcu           cop__dw.dwfl_module_nextcu
#define dwfl_report_begin_add        cop__dw.dwfl_report_begin_add
#define dwfl_report_end              cop__dw.dwfl_report_end
#define dwfl_standard_find_debuginfo cop__dw.dwfl_standard_find_debuginfo
#endif

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
