/* crash.h: where a test has crashed. */
#ifndef COP_TEST_CRASH_H
#define COP_TEST_CRASH_H

/* From now on a crash of the calling OS process writes its stack to standard error. */
void cop__test_tell_crashes(void);

#endif
