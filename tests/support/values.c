#include "support/values.h"

#include <coppice/test.h>

#include <string.h>

#include "term/big.h"
#include "term/host.h"
#include "term/map.h"

static uint64_t below(uint64_t limit)
{
        return cop_test_random_below(limit);
}

static uint64_t *new_box(enum box kind, size_t words)
{
        uint64_t *box = cop__region_take(here(), 1 + words);

        memset(box, 0, (1 + words) * sizeof(*box));
        *box = header_of(kind, words);
        return box;
}

static cop_term random_number(void)
{
        static const double floats[] = { -1.5,
                                         -1,
                                         -0.0,
                                         0,
                                         0.5,
                                         1,
                                         2,
                                         9007199254740992.0,
                                         9007199254740994.0,
                                         18446744073709551616.0,
                                         -0x1p64,
                                         0x1p60,
                                         -0x1p60,
                                         1e300 };
        uint64_t limbs[3];

        switch (below(4)) {
        case 0:
                return cop_int((int64_t)below(5) - 2);
        case 1:
                return cop_float(floats[below(sizeof(floats) / sizeof(*floats))]);
        case 2:
                return cop_int((1ll << (52 + below(11))) + (int64_t)below(3) - 1);
        default:
                for (size_t i = 0; i < 3; i++)
                        limbs[i] = below(2) - below(2);
                return cop__int_from_limbs(here(), limbs, 1 + below(3), below(2));
        }
}

static cop_term random_atom(void)
{
        static const char *const texts[] = { "", "a", "aa", "b", "ok", "\xc3\xa9", "z" };

        return cop_atom(texts[below(sizeof(texts) / sizeof(*texts))]);
}

static cop_term random_bits(void)
{
        static const uint8_t bytes[] = { 0, 255, 0, 255, 128, 64, 1, 2 };
        static uint8_t many[100];

        if (below(4) == 0)
                return cop_binary(many, 90 + below(3));
        return cop_bits(bytes + below(4), below(30));
}

static cop_term random_name(void)
{
        uint64_t *box;

        switch (below(5)) {
        case 0:
                return term_of(local_word(TAG_PID, (uint32_t)below(2), below(2)));
        case 1:
                return term_of(local_word(TAG_REF, (uint32_t)below(2), below(2)));
        case 2:
                box = new_box(BOX_PID, 3);
                break;
        case 3:
                box = new_box(BOX_PORT, 3);
                break;
        default:
                box = new_box(BOX_REF, 2 + 1 + below(5));
        }
        for (size_t i = 2; i <= header_words(*box); i++)
                box[i] = below(2);
        box[1] = cop_atom(below(2) ? "a@b" : "z@b").word;
        return box_term(box);
}

static cop_term random_fun(int depth)
{
        uint64_t *box;

        if (below(2)) {
                box = new_box(BOX_EXPORT, 3);
                box[1] = random_atom().word;
                box[2] = random_atom().word;
                box[3] = cop_int((int64_t)below(3)).word;
                return box_term(box);
        }
        box = new_box(BOX_FUN, FUN_FIXED_WORDS + below(3));
        for (size_t i = 1; i < FUN_FIXED_WORDS; i++)
                box[i] = below(2);
        box[5] = random_atom().word;
        box[FUN_FIXED_WORDS] = local_word(TAG_PID, 1, below(2));
        for (size_t i = FUN_FIXED_WORDS + 1; i <= header_words(*box); i++)
                box[i] = random_value(depth).word;
        return box_term(box);
}

static cop_term random_leaf(void)
{
        switch (below(5)) {
        case 0:
                return random_number();
        case 1:
                return random_atom();
        case 2:
                return random_bits();
        case 3:
                return random_name();
        default:
                return below(2) ? cop_nil() : cop_tuple(0, NULL);
        }
}

cop_term random_value(int depth)
{
        cop_term parts[8], list;
        size_t count = below(5);

        if (depth == 0 || below(3) == 0)
                return random_leaf();
        for (size_t i = 0; i < 2 * count; i++)
                parts[i] = random_value(depth - 1);
        switch (below(4)) {
        case 0:
                return cop_tuple(count, parts);
        case 1:
                return cop_map(count, parts, parts + count);
        case 2:
                return random_fun(depth - 1);
        default:
                list = below(3) ? cop_nil() : random_leaf();
                for (size_t i = 0; i < count; i++)
                        list = cop_cons(parts[i], list);
                return list;
        }
}
