/*
 * BITS: binaries and bit strings hold what was put in, carried or shared, and give it as text.
 */
#include <coppice/test.h>

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "support/failure.h"
#include "term/bits.h"
#include "term/host.h"

COP_TEST(BITS_sizes, "bytes come back, and the unused bits of the last one are zero")
{
        uint8_t bytes[200];
        size_t bits, i;

        for (i = 0; i < sizeof(bytes); i++)
                bytes[i] = 0xff;
        for (bits = 0; bits <= 8 * sizeof(bytes); bits++) {
                cop_term term = cop_bits(bytes, bits);

                cop_assert(cop_is_bits(term));
                cop_assert_equal(cop_is_binary(term), bits % 8 == 0);
                cop_assert_equal(cop_bit_size(term), bits);
                cop_assert_equal(cop_byte_size(term), (bits + 7) / 8);
                cop_assert_equal(is_box(term, BOX_SHARED), bits > 8 * SHARED_ABOVE);
                for (i = 0; i < bits / 8; i++)
                        cop_assert_equal(cop_to_bytes(term)[i], 0xff);
                if (bits % 8)
                        cop_assert_equal(cop_to_bytes(term)[i], (uint8_t)(0xff00 >> bits % 8));
        }
}

COP_TEST(BITS_padding, "a carried binary is padded with zeros, so that words can be compared")
{
        size_t size;

        for (size = 1; size <= SHARED_ABOVE; size++) {
                cop_term term;
                const uint64_t *box;
                size_t i;

                cop_scope
                        memset(cop__region_take(here(), 20), 0xff, 160);
                term = cop_binary(
                        "0123456789012345678901234567890123456789012345678901234567890123", size);
                box = words_of(term);
                cop_assert_equal(header_words(box[0]), 1 + (size + 7) / 8);
                for (i = size; i < 8 * ((size + 7) / 8); i++)
                        cop_assert_equal(((const uint8_t *)(box + 2))[i], 0);
        }
}

COP_TEST(BITS_piecewise, "who makes a binary piece by piece fills its bytes")
{
        uint8_t *bytes;
        cop_term term = cop__bits_new(here(), 8 * 1000, &bytes);
        struct region small;

        memset(bytes, 'x', 1000);
        cop_assert_equal(cop_byte_size(term), 1000);
        cop_assert_equal(cop_to_bytes(term)[999], 'x');
        cop__region_init(&small);
        small.most_words = 8;
        cop_assert(cop_is_none(cop__bits_new(&small, 8 * 64, &bytes)));
        cop_assert(!cop_is_none(cop__bits_new(&small, 8 * 1000, &bytes)));
        cop_assert(cop_is_none(cop__bits_new(&small, 8 * 1000, &bytes)));
        cop_assert(cop_is_none(cop__bits_new(here(), SIZE_MAX, &bytes)));
        cop__region_release(&small);
}

COP_TEST(BITS_wrong, "what is no bit string is badarg, and no size is too large for its answer")
{
        cop_term wrong[] = { COP_NONE,           NIL,
                             cop_int(1),         cop_atom("a"),
                             cop_cons(NIL, NIL), cop_tuple(0, NULL),
                             cop_float(1.5) };
        size_t i;

        for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                cop_assert(!cop_is_bits(wrong[i]));
                cop_assert(!cop_is_binary(wrong[i]));
                assert_badarg(cop_bit_size(wrong[i]));
                assert_badarg(cop_byte_size(wrong[i]));
                assert_badarg(cop_to_bytes(wrong[i]));
        }
        assert_limit(cop_binary("", SIZE_MAX));
        assert_limit(cop_bits("", SIZE_MAX));
        assert_limit(cop_binary("", SIZE_MAX / 16));
}

COP_TEST(BITS_cstring, "binaries, atoms and lists of characters are texts")
{
        char text[300];
        cop_term list;

        cop_assert_text(cop_to_cstring(cop_text("")), "");
        cop_assert_text(cop_to_cstring(cop_text("t\xc3\xa9xt")), "t\xc3\xa9xt");
        cop_assert_text(cop_to_cstring(cop_atom("an atom")), "an atom");
        cop_assert_text(cop_to_cstring(NIL), "");
        list = cop_list(
                4, (cop_term[]){ cop_int('a'), cop_int(0xe9), cop_int(0x20ac), cop_int(0x1f333) });
        cop_assert_text(cop_to_cstring(list), "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x8c\xb3");
        memset(text, 'x', sizeof(text));
        cop_assert_equal(strlen(cop_to_cstring(cop_binary(text, sizeof(text)))), sizeof(text));
        cop_assert_text((cop_to_cstring)(cop_text("without the macro")), "without the macro");
}

COP_TEST(BITS_cstring_wrong, "what is no text, or has a zero inside, is badarg")
{
        assert_badarg(cop_to_cstring(COP_NONE));
        assert_badarg(cop_to_cstring(cop_int(1)));
        assert_badarg(cop_to_cstring(cop_tuple(0, NULL)));
        assert_badarg(cop_to_cstring(cop_binary("a\0b", 3)));
        assert_badarg(cop_to_cstring(cop_bits("abc", 23)));
        assert_badarg(cop_to_cstring(cop_list(1, (cop_term[]){ cop_int(0) })));
        assert_badarg(cop_to_cstring(cop_list(1, (cop_term[]){ cop_int(-1) })));
        assert_badarg(cop_to_cstring(cop_list(1, (cop_term[]){ cop_int(0xd800) })));
        assert_badarg(cop_to_cstring(cop_list(1, (cop_term[]){ cop_int(0x110000) })));
        assert_badarg(cop_to_cstring(cop_list(1, (cop_term[]){ cop_int((int64_t)1 << 32) })));
        assert_badarg(cop_to_cstring(cop_list(1, (cop_term[]){ cop_atom("a") })));
        assert_badarg(cop_to_cstring(cop_cons(cop_int('a'), cop_int('b'))));
        assert_badarg((cop_to_cstring)(cop_int(1)));
}
