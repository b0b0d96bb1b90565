/*
 * run.h: what the OS process of a test and the one that watches it know of each other.
 */
#ifndef COP_TEST_RUN_H
#define COP_TEST_RUN_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Exit statuses of the OS process of a test. */
enum { TEST_PASSED = 0, TEST_FAILED = 1, TEST_SKIPPED = 77 };

/* In memory that both share; any thread of the test writes, the watcher reads. */
struct test_watch {
        _Atomic(const char *) file; /* of the assertion that was reached last; NULL: none */
        _Atomic(int) line;
        atomic_bool has_failed;  /* an assertion said so */
        atomic_bool has_skipped; /* the test said so */
        atomic_bool is_over;     /* the test came to its end */
        char why_skipped[256];   /* valid once has_skipped */
        _Atomic(uint64_t) world; /* the seed of the simulated world that failed; 0: none did */
};

/* The watch of this run; set once before the first test. */
extern struct test_watch *cop__test_watch;

/* Says that the test has failed, without leaving. */
void cop__test_say_failed(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Called when an assertion has failed and that was said; where it returns, the OS process ends. */
void cop__test_leave_by(void (*leave)(void));

/* Called instead of all that, and where the test is skipped, while what is set up for all tests is. */
void cop__test_leave_setup_by(void (*leave)(void));

/* The random numbers of a test grow from the seed of the run and its name. */
void cop__test_seed_from(uint64_t seed, const char *name);

#endif
