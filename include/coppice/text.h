/*
 * coppice/text.h: terms as text.
 *
 * One syntax everywhere, Erlang's: {ok, [1, 2.5, "text", <<"binary">>], #{key => 'An atom'}}.
 */
#ifndef COPPICE_TEXT_H
#define COPPICE_TEXT_H

#include <coppice/term.h>

COP_BEGIN_DECLS

/* ---- printing ---- */

/*
 * The term as text, on one line, ended by a zero, in the memory of the turn. A list of printable
 * characters shows as a "text". What it returns can be read back as the same term, unless there is
 * a pid, reference, port or fun in it.
 */
COP_API const char *cop_show(cop_term term);

/* The same, but broken into lines of 80 columns and indented, as Erlang's ~tp does. */
COP_API const char *cop_show_pretty(cop_term term);

/* How to show. Leave out what you do not care about: zero is always the default. */
struct cop_show_options {
        size_t struct_size;
        bool pretty;        /* as cop_show_pretty() */
        unsigned indent;    /* pretty: the column in which the text will begin */
        unsigned depth_max; /* what nests deeper shows as ...; 0: no limit */
        size_t bytes_max; /* what is longer ends in ..., and costs no more time than that; 0: no limit */
};

/* cop_show_as(term, .bytes_max = 1000): the same, with limits. */
#define cop_show_as(term, ...)                                                                     \
        cop_show_with((term), COP_OPTIONS(struct cop_show_options, __VA_ARGS__))
COP_API const char *cop_show_with(cop_term term, const struct cop_show_options *options);

/* The same as cop_show_pretty(), to standard output with a line end: for a look at something. */
COP_API void cop_print(cop_term term);

/* ---- reading ---- */

/*
 * The term that the text says, in the memory of the turn; a full stop may follow it. For text of
 * your own program: where it is wrong, that is a crash with {bad_text, Line, Column, Message}. Text
 * from outside is read with cop_try_read().
 */
COP_API cop_term cop_read(const char *text);

/* How to read. Leave out what you do not care about: zero is always the default. */
struct cop_read_options {
        size_t struct_size;   /* filled in by the macros, so that this may grow */
        size_t depth_max;     /* of nesting; 0: 100,000 */
        size_t words_max;     /* of memory, 8 bytes each; 0: 16 million */
        size_t new_atoms_max; /* atoms there were not before; 0: 1,000; or COP_NO_NEW_ATOMS */
        bool pids; /* accept <0.1.2>, #Ref<0.1.2.3> and #Port<0.1>, as they are printed */
};

#define COP_NO_NEW_ATOMS SIZE_MAX

/* What came of it. */
struct cop_read_result {
        cop_term term;         /* COP_NONE after an error */
        size_t offset;         /* after an error: where it is, in bytes from the start, */
        uint32_t line, column; /* and for people, both from 1, in characters; */
        bool incomplete;       /* whether the text just ended too early, as in "{ok, " */
        char error[160];       /* what was found and what was expected; "" when all is well */
};

/*
 * cop_try_read(text, size, .depth_max = 20) reads one term in Erlang's syntax; a full stop may
 * follow it. The text is UTF-8.
 *
 * Returns   the term, in the memory of the turn; or an error, and then nothing is left behind but
 *           atoms, of which new_atoms_max says how many.
 * Threads   any.
 */
#define cop_try_read(text, size, ...)                                                              \
        cop_try_read_with((text), (size), COP_OPTIONS(struct cop_read_options, __VA_ARGS__))

/* The same for any number of terms, each ended by a full stop, as in Erlang's configuration files:
 * a list of them. */
#define cop_try_read_all(text, size, ...)                                                          \
        cop_try_read_all_with((text), (size), COP_OPTIONS(struct cop_read_options, __VA_ARGS__))

/* The functions behind the macros; C++ and other languages call them directly. options may be
 * NULL. */
COP_API struct cop_read_result cop_try_read_with(const char *text, size_t size,
                                                 const struct cop_read_options *options);
COP_API struct cop_read_result cop_try_read_all_with(const char *text, size_t size,
                                                     const struct cop_read_options *options);

/* cop_read() with the place that a crash names; the macro fills it in. */
COP_API cop_term cop__read(const char *text, const struct cop_place *place);

#define cop_read(text) cop__read((text), COP_HERE)

COP_END_DECLS

#endif
