/*
 * helper.h: what the console has besides functions.
 */
#ifndef COP_CONSOLE_HELPER_H
#define COP_CONSOLE_HELPER_H

#include <coppice/term.h>

struct evaluator;

struct helper {
        const char *name;
        const char *usage; /* its arguments */
        const char *text;  /* half a line of help */
        int least, most;   /* arguments */
        cop_term (*fn)(struct evaluator *e, const cop_term *arguments, size_t count);
};

extern const struct helper cop__helpers[];
extern const size_t cop__helper_count;

/* The helper of this name; NULL: there is none. */
const struct helper *cop__helper_find(const char *name, size_t size);

#endif
