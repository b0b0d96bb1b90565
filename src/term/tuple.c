/*
 * tuple.c: tuples, and the little that terms without memory need.
 */
#include "term/atom.h"
#include "term/host.h"
#include "term/region.h"

#define TUPLE_MOST ((size_t)1 << 48) /* so that no sum of sizes overflows */

cop_term cop_tuple(size_t size, const cop_term *elements)
{
        uint64_t *box;
        size_t i;

        if (size > TUPLE_MOST)
                cop__fail_limit("memory");
        box = cop__region_take(here(), 1 + size);
        box[0] = header_of(BOX_TUPLE, size);
        for (i = 0; i < size; i++) {
                if (cop_is_none(elements[i]))
                        cop__fail_badarg(NULL);
                box[1 + i] = elements[i].word;
        }
        return box_term(box);
}

bool cop_is_tuple(cop_term term)
{
        return is_box(term, BOX_TUPLE);
}

size_t cop_tuple_size(cop_term tuple)
{
        if (!is_box(tuple, BOX_TUPLE))
                cop__fail_badarg(NULL);
        return header_words(words_of(tuple)[0]);
}

cop_term cop__element(cop_term tuple, size_t index, const struct cop_place *place)
{
        if (!is_box(tuple, BOX_TUPLE) || index >= header_words(words_of(tuple)[0]))
                cop__fail_badarg(place);
        return term_of(words_of(tuple)[1 + index]);
}

cop_term(cop_element)(cop_term tuple, size_t index)
{
        return cop__element(tuple, index, NULL);
}

bool cop_is_pid(cop_term term)
{
        return tag_of(term) == TAG_PID || is_box(term, BOX_PID);
}

bool cop_is_ref(cop_term term)
{
        return tag_of(term) == TAG_REF || is_box(term, BOX_REF);
}

bool cop_is_port(cop_term term)
{
        return is_box(term, BOX_PORT);
}

bool cop_is_fun(cop_term term)
{
        return is_box(term, BOX_FUN) || is_box(term, BOX_EXPORT);
}

bool cop_is_record(cop_term term)
{
        return is_box(term, BOX_RECORD);
}

cop_pid cop__to_pid(cop_term term, const struct cop_place *place)
{
        if (!cop_is_pid(term))
                cop__fail_badarg(place);
        return (cop_pid){ term.word };
}

cop_pid(cop_to_pid)(cop_term term)
{
        return cop__to_pid(term, NULL);
}

cop_ref cop__to_ref(cop_term term, const struct cop_place *place)
{
        if (!cop_is_ref(term))
                cop__fail_badarg(place);
        return (cop_ref){ term.word };
}

cop_ref(cop_to_ref)(cop_term term)
{
        return cop__to_ref(term, NULL);
}

cop_term cop_bool(bool value)
{
        return value ? ATOM(true) : ATOM(false);
}

bool cop_is_bool(cop_term term)
{
        return term.word == ATOM(true).word || term.word == ATOM(false).word;
}

bool cop__to_bool(cop_term term, const struct cop_place *place)
{
        if (!cop_is_bool(term))
                cop__fail_badarg(place);
        return term.word == ATOM(true).word;
}

bool(cop_to_bool)(cop_term term)
{
        return cop__to_bool(term, NULL);
}
