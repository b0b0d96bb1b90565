/*
 * UTF8: characters become bytes and bytes characters; what is not well-formed is refused.
 */
#include <coppice/test.h>

#include <string.h>

#include "base/utf8.h"

COP_TEST(UTF8_all, "every character comes back from its bytes")
{
        uint32_t rune;

        for (rune = 0; rune <= RUNE_MOST; rune++) {
                char bytes[UTF8_MOST];
                const char *at = bytes;
                size_t size;

                if (!cop__rune_is_valid(rune))
                        continue;
                size = cop__utf8_put(bytes, rune);
                if (cop__utf8_next(&at, bytes + size) != (int32_t)rune || at != bytes + size)
                        cop_fail("U+%X does not come back", (unsigned)rune);
                at = bytes;
                if (cop__utf8_next(&at, bytes + size - 1) != RUNE_NONE || at != bytes)
                        cop_fail("U+%X is taken though its last byte is missing", (unsigned)rune);
        }
}

/* The straight way: is there a character whose bytes these are? */
static int32_t slow_next(const uint8_t *bytes, size_t size)
{
        char put[UTF8_MOST];
        uint32_t rune = 0;

        if (bytes[0] < 0x80)
                return bytes[0];
        if (size >= 2 && bytes[0] >> 5 == 6)
                rune = (uint32_t)(bytes[0] & 31) << 6 | (bytes[1] & 63);
        else if (size >= 3 && bytes[0] >> 4 == 14)
                rune = (uint32_t)(bytes[0] & 15) << 12 | (uint32_t)(bytes[1] & 63) << 6 |
                       (bytes[2] & 63);
        else if (size >= 4 && bytes[0] >> 3 == 30)
                rune = (uint32_t)(bytes[0] & 7) << 18 | (uint32_t)(bytes[1] & 63) << 12 |
                       (uint32_t)(bytes[2] & 63) << 6 | (bytes[3] & 63);
        else
                return RUNE_NONE;
        if (!cop__rune_is_valid(rune) || memcmp(put, bytes, cop__utf8_put(put, rune)) != 0)
                return RUNE_NONE;
        return (int32_t)rune;
}

COP_TEST(UTF8_any_bytes, "any four bytes begin with the character they begin with, or with none")
{
        int i;

        for (i = 0; i < 2000000; i++) {
                uint64_t random = cop_test_random();
                char bytes[4] = { (char)(random | 0x80), (char)random, (char)(random >> 8),
                                  (char)(random >> 16) };
                size_t size = 1 + (random >> 32) % 4;
                const char *at = bytes;
                int32_t is, expected;
                size_t j;

                for (j = 1; j < 4; j++)
                        if (random >> (40 + j) & 3)
                                bytes[j] = (char)((bytes[j] & 0x3f) | 0x80);
                is = cop__utf8_next(&at, bytes + size);
                expected = slow_next((const uint8_t *)bytes, size);
                if (is != expected)
                        cop_fail("%02x %02x %02x %02x, %zu bytes: is %x, expected %x",
                                 (uint8_t)bytes[0], (uint8_t)bytes[1], (uint8_t)bytes[2],
                                 (uint8_t)bytes[3], size, (unsigned)is, (unsigned)expected);
        }
}

COP_TEST(UTF8_length, "characters are counted, and what is not UTF-8 is not counted")
{
        cop_assert_equal(cop__utf8_length("", 0), 0);
        cop_assert_equal(cop__utf8_length("a\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\xb3", 10), 4);
        cop_assert_equal(cop__utf8_length("a\0b", 3), 3);
        cop_assert_equal(cop__utf8_length("a\xc3", 2), SIZE_MAX);
        cop_assert_equal(cop__utf8_length("\xed\xa0\x80", 3), SIZE_MAX);
        cop_assert_equal(cop__utf8_length("\xc0\x80", 2), SIZE_MAX);
        cop_assert_equal(cop__utf8_length("\xf4\x90\x80\x80", 4), SIZE_MAX);
}
