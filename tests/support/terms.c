#include "support/terms.h"

#include <coppice/test.h>

#include <stdio.h>
#include <string.h>

#include "term/atom.h"
#include "term/host.h"

static cop_term raw_box(enum box kind, size_t words)
{
        uint64_t *box = cop__region_take(here(), 1 + words);
        size_t i;

        box[0] = header_of(kind, words);
        for (i = 1; i <= words; i++)
                box[i] = cop_test_random();
        return box_term(box);
}

static cop_term random_bits(void)
{
        static uint8_t bytes[400];
        size_t size = cop_test_random_below(4) ? cop_test_random_below(70)
                                               : cop_test_random_below(sizeof(bytes));
        size_t i;

        for (i = 0; i < size; i++)
                bytes[i] = (uint8_t)cop_test_random();
        return cop_bits(bytes, 8 * size - (size ? cop_test_random_below(8) : 0));
}

static cop_term random_leaf(void)
{
        char text[32];

        switch (cop_test_random_below(14)) {
        case 0:
        case 1:
                return small_term((int64_t)cop_test_random() >> 3);
        case 2:
        case 3:
                snprintf(text, sizeof(text), "a%d", (int)cop_test_random_below(50));
                return cop_atom(text);
        case 4:
                return term_of(local_word(TAG_PID, (uint32_t)cop_test_random_below(1000), 7));
        case 5:
                return term_of(local_word(TAG_REF, (uint32_t)cop_test_random_below(1000), 9));
        case 6:
                return NIL;
        case 7:
                return raw_box(BOX_BIG_PLUS, 1 + cop_test_random_below(4));
        case 8:
                return raw_box(BOX_BIG_MINUS, 1 + cop_test_random_below(4));
        case 9:
                return raw_box(BOX_FLOAT, 1);
        case 10:
                return raw_box(BOX_PID, 3);
        case 11:
                return raw_box(BOX_REF, 5);
        case 12:
                return raw_box(BOX_PORT, 3);
        default:
                return random_bits();
        }
}

static cop_term random_tuple(enum box kind, size_t words, int depth)
{
        cop_term term = raw_box(kind, words);
        size_t first = kind == BOX_FUN ? FUN_FIXED_WORDS - 1 : 0;

        for (; first < words; first++)
                words_of(term)[1 + first] = random_term(depth).word;
        return term;
}

static cop_term random_list(int depth)
{
        size_t length = cop_test_random_below(cop_test_random_below(4) ? 6 : 60);
        bool flat = cop_test_random_below(2);
        cop_term list = cop_test_random_below(4) ? NIL : random_leaf();
        cop_term elements[60];
        size_t i;

        for (i = 0; i < length; i++)
                elements[i] = flat ? small_term((int64_t)i) : random_term(depth);
        if (cop_is_nil(list) && cop_test_random_below(2))
                return cop_list(length, elements);
        for (i = 0; i < length; i++)
                list = cop_cons(elements[i], list);
        return list;
}

cop_term random_term(int depth)
{
        if (depth == 0 || cop_test_random_below(5) == 0)
                return random_leaf();
        depth = (int)cop_test_random_below((uint64_t)depth);
        switch (cop_test_random_below(7)) {
        case 0:
                return random_tuple(BOX_MAP, 2 * cop_test_random_below(5), depth);
        case 1:
                return random_tuple(BOX_FUN, FUN_FIXED_WORDS + cop_test_random_below(3), depth);
        case 2:
                return random_tuple(BOX_EXPORT, 3, 0);
        case 3:
                return random_tuple(BOX_RECORD, RECORD_FIXED_WORDS + 2 * cop_test_random_below(3),
                                    depth);
        case 4:
        case 5:
                return random_tuple(BOX_TUPLE, cop_test_random_below(6), depth);
        default:
                return random_list(depth);
        }
}

static size_t parts_from(uint64_t header)
{
        switch (header_kind(header)) {
        case BOX_TUPLE:
        case BOX_MAP:
        case BOX_EXPORT:
        case BOX_RECORD:
                return 0;
        case BOX_FUN:
                return FUN_FIXED_WORDS - 1;
        default:
                return header_words(header);
        }
}

static bool is_same_box(const uint64_t *a, const uint64_t *b)
{
        size_t words = header_words(*a), first = parts_from(*a), i;

        if (*a != *b)
                return false;
        if (header_kind(*a) == BOX_SHARED) /* all but the link of the list */
                return memcmp(a, b, sizeof(struct shared_bits) - sizeof(uint64_t)) == 0;
        if (memcmp(a + 1, b + 1, first * sizeof(*a)) != 0)
                return false;
        for (i = first; i < words; i++)
                if (!is_same_term(term_of(a[1 + i]), term_of(b[1 + i])))
                        return false;
        return true;
}

bool is_same_term(cop_term a, cop_term b)
{
        while (tag_of(a) == TAG_PAIR && tag_of(b) == TAG_PAIR) {
                if (!is_same_term(term_of(words_of(a)[0]), term_of(words_of(b)[0])))
                        return false;
                a = term_of(words_of(a)[1]);
                b = term_of(words_of(b)[1]);
        }
        if (tag_of(a) == TAG_BOX && tag_of(b) == TAG_BOX)
                return is_same_box(words_of(a), words_of(b));
        return a.word == b.word && !has_memory(a);
}

bool is_inside(cop_term term, const uint64_t *start, size_t words)
{
        size_t i, count;

        while (tag_of(term) == TAG_PAIR) {
                const uint64_t *pair = words_of(term);

                if (pair < start || pair + 2 > start + words ||
                    !is_inside(term_of(pair[0]), start, words))
                        return false;
                term = term_of(pair[1]);
        }
        if (tag_of(term) != TAG_BOX)
                return true;
        count = header_words(*words_of(term));
        if (words_of(term) < start || words_of(term) + 1 + count > start + words)
                return false;
        for (i = parts_from(*words_of(term)); i < count; i++)
                if (!is_inside(term_of(words_of(term)[1 + i]), start, words))
                        return false;
        return true;
}

size_t words_behind(cop_term term)
{
        size_t words = 0, i;

        for (; tag_of(term) == TAG_PAIR; term = term_of(words_of(term)[1]))
                words += 2 + words_behind(term_of(words_of(term)[0]));
        if (tag_of(term) != TAG_BOX)
                return words;
        words += 1 + header_words(*words_of(term));
        for (i = parts_from(*words_of(term)); i < header_words(*words_of(term)); i++)
                words += words_behind(term_of(words_of(term)[1 + i]));
        return words;
}

size_t shared_behind(cop_term term)
{
        size_t boxes = 0, i;

        for (; tag_of(term) == TAG_PAIR; term = term_of(words_of(term)[1]))
                boxes += shared_behind(term_of(words_of(term)[0]));
        if (tag_of(term) != TAG_BOX)
                return boxes;
        boxes += header_kind(*words_of(term)) == BOX_SHARED;
        for (i = parts_from(*words_of(term)); i < header_words(*words_of(term)); i++)
                boxes += shared_behind(term_of(words_of(term)[1 + i]));
        return boxes;
}
