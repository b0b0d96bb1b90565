/*
 * logger_text.c: events as a person reads them.
 *
 * Each of OTP's reports has a sentence that says what ended, the reason under it, and then what
 * else is known, a line each:
 *
 *     12:00:00.000 [error] server sequence (<0.73.0>) terminating
 *     ** function_clause
 *         FILE:41: handle_cast
 *     Last message: {'$gen_cast',{increment_number,<<"cat">>}}
 *     State: ...
 *
 * Which report is which its label says; the table below has a function for each. Any other report
 * is printed as the term it is. Of every term so many bytes are shown as the handler allows, and
 * what is not shown costs no time either.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <coppice/inspect.h>
#include <coppice/process.h>
#include <coppice/text.h>
#include <coppice/timer.h>

#include "otp/logger.h"

/* What is being written. */
struct text {
        struct buffer *out;
        const struct cop_log_event *event;
        size_t term_max;
};

#define add(text, ...) cop__buffer_format((text)->out, __VA_ARGS__)

static void add_term(struct text *text, cop_term term)
{
        cop__buffer_add_text(text->out, cop_show_as(term, .bytes_max = text->term_max));
}

static void add_field(struct text *text, const char *name, cop_term value)
{
        add(text, "\n%s: ", name);
        add_term(text, value);
}

cop_term cop__log_fact(cop_term facts, const char *name)
{
        if (!cop_is_list(facts))
                return COP_NONE;
        COP_EACH (fact, facts)
                if (cop_is_tuple(fact) && cop_tuple_size(fact) == 2 &&
                    cop_is(cop_element(fact, 0), name))
                        return cop_element(fact, 1);
        return COP_NONE;
}

/* A state as C has it, where it was looked at so: struct sequence{current = 457}. */
static void add_shown(struct text *text, const char *name, cop_term state)
{
        const char *shown = cop_shown_text(state);
        size_t size = strlen(shown);

        add(text, "\n%s: ", name);
        if (size <= text->term_max) {
                cop__buffer_add(text->out, shown, size);
                return;
        }
        size = text->term_max;
        while (size > 0 && ((unsigned char)shown[size] & 0xc0) == 0x80)
                size--;
        cop__buffer_add(text->out, shown, size);
        add(text, "...");
}

/* The fact, where there is one that says something. */
static void add_fact(struct text *text, const char *name, cop_term facts, const char *fact)
{
        cop_term value = cop__log_fact(facts, fact);

        if (!cop_is_none(value) && !cop_is(value, "undefined"))
                add_field(text, name, value);
}

/* ---- reasons ---- */

bool cop__log_is_stack(cop_term list)
{
        if (!cop_is_list(list) || cop_is_nil(list))
                return false;
        for (; cop_is_list(list) && !cop_is_nil(list); list = cop_tail(list))
                if (!cop_match(cop_head(list), "{_, _, _, [_ | _]}") &&
                    !cop_match(cop_head(list), "{_, _, _, []}"))
                        return false;
        return cop_is_nil(list);
}

/* {Module, Function, ArityOrArguments, Place}. The module is the file's name, mostly. */
static void add_frame(struct text *text, cop_term frame)
{
        cop_term module, function, place, file;
        int64_t line;

        if (!cop_match(frame, "{Module, Function, _, Place}", &module, &function, &place))
                return;
        add(text, "\n    ");
        if (cop_match(place, "[{file, File}, {line, Line} | _]", &file, &line)) {
                add(text, "%s:%lld: ", cop_to_cstring(file), (long long)line);
        } else if (!cop_is(module, "undefined")) {
                add_term(text, module);
                add(text, ":");
        }
        add_term(text, function);
}

/* Of a stack of addresses; not what the macros have made. */
static void add_addresses(struct text *text, cop_term addresses)
{
        cop_term function;

        COP_EACH (frame, cop_frames(addresses))
                if (!cop_match(frame, "{_, Function, _, _}", &function))
                        add(text, "\n    ...");
                else if (!cop_is_atom(function) ||
                         strncmp(cop_to_atom_text(function), "cop__", 5) != 0)
                        add_frame(text, frame);
}

/* Has the innermost frame its line? */
static bool has_lines(cop_term addresses)
{
        cop_term frames = cop_frames(addresses);

        return !cop_is_nil(frames) && cop_match(cop_head(frames), "{_, _, _, [_ | _]}");
}

/* And where it was: as the backtrace (addresses; [] where there is none) says, or the reason itself, by
 * a stack or by an address: {segv, #{pc => Pc, ...}}. */
static void add_reason_at(struct text *text, cop_term reason, cop_term backtrace)
{
        cop_term error = reason, stack = cop_nil();
        uint64_t pc;

        if (cop_match(reason, "{Error, Stack}", &error, &stack) && !cop__log_is_stack(stack)) {
                error = reason;
                stack = cop_nil();
        }
        add(text, "\n** ");
        add_term(text, error);
        if (cop_is_nil(backtrace) && cop_match(reason, "{_, #{pc := Pc}}", &pc))
                backtrace = cop_build("[Pc]", pc);
        if (!has_lines(backtrace))
                COP_EACH (frame, stack)
                        add_frame(text, frame);
        add_addresses(text, backtrace);
}

static void add_reason(struct text *text, cop_term reason)
{
        add_reason_at(text, reason, cop_nil());
}

/* ---- OTP's reports ---- */

/* name (<0.73.0>), or <0.73.0> */
static void add_process(struct text *text, cop_term name, cop_term pid)
{
        add_term(text, name);
        if (!cop_is_pid(name) && cop_is_pid(pid)) {
                add(text, " (");
                add_term(text, pid);
                add(text, ")");
        }
}

static cop_term pid_of(const struct text *text)
{
        return cop_pid_term(text->event->pid);
}

/* Who called: {Pid, {Name, Stack}}, {Pid, dead}, {Pid, remote}, undefined. */
static void add_client(struct text *text, cop_term client)
{
        cop_term pid, name, stack;

        if (cop_match(client, "{Pid, {Name, Stack}}", &pid, &name, &stack)) {
                add(text, "\nClient ");
                add_process(text, name, pid);
                add(text, " is alive");
                if (cop__log_is_stack(stack))
                        COP_EACH (frame, stack)
                                add_frame(text, frame);
        } else if (cop_match(client, "{Pid, How}", &pid, &name)) {
                add(text, "\nClient ");
                add_term(text, pid);
                add(text, " is ");
                add_term(text, name);
        }
}

static bool add_server(struct text *text, cop_term report)
{
        cop_term name, message, client, state, reason, pid;

        if (!cop_match(report,
                       "#{name := Name, last_message := Message, client_info := Client,"
                       "  state := State, reason := Reason}",
                       &name, &message, &client, &state, &reason))
                return false;
        add(text, "server ");
        add_process(text, name, pid_of(text));
        add(text, " terminating");
        add_reason_at(text, reason, cop_map_get(report, cop_atom("backtrace"), cop_nil()));
        add(text, "\nLast message");
        if (cop_match(client, "{Pid, _}", &pid)) {
                add(text, " (from ");
                add_term(text, pid);
                add(text, ")");
        }
        add(text, ": ");
        add_term(text, message);
        add_shown(text, "State", state);
        add_client(text, client);
        return true;
}

static bool add_statem(struct text *text, cop_term report)
{
        cop_term name, queue, postponed, state, data, reason, error, stack;

        if (!cop_match(report,
                       "#{name := Name, queue := Queue, postponed := Postponed,"
                       "  state := {State, Data}, reason := Reason}",
                       &name, &queue, &postponed, &state, &data, &reason))
                return false;
        add(text, "state machine ");
        add_process(text, name, pid_of(text));
        add(text, " terminating");
        if (cop_match(reason, "{_, Error, Stack}", &error, &stack))
                reason = cop__log_is_stack(stack) ? cop_build("{E, S}", error, stack) : error;
        add_reason(text, reason);
        add_field(text, "Queue", queue);
        add_field(text, "Postponed", postponed);
        add_field(text, "State", state);
        add_shown(text, "Data", data);
        return true;
}

static bool add_event_handler(struct text *text, cop_term report)
{
        cop_term handler, name, message, state, reason;

        if (!cop_match(report,
                       "#{handler := H, name := Name, last_message := M, state := S, reason := R}",
                       &handler, &name, &message, &state, &reason))
                return false;
        add(text, "event handler ");
        add_term(text, handler);
        add(text, " installed in ");
        add_process(text, name, pid_of(text));
        add(text, " terminating");
        add_reason(text, reason);
        add_field(text, "Last message", message);
        add_shown(text, "State", state);
        return true;
}

static void add_neighbour(struct text *text, cop_term facts)
{
        cop_term name = cop__log_fact(facts, "registered_name");
        cop_term pid = cop__log_fact(facts, "pid");

        add(text, "\n    ");
        add_process(text, cop_is_atom(name) && !cop_is(name, "undefined") ? name : pid, pid);
        add_fact(text, "        Initial call", facts, "initial_call");
        add_fact(text, "        Links", facts, "links");
}

/* What the server's own report, if there is one, has not said. */
static bool add_crash(struct text *text, cop_term report)
{
        cop_term facts, neighbours, name, pid, module, reason = cop_nil(), backtrace, state;

        if (!cop_match(report, "#{report := [Facts, Neighbours]}", &facts, &neighbours))
                return false;
        name = cop__log_fact(facts, "registered_name");
        pid = cop__log_fact(facts, "pid");
        add(text, "process ");
        add_process(text, cop_is_atom(name) && !cop_is(name, "undefined") ? name : pid, pid);
        add(text, " terminating");
        if (cop_match(cop__log_fact(facts, "error_info"), "{_, Reason, Backtrace}", &reason,
                      &backtrace))
                add_reason_at(text, reason, backtrace);
        add_fact(text, "Last message", facts, "last_message");
        state = cop__log_fact(facts, "state");
        if (!cop_is_none(state))
                add_shown(text, "State", state);
        add_fact(text, "Faults not reported", facts, "not_reported");
        if (cop_match(cop__log_fact(facts, "initial_call"), "{Module, init, 1}", &module)) {
                add(text, "\nInitial call: ");
                add_term(text, module);
                add(text, ":init/1");
        }
        add_fact(text, "Ancestors", facts, "ancestors");
        add_fact(text, "Process label", facts, "process_label");
        add_fact(text, "Message queue length", facts, "message_queue_len");
        add_fact(text, "Links", facts, "links");
        add_fact(text, "Trapping exits", facts, "trap_exit");
        if (cop_is_list(neighbours) && !cop_is_nil(neighbours)) {
                add(text, "\nNeighbours:");
                COP_EACH (neighbour, neighbours)
                        add_neighbour(text, neighbour);
        }
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

        for (i = 0; i < sizeof(facts) / sizeof(facts[0]); i++)
                add_fact(text, facts[i][1], child, facts[i][0]);
        if (cop_is(cop__log_fact(child, "significant"), "true"))
                add(text, "\nSignificant: true");
}

/* A supervisor by its name, or as <0.3.0> (module). */
static void add_who(struct text *text, cop_term supervisor)
{
        cop_term name, module;
        cop_pid pid;

        add(text, "supervisor ");
        if (cop_match(supervisor, "{local, Name}", &name)) {
                add_term(text, name);
        } else if (cop_match(supervisor, "{Pid, Module}", &pid, &module)) {
                add_term(text, cop_pid_term(pid));
                add(text, " (");
                add_term(text, module);
                add(text, ")");
        } else {
                add_term(text, supervisor);
        }
}

static void add_whose_child(struct text *text, cop_term child, cop_term supervisor)
{
        bool are_many = !cop_is_none(cop__log_fact(child, "nb_children"));

        add(text, "%s ", are_many ? "children" : "child");
        add_term(text, cop__log_fact(child, "id"));
        add(text, " of ");
        add_who(text, supervisor);
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

/* What OTP's supervisors do not have. */
static bool add_beyond(struct text *text, cop_term report)
{
        cop_term supervisor, reason, late;
        int64_t ms;

        if (cop_match(report, "#{label := {_, on_give_up}, supervisor := S, reason := R}",
                      &supervisor, &reason)) {
                add_who(text, supervisor);
                add(text, " gave up, and its on_give_up failed");
                add_reason(text, reason);
                return true;
        }
        if (!cop_match(report,
                       "#{label := {_, shutdown_deadline}, supervisor := S, deadline_ms := Ms,"
                       "  killed := Late}",
                       &supervisor, &ms, &late))
                return false;
        add_who(text, supervisor);
        add(text, " has killed what did not stop within %lld ms", (long long)ms);
        add_field(text, "Killed", late);
        return true;
}

static bool add_supervisor(struct text *text, cop_term report)
{
        cop_term supervisor, kind, reason, child, message;

        if (cop_match(report, "#{report := [{supervisor, S}, {started, Child}]}", &supervisor,
                      &child)) {
                add_whose_child(text, child, supervisor);
                add(text, " started");
                add_child(text, child);
                return true;
        }
        if (cop_match(report,
                      "#{report := [{supervisor, S}, {errorContext, Kind}, {reason, Reason},"
                      "  {offender, Child}]}",
                      &supervisor, &kind, &reason, &child)) {
                add_whose_child(text, child, supervisor);
                add(text, " %s", what_happened(kind));
                add_reason(text, reason);
                add_child(text, child);
                return true;
        }
        if (cop_match(report, "#{message := M, supervisor := S}", &message, &supervisor)) {
                add_who(text, supervisor);
                add(text, " received unexpected message: ");
                add_term(text, message);
                return true;
        }
        return add_beyond(text, report);
}

static bool add_application(struct text *text, cop_term report)
{
        cop_term application, reason, type;

        if (cop_match(report, "#{report := [{application, A}, {exited, R}, {type, T}]}",
                      &application, &reason, &type)) {
                add(text, "\n    application: ");
                add_term(text, application);
                add(text, "\n    exited: ");
                add_term(text, reason);
                add(text, "\n    type: ");
                add_term(text, type);
                return true;
        }
        if (!cop_match(report, "#{report := [{application, A}, {started_at, Node}]}", &application,
                       &type))
                return false;
        add(text, "application ");
        add_term(text, application);
        add(text, " started at ");
        add_term(text, type);
        return true;
}

/* By its name, if that is known. */
static void add_function(struct text *text, uint64_t address)
{
        cop_term frames = cop_frames(cop_build("[Inside]", address + 1)), name;

        add(text, "\nFunction: ");
        if (cop_is_list(frames) && !cop_is_nil(frames) &&
            cop_match(cop_head(frames), "{_, Name, _, _}", &name))
                add_term(text, name);
        else
                add(text, "0x%llx", (unsigned long long)address);
}

static bool add_master(struct text *text, cop_term report)
{
        cop_term module, reason;

        if (!cop_match(report, "#{report := [{Module, {prep_stop, _}}, {error_info, Reason}]}",
                       &module, &reason))
                return false;
        add(text, "prep_stop of ");
        add_term(text, module);
        add(text, " failed");
        add_reason(text, reason);
        return true;
}

static bool add_task(struct text *text, cop_term report)
{
        cop_term name, starter, arguments, reason, function;
        uint64_t address;

        if (!cop_match(report,
                       "#{name := Name, starter := S, function := F, args := A, reason := R}",
                       &name, &starter, &function, &arguments, &reason))
                return false;
        add(text, "task ");
        add_process(text, name, pid_of(text));
        add(text, " started from ");
        add_term(text, starter);
        add(text, " terminating");
        add_reason(text, reason);
        if (cop_match(function, "Address", &address))
                add_function(text, address);
        else
                add_field(text, "Function", function);
        add_field(text, "    Args", arguments);
        return true;
}

/* A message that nobody wanted, and what the logger says of itself. */
static bool add_other(struct text *text, cop_term report)
{
        cop_term what, name, message, reason;

        if (cop_match(report,
                      "#{label := {gen_server, no_handle_info}, message := M, name := Name}",
                      &message, &name)) {
                add(text, "server ");
                add_process(text, name, pid_of(text));
                add(text, " has no handle_info for this message, and dropped it: ");
                add_term(text, message);
                return true;
        }
        if (cop_match(report, "#{label := {gen_event, no_handle_info}, module := N, message := M}",
                      &name, &message)) {
                add(text, "event handler ");
                add_term(text, name);
                add(text, " has no handle_info for this message, and dropped it: ");
                add_term(text, message);
                return true;
        }
        if (cop_match(report, "#{label := {process, error}, pid := Pid, reason := R}", &name,
                      &reason)) {
                add(text, "process ");
                add_term(text, name);
                add(text, " raised an error");
                add_reason(text, reason);
                return true;
        }
        if (!cop_match(report, "#{label := {logger, What}, id := Id, reason := R}", &what, &name,
                       &reason))
                return false;
        add(text, "logger: %s %s was removed, because it failed",
            cop_is(what, "removed_failing_filter") ? "filter" : "handler", cop_to_cstring(name));
        add_reason(text, reason);
        return true;
}

static const struct {
        const char *who, *what; /* of the label; what NULL: anything */
        bool (*show)(struct text *text, cop_term report);
} reports[] = {
        { "gen_server", "terminate", add_server },
        { "gen_statem", "terminate", add_statem },
        { "gen_event", "terminate", add_event_handler },
        { "proc_lib", "crash", add_crash },
        { "supervisor", NULL, add_supervisor },
        { "application_controller", NULL, add_application },
        { "application_master", "shutdown_error", add_master },
        { "task", "terminating", add_task },
        { NULL, NULL, add_other },
};

static bool add_report(struct text *text, cop_term report)
{
        cop_term who, what;
        size_t i;

        if (!cop_match(report, "#{label := {Who, What}}", &who, &what))
                return false;
        for (i = 0; i < sizeof(reports) / sizeof(reports[0]); i++)
                if ((!reports[i].who || cop_is(who, reports[i].who)) &&
                    (!reports[i].what || cop_is(what, reports[i].what)))
                        return reports[i].show(text, report);
        return false;
}

void cop__log_message(struct buffer *out, const struct cop_log_event *event, size_t term_max)
{
        struct text text = { out, event, term_max };

        if (event->text)
                cop__buffer_add_text(out, event->text);
        else if (!add_report(&text, event->report))
                add_term(&text, event->report);
}

/* ---- a whole line ---- */

void cop__log_time(struct buffer *out, int64_t time_ns)
{
        time_t seconds = (time_t)(time_ns / 1000000000);
        struct tm tm;

        localtime_r(&seconds, &tm);
        cop__buffer_format(out, "%02d:%02d:%02d.%03d", tm.tm_hour, tm.tm_min, tm.tm_sec,
                           (int)(time_ns / 1000000 % 1000));
}

static void add_metadata(struct text *text)
{
        cop_term map = text->event->metadata;
        size_t i;

        if (cop_is_none(map) || !cop_is_map(map))
                return;
        for (i = 0; i < cop_map_size(map); i++) {
                cop_term key = cop_map_key(map, i), value = cop_map_value(map, i);

                add_term(text, key);
                add(text, "=");
                add_term(text, value);
                add(text, " ");
        }
}

static void add_place(struct text *text)
{
        const struct cop_log_event *event = text->event;

        if (event->pid.word) {
                add(text, "pid=");
                add_term(text, cop_pid_term(event->pid));
                add(text, " ");
        }
        if (event->file)
                add(text, "place=%s:%d:%s ", event->file, event->line, event->function);
}

static void add_level(struct text *text, bool coloured)
{
        enum cop_level level = text->event->level;
        const char *colour = level <= COP_LEVEL_ERROR     ? "31"
                             : level == COP_LEVEL_WARNING ? "33"
                             : level == COP_LEVEL_DEBUG   ? "36"
                                                          : NULL;

        if (coloured && colour)
                add(text, "\033[%sm[%s]\033[0m ", colour, cop_level_name(level));
        else
                add(text, "[%s] ", cop_level_name(level));
}

/* No space at the end of a line: a message may begin with a new one. */
static void drop_space(struct buffer *out, size_t at)
{
        if (out->failed || at >= out->size || out->bytes[at] != '\n')
                return;
        memmove(out->bytes + at - 1, out->bytes + at, out->size - at + 1);
        out->size--;
}

static void format_text(struct buffer *out, const struct cop_log_event *event, bool coloured,
                        const struct cop_logger_options *options)
{
        struct text text = { out, event, options->term_max };
        size_t at;

        cop__log_time(out, event->time_ns);
        cop__buffer_add_char(out, ' ');
        if (options->places)
                add_place(&text);
        add_metadata(&text);
        add_level(&text, coloured);
        at = out->size;
        cop__log_message(out, event, options->term_max);
        drop_space(out, at);
        cop__buffer_add_char(out, '\n');
}

void cop__log_format(struct buffer *out, const struct cop_log_event *event,
                     const struct log_handler *handler)
{
        const struct cop_logger_options *options = &handler->options;

        if (handler->in_journal)
                cop__log_format_journal(out, event, options->term_max);
        else if (options->format == COP_LOG_ERLANG)
                cop__log_format_erlang(out, event, options->term_max);
        else if (options->format == COP_LOG_JSON)
                cop__log_format_json(out, event, options->term_max);
        else
                format_text(out, event, handler->coloured, options);
        if (out->failed) { /* longer than anything should be: what there is of it */
                out->failed = false;
                if (out->size)
                        out->bytes[out->size - 1] = '\n';
        }
}

/* ---- for programs ---- */

const char *cop_log_event_text(const struct cop_log_event *event, enum cop_log_format format)
{
        struct log_handler handler = { .options = { .format = format, .term_max = LOG_TERM_MOST } };
        struct buffer buffer;
        cop_term text;

        cop__buffer_init(&buffer, LOG_EVENT_MOST);
        cop__log_format(&buffer, event, &handler);
        text = cop_binary(buffer.bytes ? buffer.bytes : "", buffer.size);
        cop__buffer_release(&buffer);
        return cop_to_cstring(text);
}

const char *cop_report_text(enum cop_level level, cop_term report)
{
        struct cop_log_event event = { .level = level,
                                       .time_ns = cop_wall_clock_ns(),
                                       .report = report };

        if (cop__log_in_process())
                event.pid = cop_self();
        return cop_log_event_text(&event, COP_LOG_TEXT);
}
