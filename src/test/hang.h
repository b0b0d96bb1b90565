/* hang.h: where a program that does not end has got to. */
#ifndef COP_TEST_HANG_H
#define COP_TEST_HANG_H

#include <sys/types.h>

/* Writes to stdout what each thread of the OS process is doing. */
void cop__test_show_threads(pid_t pid);

#endif
