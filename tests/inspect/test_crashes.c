/*
 * CRASH: what is said of a process that a fault or an error has ended.
 */
#include "support/world.h"

#include <coppice/containment.h>
#include <coppice/inspect.h>
#include <coppice/report.h>
#include <coppice/server.h>

#include <stdlib.h>
#include <string.h>

#include "base/sanitizers.h"
#include "coppice-config.h"

struct victim {
        int64_t wounds;
        struct victim *friend;
};

static int *volatile nowhere;
static volatile int depth_most = 100000000;

static __attribute__((noinline)) int stumble(int64_t at)
{
        return nowhere[at] + 1;
}

static __attribute__((noinline)) int fall(int depth)
{
        volatile char frame[64];

        frame[depth % 64] = (char)depth;
        return depth == depth_most ? 0 : fall(depth + 1) + frame[depth % 64];
}

static __attribute__((noinline)) int err(cop_term term)
{
        return (int)cop_to_int(term) + 1;
}

static void raise_error(void *none)
{
        cop_error("mine");
}

static cop_next handle_call(struct victim *v, cop_term request, cop_from from)
{
        cop_term reason;
        int64_t at;

        v->wounds++;
        if (cop_match(request, "{stumble, At}", &at))
                return cop_reply(cop_int(stumble(at) + 1));
        if (cop_match(request, "fall"))
                return cop_reply(cop_int(fall(0) + 1));
        if (cop_match(request, "err"))
                return cop_reply(cop_int(err(request) + 1));
        if (cop_match(request, "recover")) {
                cop_try(raise_error, NULL, &reason);
                return cop_reply(cop_backtrace());
        }
        if (cop_match(request, "abort"))
                abort();
        if (cop_match(request, "break")) {
                v->friend = (struct victim *)8;
                stumble(1);
        }
        return cop_no_clause();
}

static cop_term format_status(struct victim *v, cop_term status)
{
        return cop_map_put(status, cop_atom("state"), cop_atom("hidden"));
}

static void own_end(void *none)
{
        cop_report(COP_LEVEL_ERROR, "destructor");
}

static cop_next init(struct victim *v, cop_term argument)
{
        cop_own(v, own_end);
        return cop_ok();
}

COP_SERVER(victim, struct victim, .init = init, .handle_call = handle_call);
COP_SERVER(shy_victim, struct victim, .handle_call = handle_call, .format_status = format_status);

/* ---- hearing ---- */

static void hear(void *context, enum cop_level level, cop_term report)
{
        cop_term facts;

        if (cop_match(report, "#{label := {proc_lib, crash}, report := [Facts, []]}", &facts))
                cop_send("listener", "{crash, Facts}", facts);
        else if (cop_is(report, "destructor"))
                cop_send("listener", "destructor");
}

static void listen(void)
{
        cop_register("listener", cop_self());
        cop_report_to(hear, NULL);
}

/* The facts of the report that this request causes. */
static cop_term crash_of(const struct cop_module *module, const char *request)
{
        struct cop_start_options options = { .struct_size = sizeof(options) };
        cop_pid pid = cop_server_start_with(module, cop_nil(), &options);
        cop_term answer, facts;

        cop_assert(!cop_try_call(&answer, 60000, pid, "Request", cop_read(request)));
        if (!cop_receive(60000, "{crash, Facts}", &facts))
                cop_fail("no report");
        cop_report_to(NULL, NULL);
        return facts;
}

static cop_term fact(cop_term facts, const char *name)
{
        COP_EACH (pair, facts)
                if (cop_is(cop_element(pair, 0), name))
                        return cop_element(pair, 1);
        return COP_NONE;
}

static cop_term error_info(cop_term facts, cop_term *reason)
{
        cop_term backtrace;

        cop_assert_match(fact(facts, "error_info"), "{exit, Reason, Backtrace}", reason,
                         &backtrace);
        return backtrace;
}

/* The functions of the frames, and the file and line of the first. */
static cop_term functions(cop_term backtrace)
{
        cop_term list = cop_nil();

        COP_EACH (frame, cop_frames(backtrace))
                if (cop_is_tuple(frame)) /* the middle may be left out */
                        list = cop_cons(cop_element(frame, 1), list);
        return cop_reverse(list);
}

/* Functions may be inlined into each other only where there is debug information, and then all are
 * there. */
static void has_functions(cop_term backtrace, const char *inner, const char *outer)
{
        cop_term list = functions(backtrace);

        if (!COP_HAVE_DW)
                return;
        if (!cop_is(cop_head(list), inner) || !cop_is_member(cop_atom(outer), list))
                cop_fail("%s", cop_show(list));
}

/* ---- */

COP_TEST(CRASH_fault, "a fault is reported with what was called from where")
{
        cop_term reason, facts;

        listen();
        facts = crash_of(COP__REF(victim), "{stumble, 1}");
        has_functions(error_info(facts, &reason), "stumble", "handle_call");
        cop_assert_match(reason, "{segv, #{address := 4}}");
        cop_assert_term(fact(facts, "initial_call"), "{victim, init, 1}");
        cop_assert_term(fact(facts, "last_message"), "{stumble, 1}");
        if (COP_HAVE_DW)
                cop_assert_term(fact(facts, "state"),
                                "{'struct victim', [{wounds,1}, {friend,'NULL'}]}");
}

COP_TEST(CRASH_line, "where it was is a file and a line")
{
        cop_term reason, facts;
        const char *text;

        if (!COP_HAVE_DW)
                cop_skip("built without libdw");
        listen();
        facts = crash_of(COP__REF(victim), "{stumble, 1}");
        text = cop_frames_text(error_info(facts, &reason));
        if (strncmp(text, "    tests/inspect/test_crashes.c:27: stumble\n", 45) != 0 ||
            strstr(text, "cop__"))
                cop_fail("%s", text);
}

COP_TEST(CRASH_overflow, "of a stack that overflowed both ends are reported")
{
        cop_term reason, facts, list;

        if (COP_ASAN || COP_TSAN)
                cop_skip("the sanitizer makes another stack of it");
        listen();
        facts = crash_of(COP__REF(victim), "fall");
        list = error_info(facts, &reason);
        cop_assert_match(reason, "{stack_overflow, _}");
        cop_assert_equal(cop_length(list), 48 + 1 + 16);
        cop_assert(cop_is_member(cop_atom("..."), list));
        has_functions(list, "fall", "handle_call");
}

/* A list of such as {'...'} or numbers, no longer than both ends of a stack. */
static void has_numbers_only(cop_term list)
{
        cop_assert(cop_length(list) <= 48 + 1 + 16);
        COP_EACH (place, list)
                cop_assert(cop_is_int(place) || cop_is(place, "..."));
}

COP_TEST(TRAP_9, "a reason and a backtrace are numbers, and not many")
{
        cop_term reason, facts, address, pc;

        listen();
        facts = crash_of(COP__REF(victim), "{stumble, 1}");
        has_numbers_only(error_info(facts, &reason));
        cop_assert_match(reason, "{segv, #{address := Address, pc := Pc}}", &address, &pc);
        cop_assert(cop_is_int(address) && cop_is_int(pc));
}

COP_TEST(TRAP_9_place, "what failed by a mistake has file and line of where it was")
{
        cop_term reason, facts, file, line;

        listen();
        facts = crash_of(COP__REF(victim), "err");
        has_numbers_only(error_info(facts, &reason));
        cop_assert_match(reason, "{badarg, [{_, _, _, [{file, File}, {line, Line}]}]}", &file,
                         &line);
        cop_assert_match(file, "<<\"tests/inspect/test_crashes.c\">>");
        cop_assert(cop_is_int(line));
}

COP_TEST(CRASH_abort, "so is an abort()")
{
        cop_term reason, facts, list;

        listen();
        facts = crash_of(COP__REF(victim), "abort");
        list = functions(error_info(facts, &reason));
        cop_assert_match(reason, "{abort, _}");
        if (COP_HAVE_DW && !cop_is_member(cop_atom("handle_call"), list))
                cop_fail("%s", cop_show(list));
}

COP_TEST(CRASH_error, "an error is reported with what was called from where")
{
        cop_term reason, facts;

        listen();
        facts = crash_of(COP__REF(victim), "err");
        has_functions(error_info(facts, &reason), "err", "handle_call");
        cop_assert_match(reason, "{badarg, [_]}");
}

COP_TEST(CRASH_broken, "a state that is broken is shown as far as it can be read")
{
        cop_term facts;

        listen();
        facts = crash_of(COP__REF(victim), "break");
        if (COP_HAVE_DW)
                cop_assert_match(fact(facts, "state"),
                                 "{_, [{wounds,1}, {friend, {pointer, 8, {'struct victim',"
                                 " [{wounds,unreadable}, {friend,unreadable}]}}}]}");
}

COP_TEST(CRASH_hidden, "where format_status may hide something, a fault shows no state")
{
        cop_term facts;

        listen();
        facts = crash_of(COP__REF(shy_victim), "{stumble, 0}");
        cop_assert(cop_is_none(fact(facts, "state")));
}

COP_TEST(CRASH_order, "the report comes before the destructors, and those before the news")
{
        cop_pid pid;
        cop_ref ref;

        listen();
        pid = cop_server_start(victim, cop_nil());
        ref = cop_monitor(pid);
        cop_send_request(pid, "{stumble, 0}");
        cop_assert(cop_receive(60000, "{'DOWN', ^Ref, process, _, {segv, _}}", &ref));
        cop_assert(cop_receive(0, "{crash, _}"));
        cop_assert(cop_receive(0, "destructor"));
        cop_report_to(NULL, NULL);
}

static void hear_badly(void *context, enum cop_level level, cop_term report)
{
        stumble(0);
}

static void hear_with_an_error(void *context, enum cop_level level, cop_term report)
{
        cop_error("deaf");
}

COP_TEST(CRASH_reporter, "who reports may fail or fault: the process ends with its own reason")
{
        cop_pid pid;
        cop_ref ref;

        for (int i = 0; i < 2; i++) {
                cop_report_to(i ? hear_badly : hear_with_an_error, NULL);
                pid = cop_server_start(shy_victim, cop_nil());
                ref = cop_monitor(pid);
                cop_send_request(pid, "{stumble, 16}");
                cop_assert(cop_receive(
                        60000, "{'DOWN', ^Ref, process, _, {segv, #{address := 64}}}", &ref));
        }
        cop_report_to(NULL, NULL);
}

COP_TEST(CRASH_unwanted, "where nobody wants reports there is no backtrace")
{
        enum cop_level before;
        cop_term answer;
        cop_pid pid;

        listen();
        before = cop_set_report_level(COP_LEVEL_CRITICAL);
        pid = cop_server_start(victim, cop_nil());
        cop_assert(!cop_try_call(&answer, 60000, pid, "{stumble, 1}"));
        cop_assert(!cop_receive(0, "{crash, _}"));
        cop_set_report_level(before);
        cop_report_to(NULL, NULL);
}

COP_TEST(CRASH_caught, "an error that the program catches inside a turn leaves no trace")
{
        cop_pid pid = cop_server_start(victim, cop_nil());

        cop_assert_term(cop_call(pid, "recover"), "[]");
        cop_server_stop(pid);
}

static void count(void *reports, enum cop_level level, cop_term report)
{
        cop_term facts;

        if (!cop_match(report, "#{label := {proc_lib, crash}, report := [Facts, []]}", &facts))
                return;
        __atomic_add_fetch((int *)reports, 1, __ATOMIC_RELAXED);
        if (!cop_is_none(fact(facts, "not_reported")))
                cop_send("listener", "{not_reported, N}", fact(facts, "not_reported"));
}

COP_TEST(CRASH_storm, "of many faults a few are reported, and the others are counted")
{
        int reports = 0;
        int64_t left_out;
        cop_term answer;

        if (!world_is_simulated())
                return; /* elsewhere the clock goes on */
        cop_register("listener", cop_self());
        cop_report_to(count, &reports);
        cop_sleep(1000);
        for (int i = 0; i < 200; i++) {
                cop_pid pid = cop_server_start(shy_victim, cop_nil());

                cop_assert(!cop_try_call(&answer, 60000, pid, "{stumble, 0}"));
        }
        cop_assert_equal(reports, 20);
        cop_sleep(2000);
        cop_try_call(&answer, 60000, cop_server_start(shy_victim, cop_nil()), "{stumble, 0}");
        cop_assert(cop_receive(60000, "{not_reported, N}", &left_out));
        cop_assert_equal(left_out, 180);
        cop_report_to(NULL, NULL);
}
