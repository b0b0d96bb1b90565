/*
 * table.c: Coppice's public functions by name, and their arguments.
 */
#include "console/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <coppice/inspect.h>
#include <coppice/text.h>

#include "console/evaluator.h"

static int compare_entry(const void *name, const void *entry)
{
        return strcmp(name, ((const struct console_entry *)entry)->name);
}

const struct console_entry *cop__console_entry(const char *name)
{
        return bsearch(name, cop__console_table, cop__console_table_size,
                       sizeof(cop__console_table[0]), compare_entry);
}

static int compare_constant(const void *name, const void *constant)
{
        return strcmp(name, ((const struct console_constant *)constant)->name);
}

bool cop__console_constant(const char *name, int64_t *value)
{
        const struct console_constant *found =
                bsearch(name, cop__console_constants, cop__console_constants_size,
                        sizeof(cop__console_constants[0]), compare_constant);

        if (found)
                *value = found->value;
        return found != NULL;
}

/* ---- arguments ---- */

static COP_NORETURN void refuse(const struct console_call *call, size_t index, const char *wanted)
{
        cop__refuse("argument %zu of %s is to be %s, and is %s", index + 1, call->name, wanted,
                    cop_show_as(call->arguments[index], .bytes_max = 200));
}

cop_term cop__take_term(const struct console_call *call, size_t index)
{
        return call->arguments[index];
}

cop_term cop__take_to(const struct console_call *call, size_t index)
{
        cop_term argument = call->arguments[index];

        if (call->are_texts && call->are_texts[index])
                return cop_atom(cop_to_cstring(argument));
        return argument;
}

cop_pid cop__take_pid(const struct console_call *call, size_t index)
{
        cop_term argument = call->arguments[index];
        cop_pid pid = { 0 };

        if (cop_is_pid(argument))
                return cop_to_pid(argument);
        if (cop_is_binary(argument))
                pid = cop_whereis(cop_to_cstring(argument));
        else if (cop_is_atom(argument) || cop_is_tuple(argument))
                pid = cop_find(argument);
        else
                refuse(call, index, "a process");
        if (cop_is_nobody(pid))
                cop__refuse("no process is called %s", cop_show_as(argument, .bytes_max = 200));
        return pid;
}

cop_ref cop__take_ref(const struct console_call *call, size_t index)
{
        if (!cop_is_ref(call->arguments[index]))
                refuse(call, index, "a reference");
        return cop_to_ref(call->arguments[index]);
}

static bool fits(cop_term number, int64_t least, uint64_t most)
{
        cop_term bottom = cop_int(least), top = cop_uint(most);

        return cop_is_int(number) && cop_compare(number, bottom) >= 0 &&
               cop_compare(number, top) <= 0;
}

int64_t cop__take_int(const struct console_call *call, size_t index, int64_t least, uint64_t most)
{
        cop_term argument = call->arguments[index];
        int64_t value;

        if (cop_is_atom(argument) && cop__console_constant(cop_to_atom_text(argument), &value))
                return value;
        if (cop_is_bool(argument))
                return cop_to_bool(argument);
        if (!fits(argument, least, most))
                refuse(call, index, "an integer in its type's range");
        return cop_compare(argument, cop_int(0)) < 0 ? cop_to_int(argument)
                                                     : (int64_t)cop_to_uint(argument);
}

bool cop__take_bool(const struct console_call *call, size_t index)
{
        if (!cop_is_bool(call->arguments[index]))
                refuse(call, index, "true or false");
        return cop_to_bool(call->arguments[index]);
}

double cop__take_float(const struct console_call *call, size_t index)
{
        if (!cop_is_number(call->arguments[index]))
                refuse(call, index, "a number");
        return cop_to_float(call->arguments[index]);
}

const char *cop__take_text(const struct console_call *call, size_t index)
{
        cop_term argument = call->arguments[index];

        if (cop_is(argument, "NULL"))
                return NULL;
        if (cop_is_binary(argument) || cop_is_atom(argument) || cop_is_list(argument))
                return cop_to_cstring(argument);
        refuse(call, index, "a text");
}

void *cop__take_pointer(const struct console_call *call, size_t index)
{
        cop_term argument = call->arguments[index];
        uint64_t address = 0;
        cop_term rest;

        if (cop_match(argument, "{pointer, A}", &address) ||
            cop_match(argument, "{pointer, A, R}", &address, &rest) ||
            cop_match(argument, "A", &address))
                return (void *)(uintptr_t)address;
        if (cop_is(argument, "NULL"))
                return NULL;
        if (cop_is_atom(argument)) {
                struct cop_function function;

                if (cop_function_find(&function, cop_to_atom_text(argument)))
                        return (void *)(uintptr_t)function.address;
        }
        if (cop_is_binary(argument))
                return (void *)(uintptr_t)cop_to_cstring(argument);
        refuse(call, index, "a pointer");
}

/* ---- results ---- */

cop_term cop__give_text(const char *text)
{
        return text ? cop_text(text) : cop_atom("NULL");
}

cop_term cop__give_pointer(const void *pointer)
{
        return pointer ? cop_build("{pointer, A}", (uint64_t)(uintptr_t)pointer) : cop_atom("NULL");
}

cop_term cop__give_pid(cop_pid pid)
{
        return cop_is_nobody(pid) ? cop_atom("undefined") : cop_pid_term(pid);
}

cop_term cop__give_term(cop_term term)
{
        return cop_is_none(term) ? cop_atom("none") : term;
}
