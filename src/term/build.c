/*
 * build.c: a term from a pattern and values.
 *
 * Copies the words that build_program.c prepared and takes its steps. Into the caller's region
 * (cop__build_here) boxes of values that need one are taken as they come, and terms among the
 * values are referred to. Into a message (cop__build_flat) they go behind the prepared words, and
 * terms are copied there, so that sending costs one copy and one allocation; cop__build_words has
 * counted before, and looked at each value, so nothing is wrong with them any more.
 *
 * Both are the same code with the decision made by the compiler.
 */
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "term/atom.h"
#include "term/big.h"
#include "term/bits.h"
#include "term/host.h"
#include "term/program.h"

#define ALWAYS_INLINE inline __attribute__((always_inline))

#define TEXT_MOST ((size_t)1 << 50) /* so that no sum of sizes overflows */

/* Where what has no prepared words goes. */
struct sink {
        const struct cop__site *site;
        /* of a message */
        uint64_t *more;
        struct shared_bits **shared;
        bool no_memory;
};

COP_NORETURN static __attribute__((noinline)) void badarg(const struct cop__site *site)
{
        cop__fail_badarg(&site->place);
}

COP_NORETURN static __attribute__((noinline)) void no_memory(void)
{
        cop__fail_limit("memory");
}

/* count words for a box of a value. */
static ALWAYS_INLINE uint64_t *take(struct sink *sink, size_t count, const bool flat)
{
        uint64_t *taken;

        if (!flat)
                return cop__region_take(here(), count);
        taken = sink->more;
        sink->more += count;
        return taken;
}

/* ---- integers ---- */

static __attribute__((noinline)) cop_term box_integer(uint64_t *box, uint64_t magnitude,
                                                      bool negative)
{
        box[0] = header_of(negative ? BOX_BIG_MINUS : BOX_BIG_PLUS, 1);
        box[1] = magnitude;
        return box_term(box);
}

static ALWAYS_INLINE cop_term build_int(struct sink *sink, int64_t value, const bool flat)
{
        if (fits_small(value))
                return small_term(value);
        return box_integer(take(sink, 2, flat), value < 0 ? -(uint64_t)value : (uint64_t)value,
                           value < 0);
}

static ALWAYS_INLINE cop_term build_uint(struct sink *sink, uint64_t value, const bool flat)
{
        if (value < (uint64_t)INT_MOST)
                return small_term((int64_t)value);
        return box_integer(take(sink, 2, flat), value, false);
}

/* ---- binaries ---- */

/* How many words the box of a bit string takes. */
static size_t bits_words(size_t bit_count)
{
        if (bit_count > 8 * SHARED_ABOVE)
                return 1 + SHARED_BITS_WORDS;
        return 2 + (bit_count + 63) / 64;
}

/* A bit string for the caller to fill, in a message. COP_NONE: memory is used up. */
static cop_term bits_in_message(struct sink *sink, size_t bit_count, uint8_t **bytes)
{
        size_t words = bits_words(bit_count);
        uint64_t *box = sink->more;
        struct shared_bytes *owner;

        sink->more += words;
        if (bit_count <= 8 * SHARED_ABOVE) {
                memset(box, 0, words * sizeof(*box));
                box[0] = header_of(BOX_BITS, words - 1);
                box[1] = bit_count;
                *bytes = (uint8_t *)(box + 2);
                return box_term(box);
        }
        owner = cop__shared_bytes_new((bit_count + 7) / 8);
        if (!owner) {
                sink->no_memory = true;
                return COP_NONE;
        }
        *(struct shared_bits *)box = (struct shared_bits){
                .header = header_of(BOX_SHARED, SHARED_BITS_WORDS),
                .bit_count = bit_count,
                .owner = owner,
                .start = owner->bytes,
                .next = *sink->shared,
        };
        *sink->shared = (struct shared_bits *)box;
        *bytes = owner->bytes;
        return box_term(box);
}

static cop_term new_bits(struct sink *sink, size_t bit_count, uint8_t **bytes, bool flat)
{
        cop_term term;

        if (flat)
                return bits_in_message(sink, bit_count, bytes);
        term = cop__bits_new(here(), bit_count, bytes);
        if (cop_is_none(term))
                no_memory();
        return term;
}

/* Of a value that is a text: how long it is. */
static size_t text_size(uint64_t value, const struct cop__site *site)
{
        const char *text = (const char *)(uintptr_t)value;
        size_t size;

        if (!text)
                badarg(site);
        size = strlen(text);
        if (size > TEXT_MOST)
                no_memory();
        return size;
}

static __attribute__((noinline)) cop_term build_text(struct sink *sink, uint64_t value, bool flat)
{
        size_t size = text_size(value, sink->site);
        uint8_t *bytes;
        cop_term term = new_bits(sink, 8 * size, &bytes, flat);

        if (!cop_is_none(term) && size)
                memcpy(bytes, (const char *)(uintptr_t)value, size);
        return term;
}

/* A bit string that is being filled. */
struct bits_writer {
        uint8_t *bytes; /* zeroed ahead of `at`, up to the next whole byte */
        size_t at;      /* in bits */
};

/* count up to 8. */
static void write_few(struct bits_writer *writer, unsigned value, unsigned count)
{
        unsigned shift = writer->at % 8;
        uint8_t *byte = writer->bytes + writer->at / 8;

        if (!count)
                return;
        value = value << (8 - count) & 0xff;
        *byte = (uint8_t)((shift ? *byte : 0) | value >> shift);
        if (shift + count > 8)
                byte[1] = (uint8_t)(value << (8 - shift));
        writer->at += count;
}

static void write_bytes(struct bits_writer *writer, const uint8_t *bytes, size_t bit_count)
{
        if (writer->at % 8 == 0 && bit_count >= 8) {
                memcpy(writer->bytes + writer->at / 8, bytes, bit_count / 8);
                writer->at += bit_count / 8 * 8;
                bytes += bit_count / 8;
                bit_count %= 8;
        }
        for (; bit_count >= 8; bit_count -= 8)
                write_few(writer, *bytes++, 8);
        if (bit_count)
                write_few(writer, *bytes >> (8 - bit_count), (unsigned)bit_count);
}

static void write_number(struct bits_writer *writer, uint64_t value, unsigned count, bool little)
{
        for (; little && count > 8; count -= 8, value >>= 8)
                write_few(writer, value & 0xff, 8);
        while (count > 8) {
                count -= 8;
                write_few(writer, value >> count & 0xff, 8);
        }
        write_few(writer, value & (0xffu >> (8 - count)), count);
}

/* The low 64 bits of a value that is an integer. */
static uint64_t number_of(const struct build_step *step, uint64_t value,
                          const struct cop__site *site)
{
        struct limbs view;

        if (step->kind != COP__TERM)
                return value;
        if (!value || !cop__is_integer(term_of(value)))
                badarg(site);
        cop__int_view(&view, term_of(value));
        if (!view.count)
                return 0;
        return view.negative ? -view.limbs[0] : view.limbs[0];
}

/* The bits of a part that is a bit string. */
static const uint8_t *bits_of(const struct build_step *step, const uint64_t *values,
                              const struct cop__site *site, size_t *bit_count)
{
        uint64_t value = values[step->value];
        const uint8_t *bytes;

        if (step->code == BUILD_PART_EQUAL)
                return cop__bits_look(term_of(step->word), bit_count);
        if (step->kind == COP__TEXT) {
                *bit_count = 8 * text_size(value, site);
                return (const uint8_t *)(uintptr_t)value;
        }
        bytes = value ? cop__bits_look(term_of(value), bit_count) : NULL;
        if (!bytes || (step->flags & PART_BYTES && *bit_count % 8 != 0))
                badarg(site);
        return bytes;
}

/* How long the bit string of the parts behind this step is; ends the caller where one is wrong. */
static size_t parts_size(const struct build_step *step, const uint64_t *values,
                         const struct cop__site *site)
{
        size_t sum = 0, bit_count;

        for (uint32_t i = 1; i <= step->count; i++) {
                if (step[i].code == BUILD_PART_INT) {
                        number_of(&step[i], values[step[i].value], site);
                        sum += step[i].count;
                        continue;
                }
                bits_of(&step[i], values, site, &bit_count);
                sum += bit_count;
        }
        if (sum > 8 * TEXT_MOST)
                no_memory();
        return sum;
}

static __attribute__((noinline)) cop_term
build_bits(struct sink *sink, const struct build_step *step, const uint64_t *values, bool flat)
{
        size_t size = parts_size(step, values, sink->site), bit_count;
        struct bits_writer writer = { .at = 0 };
        cop_term term = new_bits(sink, size, &writer.bytes, flat);

        if (cop_is_none(term))
                return term;
        for (uint32_t i = 1; i <= step->count; i++) {
                const struct build_step *part = &step[i];
                const uint8_t *bytes;

                if (part->code == BUILD_PART_INT) {
                        write_number(&writer, number_of(part, values[part->value], sink->site),
                                     part->count, part->flags & PART_LITTLE);
                        continue;
                }
                bytes = bits_of(part, values, sink->site, &bit_count);
                write_bytes(&writer, bytes, bit_count);
        }
        return term;
}

/* ---- maps ---- */

/* Puts the keys of a map in order, with their values; of equal ones the last stays. */
static void sort_map(uint64_t *box)
{
        size_t size = header_words(box[0]) / 2, count = 0;
        uint64_t *keys = box + 1, *values = keys + size;

        for (size_t n = 0; n < size; n++) {
                uint64_t key = keys[n], value = values[n];
                size_t i = count;

                while (i > 0 && cop__compare_keys(term_of(key), term_of(keys[i - 1])) < 0)
                        i--;
                if (i > 0 && cop__compare_keys(term_of(key), term_of(keys[i - 1])) == 0) {
                        values[i - 1] = value;
                        continue;
                }
                memmove(keys + i + 1, keys + i, (count - i) * sizeof(*keys));
                memmove(values + i + 1, values + i, (count - i) * sizeof(*values));
                keys[i] = key;
                values[i] = value;
                count++;
        }
        memmove(keys + count, values, count * sizeof(*values));
        box[0] = header_of(BOX_MAP, 2 * count);
}

/* ---- the steps ---- */

static ALWAYS_INLINE uint64_t build_term(struct sink *sink, uint64_t value, const bool flat)
{
        cop_term term = term_of(value);

        if (!flat && !value)
                badarg(sink->site);
        if (!flat || !has_memory(term))
                return value;
        return cop__copy_append(&sink->more, term, sink->shared).word;
}

static double float_of(uint64_t value)
{
        double number;

        memcpy(&number, &value, sizeof(number));
        return number;
}

static ALWAYS_INLINE void finish(const struct pattern *pattern, const uint64_t *values,
                                 uint64_t *to, struct sink *sink, const bool flat)
{
        const struct build_step *end = pattern->steps + pattern->step_count;

        for (const struct build_step *step = pattern->steps; step != end; step++) {
                uint64_t *word = to + step->at;
                uint64_t value = values[step->value];

                switch ((enum build_code)step->code) {
                case BUILD_INNER:
                        *word += (uint64_t)(uintptr_t)to;
                        break;
                case BUILD_INT:
                        *word = build_int(sink, (int64_t)value, flat).word;
                        break;
                case BUILD_UINT:
                        *word = build_uint(sink, value, flat).word;
                        break;
                case BUILD_FLOAT:
                        if (!flat && !isfinite(float_of(value)))
                                badarg(sink->site);
                        *word = value;
                        break;
                case BUILD_BOOL:
                        *word = (value ? ATOM(true) : ATOM(false)).word;
                        break;
                case BUILD_TEXT:
                        *word = build_text(sink, value, flat).word;
                        break;
                case BUILD_TERM:
                        *word = build_term(sink, value, flat);
                        break;
                case BUILD_MAP:
                        if (!sink->no_memory)
                                sort_map(word);
                        break;
                case BUILD_BITS:
                        *word = build_bits(sink, step, values, flat).word;
                        step += step->count;
                        break;
                case BUILD_PART_EQUAL:
                case BUILD_PART_INT:
                case BUILD_PART_BITS:
                        break; /* build_bits has taken them */
                }
        }
}

static ALWAYS_INLINE void copy_words(uint64_t *to, const struct pattern *pattern)
{
        for (uint32_t i = 0; i < pattern->word_count; i++) {
                to[i] = pattern->words[i];
                __asm__(""); /* a few words: a call of memcpy costs more than they do */
        }
}

static ALWAYS_INLINE cop_term root(const struct pattern *pattern, const uint64_t *to)
{
        if (pattern->root == TAG_HEADER)
                return term_of(to[0]);
        return term_of((uint64_t)(uintptr_t)to | pattern->root);
}

cop_term cop__build_here(const struct pattern *pattern, const uint64_t *values,
                         const struct cop__site *site)
{
        struct sink sink = { .site = site };
        uint64_t *to;

        if (!cop_is_none(pattern->constant))
                return pattern->constant;
        to = cop__region_take(here(), pattern->word_count);
        copy_words(to, pattern);
        finish(pattern, values, to, &sink, false);
        return root(pattern, to);
}

/* ---- messages ---- */

cop_term cop__pattern_constant(const struct pattern *pattern)
{
        return pattern->constant;
}

bool cop__build_is_plain(const struct pattern *pattern, const uint64_t *values)
{
        const struct build_step *end = pattern->steps + pattern->step_count;

        for (const struct build_step *step = pattern->steps; step != end; step++) {
                uint64_t value = values[step->value];

                switch ((enum build_code)step->code) {
                case BUILD_INNER:
                        break;
                case BUILD_INT:
                        if (!fits_small((int64_t)value))
                                return false;
                        break;
                case BUILD_TERM:
                        if (!value || has_memory(term_of(value)))
                                return false;
                        break;
                default:
                        return false;
                }
        }
        return true;
}

size_t cop__pattern_words(const struct pattern *pattern)
{
        return pattern->word_count;
}

cop_term cop__build_plain(const struct pattern *pattern, const uint64_t *values, uint64_t *to)
{
        const struct build_step *end = pattern->steps + pattern->step_count;

        copy_words(to, pattern);
        for (const struct build_step *step = pattern->steps; step != end; step++) {
                uint64_t value = values[step->value];

                if (step->code == BUILD_INT)
                        to[step->at] = small_term((int64_t)value).word;
                else if (step->code == BUILD_TERM)
                        to[step->at] = value;
                else
                        to[step->at] += (uint64_t)(uintptr_t)to;
        }
        return root(pattern, to);
}

static size_t sum_of(size_t a, size_t b)
{
        if (a > COPY_MOST_WORDS || b > COPY_MOST_WORDS)
                no_memory();
        return a + b;
}

/* How many words the value takes beyond the prepared ones. */
static size_t value_words(const struct build_step *step, const uint64_t *values,
                          const struct cop__site *site)
{
        uint64_t value = values[step->value];

        switch ((enum build_code)step->code) {
        case BUILD_INT:
                return fits_small((int64_t)value) ? 0 : 2;
        case BUILD_UINT:
                return value < (uint64_t)INT_MOST ? 0 : 2;
        case BUILD_FLOAT:
                if (!isfinite(float_of(value)))
                        badarg(site);
                return 0;
        case BUILD_TEXT:
                return bits_words(8 * text_size(value, site));
        case BUILD_TERM:
                if (!value)
                        badarg(site);
                return has_memory(term_of(value)) ? cop__copy_words(term_of(value)) : 0;
        case BUILD_BITS:
                return bits_words(parts_size(step, values, site));
        default:
                return 0;
        }
}

size_t cop__build_words(const struct pattern *pattern, const uint64_t *values,
                        const struct cop__site *site)
{
        size_t sum = pattern->word_count;

        for (uint32_t i = 0; i < pattern->step_count; i++) {
                sum = sum_of(sum, value_words(&pattern->steps[i], values, site));
                if (pattern->steps[i].code == BUILD_BITS)
                        i += pattern->steps[i].count;
        }
        return sum;
}

cop_term cop__build_flat(const struct pattern *pattern, const uint64_t *values, uint64_t *to,
                         struct shared_bits **shared)
{
        struct shared_bits *before = *shared;
        struct sink sink = { .more = to + pattern->word_count, .shared = shared };

        if (!cop_is_none(pattern->constant))
                return pattern->constant;
        copy_words(to, pattern);
        finish(pattern, values, to, &sink, true);
        if (sink.no_memory) {
                cop__shared_release(*shared, before);
                *shared = before;
                return COP_NONE;
        }
        return root(pattern, to);
}

cop_term cop__build(struct cop__site *site, const uint64_t *values)
{
        return cop__build_here(cop__site_pattern(site), values, site);
}
