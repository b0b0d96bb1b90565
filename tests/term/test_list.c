/*
 * LIST, TUPLE: what is put together can be taken apart, and what is not there is badarg.
 */
#include <coppice/test.h>

#include "base/alloc.h"
#include "support/failure.h"
#include "support/memory.h"
#include "term/host.h"

static cop_term numbers(int length)
{
        cop_term list = NIL;

        while (length-- > 0)
                list = cop_cons(cop_int(length), list);
        return list;
}

COP_TEST(LIST_made, "a list made whole and one made pair by pair are the same list")
{
        cop_term elements[100];
        int length, i;

        for (i = 0; i < 100; i++)
                elements[i] = cop_int(i);
        for (length = 0; length <= 100; length++) {
                cop_term list = cop_list((size_t)length, elements);

                cop_assert(cop_equal(list, numbers(length)));
                cop_assert_equal(cop_length(list), length);
                cop_assert(cop_is_list(list));
                cop_assert_equal(cop_is_nil(list), length == 0);
                for (i = 0; i < length; i++, list = cop_tail(list))
                        cop_assert_equal(cop_to_int(cop_head(list)), i);
                cop_assert(cop_is_nil(list));
        }
        cop_assert(cop_is_nil(cop_nil()));
}

COP_TEST(LIST_each, "COP_EACH meets each element in order, and can be left")
{
        int64_t sum = 0, next = 0;

        COP_EACH (element, numbers(10)) {
                cop_assert_equal(cop_to_int(element), next);
                next++;
                sum += cop_to_int(element);
        }
        cop_assert_equal(sum, 45);
        COP_EACH (element, numbers(10)) {
                if (cop_to_int(element) == 5)
                        break;
                sum++;
        }
        cop_assert_equal(sum, 50);
        COP_EACH (element, NIL)
                cop_fail("there is an element in an empty list");
        assert_badarg(({
                COP_EACH (element, cop_cons(NIL, cop_int(1)))
                        sum++;
        }));
}

COP_TEST(LIST_reverse, "a reversed list is reversed")
{
        int i;

        cop_assert(cop_is_nil(cop_reverse(NIL)));
        for (i = 1; i < 50; i++) {
                cop_term reversed = cop_reverse(numbers(i));

                cop_assert_equal(cop_to_int(cop_head(reversed)), i - 1);
                cop_assert(cop_equal(cop_reverse(reversed), numbers(i)));
        }
}

COP_TEST(LIST_member, "an element is a member when it is equal exactly")
{
        cop_term list = cop_list(4, (cop_term[]){ cop_int(1), cop_float(2.0), cop_text("three"),
                                                  cop_tuple(1, (cop_term[]){ cop_int(4) }) });

        cop_assert(cop_is_member(cop_int(1), list));
        cop_assert(!cop_is_member(cop_float(1.0), list));
        cop_assert(!cop_is_member(cop_int(2), list));
        cop_assert(cop_is_member(cop_float(2.0), list));
        cop_assert(cop_is_member(cop_text("three"), list));
        cop_assert(cop_is_member(cop_tuple(1, (cop_term[]){ cop_int(4) }), list));
        cop_assert(!cop_is_member(NIL, list));
        cop_assert(!cop_is_member(NIL, NIL));
        assert_badarg(cop_is_member(NIL, cop_cons(cop_int(1), cop_int(2))));
        cop_assert(cop_is_member(cop_int(1), cop_cons(cop_int(1), cop_int(2))));
}

COP_TEST(LIST_improper, "a list that does not end in nil has pairs but no length")
{
        cop_term improper = cop_cons(cop_int(1), cop_cons(cop_int(2), cop_int(3)));

        cop_assert(cop_is_list(improper));
        cop_assert_equal(cop_to_int(cop_tail(cop_tail(improper))), 3);
        assert_badarg(cop_length(improper));
        assert_badarg(cop_reverse(improper));
        assert_badarg(cop_sort(improper));
}

COP_TEST(LIST_wrong, "what is no list is badarg")
{
        cop_term wrong[] = { COP_NONE, cop_int(1), cop_atom("a"), cop_text("t"),
                             cop_tuple(1, (cop_term[]){ NIL }) };
        size_t i;

        for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                cop_assert(!cop_is_list(wrong[i]));
                cop_assert(!cop_is_nil(wrong[i]));
                assert_badarg(cop_head(wrong[i]));
                assert_badarg((cop_head)(wrong[i]));
                assert_badarg(cop_tail(wrong[i]));
                assert_badarg((cop_tail)(wrong[i]));
                assert_badarg(cop_length(wrong[i]));
                assert_badarg(cop_reverse(wrong[i]));
                assert_badarg(cop_sort(wrong[i]));
                assert_badarg(cop_is_member(NIL, wrong[i]));
        }
        assert_badarg(cop_head(NIL));
        assert_badarg(cop_tail(NIL));
        assert_badarg(cop_cons(COP_NONE, NIL));
        assert_badarg(cop_cons(NIL, COP_NONE));
        assert_badarg(cop_list(2, (cop_term[]){ NIL, COP_NONE }));
        assert_limit(cop_list(SIZE_MAX, NULL));
        assert_limit(cop_list(SIZE_MAX / 4, NULL));
}

/* {Key, Number}, so that equal keys can be told apart. */
static cop_term keyed(uint64_t key, int number)
{
        return cop_cons(cop_int((int64_t)key), cop_int(number));
}

COP_TEST(SORT_any, "sorting puts in order and keeps what is there")
{
        static cop_term elements[300];
        int round;

        for (round = 0; round < 2000; round++) {
                cop_scope {
                        size_t length = cop_test_random_below(300), i;
                        uint64_t keys = 1 + cop_test_random_below(400);
                        int64_t sum = 0;
                        cop_term sorted, before = COP_NONE;

                        for (i = 0; i < length; i++) {
                                elements[i] = keyed(cop_test_random_below(keys), (int)i);
                                sum += (int64_t)i;
                        }
                        sorted = cop_sort(cop_list(length, elements));
                        cop_assert_equal(cop_length(sorted), length);
                        COP_EACH (element, sorted) {
                                if (!cop_is_none(before))
                                        cop_assert(cop_compare(before, element) < 0);
                                before = element;
                                sum -= cop_to_int(cop_tail(element));
                        }
                        cop_assert_equal(sum, 0);
                }
        }
}

COP_TEST(SORT_stable, "elements that compare equal stay in their order")
{
        cop_term elements[100];
        cop_term sorted;
        int i;

        /* 1 and 1.0 compare equal and differ */
        for (i = 0; i < 100; i++)
                elements[i] = i % 3 == 0 ? cop_int(i % 7) : cop_float(i % 7);
        sorted = cop_sort(cop_list(100, elements));
        for (i = 0; i < 7; i++) {
                int j;

                for (j = i; j < 100; j += 7, sorted = cop_tail(sorted)) {
                        cop_assert_equal(cop_is_int(cop_head(sorted)), j % 3 == 0);
                        cop_assert_equal(cop_to_float(cop_head(sorted)), (double)i);
                }
        }
}

COP_TEST(SORT_orders, "what is in order, or in the reverse, is sorted too")
{
        cop_assert(cop_is_nil(cop_sort(NIL)));
        cop_assert(cop_equal(cop_sort(numbers(1)), numbers(1)));
        cop_assert(cop_equal(cop_sort(numbers(1000)), numbers(1000)));
        cop_assert(cop_equal(cop_sort(cop_reverse(numbers(1000))), numbers(1000)));
        cop_assert(cop_equal(cop_sort(cop_cons(cop_atom("a"), numbers(9))),
                             cop_reverse(cop_cons(cop_atom("a"), cop_reverse(numbers(9))))));
}

COP_TEST(TUPLE_made, "a tuple has the elements that were put in")
{
        cop_term elements[300];
        size_t size, i;

        for (i = 0; i < 300; i++)
                elements[i] = cop_int((int64_t)i);
        for (size = 0; size < 300; size++) {
                cop_term tuple = cop_tuple(size, elements);

                cop_assert(cop_is_tuple(tuple));
                cop_assert_equal(cop_tuple_size(tuple), size);
                for (i = 0; i < size; i++)
                        cop_assert_equal(cop_to_int(cop_element(tuple, i)), i);
                assert_badarg(cop_element(tuple, size));
                assert_badarg((cop_element)(tuple, SIZE_MAX));
        }
        assert_badarg(cop_tuple(1, (cop_term[]){ COP_NONE }));
        assert_limit(cop_tuple(SIZE_MAX, NULL));
}

COP_TEST(TUPLE_wrong, "what is no tuple is badarg")
{
        cop_term wrong[] = { COP_NONE,           NIL,           cop_int(1), cop_text("t"),
                             cop_cons(NIL, NIL), cop_float(1.5) };
        size_t i;

        for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
                cop_assert(!cop_is_tuple(wrong[i]));
                assert_badarg(cop_tuple_size(wrong[i]));
                assert_badarg(cop_element(wrong[i], 0));
        }
}

/* One term of each kind, in the order of these letters. */
static void check_kinds(cop_term term, char kind)
{
        cop_assert_equal(cop_is_pid(term), kind == 'p');
        cop_assert_equal(cop_is_ref(term), kind == 'r');
        cop_assert_equal(cop_is_port(term), kind == 'o');
        cop_assert_equal(cop_is_fun(term), kind == 'f');
        cop_assert_equal(cop_is_record(term), kind == 'R');
        if (kind != 'p')
                assert_badarg(cop_to_pid(term));
        if (kind != 'r')
                assert_badarg(cop_to_ref(term));
}

static cop_term box_of(enum box kind, size_t words)
{
        uint64_t *box = cop__region_take(here(), 1 + words);
        size_t i;

        box[0] = header_of(kind, words);
        for (i = 0; i < words; i++)
                box[1 + i] = small_term(0).word;
        return box_term(box);
}

COP_TEST(KINDS, "pids, references, ports and funs are told apart")
{
        cop_term pid = term_of(local_word(TAG_PID, 5, 77));
        cop_term ref = term_of(local_word(TAG_REF, 5, 77));

        check_kinds(pid, 'p');
        check_kinds(box_of(BOX_PID, 3), 'p');
        check_kinds(ref, 'r');
        check_kinds(box_of(BOX_REF, 4), 'r');
        check_kinds(box_of(BOX_PORT, 3), 'o');
        check_kinds(box_of(BOX_EXPORT, 3), 'f');
        check_kinds(box_of(BOX_FUN, FUN_FIXED_WORDS), 'f');
        check_kinds(box_of(BOX_RECORD, RECORD_FIXED_WORDS), 'R');
        check_kinds(COP_NONE, ' ');
        check_kinds(NIL, ' ');
        check_kinds(cop_tuple(0, NULL), ' ');
        cop_assert_equal(cop_pid_term(cop_to_pid(pid)).word, pid.word);
        cop_assert_equal(cop_ref_term(cop_to_ref(ref)).word, ref.word);
        cop_assert_equal(cop_pid_term((cop_to_pid)(pid)).word, pid.word);
        cop_assert_equal(slot_of(pid.word), 5);
        cop_assert_equal(count_of(pid.word), 77);
}

/* Each constructor in turn. */
static void make(int which)
{
        cop_term list = cop_list(3, (cop_term[]){ cop_int(3), cop_int(1), cop_int(2) });

        switch (which) {
        case 0:
                cop_tuple(600, (cop_term[600]){ [0 ... 599] = { TAG_NIL } });
                break;
        case 1:
                while (cop__region_words(here()) < 600)
                        cop_cons(NIL, NIL);
                break;
        case 2:
                while (cop__region_words(here()) < 600)
                        cop_sort(list);
                break;
        case 3:
                while (cop__region_words(here()) < 600)
                        cop_reverse(list);
                break;
        case 4:
                while (cop__region_words(here()) < 600)
                        cop_text("a binary of more than sixty-four bytes, which are counted and "
                                 "shared by all terms that show them");
                break;
        case 5:
                while (cop__region_words(here()) < 600)
                        cop_to_cstring(cop_text("text"));
                break;
        }
}

static bool make_in_turn(void *context)
{
        cop_term reason = FAILS(make(*(int *)context));

        cop__host_thread_release();
        return cop_is_none(reason);
}

COP_TEST(CONSTRUCTORS_no_memory,
         "a constructor without memory is a crash that leaves nothing behind")
{
        int which;

        cop__host_thread_release();
        for (which = 0; which < 6; which++)
                cop_assert(without_memory(make_in_turn, NULL, &which) >= 2);
}
