/*
 * HOST: terms where there is no runtime: a region a thread, and a report where a process would crash.
 */
#include <coppice/test.h>

#include <pthread.h>
#include <string.h>

#include "base/alloc.h"
#include "support/failure.h"
#include "support/program.h"
#include "term/host.h"

static void *make_terms(void *unused)
{
        cop_term list = NIL;
        int i;

        for (i = 0; i < 10000; i++)
                list = cop_cons(cop_int(i), list);
        cop_assert_equal(cop_length(list), 10000);
        cop_keep(list);
        cop_keep(cop_text("more than sixty-four bytes, so that they are counted and shared by "
                          "all the terms that show them"));
        return NULL;
}

COP_TEST(HOST_thread, "a thread's terms, kept or not, are freed when it ends")
{
        int64_t blocks;
        pthread_t threads[4];
        int i;

        cop_keep(cop_text("this thread's"));
        blocks = cop__alloc_live_blocks();
        for (i = 0; i < 4; i++)
                pthread_create(&threads[i], NULL, make_terms, NULL);
        for (i = 0; i < 4; i++)
                pthread_join(threads[i], NULL);
        cop_assert_equal(cop__alloc_live_blocks(), blocks);
}

COP_TEST(HOST_release, "a thread may free its terms, and make others")
{
        int64_t blocks;

        cop__host_thread_release();
        blocks = cop__alloc_live_blocks();
        make_terms(NULL);
        cop_assert(cop__alloc_live_blocks() > blocks);
        cop__host_thread_release();
        cop_assert_equal(cop__alloc_live_blocks(), blocks);
        cop__host_thread_release();
        make_terms(NULL);
        cop__host_thread_release();
        cop_assert_equal(cop__alloc_live_blocks(), blocks);
}

static void check_report(const char *what, const char *expected)
{
        const char *const arguments[] = { what, NULL };
        struct ran ran;

        run_program(&ran, "term_limits", arguments);
        cop_assert_equal(ran.status, 128 + 6);
        if (!strstr(ran.output, expected))
                cop_fail("\"%s\" is not in the report: %s", expected, ran.output);
}

COP_TEST(HOST_report, "outside any process a failure stops the program and says where and why")
{
        check_report("badarg", "program_limits.c:");
        check_report("badarg", ": main: error badarg outside any process; the program stops\n");
        check_report("memory",
                     "cop: error {system_limit,memory} outside any process; the program stops\n");
}

COP_TEST(HOST_place, "a failure names the place of the call")
{
        int line = __LINE__ + 1;
        cop_term reason = FAILS(cop_head(NIL));

        cop_assert(cop_is(reason, "badarg"));
        cop_assert_equal(failure_place()->line, line);
        cop_assert_text(failure_place()->function, __func__);
        assert_badarg((cop_head)(NIL));
        cop_assert(!failure_place());
}

COP_TEST(HOST_limit, "what is used up is named")
{
        cop_term reason = FAILS(cop__fail_limit("memory"));

        cop_assert(cop_is_tuple(reason));
        cop_assert(cop_is(cop_element(reason, 0), "system_limit"));
        cop_assert(cop_is(cop_element(reason, 1), "memory"));
        here()->most_words = 1; /* not even for the reason */
        cop__region_release(here());
        reason = FAILS(cop__fail_limit("memory"));
        cop_assert(cop_is(cop_element(reason, 1), "memory"));
        cop_assert(cop_is(FAILS(cop__fail_limit("no known limit")), "system_limit"));
}
