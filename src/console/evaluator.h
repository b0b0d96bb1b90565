/*
 * evaluator.h: the process that knows what was typed so far, and the one that calls.
 */
#ifndef COP_CONSOLE_EVALUATOR_H
#define COP_CONSOLE_EVALUATOR_H

#include <coppice/process.h>

#include "base/buffer.h"

enum { HISTORY_SIZE = 20, ARGUMENTS_MOST = 16 };

struct evaluator {
        cop_pid server;    /* who shows what we say */
        cop_pid worker;    /* who calls; nobody: not yet */
        bool trap;         /* does it trap exits? */
        cop_term retired;  /* kept: workers that have links, and wait with them */
        cop_term bindings; /* kept: Name => Value */
        cop_term history;  /* kept: Number => Value, the last ones */
        int64_t number;    /* of this statement */
};

/* Of the console's server, with [Server]: evaluates what {evaluate, Number, Text} says, and sends
 * {said, Text, Verdict} where Verdict is fine, wrong, incomplete or {exit, Status}. */
void cop__evaluator(cop_term argument);

/* For helpers, in the evaluator: ends the statement with this complaint. */
COP_NORETURN void cop__refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Shows a text now, before the statement's value. */
void cop__evaluator_say(struct evaluator *e, const char *text);
/* What a helper returns that has no value to show. */
cop_term cop__no_value(void);
/* What the function of this name returns, called in the worker. */
cop_term cop__evaluator_call(struct evaluator *e, cop_term name, cop_term arguments);

#endif
