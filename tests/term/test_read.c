/*
 * READ: Erlang text as terms.
 *
 * What a text says is compared as Erlang's ~tw would print it; what is wrong with it as the line,
 * the column and the message. erl_scan and erl_parse of OTP 25 agree with every text here that is
 * accepted, but for sigils and triple-quoted strings, which are OTP 27's.
 */
#include <coppice/test.h>

#include <locale.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <coppice/text.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "support/memory.h"
#include "support/written.h"
#include "term/atom.h"
#include "term/host.h"
#include "term/region.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

struct text_and_term {
        const char *text;
        const char *term;
};

struct text_and_error {
        const char *text;
        uint32_t line, column;
        const char *error;
};

/* Which text it is about stands before what is compared. */
static void check_terms(const struct text_and_term *table, size_t count)
{
        char is[4096], expected[4096];

        for (size_t i = 0; i < count; i++) {
                struct cop_read_result read =
                        cop_try_read(table[i].text, strlen(table[i].text), .pids = true);

                snprintf(is, sizeof(is), "%s -> %s%s", table[i].text, read.error,
                         cop_is_none(read.term) ? "" : written(read.term));
                snprintf(expected, sizeof(expected), "%s -> %s", table[i].text, table[i].term);
                cop_assert_text(is, expected);
        }
}

static void check_errors(const struct text_and_error *table, size_t count)
{
        char is[4096], expected[4096];

        for (size_t i = 0; i < count; i++) {
                struct cop_read_result read = cop_try_read(table[i].text, strlen(table[i].text));

                snprintf(is, sizeof(is), "%s -> %u:%u: %s", table[i].text, read.line, read.column,
                         read.error);
                snprintf(expected, sizeof(expected), "%s -> %u:%u: %s", table[i].text,
                         table[i].line, table[i].column, table[i].error);
                cop_assert_text(is, expected);
                cop_assert(cop_is_none(read.term));
                cop_assert(read.offset <= strlen(table[i].text));
        }
}

#define CHECK_TERMS(...)                                                                           \
        do {                                                                                       \
                static const struct text_and_term table[] = { __VA_ARGS__ };                       \
                check_terms(table, COUNT_OF(table));                                               \
        } while (0)

#define CHECK_ERRORS(...)                                                                          \
        do {                                                                                       \
                static const struct text_and_error table[] = { __VA_ARGS__ };                      \
                check_errors(table, COUNT_OF(table));                                              \
        } while (0)

/* ---- forms ---- */

COP_TEST(READ_integers, "integers have any size, underscores and bases from 2 to 36")
{
        CHECK_TERMS(
                { "0", "0" }, { "00012", "12" }, { "-1", "-1" }, { "+1", "1" }, { "- 1", "-1" },
                { "1_000_000", "1000000" }, { "16#ff", "255" }, { "16#FF_FF", "65535" },
                { "2#1010", "10" }, { "36#zZ", "1295" }, { "1_6#f_f", "255" }, { "-16#ff", "-255" },
                { "1152921504606846975", "1152921504606846975" },
                { "1152921504606846976", "1152921504606846976" },
                { "-1152921504606846976", "-1152921504606846976" },
                { "-1152921504606846977", "-1152921504606846977" },
                { "18446744073709551615", "18446744073709551615" },
                { "18446744073709551616", "18446744073709551616" },
                { "-123456789012345678901234567890", "-123456789012345678901234567890" },
                { "16#123456789abcdef0123456789abcdef", "1512366075204170929049582354406559215" });
}

COP_TEST(READ_integers_wrong, "what is no integer says where it stops being one")
{
        CHECK_ERRORS({ "37#1", 1, 1, "base 37; expected one from 2 to 36" },
                     { "1#0", 1, 1, "base 1; expected one from 2 to 36" },
                     { "[1, 16#]", 1, 8, "expected a digit of base 16" },
                     { "16#_f", 1, 4, "expected a digit of base 16" },
                     { "2#102", 1, 5, "expected the end of the text; found number 2" },
                     { "1__0", 1, 2, "expected the end of the text; found variable __0" },
                     { "1e3", 1, 2, "expected the end of the text; found atom e3" },
                     { "--1", 1, 1, "expected a term; found --" },
                     { "- -1", 1, 3, "expected a number; found -" },
                     { "-(+1)", 1, 3, "expected a number; found +" },
                     { "-a", 1, 1, "expected a number after the sign" },
                     { "{-\"a\"}", 1, 2, "expected a number after the sign" },
                     { "1 + 1", 1, 3, "expected the end of the text; found +" });
}

COP_TEST(READ_floats, "floats have a point, digits on both sides, and perhaps an exponent")
{
        CHECK_TERMS({ "1.0", "1.0" }, { "1.5e3", "1.5e3" }, { "1.5E-3", "0.0015" },
                    { "1.5e+1", "15.0" }, { "1_000.5_0e1_0", "1.0005e13" }, { "-0.0", "-0.0" },
                    { "- 1.5", "-1.5" }, { "0.1", "0.1" }, { "1.0e-400", "0.0" },
                    { "1.7976931348623157e308", "1.7976931348623157e308" },
                    { "5.0e-324", "5.0e-324" });
        CHECK_ERRORS({ "1.0e400", 1, 1, "this float is too large for 64 bits" },
                     { "1.5e", 1, 5, "expected a digit of the exponent" },
                     { "1.5e-", 1, 6, "expected a digit of the exponent" },
                     { ".5", 1, 1, "expected a term; found a point" },
                     { "1.0.0", 1, 4, "expected the end of the text; found a point" });
}

COP_TEST(READ_floats_language, "a point is a point whatever language the program is set to")
{
        if (!setlocale(LC_ALL, "de_DE.UTF-8"))
                cop_skip("this machine has no German");
        CHECK_TERMS({ "1.5", "1.5" });
}

COP_TEST(READ_atoms, "atoms are names of Latin-1 letters, or anything in single quotes")
{
        CHECK_TERMS({ "a", "a" }, { "aB_1@c", "aB_1@c" }, { "é", "é" }, { "'a b'", "'a b'" },
                    { "'it\\'s'", "'it\\'s'" }, { "''", "''" }, { "'end'", "'end'" },
                    { "'жя'", "'жя'" }, { "'\\x{436}'", "'ж'" },
                    { "'two\nlines'", "'two\\nlines'" }, { "'A'", "'A'" }, { "'a'", "a" });
        CHECK_ERRORS({ "end", 1, 1, "expected a term; found reserved word end" },
                     { "{ok, X}", 1, 6, "expected a term; found variable X" },
                     { "_", 1, 1, "expected a term; found variable _" },
                     { "{ok, ж}", 1, 6,
                       "illegal character U+0436; outside quotes expected Latin-1 letters" },
                     { "[a, `b]", 1, 5, "illegal character `" },
                     { " 'abc", 1, 2, "this quoted atom has no end" },
                     { "a b", 1, 3, "expected the end of the text; found atom b" });
}

COP_TEST(READ_atoms_length, "atoms have up to 255 characters, of whatever size")
{
        char text[1024];
        char *at = text;

        for (int i = 0; i < 255; i++)
                at += sprintf(at, "%s", i ? "ж" : "'ж");
        strcpy(at, "'");
        cop_assert(cop_is_atom(cop_try_read(text, strlen(text)).term));
        strcpy(at, "ж'");
        cop_assert_text(cop_try_read(text, strlen(text)).error,
                        "atom of 256 characters; expected at most 255");
        memset(text, 'a', 256);
        cop_assert(cop_is_atom(cop_try_read(text, 255).term));
        cop_assert_text(cop_try_read(text, 256).error,
                        "atom of 256 characters; expected at most 255");
}

COP_TEST(READ_characters, "a character is the number of what follows the dollar")
{
        CHECK_TERMS({ "$a", "97" }, { "$ ", "32" }, { "$'", "39" }, { "$$", "36" },
                    { "$ж", "1078" }, { "$\\n", "10" }, { "$\\\\", "92" }, { "$\\q", "113" },
                    { "-$a", "-97" }, { "$\\x41", "65" }, { "$\\x{1F600}", "128512" },
                    { "$\\101", "65" }, { "$\\0", "0" }, { "$\\777", "511" }, { "$\\^A", "1" },
                    { "$\\^a", "1" }, { "$\\^?", "127" },
                    { "[$\\b, $\\d, $\\e, $\\f, $\\n, $\\r, $\\s, $\\t, $\\v]",
                      "[8,127,27,12,10,13,32,9,11]" });
        CHECK_ERRORS({ "$", 1, 1, "expected a character after $" },
                     { "$\\", 1, 2, "what begins with this backslash has no end" },
                     { "[$\\x4]", 1, 6, "expected a hexadecimal digit" },
                     { "$\\x{}", 1, 5, "expected a hexadecimal digit" },
                     { "$\\x{41", 1, 7, "expected a hexadecimal digit or }" },
                     { "$\\x{D800}", 1, 2, "there is no character of this number" },
                     { "$\\x{110000}", 1, 2, "there is no character of this number" },
                     { "$\\x{ffffffffffffffffff}", 1, 2, "there is no character of this number" });
}

COP_TEST(READ_strings, "strings are lists of characters; adjacent ones are one")
{
        CHECK_TERMS({ "\"\"", "[]" }, { "\"abc\"", "[97,98,99]" },
                    { "\"a\" \"b\"\n\"c\"", "[97,98,99]" }, { "\"a\"\"b\"", "[97,98]" },
                    { "\"ж\\x{1f600}\"", "[1078,128512]" }, { "\"\\\"\\\\\\e\"", "[34,92,27]" },
                    { "\"a\nb\"", "[97,10,98]" }, { "\"a\\\nb\"", "[97,10,98]" },
                    { "[\"a\", \"\"]", "[[97],[]]" }, { "\"%\" % comment", "[37]" });
        CHECK_ERRORS({ "{a,\n \"b\n}", 2, 2, "this string has no end" },
                     { "\"abc", 1, 1, "this string has no end" },
                     { "\"a\" a", 1, 5, "expected the end of the text; found atom a" },
                     { "a \"b\"", 1, 3, "expected the end of the text; found a string" });
}

COP_TEST(READ_triple, "triple-quoted strings are verbatim, and lose the closing line's indentation")
{
        CHECK_TERMS({ "\"\"\"\nabc\n\"\"\"", "[97,98,99]" }, { "\"\"\"\n\"\"\"", "[]" },
                    { "\"\"\" \t\n  a\n\n   b\n  \"\"\"", "[97,10,10,32,98]" },
                    { "\"\"\"\n \"\\n\"\" \n \"\"\"", "[34,92,110,34,34,32]" },
                    { "\"\"\"\"\n\"\"\"\n\"\"\"\"", "[34,34,34]" },
                    { "\"\"\"\r\na\r\nb\r\n\"\"\"", "[97,13,10,98]" },
                    { "\"\"\"\na\n\"\"\" \"b\"", "[97,98]" }, { "\"\"\"\n\n\"\"\"", "[]" });
        CHECK_ERRORS({ "\"\"\" a\n\"\"\"", 1, 5,
                       "expected a line end after the quotes that open a triple-quoted string" },
                     { "[\"\"\"\na\n\"\"", 1, 2, "this triple-quoted string has no end" },
                     { "\"\"\"\n  a\n b\n  \"\"\"", 3, 1,
                       "expected the indentation of the quotes that close this string" },
                     { "{\"\"\"\n  a\n  \"\"\" b}", 3, 7,
                       "expected one of , } in the tuple of line 1, column 1; found atom b" });
}

COP_TEST(READ_sigils, "sigils are binaries or strings, with escapes or without")
{
        CHECK_TERMS({ "~\"a\\n\"", "<<97,10>>" }, { "~b(ж)", "<<208,182>>" },
                    { "~B[\\n]", "<<92,110>>" }, { "~s{a\\}b}", "[97,125,98]" },
                    { "~S<\\>", "[92]" }, { "~/x/", "<<120>>" }, { "~|x|", "<<120>>" },
                    { "~#x#", "<<120>>" }, { "~`x`", "<<120>>" }, { "~'x'", "<<120>>" },
                    { "~\"\"\"\n \\n\n \"\"\"", "<<92,110>>" },
                    { "~b\"\"\"\n \\n\\\n \"\"\"", "<<10>>" },
                    { "~b\"\"\"\n \\x41\n \"\"\"", "<<65>>" });
        CHECK_ERRORS({ "~x", 1, 2, "expected a string after ~, ~b, ~B, ~s or ~S" },
                     { "~", 1, 2, "expected a string after ~, ~b, ~B, ~s or ~S" },
                     { "~b\"\"\"\n \\xg\n \"\"\"", 2, 4, "expected a hexadecimal digit" },
                     { "~b(abc", 1, 1, "this string has no end" });
}

COP_TEST(READ_nesting, "lists, tuples, maps and parentheses hold terms of any kind")
{
        CHECK_TERMS({ "[]", "[]" }, { "[ ]", "[]" }, { "[a|b]", "[a|b]" },
                    { "[a,b|[c]]", "[a,b,c]" }, { "{}", "{}" }, { "{a,{b,[c]}}", "{a,{b,[c]}}" },
                    { "((a))", "a" }, { "-(((1)))", "-1" }, { "[(a)|(b)]", "[a|b]" });
        CHECK_ERRORS(
                { "[a,]", 1, 4, "expected a term; found ]" },
                { "[a|b|c]", 1, 5, "expected ] in the list of line 1, column 1; found |" },
                { "[a|b,c]", 1, 5, "expected ] in the list of line 1, column 1; found ," },
                { "[|a]", 1, 2, "expected a term; found |" },
                { "{a b}", 1, 4,
                  "expected one of , } in the tuple of line 1, column 1; found atom b" },
                { "{\n  a,\n  [b, c}", 3, 8,
                  "expected one of , | ] in the list of line 3, column 3; found }" },
                { "{a, b", 1, 6,
                  "expected one of , } in the tuple of line 1, column 1; found the end of the "
                  "text" },
                { "{a, b.", 1, 6,
                  "expected one of , } in the tuple of line 1, column 1; found the full stop" },
                { "(a, b)", 1, 3, "expected ) in the parenthesis of line 1, column 1; found ," },
                { "()", 1, 2, "expected a term; found )" },
                { "]", 1, 1, "expected a term; found ]" },
                { "[a||b]", 1, 3,
                  "expected one of , | ] in the list of line 1, column 1; found ||" });
}

COP_TEST(READ_maps, "of equal keys in a map the last counts")
{
        CHECK_TERMS({ "#{}", "#{}" }, { "# {a => 1}", "#{a => 1}" },
                    { "#{b => 1, a => 2, b => 3}", "#{a => 2,b => 3}" },
                    { "#{1.0 => f, 1 => i}", "#{1 => i,1.0 => f}" },
                    { "#{#{} => [], {} => #{[] => 1}}", "#{{} => #{[] => 1},#{} => []}" });
        CHECK_ERRORS({ "#{a := 1}", 1, 5, "expected => in the map of line 1, column 1; found :=" },
                     { "#{a}", 1, 4, "expected => in the map of line 1, column 1; found }" },
                     { "#{a => 1,}", 1, 10, "expected a term; found }" },
                     { "#{a => 1 b => 2}", 1, 10,
                       "expected one of , } in the map of line 1, column 1; found atom b" });
        cop_assert_text(cop_try_read("#r{}", 4).error, "expected {; found atom r");
        cop_assert_text(cop_try_read("#r{}", 4, .pids = true).error,
                        "expected one of { Ref Port; found atom r");
}

/* ---- bits ---- */

COP_TEST(READ_bits, "segments of bits have sizes, types, signs, endianness and units")
{
        CHECK_TERMS(
                { "<<>>", "<<>>" }, { "<<1,2,3>>", "<<1,2,3>>" }, { "<<300,-1>>", "<<44,255>>" },
                { "<<1,2,3:4>>", "<<1,2,3:4>>" }, { "<<1:1,1:1,0:6,7>>", "<<192,7>>" },
                { "<<1:0>>", "<<>>" }, { "<<258:16>>", "<<1,2>>" },
                { "<<258:16/little>>", "<<2,1>>" }, { "<<16#123:12/little>>", "<<35,1:4>>" },
                { "<<16#123:12/big>>", "<<18,3:4>>" }, { "<<-2:3/signed>>", "<<6:3>>" },
                { "<<1:3,16#12345:20/little>>", "<<40,164,49:7>>" },
                { "<<1:2/unit:8>>", "<<0,1>>" }, { "<<1:2/integer-unit:8-little>>", "<<1,0>>" },
                { "<<-1:70>>", "<<255,255,255,255,255,255,255,255,63:6>>" },
                { "<<16#123456789abcdef01234:80>>", "<<18,52,86,120,154,188,222,240,18,52>>" },
                { "<<-(1):16>>", "<<255,255>>" }, { "<<$a:(8)>>", "<<97>>" },
                { "<<1.5/float>>", "<<63,248,0,0,0,0,0,0>>" },
                { "<<1.5:32/float-little>>", "<<0,0,192,63>>" },
                { "<<1:64/float>>", "<<63,240,0,0,0,0,0,0>>" }, { "<<1.5:16/float>>", "<<62,0>>" },
                { "<<-0.0:16/float>>", "<<128,0>>" }, { "<<65504:16/float>>", "<<123,255>>" },
                { "<<65520:16/float>>", "<<124,0>>" }, { "<<-65520:16/float>>", "<<252,0>>" },
                { "<<5.960464477539063e-8:16/float>>", "<<0,1>>" },
                { "<<2.98e-8:16/float>>", "<<0,0>>" }, { "<<6.1e-5:16/float>>", "<<3,255>>" },
                { "<<<<1,2>>/binary>>", "<<1,2>>" }, { "<<<<1,2>>:1/binary,3>>", "<<1,3>>" },
                { "<<(<<1:3>>)/bits,1:1>>", "<<3:4>>" },
                { "<<1:1,<<255,1>>/bytes>>", "<<255,128,1:1>>" },
                { "<<(<<1,2>>)/binary-unit:16>>", "<<1,2>>" },
                { "<<(<<1,2:4>>):10/bitstring>>", "<<1,0:2>>" },
                { "<<1/integer-integer-big-unsigned>>", "<<1>>" });
}

COP_TEST(READ_bits_text, "a string in bits is a segment for each of its characters")
{
        CHECK_TERMS({ "<<\"abc\">>", "<<97,98,99>>" }, { "<<\"å\">>", "<<229>>" },
                    { "<<\"ж\">>", "<<54>>" }, { "<<\"ж\"/utf8>>", "<<208,182>>" },
                    { "<<\"a\" \"b\">>", "<<97,98>>" }, { "<<\"ab\":16/little>>", "<<97,0,98,0>>" },
                    { "<<((\"ab\"))/utf16>>", "<<0,97,0,98>>" }, { "<<\"\">>", "<<>>" },
                    { "<<\"😀\"/utf16-little>>", "<<61,216,0,222>>" },
                    { "<<\"😀\"/utf32>>", "<<0,1,246,0>>" },
                    { "<<$ж/utf8, 97/utf8>>", "<<208,182,97>>" },
                    { "<<1:1,\"ж\"/utf8>>", "<<232,91,0:1>>" },
                    { "<<\"a\"/float>>", "<<64,88,64,0,0,0,0,0>>" },
                    { "<<\"a\\x{42}\"/utf8-signed>>", "<<97,66>>" });
}

COP_TEST(READ_bits_wrong, "a wrong segment says what was expected, and where the segment begins")
{
        CHECK_ERRORS(
                { "<<a>>", 1, 3, "expected an integer" },
                { "<<1, 2.5>>", 1, 6, "expected an integer" },
                { "<<1:(-1)>>", 1, 3, "expected a size of 0 or more" },
                { "<<1:-1>>", 1, 5, "expected a size; found -" },
                { "<<1:a>>", 1, 3, "expected a size of 0 or more" },
                { "<<\"ab\"/binary>>", 1, 3, "expected a binary and no string" },
                { "<<1/binary>>", 1, 3, "expected a binary" },
                { "<<<<1:3>>/binary>>", 1, 3, "expected a binary of whole units" },
                { "<<<<1>>:2/binary>>", 1, 3, "expected a binary that has this many bits" },
                { "<<1.5:80/float>>", 1, 3, "expected a float of 16, 32 or 64 bits" },
                { "<<a/float>>", 1, 3, "expected a number that fits into a float" },
                { "<<16#d800/utf8>>", 1, 3, "expected a character" },
                { "<<-1/utf16>>", 1, 3, "expected a character" },
                { "<<1:8/utf8>>", 1, 3, "expected no size and no unit with this type" },
                { "<<1/unit:8>>", 1, 3, "expected a size where there is a unit" },
                { "<<1:2/unit:257>>", 1, 12, "expected a unit from 1 to 256; found number 257" },
                { "<<1:2/unit:8-unit:4>>", 1, 19, "expected the same unit; found number 4" },
                { "<<1/integer-float>>", 1, 13,
                  "expected a type that agrees with those before it; found atom float" },
                { "<<1/foo>>", 1, 5,
                  "expected a segment's type, such as integer, utf8 or little; found atom foo" },
                { "<<1,>>", 1, 5, "expected a term; found >>" },
                { "<<1", 1, 4,
                  "expected one of , : / >> in the binary of line 1, column 1; found the end of "
                  "the "
                  "text" },
                { "<<1:8:8>>", 1, 6,
                  "expected one of , / >> in the binary of line 1, column 1; found :" },
                { "<<1:9999999999999999999999>>", 1, 3, "expected a size of 0 or more" },
                { "<<1:99999999999>>", 1, 3, "this segment is too large: expected fewer bits" });
}

/* ---- what surrounds a term ---- */

COP_TEST(READ_space, "white space and comments are nothing, also Latin-1's control characters")
{
        CHECK_TERMS({ " \t\r\n\f\v{ a\x01, % }\n b \xc2\xa0} % end", "{a,b}" }, { "a.", "a" },
                    { "a.%comment", "a" }, { "a.\n\n", "a" }, { "% first\na", "a" });
        CHECK_ERRORS({ "", 1, 1, "expected a term; found the end of the text" },
                     { "% only\n", 2, 1, "expected a term; found the end of the text" },
                     { ".", 1, 1, "expected a term; found the full stop" },
                     { "a. b", 1, 4, "expected the end of the text; found atom b" },
                     { "a..", 1, 2, "expected the end of the text; found .." });
}

COP_TEST(READ_zero, "a zero byte is white space like any other control character")
{
        cop_assert_text(written(cop_try_read("{a\0,b}", 6).term), "{a,b}");
        cop_assert_text(written(cop_try_read("\"a\0b\"", 5).term), "[97,0,98]");
        cop_assert_text(written(cop_try_read("'\0'", 3).term), "'\\000'");
}

COP_TEST(READ_columns, "columns count characters, not bytes")
{
        CHECK_ERRORS({ "{\"жжж\", 'éé', X}", 1, 15, "expected a term; found variable X" },
                     { "% ж\n\n  [\"ж\n\", X]", 4, 4, "expected a term; found variable X" });
        cop_assert_equal(cop_try_read("{\"жжж\", X}", 13).offset, 11);
}

COP_TEST(READ_utf8, "bytes that are no UTF-8 are named, inside quotes and outside")
{
        CHECK_ERRORS({ "{a, \xff}", 1, 5, "byte 16#FF is no UTF-8" },
                     { "\"a\xe5\"", 1, 3, "byte 16#E5 is no UTF-8" },
                     { "'\xc0\x80'", 1, 2, "byte 16#C0 is no UTF-8" },
                     { "$\xed\xa0\x80", 1, 2, "byte 16#ED is no UTF-8" },
                     { "% \xff\na", 1, 3, "byte 16#FF is no UTF-8" },
                     { "\"\"\"\n\xff\n\"\"\"", 2, 1, "byte 16#FF is no UTF-8" });
}

COP_TEST(READ_all, "a file of terms is a list of them, each ended by a full stop")
{
        static const char text[] = "%% a configuration\n"
                                   "{application, sequence,\n"
                                   " [{description, \"x\"}, {vsn, \"1\"}]}.\n"
                                   "[].\n"
                                   "1.5. a.% the last\n";
        struct cop_read_result read = cop_try_read_all(text, strlen(text));

        cop_assert_text(written(read.term),
                        "[{application,sequence,[{description,[120]},{vsn,[49]}]},[],1.5,a]");
        cop_assert_text(written(cop_try_read_all("", 0).term), "[]");
        cop_assert_text(written(cop_try_read_all("% nothing", 9).term), "[]");
        cop_assert_text(cop_try_read_all("a. b", 4).error,
                        "expected a full stop; found the end of the text");
        cop_assert_text(cop_try_read_all("a.b.", 4).error, "expected a full stop; found a point");
        cop_assert_text(cop_try_read_all("a. .", 4).error, "expected a term; found the full stop");
}

COP_TEST(READ_incomplete, "a text that just ends too early is told from one that is wrong")
{
        static const char *const early[] = { "",     "{ok, ",   "[a|",  "\"abc",  "'a", "#{a => ",
                                             "<<1:", "<<1",     "(",    "-",      "#",  "\"\"\"\n",
                                             "$",    "\"abc\\", "~b(a", "fun a:", "% c" };
        static const char *const wrong[] = { "{ok]", "{a b", "16#", "$\\x4", "X", "a b", "\"\xff" };

        for (size_t i = 0; i < COUNT_OF(early); i++)
                cop_assert(cop_try_read(early[i], strlen(early[i])).incomplete);
        for (size_t i = 0; i < COUNT_OF(wrong); i++) {
                cop_assert(cop_is_none(cop_try_read(wrong[i], strlen(wrong[i])).term));
                cop_assert(!cop_try_read(wrong[i], strlen(wrong[i])).incomplete);
        }
        cop_assert(cop_try_read_all("a. b", 4).incomplete);
        cop_assert(!cop_try_read_all("a. b.", 5).incomplete);
}

COP_TEST(READ_pids, "pids, references and ports are read where they are wanted, and only there")
{
        static const struct text_and_term table[] = {
                { "<0.1.2>", "<0.1.2>" },
                { "{<0.33554431.4294967295>}", "{<0.33554431.4294967295>}" },
                { "#Ref<0.1.2.3>", "#Ref<0.1.2.3>" },
                { "[#Port<0.5>|<0.0.0>]", "[#Port<0.5>|<0.0.0>]" },
                { "fun lists:map/2", "fun lists:map/2" },
                { "{fun 'A':b/255}", "{fun 'A':b/255}" },
        };
        static const char *const wrong[] = {
                "<1.1.2>",          "<0.1>",    "<0.1.2.3>", "<0.4294967296.0>",
                "<0.4294967295.0>", "<0.1.2 >", "<0..2>",    "<0.1.99999999999999999999>",
        };

        check_terms(table, COUNT_OF(table));
        cop_assert_text(cop_try_read("<0.1.2>", 7).error, "expected a term; found <");
        cop_assert_text(cop_try_read("#Ref<0.1.2.3>", 13).error, "expected {; found variable Ref");
        for (size_t i = 0; i < COUNT_OF(wrong); i++)
                cop_assert_text(cop_try_read(wrong[i], strlen(wrong[i]), .pids = true).error,
                                "expected a pid of this node, as <0.1.2>");
        cop_assert_text(cop_try_read("#Ref<0.1.2>", 11, .pids = true).error,
                        "expected a reference of this node, as #Ref<0.1.2.3>");
        cop_assert_text(cop_try_read("#Port<1.2>", 10, .pids = true).error,
                        "expected a port of this node, as #Port<0.1>");
        cop_assert_text(cop_try_read("#Port", 5, .pids = true).error,
                        "expected <; found the end of the text");
        cop_assert_text(cop_try_read("fun a/1", 7).error, "expected :; found /");
        cop_assert_text(cop_try_read("fun a:b/256", 11).error,
                        "expected a number of arguments up to 255; found number 256");
        cop_assert_text(cop_try_read("fun() -> a end", 14).error, "expected a module; found (");
}

/* ---- limits ---- */

COP_TEST(READ_depth, "terms nest as deep as depth_max says, and no deeper")
{
        cop_assert(!cop_is_none(cop_try_read("[{#{a=>1}}]", 11, .depth_max = 3).term));
        cop_assert_text(cop_try_read("[{#{a=>1}}]", 11, .depth_max = 2).error,
                        "terms nest too deep: expected fewer levels");
        cop_assert_equal(cop_try_read("[{#{a=>1}}]", 11, .depth_max = 2).column, 3);
        cop_assert_text(cop_try_read("((1))", 5, .depth_max = 1).error,
                        "terms nest too deep: expected fewer levels");
}

COP_TEST(READ_words, "a term takes as many words as words_max says, and no more")
{
        static const struct {
                const char *text;
                size_t words;
        } terms[] = {
                { "[a,b,c]", 6 }, { "{a,b,c}", 4 },   { "\"abc\"", 6 },
                { "1.5", 2 },     { "[{1},{2}]", 8 },
        };

        for (size_t i = 0; i < COUNT_OF(terms); i++) {
                size_t size = strlen(terms[i].text);

                cop_assert(!cop_is_none(
                        cop_try_read(terms[i].text, size, .words_max = terms[i].words).term));
                cop_assert_text(
                        cop_try_read(terms[i].text, size, .words_max = terms[i].words - 1).error,
                        "the term is too large: expected fewer words of memory");
        }
        cop_assert_text(cop_try_read("<<0:64000>>", 11, .words_max = 900).error,
                        "this segment is too large: expected fewer bits");
        cop_assert_text(cop_try_read("<<0:32000,0:32000>>", 19, .words_max = 900).error,
                        "this segment is too large: expected fewer bits");
}

COP_TEST(READ_new_atoms, "so many new atoms are made, or none; those that are known do not count")
{
        static const char text[] = "[read_new_1, read_new_2, ok, read_new_1, error]";
        size_t before = cop__atom_count();
        struct cop_read_result read;

        read = cop_try_read(text, strlen(text), .new_atoms_max = COP_NO_NEW_ATOMS);
        cop_assert_text(read.error, "too many new atoms: expected one that is known");
        cop_assert_equal(read.column, 2);
        cop_assert_equal(cop__atom_count(), before);
        read = cop_try_read(text, strlen(text), .new_atoms_max = 1);
        cop_assert_equal(read.column, 14);
        cop_assert_equal(cop__atom_count(), before + 1);
        read = cop_try_read(text, strlen(text), .new_atoms_max = 1);
        cop_assert_text(read.error, "");
        cop_assert_equal(cop__atom_count(), before + 2);
        read = cop_try_read(text, strlen(text), .new_atoms_max = COP_NO_NEW_ATOMS);
        cop_assert_text(read.error, "");
}

COP_TEST(READ_huge_integer,
         "an integer of more digits than Erlang has is refused before it is made")
{
        size_t size = 1300000;
        char *digits = malloc(size);

        cop_assert(digits);
        memset(digits, '9', size);
        cop_assert_text(cop_try_read(digits, size).error,
                        "this integer is too large: expected fewer digits");
        free(digits);
}

/* ---- deep, and on a small stack ---- */

enum { DEEP = 1000000, SMALL_STACK = 64 * 1024 };

struct deep {
        const char *open, *middle, *close;
        const char *error; /* expected */
};

static const struct deep deeps[] = {
        { "[", "", "]", "" },
        { "{", "1", "}", "" },
        { "[a|", "b", "]", "" },
        { "#{a=>", "1", "}", "" },
        { "(", "1", ")", "" },
        { "<<(", "<<1:3>>", ")/bits>>", "" },
        { "[", "X", "", "expected a term; found variable X" },
        { "#{", "", "", "expected a term; found the end of the text" },
        { "-(", "1", ")", "expected a number; found -" },
};

static char *deep_text(const struct deep *deep, size_t *size)
{
        struct buffer text;

        cop__buffer_init(&text, SIZE_MAX);
        for (int i = 0; i < DEEP; i++)
                cop__buffer_add_text(&text, deep->open);
        cop__buffer_add_text(&text, deep->middle);
        for (int i = 0; i < DEEP && *deep->close; i++)
                cop__buffer_add_text(&text, deep->close);
        return cop__buffer_take(&text, size);
}

static void *read_deep(void *context)
{
        for (size_t i = 0; i < COUNT_OF(deeps); i++) {
                struct cop_mark mark = cop_scope_enter();
                size_t size;
                char *text = deep_text(&deeps[i], &size);
                struct cop_read_result read =
                        cop_try_read(text, size, .depth_max = 3 * DEEP, .words_max = SIZE_MAX);

                cop_assert_text(read.error, deeps[i].error);
                cop__free(text);
                cop_scope_leave(&mark);
        }
        return context;
}

COP_TEST(READ_deep, "a million levels need no more than a small stack", .limit_s = 60)
{
        pthread_attr_t attributes;
        pthread_t thread;

        pthread_attr_init(&attributes);
        cop_assert_equal(pthread_attr_setstacksize(&attributes, SMALL_STACK), 0);
        cop_assert_equal(pthread_create(&thread, &attributes, read_deep, NULL), 0);
        pthread_join(thread, NULL);
        pthread_attr_destroy(&attributes);
}

/* ---- nothing is left behind ---- */

COP_TEST(READ_leaves_nothing, "after an error the memory of the turn is where it was")
{
        static const char text[] =
                "[{1,2,\"abc\",<<1,2,3>>,#{a => 1.5}}, <<(<<0:9999>>)/bits>>, X]";
        struct cop_mark before;

        cop_try_read(text, strlen(text));
        before = cop__region_mark(here());
        cop_assert(cop_is_none(cop_try_read(text, strlen(text)).term));
        cop_assert(cop__region_mark(here()).top == before.top);
        cop_assert(cop__region_mark(here()).chunk == before.chunk);
        cop_assert(cop__region_mark(here()).shared == before.shared);
}

static bool read_much(void *context)
{
        const char *text = context;
        struct cop_read_result read = cop_try_read(text, strlen(text));

        if (cop_is_none(read.term)) {
                cop_assert(strcmp(read.error, "out of memory") == 0 ||
                           strcmp(read.error, "no room for another atom") == 0);
                cop_assert(read.line >= 1);
                cop__host_thread_release(); /* a region keeps a chunk for the next turn */
        }
        return !cop_is_none(read.term);
}

static void forget(void *context)
{
        (void)context;
        cop__host_thread_release();
}

COP_TEST(READ_no_memory, "each allocation may fail, and that is the error; nothing is left behind")
{
        static const char nest[] =
                "[[[[[[[[[[[[[[[[[[[[[[[[\"a\\nb\" \"cd\", 1_000, 1.5, 'q\\'',"
                "<<1:3,\"x\"/utf16,(<<1:2000>>)/bits>>, #{a => 1, b => 2},"
                "123456789012345678901234567890,"
                "\"\"\"\n long long long long long long long long long long long\n"
                " \"\"\"]]]]]]]]]]]]]]]]]]]]]]]]";

        cop_assert(read_much((void *)(uintptr_t)nest)); /* its atoms stay for ever */
        forget(NULL);
        cop_assert(without_memory(read_much, forget, (void *)(uintptr_t)nest) > 5);
}

static jmp_buf crashed;
static cop_term reason;
static const struct cop_place *crash_place;

/* Instead of the end of a process: back to the test. */
COP_NORETURN static void note_crash(enum failure failure, cop_term why,
                                    const struct cop_place *place)
{
        cop_assert_equal(failure, FAIL_ERROR);
        reason = why;
        crash_place = place;
        longjmp(crashed, 1);
}

COP_TEST(READ_read_wrong, "cop_read of a wrong text is a crash that says where and what, twice")
{
        cop__host.fail = note_crash;
        if (setjmp(crashed) == 0) {
                cop_read("{ok,\n  X}");
                cop_fail("it is still alive");
        }
        cop_assert_text(cop_show(reason),
                        "{bad_text,2,3,<<\"expected a term; found variable X\">>}");
        cop_assert(strstr(crash_place->file, "test_read.c"));
        if (setjmp(crashed) == 0) {
                (cop_read)("");
                cop_fail("it is still alive");
        }
        cop_assert(crash_place == NULL);
}

COP_TEST(READ_read, "cop_read gives the term, with as many new atoms as it has")
{
        cop_assert_text(written(cop_read("{ok, [cop_read_new, 1]}.")), "{ok,[cop_read_new,1]}");
}
