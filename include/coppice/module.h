/*
 * coppice/module.h: what a process can be made of, by name.
 *
 * In OTP a child is described by a term: its start is {Module, Function, Arguments}. C has no
 * functions to be found by name, so those that start something are registered: COP_SERVER and
 * COP_SUPERVISOR do it for theirs under {Name, start_link, [Argument]}, and COP_START_FUNCTION for
 * a function of yours:
 *
 *     static cop_term connect(cop_term arguments)
 *     {
 *             return cop_server_try_start_link(connection, cop_head(arguments));
 *     }
 *     COP_START_FUNCTION(database, connect, connect);
 *
 *     #{id => db, start => {database, connect, ["localhost"]}}
 *
 * All of this happens before main().
 */
#ifndef COPPICE_MODULE_H
#define COPPICE_MODULE_H

#include <coppice/handler.h>

COP_BEGIN_DECLS

/*
 * Starts a process, linked to the caller. Returns {ok, Pid}, {ok, Pid, Info}, ignore, or
 * {error, Reason}; it may crash, too, which counts as an error.
 */
typedef cop_term cop_start_fn(cop_term arguments);

struct cop_module;

/* A start function under its name, or a whole module. */
struct cop_start {
        const char *module, *function;
        cop_start_fn *fn;
        struct cop_start *next; /* the library's */
        const struct cop_module *server;
};

/* COP_START_FUNCTION(module, function, fn): {module, function, Arguments} calls fn(Arguments). */
#define COP_START_FUNCTION(module_, function_, fn_)                                                \
        static struct cop_start cop__start_##module_##_##function_ = { #module_, #function_, fn_,  \
                                                                       0, 0 };                     \
        __attribute__((constructor)) static void cop__start_add_##module_##_##function_(void)      \
        {                                                                                          \
                cop__start_add(&cop__start_##module_##_##function_);                               \
        }                                                                                          \
        __attribute__((destructor)) static void cop__start_remove_##module_##_##function_(void)    \
        {                                                                                          \
                cop__start_remove(&cop__start_##module_##_##function_);                            \
        }                                                                                          \
        COP__SEMICOLON(module_##_##function_)

/* A name that is already there with another function is a mistake: it stops the program. */
COP_API void cop__start_add(struct cop_start *start);
COP_API void cop__start_remove(struct cop_start *start);

/*
 * What {module, function, arguments} returns. An unknown function is the error undef of the caller.
 *
 * Blocks    as long as the start takes.
 */
COP_API cop_term cop_apply_start(cop_term module, cop_term function, cop_term arguments);

/* Makes a macro that ends with a definition want a semicolon. */
#define COP__SEMICOLON(name) struct cop__semicolon_##name

COP_END_DECLS

#endif
