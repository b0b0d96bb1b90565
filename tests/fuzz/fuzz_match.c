/*
 * fuzz_match.c: any text as a pattern, and any pattern with any values.
 *
 * The first byte says whether it is matched or built, the second how many arguments there are, then
 * a byte for the kind of each; the rest is the pattern. What is wrong must be told; what is right is
 * run. And of a pattern that is a constant: printed, it is a pattern again, for the same term.
 */
#include <coppice/match.h>

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "term/host.h"
#include "term/map.h"
#include "term/print.h"
#include "term/program.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MUST(condition)                                                                            \
        do {                                                                                       \
                if (!(condition)) {                                                                \
                        fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);            \
                        abort();                                                                   \
                }                                                                                  \
        } while (0)

enum { PLACE_WORDS = 2, UNTOUCHED = 0x5a };

/* What may be an argument of a match, and of a build. */
static const uint8_t place_kinds[] = {
        COP__SIZED(COP__INT, int8_t),    COP__SIZED(COP__INT, int16_t),
        COP__SIZED(COP__INT, int32_t),   COP__SIZED(COP__INT, int64_t),
        COP__SIZED(COP__UINT, uint8_t),  COP__SIZED(COP__UINT, uint16_t),
        COP__SIZED(COP__UINT, uint32_t), COP__SIZED(COP__UINT, uint64_t),
        COP__SIZED(COP__FLOAT, float),   COP__SIZED(COP__FLOAT, double),
        COP__SIZED(COP__BOOL, bool),     COP__SIZED(COP__PID, cop_pid),
        COP__SIZED(COP__REF, cop_ref),   COP__SIZED(COP__TERM, cop_term),
        COP__SIZED(COP__TERM, cop_term), COP__TEXT,
};
static const uint8_t value_kinds[] = { COP__INT,  COP__UINT, COP__FLOAT, COP__BOOL,
                                       COP__TEXT, COP__TERM, COP__PID,   COP__REF };

static const struct cop__site site = { .pattern = "fuzzed" };
static jmp_buf out;

static COP_NORETURN void jump_out(enum failure how, cop_term reason, const struct cop_place *place)
{
        longjmp(out, 1);
}

/* ---- printed and read again ---- */

static bool has_map(cop_term term)
{
        if (is_box(term, BOX_MAP))
                return true;
        if (tag_of(term) == TAG_PAIR)
                return has_map(cop_head(term)) || has_map(cop_tail(term));
        for (size_t i = 0; cop_is_tuple(term) && i < cop_tuple_size(term); i++)
                if (has_map(cop_element(term, i)))
                        return true;
        return false;
}

static void read_again(cop_term term, enum print_form form)
{
        const struct print_options options = { .form = form };
        static const uint8_t none[] = { COP__END };
        struct pattern_error error;
        struct pattern *pattern;
        struct buffer text;

        cop__buffer_init(&text, 1 << 24);
        cop__print(&text, term, &options);
        MUST(!text.failed);
        pattern = cop__pattern_new(text.bytes, text.size, COP__USE_BUILD, none, &error);
        if (!pattern)
                fprintf(stderr, "%s: %s\n", text.bytes, error.text);
        MUST(pattern);
        MUST(cop_equal(cop__build_here(pattern, NULL, &site), term));
        cop__pattern_free(pattern);
        if (!has_map(term)) {
                pattern = cop__pattern_new(text.bytes, text.size, COP__USE_MATCH, none, &error);
                MUST(pattern);
                MUST(cop__pattern_match(pattern, term, NULL));
                cop__pattern_free(pattern);
        }
        cop__buffer_release(&text);
}

/* ---- run ---- */

static uint64_t value_of(uint8_t kind, size_t i, size_t seed)
{
        static const double floats[] = { 0, -1.5, 1e300, 1e-300 };
        static const char *const texts[] = {
                "", "text",
                "a text that is longer than sixty-four bytes, so that it is shared and not carried"
        };
        uint64_t number = (seed + i) * 0x9e3779b97f4a7c15u >> (seed + i) % 64;
        cop_term terms[] = { cop_int((int64_t)number), cop_text(texts[number % 3]),
                             cop_build("{a, [1, 2 | 3], #{k => v}}"), cop_nil() };

        switch (kind) {
        case COP__FLOAT:
                return cop__word_of_float(floats[number % 4]);
        case COP__BOOL:
                return number & 1;
        case COP__TEXT:
                return cop__word_of_text(texts[number % 3]);
        case COP__TERM:
                return terms[number % 4].word;
        case COP__PID:
                return local_word(TAG_PID, 1, number & 0xffff);
        case COP__REF:
                return local_word(TAG_REF, 1, number & 0xffff);
        default:
                return number;
        }
}

static void build(const struct pattern *pattern, size_t seed)
{
        uint64_t values[COP__ARGUMENTS_MOST], *block;
        struct shared_bits *shared = NULL;
        cop_term built, flat;
        size_t words;

        for (size_t i = 0; pattern->kinds[i]; i++)
                values[i] = value_of(pattern->kinds[i], i, seed);
        if (_setjmp(out))
                return;
        built = cop__build_here(pattern, values, &site);
        words = cop__build_words(pattern, values, &site);
        block = malloc(words * sizeof(*block) + 1);
        MUST(block);
        flat = cop__build_flat(pattern, values, block, &shared);
        MUST(cop_equal(built, flat));
        MUST(cop_hash(built) == cop_hash(flat));
        cop__shared_release(shared, NULL);
        free(block);
        if (!pattern->kinds[0]) {
                read_again(built, PRINT_LINE);
                read_again(built, PRINT_WRITE);
                read_again(built, PRINT_PRETTY);
        }
}

static void match(const struct pattern *pattern, const uint8_t *data, size_t size)
{
        uint64_t words[COP__ARGUMENTS_MOST][PLACE_WORDS], before[COP__ARGUMENTS_MOST][PLACE_WORDS];
        void *places[COP__ARGUMENTS_MOST];
        cop_term terms[] = {
                cop_binary(data, size),
                cop_int((int64_t)size),
                cop_build("{a, b}"),
                cop_build("{a, [1, 2.5 | <<\"text\">>], #{a => 1, 2 => {x}}}"),
                cop_build("[a, {b, 1152921504606846976}, \"text\"]"),
                cop_build("#{a => #{b => c}, 1 => 2, k => [v]}"),
        };

        for (size_t t = 0; t < sizeof(terms) / sizeof(*terms); t++) {
                for (size_t i = 0; i < COP__ARGUMENTS_MOST; i++) {
                        memset(words[i], UNTOUCHED, sizeof(words[i]));
                        if (pattern->kinds[i] == COP__SIZED(COP__TERM, cop_term))
                                words[i][0] = terms[(t + i) % 6].word;
                        if (pattern->kinds[i] == COP__SIZED(COP__BOOL, bool))
                                words[i][0] = i & 1;
                        if (pattern->kinds[i] == COP__TEXT)
                                strcpy((char *)words[i], "text");
                        places[i] = words[i];
                }
                memcpy(before, words, sizeof(words));
                if (!cop__pattern_match(pattern, terms[t], places))
                        MUST(!memcmp(before, words, sizeof(words)));
                for (size_t i = 0; i < COP__ARGUMENTS_MOST; i++) {
                        MUST(words[i][1] == before[i][1]);
                        if (pattern->kinds[i] == COP__SIZED(COP__TERM, cop_term))
                                cop_hash(term_of(words[i][0]));
                }
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        uint8_t kinds[COP__ARGUMENTS_MOST + 1] = { 0 };
        enum cop__use use = size && data[0] & 1 ? COP__USE_MATCH : COP__USE_BUILD;
        size_t count = size > 1 ? data[1] % (COP__ARGUMENTS_MOST + 1) : 0;
        struct pattern_error error = { 0 };
        struct pattern *pattern;

        if (size < 2 + count)
                return 0;
        cop__host.fail = jump_out;
        for (size_t i = 0; i < count; i++)
                kinds[i] = use == COP__USE_MATCH ? place_kinds[data[2 + i] % sizeof(place_kinds)]
                                                 : value_kinds[data[2 + i] % sizeof(value_kinds)];
        data += 2 + count;
        size -= 2 + count;
        pattern = cop__pattern_new((const char *)data, size, use, kinds, &error);
        if (!pattern) {
                MUST(error.text[0]);
                return 0;
        }
        cop_scope {
                if (use == COP__USE_MATCH)
                        match(pattern, data, size);
                else
                        build(pattern, size);
        }
        cop__pattern_free(pattern);
        return 0;
}
