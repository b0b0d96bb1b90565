/*
 * BIG: integers of any size are carried exactly, have one form, and stand in the right order among
 * themselves and among floats.
 */
#include <coppice/test.h>

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/memory.h"
#include "term/big.h"
#include "term/host.h"

static cop_term of_text(const char *text)
{
        bool negative = *text == '-';

        text += negative;
        return cop__int_from_digits(here(), text, strlen(text), 10, negative);
}

/* In decimal; the caller frees nothing, as the next call overwrites it. */
static const char *text_of(cop_term integer)
{
        static char text[4000];
        struct buffer buffer;

        cop__buffer_init(&buffer, sizeof(text) - 1);
        cop_assert(cop__int_print(&buffer, integer));
        cop_assert(!buffer.failed);
        memcpy(text, buffer.bytes, buffer.size + 1);
        cop__buffer_release(&buffer);
        return text;
}

/* A magnitude of up to `most` bits with long runs of zeros and ones. */
static cop_term random_int(size_t most)
{
        uint64_t limbs[64];
        size_t count = 1 + cop_test_random_below(most / 64), i;

        for (i = 0; i < count; i++) {
                limbs[i] = cop_test_random_below(3) ? cop_test_random() : 0;
                limbs[i] = cop_test_random_below(3) ? limbs[i] : ~limbs[i];
        }
        limbs[count - 1] >>= cop_test_random_below(64);
        return cop__int_from_limbs(here(), limbs, count, cop_test_random_below(2));
}

COP_TEST(BIG_text, "integers read and print as themselves")
{
        static const char *const texts[] = {
                "0",
                "-1",
                "9999999999999999999",
                "10000000000000000000",
                "18446744073709551615",
                "18446744073709551616",
                "-340282366920938463463374607431768211456",
                "100000000000000000000000000000000000000",
                "99999999999999999999999999999999999999",
                "1606938044258990275541962092341162602522202993782792835301376",
                "-10000000000000000000000000000000000000000000000000000000000000000000000000001",
        };
        size_t i;

        for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
                cop_assert_text(text_of(of_text(texts[i])), texts[i]);
        cop_assert_text(text_of(of_text("-0")), "0");
        cop_assert_text(text_of(of_text("000000000000000000000000000000000000007")), "7");
        cop_assert_text(text_of(of_text("-00000000000000000000000000000000000000")), "0");
}

COP_TEST(BIG_round, "any integer printed and read is that integer")
{
        int i;

        for (i = 0; i < 20000; i++) {
                cop_scope {
                        cop_term integer = random_int(i % 10 ? 512 : 4096);

                        cop_assert(cop_equal(of_text(text_of(integer)), integer));
                }
        }
}

COP_TEST(BIG_bases, "digits of every base give the same integer")
{
        int i, base;

        for (i = 0; i < 300; i++) {
                for (base = 2; base <= 36; base++) {
                        cop_scope {
                                char digits[300];
                                size_t count = 1 + cop_test_random_below(sizeof(digits)), at;
                                struct limbs view;
                                cop_term whole;
                                uint64_t limbs[32] = { 0 };

                                for (at = 0; at < count; at++) {
                                        uint64_t digit = cop_test_random_below((uint64_t)base);
                                        unsigned __int128 carry = digit;

                                        digits[at] =
                                                (i % 2 ? "0123456789abcdefghijklmnopqrstuvwxyz"
                                                       : "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")
                                                        [digit];
                                        for (size_t l = 0; l < 32; l++) {
                                                carry += (unsigned __int128)limbs[l] *
                                                         (unsigned)base;
                                                limbs[l] = (uint64_t)carry;
                                                carry >>= 64;
                                        }
                                }
                                whole = cop__int_from_digits(here(), digits, count, base, false);
                                cop_assert(cop_equal(
                                        whole, cop__int_from_limbs(here(), limbs, 32, false)));
                                cop__int_view(&view, whole);
                                cop_assert(view.count == 0 || view.limbs[view.count - 1] != 0);
                        }
                }
        }
}

COP_TEST(BIG_form, "an integer is immediate where 61 bits hold it, and has no leading zeros")
{
        static const uint64_t zeros[5] = { 7, 0, 0, 0, 0 };
        uint64_t edge[3] = { (uint64_t)INT_MOST, 0, 0 };

        cop_assert_equal(cop_to_int(cop__int_from_limbs(here(), zeros, 5, true)), -7);
        cop_assert_equal(tag_of(cop__int_from_limbs(here(), zeros, 5, true)), TAG_INT);
        cop_assert_equal(tag_of(cop__int_from_limbs(here(), zeros + 1, 4, true)), TAG_INT);
        cop_assert_equal(tag_of(cop__int_from_limbs(here(), NULL, 0, true)), TAG_INT);
        cop_assert_equal(tag_of(cop__int_from_limbs(here(), edge, 3, true)), TAG_INT);
        cop_assert_equal(tag_of(cop__int_from_limbs(here(), edge, 3, false)), TAG_BOX);
        cop_assert_equal(tag_of(of_text("00000000000000000001152921504606846975")), TAG_INT);
        cop_assert_equal(header_words(*words_of(of_text("00000000000001152921504606846976"))), 1);
}

COP_TEST(BIG_bytes, "bytes, least significant first, are the same as limbs")
{
        uint8_t bytes[40];
        int i;

        for (i = 0; i < 2000; i++) {
                cop_scope {
                        size_t size = cop_test_random_below(sizeof(bytes) + 1), at;
                        uint64_t limbs[5] = { 0 };

                        for (at = 0; at < size; at++)
                                bytes[at] = (uint8_t)(cop_test_random_below(2) * cop_test_random());
                        memcpy(limbs, bytes, size);
                        cop_assert(cop_equal(cop__int_from_bytes(here(), bytes, size, i % 2),
                                             cop__int_from_limbs(here(), limbs, 5, i % 2)));
                }
        }
}

COP_TEST(BIG_nearest, "an integer's float is the one that its decimal text reads as")
{
        int i;

        for (i = 0; i < 20000; i++) {
                cop_scope {
                        cop_term integer = random_int(1024);

                        cop_assert_equal(cop__int_to_float(integer),
                                         strtod(text_of(integer), NULL));
                }
        }
}

COP_TEST(BIG_floats, "integers and floats are compared without rounding")
{
        static const struct {
                const char *integer;
                double value;
                int order;
        } cases[] = {
                { "0", -0.0, 0 },
                { "0", DBL_TRUE_MIN, -1 },
                { "0", -DBL_TRUE_MIN, 1 },
                { "5", 5.5, -1 },
                { "-5", -5.5, 1 },
                { "-6", -5.5, -1 },
                { "9007199254740992", 9007199254740992.0, 0 },
                { "9007199254740993", 9007199254740992.0, 1 },
                { "9007199254740993", 9007199254740994.0, -1 },
                { "1152921504606846975", 0x1p60, -1 },
                { "1152921504606846976", 0x1p60, 0 },
                { "-1152921504606846976", -0x1p60, 0 },
                { "-1152921504606846977", -0x1p60, -1 },
                { "1152921504606846976", 1.5, 1 },
                { "1152921504606846976", -1e300, 1 },
                { "-1152921504606846976", 1e300, -1 },
                { "18446744073709551615", 0x1p64, -1 },
                { "18446744073709551616", 0x1p64, 0 },
                { "18446744073709551617", 0x1p64, 1 },
                { "-18446744073709551617", -0x1p64, -1 },
                { "100000000000000000000000", 1e23, 1 },
                { "99999999999999991611392", 1e23, 0 },
                { "18446744073709551616", 0.0, 1 },
                { "-18446744073709551616", 0.0, -1 },
        };
        size_t i;

        for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                cop_term integer = of_text(cases[i].integer), value = cop_float(cases[i].value);

                cop_assert_equal(cop__int_compare_float(integer, cases[i].value), cases[i].order);
                cop_assert_equal(cop_compare(integer, value), cases[i].order);
                cop_assert_equal(cop_compare(value, integer), -cases[i].order);
        }
}

COP_TEST(BIG_above_floats, "2^1024 and more stand beyond every float")
{
        uint64_t limbs[17] = { [16] = 1 };
        cop_term big = cop__int_from_limbs(here(), limbs, 17, false);

        cop_assert_equal(cop__int_compare_float(big, DBL_MAX), 1);
        cop_assert(isinf(cop__int_to_float(big)));
        big = cop__int_from_limbs(here(), limbs, 17, true);
        cop_assert_equal(cop__int_compare_float(big, -DBL_MAX), -1);
        cop_assert(isinf(cop__int_to_float(big)));
}

COP_TEST(BIG_order, "integers of any size are ordered as their texts say")
{
        int i;

        for (i = 0; i < 20000; i++) {
                cop_scope {
                        cop_term a = random_int(192), b = random_int(192);
                        char text[200];
                        int expected;

                        strcpy(text, text_of(a));
                        expected = (*text_of(b) == '-') - (*text == '-');
                        if (expected == 0) {
                                expected = (int)strlen(text) - (int)strlen(text_of(b));
                                if (expected == 0)
                                        expected = strcmp(text, text_of(b));
                                if (*text == '-')
                                        expected = -expected;
                        }
                        expected = (expected > 0) - (expected < 0);
                        cop_assert_equal(cop_compare(a, b), expected);
                }
        }
}

static bool print_big(void *context)
{
        struct buffer buffer;
        bool fine;

        cop__buffer_init(&buffer, 1000);
        fine = cop__int_print(&buffer, *(cop_term *)context);
        cop_assert_equal(fine, !buffer.failed);
        cop__buffer_release(&buffer);
        return fine;
}

COP_TEST(BIG_memory, "printing without memory fails and leaves nothing")
{
        cop_term big = of_text("-340282366920938463463374607431768211456");

        cop_assert(without_memory(print_big, NULL, &big) >= 2);
}

COP_TEST(BIG_limit, "an integer that the region has no room for is no term")
{
        struct region region;
        uint64_t limbs[100];

        memset(limbs, 1, sizeof(limbs));
        cop__region_init(&region);
        region.most_words = 1;
        cop_assert(cop_is_none(cop__int_from_limbs(&region, limbs, 100, false)));
        cop_assert(cop_is_none(cop__int_from_bytes(&region, (uint8_t *)limbs, 800, false)));
        cop_assert(cop_is_none(
                cop__int_from_digits(&region, (char *)memset(limbs, '7', 800), 800, 10, false)));
        cop__region_release(&region);
}
