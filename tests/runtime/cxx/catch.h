/*
 * The C++ half of a test of exceptions, and what it calls.
 */
#ifndef COP_TESTS_RUNTIME_CXX_CATCH_H
#define COP_TESTS_RUNTIME_CXX_CATCH_H

#ifdef __cplusplus
extern "C" {
#endif

int wait_inside_catch(int number);
int wait_while_unwinding(int number);
int uncaught_count(void);
void throw_for_nobody(void);

/* Leaves the stack with this number. */
void leave(int number);

#ifdef __cplusplus
}
#endif

#endif
