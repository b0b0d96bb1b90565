/*
 * LOGGER: which events come to whom, and what becomes of handlers that fail.
 *
 * The handler of these tests is a process: the test itself, or a function that tells the test.
 */
#include <coppice/logger.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "support/valgrind.h"
#include "support/world.h"

/* From here on nothing goes to standard error, and every event comes as {log, Event}. */
static void begin(void)
{
        cop_logger_set_level(COP_LEVEL_NOTICE);
        cop_logger_remove("default");
        cop_assert_equal(cop_logger_add_process("test", cop_self()), 0);
}

static void end(void)
{
        cop_assert_equal(cop_logger_remove("test"), 0);
        cop_logger_set_level(COP_LEVEL_NOTICE);
}

/* The texts that came, as a list. */
static cop_term texts(void)
{
        cop_term list = cop_nil(), text;

        while (cop_receive(0, "{log, #{msg := {string, Text}}}", &text))
                list = cop_cons(text, list);
        return cop_reverse(list);
}

#define assert_texts(...) cop_assert_term(texts(), __VA_ARGS__)

/* What a process that does this ends with. */
static cop_term end_of(cop_process_fn *fn, cop_term argument)
{
        cop_ref ref;

        cop_spawn(fn, argument, .monitor = &ref);
        return down_reason(ref);
}

/* ---- levels ---- */

COP_TEST(LOGGER_level, "what is above the level is dropped, and nothing else")
{
        begin();
        cop_log_emergency("%d", 0);
        cop_log_alert("%d", 1);
        cop_log_critical("%d", 2);
        cop_log_error("%d", 3);
        cop_log_warning("%d", 4);
        cop_log_notice("%d", 5);
        cop_log_info("%d", 6);
        cop_log_debug("%d", 7);
        assert_texts("[<<\"0\">>, <<\"1\">>, <<\"2\">>, <<\"3\">>, <<\"4\">>, <<\"5\">>]");

        cop_assert_equal(cop_logger_set_level(COP_LEVEL_DEBUG), COP_LEVEL_NOTICE);
        cop_log_info("%d", 6);
        cop_log_debug("%d", 7);
        assert_texts("[<<\"6\">>, <<\"7\">>]");

        cop_logger_set_level(COP_LEVEL_NONE);
        cop_log_emergency("%d", 0);
        assert_texts("[]");
        cop_assert_equal(cop_logger_level(), COP_LEVEL_NONE);
        end();
}

static int made;

static int make(void)
{
        return ++made;
}

COP_TEST(LOGGER_off, "of what nobody wants the arguments are not even looked at")
{
        begin();
        made = 0;
        cop_log_info("%d", make());
        cop_log_with(COP_LEVEL_INFO, cop_build("#{n => N}", make()), "x");
        cop_report(COP_LEVEL_INFO, "#{n => N}", make());
        cop_assert_equal(made, 0);
        cop_log_notice("%d", make());
        assert_texts("[<<\"1\">>]");
        end();
}

COP_TEST(LOGGER_module, "a module may have a level of its own, above or below that of all")
{
        begin();
        cop_assert_equal(cop_logger_set_module_level("test_logger", COP_LEVEL_DEBUG), 0);
        cop_assert_equal(cop_logger_set_module_level("another", COP_LEVEL_DEBUG), 0);
        cop_log_debug("a");
        cop_assert_equal(cop_logger_set_module_level("test_logger", COP_LEVEL_ERROR), 0);
        cop_log_debug("b");
        cop_log_warning("c");
        cop_log_error("d");
        cop_assert_equal(cop_logger_unset_module_level("test_logger"), 0);
        cop_log_warning("e");
        cop_log_debug("f");
        assert_texts("[<<\"a\">>, <<\"d\">>, <<\"e\">>]");

        cop_assert_equal(cop_logger_unset_module_level("test_logger"), -ENOENT);
        cop_assert_equal(cop_logger_unset_module_level("another"), 0);
        cop_assert_equal(cop_logger_set_module_level("", COP_LEVEL_INFO), -EINVAL);
        end();
}

static void log_of_application(void)
{
#undef COP_LOG_APPLICATION
#define COP_LOG_APPLICATION "door"
        cop_log_info("of the door");
#undef COP_LOG_APPLICATION
#define COP_LOG_APPLICATION NULL
        cop_log_info("of nobody");
}

COP_TEST(LOGGER_application, "an application has a level, and a module of it comes before that")
{
        begin();
        log_of_application();
        assert_texts("[]");
        cop_assert_equal(cop_logger_set_application_level("door", COP_LEVEL_INFO), 0);
        log_of_application();
        assert_texts("[<<\"of the door\">>]");
        cop_assert_equal(cop_logger_set_module_level("test_logger", COP_LEVEL_ERROR), 0);
        log_of_application();
        assert_texts("[]");
        cop_assert_equal(cop_logger_unset_module_level("test_logger"), 0);
        cop_assert_equal(cop_logger_unset_application_level("door"), 0);
        cop_assert_equal(cop_logger_unset_application_level("door"), -ENOENT);
        end();
}

static void log_two(cop_term who)
{
        cop_log_debug("%s debugs", cop_to_atom_text(who));
        cop_log_error("%s errs", cop_to_atom_text(who));
}

static void be_verbose(cop_term who)
{
        cop_log_set_level(COP_LEVEL_DEBUG);
        end_of(log_two, cop_build("child"));
        log_two(who);
}

static void be_silent(cop_term who)
{
        cop_log_set_level(COP_LEVEL_DEBUG);
        cop_log_set_level(COP_LEVEL_NONE);
        log_two(who);
        cop_log_unset_level();
        log_two(who);
}

COP_TEST(LOGGER_process, "a process may have a level, which its children do not inherit")
{
        begin();
        end_of(be_verbose, cop_build("a"));
        assert_texts("[<<\"child errs\">>, <<\"a debugs\">>, <<\"a errs\">>]");
        end_of(be_silent, cop_build("b"));
        assert_texts("[<<\"b errs\">>]");
        cop_assert(!cop_is_reported(COP_LEVEL_DEBUG));
        end();
}

COP_TEST(LOGGER_configure, "levels are said in a text, and what is wrong in it is said as well")
{
        char error[256] = "";

        begin();
        cop_assert_equal(
                cop_logger_configure("warning,test_logger=debug,app:x=none", error, sizeof(error)),
                0);
        cop_assert_equal(cop_logger_level(), COP_LEVEL_WARNING);
        cop_log_debug("yes");
        assert_texts("[<<\"yes\">>]");
        cop_assert_equal(cop_logger_unset_module_level("test_logger"), 0);
        cop_assert_equal(cop_logger_unset_application_level("x"), 0);

        cop_assert_equal(cop_logger_configure("error,a=debgu", error, sizeof(error)), -EINVAL);
        cop_assert_text(error,
                        "\"debgu\" is no level; there are emergency, alert, critical, error, "
                        "warning, notice, info, debug and none");
        cop_assert_equal(cop_logger_configure("=debug", error, sizeof(error)), -EINVAL);
        cop_assert_text(error, "\"=debug\": a name has 1 to 63 bytes");
        cop_assert_equal(cop_logger_configure("", error, sizeof(error)), -EINVAL);
        cop_assert_equal(cop_logger_level(), COP_LEVEL_WARNING);
        end();
}

/* ---- metadata ---- */

static void tell_metadata(cop_term unused)
{
        cop_log_error("child");
}

COP_TEST(LOGGER_metadata, "an event says who logged it, when and where, and what its caller says")
{
        cop_term meta, before, module, function;
        int64_t line, time;
        cop_pid pid, leader;

        begin();
        before = cop_log_set_metadata(cop_build("#{door => 3, user => x}"));
        cop_assert_term(before, "#{}");
        cop_log_with(COP_LEVEL_ERROR, cop_build("#{user => y, key => 1}"), "open");
        cop_assert(cop_receive(
                0, "{log, #{level := error, msg := {string, <<\"open\">>}, meta := M}}", &meta));
        cop_assert_match(meta, "#{pid := P, gl := G, line := L, time := T, mfa := {M, F, 0}}", &pid,
                         &leader, &line, &time, &module, &function);
        cop_assert_equal(pid, cop_self());
        cop_assert_equal(leader, cop_group_leader());
        cop_assert_equal(line, __LINE__ - 7);
        cop_assert_term(module, "test_logger");
        cop_assert_term(function, "cop__test_run_LOGGER_metadata");
        cop_assert(time > 0);
        cop_assert_match(meta, "#{door := 3, user := y, key := 1}");

        cop_log_update_metadata(cop_build("#{door => 4}"));
        cop_assert_term(cop_log_metadata(), "#{door => 4, user => x}");
        end_of(tell_metadata, cop_nil());
        cop_assert(cop_receive(0, "{log, #{meta := M}}", &meta));
        cop_assert(!cop_match(meta, "#{door := _}"));
        end();
}

COP_TEST(LOGGER_report, "a report is a term first")
{
        begin();
        cop_report(COP_LEVEL_WARNING, "#{sensor => S}", 3);
        cop_report_with(COP_LEVEL_WARNING, cop_build("#{a => b}"), "[1, 2]");
        cop_report_term(COP_LEVEL_WARNING, cop_build("x"));
        cop_report_term(COP_LEVEL_INFO, cop_build("y"));
        cop_assert(cop_receive(0, "{log, #{level := warning, msg := {report, #{sensor := 3}}}}"));
        cop_assert(cop_receive(0, "{log, #{msg := {report, [1, 2]}, meta := #{a := b}}}"));
        cop_assert(cop_receive(0, "{log, #{msg := {report, x}}}"));
        cop_assert_term(messages(), "[]");
        end();
}

COP_TEST(LOGGER_long_text, "a text is cut off after some thousand bytes, between two characters")
{
        char *text = cop_alloc(10001);
        cop_term said;
        size_t i;

        begin();
        for (i = 0; i < 10000; i += 2)
                memcpy(text + i, "\xc3\xa4", 2);
        cop_log_error("x%s", text);
        cop_assert(cop_receive(0, "{log, #{msg := {string, T}}}", &said));
        cop_assert(cop_byte_size(said) < COP_LOG_TEXT_MAX + 64);
        cop_assert(strstr(cop_to_cstring(said), "\xc3\xa4 ... ("));
        cop_assert(cop_show_as(said)[2] == '"');
        cop_free(text);
        end();
}

static void log_nonsense(cop_term unused)
{
        cop_log_error("%s", (const char *)1);
}

COP_TEST(LOGGER_bad_pointer, "a format's bad pointer is the end of the process that logs, alone")
{
        cop_term what;

        will_fault();
        begin();
        cop_assert_match(end_of(log_nonsense, cop_nil()), "{What, _}", &what);
        cop_assert_term(what, "segv");
        end();
}

/* ---- handlers ---- */

COP_TEST(LOGGER_handlers, "handlers have ids and levels, and are added and removed")
{
        begin();
        cop_assert_equal(cop_logger_add_process("test", cop_self()), -EEXIST);
        cop_assert_equal(cop_logger_add_process("", cop_self()), -EINVAL);
        cop_assert_equal(cop_logger_add_console("x", .burst_ms = -1), -EINVAL);
        cop_assert_equal(cop_logger_add_process("errors", cop_self(), .level = COP_LEVEL_ERROR), 0);
        cop_assert_term(cop_sort(cop_logger_handlers()), "[errors, test]");
        cop_assert_term(cop_logger_handler("errors"),
                        "#{id => errors, level => error, format => text, taken => 0, lost => 0}");
        cop_assert(cop_is_none(cop_logger_handler("nobody")));

        cop_log_warning("w");
        cop_log_error("e");
        assert_texts("[<<\"w\">>, <<\"e\">>, <<\"e\">>]");
        cop_assert_equal(cop_logger_set_handler_level("errors", COP_LEVEL_EMERGENCY), 0);
        cop_log_error("e");
        assert_texts("[<<\"e\">>]");
        cop_assert_equal(cop_logger_set_handler_level("nobody", COP_LEVEL_DEBUG), -ENOENT);

        cop_assert_equal(cop_logger_remove("errors"), 0);
        cop_assert_equal(cop_logger_remove("errors"), -ENOENT);
        end();
}

static void wait_for_stop(cop_term none)
{
        cop_receive(COP_FOREVER, "stop");
}

COP_TEST(LOGGER_handler_dies, "the handler of a process goes when the process does")
{
        cop_ref ref;
        cop_pid pid;

        begin();
        pid = cop_spawn(wait_for_stop, cop_nil(), .monitor = &ref);
        cop_assert_equal(cop_logger_add_process("theirs", pid), 0);
        cop_assert_equal(cop_logger_add_process("theirs", cop_self()), -EEXIST);
        cop_send(pid, "stop");
        down_reason(ref);
        cop_assert_term(cop_logger_handlers(), "[test]");
        cop_assert(cop_is_none(cop_logger_handler("theirs")));
        cop_assert_equal(cop_logger_remove("theirs"), -ENOENT);
        cop_assert_equal(cop_logger_add_process("theirs", cop_self()), 0);
        cop_assert_equal(cop_logger_remove("theirs"), 0);
        end();
}

COP_TEST(LOGGER_handlers_most, "there are at most 16 handlers")
{
        char id[16];
        int i;

        begin();
        for (i = 0; i < 15; i++) {
                snprintf(id, sizeof(id), "h%d", i);
                cop_assert_equal(cop_logger_add_process(id, cop_self()), 0);
        }
        cop_assert_equal(cop_logger_add_process("more", cop_self()), -ENOSPC);
        for (i = 0; i < 15; i++) {
                snprintf(id, sizeof(id), "h%d", i);
                cop_assert_equal(cop_logger_remove(id), 0);
        }
        end();
}

static char mine[] = "mine";

static void tell_test(void *context, const struct cop_log_event *event)
{
        if (event->text)
                cop_send("test", "{told, What, Text}", (const char *)context, event->text);
        cop_log_error("of the handler");
}

COP_TEST(LOGGER_function, "a handler is a function, and what it logs goes to the others only")
{
        begin();
        cop_register("test", cop_self());
        cop_assert_equal(cop_logger_add("mine", tell_test, mine), 0);
        cop_log_error("x");
        cop_assert(cop_receive(0, "{told, <<\"mine\">>, <<\"x\">>}"));
        cop_assert_equal(cop_logger_remove("mine"), 0);
        cop_assert_term(cop_sort(texts()), "[<<\"of the handler\">>, <<\"x\">>]");
        cop_assert_term(messages(), "[]");
        end();
}

static volatile int *nowhere;

static void fail(void *context, const struct cop_log_event *event)
{
        int how = *(int *)context;

        if (how == 0)
                cop_error("broken");
        else if (how == 1)
                cop_exit("broken");
        else
                *nowhere = 1;
}

static void log_once(cop_term unused)
{
        cop_log_error("x");
        cop_log_error("y");
}

COP_TEST(LOGGER_failing_handler,
         "a handler that fails is removed and reported, and its caller lives")
{
        int how;

        begin();
        for (how = 0; how < 2; how++) {
                cop_term reason;

                cop_assert_equal(cop_logger_add("broken", fail, &how), 0);
                cop_assert_term(end_of(log_once, cop_nil()), "normal");
                cop_assert(cop_receive(0,
                                       "{log, #{level := error, msg := {report, #{label := {logger,"
                                       "  removed_failing_handler}, id := <<\"broken\">>,"
                                       "  reason := R}}}}",
                                       &reason));
                cop_assert(how == 0 ? cop_match(reason, "{broken, _}") : cop_is(reason, "broken"));
                assert_texts("[<<\"x\">>, <<\"y\">>]");
                cop_assert_term(cop_logger_handlers(), "[test]");
        }
        end();
}

COP_TEST(LOGGER_faulting_handler, "a handler that faults takes its caller along, and is removed")
{
        cop_term what;
        int how = 2;

        will_fault();
        begin();
        cop_assert_equal(cop_logger_add("broken", fail, &how), 0);
        cop_assert_match(end_of(log_once, cop_nil()), "{What, _}", &what);
        cop_assert_term(what, "segv");
        cop_assert(cop_receive(0, "{log, #{msg := {report, #{label := {logger,"
                                  "  removed_failing_handler}, reason := {segv, _}}}}}"));
        cop_assert_term(cop_logger_handlers(), "[test]");
        cop_assert_term(end_of(log_once, cop_nil()), "normal");
        end();
}

static void wait_in_handler(void *context, const struct cop_log_event *event)
{
        cop_sleep(COP_FOREVER);
}

COP_TEST(LOGGER_killed_in_handler, "a kill in a handler is no fault of the handler")
{
        cop_pid pid;
        cop_ref ref;

        begin();
        cop_assert_equal(cop_logger_add("slow", wait_in_handler, NULL), 0);
        pid = cop_spawn(log_once, cop_nil());
        cop_assert(cop_system_quiet(5000));
        ref = cop_monitor(pid);
        cop_kill(pid);
        cop_assert_term(down_reason(ref), "killed");
        cop_assert_term(cop_sort(cop_logger_handlers()), "[slow, test]");
        cop_assert_equal(cop_logger_remove("slow"), 0);
        end();
}

/* ---- filters ---- */

static enum cop_log_verdict by_text(void *context, struct cop_log_event *event)
{
        if (!event->text)
                return COP_LOG_IGNORE;
        if (strcmp(event->text, "stop") == 0)
                return COP_LOG_STOP;
        if (strcmp(event->text, "pass") == 0)
                return COP_LOG_PASS;
        if (strcmp(event->text, "change") == 0)
                event->text = "changed";
        return COP_LOG_IGNORE;
}

static enum cop_log_verdict never(void *context, struct cop_log_event *event)
{
        return COP_LOG_STOP;
}

static enum cop_log_verdict break_down(void *context, struct cop_log_event *event)
{
        cop_exit("broken");
}

static void log_all(void)
{
        cop_log_error("stop");
        cop_log_error("pass");
        cop_log_error("change");
        cop_log_error("go");
}

COP_TEST(LOGGER_filters, "filters stop, pass or change what comes, for one handler or all")
{
        begin();
        cop_assert_equal(cop_logger_add_filter("test", "text", by_text, NULL), 0);
        cop_assert_equal(cop_logger_add_filter("test", "text", by_text, NULL), -EEXIST);
        cop_assert_equal(cop_logger_add_filter("nobody", "text", by_text, NULL), -ENOENT);
        cop_assert_equal(cop_logger_add_filter("test", "", by_text, NULL), -EINVAL);
        log_all();
        assert_texts("[<<\"pass\">>, <<\"changed\">>, <<\"go\">>]");
        cop_assert_equal(cop_logger_add_filter("test", "never", never, NULL), 0);
        log_all();
        assert_texts("[<<\"pass\">>]");
        cop_assert_equal(cop_logger_remove_filter("test", "never"), 0);
        cop_assert_equal(cop_logger_remove_filter("test", "never"), -ENOENT);
        cop_assert_equal(cop_logger_remove_filter("test", "text"), 0);

        cop_assert_equal(cop_logger_add_filter(NULL, "text", by_text, NULL), 0);
        log_all();
        assert_texts("[<<\"pass\">>, <<\"changed\">>, <<\"go\">>]");
        cop_assert_equal(cop_logger_remove_filter(NULL, "text"), 0);
        end();
}

COP_TEST(LOGGER_failing_filter, "a filter that fails is removed and reported")
{
        begin();
        cop_assert_equal(cop_logger_add_filter("test", "broken", break_down, NULL), 0);
        cop_log_error("x");
        cop_log_error("y");
        cop_assert(cop_receive(0, "{log, #{msg := {report, #{label := {logger,"
                                  "  removed_failing_filter}, id := <<\"broken\">>}}}}"));
        assert_texts("[<<\"y\">>]");
        end();
}

/* ---- captures ---- */

COP_TEST(LOGGER_capture, "a capture has what was logged while it was open")
{
        struct cop_log_capture *capture;

        begin();
        cop_log_error("before");
        capture = cop_log_capture_begin(COP_LEVEL_WARNING);
        cop_log_error("one %d", 1);
        cop_log_notice("not this");
        cop_assert_text(cop_log_captured(capture), "[error] one 1\n");
        cop_report(COP_LEVEL_WARNING, "{two, 2}");
        cop_assert_text(cop_log_capture_end(capture), "[error] one 1\n[warning] {two,2}\n");
        cop_log_error("after");
        end();
}
