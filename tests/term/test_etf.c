/*
 * ETF: terms in Erlang's external format.
 *
 * What a datum says is compared as Erlang's ~tw would print it, or the error with its place; what
 * is written again, as hexadecimal digits. Each of these was put to binary_to_term() of OTP 25 as
 * well; where we differ on purpose, the test says so. The bulk of the comparison is test_sets.c;
 * limits and what is compressed are in test_etf_limits.c.
 */
#include <coppice/test.h>

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <coppice/etf.h>
#include <coppice/text.h>

#include "support/written.h"
#include "term/etf.h"
#include "term/host.h"
#include "term/node.h"

#define COUNT_OF(array) (sizeof(array) / sizeof(*(array)))

static const char *digits_of(cop_term binary)
{
        static char digits[8192];
        const uint8_t *bytes = cop_to_bytes(binary);

        digits[0] = '\0';
        for (size_t i = 0; i < cop_byte_size(binary); i++)
                sprintf(digits + 2 * i, "%02x", bytes[i]);
        return digits;
}

static cop_term decoded(const char *digits)
{
        struct bytes bytes = bytes_of(digits);

        return cop_try_decode(bytes.at, bytes.size).term;
}

struct datum {
        const char *digits;
        const char *term;  /* as ~tw prints it */
        const char *again; /* its digits when it is encoded; NULL: the same */
};

static void check_data(const struct datum *table, size_t count)
{
        char is[10000], expected[10000];

        for (size_t i = 0; i < count; i++) {
                struct bytes bytes = bytes_of(table[i].digits);
                struct bytes again = bytes_of(table[i].again ? table[i].again : table[i].digits);
                struct cop_decode_result result = cop_try_decode(bytes.at, bytes.size);

                snprintf(is, sizeof(is), "%s -> %s%s", table[i].digits,
                         result.error ? result.error : "",
                         result.error ? "" : written(result.term));
                snprintf(expected, sizeof(expected), "%s -> %s", table[i].digits, table[i].term);
                cop_assert_text(is, expected);
                snprintf(is, sizeof(is), "%s -> %s", table[i].digits,
                         digits_of(cop_encode(result.term)));
                snprintf(expected, sizeof(expected), "%s -> %s", table[i].digits,
                         digits_of(cop_binary(again.at, again.size)));
                cop_assert_text(is, expected);
        }
}

struct wrong {
        const char *digits;
        size_t offset;
        const char *error;
};

static void check_wrong(const struct wrong *table, size_t count)
{
        char is[10000], expected[10000];

        for (size_t i = 0; i < count; i++) {
                struct bytes bytes = bytes_of(table[i].digits);
                struct cop_decode_result result = cop_try_decode(bytes.at, bytes.size);

                snprintf(is, sizeof(is), "%s -> %zu: %s", table[i].digits, result.offset,
                         result.error ? result.error : written(result.term));
                snprintf(expected, sizeof(expected), "%s -> %zu: %s", table[i].digits,
                         table[i].offset, table[i].error);
                cop_assert_text(is, expected);
                cop_assert(cop_is_none(result.term));
        }
}

#define CHECK_DATA(...)                                                                            \
        do {                                                                                       \
                static const struct datum table[] = { __VA_ARGS__ };                               \
                check_data(table, COUNT_OF(table));                                                \
        } while (0)

#define CHECK_WRONG(...)                                                                           \
        do {                                                                                       \
                static const struct wrong table[] = { __VA_ARGS__ };                               \
                check_wrong(table, COUNT_OF(table));                                               \
        } while (0)

#define CUT_SHORT "more bytes: the term is cut short"

/* ---- kinds ---- */

COP_TEST(ETF_integers, "integers come back in the shortest form, whatever they came in")
{
        CHECK_DATA({ "83 61 00", "0", NULL }, { "83 61 ff", "255", NULL },
                   { "83 62 00000100", "256", NULL }, { "83 62 ffffffff", "-1", NULL },
                   { "83 62 00000001", "1", "83 61 01" }, { "83 62 7fffffff", "2147483647", NULL },
                   { "83 62 80000000", "-2147483648", NULL },
                   { "83 6e 04 00 00000080", "2147483648", NULL },
                   { "83 6e 04 01 01000080", "-2147483649", NULL },
                   { "83 6e 01 00 05", "5", "83 61 05" }, { "83 6e 00 00", "0", "83 61 00" },
                   { "83 6e 01 01 00", "0", "83 61 00" },
                   { "83 6e 01 02 05", "-5", "83 62 fffffffb" },
                   { "83 6e 09 00 01 0000000000000000", "1", "83 61 01" },
                   { "83 6f 00000002 00 0001", "256", "83 62 00000100" },
                   { "83 6e 08 00 0000000000000010", "1152921504606846976", NULL },
                   { "83 6e 08 01 0000000000000010", "-1152921504606846976", NULL },
                   { "83 6e 09 01 000000000000000001", "-18446744073709551616", NULL });
}

COP_TEST(ETF_big, "integers of more than 255 bytes have a form of their own")
{
        cop_term one = cop_read("16#1_00000000_00000000");
        char digits[1200] = "16#1";
        cop_term big;

        memset(digits + 4, '0', 2 * 255);
        digits[4 + 2 * 255] = '\0';
        big = cop_read(digits);
        cop_assert_bytes(cop_to_bytes(cop_encode(big)), 7, "\x83\x6f\x00\x00\x01\x00\x00", 7);
        cop_assert(cop_equal(cop_decode(cop_encode(big)), big));
        digits[4 + 2 * 255 - 1] = '\0';
        big = cop_read(digits);
        cop_assert_bytes(cop_to_bytes(cop_encode(big)), 4, "\x83\x6e\xff\x00", 4);
        cop_assert(cop_equal(cop_decode(cop_encode(big)), big));
        cop_assert(cop_equal(cop_decode(cop_encode(one)), one));
}

COP_TEST(ETF_floats, "floats are 64 bits; decimal ones of old nodes are read; none is infinite")
{
        CHECK_DATA(
                { "83 46 3ff8000000000000", "1.5", NULL },
                { "83 46 8000000000000000", "-0.0", NULL },
                { "83 63 '1.50000000000000000000e+00' 0000000000", "1.5",
                  "83 46 3ff8000000000000" },
                { "83 63 '1.50000000000000000000e+00' 00 'junk'", "1.5", "83 46 3ff8000000000000" },
                { "83 63 '+1.5' 000000000000000000000000000000000000000000000000000000", "1.5",
                  "83 46 3ff8000000000000" },
                { "83 63 '1.0e-400' 0000000000000000000000000000000000000000000000", "0.0",
                  "83 46 0000000000000000" });
        CHECK_WRONG({ "83 46 7ff0000000000000", 2, "a float that is finite and a number" },
                    { "83 46 7ff8000000000000", 2, "a float that is finite and a number" },
                    { "83 46 3ff80000000000", 9, CUT_SHORT },
                    { "83 63 '1.0e400' 000000000000000000000000000000000000000000000000", 2,
                      "a float that is finite and a number" },
                    { "83 63 'inf' 00000000000000000000000000000000000000000000000000000000", 2,
                      "a float in decimal" },
                    { "83 63 '1e5' 00000000000000000000000000000000000000000000000000000000", 2,
                      "a float in decimal" },
                    { "83 63 '1.5x' 000000000000000000000000000000000000000000000000000000", 2,
                      "a float in decimal" },
                    { "83 63 '1.50000000000000000000e+0000000'", 2, "a float in decimal" },
                    { "83 63 '1.5'", 5, CUT_SHORT });
}

COP_TEST(ETF_atoms, "atoms come in UTF-8 or Latin-1 and go in UTF-8")
{
        CHECK_DATA({ "83 77 03 'abc'", "abc", NULL }, { "83 77 00", "''", NULL },
                   { "83 77 01 00", "'\\000'", NULL },
                   { "83 76 0003 'abc'", "abc", "83 77 03 'abc'" },
                   { "83 64 0003 'abc'", "abc", "83 77 03 'abc'" },
                   { "83 73 03 'abc'", "abc", "83 77 03 'abc'" },
                   { "83 73 01 e9", "é", "83 77 02 c3a9" }, { "83 77 02 d0b6", "'ж'", NULL },
                   { "83 77 03 efbfbe", "'\xef\xbf\xbe'", NULL });
        CHECK_WRONG({ "83 77 03 'ab'", 5, CUT_SHORT }, { "83 77 02 c328", 3, "an atom in UTF-8" },
                    { "83 77 03 eda080", 3, "an atom in UTF-8" },
                    { "83 77 02 c080", 3, "an atom in UTF-8" }, { "83 76", 2, CUT_SHORT });
}

COP_TEST(ETF_atoms_length, "an atom has up to 255 characters, of whatever size")
{
        uint8_t bytes[1100] = { 131, ETF_UTF8_ATOM, 1020 >> 8, 1020 & 0xff };
        cop_term atom;

        for (size_t i = 0; i < 255; i++)
                memcpy(bytes + 4 + 4 * i, "\xf0\x9f\x98\x80", 4);
        atom = cop_try_decode(bytes, 1024).term;
        cop_assert(cop_is_atom(atom));
        cop_assert_bytes(cop_to_bytes(cop_encode(atom)), cop_byte_size(cop_encode(atom)), bytes,
                         1024);
        memset(bytes + 4, 'a', 256);
        bytes[2] = 1;
        bytes[3] = 0;
        cop_assert_text(cop_try_decode(bytes, 260).error, "an atom of at most 255 characters");
        bytes[1] = ETF_ATOM;
        cop_assert_text(cop_try_decode(bytes, 260).error, "an atom of at most 255 characters");
}

COP_TEST(ETF_bits, "bits have 1 to 8 bits in their last byte, and the others do not count")
{
        CHECK_DATA({ "83 6d 00000000", "<<>>", NULL },
                   { "83 6d 00000003 010203", "<<1,2,3>>", NULL },
                   { "83 4d 00000001 03 a0", "<<5:3>>", NULL },
                   { "83 4d 00000001 03 bf", "<<5:3>>", "83 4d 00000001 03 a0" },
                   { "83 4d 00000001 08 bf", "<<191>>", "83 6d 00000001 bf" },
                   { "83 4d 00000000 00", "<<>>", "83 6d 00000000" },
                   { "83 4d 00000002 01 ff80", "<<255,1:1>>", NULL });
        CHECK_WRONG({ "83 4d 00000001 00 ff", 7, "a last byte of 1 to 8 bits" },
                    { "83 4d 00000001 09 ff", 7, "a last byte of 1 to 8 bits" },
                    { "83 4d 00000000 08", 7, "a last byte of 1 to 8 bits" },
                    { "83 6d ffffffff 00", 7, CUT_SHORT }, { "83 4d 00000001", 6, CUT_SHORT },
                    { "83 6d 0000", 4, CUT_SHORT });
}

COP_TEST(ETF_lists, "a proper list of up to 65,535 bytes goes as a string, others as a list")
{
        CHECK_DATA({ "83 6a", "[]", NULL }, { "83 6b 0003 616263", "[97,98,99]", NULL },
                   { "83 6b 0000", "[]", "83 6a" },
                   { "83 6c 00000001 61 01 6a", "[1]", "83 6b 0001 01" },
                   { "83 6c 00000001 61 01 61 02", "[1|2]", NULL },
                   { "83 6c 00000002 61 01 62 00000100 6a", "[1,256]", NULL },
                   { "83 6c 00000000 61 01", "1", "83 61 01" },
                   { "83 6c 00000000 6c 00000000 6a", "[]", "83 6a" },
                   { "83 6c 00000001 6a 6c 00000001 6a 6a", "[[],[]]", "83 6c 00000002 6a 6a 6a" },
                   { "83 6c 00000001 6b 0001 61 77 01 'b'", "[[97]|b]", NULL });
        CHECK_WRONG({ "83 6c ffffffff", 6, CUT_SHORT }, { "83 6c 00000001 61 01", 8, CUT_SHORT },
                    { "83 6c 00000000", 6, CUT_SHORT }, { "83 6b 0003 6162", 6, CUT_SHORT },
                    { "83 6c 00000001 ff 6a", 6, "the tag of a term" });
}

COP_TEST(ETF_long_string, "a list of bytes that is too long for a string goes as a list")
{
        cop_term list = cop_nil();

        for (int i = 0; i < 65535; i++)
                list = cop_cons(cop_int(i & 255), list);
        cop_assert_bytes(cop_to_bytes(cop_encode(list)), 4, "\x83\x6b\xff\xff", 4);
        cop_assert(cop_equal(cop_decode(cop_encode(list)), list));
        list = cop_cons(cop_int(1), list);
        cop_assert_bytes(cop_to_bytes(cop_encode(list)), 6, "\x83\x6c\x00\x01\x00\x00", 6);
        cop_assert(cop_equal(cop_decode(cop_encode(list)), list));
}

COP_TEST(ETF_tuples, "tuples of more than 255 elements have a form of their own")
{
        cop_term elements[300], tuple;

        CHECK_DATA({ "83 68 00", "{}", NULL }, { "83 68 02 61 01 68 01 6a", "{1,{[]}}", NULL },
                   { "83 69 00000002 61 01 61 02", "{1,2}", "83 68 02 61 01 61 02" },
                   { "83 69 00000000", "{}", "83 68 00" });
        CHECK_WRONG({ "83 68 02 61 01", 5, CUT_SHORT }, { "83 68 02 6a", 4, CUT_SHORT },
                    { "83 69 ffffffff 6a", 7, CUT_SHORT }, { "83 68", 2, CUT_SHORT });
        for (int i = 0; i < 300; i++)
                elements[i] = cop_int(i);
        tuple = cop_tuple(256, elements);
        cop_assert_bytes(cop_to_bytes(cop_encode(tuple)), 6, "\x83\x69\x00\x00\x01\x00", 6);
        cop_assert(cop_equal(cop_decode(cop_encode(tuple)), tuple));
}

COP_TEST(ETF_maps, "keys come in any order, but each of them once")
{
        CHECK_DATA({ "83 74 00000000", "#{}", NULL },
                   { "83 74 00000001 77 01 'a' 61 01", "#{a => 1}", NULL },
                   { "83 74 00000003 61 03 61 00 61 01 61 01 61 02 61 02",
                     "#{1 => 1,2 => 2,3 => 0}",
                     "83 74 00000003 61 01 61 01 61 02 61 02 61 03 61 00" },
                   { "83 74 00000002 46 3ff0000000000000 61 02 61 01 61 01", "#{1 => 1,1.0 => 2}",
                     "83 74 00000002 61 01 61 01 46 3ff0000000000000 61 02" },
                   { "83 74 00000002 6b 0001 61 68 00 6a 74 00000000", "#{[] => #{},[97] => {}}",
                     "83 74 00000002 6a 74 00000000 6b 0001 61 68 00" });
        CHECK_WRONG(
                { "83 74 00000002 61 01 61 01 61 01 61 02", 14, "a map that has each key once" },
                { "83 68 01 74 00000003 61 01 6a 61 02 6a 61 01 6a", 17,
                  "a map that has each key once" },
                { "83 74 00000001 61 01", 8, CUT_SHORT }, { "83 74 ffffffff", 6, CUT_SHORT });
}

/* Of other nodes, what is printed depends on which atoms there are: only the bytes are compared. */
static void check_recoded(const char *digits, const char *again)
{
        char is[10000], expected[10000];
        struct bytes bytes = bytes_of(again);
        cop_term term = decoded(digits);

        snprintf(is, sizeof(is), "%s -> %s", digits,
                 cop_is_none(term) ? "error" : digits_of(cop_encode(term)));
        snprintf(expected, sizeof(expected), "%s -> %s", digits,
                 digits_of(cop_binary(bytes.at, bytes.size)));
        cop_assert_text(is, expected);
}

#define AB     "77 05 'a@b.c'"
#define NOBODY "77 0d 'nonode@nohost'"

COP_TEST(ETF_nodes,
         "pids, ports and references of other nodes are carried, and go in the new forms")
{
        static const char *const same[] = {
                "83 58" AB "ffffffff ffffffff ffffffff",
                "83 59" AB "0fffffff 00000003",
                "83 78" AB "00000000 10000000 00000003",
                "83 78" AB "ffffffff ffffffff 00000003",
                "83 5a 0000" AB "00000009",
                "83 5a 0003" AB "00000009 ffffffff 00000002 00000003",
                "83 5a 0005" AB "00000009 00000001 00000002 00000003 00000004 00000005",
                "83 71 77 01 'm' 77 01 'f' 61 02",
                "83 71 77 01 'm' 77 01 'f' 62 0000012c",
        };

        for (size_t i = 0; i < COUNT_OF(same); i++)
                check_recoded(same[i], same[i]);
        check_recoded("83 67" AB "00000001 00000002 03", "83 58" AB "00000001 00000002 00000003");
        check_recoded("83 66" AB "0000004d 03", "83 59" AB "0000004d 00000003");
        check_recoded("83 59" AB "10000000 00000003", "83 78" AB "00000000 10000000 00000003");
        check_recoded("83 65" AB "00000001 03", "83 5a 0001" AB "00000003 00000001");
        check_recoded("83 72 0002" AB "03 00000001 00000007",
                      "83 5a 0002" AB "00000003 00000001 00000007");
        check_recoded("83 58 64 0001 'a' 0000004d 00000003 00000009",
                      "83 58 77 01 'a' 0000004d 00000003 00000009");
        cop_assert(cop_is_pid(decoded("83 58" AB "0000004d 00000003 00000009")));
        cop_assert(cop_is_port(decoded("83 59" AB "0000004d 00000003")));
        cop_assert(cop_is_ref(decoded("83 5a 0001" AB "00000003 00000001")));
        cop_assert(cop_is_fun(decoded("83 71 77 01 'm' 77 01 'f' 61 02")));
}

COP_TEST(ETF_nodes_wrong, "what is wrong with a pid, port, reference or external fun")
{
        CHECK_WRONG({ "83 58 61 0d 0000004d 00000003 00000001", 2, "an atom" },
                    { "83 67" AB "00000001 00000002 04", 17, "a creation of 0 to 3" },
                    { "83 66" AB "0000004d 04", 13, "a creation of 0 to 3" },
                    { "83 72 0001" AB "04 00000001", 11, "a creation of 0 to 3" },
                    { "83 72 0001" AB "03 00040000", 2, "a first word of 18 bits" },
                    { "83 65" AB "00040000 03", 2, "a first word of 18 bits" },
                    { "83 5a 0006" AB "03 00000001", 2, "a reference of at most 5 words" },
                    { "83 5a 0003" AB "00000003 00000001 00000002", 23, CUT_SHORT },
                    { "83 58" AB "0000004d 00000003 0000", 19, CUT_SHORT },
                    { "83 71 61 01 77 01 'f' 61 02", 2, "an atom" },
                    { "83 71 77 01 'm' 77 01 'f' 77 01 'a'", 8, "an integer of 32 bits" },
                    { "83 71 77 01 'm' 77 01 'f' 62 ffffffff", 8, "a number of arguments" });
}

COP_TEST(ETF_local, "pids and references of this node are immediate, and keep their numbers")
{
        CHECK_DATA(
                { "83 58" NOBODY "0000004d 00000003 00000000", "<0.77.3>", NULL },
                { "83 58" NOBODY "0000004d 00000003 00000007", "<0.77.3>",
                  "83 58" NOBODY "0000004d 00000003 00000000" },
                { "83 58" NOBODY "1fffffff ffffffff 00000000", "<0.536870911.4294967295>", NULL },
                { "83 5a 0003" NOBODY "00000000 00000001 00000002 00000003", "#Ref<0.3.2.1>",
                  NULL },
                { "83 5a 0001" NOBODY "00000000 00000001", "#Ref<0.0.0.1>",
                  "83 5a 0003" NOBODY "00000000 00000001 00000000 00000000" },
                { "83 78" NOBODY "00000000 0000004d 00000000", "#Port<0.77>",
                  "83 59" NOBODY "0000004d 00000000" });
        CHECK_WRONG(
                { "83 58" NOBODY "20000000 00000000 00000000", 2, "a pid that this node can have" },
                { "83 5a 0003" NOBODY "00000000 00000010 00000002 00000003", 2,
                  "a reference that this node can have" },
                { "83 5a 0003" NOBODY "00000000 00000001 00000002 02000000", 2,
                  "a reference that this node can have" },
                { "83 5a 0000" NOBODY "00000000", 2, "a reference that this node can have" },
                { "83 5a 0004" NOBODY "00000000 00000001 00000002 00000003 00000004", 2,
                  "a reference that this node can have" });
}

COP_TEST(ETF_named_node, "a node with a name sends it; pids of its earlier lives are not its own")
{
        static const char now[] = "83 58" AB "0000004d 00000003 00000009";
        static const char before[] = "83 58" AB "0000004d 00000003 00000008";
        cop_term pid = decoded("83 58" NOBODY "0000004d 00000003 00000000");

        cop__node_set(cop_atom("a@b.c"), 9);
        check_recoded(now, now);
        check_recoded(before, before);
        check_recoded("83 58" AB "0000004d 00000003 00000000", now);
        check_recoded("83 58" NOBODY "0000004d 00000003 00000000",
                      "83 58" NOBODY "0000004d 00000003 00000000");
        cop_assert(cop_equal(decoded(now), pid));
        cop_assert(!cop_equal(decoded(before), pid));
        cop_assert_text(written(decoded(now)), "<0.77.3>");
}

#define FUN_HEAD "01 000102030405060708090a0b0c0d0e0f 00000005"
#define FUN_TAIL "77 01 'm' 61 07 62 00123456 58" AB "0000004d 00000003 00000009"

COP_TEST(ETF_funs, "closures are carried with what they hold; their size is worked out anew")
{
        static const char none[] = "83 70 0000003b" FUN_HEAD "00000000" FUN_TAIL;
        static const char two[] = "83 70 000000bc" FUN_HEAD "00000002" FUN_TAIL
                                  "70 00000040" FUN_HEAD "00000001" FUN_TAIL "68 02 6a 61 01"
                                  "68 02 70 0000003b" FUN_HEAD "00000000" FUN_TAIL "61 01";
        char wrong[1024];

        check_recoded(none, none);
        cop_assert(cop_is_fun(decoded(none)));
        cop_assert_text(written(decoded(none)), "#Fun<m.5.1193046>");
        check_recoded("83 70 ffffffff" FUN_HEAD "00000000" FUN_TAIL, none);
        check_recoded(two, two);
        snprintf(wrong, sizeof(wrong), "83 70 00000000" FUN_HEAD "00000001" FUN_TAIL);
        cop_assert(cop_is_none(decoded(wrong)));
        CHECK_WRONG(
                { "83 70 00000000 01 0001", 9, CUT_SHORT },
                { "83 70 00000000" FUN_HEAD "ffffffff" FUN_TAIL, 61, CUT_SHORT },
                { "83 70 00000000" FUN_HEAD "00000000 61 01", 31, "an atom" },
                { "83 70 00000000" FUN_HEAD "00000000 77 01 'm' 6a", 34, "an integer of 32 bits" },
                { "83 70 00000000" FUN_HEAD "00000000 77 01 'm' 61 01 61 01 61 01", 38, "a pid" });
}

/* The wire's layout: count of fields, exported, module, name, names of fields, values. */
#define USER "77 01 'm' 77 04 'user'"
COP_TEST(ETF_records, "native records of OTP 29 are carried with names, visibility and values")
{
        static const char user[] = "83 43 00000002 01" USER "77 02 'id' 77 01 'v' 61 01 68 01 6a";
        static const char empty[] = "83 43 00000000 00" USER;
        static const char nested[] = "83 68 02 43 00000001 00" USER "77 01 'a'"
                                     "43 00000001 01" USER "77 01 'b' 6c 00000001 61 07 6a 61 02";

        check_recoded(user, user);
        check_recoded(empty, empty);
        check_recoded(nested, "83 68 02 43 00000001 00" USER "77 01 'a'"
                              "43 00000001 01" USER "77 01 'b' 6b 0001 07 61 02");
        cop_assert(cop_is_record(decoded(user)));
        cop_assert(!cop_is_tuple(decoded(user)) && !cop_is_map(decoded(user)));
        cop_assert_text(written(decoded(user)), "#m:user{id = 1,v = {[]}}");
        cop_assert_text(written(decoded(empty)), "#m:user{}");
        CHECK_WRONG({ "83 43 00000000 02" USER, 6, "0 or 1, whether a record is exported" },
                    { "83 43 ffffffff 01" USER, 16, CUT_SHORT }, /* nothing is taken for them */
                    { "83 43 00000001 01" USER "77 01 'a'", 19, CUT_SHORT },
                    { "83 43 00000001 01" USER "61 01 61 01", 16, "an atom" },
                    { "83 43 00000000 01 61 01 77 01 'm'", 7, "an atom" });
}

COP_TEST(ETF_funs_large, "the size of a closure is right also in terms of many bytes")
{
        static const char digits[] = "83 70 0000003b" FUN_HEAD "00000000" FUN_TAIL;
        static const uint8_t padding[5000];
        cop_term fun = decoded(digits);
        struct bytes bytes = bytes_of(digits);

        for (size_t size = 400; size < sizeof(padding); size++) {
                cop_term parts[] = { cop_binary(padding, size), fun };
                cop_term binary = cop_encode(cop_tuple(2, parts));
                size_t fun_size = bytes.size - 1;

                cop_assert_bytes(cop_to_bytes(binary) + cop_byte_size(binary) - fun_size, fun_size,
                                 bytes.at + 1, fun_size);
        }
}

COP_TEST(ETF_refused, "what no term begins with is refused, and so is what is behind a term")
{
        CHECK_WRONG({ "", 0, CUT_SHORT }, { "83", 1, CUT_SHORT },
                    { "82 61 01", 0, "byte 131, the version of the format" },
                    { "61 01", 0, "byte 131, the version of the format" },
                    { "83 ff", 1, "the tag of a term" }, { "83 52 00", 1, "the tag of a term" },
                    { "83 44 00 61 01", 1, "the tag of a term" },
                    { "83 75 00000000", 1, "the tag of a term" },
                    { "83 83 61 01", 1, "the tag of a term" },
                    { "83 68 01 83 61 01", 3, "the tag of a term" },
                    { "83 68 01 50 00000000", 3, "the tag of a term" },
                    { "83 61 01 00", 3, "nothing behind the term" });
}

COP_TEST(ETF_used, "who asks for it is told how many bytes the term had, and others may follow")
{
        struct bytes bytes = bytes_of("83 68 02 61 01 6a 83 61 02");
        size_t used = 0;
        struct cop_decode_result result = cop_try_decode(bytes.at, bytes.size, .used = &used);

        cop_assert_text(written(result.term), "{1,[]}");
        cop_assert_equal(used, 6);
        result = cop_try_decode(bytes.at + 6, bytes.size - 6, .used = &used);
        cop_assert_text(written(result.term), "2");
        cop_assert_equal(used, 3);
}

static jmp_buf crashed;
static cop_term reason;

/* Instead of the end of a process: back to the test. */
COP_NORETURN static void note_crash(enum failure failure, cop_term why,
                                    const struct cop_place *place)
{
        cop_assert_equal(failure, FAIL_ERROR);
        cop_assert(strstr(place->file, "test_etf.c"));
        reason = why;
        longjmp(crashed, 1);
}

COP_TEST(ETF_decode_wrong, "cop_decode of anything but a whole term is a crash with badarg")
{
        cop_term wrong[] = { cop_binary("\x83\x61", 2), cop_int(1), cop_bits("\x83", 7) };

        cop__host.fail = note_crash;
        for (size_t i = 0; i < COUNT_OF(wrong); i++) {
                reason = COP_NONE;
                if (setjmp(crashed) == 0) {
                        cop_decode(wrong[i]);
                        cop_fail("it is still alive");
                }
                cop_assert(cop_is(reason, "badarg"));
        }
}
