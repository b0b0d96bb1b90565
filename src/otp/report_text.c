/*
 * report_text.c: reports as a person reads them.
 *
 * Each of OTP's reports has a sentence that says what ended, the reason under it, and then what
 * else is known, a line each:
 *
 *     12:00:00.000 [error] server sequence (<0.73.0>) terminating
 *     ** function_clause
 *         FILE:41: sequence:handle_cast
 *     Last message: {'$gen_cast',{increment_number,<<"cat">>}}
 *     State: ...
 *
 * Any other report is printed as the term it is. Every term is cut off after some thousand bytes.
 */
#include <coppice/report.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <coppice/memory.h>
#include <coppice/process.h>
#include <coppice/text.h>
#include <coppice/timer.h>

enum { TEXT_MOST = 32 * 1024, TERM_MOST = 4 * 1024 };

/* A text that grows up to TEXT_MOST; what does not fit is left out. */
struct text {
        char *bytes;
        size_t size;
};

static void COP_PRINTF(2, 3) add(struct text *text, const char *format, ...)
{
        va_list values;
        int size;

        va_start(values, format);
        size = vsnprintf(text->bytes + text->size, TEXT_MOST - text->size, format, values);
        va_end(values);
        if (size > 0)
                text->size += (size_t)size;
        if (text->size >= TEXT_MOST)
                text->size = TEXT_MOST - 1;
}

static void add_term(struct text *text, cop_term term)
{
        const char *shown = cop_show(term);
        size_t size = strlen(shown);

        if (size <= TERM_MOST)
                add(text, "%s", shown);
        else
                add(text, "%.*s ... (%zu bytes more)", TERM_MOST, shown, size - TERM_MOST);
}

static void add_field(struct text *text, const char *name, cop_term value)
{
        add(text, "%s: ", name);
        add_term(text, value);
        add(text, "\n");
}

/* ---- reasons ---- */

/* {Module, Function, ArityOrArguments, Place} */
static bool add_frame(struct text *text, cop_term frame)
{
        cop_term module, function, place, file;
        int64_t line;

        if (!cop_match(frame, "{Module, Function, _, Place}", &module, &function, &place))
                return false;
        if (cop_match(place, "[{file, File}, {line, Line} | _]", &file, &line))
                add(text, "    %s:%lld: ", cop_to_cstring(file), (long long)line);
        else
                add(text, "    ");
        if (!cop_is(module, "undefined")) {
                add_term(text, module);
                add(text, ":");
        }
        add_term(text, function);
        add(text, "\n");
        return true;
}

static bool is_stack(cop_term list)
{
        if (!cop_is_list(list) || cop_is_nil(list))
                return false;
        for (; cop_is_list(list) && !cop_is_nil(list); list = cop_tail(list))
                if (!cop_match(cop_head(list), "{_, _, _, [_ | _]}") &&
                    !cop_match(cop_head(list), "{_, _, _, []}"))
                        return false;
        return cop_is_nil(list);
}

static void add_reason(struct text *text, cop_term reason)
{
        cop_term error, stack;

        add(text, "** ");
        if (!cop_match(reason, "{Error, Stack}", &error, &stack) || !is_stack(stack)) {
                add_term(text, reason);
                add(text, "\n");
                return;
        }
        add_term(text, error);
        add(text, "\n");
        COP_EACH (frame, stack)
                add_frame(text, frame);
}

/* ---- OTP's reports ---- */

/* name (<0.73.0>), or <0.73.0> */
static void add_process(struct text *text, cop_term name)
{
        add_term(text, name);
        if (!cop_is_pid(name)) {
                add(text, " (");
                add_term(text, cop_pid_term(cop_self()));
                add(text, ")");
        }
}

static bool add_server_error(struct text *text, cop_term report)
{
        cop_term name, message, client, state, reason;

        if (!cop_match(report,
                       "#{label := {gen_server, terminate}, name := Name, last_message := Message,"
                       "  client_info := Client, state := State, reason := Reason}",
                       &name, &message, &client, &state, &reason))
                return false;
        add(text, "server ");
        add_process(text, name);
        add(text, " terminating\n");
        add_reason(text, reason);
        add(text, "Last message");
        if (cop_is_pid(client)) {
                add(text, " (from ");
                add_term(text, client);
                add(text, ")");
        }
        add_field(text, "", message);
        add_field(text, "State", state);
        return true;
}

static cop_term fact_of(cop_term facts, const char *name)
{
        COP_EACH (fact, facts)
                if (cop_is_tuple(fact) && cop_tuple_size(fact) == 2 &&
                    cop_is(cop_element(fact, 0), name))
                        return cop_element(fact, 1);
        return COP_NONE;
}

/* What the server's own report, if there is one, has not said. */
static bool add_crash(struct text *text, cop_term report)
{
        cop_term facts, name, error, module, reason = cop_nil();

        if (!cop_match(report, "#{label := {proc_lib, crash}, report := [Facts, _]}", &facts))
                return false;
        name = fact_of(facts, "registered_name");
        add(text, "process ");
        add_process(text, cop_is_atom(name) ? name : cop_pid_term(cop_self()));
        add(text, " crashed\n");
        error = fact_of(facts, "error_info");
        if (!cop_is_none(error) && cop_match(error, "{_, Reason, _}", &reason))
                add_reason(text, reason);
        if (cop_match(fact_of(facts, "initial_call"), "{Module, init, 1}", &module))
                add_field(text, "Module", module);
        add_field(text, "Ancestors", fact_of(facts, "ancestors"));
        add_field(text, "Links", fact_of(facts, "links"));
        add_field(text, "Messages waiting", fact_of(facts, "message_queue_len"));
        return true;
}

/* From which child of which supervisor, and the facts that people look for. */
static void add_child(struct text *text, cop_term child)
{
        static const char *const facts[][2] = {
                { "pid", "Pid" },           { "nb_children", "Number" },
                { "mfargs", "Start" },      { "restart_type", "Restart" },
                { "shutdown", "Shutdown" }, { "child_type", "Type" },
        };
        size_t i;

        for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++) {
                cop_term fact = fact_of(child, facts[i][0]);

                if (!cop_is_none(fact) && !cop_is(fact, "undefined"))
                        add_field(text, facts[i][1], fact);
        }
}

static void add_whose_child(struct text *text, cop_term child, cop_term supervisor)
{
        add(text, "child ");
        add_term(text, fact_of(child, "id"));
        add(text, " of supervisor ");
        add_term(text, supervisor);
}

static const char *what_happened(cop_term kind)
{
        if (cop_is(kind, "start_error"))
                return "failed to start";
        if (cop_is(kind, "shutdown"))
                return "caused shutdown";
        if (cop_is(kind, "shutdown_error"))
                return "shut down abnormally";
        return "terminated";
}

static bool add_supervisor(struct text *text, cop_term report)
{
        cop_term supervisor, kind, reason, child, message;

        if (cop_match(report,
                      "#{label := {supervisor, progress},"
                      "  report := [{supervisor, S}, {started, Child}]}",
                      &supervisor, &child)) {
                add_whose_child(text, child, supervisor);
                add(text, " started\n");
                add_child(text, child);
                return true;
        }
        if (cop_match(
                    report,
                    "#{label := {supervisor, _}, report := [{supervisor, S}, {errorContext, Kind},"
                    "  {reason, Reason}, {offender, Child}]}",
                    &supervisor, &kind, &reason, &child)) {
                add_whose_child(text, child, supervisor);
                add(text, " %s\n", what_happened(kind));
                add_reason(text, reason);
                add_child(text, child);
                return true;
        }
        if (cop_match(report, "#{label := {supervisor, unexpected}, message := M, supervisor := S}",
                      &message, &supervisor)) {
                add(text, "supervisor ");
                add_term(text, supervisor);
                add(text, " received unexpected message: ");
                add_term(text, message);
                add(text, "\n");
                return true;
        }
        return false;
}

static void add_time(struct text *text)
{
        int64_t now_ns = cop_wall_clock_ns();
        time_t seconds = (time_t)(now_ns / 1000000000);
        struct tm tm;

        localtime_r(&seconds, &tm);
        add(text, "%02d:%02d:%02d.%03d ", tm.tm_hour, tm.tm_min, tm.tm_sec,
            (int)(now_ns / 1000000 % 1000));
}

const char *cop_report_text(enum cop_level level, cop_term report)
{
        struct text text = { cop_alloc(TEXT_MOST), 0 };
        const char *result;

        add_time(&text);
        add(&text, "[%s] ", cop_level_name(level));
        if (!add_server_error(&text, report) && !add_crash(&text, report) &&
            !add_supervisor(&text, report)) {
                add_term(&text, report);
                add(&text, "\n");
        }
        result = cop_to_cstring(cop_binary(text.bytes, text.size));
        cop_free(text.bytes);
        return result;
}
