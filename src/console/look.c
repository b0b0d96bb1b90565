/*
 * look.c: helpers that look at processes.
 *
 * A list of processes asks each only for what its control block says, so that one that loops keeps
 * nobody waiting.
 */
#include "console/look.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <coppice.h>

#include "console/evaluator.h"

enum { TOP_MS = 500, TOP_MOST = 10, DEPTH_MOST = 50 };

__attribute__((format(printf, 2, 3))) static void say(struct evaluator *e, const char *format, ...)
{
        char line[600];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(line, sizeof(line), format, arguments);
        va_end(arguments);
        cop__evaluator_say(e, line);
}

static const char *shown(cop_term term)
{
        return cop_is_none(term) ? "-" : cop_show_as(term, .bytes_max = 300);
}

/* ---- i ---- */

static const char *kind_of(cop_term term)
{
        if (cop_is_int(term))
                return "integer";
        if (cop_is_float(term))
                return "float";
        if (cop_is_atom(term))
                return "atom";
        if (cop_is_binary(term))
                return "binary";
        if (cop_is_bits(term))
                return "bit string";
        if (cop_is_tuple(term))
                return "tuple";
        if (cop_is_list(term))
                return "list";
        if (cop_is_map(term))
                return "map";
        if (cop_is_pid(term))
                return "pid";
        return cop_is_ref(term) ? "reference" : "term";
}

/* What it was made of, and what it did when nobody had asked it anything yet. */
static void describe(struct evaluator *e, cop_pid pid, cop_term status)
{
        cop_term call = cop_process_info(pid, "initial_call");
        cop_term label = cop_process_info(pid, "label");
        cop_term application = cop_application_of(pid);
        cop_term name;

        say(e, "Description: %s, %s%s%s%s%s", shown(call), shown(status),
            cop_is(label, "undefined") || cop_is_none(label) ? "" : ", labelled ",
            cop_is(label, "undefined") || cop_is_none(label) ? "" : shown(label),
            cop_match(application, "{ok, Name}", &name) ? ", of the application " : "",
            cop_match(application, "{ok, Name}", &name) ? shown(name) : "");
}

static void look_at_process(struct evaluator *e, cop_pid pid)
{
        cop_term status = cop_process_info(pid, "status");
        cop_term name = cop_process_info(pid, "registered_name");

        say(e, "Alive: %s", cop_is_alive(pid) ? "true" : "false");
        if (!cop_is_alive(pid))
                return;
        say(e, "Name: %s", cop_is_nil(name) ? "-" : shown(name));
        say(e, "Links: %s", shown(cop_process_info(pid, "links")));
        say(e, "Message queue length: %s", shown(cop_process_info(pid, "message_queue_len")));
        describe(e, pid, status);
}

cop_term cop__look_i(struct evaluator *e, const cop_term *arguments, size_t count)
{
        cop_term term =
                count ? arguments[0]
                      : cop_map_get(e->history, cop_int(e->number - 1), cop_atom("undefined"));
        cop_pid pid = { 0 };

        say(e, "Term: %s", shown(term));
        say(e, "Data type: %s", kind_of(term));
        if (cop_is_bits(term))
                say(e, "Byte size: %zu", cop_byte_size(term));
        else if (cop_is_tuple(term))
                say(e, "Size: %zu", cop_tuple_size(term));
        else if (cop_is_map(term))
                say(e, "Size: %zu", cop_map_size(term));
        if (cop_is_pid(term))
                pid = cop_to_pid(term);
        else if (cop_is_atom(term))
                pid = cop_whereis(cop_to_atom_text(term));
        if (!cop_is_nobody(pid)) {
                if (cop_is_atom(term))
                        say(e, "It is the name of %s", shown(cop_pid_term(pid)));
                look_at_process(e, pid);
        }
        return cop__no_value();
}

/* ---- all of them ---- */

struct row {
        cop_pid pid;
        int64_t reductions; /* or what was added to them */
};

static int64_t reductions_of(cop_pid pid)
{
        cop_term reductions = cop_process_info(pid, "reductions");

        return cop_is_int(reductions) ? cop_to_int(reductions) : 0;
}

static void say_header(struct evaluator *e)
{
        say(e, "%-14s %-32s %-10s %8s %12s", "PID", "NAME", "STATUS", "MESSAGES", "REDUCTIONS");
}

static void say_row(struct evaluator *e, const struct row *row)
{
        cop_term status = cop_process_info(row->pid, "status");
        cop_term name = cop_process_info(row->pid, "registered_name");

        if (cop_is_none(status) || cop_is_none(name))
                return; /* it has just ended */
        if (cop_is_nil(name) && cop_is(status, "waiting"))
                name = cop_process_info(row->pid, "label");
        say(e, "%-14s %-32s %-10s %8s %12lld", cop_show(cop_pid_term(row->pid)),
            cop_is_nil(name) || cop_is_none(name) || cop_is(name, "undefined") ? "-" : shown(name),
            shown(status), shown(cop_process_info(row->pid, "message_queue_len")),
            (long long)row->reductions);
}

cop_term cop__look_processes(struct evaluator *e, const cop_term *arguments, size_t count)
{
        cop_term pids = cop_sort(cop_processes());

        say_header(e);
        COP_EACH (pid, pids) {
                struct row row = { cop_to_pid(pid), reductions_of(cop_to_pid(pid)) };

                say_row(e, &row);
        }
        return cop__no_value();
}

static int compare_rows(const void *a, const void *b)
{
        int64_t first = ((const struct row *)a)->reductions;
        int64_t second = ((const struct row *)b)->reductions;

        return first > second ? -1 : first < second;
}

cop_term cop__look_top(struct evaluator *e, const cop_term *arguments, size_t count)
{
        cop_term pids = cop_processes();
        struct row *rows = cop_alloc((cop_length(pids) + 1) * sizeof(*rows));
        size_t rows_count = 0, i;

        COP_EACH (pid, pids) {
                rows[rows_count].pid = cop_to_pid(pid);
                rows[rows_count].reductions = reductions_of(rows[rows_count].pid);
                rows_count++;
        }
        cop_sleep(TOP_MS);
        for (i = 0; i < rows_count; i++)
                rows[i].reductions = reductions_of(rows[i].pid) - rows[i].reductions;
        qsort(rows, rows_count, sizeof(*rows), compare_rows);
        say_header(e);
        for (i = 0; i < rows_count && i < TOP_MOST; i++)
                say_row(e, &rows[i]);
        cop_free(rows);
        return cop__no_value();
}

/* ---- tree ---- */

static void say_children(struct evaluator *e, cop_pid supervisor, int depth);

static void say_child(struct evaluator *e, cop_term child, int depth)
{
        cop_term id, pid, type;

        if (!cop_match(child, "{Id, Pid, Type, _}", &id, &pid, &type))
                return;
        say(e, "%*s%s %s", depth * 4, "", shown(id), shown(pid));
        if (cop_is(type, "supervisor") && cop_is_pid(pid) && depth < DEPTH_MOST)
                say_children(e, cop_to_pid(pid), depth + 1);
}

static void say_children(struct evaluator *e, cop_pid supervisor, int depth)
{
        cop_term children = cop_reverse(cop_which_children(supervisor));

        COP_EACH (child, children)
                say_child(e, child, depth);
}

static void say_supervisor(struct evaluator *e, cop_pid pid, int depth)
{
        cop_term name = cop_process_info(pid, "registered_name");
        cop_term call = cop_process_info(pid, "initial_call");

        if (cop_is_none(name) || cop_is_none(call))
                return;
        say(e, "%*s%s %s", depth * 4, "", shown(cop_is_atom(name) ? name : call),
            shown(cop_pid_term(pid)));
        say_children(e, pid, depth + 1);
}

cop_term cop__look_tree(struct evaluator *e, const cop_term *arguments, size_t count)
{
        cop_term applications, name, pid;

        if (count) {
                say_supervisor(e, cop__look_process(arguments[0]), 0);
                return cop__no_value();
        }
        applications = cop_reverse(cop_which_applications());
        COP_EACH (application, applications) {
                cop_match(application, "{Name, _, _}", &name);
                say(e, "%s", shown(name));
                if (cop_match(cop_application_supervisor(cop_to_atom_text(name)), "{ok, Pid}",
                              &pid) &&
                    cop_is_pid(pid))
                        say_supervisor(e, cop_to_pid(pid), 1);
        }
        return cop__no_value();
}
