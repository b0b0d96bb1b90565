/*
 * TYPED: what the compiler lets pass and what it does not, of servers and supervisors.
 */
#include <coppice/test.h>

#include "support/program.h"

static struct ran ran;

static void check(const char *what, const char *expected)
{
        run_program(&ran, COP_SOURCE_ROOT "/tests/otp/typed/check",
                    (const char *const[]){ what, NULL });
        cop_assert_text(ran.output, expected);
        cop_assert_equal(ran.status, 0);
}

COP_TEST(TYPED_compiles,
         "servers and supervisors of every form compile without a warning, as C and "
         "as C++",
         .limit_s = 120)
{
        check("compile", "all compile\n");
}

COP_TEST(TYPED_refused, "a callback for somebody else's state does not compile, nor do its like",
         .limit_s = 120)
{
        check("refuse", "all are refused\n");
}
