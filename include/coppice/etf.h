/*
 * coppice/etf.h: terms as bytes, in Erlang's external format.
 *
 * What erlang:term_to_binary() makes and erlang:binary_to_term() takes: for files, sockets and
 * programs in other languages. Every kind of term can be sent, and comes back equal.
 *
 * Bytes from outside are decoded by cop_try_decode(), which returns what is wrong with them.
 * cop_decode() is for bytes that you trust: in a process, wrong ones are a crash.
 */
#ifndef COPPICE_ETF_H
#define COPPICE_ETF_H

#include <coppice/term.h>

COP_BEGIN_DECLS

/* The term in external format, as a binary in the memory of the turn. */
COP_API cop_term cop_encode(cop_term term);

/* The same, compressed where that makes it shorter, as term_to_binary(Term, [compressed]) does. */
COP_API cop_term cop_encode_compressed(cop_term term);

/* The term that a binary holds; badarg where it holds none or one beyond the default limits. */
COP_API cop_term cop_decode(cop_term binary);

/* How to decode. Leave out what you do not care about: zero is always the default. */
struct cop_decode_options {
        size_t struct_size;   /* filled in by the macro, so that this may grow */
        size_t depth_max;     /* of nesting; 0: 100,000 */
        size_t words_max;     /* of memory, 8 bytes each; 0: 16 million */
        size_t new_atoms_max; /* atoms there were not before; 0: 1,000; or COP_NO_NEW_ATOMS */
        size_t *used;         /* bytes may follow the term: gets how many it had; NULL: refused */
};

#ifndef COP_NO_NEW_ATOMS
#define COP_NO_NEW_ATOMS SIZE_MAX
#endif

/* What came of it. */
struct cop_decode_result {
        cop_term term;     /* COP_NONE after an error */
        size_t offset;     /* after an error: where it is, in bytes from the start (of what was */
        bool inside;       /* compressed, where inside is true) */
        const char *error; /* what was expected, for ever valid; NULL when all is well */
};

/*
 * cop_try_decode(bytes, size, .new_atoms_max = COP_NO_NEW_ATOMS) decodes one term.
 *
 * Returns   the term, in the memory of the turn; or an error, and then nothing is left behind but
 *           atoms, of which new_atoms_max says how many.
 * Threads   any.
 */
#define cop_try_decode(bytes, size, ...)                                                           \
        cop_try_decode_with((bytes), (size), COP_OPTIONS(struct cop_decode_options, __VA_ARGS__))

/* The function behind the macro; C++ and other languages call it directly. options may be NULL. */
COP_API struct cop_decode_result cop_try_decode_with(const void *bytes, size_t size,
                                                     const struct cop_decode_options *options);

/* cop_decode() with the place that a crash names; the macro fills it in. */
COP_API cop_term cop__decode(cop_term binary, const struct cop_place *place);

#define cop_decode(binary) cop__decode((binary), COP_HERE)

COP_END_DECLS

#endif
