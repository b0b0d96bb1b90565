/*
 * built.c: a pattern that was typed as a text, with its arguments, as cop_build() would make it.
 */
#include <coppice/match.h>
#include <coppice/text.h>

#include "console/evaluator.h"
#include "console/parse.h"
#include "console/table.h"

struct building {
        const struct console_call *call;
        size_t next;        /* the argument for the next variable */
        cop_term variables; /* Name => Value, of those that were seen */
};

static cop_term built(struct building *b, cop_term tree);

static cop_term variable(struct building *b, cop_term name)
{
        cop_term value = cop_map_find(b->variables, name);

        if (!cop_is_none(value))
                return value;
        if (b->next == b->call->count)
                cop__refuse("%s: no argument stands for %s", b->call->name, cop_to_atom_text(name));
        value = b->call->arguments[b->next++];
        b->variables = cop_map_put(b->variables, name, value);
        return value;
}

static cop_term built_list(struct building *b, cop_term trees)
{
        cop_term list = cop_nil();

        COP_EACH (tree, trees)
                list = cop_cons(built(b, tree), list);
        return cop_reverse(list);
}

static cop_term list_as_tuple(cop_term list)
{
        cop_term elements[ARGUMENTS_MOST * 4];
        size_t size = 0;

        COP_EACH (element, list) {
                if (size == sizeof(elements) / sizeof(elements[0]))
                        cop__refuse("a tuple of a pattern has more than %zu elements", size);
                elements[size++] = element;
        }
        return cop_tuple(size, elements);
}

static cop_term with_tail(cop_term list, cop_term tail)
{
        for (list = cop_reverse(list); !cop_is_nil(list); list = cop_tail(list))
                tail = cop_cons(cop_head(list), tail);
        return tail;
}

static cop_term built_map(struct building *b, cop_term pairs)
{
        cop_term map = cop_build("#{}"), key, value;

        COP_EACH (pair, pairs) {
                cop_match(pair, "{K, V}", &key, &value);
                key = built(b, key);
                map = cop_map_put(map, key, built(b, value));
        }
        return map;
}

static cop_term built(struct building *b, cop_term tree)
{
        cop_term first, second;

        if (cop_match(tree, "{value, V}", &first) || cop_match(tree, "{text, V}", &first))
                return first;
        if (cop_match(tree, "{var, N}", &first))
                return variable(b, first);
        if (cop_match(tree, "{tuple, L}", &first))
                return list_as_tuple(built_list(b, first));
        if (cop_match(tree, "{list, L, T}", &first, &second)) {
                first = built_list(b, first);
                return with_tail(first, built(b, second));
        }
        if (cop_match(tree, "{map, L}", &first))
                return built_map(b, first);
        cop__refuse("%s: its pattern is none that a term can be built of", b->call->name);
}

cop_term cop__take_built(const struct console_call *call, size_t index)
{
        struct building b = { call, index + 1, cop_build("#{}") };
        cop_term pattern = call->arguments[index], term = pattern;
        struct statement statement;

        if (call->are_texts && call->are_texts[index]) {
                statement = cop__console_parse((const char *)cop_to_bytes(pattern),
                                               cop_byte_size(pattern));
                if (cop_is_none(statement.tree))
                        cop__refuse("%s: its pattern is no term: %s", call->name,
                                    statement.incomplete ? "it ends too early" : statement.error);
                term = built(&b, statement.tree);
        }
        if (b.next < call->count)
                cop__refuse("%s: nothing stands for argument %zu", call->name, b.next + 1);
        return term;
}
