/*
 * list.c: lists.
 *
 * A list that is made whole (cop_list, cop_reverse, cop_sort, and every copy) has its pairs one
 * behind the other, so that walking it reads memory in order and copying it again is fast (copy.c).
 */
#include "term/list.h"

#include "term/host.h"
#include "term/region.h"

uint64_t *cop__list_take(size_t length)
{
        if (length > SIZE_MAX / 4)
                cop__fail_limit("memory");
        return cop__region_take(here(), 2 * length);
}

cop_term cop__list_chain(uint64_t *pair, size_t length)
{
        size_t i;

        for (i = 0; i + 1 < length; i++)
                pair[2 * i + 1] = pair_term(pair + 2 * i + 2).word;
        pair[2 * i + 1] = TAG_NIL;
        return pair_term(pair);
}

cop_term cop_nil(void)
{
        return NIL;
}

cop_term cop_cons(cop_term head, cop_term tail)
{
        uint64_t *pair;

        if (cop_is_none(head) || cop_is_none(tail))
                cop__fail_badarg(NULL);
        pair = cop__region_take(here(), 2);
        pair[0] = head.word;
        pair[1] = tail.word;
        return pair_term(pair);
}

cop_term cop_list(size_t length, const cop_term *elements)
{
        uint64_t *pairs;
        size_t i;

        if (length == 0)
                return NIL;
        pairs = cop__list_take(length);
        for (i = 0; i < length; i++) {
                if (cop_is_none(elements[i]))
                        cop__fail_badarg(NULL);
                pairs[2 * i] = elements[i].word;
        }
        return cop__list_chain(pairs, length);
}

bool cop_is_list(cop_term term)
{
        return tag_of(term) == TAG_PAIR || tag_of(term) == TAG_NIL;
}

bool cop_is_nil(cop_term term)
{
        return term.word == TAG_NIL;
}

cop_term cop__head(cop_term list, const struct cop_place *place)
{
        if (tag_of(list) != TAG_PAIR)
                cop__fail_badarg(place);
        return term_of(words_of(list)[0]);
}

cop_term(cop_head)(cop_term list)
{
        return cop__head(list, NULL);
}

cop_term cop__tail(cop_term list, const struct cop_place *place)
{
        if (tag_of(list) != TAG_PAIR)
                cop__fail_badarg(place);
        return term_of(words_of(list)[1]);
}

cop_term(cop_tail)(cop_term list)
{
        return cop__tail(list, NULL);
}

size_t cop_length(cop_term list)
{
        size_t length = 0;

        for (; tag_of(list) == TAG_PAIR; list = term_of(words_of(list)[1]))
                length++;
        if (!cop_is_nil(list))
                cop__fail_badarg(NULL);
        return length;
}

cop_term cop_reverse(cop_term list)
{
        size_t length = cop_length(list);
        uint64_t *pairs;
        size_t i;

        if (length == 0)
                return NIL;
        pairs = cop__list_take(length);
        for (i = length; i > 0; i--) {
                pairs[2 * (i - 1)] = words_of(list)[0];
                list = term_of(words_of(list)[1]);
        }
        return cop__list_chain(pairs, length);
}
