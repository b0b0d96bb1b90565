/*
 * look.h: helpers that look at processes.
 */
#ifndef COP_CONSOLE_LOOK_H
#define COP_CONSOLE_LOOK_H

#include <coppice/process.h>

struct evaluator;

/* The process that a pid or a name stands for; refused where there is none. */
cop_pid cop__look_process(cop_term argument);

cop_term cop__look_i(struct evaluator *e, const cop_term *arguments, size_t count);
cop_term cop__look_processes(struct evaluator *e, const cop_term *arguments, size_t count);
cop_term cop__look_top(struct evaluator *e, const cop_term *arguments, size_t count);
cop_term cop__look_tree(struct evaluator *e, const cop_term *arguments, size_t count);

#endif
