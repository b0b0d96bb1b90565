/*
 * pattern.c: binding variables by matching.
 *
 * The patterns are those of <coppice/match.h>, and mean the same: X takes what stands there, whatever it
 * was before; ^X is what it was before; a name twice is the same value twice; _ is anything; #{k := V}
 * asks for a key. cop_match() itself reads its patterns before the program starts, and knows no others.
 */
#include "console/pattern.h"

#include <coppice/match.h>

#include "console/evaluator.h"

struct binding {
        cop_term before; /* what ^X means */
        cop_term now;    /* Name => Value, of this pattern */
};

static bool fits(struct binding *b, cop_term pattern, cop_term value);

static bool variable(struct binding *b, cop_term name, cop_term value)
{
        const char *text = cop_to_atom_text(name);
        cop_term bound = cop_map_find(b->now, name);

        if (text[0] == '_')
                return true;
        if (!cop_is_none(bound))
                return cop_equal(bound, value);
        b->now = cop_map_put(b->now, name, value);
        return true;
}

static bool pinned(struct binding *b, cop_term name, cop_term value)
{
        cop_term bound = cop_map_find(b->before, name);

        if (cop_is_none(bound))
                cop__refuse("%s is not bound", cop_to_atom_text(name));
        return cop_equal(bound, value);
}

static bool tuple(struct binding *b, cop_term patterns, cop_term value)
{
        size_t i = 0;

        if (!cop_is_tuple(value) || cop_tuple_size(value) != cop_length(patterns))
                return false;
        COP_EACH (pattern, patterns)
                if (!fits(b, pattern, cop_element(value, i++)))
                        return false;
        return true;
}

static bool list(struct binding *b, cop_term patterns, cop_term tail, cop_term value)
{
        COP_EACH (pattern, patterns) {
                if (!cop_is_list(value) || cop_is_nil(value) || !fits(b, pattern, cop_head(value)))
                        return false;
                value = cop_tail(value);
        }
        return fits(b, tail, value);
}

static bool map(struct binding *b, cop_term pairs, cop_term value)
{
        cop_term key, pattern, found;

        if (!cop_is_map(value))
                return false;
        COP_EACH (pair, pairs) {
                cop_match(pair, "{K, V}", &key, &pattern);
                if (!cop_match(key, "{value, K}", &key))
                        cop__refuse("a key of a pattern has a variable in it");
                found = cop_map_find(value, key);
                if (cop_is_none(found) || !fits(b, pattern, found))
                        return false;
        }
        return true;
}

/* "text" is a list of characters, or the binary of them. */
static bool text(cop_term characters, cop_term value)
{
        return cop_equal(characters, value) ||
               (cop_is_binary(value) && cop_equal(cop_text(cop_to_cstring(characters)), value));
}

static bool fits(struct binding *b, cop_term pattern, cop_term value)
{
        cop_term first, second;

        if (cop_match(pattern, "{value, V}", &first))
                return cop_equal(first, value);
        if (cop_match(pattern, "{text, T}", &first))
                return text(first, value);
        if (cop_match(pattern, "{var, N}", &first))
                return variable(b, first, value);
        if (cop_match(pattern, "{pin, N}", &first))
                return pinned(b, first, value);
        if (cop_match(pattern, "{tuple, L}", &first))
                return tuple(b, first, value);
        if (cop_match(pattern, "{list, L, T}", &first, &second))
                return list(b, first, second, value);
        if (cop_match(pattern, "{map, L}", &first))
                return map(b, first, value);
        if (cop_match(pattern, "{match, P, Q}", &first, &second))
                return fits(b, first, value) && fits(b, second, value);
        cop__refuse("a call cannot stand in a pattern");
}

bool cop__pattern_bind(cop_term *bindings, cop_term pattern, cop_term value)
{
        struct binding b = { *bindings, cop_build("#{}") };

        if (!fits(&b, pattern, value))
                return false;
        for (size_t i = 0; i < cop_map_size(b.now); i++)
                *bindings = cop_map_put(*bindings, cop_map_key(b.now, i), cop_map_value(b.now, i));
        return true;
}
