/*
 * sort.c: what lists need of comparing.
 *
 * A merge sort from the bottom up: short runs by insertion, then two by two. Runs that are in order
 * already are not merged, so that a sorted list costs one comparison an element.
 */
#include <string.h>

#include "term/host.h"
#include "term/list.h"

enum { RUN = 8 }; /* sorted by insertion, before merging begins */

bool cop_is_member(cop_term element, cop_term list)
{
        for (; tag_of(list) == TAG_PAIR; list = term_of(words_of(list)[1])) {
                cop_term head = term_of(words_of(list)[0]);

                if (head.word == element.word ||
                    (has_memory(element) && has_memory(head) && cop_equal(head, element)))
                        return true;
        }
        if (!cop_is_nil(list))
                cop__fail_badarg(NULL);
        return false;
}

static void sort_run(cop_term *at, size_t length)
{
        size_t i, j;

        for (i = 1; i < length; i++) {
                cop_term moved = at[i];

                for (j = i; j > 0 && cop_compare(at[j - 1], moved) > 0; j--)
                        at[j] = at[j - 1];
                at[j] = moved;
        }
}

/* Two sorted runs, up to middle and up to length, become one; equal ones keep their order. */
static void merge(cop_term *to, const cop_term *from, size_t middle, size_t length)
{
        size_t left = 0, right = middle;
        size_t i;

        if (middle >= length || cop_compare(from[middle - 1], from[middle]) <= 0) {
                memcpy(to, from, length * sizeof(*to));
                return;
        }
        for (i = 0; i < length; i++) {
                bool take_left = right == length ||
                                 (left < middle && cop_compare(from[left], from[right]) <= 0);

                to[i] = take_left ? from[left++] : from[right++];
        }
}

/* Sorts what stands at `at`; `spare` has as much room. Returns which of the two holds the result.
 */
static cop_term *merge_sort(cop_term *at, cop_term *spare, size_t length)
{
        size_t run, i;

        for (i = 0; i < length; i += RUN)
                sort_run(at + i, length - i < RUN ? length - i : RUN);
        for (run = RUN; run < length; run *= 2) {
                cop_term *sorted = spare;

                for (i = 0; i < length; i += 2 * run) {
                        size_t both = length - i < 2 * run ? length - i : 2 * run;

                        merge(spare + i, at + i, run, both);
                }
                spare = at;
                at = sorted;
        }
        return at;
}

/*
 * The memory of the sorted list's pairs is what the sort works in: first half and second half are
 * its two arrays, and at the end the elements move to their pairs, from the last one on, so that
 * none is written over before it moved. Nothing is left behind when a comparison ends the caller.
 */
cop_term cop_sort(cop_term list)
{
        size_t length = cop_length(list);
        cop_term *elements, *sorted;
        size_t i;

        if (length < 2)
                return list;
        elements = (cop_term *)cop__list_take(length);
        for (i = 0; i < length; i++, list = term_of(words_of(list)[1]))
                elements[i] = term_of(words_of(list)[0]);
        sorted = merge_sort(elements, elements + length, length);
        if (sorted != elements)
                memcpy(elements, sorted, length * sizeof(*elements));
        for (i = length; i > 0; i--)
                elements[2 * (i - 1)] = elements[i - 1];
        return cop__list_chain((uint64_t *)elements, length);
}
