/*
 * list.h: lists made whole, pair beside pair.
 */
#ifndef COP_TERM_LIST_H
#define COP_TERM_LIST_H

#include "term/value.h"

/* Memory of the turn for `length` pairs. */
uint64_t *cop__list_take(size_t length);

/* Makes a list of pairs that lie side by side and whose heads are there already; at least one. */
cop_term cop__list_chain(uint64_t *pairs, size_t length);

#endif
