/*
 * utf8.c: characters as bytes, and back.
 *
 * The first byte says how many follow and what the smallest character of that length is; anything
 * smaller was written in too many bytes, and is refused like a missing byte.
 */
#include "base/utf8.h"

size_t cop__utf8_put(char *to, uint32_t rune)
{
        if (!cop__rune_is_valid(rune))
                rune = 0xfffd;
        if (rune < 0x80) {
                to[0] = (char)rune;
                return 1;
        }
        if (rune < 0x800) {
                to[0] = (char)(0xc0 | rune >> 6);
                to[1] = (char)(0x80 | (rune & 63));
                return 2;
        }
        if (rune < 0x10000) {
                to[0] = (char)(0xe0 | rune >> 12);
                to[1] = (char)(0x80 | (rune >> 6 & 63));
                to[2] = (char)(0x80 | (rune & 63));
                return 3;
        }
        to[0] = (char)(0xf0 | rune >> 18);
        to[1] = (char)(0x80 | (rune >> 12 & 63));
        to[2] = (char)(0x80 | (rune >> 6 & 63));
        to[3] = (char)(0x80 | (rune & 63));
        return 4;
}

int32_t cop__utf8_next(const char **at, const char *end)
{
        static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
        const uint8_t *byte = (const uint8_t *)*at;
        uint32_t rune;
        int size, i;

        if (*at >= end)
                return RUNE_NONE;
        if (*byte < 0x80) {
                *at += 1;
                return *byte;
        }
        size = *byte >= 0xf0 ? 4 : *byte >= 0xe0 ? 3 : 2;
        if (*byte < 0xc2 || *byte > 0xf4 || end - *at < size)
                return RUNE_NONE;
        rune = *byte & (0x7fu >> size);
        for (i = 1; i < size; i++) {
                if ((byte[i] & 0xc0) != 0x80)
                        return RUNE_NONE;
                rune = rune << 6 | (byte[i] & 63);
        }
        if (rune < smallest[size] || !cop__rune_is_valid(rune))
                return RUNE_NONE;
        *at += size;
        return (int32_t)rune;
}

size_t cop__utf8_length(const char *bytes, size_t size)
{
        const char *end = bytes + size;
        size_t length = 0;

        while (bytes < end) {
                if (cop__utf8_next(&bytes, end) == RUNE_NONE)
                        return SIZE_MAX;
                length++;
        }
        return length;
}
