/*
 * copy.c: a term, once more, in one block.
 *
 * measure   walks the term and adds up its words. What it must come back to (the rest of a tuple,
 *           the tail of a list) it notes in a stack of words (words.h); the last part of anything
 *           needs no note, so a list of any length and a nest of last elements cost no memory.
 * copy      copies the root to the start of the block, then goes through the block word by word. A
 *           word that points out of the block is a part not copied yet: it is copied to the end of
 *           what is there, and the word made to point to it. When there is nothing more to go
 *           through, all is copied. This needs no stack and cannot fail.
 *
 * A list is copied with all its pairs side by side, whatever they were in the source, before any
 * head is looked into. So copies of copies are fast: their pairs are where a processor expects
 * them.
 *
 * Three things make it quick. What holds no pointers needs no second look: of all such stretches in
 * the block the last useful one is remembered and stepped over. Where pairs lie at equal distances,
 * as in lists made whole or made by cop_cons() in a loop, the address of the next pair is computed
 * before the one before it was read; such a run with immediate heads is first counted and then
 * copied 16 bytes at a time. And the longest run found while measuring is not counted again.
 *
 * A part that occurs in a term twice is copied twice, as in Erlang.
 */
#include "base/words.h"
#include "term/atom.h"
#include "term/bits.h"
#include "term/region.h"

/* Head and tail at once. */
typedef uint64_t pair_words __attribute__((vector_size(16), aligned(8), may_alias));

enum { PAIR_WORDS = 2, PAIR_BYTES = 16 };

/* Of the words behind a header, how many at the front are no terms. */
static size_t raw_words(uint64_t header)
{
        switch (header_kind(header)) {
        case BOX_TUPLE:
        case BOX_MAP:
        case BOX_EXPORT:
        case BOX_RECORD:
                return 0;
        case BOX_FUN:
                return FUN_FIXED_WORDS - 1; /* the last one is the pid */
        default:
                return header_words(header);
        }
}

static bool is_immediate(uint64_t word)
{
        return (word & 6) != 0;
}

/* ---- measuring ---- */

/* Words still to be looked at: of a box, or head and tail of a pair. */
struct row {
        const uint64_t *at, *end;
};

struct measuring {
        struct copy_size *size; /* of what was walked so far */
        struct words pending;   /* rows to come back to: end, then at */
};

/* Skips words that hold nothing more. */
static struct row skip_immediates(struct row row)
{
        while (row.at < row.end && is_immediate(*row.at))
                row.at++;
        return row;
}

/* A computed word for comparing. The compiler does not see that it is the same one, so it cannot go
 * on with the equal word that was read: who follows pointers one by one waits for each. */
static inline uint64_t hidden(uint64_t word)
{
        __asm__("" : "+r"(word));
        return word;
}

/* Counts the pairs from here on that have an immediate head and are followed by the pair `step`
 * bytes further. */
static inline size_t count_run(const uint64_t *pair, uint64_t step)
{
        uint64_t next = pair_term(pair).word + step;
        size_t count = 0;

        while (is_immediate(pair[0]) && pair[1] == hidden(next)) {
                pair = words_of(term_of(next));
                next += step;
                count++;
        }
        return count;
}

/* Counts a list's pairs up to the first one with a head or tail that leads elsewhere; that one's
 * head and tail are the row. */
static struct row open_list(struct copy_size *size, const uint64_t *pair)
{
        if (tag_of(term_of(pair[1])) == TAG_PAIR) {
                uint64_t step = pair[1] - pair_term(pair).word;
                size_t count = count_run(pair, step);

                if (count > size->run_pairs) {
                        size->run = pair;
                        size->run_pairs = count;
                        size->run_step = step;
                }
                pair = words_of(term_of(pair_term(pair).word + count * step));
                size->words += count * PAIR_WORDS;
        }
        size->words += PAIR_WORDS;
        return skip_immediates((struct row){ pair, pair + PAIR_WORDS });
}

/* Counts a box; its parts are the row. */
static struct row open_box(struct copy_size *size, const uint64_t *box)
{
        const uint64_t *end = box + 1 + header_words(box[0]);

        size->words += (size_t)(end - box);
        return skip_immediates((struct row){ box + 1 + raw_words(box[0]), end });
}

static struct row open_part(struct copy_size *size, cop_term part)
{
        return tag_of(part) == TAG_PAIR ? open_list(size, words_of(part))
                                        : open_box(size, words_of(part));
}

/* Notes what is left of a row. False: out of memory. */
static bool note(struct measuring *m, struct row row)
{
        return row.at == row.end || (cop__words_push(&m->pending, (uintptr_t)row.end) &&
                                     cop__words_push(&m->pending, (uintptr_t)row.at));
}

/* Walks everything below a row. False: out of memory, or too much. */
static bool walk(struct measuring *m, struct row row)
{
        for (;;) {
                struct row inner;

                if (row.at == row.end) {
                        if (m->pending.count == 0)
                                return true;
                        row.at = (const uint64_t *)(uintptr_t)cop__words_pop(&m->pending);
                        row.end = (const uint64_t *)(uintptr_t)cop__words_pop(&m->pending);
                }
                inner = open_part(m->size, term_of(*row.at++));
                if (m->size->words > COPY_MOST_WORDS)
                        return false;
                row = skip_immediates(row);
                if (inner.at == inner.end)
                        continue;
                if (!note(m, row))
                        return false;
                row = inner;
        }
}

static void measure_deep(struct copy_size *size, struct row row)
{
        struct measuring m;

        m.size = size;
        cop__words_init(&m.pending);
        if (!walk(&m, row))
                size->words = SIZE_MAX;
        cop__words_release(&m.pending);
}

void cop__copy_measure(cop_term term, struct copy_size *size)
{
        struct row row;

        *size = (struct copy_size){ 0 };
        if (!has_memory(term) || cop_is_none(term))
                return;
        row = open_part(size, term);
        if (row.at != row.end)
                measure_deep(size, row);
}

size_t cop__copy_words(cop_term term)
{
        struct copy_size size;

        cop__copy_measure(term, &size);
        return size.words;
}

/* ---- copying ---- */

struct copying {
        uint64_t *start, *top;           /* the block up to here is filled */
        const uint64_t *scan;            /* up to here nothing points out of it */
        const uint64_t *flat, *flat_end; /* a stretch without pointers out of the block */
        const struct copy_size *size;
        struct shared_bits **shared;
};

/* A stretch at the end of the block has no pointers out of it. */
static void note_flat(struct copying *c, const uint64_t *start)
{
        if (c->flat_end != start || c->flat_end <= c->scan) {
                if (c->flat_end > c->scan && c->flat_end - c->flat > c->top - start)
                        return;
                c->flat = start;
        }
        c->flat_end = c->top;
}

/* Keeps bit 2 of `seen` only if the word is immediate. */
static inline uint64_t and_immediate(uint64_t seen, uint64_t word)
{
        return seen & (word | word << 1);
}

static cop_term place_box(struct copying *c, const uint64_t *box)
{
        uint64_t *to = c->top;
        size_t raw = 1 + raw_words(box[0]), words = 1 + header_words(box[0]);
        uint64_t immediates = 4;
        size_t i;

        for (i = 0; i < raw; i++)
                to[i] = box[i];
        for (; i < words; i++) {
                to[i] = box[i];
                immediates = and_immediate(immediates, box[i]);
        }
        c->top += words;
        if (immediates)
                note_flat(c, to);
        if (header_kind(box[0]) == BOX_SHARED) {
                struct shared_bits *bits = (struct shared_bits *)to;

                cop__shared_bytes_use(bits->owner);
                bits->next = *c->shared;
                *c->shared = bits;
        }
        return box_term(to);
}

/* Pairs that lie side by side; what is added to their words moves their tails. */
static void copy_adjacent(uint64_t *to, const uint64_t *from, size_t pairs, uint64_t distance)
{
        const pair_words add = { 0, distance };
        const uint64_t *end = to + pairs * PAIR_WORDS;

        for (; to < end; to += PAIR_WORDS, from += PAIR_WORDS)
                *(pair_words *)to = *(const pair_words *)from + add;
}

/* A run of pairs, each `step` bytes from the one before it; in the copy they lie side by side. */
static void copy_run(uint64_t *to, const uint64_t *pair, size_t pairs, uint64_t step)
{
        uint64_t from = pair_term(pair).word;
        const uint64_t *end = to + pairs * PAIR_WORDS;

        if (step == PAIR_BYTES) {
                copy_adjacent(to, pair, pairs, pair_term(to).word - from);
                return;
        }
        for (; to < end; to += PAIR_WORDS, from += step) {
                to[0] = *words_of(term_of(from));
                to[1] = pair_term(to + PAIR_WORDS).word;
        }
}

/* Copies the run that begins with this pair, if one does, and returns how many pairs it has. */
static size_t place_run(struct copying *c, uint64_t *to, const uint64_t *pair)
{
        uint64_t step = pair[1] - pair_term(pair).word;
        size_t pairs;

        if (tag_of(term_of(pair[1])) != TAG_PAIR)
                return 0;
        pairs = pair == c->size->run ? c->size->run_pairs : count_run(pair, step);
        copy_run(to, pair, pairs, step);
        return pairs;
}

/* All pairs of a list; their heads, and an improper tail, still point to where they did. */
static cop_term place_list(struct copying *c, const uint64_t *pair)
{
        uint64_t *to = c->top;
        uint64_t immediates = 4;
        cop_term list = pair_term(to), rest;

        do {
                size_t run = place_run(c, to, pair);

                if (run) { /* the pair behind it is in the tail of its last one */
                        uint64_t step = pair[1] - pair_term(pair).word;

                        pair = words_of(term_of(pair_term(pair).word + run * step));
                        to += run * PAIR_WORDS;
                }
                to[0] = pair[0];
                to[1] = pair_term(to + PAIR_WORDS).word;
                immediates = and_immediate(immediates, pair[0]);
                to += PAIR_WORDS;
                rest = term_of(pair[1]);
                pair = words_of(rest);
        } while (tag_of(rest) == TAG_PAIR);
        to[-1] = rest.word;
        immediates = and_immediate(immediates, rest.word);
        c->top = to;
        if (immediates)
                note_flat(c, words_of(list));
        return list;
}

static cop_term place(struct copying *c, cop_term term)
{
        return tag_of(term) == TAG_PAIR ? place_list(c, words_of(term))
                                        : place_box(c, words_of(term));
}

/* Copies what the words of the block point to, and what that points to, until nothing does. */
static void scan(struct copying *c)
{
        uint64_t *at = c->start;

        while (at < c->top) {
                uint64_t word = *at;

                if (at == c->flat) {
                        at += c->flat_end - c->flat;
                        continue;
                }
                if (tag_of(term_of(word)) == TAG_HEADER) {
                        at += 1 + raw_words(word);
                        continue;
                }
                c->scan = at;
                if (!is_immediate(word) && (word & ~(uint64_t)TAG_MASK) - (uintptr_t)c->start >=
                                                   (uintptr_t)c->top - (uintptr_t)c->start)
                        *at = place(c, term_of(word)).word;
                at++;
        }
}

static cop_term copy(struct copying *c, cop_term term)
{
        cop_term root;

        if (!has_memory(term) || cop_is_none(term))
                return term;
        root = place(c, term);
        if (c->flat_end != c->top || c->flat != c->start)
                scan(c);
        return root;
}

cop_term cop__copy_measured(uint64_t *to, cop_term term, const struct copy_size *size,
                            struct shared_bits **shared)
{
        struct copying c = { .start = to, .top = to, .scan = to, .size = size, .shared = shared };

        return copy(&c, term);
}

static const struct copy_size not_measured;

cop_term cop__copy_to(uint64_t *to, cop_term term, struct shared_bits **shared)
{
        return cop__copy_measured(to, term, &not_measured, shared);
}

cop_term cop__copy_append(uint64_t **to, cop_term term, struct shared_bits **shared)
{
        struct copying c = {
                .start = *to, .top = *to, .scan = *to, .size = &not_measured, .shared = shared
        };
        cop_term root = copy(&c, term);

        *to = c.top;
        return root;
}

cop_term cop__copy(struct region *region, cop_term term)
{
        struct copy_size size;
        uint64_t *to;

        cop__copy_measure(term, &size);
        if (size.words == 0)
                return term;
        if (size.words == SIZE_MAX)
                return COP_NONE;
        to = cop__region_try_take(region, size.words);
        return to ? cop__copy_measured(to, term, &size, &region->shared) : COP_NONE;
}
