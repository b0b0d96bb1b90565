/*
 * written.h: terms and bytes as texts that a test can compare.
 */
#ifndef COP_TESTS_SUPPORT_WRITTEN_H
#define COP_TESTS_SUPPORT_WRITTEN_H

#include <stddef.h>
#include <stdint.h>

#include <coppice/term.h>

/* The term as Erlang's ~tw prints it, until the next call. */
const char *written(cop_term term);

struct bytes {
        uint8_t at[4096];
        size_t size;
};

/* The bytes of hexadecimal digits; spaces between them are nothing. What stands in single quotes is
 * its own bytes: "83 77 02 'ok'". */
struct bytes bytes_of(const char *digits);

#endif
