/*
 * supervisor_beyond.c: what OTP's supervisors do not have, and what is off unless asked for: restarts
 * that are put off, a child's own budget of restarts, a hook, and a deadline for the whole end.
 *
 * Back-off    A restart is counted, and only then put off: a supervisor that is over its limit gives up
 *             at once. What is put off is a child that is restarting, as after a start that failed, and
 *             a timer. The timer's message carries a number, so that one whose restart was cancelled
 *             means nothing. Children of a group are ended when the first of them dies, since they
 *             must not run without it.
 * Deadline    Each child has what its own shutdown allows, and no more than is left; who is killed
 *             because of the deadline, and what it was doing, is in the report.
 *
 * A crowd has no back-off: its children share one entry for all that are alike, and none of them has
 * room for what it tried. LIMIT: simple_one_for_one and dynamic supervisors refuse the flag.
 */
#include "otp/supervisor.h"

#include <coppice/memory.h>
#include <coppice/timer.h>

/* ---- checks ---- */

static cop_term invalid(const char *what, cop_term value)
{
        return cop_build("{What, Value}", cop_atom(what), value);
}

/* The number under this key, if it is there; false: it is none, or less than `least`. */
static bool take_number(cop_term map, const char *key, int64_t least, int64_t *number)
{
        cop_term value = cop_map_find(map, cop_atom(key));

        if (cop_is_none(value))
                return true;
        return cop_match(value, "N", number) && *number >= least;
}

static cop_term check_back_off(cop_term map, struct cop_back_off *b)
{
        int64_t jitter = 0;

        b->most_ms = 30000;
        if (!cop_is_map(map) || !take_number(map, "first_ms", 1, &b->first_ms) ||
            !take_number(map, "most_ms", 1, &b->most_ms))
                return invalid("invalid_back_off", map);
        b->reset_ms = 2 * b->most_ms;
        if (!take_number(map, "reset_ms", 1, &b->reset_ms) ||
            !take_number(map, "jitter", 0, &jitter) || jitter > 100 || b->first_ms == 0)
                return invalid("invalid_back_off", map);
        b->jitter = (int)jitter;
        return COP_NONE;
}

cop_term cop__beyond_flags_check(cop_term flags, struct supervisor *supervisor)
{
        static const char *const numbers[][2] = {
                { "period_ms", "invalid_period_ms" },
                { "shutdown_deadline_ms", "invalid_shutdown_deadline_ms" },
                { "on_give_up", "invalid_on_give_up" },
        };
        struct beyond *beyond = &supervisor->beyond;
        int64_t values[3] = { 0 };
        cop_term back_off = cop_map_find(flags, cop_atom("back_off")), wrong;
        size_t i;

        for (i = 0; i < 3; i++)
                if (!take_number(flags, numbers[i][0], 1, &values[i]))
                        return invalid(numbers[i][1], cop_map_find(flags, cop_atom(numbers[i][0])));
        beyond->period_ms = values[0];
        beyond->deadline_ms = values[1];
        beyond->on_give_up = (void (*)(cop_term))(uintptr_t)values[2];
        if (cop_is_none(back_off))
                return COP_NONE;
        wrong = check_back_off(back_off, &beyond->back_off);
        if (cop_is_none(wrong) && is_crowd(supervisor))
                return cop_build(
                        "{bad_combination, [{back_off, B}, {strategy, S}]}", back_off,
                        cop_atom(supervisor->is_dynamic ? "dynamic" : "simple_one_for_one"));
        return wrong;
}

cop_term cop__budget_check(cop_term budget, struct child *child)
{
        if (cop_is_none(budget))
                return COP_NONE;
        if (!cop_match(budget, "{N, Ms}", &child->budget, &child->budget_ms) || child->budget < 0 ||
            child->budget_ms <= 0)
                return invalid("invalid_budget", budget);
        return COP_NONE;
}

/* ---- back-off ---- */

int64_t cop__back_off_delay(const struct cop_back_off *back_off, int n)
{
        int64_t delay_ms = back_off->first_ms;

        if (n == 0)
                return 0;
        while (--n > 0 && delay_ms < back_off->most_ms)
                delay_ms *= 2;
        return delay_ms < back_off->most_ms ? delay_ms : back_off->most_ms;
}

static int64_t with_jitter(int64_t delay_ms, int percent)
{
        int64_t most_ms = delay_ms * percent / 100;

        return most_ms ? delay_ms - (int64_t)(cop_random() % (uint64_t)(most_ms + 1)) : delay_ms;
}

int64_t cop__back_off_ms(struct supervisor *supervisor, struct child *child)
{
        const struct cop_back_off *back_off = &supervisor->beyond.back_off;
        struct tries *tries =
                supervisor->strategy == COP_ONE_FOR_ONE ? &child->tries : &supervisor->beyond.group;
        int64_t now_ms = cop_now_ms(), delay_ms;

        if (back_off->first_ms == 0)
                return 0;
        if (now_ms - tries->since_ms >= back_off->reset_ms)
                tries->count = 0;
        delay_ms = with_jitter(cop__back_off_delay(back_off, tries->count), back_off->jitter);
        tries->count++;
        tries->since_ms = now_ms + delay_ms;
        return delay_ms;
}

void cop__put_off(struct supervisor *supervisor, struct child *child, int64_t delay_ms)
{
        cop_pid old_pid = child->pid, nobody = { 0 };

        if (supervisor->strategy != COP_ONE_FOR_ONE) {
                cop__child_set(supervisor, child, CHILD_STOPPED, nobody);
                cop__children_stop(supervisor,
                                   supervisor->strategy == COP_REST_FOR_ONE ? child : NULL);
        }
        cop__child_set(supervisor, child, CHILD_RESTARTING, old_pid);
        child->put_off++;
        cop_send_after(delay_ms, cop_self(), "{'$restart_put_off', Id, Number}", child->id,
                       child->put_off);
}

bool cop__is_put_off(struct supervisor *supervisor, cop_term message)
{
        struct child *child;
        cop_term id;
        int number;

        if (supervisor->beyond.back_off.first_ms == 0 ||
            !cop_match(message, "{'$restart_put_off', Id, Number}", &id, &number))
                return false;
        child = cop__child_find(supervisor, id);
        if (child && child->state == CHILD_RESTARTING && child->put_off == number)
                cop__child_restart_now(supervisor, child);
        return true;
}

/* ---- giving up ---- */

struct giving_up {
        void (*fn)(cop_term what);
        cop_term what;
};

static void call(void *argument)
{
        struct giving_up *giving_up = argument;

        giving_up->fn(giving_up->what);
}

void cop__call_on_give_up(struct supervisor *supervisor, const struct child *child)
{
        struct giving_up giving_up = { supervisor->beyond.on_give_up, COP_NONE };
        cop_term reason;

        if (!giving_up.fn)
                return;
        giving_up.what =
                cop_build("#{supervisor => Name, child => Id}", supervisor->name, child->id);
        if (cop_try(call, &giving_up, &reason) != COP_NORMAL)
                cop_report(COP_LEVEL_ERROR,
                           "#{label => {supervisor, on_give_up}, supervisor => Name, reason => R}",
                           supervisor->name, reason);
}

/* ---- the end ---- */

void cop__end_begins(struct supervisor *supervisor)
{
        struct beyond *beyond = &supervisor->beyond;

        if (beyond->deadline_ms > 0) {
                beyond->end_ms = cop_now_ms() + beyond->deadline_ms;
                beyond->late = cop_keep(cop_nil());
        }
}

int64_t cop__until_end_ms(const struct supervisor *supervisor, int64_t wait_ms)
{
        int64_t left_ms;

        if (supervisor->beyond.end_ms == 0)
                return wait_ms;
        left_ms = supervisor->beyond.end_ms - cop_now_ms();
        if (left_ms < 0)
                left_ms = 0;
        return wait_ms < 0 || left_ms < wait_ms ? left_ms : wait_ms;
}

void cop__note_late(struct supervisor *supervisor, const struct child *child)
{
        static const char *const items[] = { "message_queue_len", "waits_for_time", "status" };
        cop_term facts = cop_nil(), late;
        size_t i;

        if (supervisor->beyond.end_ms == 0)
                return;
        for (i = 0; i < sizeof(items) / sizeof(items[0]); i++) {
                cop_term fact = cop_process_info(child->pid, items[i]);

                if (!cop_is_none(fact))
                        facts = cop_cons(cop_build("{Item, Fact}", cop_atom(items[i]), fact),
                                         facts);
        }
        late = cop_build("{Id, Pid, Facts}", child->id, child->pid, facts);
        cop_replace(&supervisor->beyond.late, cop_cons(late, supervisor->beyond.late));
}

void cop__report_late(struct supervisor *supervisor)
{
        const struct beyond *beyond = &supervisor->beyond;

        if (beyond->end_ms != 0 && !cop_is_nil(beyond->late))
                cop__report_deadline(supervisor, beyond->deadline_ms, cop_reverse(beyond->late));
}
