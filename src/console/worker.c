/*
 * worker.c: calls functions by name.
 *
 * A name is first looked for in the table of Coppice's functions, then among the program's, then among
 * Coppice's again with cop_ before it, so that `whereis(sequence)` is enough, and then in the libraries.
 */
#include "console/worker.h"

#include <stdio.h>
#include <string.h>

#include <coppice/memory.h>
#include <coppice/text.h>

#include "console/evaluator.h"
#include "console/fault.h"

/* ---- one call ---- */

static COP_NORETURN void refuse_count(const char *name, size_t count, int least, int most)
{
        if (least == most)
                cop__refuse("%s takes %d argument%s, not %zu: h %s says which", name, most,
                            most == 1 ? "" : "s", count, name);
        cop__refuse("%s takes %d to %d arguments, not %zu: h %s says which", name, least, most,
                    count, name);
}

static void call_entry(const struct console_entry *entry, struct console_call *call)
{
        if (!entry->call)
                cop__refuse(
                        "%s cannot be called from here: it takes or returns something that is no "
                        "term, or is part of a program's text",
                        entry->name);
        if ((int)call->count < entry->least || (int)call->count > entry->most)
                refuse_count(entry->name, call->count, entry->least, entry->most);
        call->name = entry->name;
        call->result = cop_atom("ok");
        entry->call(call);
}

static COP_NORETURN void refuse_unknown(const char *name)
{
        const char *nearest = cop__nearest_function(name);

        if (nearest)
                cop__refuse("there is no function %s; did you mean %s?", name, nearest);
        if (cop_is_nil(cop_function_names("")))
                cop__refuse(
                        "there is no function %s among Coppice's own, and the program's have no "
                        "names any more: it was stripped, or Coppice was built without libdw",
                        name);
        cop__refuse("there is no function %s; static ones cannot be called", name);
}

/* Not one of the libraries': those have names that Coppice's functions have without their cop_. */
static bool is_of_program(const char *name)
{
        return cop_is_member(cop_text(name), cop_function_names(name));
}

static void call_by_name(struct console_call *call)
{
        const struct console_entry *entry = cop__console_entry(call->name);
        struct cop_function function;
        char longer[300];

        if (entry) {
                call_entry(entry, call);
                return;
        }
        if (cop_function_find(&function, call->name) && function.has_prototype &&
            is_of_program(call->name)) {
                cop__foreign_call(&function, call);
                return;
        }
        snprintf(longer, sizeof(longer), "cop_%s", call->name);
        entry = cop__console_entry(longer);
        if (entry)
                call_entry(entry, call);
        else if (function.address)
                cop__foreign_call(&function, call);
        else
                refuse_unknown(call->name);
}

static void run(void *argument)
{
        call_by_name(argument);
}

/* ---- what came of it ---- */

const char *cop__raised_text(const char *class, cop_term reason)
{
        cop_term what, stack;
        const char *frames = "", *text;
        char *whole;
        size_t size;

        if (strcmp(class, "error") == 0 && cop_match(reason, "{What, Stack}", &what, &stack) &&
            cop_is_list(stack)) {
                frames = cop_frames_text(stack);
                reason = what;
        }
        text = cop_show_as(reason, .bytes_max = 4000);
        size = strlen(class) + strlen(text) + strlen(frames) + 8;
        whole = cop_alloc(size);
        snprintf(whole, size, "(%s) %s\n%s", class, text, frames);
        for (size = strlen(whole); size > 0 && whole[size - 1] == '\n'; size--)
                whole[size - 1] = 0;
        text = cop_to_cstring(cop_text(whole));
        cop_free(whole);
        return text;
}

static void say_raised(cop_pid evaluator, enum cop_class class, cop_term reason)
{
        cop_term text;

        if (class == COP_THROW && cop_match(reason, "{'$refused', Text}", &text))
                cop_send(evaluator, "{'$console', {raised, T}}", text);
        else
                cop_send(evaluator, "{'$console', {raised, T}}",
                         cop__raised_text(class == COP_ERROR  ? "error"
                                          : class == COP_EXIT ? "exit"
                                                              : "throw",
                                          reason));
}

/* Is it linked with somebody else than its evaluator? */
static bool has_links(cop_pid evaluator)
{
        cop_term links = cop_process_info(cop_self(), "links");

        COP_EACH (link, links)
                if (!cop_equal(link, cop_pid_term(evaluator)))
                        return true;
        return false;
}

static void take_call(cop_pid evaluator, cop_term name, cop_term list)
{
        cop_term arguments[ARGUMENTS_MOST], reason;
        bool are_texts[ARGUMENTS_MOST];
        struct console_call call = { cop_to_atom_text(name), arguments, are_texts, 0, COP_NONE };
        enum cop_class class;

        COP_EACH (argument, list) {
                arguments[call.count] = argument;
                are_texts[call.count] =
                        cop_match(argument, "{'$text', Text}", &arguments[call.count]);
                call.count++;
        }
        class = cop_try(run, &call, &reason);
        fflush(stdout); /* what it printed stands before what it returned */
        if (class != COP_NORMAL)
                say_raised(evaluator, class, reason);
        else
                cop_send(evaluator, "{'$console', {result, R, L, T}}", call.result,
                         cop_bool(has_links(evaluator)), cop_process_info(cop_self(), "trap_exit"));
}

/* Others' messages are the evaluator's; it does not outlive the evaluator, even if it traps exits. */
void cop__worker(cop_term argument)
{
        cop_pid evaluator = { 0 };
        cop_term name, arguments, message, reason;
        bool trap = false;

        cop_match(argument, "{Evaluator, Trap}", &evaluator, &trap);
        cop_set_label(cop_atom("console_worker"));
        cop_trap_exits(trap);
        cop__fault_begin();
        for (;;) {
                message = cop_next_message();
                if (cop_match(message, "{'$call', Name, Arguments}", &name, &arguments))
                        take_call(evaluator, name, arguments);
                else if (cop_match(message, "{'EXIT', ^Evaluator, Reason}", &evaluator, &reason))
                        cop_exit_term(reason);
                else
                        cop_send_term(evaluator, message);
        }
}
