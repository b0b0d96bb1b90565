/*
 * coppice/via.h: names that somebody else keeps.
 *
 * A process has one registered name, an atom. A via is a name of any form, in a register of its own:
 * the term {via, Module, Name}, where Module says whom to ask. It stands wherever a destination is
 * taken, and where a server is started:
 *
 *     cop_term milk = cop_build("{via, cop_registry, {lists, <<\"milk\">>}}");
 *
 *     cop_server_start_link(bucket, cop_nil(), .via = milk);
 *     cop_call(milk, "get");
 *     cop_send(milk, "hello");
 *
 * cop_registry is the register that Coppice has (<coppice/registry.h>). Another one, of yours, says
 * how a name is found, given and taken back:
 *
 *     COP_VIA(phone_book, .whereis_name = look_up, .register_name = enter,
 *             .unregister_name = strike_out);
 *
 * A Module that nobody has defined is {undef, [{Module, whereis_name, [Name], []}]} for who asks.
 */
#ifndef COPPICE_VIA_H
#define COPPICE_VIA_H

#include <coppice/process.h>

COP_BEGIN_DECLS

/* A register of names. Its functions run in whoever uses a name, and may crash it. */
struct cop_via {
        const char *module;
        /* Who has the name; a zero pid: nobody. */
        cop_pid (*whereis_name)(cop_term name);
        /* Gives it to the calling process; false: somebody has it. */
        bool (*register_name)(cop_term name);
        /* Takes it back from the calling process; nothing where that does not have it. */
        void (*unregister_name)(cop_term name);
        struct cop_via *next; /* the library's */
};

/* COP_VIA(module, .whereis_name = ..., ...) defines one, before main(). */
#define COP_VIA(module_, ...)                                                                      \
        static struct cop_via cop__via_##module_ = { .module = #module_, __VA_ARGS__ };            \
        __attribute__((constructor)) static void cop__via_enter_##module_(void)                    \
        {                                                                                          \
                cop__via_add(&cop__via_##module_);                                                 \
        }                                                                                          \
        __attribute__((destructor)) static void cop__via_leave_##module_(void)                     \
        {                                                                                          \
                cop__via_remove(&cop__via_##module_);                                              \
        }                                                                                          \
        struct cop__via_semicolon_##module_

/* Gives this name to the caller. False: somebody has it. badarg where the term is no via. */
COP_API bool cop_register_via(cop_term via);
/* Takes it back from the caller. */
COP_API void cop_unregister_via(cop_term via);

/* A module that is already there is a mistake: it stops the program. */
/* Not surely dead. Asks nobody, so an exit signal that is under way is not known yet. */
COP_API bool cop__seems_alive(cop_pid pid);

COP_API void cop__via_add(struct cop_via *via);
COP_API void cop__via_remove(struct cop_via *via);

COP_END_DECLS

#endif
