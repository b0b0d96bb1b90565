/*
 * utf8.h: characters as bytes, and back.
 *
 * Only what the Unicode standard calls well-formed: shortest forms, no surrogates, nothing beyond
 * U+10FFFF.
 */
#ifndef COP_BASE_UTF8_H
#define COP_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
        UTF8_MOST = 4,        /* bytes of one character */
        RUNE_MOST = 0x10ffff, /* the last character there is */
        RUNE_NONE = -1,
};

static inline bool cop__rune_is_valid(uint32_t rune)
{
        return rune <= RUNE_MOST && !(rune >= 0xd800 && rune <= 0xdfff);
}

/* Writes the character to `to` (room for UTF8_MOST bytes) and returns how many bytes it took; of
 * what is no character it writes U+FFFD. */
size_t cop__utf8_put(char *to, uint32_t rune);

/* The character at *at, which moves behind it; RUNE_NONE, and *at stays, where the bytes up to end
 * begin with none. */
int32_t cop__utf8_next(const char **at, const char *end);

/* How many characters the bytes are; SIZE_MAX where they are not UTF-8. */
size_t cop__utf8_length(const char *bytes, size_t size);

#endif
