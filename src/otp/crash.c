/*
 * crash.c: OTP's crash report, for every end that is none in order.
 *
 * error     Made by the server that ends, of what it knows (server_end.c).
 * fault     Made by the process that had it, when its stack has been given up. Nothing of the user's
 *           code is asked: the state is read as debug information has it, and not at all where
 *           there is a format_status, which may hide a part of it. What is in its memory is not
 *           trusted; what the runtime knows is.
 *
 * Where a thousand servers fault in a second a thousand reports are no help: above REPORTS_A_SECOND the
 * others are counted, and the next report says how many there were.
 */
#include "otp/server.h"

#include <stdatomic.h>
#include <stddef.h>

#include <coppice/containment.h>
#include <coppice/inspect.h>
#include <coppice/report.h>
#include <coppice/timer.h>

#include "otp/logger.h"

enum { REPORTS_A_SECOND = 20 };

static struct {
        _Atomic(int64_t) second; /* of the clock, in which... */
        _Atomic(int) reported;   /* ... so many faults have been reported */
        _Atomic(int) left_out;   /* and so many have not, since the last one that was */
} limit;

static cop_term fact(const char *item)
{
        cop_term fact = cop_process_info(cop_self(), item);

        return cop_is_none(fact) ? cop_build("undefined") : fact;
}

/* [Parent, Grandparent, ...], by name where they have one; the dead know no more. */
static cop_term ancestors(void)
{
        cop_term list = cop_nil();
        cop_pid pid = cop_parent();
        int depth = 0;

        while (!cop_is_nobody(pid) && depth++ < 64) {
                cop_term parent = cop_process_info(pid, "parent");

                list = cop_cons(cop__name_of(pid), list);
                if (cop_is_none(parent) || !cop_is_pid(parent))
                        break;
                pid = cop_to_pid(parent);
        }
        return cop_reverse(list);
}

/* What a crash report says of any process; of another one as far as that is known at once. */
static cop_term facts_of(cop_pid pid)
{
        static const char *const items[] = { "message_queue_len", "links", "trap_exit", "status",
                                             "reductions" };
        cop_term facts = cop_nil(), name = cop_process_info(pid, "registered_name");
        size_t i = sizeof(items) / sizeof(items[0]);

        while (i-- > 0) {
                cop_term fact = cop_process_info(pid, items[i]);

                if (!cop_is_none(fact))
                        facts = cop_cons(cop_build("{Item, Fact}", cop_atom(items[i]), fact),
                                         facts);
        }
        return cop_build("[{pid, Pid}, {registered_name, Name} | Facts]", pid, name, facts);
}

enum { NEIGHBOURS_MOST = 15 };

/* Whom it takes along: who is linked to it, or to such a one, and does not trap exits. */
static cop_term neighbours(void)
{
        cop_term found = cop_nil(), queue = cop_build("[Me]", cop_self());
        cop_term seen = queue, trap;
        int count = 0;

        while (!cop_is_nil(queue) && count < NEIGHBOURS_MOST) {
                cop_term links = cop_process_info(cop_to_pid(cop_head(queue)), "links");

                queue = cop_tail(queue);
                if (cop_is_none(links) || !cop_is_list(links))
                        continue; /* it has ended, or is too busy to say */
                COP_EACH (link, links) {
                        if (!cop_is_pid(link) || cop_is_member(link, seen) ||
                            count == NEIGHBOURS_MOST)
                                continue;
                        seen = cop_cons(link, seen);
                        trap = cop_process_info(cop_to_pid(link), "trap_exit");
                        if (cop_is(trap, "timeout"))
                                return cop_reverse(found); /* one wait is enough */
                        if (!cop_is(trap, "false"))
                                continue;
                        found = cop_cons(facts_of(cop_to_pid(link)), found);
                        queue = cop_cons(link, queue);
                        count++;
                }
        }
        return cop_reverse(found);
}

/* module: NULL, a plain process. more: facts that come last. What lies in the process's memory (label,
 * dictionary) is only for one that can be trusted. */
static void report(const struct cop_module *module, cop_term reason, cop_term backtrace,
                   bool is_trusted, cop_term more)
{
        cop_term undefined = cop_build("undefined");
        cop_term call = module ? cop_build("{Module, init, 1}", cop_atom(module->name)) : undefined;

        cop_report(COP_LEVEL_ERROR,
                   "#{label => {proc_lib, crash},"
                   "  report => [[{initial_call, Call}, {pid, Pid},"
                   "    {registered_name, Name}, {error_info, {exit, Reason, Backtrace}},"
                   "    {ancestors, Ancestors}, {process_label, Label},"
                   "    {message_queue_len, Queue}, {links, Links}, {dictionary, Dictionary},"
                   "    {trap_exit, Trap}, {status, running}, {reductions, Reductions} | More],"
                   "    Neighbours]}",
                   call, cop_self(), fact("registered_name"), reason, backtrace, ancestors(),
                   is_trusted ? fact("label") : undefined, fact("message_queue_len"), fact("links"),
                   is_trusted ? fact("dictionary") : cop_nil(), fact("trap_exit"),
                   fact("reductions"), more, neighbours());
}

void cop__crash_report(const struct cop_module *module, cop_term reason, cop_term backtrace)
{
        if (cop__is_abnormal(reason) && cop_is_reported(COP_LEVEL_ERROR))
                report(module, reason, backtrace, true, cop_nil());
}

/* ---- faults ---- */

static bool is_wanted(void)
{
        return cop_is_reported(COP_LEVEL_ERROR);
}

/* May this one be reported? How many were not since the last one goes to *left_out. */
static bool is_within_limit(int *left_out)
{
        int64_t now = cop_now_ms() / 1000;

        if (atomic_exchange(&limit.second, now) != now)
                atomic_store(&limit.reported, 0);
        if (atomic_fetch_add(&limit.reported, 1) >= REPORTS_A_SECOND) {
                atomic_fetch_add(&limit.left_out, 1);
                return false;
        }
        *left_out = atomic_exchange(&limit.left_out, 0);
        return true;
}

/* Handlers of servers stand in their modules. NULL: it is none. */
static const struct cop_module *module_of(const struct cop_handler *handler)
{
        if (!handler || handler->message != cop__server_message)
                return NULL;
        return (const struct cop_module *)((const char *)handler -
                                           offsetof(struct cop_module, handler));
}

/* As far as debug information tells. COP_NONE: nothing may be said. */
static cop_term state_of_dead(const struct cop_module *module, const void *place)
{
        const struct cop__server_type *server = module ? module->definition : NULL;
        const struct cop_type *type;

        if (!server || module->behaviour || server->hides())
                return COP_NONE;
        type = cop_type_find(module->state_type, (const void *)module->show);
        if (!type || type->size != module->handler.state_size - COP__SERVER_SIZE)
                return COP_NONE;
        return cop_type_show(type, (const char *)place + COP__SERVER_SIZE);
}

static void report_fault(const struct cop_crash *crash)
{
        const struct cop_module *module = module_of(crash->handler);
        cop_term more = cop_nil();
        cop_term state;
        int left_out;

        if (!is_within_limit(&left_out))
                return;
        state = state_of_dead(module, crash->state);
        if (left_out > 0)
                more = cop_cons(cop_build("{not_reported, N}", left_out), more);
        if (!cop_is_none(state))
                more = cop_cons(cop_build("{state, S}", state), more);
        if (!cop_is_none(crash->message))
                more = cop_cons(cop_build("{last_message, M}", crash->message), more);
        report(module, crash->reason, crash->backtrace, false, more);
}

const struct cop_crash_reporter cop__crash_reporter = { is_wanted, report_fault };
