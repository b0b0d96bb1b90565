/*
 * fuzz_console.c: whatever is typed at the console, it is a statement, the beginning of one, nothing,
 * or an error that says why; never two of these. And what the reader of terms reads too is the same
 * term.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <coppice/match.h>
#include <coppice/text.h>

#include "console/parse.h"
#include "term/atom.h"
#include "term/host.h"
#include "term/region.h"

enum { ATOMS_MOST = 200000 }; /* they stay for ever */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
        if (!holds)
                abort();
}

/* ---- a tree is of the shapes that parse.h names, and stands for this term ---- */

static cop_term term_of_tree(cop_term tree); /* COP_NONE: of none, there is a variable or a call */

/* The elements in order, with this behind them. */
static cop_term list_of_trees(cop_term trees, cop_term tail)
{
        cop_term first, rest;

        if (cop_is_nil(trees))
                return tail;
        must(cop_is_list(trees));
        first = term_of_tree(cop_head(trees));
        rest = list_of_trees(cop_tail(trees), tail);
        return cop_is_none(first) || cop_is_none(rest) ? COP_NONE : cop_cons(first, rest);
}

static cop_term tuple_of(cop_term list)
{
        size_t size = cop_length(list);
        cop_term *elements = calloc(size + 1, sizeof(*elements)), tuple;

        must(elements);
        for (size_t i = 0; i < size; i++, list = cop_tail(list))
                elements[i] = cop_head(list);
        tuple = cop_tuple(size, elements);
        free(elements);
        return tuple;
}

static cop_term map_of_trees(cop_term pairs)
{
        cop_term map = cop_map(0, NULL, NULL);

        for (bool is_term = true; !cop_is_nil(pairs); pairs = cop_tail(pairs)) {
                cop_term key, value;

                must(cop_match(cop_head(pairs), "{K, V}", &key, &value));
                key = term_of_tree(key);
                value = term_of_tree(value);
                is_term = is_term && !cop_is_none(key) && !cop_is_none(value);
                map = is_term ? cop_map_put(map, key, value) : COP_NONE;
        }
        return map;
}

static cop_term term_of_tree(cop_term tree)
{
        cop_term a, b;

        if (cop_match(tree, "{value, T}", &a) || cop_match(tree, "{text, T}", &a))
                return a;
        if (cop_match(tree, "{tuple, L}", &a)) {
                a = list_of_trees(a, cop_nil());
                return cop_is_none(a) ? a : tuple_of(a);
        }
        if (cop_match(tree, "{list, L, T}", &a, &b)) {
                b = term_of_tree(b);
                a = list_of_trees(a, cop_is_none(b) ? cop_nil() : b);
                return cop_is_none(b) ? b : a;
        }
        if (cop_match(tree, "{map, L}", &a))
                return map_of_trees(a);
        if (cop_match(tree, "{call, N, L}", &a, &b)) {
                must(cop_is_atom(a));
                list_of_trees(b, cop_nil());
                return COP_NONE;
        }
        if (cop_match(tree, "{match, P, E}", &a, &b)) {
                term_of_tree(a);
                term_of_tree(b);
                return COP_NONE;
        }
        must(cop_match(tree, "{var, N}", &a) || cop_match(tree, "{pin, N}", &a));
        must(cop_is_atom(a));
        return COP_NONE;
}

/* ---- the inputs ---- */

static void check_tree(cop_term tree, const char *text, size_t size)
{
        struct cop_read_result read = cop_try_read(text, size, .pids = true);
        cop_term term = term_of_tree(tree);

        if (!cop_is_none(term) && !cop_is_none(read.term))
                must(cop_equal(term, read.term));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        const char *text = (const char *)data;
        struct cop_mark mark = cop__region_mark(here());
        struct statement statement;

        if (cop__atom_count() > ATOMS_MOST)
                return 0;
        statement = cop__console_parse(text, size);
        must(memchr(statement.error, '\0', sizeof(statement.error)));
        must(!cop_is_none(statement.tree) + statement.incomplete + (statement.error[0] != '\0') <=
             1);
        if (!cop_is_none(statement.tree))
                check_tree(statement.tree, text, size);
        cop__region_rewind(here(), &mark);
        return 0;
}
