/*
 * lending.h: one thing, for many who want it, one at a time.
 */
#ifndef LENDING_H
#define LENDING_H

#include <coppice.h>

COP_DECLARE(lending);

/* Waits until the thing is free, and has it. */
void lending_borrow(cop_pid manager);
void lending_give_back(cop_pid manager);
bool lending_is_free(cop_pid manager);

/* Four who want it, one after the other as it comes; false: it is lost when all of them are gone. */
bool lending_play(const char *how);

#endif
