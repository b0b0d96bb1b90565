/*
 * PRINT: terms as Erlang prints them, cut short where the caller says so, of any depth.
 *
 * What is expected here is what Erlang/OTP 25 printed; tests/term/sets has a great deal more.
 */
#include <coppice/test.h>
#include <coppice/text.h>

#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/failure.h"
#include "support/memory.h"
#include "support/values.h"
#include "term/atom.h"
#include "term/big.h"
#include "term/host.h"
#include "term/node.h"
#include "term/print.h"

/* Printed; lives until the next call. */
static const char *print_with(cop_term term, struct print_options options)
{
        static char text[100000];
        struct buffer buffer;

        cop__buffer_init(&buffer, sizeof(text) - 1);
        cop__print(&buffer, term, &options);
        cop_assert(!buffer.failed);
        memcpy(text, buffer.bytes, buffer.size + 1);
        cop__buffer_release(&buffer);
        return text;
}

#define PRINT(term, ...) print_with((term), (struct print_options){ __VA_ARGS__ })

enum { TERM, WRITTEN, LINE, FORMS };

/* From Erlang text to what ~tw and ~tp make of it; the latter is NULL where it is the same. */
static void check_cases(const char *const cases[][FORMS], size_t count)
{
        for (size_t i = 0; i < count; i++) {
                const char *line = cases[i][LINE] ? cases[i][LINE] : cases[i][WRITTEN];
                cop_term term = cop_read(cases[i][TERM]);

                cop_assert_text(PRINT(term, .form = PRINT_WRITE), cases[i][WRITTEN]);
                cop_assert_text(PRINT(term, .form = PRINT_LINE), line);
                cop_assert_text(PRINT(term, .form = PRINT_PRETTY), line);
        }
}

#define CHECK_CASES(...)                                                                           \
        do {                                                                                       \
                static const char *const cop__cases[][FORMS] = { __VA_ARGS__ };                    \
                                                                                                   \
                check_cases(cop__cases, sizeof(cop__cases) / sizeof(cop__cases[0]));               \
        } while (0)

COP_TEST(PRINT_atoms, "an atom has quotes where Erlang needs them")
{
        CHECK_CASES({ "a", "a" }, { "'A'", "'A'" }, { "''", "''" }, { "'a b'", "'a b'" },
                    { "a@B_1", "a@B_1" }, { "'1a'", "'1a'" }, { "'_a'", "'_a'" },
                    { "'end'", "'end'" }, { "'endx'", "endx" }, { "'maybe'", "'maybe'" },
                    { "'åÅ'", "åÅ" }, { "'Åå'", "'Åå'" }, { "'ж'", "'ж'" }, { "'日本'", "'日本'" },
                    { "'a÷'", "'a÷'" }, { "'÷a'", "'÷a'" }, { "'a×'", "'a×'" }, { "ß", "ß" },
                    { "'it\\'s'", "'it\\'s'" }, { "'\"'", "'\"'" }, { "'\\\\'", "'\\\\'" },
                    { "'\\b\\t\\n\\v\\f\\r\\e\\d'", "'\\b\\t\\n\\v\\f\\r\\e\\d'" },
                    { "'\\0\\x1f\\x80\\x9f'", "'\\000\\037\\200\\237'" },
                    { "'\\x{a0}\\x{1f600}'", "'\u00a0😀'" });
}

COP_TEST(PRINT_texts, "a list of printable characters is a text, and others are lists")
{
        CHECK_CASES({ "[]", "[]" }, { "\"abc\"", "[97,98,99]", "\"abc\"" },
                    { "\"a\\\"'\\\\\\n\"", "[97,34,39,92,10]", "\"a\\\"'\\\\\\n\"" },
                    { "[8,9,10,11,12,13,27]", "[8,9,10,11,12,13,27]", "\"\\b\\t\\n\\v\\f\\r\\e\"" },
                    { "[97,0]", "[97,0]" }, { "[97,127]", "[97,127]" },
                    { "[160]", "[160]", "\"\u00a0\"" }, { "[159]", "[159]" },
                    { "[255]", "[255]", "\"ÿ\"" }, { "[256]", "[256]" }, { "[97|98]", "[97|98]" },
                    { "[97|[]]", "[97]", "\"a\"" }, { "[97,a]", "[97,a]" },
                    { "[[97]]", "[[97]]", "[\"a\"]" }, { "[1.0,97]", "[1.0,97]" },
                    { "[1152921504606846976]", "[1152921504606846976]" });
}

COP_TEST(PRINT_binaries, "a binary of printable UTF-8 is a text, and others are bytes")
{
        CHECK_CASES({ "<<>>", "<<>>" }, { "<<\"abc\">>", "<<97,98,99>>", "<<\"abc\">>" },
                    { "<<\"a\\\"\\\\\\n\">>", "<<97,34,92,10>>", "<<\"a\\\"\\\\\\n\">>" },
                    { "<<\"å\"/utf8>>", "<<195,165>>", "<<\"å\"/utf8>>" },
                    { "<<\"ж\"/utf8>>", "<<208,182>>" }, { "<<\"a\", 0>>", "<<97,0>>" },
                    { "<<1:1>>", "<<1:1>>" }, { "<<97,5:3>>", "<<97,5:3>>" },
                    { "<<0:7>>", "<<0:7>>" }, { "<<255,254>>", "<<255,254>>" },
                    { "<<100,200,7:3>>", "<<100,200,7:3>>" });
}

COP_TEST(PRINT_nested, "tuples, lists and maps show what they hold")
{
        CHECK_CASES({ "{}", "{}" }, { "{a,{},[],#{}}", "{a,{},[],#{}}" },
                    { "[a,[b|c]|{d}]", "[a,[b|c]|{d}]" }, { "[a|[b|[c]]]", "[a,b,c]" },
                    { "#{b => [1], a => #{1.0 => x, 1 => \"y\"}}",
                      "#{a => #{1 => [121],1.0 => x},b => [1]}",
                      "#{a => #{1 => \"y\",1.0 => x},b => [1]}" },
                    { "#{#{} => {}}", "#{#{} => {}}" }, { "-5", "-5" },
                    { "1180591620717411303424", "1180591620717411303424" });
}

COP_TEST(PRINT_floats, "floats have the fewest digits that read back, in Erlang's notation")
{
        static const struct {
                double value;
                const char *text;
        } cases[] = {
                { 0.0, "0.0" },
                { -0.0, "-0.0" },
                { 1.0, "1.0" },
                { 0.1, "0.1" },
                { 100.0, "100.0" },
                { 10000.0, "1.0e4" },
                { 123456.0, "123456.0" },
                { 1200000.0, "1.2e6" },
                { 12345678900.0, "12345678900.0" },
                { 0.0001, "0.0001" },
                { 0.00012345, "1.2345e-4" },
                { 0.001, "0.001" },
                { 0.012, "0.012" },
                { 1e-5, "1.0e-5" },
                { 9007199254740991.0, "9007199254740991.0" },
                { -9007199254740991.0, "-9007199254740991.0" },
                { 9007199254740992.0, "9.007199254740992e15" },
                { 12345678901234567.0, "1.2345678901234568e16" },
                { 1e22, "1.0e22" },
                { 1e23, "1.0e23" },
                { 5e-324, "5.0e-324" },
                { 0x1p-44, "5.684341886080802e-14" },
                { 0x1p-1022, "2.2250738585072014e-308" },
                { 0x1.fffffffffffffp1023, "1.7976931348623157e308" },
                { 9.5367431640625e-7, "9.5367431640625e-7" },
                { 0.30000000000000004, "0.30000000000000004" },
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                cop_assert_text(PRINT(cop_float(cases[i].value), 0), cases[i].text);
}

static double random_double(void)
{
        union {
                uint64_t bits;
                double value;
        } any;

        do {
                any.bits = cop_test_random();
        } while (!isfinite(any.value));
        return any.value;
}

COP_TEST(PRINT_float_round, "a float that was printed reads as itself, in any locale")
{
        static const char *const locales[] = { "C", "de_DE.UTF-8", "fr_FR.UTF-8" };

        for (size_t l = 0; l < sizeof(locales) / sizeof(locales[0]); l++) {
                if (!setlocale(LC_ALL, locales[l]))
                        continue;
                for (int i = 0; i < 20000; i++) {
                        cop_scope {
                                cop_term value = cop_float(random_double());

                                cop_assert(cop_equal(cop_read(cop_show(value)), value));
                        }
                }
        }
}

COP_TEST(PRINT_names, "pids, references, ports and funs show as in Erlang")
{
        const uint64_t node = cop_atom("a@b").word, index = atom_of(cop_atom("a@b"))->index;
        const uint64_t pid[] = { header_of(BOX_PID, 3), node, 77 | (uint64_t)3 << 32, 9 };
        const uint64_t ref[] = { header_of(BOX_REF, 5), node, 9, 1, 2, 3 };
        const uint64_t port[] = { header_of(BOX_PORT, 3), node, 12, 9 };
        const uint64_t own[] = { header_of(BOX_PORT, 3), cop__node_name().word, 12, 0 };
        const uint64_t fun[] = { header_of(BOX_FUN, 8),    1, 0, 0, 3, cop_atom("m m").word, 3, 7,
                                 local_word(TAG_PID, 1, 0) };
        const uint64_t export[] = { header_of(BOX_EXPORT, 3), cop_atom("a b").word,
                                    cop_atom("ж").word, cop_int(2).word };
        char text[100];

        cop_assert_text(PRINT(term_of(local_word(TAG_PID, 71, 2)), 0), "<0.71.2>");
        cop_assert_text(PRINT(term_of(local_word(TAG_REF, 71, 2)), 0), "#Ref<0.71.2.0>");
        snprintf(text, sizeof(text), "{<%llu.77.3>,#Ref<%llu.3.2.1>,#Port<%llu.12>}",
                 (unsigned long long)index, (unsigned long long)index, (unsigned long long)index);
        cop_assert_text(
                PRINT(cop_tuple(3, (cop_term[]){ box_term(pid), box_term(ref), box_term(port) }),
                      0),
                text);
        cop_assert_text(PRINT(box_term(own), 0), "#Port<0.12>");
        cop_assert_text(PRINT(box_term(fun), 0), "#Fun<'m m'.3.7>");
        cop_assert_text(PRINT(box_term(export), 0), "fun 'a b':'ж'/2");
}

COP_TEST(PRINT_records,
         "native records show their fields in the order of their definition, and break "
         "like maps")
{
        const uint64_t record[] = { header_of(BOX_RECORD, 7), cop_atom("my mod").word,
                                    cop_atom("user").word,    cop_bool(false).word,
                                    cop_atom("name").word,    cop_atom("id").word,
                                    cop_text("Alice").word,   cop_int(1).word };
        cop_term term = box_term(record);

        cop_assert_text(PRINT(term, .form = PRINT_LINE),
                        "#'my mod':user{name = <<\"Alice\">>,id = 1}");
        cop_assert_text(PRINT(term, .form = PRINT_PRETTY, .width = 24),
                        "#'my mod':user{name = <<\"Alice\">>,\n  id = 1}");
        cop_assert_text(PRINT(term, .form = PRINT_PRETTY, .width = 12),
                        "#'my mod':user{name =\n      <<\"Alice\">>,\n  id = 1}");
        cop_assert_text(PRINT(term, .form = PRINT_LINE, .length_most = 1),
                        "#'my mod':user{name = <<\"A\"...>>,...}");
        cop_assert_text(PRINT(cop_tuple(1, &term), .form = PRINT_LINE, .depth_most = 1),
                        "{#'my mod':user{...}}");
}

COP_TEST(PRINT_lines, "long terms are broken into lines as Erlang breaks them")
{
        static const struct {
                unsigned width, indent;
                const char *term, *text;
        } cases[] = {
                /* clang-format off */
                { 80, 0, "{handle_call,{increment,[{by,12345},{at,\"a text that is rather long\"}]},#{name => <<\"sequence\">>,state => [1,2,3]}}",
                  "{handle_call,{increment,[{by,12345},{at,\"a text that is rather long\"}]},\n"
                  "             #{name => <<\"sequence\">>,state => [1,2,3]}}" },
                { 40, 0, "{error,{{badmatch,{error,enoent}},[{sequence,handle_call,[next_number,{from,ref}],[{file,\"sequence.erl\"},{line,41}]}]}}",
                  "{error,\n"
                  "    {{badmatch,{error,enoent}},\n"
                  "     [{sequence,handle_call,\n"
                  "          [next_number,{from,ref}],\n"
                  "          [{file,\"sequence.erl\"},\n"
                  "           {line,41}]}]}}" },
                { 20, 4, "#{a_rather_long_key_of_a_map => {a_rather_long_tag,1,2,3,[4,5,6],\"seven\"},b => []}",
                  "#{a_rather_long_key_of_a_map =>\n"
                  "       {a_rather_long_tag,\n"
                  "        1,2,3,\n"
                  "        [4,5,6],\n"
                  "        \"seven\"},\n"
                  "      b => []}" },
                { 40, 0, "[[1,2,3],100,101,102,103,104,105,106,107,108,109,110]",
                  "[[1,2,3],\n"
                  " 100,101,102,103,104,105,106,107,108,\n"
                  " 109,110]" },
                { 30, 2, "[[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]|tail]",
                  "[[1,2,3,4,5,6,7,8,9,10,11,\n"
                  "    12,13,14,15,16,17,18,19,\n"
                  "    20]|\n"
                  "   tail]" },
                { 30, 8, "<<1,2,3,4,5,6,7,8,9,10,11,12:4>>",
                  "<<1,2,3,4,5,6,7,8,9,\n"
                  "          10,11,12:4>>" },
                { 80, 0, "{a,{b,{c,{d,{e,{f,{g,{h,{aaaaaaaaaaaaaaaa,{bbbbbbbbbbbbbbbbb,{cccccccccccccccccccc,{dddddddddddddddddddd,1}}}}}}}}}}}}",
                  "{a,{b,{c,{d,{e,{f,{g,{h,{aaaaaaaaaaaaaaaa,\n"
                  "                            {bbbbbbbbbbbbbbbbb,\n"
                  "                                {cccccccccccccccccccc,\n"
                  "                                    {dddddddddddddddddddd,1}}}}}}}}}}}}" },
                { 30, 0, "{a,{b,{c,{d,{e,{f,{g,{hhhhhhhhhhhhh,{aaaaaaaaaaaaaaaa,1}}}}}}}}}",
                  "{a,\n"
                  " {b,\n"
                  "  {c,\n"
                  "   {d,\n"
                  "    {e,\n"
                  "     {f,\n"
                  "      {g,\n"
                  "       {hhhhhhhhhhhhh,\n"
                  "        {aaaaaaaaaaaaaaaa,\n"
                  "         1}}}}}}}}}" },
                { 24, 0, "[<<\"never broken, however long\">>,'an atom, the same',1,2,3]",
                  "[<<\"never broken, however long\">>,\n"
                  " 'an atom, the same',\n"
                  " 1,2,3]" },
                { 24, 0, "#{3 => 4,#{[1,2,3,4,5,6,7,8,9] => 1} => 2}",
                  "#{3 => 4,\n"
                  "  #{[1,2,3,4,5,6,7,8,\n"
                  "     9] =>\n"
                  "        1} =>\n"
                  "      2}" },
                /* clang-format on */
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
                cop_assert_text(PRINT(cop_read(cases[i].term), .form = PRINT_PRETTY,
                                      .width = cases[i].width, .indent = cases[i].indent),
                                cases[i].text);
}

/* ---- limits ---- */

COP_TEST(PRINT_depth, "what nests deeper than the limit is elided, and what is empty is not")
{
        cop_term term = cop_read("{a,[b,{c,[],{},#{}}],#{d => \"text\",e => [f|{}]}}");

        cop_assert_text(PRINT(term, .form = PRINT_LINE, .depth_most = 1), "{a,[...],#{...}}");
        cop_assert_text(PRINT(term, .form = PRINT_LINE, .depth_most = 2),
                        "{a,[b,{...}],#{d => \"text\",e => [...]}}");
        cop_assert_text(PRINT(term, .form = PRINT_WRITE, .depth_most = 2),
                        "{a,[b,{...}],#{d => [...],e => [...]}}");
        cop_assert_text(PRINT(term, .form = PRINT_LINE, .depth_most = 3),
                        "{a,[b,{c,[],{},#{}}],#{d => \"text\",e => [f|{}]}}");
}

COP_TEST(PRINT_length, "what is longer than the limit ends with dots")
{
        static const char *const cases[][FORMS] = {
                { "[a,b,c]", "[a,b,c]", "[a,b,c]" },
                { "[a,b,c,d]", "[a,b,c|...]", "[a,b,c|...]" },
                { "[a,b,c|d]", "[a,b,c|...]", "[a,b,c|...]" },
                { "[a,b|c]", "[a,b|c]", "[a,b|c]" },
                { "{a,b,c,d}", "{a,b,c,...}", "{a,b,c,...}" },
                { "#{a => 1,b => 2,c => 3,d => 4}", "#{a => 1,b => 2,c => 3,...}",
                  "#{a => 1,b => 2,c => 3,...}" },
                { "\"abc\"", "[97,98,99]", "\"abc\"" },
                { "\"abcd\"", "[97,98,99|...]", "\"abc\"..." },
                { "<<\"abc\">>", "<<97,98,99>>", "<<\"abc\">>" },
                { "<<\"abcd\">>", "<<97,98,99,...>>", "<<\"abc\"...>>" },
                { "<<\"åäöå\"/utf8>>", "<<195,165,195,...>>", "<<\"åäö\"/utf8...>>" },
                { "<<1,2,3:3>>", "<<1,2,3:3>>", "<<1,2,3:3>>" },
                { "<<1,2,3,4:3>>", "<<1,2,3,...>>", "<<1,2,3,...>>" },
                { "16#123456789abcdef0123456789", "16#123...", "16#123..." },
                { "-16#f23456789abcdef0123456789", "-16#F23...", "-16#F23..." },
                { "a_long_atom", "a_long_atom", "a_long_atom" },
                { "1234567", "1234567", "1234567" },
        };

        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
                cop_term term = cop_read(cases[i][TERM]);

                cop_assert_text(PRINT(term, .form = PRINT_WRITE, .length_most = 3),
                                cases[i][WRITTEN]);
                cop_assert_text(PRINT(term, .form = PRINT_LINE, .length_most = 3), cases[i][LINE]);
        }
}

COP_TEST(PRINT_elided_lines, "dots are laid out as elements are")
{
        cop_term term =
                cop_read("#{a_long_key => {a_long_tag,1,2,3,4,5},b => [aaaaaaaa,bbbbbbbb,c],"
                         "c => d,e => f}");

        cop_assert_text(PRINT(term, .form = PRINT_PRETTY, .width = 12, .length_most = 2),
                        "#{a_long_key =>\n"
                        "   {a_long_tag,\n"
                        "    1,...},\n"
                        "  b =>\n"
                        "   [aaaaaaaa,\n"
                        "    bbbbbbbb|\n"
                        "    ...],\n"
                        "  ...}");
}

/* ---- for programs ---- */

COP_TEST(PRINT_show, "what cop_show() says of a value reads as the same value")
{
        int read = 0;

        for (int i = 0; i < 20000; i++) {
                cop_scope {
                        cop_term term = random_value(i % 5);
                        const char *line = cop_show(term), *pretty = cop_show_pretty(term);
                        struct cop_read_result result = cop_try_read(line, strlen(line));

                        if (*result.error == '\0') {
                                cop_assert(cop_equal(result.term, term));
                                cop_assert(cop_equal(cop_read(pretty), term));
                                read++;
                        } else {
                                cop_assert(strpbrk(line, "<#"));
                        }
                }
        }
        cop_assert(read > 10000);
}

COP_TEST(PRINT_none, "COP_NONE shows as dots")
{
        cop_assert_text(cop_show(COP_NONE), "...");
        cop_assert_text(cop_show_pretty(COP_NONE), "...");
}

/* ---- depth and memory ---- */

static void *print_deep(void *context)
{
        struct buffer buffer;

        for (int kind = 0; kind < 3; kind++) {
                cop_term term = NIL;

                for (int i = 0; i < 1000000; i++) {
                        if (kind == 0)
                                term = cop_cons(term, NIL);
                        else if (kind == 1)
                                term = cop_tuple(1, &term);
                        else
                                term = cop_tuple(2, (cop_term[]){ cop_atom("a"), term });
                }
                for (int form = 0; form < 3; form++) {
                        if (kind == 2 && form == PRINT_PRETTY)
                                continue; /* a million lines, each indented by a column more */
                        cop__buffer_init(&buffer, SIZE_MAX);
                        cop__print(&buffer, term, &(struct print_options){ .form = form });
                        cop_assert(!buffer.failed);
                        cop_assert_equal(buffer.size, kind == 2 ? 4000002 : 2000002);
                        cop__buffer_release(&buffer);
                }
        }
        return NULL;
}

COP_TEST(PRINT_deep, "terms that nest a million deep are printed on a stack of 64 KB")
{
        pthread_attr_t attributes;
        pthread_t thread;

        pthread_attr_init(&attributes);
        cop_assert_equal(pthread_attr_setstacksize(&attributes, 65536), 0);
        cop_assert_equal(pthread_create(&thread, &attributes, print_deep, NULL), 0);
        pthread_join(thread, NULL);
        pthread_attr_destroy(&attributes);
}

static bool print_all_forms(void *context)
{
        bool fine = true;

        for (int form = 0; form < 3 && fine; form++) {
                struct buffer buffer;

                cop__buffer_init(&buffer, 100000);
                cop__print(&buffer, *(cop_term *)context, &(struct print_options){ .form = form });
                fine = !buffer.failed;
                cop__buffer_release(&buffer);
        }
        return fine;
}

COP_TEST(PRINT_memory, "printing without memory fails and leaves nothing")
{
        cop_term term = cop_read("[#{key => 1180591620717411303424}]");

        for (int i = 0; i < 40; i++)
                term = cop_tuple(3, (cop_term[]){ cop_atom("tag"), term, cop_text("text") });
        cop_assert(without_memory(print_all_forms, NULL, &term) > 10);
}

COP_TEST(PRINT_show_memory, "where a program's memory is used up, the caller ends")
{
        struct region *region = here();
        cop_term term = cop_atom("some text that is longer than a word");

        region->most_words = 1;
        if (region->end > region->top)
                cop__region_try_take(region, (size_t)(region->end - region->top));
        assert_limit(cop_show(term));
        region->most_words = 0;
}

COP_TEST(PRINT_most, "a buffer's limit ends the printing, however long the term is")
{
        cop_term term = NIL, key = cop_atom("a");
        struct buffer buffer;

        for (int i = 0; i < 100000; i++)
                term = cop_map(1, &key, &term);
        for (int form = 0; form < 3; form++) {
                cop__buffer_init(&buffer, 10000);
                cop__print(&buffer, term, &(struct print_options){ .form = form });
                cop_assert(buffer.failed);
                cop_assert(buffer.size <= 10000);
                cop__buffer_release(&buffer);
        }
}
