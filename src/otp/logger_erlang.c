/*
 * logger_erlang.c: events as Erlang's own formatter shows them, and its reports as it does, for
 * those who have tools or eyes for that.
 *
 *     =SUPERVISOR REPORT==== 21-Nov-2026::16:37:14.677715 ===
 *         supervisor: {local,sequence_supervisor}
 *         errorContext: child_terminated
 *         reason: ...
 *
 * A term begins in the column in which it stands, and is broken at 80 as ~tp breaks it.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <coppice/inspect.h>
#include <coppice/text.h>

#include "otp/logger.h"

struct text {
        struct buffer *out;
        size_t term_max;
};

#define add(text, ...) cop__buffer_format((text)->out, __VA_ARGS__)

/* Lead, the term from there on, and the line's end. */
static void add_line(struct text *text, const char *lead, cop_term term)
{
        cop__buffer_add_text(text->out, lead);
        cop__buffer_add_text(text->out,
                             cop_show_as(term, .pretty = true, .indent = (unsigned)strlen(lead),
                                         .bytes_max = text->term_max));
        cop__buffer_add_char(text->out, '\n');
}

/* "    name: " and a term. */
static void add_fact(struct text *text, const char *name, cop_term value)
{
        char lead[80];

        if (cop_is_none(value) ||
            (cop_is(value, "undefined") && strcmp(name, "process_label") == 0))
                return;
        snprintf(lead, sizeof(lead), "    %s: ", name);
        add_line(text, lead, value);
}

/* ---- the reports ---- */

/* Who called last, as far as that is known. */
static void add_client(struct text *text, cop_term client)
{
        cop_term pid, name, stack;

        if (cop_match(client, "{Pid, {Name, Stack}}", &pid, &name, &stack)) {
                add(text, "** Client %s stacktrace\n", cop_show(name));
                add_line(text, "** ", stack);
        } else if (cop_match(client, "{Pid, dead}", &pid)) {
                add(text, "** Client %s is dead\n", cop_show(pid));
        }
}

static bool add_server(struct text *text, cop_term report)
{
        cop_term name, message, client, state, reason;

        if (!cop_match(report,
                       "#{name := Name, last_message := Message, client_info := Client,"
                       "  state := State, reason := Reason}",
                       &name, &message, &client, &state, &reason))
                return false;
        add(text, "** Generic server %s terminating \n", cop_show(name));
        add_line(text, "** Last message in was ", message);
        add_line(text, "** When Server state == ", state);
        add(text, "** Reason for termination ==\n");
        add_line(text, "** ", reason);
        add_client(text, client);
        return true;
}

static bool is_nothing(cop_term term)
{
        return cop_is_none(term) || cop_is_nil(term);
}

/* With callback_mode and state_enter as OTP has them in one. */
static cop_term mode_of(cop_term report)
{
        cop_term mode = cop_map_get(report, cop_atom("callback_mode"), cop_nil());

        return cop_is(cop_map_get(report, cop_atom("state_enter"), cop_nil()), "true")
                       ? cop_build("[Mode, state_enter]", mode)
                       : mode;
}

static bool add_machine(struct text *text, cop_term report)
{
        cop_term name, queue, postponed, modules, state, class, reason, stack, timeouts, client;
        int64_t count;

        if (!cop_match(report,
                       "#{name := Name, queue := Queue, postponed := Postponed,"
                       "  modules := Modules, state := State, reason := {Class, Reason, Stack},"
                       "  timeouts := Timeouts, client_info := Client}",
                       &name, &queue, &postponed, &modules, &state, &class, &reason, &stack,
                       &timeouts, &client))
                return false;
        add(text, "** State machine %s terminating\n", cop_show(name));
        if (!is_nothing(queue))
                add_line(text, "** Last event = ", cop_head(queue));
        add_line(text, "** When server state  = ", state);
        add(text, "** Reason for termination = %s:", cop_show(class));
        add_line(text, "", reason);
        add_line(text, "** Callback modules = ", modules);
        add_line(text, "** Callback mode = ", mode_of(report));
        if (!is_nothing(queue) && !cop_is_nil(cop_tail(queue)))
                add_line(text, "** Queued = ", cop_tail(queue));
        if (!is_nothing(postponed))
                add_line(text, "** Postponed = ", postponed);
        if (!is_nothing(stack)) {
                add(text, "** Stacktrace =\n");
                add_line(text, "**  ", cop_frames(stack));
        }
        if (cop_match(timeouts, "{Count, _}", &count) && count > 0)
                add_line(text, "** Time-outs: ", timeouts);
        add_client(text, client);
        return true;
}

static bool add_handler(struct text *text, cop_term report)
{
        cop_term handler, name, message, state, reason, inner;

        if (!cop_match(report,
                       "#{handler := Handler, name := Name, last_message := Message,"
                       "  state := State, reason := Reason}",
                       &handler, &name, &message, &state, &reason))
                return false;
        if (cop_match(reason, "{'EXIT', Reason}", &inner))
                reason = inner;
        add(text, "** gen_event handler %s crashed.\n", cop_show(handler));
        add(text, "** Was installed in %s\n", cop_show(name));
        add_line(text, "** Last event was: ", message);
        add_line(text, "** When handler state == ", state);
        add_line(text, "** Reason == ", reason);
        return true;
}

static bool add_dropped(struct text *text, cop_term report)
{
        cop_term module, message;

        if (!cop_match(report, "#{module := Module, message := Message}", &module, &message))
                return false;
        add(text, "** Undefined handle_info in %s\n", cop_show(module));
        add_line(text, "** Unhandled message: ", message);
        return true;
}

static bool add_unexpected(struct text *text, cop_term report)
{
        cop_term message;

        if (!cop_match(report, "#{message := Message}", &message))
                return false;
        add_line(text, "Supervisor received unexpected message: ", message);
        return true;
}

/* {Module, Function, Arity, Place} as "module:function/arity (file, line N)". */
static void add_frame(struct text *text, const char *lead, cop_term frame)
{
        cop_term module, function, arity, place, file;
        int64_t line;

        if (!cop_match(frame, "{M, F, A, P}", &module, &function, &arity, &place))
                return;
        if (cop_is_list(arity))
                arity = cop_int((int64_t)cop_length(arity));
        add(text, "      %s %s:%s/%s", lead, cop_show(module), cop_show(function), cop_show(arity));
        if (cop_match(place, "[{file, File}, {line, Line} | _]", &file, &line))
                add(text, " (%s, line %lld)", cop_to_cstring(file), (long long)line);
        add(text, "\n");
}

static void add_exception(struct text *text, cop_term info)
{
        cop_term class, reason, stack, own, error;
        char lead[64];
        bool first = true;

        if (cop_is_none(info) || !cop_match(info, "{C, R, S}", &class, &reason, &stack))
                return;
        snprintf(lead, sizeof(lead), "    exception %s: ", cop_to_atom_text(class));
        if (cop_match(reason, "{E, S}", &error, &own) && cop__log_is_stack(own)) {
                snprintf(lead, sizeof(lead), "    exception error: ");
                reason = error;
                stack = own;
        }
        stack = cop_frames(stack);
        add_line(text, lead, reason);
        COP_EACH (frame, stack) {
                add_frame(text, first ? "in function " : "in call from", frame);
                first = false;
        }
}

static void add_crashed(struct text *text, cop_term facts)
{
        static const char *const names[] = {
                "ancestors", "process_label", "message_queue_len", "messages",
                "links",     "dictionary",    "trap_exit",         "status",
                "heap_size", "stack_size",    "reductions",        "last_message",
                "state",
        };
        cop_term name = cop__log_fact(facts, "registered_name");
        cop_term module, function;
        int64_t arity;
        size_t i;

        if (cop_match(cop__log_fact(facts, "initial_call"), "{M, F, A}", &module, &function,
                      &arity))
                add(text, "    initial call: %s:%s/%lld\n", cop_show(module), cop_show(function),
                    (long long)arity);
        add_fact(text, "pid", cop__log_fact(facts, "pid"));
        add_fact(text, "registered_name", cop_is(name, "undefined") ? cop_nil() : name);
        add_exception(text, cop__log_fact(facts, "error_info"));
        for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
                add_fact(text, names[i], cop__log_fact(facts, names[i]));
}

static bool add_crash(struct text *text, cop_term report)
{
        cop_term facts, neighbours;

        if (!cop_match(report, "#{report := [Facts, Neighbours]}", &facts, &neighbours))
                return false;
        add(text, "  crasher:\n");
        add_crashed(text, facts);
        add(text, "  neighbours:\n");
        COP_EACH (neighbour, neighbours) {
                add(text, "    neighbour:\n");
                add_crashed(text, neighbour);
        }
        return true;
}

/* A list of pairs, each on a line of its own: supervisors and applications. */
static bool add_pairs(struct text *text, cop_term report)
{
        cop_term pairs, name;

        if (!cop_match(report, "#{report := Pairs}", &pairs) || !cop_is_list(pairs))
                return false;
        COP_EACH (pair, pairs) {
                if (!cop_match(pair, "{Name, _}", &name) || !cop_is_atom(name))
                        return false;
                add_fact(text, cop_to_atom_text(name), cop_element(pair, 1));
        }
        return true;
}

static bool add_error(struct text *text, cop_term report)
{
        cop_term pid, reason;

        if (!cop_match(report, "#{pid := Pid, reason := Reason}", &pid, &reason))
                return false;
        add(text, "Error in process %s with exit value:\n", cop_show(pid));
        add_line(text, "", reason);
        return true;
}

static const struct {
        const char *who, *what; /* of the label; what NULL: anything */
        const char *kind;       /* in the first line; NULL: the level */
        bool (*show)(struct text *text, cop_term report);
} reports[] = {
        { "gen_server", "terminate", NULL, add_server },
        { "gen_server", "no_handle_info", NULL, add_dropped },
        { "gen_statem", "terminate", NULL, add_machine },
        { "gen_event", "terminate", NULL, add_handler },
        { "gen_event", "no_handle_info", NULL, add_dropped },
        { "proc_lib", "crash", "CRASH", add_crash },
        { "supervisor", "progress", "PROGRESS", add_pairs },
        { "supervisor", "unexpected", NULL, add_unexpected },
        { "supervisor", NULL, "SUPERVISOR", add_pairs },
        { "application_controller", "progress", "PROGRESS", add_pairs },
        { "application_controller", NULL, "INFO", add_pairs },
        { "process", "error", NULL, add_error },
};

/* Its row of the table, or -1. */
static int kind_of(const struct cop_log_event *event)
{
        cop_term who, what;
        size_t i;

        if (event->text || !cop_match(event->report, "#{label := {Who, What}}", &who, &what))
                return -1;
        for (i = 0; i < sizeof(reports) / sizeof(reports[0]); i++)
                if (cop_is(who, reports[i].who) &&
                    (!reports[i].what || cop_is(what, reports[i].what)))
                        return (int)i;
        return -1;
}

/* Any other report: its keys, a line each. */
static void add_report(struct text *text, cop_term report)
{
        size_t i;

        if (!cop_is_map(report)) {
                add_line(text, "    ", report);
                return;
        }
        for (i = 0; i < cop_map_size(report); i++) {
                cop_term key = cop_map_key(report, i);

                add_fact(text, cop_is_atom(key) ? cop_to_atom_text(key) : cop_show(key),
                         cop_map_value(report, i));
        }
}

static void add_header(struct text *text, const struct cop_log_event *event, const char *kind)
{
        static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                              "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
        time_t seconds = (time_t)(event->time_ns / 1000000000);
        const char *level = cop_level_name(event->level);
        struct tm tm;

        localtime_r(&seconds, &tm);
        cop__buffer_add_char(text->out, '=');
        if (kind)
                cop__buffer_add_text(text->out, kind);
        else
                for (; *level; level++)
                        cop__buffer_add_char(text->out, (char)toupper((unsigned char)*level));
        add(text, " REPORT==== %d-%s-%d::%02d:%02d:%02d.%06d ===\n", tm.tm_mday, months[tm.tm_mon],
            tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec,
            (int)(event->time_ns / 1000 % 1000000));
}

void cop__log_format_erlang(struct buffer *out, const struct cop_log_event *event, size_t term_max)
{
        struct text text = { out, term_max };
        int kind = kind_of(event);

        add_header(&text, event, kind >= 0 ? reports[kind].kind : NULL);
        if (event->text)
                add(&text, "%s\n", event->text);
        else if (kind < 0 || !reports[kind].show || !reports[kind].show(&text, event->report))
                add_report(&text, event->report);
        if (!event->text)
                cop__buffer_add_char(out, '\n');
}
