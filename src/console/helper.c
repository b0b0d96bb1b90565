/*
 * helper.c: which helpers there are, and the short ones.
 */
#include "console/helper.h"

#include <stdio.h>
#include <string.h>

#include <coppice.h>

#include "console/evaluator.h"
#include "console/look.h"
#include "console/table.h"
#include "console/worker.h"

static cop_term helper_help(struct evaluator *e, const cop_term *arguments, size_t count);

/* ---- values ---- */

static cop_term helper_v(struct evaluator *e, const cop_term *arguments, size_t count)
{
        int64_t number = count ? cop_to_int(arguments[0]) : -1;
        cop_term value;

        if (number < 0)
                number += e->number;
        value = cop_map_find(e->history, cop_int(number));
        if (cop_is_none(value))
                cop__refuse("there is no value %lld; the last %d are kept", (long long)number,
                            HISTORY_SIZE);
        return value;
}

static cop_term helper_b(struct evaluator *e, const cop_term *arguments, size_t count)
{
        return e->bindings;
}

static cop_term helper_self(struct evaluator *e, const cop_term *arguments, size_t count)
{
        return cop_pid_term(cop_self());
}

static bool is_others(cop_term message, void *evaluator)
{
        return !cop_match(message, "{'$console', _}");
}

static cop_term helper_flush(struct evaluator *e, const cop_term *arguments, size_t count)
{
        cop_term message;

        for (;;) {
                message = cop_receive_if(is_others, e, 0);
                if (cop_is_none(message))
                        return cop_atom("ok");
                cop__evaluator_say(e, cop_show(message));
        }
}

/* ---- processes ---- */

cop_pid cop__look_process(cop_term argument)
{
        struct console_call call = { .name = "this helper", .arguments = &argument, .count = 1 };

        return cop__take_pid(&call, 0);
}

static cop_term helper_kill(struct evaluator *e, const cop_term *arguments, size_t count)
{
        cop_kill(cop__look_process(arguments[0]));
        return cop_atom("ok");
}

static cop_term helper_break(struct evaluator *e, const cop_term *arguments, size_t count)
{
        cop_pid pid = cop__look_process(arguments[0]);
        cop_term state;

        cop_sys_suspend(pid);
        state = cop_sys_get_state(pid);
        cop__evaluator_say(
                e, "it is held before its next message: continue lets it go on; its state is");
        return state;
}

static cop_term helper_continue(struct evaluator *e, const cop_term *arguments, size_t count)
{
        cop_sys_resume(cop__look_process(arguments[0]));
        return cop_atom("ok");
}

static cop_term helper_state(struct evaluator *e, const cop_term *arguments, size_t count)
{
        return cop_sys_get_state(cop__look_process(arguments[0]));
}

static cop_term helper_log(struct evaluator *e, const cop_term *arguments, size_t count)
{
        char error[200];

        if (count == 0)
                return cop_atom(cop_level_name(cop_logger_level()));
        if (cop_logger_configure(cop_to_cstring(arguments[0]), error, sizeof(error)) < 0)
                cop__refuse("%s", error);
        return cop_atom("ok");
}

/* ---- what there is ---- */

static cop_term helper_functions(struct evaluator *e, const cop_term *arguments, size_t count)
{
        cop_term names = cop_function_names(count ? cop_to_cstring(arguments[0]) : "");

        COP_EACH (name, names)
                if (strncmp(cop_to_cstring(name), "cop_", 4) != 0 && cop_to_cstring(name)[0] != '_')
                        cop__evaluator_say(e, cop_to_cstring(name));
        return cop__no_value();
}

static void say_entry(struct evaluator *e, const struct console_entry *entry)
{
        cop__evaluator_say(e, entry->prototype);
        if (entry->text[0]) {
                cop__evaluator_say(e, "");
                cop__evaluator_say(e, entry->text);
        }
}

static cop_term helper_h(struct evaluator *e, const cop_term *arguments, size_t count)
{
        const char *name = count ? cop_to_cstring(arguments[0]) : NULL;
        const struct console_entry *entry = name ? cop__console_entry(name) : NULL;
        const struct helper *helper = name ? cop__helper_find(name, strlen(name)) : NULL;
        struct cop_function function;
        char text[400];

        if (!name)
                return helper_help(e, arguments, 0);
        snprintf(text, sizeof(text), "cop_%s", name);
        if (entry) {
                say_entry(e, entry);
        } else if (helper) {
                snprintf(text, sizeof(text), "%s %s\n\n%s", helper->name, helper->usage,
                         helper->text);
                cop__evaluator_say(e, text);
        } else if (cop_function_find(&function, name) && function.has_prototype) {
                cop__evaluator_say(e, cop__prototype(name, &function));
        } else if (cop__console_entry(text)) {
                say_entry(e, cop__console_entry(text));
        } else {
                const char *nearest = cop__nearest_function(name);

                cop__refuse("nothing is known of %s%s%s%s", name, nearest ? "; did you mean " : "",
                            nearest ? nearest : "", nearest ? "?" : "");
        }
        return cop__no_value();
}

static cop_term helper_exit(struct evaluator *e, const cop_term *arguments, size_t count)
{
        int64_t status = count ? cop_to_int(arguments[0]) : 0;

        cop_throw("{'$exit', N}", status);
}

static cop_term helper_respawn(struct evaluator *e, const cop_term *arguments, size_t count)
{
        cop_throw("{'$end', normal}");
}

const struct helper cop__helpers[] = {
        { "b", "", "the variables, and what is bound to them", 0, 0, helper_b },
        { "break", "SERVER", "holds a server before its next message, and shows its state", 1, 1,
          helper_break },
        { "continue", "SERVER", "lets a server go on that break has held", 1, 1, helper_continue },
        { "exit", "[STATUS]", "ends the program, or the session where others go on", 0, 1,
          helper_exit },
        { "flush", "", "shows and drops the messages that have come to this console", 0, 0,
          helper_flush },
        { "functions", "[PREFIX]", "the program's functions", 0, 1, helper_functions },
        { "h", "NAME", "what the header says of a function", 0, 1, helper_h },
        { "help", "", "this", 0, 0, helper_help },
        { "i", "VALUE", "what there is to know of a value, or a process", 0, 1, cop__look_i },
        { "kill", "PROCESS", "ends a process, which cannot prevent it", 1, 1, helper_kill },
        { "log", "[LEVELS]", "what is logged: debug, info, none, \"info,sensor=debug\"", 0, 1,
          helper_log },
        { "processes", "", "all processes", 0, 0, cop__look_processes },
        { "respawn", "", "begins anew, without the variables", 0, 0, helper_respawn },
        { "self", "", "the console's own pid, to which messages may be sent", 0, 0, helper_self },
        { "state", "SERVER", "a server's state", 1, 1, helper_state },
        { "top", "", "the processes that do most, over half a second", 0, 0, cop__look_top },
        { "tree", "[SUPERVISOR]", "who supervises whom", 0, 1, cop__look_tree },
        { "v", "[NUMBER]", "the value of an earlier line; -1 is the last", 0, 1, helper_v },
        { "V", "NUMBER", "the same", 1, 1, helper_v },
};
const size_t cop__helper_count = sizeof(cop__helpers) / sizeof(cop__helpers[0]);

static cop_term helper_help(struct evaluator *e, const cop_term *arguments, size_t count)
{
        char line[200];

        cop__evaluator_say(e,
                           "A line is a term, a call of any function that is not static, or "
                           "Pattern = either.\n"
                           "Servers and processes stand for themselves by name; a text in quotes "
                           "is C's.\n");
        for (size_t i = 0; i < cop__helper_count; i++) {
                const struct helper *helper = &cop__helpers[i];

                snprintf(line, sizeof(line), "    %-9s %-13s %s", helper->name, helper->usage,
                         helper->text);
                cop__evaluator_say(e, line);
        }
        return cop__no_value();
}

const struct helper *cop__helper_find(const char *name, size_t size)
{
        for (size_t i = 0; i < cop__helper_count; i++)
                if (strlen(cop__helpers[i].name) == size &&
                    memcmp(cop__helpers[i].name, name, size) == 0)
                        return &cop__helpers[i];
        return NULL;
}
