/*
 * MATCH: what patterns match, what they take from it, and that a failed match writes nothing.
 */
#include <coppice/match.h>
#include <coppice/test.h>

#include <float.h>
#include <math.h>
#include <string.h>

#include "support/failure.h"
#include "support/memory.h"
#include "term/host.h"
#include "term/pattern.h"

/* Does the term match a pattern without variables, given at run time? */
static bool matches(cop_term term, const char *text)
{
        struct pattern_error error = { 0 };
        const struct pattern *pattern =
                cop__pattern_of(text, COP__USE_MATCH, (const uint8_t[]){ COP__END }, &error);

        if (!pattern)
                cop_fail("pattern %s: column %u: %s", text, error.column, error.text);
        return cop__pattern_match(pattern, term, NULL);
}

COP_TEST(MATCH_literals, "every kind of literal matches itself and nothing else")
{
        static const char *const literals[] = {
                "ok",
                "'an atom'",
                "'\\x{3bb}'",
                "true",
                "0",
                "1",
                "-1",
                "1152921504606846975",
                "1152921504606846976",
                "-1152921504606846976",
                "-1152921504606846977",
                "18446744073709551615",
                "123456789012345678901234567890",
                "-16#ffffffffffffffffffff",
                "1.0",
                "-2.5",
                "1.0e300",
                "$a",
                "{}",
                "{ok}",
                "{ok, 1}",
                "{1, ok}",
                "[]",
                "[1]",
                "[1, 2]",
                "[1 | 2]",
                "[[1], [2]]",
                "\"text\"",
                "\"\\x{3bb}\"",
                "<<>>",
                "<<\"text\">>",
                "<<\"\\x{3bb}\"/utf8>>",
                "<<1, 2, 3:4>>",
                "<<1:1>>",
                "{{{}, [{[]}]}, <<\"x\">>}",
                "<<"
                "\"01234567890123456789012345678901234567890123456789012345678901234567890123456789"
                "\">>",
        };
        struct pattern_error error;

        for (size_t i = 0; i < sizeof(literals) / sizeof(*literals); i++) {
                const struct pattern *pattern = cop__pattern_of(
                        literals[i], COP__USE_BUILD, (const uint8_t[]){ COP__END }, &error);
                cop_term term;

                cop_assert(pattern != NULL);
                term = cop__build_here(pattern, NULL, NULL);
                for (size_t j = 0; j < sizeof(literals) / sizeof(*literals); j++)
                        if (matches(term, literals[j]) != (i == j))
                                cop_fail("%s is matched by %s", literals[i], literals[j]);
        }
}

COP_TEST(MATCH_same_text, "what is written otherwise but worth the same matches")
{
        cop_assert(cop_match(cop_int(97), "$a"));
        cop_assert(cop_match(cop_int(255), "16#ff"));
        cop_assert(cop_match(cop_int(1000), "1_000"));
        cop_assert(cop_match(cop_int(-5), "- 5"));
        cop_assert(cop_match(cop_atom("ok"), "'ok'"));
        cop_assert(cop_match(cop_build("[97, 98]"), "\"ab\""));
        cop_assert(cop_match(cop_build("\"abcd\""), "\"ab\" \"cd\""));
        cop_assert(cop_match(cop_build("[1, 2, 3]"), "[1 | [2, 3 | []]]"));
        cop_assert(cop_match(cop_text("ab"), "<<97, \"b\">>"));
        cop_assert(cop_match(cop_text("ab"), "  <<\"ab\">> % and a comment"));
        cop_assert(!cop_match(cop_float(1.0), "1"));
        cop_assert(!cop_match(cop_int(1), "1.0"));
}

COP_TEST(MATCH_increment, "the pattern of the first example takes what it should")
{
        int64_t delta = -1;

        cop_assert(
                cop_match(cop_build("{increment_number, 5}"), "{increment_number, Delta}", &delta));
        cop_assert_equal(delta, 5);
        cop_assert(!cop_match(cop_build("{increment_number, five}"), "{increment_number, Delta}",
                              &delta));
        cop_assert(!cop_match(cop_build("{decrement_number, 6}"), "{increment_number, Delta}",
                              &delta));
        cop_assert(!cop_match(cop_build("{increment_number, 6, 7}"), "{increment_number, Delta}",
                              &delta));
        cop_assert(!cop_match(cop_build("[increment_number, 6]"), "{increment_number, Delta}",
                              &delta));
        cop_assert(!cop_match(cop_atom("increment_number"), "{increment_number, Delta}", &delta));
        cop_assert_equal(delta, 5);
}

COP_TEST(MATCH_none, "no value matches nothing")
{
        cop_term x = cop_int(1);

        cop_assert(!cop_match(COP_NONE, "X", &x));
        cop_assert(!cop_match(COP_NONE, "_"));
        cop_assert(!cop_match(COP_NONE, "^X", &x));
        cop_assert_term(x, "1");
}

COP_TEST(MATCH_ignored, "_ and what begins with it match anything")
{
        int64_t b = 0;

        cop_assert(cop_match(cop_build("{1, [2], 3, 4}"), "{_, _, B, _Last}", &b));
        cop_assert_equal(b, 3);
        cop_assert(cop_match(cop_build("{1, 2}"), "_"));
        cop_assert(cop_match(cop_build("{{1, x}, {y, 2}, z}"), "{{1, _}, {_, 2}, _}"));
        cop_assert(!cop_match(cop_build("{1, 2, 3}"), "{_, _}"));
}

/* ---- types ---- */

#define TAKES(type, term, value)                                                                   \
        do {                                                                                       \
                type taken = 0;                                                                    \
                                                                                                   \
                cop_assert(cop_match(term, "X", &taken));                                          \
                cop_assert_equal(taken, (type)(value));                                            \
        } while (0)

#define REFUSES(type, term)                                                                        \
        do {                                                                                       \
                type left = (type)77;                                                              \
                                                                                                   \
                cop_assert(!cop_match(term, "X", &left));                                          \
                cop_assert_equal(left, (type)77);                                                  \
        } while (0)

COP_TEST(MATCH_integers, "an integer is taken where it is in the target's range")
{
        TAKES(signed char, cop_int(-128), -128);
        TAKES(signed char, cop_int(127), 127);
        REFUSES(signed char, cop_int(128));
        REFUSES(signed char, cop_int(-129));
        TAKES(short, cop_int(-32768), -32768);
        REFUSES(short, cop_int(32768));
        TAKES(int, cop_int(INT32_MIN), INT32_MIN);
        REFUSES(int, cop_int((int64_t)INT32_MAX + 1));
        REFUSES(int, cop_int((int64_t)INT32_MIN - 1));
        TAKES(long, cop_int(INT64_MIN), INT64_MIN);
        TAKES(long long, cop_int(INT64_MAX), INT64_MAX);
        TAKES(int64_t, cop_build("1152921504606846976"), (int64_t)1 << 60);
        TAKES(int64_t, cop_build("-1152921504606846977"), -((int64_t)1 << 60) - 1);
        REFUSES(int64_t, cop_uint((uint64_t)1 << 63));
        REFUSES(int64_t, cop_build("-9223372036854775809"));
        REFUSES(int64_t, cop_build("340282366920938463463374607431768211456"));
        TAKES(unsigned char, cop_int(255), 255);
        REFUSES(unsigned char, cop_int(256));
        REFUSES(unsigned char, cop_int(-1));
        TAKES(unsigned short, cop_int(65535), 65535);
        REFUSES(unsigned short, cop_int(65536));
        TAKES(unsigned, cop_int(UINT32_MAX), UINT32_MAX);
        REFUSES(unsigned, cop_int((int64_t)UINT32_MAX + 1));
        TAKES(unsigned long, cop_uint(UINT64_MAX), UINT64_MAX);
        TAKES(unsigned long long, cop_int(0), 0);
        REFUSES(uint64_t, cop_build("18446744073709551616"));
        REFUSES(uint64_t, cop_int(-1));
        REFUSES(int64_t, cop_float(1.0));
        REFUSES(int64_t, cop_text("1"));
        REFUSES(int64_t, cop_atom("one"));
        REFUSES(int64_t, cop_nil());
        REFUSES(int64_t, cop_build("[1]"));
        REFUSES(int64_t, cop_build("{1}"));
}

COP_TEST(MATCH_floats, "a float is taken by double, and by float where it is in its range")
{
        TAKES(double, cop_float(2.5), 2.5);
        TAKES(double, cop_float(-1e308), -1e308);
        TAKES(float, cop_float(2.5), 2.5f);
        TAKES(float, cop_float(0.1), 0.1f);
        TAKES(float, cop_float(FLT_MAX), FLT_MAX);
        REFUSES(float, cop_float(1e39));
        REFUSES(float, cop_float(-1e39));
        REFUSES(double, cop_int(2));
        REFUSES(double, cop_text("2.5"));
        REFUSES(double, cop_build("18446744073709551616"));
}

COP_TEST(MATCH_bools, "true and false are taken by bool")
{
        TAKES(bool, cop_bool(true), true);
        TAKES(bool, cop_bool(false), false);
        REFUSES(bool, cop_atom("truth"));
        REFUSES(bool, cop_int(1));
        REFUSES(bool, cop_nil());
}

COP_TEST(MATCH_pids, "processes and references are taken by their own types only")
{
        cop_pid pid = { local_word(TAG_PID, 7, 9) }, other_pid = { 0 };
        cop_ref ref = { local_word(TAG_REF, 7, 9) }, other_ref = { 0 };
        cop_term term = cop_build("{Pid, Ref}", pid, ref);

        cop_assert(cop_match(term, "{Pid, Ref}", &other_pid, &other_ref));
        cop_assert_equal(other_pid.word, pid.word);
        cop_assert_equal(other_ref.word, ref.word);
        other_pid.word = other_ref.word = 1;
        cop_assert(!cop_match(term, "{Ref, Pid}", &other_ref, &other_pid));
        cop_assert(!cop_match(cop_int(1), "Pid", &other_pid));
        cop_assert(!cop_match(cop_atom("a"), "Ref", &other_ref));
        cop_assert(!cop_match(cop_build("{}"), "Pid", &other_pid));
        cop_assert_equal(other_pid.word, 1);
        cop_assert_equal(other_ref.word, 1);
}

COP_TEST(MATCH_terms, "a cop_term takes anything")
{
        cop_term a = COP_NONE, b = COP_NONE;

        cop_assert(cop_match(cop_build("{[1], #{}}"), "{A, B}", &a, &b));
        cop_assert_term(a, "[1]");
        cop_assert_term(b, "#{}");
        cop_assert(cop_match(cop_build("x"), "A", &a));
        cop_assert_term(a, "x");
}

COP_TEST(MATCH_enum, "an enum is taken as the integer it is")
{
        enum colour { RED, GREEN } colour = RED;

        cop_assert(cop_match(cop_int(1), "Colour", &colour));
        cop_assert_equal((int)colour, GREEN);
}

COP_TEST(MATCH_nothing_written, "a match that fails at its end has written nothing")
{
        int64_t a = 1;
        double b = 2;
        bool c = true;
        cop_term d = cop_atom("four"), e = cop_atom("five");
        unsigned char f = 6;

        cop_assert(!cop_match(cop_build("{10, 20.0, false, forty, <<50>>, 60, last}"),
                              "{A, B, C, D, <<E/binary>>, F, another}", &a, &b, &c, &d, &e, &f));
        cop_assert_equal(a, 1);
        cop_assert_equal(b, 2.0);
        cop_assert_equal(c, true);
        cop_assert_term(d, "four");
        cop_assert_term(e, "five");
        cop_assert_equal(f, 6);
        cop_assert(cop_match(cop_build("{10, 20.0, false, forty, <<50>>, 60, last}"),
                             "{A, B, C, D, <<E/binary>>, F, last}", &a, &b, &c, &d, &e, &f));
        cop_assert_equal(a, 10);
        cop_assert_equal(b, 20.0);
        cop_assert_equal(c, false);
        cop_assert_term(d, "forty");
        cop_assert_term(e, "<<50>>");
        cop_assert_equal(f, 60);
}

COP_TEST(MATCH_sixteen, "up to sixteen variables, in the order of the text")
{
        int v[16] = { 0 };

        cop_assert(cop_match(cop_build("[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15]"),
                             "[A,B,C,D,E,F,G,H,I,J,K,L,M,N,O,P]", &v[0], &v[1], &v[2], &v[3], &v[4],
                             &v[5], &v[6], &v[7], &v[8], &v[9], &v[10], &v[11], &v[12], &v[13],
                             &v[14], &v[15]));
        for (int i = 0; i < 16; i++)
                cop_assert_equal(v[i], i);
}

/* ---- equal ---- */

COP_TEST(MATCH_twice, "a name twice stands for the same thing")
{
        cop_term x = COP_NONE;
        int64_t n = 0;

        cop_assert(cop_match(cop_build("{[1, 2], b, [1, 2]}"), "{X, _, X}", &x));
        cop_assert_term(x, "[1, 2]");
        cop_assert(!cop_match(cop_build("{[1, 2], b, [1, 3]}"), "{X, _, X}", &x));
        cop_assert(cop_match(cop_build("{[7 | 7], 7}"), "{[N | N], N}", &n));
        cop_assert_equal(n, 7);
        cop_assert(!cop_match(cop_build("{8, 8.0}"), "{N, N}", &n));
        cop_assert(!cop_match(cop_build("{8, 9}"), "{N, N}", &n));
        cop_assert(
                cop_match(cop_build("{1152921504606846976, 1152921504606846976}"), "{N, N}", &n));
        cop_assert_equal(n, (int64_t)1 << 60);
}

COP_TEST(MATCH_pin, "^X is equal to what its argument holds, and leaves it")
{
        cop_ref ref = { local_word(TAG_REF, 1, 2) };
        cop_pid pid = { local_word(TAG_PID, 1, 2) };
        int64_t n = 5, big = INT64_MIN, reason = 0;
        uint64_t huge = UINT64_MAX;
        signed char small = -5;
        double d = 2.5;
        float f = 0.5;
        bool yes = true;
        cop_term term = cop_build("{a, [1]}");

        cop_assert(cop_match(cop_build("{'DOWN', R, P, 3}", ref, pid),
                             "{'DOWN', ^Ref, ^Pid, Reason}", &ref, &pid, &reason));
        cop_assert_equal(reason, 3);
        cop_assert(cop_match(cop_build("[5, -9223372036854775808, 18446744073709551615, -5]"),
                             "[^N, ^Big, ^Huge, ^Small]", &n, &big, &huge, &small));
        cop_assert(cop_match(cop_build("[2.5, 0.5, true, {a, [1]}]"), "[^D, ^F, ^Yes, ^Term]", &d,
                             &f, &yes, &term));
        n = 6;
        cop_assert(!cop_match(cop_int(5), "^N", &n));
        cop_assert(cop_match(cop_build("{6, 6}"), "{^N, ^N}", &n));
        cop_assert(!cop_match(cop_build("{6, 7}"), "{^N, ^N}", &n));
        cop_assert(!cop_match(cop_float(6.0), "^N", &n));
        cop_assert(!cop_match(cop_bool(false), "^Yes", &yes));
        cop_assert(!cop_match(cop_build("{a, [2]}"), "^Term", &term));
        ref.word = local_word(TAG_REF, 1, 3);
        cop_assert(!cop_match(cop_build("{R}", (cop_ref){ local_word(TAG_REF, 1, 2) }), "{^Ref}",
                              &ref));
        term = COP_NONE;
        cop_assert(!cop_match(cop_int(1), "^Term", &term));
        cop_assert(!cop_match(cop_build("{}"), "^Term", &term));
        cop_assert_equal(n, 6);
}

COP_TEST(MATCH_pin_text, "^X of a text is a binary of its characters")
{
        char buffer[] = "joe";
        const char *name = "joe";

        cop_assert(cop_match(cop_build("{user, <<\"joe\">>}"), "{user, ^Name}", name));
        cop_assert(cop_match(cop_build("{user, <<\"joe\">>}"), "{user, ^Name}", buffer));
        cop_assert(cop_match(cop_build("{user, <<\"joe\">>}"), "{user, ^Name}", "joe"));
        cop_assert(!cop_match(cop_build("{user, <<\"jo\">>}"), "{user, ^Name}", name));
        cop_assert(!cop_match(cop_build("{user, <<\"joe\", 0>>}"), "{user, ^Name}", name));
        cop_assert(!cop_match(cop_build("{user, <<\"joe\", 0:1>>}"), "{user, ^Name}", name));
        cop_assert(!cop_match(cop_build("{user, joe}"), "{user, ^Name}", name));
        cop_assert(!cop_match(cop_build("{user, \"joe\"}"), "{user, ^Name}", name));
        cop_assert(!cop_match(cop_build("<<>>"), "^Name", (const char *)NULL));
}

/* ---- lists, maps ---- */

COP_TEST(MATCH_lists, "heads and tails are taken")
{
        cop_term head = COP_NONE, tail = COP_NONE;
        int64_t n = 0;

        cop_assert(cop_match(cop_build("[a, b, c]"), "[H | T]", &head, &tail));
        cop_assert_term(head, "a");
        cop_assert_term(tail, "[b, c]");
        cop_assert(cop_match(cop_build("[a]"), "[_ | T]", &tail));
        cop_assert_term(tail, "[]");
        cop_assert(cop_match(cop_build("[a | 3]"), "[a | N]", &n));
        cop_assert_equal(n, 3);
        cop_assert(cop_match(cop_build("{[1, 2, 3, 4], x}"), "{[_, _ | T], x}", &tail));
        cop_assert_term(tail, "[3, 4]");
        cop_assert(!cop_match(cop_nil(), "[H | T]", &head, &tail));
        cop_assert(!cop_match(cop_build("[a]"), "[a, b | _]"));
        cop_assert(!cop_match(cop_build("[a, b]"), "[X]", &head));
        cop_assert(!cop_match(cop_build("{a, b}"), "[H | T]", &head, &tail));
        cop_assert_term(tail, "[3, 4]");
}

COP_TEST(MATCH_maps, "the keys of the pattern must be there, others may")
{
        cop_term map =
                cop_build("#{a => 1, 2 => two, \"list\" => 3.5, <<\"key\">> => {x, #{in => y}}}");
        cop_term v = COP_NONE, w = COP_NONE;
        double d = 0;
        int64_t n = 0;

        cop_assert(cop_match(map, "#{}"));
        cop_assert(cop_match(cop_build("#{}"), "#{}"));
        cop_assert(!cop_match(cop_nil(), "#{}"));
        cop_assert(cop_match(map, "#{a := N}", &n));
        cop_assert_equal(n, 1);
        cop_assert(cop_match(map, "#{\"list\" := D, 2 := two}", &d));
        cop_assert_equal(d, 3.5);
        cop_assert(cop_match(map, "#{<<\"key\">> := {V, #{in := W}}, a := 1}", &v, &w));
        cop_assert_term(cop_build("{V, W}", v, w), "{x, y}");
        cop_assert(cop_match(cop_build("{M, last}", map), "{#{a := _, 2 := _}, V}", &v));
        cop_assert_term(v, "last");
        cop_assert(!cop_match(map, "#{b := _}"));
        cop_assert(!cop_match(map, "#{a := 2}"));
        cop_assert(!cop_match(map, "#{2.0 := _}"));
        cop_assert(!cop_match(map, "#{a := D}", &d));
}

COP_TEST(MATCH_map_keys, "a key may be what was matched before, or ^X")
{
        cop_term map = cop_build("#{a => 1, 5 => five, true => yes, 1.5 => half, big => 2,"
                                 " 18446744073709551615 => most}");
        cop_term v = COP_NONE, k = cop_atom("a");
        int n = 5;
        bool b = true;
        double d = 1.5;
        uint64_t most = UINT64_MAX;

        cop_assert(cop_match(cop_build("{a, M}", map), "{K, #{K := V}}", &k, &v));
        cop_assert_term(v, "1");
        cop_assert(cop_match(map, "#{^N := five, ^B := yes, ^D := half, ^Most := most, ^K := V}",
                             &n, &b, &d, &most, &k, &v));
        n = 6;
        cop_assert(!cop_match(map, "#{^N := _}", &n));
        cop_assert(!cop_match(cop_build("{b, M}", map), "{K, #{K := _}}", &k));
        k = COP_NONE;
        cop_assert(!cop_match(map, "#{^K := _}", &k));
}

/* ---- binaries ---- */

COP_TEST(MATCH_prefix, "a binary that begins so, and its rest")
{
        cop_term rest = COP_NONE;

        cop_assert(cop_match(cop_text("GET /index"), "<<\"GET \", Rest/binary>>", &rest));
        cop_assert_term(rest, "<<\"/index\">>");
        cop_assert(cop_match(cop_text("GET "), "<<\"GET \", Rest/binary>>", &rest));
        cop_assert_term(rest, "<<>>");
        cop_assert(!cop_match(cop_text("GET"), "<<\"GET \", Rest/binary>>", &rest));
        cop_assert(!cop_match(cop_text("PUT /"), "<<\"GET \", Rest/binary>>", &rest));
        cop_assert(!cop_match(cop_atom("GET "), "<<\"GET \", Rest/binary>>", &rest));
        cop_assert(!cop_match(cop_build("<<\"GET \", 1:3>>"), "<<\"GET \", Rest/binary>>", &rest));
        cop_assert_term(rest, "<<>>");
        cop_assert(cop_match(cop_build("<<\"GET \", 1:3>>"), "<<\"GET \", Rest/bits>>", &rest));
        cop_assert_term(rest, "<<1:3>>");
        cop_assert(cop_match(cop_text("abc"), "<<B/binary>>", &rest));
        cop_assert_term(rest, "<<\"abc\">>");
        cop_assert(!cop_match(cop_text("abc"), "<<>>"));
        cop_assert(cop_match(cop_text(""), "<<>>"));
}

COP_TEST(MATCH_fields, "integers of any size and order, and sizes that were matched before")
{
        unsigned size = 0, version = 0;
        int64_t a = 0, b = 0;
        cop_term data = COP_NONE, rest = COP_NONE;
        signed char tiny = 0;

        cop_assert(cop_match(cop_build("<<5:4, 3:12, \"abcdef\">>"),
                             "<<Version:4, Size:12, Data:Size/binary, Rest/binary>>", &version,
                             &size, &data, &rest));
        cop_assert_equal(version, 5);
        cop_assert_equal(size, 3);
        cop_assert_term(cop_build("{D, R}", data, rest), "{<<\"abc\">>, <<\"def\">>}");
        cop_assert(!cop_match(cop_build("<<5:4, 7:12, \"abcdef\">>"),
                              "<<Version:4, Size:12, Data:Size/binary, Rest/binary>>", &version,
                              &size, &data, &rest));
        cop_assert_equal(size, 3);
        cop_assert(cop_match(cop_build("{2, <<1, 2, 3>>}"), "{Size, <<D:Size/bytes, _>>}", &size,
                             &data));
        cop_assert_term(data, "<<1, 2>>");
        cop_assert(!cop_match(cop_build("{-1, <<1, 2, 3>>}"), "{A, <<_:A/bytes, _/bits>>}", &a));

        cop_assert(cop_match(cop_build("<<16#fffe:16, 16#feff:16>>"),
                             "<<A:16/signed, B:16/little>>", &a, &b));
        cop_assert_equal(a, -2);
        cop_assert_equal(b, 0xfffe);
        cop_assert(cop_match(cop_build("<<16#8000000000000000:64>>"), "<<A:64/signed>>", &a));
        cop_assert_equal(a, INT64_MIN);
        cop_assert(!cop_match(cop_build("<<16#8000000000000000:64>>"), "<<A:64>>", &a));
        cop_assert(cop_match(cop_build("<<16#8000000000000000:64>>"), "<<D:64>>", &data));
        cop_assert_term(data, "9223372036854775808");
        cop_assert(cop_match(cop_build("<<1:1, 16#123456789:36/little, 0:3>>"),
                             "<<_:1, D:36/little, 0:3>>", &data));
        cop_assert_term(data, "16#123456789");
        cop_assert(cop_match(cop_build("<<-1:7, 0:1>>"), "<<T:7/signed, _:1>>", &tiny));
        cop_assert_equal(tiny, -1);
        cop_assert(!cop_match(cop_build("<<200>>"), "<<T>>", &tiny));
        cop_assert(cop_match(cop_build("<<>>"), "<<A:0>>", &a));
        cop_assert_equal(a, 0);
        cop_assert(!cop_match(cop_build("<<1>>"), "<<_:16, _/bits>>"));
}

COP_TEST(MATCH_unaligned, "parts that begin within a byte")
{
        cop_term rest = COP_NONE;

        cop_assert(cop_match(cop_build("<<1:3, \"hello\", 1:5>>"), "<<1:3, \"hel\", Rest/bits>>",
                             &rest));
        cop_assert_term(rest, "<<\"lo\", 1:5>>");
        cop_assert(!cop_match(cop_build("<<1:3, \"hello\", 1:5>>"), "<<1:3, \"heL\", _/bits>>"));
        cop_assert(
                cop_match(cop_build("<<1:3, \"hello\", 1:5>>"), "<<_:3, R:5/binary, 1:5>>", &rest));
        cop_assert_term(rest, "<<\"hello\">>");
}

COP_TEST(MATCH_shared, "a large part of a large binary shares its bytes")
{
        uint8_t bytes[1000];
        cop_term whole, rest = COP_NONE, part = COP_NONE;
        struct shared_bits *box;

        for (size_t i = 0; i < sizeof(bytes); i++)
                bytes[i] = (uint8_t)i;
        whole = cop_binary(bytes, sizeof(bytes));
        box = (struct shared_bits *)words_of(whole);
        cop_assert(is_box(whole, BOX_SHARED));
        cop_scope {
                cop_assert(cop_match(whole, "<<0, 1, P:10/binary, R/binary>>", &part, &rest));
                cop_assert(is_box(rest, BOX_SHARED));
                cop_assert(is_box(part, BOX_BITS));
                cop_assert_equal(box->owner->users, 2);
                cop_assert_bytes(cop_to_bytes(rest), cop_byte_size(rest), bytes + 12,
                                 sizeof(bytes) - 12);
                cop_assert_bytes(cop_to_bytes(part), cop_byte_size(part), bytes + 2, 10);
        }
        cop_assert_equal(box->owner->users, 1);
        cop_scope {
                cop_assert(cop_match(whole, "<<_:4, R/bits>>", &rest));
                cop_assert_equal(cop_bit_size(rest), 8 * sizeof(bytes) - 4);
                cop_assert_equal(cop_to_bytes(rest)[1], 0x10);
                cop_assert_equal(box->owner->users, 1);
        }
}

/* ---- depth, memory ---- */

COP_TEST(MATCH_deep, "nesting of 63 levels of tuples, lists and maps")
{
        static const char *const brackets[][3] = { { "{", "x", "}" },
                                                   { "[", "x", "]" },
                                                   { "#{k := ", "x", "}" } };

        for (size_t b = 0; b < 3; b++) {
                char text[64 * 16] = "";
                cop_term term = cop_atom("x"), key = cop_atom("k");

                for (int i = 0; i < 63; i++)
                        strcat(text, brackets[b][0]);
                strcat(text, brackets[b][1]);
                for (int i = 0; i < 63; i++) {
                        strcat(text, brackets[b][2]);
                        term = b == 0   ? cop_tuple(1, &term)
                               : b == 1 ? cop_list(1, &term)
                                        : cop_map(1, &key, &term);
                }
                cop_assert(matches(term, text));
                cop_assert(!matches(cop_tuple(1, &term), text));
        }
}

COP_TEST(MATCH_no_memory, "a part of a binary for which there is no memory ends the caller")
{
        cop_term whole = cop_text("0123456789"), rest = COP_NONE;
        struct region *region = here();
        size_t most = region->most_words;
        cop_term reason;

        cop_assert(cop_match(whole, "<<\"0123\", R/binary>>", &rest));
        region->most_words = 1;
        region->end = region->top;
        reason = FAILS(cop_match(whole, "<<\"0123\", R/binary>>", &rest));
        region->most_words = most;
        cop_assert(is_limit(reason));
        cop_assert_term(rest, "<<\"456789\">>");
}
