/*
 * settle.c: waiting until nothing moves any more.
 *
 * Nobody runs or wants to, and no process of the scenario waits for a time: then each is idle,
 * suspended, or blocked for ever, and only the runner can set something off. It is looked at twice,
 * and nothing may have been recorded in between.
 */
#include "runner.h"

/* A caller that waits with a timeout holds nobody up; a process that sleeps does. */
static bool anybody_waits_for_time(void)
{
        COP_EACH (person, book_living())
                if (cop_is(cop_process_info(cop_to_pid(cop_element(person, 0)), "waits_for_time"),
                           "true"))
                        return true;
        return false;
}

static bool is_settled(int64_t deadline_ms)
{
        cop_term before;

        if (!cop_system_quiet(deadline_ms - cop_now_ms()))
                return false;
        before = book_progress();
        return !anybody_waits_for_time() && cop_system_quiet(deadline_ms - cop_now_ms()) &&
               cop_equal(book_progress(), before);
}

bool settle(void)
{
        int64_t deadline_ms = cop_now_ms() + DEADLINE_MS;
        bool settled = false;

        while (!settled && cop_now_ms() < deadline_ms) {
                cop_scope {
                        settled = is_settled(deadline_ms);
                }
                if (!settled)
                        cop_receive(1, "'$never'"); /* lets a millisecond pass */
        }
        return settled;
}
