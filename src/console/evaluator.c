/*
 * evaluator.c: what was typed, evaluated.
 *
 * The evaluator has the variables and the history; it runs nobody's code but ours. What is called runs in
 * a worker, a process that is linked with it and called again and again. So a fault ends the worker, and
 * the evaluator makes another one. A worker that has got links of its own (it started a supervisor, say) is
 * called no more, so that a fault in something else does not take down what it is linked with: it is
 * retired, and waits. When a worker ends through one of its links, so does the evaluator, as any process
 * would that had made the link itself.
 *
 * Messages for a worker are handed on to the evaluator, where flush finds them.
 */
#include "console/evaluator.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <coppice/memory.h>
#include <coppice/text.h>

#include "console/fault.h"
#include "console/helper.h"
#include "console/parse.h"
#include "console/pattern.h"
#include "console/table.h"
#include "console/worker.h"

void cop__refuse(const char *format, ...)
{
        char text[600];
        va_list arguments;

        va_start(arguments, format);
        vsnprintf(text, sizeof(text), format, arguments);
        va_end(arguments);
        cop_throw("{'$refused', Text}", cop_text(text));
}

void cop__evaluator_say(struct evaluator *e, const char *text)
{
        cop_send(e->server, "{said, Text}", text);
}

cop_term cop__no_value(void)
{
        return cop_atom("$no_value");
}

/* ---- the worker ---- */

static bool is_worker(const struct evaluator *e, cop_term pid)
{
        return cop_equal(pid, cop_pid_term(e->worker)) || cop_is_member(pid, e->retired);
}

/* {'EXIT', Worker, _}, and what the server and the worker have to say: nobody else's messages. */
static bool is_ours(cop_term message, void *evaluator)
{
        struct evaluator *e = evaluator;
        cop_term from;

        return cop_match(message, "{'$console', _}") ||
               cop_match(message, "{'$console_gone', _, process, _, _}") ||
               (cop_match(message, "{'EXIT', From, _}", &from) && is_worker(e, from));
}

static void begin_worker(struct evaluator *e)
{
        e->worker =
                cop_spawn(cop__worker, cop_build("{Me, Trap}", cop_self(), e->trap), .link = true);
}

/* It has links: it stays with them. */
static void retire_worker(struct evaluator *e, bool trap)
{
        cop_replace(&e->retired, cop_cons(cop_pid_term(e->worker), e->retired));
        e->worker = (cop_pid){ 0 };
        e->trap = trap;
}

static bool is_fault(cop_term reason, uint64_t *pc)
{
        return cop_match(reason, "{_, #{pc := Pc}}", pc);
}

static COP_NORETURN void refuse_fault(struct evaluator *e, const char *name, cop_term reason,
                                      cop_term stack)
{
        e->worker = (cop_pid){ 0 };
        cop__refuse("(fault) in %s: %s\n%s", name, cop_show(reason), cop__fault_text(stack));
}

/* Nobody is there any more who would hear what we say. */
static void leave(cop_term message)
{
        if (cop_match(message, "{'$console_gone', _, process, _, _}") ||
            cop_match(message, "{'$console', stop}"))
                cop_exit("shutdown");
}

static cop_term await(struct evaluator *e, const char *name)
{
        bool retires, trap, is_stopped = false;
        cop_term from, reason, value, stack = COP_NONE;
        uint64_t pc;

        for (;;) {
                cop_term message = cop_receive_if(is_ours, e, COP_FOREVER);

                if (cop_match(message, "{'$console', {result, Value, Retires, Trap}}", &value,
                              &retires, &trap)) {
                        if (retires)
                                retire_worker(e, trap);
                        return value;
                }
                if (cop_match(message, "{'$console', {raised, Text}}", &value))
                        cop_throw("{'$refused', Text}", value);
                cop_match(message, "{'$console', {backtrace, Stack}}", &stack);
                if (cop_match(message, "{'$console', interrupt}")) {
                        is_stopped = true;
                        cop_kill(e->worker);
                }
                if (!cop_match(message, "{'EXIT', From, Reason}", &from, &reason)) {
                        leave(message);
                        continue;
                }
                if (cop_equal(from, cop_pid_term(e->worker)) && is_stopped) {
                        e->worker = (cop_pid){ 0 };
                        cop__refuse("(interrupted) %s was ended", name);
                }
                if (cop_equal(from, cop_pid_term(e->worker)) && is_fault(reason, &pc))
                        refuse_fault(e, name, reason,
                                     cop_is_none(stack) ? cop_build("[Pc]", pc) : stack);
                if (!cop_is(reason, "normal"))
                        cop_throw("{'$end', Reason}", reason); /* not to be caught */
        }
}

cop_term cop__evaluator_call(struct evaluator *e, cop_term name, cop_term arguments)
{
        if (cop_is_nobody(e->worker))
                begin_worker(e);
        cop_send(e->worker, "{'$call', Name, Arguments}", name, arguments);
        return await(e, cop_to_atom_text(name));
}

/* ---- values ---- */

static cop_term value_of(struct evaluator *e, cop_term tree);

static cop_term variable(struct evaluator *e, cop_term name)
{
        const char *text = cop_to_atom_text(name);
        cop_term value = cop_map_find(e->bindings, name);
        int64_t number;

        if (!cop_is_none(value))
                return value;
        if (cop__console_constant(text, &number))
                return cop_int(number);
        if (strcmp(text, "NULL") == 0)
                return name;
        cop__refuse("%s is not bound", text);
}

static cop_term list_of(struct evaluator *e, cop_term trees, cop_term tail)
{
        cop_term list = cop_nil();

        COP_EACH (tree, trees)
                list = cop_cons(value_of(e, tree), list);
        for (; !cop_is_nil(list); list = cop_tail(list))
                tail = cop_cons(cop_head(list), tail);
        return tail;
}

static cop_term tuple_of(struct evaluator *e, cop_term trees)
{
        size_t size = cop_length(trees), i = 0;
        cop_term *elements = cop_alloc(size * sizeof(*elements) + 1);
        cop_term tuple;

        COP_EACH (tree, trees)
                elements[i++] = value_of(e, tree);
        tuple = cop_tuple(size, elements);
        cop_free(elements);
        return tuple;
}

static cop_term map_of(struct evaluator *e, cop_term pairs)
{
        cop_term map = cop_build("#{}"), key, value;

        COP_EACH (pair, pairs) {
                cop_match(pair, "{K, V}", &key, &value);
                map = cop_map_put(map, value_of(e, key), value_of(e, value));
        }
        return map;
}

/* A text is what C's would be. */
static cop_term argument_of(struct evaluator *e, cop_term tree)
{
        cop_term characters;

        if (cop_match(tree, "{text, T}", &characters))
                return cop_build("{'$text', T}", cop_to_cstring(characters));
        return value_of(e, tree);
}

static cop_term call(struct evaluator *e, cop_term name, cop_term trees)
{
        const char *text = cop_to_atom_text(name);
        const struct helper *helper = cop__helper_find(text, strlen(text));
        cop_term values[ARGUMENTS_MOST], list = cop_nil();
        size_t count = 0, i;

        COP_EACH (tree, trees) {
                if (count == ARGUMENTS_MOST)
                        cop__refuse("%s has more than %d arguments", text, ARGUMENTS_MOST);
                values[count++] = argument_of(e, tree);
        }
        if (helper) {
                for (i = 0; i < count; i++)
                        cop_match(values[i], "{'$text', T}", &values[i]);
                if ((int)count < helper->least || (int)count > helper->most)
                        cop__refuse("it is %s%s%s", helper->name, *helper->usage ? " " : "",
                                    helper->usage);
                return helper->fn(e, values, count);
        }
        for (i = count; i > 0; i--)
                list = cop_cons(values[i - 1], list);
        return cop__evaluator_call(e, name, list);
}

static cop_term match(struct evaluator *e, cop_term pattern, cop_term tree)
{
        cop_term value = value_of(e, tree), bindings = e->bindings;

        if (cop_is(value, "$no_value"))
                value = cop_atom("ok");
        if (!cop__pattern_bind(&bindings, pattern, value))
                cop__refuse("no match: the value is %s", cop_show_as(value, .bytes_max = 500));
        cop_replace(&e->bindings, bindings);
        return value;
}

static cop_term value_of(struct evaluator *e, cop_term tree)
{
        cop_term a, b;

        if (cop_match(tree, "{value, V}", &a) || cop_match(tree, "{text, V}", &a))
                return a;
        if (cop_match(tree, "{var, N}", &a) || cop_match(tree, "{pin, N}", &a))
                return variable(e, a);
        if (cop_match(tree, "{call, N, L}", &a, &b))
                return call(e, a, b);
        if (cop_match(tree, "{tuple, L}", &a))
                return tuple_of(e, a);
        if (cop_match(tree, "{list, L, T}", &a, &b))
                return list_of(e, a, value_of(e, b));
        if (cop_match(tree, "{map, L}", &a))
                return map_of(e, a);
        cop_match(tree, "{match, P, E}", &a, &b);
        return match(e, a, b);
}

/* An atom alone may be a helper: `flush`. */
static cop_term statement_value(struct evaluator *e, cop_term tree)
{
        cop_term atom, value;

        if (cop_match(tree, "{value, A}", &atom) && cop_is_atom(atom) &&
            cop__helper_find(cop_to_atom_text(atom), strlen(cop_to_atom_text(atom))))
                return call(e, atom, cop_nil());
        value = value_of(e, tree);
        return value;
}

/* ---- statements ---- */

struct evaluation {
        struct evaluator *e;
        cop_term tree, value;
};

static void evaluate(void *argument)
{
        struct evaluation *evaluation = argument;

        evaluation->value = statement_value(evaluation->e, evaluation->tree);
}

static void remember(struct evaluator *e, cop_term value)
{
        cop_term history = cop_map_put(e->history, cop_int(e->number), value);

        history = cop_map_remove(history, cop_int(e->number - HISTORY_SIZE));
        cop_replace(&e->history, history);
}

static const char *class_name(enum cop_class class)
{
        return class == COP_ERROR ? "error" : class == COP_EXIT ? "exit" : "throw";
}

static void say_value(struct evaluator *e, cop_term value)
{
        if (cop_is(value, "$no_value")) {
                cop_send(e->server, "{'said', <<>>, fine}");
                return;
        }
        remember(e, value);
        cop_send(e->server, "{said, Text, fine}", cop_shown_text(value));
}

static void run(struct evaluator *e, cop_term tree)
{
        struct evaluation evaluation = { e, tree, COP_NONE };
        cop_term reason, text;
        enum cop_class class = cop_try(evaluate, &evaluation, &reason);
        int64_t status;

        if (class == COP_NORMAL) {
                say_value(e, evaluation.value);
        } else if (class == COP_THROW && cop_match(reason, "{'$exit', N}", &status)) {
                cop_send(e->server, "{said, <<>>, {exit, N}}", status);
        } else if (class == COP_THROW && cop_match(reason, "{'$end', Reason}", &text)) {
                cop_exit_term(text);
        } else if (class == COP_THROW && cop_match(reason, "{'$refused', T}", &text)) {
                cop_send(e->server, "{said, T, wrong}", text);
        } else {
                cop_send(e->server, "{said, T, wrong}",
                         cop__raised_text(class_name(class), reason));
        }
}

static void take_statement(struct evaluator *e, int64_t number, cop_term text)
{
        struct statement statement =
                cop__console_parse((const char *)cop_to_bytes(text), cop_byte_size(text));

        e->number = number;
        if (statement.incomplete)
                cop_send(e->server, "{said, <<>>, incomplete}");
        else if (statement.error[0])
                cop_send(e->server, "{said, T, wrong}", (const char *)statement.error);
        else if (cop_is_none(statement.tree))
                cop_send(e->server, "{said, <<>>, nothing}");
        else
                run(e, statement.tree);
}

/* A worker has ended, through one of its links: so does who is linked with it. */
static void end_with(cop_term reason)
{
        if (!cop_is(reason, "normal"))
                cop_exit_term(reason);
}

void cop__evaluator(cop_term argument)
{
        struct evaluator e = { .trap = false };
        int64_t number;

        cop_match(argument, "[Server]", &e.server);
        e.retired = cop_keep(cop_nil());
        e.bindings = cop_keep(cop_build("#{}"));
        e.history = cop_keep(cop_build("#{}"));
        cop_set_label(cop_atom("console"));
        cop_monitor(e.server, .tag = cop_atom("$console_gone"));
        cop_trap_exits(true);
        for (;;) {
                cop_scope {
                        cop_term message = cop_receive_if(is_ours, &e, COP_FOREVER), what;

                        if (cop_match(message, "{'$console', {evaluate, N, Text}}", &number, &what))
                                take_statement(&e, number, what);
                        else if (cop_match(message, "{'EXIT', _, Reason}", &what))
                                end_with(what);
                        else
                                leave(message);
                }
        }
}
