/*
 * fault.h: what a fault in a worker says to its console, and to nobody else.
 */
#ifndef COP_CONSOLE_FAULT_H
#define COP_CONSOLE_FAULT_H

#include <coppice/term.h>

/* In a worker, at its beginning: its faults are not logged, but sent to its parent as
 * {'$console', {backtrace, Stack}}. */
void cop__fault_begin(void);

/* The places of a stack as text, up to where the console called; in the memory of the turn. */
const char *cop__fault_text(cop_term stack);

#endif
