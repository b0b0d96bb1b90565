/*
 * types.h: C types as they are in debug information, made into structs that stay.
 */
#ifndef COP_INSPECT_TYPES_H
#define COP_INSPECT_TYPES_H

#include <coppice/inspect.h>

#include "inspect/debug_dw.h"

/* Between enter and leave. The type that this entry describes (NULL: void); never NULL but without
 * memory. */
const struct cop_type *cop__type_of(Dwarf_Die *die);
/* The type that this entry has. */
const struct cop_type *cop__type_of_attribute(Dwarf_Die *die);

#endif
