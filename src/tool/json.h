/*
 * json.h: what meson says, as terms: arrays are lists, objects maps with binaries as keys, texts
 * binaries; true, false and null are atoms.
 */
#ifndef COP_TOOL_JSON_H
#define COP_TOOL_JSON_H

#include <coppice/term.h>

/* The term that the text, which ends with a zero, says; COP_NONE where it is no JSON. */
cop_term json_read(const char *text);

/* The object's element of this name; COP_NONE: there is none, or it is no object. */
cop_term json_get(cop_term object, const char *key);

/* The text of that element; NULL: there is none, or it is no text. */
const char *json_text(cop_term object, const char *key);

/* The list that it is; the empty one where it is none. */
cop_term json_list(cop_term object, const char *key);

#endif
