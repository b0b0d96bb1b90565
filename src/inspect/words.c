/*
 * words.c: a careful copy of a term.
 *
 * Every word is read through the kernel and every header is checked against what there may be, so
 * nothing faults and nothing is believed: an atom counts as one when the table of atoms has it at
 * this address. What is copied has at most as many parts as the caller allows, so it ends also
 * where memory leads in circles.
 */
#include "inspect/words.h"

#include <math.h>
#include <string.h>

#include "term/atom.h"
#include "term/value.h"

enum { DEPTH_MOST = 16, ROW_MOST = 64, BYTES_MOST = 256, ATOM_BYTES_MOST = 4 * 255 };

static cop_term unreadable(void)
{
        return cop_atom("unreadable");
}

static cop_term too_much(void)
{
        return cop_atom("...");
}

struct reading {
        struct window *window;
        size_t *left;
};

static bool read_words(struct reading *r, uintptr_t from, uint64_t *words, size_t count)
{
        return from % sizeof(*words) == 0 &&
               cop__memory_read(r->window, from, words, count * sizeof(*words));
}

static cop_term show(struct reading *r, uint64_t word, unsigned depth);

static cop_term show_atom(struct reading *r, uint64_t word)
{
        char text[ATOM_BYTES_MOST];
        uintptr_t at = (uintptr_t)(word >> 3);
        struct atom atom;
        cop_term found;

        if (at % _Alignof(struct atom) ||
            !cop__memory_read(r->window, at, &atom, offsetof(struct atom, text)) ||
            atom.size > sizeof(text) ||
            !cop__memory_read(r->window, at + offsetof(struct atom, text), text, atom.size))
                return unreadable();
        found = cop_find_atom(text, atom.size);
        return found.word == word ? found : unreadable();
}

static cop_term show_pairs(struct reading *r, uint64_t word, unsigned depth)
{
        cop_term heads[ROW_MOST];
        cop_term tail;
        uint64_t pair[2];
        size_t count = 0;

        while ((word & TAG_MASK) == TAG_PAIR && count<ROW_MOST && * r->left> 0) {
                if (!read_words(r, word & ~(uint64_t)TAG_MASK, pair, 2))
                        break;
                heads[count++] = show(r, pair[0], depth + 1);
                word = pair[1];
        }
        if ((word & TAG_MASK) == TAG_PAIR)
                tail = cop_cons(count == ROW_MOST || *r->left == 0 ? too_much() : unreadable(),
                                cop_nil());
        else
                tail = show(r, word, depth + 1);
        while (count > 0)
                tail = cop_cons(heads[--count], tail);
        return tail;
}

/* Up to ROW_MOST words as terms. Returns how many; SIZE_MAX: they cannot be read. */
static size_t show_row(struct reading *r, uintptr_t at, size_t count, cop_term *row, unsigned depth)
{
        uint64_t words[ROW_MOST];

        if (count > ROW_MOST)
                count = ROW_MOST;
        if (!read_words(r, at, words, count))
                return SIZE_MAX;
        for (size_t i = 0; i < count; i++)
                row[i] = show(r, words[i], depth + 1);
        return count;
}

static cop_term show_tuple(struct reading *r, uintptr_t at, size_t size, unsigned depth)
{
        cop_term row[ROW_MOST + 1];
        size_t count = show_row(r, at, size, row, depth);

        if (count == SIZE_MAX)
                return unreadable();
        if (count < size)
                row[count++] = too_much();
        return cop_tuple(count, row);
}

static cop_term show_map(struct reading *r, uintptr_t at, size_t words, unsigned depth)
{
        cop_term keys[ROW_MOST], values[ROW_MOST];
        size_t size = words / 2;
        size_t count = show_row(r, at, size, keys, depth);

        if (words % 2 || count == SIZE_MAX ||
            show_row(r, at + size * sizeof(uint64_t), size, values, depth) != count)
                return unreadable();
        if (count < size)
                keys[count - 1] = values[count - 1] = too_much();
        return cop_map(count, keys, values);
}

static cop_term show_bytes(struct reading *r, uintptr_t at, uint64_t bit_count)
{
        uint8_t bytes[BYTES_MOST];
        size_t size = bit_count / 8 + (bit_count % 8 != 0);

        if (size > BYTES_MOST) {
                size = BYTES_MOST;
                bit_count = BYTES_MOST * 8;
        }
        if (!cop__memory_read(r->window, at, bytes, size))
                return unreadable();
        return cop_bits(bytes, bit_count);
}

static cop_term show_float(struct reading *r, uintptr_t at)
{
        double value;

        if (!cop__memory_read(r->window, at, &value, sizeof(value)) || !isfinite(value))
                return unreadable();
        return cop_float(value);
}

static cop_term show_box(struct reading *r, uintptr_t at, unsigned depth)
{
        uint64_t box[sizeof(struct shared_bits) / sizeof(uint64_t)] = { 0 };
        size_t words;

        if (!read_words(r, at, box, 1) || (box[0] & TAG_MASK) != TAG_HEADER)
                return unreadable();
        words = header_words(box[0]);
        switch (header_kind(box[0])) {
        case BOX_TUPLE:
                return show_tuple(r, at + sizeof(uint64_t), words, depth);
        case BOX_MAP:
                return show_map(r, at + sizeof(uint64_t), words, depth);
        case BOX_FLOAT:
                return words == 1 ? show_float(r, at + sizeof(uint64_t)) : unreadable();
        case BOX_BITS:
                if (words == 0 || !read_words(r, at, box, 2) || box[1] / 64 > words)
                        return unreadable();
                return show_bytes(r, at + 2 * sizeof(uint64_t), box[1]);
        case BOX_SHARED:
                if (words != SHARED_BITS_WORDS || !read_words(r, at, box, words + 1))
                        return unreadable();
                return show_bytes(r, (uintptr_t)((struct shared_bits *)box)->start, box[1]);
        default:
                return too_much();
        }
}

static cop_term show(struct reading *r, uint64_t word, unsigned depth)
{
        uintptr_t at = (uintptr_t)(word & ~(uint64_t)TAG_MASK);

        if (*r->left == 0 || depth > DEPTH_MOST)
                return too_much();
        --*r->left;
        switch ((enum tag)(word & TAG_MASK)) {
        case TAG_INT:
        case TAG_PID:
        case TAG_REF:
                return term_of(word);
        case TAG_NIL:
                return cop_nil();
        case TAG_ATOM:
                return show_atom(r, word);
        case TAG_PAIR:
                return show_pairs(r, word, depth);
        case TAG_BOX:
                return show_box(r, at, depth);
        default:
                return unreadable();
        }
}

cop_term cop__word_show(struct window *window, uint64_t word, size_t *left, unsigned depth)
{
        struct reading r = { window, left };

        if (word == 0)
                return cop_atom("none");
        return show(&r, word, depth);
}
