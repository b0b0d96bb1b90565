/*
 * big.c: integers as limbs of 64 bits.
 *
 * view      an immediate integer has its one limb inside the view, a boxed one shows its box.
 * make      every maker strips leading zeros and goes through the same two steps: what fits 61
 *           bits is immediate, the rest is boxed. So an integer has one form, and equality of
 *           immediate ones is equality of their words.
 * text      is read and written in chunks of as many digits as a limb holds (19 in decimal): a
 *           chunk costs one pass over the limbs. Division by 10^19 is the inner loop of printing;
 *           it is done by multiplying with a reciprocal (Moeller and Granlund, "Improved division
 *           by invariant integers"), as 10^19 has its highest bit set.
 *
 * Both ways of text are quadratic in the number of limbs, which the limits of who reads keep low.
 */
#include "term/big.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum {
        CHUNK_DIGITS = 19, /* of base 10, in one limb */
        DIGITS_MOST = 20,  /* of one limb */
};

#define CHUNK ((uint64_t)10000000000000000000u) /* 10^19 */

bool cop__is_integer(cop_term term)
{
        return tag_of(term) == TAG_INT || is_box(term, BOX_BIG_PLUS) || is_box(term, BOX_BIG_MINUS);
}

void cop__int_view(struct limbs *view, cop_term integer)
{
        const uint64_t *box = words_of(integer);

        if (tag_of(integer) == TAG_INT) {
                int64_t value = small_value(integer);

                view->negative = value < 0;
                view->inside = value < 0 ? -(uint64_t)value : (uint64_t)value;
                view->limbs = &view->inside;
                view->count = value != 0;
                return;
        }
        view->negative = header_kind(*box) == BOX_BIG_MINUS;
        view->count = header_words(*box);
        view->limbs = box + 1;
        view->inside = 0;
}

uint64_t cop__limbs_bits(const struct limbs *view)
{
        if (view->count == 0)
                return 0;
        return (uint64_t)view->count * 64 - (uint64_t)__builtin_clzll(view->limbs[view->count - 1]);
}

/* Is it an immediate integer? */
static bool is_small(uint64_t magnitude, bool negative)
{
        return magnitude < (uint64_t)INT_MOST || (negative && magnitude == (uint64_t)INT_MOST);
}

static cop_term small_from(uint64_t magnitude, bool negative)
{
        return small_term((int64_t)(negative ? -magnitude : magnitude));
}

static cop_term from_limb(struct region *region, uint64_t magnitude, bool negative)
{
        uint64_t *box;

        if (is_small(magnitude, negative))
                return small_from(magnitude, negative);
        box = cop__region_try_take(region, 2);
        if (!box)
                return COP_NONE;
        box[0] = header_of(negative ? BOX_BIG_MINUS : BOX_BIG_PLUS, 1);
        box[1] = magnitude;
        return box_term(box);
}

static size_t without_leading_zeros(const uint64_t *limbs, size_t count)
{
        while (count > 0 && limbs[count - 1] == 0)
                count--;
        return count;
}

/* The integer whose limbs already stand behind box[0]. */
static cop_term from_box(struct region *region, uint64_t *box, size_t room, bool negative)
{
        size_t count = without_leading_zeros(box + 1, room);

        if (count == 0 || (count == 1 && is_small(box[1], negative))) {
                uint64_t magnitude = count ? box[1] : 0;

                cop__region_give_back(region, box, room + 1, 0);
                return small_from(magnitude, negative);
        }
        cop__region_give_back(region, box, room + 1, count + 1);
        box[0] = header_of(negative ? BOX_BIG_MINUS : BOX_BIG_PLUS, count);
        return box_term(box);
}

cop_term cop__int_from_limbs(struct region *region, const uint64_t *limbs, size_t count,
                             bool negative)
{
        uint64_t *box;

        count = without_leading_zeros(limbs, count);
        if (count <= 1)
                return from_limb(region, count ? limbs[0] : 0, negative);
        box = cop__region_try_take(region, count + 1);
        if (!box)
                return COP_NONE;
        memcpy(box + 1, limbs, count * sizeof(*limbs));
        return from_box(region, box, count, negative);
}

cop_term cop__int_from_bytes(struct region *region, const uint8_t *bytes, size_t size,
                             bool negative)
{
        size_t count = size / 8 + (size % 8 != 0);
        uint64_t *box;

        if (count <= 1) {
                uint64_t limb = 0;

                for (size_t i = 0; i < size; i++)
                        limb |= (uint64_t)bytes[i] << (8 * i);
                return from_limb(region, limb, negative);
        }
        box = cop__region_try_take(region, count + 1);
        if (!box)
                return COP_NONE;
        memset(box + 1, 0, count * sizeof(*box));
        for (size_t i = 0; i < size; i++)
                box[1 + i / 8] |= (uint64_t)bytes[i] << (8 * (i % 8));
        return from_box(region, box, count, negative);
}

cop_term cop__int_from_int(struct region *region, int64_t value)
{
        if (fits_small(value))
                return small_term(value);
        return from_limb(region, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0);
}

cop_term cop__int_from_uint(struct region *region, uint64_t value)
{
        return from_limb(region, value, false);
}

/* ---- from text ---- */

static unsigned digit_of(char c)
{
        if (c <= '9')
                return (unsigned)(c - '0');
        return (unsigned)((c | 0x20) - 'a') + 10;
}

/* How many digits of the base always fit one limb. */
static size_t digits_of_limb(unsigned base)
{
        size_t digits = 1;

        for (uint64_t power = base; power <= UINT64_MAX / base; power *= base)
                digits++;
        return digits;
}

/* Multiplies the limbs and adds; what comes out on top is the limb behind them. */
static uint64_t multiply_add(uint64_t *limbs, size_t count, uint64_t factor, uint64_t carry)
{
        for (size_t i = 0; i < count; i++) {
                unsigned __int128 product = (unsigned __int128)limbs[i] * factor + carry;

                limbs[i] = (uint64_t)product;
                carry = (uint64_t)(product >> 64);
        }
        return carry;
}

/* Reads up to `most` digits; *scale is the power of the base that is one beyond them. */
static uint64_t read_chunk(const char *digits, size_t most, unsigned base, uint64_t *scale)
{
        uint64_t value = 0;

        *scale = 1;
        for (size_t i = 0; i < most; i++) {
                value = value * base + digit_of(digits[i]);
                *scale *= base;
        }
        return value;
}

cop_term cop__int_from_digits(struct region *region, const char *digits, size_t count, int base,
                              bool negative)
{
        size_t chunk = digits_of_limb((unsigned)base);
        size_t room = count / chunk + 1, used = 0;
        uint64_t scale;
        uint64_t *box;

        if (count <= chunk)
                return from_limb(region, read_chunk(digits, count, (unsigned)base, &scale),
                                 negative);
        box = cop__region_try_take(region, room + 1);
        if (!box)
                return COP_NONE;
        while (count > 0) {
                size_t now = count < chunk ? count : chunk;
                uint64_t value = read_chunk(digits, now, (unsigned)base, &scale);

                box[1 + used] = multiply_add(box + 1, used, scale, value);
                used++;
                digits += now;
                count -= now;
        }
        memset(box + 1 + used, 0, (room - used) * sizeof(*box));
        return from_box(region, box, room, negative);
}

/* ---- to text ---- */

/* The quotient of the two limbs high:low by CHUNK, where high < CHUNK; *high gets the rest. */
static inline uint64_t divide_chunk(uint64_t *high, uint64_t low)
{
        /* floor((2^128 - 1) / CHUNK) - 2^64 */
        const uint64_t reciprocal = (uint64_t)(~(unsigned __int128)0 / CHUNK);
        unsigned __int128 guess = (unsigned __int128)reciprocal * *high;
        uint64_t quotient, rest;

        guess += (unsigned __int128)*high << 64 | low;
        quotient = (uint64_t)(guess >> 64) + 1;
        rest = low - quotient * CHUNK;
        if (rest > (uint64_t)guess) {
                quotient--;
                rest += CHUNK;
        }
        if (rest >= CHUNK) {
                quotient++;
                rest -= CHUNK;
        }
        *high = rest;
        return quotient;
}

/* Divides the limbs by CHUNK in place and returns the rest. */
static uint64_t divide_limbs(uint64_t *limbs, size_t count)
{
        uint64_t rest = 0;

        for (size_t i = count; i-- > 0;)
                limbs[i] = divide_chunk(&rest, limbs[i]);
        return rest;
}

/* Writes the digits of value so that they end before `end`, at least `least` of them; returns
 * where they begin. */
static char *write_digits(char *end, uint64_t value, size_t least)
{
        char *at = end;

        do {
                *--at = (char)('0' + value % 10);
                value /= 10;
        } while (value > 0 || (size_t)(end - at) < least);
        return at;
}

static void add_limb(struct buffer *buffer, uint64_t magnitude, bool negative)
{
        char digits[DIGITS_MOST + 1];
        char *end = digits + sizeof(digits), *at = write_digits(end, magnitude, 1);

        if (negative)
                *--at = '-';
        cop__buffer_add(buffer, at, (size_t)(end - at));
}

bool cop__int_print(struct buffer *buffer, cop_term integer)
{
        struct limbs view;
        uint64_t *limbs;
        size_t room;
        char *text, *at;

        cop__int_view(&view, integer);
        if (view.count <= 1) {
                add_limb(buffer, view.count ? view.limbs[0] : 0, view.negative);
                return !buffer->failed;
        }

        /* 64 bits are 19.27 digits, so 20 a limb are enough, chunk by chunk. */
        room = view.count * DIGITS_MOST + CHUNK_DIGITS;
        limbs = cop__alloc_array(view.count, sizeof(*limbs));
        text = cop__alloc(room);
        if (!limbs || !text) {
                buffer->failed = true;
                goto undo_alloc;
        }
        memcpy(limbs, view.limbs, view.count * sizeof(*limbs));
        at = text + room;
        while (view.count > 1 || limbs[0] >= CHUNK) {
                at = write_digits(at, divide_limbs(limbs, view.count), CHUNK_DIGITS);
                view.count = without_leading_zeros(limbs, view.count);
        }
        at = write_digits(at, limbs[0], 1);
        if (view.negative)
                cop__buffer_add_char(buffer, '-');
        cop__buffer_add(buffer, at, (size_t)(text + room - at));

undo_alloc:
        cop__free(text);
        cop__free(limbs);
        return !buffer->failed;
}

/* ---- values ---- */

bool cop__int_get(cop_term term, int64_t *value)
{
        struct limbs view;

        if (tag_of(term) == TAG_INT) {
                *value = small_value(term);
                return true;
        }
        if (!cop__is_integer(term))
                return false;
        cop__int_view(&view, term);
        if (view.count > 1 || view.limbs[0] > (uint64_t)INT64_MAX + view.negative)
                return false;
        *value = (int64_t)(view.negative ? -view.limbs[0] : view.limbs[0]);
        return true;
}

bool cop__uint_get(cop_term term, uint64_t *value)
{
        struct limbs view;

        if (!cop__is_integer(term))
                return false;
        cop__int_view(&view, term);
        if (view.count > 1 || (view.negative && view.count > 0))
                return false;
        *value = view.count ? view.limbs[0] : 0;
        return true;
}

int cop__int_compare(cop_term a, cop_term b)
{
        struct limbs x, y;
        int order = 0;

        if (tag_of(a) == TAG_INT && tag_of(b) == TAG_INT)
                return (small_value(a) > small_value(b)) - (small_value(a) < small_value(b));
        cop__int_view(&x, a);
        cop__int_view(&y, b);
        if (x.negative != y.negative)
                return x.negative ? -1 : 1;
        if (x.count != y.count)
                order = x.count < y.count ? -1 : 1;
        for (size_t i = x.count; order == 0 && i-- > 0;)
                order = (x.limbs[i] > y.limbs[i]) - (x.limbs[i] < y.limbs[i]);
        return x.negative ? -order : order;
}
