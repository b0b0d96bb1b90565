/*
 * table.h: what tests know of tables.
 */
#ifndef COP_TERM_TABLE_H
#define COP_TERM_TABLE_H

#include <coppice/table.h>

/* Walks the table and stops the program with a report when an invariant is broken. */
void cop__table_audit(const struct cop_table *table);

#endif
