/*
 * failure.h: how a call ends that ends its caller.
 *
 * Where there is no process, a failure stops the program. FAILS(expression) catches it instead and
 * gives its reason; COP_NONE: there was none. What the expression had allocated on the way stays.
 */
#ifndef COP_TESTS_SUPPORT_FAILURE_H
#define COP_TESTS_SUPPORT_FAILURE_H

#include <coppice/term.h>
#include <coppice/test.h>

#include <setjmp.h>

#define FAILS(expression)                                                                          \
        __extension__({                                                                            \
                if (_setjmp(*failure_begin()) == 0)                                                \
                        (void)(expression);                                                        \
                failure_end();                                                                     \
        })

/* A wrong argument: badarg. */
#define assert_badarg(expression) cop_assert(cop_is(FAILS(expression), "badarg"))

/* A limit or memory was used up: system_limit, alone or with what. */
#define assert_limit(expression) cop_assert(is_limit(FAILS(expression)))

jmp_buf *failure_begin(void);
cop_term failure_end(void);
/* Where the last failure of this thread says it was; NULL: it does not say. */
const struct cop_place *failure_place(void);
bool is_limit(cop_term reason);

#endif
