/*
 * coppice/inspect.h: the program as its source has it.
 *
 * A running program knows addresses; people know functions, lines and structs. What leads from one
 * to the other is debug information, which the compiler writes with -g into the program or a file
 * beside it. This is for reports, consoles and debuggers: nothing in here is fast at first (a
 * library's debug information is read when it is first asked for), and all of it may answer
 * "unknown": where there is no debug information, or where Coppice was built without libdw. Then
 * the names of exported functions are all there is.
 *
 *     cop_print(cop_frames(cop_build("[Pc]", (uint64_t)pc)));
 *     [{sequence,handle_cast,0,[{file,"sequence.c"},{line,41}]}]
 *
 * Memory is looked at through the kernel: a pointer that leads nowhere is shown as such, and does
 * not fault. All of it may be called by any thread; nothing of it in a handler of OS signals.
 */
#ifndef COPPICE_INSPECT_H
#define COPPICE_INSPECT_H

#include <coppice/term.h>

COP_BEGIN_DECLS

/* ---- addresses ---- */

/*
 * The frames of a stack as Erlang has them, the innermost first:
 *
 *     {Module, Function, 0, [{file, File}, {line, Line}]}
 *
 * Each address in the list becomes the function that it is in, with the functions that the compiler
 * has put into that one before it; where nobody knows the place it is [], and where nobody knows
 * the function either, that is a text as <<"libc.so.6+0x3f2a">>. Module is the source's name
 * without its ending, or the library's. Whatever is no address stays as it is, so a stack may be
 * asked about twice.
 */
COP_API cop_term cop_frames(cop_term stack);

/*
 * The same for people, a line a frame, each with a line end, in the memory of the turn:
 *
 *         sequence.c:41: handle_cast
 *
 * Functions that the macros of Coppice have made (cop__...) are left out.
 */
COP_API const char *cop_frames_text(cop_term stack);

/* ---- types ---- */

enum cop_type_kind {
        COP_TYPE_UNKNOWN, /* a type that there is no word for here: its bytes are shown */
        COP_TYPE_VOID,
        COP_TYPE_BOOL,
        COP_TYPE_CHAR, /* plain char: a part of a text */
        COP_TYPE_SIGNED,
        COP_TYPE_UNSIGNED,
        COP_TYPE_FLOAT,
        COP_TYPE_ENUM,
        COP_TYPE_POINTER,
        COP_TYPE_ARRAY,
        COP_TYPE_STRUCT,
        COP_TYPE_UNION,
        COP_TYPE_FUNCTION,
        COP_TYPE_TERM, /* cop_term */
        COP_TYPE_PID,  /* cop_pid */
        COP_TYPE_REF,  /* cop_ref */
};

struct cop_field {
        const char *name; /* "" for an unnamed struct or union */
        const struct cop_type *type;
        size_t offset;                 /* in bytes */
        unsigned first_bit, bit_count; /* of a bit field, from there on; bit_count 0: it is none */
};

struct cop_enumerator {
        const char *name;
        int64_t value;
};

/* Lives as long as the program. */
struct cop_type {
        enum cop_type_kind kind;
        const char *name; /* as C has it: "struct sequence", "const char *", "int64_t" */
        size_t size;      /* in bytes; 0: unknown, as of a struct that is only declared */
        size_t count;     /* of fields, enumerators, or an array's elements */
        const struct cop_field *fields;
        const struct cop_enumerator *enumerators;
};

/* The type with this name ("struct sequence", "int"); code is an address in a function of the file
 * that means it (two files may have a struct of that name), or NULL. NULL: unknown. */
COP_API const struct cop_type *cop_type_find(const char *name, const void *code);
/* What a pointer points to, what an array consists of. NULL: unknown. */
COP_API const struct cop_type *cop_type_target(const struct cop_type *type);

/*
 * What is in memory, as a term in the memory of the turn:
 *
 *     struct, union    {'struct sequence', [{current, 457}]}
 *     numbers          integers and floats, true and false; nan, infinity and '-infinity'
 *     enum             its name as an atom, or the number where it has none
 *     char *, char []  a text, of up to 512 bytes
 *     other arrays     a list; of unsigned char a binary
 *     other pointers   'NULL'; {pointer, Address}; {pointer, Address, Value} with what it points to
 *                      (to a function: its name)
 *     cop_term, cop_pid, cop_ref    what they are
 *
 * What cannot be read is the atom unreadable; what is too deep, too long or too much for a look
 * ends in the atom '...'.
 */
COP_API cop_term cop_type_show(const struct cop_type *type, const void *memory);

/*
 * Changes memory into what cop_type_show() would show so. Fields that are not named stay as they
 * are; pointers and unions can only stay as they are. A cop_term is kept (cop_replace()).
 *
 * Returns   true; or false where shown does not fit the type, and nothing is changed then.
 */
COP_API bool cop_type_write(const struct cop_type *type, void *memory, cop_term shown);

/* What cop_type_show() made, as C would have it: struct sequence{current = 457}. In the memory of
 * the turn. Any other term is printed as it is. */
COP_API const char *cop_shown_text(cop_term shown);
/* What cop_type_show() made of a struct, with another value of this field: to hide a secret. A field
 * that there is not is not added. */
COP_API cop_term cop_shown_put(cop_term shown, const char *field, cop_term value);

/* ---- functions and variables ---- */

enum { COP_ARGUMENTS_MOST = 16 };

struct cop_argument {
        const char *name; /* "" where the prototype has none */
        const struct cop_type *type;
};

struct cop_function {
        void (*address)(void);
        bool has_prototype; /* else all that follows is unknown */
        bool is_variadic;
        const struct cop_type *result;
        size_t argument_count;
        struct cop_argument arguments[COP_ARGUMENTS_MOST];
};

/* Looks for a function of the program or its libraries, by its name; not one that is static.
 * Returns false where there is none, or it takes more arguments than COP_ARGUMENTS_MOST. */
COP_API bool cop_function_find(struct cop_function *function, const char *name);

/* Where a variable of the program or its libraries is, and how many bytes it has; not one that is
 * static. NULL: there is none. */
COP_API void *cop_variable_find(const char *name, size_t *size);

/* The names of the functions of the program itself that are not static and begin with this: a
 * sorted list of texts. */
COP_API cop_term cop_function_names(const char *prefix);

COP_END_DECLS

#endif
