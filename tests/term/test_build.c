/*
 * BUILD: what patterns build, from which values; and that a message built from one stands alone.
 */
#include <coppice/match.h>
#include <coppice/test.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "support/failure.h"
#include "support/memory.h"
#include "term/bits.h"
#include "term/host.h"
#include "term/map.h"
#include "term/pattern.h"

COP_TEST(BUILD_constant, "a pattern without variables is built once")
{
        cop_term first = COP_NONE, second = COP_NONE;
        int64_t blocks = 0;

        for (int i = 0; i < 3; i++) {
                second = cop_build("{ok, [1, 2.5, \"text\"], #{k => <<\"v\">>}}");
                if (i == 0)
                        first = second;
                if (i == 1)
                        blocks = cop__alloc_live_blocks();
        }
        cop_assert_equal(first.word, second.word);
        cop_assert_equal(cop__alloc_live_blocks(), blocks);
        cop_assert_equal(cop_tuple_size(first), 3);
        cop_assert_equal(cop_to_int(cop_head(cop_element(first, 1))), 1);
        cop_assert_text(cop_to_cstring(cop_map_find(cop_element(first, 2), cop_atom("k"))), "v");
}

COP_TEST(BUILD_constant_large, "a large binary in a pattern is shared, not copied")
{
        cop_term term =
                cop_build("{<<\"0123456789012345678901234567890123456789012345678901234567890123"
                          "456789\">>}");
        cop_term binary = cop_element(term, 0);
        struct shared_bits *box = (struct shared_bits *)words_of(binary);

        cop_assert(is_box(binary, BOX_SHARED));
        cop_assert_equal(box->bit_count, 8 * 70);
        cop_assert_equal(box->owner->users, 1);
}

/* ---- values ---- */

COP_TEST(BUILD_integers, "integers of every C type")
{
        signed char a = -128;
        short b = -32768;
        int c = INT32_MIN;
        long d = INT64_MIN;
        long long e = INT64_MAX;
        unsigned char f = 255;
        unsigned short g = 65535;
        unsigned h = UINT32_MAX;
        unsigned long i = UINT64_MAX;
        unsigned long long j = (uint64_t)1 << 60;
        char k = 'x';
        struct {
                unsigned few : 3;
        } bits = { 5 };

        cop_assert_term(cop_build("[A, B, C, D, E]", a, b, c, d, e),
                        "[-128, -32768, -2147483648, -9223372036854775808, 9223372036854775807]");
        cop_assert_term(cop_build("[F, G, H, I, J]", f, g, h, i, j),
                        "[255, 65535, 4294967295, 18446744073709551615, 1152921504606846976]");
        cop_assert_term(cop_build("{K, B, Y}", k, (unsigned)bits.few, 'y'), "{120, 5, 121}");
        cop_assert_term(cop_build("[A, B]", ((int64_t)1 << 60) - 1, -((int64_t)1 << 60)),
                        "[1152921504606846975, -1152921504606846976]");
        cop_assert(tag_of(cop_build("X", -((int64_t)1 << 60))) == TAG_INT);
        cop_assert(is_box(cop_build("X", -((int64_t)1 << 60) - 1), BOX_BIG_MINUS));
        cop_assert(is_box(cop_build("X", (int64_t)1 << 60), BOX_BIG_PLUS));
}

COP_TEST(BUILD_floats, "floats, and no infinite ones")
{
        double zero = 0;
        float f = 0.5f;

        cop_assert_term(cop_build("{D, F, [D]}", 2.5, f), "{2.5, 0.5, [2.5]}");
        cop_assert_term(cop_build("D", -1e308), "-1.0e308");
        assert_badarg(cop_build("{D}", 1 / zero));
        assert_badarg(cop_build("{D}", zero / zero));
        assert_badarg(cop_build("{F}", (float)INFINITY));
}

COP_TEST(BUILD_bools, "a bool is an atom; what C calls int is an integer")
{
        bool yes = true, no = false;

        cop_assert_term(cop_build("{Y, N, E, B}", yes, no, 1 == 1, cop_bool(1 == 1)),
                        "{true, false, 1, true}");
}

COP_TEST(BUILD_texts, "a text is a binary of its characters; NULL is badarg")
{
        char large[200] = "", buffer[] = "def";
        const char *text = "abc", *none = NULL;
        cop_term term;

        memset(large, 'x', sizeof(large) - 1);
        cop_assert_term(cop_build("{T, B, L, E}", text, buffer, "ghi", ""),
                        "{<<\"abc\">>, <<\"def\">>, <<\"ghi\">>, <<>>}");
        term = cop_build("{T}", large);
        cop_assert(is_box(cop_element(term, 0), BOX_SHARED));
        cop_assert_text(cop_to_cstring(cop_element(term, 0)), large);
        assert_badarg(cop_build("{T}", none));
}

COP_TEST(BUILD_terms, "terms, pids and references stand as they are; no value is badarg")
{
        cop_pid pid = { local_word(TAG_PID, 3, 4) }, no_pid = { 0 };
        cop_ref ref = { local_word(TAG_REF, 3, 4) };
        cop_term list = cop_build("[X]", 1), term = cop_build("{L, P, R, L}", list, pid, ref);

        cop_assert_equal(cop_element(term, 0).word, list.word);
        cop_assert_equal(cop_element(term, 1).word, pid.word);
        cop_assert_equal(cop_element(term, 2).word, ref.word);
        cop_assert_equal(cop_element(term, 3).word, list.word);
        assert_badarg(cop_build("{X}", COP_NONE));
        assert_badarg(cop_build("X", COP_NONE));
        assert_badarg(cop_build("{X}", no_pid));
}

COP_TEST(BUILD_place, "badarg says where the pattern stands")
{
        int line = __LINE__ + 1;
        cop_term reason = FAILS(cop_build("{X}", COP_NONE));

        cop_assert(cop_is(reason, "badarg"));
        cop_assert_equal(failure_place()->line, line);
        cop_assert_text(failure_place()->file, __FILE__);
}

/* ---- forms ---- */

COP_TEST(BUILD_nested, "tuples, lists, improper lists, in each other")
{
        cop_term one = cop_int(1);

        cop_assert_term(cop_build("X", one), "1");
        cop_assert_term(cop_build("[X]", one), "[1]");
        cop_assert_term(cop_build("[X | Y]", one, 2), "[1 | 2]");
        cop_assert_term(cop_build("[a, X, {X, [], {}} | {b, X}]", one),
                        "[a, 1, {1, [], {}} | {b, 1}]");
        cop_assert_term(cop_build("{{{{X}}}, [[[[X]]]]}", one), "{{{{1}}}, [[[[1]]]]}");
        cop_assert_term(cop_build("{[a, b], X, {c, \"d\", <<\"e\">>}}", one),
                        "{[a, b], 1, {c, \"d\", <<\"e\">>}}");
        cop_assert_term(cop_build("{outer, X}", cop_build("{inner, X}", cop_build("[X]", 1.5f))),
                        "{outer, {inner, [1.5]}}");
        cop_assert_term(cop_build("[A,B,C,D,E,F,G,H,I,J,K,L,M,N,O,P]", 0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
                                  10, 11, 12, 13, 14, 15),
                        "[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]");
}

COP_TEST(BUILD_maps, "maps with keys of every kind, in the order of keys; of equal ones the last")
{
        cop_term map = cop_build("#{b => X, a => Y, 2 => {X}, 1.5 => #{Y => X}}", 1, "y");

        cop_assert_term(map, "#{1.5 => #{<<\"y\">> => 1}, 2 => {1}, a => <<\"y\">>, b => 1}");
        cop_assert_equal(cop_to_int(cop_map_find(map, cop_atom("b"))), 1);
        cop_assert_term(cop_build("#{a => X, b => 0, a => Y}", 1, 2), "#{a => 2, b => 0}");
        cop_assert_term(cop_build("#{a => 1, a => 2}"), "#{a => 2}");
        map = cop_build("#{X => 1, Y => 2, c => 3, Z => 4}", cop_atom("c"), 5, "t");
        cop_assert_term(map, "#{c => 3, 5 => 2, <<\"t\">> => 4}");
        cop_assert_equal(cop_map_size(map), 3);
        map = cop_build("#{#{X => 1, a => 2} => x, [X] => y}", 7);
        cop_assert_equal(cop_map_size(map), 2);
        cop_assert_term(cop_map_find(map, cop_build("#{a => 2, 7 => 1}")), "x");
        cop_assert_term(cop_build("#{}"), "#{}");
        cop_assert_term(cop_build("#{X => X, Y => Y}", 1, 1), "#{1 => 1}");
}

COP_TEST(BUILD_map_order, "a map built in any order finds each of its keys")
{
        int64_t k[6];

        for (int round = 0; round < 500; round++) {
                cop_scope {
                        cop_term map;

                        for (int i = 0; i < 6; i++)
                                k[i] = (int64_t)cop_test_random_below(5);
                        map = cop_build("#{A => 0, B => 1, C => 2, D => 3, E => 4, F => 5}", k[0],
                                        k[1], k[2], k[3], k[4], k[5]);
                        for (size_t i = 1; i < cop_map_size(map); i++)
                                cop_assert(cop__compare_keys(cop_map_key(map, i - 1),
                                                             cop_map_key(map, i)) < 0);
                        for (int i = 0; i < 6; i++) {
                                int last = i;

                                for (int j = i; j < 6; j++)
                                        last = k[j] == k[i] ? j : last;
                                cop_assert_equal(cop_to_int(cop_map_find(map, cop_int(k[i]))),
                                                 last);
                        }
                }
        }
}

COP_TEST(BUILD_binaries, "binaries of texts, binaries and numbers")
{
        cop_term binary = cop_text("bin"), odd = cop_build("<<5:3>>"),
                 big = cop_build("16#112233445566"
                                 "77889900");

        cop_assert_term(cop_build("<<\"a\", T/binary, B/binary, 0>>", "text", binary),
                        "<<\"atextbin\", 0>>");
        cop_assert_term(cop_build("<<N, M:16, L:16/little, S:4, O/bits, 0:1>>", 1, 2, 3, -1, odd),
                        "<<1, 2:16, 3, 0, 15:4, 5:3, 0:1>>");
        cop_assert_term(
                cop_build("<<O/bits, T/binary, N:12, P:13/little>>", odd, "xy", 0x123, 0x1abc),
                "<<5:3, \"xy\", 16#123:12, 16#1abc:13/little>>");
        cop_assert_term(cop_build("<<X:64, Y:8>>", big, big), "<<16#3344556677889900:64, 0>>");
        cop_assert_term(cop_build("<<X:64>>", cop_build("-18446744073709551617")), "<<-1:64>>");
        cop_assert_term(cop_build("<<X:64, Y:0>>", UINT64_MAX, 1), "<<-1:64>>");
        assert_badarg(cop_build("<<X/binary>>", odd));
        assert_badarg(cop_build("<<X/binary>>", cop_atom("a")));
        assert_badarg(cop_build("<<X/binary>>", COP_NONE));
        assert_badarg(cop_build("<<X/binary>>", (const char *)NULL));
        assert_badarg(cop_build("<<X:8>>", cop_atom("a")));
        assert_badarg(cop_build("<<X:8>>", COP_NONE));
}

COP_TEST(BUILD_fields, "what is built from fields is matched by the same ones")
{
        for (int round = 0; round < 2000; round++) {
                cop_scope {
                        uint64_t a = cop_test_random(), b = cop_test_random(),
                                 c = cop_test_random();
                        uint64_t x = 0, y = 0, z = 0;
                        cop_term rest = COP_NONE, built;

                        built = cop_build("<<A:3, B:53, \"lit\", C:64/little, D:13, T/binary>>", a,
                                          b, c, a, "rest");
                        cop_assert(!cop_match(built, "<<_:3, _:53, \"lit\", _:64, _:12, R/binary>>",
                                              &rest));
                        cop_assert(cop_match(built,
                                             "<<X:3, Y:53, \"lit\", Z:64/little, _:13, R/bits>>",
                                             &x, &y, &z, &rest));
                        cop_assert_equal(x, a & 7);
                        cop_assert_equal(y, b & (((uint64_t)1 << 53) - 1));
                        cop_assert_equal(z, c);
                        cop_assert_term(rest, "<<\"rest\">>");
                }
        }
}

/* ---- messages ---- */

static bool is_inside(const uint64_t *block, size_t words, const uint64_t *at)
{
        return at >= block && at < block + words;
}

/* A message: built flat in a block of exactly the size that was asked for. */
struct message {
        uint64_t *block;
        size_t words;
        struct shared_bits *shared;
        cop_term term;
};

static void message_build(struct message *message, struct cop__site *site, const uint64_t *values)
{
        const struct pattern *pattern = cop__site_pattern(site);

        message->shared = NULL;
        message->words = cop__build_words(pattern, values, site);
        message->block = cop__alloc_array(message->words ? message->words : 1, sizeof(uint64_t));
        cop_assert(message->block);
        message->term = cop__build_flat(pattern, values, message->block, &message->shared);
}

static void message_free(struct message *message)
{
        cop__shared_release(message->shared, NULL);
        cop__free(message->block);
}

static struct message *build_message(struct cop__site *site, const uint64_t *values)
{
        static struct message message;

        message_build(&message, site, values);
        return &message;
}

#define MESSAGE(...) COP__BUILDING(build_message, (), __VA_ARGS__)

COP_TEST(FLAT_stands_alone, "a message survives the sender's memory")
{
        char *text = strdup("on the heap"), large[300] = "";
        struct message *message = NULL;

        memset(large, 'y', sizeof(large) - 1);
        cop_scope {
                cop_term list = cop_build("[{X}, <<\"some bytes\">>, Y]", 1, cop_text(large));

                message = MESSAGE(
                        "{a, L, [T, G, D], #{K => L, b => B}, <<\"x\", T/binary, N:16>>, {c, d}}",
                        list, text, large, 2.5, (uint64_t)1 << 63, true, cop_int(-2));
        }
        memset(text, 0, strlen(text));
        free(text);
        memset(large, 0, sizeof(large));
        cop_assert(is_inside(message->block, message->words, words_of(message->term)));
        memset(large, 'y', sizeof(large) - 1);
        cop_assert_term(message->term,
                        "{a, L, [T, G, D], #{K => L, b => B}, <<\"x\", T/binary, N:16>>, {c, d}}",
                        cop_build("[{1}, <<\"some bytes\">>, Y]", large), "on the heap", large, 2.5,
                        (uint64_t)1 << 63, 1, -2);
        message_free(message);
}

COP_TEST(FLAT_immediate, "a message of one immediate needs no memory of its own")
{
        struct message *message = MESSAGE("ok");

        cop_assert_equal(message->words, 0);
        cop_assert_term(message->term, "ok");
        message_free(message);
        message = MESSAGE("{ok, [1]}");
        cop_assert_equal(message->words, 0);
        cop_assert_term(message->term, "{ok, [1]}");
        message_free(message);
        message = MESSAGE("X", 5);
        cop_assert_term(message->term, "5");
        message_free(message);
        message = MESSAGE("X", cop_build("{a, [X]}", 1));
        cop_assert_term(message->term, "{a, [1]}");
        cop_assert(is_inside(message->block, message->words, words_of(message->term)));
        message_free(message);
}

COP_TEST(FLAT_shared, "shared bytes count the message while it lives")
{
        uint8_t bytes[500] = { 0 };
        cop_term binary = cop_binary(bytes, sizeof(bytes));
        struct shared_bits *box = (struct shared_bits *)words_of(binary);
        struct message *message = MESSAGE("{B, [B], T}", binary, "text");

        cop_assert_equal(box->owner->users, 3);
        cop_assert_equal(cop_element(message->term, 0).word == binary.word, false);
        message_free(message);
        cop_assert_equal(box->owner->users, 1);
}

COP_TEST(FLAT_badarg, "a value that no term can hold is found before anything is built")
{
        double zero = 0;

        assert_badarg(MESSAGE("{X}", COP_NONE));
        assert_badarg(MESSAGE("{X, D}", 1, 1 / zero));
        assert_badarg(MESSAGE("{X, T}", 1, (const char *)NULL));
        assert_badarg(MESSAGE("<<X/binary>>", cop_atom("a")));
}

static char long_text[200];

static bool build_flat_task(void *context)
{
        uint64_t values[] = { (uint64_t)(uintptr_t)long_text, (uint64_t)(uintptr_t)long_text },
                 block[64];
        static const uint8_t kinds[] = { COP__TEXT, COP__TEXT, COP__END };
        struct shared_bits *shared = NULL;
        struct pattern_error error;
        const struct pattern *pattern =
                cop__pattern_of("#{A => 1, B => 2, c => {A}}", COP__USE_BUILD, kinds, &error);
        cop_term term;

        cop_assert(pattern != NULL);
        cop_assert(cop__build_words(pattern, values, NULL) <= 64);
        term = cop__build_flat(pattern, values, block, &shared);
        cop_assert(!cop_is_none(term) || shared == NULL);
        cop__shared_release(shared, NULL);
        return !cop_is_none(term);
}

COP_TEST(FLAT_no_memory, "without memory for a large text there is no message, and nothing is left")
{
        memset(long_text, 'z', sizeof(long_text) - 1);
        build_flat_task(NULL); /* the pattern stays */
        cop_assert_equal(without_memory(build_flat_task, NULL, NULL), 3);
}

COP_TEST(FLAT_same, "a message says what cop_build says")
{
        for (int round = 0; round < 300; round++) {
                cop_scope {
                        int64_t a = (int64_t)cop_test_random() >> cop_test_random_below(64);
                        uint64_t b = cop_test_random() >> cop_test_random_below(64);
                        cop_term c = cop_build("[A, {B}, A]", a, b);
                        struct message *message = MESSAGE(
                                "{A, B, [C, C | A], #{A => C, C => B}, <<A:40, B:7>>}", a, b, c);

                        cop_assert_term(message->term,
                                        "{A, B, [C, C | A], #{A => C, C => B}, <<A:40, B:7>>}", a,
                                        b, c);
                        message_free(message);
                }
        }
}
