/*
 * equal.c: equality (=:=).
 *
 * Asked far more often than order, so it has a walk of its own, which looks at words: what is
 * immediate has one form only, and boxes whose headers differ are not equal, but for two kinds. A
 * binary's bytes may be in its box or shared, and a reference may have zeros at its end; these, and
 * funs, are left to the exact order of compare.c, with which this walk agrees.
 *
 * As there, what is inside two terms is a span of words on each side, and a span whose last words
 * are being looked at is given up before they are entered.
 */
#include <string.h>

#include "base/words.h"
#include "term/compare.h"
#include "term/host.h"

/* Words that are still to be looked at, side by side. */
struct span {
        const uint64_t *a, *b;
        size_t count;
};

enum verdict {
        EQUAL,
        DIFFERENT,
        OPEN, /* what is inside decides */
        NO_MEMORY,
};

static bool push(struct words *rest, const struct span *span)
{
        return cop__words_push(rest, (uint64_t)(uintptr_t)span->a) &&
               cop__words_push(rest, (uint64_t)(uintptr_t)span->b) &&
               cop__words_push(rest, span->count);
}

static void pop(struct words *rest, struct span *span)
{
        span->count = cop__words_pop(rest);
        span->b = (const uint64_t *)(uintptr_t)cop__words_pop(rest);
        span->a = (const uint64_t *)(uintptr_t)cop__words_pop(rest);
}

static enum verdict ask_order(cop_term a, cop_term b)
{
        int order;

        if (!cop__try_compare(a, b, true, &order))
                return NO_MEMORY;
        return order == 0 ? EQUAL : DIFFERENT;
}

/* Two boxes; neither is COP_NONE. */
static enum verdict look_at_boxes(cop_term a, cop_term b)
{
        const uint64_t *x = words_of(a), *y = words_of(b);

        switch (header_kind(*x)) {
        case BOX_FLOAT:
                return *x == *y && x[1] == y[1] ? EQUAL : DIFFERENT;
        case BOX_BITS:
        case BOX_SHARED:
        case BOX_REF:
        case BOX_FUN:
                return ask_order(a, b);
        case BOX_TUPLE:
        case BOX_MAP:
        case BOX_EXPORT:
        case BOX_RECORD:
                return *x == *y ? OPEN : DIFFERENT;
        default: /* words that are no pointers */
                if (*x != *y || memcmp(x + 1, y + 1, header_words(*x) * sizeof(*x)) != 0)
                        return DIFFERENT;
                return EQUAL;
        }
}

/* Goes along two lists while their elements are the same words. */
static inline void skip_same(uint64_t *a, uint64_t *b)
{
        while (tag_of(term_of(*a)) == TAG_PAIR && tag_of(term_of(*b)) == TAG_PAIR && *a != *b) {
                const uint64_t *x = words_of(term_of(*a)), *y = words_of(term_of(*b));

                if (x[0] != y[0])
                        return;
                *a = x[1];
                *b = y[1];
        }
}

/* Two words that differ. */
static enum verdict look(uint64_t a, uint64_t b)
{
        cop_term x = term_of(a), y = term_of(b);

        if (!has_memory(x) || !has_memory(y) || tag_of(x) != tag_of(y))
                return DIFFERENT;
        if (tag_of(x) == TAG_PAIR)
                return OPEN;
        if (cop_is_none(x) || cop_is_none(y))
                return DIFFERENT;
        return look_at_boxes(x, y);
}

/* What is inside two terms of one kind and size. */
static struct span inside(uint64_t a, uint64_t b)
{
        struct span span = { words_of(term_of(a)), words_of(term_of(b)), 2 };

        if (tag_of(term_of(a)) == TAG_BOX) {
                span.count = header_words(*span.a);
                span.a++;
                span.b++;
        }
        return span;
}

static enum verdict walk(uint64_t a, uint64_t b, struct words *rest)
{
        struct span now = { &a, &b, 1 };

        for (;;) {
                enum verdict verdict;
                uint64_t x, y;

                if (now.count == 0) {
                        if (rest->count == 0)
                                return EQUAL;
                        pop(rest, &now);
                }
                x = *now.a++;
                y = *now.b++;
                now.count--;
                skip_same(&x, &y);
                if (x == y)
                        continue;
                verdict = look(x, y);
                if (verdict == DIFFERENT || verdict == NO_MEMORY)
                        return verdict;
                if (verdict == EQUAL)
                        continue;
                if (now.count > 0 && !push(rest, &now))
                        return NO_MEMORY;
                now = inside(x, y);
        }
}

bool cop_equal(cop_term a, cop_term b)
{
        enum verdict verdict;
        struct words rest;

        if (a.word == b.word)
                return true;
        verdict = look(a.word, b.word);
        if (verdict == OPEN) {
                cop__words_init(&rest);
                verdict = walk(a.word, b.word, &rest);
                cop__words_release(&rest);
        }
        if (verdict == NO_MEMORY)
                cop__fail_limit("memory");
        return verdict == EQUAL;
}
