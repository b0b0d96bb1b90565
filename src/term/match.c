/*
 * match.c: does a term have the form of a pattern?
 *
 * Runs the program that match_program.c made of the pattern: no allocation, no recursion, and of
 * the term only what the pattern speaks of is looked at. What variables stand for is kept in slots;
 * only when all has matched they are written to the places.
 *
 * Invariant While a map is looked at, its word is on top of the stack, and below it the way back.
 *           A slot is written before anything reads it: a name's first place in the text comes
 * first.
 *
 * Why not closures or machine code made for each pattern: the loop below takes about a nanosecond
 * an instruction, and a pattern has few.
 */
#include <float.h>
#include <string.h>

#include "term/atom.h"
#include "term/big.h"
#include "term/bits.h"
#include "term/host.h"
#include "term/map.h"
#include "term/program.h"

enum { SLOTS_MOST = SLOTS_EACH * COP__ARGUMENTS_MOST };

/* A bit string, and how far it was looked at. */
struct bits_view {
        cop_term whole;
        const uint8_t *bytes;
        size_t at, end; /* in bits */
};

/* ---- kinds ---- */

static bool fits_int(int64_t value, unsigned size)
{
        return size == sizeof(value) || value >> (8 * size - 1) == 0 ||
               value >> (8 * size - 1) == -1;
}

static bool fits_uint(uint64_t value, unsigned size)
{
        return size == sizeof(value) || value >> 8 * size == 0;
}

static bool is_int_of(cop_term term, unsigned size)
{
        int64_t value;

        return cop__int_get(term, &value) && fits_int(value, size);
}

static bool is_uint_of(cop_term term, unsigned size)
{
        uint64_t value;

        return cop__uint_get(term, &value) && fits_uint(value, size);
}

static bool is_float_of(cop_term term, unsigned size)
{
        double value;

        if (!is_box(term, BOX_FLOAT))
                return false;
        value = cop__float_value(term);
        return size == sizeof(double) || (value <= FLT_MAX && value >= -FLT_MAX);
}

static bool is_of_node(cop_term term, enum tag here_tag, enum box elsewhere)
{
        return tag_of(term) == here_tag || is_box(term, elsewhere);
}

/* ---- ^X ---- */

static int64_t load_int(const void *place, unsigned size)
{
        switch (size) {
        case 1:
                return *(const int8_t *)place;
        case 2:
                return *(const int16_t *)place;
        case 4:
                return *(const int32_t *)place;
        default:
                return *(const int64_t *)place;
        }
}

static uint64_t load_uint(const void *place, unsigned size)
{
        switch (size) {
        case 1:
                return *(const uint8_t *)place;
        case 2:
                return *(const uint16_t *)place;
        case 4:
                return *(const uint32_t *)place;
        default:
                return *(const uint64_t *)place;
        }
}

/* An integer as a term; one that is not immediate in the box given. */
static cop_term int_in(uint64_t box[2], uint64_t magnitude, bool negative)
{
        if (!negative && magnitude < (uint64_t)INT_MOST)
                return small_term((int64_t)magnitude);
        if (negative && magnitude <= (uint64_t)INT_MOST)
                return small_term((int64_t)-magnitude);
        box[0] = header_of(negative ? BOX_BIG_MINUS : BOX_BIG_PLUS, 1);
        box[1] = magnitude;
        return box_term(box);
}

static cop_term float_in(uint64_t box[2], double value)
{
        box[0] = header_of(BOX_FLOAT, 1);
        memcpy(&box[1], &value, sizeof(value));
        return box_term(box);
}

/* What a place of this kind (no text) holds, as a term; what is not immediate in the box given. */
static cop_term pinned_in(uint64_t box[2], unsigned kind, const void *place)
{
        unsigned size = kind >> 4;
        int64_t value;

        switch (kind & 15) {
        case COP__INT:
                value = load_int(place, size);
                return int_in(box, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0);
        case COP__UINT:
                return int_in(box, load_uint(place, size), false);
        case COP__FLOAT:
                return float_in(box, size == sizeof(float) ? (double)*(const float *)place
                                                           : *(const double *)place);
        case COP__BOOL:
                return *(const bool *)place ? ATOM(true) : ATOM(false);
        default:
                return *(const cop_term *)place;
        }
}

static bool same(cop_term a, cop_term b)
{
        if (a.word == b.word)
                return true;
        return has_memory(a) && has_memory(b) && !cop_is_none(b) && cop_equal(a, b);
}

static bool is_text(cop_term term, const char *text)
{
        size_t bit_count;
        const uint8_t *bytes = cop__bits_look(term, &bit_count);

        return bytes && text && bit_count % 8 == 0 && strlen(text) == bit_count / 8 &&
               memcmp(bytes, text, bit_count / 8) == 0;
}

static bool is_pinned(cop_term term, unsigned kind, const void *place)
{
        uint64_t box[2];

        if (kind == COP__TEXT)
                return is_text(term, place);
        return same(term, pinned_in(box, kind, place));
}

/* ---- maps ---- */

static const uint64_t *value_of_key(cop_term map, cop_term key)
{
        size_t index;

        if (cop_is_none(key))
                return NULL;
        index = cop__map_index(map, key);
        return index < cop__map_size(map) ? &cop__map_values(map)[index].word : NULL;
}

static const uint64_t *value_of_pinned(cop_term map, unsigned kind, const void *place)
{
        uint64_t box[2];

        return value_of_key(map, pinned_in(box, kind, place));
}

/* ---- binaries ---- */

static bool bits_open(struct bits_view *view, cop_term term)
{
        view->whole = term;
        view->at = view->end = 0;
        view->bytes = cop__bits_look(term, &view->end);
        return view->bytes != NULL;
}

/* Up to 8 bits, the first of them on top. */
static unsigned bits_take(struct bits_view *view, unsigned count)
{
        unsigned shift = view->at % 8, value;

        if (!count)
                return 0;
        value = view->bytes[view->at / 8] << shift & 0xff;
        if (shift + count > 8)
                value |= view->bytes[view->at / 8 + 1] >> (8 - shift);
        view->at += count;
        return value >> (8 - count);
}

static uint64_t bits_take_number(struct bits_view *view, unsigned count, bool little)
{
        uint64_t value = 0;
        unsigned shift = 0;

        for (; count > 8; count -= 8) {
                if (little)
                        value |= (uint64_t)bits_take(view, 8) << shift;
                else
                        value = value << 8 | bits_take(view, 8);
                shift += 8;
        }
        if (little)
                return value | (uint64_t)bits_take(view, count) << shift;
        return value << count | bits_take(view, count);
}

/* Does the bit string go on with all of the other one? */
static bool bits_begin_with(struct bits_view *view, cop_term constant)
{
        size_t count = 0;
        const uint8_t *bytes = cop__bits_look(constant, &count);

        if (view->end - view->at < count)
                return false;
        if (view->at % 8 == 0) {
                if (memcmp(view->bytes + view->at / 8, bytes, count / 8) != 0)
                        return false;
                bytes += count / 8;
                view->at += count / 8 * 8;
                count %= 8;
        }
        for (; count >= 8; count -= 8)
                if (bits_take(view, 8) != *bytes++)
                        return false;
        return !count || bits_take(view, (unsigned)count) == (unsigned)*bytes >> (8 - count);
}

/* How many bits the part has; false where that many are not left. */
static bool part_size(const struct match_op *op, const struct bits_view *view,
                      const uint64_t *slots, size_t *size)
{
        size_t left = view->end - view->at, unit = op->word & PART_BYTES ? 8 : 1;
        uint64_t count = op->count;

        if (op->word & PART_REST) {
                *size = left;
                return left % unit == 0;
        }
        if (op->word & PART_SIZE_IN_RAW_SLOT)
                count = slots[op->count];
        else if (op->word & PART_SIZE_IN_SLOT && !cop__uint_get(term_of(slots[op->count]), &count))
                return false;
        if (count > left / unit)
                return false;
        *size = count * unit;
        return true;
}

static bool match_integer_part(const struct match_op *op, struct bits_view *view, uint64_t *slots)
{
        unsigned kind = op->word >> PART_KIND_SHIFT & 0xff;
        size_t count;
        uint64_t value;
        bool negative;

        if (!part_size(op, view, slots, &count) || count > 64)
                return false;
        value = bits_take_number(view, (unsigned)count, op->word & PART_LITTLE);
        negative = op->word & PART_SIGNED && count && value >> (count - 1) & 1;
        if (negative && count < 64)
                value |= ~(uint64_t)0 << count;
        slots[op->slot] = value;
        if ((kind & 15) == COP__UINT)
                return !negative && fits_uint(value, kind >> 4);
        if ((kind & 15) == COP__INT)
                return (negative || value <= INT64_MAX) && fits_int((int64_t)value, kind >> 4);
        return true;
}

static bool match_bits_part(const struct match_op *op, struct bits_view *view, uint64_t *slots)
{
        size_t count;

        if (!part_size(op, view, slots, &count))
                return false;
        if (!(op->word & PART_IGNORED)) {
                slots[op->slot] = view->whole.word;
                slots[op->slot + 1] = view->at;
                slots[op->slot + 2] = count;
        }
        view->at += count;
        return true;
}

/* Refers to the bytes of a shared binary. NULL: memory is used up. */
static struct shared_bits *share(const struct shared_bits *whole, size_t start, size_t count)
{
        struct region *region = here();
        struct shared_bits *box =
                (struct shared_bits *)cop__region_try_take(region, 1 + SHARED_BITS_WORDS);

        if (!box)
                return NULL;
        cop__shared_bytes_use(whole->owner);
        *box = (struct shared_bits){
                .header = header_of(BOX_SHARED, SHARED_BITS_WORDS),
                .bit_count = count,
                .owner = whole->owner,
                .start = whole->start + start / 8,
                .next = region->shared,
        };
        region->shared = box;
        return box;
}

/* Part of a bit string as a term of its own: shared where that saves a copy. */
static cop_term make_bits(cop_term whole, size_t start, size_t count)
{
        struct bits_view view;
        uint8_t *to;
        cop_term term;

        bits_open(&view, whole);
        view.at = start;
        if (start == 0 && count == view.end)
                return whole;
        if (is_box(whole, BOX_SHARED) && count > 8 * SHARED_ABOVE && start % 8 == 0 &&
            count % 8 == 0) {
                struct shared_bits *box =
                        share((struct shared_bits *)words_of(whole), start, count);

                return box ? box_term(&box->header) : COP_NONE;
        }
        term = cop__bits_new(here(), count, &to);
        if (cop_is_none(term))
                return term;
        for (; count > 8; count -= 8)
                *to++ = (uint8_t)bits_take(&view, 8);
        if (count)
                *to = (uint8_t)(bits_take(&view, (unsigned)count) << (8 - count));
        return term;
}

/* ---- the end ---- */

static void store_int(void *place, uint64_t value, unsigned size)
{
        switch (size) {
        case 1:
                *(uint8_t *)place = (uint8_t)value;
                break;
        case 2:
                *(uint16_t *)place = (uint16_t)value;
                break;
        case 4:
                *(uint32_t *)place = (uint32_t)value;
                break;
        default:
                *(uint64_t *)place = value;
        }
}

static void store_term(void *place, cop_term term)
{
        if (cop_is_none(term))
                cop__fail_limit("memory");
        *(cop_term *)place = term;
}

static void write_output(const struct output *output, const uint64_t *slot, void *place)
{
        cop_term term = term_of(slot[0]);
        int64_t number;
        uint64_t magnitude;

        switch ((enum output_code)output->code) {
        case OUTPUT_WORD:
                *(cop_term *)place = term;
                break;
        case OUTPUT_INT:
                number = small_value(term);
                if (tag_of(term) != TAG_INT)
                        cop__int_get(term, &number);
                store_int(place, (uint64_t)number, output->size);
                break;
        case OUTPUT_UINT:
                cop__uint_get(term, &magnitude);
                store_int(place, magnitude, output->size);
                break;
        case OUTPUT_FLOAT:
                if (output->size == sizeof(float))
                        *(float *)place = (float)cop__float_value(term);
                else
                        *(double *)place = cop__float_value(term);
                break;
        case OUTPUT_BOOL:
                *(bool *)place = term.word == ATOM(true).word;
                break;
        case OUTPUT_RAW:
                store_int(place, slot[0], output->size);
                break;
        case OUTPUT_RAW_INT:
                store_term(place, cop__int_from_int(here(), (int64_t)slot[0]));
                break;
        case OUTPUT_RAW_UINT:
                store_term(place, cop__int_from_uint(here(), slot[0]));
                break;
        case OUTPUT_BITS:
                store_term(place, make_bits(term, slot[1], slot[2]));
                break;
        }
}

static void write_outputs(const struct pattern *pattern, const uint64_t *slots, void *const *places)
{
        for (size_t i = 0; i < pattern->output_count; i++) {
                const struct output *output = &pattern->outputs[i];

                write_output(output, slots + output->slot, places[output->place]);
        }
}

/* ---- the loop ---- */

#define NEED(condition)                                                                            \
        if (!(condition))                                                                          \
                return false;                                                                      \
        break

static bool run_program(const struct pattern *pattern, cop_term term, void *const *places)
{
        uint64_t slots[SLOTS_MOST], stack[2 * PATTERN_DEPTH_MOST];
        const uint64_t *at = &term.word;
        uint64_t *top = stack;
        struct bits_view bits;
        cop_term t;

        if (cop_is_none(term))
                return false;
        for (const struct match_op *op = pattern->ops;; op++) {
                switch ((enum match_code)op->code) {
                case MATCH_DONE:
                        write_outputs(pattern, slots, places);
                        return true;
                case MATCH_ANY:
                        at += op->count;
                        break;
                case MATCH_WORD:
                        NEED(*at++ == op->word);
                case MATCH_EQUAL:
                        NEED(same(term_of(*at++), term_of(op->word)));
                case MATCH_TUPLE:
                        *top++ = (uint64_t)(uintptr_t)(at + 1);
                        __attribute__((fallthrough));
                case MATCH_TUPLE_LAST:
                        t = term_of(*at);
                        if (tag_of(t) != TAG_BOX)
                                return false;
                        at = words_of(t);
                        NEED(*at++ == op->word);
                case MATCH_PAIR:
                        *top++ = (uint64_t)(uintptr_t)(at + 1);
                        __attribute__((fallthrough));
                case MATCH_PAIR_LAST:
                        t = term_of(*at);
                        at = words_of(t);
                        NEED(tag_of(t) == TAG_PAIR);
                case MATCH_BACK:
                        top -= op->count;
                        at = (const uint64_t *)(uintptr_t)*top;
                        break;
                case MATCH_MAP:
                        t = term_of(*at++);
                        *top++ = (uint64_t)(uintptr_t)at;
                        *top++ = t.word;
                        NEED(is_box(t, BOX_MAP));
                case MATCH_KEY:
                        at = value_of_key(term_of(top[-1]), term_of(op->word));
                        NEED(at);
                case MATCH_KEY_SLOT:
                        at = value_of_key(term_of(top[-1]), term_of(slots[op->slot]));
                        NEED(at);
                case MATCH_KEY_PIN:
                        at = value_of_pinned(term_of(top[-1]), op->count, places[op->slot]);
                        NEED(at);
                case MATCH_TERM:
                        slots[op->slot] = *at++;
                        break;
                case MATCH_INT64:
                        t = term_of(slots[op->slot] = *at++);
                        NEED(tag_of(t) == TAG_INT || is_int_of(t, sizeof(int64_t)));
                case MATCH_INT:
                        NEED(is_int_of(term_of(slots[op->slot] = *at++), op->count));
                case MATCH_UINT:
                        NEED(is_uint_of(term_of(slots[op->slot] = *at++), op->count));
                case MATCH_FLOAT:
                        NEED(is_float_of(term_of(slots[op->slot] = *at++), op->count));
                case MATCH_BOOL:
                        t = term_of(slots[op->slot] = *at++);
                        NEED(t.word == ATOM(true).word || t.word == ATOM(false).word);
                case MATCH_PID:
                        NEED(is_of_node(term_of(slots[op->slot] = *at++), TAG_PID, BOX_PID));
                case MATCH_REF:
                        NEED(is_of_node(term_of(slots[op->slot] = *at++), TAG_REF, BOX_REF));
                case MATCH_SAME:
                        NEED(same(term_of(*at++), term_of(slots[op->slot])));
                case MATCH_PIN:
                        NEED(is_pinned(term_of(*at++), op->count, places[op->slot]));
                case MATCH_BITS:
                        NEED(bits_open(&bits, term_of(*at++)));
                case MATCH_PART_EQUAL:
                        NEED(bits_begin_with(&bits, term_of(op->word)));
                case MATCH_PART_INT:
                        NEED(match_integer_part(op, &bits, slots));
                case MATCH_PART_BITS:
                        NEED(match_bits_part(op, &bits, slots));
                case MATCH_BITS_END:
                        NEED(bits.at == bits.end);
                }
        }
}

bool cop__pattern_match(const struct pattern *pattern, cop_term term, void *const *places)
{
        const struct match_op *op = pattern->ops;

        /* An atom and nothing else, as many requests are: not worth a program. */
        if (op[0].code == MATCH_WORD && op[1].code == MATCH_DONE && pattern->output_count == 0)
                return term.word == op[0].word;
        return run_program(pattern, term, places);
}

bool cop__pattern_writes(const struct pattern *pattern)
{
        return pattern->output_count > 0;
}

bool cop__match(struct cop__site *site, void *const *places, cop_term term)
{
        return cop__pattern_match(cop__site_pattern(site), term, places);
}
