/*
 * table.h: Coppice's public functions by name, with what their headers say.
 *
 * The table is made of the headers by tools/make-console, so that a program without debug information,
 * and one that was stripped, has them. Macros are in it as well; those that can be called are in
 * macros.c.
 */
#ifndef COP_CONSOLE_TABLE_H
#define COP_CONSOLE_TABLE_H

#include <coppice/process.h>

/* A call under way. */
struct console_call {
        const char *name;
        const cop_term *arguments;
        const bool *are_texts; /* which of them were typed as "text"; they are binaries here */
        size_t count;
        cop_term result;
};

struct console_entry {
        const char *name;
        const char *prototype;                   /* as the header has it */
        const char *text;                        /* the header's comment; "": none */
        void (*call)(struct console_call *call); /* NULL: not from here */
        int least, most;                         /* arguments */
};

struct console_constant {
        const char *name;
        int64_t value;
};

/* Sorted by name. */
extern const struct console_entry cop__console_table[];
extern const size_t cop__console_table_size;
extern const struct console_constant cop__console_constants[];
extern const size_t cop__console_constants_size;

const struct console_entry *cop__console_entry(const char *name);
/* The value of a name of the headers, such as COP_TEMPORARY. */
bool cop__console_constant(const char *name, int64_t *value);

/* What an argument is to the function; another kind of term is refused. */
cop_term cop__take_term(const struct console_call *call, size_t index);
/* A destination: a text is a name. */
cop_term cop__take_to(const struct console_call *call, size_t index);
cop_pid cop__take_pid(const struct console_call *call, size_t index);
cop_ref cop__take_ref(const struct console_call *call, size_t index);
int64_t cop__take_int(const struct console_call *call, size_t index, int64_t least, uint64_t most);
bool cop__take_bool(const struct console_call *call, size_t index);
double cop__take_float(const struct console_call *call, size_t index);
const char *cop__take_text(const struct console_call *call, size_t index);
void *cop__take_pointer(const struct console_call *call, size_t index);

/* The pattern that stands there, with what stands behind it for its variables, as cop_build() makes it;
 * an argument that is no text is the term itself. */
cop_term cop__take_built(const struct console_call *call, size_t index);

/* What a result is as a term. */
cop_term cop__give_text(const char *text);
cop_term cop__give_pointer(const void *pointer);
cop_term cop__give_pid(cop_pid pid);
cop_term cop__give_term(cop_term term);

#endif
