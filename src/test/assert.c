/*
 * assert.c: what stands inside a test.
 *
 * An assertion that fails writes what it saw and leaves the OS process at once, whatever thread
 * and whatever stack it is on: nothing is unwound, nothing of the program runs again, and the
 * watcher (run.c) counts the failure. That is why it works within processes, in callbacks, and
 * while other threads are running.
 *
 * Owners    The words of the watch are the test's while it lives; see run.h.
 */
#include <coppice/test.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "test/run.h"
#include "test/value.h"

static void (*leave)(void);       /* set before the test; NULL: by _exit() */
static void (*leave_setup)(void); /* what is set up for all has failed, or is skipped */
static _Atomic(uint64_t) random_state;
static uint64_t seed_of_run;

/* One failure is told in full; a second thread that fails meanwhile has nothing to add. */
static void only_once(void)
{
        static atomic_flag told = ATOMIC_FLAG_INIT;

        if (atomic_flag_test_and_set(&told)) {
                if (leave)
                        leave();
                for (;;)
                        pause();
        }
}

void cop__test_leave_by(void (*fn)(void))
{
        leave = fn;
}

void cop__test_leave_setup_by(void (*fn)(void))
{
        leave_setup = fn;
}

static void write_all(const char *text, size_t size)
{
        while (size > 0) {
                ssize_t n = write(STDERR_FILENO, text, size);

                if (n <= 0)
                        return;
                text += n;
                size -= (size_t)n;
        }
}

/* In a buffer that is not on the stack: a process has little of it. */
static char message[16384];

static COP_NORETURN void leave_failed(void)
{
        fflush(stdout);
        message[sizeof(message) - 2] = '\n';
        write_all(message, strlen(message));
        atomic_store(&cop__test_watch->has_failed, true);
        if (leave_setup)
                leave_setup();
        if (leave)
                leave();
        _exit(TEST_FAILED);
}

void cop__test_say_failed(const char *format, ...)
{
        va_list args;

        atomic_store(&cop__test_watch->has_failed, true);
        fflush(stdout);
        va_start(args, format);
        vsnprintf(message, sizeof(message) - 1, format, args);
        va_end(args);
        strcat(message, "\n");
        write_all(message, strlen(message));
}

void cop__test_at(const char *file, int line)
{
        atomic_store_explicit(&cop__test_watch->file, file, memory_order_relaxed);
        atomic_store_explicit(&cop__test_watch->line, line, memory_order_relaxed);
}

void cop__test_false(const char *file, int line, const char *condition)
{
        cop__test_fail(file, line, "cop_assert(%s) does not hold", condition);
}

void cop__test_fail(const char *file, int line, const char *format, ...)
{
        va_list args;
        size_t at;

        only_once();
        cop__test_at(file, line);
        snprintf(message, sizeof(message), "%s:%d: ", file, line);
        at = strlen(message);
        va_start(args, format);
        vsnprintf(message + at, sizeof(message) - at - 2, format, args);
        va_end(args);
        at = strlen(message);
        message[at] = '\n';
        message[at + 1] = '\0';
        leave_failed();
}

void cop__test_skip(const char *file, int line, const char *why)
{
        cop__test_at(file, line);
        snprintf(cop__test_watch->why_skipped, sizeof(cop__test_watch->why_skipped), "%s", why);
        atomic_store(&cop__test_watch->has_skipped, true);
        fflush(stdout);
        if (leave_setup)
                leave_setup();
        _exit(TEST_SKIPPED);
}

void cop__test_equal(const char *file, int line, const char *is_text, struct cop__test_value is,
                     const char *expected_text, struct cop__test_value expected)
{
        static char left[4096];
        static char right[4096];
        char where[64] = "";

        if (cop__test_value_is_equal(is, expected))
                return;
        only_once();
        cop__test_value_print(is, left, sizeof(left));
        cop__test_value_print(expected, right, sizeof(right));
        if (is.kind == COP__TEST_TEXT && expected.kind == COP__TEST_TEXT && is.as.text &&
            expected.as.text && strlen(left) > 40)
                snprintf(where, sizeof(where), "\n        they differ from byte %zu on",
                         cop__test_text_differs_at(is.as.text, expected.as.text));
        snprintf(message, sizeof(message),
                 "%s:%d: not equal\n        %s\n            is %s\n        %s\n"
                 "            is %s%s\n",
                 file, line, is_text, left, expected_text, right, where);
        leave_failed();
}

/* Up to 16 bytes from `from` on in hexadecimal. */
static size_t print_bytes(const unsigned char *bytes, size_t size, size_t from, char *text,
                          size_t room)
{
        size_t at = 0;
        size_t i;

        text[0] = '\0';
        for (i = from; i < size && i < from + 16 && at + 4 < room; i++)
                at += (size_t)snprintf(text + at, room - at, " %02x", bytes[i]);
        return at;
}

void cop__test_bytes(const char *file, int line, const char *is_text, const void *is, size_t size,
                     const char *expected_text, const void *expected, size_t expected_size)
{
        const unsigned char *a = is;
        const unsigned char *b = expected;
        size_t shorter = size < expected_size ? size : expected_size;
        size_t at = 0;
        char left[64];
        char right[64];

        while (at < shorter && a[at] == b[at])
                at++;
        if (at == size && at == expected_size)
                return;
        only_once();
        print_bytes(a, size, at, left, sizeof(left));
        print_bytes(b, expected_size, at, right, sizeof(right));
        snprintf(message, sizeof(message),
                 "%s:%d: not the same bytes, from byte %zu on\n        %s (%zu bytes)\n"
                 "           %s\n        %s (%zu bytes)\n           %s\n",
                 file, line, at, is_text, size, left, expected_text, expected_size, right);
        leave_failed();
}

void cop__test_seed_from(uint64_t seed, const char *name)
{
        uint64_t hash = 1469598103934665603u;

        while (*name)
                hash = (hash ^ (unsigned char)*name++) * 1099511628211u;
        seed_of_run = seed;
        atomic_store(&random_state, seed ^ hash);
}

uint64_t cop_test_random(void)
{
        uint64_t x = atomic_fetch_add(&random_state, 0x9e3779b97f4a7c15u) + 0x9e3779b97f4a7c15u;

        x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
        x = (x ^ x >> 27) * 0x94d049bb133111ebu;
        return x ^ x >> 31;
}

uint64_t cop_test_random_below(uint64_t limit)
{
        return cop_test_random() % limit;
}

uint64_t cop_test_seed(void)
{
        return seed_of_run;
}
