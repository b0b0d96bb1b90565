/*
 * logger_json.c: an event as an object of JSON on a line, as fields of the journal, and as a term.
 *
 * The message is the text that people get; a report is there as a term as well, in Erlang's syntax,
 * which loses nothing. The caller's keys become JSON's values where there is one of the kind.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <coppice/text.h>

#include "otp/logger.h"

/* ---- JSON ---- */

void cop__log_json_text(struct buffer *out, const char *bytes, size_t size)
{
        size_t i;

        cop__buffer_add_char(out, '"');
        for (i = 0; i < size; i++) {
                unsigned char c = (unsigned char)bytes[i];

                if (c == '"' || c == '\\')
                        cop__buffer_format(out, "\\%c", c);
                else if (c == '\n')
                        cop__buffer_add_text(out, "\\n");
                else if (c < 0x20 || c == 0x7f)
                        cop__buffer_format(out, "\\u%04x", c);
                else
                        cop__buffer_add_char(out, (char)c);
        }
        cop__buffer_add_char(out, '"');
}

static void add_text(struct buffer *out, const char *key, const char *value)
{
        if (!value)
                return;
        cop__buffer_format(out, ",\"%s\":", key);
        cop__log_json_text(out, value, strlen(value));
}

static void add_shown(struct buffer *out, cop_term term, size_t term_max)
{
        const char *shown = cop_show_as(term, .bytes_max = term_max);

        cop__log_json_text(out, shown, strlen(shown));
}

/* The text of an atom or of a readable binary; NULL for other terms. */
static const char *text_of(cop_term term, size_t term_max)
{
        if (cop_is_atom(term))
                return cop_to_atom_text(term);
        if (cop_is_binary(term) && cop_byte_size(term) <= term_max &&
            cop_show_as(term, .bytes_max = 4)[2] == '"')
                return cop_to_cstring(term);
        return NULL;
}

static void add_value(struct buffer *out, cop_term term, size_t term_max)
{
        const char *text = text_of(term, term_max);

        if (cop_is_bool(term) || cop_is_number(term))
                cop__buffer_add_text(out, cop_show(term));
        else if (text)
                cop__log_json_text(out, text, strlen(text));
        else
                add_shown(out, term, term_max);
}

static void add_metadata(struct buffer *out, cop_term map, size_t term_max)
{
        size_t i;

        if (cop_is_none(map) || !cop_is_map(map) || cop_map_size(map) == 0)
                return;
        cop__buffer_add_text(out, ",\"metadata\":{");
        for (i = 0; i < cop_map_size(map); i++) {
                cop_term key = cop_map_key(map, i);
                const char *text = text_of(key, term_max);

                if (i > 0)
                        cop__buffer_add_char(out, ',');
                text = text ? text : cop_show_as(key, .bytes_max = term_max);
                cop__log_json_text(out, text, strlen(text));
                cop__buffer_add_char(out, ':');
                add_value(out, cop_map_value(map, i), term_max);
        }
        cop__buffer_add_char(out, '}');
}

static void add_time(struct buffer *out, int64_t time_ns)
{
        time_t seconds = (time_t)(time_ns / 1000000000);
        struct tm tm;

        gmtime_r(&seconds, &tm);
        cop__buffer_format(out, "{\"time\":\"%04d-%02d-%02dT%02d:%02d:%02d.%06dZ\"",
                           tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min,
                           tm.tm_sec, (int)(time_ns / 1000 % 1000000));
}

static void add_message(struct buffer *out, const struct cop_log_event *event, size_t term_max)
{
        struct buffer message;

        cop__buffer_init(&message, LOG_EVENT_MOST / 4);
        cop__log_message(&message, event, term_max);
        cop__buffer_add_text(out, ",\"message\":");
        cop__log_json_text(out, message.bytes ? message.bytes : "", message.size);
        cop__buffer_release(&message);
}

void cop__log_format_json(struct buffer *out, const struct cop_log_event *event, size_t term_max)
{
        add_time(out, event->time_ns);
        add_text(out, "level", cop_level_name(event->level));
        add_message(out, event, term_max);
        if (event->pid.word) {
                add_text(out, "pid", cop_show(cop_pid_term(event->pid)));
                add_text(out, "group_leader", cop_show(cop_pid_term(event->group_leader)));
        }
        add_text(out, "application", event->application);
        add_text(out, "module", event->module);
        add_text(out, "function", event->function);
        add_text(out, "file", event->file);
        if (event->file)
                cop__buffer_format(out, ",\"line\":%d", event->line);
        add_metadata(out, event->metadata, term_max);
        if (!event->text) {
                cop__buffer_add_text(out, ",\"report\":");
                add_shown(out, event->report, term_max);
        }
        cop__buffer_add_text(out, "}\n");
}

/* ---- the journal ---- */

static void field(struct buffer *out, const char *name, const char *value)
{
        if (value)
                cop__log_journal_field(out, name, value, strlen(value));
}

/* The journal wants capitals, digits and _, and no digit or _ at the beginning. */
static void key_of(char *name, size_t room, const char *key)
{
        size_t size = 0;

        if (*key == '_' || (*key >= '0' && *key <= '9'))
                name[size++] = 'X';
        for (; *key && size < room - 1; key++) {
                char c = *key;

                if (c >= 'a' && c <= 'z')
                        c = (char)(c - 'a' + 'A');
                else if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9'))
                        c = '_';
                name[size++] = c;
        }
        name[size] = '\0';
}

static void own_fields(struct buffer *out, cop_term map, size_t term_max)
{
        char name[65];
        size_t i;

        if (cop_is_none(map) || !cop_is_map(map))
                return;
        for (i = 0; i < cop_map_size(map); i++) {
                cop_term key = cop_map_key(map, i), value = cop_map_value(map, i);
                const char *text = text_of(value, term_max);

                if (!cop_is_atom(key) || !*cop_to_atom_text(key))
                        continue;
                key_of(name, sizeof(name), cop_to_atom_text(key));
                field(out, name, text ? text : cop_show_as(value, .bytes_max = term_max));
        }
}

void cop__log_format_journal(struct buffer *out, const struct cop_log_event *event, size_t term_max)
{
        struct buffer message;
        char number[16];

        cop__buffer_init(&message, LOG_EVENT_MOST / 4);
        cop__log_message(&message, event, term_max);
        cop__log_journal_field(out, "MESSAGE", message.bytes ? message.bytes : "", message.size);
        cop__buffer_release(&message);
        snprintf(number, sizeof(number), "%d", (int)event->level);
        field(out, "PRIORITY", number);
        field(out, "SYSLOG_IDENTIFIER", program_invocation_short_name);
        if (event->file) {
                field(out, "CODE_FILE", event->file);
                snprintf(number, sizeof(number), "%d", event->line);
                field(out, "CODE_LINE", number);
                field(out, "CODE_FUNC", event->function);
        }
        if (event->pid.word)
                field(out, "COPPICE_PID", cop_show(cop_pid_term(event->pid)));
        field(out, "COPPICE_MODULE", event->module);
        field(out, "COPPICE_APPLICATION", event->application);
        own_fields(out, event->metadata, term_max);
}

/* ---- a term ---- */

static cop_term put(cop_term map, const char *key, cop_term value)
{
        return cop_map_put(map, cop_atom(key), value);
}

cop_term cop_log_event_term(const struct cop_log_event *event)
{
        cop_term meta = cop_is_none(event->metadata) ? cop_build("#{}") : event->metadata;
        cop_term message = event->text ? cop_build("{string, T}", event->text)
                                       : cop_build("{report, R}", event->report);

        meta = put(meta, "time", cop_int(event->time_ns / 1000));
        if (event->pid.word) {
                meta = put(meta, "pid", cop_pid_term(event->pid));
                meta = put(meta, "gl", cop_pid_term(event->group_leader));
        }
        if (event->file) {
                meta = put(meta, "file", cop_text(event->file));
                meta = put(meta, "line", cop_int(event->line));
        }
        if (event->module && event->function)
                meta = put(
                        meta, "mfa",
                        cop_build("{M, F, 0}", cop_atom(event->module), cop_atom(event->function)));
        if (event->application)
                meta = put(meta, "application", cop_atom(event->application));
        return cop_build("#{level => L, msg => M, meta => Meta}",
                         cop_atom(cop_level_name(event->level)), message, meta);
}
