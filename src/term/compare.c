/*
 * compare.c: the order of terms.
 *
 * Two terms are walked side by side. What is inside them comes as spans, arrays of terms of the
 * same length: a tuple's elements, a pair's head and tail, a map's keys, then its values. A span
 * whose last terms are being compared is given up before they are entered, so a list takes no
 * memory for its length and only nesting makes the stack of spans grow.
 *
 * exact     The keys of a map, with all that is in them, are compared exactly: integers before
 *           floats, -0.0 before 0.0. Then 0 means equal (=:=): equal.c has a quicker way to the
 *           same answer. Everything else is compared with 1 and 1.0 as equal (==).
 * order     of what is only carried is the Erlang VM's: a pid by serial, number, node; a reference
 *           or port by node, then its numbers, the last first; a fun by module, index, uniq and
 *           what it holds, before every external fun.
 */
#include "term/compare.h"

#include <math.h>
#include <string.h>

#include "base/words.h"
#include "term/atom.h"
#include "term/big.h"
#include "term/bits.h"
#include "term/host.h"
#include "term/node.h"

/* Kinds, in Erlang's order. */
enum rank {
        RANK_NONE,
        RANK_NUMBER,
        RANK_ATOM,
        RANK_REF,
        RANK_FUN,
        RANK_EXPORT,
        RANK_PORT,
        RANK_PID,
        RANK_TUPLE,
        RANK_RECORD,
        RANK_MAP,
        RANK_NIL,
        RANK_LIST,
        RANK_BITS,
};

/* Terms that are still to be compared, side by side. */
struct span {
        const cop_term *a, *b;
        size_t count;
        bool exact;
};

static enum rank rank_of(cop_term term)
{
        static const uint8_t of_tag[] = {
                [TAG_PAIR] = RANK_LIST, [TAG_INT] = RANK_NUMBER, [TAG_ATOM] = RANK_ATOM,
                [TAG_PID] = RANK_PID,   [TAG_REF] = RANK_REF,    [TAG_NIL] = RANK_NIL,
        };
        static const uint8_t of_box[] = {
                [BOX_TUPLE] = RANK_TUPLE,     [BOX_FLOAT] = RANK_NUMBER,
                [BOX_BIG_PLUS] = RANK_NUMBER, [BOX_BIG_MINUS] = RANK_NUMBER,
                [BOX_BITS] = RANK_BITS,       [BOX_SHARED] = RANK_BITS,
                [BOX_MAP] = RANK_MAP,         [BOX_PID] = RANK_PID,
                [BOX_REF] = RANK_REF,         [BOX_PORT] = RANK_PORT,
                [BOX_EXPORT] = RANK_EXPORT,   [BOX_FUN] = RANK_FUN,
                [BOX_RECORD] = RANK_RECORD,
        };

        if (tag_of(term) != TAG_BOX)
                return (enum rank)of_tag[tag_of(term)];
        if (cop_is_none(term))
                return RANK_NONE;
        return (enum rank)of_box[header_kind(*words_of(term))];
}

static inline int order_of(uint64_t a, uint64_t b)
{
        return (a > b) - (a < b);
}

/* ---- what has no terms inside ---- */

static int compare_bytes(const void *a, size_t a_size, const void *b, size_t b_size)
{
        int order = memcmp(a, b, a_size < b_size ? a_size : b_size);

        return order ? order : order_of(a_size, b_size);
}

static int compare_atoms(cop_term a, cop_term b)
{
        const struct atom *x = atom_of(a), *y = atom_of(b);

        if (x == y)
                return 0;
        return compare_bytes(x->text, x->size, y->text, y->size);
}

static int compare_floats(double x, double y, bool exact)
{
        if (x != y)
                return x < y ? -1 : 1;
        return exact ? (signbit(y) != 0) - (signbit(x) != 0) : 0;
}

static int compare_numbers(cop_term a, cop_term b, bool exact)
{
        bool a_float = is_box(a, BOX_FLOAT), b_float = is_box(b, BOX_FLOAT);

        if (a_float && b_float)
                return compare_floats(cop__float_value(a), cop__float_value(b), exact);
        if (!a_float && !b_float)
                return cop__int_compare(a, b);
        if (exact)
                return a_float ? 1 : -1;
        if (a_float)
                return -cop__int_compare_float(b, cop__float_value(a));
        return cop__int_compare_float(a, cop__float_value(b));
}

static int compare_bits(cop_term a, cop_term b)
{
        size_t a_bits = 0, b_bits = 0;
        const uint8_t *x = cop__bits_look(a, &a_bits), *y = cop__bits_look(b, &b_bits);
        size_t least = a_bits < b_bits ? a_bits : b_bits;
        int order = memcmp(x, y, least / 8);

        if (order == 0 && least % 8 != 0) {
                unsigned mask = 0xff00u >> least % 8 & 0xff;

                order = order_of(x[least / 8] & mask, y[least / 8] & mask);
        }
        return order ? order : order_of(a_bits, b_bits);
}

/* Of what has a node: the atom of its name, and which life of it. */
static cop_term node_of(cop_term term)
{
        return has_memory(term) ? term_of(words_of(term)[1]) : cop__node_name();
}

static int compare_nodes(cop_term a, uint64_t a_creation, cop_term b, uint64_t b_creation)
{
        cop_term x = node_of(a), y = node_of(b);

        if (cop_is_none(x) || cop_is_none(y))
                return cop_is_none(x) - cop_is_none(y);
        return x.word != y.word ? compare_atoms(x, y) : order_of(a_creation, b_creation);
}

struct pid {
        uint32_t id, serial;
        uint64_t creation;
};

static struct pid look_pid(cop_term term)
{
        struct pid pid;

        if (tag_of(term) == TAG_PID) {
                cop__pid_numbers(term.word, &pid.id, &pid.serial);
                pid.creation = cop__node_creation();
        } else {
                pid.id = (uint32_t)words_of(term)[2];
                pid.serial = (uint32_t)(words_of(term)[2] >> 32);
                pid.creation = words_of(term)[3];
        }
        return pid;
}

static int compare_pids(cop_term a, cop_term b)
{
        struct pid x = look_pid(a), y = look_pid(b);
        int order = order_of(x.serial, y.serial);

        if (!order)
                order = order_of(x.id, y.id);
        return order ? order : compare_nodes(a, x.creation, b, y.creation);
}

static int compare_ports(cop_term a, cop_term b)
{
        int order = compare_nodes(a, words_of(a)[3], b, words_of(b)[3]);

        return order ? order : order_of(words_of(a)[2], words_of(b)[2]);
}

static uint64_t ref_creation(cop_term ref)
{
        return tag_of(ref) == TAG_REF ? cop__node_creation() : words_of(ref)[2];
}

static uint64_t ref_id(cop_term ref, size_t index)
{
        uint32_t ids[LOCAL_REF_IDS];

        if (tag_of(ref) == TAG_BOX)
                return words_of(ref)[3 + index];
        cop__ref_numbers(ref.word, ids);
        return ids[index];
}

/* How many numbers a reference has; zeros at its end do not count. */
static size_t ref_size(cop_term ref)
{
        size_t size = LOCAL_REF_IDS;

        if (tag_of(ref) == TAG_BOX)
                size = header_words(*words_of(ref)) - 2;
        while (size > 0 && ref_id(ref, size - 1) == 0)
                size--;
        return size;
}

static int compare_refs(cop_term a, cop_term b)
{
        size_t size = ref_size(a);
        int order = compare_nodes(a, ref_creation(a), b, ref_creation(b));

        if (!order)
                order = order_of(size, ref_size(b));
        while (!order && size > 0) {
                size--;
                order = order_of(ref_id(a, size), ref_id(b, size));
        }
        return order;
}

/* ---- what has ---- */

/* What a box is compared by before its terms are. */
static int compare_fun_heads(const uint64_t *x, const uint64_t *y)
{
        int order = compare_atoms(term_of(x[5]), term_of(y[5]));

        if (!order)
                order = order_of(x[4], y[4]);
        if (!order)
                order = order_of(x[7], y[7]);
        return order ? order : order_of(header_words(*x), header_words(*y));
}

/* Module, name, who may see it, and how many fields it has; names and values follow. */
static int compare_record_heads(const uint64_t *x, const uint64_t *y)
{
        int order = 0;

        for (size_t i = 1; i <= RECORD_FIXED_WORDS && !order; i++)
                order = compare_atoms(term_of(x[i]), term_of(y[i]));
        return order ? order : order_of(header_words(*x), header_words(*y));
}

/* Keeps a span for when the one in it is done. */
static bool push(struct words *rest, const struct span *span)
{
        return cop__words_push(rest, (uint64_t)(uintptr_t)span->a) &&
               cop__words_push(rest, (uint64_t)(uintptr_t)span->b) &&
               cop__words_push(rest, (uint64_t)span->count << 1 | span->exact);
}

static bool pop(struct words *rest, struct span *span)
{
        uint64_t word;

        if (rest->count == 0)
                return false;
        word = cop__words_pop(rest);
        span->count = word >> 1;
        span->exact = word & 1;
        span->b = (const cop_term *)(uintptr_t)cop__words_pop(rest);
        span->a = (const cop_term *)(uintptr_t)cop__words_pop(rest);
        return true;
}

/* The terms of two boxes from one word on. */
static struct span inside(cop_term a, cop_term b, size_t from, size_t count, bool exact)
{
        struct span span = { (const cop_term *)(words_of(a) + from),
                             (const cop_term *)(words_of(b) + from), count, exact };

        return span;
}

/*
 * Compares two terms of one rank up to what is inside them, and makes *now what is inside. False
 * when memory is used up.
 */
static bool compare_heads(cop_term a, cop_term b, enum rank rank, struct words *rest,
                          struct span *now, int *order)
{
        size_t count = header_words(*words_of(a));
        bool exact = now->exact;

        if (now->count > 0 && !push(rest, now))
                return false;
        now->count = 0;
        switch (rank) {
        case RANK_LIST:
                *now = inside(a, b, 0, 2, exact);
                break;
        case RANK_EXPORT:
                *now = inside(a, b, 1, 3, exact);
                break;
        case RANK_FUN:
                *order = compare_fun_heads(words_of(a), words_of(b));
                *now = inside(a, b, 1 + FUN_FIXED_WORDS, count - FUN_FIXED_WORDS, exact);
                break;
        case RANK_RECORD:
                *order = compare_record_heads(words_of(a), words_of(b));
                *now = inside(a, b, 1 + RECORD_FIXED_WORDS, count - RECORD_FIXED_WORDS, exact);
                break;
        case RANK_TUPLE:
                *order = order_of(count, header_words(*words_of(b)));
                *now = inside(a, b, 1, count, exact);
                break;
        default:
                *order = order_of(count, header_words(*words_of(b)));
                *now = inside(a, b, 1 + count / 2, count / 2, exact);
                if (*order == 0 && !push(rest, now))
                        return false;
                *now = inside(a, b, 1, count / 2, true);
        }
        return true;
}

/* Two terms whose words differ. */
static bool step(cop_term a, cop_term b, struct words *rest, struct span *now, int *order)
{
        enum rank rank = rank_of(a), other = rank_of(b);

        if (rank != other) {
                *order = rank < other ? -1 : 1;
                return true;
        }
        switch (rank) {
        case RANK_NUMBER:
                *order = compare_numbers(a, b, now->exact);
                return true;
        case RANK_ATOM:
                *order = compare_atoms(a, b);
                return true;
        case RANK_REF:
                *order = compare_refs(a, b);
                return true;
        case RANK_PORT:
                *order = compare_ports(a, b);
                return true;
        case RANK_PID:
                *order = compare_pids(a, b);
                return true;
        case RANK_BITS:
                *order = compare_bits(a, b);
                return true;
        default:
                return compare_heads(a, b, rank, rest, now, order);
        }
}

/* Goes along two lists while their elements are the same words. */
static inline void skip_same(cop_term *a, cop_term *b)
{
        while (tag_of(*a) == TAG_PAIR && tag_of(*b) == TAG_PAIR && a->word != b->word &&
               words_of(*a)[0] == words_of(*b)[0]) {
                *a = term_of(words_of(*a)[1]);
                *b = term_of(words_of(*b)[1]);
        }
}

bool cop__try_compare(cop_term a, cop_term b, bool exact, int *order)
{
        struct span now = { &a, &b, 1, exact };
        struct words rest;
        bool enough = true;

        *order = 0;
        cop__words_init(&rest);
        while (enough && *order == 0) {
                cop_term x, y;

                if (now.count == 0) {
                        if (!pop(&rest, &now))
                                break;
                        continue;
                }
                x = *now.a++;
                y = *now.b++;
                now.count--;
                skip_same(&x, &y);
                if (x.word != y.word)
                        enough = step(x, y, &rest, &now, order);
        }
        cop__words_release(&rest);
        return enough;
}

/* ---- for programs ---- */

static int compare(cop_term a, cop_term b, bool exact)
{
        int order;

        if (!cop__try_compare(a, b, exact, &order))
                cop__fail_limit("memory");
        return order;
}

int cop_compare(cop_term a, cop_term b)
{
        if (a.word == b.word)
                return 0;
        if (tag_of(a) == TAG_INT && tag_of(b) == TAG_INT)
                return small_value(a) < small_value(b) ? -1 : 1;
        return compare(a, b, false);
}

int cop__compare_keys(cop_term a, cop_term b)
{
        if (a.word == b.word)
                return 0;
        if (tag_of(a) == TAG_INT && tag_of(b) == TAG_INT)
                return small_value(a) < small_value(b) ? -1 : 1;
        if (tag_of(a) == TAG_ATOM && tag_of(b) == TAG_ATOM)
                return compare_atoms(a, b);
        return compare(a, b, true);
}
