/*
 * NUMBER: integers and floats go in and come out unchanged, or the caller ends.
 */
#include <coppice/test.h>

#include <float.h>
#include <math.h>

#include "base/alloc.h"
#include "support/failure.h"
#include "term/big.h"
#include "term/host.h"

COP_TEST(NUMBER_int, "an integer comes out as it went in, immediate while 61 bits hold it")
{
        static const int64_t around[] = { 0,         INT32_MAX,     INT32_MIN,    INT_MOST,
                                          -INT_MOST, INT64_MAX - 2, INT64_MIN + 2 };
        size_t i;
        int64_t by;

        for (i = 0; i < sizeof(around) / sizeof(around[0]); i++) {
                for (by = -2; by <= 2; by++) {
                        int64_t value = around[i] + by;
                        cop_term term = cop_int(value);

                        cop_assert_equal(cop_to_int(term), value);
                        cop_assert_equal(tag_of(term) == TAG_INT, fits_small(value));
                        cop_assert(cop_is_int(term));
                        cop_assert(cop_is_number(term));
                        cop_assert(!cop_is_float(term));
                }
        }
}

COP_TEST(NUMBER_uint, "an unsigned integer comes out as it went in")
{
        static const uint64_t values[] = { 0,
                                           1,
                                           (uint64_t)INT_MOST - 1,
                                           (uint64_t)INT_MOST,
                                           INT64_MAX,
                                           (uint64_t)INT64_MAX + 1,
                                           UINT64_MAX };
        size_t i;

        for (i = 0; i < sizeof(values) / sizeof(values[0]); i++)
                cop_assert_equal(cop_to_uint(cop_uint(values[i])), values[i]);
}

COP_TEST(NUMBER_fits, "an integer that does not fit is a badarg")
{
        cop_assert_equal(cop_to_int(cop_uint(INT64_MAX)), INT64_MAX);
        assert_badarg(cop_to_int(cop_uint((uint64_t)INT64_MAX + 1)));
        assert_badarg(cop_to_uint(cop_int(-1)));
        assert_badarg(cop_to_uint(cop_int(INT64_MIN)));
        assert_badarg(
                cop_to_int(cop__int_from_digits(here(), "18446744073709551616", 20, 10, false)));
        assert_badarg(
                cop_to_uint(cop__int_from_digits(here(), "18446744073709551616", 20, 10, false)));
}

COP_TEST(NUMBER_kind, "what is no number is a badarg, with the place")
{
        assert_badarg(cop_to_int(cop_atom("a")));
        cop_assert_text(failure_place()->file, __FILE__);
        cop_assert_equal(failure_place()->line, __LINE__ - 2);
        assert_badarg(cop_to_int(cop_float(1)));
        assert_badarg(cop_to_int(COP_NONE));
        assert_badarg(cop_to_uint(cop_nil()));
        assert_badarg(cop_to_uint(COP_NONE));
        assert_badarg(cop_to_float(cop_text("1.0")));
        assert_badarg(cop_to_float(COP_NONE));
        cop_assert(!cop_is_int(COP_NONE));
        cop_assert(!cop_is_float(COP_NONE));
        cop_assert(!cop_is_number(cop_atom("a")));
        cop_assert(!cop_is_float(cop_int(1)));
}

COP_TEST(NUMBER_float, "a finite float comes out as it went in; others are a badarg")
{
        static const double values[] = { 0.0, 1.5, -1e308, DBL_TRUE_MIN, DBL_MAX };
        size_t i;

        for (i = 0; i < sizeof(values) / sizeof(values[0]); i++)
                cop_assert_equal(cop_to_float(cop_float(values[i])), values[i]);
        cop_assert(signbit(cop_to_float(cop_float(-0.0))));
        assert_badarg(cop_float(INFINITY));
        assert_badarg(cop_float(-INFINITY));
        assert_badarg(cop_float(NAN));
}

COP_TEST(NUMBER_to_float,
         "an integer becomes the nearest float, or is a badarg where there is none")
{
        static char digits[400] = "1";
        size_t i;

        for (i = 1; i < sizeof(digits); i++)
                digits[i] = '0';
        cop_assert_equal(cop_to_float(cop_int(-3)), -3.0);
        cop_assert_equal(cop_to_float(cop_int(9007199254740993)), 9007199254740992.0);
        cop_assert_equal(cop_to_float(cop_uint(UINT64_MAX)), 0x1p64);
        cop_assert_equal(cop_to_float(cop__int_from_digits(here(), digits, 301, 10, true)), -1e300);
        assert_badarg(cop_to_float(cop__int_from_digits(here(), digits, 310, 10, false)));
        assert_badarg(cop_to_float(cop__int_from_digits(here(), digits, 400, 10, true)));
}

COP_TEST(NUMBER_memory, "without memory a boxed number is a system_limit")
{
        cop__host_thread_release();
        cop__alloc_fail_at(1);
        assert_limit(cop_int(INT64_MAX));
        cop__host_thread_release();
        cop__alloc_fail_at(1);
        assert_limit(cop_uint(UINT64_MAX));
        cop__host_thread_release();
        cop__alloc_fail_at(1);
        assert_limit(cop_float(1));
        cop__host_thread_release();
        cop__alloc_fail_at(1);
        cop_assert_equal(cop_to_int(cop_int(5)), 5);
        cop_assert(!cop__alloc_fail_at(0));
}
